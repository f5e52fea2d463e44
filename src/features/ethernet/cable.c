// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What a test of the cable found: CABLE_TEST_NTF, CABLE_TEST_TDR_NTF.
 *
 * The kernel tells it once and keeps nothing (ethnl_cable_test_finished()), so
 * it is kept here, whoever asked for the test, until the next one of that
 * device. Who asked through this daemon is answered when the result comes.
 *
 * What must stay true: each test that was asked for here ends: with the result,
 * the kernel's refusal, its device, or its time.
 */
#include "core/action.h"
#include "core/engine.h"
#include "features/ethernet/ethernet.h"
#include "nl/rtnl.h"
#include "nl/slow.h"

#define PAIRS 4
/* PHYs take up to some ten seconds (phy_state_machine() looks once a second). */
#define TEST_USEC UINT64_C(60000000)

struct cable {
	struct object o;
	uint8_t test, result[PAIRS];
	uint32_t fault[PAIRS];
};

/* ETHTOOL_A_CABLE_TEST_NTF_STATUS_… */
static const struct word test_words[] = { { "running", 1 }, { "completed", 2 }, { NULL, 0 } };

/* ETHTOOL_A_CABLE_RESULT_CODE_…; the last two since Linux 6.12. */
static const struct word result_words[] = {
	{ "unknown", 0 },    { "ok", 1 },	 { "open", 2 },
	{ "same short", 3 }, { "cross short", 4 }, { "impedance mismatch", 5 },
	{ "noise", 6 },	     { "resolution not possible", 7 }, { NULL, 0 },
};

#define PAIR(letter, n)                                                                            \
	{ .key = "pair_" #letter, .type = &type_enum8, VALUE(cable, result[n]),                    \
	  .data = result_words, .flags = ROW_STATE, .since = "5.8",                                \
	  .help = "What the last test found on pair " #letter },                                   \
	{ .key = "pair_" #letter "_fault", .type = &type_u32, VALUE(cable, fault[n]),              \
	  .flags = ROW_STATE, .since = "5.8",                                                      \
	  .help = "How far away the fault of pair " #letter " is, in centimetres" }

enum { TEST, FIRST_PAIR };
#define RESULT_BIT(n) BIT64(FIRST_PAIR + 2 * (n))
#define FAULT_BIT(n) BIT64(FIRST_PAIR + 2 * (n) + 1)

static const struct row rows[] = {
	[TEST] = { .key = "test", .type = &type_enum8, VALUE(cable, test), .data = test_words,
		   .flags = ROW_STATE, .since = "5.8", .help = "The last test of the cable" },
	PAIR(a, 0), PAIR(b, 1), PAIR(c, 2), PAIR(d, 3),
};

/* What is known of a device's cable, for as long as the device is there. */
struct known {
	int ifindex;
	struct cable values;
	UT_hash_handle hh;
};

struct cable_watch {
	struct known *known;
	struct action_run **runs; /* tests that were asked for here */
	unsigned n_runs;
};

static void *watch(struct mirror *m _unused_, sd_event *event _unused_)
{
	return new0(struct cable_watch);
}

static void forget(struct cable_watch *w, struct known *k)
{
	HASH_DEL(w->known, k);
	free(k);
}

static void unwatch(void *watcher)
{
	struct cable_watch *w = watcher;

	while (w->known)
		forget(w, w->known);
	free(w->runs);
	free(w);
}

static struct known *known_of(struct cable_watch *w, int ifindex)
{
	struct known *k;

	HASH_FIND_INT(w->known, &ifindex, k);
	if (k)
		return k;
	k = new0(struct known);
	k->ifindex = ifindex;
	HASH_ADD_INT(w->known, ifindex, k);
	return k;
}

static void show(struct mirror *m, struct iface *i, const struct known *k)
{
	struct cable *c = (struct cable *)iface_get_object(mirror_model(m), i, &cable_feature);

	*c = k->values;
	mirror_touch(m, i);
}

static struct cable_watch *watch_of(const struct mirror *m)
{
	return m->watchers ? m->watchers[cable_feature.id] : NULL;
}

static void end(struct cable_watch *w, struct action_run *r, int error, const char *kernel,
		const json_t *j)
{
	for (unsigned n = 0; n < w->n_runs; n++)
		if (w->runs[n] == r) {
			w->runs[n] = w->runs[--w->n_runs];
			break;
		}
	action_end(r, error, kernel, j);
}

static void end_all(struct cable_watch *w, int ifindex, int error, const json_t *j)
{
	for (unsigned n = w->n_runs; n > 0; n--)
		if (w->runs[n - 1]->ifindex == ifindex)
			end(w, w->runs[n - 1], error, NULL, j);
}

/* A model that was read anew has nothing of it. */
static void look(struct mirror *m)
{
	struct cable_watch *w = watch_of(m);
	struct known *k, *next;

	for (unsigned n = w ? w->n_runs : 0; n > 0; n--)
		if (!mirror_iface(m, w->runs[n - 1]->ifindex))
			end(w, w->runs[n - 1], -ENODEV, NULL, NULL);

	for (k = w ? w->known : NULL; k; k = next) {
		struct iface *i = mirror_iface(m, k->ifindex);

		next = k->hh.next;
		if (!i)
			forget(w, k);
		else if (!iface_object(i, &cable_feature))
			show(m, i, k);
	}
}

static uint32_t number_of(const struct nlattr *a)
{
	return !a ? 0 : nla_len(a) >= 4 ? nla_get_u32(a) : nla_len(a) >= 1 ? nla_get_u8(a) : 0;
}

/* Of a pair: its number and a value. */
static bool take_pair(const struct nlattr *nest, unsigned *ret_pair, uint32_t *ret_value)
{
	struct nlattr *tb[3];

	/* ETHTOOL_A_CABLE_RESULT_…, …_FAULT_LENGTH_…, …_AMPLITUDE_…: pair, then value */
	if (nla_parse_nested(tb, 2, (struct nlattr *)nest, NULL) < 0 || !tb[1] || !tb[2])
		return false;
	*ret_pair = number_of(tb[1]);
	*ret_value = nla_len(tb[2]) == 2 ? (uint32_t)(int16_t)nla_get_u16(tb[2]) : number_of(tb[2]);
	return *ret_pair < PAIRS;
}

static void take_results(struct cable *c, struct nlattr *nest)
{
	struct nlattr *a;
	uint32_t value;
	unsigned pair;
	int left;

	nla_for_each_nested(a, nest, left) {
		if (!take_pair(a, &pair, &value))
			continue;
		if (nla_type(a) == ETHTOOL_A_CABLE_NEST_RESULT) {
			c->result[pair] = value < ARRAY_SIZE(result_words) - 1 ? value : 0;
			c->o.present |= RESULT_BIT(pair);
		} else if (nla_type(a) == ETHTOOL_A_CABLE_NEST_FAULT_LENGTH) {
			c->fault[pair] = value;
			c->o.present |= FAULT_BIT(pair);
		}
	}
}

static json_t *pair_json(const struct cable *c, unsigned n)
{
	json_t *j = json_pack("{s:s%, s:s}", "pair", &"abcd"[n], (size_t)1, "result",
			      word_of(result_words, c->result[n]));

	if (c->o.present & FAULT_BIT(n))
		json_object_set_new(j, "fault_cm", json_integer(c->fault[n]));
	return j;
}

static json_t *results_json(const struct cable *c)
{
	json_t *pairs = json_array();

	for (unsigned n = 0; n < PAIRS; n++)
		if (c->o.present & RESULT_BIT(n))
			json_array_append_new(pairs, pair_json(c, n));
	return json_pack("{s:i, s:s, s:o}", "version", 1, "kind", "test", "pairs", pairs);
}

static void take_steps(json_t *j, struct nlattr *nest)
{
	static const char *const keys[] = {
		[ETHTOOL_A_CABLE_STEP_FIRST_DISTANCE] = "first_cm",
		[ETHTOOL_A_CABLE_STEP_LAST_DISTANCE] = "last_cm",
		[ETHTOOL_A_CABLE_STEP_STEP_DISTANCE] = "step_cm",
	};
	struct nlattr *tb[ETHTOOL_A_CABLE_STEP_STEP_DISTANCE + 1];

	if (nla_parse_nested(tb, ETHTOOL_A_CABLE_STEP_STEP_DISTANCE, nest, NULL) < 0)
		return;
	for (unsigned n = ETHTOOL_A_CABLE_STEP_FIRST_DISTANCE; n < ARRAY_SIZE(tb); n++)
		if (tb[n])
			json_object_set_new(j, keys[n], json_integer(number_of(tb[n])));
}

/* What came back of a pulse, in millivolts: for each pair a number a step. */
static json_t *echoes_json(struct nlattr *nest)
{
	json_t *j = json_pack("{s:i, s:s}", "version", 1, "kind", "tdr");
	json_t *list[PAIRS], *pairs = json_array();
	struct nlattr *a;
	uint32_t value;
	unsigned pair;
	int left;

	for (unsigned n = 0; n < PAIRS; n++)
		list[n] = json_array();
	nla_for_each_nested(a, nest, left) {
		if (nla_type(a) == ETHTOOL_A_CABLE_TDR_NEST_STEP)
			take_steps(j, a);
		else if (nla_type(a) == ETHTOOL_A_CABLE_TDR_NEST_AMPLITUDE &&
			 take_pair(a, &pair, &value))
			json_array_append_new(list[pair], json_integer((int32_t)value));
	}
	for (unsigned n = 0; n < PAIRS; n++)
		json_array_append_new(pairs, json_pack("{s:s%, s:o}", "pair", &"abcd"[n], (size_t)1,
						       "echoes_mv", list[n]));
	json_object_set_new(j, "pairs", pairs);
	return j;
}

static void complete_test(struct cable_watch *w, struct known *k, struct nlattr *nest, bool raw)
{
	json_t *j;

	if (!raw)
		take_results(&k->values, nest);
	j = raw ? echoes_json(nest) : results_json(&k->values);
	end_all(w, k->ifindex, 0, j);
	json_decref(j);
}

static int observe(struct mirror *m, const struct nlmsghdr *n, bool add _unused_)
{
	const struct genlmsghdr *g = NLMSG_DATA(n);
	struct nlattr *tb[ETHTOOL_A_CABLE_TEST_NTF_NEST + 1];
	struct iface *i = ethernet_parse(m, n, tb, ETHTOOL_A_CABLE_TEST_NTF_NEST);
	struct cable_watch *w = watch_of(m);
	struct known *k;

	if (!i || !w || !tb[ETHTOOL_A_CABLE_TEST_NTF_STATUS])
		return 0;
	k = known_of(w, i->ifindex);
	k->values = (struct cable){ .o.present = BIT64(TEST) };
	k->values.test = nla_get_u8(tb[ETHTOOL_A_CABLE_TEST_NTF_STATUS]);
	if (k->values.test == ETHTOOL_A_CABLE_TEST_NTF_STATUS_COMPLETED &&
	    tb[ETHTOOL_A_CABLE_TEST_NTF_NEST])
		complete_test(w, k, tb[ETHTOOL_A_CABLE_TEST_NTF_NEST],
			      g->cmd == ETHTOOL_MSG_CABLE_TEST_TDR_NTF);
	show(m, i, k);
	return 0;
}

static const struct source sources[] = {
	{ .get = GENL_ETHTOOL, .header = GENL_HDRLEN, .no_dump = true,
	  .commands = { .add = { ETHTOOL_MSG_CABLE_TEST_NTF, ETHTOOL_MSG_CABLE_TEST_TDR_NTF } },
	  .groups = { GENL_ETHTOOL_MONITOR } },
	{ 0 },
};

/* Refused; or begun, and what it finds is told. */
static void on_begun(void *data, int error, const struct nlmsghdr *n)
{
	struct action_run *r = data;
	_cleanup_free_ char *text = error && n ? rtnl_extack_text(n) : NULL;

	if (error)
		end(watch_of(r->engine->mirror), r, error, text, NULL);
}

static int on_late(sd_event_source *s _unused_, uint64_t usec _unused_, void *data)
{
	struct action_run *r = data;

	end(watch_of(r->engine->mirror), r, -ETIMEDOUT, "the kernel tells no result", NULL);
	return 0;
}

/* The driver may wait for the link to go down within the request: 1.5 s, Marvell's PHYs. */
static int start(struct action_run *r, const json_t *options)
{
	struct cable_watch *w = watch_of(r->engine->mirror);
	bool raw = json_is_true(json_object_get(options, "tdr"));
	int error;

	if (!w)
		return -EOPNOTSUPP;
	r->slow = slow_new(r->engine->event, ETHTOOL_GENL_NAME);
	error = ethernet_ask_slowly(r, raw ? ETHTOOL_MSG_CABLE_TEST_TDR_ACT :
					     ETHTOOL_MSG_CABLE_TEST_ACT, 0, 0, on_begun);
	if (error >= 0)
		error = sd_event_add_time_relative(r->engine->event, &r->timer, CLOCK_MONOTONIC,
						   TEST_USEC, 0, on_late, r);
	if (error < 0)
		return error;
	w->runs = array_reserve(w->runs, w->n_runs, sizeof(*w->runs));
	w->runs[w->n_runs++] = r;
	return 0;
}

static const struct action_option options[] = { { "tdr", "b", 0, 0 }, { 0 } };

static const struct action actions[] = {
	{ .method = "TestCable", .options = options, .answers = true, .start = start },
	{ 0 },
};

struct feature cable_feature = {
	.name = "ethernet.cable", .help = "What the last test of the cable found",
	.form = FORM_GROUP, .size = sizeof(struct cable), .rows = rows, .n_rows = ARRAY_SIZE(rows),
	.sources = sources, .observe = observe, .watch = watch, .unwatch = unwatch, .look = look,
	.actions = actions,
};
