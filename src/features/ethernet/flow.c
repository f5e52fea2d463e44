// SPDX-License-Identifier: LGPL-2.1-or-later
/* What the ends of a link do beside frames: pause, sleep (EEE), correct errors (FEC). */
#include "features/ethernet/ethernet.h"

struct pause {
	struct object o;
	uint8_t autoneg, rx, tx;
};

#define PAUSE(k, a, text)                                                                          \
	{ .key = #k, .type = &type_bool, VALUE(pause, k), .attr = IN(ETH_PAUSE, a),                \
	  .phase = PHASE_PHY, .help = text }

static const struct row pause_rows[] = {
	PAUSE(autoneg, ETHTOOL_A_PAUSE_AUTONEG, "Agree with the other end on who may pause whom"),
	PAUSE(rx, ETHTOOL_A_PAUSE_RX, "Stop sending when the other end asks for it"),
	PAUSE(tx, ETHTOOL_A_PAUSE_TX, "Ask the other end to stop sending when memory runs short"),
};

static const struct source pause_sources[] = {
	ETH_SOURCE(ETHTOOL_MSG_PAUSE_GET, ETHTOOL_MSG_PAUSE_GET_REPLY, ETHTOOL_MSG_PAUSE_NTF,
		   .follows_link = true),
	{ 0 },
};

ETH_OBSERVER(pause)

struct feature pause_feature = {
	.name = "ethernet.pause", .help = "Flow control by pause frames (IEEE 802.3 Annex 31B)",
	.form = FORM_GROUP, .size = sizeof(struct pause), .rows = pause_rows,
	.n_rows = ARRAY_SIZE(pause_rows), .sources = pause_sources, .observe = pause_observe,
	.encode = ethernet_encode,
};

struct eee {
	struct object o;
	uint8_t enabled, tx_lpi, active;
	uint32_t tx_lpi_timer;
	struct bitset advertise, partner;
};

#define EEE(k, t, a, ...)                                                                          \
	{ .key = #k, .type = &t, VALUE(eee, k), .attr = IN(ETH_EEE, a), __VA_ARGS__ }

static const struct row eee_rows[] = {
	EEE(enabled, type_bool, ETHTOOL_A_EEE_ENABLED, .phase = PHASE_PHY,
	    .effect = EFFECT_BOUNCE, .flags = ROW_SELF,
	    .help = "Let the link sleep when there is nothing to send"),
	EEE(tx_lpi, type_bool, ETHTOOL_A_EEE_TX_LPI_ENABLED, .phase = PHASE_PHY,
	    .help = "Send the signal to sleep (LPI)"),
	EEE(tx_lpi_timer, type_u32, ETHTOOL_A_EEE_TX_LPI_TIMER, .phase = PHASE_PHY,
	    .help = "How long nothing is sent before the link sleeps, in microseconds"),
	EEE(advertise, type_bitset, ETHTOOL_A_EEE_MODES_OURS, .data = link_mode_words,
	    .phase = PHASE_PHY, .effect = EFFECT_BOUNCE, .flags = ROW_SELF,
	    .help = "Link modes in which this end offers to sleep; 2.5G and more since Linux 6.9"),
	EEE(active, type_bool, ETHTOOL_A_EEE_ACTIVE, .flags = ROW_STATE,
	    .help = "Both ends agreed on it"),
	EEE(partner, type_bitset, ETHTOOL_A_EEE_MODES_PEER, .data = link_mode_words,
	    .flags = ROW_STATE, .help = "Link modes in which the other end offers to sleep"),
};

static const struct source eee_sources[] = {
	ETH_SOURCE(ETHTOOL_MSG_EEE_GET, ETHTOOL_MSG_EEE_GET_REPLY, ETHTOOL_MSG_EEE_NTF,
		   .follows_link = true),
	{ 0 },
};

ETH_OBSERVER(eee)

struct feature eee_feature = {
	.name = "ethernet.eee", .help = "Energy Efficient Ethernet (IEEE 802.3 Clause 78)",
	.form = FORM_GROUP, .size = sizeof(struct eee), .rows = eee_rows,
	.n_rows = ARRAY_SIZE(eee_rows), .sources = eee_sources, .observe = eee_observe,
	.encode = ethernet_encode,
};

struct fec {
	struct object o;
	struct bitset encoding;
	uint8_t automatic;
	uint32_t active;
};

/* ETHTOOL_A_FEC_ACTIVE is the number of a link mode bit (fec_prepare_data()). */
static const struct row fec_rows[] = {
	{ .key = "encoding", .type = &type_bitset, VALUE(fec, encoding), .data = fec_words,
	  .attr = IN(ETH_FEC, ETHTOOL_A_FEC_MODES), .phase = PHASE_PHY, .effect = EFFECT_BOUNCE,
	  .flags = ROW_SELF, .since = "5.13", .help = "Which codes may be used" },
	{ .key = "auto", .type = &type_bool, VALUE(fec, automatic),
	  .attr = IN(ETH_FEC, ETHTOOL_A_FEC_AUTO), .phase = PHASE_PHY, .effect = EFFECT_BOUNCE,
	  .flags = ROW_SELF, .since = "5.13", .help = "Let the device choose, by the module" },
	{ .key = "active", .type = &type_enum32, VALUE(fec, active), .data = fec_words,
	  .attr = IN(ETH_FEC, ETHTOOL_A_FEC_ACTIVE), .flags = ROW_STATE, .since = "5.13",
	  .help = "The code that is used" },
};

static const struct source fec_sources[] = {
	ETH_SOURCE(ETHTOOL_MSG_FEC_GET, ETHTOOL_MSG_FEC_GET_REPLY, ETHTOOL_MSG_FEC_NTF,
		   .follows_link = true),
	{ 0 },
};

ETH_OBSERVER(fec)

struct feature fec_feature = {
	.name = "ethernet.fec", .help = "Forward error correction", .form = FORM_GROUP,
	.size = sizeof(struct fec), .rows = fec_rows, .n_rows = ARRAY_SIZE(fec_rows),
	.sources = fec_sources, .observe = fec_observe, .encode = ethernet_encode,
};
