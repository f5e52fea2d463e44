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

/* What stands in front of the IP header. */
struct way {
	__u32 length; /* of the frame */
	__u32 device; /* it came in by */
	__u16 l3;     /* offset of the header */
	__u16 vlan;   /* it came with; 0: none */
	__be16 type;
};

static __always_inline void copy_address(unsigned char *to, const unsigned char *from)
{
	for (int i = 0; i < ETH_ALEN / 2; i++)
		((__u16 *)to)[i] = ((const __u16 *)from)[i];
}

/* Two bytes at a time: frames stand so that IP headers are aligned. */
static __always_inline bool is_ours(const unsigned char *target)
{
	const __u16 *a = (const __u16 *)target;

	return !((a[0] ^ settings.address[0]) | (a[1] ^ settings.address[1]) |
		 (a[2] ^ settings.address[2]));
}

static __always_inline bool strange_ipv4(const __be32 *address)
{
	__u8 first = *(const __u8 *)address;

	return first == 0 || first == 127 || first >= 224;
}

/* Unspecified, loopback, link-local or multicast. */
static __always_inline bool strange_ipv6(const struct in6_addr *address)
{
	const __be32 *a = address->s6_addr32;
	__u32 first = bpf_ntohl(a[0]);

	return !(first | a[1] | a[2]) || (first >> 22) == 0x3fa || (first >> 24) == 0xff;
}

/* Return: FORWARD_FORWARDED to go on, or why not. */
static __always_inline int fill_ipv4(struct xdp_md *ctx, const struct way *w,
				     const struct iphdr *ip, struct bpf_fib_lookup *f)
{
	__u32 length;

	if ((const void *)(ip + 1) > (void *)(long)ctx->data_end || ip->version != 4 || ip->ihl < 5)
		return FORWARD_MALFORMED;
	length = bpf_ntohs(ip->tot_len);
	if (length < ip->ihl * 4 || w->l3 + length > w->length)
		return FORWARD_MALFORMED;
	if (ip->ihl != 5 || strange_ipv4(&ip->saddr) || strange_ipv4(&ip->daddr))
		return FORWARD_UNUSUAL;
	if (ip->ttl <= 1)
		return FORWARD_TTL;
	f->family = AF_INET;
	f->l4_protocol = ip->protocol;
	f->tos = ip->tos;
	f->tot_len = length;
	f->ipv4_src = ip->saddr;
	f->ipv4_dst = ip->daddr;
	return FORWARD_FORWARDED;
}

/* Of the extensions a router has to look at one, which stands first (RFC 8200, 4). */
static __always_inline int fill_ipv6(struct xdp_md *ctx, const struct way *w,
				     const struct ipv6hdr *ip, struct bpf_fib_lookup *f)
{
	__u32 length;

	if ((const void *)(ip + 1) > (void *)(long)ctx->data_end || ip->version != 6)
		return FORWARD_MALFORMED;
	length = bpf_ntohs(ip->payload_len) + sizeof(*ip);
	if (w->l3 + length > w->length)
		return FORWARD_MALFORMED;
	if (ip->nexthdr == IPPROTO_HOPOPTS || strange_ipv6(&ip->saddr) || strange_ipv6(&ip->daddr))
		return FORWARD_UNUSUAL;
	if (ip->hop_limit <= 1)
		return FORWARD_TTL;
	f->family = AF_INET6;
	f->l4_protocol = ip->nexthdr;
	f->flowinfo = *(const __be32 *)ip & bpf_htonl(0x0fffffff);
	f->tot_len = length;
	for (int i = 0; i < 4; i++) {
		f->ipv6_src[i] = ip->saddr.s6_addr32[i];
		f->ipv6_dst[i] = ip->daddr.s6_addr32[i];
	}
	return FORWARD_FORWARDED;
}

/* One 802.1Q tag, of a VLAN that has an interface. */
static __always_inline int take_tag(struct xdp_md *ctx, struct way *w, struct bpf_fib_lookup *f)
{
	const struct ethhdr *eth = (void *)(long)ctx->data;
	const struct vlan_header *tag = (const void *)(eth + 1);
	const __u32 *device;
	__u32 vlan;

	if (!settings.vlans || w->type != bpf_htons(ETH_P_8021Q))
		return FORWARD_UNUSUAL;
	if ((const void *)(tag + 1) > (void *)(long)ctx->data_end)
		return FORWARD_MALFORMED;
	vlan = bpf_ntohs(tag->tci) & VLAN_VID;
	device = bpf_map_lookup_elem(&ingress, &vlan);
	if (!device)
		return FORWARD_UNUSUAL;
	f->ifindex = *device;
	w->l3 += sizeof(*tag);
	w->vlan = vlan;
	w->type = tag->ethertype;
	return is_tag(w->type) ? FORWARD_UNUSUAL : FORWARD_FORWARDED;
}

static __always_inline int fill(struct xdp_md *ctx, struct way *w, struct bpf_fib_lookup *f)
{
	const struct ethhdr *eth = (void *)(long)ctx->data;
	const void *at = eth + 1;
	int r;

	if (at > (void *)(long)ctx->data_end)
		return FORWARD_MALFORMED;
	if (!is_ours(eth->h_dest))
		return FORWARD_NOT_OURS;
	f->ifindex = w->device = ctx->ingress_ifindex;
	w->l3 = sizeof(*eth);
	w->type = eth->h_proto;
	if (is_tag(w->type)) {
		r = take_tag(ctx, w, f);
		if (r)
			return r;
		at += sizeof(struct vlan_header);
	}
	if (w->type == bpf_htons(ETH_P_IP))
		return fill_ipv4(ctx, w, at, f);
	if (w->type == bpf_htons(ETH_P_IPV6))
		return fill_ipv6(ctx, w, at, f);
	return FORWARD_NOT_IP;
}

static __always_inline int look_up(struct xdp_md *ctx, struct bpf_fib_lookup *f)
{
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

/*
 * Choose the device to send by, while the packet is still as it came and can be passed: without
 * VLANs what the route names is its own device, and the lookup of the redirect is the only one.
 */
static __always_inline int aim(const struct way *w, const struct bpf_fib_lookup *f, __u16 *vlan)
{
	const struct forward_egress *e;
	__u32 device = f->ifindex;

	*vlan = 0;
	if (settings.vlans) {
		e = bpf_map_lookup_elem(&egress, &device);
		if (!e)
			return FORWARD_NO_TARGET;
		device = e->device;
		*vlan = e->vlan;
	}
	/* Not back out of where it came from: the stack sends a redirect. */
	if ((device == w->device && *vlan == w->vlan) ||
	    bpf_redirect_map(&targets, device, XDP_PASS) != XDP_REDIRECT)
		return FORWARD_NO_TARGET;
	return FORWARD_FORWARDED;
}

/* The checksum of a header whose TTL has become one less (RFC 1624). */
static __always_inline void age_ipv4(struct iphdr *ip)
{
	__u32 check = ip->check + bpf_htons(0x0100);

	ip->check = check + (check >= 0xffff);
	ip->ttl--;
}

static __always_inline void *put_link(struct ethhdr *eth, const struct way *w,
				      const struct bpf_fib_lookup *f, __u16 vlan)
{
	struct vlan_header *tag = (void *)(eth + 1);

	copy_address(eth->h_dest, f->dmac);
	copy_address(eth->h_source, f->smac);
	if (!settings.vlans)
		return eth + 1;
	if (!vlan) {
		eth->h_proto = w->type;
		return eth + 1;
	}
	eth->h_proto = bpf_htons(ETH_P_8021Q);
	tag->tci = bpf_htons(vlan);
	tag->ethertype = w->type;
	return tag + 1;
}

/* Write the headers of the next link. */
static __always_inline int rewrite(struct xdp_md *ctx, const struct way *w,
				   const struct bpf_fib_lookup *f, __u16 vlan)
{
	int move = settings.vlans ? (w->vlan ? 4 : 0) - (vlan ? 4 : 0) : 0;
	struct ethhdr *eth;
	void *end, *l3;

	if (move && bpf_xdp_adjust_head(ctx, move))
		return FORWARD_UNUSUAL; /* no room for a tag; it is as it came */
	eth = (void *)(long)ctx->data;
	end = (void *)(long)ctx->data_end;
	if ((void *)(eth + 1) + sizeof(struct vlan_header) > end)
		return FORWARD_LOST;
	l3 = put_link(eth, w, f, vlan);
	if (w->type == bpf_htons(ETH_P_IP)) {
		if (l3 + sizeof(struct iphdr) > end)
			return FORWARD_LOST;
		age_ipv4(l3);
	} else {
		if (l3 + sizeof(struct ipv6hdr) > end)
			return FORWARD_LOST;
		((struct ipv6hdr *)l3)->hop_limit--;
	}
	return FORWARD_FORWARDED;
}

SEC("xdp")
int forward(struct xdp_md *ctx)
{
	struct bpf_fib_lookup f = { 0 };
	struct way w = { .length = bpf_xdp_get_buff_len(ctx) };
	int r = fill(ctx, &w, &f);
	__u32 reason;
	__u16 vlan;

	if (!r)
		r = look_up(ctx, &f);
	if (!r)
		r = aim(&w, &f, &vlan);
	if (!r)
		r = rewrite(ctx, &w, &f, vlan);
	reason = r;
	count(bpf_map_lookup_elem(&counters, &reason), w.length);
	if (r == FORWARD_FORWARDED)
		return XDP_REDIRECT;
	return r == FORWARD_LOST ? XDP_ABORTED : pass(ctx);
}
