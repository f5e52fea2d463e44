// SPDX-License-Identifier: LGPL-2.1-or-later
/* The program stats: nothing to set; everything it has is in its maps (statistics.c). */
#include "bpf/stats.h"
#include "features/xdp/xdp.h"

#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#include "bpf/stats.bpfeb.h"
#else
#include "bpf/stats.bpfel.h"
#endif

static const char *const reasons[] = {
	[STATS_PASSED] = "passed", [STATS_MALFORMED] = "passed_malformed",
};

static void fill(struct xdp_job *j, const struct object *o _unused_,
		 const struct object *have _unused_)
{
	xdp_keep(j, STATS_REASONS);
}

static const size_t image_size = sizeof(stats_image);

const struct shipped shipped_stats = {
	.name = "stats", .image = stats_image, .size = &image_size, .parts = true,
	.reasons = reasons, .n_reasons = ARRAY_SIZE(reasons), .fill = fill,
};
