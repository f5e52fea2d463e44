// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Between the device and memory: rings of descriptors, channels (queues with an
 * interrupt), and how long interrupts are held back (coalescing).
 *
 * A change of rings or channels makes most drivers take the interface down and
 * up inside, so the plan calls it a bounce; the daemon does nothing for it.
 */
#include "features/ethernet/ethernet.h"

struct rings {
	struct object o;
	uint32_t rx, rx_mini, rx_jumbo, tx, rx_buf_len, cqe_size, tx_push_buf_len;
	uint32_t rx_max, rx_mini_max, rx_jumbo_max, tx_max;
	uint8_t tcp_data_split, tx_push, rx_push;
};

/* ETHTOOL_TCP_DATA_SPLIT_… */
static const struct word split_words[] = { { "off", 1 }, { "on", 2 }, { NULL, 0 } };

#define RING(k, t, a, ...)                                                                         \
	{ .key = #k, .type = &t, VALUE(rings, k), .attr = IN(ETH_RINGS, a),                        \
	  .phase = PHASE_PHY, .effect = EFFECT_BOUNCE, .flags = ROW_SELF, __VA_ARGS__ }
#define RING_STATE(k, a, text)                                                                     \
	{ .key = #k, .type = &type_u32, VALUE(rings, k), .attr = IN(ETH_RINGS, a),                 \
	  .flags = ROW_STATE, .help = text }

static const struct row rings_rows[] = {
	RING(rx, type_u32, ETHTOOL_A_RINGS_RX, .help = "Descriptors for receiving"),
	RING(rx_mini, type_u32, ETHTOOL_A_RINGS_RX_MINI,
	     .help = "Descriptors for receiving small frames"),
	RING(rx_jumbo, type_u32, ETHTOOL_A_RINGS_RX_JUMBO,
	     .help = "Descriptors for receiving large frames"),
	RING(tx, type_u32, ETHTOOL_A_RINGS_TX, .help = "Descriptors for sending"),
	RING(rx_buf_len, type_u32, ETHTOOL_A_RINGS_RX_BUF_LEN, .min = 1, .max = UINT32_MAX,
	     .since = "5.17", .help = "Bytes of a buffer for receiving"),
	RING(cqe_size, type_u32, ETHTOOL_A_RINGS_CQE_SIZE, .min = 1, .max = UINT32_MAX,
	     .since = "5.18", .help = "Bytes of a completion"),
	RING(tx_push_buf_len, type_u32, NEW_A_RINGS_TX_PUSH_BUF_LEN, .since = "6.4",
	     .help = "Bytes of a frame that are written to the device directly"),
	RING(tcp_data_split, type_known8, ETHTOOL_A_RINGS_TCP_DATA_SPLIT, .data = split_words,
	     .since = "6.12", .help = "Keep headers and data of TCP apart"),
	RING(tx_push, type_bool, ETHTOOL_A_RINGS_TX_PUSH, .since = "5.19",
	     .help = "Write descriptors to the device directly"),
	RING(rx_push, type_bool, NEW_A_RINGS_RX_PUSH, .since = "6.3",
	     .help = "Have descriptors for receiving written into memory directly"),
	RING_STATE(rx_max, ETHTOOL_A_RINGS_RX_MAX, "The most that rx can be"),
	RING_STATE(rx_mini_max, ETHTOOL_A_RINGS_RX_MINI_MAX, "The most that rx_mini can be"),
	RING_STATE(rx_jumbo_max, ETHTOOL_A_RINGS_RX_JUMBO_MAX, "The most that rx_jumbo can be"),
	RING_STATE(tx_max, ETHTOOL_A_RINGS_TX_MAX, "The most that tx can be"),
};

static const struct source rings_sources[] = {
	ETH_SOURCE(ETHTOOL_MSG_RINGS_GET, ETHTOOL_MSG_RINGS_GET_REPLY, ETHTOOL_MSG_RINGS_NTF),
	{ 0 },
};

ETH_OBSERVER(rings)

struct feature rings_feature = {
	.name = "ethernet.rings", .help = "Rings of descriptors", .form = FORM_GROUP,
	.size = sizeof(struct rings), .rows = rings_rows, .n_rows = ARRAY_SIZE(rings_rows),
	.sources = rings_sources, .observe = rings_observe, .encode = ethernet_encode,
};

struct channels {
	struct object o;
	uint32_t rx, tx, other, combined, rx_max, tx_max, other_max, combined_max;
};

#define CHANNEL(k, a, text)                                                                        \
	{ .key = #k, .type = &type_u32, VALUE(channels, k),                                        \
	  .attr = IN(ETH_CHANNELS, ETHTOOL_A_CHANNELS_##a##_COUNT), .phase = PHASE_PHY,            \
	  .effect = EFFECT_BOUNCE, .flags = ROW_SELF, .help = text },                              \
	{ .key = #k "_max", .type = &type_u32, VALUE(channels, k##_max),                           \
	  .attr = IN(ETH_CHANNELS, ETHTOOL_A_CHANNELS_##a##_MAX), .flags = ROW_STATE,              \
	  .help = "The most that " #k " can be" }

static const struct row channels_rows[] = {
	CHANNEL(rx, RX, "Queues that only receive"),
	CHANNEL(tx, TX, "Queues that only send"),
	CHANNEL(other, OTHER, "Queues for other things"),
	CHANNEL(combined, COMBINED, "Queues that receive and send"),
};

static const struct source channels_sources[] = {
	ETH_SOURCE(ETHTOOL_MSG_CHANNELS_GET, ETHTOOL_MSG_CHANNELS_GET_REPLY,
		   ETHTOOL_MSG_CHANNELS_NTF),
	{ 0 },
};

ETH_OBSERVER(channels)

struct feature channels_feature = {
	.name = "ethernet.channels", .help = "Queues with an interrupt each",
	.form = FORM_GROUP, .size = sizeof(struct channels), .rows = channels_rows,
	.n_rows = ARRAY_SIZE(channels_rows), .sources = channels_sources,
	.observe = channels_observe, .encode = ethernet_encode,
};

struct coalesce {
	struct object o;
	uint32_t rx_usecs, rx_frames, rx_usecs_irq, rx_frames_irq, tx_usecs, tx_frames,
		tx_usecs_irq, tx_frames_irq, stats_block_usecs, pkt_rate_low, rx_usecs_low,
		rx_frames_low, tx_usecs_low, tx_frames_low, pkt_rate_high, rx_usecs_high,
		rx_frames_high, tx_usecs_high, tx_frames_high, sample_interval, tx_aggr_max_bytes,
		tx_aggr_max_frames, tx_aggr_time_usecs;
	uint8_t adaptive_rx, adaptive_tx, cqe_mode_rx, cqe_mode_tx;
};

#define NUMBER(k, a, ...)                                                                          \
	{ .key = #k, .type = &type_u32, VALUE(coalesce, k),                                        \
	  .attr = IN(ETH_COALESCE, a), .phase = PHASE_PHY, __VA_ARGS__ }
#define SWITCH(k, a, ...)                                                                          \
	{ .key = #k, .type = &type_bool, VALUE(coalesce, k),                                       \
	  .attr = IN(ETH_COALESCE, a), .phase = PHASE_PHY, __VA_ARGS__ }

static const struct row coalesce_rows[] = {
	SWITCH(adaptive_rx, ETHTOOL_A_COALESCE_USE_ADAPTIVE_RX,
	       .help = "Choose for receiving by what comes"),
	SWITCH(adaptive_tx, ETHTOOL_A_COALESCE_USE_ADAPTIVE_TX,
	       .help = "Choose for sending by what goes"),
	NUMBER(rx_usecs, ETHTOOL_A_COALESCE_RX_USECS,
	       .help = "How long an interrupt waits after a frame was received, in microseconds"),
	NUMBER(rx_frames, ETHTOOL_A_COALESCE_RX_MAX_FRAMES,
	       .help = "After how many received frames it waits no longer"),
	NUMBER(rx_usecs_irq, ETHTOOL_A_COALESCE_RX_USECS_IRQ,
	       .help = "As rx_usecs, while an interrupt is being served"),
	NUMBER(rx_frames_irq, ETHTOOL_A_COALESCE_RX_MAX_FRAMES_IRQ,
	       .help = "As rx_frames, while an interrupt is being served"),
	NUMBER(tx_usecs, ETHTOOL_A_COALESCE_TX_USECS,
	       .help = "How long an interrupt waits after a frame was sent, in microseconds"),
	NUMBER(tx_frames, ETHTOOL_A_COALESCE_TX_MAX_FRAMES,
	       .help = "After how many sent frames it waits no longer"),
	NUMBER(tx_usecs_irq, ETHTOOL_A_COALESCE_TX_USECS_IRQ,
	       .help = "As tx_usecs, while an interrupt is being served"),
	NUMBER(tx_frames_irq, ETHTOOL_A_COALESCE_TX_MAX_FRAMES_IRQ,
	       .help = "As tx_frames, while an interrupt is being served"),
	NUMBER(stats_block_usecs, ETHTOOL_A_COALESCE_STATS_BLOCK_USECS,
	       .help = "How often counters are written to memory, in microseconds"),
	NUMBER(pkt_rate_low, ETHTOOL_A_COALESCE_PKT_RATE_LOW,
	       .help = "Below so many frames a second the settings that end in low count"),
	NUMBER(rx_usecs_low, ETHTOOL_A_COALESCE_RX_USECS_LOW,
	       .help = "As rx_usecs, when little comes"),
	NUMBER(rx_frames_low, ETHTOOL_A_COALESCE_RX_MAX_FRAMES_LOW,
	       .help = "As rx_frames, when little comes"),
	NUMBER(tx_usecs_low, ETHTOOL_A_COALESCE_TX_USECS_LOW,
	       .help = "As tx_usecs, when little goes"),
	NUMBER(tx_frames_low, ETHTOOL_A_COALESCE_TX_MAX_FRAMES_LOW,
	       .help = "As tx_frames, when little goes"),
	NUMBER(pkt_rate_high, ETHTOOL_A_COALESCE_PKT_RATE_HIGH,
	       .help = "Above so many frames a second the settings that end in high count"),
	NUMBER(rx_usecs_high, ETHTOOL_A_COALESCE_RX_USECS_HIGH,
	       .help = "As rx_usecs, when much comes"),
	NUMBER(rx_frames_high, ETHTOOL_A_COALESCE_RX_MAX_FRAMES_HIGH,
	       .help = "As rx_frames, when much comes"),
	NUMBER(tx_usecs_high, ETHTOOL_A_COALESCE_TX_USECS_HIGH,
	       .help = "As tx_usecs, when much goes"),
	NUMBER(tx_frames_high, ETHTOOL_A_COALESCE_TX_MAX_FRAMES_HIGH,
	       .help = "As tx_frames, when much goes"),
	NUMBER(sample_interval, ETHTOOL_A_COALESCE_RATE_SAMPLE_INTERVAL,
	       .help = "How often the rate is measured, in seconds"),
	SWITCH(cqe_mode_rx, ETHTOOL_A_COALESCE_USE_CQE_MODE_RX, .since = "5.15",
	       .help = "Begin to wait anew with each completion, receiving"),
	SWITCH(cqe_mode_tx, ETHTOOL_A_COALESCE_USE_CQE_MODE_TX, .since = "5.15",
	       .help = "Begin to wait anew with each completion, sending"),
	NUMBER(tx_aggr_max_bytes, NEW_A_COALESCE_TX_AGGR_MAX_BYTES, .since = "6.3",
	       .help = "Bytes of frames that are sent as one (USB)"),
	NUMBER(tx_aggr_max_frames, NEW_A_COALESCE_TX_AGGR_MAX_FRAMES, .since = "6.3",
	       .help = "Frames that are sent as one (USB)"),
	NUMBER(tx_aggr_time_usecs, NEW_A_COALESCE_TX_AGGR_TIME_USECS, .since = "6.3",
	       .help = "How long frames are gathered to be sent as one, in microseconds (USB)"),
};

static const struct source coalesce_sources[] = {
	ETH_SOURCE(ETHTOOL_MSG_COALESCE_GET, ETHTOOL_MSG_COALESCE_GET_REPLY,
		   ETHTOOL_MSG_COALESCE_NTF),
	{ 0 },
};

ETH_OBSERVER(coalesce)

struct feature coalesce_feature = {
	.name = "ethernet.coalesce", .help = "How long interrupts are held back",
	.form = FORM_GROUP, .size = sizeof(struct coalesce), .rows = coalesce_rows,
	.n_rows = ARRAY_SIZE(coalesce_rows), .sources = coalesce_sources,
	.observe = coalesce_observe, .encode = ethernet_encode,
};
