// SPDX-License-Identifier: LGPL-2.1-or-later
/* The bridge device: IEEE 802.1D/Q settings that hold for all its ports (net/bridge). */
#include <linux/if_ether.h>

#include "core/config.h"
#include "core/plan.h"
#include "features/features.h"
#include "nl/uapi.h"

struct bridge {
	struct object o;
	uint8_t stp, vlan_filtering, vlan_stats, mcast_snooping, mcast_querier;
	uint16_t default_pvid, priority, vlan_protocol, group_fwd_mask;
	uint64_t forward_delay, hello_time, max_age, ageing_time;
};

static const struct word protocols[] = {
	{ "802.1Q", ETH_P_8021Q }, { "802.1ad", ETH_P_8021AD }, { NULL, 0 },
};

/* Ranges and initial values: net/bridge/br_private.h, br_stp_if.c, br_device.c. */
static const struct row rows[] = {
	{ .key = "vlan_filtering", .type = &type_bool, VALUE(bridge, vlan_filtering),
	  .attr = IFLA_BR_VLAN_FILTERING, .phase = PHASE_LINK, .initial = "false",
	  .help = "Forward by VLAN; without it the bridge ignores tags" },
	{ .key = "default_pvid", .type = &type_u16, VALUE(bridge, default_pvid),
	  .attr = IFLA_BR_VLAN_DEFAULT_PVID, .phase = PHASE_LINK, .max = 4094, .min = 0,
	  /* Every port that has the old one is moved, without RTM_NEWLINK. */
	  .flags = ROW_UNTOLD,
	  .initial = "1", .help = "VLAN that a new port is given, untagged; 0: none" },
	{ .key = "vlan_protocol", .type = &type_enum16be, VALUE(bridge, vlan_protocol),
	  .attr = IFLA_BR_VLAN_PROTOCOL, .data = protocols, .phase = PHASE_LINK,
	  .initial = "\"802.1Q\"", .help = "Tag protocol that the bridge filters by" },
	{ .key = "vlan_stats", .type = &type_bool, VALUE(bridge, vlan_stats),
	  .attr = IFLA_BR_VLAN_STATS_ENABLED, .phase = PHASE_LINK, .initial = "false",
	  .help = "Count frames and bytes of each VLAN" },
	{ .key = "stp", .type = &type_bool32, VALUE(bridge, stp), .attr = IFLA_BR_STP_STATE,
	  /* Off before the delay is less than it takes (br_set_forward_delay(): ERANGE). */
	  .phase = PHASE_LINK, .off = PHASE_DETACH, .initial = "false",
	  .help = "Spanning tree protocol" },
	{ .key = "priority", .type = &type_u16, VALUE(bridge, priority),
	  .attr = IFLA_BR_PRIORITY, .phase = PHASE_LINK, .max = 65535, .initial = "32768",
	  .help = "Bridge priority in the spanning tree; the lowest becomes root" },
	{ .key = "forward_delay", .type = &type_clock32, VALUE(bridge, forward_delay),
	  .attr = IFLA_BR_FORWARD_DELAY, .phase = PHASE_LINK, .min = 0, .max = 3000,
	  .initial = "\"15s\"", .help = "Time spent listening and learning (2s to 30s with STP)" },
	{ .key = "hello_time", .type = &type_clock32, VALUE(bridge, hello_time),
	  .attr = IFLA_BR_HELLO_TIME, .phase = PHASE_LINK, .min = 100, .max = 1000,
	  .initial = "\"2s\"", .help = "Time between hello packets of the root" },
	{ .key = "max_age", .type = &type_clock32, VALUE(bridge, max_age),
	  .attr = IFLA_BR_MAX_AGE, .phase = PHASE_LINK, .min = 600, .max = 4000,
	  .initial = "\"20s\"", .help = "Time after which spanning tree information is too old" },
	{ .key = "ageing_time", .type = &type_clock32, VALUE(bridge, ageing_time),
	  .attr = IFLA_BR_AGEING_TIME, .phase = PHASE_LINK, .min = 0, .max = 100000000,
	  .initial = "\"300s\"",
	  .help = "Time that an address is remembered; \"0s\": do not learn" },
	{ .key = "group_fwd_mask", .type = &type_u16, VALUE(bridge, group_fwd_mask),
	  .attr = IFLA_BR_GROUP_FWD_MASK, .phase = PHASE_LINK, .initial = "0",
	  .help = "Link-local frames to forward, a bit for each of 01:80:c2:00:00:00 to 0f" },
	{ .key = "mcast_snooping", .type = &type_bool, VALUE(bridge, mcast_snooping),
	  .attr = IFLA_BR_MCAST_SNOOPING, .phase = PHASE_LINK, .initial = "true",
	  .help = "Forward multicast only where IGMP or MLD asked for it" },
	{ .key = "mcast_querier", .type = &type_bool, VALUE(bridge, mcast_querier),
	  .attr = IFLA_BR_MCAST_QUERIER, .phase = PHASE_LINK, .initial = "false",
	  .help = "Ask for multicast members where no router does" },
};

/* br_private.h, BR_GROUPFWD_RESTRICTED: spanning tree, pause, link aggregation. */
#define NEVER_FORWARDED 0x0007

static void check_mask(const struct bridge *b, const struct iface *i, struct errors *e)
{
	const struct row *mask = row_find(&bridge_feature, "group_fwd_mask");

	if (row_has(&bridge_feature, mask, &b->o) && (b->group_fwd_mask & NEVER_FORWARDED))
		errors_add(
			e, object_where(&bridge_feature, mask, &b->o),
			"%s: bridge.group_fwd_mask: %u has bits of %u (01:80:c2:00:00:00 to 02), "
			"which no bridge forwards",
			i->name, b->group_fwd_mask, NEVER_FORWARDED);
}

/* br_set_forward_delay(): only while the kernel's spanning tree is on. */
static void check(const struct model *want _unused_, const struct iface *i, struct errors *e)
{
	const struct bridge *b = (const struct bridge *)iface_object(i, &bridge_feature);
	const struct row *delay = row_find(&bridge_feature, "forward_delay");

	if (b)
		check_mask(b, i, e);
	if (b && b->stp && row_has(&bridge_feature, delay, &b->o) && b->forward_delay < 200)
		errors_add(e, object_where(&bridge_feature, delay, &b->o),
			   "%s: bridge.forward_delay: with stp at least 2s", i->name);
}

/* The bridge is a member itself, which takes an address (fdb_add_local(): EINVAL). */
static char *row_blocked(const struct planner *p, const struct iface *i, const struct object *to,
			 const struct row *row)
{
	if (row != row_find(&bridge_feature, "default_pvid") || row_is_zero(row, to) ||
	    plan_has_address(p, i->name, row->phase))
		return NULL;
	return str_dup("waits for a port, without which it has no address for its default_pvid");
}

/* Frames of VLANs that no port is a member of yet were forwarded before. */
static enum loss loses(const struct step *s, char **ret_why)
{
	const struct bridge *b = (const struct bridge *)s->to;
	const struct row *filtering = row_find(&bridge_feature, "vlan_filtering");

	if (!(s->mask & row_bit(&bridge_feature, filtering)) || !b->vlan_filtering)
		return LOSS_NONE;
	*ret_why = str_dup("begins to filter by VLAN");
	return LOSS_PART;
}

struct feature bridge_feature = {
	.name = "bridge", .help = "A bridge, a switch in software that hardware may offload",
	.form = FORM_GROUP, .size = sizeof(struct bridge), .rows = rows,
	.n_rows = ARRAY_SIZE(rows), .kind = "bridge", .nest = { IFLA_LINKINFO, IFLA_INFO_DATA },
	.check = check, .row_blocked = row_blocked, .loses = loses,
};
