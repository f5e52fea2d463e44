/* SPDX-License-Identifier: GPL-2.0-only */
/* A stand-in for an Ethernet device that has every setting of ethtool: its state. */

#ifndef ETHSIM_H
#define ETHSIM_H

#include <linux/dcbnl.h>
#include <linux/ethtool.h>
#include <linux/ethtool_netlink.h>
#include <linux/netdevice.h>
#include <linux/net_tstamp.h>
#include <linux/phy.h>
#include <linux/pse-pd/pse.h>

#define ETHSIM_TABLE	8	/* entries of the RSS table */
#define ETHSIM_KEY	40	/* bytes of its key */
#define ETHSIM_RINGS	4
#define ETHSIM_QUEUES	4	/* to send from */

/**
 * struct ethsim - one device; what is set is kept here and read back, and nothing else happens
 */
struct ethsim {
	struct net_device *dev;
	struct mii_bus *bus;
	struct phy_device *phy;
	struct pse_controller_dev pse;
	struct mock_phc *phc;

	struct ethtool_wolinfo wol;
	u32 msglevel;
	u32 flags;
	u32 lanes;
	u8 port;
	u8 hfunc;
	u32 table[ETHSIM_TABLE];
	u8 key[ETHSIM_KEY];
	enum ethtool_module_power_mode_policy policy;
	struct ethtool_mm_state mm;
	struct ethtool_keee eee;
	struct ethtool_channels channels;
	struct ethtool_ringparam ring;
	struct kernel_ethtool_ringparam kernel_ring;
	struct ethtool_coalesce coalesce;
	struct kernel_ethtool_coalesce kernel_coalesce;
	struct kernel_hwtstamp_config timestamps;
	struct ieee_ets ets;
	struct ieee_pfc pfc;
	struct dcbnl_buffer buffer;
	u8 trust[2];
	int n_trust;
};

/* main.c */
extern bool ethsim_link;

/* dcb.c: priorities and what hangs on them */
void ethsim_dcb_init(struct ethsim *es);

/* phy.c: a PHY that does what it is told */
int ethsim_phy_register(void);
void ethsim_phy_unregister(void);
int ethsim_phy_add(struct ethsim *es, struct device *parent);
void ethsim_phy_remove(struct ethsim *es);

/* pse.c: power over the cable of that PHY */
int ethsim_pse_register(void);
void ethsim_pse_unregister(void);
int ethsim_pse_add(struct ethsim *es, struct device *parent);
void ethsim_pse_remove(struct device *parent);

#endif
