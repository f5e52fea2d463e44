// SPDX-License-Identifier: LGPL-2.1-or-later
/* A gate schedule and its beginning as values: written, shown, copied, compared. */
#include <inttypes.h>
#include <stdlib.h>

#include "features/qdisc/taprio.h"
#include "util/text.h"

static const struct word commands[] = {
	{ "set", TC_TAPRIO_CMD_SET_GATES },
	{ "hold", TC_TAPRIO_CMD_SET_AND_HOLD },
	{ "release", TC_TAPRIO_CMD_SET_AND_RELEASE },
	{ NULL, 0 },
};

static const struct row gate_rows[] = {
	{ .key = "gates", .type = &type_u32, .offset = offsetof(struct gate, open),
	  .max = 0xffff, .help = "Bit n: class n may send" },
	{ .key = "interval", .type = &type_time_ns32, .min = 1, .max = UINT32_MAX,
	  .help = "How long" },
	{ .key = "command", .type = &type_enum8, .offset = offsetof(struct gate, command),
	  .data = commands, .help = "And what is done about preemption" },
};

enum { GATES, INTERVAL, COMMAND };

static const char *nth_key(const void *data _unused_, unsigned n)
{
	return n < ARRAY_SIZE(gate_rows) ? gate_rows[n].key : NULL;
}

static int gate_refuse(struct parse *p, unsigned line, struct parse *one)
{
	_cleanup_free_ char *why = one->why;

	return parse_refuse(p, "line %u: %s: %s", line, one->row->key, why);
}

static int gate_parse(struct parse *p, const config_setting_t *s, unsigned line, struct gate *g)
{
	struct parse one = { 0 };
	unsigned seen = 0;
	int64_t interval;

	if (!config_setting_is_group(s))
		return parse_refuse(p, "line %u must be { gates = 0x1; interval = \"300us\"; }",
				    line);
	for (int n = 0; n < config_setting_length(s); n++) {
		const config_setting_t *e = config_setting_get_elem(s, n);
		const char *key = config_setting_name(e);
		unsigned k = 0;

		while (k < ARRAY_SIZE(gate_rows) && strcmp(gate_rows[k].key, key))
			k++;
		if (k == ARRAY_SIZE(gate_rows)) {
			_cleanup_free_ char *hint = text_hint(key, nth_key, NULL);

			return parse_refuse(p, "line %u: %s: unknown key%s", line, key, hint);
		}
		one.row = &gate_rows[k];
		seen |= 1u << k;
		if (one.row->type->parse(&one, e, k == INTERVAL ? (void *)&interval :
							  row_value(one.row, (void *)g)) < 0)
			return gate_refuse(p, line, &one);
		if (k == INTERVAL)
			g->interval = interval;
	}
	if (!(seen & 1u << GATES) || !(seen & 1u << INTERVAL))
		return parse_refuse(p, "line %u needs gates and interval", line);
	return 0;
}

static int schedule_parse(struct parse *p, const config_setting_t *s, void *v)
{
	int n = config_setting_length(s), r;
	struct schedule out;

	if (!config_setting_is_list(s) || !n)
		return parse_refuse(p, "must be a list of groups: ( { gates = 0x1; interval = "
				       "\"300us\"; }, … )");
	out.n = n;
	out.gates = arena_alloc(p->arena, n * sizeof(*out.gates));
	for (int k = 0; k < n; k++) {
		r = gate_parse(p, config_setting_get_elem(s, k), k + 1, &out.gates[k]);
		if (r >= 0)
			continue;
		if (!p->arena)
			free(out.gates);
		return r;
	}
	memcpy(v, &out, sizeof(out));
	return 0;
}

static json_t *schedule_json(const struct row *row _unused_, const void *v)
{
	const struct schedule *s = v;
	json_t *j = json_array();

	for (unsigned n = 0; n < s->n; n++) {
		const struct gate *g = &s->gates[n];
		_cleanup_free_ char *interval = time_text(g->interval);
		json_t *line = json_pack("{s:i, s:s}", "gates", g->open, "interval", interval);
		const char *word = word_of(commands, g->command);

		if (g->command != TC_TAPRIO_CMD_SET_GATES)
			json_object_set_new(line, "command", json_string(word ? word : "?"));
		json_array_append_new(j, line);
	}
	return j;
}

static bool schedule_equal(const struct row *row _unused_, const void *a, const void *b)
{
	const struct schedule *x = a, *y = b;

	if (x->n != y->n)
		return false;
	for (unsigned n = 0; n < x->n; n++)
		if (x->gates[n].open != y->gates[n].open ||
		    x->gates[n].interval != y->gates[n].interval ||
		    x->gates[n].command != y->gates[n].command)
			return false;
	return true;
}

static void schedule_copy(struct arena *a, void *to, const void *from)
{
	const struct schedule *f = from;
	struct schedule *t = to;

	t->n = f->n;
	t->gates = arena_alloc(a, max_of(f->n, 1u) * sizeof(*t->gates));
	if (f->n)
		memcpy(t->gates, f->gates, f->n * sizeof(*t->gates));
}

static void schedule_done(void *v)
{
	struct schedule *s = v;

	free(TAKE_PTR(s->gates));
	s->n = 0;
}

static int schedule_put(struct nl_msg *msg, const struct row *row, const void *v)
{
	struct nlattr *list = nla_nest_start(msg, row->attr), *nest;
	const struct schedule *s = v;
	int bad = list ? 0 : -1;

	for (unsigned n = 0; bad >= 0 && n < s->n; n++) {
		nest = nla_nest_start(msg, TCA_TAPRIO_SCHED_ENTRY);
		bad = nest ? 0 : -1;
		bad |= nla_put_u8(msg, TCA_TAPRIO_SCHED_ENTRY_CMD, s->gates[n].command);
		bad |= nla_put_u32(msg, TCA_TAPRIO_SCHED_ENTRY_GATE_MASK, s->gates[n].open);
		bad |= nla_put_u32(msg, TCA_TAPRIO_SCHED_ENTRY_INTERVAL, s->gates[n].interval);
		if (bad >= 0)
			nla_nest_end(msg, nest);
	}
	if (bad < 0)
		return -EMSGSIZE;
	nla_nest_end(msg, list);
	return 0;
}

static int schedule_get(const struct row *row _unused_, const struct nlattr *a, void *v)
{
	struct nlattr *tb[TCA_TAPRIO_SCHED_ENTRY_MAX + 1], *entry;
	struct schedule out = { 0 };
	int left;

	nla_for_each_nested(entry, (struct nlattr *)a, left) {
		struct gate g = { 0 };

		if (nla_parse_nested(tb, TCA_TAPRIO_SCHED_ENTRY_MAX, entry, NULL) < 0) {
			free(out.gates);
			return -EBADMSG;
		}
		if (tb[TCA_TAPRIO_SCHED_ENTRY_CMD])
			g.command = nla_get_u8(tb[TCA_TAPRIO_SCHED_ENTRY_CMD]);
		if (tb[TCA_TAPRIO_SCHED_ENTRY_GATE_MASK])
			g.open = nla_get_u32(tb[TCA_TAPRIO_SCHED_ENTRY_GATE_MASK]);
		if (tb[TCA_TAPRIO_SCHED_ENTRY_INTERVAL])
			g.interval = nla_get_u32(tb[TCA_TAPRIO_SCHED_ENTRY_INTERVAL]);
		out.gates = array_reserve(out.gates, out.n, sizeof(g));
		out.gates[out.n++] = g;
	}
	memcpy(v, &out, sizeof(out));
	return 0;
}

const struct type type_schedule = {
	.name = "a gate schedule", .signature = "aa{sv}", .size = sizeof(struct schedule),
	.parse = schedule_parse, .json = schedule_json, .equal = schedule_equal,
	.copy = schedule_copy, .done = schedule_done, .put = schedule_put, .get = schedule_get,
};

int64_t schedule_length(const struct schedule *s)
{
	int64_t sum = 0;

	for (unsigned n = 0; n < s->n; n++)
		sum += s->gates[n].interval;
	return sum;
}

/* The longest run of intervals in which the gate is open, or is not. */
static int64_t longest(const struct schedule *s, unsigned class, bool open)
{
	int64_t run = 0, most = 0;

	/* Twice: it may go on over the end of the cycle. */
	for (unsigned n = 0; n < 2 * s->n; n++) {
		const struct gate *g = &s->gates[n % s->n];

		run = !!(g->open >> class & 1) == open ? run + g->interval : 0;
		most = max_of(most, run);
	}
	return most && most == 2 * schedule_length(s) ? INT64_MAX : most;
}

int64_t schedule_open(const struct schedule *s, unsigned class)
{
	return longest(s, class, true);
}

int64_t schedule_closed(const struct schedule *s, unsigned class)
{
	return longest(s, class, false);
}

/* A point in time of the schedule's clock: nanoseconds since its epoch. */

static int base_parse(struct parse *p, const config_setting_t *s, void *v)
{
	const char *text;
	int64_t n;

	switch (config_setting_type(s)) {
	case CONFIG_TYPE_INT:
	case CONFIG_TYPE_INT64:
		n = config_setting_get_int64(s);
		break;
	case CONFIG_TYPE_STRING:
		text = config_setting_get_string(s);
		if (text_to_number(text, &n) < 0 && time_parse(p, s, &n) < 0)
			return -EINVAL;
		break;
	default:
		return parse_refuse(p, "must be nanoseconds since the epoch of the clock");
	}
	if (n < 0)
		return parse_refuse(p, "%" PRId64 " is before the epoch of the clock", n);
	*(int64_t *)v = n;
	return 0;
}

static json_t *base_json(const struct row *row _unused_, const void *v)
{
	return json_sprintf("%" PRId64, *(const int64_t *)v);
}

static int base_put(struct nl_msg *msg, const struct row *row, const void *v)
{
	return nla_put(msg, row->attr, 8, v);
}

static int base_get(const struct row *row _unused_, const struct nlattr *a, void *v)
{
	if (nla_len(a) < 8)
		return -EINVAL;
	memcpy(v, nla_data(a), 8);
	return 0;
}

const struct type type_base_time = {
	.name = "a point in time", .signature = "s", .size = 8, .parse = base_parse,
	.json = base_json, .put = base_put, .get = base_get,
};
