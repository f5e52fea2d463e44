// SPDX-License-Identifier: LGPL-2.1-or-later
/* A router's fast path: see forward.h. */
#include "packet.bpf.h"

#include "forward.h"

#define AF_INET 2
#define AF_INET6 10

const volatile struct forward_settings settings;

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, FORWARD_REASONS);
	__type(key, __u32);
	__type(value, struct tally);
} counters SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_DEVMAP_HASH);
	__uint(max_entries, FORWARD_TARGETS_MAX);
	__type(key, __u32);
	__type(value, __u32);
} targets SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, FORWARD_TARGETS_MAX);
	__type(key, __u32);
	__type(value, struct forward_egress);
} egress SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, FORWARD_TARGETS_MAX);
	__type(key, __u32);
	__type(value, __u32);
} ingress SEC(".maps");

/* What is needed behind the lookup, when the packet may have moved. */
struct way {
	__u16 vlan; /* it came with; 0: none */
	__u8 family;
};

static __always_inline bool is_ours(const __u8 *a)
{
	return a[0] == settings.address[0] && a[1] == settings.address[1] &&
	       a[2] == settings.address[2] && a[3] == settings.address[3] &&
	       a[4] == settings.address[4] && a[5] == settings.address[5];
}

static __always_inline bool strange_ipv4(__u32 address)
{
	__u8 first = bpf_ntohl(address) >> 24;

	return first == 0 || first == 127 || first >= 224;
}

/* Unspecified, loopback, link-local or multicast. */
static __always_inline bool strange_ipv6(const __u32 *a)
{
	__u32 first = bpf_ntohl(a[0]);

	return !(first | a[1] | a[2]) || (first >> 22) == 0x3fa || (first >> 24) == 0xff;
}

/* Behind one tag or none: others have been passed to the stack. */
static __always_inline const void *ip_of(struct xdp_md *ctx, const struct flow *p)
{
	const struct ethhdr *eth = (void *)(long)ctx->data;
	const void *at = eth + 1;

	if (p->l3 != sizeof(*eth))
		at += sizeof(struct vlan_header);
	return at;
}

/* Return: FORWARD_FORWARDED to go on, or why not. */
static __always_inline int fill_ipv4(struct xdp_md *ctx, const struct flow *p,
				     struct bpf_fib_lookup *f)
{
	const struct iphdr *ip = ip_of(ctx, p);

	if ((const void *)(ip + 1) > (void *)(long)ctx->data_end)
		return FORWARD_MALFORMED;
	if (ip->ihl != 5 || strange_ipv4(ip->saddr) || strange_ipv4(ip->daddr))
		return FORWARD_UNUSUAL;
	if (ip->ttl <= 1)
		return FORWARD_TTL;
	f->family = AF_INET;
	f->tos = ip->tos;
	f->tot_len = bpf_ntohs(ip->tot_len);
	if (p->l3 + f->tot_len > bpf_xdp_get_buff_len(ctx))
		return FORWARD_MALFORMED;
	f->ipv4_src = ip->saddr;
	f->ipv4_dst = ip->daddr;
	return FORWARD_FORWARDED;
}

static __always_inline int fill_ipv6(struct xdp_md *ctx, const struct flow *p,
				     struct bpf_fib_lookup *f)
{
	const struct ipv6hdr *ip = ip_of(ctx, p);

	if ((const void *)(ip + 1) > (void *)(long)ctx->data_end)
		return FORWARD_MALFORMED;
	if (ip->nexthdr == IPPROTO_HOPOPTS || strange_ipv6(p->source) || strange_ipv6(p->target))
		return FORWARD_UNUSUAL;
	if (ip->hop_limit <= 1)
		return FORWARD_TTL;
	f->family = AF_INET6;
	f->flowinfo = *(__be32 *)ip & bpf_htonl(0x0fffffff);
	f->tot_len = bpf_ntohs(ip->payload_len) + sizeof(*ip);
	if (p->l3 + f->tot_len > bpf_xdp_get_buff_len(ctx))
		return FORWARD_MALFORMED;
	__builtin_memcpy(f->ipv6_src, p->source, 16);
	__builtin_memcpy(f->ipv6_dst, p->target, 16);
	return FORWARD_FORWARDED;
}

static __always_inline bool is_8021q(struct xdp_md *ctx)
{
	const struct ethhdr *eth = (void *)(long)ctx->data;

	return (void *)(eth + 1) <= (void *)(long)ctx->data_end && eth->h_proto == bpf_htons(ETH_P_8021Q);
}

static __always_inline int look_up(struct xdp_md *ctx, struct way *w, struct bpf_fib_lookup *f)
{
	struct flow p = { 0 };
	int r;

	if (!parse_packet(ctx, &p) || p.malformed)
		return FORWARD_MALFORMED;
	if (!is_ours(p.target_mac))
		return FORWARD_NOT_OURS;
	if (!p.family)
		return FORWARD_NOT_IP;
	f->ifindex = ctx->ingress_ifindex;
	if (p.l3 != sizeof(struct ethhdr)) {
		__u32 vlan = p.vlan;
		const __u32 *device = bpf_map_lookup_elem(&ingress, &vlan);

		/* One 802.1Q tag, of a VLAN that has an interface. */
		if (!device || p.l3 != sizeof(struct ethhdr) + 4 ||
		    !is_8021q(ctx))
			return FORWARD_UNUSUAL;
		f->ifindex = *device;
	}
		w->vlan = p.l3 == sizeof(struct ethhdr) ? 0 : p.vlan;
	w->family = p.family;
	r = p.family == 4 ? fill_ipv4(ctx, &p, f) : fill_ipv6(ctx, &p, f);
	if (r)
		return r;
	switch (bpf_fib_lookup(ctx, f, sizeof(*f), 0)) {
	case BPF_FIB_LKUP_RET_SUCCESS:
		return FORWARD_FORWARDED;
	case BPF_FIB_LKUP_RET_NO_NEIGH:
		return FORWARD_NEIGHBOUR;
	case BPF_FIB_LKUP_RET_FRAG_NEEDED:
		return FORWARD_TOO_BIG;
	}
	return FORWARD_LOCAL;
}

/* The checksum of a header whose TTL has become one less (RFC 1624). */
static __always_inline void age_ipv4(struct iphdr *ip)
{
	__u32 check = ip->check + bpf_htons(0x0100);

	ip->check = check + (check >= 0xffff);
	ip->ttl--;
}

/* Write the headers of the next link. Return: the packet is whole; else it is lost. */
static __always_inline bool rewrite(struct xdp_md *ctx, const struct way *w,
				    const struct bpf_fib_lookup *f, __u16 vlan)
{
	int move = (w->vlan ? 4 : 0) - (vlan ? 4 : 0);
	struct vlan_header *tag;
	struct ethhdr *eth;
	void *end, *l3;

	if (move && bpf_xdp_adjust_head(ctx, move))
		return false;
	eth = (void *)(long)ctx->data;
	end = (void *)(long)ctx->data_end;
	tag = (void *)(eth + 1);
	if ((void *)(tag + 1) > end)
		return false;
	__builtin_memcpy(eth->h_dest, f->dmac, ETH_ALEN);
	__builtin_memcpy(eth->h_source, f->smac, ETH_ALEN);
	l3 = eth + 1;
	if (vlan) {
		eth->h_proto = bpf_htons(ETH_P_8021Q);
		tag->tci = bpf_htons(vlan);
		tag->ethertype = w->family == 4 ? bpf_htons(ETH_P_IP) : bpf_htons(ETH_P_IPV6);
		l3 = tag + 1;
	} else {
		eth->h_proto = w->family == 4 ? bpf_htons(ETH_P_IP) : bpf_htons(ETH_P_IPV6);
	}
	if (w->family == 4) {
		struct iphdr *ip = l3;

		if ((void *)(ip + 1) > end)
			return false;
		age_ipv4(ip);
	} else {
		struct ipv6hdr *ip = l3;

		if ((void *)(ip + 1) > end)
			return false;
		ip->hop_limit--;
	}
	return true;
}

SEC("xdp")
int forward(struct xdp_md *ctx)
{
	struct bpf_fib_lookup f = { 0 };
	const struct forward_egress *e = NULL;
	__u64 bytes = bpf_xdp_get_buff_len(ctx);
	struct way w = { 0 };
	int r = look_up(ctx, &w, &f), verdict = XDP_PASS;
	__u32 key, device = 0;

	if (r == FORWARD_FORWARDED) {
		key = f.ifindex;
		e = bpf_map_lookup_elem(&egress, &key);
		/* Not back out of where it came from: the stack sends a redirect. */
		if (e && !(e->device == ctx->ingress_ifindex && e->vlan == w.vlan))
			device = e->device;
		if (!device)
			r = FORWARD_NO_TARGET;
	}
	if (r == FORWARD_FORWARDED && e)
		verdict = rewrite(ctx, &w, &f, e->vlan) ? bpf_redirect_map(&targets, device, 0) :
							  XDP_ABORTED;
	key = r;
	count(bpf_map_lookup_elem(&counters, &key), bytes);
	return verdict == XDP_PASS ? pass(ctx) : verdict;
}
