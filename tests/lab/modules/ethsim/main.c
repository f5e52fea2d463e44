// SPDX-License-Identifier: GPL-2.0-only
/*
 * ethsim0: a device that has every setting of ethtool that no other simulated one
 * has, keeps what it is told, and says so when it is asked. Frames go nowhere. It can be
 * unbound from its driver and bound again, and then is as new.
 */

#include <linux/etherdevice.h>
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/ptp_mock.h>
#include <net/pkt_sched.h>

#include "ethsim.h"

bool ethsim_link = true;
module_param_named(link, ethsim_link, bool, 0644);
MODULE_PARM_DESC(link, "There is a cable with somebody at its other end");

static unsigned int ethsim_schedules;
module_param_named(schedules, ethsim_schedules, uint, 0444);
MODULE_PARM_DESC(schedules, "How often the device was given a gate schedule (taprio)");

static struct platform_device *ethsim_pdev;

static const char ethsim_flags[][ETH_GSTRING_LEN] = { "legacy-rx", "loop back", "fast" };

static struct ethsim *ethsim_of(struct net_device *dev)
{
	return netdev_priv(dev);
}

static void ethsim_get_drvinfo(struct net_device *dev, struct ethtool_drvinfo *info)
{
	strscpy(info->driver, "ethsim", sizeof(info->driver));
}

static void ethsim_get_wol(struct net_device *dev, struct ethtool_wolinfo *wol)
{
	struct ethsim *es = ethsim_of(dev);

	wol->supported = WAKE_PHY | WAKE_MAGIC | WAKE_MAGICSECURE;
	wol->wolopts = es->wol.wolopts;
	memcpy(wol->sopass, es->wol.sopass, sizeof(wol->sopass));
}

static int ethsim_set_wol(struct net_device *dev, struct ethtool_wolinfo *wol)
{
	ethsim_of(dev)->wol = *wol;

	return 0;
}

static u32 ethsim_get_msglevel(struct net_device *dev)
{
	return ethsim_of(dev)->msglevel;
}

static void ethsim_set_msglevel(struct net_device *dev, u32 level)
{
	ethsim_of(dev)->msglevel = level;
}

static int ethsim_get_sset_count(struct net_device *dev, int set)
{
	return set == ETH_SS_PRIV_FLAGS ? ARRAY_SIZE(ethsim_flags) : -EOPNOTSUPP;
}

static void ethsim_get_strings(struct net_device *dev, u32 set, u8 *data)
{
	if (set == ETH_SS_PRIV_FLAGS)
		memcpy(data, ethsim_flags, sizeof(ethsim_flags));
}

static u32 ethsim_get_priv_flags(struct net_device *dev)
{
	return ethsim_of(dev)->flags;
}

static int ethsim_set_priv_flags(struct net_device *dev, u32 flags)
{
	ethsim_of(dev)->flags = flags;

	return 0;
}

static int ethsim_get_rxnfc(struct net_device *dev, struct ethtool_rxnfc *cmd, u32 *rules)
{
	if (cmd->cmd != ETHTOOL_GRXRINGS)
		return -EOPNOTSUPP;
	cmd->data = ETHSIM_RINGS;

	return 0;
}

static u32 ethsim_get_key_size(struct net_device *dev)
{
	return ETHSIM_KEY;
}

static u32 ethsim_get_table_size(struct net_device *dev)
{
	return ETHSIM_TABLE;
}

static int ethsim_get_rxfh(struct net_device *dev, struct ethtool_rxfh_param *p)
{
	struct ethsim *es = ethsim_of(dev);

	p->hfunc = es->hfunc;
	if (p->indir)
		memcpy(p->indir, es->table, sizeof(es->table));
	if (p->key)
		memcpy(p->key, es->key, sizeof(es->key));

	return 0;
}

static int ethsim_set_rxfh(struct net_device *dev, struct ethtool_rxfh_param *p,
			   struct netlink_ext_ack *extack)
{
	struct ethsim *es = ethsim_of(dev);

	if (p->hfunc && p->hfunc != ETH_RSS_HASH_TOP && p->hfunc != ETH_RSS_HASH_XOR)
		return -EOPNOTSUPP;
	if (p->hfunc)
		es->hfunc = p->hfunc;
	if (p->indir)
		memcpy(es->table, p->indir, sizeof(es->table));
	if (p->key)
		memcpy(es->key, p->key, sizeof(es->key));

	return 0;
}

static int ethsim_get_module(struct net_device *dev, struct ethtool_module_power_mode_params *p,
			     struct netlink_ext_ack *extack)
{
	struct ethsim *es = ethsim_of(dev);

	p->policy = es->policy;
	p->mode = es->policy == ETHTOOL_MODULE_POWER_MODE_POLICY_HIGH || netif_running(dev) ?
		ETHTOOL_MODULE_POWER_MODE_HIGH : ETHTOOL_MODULE_POWER_MODE_LOW;

	return 0;
}

static int ethsim_set_module(struct net_device *dev,
			     const struct ethtool_module_power_mode_params *p,
			     struct netlink_ext_ack *extack)
{
	ethsim_of(dev)->policy = p->policy;

	return 0;
}

static int ethsim_get_mm(struct net_device *dev, struct ethtool_mm_state *state)
{
	*state = ethsim_of(dev)->mm;

	return 0;
}

/* The other end always answers. */
static int ethsim_set_mm(struct net_device *dev, struct ethtool_mm_cfg *cfg,
			 struct netlink_ext_ack *extack)
{
	struct ethtool_mm_state *mm = &ethsim_of(dev)->mm;

	mm->verify_time = cfg->verify_time;
	mm->verify_enabled = cfg->verify_enabled;
	mm->tx_enabled = cfg->tx_enabled;
	mm->pmac_enabled = cfg->pmac_enabled;
	mm->tx_min_frag_size = cfg->tx_min_frag_size;
	mm->tx_active = cfg->tx_enabled;
	mm->verify_status = !cfg->verify_enabled ? ETHTOOL_MM_VERIFY_STATUS_DISABLED :
			    cfg->tx_enabled ? ETHTOOL_MM_VERIFY_STATUS_SUCCEEDED :
					      ETHTOOL_MM_VERIFY_STATUS_INITIAL;

	return 0;
}

static void ethsim_get_mm_stats(struct net_device *dev, struct ethtool_mm_stats *stats)
{
	stats->MACMergeFrameAssOkCount = 42;
	stats->MACMergeFragCountRx = 84;
}

static int ethsim_get_eee(struct net_device *dev, struct ethtool_keee *eee)
{
	*eee = ethsim_of(dev)->eee;

	return 0;
}

static int ethsim_set_eee(struct net_device *dev, struct ethtool_keee *eee)
{
	struct ethsim *es = ethsim_of(dev);

	es->eee.eee_enabled = eee->eee_enabled;
	es->eee.eee_active = eee->eee_enabled;
	es->eee.tx_lpi_enabled = eee->tx_lpi_enabled;
	es->eee.tx_lpi_timer = eee->tx_lpi_timer;
	linkmode_copy(es->eee.advertised, eee->advertised);

	return 0;
}

static void ethsim_get_channels(struct net_device *dev, struct ethtool_channels *c)
{
	*c = ethsim_of(dev)->channels;
}

static int ethsim_set_channels(struct net_device *dev, struct ethtool_channels *c)
{
	struct ethtool_channels *now = &ethsim_of(dev)->channels;

	now->rx_count = c->rx_count;
	now->tx_count = c->tx_count;
	now->other_count = c->other_count;
	now->combined_count = c->combined_count;

	return 0;
}

static void ethsim_get_ring(struct net_device *dev, struct ethtool_ringparam *ring,
			    struct kernel_ethtool_ringparam *kernel_ring,
			    struct netlink_ext_ack *extack)
{
	struct ethsim *es = ethsim_of(dev);

	*ring = es->ring;
	*kernel_ring = es->kernel_ring;
}

static int ethsim_set_ring(struct net_device *dev, struct ethtool_ringparam *ring,
			   struct kernel_ethtool_ringparam *kernel_ring,
			   struct netlink_ext_ack *extack)
{
	struct ethsim *es = ethsim_of(dev);

	es->ring = *ring;
	es->kernel_ring = *kernel_ring;

	return 0;
}

static int ethsim_get_coalesce(struct net_device *dev, struct ethtool_coalesce *c,
			       struct kernel_ethtool_coalesce *kc, struct netlink_ext_ack *extack)
{
	struct ethsim *es = ethsim_of(dev);

	*c = es->coalesce;
	*kc = es->kernel_coalesce;

	return 0;
}

static int ethsim_set_coalesce(struct net_device *dev, struct ethtool_coalesce *c,
			       struct kernel_ethtool_coalesce *kc, struct netlink_ext_ack *extack)
{
	struct ethsim *es = ethsim_of(dev);

	es->coalesce = *c;
	es->kernel_coalesce = *kc;

	return 0;
}

static int ethsim_get_settings(struct net_device *dev, struct ethtool_link_ksettings *k)
{
	struct ethsim *es = ethsim_of(dev);

	phy_ethtool_ksettings_get(es->phy, k);
	k->base.port = es->port;
	if (k->base.autoneg == AUTONEG_DISABLE)
		k->lanes = es->lanes;

	return 0;
}

static int ethsim_set_settings(struct net_device *dev, const struct ethtool_link_ksettings *k)
{
	struct ethsim *es = ethsim_of(dev);
	int err = phy_ethtool_ksettings_set(es->phy, k);

	if (err)
		return err;
	es->port = k->base.port;
	if (k->base.autoneg == AUTONEG_DISABLE)
		es->lanes = k->lanes;

	return 0;
}

static int ethsim_get_link_ext_state(struct net_device *dev,
				     struct ethtool_link_ext_state_info *info)
{
	if (netif_carrier_ok(dev))
		return -ENODATA;
	info->link_ext_state = ETHTOOL_LINK_EXT_STATE_AUTONEG;
	info->autoneg = ETHTOOL_LINK_EXT_SUBSTATE_AN_NO_PARTNER_DETECTED;

	return 0;
}

static void ethsim_get_link_ext_stats(struct net_device *dev, struct ethtool_link_ext_stats *stats)
{
	stats->link_down_events = 3;
}

static int ethsim_get_ts_info(struct net_device *dev, struct kernel_ethtool_ts_info *info)
{
	ethtool_op_get_ts_info(dev, info);
	info->phc_index = mock_phc_index(ethsim_of(dev)->phc);

	return 0;
}

static const struct ethtool_ops ethsim_ethtool_ops = {
	.cap_link_lanes_supported	= true,
	.supported_coalesce_params	= ETHTOOL_COALESCE_ALL_PARAMS,
	.supported_ring_params		= ETHTOOL_RING_USE_RX_BUF_LEN | ETHTOOL_RING_USE_CQE_SIZE |
					  ETHTOOL_RING_USE_TX_PUSH | ETHTOOL_RING_USE_RX_PUSH |
					  ETHTOOL_RING_USE_TX_PUSH_BUF_LEN |
					  ETHTOOL_RING_USE_TCP_DATA_SPLIT,
	.get_drvinfo		= ethsim_get_drvinfo,
	.get_link		= ethtool_op_get_link,
	.get_link_ext_state	= ethsim_get_link_ext_state,
	.get_link_ext_stats	= ethsim_get_link_ext_stats,
	.get_link_ksettings	= ethsim_get_settings,
	.set_link_ksettings	= ethsim_set_settings,
	.get_wol		= ethsim_get_wol,
	.set_wol		= ethsim_set_wol,
	.get_msglevel		= ethsim_get_msglevel,
	.set_msglevel		= ethsim_set_msglevel,
	.get_sset_count		= ethsim_get_sset_count,
	.get_strings		= ethsim_get_strings,
	.get_priv_flags		= ethsim_get_priv_flags,
	.set_priv_flags		= ethsim_set_priv_flags,
	.get_rxnfc		= ethsim_get_rxnfc,
	.get_rxfh_key_size	= ethsim_get_key_size,
	.get_rxfh_indir_size	= ethsim_get_table_size,
	.get_rxfh		= ethsim_get_rxfh,
	.set_rxfh		= ethsim_set_rxfh,
	.get_module_power_mode	= ethsim_get_module,
	.set_module_power_mode	= ethsim_set_module,
	.get_mm			= ethsim_get_mm,
	.set_mm			= ethsim_set_mm,
	.get_mm_stats		= ethsim_get_mm_stats,
	.get_eee		= ethsim_get_eee,
	.set_eee		= ethsim_set_eee,
	.get_channels		= ethsim_get_channels,
	.set_channels		= ethsim_set_channels,
	.get_ringparam		= ethsim_get_ring,
	.set_ringparam		= ethsim_set_ring,
	.get_coalesce		= ethsim_get_coalesce,
	.set_coalesce		= ethsim_set_coalesce,
	.get_ts_info		= ethsim_get_ts_info,
};

static int ethsim_open(struct net_device *dev)
{
	phy_start(ethsim_of(dev)->phy);
	netif_tx_start_all_queues(dev);

	return 0;
}

static int ethsim_stop(struct net_device *dev)
{
	netif_tx_stop_all_queues(dev);
	phy_stop(ethsim_of(dev)->phy);

	return 0;
}

static netdev_tx_t ethsim_xmit(struct sk_buff *skb, struct net_device *dev)
{
	dev_kfree_skb(skb);

	return NETDEV_TX_OK;
}

static int ethsim_hwtstamp_get(struct net_device *dev, struct kernel_hwtstamp_config *config)
{
	*config = ethsim_of(dev)->timestamps;

	return 0;
}

static int ethsim_hwtstamp_set(struct net_device *dev, struct kernel_hwtstamp_config *config,
			       struct netlink_ext_ack *extack)
{
	/* As real ones do: what is asked for becomes what can be done. */
	if (config->rx_filter == HWTSTAMP_FILTER_PTP_V2_SYNC)
		config->rx_filter = HWTSTAMP_FILTER_PTP_V2_EVENT;
	ethsim_of(dev)->timestamps = *config;

	return 0;
}

/* Gates that the device would see to. */
static int ethsim_setup_tc(struct net_device *dev, enum tc_setup_type type, void *data)
{
	struct tc_taprio_qopt_offload *taprio = data;
	struct tc_query_caps_base *base = data;
	struct tc_taprio_caps *caps;

	switch (type) {
	case TC_QUERY_CAPS:
		if (base->type != TC_SETUP_QDISC_TAPRIO)
			return -EOPNOTSUPP;
		caps = base->caps;
		caps->supports_queue_max_sdu = true;
		return 0;
	case TC_SETUP_QDISC_TAPRIO:
		if (taprio->cmd != TAPRIO_CMD_REPLACE)
			return taprio->cmd == TAPRIO_CMD_DESTROY ? 0 : -EOPNOTSUPP;
		ethsim_schedules++;
		return 0;
	default:
		return -EOPNOTSUPP;
	}
}

static const struct net_device_ops ethsim_netdev_ops = {
	.ndo_open		= ethsim_open,
	.ndo_stop		= ethsim_stop,
	.ndo_start_xmit		= ethsim_xmit,
	.ndo_setup_tc		= ethsim_setup_tc,
	.ndo_set_mac_address	= eth_mac_addr,
	.ndo_validate_addr	= eth_validate_addr,
	.ndo_hwtstamp_get	= ethsim_hwtstamp_get,
	.ndo_hwtstamp_set	= ethsim_hwtstamp_set,
};

static void ethsim_reset(struct ethsim *es)
{
	int i;

	es->wol.wolopts = WAKE_MAGIC;
	es->msglevel = NETIF_MSG_DRV | NETIF_MSG_LINK;
	es->flags = BIT(0);
	es->port = PORT_TP;
	es->lanes = 1;
	es->hfunc = ETH_RSS_HASH_TOP;
	for (i = 0; i < ETHSIM_TABLE; i++)
		es->table[i] = i % ETHSIM_RINGS;
	for (i = 0; i < ETHSIM_KEY; i++)
		es->key[i] = i;
	es->policy = ETHTOOL_MODULE_POWER_MODE_POLICY_HIGH;
	es->mm.verify_time = 10;
	es->mm.max_verify_time = 128;
	es->mm.tx_min_frag_size = ETH_ZLEN;
	es->mm.rx_min_frag_size = ETH_ZLEN;
	es->mm.verify_status = ETHTOOL_MM_VERIFY_STATUS_DISABLED;
	linkmode_set_bit(ETHTOOL_LINK_MODE_100baseT_Full_BIT, es->eee.supported);
	linkmode_set_bit(ETHTOOL_LINK_MODE_1000baseT_Full_BIT, es->eee.supported);
	linkmode_set_bit(ETHTOOL_LINK_MODE_2500baseT_Full_BIT, es->eee.supported);
	linkmode_copy(es->eee.advertised, es->eee.supported);
	es->channels.max_rx = es->channels.max_tx = es->channels.max_other = 4;
	es->channels.max_combined = 4;
	es->channels.rx_count = es->channels.tx_count = 1;
	es->channels.other_count = es->channels.combined_count = 1;
	es->ring.rx_max_pending = es->ring.tx_max_pending = 4096;
	es->ring.rx_pending = es->ring.tx_pending = 256;
	es->kernel_ring.rx_buf_len = 2048;
	es->kernel_ring.cqe_size = 64;
	es->kernel_ring.tx_push_buf_max_len = 256;
	es->kernel_ring.tx_push_buf_len = 96;
	es->kernel_ring.tcp_data_split = ETHTOOL_TCP_DATA_SPLIT_DISABLED;
}

static int ethsim_device_probe(struct platform_device *pdev)
{
	struct net_device *dev = alloc_etherdev_mqs(sizeof(struct ethsim), ETHSIM_QUEUES, 1);
	struct ethsim *es;
	int err;

	if (!dev)
		return -ENOMEM;
	es = netdev_priv(dev);
	es->dev = dev;
	SET_NETDEV_DEV(dev, &pdev->dev);
	strscpy(dev->name, "ethsim0", sizeof(dev->name));
	dev->netdev_ops = &ethsim_netdev_ops;
	dev->ethtool_ops = &ethsim_ethtool_ops;
	eth_hw_addr_random(dev);
	ethsim_reset(es);
	ethsim_dcb_init(es);
	es->phc = mock_phc_create(&pdev->dev);
	if (IS_ERR(es->phc)) {
		err = PTR_ERR(es->phc);
		goto out_free;
	}
	err = ethsim_phy_add(es, &pdev->dev);
	if (err)
		goto out_phc;
	err = ethsim_pse_add(es, &pdev->dev);
	if (err)
		goto out_phy;
	netif_carrier_off(dev);
	err = register_netdev(dev);
	if (err)
		goto out_pse;
	platform_set_drvdata(pdev, es);

	return 0;

out_pse:
	ethsim_pse_remove(&pdev->dev);
out_phy:
	ethsim_phy_remove(es);
out_phc:
	mock_phc_destroy(es->phc);
out_free:
	free_netdev(dev);
	return err;
}

static void ethsim_device_remove(struct platform_device *pdev)
{
	struct ethsim *es = platform_get_drvdata(pdev);

	unregister_netdev(es->dev);
	ethsim_phy_remove(es);
	ethsim_pse_remove(&pdev->dev);
	mock_phc_destroy(es->phc);
	free_netdev(es->dev);
}

static struct platform_driver ethsim_driver = {
	.driver.name	= "ethsim",
	.probe		= ethsim_device_probe,
	.remove		= ethsim_device_remove,
};

static int __init ethsim_init(void)
{
	int err = ethsim_phy_register();

	if (err)
		return err;
	err = ethsim_pse_register();
	if (err)
		goto out_phy;
	err = platform_driver_register(&ethsim_driver);
	if (err)
		goto out_pse;
	ethsim_pdev = platform_device_register_simple("ethsim", 0, NULL, 0);
	if (IS_ERR(ethsim_pdev)) {
		err = PTR_ERR(ethsim_pdev);
		goto out_driver;
	}

	return 0;

out_driver:
	platform_driver_unregister(&ethsim_driver);
out_pse:
	ethsim_pse_unregister();
out_phy:
	ethsim_phy_unregister();
	return err;
}
module_init(ethsim_init);

static void __exit ethsim_exit(void)
{
	platform_device_unregister(ethsim_pdev);
	platform_driver_unregister(&ethsim_driver);
	ethsim_pse_unregister();
	ethsim_phy_unregister();
}
module_exit(ethsim_exit);

MODULE_DESCRIPTION("An Ethernet device with every setting");
MODULE_LICENSE("GPL");
