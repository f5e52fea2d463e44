// SPDX-License-Identifier: LGPL-2.1-or-later
/* VLAN interfaces: IEEE 802.1Q tags on top of another interface. */
#include <linux/if_ether.h>
#include <stdlib.h>

#include "core/config.h"
#include "core/mirror.h"
#include "core/plan.h"
#include "features/features.h"
#include "nl/uapi.h"

struct vlan {
	struct object o;
	struct ifref link;
	uint16_t id, protocol;
};

static const struct word protocols[] = {
	{ "802.1Q", ETH_P_8021Q }, { "802.1ad", ETH_P_8021AD }, { NULL, 0 },
};

enum { LINK, ID, PROTOCOL };

static const struct row rows[] = {
	[LINK] = { .key = "link", .type = &type_ifref, VALUE(vlan, link), .flags = ROW_CREATE,
		   .phase = PHASE_CREATE, .effect = EFFECT_RECREATE,
		   .help = "Interface that carries the tagged frames" },
	[ID] = { .key = "id", .type = &type_u16, VALUE(vlan, id), .attr = IFLA_VLAN_ID, .min = 1,
		 .max = 4094, .flags = ROW_CREATE, .phase = PHASE_CREATE,
		 .effect = EFFECT_RECREATE, .help = "VLAN identifier" },
	[PROTOCOL] = { .key = "protocol", .type = &type_enum16be, VALUE(vlan, protocol),
		       .attr = IFLA_VLAN_PROTOCOL, .data = protocols, .flags = ROW_CREATE,
		       .phase = PHASE_CREATE, .effect = EFFECT_RECREATE, .initial = "\"802.1Q\"",
		       .help = "Tag protocol: customer (802.1Q) or service (802.1ad) tags" },
};

/* IFLA_LINK stands beside IFLA_LINKINFO, not in it. */
static int observe_link(struct mirror *m, struct iface *i, const struct link_message *lm)
{
	struct nlattr *tb[IFLA_VLAN_MAX + 1];
	struct vlan *v;

	if (strcmp(iface_kind(i), "vlan") || !lm->linkinfo[IFLA_INFO_DATA]) {
		iface_drop(mirror_model(m), i, &vlan_feature);
		return 0;
	}
	v = (struct vlan *)iface_get_object(mirror_model(m), i, &vlan_feature);
	if (nla_parse_nested(tb, IFLA_VLAN_MAX, lm->linkinfo[IFLA_INFO_DATA], NULL) < 0)
		return -EBADMSG;
	v->link = iface_link(i)->lower;
	v->o.present |= BIT64(LINK);
	return object_decode(&vlan_feature, &v->o, tb, IFLA_VLAN_MAX);
}

static const struct vlan *vlan_of(const struct iface *i)
{
	return (const struct vlan *)iface_object(i, &vlan_feature);
}

static int compare_places(const void *pa, const void *pb)
{
	const struct vlan *a = vlan_of(*(struct iface *const *)pa);
	const struct vlan *b = vlan_of(*(struct iface *const *)pb);
	int r = strcmp(a->link.name, b->link.name);

	if (r)
		return r;
	if (a->protocol != b->protocol)
		return a->protocol < b->protocol ? -1 : 1;
	return a->id < b->id ? -1 : a->id > b->id;
}

/* A tag of an interface leads to one place. */
static void check_places(const struct model *want, struct errors *e)
{
	const struct iface **places = NULL;
	unsigned n = 0;

	MODEL_FOREACH(want, i)
		if (vlan_of(i)) {
			places = array_reserve(places, n, sizeof(*places));
			places[n++] = i;
		}
	if (n)
		qsort(places, n, sizeof(*places), compare_places);
	for (unsigned k = 1; k < n; k++)
		if (!compare_places(&places[k - 1], &places[k]))
			errors_add(e,
				   object_where(&vlan_feature, &rows[ID], &vlan_of(places[k])->o),
				   "%s: vlan.id: %s is VLAN %u of %s already", places[k]->name,
				   places[k - 1]->name, vlan_of(places[k])->id,
				   vlan_of(places[k])->link.name);
	free(places);
}

static void check(const struct model *want, const struct iface *i, struct errors *e)
{
	const struct vlan *v = vlan_of(i);

	if (i == want->by_name) /* once for all */
		check_places(want, e);
	if (strcmp(iface_kind(i), "vlan"))
		return;
	if (!v || !*v->link.name)
		errors_add(e, &i->where, "%s: vlan.link: missing: the interface it stands on",
			   i->name);
	if (!v || !(v->o.present & BIT64(ID)))
		errors_add(e, &i->where, "%s: vlan.id: missing", i->name);
}

static int encode(struct encoder *e, const struct step *s, unsigned part _unused_)
{
	const struct vlan *v = vlan_of(s->want);

	/* Nothing of it can be changed: this is the part of the message that creates it. */
	if (nla_put_u32(e->msg, IFLA_LINK, v->link.index) < 0)
		return -EMSGSIZE;
	return encode_nested_rows(e, &vlan_feature, &v->o, v->o.present);
}

struct feature vlan_feature = {
	.name = "vlan", .help = "A VLAN on top of another interface", .form = FORM_GROUP,
	.size = sizeof(struct vlan), .rows = rows, .n_rows = ARRAY_SIZE(rows), .kind = "vlan",
	.nest = { IFLA_LINKINFO, IFLA_INFO_DATA }, .observe_link = observe_link, .check = check,
	.encode = encode,
};
