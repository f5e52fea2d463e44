// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What no row can see by itself: references that lead nowhere or in a circle,
 * groups that do not fit the kind of interface, and what the features know
 * about contradictions. Runs on a complete configuration, touches nothing.
 */
#include <stdio.h>

#include "core/config.h"

static void check_kind(const struct iface *i, struct errors *e)
{
	for (unsigned n = 0; n < n_features; n++) {
		const struct feature *f = features[n];
		const struct object *o = i->part[n];

		if (!f->kind || !o || !strcmp(iface_kind(i), f->kind))
			continue;
		FOREACH_ROW(f, r) {
			if (!row_has(f, r, o))
				continue;
			errors_add(e, object_where(f, r, o), "%s: %s: needs kind = \"%s\"", i->name,
				   f->name, f->kind);
			break;
		}
	}
}

static void check_reference(const struct model *want, const struct config_paths *paths,
			    const struct iface *i, const struct feature *f, const struct row *r,
			    const struct object *o, struct errors *e)
{
	const struct ifref *ref = row_value(r, o);
	const char *group = f->form == FORM_ROOT ? "" : f->name, *dot = *group ? "." : "";
	const struct origin *at = object_where(f, r, o);

	if (!ref->name[0])
		return;
	if (!strcmp(ref->name, i->name))
		errors_add(e, at, "%s: %s%s%s: the interface itself", i->name, group, dot, r->key);
	else if (!model_find(want, ref->name) && !paths->stored &&
		 !(paths->present && paths->present(paths->data, ref->name)))
		errors_add(e, at,
			   "%s: %s%s%s: no interface \"%s\": neither configured nor present", i->name,
			   group, dot, r->key, ref->name);
}

static void check_references(const struct model *want, const struct config_paths *paths,
			     const struct iface *i, struct errors *e)
{
	for (unsigned n = 0; n < n_features; n++) {
		const struct feature *f = features[n];

		if (f->form == FORM_LIST || !i->part[n])
			continue;
		FOREACH_ROW(f, r)
			if (r->type == &type_ifref && row_has(f, r, i->part[n]) &&
			    !(r->flags & ROW_STATE))
				check_reference(want, paths, i, f, r, i->part[n], e);
	}
}

/* The way from an interface to what it stands on. */
struct way {
	const char *names[32];
	unsigned n;
	const struct origin *first; /* where the first reference of it stands */
};

static void tell_loop(const struct way *w, struct errors *e)
{
	char text[512];
	int len = 0;

	/* Told once, at the name that comes first in the alphabet. */
	for (unsigned n = 1; n < w->n; n++)
		if (strcmp(w->names[n], w->names[0]) < 0)
			return;
	for (unsigned n = 0; n < w->n && len < 400; n++)
		len += snprintf(text + len, sizeof(text) - len, "%s -> ", w->names[n]);
	errors_add(e, w->first, "%s: the interfaces stand on each other in a loop: %s%s",
		   w->names[0], text, w->names[0]);
}

static bool find_loop(const struct model *want, const struct iface *i, struct way *w,
		      struct errors *e);

/* Return: a loop was found, and told. */
static bool follow(const struct model *want, const struct iface *i, const struct feature *f,
		   const struct row *r, struct way *w, struct errors *e)
{
	const struct ifref *ref = row_value(r, i->part[f->id]);
	const struct iface *next = model_find(want, ref->name);

	if (!next || next == i)
		return false;
	if (w->n == 1)
		w->first = object_where(f, r, i->part[f->id]);
	if (!strcmp(next->name, w->names[0])) {
		tell_loop(w, e);
		return true;
	}
	/* Deeper than the kernel nests (MAX_NEST_DEV): a loop further on. */
	return w->n < 16 && find_loop(want, next, w, e);
}

static bool find_loop(const struct model *want, const struct iface *i, struct way *w,
		      struct errors *e)
{
	bool found = false;

	w->names[w->n++] = i->name;
	for (unsigned k = 0; k < n_features && !found; k++) {
		const struct feature *f = features[k];

		if (f->form == FORM_LIST || !i->part[k])
			continue;
		FOREACH_ROW(f, r)
			if (!found && r->type == &type_ifref && row_has(f, r, i->part[k]))
				found = follow(want, i, f, r, w, e);
	}
	w->n--;
	return found;
}

/* A master stands on its ports: a port that stands on its master closes a circle. */
static void check_master(const struct model *want, const struct iface *i, struct errors *e)
{
	const struct feature *root = features[FEATURE_LINK];
	const struct row *r = row_find(root, "master");
	const struct link *link = iface_link(i);
	const struct iface *lower = i;

	if (!row_has(root, r, &link->o) || !*link->master.name)
		return;
	for (unsigned depth = 0; lower && depth < 16; depth++) {
		const struct ifref *ref = iface_lower(lower);

		lower = ref ? model_find(want, ref->name) : NULL;
		if (lower && !strcmp(lower->name, link->master.name)) {
			errors_add(e, object_where(root, r, &link->o),
				   "%s: master: it stands on \"%s\" itself", i->name, lower->name);
			return;
		}
	}
}

void config_check(const struct generation *g, const struct config_paths *paths, struct errors *e)
{
	MODEL_FOREACH(g->want, i) {
		struct way way = { .n = 0 };

		check_kind(i, e);
		check_references(g->want, paths, i, e);
		find_loop(g->want, i, &way, e);
		check_master(g->want, i, e);
		for (unsigned f = 0; f < n_features; f++)
			if (features[f]->check)
				features[f]->check(g->want, i, e);
	}
}
