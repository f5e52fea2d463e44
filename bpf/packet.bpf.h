/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The headers of a packet, read once for all programs. Nothing here is trusted: every header
 * is read only where it is whole, and what is cut short is said to be.
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
};

/* What is known of a packet, without pointers: functions can be given it. */
struct flow {
	__u32 source[4], target[4]; /* IPv4 in the first */
	__u8 target_mac[6], source_mac[6];
	__u16 ethertype; /* behind the VLAN tags, host's order */
	__u16 vlan;	 /* of the outermost tag; 0: none */
	__u16 source_port, target_port; /* host's order; 0: none, or not to be seen */
	__u16 l3;	 /* offset of the IP header */
	__u8 family;	 /* 4, 6, 0: not IP */
	__u8 protocol;
	bool fragment;	 /* not the first: it has no ports */
	bool fragmented; /* one of several, maybe the first */
	bool ports;	 /* they could be read */
	bool malformed;	 /* a header is cut short, or says what cannot be */
};

struct packet {
	void *data, *end;
	const struct ethhdr *eth;
	const void *ip; /* what is behind the Ethernet header and the tags */
	struct flow f;
};

static __always_inline void parse_ports(struct packet *p, const void *l4)
{
	const __be16 *ports = l4;

	if (p->f.fragment || (p->f.protocol != IPPROTO_TCP && p->f.protocol != IPPROTO_UDP &&
			    p->f.protocol != IPPROTO_SCTP && p->f.protocol != IPPROTO_UDPLITE))
		return;
	if ((const void *)(ports + 2) > p->end) {
		p->f.malformed = true;
		return;
	}
	p->f.source_port = bpf_ntohs(ports[0]);
	p->f.target_port = bpf_ntohs(ports[1]);
	p->f.ports = true;
}

static __always_inline void parse_ipv4(struct packet *p, const void *at)
{
	const struct iphdr *ip = at;
	__u32 length;

	if ((const void *)(ip + 1) > p->end) {
		p->f.malformed = true;
		return;
	}
	length = ip->ihl * 4;
	if (ip->version != 4 || length < sizeof(*ip) || at + length > p->end ||
	    bpf_ntohs(ip->tot_len) < length) {
		p->f.malformed = true;
		return;
	}
	p->f.family = 4;
	p->f.source[0] = ip->saddr;
	p->f.target[0] = ip->daddr;
	p->f.protocol = ip->protocol;
	p->f.fragment = ip->frag_off & bpf_htons(IPV4_FRAGMENT);
	p->f.fragmented = ip->frag_off & bpf_htons(IPV4_FRAGMENT | IPV4_MORE);
	parse_ports(p, at + length);
}

static __always_inline bool is_extension(__u8 next)
{
	return next == IPPROTO_HOPOPTS || next == IPPROTO_ROUTING || next == IPPROTO_DSTOPTS ||
	       next == IPPROTO_FRAGMENT || next == IPPROTO_AH;
}

static __always_inline void parse_ipv6(struct packet *p, const void *at)
{
	const struct ipv6hdr *ip = at;
	__u8 next;

	if ((const void *)(ip + 1) > p->end || ip->version != 6) {
		p->f.malformed = true;
		return;
	}
	p->f.family = 6;
	__builtin_memcpy(p->f.source, &ip->saddr, sizeof(p->f.source));
	__builtin_memcpy(p->f.target, &ip->daddr, sizeof(p->f.target));
	next = ip->nexthdr;
	at += sizeof(*ip);
#pragma unroll
	for (int i = 0; i < EXTENSION_DEPTH; i++) {
		const struct extension *x = at;
		__u32 length;

		if (!is_extension(next))
			break;
		if (at + 8 > p->end) {
			p->f.malformed = true;
			return;
		}
		/* RFC 8200, 4.5; RFC 4302, 2.2; RFC 8200, 4.3 */
		length = next == IPPROTO_FRAGMENT ? 8 :
			 next == IPPROTO_AH ? (x->length + 2) * 4 : (x->length + 1) * 8;
		if (next == IPPROTO_FRAGMENT) {
			p->f.fragmented = true;
			p->f.fragment = ((const __be16 *)at)[1] & bpf_htons(0xfff8);
		}
		next = x->next;
		at += length;
		/* What follows a later fragment's header is no header. */
		if (p->f.fragment)
			break;
	}
	p->f.protocol = next;
	if (is_extension(next) && !p->f.fragment) { /* more than any sane packet has */
		p->f.malformed = true;
		return;
	}
	parse_ports(p, at);
}

/* Fill in @p. Return: false where not even an Ethernet header is there. */
static __always_inline bool parse_packet(struct xdp_md *ctx, struct packet *p)
{
	void *at;
	__be16 type;

	p->data = (void *)(long)ctx->data;
	p->end = (void *)(long)ctx->data_end;
	p->eth = p->data;
	at = p->data + sizeof(*p->eth);
	if (at > p->end)
		return false;
	__builtin_memcpy(p->f.target_mac, p->eth->h_dest, ETH_ALEN);
	__builtin_memcpy(p->f.source_mac, p->eth->h_source, ETH_ALEN);
	type = p->eth->h_proto;
#pragma unroll
	for (int i = 0; i < VLAN_DEPTH; i++) {
		const struct vlan_header *v = at;

		if (type != bpf_htons(ETH_P_8021Q) && type != bpf_htons(ETH_P_8021AD))
			break;
		if ((const void *)(v + 1) > p->end) {
			p->f.malformed = true;
			return true;
		}
		if (i == 0)
			p->f.vlan = bpf_ntohs(v->tci) & VLAN_VID;
		type = v->ethertype;
		at += sizeof(*v);
	}
	p->f.ethertype = bpf_ntohs(type);
	p->f.l3 = at - p->data;
	p->ip = at;
	if (type == bpf_htons(ETH_P_IP))
		parse_ipv4(p, at);
	else if (type == bpf_htons(ETH_P_IPV6))
		parse_ipv6(p, at);
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
