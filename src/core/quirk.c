// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What drivers do beyond what they are asked for, and what they cannot. It is
 * a file, so that a driver that is found to be so needs no other daemon.
 * Without the file plans are what the rows say.
 *
 * What must stay true: the kernel knows better. A limit that it tells of (the
 * number of queues) is a condition of the entry, so that a driver that has
 * learnt more is believed.
 */
#include "core/quirk.h"

#include <errno.h>
#include <stdlib.h>

#include "core/model.h"
#include "core/source.h"
#include "util/log.h"

static struct quirk *quirks;
static unsigned n_quirks;

static const char *const effect_words[QUIRK_MAX_] = {
	[QUIRK_BOUNCE] = "bounce", [QUIRK_LOWER] = "lower", [QUIRK_REFUSED] = "refused",
	[QUIRK_WARNED] = "warning", [QUIRK_LIMIT] = "limit",
};

static void forget_conditions(struct quirk_condition *c, unsigned n)
{
	for (unsigned k = 0; k < n; k++) {
		free(c[k].key);
		free(c[k].is);
	}
	free(c);
}

static void forget(void)
{
	for (unsigned n = 0; n < n_quirks; n++) {
		free(quirks[n].drivers);
		free(quirks[n].key);
		free(quirks[n].why);
		free(quirks[n].source);
		forget_conditions(quirks[n].when, quirks[n].n_when);
		forget_conditions(quirks[n].unless, quirks[n].n_unless);
	}
	free(TAKE_PTR(quirks));
	n_quirks = 0;
}

/* ( { key = "dsa.conduit"; }, { key = "xdp.mode"; is = "native"; }, { key = "n"; above = 1; } ) */
static bool read_conditions(const config_setting_t *s, const char *name,
			    struct quirk_condition **ret, unsigned *n)
{
	const config_setting_t *list = config_setting_get_member(s, name), *e;
	const char *key, *is;
	long long above;

	for (unsigned k = 0; list && (e = config_setting_get_elem(list, k)); k++) {
		if (!config_setting_lookup_string(e, "key", &key))
			return false;
		if (!config_setting_lookup_string(e, "is", &is))
			is = NULL;
		if (!config_setting_lookup_int64(e, "above", &above))
			above = -1;
		*ret = array_reserve(*ret, *n, sizeof(**ret));
		(*ret)[(*n)++] = (struct quirk_condition){ str_dup(key), is ? str_dup(is) : NULL,
							   above };
	}
	return true;
}

static bool read_effect(const char *word, enum quirk_effect *ret)
{
	for (unsigned n = 0; n < QUIRK_MAX_; n++)
		if (!strcmp(word, effect_words[n])) {
			*ret = n;
			return true;
		}
	return false;
}

/* A name, or an array of names. NULL: there is none. */
static char *read_drivers(const config_setting_t *s)
{
	const config_setting_t *d = config_setting_get_member(s, "driver");
	const char *one = d ? config_setting_get_string(d) : NULL, *name;
	char *all = one ? str_format(" %s ", one) : NULL;

	for (unsigned n = 0; d && !one && (name = config_setting_get_string_elem(d, n)); n++) {
		char *before = all;

		all = str_format("%s%s ", before ? before : " ", name);
		free(before);
	}
	return all;
}

/* Return: what is wrong with the entry, or NULL. */
static const char *read_quirk(const config_setting_t *s)
{
	const char *key, *why, *source, *effect, *only = NULL;
	struct quirk *q;

	if (!config_setting_lookup_string(s, "key", &key) ||
	    !config_setting_lookup_string(s, "why", &why) ||
	    !config_setting_lookup_string(s, "source", &source) ||
	    !config_setting_lookup_string(s, "effect", &effect))
		return "key, effect, why and source are needed";
	if (!config_setting_get_member(s, "driver") && !config_setting_get_member(s, "when"))
		return "driver or when is needed";
	if (config_setting_lookup_string(s, "only", &only) && strcmp(only, "appears"))
		return "only: only \"appears\" is known";
	quirks = array_reserve(quirks, n_quirks, sizeof(*quirks));
	q = &quirks[n_quirks++];
	*q = (struct quirk){ read_drivers(s), str_dup(key), str_dup(why), str_dup(source),
			     .appears = only };
	if (!read_effect(effect, &q->effect))
		return "effect: is bounce, lower, refused, warning or limit";
	if (!read_conditions(s, "when", &q->when, &q->n_when) ||
	    !read_conditions(s, "unless", &q->unless, &q->n_unless))
		return "when and unless are lists of { key, is, above }";
	return NULL;
}

static void read_quirks(const config_t *c, const struct text *text, struct errors *e)
{
	const config_setting_t *list = config_lookup(c, "quirks"), *s;

	for (unsigned n = 0; list && (s = config_setting_get_elem(list, n)); n++) {
		struct origin at = text_origin(text, config_setting_source_line(s));
		const char *wrong = read_quirk(s);

		if (wrong)
			errors_add(e, &at, "%s", wrong);
	}
}

static void read_table(const char *path, struct arena *names, struct errors *e)
{
	struct text text;
	config_t c;

	if (text_load(path, NULL, names, e, &text) < 0)
		return;
	if (text_parse(&text, e, &c) == 0) {
		read_quirks(&c, &text, e);
		config_destroy(&c);
	}
	text_done(&text);
}

int quirks_load(const char *path)
{
	_cleanup_(arena_freep) struct arena *names = arena_new();
	_cleanup_(errors_done) struct errors e = { 0 };

	forget();
	if (path)
		read_table(path, names, &e);
	if (!e.n)
		return 0;
	forget();
	for (unsigned n = 0; n < e.n; n++)
		log_warning("%s", e.lines[n]);
	log_warning("no quirks of drivers are known");
	return -EINVAL;
}

void quirks_load_installed(void)
{
	const char *path = getenv("NETCTLD_QUIRKS");

	(void)quirks_load(path ? path : PKGDATADIR "/quirks");
}

static bool is_there(const struct feature *f, const struct row *r, const struct object *o)
{
	return row_has(f, r, o) && !row_is_zero(r, o) && !row_is_initial(f, r, o);
}

/* What stands behind the feature's name in @key; NULL: it is not of this feature. */
static const char *key_within(const struct feature *f, const char *key)
{
	size_t n = strlen(f->name);

	if (f->form == FORM_ROOT)
		return key;
	return !strncmp(key, f->name, n) && key[n] == '.' ? key + n + 1 : NULL;
}

static bool is_key(const struct feature *f, const struct row *r, const char *key)
{
	const char *within = key_within(f, key);

	return within && !strcmp(r->key, within);
}

/* What @i says of @key; false: nothing. */
static bool look_up(const struct iface *i, const char *key, const struct feature **ret_f,
		    const struct row **ret_r)
{
	for (unsigned n = 0; i && n < n_features; n++) {
		const struct feature *f = features[n];
		const char *within = f->form == FORM_LIST ? NULL : key_within(f, key);
		const struct row *r = within ? row_find(f, within) : NULL;

		if (!r || !row_has(f, r, i->part[n]))
			continue;
		*ret_f = f;
		*ret_r = r;
		return true;
	}
	return false;
}

static int64_t number_of(const struct row *r, const struct object *o)
{
	json_auto_t *j = r->type->json(r, row_value(r, o));

	return json_is_integer(j) ? json_integer_value(j) : 0;
}

static bool holds(const struct quirk_condition *c, const struct iface *have,
		  const struct iface *want)
{
	const struct iface *i = want;
	const struct feature *f;
	const struct row *r;
	_cleanup_free_ char *text = NULL;

	if (!look_up(i, c->key, &f, &r)) {
		i = have;
		if (!look_up(i, c->key, &f, &r))
			return false;
	}
	if (!c->is)
		return c->above < 0 || number_of(r, i->part[f->id]) > c->above;
	text = row_text(f, r, i->part[f->id]);
	return !strcmp(text, c->is);
}

static bool is_driver(const struct quirk *q, const struct link *link)
{
	const char *word = link ? link->driver : NULL, *at = q->drivers;
	size_t len = word ? strlen(word) : 0;

	/* There is a space before and behind each of them. */
	while (len && (at = strstr(at, word))) {
		if (at[-1] == ' ' && at[len] == ' ')
			return true;
		at++;
	}
	return false;
}

static bool is_meant(const struct quirk *q, const struct iface *have, const struct iface *want)
{
	if (q->drivers && !is_driver(q, iface_link(have)))
		return false;
	for (unsigned n = 0; n < q->n_when; n++)
		if (!holds(&q->when[n], have, want))
			return false;
	for (unsigned n = 0; n < q->n_unless; n++)
		if (holds(&q->unless[n], have, want))
			return false;
	return true;
}

const struct quirk *quirk_find(const struct iface *have, const struct iface *want,
			       const struct feature *f, const struct row *row,
			       const struct object *to, const struct object *from)
{
	for (unsigned n = 0; have && n < n_quirks; n++) {
		const struct quirk *q = &quirks[n];

		if ((q->effect == QUIRK_BOUNCE || q->effect == QUIRK_LOWER) &&
		    is_key(f, row, q->key) &&
		    (!q->appears || is_there(f, row, to) != is_there(f, row, from)) &&
		    is_meant(q, have, want))
			return q;
	}
	return NULL;
}

const struct quirk *quirk_limit(const struct iface *have, const char *key)
{
	for (unsigned n = 0; n < n_quirks; n++)
		if (quirks[n].effect == QUIRK_LIMIT && !strcmp(quirks[n].key, key) &&
		    is_meant(&quirks[n], have, NULL))
			return &quirks[n];
	return NULL;
}

/* An entry of the kind that @key names ("qdisc.taprio"). */
static bool asks_entry(const struct feature *f, const struct list *l, const char *kind,
		       const struct origin **ret_where)
{
	for (unsigned n = 0; l && n < l->n; n++) {
		const struct feature *v = object_feature(f, l->items[n]);

		if (!v->kind || strcmp(v->kind, kind))
			continue;
		*ret_where = object_where(v, v->rows, l->items[n]);
		return true;
	}
	return false;
}

/* Does the configuration ask for what the entry is about? */
static bool asks(const struct iface *want, const char *key, const struct origin **ret_where)
{
	for (unsigned n = 0; n < n_features; n++) {
		const struct feature *f = features[n];
		const char *within = want->part[n] ? key_within(f, key) : NULL;
		const struct row *r = within && f->form != FORM_LIST ? row_find(f, within) : NULL;

		if (within && f->form == FORM_LIST &&
		    asks_entry(f, want->part[n], within, ret_where))
			return true;
		if (!r || !row_has(f, r, want->part[n]))
			continue;
		*ret_where = object_where(f, r, want->part[n]);
		return true;
	}
	return false;
}

static const struct quirk *next_asked(unsigned *n, enum quirk_effect effect,
				      const struct iface *have, const struct iface *want,
				      const struct origin **ret_where)
{
	for (; have && *n < n_quirks; (*n)++) {
		const struct quirk *q = &quirks[*n];

		if (q->effect == effect && asks(want, q->key, ret_where) &&
		    is_meant(q, have, want))
			return &quirks[(*n)++];
	}
	return NULL;
}

char *quirk_refuses(const struct iface *have, const struct iface *want,
		    const struct origin **ret_where)
{
	unsigned n = 0;
	const struct quirk *q = next_asked(&n, QUIRK_REFUSED, have, want, ret_where);

	return q ? str_format("%s: %s (%s)", q->key, q->why, q->source) : NULL;
}

void quirk_warn(const struct iface *have, const struct iface *want, struct errors *warnings)
{
	const struct origin *at;
	const struct quirk *q;
	unsigned n = 0;

	while ((q = next_asked(&n, QUIRK_WARNED, have, want, &at)))
		errors_add(warnings, at, "%s: %s: %s (%s)", want->name, q->key, q->why, q->source);
}
