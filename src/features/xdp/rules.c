// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The rules of the filter as one value: their order means something, so that
 * they are no list of entries that come and go by themselves.
 *
 * What must stay true: bytes that no rule uses are zero, because rules are
 * compared as bytes.
 */
#include <netinet/in.h>
#include <stdio.h>

#include "bpf/filter.h"
#include "features/xdp/xdp.h"
#include "util/text.h"

#define RULES_SHOWN 8 /* of more, plans show only the number */

static const struct word action_words[] = {
	{ "pass", FILTER_PASS }, { "drop", FILTER_DROP }, { NULL, 0 },
};

static const struct word ethertype_words[] = {
	{ "ipv4", 0x0800 }, { "arp", 0x0806 },	 { "ipv6", 0x86dd }, { "lldp", 0x88cc },
	{ "mpls", 0x8847 }, { "pppoe", 0x8864 }, { "ptp", 0x88f7 },  { NULL, 0 },
};

static const struct word protocol_words[] = {
	{ "icmp", IPPROTO_ICMP }, { "igmp", IPPROTO_IGMP }, { "tcp", IPPROTO_TCP },
	{ "udp", IPPROTO_UDP },	  { "gre", IPPROTO_GRE },   { "esp", IPPROTO_ESP },
	{ "ah", IPPROTO_AH },	  { "icmpv6", IPPROTO_ICMPV6 }, { "ospf", 89 },
	{ "vrrp", 112 },	  { "sctp", IPPROTO_SCTP }, { NULL, 0 },
};

static bool is_number(const config_setting_t *s)
{
	return config_setting_type(s) == CONFIG_TYPE_INT ||
	       config_setting_type(s) == CONFIG_TYPE_INT64;
}

static int parse_number(struct parse *p, const config_setting_t *s, int64_t min, int64_t max,
			int64_t *ret)
{
	*ret = config_setting_get_int64(s);
	if (*ret < min || *ret > max)
		return parse_refuse(p, "%lld is out of range (%lld to %lld)", (long long)*ret,
				    (long long)min, (long long)max);
	return 0;
}

/* A word of row->data, or a number. */
static int named_parse(struct parse *p, const config_setting_t *s, int64_t max, int64_t *ret)
{
	const char *text = NULL;
	int r;

	if (is_number(s))
		return parse_number(p, s, 0, max, ret);
	r = parse_string(p, s, &text);
	if (r < 0)
		return r;
	r = word_value(p->row->data, text);
	if (r < 0)
		return parse_refuse(p, "unknown word \"%s\"; a number will do", text);
	*ret = r;
	return 0;
}

static int protocol_parse(struct parse *p, const config_setting_t *s, void *v)
{
	int64_t n;
	int r = named_parse(p, s, 255, &n);

	if (!r)
		*(uint8_t *)v = n;
	return r;
}

static int ethertype_parse(struct parse *p, const config_setting_t *s, void *v)
{
	int64_t n;
	int r = named_parse(p, s, 0xffff, &n);

	if (!r)
		*(uint16_t *)v = n;
	return r;
}

static json_t *protocol_json(const struct row *row, const void *v)
{
	const char *word = word_of(row->data, *(const uint8_t *)v);

	return word ? json_string(word) : json_integer(*(const uint8_t *)v);
}

static json_t *ethertype_json(const struct row *row, const void *v)
{
	const char *word = word_of(row->data, *(const uint16_t *)v);

	return word ? json_string(word) : json_integer(*(const uint16_t *)v);
}

static const struct type type_protocol = {
	.name = "IP protocol", .signature = "v", .size = 1,
	.parse = protocol_parse, .json = protocol_json,
};

static const struct type type_ethertype = {
	.name = "Ethernet type", .signature = "v", .size = 2,
	.parse = ethertype_parse, .json = ethertype_json,
};

/* 53, or "1024-65535" */
static int ports_parse(struct parse *p, const config_setting_t *s, void *v)
{
	uint16_t *ports = v;
	const char *text = NULL;
	unsigned first, last;
	int64_t n;
	int r, end = 0;

	if (is_number(s)) {
		r = parse_number(p, s, 0, 65535, &n);
		if (!r)
			ports[0] = ports[1] = n;
		return r;
	}
	r = parse_string(p, s, &text);
	if (r < 0)
		return r;
	if (strspn(text, "0123456789-") != strlen(text) ||
	    sscanf(text, "%5u-%5u%n", &first, &last, &end) != 2 || text[end] || first > last ||
	    last > 65535)
		return parse_refuse(p,
				    "\"%s\" is no port and no range of ports (53, \"1024-65535\")",
				    text);
	ports[0] = first;
	ports[1] = last;
	return 0;
}

static json_t *ports_json(const struct row *row _unused_, const void *v)
{
	const uint16_t *ports = v;

	return ports[0] == ports[1] ? json_integer(ports[0]) :
				      json_sprintf("%u-%u", ports[0], ports[1]);
}

static const struct type type_ports = {
	.name = "port or range", .signature = "v", .size = 4, .parse = ports_parse,
	.json = ports_json,
};

/* An address or a prefix; the type of addresses would take bits behind the prefix. */
static int network_parse(struct parse *p, const config_setting_t *s, void *v)
{
	struct ipaddr ip;
	const char *text = NULL;
	int r = parse_string(p, s, &text);

	if (r < 0)
		return r;
	if (ip_parse(text, &ip) < 0)
		return parse_refuse(p, "\"%s\" is no IP address and no prefix", text);
	if (!ip_is_network(&ip))
		return parse_refuse(p, "\"%s\" has bits behind its prefix length", text);
	memcpy(v, &ip, sizeof(ip));
	return 0;
}

static json_t *network_json(const struct row *row _unused_, const void *v)
{
	const struct ipaddr *ip = v;
	char text[IP_TEXT_MAX];

	return json_string(ip_text(ip, ip->prefix != 8 * ip_size(ip), text));
}

static const struct type type_network = {
	.name = "IP address or prefix", .signature = "s", .size = sizeof(struct ipaddr),
	.parse = network_parse, .json = network_json,
};

static const struct row rule_rows[] = {
	{ .key = "src", .type = &type_network, VALUE(rule, src), .attr = FILTER_SOURCE,
	  .help = "Source address" },
	{ .key = "dst", .type = &type_network, VALUE(rule, dst), .attr = FILTER_TARGET,
	  .help = "Destination address" },
	{ .key = "src_mac", .type = &type_mac, VALUE(rule, src_mac), .attr = FILTER_SOURCE_MAC,
	  .help = "Ethernet source" },
	{ .key = "dst_mac", .type = &type_mac_any, VALUE(rule, dst_mac), .attr = FILTER_TARGET_MAC,
	  .help = "Ethernet destination" },
	{ .key = "vlan", .type = &type_u16, VALUE(rule, vlan), .attr = FILTER_VLAN, .max = 4094,
	  .help = "ID of the outermost VLAN tag; 0: untagged" },
	{ .key = "ethertype", .type = &type_ethertype, VALUE(rule, ethertype),
	  .attr = FILTER_ETHERTYPE, .data = ethertype_words,
	  .help = "What is behind the VLAN tags" },
	{ .key = "protocol", .type = &type_protocol, VALUE(rule, protocol), .attr = FILTER_PROTOCOL,
	  .data = protocol_words, .help = "Protocol of IP, behind IPv6's extension headers" },
	{ .key = "src_port", .type = &type_ports, VALUE(rule, src_port), .attr = FILTER_SOURCE_PORT,
	  .help = "Source port of TCP, UDP or SCTP" },
	{ .key = "dst_port", .type = &type_ports, VALUE(rule, dst_port), .attr = FILTER_TARGET_PORT,
	  .help = "Destination port of TCP, UDP or SCTP" },
	{ .key = "fragment", .type = &type_bool, VALUE(rule, fragment), .attr = FILTER_FRAGMENT,
	  .help = "A later fragment of a packet, which has no ports" },
	{ .key = "rate", .type = &type_u32, VALUE(rule, rate), .attr = FILTER_RATE, .min = 1,
	  .max = 100000000, .help = "Packets a second: only what a source sends beyond it" },
	{ .key = "burst", .type = &type_u32, VALUE(rule, burst), .min = 1, .max = 1000000,
	  .help = "Packets that a source may send at once, with rate; by itself as many as rate" },
	{ .key = "action", .type = &type_enum8, VALUE(rule, action), .data = action_words,
	  .help = "What becomes of the packet" },
};

const struct feature rule_shape = {
	.name = "rule", .form = FORM_GROUP, .size = sizeof(struct rule), .rows = rule_rows,
	.n_rows = ARRAY_SIZE(rule_rows),
};

static const char *nth_key(const void *shape, unsigned i)
{
	const struct feature *f = shape;

	return i < f->n_rows ? f->rows[i].key : NULL;
}

static int parse_member(struct parse *p, const struct feature *shape, unsigned n,
			const config_setting_t *s, struct object *o)
{
	const char *key = config_setting_name(s);
	const struct row *r = row_find(shape, key);
	struct parse inner = { .row = r, .arena = p->arena };

	p->at = s;
	if (!r) {
		_cleanup_free_ char *hint = text_hint(key, nth_key, shape);

		return parse_refuse(p, "%s %u: %s: unknown key%s", shape->name, n, key, hint);
	}
	if (r->type->parse(&inner, s, row_value(r, o)) < 0) {
		parse_refuse(p, "%s %u: %s: %s", shape->name, n, key, inner.why);
		free(inner.why);
		return -EINVAL;
	}
	o->present |= row_bit(shape, r);
	return 0;
}

int xdp_parse_group(struct parse *p, const struct feature *shape, unsigned n,
		    const config_setting_t *group, struct object *o)
{
	int r = 0;

	p->at = group;
	if (!config_setting_is_group(group))
		return parse_refuse(p, "%s %u: must be a group { … }", shape->name, n);
	for (int k = 0; !r && k < config_setting_length(group); k++)
		r = parse_member(p, shape, n, config_setting_get_elem(group, k), o);
	if (!r)
		p->at = group;
	return r;
}

static bool has(const struct rule *rule, const char *key)
{
	return row_has(&rule_shape, row_find(&rule_shape, key), &rule->o);
}

static bool has_ports(const struct rule *rule)
{
	return has(rule, "src_port") || has(rule, "dst_port");
}

/* What makes no sense together. */
static int check_rule(struct parse *p, unsigned n, const struct rule *rule)
{
	if (!has(rule, "action"))
		return parse_refuse(p, "rule %u: action is missing", n);
	if (has(rule, "src") && has(rule, "dst") && rule->src.family != rule->dst.family)
		return parse_refuse(p, "rule %u: src and dst are of different families", n);
	if (has_ports(rule) && !has(rule, "protocol"))
		return parse_refuse(p, "rule %u: ports need a protocol", n);
	if (has_ports(rule) && rule->protocol != IPPROTO_TCP && rule->protocol != IPPROTO_UDP &&
	    rule->protocol != IPPROTO_SCTP && rule->protocol != IPPROTO_UDPLITE)
		return parse_refuse(p, "rule %u: the protocol has no ports", n);
	if (has_ports(rule) && has(rule, "fragment") && rule->fragment)
		return parse_refuse(p, "rule %u: a later fragment has no ports", n);
	if (has(rule, "burst") && !has(rule, "rate"))
		return parse_refuse(p, "rule %u: burst needs rate", n);
	return 0;
}

static struct rules *rules_new(struct arena *a, unsigned n)
{
	struct rules *rules = arena_alloc(a, sizeof(*rules));

	rules->refs = 1;
	rules->n = n;
	rules->items = arena_alloc(a, n * sizeof(*rules->items) + 1);
	return rules;
}

static void rules_done(void *v)
{
	struct rules *rules = *(struct rules **)v;

	*(struct rules **)v = NULL;
	if (!rules || --rules->refs)
		return;
	free(rules->items);
	free(rules);
}

static int rules_parse(struct parse *p, const config_setting_t *s, void *v)
{
	unsigned n = config_setting_is_list(s) ? config_setting_length(s) : 0;
	struct rules *rules;
	int r = 0;

	/* What is written as no rules at all may be an empty array as well. */
	if (!config_setting_is_list(s) &&
	    !(config_setting_is_array(s) && !config_setting_length(s)))
		return parse_refuse(p, "must be a list of groups: ( { … }, … )");
	if (n > FILTER_RULES_MAX)
		return parse_refuse(p, "more than %u rules", FILTER_RULES_MAX);
	rules = rules_new(p->arena, n);
	for (unsigned i = 0; !r && i < n; i++) {
		const config_setting_t *group = config_setting_get_elem(s, i);

		r = xdp_parse_group(p, &rule_shape, i + 1, group, &rules->items[i].o);
		if (!r)
			r = check_rule(p, i + 1, &rules->items[i]);
	}
	if (r < 0 && !p->arena)
		rules_done(&rules);
	if (r < 0)
		return r;
	p->at = NULL;
	*(struct rules **)v = rules;
	return 0;
}

static json_t *rules_json(const struct row *row _unused_, const void *v)
{
	const struct rules *rules = *(struct rules *const *)v;
	json_t *j = json_array();

	for (unsigned n = 0; rules && n < rules->n; n++)
		json_array_append_new(j, object_json(&rule_shape, &rules->items[n].o, 0));
	return j;
}

static bool rules_equal(const struct row *row _unused_, const void *va, const void *vb)
{
	const struct rules *a = *(struct rules *const *)va, *b = *(struct rules *const *)vb;
	unsigned n = a ? a->n : 0;

	return n == (b ? b->n : 0) && (!n || !memcmp(a->items, b->items, n * sizeof(*a->items)));
}

/* On the heap they are shared, because the mirror reads them anew with every link message. */
static void rules_copy(struct arena *a, void *to, const void *from)
{
	struct rules *rules = *(struct rules *const *)from, *copy = rules;

	if (a && rules) {
		copy = rules_new(a, rules->n);
		memcpy(copy->items, rules->items, rules->n * sizeof(*rules->items));
	} else if (rules) {
		rules->refs++;
	}
	*(struct rules **)to = copy;
}

/* Of many: their number, and what tells them from as many others. */
static char *rules_text(const struct row *row, const void *v)
{
	const struct rules *rules = *(struct rules *const *)v;
	uint32_t h = UINT32_C(2166136261); /* FNV-1a */
	char *text;
	json_t *j;

	if (!rules || rules->n <= RULES_SHOWN) {
		j = rules_json(row, v);
		text = json_literal(j);
		json_decref(j);
		return text;
	}
	for (size_t n = 0; n < rules->n * sizeof(*rules->items); n++)
		h = (h ^ ((const uint8_t *)rules->items)[n]) * UINT32_C(16777619);
	return str_format("%u rules (%08x)", rules->n, h);
}

const struct type type_rules = {
	.name = "list of rules", .signature = "aa{sv}", .size = sizeof(struct rules *),
	.parse = rules_parse, .json = rules_json, .equal = rules_equal, .copy = rules_copy,
	.done = rules_done, .text = rules_text, .shape = &rule_shape,
};
