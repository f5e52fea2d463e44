// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What a plan does to traffic.
 *
 * A step takes traffic from an interface by its effect, or because its
 * feature's loses() says so; then follows what the kernel does to others by
 * itself: what stands on a device goes with it or goes down with it, and a
 * port is nobody's when its master is gone.
 *
 * What must stay true: nothing is asked of the kernel; and an interface that
 * is down, or is not there yet, has nothing to lose.
 */
#include "core/impact.h"

#include <stdio.h>

#include "core/quirk.h"
#include "util/text.h"

/* What is told of one interface; the rest is counted. */
#define REASONS_MAX 4

static struct lost *find(const struct impact *m, int ifindex)
{
	struct lost *l;

	HASH_FIND_INT(m->lost, &ifindex, l);
	return l;
}

const struct lost *impact_find(const struct impact *m, int ifindex)
{
	return find(m, ifindex);
}

/* @why is taken over. */
static struct lost *add(struct impact *m, const struct iface *i, enum loss loss, char *why)
{
	struct lost *l = find(m, i->ifindex);

	if (!l) {
		l = new0(struct lost);
		l->ifindex = i->ifindex;
		snprintf(l->name, sizeof(l->name), "%s", i->name);
		HASH_ADD_INT(m->lost, ifindex, l);
	}
	l->loss = max_of(l->loss, loss);
	if (l->n_reasons++ < REASONS_MAX) {
		char *before = l->why;

		l->why = before ? str_format("%s; %s", before, why) : str_dup(why);
		free(before);
	}
	free(why);
	return l;
}

static bool is_up(const struct iface *i)
{
	return i && iface_link(i) && iface_link(i)->up;
}

static void add_deleted(struct impact *m, const struct step *s)
{
	struct lost *l = add(m, s->have, LOSS_ALL, str_dup(s->effect == EFFECT_RECREATE ?
				"deleted and created again" : "deleted"));

	l->gone = true;
}

static bool takes_down(const struct step *s)
{
	const struct row *up = row_find(features[FEATURE_LINK], "up");

	return s->feature->id == FEATURE_LINK && s->verb == VERB_SET &&
	       (s->mask & row_bit(s->feature, up)) && row_is_zero(up, s->to);
}

static void add_down(struct impact *m, const struct step *s)
{
	struct lost *l = add(m, s->have, LOSS_ALL, str_dup(s->effect == EFFECT_BOUNCE ?
				"goes down and comes up again" : "goes down"));

	l->down = true;
}

/*
 * By its effect, where it is not its own steps that say it: a settings' bounce is two of the
 * link's, but an entry of a list has none.
 */
static void add_effect(struct impact *m, const struct step *s)
{
	if (s->also)
		add(m, s->also, LOSS_ALL, str_format("follows %s: %s", s->name, s->quirk->why))
			->down = true;
	else if (s->quirk)
		add(m, s->have, LOSS_ALL, str_dup(s->quirk->why))->down = true;
	else if (s->effect == EFFECT_RECREATE && s->verb != VERB_ADD)
		add(m, s->have, LOSS_PART, str_format("%s is made anew", s->feature->name));
	else if (s->effect == EFFECT_BOUNCE && s->feature->form == FORM_LIST)
		add(m, s->have, LOSS_ALL,
		    str_format("%s interrupts the link", s->feature->name));
}

static void add_step(struct impact *m, const struct step *s)
{
	enum loss loss = LOSS_NONE;
	char *why = NULL;

	if (!is_up(s->have) || s->verb == VERB_CREATE)
		return;
	if (s->verb == VERB_DELETE) {
		add_deleted(m, s);
		return;
	}
	if (takes_down(s))
		add_down(m, s);
	add_effect(m, s);
	if (s->feature->loses)
		loss = s->feature->loses(s, &why);
	if (loss != LOSS_NONE)
		add(m, s->have, loss, why);
}

/*
 * Those that the kernel deletes with what they stand on: vlan_device_event(),
 * macvlan_device_event(), ipvlan_device_event(), macsec_notify(), vxlan_netdevice_event(), all
 * for NETDEV_UNREGISTER. A tunnel over it stays, without a way.
 */
static bool goes_along(const char *kind)
{
	static const char *const kinds[] = { "vlan", "macvlan", "macvtap", "ipvlan", "ipvtap",
					     "macsec", "vxlan" };

	for (unsigned n = 0; n < ARRAY_SIZE(kinds); n++)
		if (!strcmp(kind, kinds[n]))
			return true;
	return false;
}

static bool follow_lower(struct impact *m, const struct iface *i, const struct lost *lower)
{
	struct lost *l;

	if (lower->gone && goes_along(iface_kind(i))) {
		l = add(m, i, LOSS_ALL, str_format("deleted with %s", lower->name));
		l->gone = true;
		return true;
	}
	if (find(m, i->ifindex) || !is_up(i) || (!lower->gone && !lower->down))
		return false;
	l = add(m, i, LOSS_ALL, str_format("stands on %s", lower->name));
	l->down = true;
	return true;
}

static bool follow_master(struct impact *m, const struct iface *i, const struct lost *master)
{
	if (find(m, i->ifindex) || !is_up(i) || (!master->gone && !master->down))
		return false;
	add(m, i, LOSS_ALL, str_format("a port of %s, which %s", master->name,
				       master->gone ? "is deleted" : "goes down"));
	return true;
}

/* The other end of a pair goes with the first (veth_dellink()). */
static bool follow_companion(struct impact *m, const struct iface *i, const struct model *have)
{
	const char *kind = iface_kind(i);

	for (unsigned n = 0; n < n_features && *kind; n++) {
		const struct feature *f = features[n];
		const struct iface *other = NULL;
		const struct lost *l;

		if (!f->companions || strcmp(f->kind, kind))
			continue;
		if (row_has(f, &f->rows[0], i->part[n]))
			other = model_find(have, row_value(&f->rows[0], i->part[n]));
		l = other ? find(m, other->ifindex) : NULL;
		if (!l || !l->gone)
			return false;
		add(m, i, LOSS_ALL, str_format("deleted with %s", l->name))->gone = true;
		return true;
	}
	return false;
}

static bool follow(struct impact *m, const struct iface *i, const struct model *have)
{
	const struct link *link = iface_link(i);
	const struct lost *of = find(m, i->ifindex), *lower, *master;

	if (!link || (of && of->gone))
		return false;
	lower = link->lower.index ? find(m, link->lower.index) : NULL;
	master = link->master.index ? find(m, link->master.index) : NULL;
	if (lower && follow_lower(m, i, lower))
		return true;
	if (master && follow_master(m, i, master))
		return true;
	return follow_companion(m, i, have);
}

struct impact *impact_new(const struct plan *plan, const struct model *have)
{
	struct impact *m = new0(struct impact);
	bool more = plan->n > 0;

	for (unsigned n = 0; n < plan->n; n++)
		add_step(m, &plan->steps[n]);
	more = m->lost;
	while (more) { /* a round for each storey of the stack */
		more = false;
		MODEL_FOREACH(have, i)
			more |= follow(m, i, have);
	}
	return m;
}

struct impact *impact_free(struct impact *m)
{
	struct lost *l, *next;

	if (!m)
		return NULL;
	HASH_ITER(hh, m->lost, l, next) {
		HASH_DEL(m->lost, l);
		free(l->why);
		free(l);
	}
	free(m);
	return NULL;
}

static char *reasons(const struct lost *l)
{
	if (l->n_reasons <= REASONS_MAX)
		return str_dup(l->why);
	return str_format("%s; and %u more", l->why, l->n_reasons - REASONS_MAX);
}

char *impact_text(const struct impact *m)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	for (const struct lost *l = m->lost; l; l = l->hh.next) {
		_cleanup_free_ char *why = reasons(l);

		fprintf(out, "%s%s (%s)", l == m->lost ? "loses traffic: " : ", ", l->name, why);
	}
	if (m->lost)
		fputc('\n', out);
	fclose(out);
	return text;
}

json_t *impact_json(const struct impact *m)
{
	json_t *list = json_array();

	for (const struct lost *l = m->lost; l; l = l->hh.next) {
		_cleanup_free_ char *name = text_utf8(str_dup(l->name));
		_cleanup_free_ char *why = text_utf8(reasons(l));

		json_array_append_new(list, json_pack("{s:s, s:s, s:b}", "name", name, "why", why,
						      "all", l->loss == LOSS_ALL));
	}
	return json_pack("{s:o}", "loses", list);
}
