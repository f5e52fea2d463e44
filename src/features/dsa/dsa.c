// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Hardware switches of the kernel's distributed switch architecture. A user
 * port (lan0) stands on the conduit (eth0): the device that carries the frames
 * of all ports to the processor, each with a tag that says which port it is of.
 *
 * What must stay true: the conduit is nobody's port, has no addresses and
 * nothing but the switch on it, for the kernel takes the tagged frames away
 * from it before IP, VLANs or a bridge see them (eth_type_trans(): ETH_P_XDSA).
 * And it is not taken down under its ports, which would go down with it.
 */
#include <stdio.h>

#include "core/config.h"
#include "core/mirror.h"
#include "core/plan.h"
#include "core/quirk.h"
#include "features/features.h"
#include "nl/uapi.h"

struct dsa {
	struct object o;
	struct ifref conduit;
	char tagging[IFNAMSIZ];
	uint16_t ports, counted; /* counted: while look() counts */
};

enum { CONDUIT, TAGGING, PORTS };

static const struct row rows[] = {
	[CONDUIT] = { .key = "conduit", .type = &type_ifref, VALUE(dsa, conduit),
		      .attr = IFLA_DSA_CONDUIT, .phase = PHASE_ATTACH, .since = "6.1",
		      .help = "Of a port: the device that carries its frames to the processor" },
	[TAGGING] = { .key = "tagging", .type = &type_name, VALUE(dsa, tagging), .phase = PHASE_PHY,
		      .effect = EFFECT_BOUNCE,
		      .help = "Of a conduit: the protocol of the tags between switch and processor "
			      "(dsa, edsa, ...); changed with all ports down" },
	[PORTS] = { .key = "ports", .type = &type_u16, VALUE(dsa, ports), .flags = ROW_STATE,
		    .help = "Of a conduit: how many ports it carries" },
};

static struct dsa *dsa_of(const struct iface *i)
{
	return (struct dsa *)iface_object(i, &dsa_feature);
}

static bool has(const struct dsa *d, unsigned row)
{
	return d && (d->o.present & BIT64(row));
}

static bool is_dsa(const struct link_message *lm)
{
	const struct nlattr *kind = lm->linkinfo[IFLA_INFO_KIND];

	if (kind)
		return !strncmp(nla_data(kind), "dsa", nla_len(kind));
	/* Before 6.1 a port has no kind: of a switch, and standing on something. */
	return lm->tb[IFLA_LINK] && lm->tb[IFLA_PHYS_SWITCH_ID] && lm->tb[IFLA_PHYS_PORT_NAME];
}

static int observe_link(struct mirror *m, struct iface *i, const struct link_message *lm)
{
	struct nlattr *tb[IFLA_DSA_MAX + 1] = { NULL }, *conduit;
	struct dsa *d;

	if (!is_dsa(lm))
		return 0;
	if (lm->linkinfo[IFLA_INFO_DATA] &&
	    nla_parse_nested(tb, IFLA_DSA_MAX, lm->linkinfo[IFLA_INFO_DATA], NULL) < 0)
		return -EBADMSG;
	conduit = tb[IFLA_DSA_CONDUIT] ? tb[IFLA_DSA_CONDUIT] : lm->tb[IFLA_LINK];
	if (!conduit)
		return 0;
	d = (struct dsa *)iface_get_object(mirror_model(m), i, &dsa_feature);
	d->conduit.index = nla_get_u32(conduit);
	d->o.present |= BIT64(CONDUIT);
	mirror_resolve(mirror_model(m), i);
	return 0;
}

/* What the tag protocol is no message tells; /sys/class/net/eth0/dsa/tagging does. */
static void look_at_conduit(struct mirror *m, struct iface *i, unsigned ports)
{
	struct dsa *d = (struct dsa *)iface_get_object(m->seen, i, &dsa_feature);
	char path[64], tagging[IFNAMSIZ] = "";

	snprintf(path, sizeof(path), "class/net/%s/dsa/tagging", i->name);
	if (kernel_read_file(m->kernel, path, tagging, sizeof(tagging)) <= 0)
		tagging[0] = 0;
	if (has(d, PORTS) && d->ports == ports && !strcmp(d->tagging, tagging))
		return;
	d->ports = ports;
	strcpy(d->tagging, tagging);
	d->o.present = BIT64(PORTS) | (*tagging ? BIT64(TAGGING) : 0);
	mirror_touch(m, i);
}

static void count_port(struct mirror *m, const struct iface *port)
{
	struct iface *i = model_find_index(m->seen, dsa_of(port)->conduit.index);

	if (i)
		((struct dsa *)iface_get_object(m->seen, i, &dsa_feature))->counted++;
}

static void look(struct mirror *m)
{
	MODEL_FOREACH(m->seen, i)
		if (has(dsa_of(i), CONDUIT))
			count_port(m, i);
	MODEL_FOREACH(m->seen, i) {
		struct dsa *d = dsa_of(i);

		if (d && d->counted) {
			look_at_conduit(m, i, d->counted);
			d->counted = 0;
		} else if (has(d, PORTS)) { /* its switch is gone */
			iface_drop(m->seen, i, &dsa_feature);
			mirror_touch(m, i);
		}
	}
}

/* Is it the conduit of @port, as the configuration says or else the machine? */
static bool carries(const struct model *have, const struct iface *port, const char *conduit)
{
	const struct dsa *d = dsa_of(port);

	if (!has(d, CONDUIT))
		d = dsa_of(model_find(have, port->name));
	return has(d, CONDUIT) && !strcmp(d->conduit.name, conduit);
}

static const struct iface *first_port(const struct model *among, const struct model *have,
				      const char *conduit)
{
	const struct iface *first = NULL;

	MODEL_FOREACH(among, port)
		if (carries(have, port, conduit) && (!first || strcmp(port->name, first->name) < 0))
			first = port;
	return first;
}

/* A port whose conduit @i is, one in the configuration if there is one; NULL: it is none. */
static const struct iface *find_port(const struct model *want, const struct model *have,
				     const struct iface *i)
{
	const struct iface *port = first_port(want, have, i->name);

	return port || !have ? port : first_port(have, have, i->name);
}

/* A row of the entry, or a list, that a conduit cannot have, and why. */
static const struct {
	const char *feature, *row; /* row NULL: a list */
	const char *why;
} impossible[] = {
	{ "link", "mtu", "the kernel makes it follow from its ports: their largest, and the tag" },
	{ "addresses", NULL,
	  "IP never sees a frame of it: addresses belong to the ports or their bridge" },
	{ "routes", NULL,
	  "IP never sees a frame of it: routes belong to the ports or their bridge" },
};

static char *refuse_settings(const struct iface *i, const struct iface *port,
			     const struct origin **ret_where)
{
	for (unsigned n = 0; n < ARRAY_SIZE(impossible); n++) {
		const struct feature *f = feature_find(impossible[n].feature);
		const struct row *r = impossible[n].row ? row_find(f, impossible[n].row) : NULL;
		const struct list *l = r ? NULL : iface_list(i, f);

		if (r ? !row_has(f, r, i->part[f->id]) : !l || !l->n)
			continue;
		*ret_where = r ? object_where(f, r, i->part[f->id]) :
				 object_where(f, f->rows, l->items[0]);
		return str_format("%s: is the conduit of %s: %s", r ? r->key : f->name, port->name,
				  impossible[n].why);
	}
	return NULL;
}

static char *refuse_master(const struct iface *i, const struct iface *port,
			   const struct origin **ret_where)
{
	const struct feature *root = features[FEATURE_LINK];
	const struct link *l = iface_link(i);

	if (!*l->master.name)
		return NULL;
	*ret_where = object_where(root, row_find(root, "master"), &l->o);
	return str_format("master: is the conduit of %s: a bridge never sees its frames; the ports "
			  "belong into the bridge, and the switch forwards between them",
			  port->name);
}

static char *refuse_down(const struct model *want, const struct model *have, const struct iface *i,
			 const struct origin **ret_where)
{
	const struct feature *root = features[FEATURE_LINK];

	if (iface_link(i)->up)
		return NULL;
	MODEL_FOREACH(want, port) {
		if (!iface_link(port)->up || !carries(have, port, i->name))
			continue;
		*ret_where = object_where(root, row_find(root, "up"), &iface_link(i)->o);
		return str_format(
			"up: is the conduit of %s, which is to be up and would go down with it",
			port->name);
	}
	return NULL;
}

static char *refuse_conduit(const struct model *want, const struct model *have,
			    const struct iface *i, const struct iface *port,
			    const struct origin **ret_where)
{
	char *why = refuse_settings(i, port, ret_where);

	if (!why)
		why = refuse_master(i, port, ret_where);
	return why ? why : refuse_down(want, have, i, ret_where);
}

/* dsa_conduit_prechangeupper_sanity_check() */
static char *refuse_upper(const char *conduit, const struct iface *port)
{
	return str_format(
		"kind: cannot stand on %s, which is the conduit of %s: the kernel lets only the "
		"switch's ports do that",
		conduit, port->name);
}

static const struct ifref *made_on(const struct iface *i)
{
	return *iface_kind(i) ? iface_lower(i) : NULL;
}

/* What the machine has, and the configuration does not name: check() knows the others. */
static char *refused(const struct model *want, const struct model *have, const struct iface *i,
		     const struct origin **ret_where)
{
	const struct ifref *lower = made_on(i);
	const struct iface *on = lower ? model_find(have, lower->name) : NULL;

	if (has(dsa_of(model_find(have, i->name)), PORTS) && !find_port(want, NULL, i))
		return refuse_conduit(want, have, i, find_port(want, have, i), ret_where);
	if (has(dsa_of(on), PORTS) && !find_port(want, NULL, on))
		return refuse_upper(on->name, find_port(want, have, on));
	return NULL;
}

static void refuse_uppers(const struct model *want, const struct iface *conduit,
			  const struct iface *port, struct errors *e)
{
	MODEL_FOREACH(want, i) {
		const struct ifref *lower = made_on(i);
		_cleanup_free_ char *why = NULL;

		if (!lower || strcmp(lower->name, conduit->name))
			continue;
		why = refuse_upper(conduit->name, port);
		errors_add(e, &i->where, "%s: %s", i->name, why);
	}
}

/* Told once, with the first of a conduit's ports. */
static void check(const struct model *want, const struct iface *i, struct errors *e)
{
	const struct dsa *d = dsa_of(i);
	const struct iface *conduit = has(d, CONDUIT) ? model_find(want, d->conduit.name) : NULL;
	const struct origin *at;
	_cleanup_free_ char *why = NULL;

	if (has(d, CONDUIT) && has(d, TAGGING))
		errors_add(e, object_where(&dsa_feature, &rows[TAGGING], &d->o),
			   "%s: dsa.tagging: belongs to the conduit, %s", i->name, d->conduit.name);
	if (!conduit || find_port(want, NULL, conduit) != i)
		return;
	at = &conduit->where;
	why = refuse_conduit(want, NULL, conduit, i, &at);
	if (why)
		errors_add(e, at, "%s: %s", conduit->name, why);
	refuse_uppers(want, conduit, i, e);
}

/* A port of the bridge that is one of a switch with a single address database for such bridges. */
static const struct iface *limited_port(const struct model *want, const struct model *have,
					const struct iface *bridge, const char *switch_id)
{
	const struct feature *f = feature_find("bridge");
	const struct row *filtering = row_find(f, "vlan_filtering");
	const struct object *o = iface_object(bridge, f);

	if (strcmp(iface_kind(bridge), "bridge") ||
	    (row_has(f, filtering, o) && !row_is_zero(filtering, o)))
		return NULL;
	MODEL_FOREACH(want, i) {
		const struct iface *port = model_find(have, i->name);
		const char *id = port && iface_link(port) ? iface_link(port)->switch_id : NULL;

		if (id && !strcmp(iface_link(i)->master.name, bridge->name) &&
		    (!switch_id || !strcmp(id, switch_id)) &&
		    quirk_limit(port, "one-address-database"))
			return port;
	}
	return NULL;
}

/* Told of the second such bridge. */
static void warn(const struct model *want, const struct model *have, const struct iface *i,
		 struct errors *warnings)
{
	const struct iface *port = limited_port(want, have, i, NULL);
	const struct quirk *q = port ? quirk_limit(port, "one-address-database") : NULL;

	if (!port)
		return;
	MODEL_FOREACH(want, other) {
		const struct iface *its = strcmp(other->name, i->name) < 0 ?
			limited_port(want, have, other, iface_link(port)->switch_id) : NULL;

		if (!its)
			continue;
		errors_add(warnings, &i->where,
			   "%s: bridge.vlan_filtering: is off, as it is of %s, and %s and %s are "
			   "ports of one switch: %s (%s)",
			   i->name, other->name, its->name, port->name, q->why, q->source);
		return;
	}
}

static char *blocked(const struct planner *p, const struct iface *want)
{
	const struct dsa *d = dsa_of(want), *have = dsa_of(plan_have(p, want->name));

	if (has(d, CONDUIT) && !has(have, CONDUIT))
		return str_format("dsa.conduit: waits for a switch to have the port %s; it is "
				  "another device now", want->name);
	if (has(d, CONDUIT) && !plan_will_exist(p, d->conduit.name))
		return str_format("waits for %s", d->conduit.name);
	if (has(d, TAGGING) && !has(have, TAGGING))
		return str_format("dsa.tagging: waits for the switch whose conduit %s is to be",
				  want->name);
	return NULL;
}

static int encode(struct encoder *e, const struct step *s, unsigned part _unused_)
{
	const struct dsa *to = (const struct dsa *)s->to;
	struct nlattr *info, *data;
	struct ifinfomsg *head;

	if (s->mask & BIT64(TAGGING)) {
		snprintf(e->path, sizeof(e->path), "class/net/%s/dsa/tagging", s->name);
		snprintf(e->value, sizeof(e->value), "%s", to->tagging);
		encoder_sysfs(e);
		return 0;
	}
	head = encoder_begin(e, RTM_NEWLINK, 0, sizeof(*head));
	head->ifi_index = s->ifindex;
	info = nla_nest_start(e->msg, IFLA_LINKINFO);
	if (!info || nla_put_string(e->msg, IFLA_INFO_KIND, "dsa") < 0)
		return -EMSGSIZE;
	data = nla_nest_start(e->msg, IFLA_INFO_DATA);
	if (!data || encode_rows(e, &dsa_feature, s->to, s->mask) < 0)
		return -EMSGSIZE;
	nla_nest_end(e->msg, data);
	nla_nest_end(e->msg, info);
	return 0;
}

struct feature dsa_feature = {
	.name = "dsa",
	.help = "A port of a hardware switch (DSA), or the conduit that carries its ports",
	.form = FORM_GROUP, .size = sizeof(struct dsa), .rows = rows, .n_rows = ARRAY_SIZE(rows),
	.observe_link = observe_link, .look = look, .check = check, .refused = refused,
	.warn = warn, .blocked = blocked, .encode = encode,
};
