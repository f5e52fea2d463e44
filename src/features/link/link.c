// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What every interface has: existence, name, admin state, MTU, address, alias,
 * master. Also the message that creates an interface, with the settings of its
 * kind in it, and the one that deletes it.
 */
#include <net/ethernet.h>
#include <stdio.h>

#include "core/config.h"
#include "core/devconf.h"
#include "core/mirror.h"
#include "core/plan.h"
#include "core/stand.h"
#include "features/features.h"
#include "nl/uapi.h"
#include "util/text.h"

#include <linux/if_arp.h>

/* RFC 2863, ifOperStatus; linux/if.h, IF_OPER_… */
static const struct word operstate_words[] = {
	{ "unknown", IF_OPER_UNKNOWN },
	{ "not-present", IF_OPER_NOTPRESENT },
	{ "down", IF_OPER_DOWN },
	{ "lower-layer-down", IF_OPER_LOWERLAYERDOWN },
	{ "testing", IF_OPER_TESTING },
	{ "dormant", IF_OPER_DORMANT },
	{ "up", IF_OPER_UP },
	{ NULL, 0 },
};

static const struct word foreign_words[] = {
	{ "keep", FOREIGN_KEEP }, { "remove", FOREIGN_REMOVE }, { NULL, 0 },
};

enum { KIND, UP, MTU, ADDRESS, ALIAS, MASTER, FOREIGN, ON_DRIFT, CARRIER, OPERSTATE,
       CARRIER_CHANGES, LOWER, SLAVE_KIND, SWITCH_ID, PORT_NAME,
       TX_QUEUES, RX_QUEUES, PARENT_DEV, DRIVER };

static const struct row rows[] = {
	[KIND] = { .key = "kind", .type = &type_name, VALUE(link, kind),
	  .phase = PHASE_CREATE, .flags = ROW_CREATE, .effect = EFFECT_RECREATE,
	  .help = "Kind of interface to create; without it, a device that exists by itself" },
	[UP] = { .key = "up", .type = &type_bool, VALUE(link, up), .phase = PHASE_UP,
	  .off = PHASE_DOWN,
	  .help = "Administratively up; true unless the configuration says false" },
	[MTU] = { .key = "mtu", .type = &type_u32, VALUE(link, mtu), .attr = IFLA_MTU,
	  .phase = PHASE_LINK,
	  .min = 68, .max = 65536, .help = "Largest packet, bytes without the Ethernet header" },
	[ADDRESS] = { .key = "address", .type = &type_mac, VALUE(link, address),
	  .attr = IFLA_ADDRESS,
	  .phase = PHASE_LINK, .flags = ROW_EARLY,
	  .help = "Ethernet address; without it a bridge takes the lowest of its first ports', "
		  "and keeps it" },
	[ALIAS] = { .key = "alias", .type = &type_string, VALUE(link, alias), .attr = IFLA_IFALIAS,
	  /* A message of its own, so that it stands when the kernel refuses something else. */
	  .phase = PHASE_ATTACH, .max = IFALIASZ - 1, .initial = "\"\"",
	  .help = "Text for people that the kernel keeps with the interface" },
	[MASTER] = { .key = "master", .type = &type_ifref, VALUE(link, master), .attr = IFLA_MASTER,
	  .phase = PHASE_ATTACH, .off = PHASE_DETACH, .initial = "\"\"",
	  .help = "Bridge (or other master) that the interface is a port of" },
	[FOREIGN] = { .key = "foreign", .type = &type_enum8, VALUE(link, foreign_policy),
	  .data = foreign_words, .flags = ROW_POLICY, .initial = "\"keep\"",
	  .help = "What to do with addresses and routes that others made" },
	[ON_DRIFT] = { .key = "on_drift", .type = &type_enum8, VALUE(link, on_drift),
	  .data = drift_words, .flags = ROW_POLICY,
	  .help = "What to do when another hand changes a setting; by itself, as in "
		  "daemon.on_drift" },
	[CARRIER] = { .key = "carrier", .type = &type_bool, VALUE(link, carrier),
	  .attr = IFLA_CARRIER, .flags = ROW_STATE, .help = "Is there a link to a partner?" },
	[OPERSTATE] = { .key = "operstate", .type = &type_enum8, VALUE(link, operstate),
	  .attr = IFLA_OPERSTATE,
	  .data = operstate_words, .flags = ROW_STATE, .help = "Operational state of RFC 2863" },
	[CARRIER_CHANGES] = { .key = "carrier_changes", .type = &type_u32,
	  VALUE(link, carrier_changes),
	  .attr = IFLA_CARRIER_CHANGES, .flags = ROW_STATE | ROW_VOLATILE,
	  .help = "How often the carrier came or went" },
	[LOWER] = { .key = "lower", .type = &type_ifref, VALUE(link, lower), .attr = IFLA_LINK,
	  .flags = ROW_STATE | ROW_CREATE, .help = "Interface that this one stands on" },
	[SLAVE_KIND] = { .key = "slave_kind", .type = &type_name, VALUE(link, slave_kind),
	  .flags = ROW_STATE,
	  .help = "Kind of the master" },
	[SWITCH_ID] = { .key = "phys_switch_id", .type = &type_string, VALUE(link, switch_id),
	  .flags = ROW_STATE,
	  .help = "Identity of the hardware switch that it is a port of; ports with the same one "
		  "are one switch's" },
	[PORT_NAME] = { .key = "phys_port_name", .type = &type_string, VALUE(link, port_name),
	  .attr = IFLA_PHYS_PORT_NAME, .flags = ROW_STATE,
	  .help = "What the hardware calls the port" },
	[TX_QUEUES] = { .key = "num_tx_queues", .type = &type_u32, VALUE(link, tx_queues),
	  .attr = IFLA_NUM_TX_QUEUES, .phase = PHASE_CREATE, .flags = ROW_CREATE,
	  .effect = EFFECT_RECREATE, .min = 1, .max = 4096,
	  .help = "Transmit queues that an interface is created with" },
	[RX_QUEUES] = { .key = "num_rx_queues", .type = &type_u32, VALUE(link, rx_queues),
	  .attr = IFLA_NUM_RX_QUEUES, .phase = PHASE_CREATE, .flags = ROW_CREATE,
	  .effect = EFFECT_RECREATE, .min = 1, .max = 4096,
	  .help = "Receive queues that an interface is created with" },
	[PARENT_DEV] = { .key = "parent_dev", .type = &type_string, VALUE(link, parent_dev),
	  .flags = ROW_STATE,
	  .help = "Bus and name of the device that it belongs to, as devlink calls it" },
	[DRIVER] = { .key = "driver", .type = &type_string, VALUE(link, driver), .flags = ROW_STATE,
	  .help = "Driver of a device that exists by itself" },
};

static void put_word(struct link *l, unsigned row, char *to, const struct nlattr *a)
{
	snprintf(to, IFNAMSIZ, "%.*s", a ? nla_len(a) : 0, a ? (char *)nla_data(a) : "");
	l->o.present |= BIT64(row);
}

/* IFLA_PARENT_DEV_…, since 5.14 */
static void observe_parent(struct link *l, const struct nlattr *bus, const struct nlattr *name)
{
	if (!bus || !name)
		return;
	l->parent_dev = str_format("%s/%s", nla_get_string((struct nlattr *)bus),
				   nla_get_string((struct nlattr *)name));
	l->o.present |= BIT64(PARENT_DEV);
}

static void observe_switch(struct link *l, const struct nlattr *id)
{
	const uint8_t *bytes = id ? nla_data(id) : NULL;
	static const char digits[] = "0123456789abcdef";

	if (!id || !nla_len(id))
		return;
	l->switch_id = mem_new(2 * nla_len(id) + 1);
	for (int n = 0; n < nla_len(id); n++) {
		l->switch_id[2 * n] = digits[bytes[n] >> 4];
		l->switch_id[2 * n + 1] = digits[bytes[n] & 15];
	}
	l->o.present |= BIT64(SWITCH_ID);
}

static int observe_link(struct mirror *m, struct iface *i, const struct link_message *lm)
{
	struct object *o = iface_get_object(mirror_model(m), i, &link_feature);
	struct link *l = (struct link *)o;
	char *driver = TAKE_PTR(l->driver); /* of which no message tells */
	int r;

	object_clear(&link_feature, o);
	l->driver = driver;
	l->o.present |= driver ? BIT64(DRIVER) : 0;
	r = object_decode(&link_feature, o,
			  (struct nlattr *const[IFLA_MAX + 1]){
				  [IFLA_MTU] = lm->tb[IFLA_MTU],
				  [IFLA_IFALIAS] = lm->tb[IFLA_IFALIAS],
				  [IFLA_MASTER] = lm->tb[IFLA_MASTER],
				  [IFLA_CARRIER] = lm->tb[IFLA_CARRIER],
				  [IFLA_NUM_TX_QUEUES] = lm->tb[IFLA_NUM_TX_QUEUES],
				  [IFLA_NUM_RX_QUEUES] = lm->tb[IFLA_NUM_RX_QUEUES],
				  [IFLA_OPERSTATE] = lm->tb[IFLA_OPERSTATE],
				  [IFLA_PHYS_PORT_NAME] = lm->tb[IFLA_PHYS_PORT_NAME],
				  [IFLA_CARRIER_CHANGES] = lm->tb[IFLA_CARRIER_CHANGES],
				  [IFLA_ADDRESS] = lm->info->ifi_type == ARPHRD_ETHER ?
							   lm->tb[IFLA_ADDRESS] : NULL,
			  },
			  IFLA_MAX);
	if (r < 0)
		return r;
	l->up = !!(lm->info->ifi_flags & IFF_UP);
	/* What the kernel does not tell is not there: no alias, no master. */
	l->o.present |= BIT64(UP) | BIT64(ALIAS) | BIT64(MASTER);
	put_word(l, KIND, l->kind, lm->linkinfo[IFLA_INFO_KIND]);
	/* Only kinds that can be created count: DSA ports and the like exist by themselves. */
	if (!strcmp(l->kind, "dsa"))
		l->kind[0] = 0;
	observe_switch(l, lm->tb[IFLA_PHYS_SWITCH_ID]);
	observe_parent(l, lm->tb[IFLA_PARENT_DEV_BUS_NAME], lm->tb[IFLA_PARENT_DEV_NAME]);
	put_word(l, SLAVE_KIND, l->slave_kind, lm->linkinfo[IFLA_INFO_SLAVE_KIND]);
	/* IFLA_LINK of a veth is its peer, which it does not stand on. */
	if (lm->tb[IFLA_LINK] && strcmp(l->kind, "veth") && !lm->tb[IFLA_LINK_NETNSID] &&
	    (int)nla_get_u32(lm->tb[IFLA_LINK]) != i->ifindex) {
		l->lower.index = nla_get_u32(lm->tb[IFLA_LINK]);
		l->o.present |= BIT64(LOWER);
	}
	mirror_resolve(mirror_model(m), i);
	return 0;
}

/* It stays the same as long as the device does. */
static void look(struct mirror *m)
{
	const struct link *last = NULL;

	MODEL_FOREACH(m->seen, i) {
		struct link *l = iface_link(i);

		if (!l || *l->kind || l->driver)
			continue;
		/* Ports of one device have its driver (the folder "device" is the parent). */
		if (last && last->parent_dev && l->parent_dev &&
		    !strcmp(last->parent_dev, l->parent_dev))
			l->driver = str_dup(last->driver);
		else
			l->driver = kernel_driver(m->kernel, i->name);
		if (!l->driver)
			continue;
		last = l;
		l->o.present |= BIT64(DRIVER);
		mirror_touch(m, i);
	}
}

static void complete(struct model *want, struct iface *i)
{
	struct object *o = iface_get_object(want, i, &link_feature);

	if (!o->where)
		o->where = arena_alloc(want->arena, link_feature.n_rows * sizeof(*o->where));
	if ((o->present & BIT64(UP)) || !strcmp(i->name, DEVCONF_ALL))
		return;
	((struct link *)o)->up = true;
	o->present |= BIT64(UP);
	o->where[UP] = i->where;
}

/* Kinds without settings of their own; the others are the features that have a kind. */
static const char *const plain_kinds[] = { "dummy" };

static const char *nth_kind(const void *data _unused_, unsigned i)
{
	if (i < ARRAY_SIZE(plain_kinds))
		return plain_kinds[i];
	i -= ARRAY_SIZE(plain_kinds);
	for (unsigned n = 0; n < n_features; n++)
		if (features[n]->kind && i-- == 0)
			return features[n]->kind;
	return NULL;
}

static void check_kind(const struct iface *i, const char *kind, struct errors *e)
{
	const struct origin *at = object_where(&link_feature, &rows[KIND], i->part[FEATURE_LINK]);
	_cleanup_free_ char *hint = NULL;
	const char *known;

	for (unsigned n = 0; (known = nth_kind(NULL, n)); n++)
		if (!strcmp(kind, known))
			return;
	hint = text_hint(kind, nth_kind, NULL);
	errors_add(e, at, "%s: kind: netctld cannot create a \"%s\"%s", i->name, kind, hint);
}

/* "all" is no interface: it only has what the kernel keeps, and tells, for all of them. */
static void check_all(const struct iface *i, struct errors *e)
{
	for (unsigned n = 0; n < n_features; n++) {
		const struct feature *f = features[n];
		const struct object *o = i->part[n];

		if (!o)
			continue;
		if (f->form == FORM_LIST) {
			errors_add(e, &i->where, "%s: %s: \"all\" is no interface", i->name,
				   f->name);
			continue;
		}
		FOREACH_ROW(f, r)
			if (row_has(f, r, o) && strcmp(r->key, "forwarding"))
				errors_add(e, object_where(f, r, o),
					   "%s: %s%s%s: \"all\" is no interface; it has "
					   "ipv4.forwarding and ipv6.forwarding only",
					   i->name, f->form == FORM_ROOT ? "" : f->name,
					   f->form == FORM_ROOT ? "" : ".", r->key);
	}
}

static void check(const struct model *want, const struct iface *i, struct errors *e)
{
	const struct link *l = iface_link(i);
	const struct iface *master = model_find(want, l->master.name);
	const struct row *r = &rows[MASTER];

	if (!strcmp(i->name, DEVCONF_ALL)) {
		check_all(i, e);
		return;
	}
	if (*l->kind)
		check_kind(i, l->kind, e);
	for (unsigned n = TX_QUEUES; n <= RX_QUEUES && !*l->kind; n++)
		if (l->o.present & BIT64(n))
			errors_add(e, object_where(&link_feature, &rows[n], &l->o),
				   "%s: %s: of a device that exists by itself the driver decides",
				   i->name, rows[n].key);
	if (master && !strcmp(iface_kind(i), "bridge") && !strcmp(iface_kind(master), "bridge"))
		errors_add(e, object_where(&link_feature, r, &l->o),
			   "%s: master: a bridge cannot be a port of a bridge", i->name);
	if (master && *iface_kind(master) && strcmp(iface_kind(master), "bridge"))
		errors_add(e, object_where(&link_feature, r, &l->o),
			   "%s: master: \"%s\" is of kind \"%s\", which has no ports", i->name,
			   master->name, iface_kind(master));
}

static char *blocked(const struct planner *p, const struct iface *want)
{
	const struct link *l = iface_link(want);

	if (!*l->master.name || plan_will_exist(p, l->master.name))
		return NULL;
	return str_format("waits for %s", l->master.name);
}

/* What it stands on has a smaller one (vlan_dev_change_mtu(): ERANGE). */
static char *mtu_blocked(const struct planner *p, const struct iface *i, const struct link *to)
{
	const struct ifref *ref = plan_lower(p, i);
	const struct link *have = ref ? iface_link(plan_have(p, ref->name)) : NULL;
	const struct link *lower = ref ? iface_link(model_find(p->want, ref->name)) : NULL;
	uint32_t most = have ? have->mtu : UINT32_MAX;

	if (lower && (lower->o.present & BIT64(MTU)))
		most = min_of(most, lower->mtu);
	return to->mtu > most ? str_format("waits for %s to have a larger mtu", ref->name) : NULL;
}

/* As long as a bridge has its ports' address, that is what nobody configures. */
static char *address_blocked(const struct planner *p, const struct iface *i)
{
	const struct iface *have = plan_have(p, i->name);

	return have && !stand_gets_address_back(p, have) ? str_dup("has the address of a port") :
							   NULL;
}

static char *row_blocked(const struct planner *p, const struct iface *i, const struct object *o,
			 const struct row *r)
{
	const struct link *to = (const struct link *)o,
			  *want = iface_link(model_find(p->want, i->name));

	if (r == &rows[UP] && to->up)
		return plan_kept_down(p, i);
	if (r == &rows[ADDRESS] && !(want && (want->o.present & BIT64(ADDRESS))))
		return address_blocked(p, i);
	/* What is asked for is left to the kernel to refuse. */
	if (r == &rows[MTU] && !(want && (want->o.present & BIT64(MTU))))
		return mtu_blocked(p, i, to);
	return NULL;
}

/*
 * A port that joins a bridge gets the bridge's default PVID at once. Where the
 * configuration wants other VLANs on it, it joins with the link down, so that
 * it never forwards in a VLAN that nobody asked for.
 */
static enum effect effect(const struct planner *p, const struct step *s, const struct row *r)
{
	const struct feature *port = feature_find("port"), *bridge = feature_find("bridge");
	const struct link *to = (const struct link *)s->to;
	const struct iface *master = model_find(p->want, to->master.name);
	const struct row *pvid = row_find(bridge, "default_pvid");
	const struct object *o;

	if (r != &rows[MASTER] || !*to->master.name ||
	    !row_has(port, row_find(port, "pvid"), iface_object(s->want, port)))
		return r->effect;
	o = iface_object(master, bridge);
	if (!row_has(bridge, pvid, o))
		o = iface_object(model_find(p->have, to->master.name), bridge);
	return row_has(bridge, pvid, o) && row_is_zero(pvid, o) ? EFFECT_LIVE : EFFECT_BOUNCE;
}

static int encode_create(struct encoder *e, const struct step *s)
{
	struct ifinfomsg *info =
		encoder_begin(e, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, sizeof(*info));
	const char *kind = iface_kind(s->want);
	struct nlattr *nest;
	int r;

	info->ifi_index = s->ifindex;
	if (nla_put_string(e->msg, IFLA_IFNAME, s->name) < 0)
		return -EMSGSIZE;
	r = encode_rows(e, &link_feature, s->to, s->mask & ~BIT64(KIND));
	for (unsigned n = 0; r >= 0 && n < n_features; n++) {
		const struct feature *f = features[n];
		const struct object *o = s->want->part[n];

		if (!o || !f->kind || strcmp(f->kind, kind))
			continue;
		return f->encode ? f->encode(e, s, 0) : encode_nested_rows(e, f, o, o->present);
	}
	nest = nla_nest_start(e->msg, IFLA_LINKINFO);
	if (r < 0 || !nest || nla_put_string(e->msg, IFLA_INFO_KIND, kind) < 0)
		return -EMSGSIZE;
	nla_nest_end(e->msg, nest);
	return 0;
}

static int encode(struct encoder *e, const struct step *s, unsigned part _unused_)
{
	const struct link *to = (const struct link *)s->to;
	struct ifinfomsg *info;

	if (s->verb == VERB_CREATE)
		return encode_create(e, s);
	info = encoder_begin(e, s->verb == VERB_DELETE ? RTM_DELLINK : RTM_NEWLINK, 0,
			     sizeof(*info));
	info->ifi_index = s->ifindex;
	if (s->verb == VERB_DELETE)
		return 0;
	if (s->verb == VERB_RENAME)
		return nla_put_string(e->msg, IFLA_IFNAME, s->name) < 0 ? -EMSGSIZE : 0;
	if (s->mask & BIT64(UP)) {
		info->ifi_change = IFF_UP;
		info->ifi_flags = to->up ? IFF_UP : 0;
	}
	return encode_rows(e, &link_feature, s->to, s->mask);
}

static enum loss loses(const struct step *s, char **ret_why)
{
	const struct link *to = (const struct link *)s->to, *from = (const struct link *)s->from;

	if (s->verb != VERB_SET)
		return LOSS_NONE;
	if ((s->mask & BIT64(MASTER)) && from->master.index) {
		*ret_why = str_format("leaves %s", from->master.name);
		return LOSS_ALL;
	}
	/* What a port receives is its master's, not its own addresses'. */
	if (s->mask & BIT64(MASTER)) {
		*ret_why = str_format("becomes a port of %s", to->master.name);
		return LOSS_ALL;
	}
	if ((s->mask & BIT64(ADDRESS)) && !row_equal(&rows[ADDRESS], s->to, s->from)) {
		*ret_why = str_dup("its Ethernet address changes");
		return LOSS_PART;
	}
	return LOSS_NONE;
}

struct feature link_feature = {
	.name = "link", .help = "What every interface has", .form = FORM_ROOT,
	.size = sizeof(struct link), .rows = rows, .n_rows = ARRAY_SIZE(rows),
	.observe_link = observe_link, .look = look, .complete = complete, .check = check,
	.blocked = blocked, .row_blocked = row_blocked,
	.effect = effect, .loses = loses, .encode = encode, .statistics = link_statistics,
};
