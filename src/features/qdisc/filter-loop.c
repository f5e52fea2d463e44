// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Frames that filters send in a circle: found in a configuration, before the
 * kernel ends each of them after a few rounds (MIRRED_NEST_LIMIT) or, over a
 * pair of veth, never.
 *
 * Places are an interface's way in and its way out. A filter leads from where it
 * stands to where it redirects or copies to; a way out leads to that of the
 * interface below, and to the way in of a veth's other end. Which frames a filter
 * matches is not looked at: whether two filters have any in common is more than
 * their keys tell, for actions change frames on the way.
 */
#include <stdio.h>
#include <stdlib.h>

#include "features/features.h"
#include "features/qdisc/filter.h"

/* As deep as interfaces and filters stand on each other in any configuration. */
#define WAY_MAX 32

struct way {
	const struct model *want;
	struct errors *errors;
	struct {
		const struct iface *i;
		enum filter_place place;
	} at[WAY_MAX];
	unsigned n;
	const struct origin *because; /* the first filter of the way */
	bool told;
};

static void go(struct way *w, const struct iface *i, enum filter_place place);

static void tell(struct way *w)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	for (unsigned n = 0; n <= w->n; n++)
		fprintf(out, "%s%s %s", n ? " -> " : "", w->at[n % w->n].i->name,
			w->at[n % w->n].place == FILTER_INGRESS ? "ingress" : "egress");
	fclose(out);
	errors_add(w->errors, w->because,
		   "%s: filter: frames would go in a circle: %s [filter-loop]", w->at[0].i->name,
		   text);
	free(text);
	w->told = true;
}

/* Every circle has a filter in it, and is told from where the first by name stands. */
static bool begins_later(const struct way *w)
{
	int r = strcmp(w->at[w->n - 1].i->name, w->at[0].i->name);

	return r > 0 || (!r && w->at[w->n - 1].place >= w->at[0].place);
}

static void go_by_filter(struct way *w, const struct filter *f, unsigned row,
			 const struct ifref *to, uint8_t at)
{
	enum filter_place place = filter_has(f, row + 1) ? at : FILTER_EGRESS;

	if (!*to->name)
		return;
	if (w->n == 1)
		w->because = object_where(&filter_feature, &filter_feature.rows[row], &f->o);
	go(w, model_find(w->want, to->name), place);
}

static void go_by_filters(struct way *w, const struct iface *i, enum filter_place place)
{
	const struct list *l = iface_list(i, &filter_feature);

	for (unsigned n = 0; l && n < l->n; n++) {
		const struct filter *f = (const struct filter *)l->items[n];

		if ((f->parent == FILTER_INGRESS) != (place == FILTER_INGRESS))
			continue;
		go_by_filter(w, f, F_MIRROR, &f->mirror, f->mirror_at);
		go_by_filter(w, f, F_REDIRECT, &f->redirect, f->redirect_at);
	}
}

/* The name of the other end stands with one of the two. */
static const struct iface *other_end(const struct model *want, const struct iface *i)
{
	const struct feature *veth = feature_find("veth");
	const struct row *peer = row_find(veth, "peer");
	const struct object *o = iface_object(i, veth);

	if (o && row_has(veth, peer, o))
		return model_find(want, row_value(peer, o));
	MODEL_FOREACH(want, k) {
		o = iface_object(k, veth);
		if (o && row_has(veth, peer, o) && !strcmp(row_value(peer, o), i->name))
			return k;
	}
	return NULL;
}

static void go(struct way *w, const struct iface *i, enum filter_place place)
{
	const struct ifref *lower = i ? iface_lower(i) : NULL;

	if (!i || w->told || w->n == WAY_MAX)
		return;
	for (unsigned n = 0; n < w->n; n++) {
		if (w->at[n].i != i || w->at[n].place != place)
			continue;
		if (!n)
			tell(w);
		return;
	}
	w->at[w->n].i = i;
	w->at[w->n++].place = place;
	if (begins_later(w))
		go_by_filters(w, i, place);
	if (place != FILTER_INGRESS && w->n > 1) {
		go(w, lower ? model_find(w->want, lower->name) : NULL, FILTER_EGRESS);
		go(w, other_end(w->want, i), FILTER_INGRESS);
	}
	w->n--;
}

void filter_check_loops(const struct model *want, const struct iface *i, struct errors *e)
{
	static const enum filter_place places[] = { FILTER_INGRESS, FILTER_EGRESS };

	for (unsigned n = 0; n < ARRAY_SIZE(places); n++) {
		struct way w = { .want = want, .errors = e };

		go(&w, i, places[n]);
	}
}
