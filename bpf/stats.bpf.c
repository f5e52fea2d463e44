// SPDX-License-Identifier: LGPL-2.1-or-later
/* Count what goes by: see stats.h. */
#include "packet.bpf.h"

#include "stats.h"

#define COUNTERS(name, n)                                                                          \
	struct {                                                                                   \
		__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);                                           \
		__uint(max_entries, n);                                                            \
		__type(key, __u32);                                                                \
		__type(value, struct tally);                                                     \
	} name SEC(".maps")
COUNTERS(counters, STATS_REASONS);
COUNTERS(vlans, 4096);
COUNTERS(protocols, 256);
COUNTERS(sizes, STATS_SIZES);

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, STATS_ETHERTYPES);
	__type(key, __u32);
	__type(value, struct tally);
} ethertypes SEC(".maps");

static __always_inline void count_ethertype(__u32 type, __u64 bytes)
{
	struct tally first = { 1, bytes }, *c = bpf_map_lookup_elem(&ethertypes, &type);

	if (c)
		count(c, bytes);
	else
		bpf_map_update_elem(&ethertypes, &type, &first, BPF_NOEXIST);
}

static __always_inline __u32 size_class(__u32 bytes)
{
	return bytes <= 60 ? 0 : bytes <= 123 ? 1 : bytes <= 251 ? 2 : bytes <= 507 ? 3 :
	       bytes <= 1019 ? 4 : bytes <= 1514 ? 5 : bytes <= 9018 ? 6 : 7;
}

SEC("xdp")
int stats(struct xdp_md *ctx)
{
	struct flow f = { 0 };
	bool parsed = parse_packet(ctx, &f);
	__u32 bytes = f.size, key = STATS_PASSED;

	if (!parsed || f.malformed)
		key = STATS_MALFORMED;
	count(bpf_map_lookup_elem(&counters, &key), bytes);
	key = size_class(bytes);
	count(bpf_map_lookup_elem(&sizes, &key), bytes);
	if (!parsed)
		return pass(ctx);
	key = f.vlan;
	count(bpf_map_lookup_elem(&vlans, &key), bytes);
	count_ethertype(f.ethertype, bytes);
	if (f.family) {
		key = f.protocol;
		count(bpf_map_lookup_elem(&protocols, &key), bytes);
	}
	return pass(ctx);
}
