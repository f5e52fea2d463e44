// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The way that packets to an address take through this machine, so that a
 * plan can say whether the person who asks for it would be cut off.
 *
 * It is found in the mirror: the route of the longest prefix, then of the
 * lowest metric, in the main table, or in that of the VRF which has the
 * address that the peer talks to; then down the stack, from a VLAN to its
 * bridge, to all ports of that which have a link, to what these stand on.
 * Where no route is found it is the interface with that address. Whichever the
 * way is, the address itself must stay.
 *
 * Nothing is asked of the kernel, and what only it knows is not known here:
 * rules for routing, routes with several next hops, which port has learnt the
 * address.
 */
#include "core/path.h"

#include <linux/rtnetlink.h>
#include <stdio.h>

#include "util/text.h"

/* Storeys of a stack; more is a mistake of the kernel's or ours. */
#define DEPTH_MAX 8

static const char *const cut_names[CUT_MAX_] = {
	[CUT_UNKNOWN] = "unknown", [CUT_NO] = "no", [CUT_MAYBE] = "maybe", [CUT_YES] = "yes",
};

const char *cut_name(enum cut c)
{
	return cut_names[c];
}

/* @text is changed. */
static int parse_end(char *text, struct ipaddr *ret, char interface[static IFNAMSIZ])
{
	char *percent = strchr(text, '%');

	*interface = 0;
	if (percent) {
		*percent++ = 0;
		if (!*percent || strlen(percent) >= IFNAMSIZ)
			return -EINVAL;
		strcpy(interface, percent);
	}
	return strchr(text, '/') ? -EINVAL : ip_parse(text, ret);
}

int path_parse(const char *text, struct path_ends *ret)
{
	_cleanup_free_ char *peer = str_dup(text);
	char *own = strchr(peer, ' '), other[IFNAMSIZ];

	memset(ret, 0, sizeof(*ret));
	if (own)
		*own++ = 0;
	if (own && parse_end(own, &ret->own, other) < 0)
		return -EINVAL;
	return parse_end(peer, &ret->peer, ret->interface);
}

static bool is_better(const struct lead *a, const struct lead *b)
{
	return a->prefix != b->prefix ? a->prefix > b->prefix : a->metric < b->metric;
}

/* What is looked for: the way to @to. */
struct search {
	const struct model *have;
	const struct ipaddr *to;
	bool own;		 /* not the way, but whose address it is */
	const struct iface *vrf; /* only there, in whichever table; NULL: outside of any */
};

/* The VRF that @i is in, which has a table of its own (drivers/net/vrf.c), or NULL. */
static const struct iface *vrf_of(const struct model *have, const struct iface *i)
{
	const struct link *l = iface_link(i);
	const struct iface *master = l ? model_find_index(have, l->master.index) : NULL;

	return master && !strcmp(iface_kind(master), "vrf") ? master : NULL;
}

static bool is_meant(const struct search *s, const struct lead *lead)
{
	if (s->own != (lead->table == RT_TABLE_UNSPEC))
		return false;
	return s->own || s->vrf || lead->table == RT_TABLE_MAIN;
}

/* The best of @i's entries that lead there; false: none does. */
static bool find_lead(const struct search *s, const struct iface *i, struct lead *ret)
{
	bool found = false;

	for (unsigned n = 0; n < n_features; n++) {
		const struct feature *f = features[n];
		const struct list *l = f->leads ? iface_list(i, f) : NULL;

		for (unsigned k = 0; l && k < l->n; k++) {
			struct lead lead;

			if (!f->leads(l->items[k], s->to, &lead) || !is_meant(s, &lead) ||
			    (found && !is_better(&lead, ret)))
				continue;
			*ret = lead;
			found = true;
		}
	}
	return found;
}

static const struct iface *find_first(const struct search *s)
{
	const struct iface *found = NULL;
	struct lead best = { 0 };

	MODEL_FOREACH(s->have, i) {
		struct lead lead;

		if (!iface_link(i) || !iface_link(i)->up || !find_lead(s, i, &lead) ||
		    (!s->own && vrf_of(s->have, i) != s->vrf))
			continue;
		if (found && !is_better(&lead, &best))
			continue;
		found = i;
		best = lead;
	}
	return found;
}

static void add(struct path *p, const struct model *have, const struct iface *i,
		struct path_part like, unsigned depth);

static void add_lower(struct path *p, const struct model *have, const struct iface *i,
		      struct path_part like, unsigned depth)
{
	const struct iface *lower = model_find_index(have, iface_link(i)->lower.index);

	like.below_ports |= like.port;
	like.port = false;
	if (lower)
		add(p, have, lower, like, depth + 1);
}

static void add_ports(struct path *p, const struct model *have, const struct iface *master,
		      struct path_part like, unsigned depth)
{
	like.port = !like.below_ports;
	MODEL_FOREACH(have, i) {
		const struct link *l = iface_link(i);

		if (l && l->up && l->carrier && l->master.index == master->ifindex)
			add(p, have, i, like, depth + 1);
	}
}

static void add(struct path *p, const struct model *have, const struct iface *i,
		struct path_part like, unsigned depth)
{
	for (unsigned n = 0; n < p->n; n++)
		if (p->parts[n].iface == i)
			return;
	if (depth > DEPTH_MAX || !iface_link(i))
		return;
	like.iface = i;
	p->parts = array_reserve(p->parts, p->n, sizeof(*p->parts));
	p->parts[p->n++] = like;
	add_lower(p, have, i, like, depth);
	add_ports(p, have, i, like, depth);
}

/* By itself: its ports are others' ways. */
static void add_one(struct path *p, struct path_part part)
{
	for (unsigned n = 0; n < p->n; n++)
		if (p->parts[n].iface == part.iface)
			return;
	p->parts = array_reserve(p->parts, p->n, sizeof(*p->parts));
	p->parts[p->n++] = part;
}

void path_find(struct path *p, const struct model *have, const struct path_ends *ends)
{
	struct search s = { .have = have, .to = &ends->own, .own = true };
	const struct iface *own = ends->own.family ? find_first(&s) : NULL;
	const struct iface *vrf = vrf_of(have, own), *first;

	s = (struct search){ .have = have, .to = &ends->peer, .vrf = vrf };
	first = *ends->interface ? model_find(have, ends->interface) : find_first(&s);
	if (!first)
		first = own;
	memset(p, 0, sizeof(*p));
	p->keeps_own = ends->own.family == AF_INET;
	if (first)
		add(p, have, first, (struct path_part){ 0 }, 0);
	if (first && vrf)
		add_one(p, (struct path_part){ .iface = vrf });
	if (own)
		add_one(p, (struct path_part){ .iface = own, .address = true });
}

void path_done(struct path *p)
{
	free(p->parts);
	memset(p, 0, sizeof(*p));
}

/* IPv4's stay where the link is down (fib_sync_down_dev()), and who asks is answered elsewhere. */
static enum cut address_cut(const struct path *p, const struct lost *l)
{
	if (l->gone || (l->down && !p->keeps_own))
		return CUT_YES;
	return l->n_reasons > l->down ? CUT_MAYBE : CUT_NO;
}

enum cut path_cut(const struct path *p, const struct impact *m)
{
	enum cut cut = p->n ? CUT_NO : CUT_UNKNOWN;
	unsigned ports = 0, lost_ports = 0;

	for (unsigned n = 0; n < p->n; n++) {
		const struct path_part *part = &p->parts[n];
		const struct lost *l = impact_find(m, part->iface->ifindex);
		bool all = l && l->loss == LOSS_ALL;

		if (part->address) {
			cut = l ? max_of(cut, address_cut(p, l)) : cut;
			continue;
		}
		ports += part->port;
		lost_ports += part->port && all;
		if (all && !part->port && !part->below_ports)
			cut = CUT_YES;
		else if (l && cut != CUT_YES)
			cut = CUT_MAYBE;
	}
	return ports && ports == lost_ports ? CUT_YES : cut;
}

json_t *path_json(const struct path *p, const struct impact *m, const char *ends)
{
	json_t *names = json_array();

	for (unsigned n = 0; n < p->n; n++) {
		_cleanup_free_ char *name = text_utf8(str_dup(p->parts[n].iface->name));

		json_array_append_new(names, json_string(name));
	}
	return json_pack("{s:s%, s:o, s:s}", "peer", ends, strcspn(ends, " "), "interfaces", names,
			 "interrupted", cut_name(path_cut(p, m)));
}
