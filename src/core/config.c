// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * From libconfig's tree to a desired model, by the rows.
 *
 * Each file is parsed by itself and its values are written over those of the
 * files before it, key by key; lists replace. The walk never stops at an
 * error: it notes it with its place and goes on, so that all are told at
 * once. Whoever calls throws the model away if there was any.
 */
#include "core/config.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/config-files.h"
#include "core/source.h"
#include "util/hash.h"
#include "util/log.h"
#include "util/text.h"

const char *const config_default_paths[CONFIG_N_DEFAULT_PATHS] = {
	"/etc/netctld", "/run/netctld", "/usr/lib/netctld",
};

const struct word drift_words[] = {
	{ "repair", DRIFT_REPAIR }, { "report", DRIFT_REPORT }, { NULL, 0 },
};

static const struct word level_words[] = {
	{ "error", LOG_ERR },	{ "warning", LOG_WARNING }, { "notice", LOG_NOTICE },
	{ "info", LOG_INFO },	{ "debug", LOG_DEBUG },	    { NULL, 0 },
};

static const struct row settings_rows[] = {
	[SETTINGS_ON_DRIFT] = { .key = "on_drift", .type = &type_enum8, VALUE(settings, on_drift),
	  .data = drift_words, .flags = ROW_POLICY, .initial = "\"repair\"",
	  .help = "What to do when a setting no longer is what the configuration says" },
	[SETTINGS_LOG_LEVEL] = { .key = "log_level", .type = &type_enum8,
	  VALUE(settings, log_level), .data = level_words,
	  .flags = ROW_POLICY, .initial = "\"info\"",
	  .help = "The least important messages that are logged" },
};

const struct feature settings_feature = {
	.name = "daemon", .help = "Settings of the daemon itself", .form = FORM_GROUP,
	.size = sizeof(struct settings), .rows = settings_rows, .n_rows = ARRAY_SIZE(settings_rows),
};

/* What the walk through one file carries along. */
struct walk {
	struct model *model;
	struct settings *settings;
	struct errors *errors;
	const struct instead *instead;
	struct arena *names; /* of the files, for the origins */
	const struct text *text;
	struct iface *iface;	   /* whose entry it is */
	char object[IFNAMSIZ + 1]; /* its name, for messages */
	uint64_t hash; /* of the files so far */
	bool record; /* a record of ours, not a person's file */
	bool stored; /* a generation of ours: it says who it was */
};

static struct origin origin_of(const struct walk *w, const config_setting_t *s)
{
	return text_origin(w->text, config_setting_source_line(s));
}

static void error_at(struct walk *w, const config_setting_t *s, const char *fmt, ...)
	_printf_(3, 4);

static void error_at(struct walk *w, const config_setting_t *s, const char *fmt, ...)
{
	struct origin at = origin_of(w, s);
	char *text;
	va_list ap;

	va_start(ap, fmt);
	text = str_vformat(fmt, ap);
	va_end(ap);
	errors_add(w->errors, &at, "%s%s%s", w->object, w->object[0] ? ": " : "", text);
	free(text);
}

/* Keys that a person may have meant. */
struct keys {
	const struct feature *feature; /* NULL: an interface's entry */
};

/* The name of the @i-th group within the group @f, without @f's own; NULL: no more. */
static const char *nth_inner(const struct feature *f, unsigned i)
{
	size_t size = strlen(f->name);

	for (unsigned n = 0; n < n_features; n++)
		if (!strncmp(features[n]->name, f->name, size) && features[n]->name[size] == '.' &&
		    !strchr(features[n]->name + size + 1, '.') && i-- == 0)
			return features[n]->name + size + 1;
	return NULL;
}

static const char *nth_key(const void *data, unsigned i)
{
	const struct keys *k = data;
	const struct feature *root = features[FEATURE_LINK];

	if (k->feature && i < k->feature->n_rows)
		return k->feature->rows[i].key;
	if (k->feature)
		return nth_inner(k->feature, i - k->feature->n_rows);
	if (i == 0)
		return "name";
	if (--i < root->n_rows)
		return root->rows[i].key;
	i -= root->n_rows;
	return i + 1 < n_features ? features[i + 1]->name : NULL;
}

/* "tso" */
static const char *named_elsewhere(const struct feature *f, const char *key)
{
	FOREACH_ROW(f, r)
		if (r->also && !strcmp(r->also, key))
			return r->key;
	return NULL;
}

static void unknown_key(struct walk *w, const config_setting_t *s, const struct feature *f)
{
	const struct keys keys = { f };
	const char *key = config_setting_name(s);
	const char *mine = named_elsewhere(f ? f : features[FEATURE_LINK], key);
	_cleanup_free_ char *hint = mine ? str_format(" (did you mean \"%s\"?)", mine) :
					   text_hint(key, nth_key, &keys);
	const char *group = f && f->form != FORM_ROOT ? f->name : "";

	error_at(w, s, "%s%s%s: unknown key%s", group, *group ? "." : "", key, hint);
}

/*
 * A later file wins key by key; but what one file says twice of an interface is a slip, of which
 * only the last would count. (The kind of an entry is read first, and then again: parse_variant().)
 */
static bool said_before(struct walk *w, const config_setting_t *s, const char *group,
			const struct origin *before)
{
	struct origin at = origin_of(w, s);

	if (!before->file || strcmp(before->file, at.file) || before->line == at.line)
		return false;
	error_at(w, s, "%s%s%s: is set already, in line %u", group, *group ? "." : "",
		 config_setting_name(s), before->line);
	return true;
}

static void parse_row(struct walk *w, const struct feature *f, const struct row *r,
		      struct object *o, const config_setting_t *s)
{
	const char *group = f->form == FORM_ROOT ? "" : f->name, *dot = *group ? "." : "";
	struct parse p = { .row = r, .arena = w->model ? w->model->arena : NULL };

	if ((r->flags & (ROW_STATE | ROW_IMPLIED)) && !w->record) {
		error_at(w, s, "%s%s%s: is the kernel's to say and cannot be set", group, dot,
			 r->key);
		return;
	}
	if (o->where && said_before(w, s, group, &o->where[r - f->rows]))
		return;
	if (row_has(f, r, o) && r->type->done && !p.arena)
		r->type->done(row_value(r, o));
	if (r->type->parse(&p, s, row_value(r, o)) < 0) {
		error_at(w, p.at ? p.at : s, "%s%s%s: %s", group, dot, r->key, p.why);
		free(p.why);
		return;
	}
	o->present |= row_bit(f, r);
	if (o->where)
		o->where[r - f->rows] = origin_of(w, s);
}

static struct object *desired_object(struct walk *w, struct iface *i, const struct feature *f)
{
	struct object *o = iface_get_object(w->model, i, f);

	if (!o->where && w->model->arena)
		o->where = arena_alloc(w->model->arena, f->n_rows * sizeof(*o->where));
	return o;
}

static const struct feature *inner_group(const struct feature *f, const char *key)
{
	_cleanup_free_ char *name = str_format("%s.%s", f->name, key);

	return f->form == FORM_GROUP ? feature_find(name) : NULL;
}

static void parse_group(struct walk *w, const struct feature *f, const config_setting_t *s);

static void parse_members(struct walk *w, const struct feature *f, struct object *o,
			  const config_setting_t *group)
{
	for (int n = 0; n < config_setting_length(group); n++) {
		const config_setting_t *s = config_setting_get_elem(group, n);
		const struct row *r = row_find(f, config_setting_name(s));
		const struct feature *inner = r ? NULL : inner_group(f, config_setting_name(s));

		if (r)
			parse_row(w, f, r, o, s);
		else if (inner)
			parse_group(w, inner, s);
		else
			unknown_key(w, s, f);
	}
}

static void parse_group(struct walk *w, const struct feature *f, const config_setting_t *s)
{
	if (config_setting_is_group(s))
		parse_members(w, f, desired_object(w, w->iface, f), s);
	else
		error_at(w, s, "%s: must be a group { … }", f->name);
}

/* Every row of an entry takes the entry's place where it has none of its own. */
static void place_entry(const struct walk *w, const struct feature *f, struct object *o,
			const config_setting_t *s)
{
	for (unsigned n = 0; o->where && n < f->n_rows; n++)
		if (!o->where[n].file)
			o->where[n] = origin_of(w, s);
}

/* Of entries of several kinds, the kind comes first: it says what else there may be. */
static const struct feature *parse_variant(struct walk *w, const struct feature *f,
					   struct object *o, const config_setting_t *s)
{
	const config_setting_t *kind;

	if (!f->variant || !config_setting_is_group(s))
		return f;
	kind = config_setting_get_member(s, f->rows[0].key);
	if (!kind)
		error_at(w, s, "%s: an entry needs \"%s\"", f->name, f->rows[0].key);
	else
		parse_row(w, f, &f->rows[0], o, kind);
	return object_feature(f, o);
}

static void parse_entry(struct walk *w, struct iface *i, const struct feature *f,
			const config_setting_t *s)
{
	struct arena *a = w->model->arena;
	struct object *o = object_new(f, a);
	struct list *l = iface_get_list(w->model, i, f);
	struct parse p = { .arena = a };
	unsigned before = w->errors->n;
	const struct feature *v = parse_variant(w, f, o, s);

	if (a)
		o->where = arena_alloc(a, v->n_rows * sizeof(*o->where));
	if (config_setting_is_group(s)) {
		parse_members(w, v, o, s);
	} else if (!f->parse_entry) {
		error_at(w, s, "%s: every entry must be a group { … }", f->name);
	} else if (f->parse_entry(&p, s, o) < 0) {
		error_at(w, s, "%s: %s", f->name, p.why);
		free(p.why);
	}
	FOREACH_ROW(f, r)
		if (w->errors->n == before && (r->flags & ROW_KEY) && !row_has(f, r, o) &&
		    !r->initial && !(r->flags & ROW_OPTIONAL))
			error_at(w, s, "%s: an entry needs \"%s\"", f->name, r->key);
	place_entry(w, v, o, s);
	if (f->complete_entry)
		f->complete_entry(o);
	if (w->errors->n == before && list_find(f, l, o))
		error_at(w, s, "%s: the same entry twice", f->name);
	if (w->errors->n == before)
		list_add(f, l, o);
	else if (!a)
		object_free(f, o);
}

static void parse_list(struct walk *w, struct iface *i, const struct feature *f,
		       const config_setting_t *s)
{
	const struct list *l;

	if (!config_setting_is_aggregate(s)) {
		error_at(w, s, "%s: must be a list: [ … ] or ( … )", f->name);
		return;
	}
	l = iface_list(i, f);
	if (l && l->n && l->items[0]->where && said_before(w, s, "", l->items[0]->where))
		return;
	iface_drop(w->model, i, f); /* a later file's list replaces */
	iface_get_list(w->model, i, f);
	if (config_setting_is_group(s)) { /* a list of one */
		parse_entry(w, i, f, s);
		return;
	}
	for (int n = 0; n < config_setting_length(s); n++)
		parse_entry(w, i, f, config_setting_get_elem(s, n));
}

static void parse_key(struct walk *w, struct iface *i, const config_setting_t *s)
{
	const struct feature *root = features[FEATURE_LINK], *f;
	const char *key = config_setting_name(s);
	const struct row *r = row_find(root, key);

	if (!strcmp(key, "name"))
		return;
	if (w->record && !strcmp(key, "ifindex")) {
		i->ifindex = config_setting_get_int(s);
		return;
	}
	if (w->record && !strcmp(key, "former")) {
		i->former = config_setting_get_int(s);
		return;
	}
	if (w->record && !strcmp(key, "created")) {
		i->created = config_setting_get_bool(s);
		return;
	}
	if (r) {
		parse_row(w, root, r, desired_object(w, i, root), s);
		return;
	}
	f = feature_find(key);
	if (!f || f == root)
		unknown_key(w, s, NULL);
	else if (f->form == FORM_LIST)
		parse_list(w, i, f, s);
	else
		parse_group(w, f, s);
}

bool interface_name_valid(const char *name)
{
	size_t n = strlen(name);

	if (!n || n >= IFNAMSIZ || !strcmp(name, ".") || !strcmp(name, ".."))
		return false;
	for (; *name; name++)
		if (*name == '/' || *name == ':' || *name == '%' || (unsigned char)*name <= ' ')
			return false;
	return true;
}

static void parse_interface(struct walk *w, const config_setting_t *s)
{
	const char *name = NULL;
	struct iface *i;

	if (!config_setting_is_group(s)) {
		error_at(w, s, "interfaces: every entry must be a group { … }");
		return;
	}
	if (!config_setting_lookup_string(s, "name", &name)) {
		error_at(w, s, "interfaces: an entry needs a name (name = \"lan0\")");
		return;
	}
	if (!interface_name_valid(name)) {
		error_at(w, s, "interfaces: \"%s\" is no name of an interface (1 to %d bytes, no "
			 "space, '/', ':' or '%%')", name, IFNAMSIZ - 1);
		return;
	}
	i = model_get(w->model, name);
	if (!i->where.file)
		i->where = origin_of(w, s);
	snprintf(w->object, sizeof(w->object), "%s", name);
	w->iface = i;
	for (int n = 0; n < config_setting_length(s); n++)
		parse_key(w, i, config_setting_get_elem(s, n));
	w->object[0] = 0;
}

static const char *nth_top(const void *data _unused_, unsigned i)
{
	return i == 0 ? "interfaces" : i == 1 ? "daemon" : NULL;
}

static void parse_top(struct walk *w, const config_setting_t *s)
{
	const char *key = config_setting_name(s), *near;

	if (!strcmp(key, "interfaces")) {
		if (!config_setting_is_list(s)) {
			error_at(w, s, "interfaces: must be a list of groups: ( { name = … }, … )");
			return;
		}
		for (int n = 0; n < config_setting_length(s); n++)
			parse_interface(w, config_setting_get_elem(s, n));
	} else if (w->stored && !strcmp(key, "generation")) {
		return; /* history.c reads it */
	} else if (!strcmp(key, "daemon") && w->settings) {
		if (config_setting_is_group(s))
			parse_members(w, &settings_feature, &w->settings->o, s);
		else
			error_at(w, s, "daemon: must be a group { … }");
	} else {
		near = text_suggest(key, nth_top, NULL);
		if (near)
			error_at(w, s, "%s: unknown key (did you mean \"%s\"?)", key, near);
		else
			error_at(w, s, "%s: unknown key (interfaces, daemon)", key);
	}
}

static void parse_file(struct walk *w, const char *path)
{
	struct text text;
	config_t cfg;

	if (text_load(path, w->instead, w->names, w->errors, &text) < 0)
		return;
	w->text = &text;
	w->hash = hash_bytes(w->hash, &text.hash, sizeof(text.hash));
	if (text_parse(&text, w->errors, &cfg) == 0) {
		const config_setting_t *root = config_root_setting(&cfg);

		for (int n = 0; n < config_setting_length(root); n++)
			parse_top(w, config_setting_get_elem(root, n));
		config_destroy(&cfg);
	}
	text_done(&text);
}

int row_parse_initial(const struct feature *f, const struct row *r, struct object *o)
{
	_cleanup_free_ char *text = str_format("v = %s;", r->initial);
	struct parse p = { .row = r };
	config_t cfg;
	int ret = -EINVAL;

	config_init(&cfg);
	if (config_read_string(&cfg, text) == CONFIG_TRUE)
		ret = r->type->parse(&p, config_lookup(&cfg, "v"), row_value(r, o));
	config_destroy(&cfg);
	free(p.why);
	if (!ret)
		o->present |= row_bit(f, r);
	return ret;
}

struct object *feature_initial(const struct feature *f)
{
	struct object *o = object_new(f, NULL);

	FOREACH_ROW(f, r)
		if (r->initial)
			(void)row_parse_initial(f, r, o);
	return o;
}

bool entry_row_is_initial(const struct feature *f, const struct row *r, const struct object *o)
{
	const struct feature *v = object_feature(f, o);
	struct object *fresh;
	bool is;

	if (!r->initial)
		return false;
	/* A whole entry: its feature may have to see more than the row. */
	fresh = object_new(f, NULL);
	FOREACH_ROW(v, other)
		if (other != r && row_has(v, other, o))
			row_copy(v, other, NULL, fresh, o);
	is = row_parse_initial(v, r, fresh) >= 0 &&
	     (f->same ? f->same(r, fresh, o) : row_has(v, r, o) && row_equal(r, fresh, o));
	object_free(f, fresh);
	return is;
}

static void complete(struct model *want)
{
	MODEL_FOREACH(want, i)
		for (unsigned f = 0; f < n_features; f++)
			if (features[f]->complete)
				features[f]->complete(want, i);
}

struct generation *config_gather(const struct config_paths *paths, struct errors *e)
{
	struct generation *g = new0(struct generation);
	_cleanup_(file_list_done) struct file_list files = { 0 };
	struct arena *arena = arena_new();
	struct walk w = {
		.settings = &g->settings, .errors = e, .names = arena, .stored = paths->stored,
		.instead = paths->instead, .hash = HASH_BEGIN,
	};

	g->want = w.model = model_new(arena);
	g->settings.on_drift = DRIFT_REPAIR;
	g->settings.log_level = LOG_INFO;
	file_list_find(&files, paths, e);
	g->files = arena_alloc(arena, (files.n + 1) * sizeof(*g->files));
	for (unsigned i = 0; i < files.n; i++) {
		if (file_is_mask(files.entries[i].path))
			continue;
		g->files[g->n_files++] = arena_str(arena, files.entries[i].path);
		parse_file(&w, files.entries[i].path);
	}
	if (!paths->stored)
		snprintf(g->hash, sizeof(g->hash), "%016" PRIx64, w.hash);
	return g;
}

int config_judge(const struct config_paths *paths, struct generation *read, struct errors *e,
		 struct generation **ret)
{
	_cleanup_(generation_freep) struct generation *g = read;

	complete(g->want);
	/* What does not parse would only be told twice. */
	if (!e->n)
		config_check(g, paths, e);
	if (e->n)
		return -EINVAL;
	*ret = TAKE_PTR(g);
	return 0;
}

int config_load(const struct config_paths *paths, struct errors *e, struct generation **ret)
{
	return config_judge(paths, config_gather(paths, e), e, ret);
}

int config_parse_record(const char *path, struct errors *e, struct model *into)
{
	_cleanup_(arena_freep) struct arena *names = arena_new();
	struct walk w = { .model = into, .errors = e, .names = names, .record = true };
	unsigned before = e->n;

	parse_file(&w, path);
	return e->n > before ? -EINVAL : 0;
}

struct generation *generation_free(struct generation *g)
{
	if (!g)
		return NULL;
	model_free(g->want);
	free(g);
	return NULL;
}
