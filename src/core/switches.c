// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A switch has no object of its own in the kernel's link messages: it is what
 * ports with the same phys_switch_id have in common. With several chips of one
 * tree (DSA) that is the tree.
 */
#include "core/switches.h"

#include <stdlib.h>

struct ports {
	const struct iface **items;
	unsigned n;
};

/* p2 stands before p10. */
static int compare_names(const char *a, const char *b)
{
	size_t na = a ? strlen(a) : 0, nb = b ? strlen(b) : 0;

	if (na != nb)
		return na < nb ? -1 : 1;
	return na ? strcmp(a, b) : 0;
}

static int compare_ports(const void *pa, const void *pb)
{
	const struct iface *a = *(struct iface *const *)pa, *b = *(struct iface *const *)pb;
	int r = strcmp(iface_link(a)->switch_id, iface_link(b)->switch_id);

	if (!r)
		r = compare_names(iface_link(a)->port_name, iface_link(b)->port_name);
	return r ? r : a->ifindex - b->ifindex;
}

static void find_ports(const struct model *have, struct ports *p)
{
	MODEL_FOREACH(have, i) {
		if (!iface_link(i) || !iface_link(i)->switch_id)
			continue;
		p->items = array_reserve(p->items, p->n, sizeof(*p->items));
		p->items[p->n++] = i;
	}
	if (p->n)
		qsort(p->items, p->n, sizeof(*p->items), compare_ports);
}

static void add_once(json_t *list, const char *word)
{
	const json_t *j;
	size_t n;

	json_array_foreach(list, n, j)
		if (!strcmp(json_string_value(j), word))
			return;
	json_array_append_new(list, json_string(word));
}

json_t *switches_json(const struct model *have)
{
	json_t *all = json_array(), *names = NULL, *lowers = NULL;
	struct ports p = { 0 };

	find_ports(have, &p);
	for (unsigned n = 0; n < p.n; n++) {
		const struct link *l = iface_link(p.items[n]);

		if (!n || strcmp(l->switch_id, iface_link(p.items[n - 1])->switch_id))
			json_array_append_new(all, json_pack("{s:s, s:o, s:o}", "id", l->switch_id,
							     "ports", names = json_array(),
							     "conduits", lowers = json_array()));
		json_array_append_new(names, json_string(p.items[n]->name));
		if (*l->lower.name)
			add_once(lowers, l->lower.name);
	}
	free(p.items);
	return all;
}
