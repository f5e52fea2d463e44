// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * One structure, three parts: what the configuration asks (an arena a
 * generation), what the kernel has (heap, changed by every notification), and
 * what was there before the daemon set it (heap, kept in a file).
 */
#include "core/drift.h"
#include "core/model.h"

#include <stdarg.h>
#include <stdio.h>

static const char *const state_names[STATE_MAX_] = {
	[STATE_FOREIGN] = "foreign", [STATE_ABSENT] = "absent",	  [STATE_WAITING] = "waiting",
	[STATE_APPLYING] = "applying", [STATE_OK] = "ok",	  [STATE_DRIFTED] = "drifted",
	[STATE_FAILED] = "failed",   [STATE_HELD] = "held",
};

const char *state_name(enum state s)
{
	return state_names[s];
}

struct model *model_new(struct arena *arena)
{
	struct model *m = new0(struct model);

	m->arena = arena;
	return m;
}

static void iface_done(struct model *m, struct iface *i)
{
	HASH_DELETE(by_name, m->by_name, i);
	model_set_index(m, i, 0);
	free(i->reason);
	drift_free(i->drift);
	m->n--;
	for (unsigned f = 0; f < n_features; f++)
		iface_drop(m, i, features[f]);
	if (!m->arena)
		free(i);
}

struct model *model_free(struct model *m)
{
	if (!m)
		return NULL;
	MODEL_FOREACH(m, i)
		iface_done(m, i);
	arena_free(m->arena);
	free(m);
	return NULL;
}

struct iface *model_find(const struct model *m, const char *name)
{
	struct iface *i = NULL;

	if (m)
		HASH_FIND(by_name, m->by_name, name, strlen(name), i);
	return i;
}

struct iface *model_maker(const struct model *m, const char *name)
{
	MODEL_FOREACH(m, i)
		for (unsigned n = 0; n < n_features; n++) {
			const struct feature *f = features[n];
			const struct object *o = f->companions ? i->part[n] : NULL;

			if (o && row_has(f, &f->rows[0], o) &&
			    !strcmp(row_value(&f->rows[0], o), name))
				return i;
		}
	return NULL;
}

struct iface *model_find_index(const struct model *m, int ifindex)
{
	struct iface *i = NULL;

	HASH_FIND(by_index, m->by_index, &ifindex, sizeof(ifindex), i);
	return i;
}

struct iface *model_add(struct model *m, const char *name)
{
	struct iface *i = arena_alloc(m->arena, sizeof(*i) + n_features * sizeof(void *));

	snprintf(i->name, sizeof(i->name), "%s", name);
	HASH_ADD_KEYPTR(by_name, m->by_name, i->name, strlen(i->name), i);
	m->n++;
	return i;
}

struct iface *model_get(struct model *m, const char *name)
{
	struct iface *i = model_find(m, name);

	return i ? i : model_add(m, name);
}

void model_set_index(struct model *m, struct iface *i, int ifindex)
{
	if (i->by_index.tbl) /* a desired interface only notes its index */
		HASH_DELETE(by_index, m->by_index, i);
	i->by_index.tbl = NULL;
	i->ifindex = ifindex;
	if (ifindex)
		HASH_ADD(by_index, m->by_index, ifindex, sizeof(i->ifindex), i);
}

void model_rename(struct model *m, struct iface *i, const char *name)
{
	HASH_DELETE(by_name, m->by_name, i);
	snprintf(i->name, sizeof(i->name), "%s", name);
	HASH_ADD_KEYPTR(by_name, m->by_name, i->name, strlen(i->name), i);
}

void model_remove(struct model *m, struct iface *i)
{
	iface_done(m, i);
}

struct object *iface_get_object(struct model *m, struct iface *i, const struct feature *f)
{
	if (!i->part[f->id])
		i->part[f->id] = object_new(f, m->arena);
	return i->part[f->id];
}

struct list *iface_get_list(struct model *m, struct iface *i, const struct feature *f)
{
	if (!i->part[f->id])
		i->part[f->id] = arena_alloc(m->arena, sizeof(struct list));
	return i->part[f->id];
}

void iface_drop(struct model *m, struct iface *i, const struct feature *f)
{
	void *part = i->part[f->id];
	struct list *l = part;

	i->part[f->id] = NULL;
	if (!part)
		return;
	if (f->form != FORM_LIST) {
		if (!m->arena)
			object_free(f, part);
		return;
	}
	for (unsigned n = 0; !m->arena && n < l->n; n++)
		object_free(f, l->items[n]);
	list_done(l);
	if (m->arena)
		memset(l, 0, sizeof(*l));
	else
		free(l);
}

void iface_set_reason(struct iface *i, const char *fmt, ...)
{
	char *reason = NULL;
	va_list ap;

	if (fmt) {
		va_start(ap, fmt);
		reason = str_vformat(fmt, ap);
		va_end(ap);
	}
	free(i->reason);
	i->reason = reason;
}

const char *iface_kind(const struct iface *i)
{
	const struct link *l = iface_link(i);

	return l ? l->kind : "";
}

const struct ifref *iface_lower(const struct iface *i)
{
	for (unsigned n = 0; n < n_features; n++) {
		const struct feature *f = features[n];

		if (f->form == FORM_LIST || !i->part[n])
			continue;
		FOREACH_ROW(f, r)
			if (r->type == &type_ifref && (r->flags & ROW_CREATE) &&
			    row_has(f, r, i->part[n]))
				return row_value(r, i->part[n]);
	}
	return NULL;
}

/* An entry that has nothing but its key is written as one word, where the feature has one. */
static json_t *entry_json(const struct feature *f, const struct object *o, unsigned skip)
{
	_cleanup_free_ char *word = NULL;

	if (!f->parse_entry)
		return object_json(f, o, skip);
	FOREACH_ROW(f, r)
		if (row_has(f, r, o) && !(r->flags & (ROW_KEY | ROW_STATE)))
			return object_json(f, o, skip);
	word = f->format(o);
	return json_string(word);
}

static json_t *list_json(const struct feature *f, const struct list *l, unsigned skip)
{
	json_t *j = json_array();

	for (unsigned n = 0; n < l->n; n++)
		json_array_append_new(j, entry_json(f, l->items[n], skip));
	return j;
}

json_t *iface_json(const struct iface *i, unsigned skip)
{
	return iface_json_of(i, skip, NULL);
}

json_t *iface_json_of(const struct iface *i, unsigned skip, const uint64_t *only)
{
	json_t *j = json_object();

	if (!i)
		return j;
	json_object_set_new(j, "name", json_string(i->name));
	for (unsigned n = 0; n < n_features; n++) {
		const struct feature *f = features[n];
		uint64_t rows = only ? only[n] : UINT64_MAX;
		json_t *part;

		if (!i->part[n] || !rows)
			continue;
		if (f->form == FORM_LIST) {
			json_object_set_new(j, f->name, list_json(f, i->part[n], skip));
			continue;
		}
		if (f->form == FORM_ROOT) {
			object_json_into(j, f, i->part[n], skip, rows);
			continue;
		}
		part = object_json_of(f, i->part[n], skip, rows);
		if (json_object_size(part))
			group_set(j, f, json_incref(part));
		json_decref(part);
	}
	return j;
}

char *model_export(const struct model *m, bool record)
{
	char *text = NULL;
	const char *sep = "";
	size_t n;
	FILE *out = open_memstream(&text, &n);
	json_t *j;

	fputs("interfaces = (", out);
	MODEL_FOREACH(m, i) {
		j = iface_json(i, JSON_SECRETS | (record ? 0 : ROW_STATE | ROW_IMPLIED));
		if (record && i->created) {
			json_object_set_new(j, "created", json_true());
			json_object_set_new(j, "ifindex", json_integer(i->ifindex));
			if (i->former)
				json_object_set_new(j, "former", json_integer(i->former));
		}
		fprintf(out, "%s\n  ", sep);
		json_write_literal(out, j);
		json_decref(j);
		sep = ",";
	}
	fputs("\n);\n", out);
	fclose(out);
	return text;
}

uint64_t model_features(const struct model *m)
{
	uint64_t bits = 0;

	if (m)
		MODEL_FOREACH(m, i)
			for (unsigned n = 0; n < n_features; n++)
				if (i->part[n])
					bits |= BIT64(n);
	return bits;
}
