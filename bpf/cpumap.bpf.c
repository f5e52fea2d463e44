// SPDX-License-Identifier: LGPL-2.1-or-later
/* Spread flows over CPUs: see cpumap.h. */
#include "packet.bpf.h"

#include "cpumap.h"

const volatile struct cpumap_settings settings;

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, CPUMAP_REASONS);
	__type(key, __u32);
	__type(value, struct tally);
} counters SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_CPUMAP);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct bpf_cpumap_val);
} cpus SEC(".maps");

/* Of all fragments of a packet alike, and of both directions: no ports where there may be none. */
static __always_inline __u32 hash_flow(const struct flow *f)
{
	__u32 h = 0;

	for (int i = 0; i < 4; i++)
		h ^= f->source[i] ^ f->target[i];
	h ^= f->protocol;
	if (!f->fragmented)
		h ^= f->source_port ^ f->target_port;
	h *= 0x9e3779b1; /* 2^32 by the golden ratio */
	return h ^ h >> 16;
}

SEC("xdp")
int cpumap(struct xdp_md *ctx)
{
	struct flow f = { 0 };
	__u64 bytes = bpf_xdp_get_buff_len(ctx);
	__u32 key = CPUMAP_PASSED, i;
	int verdict = XDP_PASS;

	if (settings.n && parse_packet(ctx, &f) && f.family && !f.malformed) {
		i = hash_flow(&f) % settings.n;
		if (i < CPUMAP_CPUS_MAX) {
			verdict = bpf_redirect_map(&cpus, settings.cpus[i], XDP_PASS);
			if (verdict == XDP_REDIRECT)
				key = CPUMAP_REASONS + i;
		}
	}
	count(bpf_map_lookup_elem(&counters, &key), bytes);
	return verdict == XDP_PASS ? pass(ctx) : verdict;
}
