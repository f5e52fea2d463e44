// SPDX-License-Identifier: LGPL-2.1-or-later
/* Values that only filters have: Ethernet types, priorities of frames, lines of a gate. */
#include <inttypes.h>
#include <linux/if_ether.h>
#include <stdio.h>
#include <stdlib.h>

#include "features/qdisc/filter.h"
#include "util/text.h"

static const struct word places[] = {
	{ "ingress", FILTER_INGRESS }, { "egress", FILTER_EGRESS }, { "root", FILTER_ROOT },
	{ NULL, 0 },
};

const char *filter_place_text(uint32_t place, char *buf)
{
	return place < FILTER_PLACES_ ? word_of(places, place) : tc_text(place, buf);
}

static int place_parse(struct parse *p, const config_setting_t *s, void *v)
{
	const char *text = NULL;
	int r = parse_string(p, s, &text), word;

	if (r < 0)
		return r;
	word = word_value(places, text);
	if (word < 0 && (tc_parse_number(text, v) < 0 || !TC_H_MAJ(*(uint32_t *)v)))
		return parse_refuse(
			p,
			"\"%s\" is neither \"ingress\", \"egress\" nor \"root\", a queueing "
			"discipline (\"10:\") or a class (\"1:2\")",
			text);
	if (word >= 0)
		*(uint32_t *)v = word;
	return 0;
}

static json_t *place_json(const struct row *row _unused_, const void *v)
{
	char buf[TC_TEXT_MAX];

	return json_string(filter_place_text(*(const uint32_t *)v, buf));
}

const struct type type_filter_place = {
	.name = "place of filters", .signature = "s", .size = 4, .parse = place_parse,
	.json = place_json,
};

static const struct word ethertypes[] = {
	{ "all", ETH_P_ALL },	  { "ip", ETH_P_IP },	      { "ipv6", ETH_P_IPV6 },
	{ "arp", ETH_P_ARP },	  { "802.1Q", ETH_P_8021Q },  { "802.1ad", ETH_P_8021AD },
	{ "lldp", 0x88cc },	  { "ptp", ETH_P_1588 },      { "mpls_uc", ETH_P_MPLS_UC },
	{ "ppp_ses", ETH_P_PPP_SES }, { NULL, 0 },
};

const char *ethertype_text(uint16_t type, char *buf)
{
	const char *word = word_of(ethertypes, type);

	if (word)
		return word;
	snprintf(buf, TC_TEXT_MAX, "0x%04x", type);
	return buf;
}

static int ethertype_parse(struct parse *p, const config_setting_t *s, void *v)
{
	const char *text = NULL;
	int r = parse_string(p, s, &text), word;
	int64_t n;

	if (r < 0)
		return r;
	word = word_value(ethertypes, text);
	if (word < 0 && (text_to_number(text, &n) < 0 || n < ETH_P_802_3_MIN || n > UINT16_MAX))
		return parse_refuse(
			p,
			"\"%s\" is no Ethernet type (\"all\", \"ip\", \"ipv6\", \"arp\", "
			"\"802.1Q\", \"802.1ad\", \"0x88f7\")",
			text);
	*(uint16_t *)v = word < 0 ? n : word;
	return 0;
}

static json_t *ethertype_json(const struct row *row _unused_, const void *v)
{
	char buf[TC_TEXT_MAX];

	return json_string(ethertype_text(*(const uint16_t *)v, buf));
}

const struct type type_ethertype = {
	.name = "Ethernet type", .signature = "s", .size = 2, .parse = ethertype_parse,
	.json = ethertype_json,
};

static int priority_parse(struct parse *p, const config_setting_t *s, void *v)
{
	const struct row like = { .type = &type_u32, .max = UINT32_MAX };
	const struct row class = { .type = &type_tc_class };
	bool text = config_setting_type(s) == CONFIG_TYPE_STRING;
	struct parse one = { .row = text ? &class : &like };
	int r = one.row->type->parse(&one, s, v);

	p->why = one.why;
	return r;
}

static json_t *priority_json(const struct row *row _unused_, const void *v)
{
	uint32_t n = *(const uint32_t *)v;
	char buf[TC_TEXT_MAX];

	return TC_H_MAJ(n) && TC_H_MIN(n) ? json_string(tc_text(n, buf)) : json_integer(n);
}

const struct type type_skb_priority = {
	.name = "number or class", .signature = "v", .size = 4, .parse = priority_parse,
	.json = priority_json,
};

/* A gate's lines. */

static const struct row line_rows[] = {
	{ .key = "open", .type = &type_bool, .offset = offsetof(struct filter_gate, open) },
	{ .key = "interval", .type = &type_time_ns32, .min = 1, .max = UINT32_MAX },
	{ .key = "priority", .type = &type_s32, .offset = offsetof(struct filter_gate, priority),
	  .min = -1, .max = INT32_MAX },
	{ .key = "max_octets", .type = &type_s32,
	  .offset = offsetof(struct filter_gate, max_octets), .min = -1, .max = INT32_MAX },
};

enum { OPEN, INTERVAL };

static const char *nth_key(const void *data _unused_, unsigned n)
{
	return n < ARRAY_SIZE(line_rows) ? line_rows[n].key : NULL;
}

static int member_parse(struct parse *p, const config_setting_t *e, unsigned line,
			struct filter_gate *g, unsigned *seen)
{
	const char *key = config_setting_name(e);
	struct parse one = { 0 };
	int64_t interval = 0;
	unsigned k = 0;

	while (k < ARRAY_SIZE(line_rows) && strcmp(line_rows[k].key, key))
		k++;
	if (k == ARRAY_SIZE(line_rows)) {
		_cleanup_free_ char *hint = text_hint(key, nth_key, NULL);

		return parse_refuse(p, "line %u: %s: unknown key%s", line, key, hint);
	}
	one.row = &line_rows[k];
	*seen |= 1u << k;
	if (one.row->type->parse(&one, e, k == INTERVAL ? (void *)&interval :
						  row_value(one.row, (void *)g)) < 0) {
		_cleanup_free_ char *why = one.why;

		return parse_refuse(p, "line %u: %s: %s", line, key, why);
	}
	if (k == INTERVAL)
		g->interval = interval;
	return 0;
}

static int line_parse(struct parse *p, const config_setting_t *s, unsigned line,
		      struct filter_gate *g)
{
	unsigned seen = 0;
	int r = 0;

	*g = (struct filter_gate){ .priority = -1, .max_octets = -1 };
	if (!config_setting_is_group(s))
		return parse_refuse(p, "line %u must be { open = true; interval = \"100ms\"; }",
				    line);
	for (int n = 0; r >= 0 && n < config_setting_length(s); n++)
		r = member_parse(p, config_setting_get_elem(s, n), line, g, &seen);
	if (r >= 0 && (!(seen & 1u << OPEN) || !(seen & 1u << INTERVAL)))
		return parse_refuse(p, "line %u needs open and interval", line);
	return r;
}

static int gates_parse(struct parse *p, const config_setting_t *s, void *v)
{
	int n = config_setting_length(s), r = 0;
	struct filter_gates out;

	if (!config_setting_is_list(s) || !n)
		return parse_refuse(p, "must be a list of groups: ( { open = true; interval = "
				       "\"100ms\"; }, … )");
	out.n = n;
	out.v = arena_alloc(p->arena, n * sizeof(*out.v));
	for (int k = 0; r >= 0 && k < n; k++)
		r = line_parse(p, config_setting_get_elem(s, k), k + 1, &out.v[k]);
	if (r >= 0)
		memcpy(v, &out, sizeof(out));
	else if (!p->arena)
		free(out.v);
	return r;
}

static json_t *gates_json(const struct row *row _unused_, const void *v)
{
	const struct filter_gates *g = v;
	json_t *j = json_array();

	for (unsigned n = 0; n < g->n; n++) {
		_cleanup_free_ char *interval = time_text(g->v[n].interval);
		json_t *line = json_pack("{s:b, s:s}", "open", g->v[n].open, "interval", interval);

		if (g->v[n].priority >= 0)
			json_object_set_new(line, "priority", json_integer(g->v[n].priority));
		if (g->v[n].max_octets >= 0)
			json_object_set_new(line, "max_octets", json_integer(g->v[n].max_octets));
		json_array_append_new(j, line);
	}
	return j;
}

static bool gates_equal(const struct row *row _unused_, const void *a, const void *b)
{
	const struct filter_gates *x = a, *y = b;

	if (x->n != y->n)
		return false;
	for (unsigned n = 0; n < x->n; n++)
		if (x->v[n].open != y->v[n].open || x->v[n].interval != y->v[n].interval ||
		    x->v[n].priority != y->v[n].priority ||
		    x->v[n].max_octets != y->v[n].max_octets)
			return false;
	return true;
}

static void gates_copy(struct arena *a, void *to, const void *from)
{
	const struct filter_gates *f = from;
	struct filter_gates *t = to;

	t->n = f->n;
	t->v = arena_alloc(a, max_of(f->n, 1u) * sizeof(*t->v));
	if (f->n)
		memcpy(t->v, f->v, f->n * sizeof(*t->v));
}

static void gates_done(void *v)
{
	struct filter_gates *g = v;

	free(TAKE_PTR(g->v));
	g->n = 0;
}

const struct type type_filter_gates = {
	.name = "a gate schedule", .signature = "aa{sv}", .size = sizeof(struct filter_gates),
	.parse = gates_parse, .json = gates_json, .equal = gates_equal, .copy = gates_copy,
	.done = gates_done,
};
