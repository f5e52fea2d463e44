// SPDX-License-Identifier: LGPL-2.1-or-later
/* Pairs of virtual Ethernet devices. One entry creates both ends; the other end may have an
 * entry of its own, without a kind, like any device that exists by itself. */
#include <linux/veth.h>
#include <stdio.h>

#include "core/config.h"
#include "core/mirror.h"
#include "core/plan.h"
#include "features/features.h"
#include "nl/uapi.h"

struct veth {
	struct object o;
	char peer[IFNAMSIZ];
};

enum { PEER };

static const struct row rows[] = {
	[PEER] = { .key = "peer", .type = &type_name, VALUE(veth, peer), .flags = ROW_CREATE,
		   .phase = PHASE_CREATE, .effect = EFFECT_RECREATE,
		   .help = "Name of the other end, which is created with this one" },
};

static void name_peer(struct mirror *m, struct iface *i, const char *name)
{
	struct veth *v = (struct veth *)iface_get_object(mirror_model(m), i, &veth_feature);

	snprintf(v->peer, sizeof(v->peer), "%s", name);
	v->o.present |= BIT64(PEER);
	mirror_touch(m, i);
}

/*
 * IFLA_LINK is the index of the other end, and IFLA_LINK_NETNSID is there when that is in
 * another network namespace, where its name is not known (rtnl_fill_link_netnsid()). Whichever
 * end is told last names both.
 */
static int observe_link(struct mirror *m, struct iface *i, const struct link_message *lm)
{
	struct iface *peer = NULL;

	if (!strcmp(iface_kind(i), "veth") && lm->tb[IFLA_LINK] && !lm->tb[IFLA_LINK_NETNSID])
		peer = mirror_iface(m, nla_get_u32(lm->tb[IFLA_LINK]));
	if (!peer || strcmp(iface_kind(peer), "veth")) {
		iface_drop(mirror_model(m), i, &veth_feature);
		return 0;
	}
	name_peer(m, i, peer->name);
	name_peer(m, peer, i->name);
	return 0;
}

static void check(const struct model *want, const struct iface *i, struct errors *e)
{
	const struct veth *v = (const struct veth *)iface_object(i, &veth_feature);
	const struct iface *peer = v ? model_find(want, v->peer) : NULL;

	if (strcmp(iface_kind(i), "veth"))
		return;
	if (!v || !(v->o.present & BIT64(PEER)))
		errors_add(e, &i->where, "%s: veth.peer: missing: the name of the other end",
			   i->name);
	else if (!interface_name_valid(v->peer))
		errors_add(e, object_where(&veth_feature, &rows[PEER], &v->o),
			   "%s: veth.peer: \"%s\" is no name of an interface", i->name, v->peer);
	else if (!strcmp(v->peer, i->name))
		errors_add(e, object_where(&veth_feature, &rows[PEER], &v->o),
			   "%s: veth.peer: the interface itself", i->name);
	else if (peer && *iface_kind(peer))
		errors_add(e, object_where(&veth_feature, &rows[PEER], &v->o),
			   "%s: veth.peer: \"%s\" has a kind of its own; the pair is created here",
			   i->name, v->peer);
}

/* VETH_INFO_PEER holds a whole link message: struct ifinfomsg and attributes. */
static int encode(struct encoder *e, const struct step *s, unsigned part _unused_)
{
	const struct veth *v = (const struct veth *)iface_object(s->want, &veth_feature);
	const struct ifinfomsg info = { .ifi_index = s->ifindex + 1 };
	struct nlattr *linkinfo, *data, *peer;

	linkinfo = nla_nest_start(e->msg, IFLA_LINKINFO);
	if (!linkinfo || nla_put_string(e->msg, IFLA_INFO_KIND, "veth") < 0)
		return -EMSGSIZE;
	data = nla_nest_start(e->msg, IFLA_INFO_DATA);
	peer = data ? nla_nest_start(e->msg, VETH_INFO_PEER) : NULL;
	if (!peer || nlmsg_append(e->msg, (void *)&info, sizeof(info), NLMSG_ALIGNTO) < 0 ||
	    nla_put_string(e->msg, IFLA_IFNAME, v->peer) < 0)
		return -EMSGSIZE;
	nla_nest_end(e->msg, peer);
	nla_nest_end(e->msg, data);
	nla_nest_end(e->msg, linkinfo);
	return 0;
}

struct feature veth_feature = {
	.name = "veth", .help = "A pair of virtual Ethernet devices", .form = FORM_GROUP,
	.size = sizeof(struct veth), .rows = rows, .n_rows = ARRAY_SIZE(rows), .kind = "veth",
	.companions = 1, .observe_link = observe_link, .check = check, .encode = encode,
};
