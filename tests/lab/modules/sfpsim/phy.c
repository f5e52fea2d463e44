// SPDX-License-Identifier: GPL-2.0-only
/*
 * The PHY inside a copper module: a Marvell 88E1111, because the kernel's
 * driver for it is real, and without a known one sfp refuses the module.
 */

#include <linux/mii.h>

#include "sfpsim.h"

#define EEPROM_ETHERNET_CODES	6	/* SFF-8472, table 5-3 */
#define ETHERNET_1000BASE_T	BIT(3)

#define PHY_STATUS		17	/* marvell.c, MII_M1011_PHY_STATUS */
#define PHY_STATUS_1000		BIT(15)
#define PHY_STATUS_FULL		BIT(13)
#define PHY_STATUS_RESOLVED	BIT(11)
#define PHY_STATUS_LINK		BIT(10)

bool sfpsim_has_phy(const struct sfpsim_cage *c)
{
	return c->eeprom[EEPROM_ETHERNET_CODES] & ETHERNET_1000BASE_T;
}

void sfpsim_phy_reset(struct sfpsim_cage *c)
{
	memset(c->phy, 0, sizeof(c->phy));
	c->phy[MII_BMCR] = BMCR_ANENABLE | BMCR_SPEED1000 | BMCR_FULLDPLX;
	c->phy[MII_PHYSID1] = 0x0141;
	c->phy[MII_PHYSID2] = 0x0cc2;
	c->phy[MII_ADVERTISE] = ADVERTISE_ALL | ADVERTISE_CSMA;
	c->phy[MII_CTRL1000] = ADVERTISE_1000FULL;
	c->phy[MII_ESTATUS] = ESTATUS_1000_TFULL | ESTATUS_1000_THALF;
}

static bool sfpsim_phy_link(struct sfpsim_cage *c)
{
	return sfpsim_light(c) && sfpsim_has_phy(c->peer) && !(c->phy[MII_BMCR] & BMCR_PDOWN) &&
	       !(c->peer->phy[MII_BMCR] & BMCR_PDOWN);
}

u16 sfpsim_phy_read(struct sfpsim_cage *c, u8 reg)
{
	bool link = sfpsim_phy_link(c);

	switch (reg) {
	case MII_BMSR:
		return BMSR_ANEGCAPABLE | BMSR_ESTATEN | BMSR_100FULL | BMSR_100HALF | BMSR_10FULL |
		       BMSR_10HALF | (link ? BMSR_LSTATUS | BMSR_ANEGCOMPLETE : 0);
	case MII_LPA:
		return link ? c->peer->phy[MII_ADVERTISE] | LPA_LPACK : 0;
	case MII_STAT1000:
		return link && c->peer->phy[MII_CTRL1000] & ADVERTISE_1000FULL ?
			       LPA_1000FULL | LPA_1000REMRXOK | LPA_1000LOCALRXOK : 0;
	case PHY_STATUS:
		return link ? PHY_STATUS_1000 | PHY_STATUS_FULL | PHY_STATUS_RESOLVED |
			      PHY_STATUS_LINK : 0;
	default:
		return c->phy[reg % 32];
	}
}

void sfpsim_phy_write(struct sfpsim_cage *c, u8 reg, u16 val)
{
	if (reg == MII_BMCR)
		val &= ~(BMCR_RESET | BMCR_ANRESTART);
	if (reg != MII_PHYSID1 && reg != MII_PHYSID2)
		c->phy[reg % 32] = val;
}
