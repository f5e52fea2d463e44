// SPDX-License-Identifier: GPL-2.0-only
/*
 * The PHY: PLCA, tunables, MDI-X, master and slave, signal quality. There is no
 * bus behind it but a few registers by which phylib finds it.
 */

#include <linux/ethtool_netlink.h>
#include <linux/mii.h>

#include "ethsim.h"

#define ETHSIM_PHY_ID	0x45544800

static struct phy_plca_cfg ethsim_plca;
static u8 ethsim_downshift, ethsim_fast_down;
static u16 ethsim_edpd;
static bool ethsim_negotiates;	/* until it is looked at once */

static int ethsim_bus_read(struct mii_bus *bus, int addr, int reg)
{
	switch (reg) {
	case MII_PHYSID1:
		return ETHSIM_PHY_ID >> 16;
	case MII_PHYSID2:
		return ETHSIM_PHY_ID & 0xffff;
	case MII_BMSR:
		return BMSR_ANEGCAPABLE | BMSR_100FULL | BMSR_10FULL;
	}

	return 0;
}

static int ethsim_bus_write(struct mii_bus *bus, int addr, int reg, u16 val)
{
	return 0;
}

static int ethsim_probe(struct phy_device *phydev)
{
	ethsim_plca = (struct phy_plca_cfg) {
		.version = 0x0a10, .node_id = 255, .node_cnt = 8, .to_tmr = 32, .burst_tmr = 128,
	};
	ethsim_downshift = 0;
	ethsim_fast_down = ETHTOOL_PHY_FAST_LINK_DOWN_OFF;
	ethsim_edpd = ETHTOOL_PHY_EDPD_DISABLE;
	phydev->master_slave_set = MASTER_SLAVE_CFG_MASTER_PREFERRED;
	phydev->mdix_ctrl = ETH_TP_MDI_AUTO;
	phydev->master_slave_get = MASTER_SLAVE_CFG_MASTER_PREFERRED;

	return 0;
}

static int ethsim_get_features(struct phy_device *phydev)
{
	linkmode_copy(phydev->supported, phy_gbit_features);
	linkmode_set_bit(ETHTOOL_LINK_MODE_TP_BIT, phydev->supported);
	linkmode_set_bit(ETHTOOL_LINK_MODE_10baseT1S_P2MP_Half_BIT, phydev->supported);

	return 0;
}

static int ethsim_config_aneg(struct phy_device *phydev)
{
	ethsim_negotiates = true;

	return 0;
}

static int ethsim_read_status(struct phy_device *phydev)
{
	phydev->link = ethsim_link && !ethsim_negotiates;
	phydev->autoneg_complete = phydev->link;
	ethsim_negotiates = false;
	if (phydev->autoneg == AUTONEG_ENABLE) {
		phydev->speed = phydev->link ? SPEED_1000 : SPEED_UNKNOWN;
		phydev->duplex = phydev->link ? DUPLEX_FULL : DUPLEX_UNKNOWN;
	}
	phydev->mdix = phydev->mdix_ctrl == ETH_TP_MDI_X ? ETH_TP_MDI_X : ETH_TP_MDI;
	phydev->master_slave_get = phydev->master_slave_set;
	phydev->master_slave_state = phydev->master_slave_set == MASTER_SLAVE_CFG_SLAVE_FORCE ?
		MASTER_SLAVE_STATE_SLAVE : MASTER_SLAVE_STATE_MASTER;

	return 0;
}

static int ethsim_get_tunable(struct phy_device *phydev, struct ethtool_tunable *tuna, void *data)
{
	switch (tuna->id) {
	case ETHTOOL_PHY_DOWNSHIFT:
		*(u8 *)data = ethsim_downshift;
		return 0;
	case ETHTOOL_PHY_FAST_LINK_DOWN:
		*(u8 *)data = ethsim_fast_down;
		return 0;
	case ETHTOOL_PHY_EDPD:
		*(u16 *)data = ethsim_edpd;
		return 0;
	}

	return -EOPNOTSUPP;
}

static int ethsim_set_tunable(struct phy_device *phydev, struct ethtool_tunable *tuna,
			      const void *data)
{
	switch (tuna->id) {
	case ETHTOOL_PHY_DOWNSHIFT:
		if (*(u8 *)data > 8 && *(u8 *)data != DOWNSHIFT_DEV_DEFAULT_COUNT)
			return -E2BIG;
		ethsim_downshift = *(u8 *)data;
		return 0;
	case ETHTOOL_PHY_FAST_LINK_DOWN:
		ethsim_fast_down = *(u8 *)data;
		return 0;
	case ETHTOOL_PHY_EDPD:
		ethsim_edpd = *(u16 *)data;
		return 0;
	}

	return -EOPNOTSUPP;
}

static int ethsim_get_sqi(struct phy_device *phydev)
{
	return 5;
}

static int ethsim_get_sqi_max(struct phy_device *phydev)
{
	return 7;
}

static int ethsim_get_plca(struct phy_device *phydev, struct phy_plca_cfg *cfg)
{
	*cfg = ethsim_plca;

	return 0;
}

#define SET(member) \
	do { \
		if (cfg->member >= 0) \
			ethsim_plca.member = cfg->member; \
	} while (0)

static int ethsim_set_plca(struct phy_device *phydev, const struct phy_plca_cfg *cfg)
{
	SET(enabled);
	SET(node_id);
	SET(node_cnt);
	SET(to_tmr);
	SET(burst_cnt);
	SET(burst_tmr);

	return 0;
}

static int ethsim_get_plca_status(struct phy_device *phydev, struct phy_plca_status *status)
{
	status->pst = ethsim_plca.enabled && ethsim_link;

	return 0;
}

static struct phy_driver ethsim_phy_driver = {
	.phy_id			= ETHSIM_PHY_ID,
	.phy_id_mask		= 0xffffff00,
	.name			= "ethsim PHY",
	.probe			= ethsim_probe,
	.get_features		= ethsim_get_features,
	.config_aneg		= ethsim_config_aneg,
	.read_status		= ethsim_read_status,
	.get_tunable		= ethsim_get_tunable,
	.set_tunable		= ethsim_set_tunable,
	.get_sqi		= ethsim_get_sqi,
	.get_sqi_max		= ethsim_get_sqi_max,
	.get_plca_cfg		= ethsim_get_plca,
	.set_plca_cfg		= ethsim_set_plca,
	.get_plca_status	= ethsim_get_plca_status,
};

int ethsim_phy_register(void)
{
	return phy_driver_register(&ethsim_phy_driver, THIS_MODULE);
}

void ethsim_phy_unregister(void)
{
	phy_driver_unregister(&ethsim_phy_driver);
}

static void ethsim_adjust_link(struct net_device *dev)
{
}

int ethsim_phy_add(struct ethsim *es, struct device *parent)
{
	int err;

	es->bus = mdiobus_alloc();
	if (!es->bus)
		return -ENOMEM;
	es->bus->name = "ethsim";
	es->bus->read = ethsim_bus_read;
	es->bus->write = ethsim_bus_write;
	es->bus->parent = parent;
	es->bus->phy_mask = ~1U;
	snprintf(es->bus->id, MII_BUS_ID_SIZE, "ethsim");
	err = mdiobus_register(es->bus);
	if (err)
		goto out_free;

	es->phy = phy_find_first(es->bus);
	if (!es->phy) {
		err = -ENODEV;
		goto out_unregister;
	}
	err = phy_connect_direct(es->dev, es->phy, ethsim_adjust_link, PHY_INTERFACE_MODE_GMII);
	if (err)
		goto out_unregister;

	return 0;

out_unregister:
	mdiobus_unregister(es->bus);
out_free:
	mdiobus_free(es->bus);
	return err;
}

void ethsim_phy_remove(struct ethsim *es)
{
	phy_disconnect(es->phy);
	mdiobus_unregister(es->bus);
	mdiobus_free(es->bus);
}
