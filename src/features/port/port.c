// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Ports of a bridge: their options, and which VLANs they are members of; also
 * the VLANs of the bridge itself ("self"), which an upper VLAN interface needs.
 *
 * The options are attributes of RTM_NEWLINK (IFLA_INFO_SLAVE_DATA). VLANs are
 * read and written in the bridge family: ranges are two entries, begin and
 * end, in IFLA_AF_SPEC. Membership is exactly what the configuration writes,
 * so its three rows always come together.
 */
#include <stdio.h>

#include "core/config.h"
#include "core/mirror.h"
#include "core/plan.h"
#include "features/features.h"
#include "nl/uapi.h"

struct port {
	struct object o;
	uint8_t learning, flood, mcast_flood, bcast_flood, isolated, locked, mab, hairpin, guard,
		root_block, fast_leave, neigh_suppress;
	uint16_t priority, pvid;
	uint32_t cost;
	struct vlanset untagged, tagged;
};

enum { PVID, UNTAGGED, TAGGED, FIRST_OPTION };
#define VLAN_ROWS (BIT64(PVID) | BIT64(UNTAGGED) | BIT64(TAGGED))

/* Initial values: net/bridge/br_if.c, new_nbp(). */
static const struct row rows[] = {
	[PVID] = { .key = "pvid", .type = &type_u16, VALUE(port, pvid), .phase = PHASE_L2,
		   .max = 4094, .help = "VLAN of frames that come without a tag; 0: drop them" },
	[UNTAGGED] = { .key = "untagged", .type = &type_vlanset, VALUE(port, untagged),
		       .phase = PHASE_L2, .help = "VLANs that leave without a tag" },
	[TAGGED] = { .key = "tagged", .type = &type_vlanset, VALUE(port, tagged),
		     .phase = PHASE_L2, .help = "VLANs that leave with their tag" },
	{ .key = "isolated", .type = &type_bool, VALUE(port, isolated),
	  .attr = IFLA_BRPORT_ISOLATED, .phase = PHASE_L2, .initial = "false",
	  .help = "Do not forward to other isolated ports" },
	{ .key = "learning", .type = &type_bool, VALUE(port, learning),
	  .attr = IFLA_BRPORT_LEARNING, .phase = PHASE_L2, .initial = "true",
	  .help = "Learn source addresses" },
	{ .key = "flood", .type = &type_bool, VALUE(port, flood),
	  .attr = IFLA_BRPORT_UNICAST_FLOOD, .phase = PHASE_L2, .initial = "true",
	  .help = "Send frames to unknown addresses here" },
	{ .key = "mcast_flood", .type = &type_bool, VALUE(port, mcast_flood),
	  .attr = IFLA_BRPORT_MCAST_FLOOD, .phase = PHASE_L2, .initial = "true",
	  .help = "Send multicast that nobody asked for here" },
	{ .key = "bcast_flood", .type = &type_bool, VALUE(port, bcast_flood),
	  .attr = IFLA_BRPORT_BCAST_FLOOD, .phase = PHASE_L2, .initial = "true",
	  .help = "Send broadcasts here" },
	{ .key = "locked", .type = &type_bool, VALUE(port, locked), .attr = IFLA_BRPORT_LOCKED,
	  .phase = PHASE_L2, .initial = "false", .since = "5.18",
	  .help = "Accept frames only from addresses in the forwarding database" },
	{ .key = "mab", .type = &type_bool, VALUE(port, mab), .attr = BRPORT_MAB, .phase = PHASE_L2,
	  .initial = "false", .since = "6.2",
	  .help = "On a locked port that learns: note unknown addresses as locked entries "
		  "(MAC authentication bypass)" },
	{ .key = "hairpin", .type = &type_bool, VALUE(port, hairpin), .attr = IFLA_BRPORT_MODE,
	  .phase = PHASE_L2, .initial = "false",
	  .help = "Send frames back out of the port they came from" },
	{ .key = "guard", .type = &type_bool, VALUE(port, guard), .attr = IFLA_BRPORT_GUARD,
	  .phase = PHASE_L2, .initial = "false",
	  .help = "Drop spanning tree packets (BPDU guard)" },
	{ .key = "root_block", .type = &type_bool, VALUE(port, root_block),
	  .attr = IFLA_BRPORT_PROTECT, .phase = PHASE_L2, .initial = "false",
	  .help = "Never let this port become the root port" },
	{ .key = "fast_leave", .type = &type_bool, VALUE(port, fast_leave),
	  .attr = IFLA_BRPORT_FAST_LEAVE, .phase = PHASE_L2, .initial = "false",
	  .help = "Stop multicast at the first leave message" },
	{ .key = "neigh_suppress", .type = &type_bool, VALUE(port, neigh_suppress),
	  .attr = IFLA_BRPORT_NEIGH_SUPPRESS, .phase = PHASE_L2, .initial = "false",
	  .help = "Answer ARP and ND for known neighbours instead of flooding" },
	{ .key = "priority", .type = &type_u16, VALUE(port, priority),
	  .attr = IFLA_BRPORT_PRIORITY, .phase = PHASE_L2, .max = 63, .initial = "32",
	  .help = "Port priority in the spanning tree" },
	{ .key = "cost", .type = &type_u32, VALUE(port, cost), .attr = IFLA_BRPORT_COST,
	  .phase = PHASE_L2, .min = 1, .max = 65535,
	  .help = "Path cost in the spanning tree; by itself the kernel's, from the speed, "
		  "which comes back when the port joins anew" },
};

/*
 * A new bridge is in its default PVID, which no message of its family tells, and that of
 * RTNLGRP_BRVLAN comes before the interface is told of (br_vlan_bridge_event(), NETDEV_REGISTER).
 */
static int observe_new_bridge(struct mirror *m, struct iface *i, const struct link_message *lm)
{
	struct nlattr *tb[IFLA_BR_MAX + 1], *data = lm->linkinfo[IFLA_INFO_DATA];
	struct port *p;

	if (!data || iface_object(i, &port_feature))
		return 0;
	if (nla_parse_nested(tb, IFLA_BR_MAX, data, NULL) < 0)
		return -EBADMSG;
	if (!tb[IFLA_BR_VLAN_DEFAULT_PVID])
		return 0;
	p = (struct port *)iface_get_object(mirror_model(m), i, &port_feature);
	p->pvid = nla_get_u16(tb[IFLA_BR_VLAN_DEFAULT_PVID]);
	if (p->pvid)
		vlanset_add(&p->untagged, p->pvid);
	p->o.present |= VLAN_ROWS;
	return 0;
}

/* The options, when the port is one of a bridge; never the VLANs, which come separately. */
static int observe_link(struct mirror *m, struct iface *i, const struct link_message *lm)
{
	struct nlattr *tb[BRPORT_MAX_KNOWN + 1];
	bool is_port = !strcmp(iface_link(i)->slave_kind, "bridge");

	if (!is_port || !lm->linkinfo[IFLA_INFO_SLAVE_DATA]) {
		if (!strcmp(iface_kind(i), "bridge"))
			return observe_new_bridge(m, i, lm);
		iface_drop(mirror_model(m), i, &port_feature);
		return 0;
	}
	if (nla_parse_nested(tb, BRPORT_MAX_KNOWN, lm->linkinfo[IFLA_INFO_SLAVE_DATA], NULL) < 0)
		return -EBADMSG;
	return object_decode(&port_feature, iface_get_object(mirror_model(m), i, &port_feature), tb,
			     BRPORT_MAX_KNOWN);
}

static int add_entry(struct port *p, const struct bridge_vlan_info *info, unsigned *begin)
{
	struct vlanset *set = info->flags & BRIDGE_VLAN_INFO_UNTAGGED ? &p->untagged : &p->tagged;
	unsigned first = info->flags & BRIDGE_VLAN_INFO_RANGE_END ? *begin : info->vid;

	if (info->vid > 4094 || !first)
		return -EBADMSG;
	if (info->flags & BRIDGE_VLAN_INFO_PVID)
		p->pvid = info->vid;
	if (info->flags & BRIDGE_VLAN_INFO_RANGE_BEGIN) {
		*begin = info->vid;
		return 0;
	}
	for (; first <= info->vid; first++)
		vlanset_add(set, first);
	return 0;
}

/* What RTM_SETLINK of the bridge family changed is told in that family only. */
static int observe_options(struct port *p, struct nlattr *protinfo)
{
	struct nlattr *tb[BRPORT_MAX_KNOWN + 1];

	if (!protinfo || !(protinfo->nla_type & NLA_F_NESTED))
		return 0;
	if (nla_parse_nested(tb, BRPORT_MAX_KNOWN, protinfo, NULL) < 0)
		return -EBADMSG;
	return object_decode(&port_feature, &p->o, tb, BRPORT_MAX_KNOWN);
}

/* RTM_NEWLINK of the bridge family tells all VLANs of a port, or of a bridge. */
static int observe(struct mirror *m, const struct nlmsghdr *n, bool add)
{
	const struct ifinfomsg *info = NLMSG_DATA(n);
	struct iface *i = mirror_iface(m, info->ifi_index);
	struct nlattr *spec, *a;
	struct port *p;
	unsigned begin = 0;
	int left, r;

	/* RTM_DELLINK: it has left the bridge, which RTM_NEWLINK of the port tells too. */
	if (!i || !add)
		return 0;
	p = (struct port *)iface_get_object(mirror_model(m), i, &port_feature);
	p->pvid = 0;
	memset(&p->untagged, 0, sizeof(p->untagged));
	memset(&p->tagged, 0, sizeof(p->tagged));
	p->o.present |= VLAN_ROWS;
	mirror_touch(m, i);
	r = observe_options(p, nlmsg_find_attr((struct nlmsghdr *)n, sizeof(*info), IFLA_PROTINFO));
	spec = nlmsg_find_attr((struct nlmsghdr *)n, sizeof(*info), IFLA_AF_SPEC);
	if (!spec || r < 0)
		return r;
	nla_for_each_nested(a, spec, left) {
		if (nla_type(a) == IFLA_BRIDGE_VLAN_INFO &&
		    nla_len(a) >= (int)sizeof(struct bridge_vlan_info))
			r = add_entry(p, nla_data(a), &begin);
		if (r < 0)
			return r;
	}
	return 0;
}

static int filter(struct nl_msg *msg, void *header _unused_)
{
	return nla_put_u32(msg, IFLA_EXT_MASK, RTEXT_FILTER_BRVLAN_COMPRESSED);
}

/* The notifications of ranges changed by others come in RTNLGRP_LINK too (br_ifinfo_notify()). */
static const struct source sources[] = {
	{ .get = RTM_GETLINK, .add = RTM_NEWLINK, .del = RTM_DELLINK, .family = AF_BRIDGE,
	  .header = sizeof(struct ifinfomsg), .filter = filter },
	{ 0 },
};

static void complete(struct model *want _unused_, struct iface *i)
{
	struct port *p = (struct port *)iface_object(i, &port_feature);
	unsigned given = 0;

	if (!p || !(p->o.present & VLAN_ROWS))
		return;
	while (!(p->o.present & BIT64(given)))
		given++;
	for (unsigned n = PVID; n <= TAGGED; n++)
		if (!(p->o.present & BIT64(n)))
			p->o.where[n] = p->o.where[given];
	p->o.present |= VLAN_ROWS;
}

/* A port that joins, and a bridge that is made, is in the bridge's default PVID, untagged. */
static void initial(const struct model *want, const struct model *have, const struct iface *i,
		    struct object *o)
{
	const struct feature *bridge = feature_find("bridge");
	const struct row *row = row_find(bridge, "default_pvid");
	const char *name = strcmp(iface_kind(i), "bridge") ? iface_link(i)->master.name : i->name;
	const struct object *b = iface_object(model_find(want, name), bridge);
	struct port *p = (struct port *)o;

	if (!row_has(bridge, row, b))
		b = iface_object(model_find(have, name), bridge);
	p->pvid = row_has(bridge, row, b) ? *(uint16_t *)row_value(row, b) : 1;
	if (p->pvid)
		vlanset_add(&p->untagged, p->pvid);
	o->present |= VLAN_ROWS;
}

static void check_vlans(const struct iface *i, const struct port *p, struct errors *e)
{
	struct vlanset both;
	unsigned first, last = 0;

	for (unsigned n = 0; n < ARRAY_SIZE(both.bits); n++)
		both.bits[n] = p->untagged.bits[n] & p->tagged.bits[n];
	while ((first = vlanset_next(&both, last + 1, &last)))
		errors_add(e, object_where(&port_feature, &rows[TAGGED], &p->o),
			   first == last ? "%s: port.tagged: VLAN %u is also in untagged" :
					   "%s: port.tagged: VLANs %u-%u are also in untagged",
			   i->name, first, last);
	if (p->pvid && !vlanset_has(&p->untagged, p->pvid) && !vlanset_has(&p->tagged, p->pvid))
		errors_add(e, object_where(&port_feature, &rows[PVID], &p->o),
			   "%s: port.pvid: VLAN %u is neither in untagged nor in tagged", i->name,
			   p->pvid);
}

static bool is_on(const struct port *p, const char *key)
{
	const struct row *r = row_find(&port_feature, key);

	return row_has(&port_feature, r, &p->o) ? !row_is_zero(r, &p->o) :
						  !strcmp(r->initial, "true");
}

/* br_setport(): "MAB can only be enabled on a locked port with learning". */
static void check_mab(const struct iface *i, const struct port *p, struct errors *e)
{
	const struct row *r = row_find(&port_feature, "mab");

	if (is_on(p, "mab") && !(is_on(p, "locked") && is_on(p, "learning")))
		errors_add(e, object_where(&port_feature, r, &p->o),
			   "%s: port.mab: needs locked = true and learning = true", i->name);
}

static void check(const struct model *want _unused_, const struct iface *i, struct errors *e)
{
	const struct port *p = (const struct port *)iface_object(i, &port_feature);
	bool is_bridge = !strcmp(iface_kind(i), "bridge");

	if (!p)
		return;
	for (unsigned n = 0; n < ARRAY_SIZE(rows); n++) {
		if (!(p->o.present & BIT64(n)))
			continue;
		if (is_bridge && n >= FIRST_OPTION)
			errors_add(e, object_where(&port_feature, &rows[n], &p->o),
				   "%s: port.%s: the bridge itself has only pvid, untagged, tagged",
				   i->name, rows[n].key);
		else if (!is_bridge && !*iface_link(i)->master.name) {
			/* Once: the rest is not wrong by itself, and partly implied. */
			errors_add(e, object_where(&port_feature, &rows[n], &p->o),
				   "%s: port.%s: is a port of no bridge: master is missing",
				   i->name, rows[n].key);
			return;
		}
	}
	check_vlans(i, p, e);
	check_mab(i, p, e);
}

static char *blocked(const struct planner *p, const struct iface *want)
{
	const char *master = iface_link(want)->master.name;

	if (!*master || !strcmp(plan_kind(p, master), "bridge"))
		return NULL;
	return plan_will_exist(p, master) ? str_format("%s is no bridge", master) :
					    str_format("waits for %s", master);
}

static bool adds_vlans(const struct port *to, const struct port *from)
{
	uint64_t more = 0;

	for (unsigned n = 0; n < ARRAY_SIZE(to->tagged.bits); n++)
		more |= (to->untagged.bits[n] | to->tagged.bits[n]) &
			~(from ? from->untagged.bits[n] | from->tagged.bits[n] : 0);
	return more;
}

/* The VLANs of the bridge itself stand on its address (fdb_add_local(): EINVAL). */
static char *row_blocked(const struct planner *p, const struct iface *i, const struct object *to,
			 const struct row *row)
{
	const struct iface *have = plan_have(p, i->name);

	if (row >= &rows[FIRST_OPTION] || !have || strcmp(iface_kind(have), "bridge") ||
	    !adds_vlans((const struct port *)to,
			(const struct port *)iface_object(have, &port_feature)) ||
	    plan_has_address(p, i->name, PHASE_L2))
		return NULL;
	return str_dup("waits for a port, without which it has no address for its VLANs");
}

static int put_entry(struct encoder *e, unsigned vid, unsigned flags)
{
	struct bridge_vlan_info info = { .vid = vid, .flags = flags };

	return nla_put(e->msg, IFLA_BRIDGE_VLAN_INFO, sizeof(info), &info);
}

/* The PVID is no part of a range (br_vlan_valid_range()): it goes by itself. */
static int put_run(struct encoder *e, unsigned first, unsigned last, unsigned flags)
{
	if (first == last)
		return put_entry(e, first, flags);
	if (put_entry(e, first, flags | BRIDGE_VLAN_INFO_RANGE_BEGIN) < 0)
		return -EMSGSIZE;
	return put_entry(e, last, flags | BRIDGE_VLAN_INFO_RANGE_END);
}

static int put_set(struct encoder *e, struct vlanset set, unsigned pvid, unsigned flags)
{
	unsigned first, last = 0;

	if (pvid && vlanset_has(&set, pvid)) {
		set.bits[pvid / 64] &= ~BIT64(pvid % 64);
		if (put_entry(e, pvid, flags | BRIDGE_VLAN_INFO_PVID) < 0)
			return -EMSGSIZE;
	}
	while ((first = vlanset_next(&set, last + 1, &last)))
		if (put_run(e, first, last, flags) < 0)
			return -EMSGSIZE;
	return 0;
}

static struct nlattr *begin_vlans(struct encoder *e, const struct step *s, uint16_t type)
{
	struct ifinfomsg *info = encoder_begin(e, type, 0, sizeof(*info));
	const char *kind = s->want ? iface_kind(s->want) : iface_kind(s->have);
	struct nlattr *spec;

	info->ifi_family = AF_BRIDGE;
	info->ifi_index = s->ifindex;
	spec = nla_nest_start(e->msg, IFLA_AF_SPEC);
	if (spec && !strcmp(kind, "bridge"))
		nla_put_u16(e->msg, IFLA_BRIDGE_FLAGS, BRIDGE_FLAGS_SELF);
	return spec;
}

/* VLANs that must go. Which ones a port is given when it joins is not asked: any. */
static bool removed_vlans(const struct step *s, struct vlanset *gone)
{
	const struct port *to = (const struct port *)s->to, *from = (const struct port *)s->from;
	uint64_t any = 0;

	for (unsigned n = 0; n < ARRAY_SIZE(gone->bits); n++) {
		uint64_t had = from ? from->untagged.bits[n] | from->tagged.bits[n] : ~UINT64_C(0);

		gone->bits[n] = had & ~(to->untagged.bits[n] | to->tagged.bits[n]);
		any |= gone->bits[n];
	}
	gone->bits[0] &= ~BIT64(0);
	gone->bits[63] &= ~BIT64(63);
	return any;
}

/* Only what differs is sent: a VLAN that stays as it is does not lose a frame. */
static void changed_vlans(const struct step *s, struct vlanset *untagged, struct vlanset *tagged)
{
	const struct port *to = (const struct port *)s->to, *from = (const struct port *)s->from;

	*untagged = to->untagged;
	*tagged = to->tagged;
	if (!from)
		return;
	for (unsigned n = 0; n < ARRAY_SIZE(untagged->bits); n++) {
		untagged->bits[n] &= ~from->untagged.bits[n];
		tagged->bits[n] &= ~from->tagged.bits[n];
	}
	if (to->pvid == from->pvid)
		return;
	/* Named again without the flag, the old PVID stops being it; with it, the new one is. */
	for (unsigned n = 0; n < 2; n++) {
		unsigned vid = n ? to->pvid : from->pvid;

		if (vid && vlanset_has(&to->untagged, vid))
			vlanset_add(untagged, vid);
		else if (vid && vlanset_has(&to->tagged, vid))
			vlanset_add(tagged, vid);
	}
}

static bool is_empty(const struct vlanset *s)
{
	unsigned last;

	return !vlanset_next(s, 1, &last);
}

static int encode_options(struct encoder *e, const struct step *s)
{
	struct ifinfomsg *info = encoder_begin(e, RTM_NEWLINK, 0, sizeof(*info));

	info->ifi_index = s->ifindex;
	return encode_nested_rows(e, &port_feature, s->to, s->mask);
}

static int encode_removed(struct encoder *e, const struct step *s, const struct vlanset *gone)
{
	struct nlattr *spec = begin_vlans(e, s, RTM_DELLINK);
	int r = put_set(e, *gone, 0, 0);

	nla_nest_end(e->msg, spec);
	return r;
}

static int encode_added(struct encoder *e, const struct step *s, const struct vlanset *untagged,
			const struct vlanset *tagged)
{
	const struct port *to = (const struct port *)s->to;
	struct nlattr *spec = begin_vlans(e, s, RTM_SETLINK);
	int r = put_set(e, *untagged, to->pvid, BRIDGE_VLAN_INFO_UNTAGGED);

	if (r >= 0)
		r = put_set(e, *tagged, to->pvid, 0);
	nla_nest_end(e->msg, spec);
	return r;
}

/* Up to three messages, of which those that would say nothing are left out. */
static int encode(struct encoder *e, const struct step *s, unsigned part)
{
	bool options = s->mask & ~VLAN_ROWS, vlans = s->mask & VLAN_ROWS;
	struct vlanset gone, untagged, tagged;
	bool remove, add;
	int r;

	changed_vlans(s, &untagged, &tagged);
	add = vlans && !(is_empty(&untagged) && is_empty(&tagged));
	remove = removed_vlans(s, &gone) && vlans;
	if (options && part == 0) {
		r = encode_options(e, s);
		return r < 0 ? r : remove || add;
	}
	if (remove && part == (unsigned)options) {
		r = encode_removed(e, s, &gone);
		return r < 0 ? r : add;
	}
	return encode_added(e, s, &untagged, &tagged);
}

static char *vlans_text(const struct vlanset *s)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	unsigned last;

	for (unsigned n = 1, k = 0; (n = vlanset_next(s, n, &last)); n = last + 1, k++) {
		fprintf(out, "%s%u", k ? ", " : "", n);
		if (last > n)
			fprintf(out, "-%u", last);
	}
	fclose(out);
	return text;
}

static enum loss loses(const struct step *s, char **ret_why)
{
	const struct port *to = (const struct port *)s->to, *from = (const struct port *)s->from;
	_cleanup_free_ char *text = NULL;
	struct vlanset gone;

	if (!(s->mask & VLAN_ROWS) || !from)
		return LOSS_NONE;
	if (removed_vlans(s, &gone)) {
		bool last = is_empty(&to->untagged) && is_empty(&to->tagged);

		text = vlans_text(&gone);
		*ret_why = str_format(last ? "leaves its last VLAN: %s" : "leaves VLAN %s", text);
		return last ? LOSS_ALL : LOSS_PART;
	}
	if (!from->pvid || from->pvid == to->pvid)
		return LOSS_NONE;
	*ret_why = str_format("untagged frames are no longer of VLAN %u", from->pvid);
	return LOSS_PART;
}

struct feature port_feature = {
	.name = "port", .help = "A port of a bridge; on a bridge, the bridge itself as a port",
	.form = FORM_GROUP, .size = sizeof(struct port), .rows = rows, .n_rows = ARRAY_SIZE(rows),
	.nest = { IFLA_LINKINFO, IFLA_INFO_SLAVE_DATA }, .slave_kind = "bridge",
	.sources = sources, .observe = observe, .observe_link = observe_link,
	.complete = complete, .initial = initial, .check = check, .blocked = blocked,
	.row_blocked = row_blocked, .loses = loses, .encode = encode,
};
