// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * flower: frames told apart by what stands in their headers.
 *
 * The kernel takes a key only where the keys below it say that it is there
 * (fl_set_key()): addresses with ip or ipv6, ports with tcp, udp or sctp, tags
 * with 802.1Q or 802.1ad. What it would ignore is refused here.
 */
#include <linux/if_ether.h>
#include <stdio.h>
#include <stdlib.h>

#include "features/qdisc/filter.h"
#include "util/text.h"

struct mac_mask {
	uint8_t addr[ETH_ALEN], mask[ETH_ALEN];
};
struct ports {
	uint16_t from, to;
};
struct bits16 {
	uint16_t value, mask;
};

struct flower {
	struct filter f;
	struct mac_mask dst_mac, src_mac;
	uint16_t vlan_id, vlan_ethtype, cvlan_id, cvlan_ethtype;
	uint8_t vlan_prio, cvlan_prio, ip_proto, dscp, icmp_type, icmp_code, ip_flags;
	struct ipaddr dst_ip, src_ip;
	struct ports dst_port, src_port;
	struct bits16 tcp_flags;
};
FILTER_FITS(flower);

enum {
	DST_MAC = F_OWN, SRC_MAC, VLAN_ID, VLAN_PRIO, VLAN_ETHTYPE, CVLAN_ID, CVLAN_PRIO,
	CVLAN_ETHTYPE, IP_PROTO, DST_IP, SRC_IP, DSCP, IP_FLAGS, DST_PORT, SRC_PORT, TCP_FLAGS,
	ICMP_TYPE, ICMP_CODE,
};

/* Values of one key. */

static int mac_mask_parse(struct parse *p, const config_setting_t *s, void *v)
{
	struct mac_mask out;
	const char *text = NULL;
	int r = parse_string(p, s, &text), n = 0;
	uint8_t *a = out.addr, *m = out.mask;

	if (r < 0)
		return r;
	memset(out.mask, 0xff, ETH_ALEN);
	if (sscanf(text, "%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx%n", &a[0], &a[1], &a[2], &a[3], &a[4],
		   &a[5], &n) != ETH_ALEN)
		n = 0;
	text += n;
	if (n && *text == '/') {
		n = 0;
		if (sscanf(text, "/%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx%n", &m[0], &m[1], &m[2],
			   &m[3], &m[4], &m[5], &n) != ETH_ALEN)
			n = 0;
		text += n;
	}
	if (!n || *text)
		return parse_refuse(p, "is no Ethernet address (\"02:00:00:00:00:01\", with a mask "
				       "\"01:00:00:00:00:00/01:00:00:00:00:00\")");
	if (!memcmp(out.mask, (uint8_t[ETH_ALEN]){ 0 }, ETH_ALEN))
		return parse_refuse(p, "matches every address: leave it out");
	for (unsigned k = 0; k < ETH_ALEN; k++)
		if (a[k] & ~m[k])
			return parse_refuse(p, "has bits that its mask has not");
	memcpy(v, &out, sizeof(out));
	return 0;
}

static json_t *mac_mask_json(const struct row *row _unused_, const void *v)
{
	static const uint8_t all[ETH_ALEN] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
	const struct mac_mask *x = v;
	json_t *addr = type_mac.json(NULL, x->addr), *mask, *j;

	if (!memcmp(x->mask, all, ETH_ALEN))
		return addr;
	mask = type_mac.json(NULL, x->mask);
	j = json_sprintf("%s/%s", json_string_value(addr), json_string_value(mask));
	json_decref(addr);
	json_decref(mask);
	return j;
}

static const struct type type_mac_mask = {
	.name = "Ethernet address", .signature = "s", .size = sizeof(struct mac_mask),
	.parse = mac_mask_parse, .json = mac_mask_json,
};

static int ports_parse(struct parse *p, const config_setting_t *s, void *v)
{
	bool number = config_setting_type(s) == CONFIG_TYPE_INT;
	unsigned from = number ? (unsigned)config_setting_get_int(s) : 0, to = from;
	const char *text = number ? "" : NULL;
	int n = 0;

	if (!number && parse_string(p, s, &text) < 0)
		return -EINVAL;
	if (!number) {
		if (text[strspn(text, "0123456789-")] || sscanf(text, "%5u%n", &from, &n) != 1)
			from = 0;
		to = from;
		text += n;
		if (*text == '-' && sscanf(text, "-%5u%n", &to, &n) == 1)
			text += n;
	}
	if (!from || *text || to < from || to > UINT16_MAX)
		return parse_refuse(p,
				    "is neither a port (1 to 65535) nor a range (\"1024-2047\")");
	*(struct ports *)v = (struct ports){ from, to };
	return 0;
}

static json_t *ports_json(const struct row *row _unused_, const void *v)
{
	const struct ports *x = v;

	return x->from == x->to ? json_integer(x->from) : json_sprintf("%u-%u", x->from, x->to);
}

static const struct type type_ports = {
	.name = "port or range", .signature = "v", .size = sizeof(struct ports),
	.parse = ports_parse, .json = ports_json,
};

static int bits_parse(struct parse *p, const config_setting_t *s, void *v)
{
	_cleanup_free_ char *copy = NULL;
	int64_t value = -1, mask = p->row->max;
	const char *text = NULL;
	char *slash;

	if (parse_string(p, s, &text) < 0)
		return -EINVAL;
	copy = str_dup(text);
	slash = strchr(copy, '/');
	if (slash)
		*slash = '\0';
	if (text_to_number(copy, &value) < 0 || (slash && text_to_number(slash + 1, &mask) < 0) ||
	    value < 0 || mask < 1 || mask > p->row->max || value & ~mask)
		return parse_refuse(p, "\"%s\" is not bits, or bits and which of them count "
				    "(\"0x02/0x17\")", text);
	*(struct bits16 *)v = (struct bits16){ value, mask };
	return 0;
}

static json_t *bits_json(const struct row *row, const void *v)
{
	const struct bits16 *x = v;

	return x->mask == row->max ? json_sprintf("0x%02x", x->value) :
				     json_sprintf("0x%02x/0x%02x", x->value, x->mask);
}

static const struct type type_bits = {
	.name = "bits", .signature = "s", .size = sizeof(struct bits16), .parse = bits_parse,
	.json = bits_json,
};

static const struct word protocols[] = {
	{ "icmp", IPPROTO_ICMP }, { "tcp", IPPROTO_TCP }, { "udp", IPPROTO_UDP },
	{ "gre", IPPROTO_GRE }, { "esp", IPPROTO_ESP }, { "icmpv6", IPPROTO_ICMPV6 },
	{ "sctp", IPPROTO_SCTP }, { "igmp", IPPROTO_IGMP }, { NULL, 0 },
};

static int ip_proto_parse(struct parse *p, const config_setting_t *s, void *v)
{
	bool text = config_setting_type(s) == CONFIG_TYPE_STRING;
	int word = text ? word_value(protocols, config_setting_get_string(s)) : -1;
	int64_t n = text ? word : config_setting_get_int64(s);

	if ((!text && config_setting_type(s) != CONFIG_TYPE_INT) || n < 0 || n > UINT8_MAX)
		return parse_refuse(p, "is no protocol (\"tcp\", \"udp\", \"sctp\", \"icmp\", "
				    "\"icmpv6\", \"igmp\", \"gre\", \"esp\", a number up to 255)");
	*(uint8_t *)v = n;
	return 0;
}

static json_t *ip_proto_json(const struct row *row _unused_, const void *v)
{
	const char *word = word_of(protocols, *(const uint8_t *)v);

	return word ? json_string(word) : json_integer(*(const uint8_t *)v);
}

static const struct type type_ip_proto = {
	.name = "protocol", .signature = "v", .size = 1, .parse = ip_proto_parse,
	.json = ip_proto_json,
};

/* Bits of TCA_FLOWER_KEY_FLAGS and, above them, of its mask. */
#define FRAGMENT(value, mask) ((mask) << 4 | (value))
static const struct word fragments[] = {
	{ "frag", FRAGMENT(TCA_FLOWER_KEY_FLAGS_IS_FRAGMENT, TCA_FLOWER_KEY_FLAGS_IS_FRAGMENT) },
	{ "nofrag", FRAGMENT(0, TCA_FLOWER_KEY_FLAGS_IS_FRAGMENT) },
	{ "firstfrag",
	  FRAGMENT(TCA_FLOWER_KEY_FLAGS_FRAG_IS_FIRST, TCA_FLOWER_KEY_FLAGS_FRAG_IS_FIRST) },
	{ "nofirstfrag", FRAGMENT(0, TCA_FLOWER_KEY_FLAGS_FRAG_IS_FIRST) }, { NULL, 0 },
};

static const struct row rows[] = {
	FILTER_ROWS(0),
	[DST_MAC] = { .key = "dst_mac", .type = &type_mac_mask, VALUE(flower, dst_mac),
		      .help = "Address that they go to, and which bits of it count" },
	[SRC_MAC] = { .key = "src_mac", .type = &type_mac_mask, VALUE(flower, src_mac),
		      .help = "Address that they come from, and which bits of it count" },
	[VLAN_ID] = { .key = "vlan_id", .type = &type_u16, VALUE(flower, vlan_id), .max = 4095,
		      .help = "VLAN of their outer tag" },
	[VLAN_PRIO] = { .key = "vlan_prio", .type = &type_u8, VALUE(flower, vlan_prio), .max = 7,
			.help = "Priority in their outer tag" },
	[VLAN_ETHTYPE] = { .key = "vlan_ethtype", .type = &type_ethertype,
			   VALUE(flower, vlan_ethtype),
			   .help = "Ethernet type behind the outer tag" },
	[CVLAN_ID] = { .key = "cvlan_id", .type = &type_u16, VALUE(flower, cvlan_id), .max = 4095,
		       .help = "VLAN of their inner tag" },
	[CVLAN_PRIO] = { .key = "cvlan_prio", .type = &type_u8, VALUE(flower, cvlan_prio), .max = 7,
			 .help = "Priority in their inner tag" },
	[CVLAN_ETHTYPE] = { .key = "cvlan_ethtype", .type = &type_ethertype,
			    VALUE(flower, cvlan_ethtype),
			    .help = "Ethernet type behind the inner tag" },
	[IP_PROTO] = { .key = "ip_proto", .type = &type_ip_proto, VALUE(flower, ip_proto),
		       .help = "Protocol above IP" },
	[DST_IP] = { .key = "dst_ip", .type = &type_prefix, VALUE(flower, dst_ip),
		     .help = "Address or network that they go to" },
	[SRC_IP] = { .key = "src_ip", .type = &type_prefix, VALUE(flower, src_ip),
		     .help = "Address or network that they come from" },
	[DSCP] = { .key = "dscp", .type = &type_u8, VALUE(flower, dscp), .max = 63,
		   .help = "Class of service in the IP header (RFC 2474)" },
	[IP_FLAGS] = { .key = "ip_flags", .type = &type_enum8, VALUE(flower, ip_flags),
		       .data = fragments, .help = "Fragments, first ones, or neither" },
	[DST_PORT] = { .key = "dst_port", .type = &type_ports, VALUE(flower, dst_port),
		       .help = "Port or ports that they go to" },
	[SRC_PORT] = { .key = "src_port", .type = &type_ports, VALUE(flower, src_port),
		       .help = "Port or ports that they come from" },
	[TCP_FLAGS] = { .key = "tcp_flags", .type = &type_bits, VALUE(flower, tcp_flags),
			.max = 0xfff,
			.help = "TCP's flags, and which of them count (\"0x02/0x17\")" },
	[ICMP_TYPE] = { .key = "icmp_type", .type = &type_u8, VALUE(flower, icmp_type), .max = 255,
			.help = "Type of the ICMP message" },
	[ICMP_CODE] = { .key = "icmp_code", .type = &type_u8, VALUE(flower, icmp_code), .max = 255,
			.help = "Code of the ICMP message" },
};
_Static_assert(ARRAY_SIZE(rows) <= 64, "rows have a bit each");

/* The Ethernet type of what is inside the tags. */
static uint16_t inner_type(const struct flower *w)
{
	if (filter_has(&w->f, CVLAN_ETHTYPE))
		return w->cvlan_ethtype;
	if (filter_has(&w->f, VLAN_ETHTYPE))
		return w->vlan_ethtype;
	return filter_has(&w->f, F_PROTOCOL) ? w->f.protocol : ETH_P_ALL;
}

/* Attributes that depend on the protocol. */

struct port_attrs {
	uint16_t value, mask, min, max;
};

static struct port_attrs port_attrs(uint8_t protocol, bool dst)
{
	struct port_attrs a = {
		.min = dst ? TCA_FLOWER_KEY_PORT_DST_MIN : TCA_FLOWER_KEY_PORT_SRC_MIN,
		.max = dst ? TCA_FLOWER_KEY_PORT_DST_MAX : TCA_FLOWER_KEY_PORT_SRC_MAX,
	};

	switch (protocol) {
	case IPPROTO_TCP:
		a.value = dst ? TCA_FLOWER_KEY_TCP_DST : TCA_FLOWER_KEY_TCP_SRC;
		a.mask = dst ? TCA_FLOWER_KEY_TCP_DST_MASK : TCA_FLOWER_KEY_TCP_SRC_MASK;
		break;
	case IPPROTO_UDP:
		a.value = dst ? TCA_FLOWER_KEY_UDP_DST : TCA_FLOWER_KEY_UDP_SRC;
		a.mask = dst ? TCA_FLOWER_KEY_UDP_DST_MASK : TCA_FLOWER_KEY_UDP_SRC_MASK;
		break;
	case IPPROTO_SCTP:
		a.value = dst ? TCA_FLOWER_KEY_SCTP_DST : TCA_FLOWER_KEY_SCTP_SRC;
		a.mask = dst ? TCA_FLOWER_KEY_SCTP_DST_MASK : TCA_FLOWER_KEY_SCTP_SRC_MASK;
		break;
	default:
		break; /* without ports, as check() has it */
	}
	return a;
}

struct ip_attrs {
	uint16_t value, mask;
};

static struct ip_attrs ip_attrs(uint8_t family, bool dst)
{
	if (family == AF_INET)
		return dst ? (struct ip_attrs){ TCA_FLOWER_KEY_IPV4_DST,
						TCA_FLOWER_KEY_IPV4_DST_MASK } :
			     (struct ip_attrs){ TCA_FLOWER_KEY_IPV4_SRC,
						TCA_FLOWER_KEY_IPV4_SRC_MASK };
	return dst ? (struct ip_attrs){ TCA_FLOWER_KEY_IPV6_DST, TCA_FLOWER_KEY_IPV6_DST_MASK } :
		     (struct ip_attrs){ TCA_FLOWER_KEY_IPV6_SRC, TCA_FLOWER_KEY_IPV6_SRC_MASK };
}

static uint16_t icmp_attr(const struct flower *w, bool code)
{
	if (inner_type(w) == ETH_P_IPV6)
		return code ? TCA_FLOWER_KEY_ICMPV6_CODE : TCA_FLOWER_KEY_ICMPV6_TYPE;
	return code ? TCA_FLOWER_KEY_ICMPV4_CODE : TCA_FLOWER_KEY_ICMPV4_TYPE;
}

/* Written. */

static int put_be16(struct nl_msg *msg, int attr, uint16_t v)
{
	return nla_put_u16(msg, attr, htons(v));
}

static int put_mac(struct nl_msg *msg, int value, int mask, const struct mac_mask *m)
{
	return nla_put(msg, value, ETH_ALEN, m->addr) | nla_put(msg, mask, ETH_ALEN, m->mask);
}

static int put_ip(struct nl_msg *msg, const struct ipaddr *ip, bool dst)
{
	struct ip_attrs a = ip_attrs(ip->family, dst);
	struct ipaddr mask = { .family = ip->family };

	for (unsigned n = 0; n < ip->prefix; n++)
		mask.bytes[n / 8] |= 0x80 >> n % 8;
	return ip_encode(msg, a.value, ip) | ip_encode(msg, a.mask, &mask);
}

static int put_ports(struct nl_msg *msg, uint8_t protocol, bool dst, const struct ports *p)
{
	struct port_attrs a = port_attrs(protocol, dst);

	if (p->from == p->to)
		return put_be16(msg, a.value, p->from) | put_be16(msg, a.mask, 0xffff);
	return put_be16(msg, a.min, p->from) | put_be16(msg, a.max, p->to);
}

static int put_tags(struct nl_msg *msg, const struct flower *w)
{
	int bad = 0;

	if (filter_has(&w->f, VLAN_ID))
		bad |= nla_put_u16(msg, TCA_FLOWER_KEY_VLAN_ID, w->vlan_id);
	if (filter_has(&w->f, VLAN_PRIO))
		bad |= nla_put_u8(msg, TCA_FLOWER_KEY_VLAN_PRIO, w->vlan_prio);
	if (filter_has(&w->f, VLAN_ETHTYPE))
		bad |= put_be16(msg, TCA_FLOWER_KEY_VLAN_ETH_TYPE, w->vlan_ethtype);
	if (filter_has(&w->f, CVLAN_ID))
		bad |= nla_put_u16(msg, TCA_FLOWER_KEY_CVLAN_ID, w->cvlan_id);
	if (filter_has(&w->f, CVLAN_PRIO))
		bad |= nla_put_u8(msg, TCA_FLOWER_KEY_CVLAN_PRIO, w->cvlan_prio);
	if (filter_has(&w->f, CVLAN_ETHTYPE))
		bad |= put_be16(msg, TCA_FLOWER_KEY_CVLAN_ETH_TYPE, w->cvlan_ethtype);
	return bad;
}

static int put_above_ip(struct nl_msg *msg, const struct flower *w)
{
	int bad = 0;

	if (filter_has(&w->f, DST_PORT))
		bad |= put_ports(msg, w->ip_proto, true, &w->dst_port);
	if (filter_has(&w->f, SRC_PORT))
		bad |= put_ports(msg, w->ip_proto, false, &w->src_port);
	if (filter_has(&w->f, TCP_FLAGS)) {
		bad |= put_be16(msg, TCA_FLOWER_KEY_TCP_FLAGS, w->tcp_flags.value);
		bad |= put_be16(msg, TCA_FLOWER_KEY_TCP_FLAGS_MASK, w->tcp_flags.mask);
	}
	if (filter_has(&w->f, ICMP_TYPE))
		bad |= nla_put_u8(msg, icmp_attr(w, false), w->icmp_type);
	if (filter_has(&w->f, ICMP_CODE))
		bad |= nla_put_u8(msg, icmp_attr(w, true), w->icmp_code);
	return bad;
}

static int put(struct encoder *e, const struct step *s _unused_, const struct filter *f)
{
	const struct flower *w = (const struct flower *)f;
	struct nl_msg *msg = e->msg;
	int bad = 0;

	if (f->protocol != ETH_P_ALL)
		bad |= put_be16(msg, TCA_FLOWER_KEY_ETH_TYPE, f->protocol);
	if (filter_has(f, DST_MAC))
		bad |= put_mac(msg, TCA_FLOWER_KEY_ETH_DST, TCA_FLOWER_KEY_ETH_DST_MASK,
			       &w->dst_mac);
	if (filter_has(f, SRC_MAC))
		bad |= put_mac(msg, TCA_FLOWER_KEY_ETH_SRC, TCA_FLOWER_KEY_ETH_SRC_MASK,
			       &w->src_mac);
	bad |= put_tags(msg, w);
	if (filter_has(f, IP_PROTO))
		bad |= nla_put_u8(msg, TCA_FLOWER_KEY_IP_PROTO, w->ip_proto);
	if (filter_has(f, DST_IP))
		bad |= put_ip(msg, &w->dst_ip, true);
	if (filter_has(f, SRC_IP))
		bad |= put_ip(msg, &w->src_ip, false);
	if (filter_has(f, DSCP)) {
		bad |= nla_put_u8(msg, TCA_FLOWER_KEY_IP_TOS, w->dscp << 2);
		bad |= nla_put_u8(msg, TCA_FLOWER_KEY_IP_TOS_MASK, 0xfc);
	}
	if (filter_has(f, IP_FLAGS)) {
		bad |= nla_put_u32(msg, TCA_FLOWER_KEY_FLAGS, htonl(w->ip_flags & 0xf));
		bad |= nla_put_u32(msg, TCA_FLOWER_KEY_FLAGS_MASK, htonl(w->ip_flags >> 4));
	}
	bad |= put_above_ip(msg, w);
	return bad < 0 ? -EMSGSIZE : 0;
}

/* Read. */

static void get_mac(const struct nlattr *value, const struct nlattr *mask, struct flower *w,
		    unsigned row, struct mac_mask *ret)
{
	if (!value || !mask || nla_len(value) < ETH_ALEN || nla_len(mask) < ETH_ALEN)
		return;
	memcpy(ret->addr, nla_data(value), ETH_ALEN);
	memcpy(ret->mask, nla_data(mask), ETH_ALEN);
	w->f.o.present |= BIT64(row);
}

static void get_u16(const struct nlattr *a, struct flower *w, unsigned row, bool be, uint16_t *ret)
{
	if (!a || nla_len(a) < 2)
		return;
	*ret = be ? ntohs(nla_get_u16(a)) : nla_get_u16(a);
	w->f.o.present |= BIT64(row);
}

static void get_u8(const struct nlattr *a, struct flower *w, unsigned row, uint8_t *ret)
{
	if (!a || nla_len(a) < 1)
		return;
	*ret = nla_get_u8(a);
	w->f.o.present |= BIT64(row);
}

static void get_ip(struct nlattr *const *tb, bool dst, struct flower *w, unsigned row,
		   struct ipaddr *ret)
{
	static const uint8_t families[] = { AF_INET, AF_INET6 };

	for (unsigned n = 0; n < ARRAY_SIZE(families); n++) {
		struct ip_attrs a = ip_attrs(families[n], dst);
		struct ipaddr mask;
		uint8_t length = 0;

		if (!tb[a.value] || !tb[a.mask])
			continue;
		ip_decode(tb[a.mask], families[n], 0, &mask);
		for (unsigned k = 0; k < ip_size(&mask); k++)
			length += __builtin_popcount(mask.bytes[k]);
		ip_decode(tb[a.value], families[n], length, ret);
		w->f.o.present |= BIT64(row);
	}
}

static void get_ports(struct nlattr *const *tb, bool dst, struct flower *w, unsigned row,
		      struct ports *ret)
{
	struct port_attrs a = port_attrs(w->ip_proto, dst);

	if (a.value && tb[a.value]) {
		get_u16(tb[a.value], w, row, true, &ret->from);
		ret->to = ret->from;
	} else if (tb[a.min] && tb[a.max]) {
		get_u16(tb[a.min], w, row, true, &ret->from);
		get_u16(tb[a.max], w, row, true, &ret->to);
	}
}

static void get_ip_header(struct nlattr *const *tb, struct flower *w)
{
	struct filter *f = &w->f;

	get_u8(tb[TCA_FLOWER_KEY_IP_PROTO], w, IP_PROTO, &w->ip_proto);
	get_ip(tb, true, w, DST_IP, &w->dst_ip);
	get_ip(tb, false, w, SRC_IP, &w->src_ip);
	get_u8(tb[TCA_FLOWER_KEY_IP_TOS], w, DSCP, &w->dscp);
	w->dscp >>= 2;
	if (tb[TCA_FLOWER_KEY_FLAGS] && tb[TCA_FLOWER_KEY_FLAGS_MASK]) {
		w->ip_flags = FRAGMENT(ntohl(nla_get_u32(tb[TCA_FLOWER_KEY_FLAGS])),
				       ntohl(nla_get_u32(tb[TCA_FLOWER_KEY_FLAGS_MASK])));
		f->o.present |= BIT64(IP_FLAGS);
	}
	get_ports(tb, true, w, DST_PORT, &w->dst_port);
	get_ports(tb, false, w, SRC_PORT, &w->src_port);
	get_u16(tb[TCA_FLOWER_KEY_TCP_FLAGS], w, TCP_FLAGS, true, &w->tcp_flags.value);
	get_u16(tb[TCA_FLOWER_KEY_TCP_FLAGS_MASK], w, TCP_FLAGS, true, &w->tcp_flags.mask);
	get_u8(tb[icmp_attr(w, false)], w, ICMP_TYPE, &w->icmp_type);
	get_u8(tb[icmp_attr(w, true)], w, ICMP_CODE, &w->icmp_code);
}

static void get(struct nlattr *const *tb, struct filter *f)
{
	struct flower *w = (struct flower *)f;

	get_mac(tb[TCA_FLOWER_KEY_ETH_DST], tb[TCA_FLOWER_KEY_ETH_DST_MASK], w, DST_MAC,
		&w->dst_mac);
	get_mac(tb[TCA_FLOWER_KEY_ETH_SRC], tb[TCA_FLOWER_KEY_ETH_SRC_MASK], w, SRC_MAC,
		&w->src_mac);
	get_u16(tb[TCA_FLOWER_KEY_VLAN_ID], w, VLAN_ID, false, &w->vlan_id);
	get_u8(tb[TCA_FLOWER_KEY_VLAN_PRIO], w, VLAN_PRIO, &w->vlan_prio);
	get_u16(tb[TCA_FLOWER_KEY_VLAN_ETH_TYPE], w, VLAN_ETHTYPE, true, &w->vlan_ethtype);
	get_u16(tb[TCA_FLOWER_KEY_CVLAN_ID], w, CVLAN_ID, false, &w->cvlan_id);
	get_u8(tb[TCA_FLOWER_KEY_CVLAN_PRIO], w, CVLAN_PRIO, &w->cvlan_prio);
	get_u16(tb[TCA_FLOWER_KEY_CVLAN_ETH_TYPE], w, CVLAN_ETHTYPE, true, &w->cvlan_ethtype);
	get_ip_header(tb, w);
}

/* Checked. */

static bool is_tag(uint16_t type)
{
	return type == ETH_P_8021Q || type == ETH_P_8021AD;
}

static void need(const struct filter_check *c, unsigned row, bool there, const char *what)
{
	if (filter_has(c->filter, row) && !there)
		filter_error(c, row, "flower-needs", "needs %s: the kernel would not look at it",
			     what);
}

static void check_family(const struct filter_check *c, unsigned row, const struct ipaddr *ip,
			 uint16_t type)
{
	if (!filter_has(c->filter, row))
		return;
	if (!ip->prefix)
		filter_error(c, row, "flower-all", "matches every address: leave it out");
	else if ((type == ETH_P_IP && ip->family != AF_INET) ||
		 (type == ETH_P_IPV6 && ip->family != AF_INET6))
		filter_error(c, row, "flower-family", "is of the other version of IP");
	else if (!ip_is_network(ip))
		filter_error(c, row, "flower-network", "has bits behind its length");
}

static void check(const struct filter_check *c)
{
	const struct flower *w = (const struct flower *)c->filter;
	uint16_t outer = filter_has(c->filter, F_PROTOCOL) ? w->f.protocol : ETH_P_ALL;
	uint16_t type = inner_type(w);
	bool ip = type == ETH_P_IP || type == ETH_P_IPV6;
	bool ports = ip && (w->ip_proto == IPPROTO_TCP || w->ip_proto == IPPROTO_UDP ||
			    w->ip_proto == IPPROTO_SCTP);
	bool icmp = (type == ETH_P_IP && w->ip_proto == IPPROTO_ICMP) ||
		    (type == ETH_P_IPV6 && w->ip_proto == IPPROTO_ICMPV6);

	for (unsigned row = VLAN_ID; row <= VLAN_ETHTYPE; row++)
		need(c, row, is_tag(outer), "protocol = \"802.1Q\" or \"802.1ad\"");
	for (unsigned row = CVLAN_ID; row <= CVLAN_ETHTYPE; row++)
		need(c, row, is_tag(outer) && is_tag(w->vlan_ethtype),
		     "vlan_ethtype = \"802.1Q\" or \"802.1ad\"");
	for (unsigned row = IP_PROTO; row <= IP_FLAGS; row++)
		need(c, row, ip, "protocol = \"ip\" or \"ipv6\", behind tags vlan_ethtype");
	check_family(c, DST_IP, &w->dst_ip, type);
	check_family(c, SRC_IP, &w->src_ip, type);
	need(c, DST_PORT, ports, "ip_proto = \"tcp\", \"udp\" or \"sctp\"");
	need(c, SRC_PORT, ports, "ip_proto = \"tcp\", \"udp\" or \"sctp\"");
	need(c, TCP_FLAGS, ports && w->ip_proto == IPPROTO_TCP, "ip_proto = \"tcp\"");
	need(c, ICMP_TYPE, icmp, "ip_proto = \"icmp\", or \"icmpv6\" with ipv6");
	need(c, ICMP_CODE, icmp, "ip_proto = \"icmp\", or \"icmpv6\" with ipv6");
}

/* A filter keeps its mask: what keys there are, and what bits of them (fl_check_assign_mask()). */
static bool same_mask(const struct row *row, const struct object *to, const struct object *from)
{
	const void *a = row_value(row, to), *b = row_value(row, from);

	if (!row_has(&flower_kind.f, row, to) || !row_has(&flower_kind.f, row, from))
		return false;
	if (row->type == &type_mac_mask)
		return !memcmp(((const struct mac_mask *)a)->mask,
			       ((const struct mac_mask *)b)->mask, ETH_ALEN);
	if (row->type == &type_prefix)
		return ((const struct ipaddr *)a)->family == ((const struct ipaddr *)b)->family &&
		       ((const struct ipaddr *)a)->prefix == ((const struct ipaddr *)b)->prefix;
	if (row->type == &type_ports)
		return (((const struct ports *)a)->from == ((const struct ports *)a)->to) ==
		       (((const struct ports *)b)->from == ((const struct ports *)b)->to);
	if (row->type == &type_bits)
		return ((const struct bits16 *)a)->mask == ((const struct bits16 *)b)->mask;
	return row->type != &type_enum8 || *(const uint8_t *)a >> 4 == *(const uint8_t *)b >> 4;
}

const struct filter_kind flower_kind = {
	FILTER_FEATURE("flower", "Frames by what stands in their headers", rows),
	.classid = TCA_FLOWER_CLASSID, .actions = TCA_FLOWER_ACT, .flags = TCA_FLOWER_FLAGS,
	.max = TCA_FLOWER_MAX, .put = put, .get = get, .check = check, .same_mask = same_mask,
};
