// SPDX-License-Identifier: LGPL-2.1-or-later
/* The ring that the program sample writes into, for those who read it. */
#include "bpf/sample.h"
#include "nl/xdp-internal.h"

int xdp_samples(const struct xdp *x, int ifindex, struct xdp_samples *ret)
{
	const struct xdp_attached *first = xdp_find(x, ifindex), *a = first;
	const struct xdp_map_fd *m = NULL;
	uint64_t counted[SAMPLE_REASONS][2];
	int r;

	while (a && !(m = xdp_map_of(a, "samples")))
		a = a->behind;
	if (!m)
		return -ENOENT;
	r = xdp_counters(a, counted, SAMPLE_REASONS);
	if (r < 0)
		return r;
	*ret = (struct xdp_samples){
		.fd = m->fd, .prog_id = first->prog_id, .size = m->max_entries,
		.lost = counted[SAMPLE_LOST][0],
	};
	for (unsigned n = 0; n < SAMPLE_REASONS; n++)
		ret->seen += counted[n][0];
	return 0;
}
