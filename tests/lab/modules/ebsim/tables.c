// SPDX-License-Identifier: GPL-2.0-only
/*
 * The chip's three tables and the commands that read and change them: VTU
 * (VLANs, who is a member), STU (spanning tree states of groups of VLANs), ATU
 * (addresses, which ports have them).
 *
 * "Get next" starts from the highest key, which means "from the beginning", but
 * is a valid entry itself: VLAN 4095 is what the driver uses for bridges that
 * do not filter, ff:ff:ff:ff:ff:ff says where broadcasts go.
 */

#include "ebsim.h"

#define VTU_OP_MASK			0x7000
#define VTU_OP_FLUSH_ALL		0x1000
#define VTU_OP_VTU_LOAD_PURGE		0x3000
#define VTU_OP_VTU_GET_NEXT		0x4000
#define VTU_OP_STU_LOAD_PURGE		0x5000
#define VTU_OP_STU_GET_NEXT		0x6000
#define VTU_VID_MASK			0x0fff
#define VTU_FID_MASK			0x1fff	/* with the policy bit */
#define VTU_SID_MASK			0x003f

#define ATU_OP_MASK			0x7000
#define ATU_OP_FLUSH_MOVE_ALL		0x1000
#define ATU_OP_FLUSH_MOVE_NON_STATIC	0x2000
#define ATU_OP_LOAD			0x3000
#define ATU_OP_GET_NEXT			0x4000
#define ATU_OP_FLUSH_MOVE_ALL_FID	0x5000
#define ATU_OP_FLUSH_MOVE_NON_STATIC_FID 0x6000
#define ATU_DATA_TRUNK			0x8000
#define ATU_DATA_PORTS_MASK		0x07ff
#define ATU_DATA_STATE_MASK		0x000f
#define ATU_STATE_MOVE			0xf	/* of a flush: move instead */
#define ATU_MOVE_TO_NOWHERE		0xf
#define ATU_MAC_LAST			0xffffffffffffULL

/* --- VTU and STU --- */

/* Both tables use the same data registers, two bits of every four each. */
static void ebsim_vtu_data_get(struct ebsim *eb, int shift, u8 *values)
{
	int i;

	for (i = 0; i < EBSIM_PORTS; i++)
		values[i] = eb->g1[G1_VTU_DATA1 + i / 4] >> (i % 4 * 4 + shift) & 3;
}

static void ebsim_vtu_data_put(struct ebsim *eb, int shift, const u8 *values)
{
	int i;

	for (i = 0; i < EBSIM_PORTS; i++) {
		u16 *reg = &eb->g1[G1_VTU_DATA1 + i / 4];
		int bit = i % 4 * 4 + shift;

		*reg = (*reg & ~(3 << bit)) | values[i] << bit;
	}
}

static void ebsim_vtu_load_purge(struct ebsim *eb)
{
	struct ebsim_vlan *vlan = &eb->vtu[eb->g1[G1_VTU_VID] & VTU_VID_MASK];

	vlan->valid = eb->g1[G1_VTU_VID] & G1_VTU_VID_VALID;
	vlan->fid = eb->g1[G1_VTU_FID] & VTU_FID_MASK;
	vlan->sid = eb->g1[G1_VTU_SID] & VTU_SID_MASK;
	ebsim_vtu_data_get(eb, 0, vlan->member);
}

static void ebsim_vtu_get_next(struct ebsim *eb)
{
	u16 vid = eb->g1[G1_VTU_VID] & VTU_VID_MASK;
	const struct ebsim_vlan *vlan;

	vid = vid == VTU_VID_MASK ? 0 : vid + 1;
	while (vid < VTU_VID_MASK && !eb->vtu[vid].valid)
		vid++;

	vlan = &eb->vtu[vid];
	eb->g1[G1_VTU_VID] = vid;
	if (!vlan->valid)
		return;

	eb->g1[G1_VTU_VID] |= G1_VTU_VID_VALID;
	eb->g1[G1_VTU_FID] = vlan->fid;
	eb->g1[G1_VTU_SID] = vlan->sid;
	ebsim_vtu_data_put(eb, 0, vlan->member);
}

static void ebsim_stu_load_purge(struct ebsim *eb)
{
	struct ebsim_stp *stp = &eb->stu[eb->g1[G1_VTU_SID] & VTU_SID_MASK];

	stp->valid = eb->g1[G1_VTU_VID] & G1_VTU_VID_VALID;
	ebsim_vtu_data_get(eb, 2, stp->state);
}

static void ebsim_stu_get_next(struct ebsim *eb)
{
	u16 sid = eb->g1[G1_VTU_SID] & VTU_SID_MASK;

	sid = sid == VTU_SID_MASK ? 0 : sid + 1;
	while (sid < VTU_SID_MASK && !eb->stu[sid].valid)
		sid++;

	eb->g1[G1_VTU_SID] = sid;
	eb->g1[G1_VTU_VID] &= ~G1_VTU_VID_VALID;
	if (!eb->stu[sid].valid)
		return;

	eb->g1[G1_VTU_VID] |= G1_VTU_VID_VALID;
	ebsim_vtu_data_put(eb, 2, eb->stu[sid].state);
}

void ebsim_vtu_op(struct ebsim *eb, u16 op)
{
	switch (op & VTU_OP_MASK) {
	case VTU_OP_FLUSH_ALL:
		memset(eb->vtu, 0, sizeof(eb->vtu));
		memset(eb->stu, 0, sizeof(eb->stu));
		break;
	case VTU_OP_VTU_LOAD_PURGE:
		ebsim_vtu_load_purge(eb);
		break;
	case VTU_OP_VTU_GET_NEXT:
		ebsim_vtu_get_next(eb);
		break;
	case VTU_OP_STU_LOAD_PURGE:
		ebsim_stu_load_purge(eb);
		break;
	case VTU_OP_STU_GET_NEXT:
		ebsim_stu_get_next(eb);
		break;
	}
}

/* --- ATU --- */

static bool ebsim_address_is_static(const struct ebsim_address *entry)
{
	return ebsim_mac_is_multicast(entry->mac) || entry->state >= ATU_STATE_UC_STATIC;
}

struct ebsim_address *ebsim_atu_find(struct ebsim *eb, u64 mac, u16 fid)
{
	unsigned int i;

	for (i = 0; i < eb->atu_count; i++)
		if (eb->atu[i].mac == mac && eb->atu[i].fid == fid)
			return &eb->atu[i];

	return NULL;
}

static void ebsim_atu_remove(struct ebsim *eb, struct ebsim_address *entry)
{
	*entry = eb->atu[--eb->atu_count];
}

/* State 0 means: purge. A full table forgets the new one, as the chip does. */
void ebsim_atu_load(struct ebsim *eb, const struct ebsim_address *entry)
{
	struct ebsim_address *old = ebsim_atu_find(eb, entry->mac, entry->fid);

	if (old && !entry->state)
		ebsim_atu_remove(eb, old);
	else if (old)
		*old = *entry;
	else if (entry->state && eb->atu_count < ATU_SIZE)
		eb->atu[eb->atu_count++] = *entry;
}

static u64 ebsim_atu_mac(struct ebsim *eb)
{
	const u16 *reg = &eb->g1[G1_ATU_MAC01];

	return (u64)reg[0] << 32 | (u32)reg[1] << 16 | reg[2];
}

/* 256 address databases: the number is split over two registers. */
static u16 ebsim_atu_fid(struct ebsim *eb, u16 op)
{
	return (eb->g1[G1_ATU_CTL] >> 8 & 0xf0) | (op & 0x0f);
}

static void ebsim_atu_load_purge(struct ebsim *eb, u16 fid)
{
	u16 data = eb->g1[G1_ATU_DATA];
	struct ebsim_address entry = {
		.mac = ebsim_atu_mac(eb),
		.fid = fid,
		.ports = data >> 4 & ATU_DATA_PORTS_MASK,
		.state = data & ATU_DATA_STATE_MASK,
		.trunk = data & ATU_DATA_TRUNK,
	};

	ebsim_atu_load(eb, &entry);
}

static void ebsim_atu_get_next(struct ebsim *eb, u16 fid)
{
	const struct ebsim_address *best = NULL;
	u64 mac = ebsim_atu_mac(eb);
	unsigned int i;
	u16 data = 0;

	for (i = 0; i < eb->atu_count; i++) {
		const struct ebsim_address *entry = &eb->atu[i];

		if (entry->fid != fid || (mac != ATU_MAC_LAST && entry->mac <= mac))
			continue;
		if (!best || entry->mac < best->mac)
			best = entry;
	}

	mac = best ? best->mac : ATU_MAC_LAST;
	if (best)
		data = best->state | best->ports << 4 | (best->trunk ? ATU_DATA_TRUNK : 0);

	eb->g1[G1_ATU_DATA] = data;
	eb->g1[G1_ATU_MAC01] = mac >> 32;
	eb->g1[G1_ATU_MAC01 + 1] = mac >> 16;
	eb->g1[G1_ATU_MAC01 + 2] = mac;
}

/* Returns whether the entry shall go. */
static bool ebsim_atu_move(struct ebsim_address *entry, u16 data)
{
	u16 from = data >> 4 & 0xf;
	u16 to = data >> 8 & 0xf;

	if (entry->trunk || !(entry->ports & BIT(from)))
		return false;

	entry->ports &= ~BIT(from);
	if (to != ATU_MOVE_TO_NOWHERE)
		entry->ports |= BIT(to);

	return !entry->ports;
}

static void ebsim_atu_flush_move(struct ebsim *eb, int fid, bool statics)
{
	u16 data = eb->g1[G1_ATU_DATA];
	bool move = (data & ATU_DATA_STATE_MASK) == ATU_STATE_MOVE;
	unsigned int i = 0;

	while (i < eb->atu_count) {
		struct ebsim_address *entry = &eb->atu[i];

		if ((fid >= 0 && entry->fid != fid) ||
		    (!statics && ebsim_address_is_static(entry)) ||
		    (move && !ebsim_atu_move(entry, data)))
			i++;
		else
			ebsim_atu_remove(eb, entry);
	}
}

void ebsim_atu_op(struct ebsim *eb, u16 op)
{
	u16 fid = ebsim_atu_fid(eb, op);

	switch (op & ATU_OP_MASK) {
	case ATU_OP_FLUSH_MOVE_ALL:
		ebsim_atu_flush_move(eb, -1, true);
		break;
	case ATU_OP_FLUSH_MOVE_NON_STATIC:
		ebsim_atu_flush_move(eb, -1, false);
		break;
	case ATU_OP_LOAD:
		ebsim_atu_load_purge(eb, fid);
		break;
	case ATU_OP_GET_NEXT:
		ebsim_atu_get_next(eb, fid);
		break;
	case ATU_OP_FLUSH_MOVE_ALL_FID:
		ebsim_atu_flush_move(eb, fid, true);
		break;
	case ATU_OP_FLUSH_MOVE_NON_STATIC_FID:
		ebsim_atu_flush_move(eb, fid, false);
		break;
	}
}
