// SPDX-License-Identifier: GPL-2.0-only
/*
 * Data Center Bridging: tables that are kept as they are set. As real devices do, it
 * refuses some of what can be asked for: priorities by TCP port, trust in anything but
 * DSCP and PCP, pausing more priorities than it can, more buffer than there is.
 */

#include <net/dcbnl.h>

#include "ethsim.h"

#define ETHSIM_PFC_CAP	4
#define ETHSIM_BUFFER	(256 * 1024)

static struct ethsim *ethsim_of(struct net_device *dev)
{
	return netdev_priv(dev);
}

static int ethsim_getets(struct net_device *dev, struct ieee_ets *ets)
{
	*ets = ethsim_of(dev)->ets;
	ets->ets_cap = IEEE_8021QAZ_MAX_TCS;

	return 0;
}

static int ethsim_setets(struct net_device *dev, struct ieee_ets *ets)
{
	int tc, sum = 0;

	for (tc = 0; tc < IEEE_8021QAZ_MAX_TCS; tc++)
		if (ets->tc_tsa[tc] == IEEE_8021QAZ_TSA_ETS)
			sum += ets->tc_tx_bw[tc];
	if (sum && sum != 100)
		return -EINVAL;
	ethsim_of(dev)->ets = *ets;

	return 0;
}

static int ethsim_getpfc(struct net_device *dev, struct ieee_pfc *pfc)
{
	int i;

	*pfc = ethsim_of(dev)->pfc;
	pfc->pfc_cap = ETHSIM_PFC_CAP;
	for (i = 0; i < IEEE_8021QAZ_MAX_TCS; i++) {
		pfc->requests[i] = pfc->pfc_en & BIT(i) ? 100 + i : 0;
		pfc->indications[i] = pfc->pfc_en & BIT(i) ? 200 + i : 0;
	}

	return 0;
}

static int ethsim_setpfc(struct net_device *dev, struct ieee_pfc *pfc)
{
	if (hweight8(pfc->pfc_en) > ETHSIM_PFC_CAP)
		return -EINVAL;
	ethsim_of(dev)->pfc = *pfc;
	/* As most do: it is neither supported nor refused. */
	ethsim_of(dev)->pfc.mbc = 0;

	return 0;
}

static int ethsim_getbuffer(struct net_device *dev, struct dcbnl_buffer *buffer)
{
	*buffer = ethsim_of(dev)->buffer;
	buffer->total_size = ETHSIM_BUFFER;

	return 0;
}

static int ethsim_setbuffer(struct net_device *dev, struct dcbnl_buffer *buffer)
{
	u64 sum = 0;
	int i;

	for (i = 0; i < DCBX_MAX_BUFFERS; i++)
		sum += buffer->buffer_size[i];
	if (sum > ETHSIM_BUFFER)
		return -ENOSPC;
	ethsim_of(dev)->buffer = *buffer;

	return 0;
}

static int ethsim_setapp(struct net_device *dev, struct dcb_app *app)
{
	if (app->selector == IEEE_8021QAZ_APP_SEL_STREAM)
		return -EOPNOTSUPP;

	return dcb_ieee_setapp(dev, app);
}

static int ethsim_setapptrust(struct net_device *dev, u8 *selectors, int n)
{
	struct ethsim *es = ethsim_of(dev);
	int i;

	for (i = 0; i < n; i++)
		if (selectors[i] != IEEE_8021QAZ_APP_SEL_DSCP && selectors[i] != DCB_APP_SEL_PCP)
			return -EOPNOTSUPP;
	memcpy(es->trust, selectors, n);
	es->n_trust = n;

	return 0;
}

static int ethsim_getapptrust(struct net_device *dev, u8 *selectors, int *n)
{
	struct ethsim *es = ethsim_of(dev);

	memcpy(selectors, es->trust, es->n_trust);
	*n = es->n_trust;

	return 0;
}

static u8 ethsim_getdcbx(struct net_device *dev)
{
	return DCB_CAP_DCBX_HOST | DCB_CAP_DCBX_VER_IEEE;
}

static const struct dcbnl_rtnl_ops ethsim_dcbnl_ops = {
	.ieee_getets		= ethsim_getets,
	.ieee_setets		= ethsim_setets,
	.ieee_getpfc		= ethsim_getpfc,
	.ieee_setpfc		= ethsim_setpfc,
	.ieee_setapp		= ethsim_setapp,
	.dcbnl_getbuffer	= ethsim_getbuffer,
	.dcbnl_setbuffer	= ethsim_setbuffer,
	.dcbnl_getapptrust	= ethsim_getapptrust,
	.dcbnl_setapptrust	= ethsim_setapptrust,
	.getdcbx		= ethsim_getdcbx,
};

void ethsim_dcb_init(struct ethsim *es)
{
	es->buffer.buffer_size[0] = ETHSIM_BUFFER / 2;
	es->trust[0] = DCB_APP_SEL_PCP;
	es->n_trust = 1;
	es->dev->dcbnl_ops = &ethsim_dcbnl_ops;
}
