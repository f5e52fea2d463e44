// SPDX-License-Identifier: GPL-2.0-only
/*
 * A MAC with a PCS, for phylink. There is a link when light comes in and both
 * ends speak the same way: the interface mode, and in-band autonegotiation,
 * without which the end that waits for the other's word waits for ever.
 */

#include <linux/etherdevice.h>
#include <linux/ethtool.h>
#include <linux/rtnetlink.h>

#include "sfpsim.h"

struct sfpsim_priv {
	struct sfpsim_cage *cage;
};

static struct sfpsim_cage *sfpsim_of(struct net_device *dev)
{
	return ((struct sfpsim_priv *)netdev_priv(dev))->cage;
}

static bool sfpsim_pcs_link(struct sfpsim_cage *c)
{
	const struct sfpsim_cage *p = c->peer;

	if (!sfpsim_light(c) || !p->dev || !netif_running(p->dev) || c->interface != p->interface)
		return false;
	if (c->interface == PHY_INTERFACE_MODE_1000BASEX ||
	    c->interface == PHY_INTERFACE_MODE_2500BASEX)
		return !c->inband || p->inband;
	return true;
}

static void sfpsim_get_state(struct phylink_pcs *pcs, struct phylink_link_state *state)
{
	struct sfpsim_cage *c = container_of(pcs, struct sfpsim_cage, pcs);
	bool link = sfpsim_pcs_link(c);

	if (state->interface == PHY_INTERFACE_MODE_10GBASER) {
		state->link = link;
		state->an_complete = link;
		state->speed = SPEED_10000;
		state->duplex = DUPLEX_FULL;
		return;
	}
	phylink_mii_c22_pcs_decode_state(state,
		link ? BMSR_LSTATUS | BMSR_ANEGCOMPLETE : 0,
		state->interface == PHY_INTERFACE_MODE_SGMII ?
			LPA_SGMII | LPA_SGMII_LINK | LPA_SGMII_1000FULL :
			LPA_1000XFULL | LPA_1000XPAUSE | LPA_LPACK);
}

static int sfpsim_pcs_config(struct phylink_pcs *pcs, unsigned int neg_mode,
			     phy_interface_t interface, const unsigned long *advertising,
			     bool permit_pause_to_mac)
{
	struct sfpsim_cage *c = container_of(pcs, struct sfpsim_cage, pcs);

	c->interface = interface;
	c->inband = neg_mode == PHYLINK_PCS_NEG_INBAND_ENABLED;
	return 0;
}

static void sfpsim_an_restart(struct phylink_pcs *pcs)
{
}

static const struct phylink_pcs_ops sfpsim_pcs_ops = {
	.pcs_get_state = sfpsim_get_state,
	.pcs_config = sfpsim_pcs_config,
	.pcs_an_restart = sfpsim_an_restart,
};

static struct sfpsim_cage *sfpsim_of_config(struct phylink_config *config)
{
	return container_of(config, struct sfpsim_cage, config);
}

static struct phylink_pcs *sfpsim_select_pcs(struct phylink_config *config, phy_interface_t mode)
{
	return &sfpsim_of_config(config)->pcs;
}

static void sfpsim_mac_config(struct phylink_config *config, unsigned int mode,
			      const struct phylink_link_state *state)
{
}

static void sfpsim_link_down(struct phylink_config *config, unsigned int mode,
			     phy_interface_t interface)
{
	sfpsim_of_config(config)->mac_up = false;
}

static void sfpsim_link_up(struct phylink_config *config, struct phy_device *phy,
			   unsigned int mode, phy_interface_t interface, int speed, int duplex,
			   bool tx_pause, bool rx_pause)
{
	sfpsim_of_config(config)->mac_up = true;
}

static const struct phylink_mac_ops sfpsim_mac_ops = {
	.mac_select_pcs = sfpsim_select_pcs,
	.mac_config = sfpsim_mac_config,
	.mac_link_down = sfpsim_link_down,
	.mac_link_up = sfpsim_link_up,
};

static int sfpsim_open(struct net_device *dev)
{
	struct sfpsim_cage *c = sfpsim_of(dev);

	phylink_start(c->phylink);
	netif_start_queue(dev);
	sfpsim_changed(c);
	return 0;
}

static int sfpsim_stop(struct net_device *dev)
{
	struct sfpsim_cage *c = sfpsim_of(dev);

	netif_stop_queue(dev);
	phylink_stop(c->phylink);
	sfpsim_changed(c);
	return 0;
}

static netdev_tx_t sfpsim_xmit(struct sk_buff *skb, struct net_device *dev)
{
	struct sfpsim_cage *c = sfpsim_of(dev);
	struct net_device *to = c->peer->dev;
	unsigned int len = skb->len;

	if (!c->mac_up || !to || !c->peer->mac_up || !netif_running(to)) {
		dev_core_stats_tx_dropped_inc(dev);
		kfree_skb(skb);
		return NETDEV_TX_OK;
	}
	dev_sw_netstats_tx_add(dev, 1, len);
	dev_sw_netstats_rx_add(to, len);
	skb_tx_timestamp(skb);
	skb_orphan(skb);
	skb_scrub_packet(skb, false);
	skb->protocol = eth_type_trans(skb, to);
	netif_rx(skb);
	return NETDEV_TX_OK;
}

static const struct net_device_ops sfpsim_netdev_ops = {
	.ndo_open = sfpsim_open,
	.ndo_stop = sfpsim_stop,
	.ndo_start_xmit = sfpsim_xmit,
	.ndo_set_mac_address = eth_mac_addr,
	.ndo_validate_addr = eth_validate_addr,
};

static int sfpsim_get_settings(struct net_device *dev, struct ethtool_link_ksettings *k)
{
	return phylink_ethtool_ksettings_get(sfpsim_of(dev)->phylink, k);
}

static int sfpsim_set_settings(struct net_device *dev, const struct ethtool_link_ksettings *k)
{
	return phylink_ethtool_ksettings_set(sfpsim_of(dev)->phylink, k);
}

static void sfpsim_get_pause(struct net_device *dev, struct ethtool_pauseparam *p)
{
	phylink_ethtool_get_pauseparam(sfpsim_of(dev)->phylink, p);
}

static int sfpsim_set_pause(struct net_device *dev, struct ethtool_pauseparam *p)
{
	return phylink_ethtool_set_pauseparam(sfpsim_of(dev)->phylink, p);
}

static int sfpsim_nway_reset(struct net_device *dev)
{
	return phylink_ethtool_nway_reset(sfpsim_of(dev)->phylink);
}

static const struct ethtool_ops sfpsim_ethtool_ops = {
	.get_link = ethtool_op_get_link,
	.get_link_ksettings = sfpsim_get_settings,
	.set_link_ksettings = sfpsim_set_settings,
	.get_pauseparam = sfpsim_get_pause,
	.set_pauseparam = sfpsim_set_pause,
	.nway_reset = sfpsim_nway_reset,
};

int sfpsim_mac_add(struct sfpsim_cage *c)
{
	struct net_device *dev = alloc_etherdev(sizeof(struct sfpsim_priv));
	int err;

	if (!dev)
		return -ENOMEM;
	((struct sfpsim_priv *)netdev_priv(dev))->cage = c;
	SET_NETDEV_DEV(dev, &c->parent->dev);
	snprintf(dev->name, sizeof(dev->name), "sfp%u", c->index);
	dev->netdev_ops = &sfpsim_netdev_ops;
	dev->ethtool_ops = &sfpsim_ethtool_ops;
	dev->pcpu_stat_type = NETDEV_PCPU_STAT_TSTATS;
	dev->max_mtu = 9000;
	eth_hw_addr_random(dev);

	c->pcs.ops = &sfpsim_pcs_ops;
	c->pcs.neg_mode = true;
	c->pcs.poll = true;
	c->config.dev = &dev->dev;
	c->config.type = PHYLINK_NETDEV;
	c->config.mac_capabilities = MAC_SYM_PAUSE | MAC_ASYM_PAUSE | MAC_10FD | MAC_100FD |
				     MAC_1000FD | MAC_2500FD | MAC_10000FD;
	__set_bit(PHY_INTERFACE_MODE_SGMII, c->config.supported_interfaces);
	__set_bit(PHY_INTERFACE_MODE_1000BASEX, c->config.supported_interfaces);
	if (!sfpsim_gigabit) {
		__set_bit(PHY_INTERFACE_MODE_2500BASEX, c->config.supported_interfaces);
		__set_bit(PHY_INTERFACE_MODE_10GBASER, c->config.supported_interfaces);
	}
	c->phylink = phylink_create(&c->config, software_node_fwnode(&c->nodes.mac_node),
				    PHY_INTERFACE_MODE_1000BASEX, &sfpsim_mac_ops);
	if (IS_ERR(c->phylink)) {
		err = PTR_ERR(c->phylink);
		goto no_phylink;
	}
	err = register_netdev(dev);
	if (err)
		goto no_netdev;
	c->dev = dev;
	return 0;

no_netdev:
	phylink_destroy(c->phylink);
no_phylink:
	c->phylink = NULL;
	free_netdev(dev);
	return err;
}

void sfpsim_mac_del(struct sfpsim_cage *c)
{
	struct net_device *dev = c->dev;

	unregister_netdev(dev);
	phylink_destroy(c->phylink);
	c->phylink = NULL;
	c->dev = NULL;
	free_netdev(dev);
}
