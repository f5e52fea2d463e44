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

/* Depth-first; @path holds the names on the way, @n of them. Return: a loop was told. */
static bool find_loop(const struct model *want, const struct iface *i, const char **path, unsigned n,
		      struct errors *e)
{
	path[n++] = i->name;
	for (unsigned k = 0; k < n_features; k++) {
		const struct feature *f = features[k];

		if (f->form == FORM_LIST || !i->part[k])
			continue;
		FOREACH_ROW(f, r) {
			const struct ifref *ref = row_value(r, i->part[k]);
			const struct iface *next;

			if (r->type != &type_ifref || !row_has(f, r, i->part[k]))
				continue;
			next = model_find(want, ref->name);
			if (!next || next == i)
				continue;
			if (next->name == path[0]) {
				char text[512];
				int len = 0;

				/* Told once, at the name that comes first in the alphabet. */
				for (unsigned p = 1; p < n; p++)
					if (strcmp(path[p], path[0]) < 0)
						return true;
				for (unsigned p = 0; p < n && len < 400; p++)
					len += snprintf(text + len, sizeof(text) - len, "%s -> ",
							path[p]);
				errors_add(e, object_where(f, r, i->part[k]),
					   "%s: the interfaces stand on each other in a loop: %s%s",
					   path[0], text, path[0]);
				return true;
			}
			/* Deeper than the kernel nests (MAX_NEST_DEV): a loop further on. */
			if (n < 16 && find_loop(want, next, path, n, e))
				return true;
		}
	}
	return false;
}

void config_check(const struct generation *g, const struct config_paths *paths, struct errors *e)
{
	const char *path[32];

	MODEL_FOREACH(g->want, i) {
		check_kind(i, e);
		check_references(g->want, paths, i, e);
		find_loop(g->want, i, path, 0, e);
		for (unsigned f = 0; f < n_features; f++)
			if (features[f]->check)
				features[f]->check(g->want, i, e);
	}
}
