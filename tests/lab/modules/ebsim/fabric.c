// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where a frame goes: the chip's decisions about VLAN, spanning tree, address
 * and port maps, for frames from a cable and for frames from the CPU.
 *
 * Between the conduit and the chip a frame carries a DSA tag (with or without
 * an ethertype in front), which says from or to which port it is, or that it
 * shall be forwarded like any other. The tag has room for a VLAN tag's content
 * and stands in its place, if there was one.
 *
 * Not modelled: ageing, priorities and queues, rate limits, mirroring.
 */

#include <linux/icmpv6.h>
#include <linux/igmp.h>
#include <linux/ipv6.h>
#include <net/ipv6.h>

#include "ebsim.h"

#define DSA_HLEN		4
#define EDSA_HLEN		8

#define DSA_TO_CPU		0
#define DSA_FROM_CPU		1
#define DSA_FORWARD		3

#define DSA_CODE_MGMT_TRAP	0
#define DSA_CODE_IGMP_MLD_TRAP	2

/* Behind G1_MONITOR_MGMT_CTL: which of 01:80:c2:00:00:0x and 2x go to the CPU. */
#define MONITOR_RSVD_0X_LO	0x00
#define MONITOR_RSVD_2X_LO	0x02
#define RSVD_0X			0x0180c2000000ULL
#define RSVD_2X			0x0180c2000020ULL

#define VID_MASK		0x0fff
#define FID_MASK		0x0fff

/**
 * struct ebsim_frame - a frame on its way through the chip
 * @macs: destination and source address
 * @rest: what follows them and the tag, from the ethertype on
 * @tagged: came with a VLAN tag
 * @tci: the tag's content, if any; priority bits may be there without a tag
 * @source: port
 * @vid: VLAN in which the decisions are made
 * @vlan: its entry, or NULL
 * @members: whether @vlan's membership and tagging apply
 */
struct ebsim_frame {
	const u8 *macs;
	const u8 *rest;
	unsigned int rest_len;
	u64 da;
	u64 sa;
	bool tagged;
	u16 tci;
	int source;
	u16 vid;
	u16 fid;
	const struct ebsim_vlan *vlan;
	bool members;
	struct sk_buff_head *out;
};

static u64 *ebsim_mib(struct ebsim *eb, int port)
{
	return eb->ports[port].mib;
}

static u16 ebsim_port_reg(struct ebsim *eb, int port, int reg)
{
	return eb->ports[port].regs[reg];
}

static bool ebsim_port_has_link(struct ebsim *eb, int port)
{
	return ebsim_port_status(eb, port) & PORT_STS_LINK;
}

static u16 ebsim_device_number(struct ebsim *eb)
{
	return eb->g1[G1_CTL2] & G1_CTL2_DEVICE_NUMBER_MASK;
}

/* --- out of the chip --- */

/* Addresses, a header in place of the tag, the rest. */
static void ebsim_transmit(struct ebsim *eb, const struct ebsim_frame *frame,
			   int port, struct net_device *dev,
			   const u8 *header, unsigned int header_len)
{
	unsigned int len = 2 * ETH_ALEN + header_len + frame->rest_len;
	struct sk_buff *skb = netdev_alloc_skb_ip_align(dev, len);

	if (!skb)
		return;

	skb_put_data(skb, frame->macs, 2 * ETH_ALEN);
	skb_put_data(skb, header, header_len);
	skb_put_data(skb, frame->rest, frame->rest_len);
	__skb_queue_tail(frame->out, skb);
	ebsim_count_out(eb, port, frame->da, len);
}

static void ebsim_to_cable(struct ebsim *eb, const struct ebsim_frame *frame,
			   int port, bool tagged, u16 tci)
{
	struct net_device *far_end = eb->ports[port].far_end;
	u8 header[VLAN_HLEN] = { ETH_P_8021Q >> 8, ETH_P_8021Q & 0xff, tci >> 8, tci };
	struct sk_buff *skb;

	if (!far_end || !ebsim_port_has_link(eb, port))
		return;

	ebsim_transmit(eb, frame, port, far_end, header, tagged ? VLAN_HLEN : 0);
	if (!ebsim_phy_is_looped(&eb->phys[port]))
		return;

	/* It does not get as far as the cable. What came in never turns back. */
	skb = __skb_dequeue_tail(frame->out);
	if (skb && frame->source == EBSIM_CPU_PORT)
		ebsim_fabric_from_cable(eb, port, skb, frame->out);
	kfree_skb(skb);
}

static void ebsim_to_cpu(struct ebsim *eb, const struct ebsim_frame *frame,
			 int command, int code)
{
	u16 ctl0 = ebsim_port_reg(eb, EBSIM_CPU_PORT, PORT_CTL0);
	u16 ethertype = ebsim_port_reg(eb, EBSIM_CPU_PORT, PORT_ETH_TYPE);
	u16 ctl1 = ebsim_port_reg(eb, frame->source, PORT_CTL1);
	u16 vid = frame->tagged ? frame->tci & VID_MASK : frame->vid;
	u8 header[EDSA_HLEN] = { ethertype >> 8, ethertype };
	u8 *dsa = header + EDSA_HLEN - DSA_HLEN;

	if (!ebsim_port_has_link(eb, EBSIM_CPU_PORT))
		return;

	dsa[0] = command << 6 | (frame->tagged ? 0x20 : 0) | ebsim_device_number(eb);
	dsa[1] = frame->source << 3;
	dsa[2] = (frame->tci >> VLAN_PRIO_SHIFT) << 5 | vid >> 8;
	dsa[3] = vid;
	if (command == DSA_TO_CPU) {
		dsa[1] |= code & 6;
		dsa[2] |= (code & 1) << 4;
	} else {
		/* Who sent it is a port or a trunk. */
		if (ctl1 & PORT_CTL1_TRUNK_PORT)
			dsa[1] = PORT_CTL1_TRUNK_ID(ctl1) << 3 | 4;
		if (frame->tci & VLAN_CFI_MASK)
			dsa[1] |= 1;
	}

	switch (ctl0 & PORT_CTL0_FRAME_MODE_MASK) {
	case PORT_CTL0_FRAME_MODE_EDSA:
		ebsim_transmit(eb, frame, EBSIM_CPU_PORT, eb->conduit, header, EDSA_HLEN);
		break;
	case PORT_CTL0_FRAME_MODE_DSA:
		ebsim_transmit(eb, frame, EBSIM_CPU_PORT, eb->conduit, dsa, DSA_HLEN);
		break;
	}
}

static void ebsim_trap(struct ebsim *eb, const struct ebsim_frame *frame, int code)
{
	ebsim_mib(eb, frame->source)[MIB_IN_MANAGEMENT]++;
	ebsim_to_cpu(eb, frame, DSA_TO_CPU, code);
}

/* Leave through a port of the switch, with or without tag as the VLAN says. */
static void ebsim_egress(struct ebsim *eb, const struct ebsim_frame *frame, int port)
{
	u16 mode = ebsim_port_reg(eb, port, PORT_CTL0) & PORT_CTL0_EGRESS_MODE_MASK;
	u8 member = frame->members ? frame->vlan->member[port] : VTU_MEMBER_UNMODIFIED;
	u16 tci = (frame->tci & ~VID_MASK) | frame->vid;

	if (port == EBSIM_CPU_PORT) {
		ebsim_to_cpu(eb, frame, DSA_FORWARD, 0);
		return;
	}

	if (member == VTU_MEMBER_UNMODIFIED && mode == PORT_CTL0_EGRESS_MODE_UNTAGGED)
		member = VTU_MEMBER_UNTAGGED;
	if (member == VTU_MEMBER_UNMODIFIED && mode == PORT_CTL0_EGRESS_MODE_TAGGED)
		member = VTU_MEMBER_TAGGED;

	switch (member) {
	case VTU_MEMBER_UNMODIFIED:
		ebsim_to_cable(eb, frame, port, frame->tagged, frame->tci);
		break;
	case VTU_MEMBER_UNTAGGED:
		ebsim_to_cable(eb, frame, port, false, 0);
		break;
	case VTU_MEMBER_TAGGED:
		ebsim_to_cable(eb, frame, port, true, tci);
		break;
	}
}

/* --- decisions --- */

/* The state of the VLAN's spanning tree, unless the port is off altogether. */
static u8 ebsim_stp_state(struct ebsim *eb, int port, const struct ebsim_vlan *vlan)
{
	u8 state = ebsim_port_reg(eb, port, PORT_CTL0) & PORT_CTL0_STATE_MASK;
	const struct ebsim_stp *stp;

	if (state == STATE_DISABLED || !vlan)
		return state;

	stp = &eb->stu[vlan->sid];
	if (stp->valid && stp->state[port] != STATE_DISABLED)
		return stp->state[port];

	return state;
}

static u16 ebsim_flood_ports(struct ebsim *eb, u64 da)
{
	u16 flag = ebsim_mac_is_multicast(da) ? PORT_CTL0_EGRESS_FLOODS_MC :
					    PORT_CTL0_EGRESS_FLOODS_UC;
	u16 ports = 0;
	int port;

	for (port = 0; port < EBSIM_PORTS; port++)
		if (ebsim_port_reg(eb, port, PORT_CTL0) & flag)
			ports |= BIT(port);

	return ports;
}

/* Who has the address. Ports that do not map addresses send to all they may. */
static u16 ebsim_destination_ports(struct ebsim *eb, const struct ebsim_frame *frame)
{
	const struct ebsim_address *entry;

	if (!(ebsim_port_reg(eb, frame->source, PORT_CTL2) & PORT_CTL2_MAP_DA))
		return 0xffff;

	entry = ebsim_atu_find(eb, frame->da, frame->fid);
	if (entry)
		return entry->trunk ? eb->trunk_ports[entry->ports & 0xf] : entry->ports;

	ebsim_mib(eb, frame->source)[MIB_IN_DA_UNKNOWN]++;

	return ebsim_flood_ports(eb, frame->da);
}

static void ebsim_forward(struct ebsim *eb, const struct ebsim_frame *frame, u16 allowed)
{
	u16 ports = allowed & ebsim_destination_ports(eb, frame) & ~BIT(frame->source);
	int port;

	/* Of a trunk's ports one sends; ports of none are in every mask. */
	ports &= eb->trunk_masks[(frame->da ^ frame->sa) & 7];

	for (port = 0; port < EBSIM_PORTS; port++) {
		if (!(ports & BIT(port)))
			continue;
		if (frame->members && frame->vlan->member[port] == VTU_MEMBER_NONE)
			continue;
		if (ebsim_stp_state(eb, port, frame->vlan) == STATE_FORWARDING)
			ebsim_egress(eb, frame, port);
	}
}

static void ebsim_learn(struct ebsim *eb, const struct ebsim_frame *frame)
{
	u16 vector = ebsim_port_reg(eb, frame->source, PORT_ASSOC_VECTOR);
	const struct ebsim_address *old;
	struct ebsim_address entry = {
		.mac = frame->sa,
		.fid = frame->fid,
		.ports = vector & PORT_ASSOC_VECTOR_PAV_MASK,
		.state = ATU_STATE_AGE_NEWEST,
	};
	u16 ctl1 = ebsim_port_reg(eb, frame->source, PORT_CTL1);

	if (!entry.ports || vector & PORT_ASSOC_VECTOR_LOCKED || ebsim_mac_is_multicast(entry.mac))
		return;

	if (ctl1 & PORT_CTL1_TRUNK_PORT) {
		entry.trunk = true;
		entry.ports = PORT_CTL1_TRUNK_ID(ctl1);
	}

	old = ebsim_atu_find(eb, entry.mac, entry.fid);
	if (!old || old->state < ATU_STATE_UC_STATIC)
		ebsim_atu_load(eb, &entry);
}

/* A locked port lets only those pass whose address was entered for it. */
static bool ebsim_is_locked_out(struct ebsim *eb, const struct ebsim_frame *frame)
{
	const struct ebsim_address *entry;

	if (!(ebsim_port_reg(eb, frame->source, PORT_CTL0) & PORT_CTL0_SA_FILT_DROP_ON_LOCK))
		return false;

	entry = ebsim_atu_find(eb, frame->sa, frame->fid);

	return !entry || !(entry->ports & BIT(frame->source));
}

/* VLAN of a frame from a cable; false if it must not come in. */
static bool ebsim_classify(struct ebsim *eb, struct ebsim_frame *frame)
{
	const u16 *regs = eb->ports[frame->source].regs;
	u16 mode = regs[PORT_CTL2] & PORT_CTL2_8021Q_MASK;
	u16 pvid = regs[PORT_DEFAULT_VLAN] & VID_MASK;
	bool has_vid = frame->tagged && frame->tci & VID_MASK;

	if (regs[PORT_CTL2] & (has_vid ? PORT_CTL2_DISCARD_TAGGED : PORT_CTL2_DISCARD_UNTAGGED))
		return false;

	/* Without 802.1Q a tag is payload, and stays. */
	frame->vid = has_vid && mode != PORT_CTL2_8021Q_DISABLED ? frame->tci & VID_MASK : pvid;
	if (mode != PORT_CTL2_8021Q_DISABLED)
		frame->tagged = has_vid;

	if (eb->vtu[frame->vid].valid)
		frame->vlan = &eb->vtu[frame->vid];

	if (frame->vlan)
		frame->fid = frame->vlan->fid & FID_MASK;
	else
		frame->fid = (regs[PORT_CTL1] & PORT_CTL1_FID_11_4_MASK) << 4 |
			     regs[PORT_BASE_VLAN] >> 12;

	frame->members = frame->vlan && mode != PORT_CTL2_8021Q_DISABLED;

	switch (mode) {
	case PORT_CTL2_8021Q_CHECK:
		return frame->vlan;
	case PORT_CTL2_8021Q_SECURE:
		return frame->vlan && frame->vlan->member[frame->source] != VTU_MEMBER_NONE;
	}

	return true;
}

static bool ebsim_is_management(struct ebsim *eb, u64 da)
{
	const u16 *rsvd;

	if ((da & ~0xfULL) == RSVD_0X)
		rsvd = &eb->monitor[MONITOR_RSVD_0X_LO];
	else if ((da & ~0xfULL) == RSVD_2X)
		rsvd = &eb->monitor[MONITOR_RSVD_2X_LO];
	else
		return false;

	return rsvd[(da & 0xf) / 8] & BIT(da & 0x7);
}

static bool ebsim_is_mld(const u8 *ip, unsigned int len)
{
	/* MLD comes behind a hop-by-hop header of eight bytes (router alert). */
	const struct ipv6hdr *ip6 = (const void *)ip;
	const u8 *hop_by_hop = ip + sizeof(*ip6);

	if (len < sizeof(*ip6) + 9 || ip6->nexthdr != NEXTHDR_HOP ||
	    hop_by_hop[0] != IPPROTO_ICMPV6 || hop_by_hop[1] != 0)
		return false;

	switch (hop_by_hop[8]) {
	case ICMPV6_MGM_QUERY:
	case ICMPV6_MGM_REPORT:
	case ICMPV6_MGM_REDUCTION:
	case ICMPV6_MLD2_REPORT:
		return true;
	}

	return false;
}

static bool ebsim_is_snooped(struct ebsim *eb, const struct ebsim_frame *frame)
{
	const u8 *ip = frame->rest + 2;
	unsigned int len = frame->rest_len - 2;

	if (!(ebsim_port_reg(eb, frame->source, PORT_CTL0) & PORT_CTL0_IGMP_MLD_SNOOP))
		return false;

	switch (frame->rest[0] << 8 | frame->rest[1]) {
	case ETH_P_IP:
		return len >= sizeof(struct iphdr) && ip[9] == IPPROTO_IGMP;
	case ETH_P_IPV6:
		return ebsim_is_mld(ip, len);
	}

	return false;
}

/* --- into the chip --- */

/*
 * Take addresses and a header apart. There is always an ethertype left.
 */
static bool ebsim_parse(struct ebsim_frame *frame, const struct sk_buff *skb,
			unsigned int header_len)
{
	unsigned int skip = 2 * ETH_ALEN + header_len;

	if (skb->len < skip + 2)
		return false;

	frame->macs = skb->data;
	frame->rest = skb->data + skip;
	frame->rest_len = skb->len - skip;
	frame->da = ether_addr_to_u64(skb->data);
	frame->sa = ether_addr_to_u64(skb->data + ETH_ALEN);

	return true;
}

static void ebsim_parse_tag(struct ebsim_frame *frame)
{
	const u8 *tag = frame->rest;

	if (frame->rest_len < VLAN_HLEN + 2 || (tag[0] << 8 | tag[1]) != ETH_P_8021Q)
		return;

	frame->tagged = true;
	frame->tci = tag[2] << 8 | tag[3];
	frame->rest += VLAN_HLEN;
	frame->rest_len -= VLAN_HLEN;
}

/**
 * ebsim_fabric_from_cable() - a frame arrives at a port from outside
 * @eb: board, locked
 * @port: where
 * @skb: linear, from the destination address on; not changed, not kept
 * @out: gets what leaves, each with its device
 */
void ebsim_fabric_from_cable(struct ebsim *eb, int port, struct sk_buff *skb,
			     struct sk_buff_head *out)
{
	struct ebsim_frame frame = { .source = port, .out = out };
	u64 *mib = ebsim_mib(eb, port);
	u8 state;

	if (!ebsim_port_has_link(eb, port) || !ebsim_parse(&frame, skb, 0))
		return;

	ebsim_count_in(eb, port, frame.da, skb->len);
	ebsim_parse_tag(&frame);

	if (ebsim_stp_state(eb, port, NULL) == STATE_DISABLED) {
		mib[MIB_IN_DISCARDS]++;
		return;
	}

	/* Spanning tree and LLDP speak where nothing else may. */
	if (ebsim_is_management(eb, frame.da)) {
		frame.vid = ebsim_port_reg(eb, port, PORT_DEFAULT_VLAN) & VID_MASK;
		ebsim_trap(eb, &frame, DSA_CODE_MGMT_TRAP);
		return;
	}

	if (!ebsim_classify(eb, &frame) || ebsim_is_locked_out(eb, &frame)) {
		mib[MIB_IN_FILTERED]++;
		return;
	}

	state = ebsim_stp_state(eb, port, frame.vlan);
	if (state >= STATE_LEARNING)
		ebsim_learn(eb, &frame);
	if (state != STATE_FORWARDING) {
		mib[MIB_IN_DISCARDS]++;
		return;
	}

	mib[MIB_IN_ACCEPTED]++;
	if (ebsim_is_snooped(eb, &frame))
		ebsim_trap(eb, &frame, DSA_CODE_IGMP_MLD_TRAP);
	else
		ebsim_forward(eb, &frame,
			      ebsim_port_reg(eb, port, PORT_BASE_VLAN) & PORT_BASE_VLAN_MAP_MASK);
}

/* "Send this out of that port", past everything. */
static void ebsim_from_cpu_to_port(struct ebsim *eb, const struct ebsim_frame *frame,
				   u16 device, int port)
{
	if (device != ebsim_device_number(eb) || port >= EBSIM_PORTS)
		return;

	ebsim_mib(eb, port)[MIB_OUT_MANAGEMENT]++;
	ebsim_to_cable(eb, frame, port, frame->tagged, frame->tci);
}

/*
 * "Forward this, as if it had come from there": which ports that may reach is
 * not in the port's own map but in the table of sources in other chips, as
 * which the driver numbers its bridges.
 */
static void ebsim_from_cpu_forward(struct ebsim *eb, struct ebsim_frame *frame,
				   u16 device, int port)
{
	frame->vid = frame->tci & VID_MASK;
	if (!eb->vtu[frame->vid].valid) {
		ebsim_mib(eb, EBSIM_CPU_PORT)[MIB_IN_FILTERED]++;
		return;
	}

	frame->vlan = &eb->vtu[frame->vid];
	frame->fid = frame->vlan->fid & FID_MASK;
	frame->members = true;
	ebsim_learn(eb, frame);
	ebsim_forward(eb, frame, eb->pvt[device << 4 | port]);
}

/**
 * ebsim_fabric_from_cpu() - the conduit sends a frame with a DSA tag
 * @eb: board, locked
 * @skb: linear, from the destination address on; not changed, not kept
 * @out: gets what leaves, each with its device
 */
void ebsim_fabric_from_cpu(struct ebsim *eb, struct sk_buff *skb,
			   struct sk_buff_head *out)
{
	u16 mode = ebsim_port_reg(eb, EBSIM_CPU_PORT, PORT_CTL0) & PORT_CTL0_FRAME_MODE_MASK;
	u16 ethertype = ebsim_port_reg(eb, EBSIM_CPU_PORT, PORT_ETH_TYPE);
	unsigned int tag_len = mode == PORT_CTL0_FRAME_MODE_EDSA ? EDSA_HLEN : DSA_HLEN;
	struct ebsim_frame frame = { .source = EBSIM_CPU_PORT, .out = out };
	const u8 *dsa;
	u16 device;
	int port;

	if (mode != PORT_CTL0_FRAME_MODE_EDSA && mode != PORT_CTL0_FRAME_MODE_DSA)
		return;
	if (!ebsim_port_has_link(eb, EBSIM_CPU_PORT) || !ebsim_parse(&frame, skb, tag_len))
		return;

	ebsim_count_in(eb, EBSIM_CPU_PORT, frame.da, skb->len);

	dsa = frame.rest - DSA_HLEN;
	if (mode == PORT_CTL0_FRAME_MODE_EDSA && (dsa[-4] << 8 | dsa[-3]) != ethertype) {
		ebsim_mib(eb, EBSIM_CPU_PORT)[MIB_IN_DISCARDS]++;
		return;
	}

	device = dsa[0] & 0x1f;
	port = dsa[1] >> 3;
	frame.tagged = dsa[0] & 0x20;
	frame.tci = (dsa[2] & ~0x10) << 8 | dsa[3];
	if (dsa[1] & 1)
		frame.tci |= VLAN_CFI_MASK;

	switch (dsa[0] >> 6) {
	case DSA_FROM_CPU:
		ebsim_from_cpu_to_port(eb, &frame, device, port);
		break;
	case DSA_FORWARD:
		ebsim_from_cpu_forward(eb, &frame, device, port & 0xf);
		break;
	default:
		ebsim_mib(eb, EBSIM_CPU_PORT)[MIB_IN_DISCARDS]++;
	}
}
