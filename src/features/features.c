// SPDX-License-Identifier: LGPL-2.1-or-later
/* The feature table. Its order is the order of rows in output; link must be first. */
#include "features/features.h"

struct feature *const features[] = {
	&link_feature,	  &vlan_feature, &bridge_feature,  &port_feature,  &veth_feature,
	&dsa_feature, &devlink_feature, &mirror_feature,
	&led_feature, &led1_feature, &led2_feature, &led3_feature,
	&ethernet_feature, &pause_feature, &eee_feature, &fec_feature, &rings_feature,
	&channels_feature, &coalesce_feature, &offloads_feature, &wol_feature, &module_feature,
	&pse_feature, &plca_feature, &mm_feature, &cable_feature,
	&flags_feature, &debug_feature, &rss_feature, &phy_feature, &timestamps_feature,
	&ipv4_feature,	  &ipv6_feature, &address_feature, &route_feature,
	&qdisc_feature, &class_feature, &filter_feature, &tsn_feature,
	&dcb_feature,
	&unit_feature,
	&sfp_feature, &sfp_require_feature, &sfp_thresholds_feature,
#if WITH_XDP
	&xdp_feature, &xdp_device_feature, &xdp_filter_feature, &xdp_forward_feature,
	&xdp_cpumap_feature,
	&xdp_sample_feature, &tcx_feature,
#endif
};

const unsigned n_features = ARRAY_SIZE(features);
