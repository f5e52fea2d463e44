// SPDX-License-Identifier: GPL-2.0-only
/*
 * The network devices around the chip: eth0, the processor's end of the link
 * to the switch, which DSA makes its conduit; and x-wan, x-lan0, x-lan1, the
 * far ends of the cables in the ports, to be moved into network namespaces as
 * hosts. What one sends goes through the fabric at once; what comes out of it
 * is given to the stack after the lock is dropped.
 */

#include <linux/ethtool.h>
#include <linux/of.h>
#include <linux/platform_device.h>

#include "ebsim.h"

/**
 * struct ebsim_netdev - private part of both kinds of device
 * @port: of the chip, to which the device is connected
 */
struct ebsim_netdev {
	struct ebsim *eb;
	int port;
};

static void ebsim_deliver(struct sk_buff_head *out)
{
	struct sk_buff *skb;

	while ((skb = __skb_dequeue(out))) {
		struct net_device *dev = skb->dev;

		dev_sw_netstats_rx_add(dev, skb->len);
		skb->protocol = eth_type_trans(skb, dev);
		netif_rx(skb);
	}
}

static netdev_tx_t ebsim_xmit(struct sk_buff *skb, struct net_device *dev)
{
	struct ebsim_netdev *end = netdev_priv(dev);
	struct ebsim *eb = end->eb;
	struct sk_buff_head out;

	if (skb_linearize(skb)) {
		dev_kfree_skb(skb);
		return NETDEV_TX_OK;
	}

	dev_sw_netstats_tx_add(dev, 1, skb->len);
	skb_tx_timestamp(skb);
	__skb_queue_head_init(&out);

	spin_lock_bh(&eb->lock);
	if (end->port == EBSIM_CPU_PORT)
		ebsim_fabric_from_cpu(eb, skb, &out);
	else
		ebsim_fabric_from_cable(eb, end->port, skb, &out);
	spin_unlock_bh(&eb->lock);

	ebsim_deliver(&out);
	consume_skb(skb);

	return NETDEV_TX_OK;
}

static const struct net_device_ops ebsim_netdev_ops = {
	.ndo_start_xmit		= ebsim_xmit,
	.ndo_validate_addr	= eth_validate_addr,
	.ndo_set_mac_address	= eth_mac_addr,
};

static void ebsim_get_drvinfo(struct net_device *dev, struct ethtool_drvinfo *info)
{
	strscpy(info->driver, "ebsim", sizeof(info->driver));
}

/* The conduit's link is fixed, a cable's is the PHY's. */
static int ebsim_get_link_ksettings(struct net_device *dev,
				    struct ethtool_link_ksettings *cmd)
{
	struct ebsim_netdev *end = netdev_priv(dev);
	const struct ebsim_phy *phy = &end->eb->phys[end->port];

	cmd->base.speed = SPEED_1000;
	cmd->base.duplex = DUPLEX_FULL;
	cmd->base.port = end->port == EBSIM_CPU_PORT ? PORT_MII : PORT_TP;

	if (end->port != EBSIM_CPU_PORT) {
		spin_lock_bh(&end->eb->lock);
		cmd->base.speed = phy->link ? phy->speed : SPEED_UNKNOWN;
		cmd->base.duplex = !phy->link ? DUPLEX_UNKNOWN :
				   phy->full_duplex ? DUPLEX_FULL : DUPLEX_HALF;
		spin_unlock_bh(&end->eb->lock);
	}

	return 0;
}

/* The conduit has a light, once a second. */
static int ebsim_set_phys_id(struct net_device *dev, enum ethtool_phys_id_state state)
{
	struct ebsim_netdev *end = netdev_priv(dev);

	if (end->port != EBSIM_CPU_PORT)
		return -EOPNOTSUPP;
	if (state == ETHTOOL_ID_ON)
		end->eb->blinks++;

	return state == ETHTOOL_ID_ACTIVE ? 1 : 0;
}

static const struct ethtool_ops ebsim_ethtool_ops = {
	.set_phys_id		= ebsim_set_phys_id,
	.get_drvinfo		= ebsim_get_drvinfo,
	.get_link		= ethtool_op_get_link,
	.get_link_ksettings	= ebsim_get_link_ksettings,
	.get_ts_info		= ethtool_op_get_ts_info,
};

static void ebsim_netdev_setup(struct net_device *dev)
{
	ether_setup(dev);
	dev->netdev_ops = &ebsim_netdev_ops;
	dev->ethtool_ops = &ebsim_ethtool_ops;
	dev->pcpu_stat_type = NETDEV_PCPU_STAT_TSTATS;
	dev->needs_free_netdev = true;
	dev->max_mtu = ETH_MAX_MTU;
}

static struct net_device *ebsim_netdev_alloc(struct ebsim *eb, int port, const char *name)
{
	/* The same every time, for the tests' sake; locally administered. */
	const u8 mac[ETH_ALEN] = { 0x02, 0xeb, 0x51, 0x00, 0x00, port };
	struct ebsim_netdev *end;
	struct net_device *dev;

	/* The conduit has queues as mvneta's (txq_number, rxq_number). */
	dev = alloc_netdev_mqs(sizeof(*end), name, NET_NAME_ENUM, ebsim_netdev_setup,
			       port == EBSIM_CPU_PORT ? 8 : 1, port == EBSIM_CPU_PORT ? 8 : 1);
	if (!dev)
		return NULL;

	end = netdev_priv(dev);
	end->eb = eb;
	end->port = port;
	eth_hw_addr_set(dev, mac);

	return dev;
}

int ebsim_conduit_add(struct ebsim *eb, struct device_node *np)
{
	struct net_device *dev = ebsim_netdev_alloc(eb, EBSIM_CPU_PORT, "eth0");
	int err;

	if (!dev)
		return -ENOMEM;

	SET_NETDEV_DEV(dev, &eb->pdev->dev);
	/* How DSA finds it. */
	device_set_node(&dev->dev, of_fwnode_handle(of_node_get(np)));

	err = register_netdev(dev);
	if (err) {
		of_node_put(np);
		free_netdev(dev);
		return err;
	}

	eb->conduit = dev;

	return 0;
}

void ebsim_conduit_remove(struct ebsim *eb)
{
	struct device_node *np = eb->conduit->dev.of_node;

	unregister_netdev(eb->conduit);
	of_node_put(np);
}

int ebsim_cables_add(struct ebsim *eb)
{
	char name[IFNAMSIZ];
	int port, err;

	for (port = EBSIM_FIRST_USER; port <= EBSIM_LAST_USER; port++) {
		struct net_device *dev;

		snprintf(name, sizeof(name), "x-%s", eb->ports[port].name);
		dev = ebsim_netdev_alloc(eb, port, name);
		if (!dev) {
			err = -ENOMEM;
			goto out_remove;
		}

		netif_carrier_off(dev);
		err = register_netdev(dev);
		if (err) {
			free_netdev(dev);
			goto out_remove;
		}

		spin_lock_bh(&eb->lock);
		eb->ports[port].far_end = dev;
		spin_unlock_bh(&eb->lock);
	}

	return 0;

out_remove:
	ebsim_cables_remove(eb);
	return err;
}

void ebsim_cables_remove(struct ebsim *eb)
{
	int port;

	for (port = EBSIM_FIRST_USER; port <= EBSIM_LAST_USER; port++) {
		struct net_device *dev = eb->ports[port].far_end;

		if (!dev)
			continue;

		spin_lock_bh(&eb->lock);
		eb->ports[port].far_end = NULL;
		spin_unlock_bh(&eb->lock);
		unregister_netdev(dev);
	}
}
