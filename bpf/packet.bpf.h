/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The headers of a packet, read once for all programs. Nothing here is trusted: every header
 * is read only where it is whole, and what is cut short is said to be.
 *
 * Global functions where many ways lead: the verifier follows the ways through each once,
 * and not with all that comes before and behind.
 *
 * Only what include/uapi has is used, so that no type of one kernel's is compiled in.
 */
#ifndef BPF_PACKET_BPF_H
#define BPF_PACKET_BPF_H

#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <stdbool.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "common.h"

#define VLAN_DEPTH 2	     /* tags that are looked through (802.1ad) */
#define EXTENSION_DEPTH 8    /* IPv6 extension headers that are looked through */
#define VLAN_VID 0x0fff
#define IPV4_FRAGMENT 0x1fff /* the offset */
#define IPV4_MORE 0x2000

struct vlan_header {
	__be16 tci, ethertype;
};

struct extension {
	__u8 next, length; /* length: in 8 bytes, without the first 8 */
	__be16 offset;	   /* of a fragment */
	__be32 more;
};

/* What is known of a packet, without pointers: functions can be given it. */
struct flow {
	__u32 source[4], target[4]; /* IPv4 in the first */
	__u8 target_mac[6], source_mac[6];
	__u16 ethertype; /* behind the VLAN tags, host's order */
	__u16 vlan;	 /* of the outermost tag; 0: none */
	__u16 source_port, target_port; /* host's order; 0: none, or not to be seen */
	__u32 size;	 /* of the whole packet */
	__u16 l3;	 /* offset of what is behind the Ethernet header and the tags */
	__u8 family;	 /* 4, 6, 0: not IP */
	__u8 protocol;
	bool fragment;	 /* not the first: it has no ports */
	bool fragmented; /* one of several, maybe the first */
	bool ports;	 /* they could be read */
	bool malformed;	 /* a header is cut short, or says what cannot be */
};

struct ports {
	__be16 source, target;
};

/*
 * Without CAP_PERFMON, which reads more of the kernel than a network daemon should, the verifier
 * lets nobody add a variable to a pointer into a packet, compare one with NULL, or subtract two.
 * So what stands at a fixed place is read there, and all else is copied (bpf_xdp_load_bytes()).
 */
static __always_inline bool has_ports(const struct flow *f)
{
	return !f->fragment && (f->protocol == IPPROTO_TCP || f->protocol == IPPROTO_UDP ||
				f->protocol == IPPROTO_SCTP || f->protocol == IPPROTO_UDPLITE);
}

static __always_inline void take_ports(struct flow *f, const struct ports *ports)
{
	f->source_port = bpf_ntohs(ports->source);
	f->target_port = bpf_ntohs(ports->target);
	f->ports = true;
}

/* Ports right behind a header of the usual length. */
static __always_inline void parse_ports(struct flow *f, const void *at, const void *end)
{
	const struct ports *ports = at;

	if (!has_ports(f))
		return;
	if ((const void *)(ports + 1) > end)
		f->malformed = true;
	else
		take_ports(f, ports);
}

/* Ports @offset bytes into the packet. */
__attribute__((noinline)) int parse_far_ports(struct xdp_md *ctx, struct flow *f, __u32 offset)
{
	struct ports ports;

	if (!f || !has_ports(f))
		return 0;
	if (bpf_xdp_load_bytes(ctx, offset, &ports, sizeof(ports)))
		f->malformed = true;
	else
		take_ports(f, &ports);
	return 0;
}

static __always_inline void parse_ipv4(struct xdp_md *ctx, struct flow *f, const void *at)
{
	const void *end = (void *)(long)ctx->data_end;
	const struct iphdr *ip = at;
	__u32 length;

	f->malformed = true;
	if ((const void *)(ip + 1) > end)
		return;
	length = ip->ihl * 4;
	if (ip->version != 4 || length < sizeof(*ip) || bpf_ntohs(ip->tot_len) < length ||
	    f->l3 + length > f->size)
		return;
	f->malformed = false;
	f->family = 4;
	f->source[0] = ip->saddr;
	f->target[0] = ip->daddr;
	f->protocol = ip->protocol;
	f->fragment = ip->frag_off & bpf_htons(IPV4_FRAGMENT);
	f->fragmented = ip->frag_off & bpf_htons(IPV4_FRAGMENT | IPV4_MORE);
	if (length == sizeof(*ip))
		parse_ports(f, ip + 1, end);
	else
		parse_far_ports(ctx, f, f->l3 + length);
}

static __always_inline bool is_extension(__u8 next)
{
	return next == IPPROTO_HOPOPTS || next == IPPROTO_ROUTING || next == IPPROTO_DSTOPTS ||
	       next == IPPROTO_FRAGMENT || next == IPPROTO_AH;
}

/* An extension header, of the kind that f->protocol says. Return: its length. */
__attribute__((noinline)) int parse_extension(struct xdp_md *ctx, struct flow *f, __u32 offset)
{
	struct extension x;
	__u8 kind;

	if (!f)
		return 0;
	kind = f->protocol;
	if (bpf_xdp_load_bytes(ctx, offset, &x, sizeof(x))) {
		f->malformed = true;
		return 0;
	}
	f->protocol = x.next;
	/* RFC 8200, 4.5; RFC 4302, 2.2; RFC 8200, 4.3 */
	if (kind == IPPROTO_FRAGMENT) {
		f->fragmented = true;
		f->fragment = x.offset & bpf_htons(0xfff8);
		return 8;
	}
	return kind == IPPROTO_AH ? (x.length + 2) * 4 : (x.length + 1) * 8;
}

__attribute__((noinline)) int parse_extensions(struct xdp_md *ctx, struct flow *f, __u32 offset)
{
	if (!f)
		return 0;
	/* What follows a later fragment's header is no header. */
	for (int i = 0; i < EXTENSION_DEPTH && is_extension(f->protocol) && !f->fragment; i++) {
		offset += parse_extension(ctx, f, offset);
		if (f->malformed)
			return 0;
	}
	if (is_extension(f->protocol) && !f->fragment) { /* more than any sane packet has */
		f->malformed = true;
		return 0;
	}
	return parse_far_ports(ctx, f, offset);
}

static __always_inline void parse_ipv6(struct xdp_md *ctx, struct flow *f, const void *at)
{
	const void *end = (void *)(long)ctx->data_end;
	const struct ipv6hdr *ip = at;

	if ((const void *)(ip + 1) > end || ip->version != 6) {
		f->malformed = true;
		return;
	}
	f->family = 6;
	__builtin_memcpy(f->source, &ip->saddr, sizeof(f->source));
	__builtin_memcpy(f->target, &ip->daddr, sizeof(f->target));
	f->protocol = ip->nexthdr;
	if (is_extension(f->protocol))
		parse_extensions(ctx, f, f->l3 + sizeof(*ip));
	else
		parse_ports(f, ip + 1, end);
}

/* Both are aligned to two bytes, which the compiler does not know and would copy one by one. */
static __always_inline void copy_mac(__u8 *to, const __u8 *from)
{
	__u16 *t = (__u16 *)to;
	const __u16 *f = (const __u16 *)from;

	t[0] = f[0];
	t[1] = f[1];
	t[2] = f[2];
}

static __always_inline bool is_tag(__be16 type)
{
	return type == bpf_htons(ETH_P_8021Q) || type == bpf_htons(ETH_P_8021AD);
}

/* Fill in @f, which is zero. Return: false where not even an Ethernet header is there. */
static __always_inline bool parse_packet(struct xdp_md *ctx, struct flow *f)
{
	const void *end = (void *)(long)ctx->data_end;
	const struct ethhdr *eth = (void *)(long)ctx->data;
	const void *at = eth + 1;
	__be16 type;

	f->size = bpf_xdp_get_buff_len(ctx);
	if (at > end)
		return false;
	copy_mac(f->target_mac, eth->h_dest);
	copy_mac(f->source_mac, eth->h_source);
	type = eth->h_proto;
	f->l3 = sizeof(*eth);
#pragma unroll
	for (int i = 0; i < VLAN_DEPTH; i++) {
		const struct vlan_header *v = at;

		if (!is_tag(type))
			break;
		if ((const void *)(v + 1) > end) {
			f->malformed = true;
			return true;
		}
		if (i == 0)
			f->vlan = bpf_ntohs(v->tci) & VLAN_VID;
		type = v->ethertype;
		at += sizeof(*v);
		f->l3 += sizeof(*v);
	}
	f->ethertype = bpf_ntohs(type);
	if (type == bpf_htons(ETH_P_IP))
		parse_ipv4(ctx, f, at);
	else if (type == bpf_htons(ETH_P_IPV6))
		parse_ipv6(ctx, f, at);
	return true;
}

static __always_inline void count(struct tally *c, __u64 bytes)
{
	if (!c)
		return;
	c->packets++;
	c->bytes += bytes;
}

/* The place in the chain of the program that goes on with what this one passes; 0: none does. */
const volatile __u32 chain_next SEC(".rodata.chain");

/* Made, and filled, by the daemon; without a chain there is none. */
struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} chain SEC(".maps");

/* The verdict of a program that has nothing against a packet. */
static __always_inline int pass(struct xdp_md *ctx)
{
	if (chain_next)
		bpf_tail_call(ctx, &chain, chain_next);
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";

#endif
