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
	__u16 l3;	 /* where what is behind the tags begins, see HEADER_AT() */
	__u8 family;	 /* 4, 6, 0: not IP */
	__u8 protocol;
	bool fragment;	 /* not the first: it has no ports */
	bool fragmented; /* one of several, maybe the first */
	bool ports;	 /* they could be read */
	bool malformed;	 /* a header is cut short, or says what cannot be */
};

#define WORDS_MAX 511 /* of headers that are looked at; the verifier wants a bound */

/*
 * A header that begins @words times four bytes behind the Ethernet header, as all do, or NULL
 * where it is cut short. In words, so that the verifier knows how it is aligned (NET_IP_ALIGN),
 * which it asks on machines that cannot read what is not. That the compiler compares one
 * register and adds another is no help to the verifier: the bound is put on what is added.
 */
static __always_inline const void *header_at(struct xdp_md *ctx, __u64 words, __u32 size)
{
	const void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;

	if (words > WORDS_MAX)
		return NULL;
	asm volatile("%0 &= 511" : "+r"(words));
	data += sizeof(struct ethhdr) + words * 4;
	return data + size > end ? NULL : data;
}

#define HEADER_AT(ctx, words, type) ((const type *)header_at(ctx, words, sizeof(type)))

/* Bytes of the packet up to there. */
static __always_inline __u32 bytes_to(__u32 words)
{
	return sizeof(struct ethhdr) + 4 * words;
}

static __always_inline const struct ethhdr *ethernet_of(struct xdp_md *ctx)
{
	const struct ethhdr *eth = (void *)(long)ctx->data;

	return (void *)(eth + 1) > (void *)(long)ctx->data_end ? NULL : eth;
}

struct ports {
	__be16 source, target;
};

__attribute__((noinline)) int parse_ports(struct xdp_md *ctx, struct flow *f, __u32 words)
{
	const struct ports *ports;

	if (!f || f->fragment || (f->protocol != IPPROTO_TCP && f->protocol != IPPROTO_UDP &&
				  f->protocol != IPPROTO_SCTP && f->protocol != IPPROTO_UDPLITE))
		return 0;
	ports = HEADER_AT(ctx, words, struct ports);
	if (!ports) {
		f->malformed = true;
		return 0;
	}
	f->source_port = bpf_ntohs(ports->source);
	f->target_port = bpf_ntohs(ports->target);
	f->ports = true;
	return 0;
}

__attribute__((noinline)) int parse_ipv4(struct xdp_md *ctx, struct flow *f, __u32 words)
{
	const struct iphdr *ip = HEADER_AT(ctx, words, struct iphdr);
	__u32 length;

	if (!f)
		return 0;
	f->malformed = true;
	if (!ip)
		return 0;
	length = ip->ihl * 4;
	if (ip->version != 4 || length < sizeof(*ip) || bpf_ntohs(ip->tot_len) < length ||
	    bytes_to(words) + length > ctx->data_end - ctx->data)
		return 0;
	f->malformed = false;
	f->family = 4;
	f->source[0] = ip->saddr;
	f->target[0] = ip->daddr;
	f->protocol = ip->protocol;
	f->fragment = ip->frag_off & bpf_htons(IPV4_FRAGMENT);
	f->fragmented = ip->frag_off & bpf_htons(IPV4_FRAGMENT | IPV4_MORE);
	return parse_ports(ctx, f, words + ip->ihl);
}

static __always_inline bool is_extension(__u8 next)
{
	return next == IPPROTO_HOPOPTS || next == IPPROTO_ROUTING || next == IPPROTO_DSTOPTS ||
	       next == IPPROTO_FRAGMENT || next == IPPROTO_AH;
}

/* An extension header, of the kind that f->protocol says. Return: its length in words. */
__attribute__((noinline)) int parse_extension(struct xdp_md *ctx, struct flow *f, __u32 words)
{
	const struct extension *x = HEADER_AT(ctx, words, struct extension);
	__u8 kind;

	if (!f)
		return 0;
	kind = f->protocol;
	if (!x) {
		f->malformed = true;
		return 0;
	}
	f->protocol = x->next;
	/* RFC 8200, 4.5; RFC 4302, 2.2; RFC 8200, 4.3 */
	if (kind == IPPROTO_FRAGMENT) {
		f->fragmented = true;
		f->fragment = x->offset & bpf_htons(0xfff8);
		return 2;
	}
	return kind == IPPROTO_AH ? x->length + 2 : (x->length + 1) * 2;
}

__attribute__((noinline)) int parse_ipv6(struct xdp_md *ctx, struct flow *f, __u32 words)
{
	const struct ipv6hdr *ip = HEADER_AT(ctx, words, struct ipv6hdr);

	if (!f)
		return 0;
	if (!ip || ip->version != 6) {
		f->malformed = true;
		return 0;
	}
	f->family = 6;
	__builtin_memcpy(f->source, &ip->saddr, sizeof(f->source));
	__builtin_memcpy(f->target, &ip->daddr, sizeof(f->target));
	f->protocol = ip->nexthdr;
	words += sizeof(*ip) / 4;
	/* What follows a later fragment's header is no header. */
	for (int i = 0; i < EXTENSION_DEPTH && is_extension(f->protocol) && !f->fragment; i++) {
		words += parse_extension(ctx, f, words);
		if (f->malformed)
			return 0;
	}
	if (is_extension(f->protocol) && !f->fragment) { /* more than any sane packet has */
		f->malformed = true;
		return 0;
	}
	return parse_ports(ctx, f, words);
}

/* Fill in @f, which is zero. Return: false where not even an Ethernet header is there. */
static __always_inline bool parse_packet(struct xdp_md *ctx, struct flow *f)
{
	const struct ethhdr *eth = ethernet_of(ctx);
	__u32 words = 0;
	__be16 type;

	if (!eth)
		return false;
	__builtin_memcpy(f->target_mac, eth->h_dest, ETH_ALEN);
	__builtin_memcpy(f->source_mac, eth->h_source, ETH_ALEN);
	type = eth->h_proto;
#pragma unroll
	for (int i = 0; i < VLAN_DEPTH; i++) {
		const struct vlan_header *v;

		if (type != bpf_htons(ETH_P_8021Q) && type != bpf_htons(ETH_P_8021AD))
			break;
		v = HEADER_AT(ctx, words, struct vlan_header);
		if (!v) {
			f->malformed = true;
			return true;
		}
		if (i == 0)
			f->vlan = bpf_ntohs(v->tci) & VLAN_VID;
		type = v->ethertype;
		words += sizeof(*v) / 4;
	}
	f->ethertype = bpf_ntohs(type);
	f->l3 = words;
	if (type == bpf_htons(ETH_P_IP))
		parse_ipv4(ctx, f, words);
	else if (type == bpf_htons(ETH_P_IPV6))
		parse_ipv6(ctx, f, words);
	return true;
}

static __always_inline void count(struct tally *c, __u64 bytes)
{
	if (!c)
		return;
	c->packets++;
	c->bytes += bytes;
}

char LICENSE[] SEC("license") = "GPL";

#endif
