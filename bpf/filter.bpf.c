// SPDX-License-Identifier: LGPL-2.1-or-later
/* Drop or pass by rules: see filter.h. Each packet adds to exactly one counter. */
#include "packet.bpf.h"

#include "filter.h"

/* Set before loading: the verifier knows them and leaves out what they exclude. */
const volatile struct filter_settings settings;

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, FILTER_REASONS);
	__type(key, __u32);
	__type(value, struct tally);
} counters SEC(".maps");

#define TRIE(name, prefix)                                                                         \
	struct {                                                                                   \
		__uint(type, BPF_MAP_TYPE_LPM_TRIE);                                               \
		__uint(max_entries, 1);                                                            \
		__uint(map_flags, BPF_F_NO_PREALLOC);                                              \
		__type(key, struct prefix);                                                        \
		__type(value, __u32);                                                              \
	} name SEC(".maps")
TRIE(source4, filter_prefix4);
TRIE(source6, filter_prefix6);
TRIE(target4, filter_prefix4);
TRIE(target6, filter_prefix6);

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct filter_table_rule);
} table SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1);
	__type(key, struct filter_sender);
	__type(value, struct filter_bucket);
} buckets SEC(".maps");

static __always_inline __u32 ask_trie(void *trie, const void *key, __u32 best)
{
	const __u32 *verdict = bpf_map_lookup_elem(trie, key);

	return verdict && *verdict < best ? *verdict : best;
}

static __always_inline __u32 ask_tries(const struct flow *p, __u32 best)
{
	struct filter_prefix4 k4 = { .length = 32 };
	struct filter_prefix6 k6 = { .length = 128 };

	if (p->family == 4) {
		if (settings.source4) {
			__builtin_memcpy(k4.address, p->source, 4);
			best = ask_trie(&source4, &k4, best);
		}
		if (settings.target4) {
			__builtin_memcpy(k4.address, p->target, 4);
			best = ask_trie(&target4, &k4, best);
		}
	} else if (p->family == 6) {
		if (settings.source6) {
			__builtin_memcpy(k6.address, p->source, 16);
			best = ask_trie(&source6, &k6, best);
		}
		if (settings.target6) {
			__builtin_memcpy(k6.address, p->target, 16);
			best = ask_trie(&target6, &k6, best);
		}
	}
	return best;
}

static __always_inline bool differs(const __u32 *a, const __u32 *b, const __u32 *mask)
{
	return ((a[0] ^ b[0]) & mask[0]) | ((a[1] ^ b[1]) & mask[1]) |
	       ((a[2] ^ b[2]) & mask[2]) | ((a[3] ^ b[3]) & mask[3]);
}

static __always_inline bool mac_differs(const __u8 *a, const __u8 *b)
{
	const __u16 *x = (const __u16 *)a, *y = (const __u16 *)b;

	return (x[0] ^ y[0]) | (x[1] ^ y[1]) | (x[2] ^ y[2]);
}

static __always_inline bool outside(__u16 port, const __u16 *range)
{
	return port < range[0] || port > range[1];
}

/*
 * Does its source send more than the rule says? Two CPUs that ask at once may
 * both take the same credit: then a packet too many is let pass, which is cheaper than a lock.
 * A CPU that comes behind one with a later time earns nothing.
 */
static __always_inline bool over_rate(const struct filter_table_rule *r, const struct flow *p)
{
	struct filter_sender who = { .verdict = r->verdict };
	struct filter_bucket full = { 0 }, *b;
	__u64 now = bpf_ktime_get_ns(), last, credit;

	if (p->family)
		__builtin_memcpy(who.address, p->source, sizeof(who.address));
	else
		__builtin_memcpy(who.address, p->source_mac, 6);
	b = bpf_map_lookup_elem(&buckets, &who);
	if (!b) {
		full.last = now;
		full.credit = r->depth - r->cost;
		bpf_map_update_elem(&buckets, &who, &full, BPF_ANY);
		return false;
	}
	last = b->last;
	credit = b->credit + (now > last ? now - last : 0);
	if (credit > r->depth)
		credit = r->depth;
	if (now > last)
		b->last = now;
	if (credit < r->cost) {
		b->credit = credit;
		return true;
	}
	b->credit = credit - r->cost;
	return false;
}

static __always_inline bool matches(const struct filter_table_rule *r, const struct flow *p)
{
	__u32 m = r->match;

	if (r->family && r->family != p->family)
		return false;
	if ((m & FILTER_SOURCE) && differs(p->source, r->source, r->source_mask))
		return false;
	if ((m & FILTER_TARGET) && differs(p->target, r->target, r->target_mask))
		return false;
	if ((m & FILTER_SOURCE_MAC) && mac_differs(p->source_mac, r->source_mac))
		return false;
	if ((m & FILTER_TARGET_MAC) && mac_differs(p->target_mac, r->target_mac))
		return false;
	if ((m & FILTER_VLAN) && r->vlan != p->vlan)
		return false;
	if ((m & FILTER_ETHERTYPE) && r->ethertype != p->ethertype)
		return false;
	if ((m & FILTER_PROTOCOL) && (!p->family || r->protocol != p->protocol))
		return false;
	if ((m & FILTER_SOURCE_PORT) && (!p->ports || outside(p->source_port, r->source_port)))
		return false;
	if ((m & FILTER_TARGET_PORT) && (!p->ports || outside(p->target_port, r->target_port)))
		return false;
	if ((m & FILTER_FRAGMENT) && !p->fragment)
		return false;
	if ((m & FILTER_NO_FRAGMENT) && p->fragment)
		return false;
	return !(m & FILTER_RATE) || over_rate(r, p);
}

/*
 * Rule @i of the table. Return: its verdict if it matches, FILTER_NONE to go on, FILTER_END
 * where no rule that follows can come before @best.
 *
 * A global function, which the verifier looks at once, and not once for each rule. (A callback
 * of bpf_loop() would do too, but not where there is no JIT.)
 */
__attribute__((noinline)) __u32 try_rule(const struct flow *p, __u32 i, __u32 best)
{
	const struct filter_table_rule *r = bpf_map_lookup_elem(&table, &i);

	if (!p || !r || r->verdict >= best)
		return FILTER_END;
	return matches(r, p) ? r->verdict : FILTER_NONE;
}

/*
 * Some rules of the table. In portions, because without CAP_PERFMON the verifier also goes where
 * a CPU would only speculate to: out of a loop at each of its turns, and on behind its end.
 */
#define PORTION 16

__attribute__((noinline)) __u32 try_rules(const struct flow *p, __u32 first, __u32 best)
{
	if (!p)
		return FILTER_END;
	for (__u32 i = 0; i < PORTION; i++) {
		__u32 verdict = try_rule(p, first + i, best);

		if (verdict != FILTER_NONE)
			return verdict;
	}
	return FILTER_NONE;
}

__attribute__((noinline)) __u32 ask_table(const struct flow *p, __u32 best)
{
	if (!p)
		return best;
	for (__u32 i = 0; i < FILTER_TABLE_MAX; i += PORTION) {
		__u32 verdict = try_rules(p, i, best);

		if (verdict == FILTER_END)
			break;
		if (verdict != FILTER_NONE)
			return verdict;
	}
	return best;
}

SEC("xdp")
int filter(struct xdp_md *ctx)
{
	struct flow f = { 0 };
	__u32 verdict = FILTER_NONE, index = FILTER_PASSED;
	bool drop = settings.drop;

	if (!parse_packet(ctx, &f) || f.malformed) {
		index = FILTER_MALFORMED;
		drop = settings.drop_malformed;
	} else {
		verdict = ask_tries(&f, verdict);
		if (settings.n_table)
			verdict = ask_table(&f, verdict);
		if (verdict != FILTER_NONE) {
			index = FILTER_REASONS + verdict / 2;
			drop = verdict & 1;
		} else if (drop) {
			index = FILTER_DROPPED;
		}
	}
	count(bpf_map_lookup_elem(&counters, &index), f.size);
	return drop ? XDP_DROP : pass(ctx);
}
