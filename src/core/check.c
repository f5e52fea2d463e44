// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What no row can see by itself: references that lead nowhere or in a circle,
 * groups that do not fit the kind of interface, and what the features know
 * about contradictions. Runs on a complete configuration, touches nothing.
 */
#include <stdio.h>

#include "core/config.h"
#include "core/quirk.h"

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

static bool is_named(const struct model *want, const struct config_paths *paths, const char *name)
{
	return model_find(want, name) || model_maker(want, name) || paths->stored ||
	       (paths->present && paths->present(paths->data, name));
}

static void check_reference(const struct model *want, const struct config_paths *paths,
			    const struct iface *i, const struct feature *f, const struct row *r,
			    const struct object *o, struct errors *e)
{
	const struct ifref *ref = row_value(r, o);
	const char *group = f->form == FORM_ROOT ? "" : f->name, *dot = *group ? "." : "";
	const struct origin *at = object_where(f, r, o);

	if (r->type != &type_ifref || !row_has(f, r, o) || (r->flags & ROW_STATE) || !ref->name[0])
		return;
	if (!strcmp(ref->name, i->name) && f->form != FORM_LIST)
		errors_add(e, at, "%s: %s%s%s: the interface itself", i->name, group, dot, r->key);
	else if (!is_named(want, paths, ref->name))
		errors_add(e, at, "%s: %s%s%s: no interface \"%s\": neither configured nor present",
			   i->name, group, dot, r->key, ref->name);
}

static void check_references(const struct model *want, const struct config_paths *paths,
			     const struct iface *i, struct errors *e)
{
	for (unsigned n = 0; n < n_features; n++) {
		const struct feature *f = features[n];

		const struct list *l = f->form == FORM_LIST ? iface_list(i, f) : NULL;

		for (unsigned k = 0; l && k < l->n; k++)
			FOREACH_ROW(f, r)
				check_reference(want, paths, i, f, r, l->items[k], e);
		if (f->form == FORM_LIST || !i->part[n])
			continue;
		FOREACH_ROW(f, r)
			check_reference(want, paths, i, f, r, i->part[n], e);
	}
}

/*
 * What an interface stands on: what it refers to, and a master on its ports
 * (__netdev_upper_dev_link() refuses the same circles). One walk in depth over
 * all interfaces; the way from where it began is kept to be told.
 */
enum { MARK_NEW, MARK_NEW_MASTER, MARK_ON_WAY, MARK_DONE };

struct walk {
	const struct model *want;
	struct errors *errors;
	const struct iface **way;
	const struct origin **because; /* of the step from way[n] to the next */
	unsigned n;
};

/* Begins with the name that comes first in the alphabet, wherever the walk met it. */
static void tell_loop(const struct walk *w, unsigned from)
{
	unsigned n = w->n - from, first = 0;
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	for (unsigned k = 1; k < n; k++)
		if (strcmp(w->way[from + k]->name, w->way[from + first]->name) < 0)
			first = k;
	for (unsigned k = 0; k <= n; k++)
		fprintf(out, "%s%s", k ? " -> " : "", w->way[from + (first + k) % n]->name);
	fclose(out);
	errors_add(w->errors, w->because[from + first],
		   "%s: the interfaces stand on each other in a loop: %s",
		   w->way[from + first]->name, text);
	free(text);
}

static void walk_from(struct walk *w, struct iface *i);

static void step_to(struct walk *w, struct iface *next, const struct origin *because)
{
	unsigned from = w->n - 1;

	if (!next || next == w->way[w->n - 1]) /* itself: told as such */
		return;
	w->because[w->n - 1] = because;
	if (next->mark < MARK_ON_WAY)
		walk_from(w, next);
	if (next->mark != MARK_ON_WAY)
		return;
	while (w->way[from] != next)
		from--;
	tell_loop(w, from);
}

static void walk_from(struct walk *w, struct iface *i)
{
	const struct feature *root = features[FEATURE_LINK];
	const struct row *master = row_find(root, "master");
	bool has_ports = i->mark == MARK_NEW_MASTER;

	i->mark = MARK_ON_WAY;
	w->way[w->n++] = i;
	for (unsigned k = 0; k < n_features; k++) {
		const struct feature *f = features[k];

		if (f->form == FORM_LIST || !i->part[k])
			continue;
		FOREACH_ROW(f, r) {
			const struct ifref *ref = row_value(r, i->part[k]);

			if (r != master && r->type == &type_ifref && row_has(f, r, i->part[k]))
				step_to(w, model_find(w->want, ref->name),
					object_where(f, r, i->part[k]));
		}
	}
	if (has_ports)
		MODEL_FOREACH(w->want, port)
			if (!strcmp(iface_link(port)->master.name, i->name))
				step_to(w, port,
					object_where(root, master, port->part[FEATURE_LINK]));
	w->n--;
	i->mark = MARK_DONE;
}

static void check_loops(struct model *want, struct errors *e)
{
	struct walk w = { .want = want, .errors = e };
	struct iface *master;

	w.way = mem_new((want->n + 1) * sizeof(*w.way));
	w.because = mem_new((want->n + 1) * sizeof(*w.because));
	MODEL_FOREACH(want, i)
		i->mark = MARK_NEW;
	MODEL_FOREACH(want, i) {
		master = model_find(want, iface_link(i)->master.name);
		if (master)
			master->mark = MARK_NEW_MASTER;
	}
	MODEL_FOREACH(want, i)
		if (i->mark < MARK_ON_WAY)
			walk_from(&w, i);
	free(w.way);
	free(w.because);
}

static void add_refusal(const struct iface *i, const struct origin *at, char *why, struct errors *e)
{
	if (why)
		errors_add(e, at, "%s: %s", i->name, why);
	free(why);
}

static void check_on_machine(const struct model *want, const struct model *machine,
			     const struct iface *i, struct errors *e)
{
	const struct origin *at = &i->where;
	char *why = quirk_refuses(model_find(machine, i->name), i, &at), *why_not;

	add_refusal(i, at, why, e);
	for (unsigned f = 0; !why && f < n_features; f++) {
		at = &i->where;
		if (features[f]->refused)
			{
			why_not = features[f]->refused(want, machine, i, &at);
			add_refusal(i, at, why_not, e);
		}
	}
}

/* The planner asks the same again, because machines change. */
void config_check_machine(const struct generation *g, const struct model *machine, struct errors *e)
{
	MODEL_FOREACH(g->want, i)
		check_on_machine(g->want, machine, i, e);
}

void config_warn(const struct generation *g, const struct model *machine, struct errors *warnings)
{
	MODEL_FOREACH(g->want, i) {
		quirk_warn(model_find(machine, i->name), i, warnings);
		for (unsigned f = 0; f < n_features; f++)
			if (features[f]->warn)
				features[f]->warn(g->want, machine, i, warnings);
	}
}

void config_check(const struct generation *g, const struct config_paths *paths, struct errors *e)
{
	check_loops(g->want, e);
	MODEL_FOREACH(g->want, i) {
		check_kind(i, e);
		check_references(g->want, paths, i, e);
		if (paths->machine)
			check_on_machine(g->want, paths->machine, i, e);
		for (unsigned f = 0; f < n_features; f++)
			if (features[f]->check)
				features[f]->check(g->want, i, e);
	}
}
