// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The whole state as one document. A thousand interfaces are a megabyte, which the bus carries in
 * pieces of 2 KiB (dbus-transport-socket.c, max_bytes_read_per_iteration): its size is what the
 * one who asks waits for, and the time that it takes to write is lost for all others.
 *
 * What must stay true: whatever is left out of Describe() is what the manual says, and
 * DescribeGroups() and DescribeLink() have it.
 */
#include "bus/internal.h"
#include "config.h"
#include "core/document.h"
#include "core/switches.h"

static json_t *describe_netlink(const struct kernel_counters *c)
{
	return json_pack("{s:I, s:I, s:I, s:I}", "requests", (json_int_t)c->requests, "dumps",
			 (json_int_t)c->dumps, "notifications", (json_int_t)c->notifications,
			 "overruns", (json_int_t)c->overruns);
}

static json_t *describe_engine(const struct engine *e)
{
	_cleanup_(errors_done) struct errors warnings = { 0 };
	json_t *j;

	if (e->current)
		config_warn(e->current, e->mirror->seen, &warnings);
	j = json_pack("{s:i, s:s, s:s, s:I, s:o, s:o, s:o}", "version", 1, "program",
		      PACKAGE_VERSION, "state", engine_state_name(engine_state(e)), "generation",
		      (json_int_t)e->number, "netlink", describe_netlink(&e->kernel->counters),
		      "errors", errors_json(&e->refused), "warnings", errors_json(&warnings));
	transact_describe(e, j);
	json_object_set_new(j, "switches", switches_json(e->mirror->seen));
	return j;
}

/* Of features that every interface has: the values of a fresh one. NULL for all others. */
static struct object **fresh_new(void)
{
	struct object **fresh = mem_new(n_features * sizeof(*fresh));

	for (unsigned n = 0; n < n_features; n++)
		if (features[n]->everywhere)
			fresh[n] = feature_initial(features[n]);
	return fresh;
}

static void fresh_free(struct object **fresh)
{
	for (unsigned n = 0; fresh && n < n_features; n++)
		if (fresh[n])
			object_free(features[n], fresh[n]);
	free(fresh);
}

/* Rows that are not as a fresh interface has them, or that the configuration names. */
static uint64_t rows_worth_telling(const struct feature *f, const struct object *have,
				   const struct object *want, const struct object *fresh)
{
	uint64_t rows = 0;

	FOREACH_ROW(f, r)
		if (row_has(f, r, want) || !row_has(f, r, fresh) ||
		    (row_has(f, r, have) && !row_equal(r, have, fresh)))
			rows |= row_bit(f, r);
	return rows;
}

/* What glibc takes from its heap, and keeps (mem_expect()). */
#define LARGE 65536

struct telling {
	const struct bus *b;
	struct object **fresh; /* NULL: all that @only has */
	uint64_t *only; /* as of iface_json_of() */
	const char *before;
	struct document d;
};

/* What holds for all interfaces (devconf.h) is no interface's, and told whole. */
static void choose_rows(struct telling *t, const struct iface *have)
{
	const struct engine *e = t->b->engine;
	const struct iface *want = e->current ? model_find(e->current->want, have->name) : NULL;

	for (unsigned n = 0; n < n_features; n++)
		if (t->fresh[n])
			t->only[n] = have->ifindex < 0 ? UINT64_MAX :
				rows_worth_telling(features[n], have->part[n],
						   want ? want->part[n] : NULL, t->fresh[n]);
}

static void tell_link(struct telling *t, const struct iface *i)
{
	json_t *j;

	if (t->fresh)
		choose_rows(t, i);
	j = engine_json_of(t->b->engine, i->name, t->only);
	units_describe(t->b, i->name, j);
	document_put(&t->d, t->before, strlen(t->before));
	document_put_json(&t->d, j);
	json_decref(j);
	t->before = ",";
}

static void tell_engine(struct telling *t)
{
	static const char open[] = ",\"interfaces\":[";
	json_t *j = describe_engine(t->b->engine);

	document_put_json(&t->d, j);
	json_decref(j);
	t->d.used--; /* over the closing brace */
	document_put(&t->d, open, strlen(open));
}

static bool is_ascii(const char *s, size_t n)
{
	uint64_t eight;

	for (; n >= sizeof(eight); s += sizeof(eight), n -= sizeof(eight)) {
		memcpy(&eight, s, sizeof(eight));
		if (eight & UINT64_C(0x8080808080808080))
			return false;
	}
	while (n && !(*s & 0x80))
		s++, n--;
	return !n;
}

/* sd-bus looks at each character, which takes as long as to write them. */
static int answer(sd_bus_message *m, const struct document *d)
{
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
	char *to;
	int r;

	if (!is_ascii(d->text, d->used))
		return sd_bus_reply_method_return(m, "s", d->text);
	r = sd_bus_message_new_method_return(m, &reply);
	if (r >= 0)
		r = sd_bus_message_append_string_space(reply, d->used, &to);
	if (r < 0)
		return r;
	memcpy(to, d->text, d->used);
	return sd_bus_send(NULL, reply, NULL);
}

/* Written interface by interface: the whole tree would be several times as large as its text. */
static int tell(struct telling *t, sd_bus_message *m)
{
	const struct engine *e = t->b->engine;

	tell_engine(t);
	MODEL_FOREACH(e->mirror->seen, i)
		tell_link(t, i);
	if (e->current)
		MODEL_FOREACH(e->current->want, i)
			if (!model_find(e->mirror->seen, i->name))
				tell_link(t, i);
	document_put(&t->d, "]}", 2);
	if (t->d.used >= LARGE)
		engine_relax_later(t->b->engine);
	return answer(m, &t->d);
}

int describe_all(const struct bus *b, sd_bus_message *m)
{
	_cleanup_free_ uint64_t *only = mem_new(n_features * sizeof(*only));
	struct telling t = { .b = b, .fresh = fresh_new(), .only = only, .before = "" };
	int r;

	memset(only, 0xff, n_features * sizeof(*only));
	r = tell(&t, m);
	fresh_free(t.fresh);
	free(t.d.text);
	return r;
}

int describe_some(const struct bus *b, sd_bus_message *m, uint64_t *only)
{
	struct telling t = { .b = b, .only = only, .before = "" };
	int r = tell(&t, m);

	free(t.d.text);
	return r;
}
