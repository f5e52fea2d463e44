/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the feature folders offer to the table. */
#ifndef FEATURES_H
#define FEATURES_H

#include "core/schema.h"
#include "core/statistics.h"

extern struct feature dcb_feature;
extern struct feature dsa_feature, devlink_feature, mirror_feature;
extern struct feature led_feature, led1_feature, led2_feature, led3_feature;
extern struct feature link_feature, vlan_feature, bridge_feature, port_feature, veth_feature,
	ipv4_feature, ipv6_feature, address_feature, route_feature, unit_feature, qdisc_feature,
	class_feature, filter_feature, sfp_feature, sfp_require_feature, sfp_thresholds_feature,
	tsn_feature;

extern struct feature ethernet_feature, pause_feature, eee_feature, fec_feature, rings_feature,
	channels_feature, coalesce_feature, offloads_feature, wol_feature, module_feature,
	pse_feature, plca_feature, mm_feature, cable_feature, flags_feature, debug_feature,
	rss_feature, phy_feature, timestamps_feature;

extern const struct statistics_provider dcb_statistics[], devlink_statistics[], link_statistics[],
	ethernet_statistics[], qdisc_statistics[];

#if WITH_XDP
extern struct feature xdp_feature, xdp_device_feature, xdp_filter_feature, xdp_forward_feature,
	xdp_cpumap_feature, xdp_sample_feature, tcx_feature;

extern const struct statistics_provider xdp_statistics[], tcx_statistics[];
#endif

extern const struct action led_identify; /* where a driver cannot blink by itself */

#endif
