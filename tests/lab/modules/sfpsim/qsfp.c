// SPDX-License-Identifier: GPL-2.0-only
/*
 * A MAC whose driver reads its QSFP or CMIS module itself, page by page, as the
 * large ones do. It has a memory map, and no link.
 */

#include <linux/delay.h>
#include <linux/etherdevice.h>
#include <linux/ethtool.h>
#include <linux/slab.h>

#include "sfpsim.h"

struct sfpsim_qsfp_priv {
	struct sfpsim_qsfp *qsfp;
};

static int sfpsim_qsfp_page(struct net_device *dev, const struct ethtool_module_eeprom *page,
			    struct netlink_ext_ack *extack)
{
	struct sfpsim_qsfp *q = ((struct sfpsim_qsfp_priv *)netdev_priv(dev))->qsfp;

	if (q->slow_ms)
		msleep(q->slow_ms);
	if (!q->present)
		return -ENODEV;
	if (page->i2c_address != 0x50 || page->bank) {
		NL_SET_ERR_MSG(extack, "the module has one address and one bank");
		return -EINVAL;
	}
	for (u32 n = 0; n < page->length; n++) {
		u32 at = page->offset + n;

		page->data[n] = at < 128 ? q->lower[at] : q->upper[128 * page->page + at - 128];
	}
	return page->length;
}

static int sfpsim_qsfp_get_power(struct net_device *dev,
				 struct ethtool_module_power_mode_params *params,
				 struct netlink_ext_ack *extack)
{
	struct sfpsim_qsfp *q = ((struct sfpsim_qsfp_priv *)netdev_priv(dev))->qsfp;

	params->policy = q->power_policy;
	if (q->present)
		params->mode = q->power_policy == ETHTOOL_MODULE_POWER_MODE_POLICY_HIGH ||
			       netif_running(dev) ? ETHTOOL_MODULE_POWER_MODE_HIGH :
						    ETHTOOL_MODULE_POWER_MODE_LOW;
	return 0;
}

static int sfpsim_qsfp_set_power(struct net_device *dev,
				 const struct ethtool_module_power_mode_params *params,
				 struct netlink_ext_ack *extack)
{
	((struct sfpsim_qsfp_priv *)netdev_priv(dev))->qsfp->power_policy = params->policy;
	return 0;
}

static const struct ethtool_ops sfpsim_qsfp_ethtool_ops = {
	.get_module_power_mode = sfpsim_qsfp_get_power,
	.set_module_power_mode = sfpsim_qsfp_set_power,
	.get_link = ethtool_op_get_link,
	.get_module_eeprom_by_page = sfpsim_qsfp_page,
};

static netdev_tx_t sfpsim_qsfp_xmit(struct sk_buff *skb, struct net_device *dev)
{
	dev_core_stats_tx_dropped_inc(dev);
	kfree_skb(skb);
	return NETDEV_TX_OK;
}

static const struct net_device_ops sfpsim_qsfp_netdev_ops = {
	.ndo_start_xmit = sfpsim_qsfp_xmit,
	.ndo_set_mac_address = eth_mac_addr,
	.ndo_validate_addr = eth_validate_addr,
};

int sfpsim_qsfp_add(struct sfpsim_qsfp *q, unsigned int index)
{
	struct net_device *dev = alloc_etherdev(sizeof(struct sfpsim_qsfp_priv));
	int err = -ENOMEM;

	q->upper = kzalloc(SFPSIM_PAGES * 128, GFP_KERNEL);
	if (!dev || !q->upper)
		goto fail;
	((struct sfpsim_qsfp_priv *)netdev_priv(dev))->qsfp = q;
	snprintf(dev->name, sizeof(dev->name), "qsfp%u", index);
	dev->netdev_ops = &sfpsim_qsfp_netdev_ops;
	dev->ethtool_ops = &sfpsim_qsfp_ethtool_ops;
	eth_hw_addr_random(dev);
	q->power_policy = ETHTOOL_MODULE_POWER_MODE_POLICY_HIGH;
	netif_carrier_off(dev);
	err = register_netdev(dev);
	if (err)
		goto fail;
	q->dev = dev;
	return 0;

fail:
	kfree(q->upper);
	if (dev)
		free_netdev(dev);
	return err;
}

void sfpsim_qsfp_del(struct sfpsim_qsfp *q)
{
	unregister_netdev(q->dev);
	free_netdev(q->dev);
	kfree(q->upper);
}
