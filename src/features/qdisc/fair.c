// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Kinds that share a link fairly: fq_codel, fq, cake.
 *
 * CoDel keeps times in units of 1024 ns, so that what is told back is up to
 * 2 us less than what was set (codel_time_to_us()).
 */
#include "features/qdisc/kinds.h"

struct fq_codel {
	struct qdisc q;
	uint32_t limit, flows, quantum, memory_limit, drop_batch;
	int64_t target, interval, ce_threshold;
	uint8_t ecn;
};

enum { LIMIT = QDISC_OWN, MEMORY_LIMIT, FLOWS, QUANTUM, TARGET, INTERVAL, ECN, CE_THRESHOLD,
	BATCH };

static const struct row fq_codel_rows[] = {
	QDISC_ROWS,
	[LIMIT] = { .key = "limit", .type = &type_u32, VALUE(fq_codel, limit),
		    .attr = TCA_FQ_CODEL_LIMIT, .initial = "10240",
		    .help = "Longest queue, packets" },
	[MEMORY_LIMIT] = { .key = "memory_limit", .type = &type_size,
			   VALUE(fq_codel, memory_limit), .attr = TCA_FQ_CODEL_MEMORY_LIMIT,
			   .max = 1LL << 31, .initial = "\"32MiB\"",
			   .help = "Most memory that queued packets may take" },
	[FLOWS] = { .key = "flows", .type = &type_u32, VALUE(fq_codel, flows),
		    .attr = TCA_FQ_CODEL_FLOWS, .min = 1, .max = 65536, .initial = "1024",
		    .effect = EFFECT_RECREATE, .help = "Queues that flows are hashed into" },
	[QUANTUM] = { .key = "quantum", .type = &type_u32, VALUE(fq_codel, quantum),
		      .attr = TCA_FQ_CODEL_QUANTUM, .min = 256, .max = 1 << 20,
		      .help = "Bytes a flow may send in a round; by itself the MTU with its "
			      "header" },
	[TARGET] = { .key = "target", .type = &type_time_us32, VALUE(fq_codel, target),
		     .attr = TCA_FQ_CODEL_TARGET, .initial = "\"5ms\"",
		     .help = "Delay that a queue may have for long" },
	[INTERVAL] = { .key = "interval", .type = &type_time_us32, VALUE(fq_codel, interval),
		       .attr = TCA_FQ_CODEL_INTERVAL, .initial = "\"100ms\"",
		       .help = "How long it may have more before packets are dropped" },
	[ECN] = { .key = "ecn", .type = &type_bool32, VALUE(fq_codel, ecn),
		  .attr = TCA_FQ_CODEL_ECN, .initial = "true",
		  .help = "Mark packets that can be marked rather than drop them" },
	[CE_THRESHOLD] = { .key = "ce_threshold", .type = &type_time_us32,
			   VALUE(fq_codel, ce_threshold), .attr = TCA_FQ_CODEL_CE_THRESHOLD,
			   .help = "Mark all packets that have waited for longer" },
	[BATCH] = { .key = "drop_batch", .type = &type_u32, VALUE(fq_codel, drop_batch),
		    .attr = TCA_FQ_CODEL_DROP_BATCH_SIZE, .min = 1, .max = UINT32_MAX,
		    .initial = "64",
		    .help = "Packets dropped at once when there is no room" },
};
QDISC_FITS(fq_codel);

static bool codel_same(const struct row *row, const struct object *to, const struct object *from)
{
	int64_t a, b;

	if (!(from->present & BIT64(row - fq_codel_rows)))
		return false;
	if (row->type != &type_time_us32)
		return row_equal(row, to, from);
	a = *(int64_t *)row_value(row, to);
	b = *(int64_t *)row_value(row, from);
	return a - b <= 2000 && b - a <= 2000;
}

const struct qdisc_kind fq_codel_kind = {
	QDISC_FEATURE("fq_codel", "Flows share the link, and queues stay short", fq_codel_rows),
	.same = codel_same, .filters = true,
};

/* fq */

struct fq {
	struct qdisc q;
	uint32_t limit, flow_limit, quantum, initial_quantum, buckets_log, orphan_mask;
	uint64_t maxrate, low_rate_threshold;
	int64_t refill_delay, ce_threshold, timer_slack, horizon;
	uint8_t pacing, horizon_drop;
};

enum { FQ_LIMIT = QDISC_OWN, FQ_FLOW_LIMIT, FQ_QUANTUM, FQ_INITIAL_QUANTUM, FQ_MAXRATE, FQ_PACING,
       FQ_BUCKETS, FQ_REFILL, FQ_LOW_RATE, FQ_CE_THRESHOLD, FQ_SLACK, FQ_HORIZON, FQ_HORIZON_DROP,
       FQ_ORPHAN };

static const struct row fq_rows[] = {
	QDISC_ROWS,
	[FQ_LIMIT] = { .key = "limit", .type = &type_u32, VALUE(fq, limit), .attr = TCA_FQ_PLIMIT,
		       .initial = "10000", .help = "Longest queue, packets" },
	[FQ_FLOW_LIMIT] = { .key = "flow_limit", .type = &type_u32, VALUE(fq, flow_limit),
			    .attr = TCA_FQ_FLOW_PLIMIT, .initial = "100",
			    .help = "Longest queue of one flow, packets" },
	[FQ_QUANTUM] = { .key = "quantum", .type = &type_u32, VALUE(fq, quantum),
			 .attr = TCA_FQ_QUANTUM, .min = 256, .max = 1 << 20,
			 .help = "Bytes a flow may send in a round; by itself two packets" },
	[FQ_INITIAL_QUANTUM] = { .key = "initial_quantum", .type = &type_u32,
				 VALUE(fq, initial_quantum), .attr = TCA_FQ_INITIAL_QUANTUM,
				 .max = 1 << 20,
				 .help = "Bytes a new flow may send at first; by itself ten "
					 "packets" },
	[FQ_MAXRATE] = { .key = "maxrate", .type = &type_rate32, VALUE(fq, maxrate),
			 .attr = TCA_FQ_FLOW_MAX_RATE, .min = 8, .initial = "\"unlimited\"",
			 .help = "Most that a flow may send" },
	[FQ_PACING] = { .key = "pacing", .type = &type_bool32, VALUE(fq, pacing),
			.attr = TCA_FQ_RATE_ENABLE, .initial = "true",
			.help = "Space a flow's packets evenly" },
	[FQ_BUCKETS] = { .key = "buckets_log", .type = &type_u32, VALUE(fq, buckets_log),
			 .attr = TCA_FQ_BUCKETS_LOG, .min = 1, .max = 18, .initial = "10",
			 .help = "Size of the table of flows, as a power of two" },
	[FQ_REFILL] = { .key = "refill_delay", .type = &type_time_us32, VALUE(fq, refill_delay),
			.attr = TCA_FQ_FLOW_REFILL_DELAY, .initial = "\"40ms\"",
			.help = "Silence after which a flow has its initial quantum again" },
	[FQ_LOW_RATE] = { .key = "low_rate_threshold", .type = &type_rate32,
			  VALUE(fq, low_rate_threshold), .attr = TCA_FQ_LOW_RATE_THRESHOLD,
			  .initial = "\"550Kbit\"",
			  .help = "Below it a packet leaves at a time, however small" },
	[FQ_CE_THRESHOLD] = { .key = "ce_threshold", .type = &type_time_us32,
			      VALUE(fq, ce_threshold), .attr = TCA_FQ_CE_THRESHOLD,
			      .initial = "\"4294967295us\"",
			      .help = "Mark all packets that have waited for longer" },
	[FQ_SLACK] = { .key = "timer_slack", .type = &type_time_ns32, VALUE(fq, timer_slack),
		       .attr = TCA_FQ_TIMER_SLACK, .initial = "\"10us\"",
		       .help = "How much later a packet may leave" },
	[FQ_HORIZON] = { .key = "horizon", .type = &type_time_us32, VALUE(fq, horizon),
			 .attr = TCA_FQ_HORIZON, .initial = "\"10s\"",
			 .help = "How far ahead a packet's time may be" },
	[FQ_HORIZON_DROP] = { .key = "horizon_drop", .type = &type_bool, VALUE(fq, horizon_drop),
			      .attr = TCA_FQ_HORIZON_DROP, .initial = "true",
			      .help = "Drop what is beyond it, rather than send it then" },
	[FQ_ORPHAN] = { .key = "orphan_mask", .type = &type_u32, VALUE(fq, orphan_mask),
			.attr = TCA_FQ_ORPHAN_MASK, .initial = "1023",
			.help = "Into how many flows packets without a socket are put, less one" },
};
QDISC_FITS(fq);

/* The delay is kept in jiffies, of 10 ms at most. */
static bool fq_same(const struct row *row, const struct object *to, const struct object *from)
{
	const struct fq *a = (const struct fq *)to, *b = (const struct fq *)from;
	int64_t off = a->refill_delay - b->refill_delay;

	if (row == &fq_rows[FQ_REFILL] && (from->present & BIT64(FQ_REFILL)))
		return off < 10000000 && off > -10000000;
	return row_has(&fq_kind.f, row, from) && row_equal(row, to, from);
}

const struct qdisc_kind fq_kind = {
	QDISC_FEATURE("fq", "Flows of this machine share the link, each spaced evenly", fq_rows),
	.same = fq_same,
};

/* cake */

struct cake {
	struct qdisc q;
	uint64_t bandwidth;
	uint32_t diffserv, flows, atm, ack_filter, mpu, memory, fwmark;
	int32_t overhead;
	int64_t rtt;
	uint8_t nat, wash, ingress, autorate, split_gso;
};

enum { BANDWIDTH = QDISC_OWN, DIFFSERV, FLOW_MODE, NAT, WASH, INGRESS, ACK_FILTER, RTT, OVERHEAD,
       MPU, ATM, MEMORY, AUTORATE, SPLIT_GSO, FWMARK };

static const struct word diffserv_words[] = {
	{ "diffserv3", CAKE_DIFFSERV_DIFFSERV3 }, { "diffserv4", CAKE_DIFFSERV_DIFFSERV4 },
	{ "diffserv8", CAKE_DIFFSERV_DIFFSERV8 }, { "besteffort", CAKE_DIFFSERV_BESTEFFORT },
	{ "precedence", CAKE_DIFFSERV_PRECEDENCE }, { NULL, 0 },
};
static const struct word flow_words[] = {
	{ "flowblind", CAKE_FLOW_NONE },	{ "srchost", CAKE_FLOW_SRC_IP },
	{ "dsthost", CAKE_FLOW_DST_IP },	{ "hosts", CAKE_FLOW_HOSTS },
	{ "flows", CAKE_FLOW_FLOWS },		{ "dual-srchost", CAKE_FLOW_DUAL_SRC },
	{ "dual-dsthost", CAKE_FLOW_DUAL_DST }, { "triple-isolate", CAKE_FLOW_TRIPLE },
	{ NULL, 0 },
};
static const struct word ack_words[] = {
	{ "no-ack-filter", CAKE_ACK_NONE }, { "ack-filter", CAKE_ACK_FILTER },
	{ "ack-filter-aggressive", CAKE_ACK_AGGRESSIVE }, { NULL, 0 },
};
static const struct word atm_words[] = {
	{ "noatm", CAKE_ATM_NONE }, { "atm", CAKE_ATM_ATM }, { "ptm", CAKE_ATM_PTM }, { NULL, 0 },
};

static const struct row cake_rows[] = {
	QDISC_ROWS,
	[BANDWIDTH] = { .key = "bandwidth", .type = &type_rate, VALUE(cake, bandwidth),
			.attr = TCA_CAKE_BASE_RATE64, .initial = "\"0bit\"",
			.help = "Rate of sending; 0bit: as fast as the link is" },
	[DIFFSERV] = { .key = "diffserv", .type = &type_enum32, VALUE(cake, diffserv),
		       .data = diffserv_words, .attr = TCA_CAKE_DIFFSERV_MODE,
		       .initial = "\"diffserv3\"", .help = "Into which tins DSCPs are sorted" },
	[FLOW_MODE] = { .key = "flow_mode", .type = &type_enum32, VALUE(cake, flows),
			.data = flow_words, .attr = TCA_CAKE_FLOW_MODE,
			.initial = "\"triple-isolate\"",
			.help = "Between whom the link is shared" },
	[NAT] = { .key = "nat", .type = &type_bool32, VALUE(cake, nat), .attr = TCA_CAKE_NAT,
		  .initial = "false", .help = "Tell hosts apart by their addresses behind NAT" },
	[WASH] = { .key = "wash", .type = &type_bool32, VALUE(cake, wash), .attr = TCA_CAKE_WASH,
		   .initial = "false", .help = "Clear the DSCP of what leaves" },
	[INGRESS] = { .key = "ingress", .type = &type_bool32, VALUE(cake, ingress),
		      .attr = TCA_CAKE_INGRESS, .initial = "false",
		      .help = "What is shaped has come over the slow link already" },
	[ACK_FILTER] = { .key = "ack_filter", .type = &type_enum32, VALUE(cake, ack_filter),
			 .data = ack_words, .attr = TCA_CAKE_ACK_FILTER,
			 .initial = "\"no-ack-filter\"",
			 .help = "Drop acknowledgements that later ones make needless" },
	[RTT] = { .key = "rtt", .type = &type_time_us32, VALUE(cake, rtt), .attr = TCA_CAKE_RTT,
		  .min = 1000, .max = UINT32_MAX * 1000LL, .initial = "\"100ms\"",
		  .help = "Round trip time that the queues are to suit" },
	[OVERHEAD] = { .key = "overhead", .type = &type_s32, VALUE(cake, overhead),
		       .attr = TCA_CAKE_OVERHEAD, .min = -64, .max = 256,
		       .help = "Bytes of the link layer that count, a packet" },
	[MPU] = { .key = "mpu", .type = &type_u32, VALUE(cake, mpu), .attr = TCA_CAKE_MPU,
		  .max = 256, .initial = "0", .help = "A packet counts for at least this" },
	[ATM] = { .key = "atm", .type = &type_enum32, VALUE(cake, atm), .data = atm_words,
		  .attr = TCA_CAKE_ATM, .initial = "\"noatm\"", .help = "Cells of the link layer" },
	[MEMORY] = { .key = "memlimit", .type = &type_size, VALUE(cake, memory),
		     .attr = TCA_CAKE_MEMORY, .initial = "\"0B\"",
		     .help = "Most memory that queued packets may take; 0: as the rate needs" },
	[AUTORATE] = { .key = "autorate_ingress", .type = &type_bool32, VALUE(cake, autorate),
		       .attr = TCA_CAKE_AUTORATE, .initial = "false",
		       .help = "Find the rate from what arrives" },
	[SPLIT_GSO] = { .key = "split_gso", .type = &type_bool32, VALUE(cake, split_gso),
			.attr = TCA_CAKE_SPLIT_GSO, .initial = "true",
			.help = "Queue the packets of a large one singly" },
	[FWMARK] = { .key = "fwmark", .type = &type_u32, VALUE(cake, fwmark),
		     .attr = TCA_CAKE_FWMARK, .initial = "0",
		     .help = "The bits of a packet's mark that choose its tin" },
};
QDISC_FITS(cake);

/* With autorate_ingress the rate is the kernel's to change (cake_enqueue()). */
static bool cake_same(const struct row *row, const struct object *to, const struct object *from)
{
	if (row == &cake_rows[BANDWIDTH] && ((const struct cake *)from)->autorate)
		return true;
	return row_has(&cake_kind.f, row, from) && row_equal(row, to, from);
}

const struct qdisc_kind cake_kind = {
	QDISC_FEATURE("cake", "A home's link, shared between hosts and kept short", cake_rows),
	.same = cake_same, .filters = true,
};
