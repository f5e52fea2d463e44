// SPDX-License-Identifier: GPL-2.0-only
/*
 * The five copper PHYs inside the chip, and who is at the other end of the
 * cable. What is modelled is what makes a link come and go: autonegotiation,
 * power, cable, partner; with energy efficient Ethernet as far as it is
 * negotiated, temperature, and the cable test.
 *
 * Two things must stay true. The driver gives each PHY an interrupt, so phylib
 * does not poll: a change that raises no event is never seen. And a link that
 * renegotiates is down for longer than the driver's interrupt poll (100 ms),
 * else nobody notices that it was, and MAC and PHY disagree about the speed.
 */

#include <linux/mdio.h>
#include <linux/mii.h>
#include <linux/moduleparam.h>
#include <linux/phy.h>

#include "ebsim.h"

#define PAGE_COPPER		0
#define PAGE_VCT5		5
#define PAGE_MISC_TEST		6
#define PAGE_VCT7		7

#define PHY_PAGE		22	/* on every page */

/* What clause 45 calls registers: reached through MII_MMD_CTRL and _DATA. */
#define MMD_EEE_ABLE		(MDIO_MMD_PCS << 16 | MDIO_PCS_EEE_ABLE)
#define MMD_EEE_ADVERTISE	(MDIO_MMD_AN << 16 | MDIO_AN_EEE_ADV)
#define MMD_EEE_PARTNER		(MDIO_MMD_AN << 16 | MDIO_AN_EEE_LPABLE)

/* Copper page. */
#define PHY_STATUS		0x11
#define PHY_STATUS_1000		0x8000
#define PHY_STATUS_100		0x4000
#define PHY_STATUS_FULLDUPLEX	0x2000
#define PHY_STATUS_RESOLVED	0x0800
#define PHY_STATUS_LINK		0x0400
#define PHY_INT_MASK		0x12
#define PHY_INT_EVENT		0x13
#define PHY_INT_SPEED		0x4000
#define PHY_INT_DUPLEX		0x2000
#define PHY_INT_LINK		0x0400

/* Other pages. */
#define PHY_TEMP		0x1b	/* PAGE_MISC_TEST: degrees + 25 */
#define VCT7_DISTANCE		0x10	/* PAGE_VCT7: four pairs, centimetres */
#define VCT7_RESULTS		0x14
#define VCT7_RESULTS_OK		0x1111
#define VCT7_RESULTS_OPEN	0x2222
#define VCT5_ECHO		0x10	/* PAGE_VCT5: four pairs, sign and amplitude */
#define VCT5_ECHO_POSITIVE	0x8000
#define VCT5_CTRL		0x17
#define VCT5_CTRL_ENABLE	0x8000
#define VCT5_CTRL_COMPLETE	0x4000
#define VCT5_POINT		0x18	/* 80.5 cm each */
#define VCT7_CTRL		0x15
#define VCT7_CTRL_RUN_NOW	0x8000

static unsigned int negotiation_ms = 150;
module_param(negotiation_ms, uint, 0644);
MODULE_PARM_DESC(negotiation_ms, "How long a link takes to come up");

/* What the partner advertises: everything up to its fastest speed. */
static u16 ebsim_partner_lpa(const struct ebsim_phy *phy)
{
	u16 lpa = LPA_LPACK | ADVERTISE_CSMA | LPA_PAUSE_CAP | LPA_PAUSE_ASYM |
		  LPA_10HALF | LPA_10FULL;

	if (phy->partner >= 100)
		lpa |= LPA_100HALF | LPA_100FULL;

	return lpa;
}

static u16 ebsim_partner_stat1000(const struct ebsim_phy *phy)
{
	if (phy->partner < 1000)
		return 0;

	return LPA_1000FULL | LPA_1000HALF | LPA_1000LOCALRXOK | LPA_1000REMRXOK;
}

/* Without autonegotiation the partner recognises the speed, but not 1000. */
static bool ebsim_phy_resolve_forced(struct ebsim_phy *phy, u16 bmcr)
{
	phy->full_duplex = bmcr & BMCR_FULLDPLX;
	if (bmcr & BMCR_SPEED1000)
		return false;

	phy->speed = bmcr & BMCR_SPEED100 ? 100 : 10;

	return phy->speed <= phy->partner;
}

static bool ebsim_phy_resolve_auto(struct ebsim_phy *phy)
{
	u16 common = phy->regs[PAGE_COPPER][MII_ADVERTISE] & ebsim_partner_lpa(phy);
	u16 common_1000 = phy->regs[PAGE_COPPER][MII_CTRL1000] &
			  (ebsim_partner_stat1000(phy) >> 2);

	if (common_1000 & (ADVERTISE_1000FULL | ADVERTISE_1000HALF)) {
		phy->speed = 1000;
		phy->full_duplex = common_1000 & ADVERTISE_1000FULL;
	} else if (common & (ADVERTISE_100FULL | ADVERTISE_100HALF)) {
		phy->speed = 100;
		phy->full_duplex = common & ADVERTISE_100FULL;
	} else if (common & (ADVERTISE_10FULL | ADVERTISE_10HALF)) {
		phy->speed = 10;
		phy->full_duplex = common & ADVERTISE_10FULL;
	} else {
		return false;
	}

	return true;
}

static bool ebsim_phy_resolve(struct ebsim_phy *phy)
{
	u16 bmcr = phy->regs[PAGE_COPPER][MII_BMCR];

	if (bmcr & (BMCR_PDOWN | BMCR_ISOLATE))
		return false;

	/* A link with itself. */
	if (bmcr & BMCR_LOOPBACK) {
		phy->full_duplex = true;
		phy->speed = bmcr & BMCR_SPEED1000 ? 1000 : bmcr & BMCR_SPEED100 ? 100 : 10;
		return true;
	}

	if (!phy->cable || phy->fault)
		return false;

	if (bmcr & BMCR_ANENABLE)
		return ebsim_phy_resolve_auto(phy);

	return ebsim_phy_resolve_forced(phy, bmcr);
}

bool ebsim_phy_is_looped(const struct ebsim_phy *phy)
{
	return phy->regs[PAGE_COPPER][MII_BMCR] & BMCR_LOOPBACK;
}

static void ebsim_phy_set_link(struct ebsim_phy *phy, bool link)
{
	struct net_device *far_end = phy->eb->ports[phy->port].far_end;

	if (link == phy->link)
		return;

	phy->link = link;
	phy->events |= PHY_INT_LINK | PHY_INT_SPEED | PHY_INT_DUPLEX;
	if (!link)
		phy->link_dropped = true;

	if (!far_end)
		return;
	if (link && !ebsim_phy_is_looped(phy))
		netif_carrier_on(far_end);
	else
		netif_carrier_off(far_end);
}

static void ebsim_phy_negotiated(struct work_struct *work)
{
	struct ebsim_phy *phy = container_of(to_delayed_work(work), struct ebsim_phy,
					     negotiation);

	spin_lock_bh(&phy->eb->lock);
	ebsim_phy_set_link(phy, ebsim_phy_resolve(phy));
	spin_unlock_bh(&phy->eb->lock);
}

/* Something changed at either end: down at once, and up a little later. */
void ebsim_phy_renegotiate(struct ebsim_phy *phy)
{
	ebsim_phy_set_link(phy, false);
	mod_delayed_work(system_wq, &phy->negotiation,
			 msecs_to_jiffies(negotiation_ms));
}

static u16 ebsim_phy_bmsr(struct ebsim_phy *phy)
{
	u16 bmsr = BMSR_100FULL | BMSR_100HALF | BMSR_10FULL | BMSR_10HALF |
		   BMSR_ESTATEN | BMSR_ANEGCAPABLE | BMSR_ERCAP;

	/* A link that was lost reads as lost once, even if it is back. */
	if (phy->link && !phy->link_dropped)
		bmsr |= BMSR_LSTATUS;
	phy->link_dropped = false;

	if (phy->link && phy->regs[PAGE_COPPER][MII_BMCR] & BMCR_ANENABLE)
		bmsr |= BMSR_ANEGCOMPLETE;

	return bmsr;
}

static u16 ebsim_phy_status(const struct ebsim_phy *phy)
{
	u16 status = PHY_STATUS_RESOLVED | PHY_STATUS_LINK;

	if (!phy->link)
		return 0;

	if (phy->speed == 1000)
		status |= PHY_STATUS_1000;
	else if (phy->speed == 100)
		status |= PHY_STATUS_100;
	if (phy->full_duplex)
		status |= PHY_STATUS_FULLDUPLEX;

	return status;
}

/* Which clause 45 register the two of clause 22 select, or 0 if none. */
static u32 ebsim_phy_mmd_selected(const struct ebsim_phy *phy)
{
	u16 ctrl = phy->regs[PAGE_COPPER][MII_MMD_CTRL];

	if (!(ctrl & MII_MMD_CTRL_NOINCR))
		return 0;

	return (ctrl & MII_MMD_CTRL_DEVAD_MASK) << 16 | phy->mmd_addr;
}

static u16 ebsim_phy_read_mmd(const struct ebsim_phy *phy)
{
	switch (ebsim_phy_mmd_selected(phy)) {
	case 0:
		return phy->mmd_addr;
	case MMD_EEE_ABLE:
		return MDIO_EEE_100TX | MDIO_EEE_1000T;
	case MMD_EEE_ADVERTISE:
		return phy->eee_advertise;
	case MMD_EEE_PARTNER:
		if (!phy->link || !(phy->regs[PAGE_COPPER][MII_BMCR] & BMCR_ANENABLE))
			return 0;
		return (phy->partner >= 100 ? MDIO_EEE_100TX : 0) |
		       (phy->partner >= 1000 ? MDIO_EEE_1000T : 0);
	}

	return 0;
}

static void ebsim_phy_write_mmd(struct ebsim_phy *phy, u16 val)
{
	switch (ebsim_phy_mmd_selected(phy)) {
	case 0:
		phy->mmd_addr = val;
		break;
	case MMD_EEE_ADVERTISE:
		phy->eee_advertise = val & (MDIO_EEE_100TX | MDIO_EEE_1000T);
		break;
	}
}

static u16 ebsim_phy_read_copper(struct ebsim_phy *phy, int reg)
{
	bool negotiated = phy->link && phy->regs[PAGE_COPPER][MII_BMCR] & BMCR_ANENABLE;
	u16 val;

	switch (reg) {
	case MII_BMSR:
		return ebsim_phy_bmsr(phy);
	case MII_LPA:
		return negotiated ? ebsim_partner_lpa(phy) : 0;
	case MII_STAT1000:
		return negotiated ? ebsim_partner_stat1000(phy) : 0;
	case MII_MMD_DATA:
		return ebsim_phy_read_mmd(phy);
	case PHY_STATUS:
		return ebsim_phy_status(phy);
	case PHY_INT_EVENT:
		val = phy->events;
		phy->events = 0;
		return val;
	}

	return phy->regs[PAGE_COPPER][reg];
}

static u16 ebsim_phy_cable(const struct ebsim_phy *phy)
{
	if (!phy->cable)
		return VCT7_RESULTS_OPEN;

	return phy->fault ?: VCT7_RESULTS_OK;
}

/* What comes back: much where the cable ends or is bad, a little elsewhere. */
static u16 ebsim_phy_echo(const struct ebsim_phy *phy, int pair)
{
	int result = ebsim_phy_cable(phy) >> (4 * pair) & 0xf;
	int at = phy->regs[PAGE_VCT5][VCT5_POINT] & 0x1ff;

	if (result == 1 || at != (phy->cable ? phy->fault_cm : 0) * 10 / 805)
		return VCT5_ECHO_POSITIVE | 2 << 8;

	return (result == 2 ? VCT5_ECHO_POSITIVE : 0) | 96 << 8;
}

u16 ebsim_phy_read(struct ebsim_phy *phy, int reg)
{
	u16 page = phy->page;

	if (reg == PHY_PAGE)
		return page;
	if (page == PAGE_COPPER)
		return ebsim_phy_read_copper(phy, reg);
	if (page == PAGE_MISC_TEST && reg == PHY_TEMP)
		return clamp(phy->temp + 25, 0, 255);
	if (page == PAGE_VCT7 && reg == VCT7_RESULTS)
		return ebsim_phy_cable(phy);
	if (page == PAGE_VCT7 && reg >= VCT7_DISTANCE && reg < VCT7_DISTANCE + 4)
		return phy->cable ? phy->fault_cm : 0;
	if (page == PAGE_VCT5 && reg >= VCT5_ECHO && reg < VCT5_ECHO + 4)
		return ebsim_phy_echo(phy, reg - VCT5_ECHO);

	return phy->regs[page % 32][reg];
}

static void ebsim_phy_write_copper(struct ebsim_phy *phy, int reg, u16 val)
{
	u16 *regs = phy->regs[PAGE_COPPER];
	bool powered = !(regs[MII_BMCR] & BMCR_PDOWN);

	switch (reg) {
	case MII_BMCR:
		regs[reg] = val & ~(BMCR_RESET | BMCR_ANRESTART);
		/* A PHY that was switched off and stays off has no link to lose. */
		if (powered || !(val & BMCR_PDOWN))
			ebsim_phy_renegotiate(phy);
		break;
	case MII_MMD_DATA:
		ebsim_phy_write_mmd(phy, val);
		break;
	case MII_BMSR:
	case MII_PHYSID1:
	case MII_PHYSID2:
	case MII_LPA:
	case MII_STAT1000:
	case MII_ESTATUS:
	case PHY_STATUS:
	case PHY_INT_EVENT:
		break;
	default:
		regs[reg] = val;
	}
}

void ebsim_phy_write(struct ebsim_phy *phy, int reg, u16 val)
{
	if (reg == PHY_PAGE)
		phy->page = val & 0xff;
	else if (phy->page == PAGE_COPPER)
		ebsim_phy_write_copper(phy, reg, val);
	else if (phy->page == PAGE_VCT7 && reg == VCT7_CTRL)
		phy->regs[PAGE_VCT7][reg] = val & ~VCT7_CTRL_RUN_NOW;
	else if (phy->page == PAGE_VCT5 && reg == VCT5_CTRL && val & VCT5_CTRL_ENABLE)
		phy->regs[PAGE_VCT5][reg] = val | VCT5_CTRL_COMPLETE;
	else
		phy->regs[phy->page % 32][reg] = val;
}

/* One bit per PHY that has something to say. */
u16 ebsim_phy_interrupts(struct ebsim *eb)
{
	u16 bits = 0;
	int i;

	for (i = 0; i < EBSIM_PHYS; i++)
		if (eb->phys[i].events & eb->phys[i].regs[PAGE_COPPER][PHY_INT_MASK])
			bits |= BIT(i);

	return bits;
}

void ebsim_phy_init(struct ebsim *eb)
{
	int i;

	for (i = 0; i < EBSIM_PHYS; i++) {
		struct ebsim_phy *phy = &eb->phys[i];
		u16 *regs = phy->regs[PAGE_COPPER];

		phy->eb = eb;
		phy->port = i;
		phy->cable = i >= EBSIM_FIRST_USER && i <= EBSIM_LAST_USER;
		phy->partner = 1000;
		phy->temp = 47;
		phy->eee_advertise = MDIO_EEE_100TX | MDIO_EEE_1000T;
		INIT_DELAYED_WORK(&phy->negotiation, ebsim_phy_negotiated);

		regs[MII_BMCR] = BMCR_ANENABLE | BMCR_FULLDPLX | BMCR_SPEED1000 |
				 BMCR_PDOWN;
		/* Without a model number: the driver fills it in. */
		regs[MII_PHYSID1] = 0x0141;
		regs[MII_PHYSID2] = 0x0c00;
		regs[MII_ADVERTISE] = ADVERTISE_ALL | ADVERTISE_CSMA |
				      ADVERTISE_PAUSE_CAP | ADVERTISE_PAUSE_ASYM;
		regs[MII_CTRL1000] = ADVERTISE_1000FULL | ADVERTISE_1000HALF;
		regs[MII_ESTATUS] = ESTATUS_1000_TFULL | ESTATUS_1000_THALF;
	}
}

void ebsim_phy_exit(struct ebsim *eb)
{
	int i;

	for (i = 0; i < EBSIM_PHYS; i++)
		cancel_delayed_work_sync(&eb->phys[i].negotiation);
}
