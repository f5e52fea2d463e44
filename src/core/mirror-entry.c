// SPDX-License-Identifier: LGPL-2.1-or-later
/* What features put into the mirror: entries of lists, and references to other interfaces. */
#include "core/mirror.h"

#include <stdio.h>

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

void mirror_resolve(const struct model *seen, struct iface *i)
{
	for (unsigned n = 0; n < n_features; n++) {
		const struct feature *f = features[n];

		if (f->form == FORM_LIST || !i->part[n])
			continue;
		FOREACH_ROW(f, r) {
			struct ifref *ref = row_value(r, i->part[n]);
			const struct iface *to;

			if (r->type != &type_ifref || !row_has(f, r, i->part[n]))
				continue;
			to = model_find_index(seen, ref->index);
			snprintf(ref->name, sizeof(ref->name), "%s", to ? to->name : "");
		}
	}
}
