// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Kinds that share a link fairly: fq_codel.
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

enum { LIMIT = QDISC_OWN, MEMORY_LIMIT, FLOWS, QUANTUM, TARGET, INTERVAL, ECN, CE_THRESHOLD, BATCH };

static const struct row fq_codel_rows[] = {
	QDISC_ROWS,
	[LIMIT] = { .key = "limit", .type = &type_u32, VALUE(fq_codel, limit),
		    .attr = TCA_FQ_CODEL_LIMIT, .initial = "10240", .help = "Longest queue, packets" },
	[MEMORY_LIMIT] = { .key = "memory_limit", .type = &type_size,
			   VALUE(fq_codel, memory_limit), .attr = TCA_FQ_CODEL_MEMORY_LIMIT,
			   .max = 1LL << 31, .initial = "\"32MiB\"",
			   .help = "Most memory that queued packets may take" },
	[FLOWS] = { .key = "flows", .type = &type_u32, VALUE(fq_codel, flows),
		    .attr = TCA_FQ_CODEL_FLOWS, .min = 1, .max = 65536, .initial = "1024",
		    .effect = EFFECT_RECREATE, .help = "Queues that flows are hashed into" },
	[QUANTUM] = { .key = "quantum", .type = &type_u32, VALUE(fq_codel, quantum),
		      .attr = TCA_FQ_CODEL_QUANTUM, .min = 256, .max = 1 << 20,
		      .help = "Bytes a flow may send in a round; by itself the MTU with its header" },
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
		    .attr = TCA_FQ_CODEL_DROP_BATCH_SIZE, .min = 1, .max = UINT32_MAX, .initial = "64",
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
	QDISC_FEATURE("fq_codel", "Flows share the link, and queues stay short", fq_codel_rows), .same = codel_same,
};
