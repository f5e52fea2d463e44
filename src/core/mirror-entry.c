// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What features put into the mirror: what changed, entries of lists, references to other
 * interfaces.
 */
#include "core/mirror.h"

#include <stdio.h>

/* Most of what follows from a change has no port: the one that had it stands. */
static void note_port(const struct mirror *m, struct change *c)
{
	if (!m->port)
		return;
	c->port = m->port;
	c->told = m->told;
}

void mirror_touch(struct mirror *m, const struct iface *i)
{
	struct change *c;

	m->touches++;
	if (m->filling)
		return; /* everything will be looked at */
	for (unsigned n = m->n_changes; n > 0 && n + 4 > m->n_changes; n--)
		if (m->changes[n - 1].ifindex == i->ifindex &&
		    (i->ifindex || !strcmp(m->changes[n - 1].name, i->name))) {
			note_port(m, &m->changes[n - 1]);
			return;
		}
	m->changes = array_reserve(m->changes, m->n_changes, sizeof(*m->changes));
	c = &m->changes[m->n_changes++];
	memset(c, 0, sizeof(*c));
	note_port(m, c);
	c->ifindex = i->ifindex;
	snprintf(c->name, sizeof(c->name), "%s", i->name);
}

void mirror_renew(struct mirror *m, const struct iface *i)
{
	mirror_touch(m, i);
	for (unsigned n = 0; n < m->n_changes; n++)
		if (m->changes[n].ifindex == i->ifindex)
			m->changes[n].anew = true;
}

void mirror_take_changes(struct mirror *m)
{
	free(TAKE_PTR(m->changes));
	m->n_changes = 0;
	m->appeared = false;
}

static bool entry_equal(const struct feature *f, const struct object *a, const struct object *b)
{
	if (a->present != b->present || object_feature(f, a) != object_feature(f, b))
		return false;
	f = object_feature(f, a);
	FOREACH_ROW(f, r)
		if (row_has(f, r, a) && !row_equal(r, a, b))
			return false;
	return true;
}

void mirror_list_entry(struct mirror *m, struct iface *i, const struct feature *f,
		       struct object *entry, bool add)
{
	struct model *model = mirror_model(m);
	struct list *l = iface_get_list(model, i, f);
	struct object *old;

	if (m->filling) { /* a dump names each once */
		list_add(f, l, entry);
		return;
	}
	old = list_find(f, l, entry);
	if (old && add && entry_equal(f, old, entry)) {
		object_free(f, entry);
		return;
	}
	if (old)
		list_remove(f, l, entry);
	if (add)
		list_add(f, l, entry);
	else
		object_free(f, entry);
	mirror_touch(m, i);
}

static void resolve_object(const struct model *seen, const struct feature *f, struct object *o)
{
	FOREACH_ROW(f, r) {
		struct ifref *ref = row_value(r, o);
		const struct iface *to;

		if (r->type != &type_ifref || !row_has(f, r, o))
			continue;
		to = model_find_index(seen, ref->index);
		snprintf(ref->name, sizeof(ref->name), "%s", to ? to->name : "");
	}
}

static bool refers(const struct feature *f)
{
	FOREACH_ROW(f, r)
		if (r->type == &type_ifref)
			return true;
	return false;
}

void mirror_resolve(const struct model *seen, struct iface *i)
{
	for (unsigned n = 0; n < n_features; n++) {
		const struct feature *f = features[n];
		const struct list *l = f->form == FORM_LIST ? iface_list(i, f) : NULL;

		if (f->form != FORM_LIST && i->part[n])
			resolve_object(seen, f, i->part[n]);
		for (unsigned k = 0; l && refers(f) && k < l->n; k++)
			resolve_object(seen, f, l->items[k]);
	}
}
