// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What a message of the kernel's means: whose it is, and, of a link, which
 * interface it is about.
 *
 * What must stay true: a dump and a notification are read alike, into the model
 * that is being filled or else the one that is seen. An index and a name stand
 * for one interface each: when a message gives one of them to another, the old
 * bearer goes first, though nothing may have told of its end.
 */
#include "core/mirror.h"

#include <stdio.h>

#include "nl/genl.h"
#include "nl/uapi.h"
#include "util/log.h"

static int link_filter(struct nl_msg *msg, void *header _unused_)
{
	return nla_put_u32(msg, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
}

const struct source mirror_links = {
	.get = RTM_GETLINK, .add = RTM_NEWLINK, .del = RTM_DELLINK, .family = AF_UNSPEC,
	.header = sizeof(struct ifinfomsg), .groups = { RTNLGRP_LINK }, .filter = link_filter,
};

struct iface *mirror_iface(struct mirror *m, int ifindex)
{
	return model_find_index(mirror_model(m), ifindex);
}

static void link_gone(struct mirror *m, struct iface *i)
{
	int index = i->ifindex;

	i->ifindex = 0;
	mirror_touch(m, i);
	i->ifindex = index;
	m->appeared = true;
	model_remove(mirror_model(m), i);
}

static struct iface *link_identify(struct mirror *m, const struct link_message *lm)
{
	struct model *model = mirror_model(m);
	struct iface *i = model_find_index(model, lm->info->ifi_index), *other;
	char name[IFNAMSIZ];

	snprintf(name, sizeof(name), "%.*s", nla_len(lm->tb[IFLA_IFNAME]),
		 (char *)nla_data(lm->tb[IFLA_IFNAME]));
	if (i && !strcmp(i->name, name))
		return i;
	m->appeared = true;
	other = model_find(model, name);
	if (other) /* its own deletion or renaming was not told */
		link_gone(m, other);
	if (i) {
		model_rename(model, i, name);
	} else {
		i = model_add(model, name);
		model_set_index(model, i, lm->info->ifi_index);
	}
	return i;
}

static struct nlattr *descend(const struct link_message *lm, const uint16_t *nest)
{
	if (nest[0] == IFLA_LINKINFO)
		return lm->linkinfo[nest[1]];
	if (!nest[0] || !lm->tb[nest[0]] || !nest[1])
		return lm->tb[nest[0]];
	return nla_find(nla_data(lm->tb[nest[0]]), nla_len(lm->tb[nest[0]]), nest[1]);
}

static bool word_is(const struct nlattr *a, const char *word)
{
	return a && (size_t)nla_len(a) >= strlen(word) && !strncmp(nla_data(a), word, nla_len(a));
}

/* Rows of which a change changes more than the kernel tells of, on the heap; NULL: none. */
static struct object *untold_rows(const struct feature *f, const struct object *o)
{
	struct object *untold = NULL;

	FOREACH_ROW(f, r) {
		if (!(r->flags & ROW_UNTOLD) || !row_has(f, r, o))
			continue;
		if (!untold)
			untold = object_new(f, NULL);
		row_copy(f, r, NULL, untold, o);
	}
	return untold;
}

/* Another hand's change of such a row: what came with it is to be read. */
static void read_untold(struct mirror *m, const struct feature *f, const struct object *before,
			const struct object *now)
{
	if (m->filling)
		return;
	FOREACH_ROW(f, r)
		if (row_has(f, r, before) && row_has(f, r, now) && !row_equal(r, before, now)) {
			mirror_untold(m);
			return;
		}
}

/* By default: the rows' attributes, if they stand where the feature says. */
static int observe_rows(struct mirror *m, struct iface *i, const struct feature *f,
			const struct link_message *lm)
{
	struct nlattr *nest, *tb[256];
	struct object *o, *before;
	int r, max = 0;

	if (!f->nest[0])
		return 0;
	nest = descend(lm, f->nest);
	if (!nest || (f->kind && !word_is(lm->linkinfo[IFLA_INFO_KIND], f->kind)) ||
	    (f->slave_kind && !word_is(lm->linkinfo[IFLA_INFO_SLAVE_KIND], f->slave_kind))) {
		iface_drop(mirror_model(m), i, f);
		return 0;
	}
	FOREACH_ROW(f, row)
		max = max_of(max, (int)row->attr);
	if (max >= (int)ARRAY_SIZE(tb))
		return -EINVAL;
	if (nla_parse(tb, max, nla_data(nest), nla_len(nest), NULL) < 0)
		return -EBADMSG;
	o = iface_get_object(mirror_model(m), i, f);
	before = untold_rows(f, o);
	r = object_decode(f, o, tb, max);
	if (before)
		read_untold(m, f, before, o);
	object_free(f, before);
	return r;
}

static unsigned link_bits(const struct iface *i)
{
	const struct link *l = iface_link(i);

	return l ? l->up | l->carrier << 1 : 4;
}

static int on_newlink(struct mirror *m, const struct nlmsghdr *n)
{
	struct link_message lm = { .n = n, .info = NLMSG_DATA(n) };
	struct iface *i;
	unsigned bits;
	int r;

	if (nlmsg_parse((struct nlmsghdr *)n, sizeof(*lm.info), lm.tb, IFLA_MAX, NULL) < 0 ||
	    !lm.tb[IFLA_IFNAME])
		return -EBADMSG;
	if (lm.tb[IFLA_LINKINFO] &&
	    nla_parse_nested(lm.linkinfo, IFLA_INFO_MAX, lm.tb[IFLA_LINKINFO], NULL) < 0)
		return -EBADMSG;
	i = link_identify(m, &lm);
	bits = link_bits(i);
	mirror_touch(m, i);
	for (unsigned f = 0; f < n_features; f++) {
		r = features[f]->observe_link ? features[f]->observe_link(m, i, &lm) :
						observe_rows(m, i, features[f], &lm);
		if (r < 0)
			return r;
	}
	if (!m->filling && link_bits(i) != bits)
		refresh_iface(m, i->ifindex, bits < 4);
	return 0;
}

static int on_dellink(struct mirror *m, const struct nlmsghdr *n)
{
	const struct ifinfomsg *info = NLMSG_DATA(n);
	struct iface *i = mirror_iface(m, info->ifi_index);

	if (i)
		link_gone(m, i);
	return 0;
}

/* Of generic netlink: 1 it is there, 0 it is gone, -1 another message. */
static int matches_command(const struct source *s, const struct nlmsghdr *n)
{
	const struct genlmsghdr *g = NLMSG_DATA(n);

	if (n->nlmsg_type != s->get || NLMSG_PAYLOAD(n, 0) < (int)sizeof(*g) || !g->cmd)
		return -1;
	if (g->cmd == s->commands.add[0] || g->cmd == s->commands.add[1])
		return 1;
	return g->cmd == s->commands.del ? 0 : -1;
}

static bool matches_type(const struct source *s, uint16_t type, const struct nlmsghdr *n)
{
	const struct rtgenmsg *g = NLMSG_DATA(n);

	if (type != n->nlmsg_type || NLMSG_PAYLOAD(n, 0) < s->header)
		return false;
	/* Any family will do where all were asked for; but links are a family of their own. */
	if (s->family == AF_UNSPEC && n->nlmsg_type > RTM_SETLINK)
		return true;
	return s->family == g->rtgen_family;
}

/* 1: what it tells of is there; 0: it is gone; -1: it is not of this source. */
static int matches(const struct source *s, const struct nlmsghdr *n)
{
	if (genl_is(s->get))
		return matches_command(s, n);
	if (matches_type(s, s->add, n))
		return 1;
	return matches_type(s, s->del, n) ? 0 : -1;
}

static int dispatch(struct mirror *m, const struct nlmsghdr *n)
{
	int r = matches(&mirror_links, n);

	m->told = features[FEATURE_LINK];
	if (r >= 0)
		return r ? on_newlink(m, n) : on_dellink(m, n);
	for (unsigned f = 0; f < n_features; f++)
		for (const struct source *s = features[f]->sources; s && s->get; s++) {
			int add = matches(s, n);

			if (add < 0 || !mirror_reads(m, features[f], s))
				continue;
			if (!s->no_dump)
				m->told = features[f];
			r = features[f]->observe(m, n, add);
			if (r < 0)
				return r;
			break; /* sources of one feature may share their notifications */
		}
	return 0;
}

void mirror_take(struct mirror *m, const struct nlmsghdr *n)
{
	int r = dispatch(m, n);

	if (r < 0)
		log_warning("netlink message of type %u not understood: %s", n->nlmsg_type,
			    strerror(-r));
}
