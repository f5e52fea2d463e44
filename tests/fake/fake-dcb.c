// SPDX-License-Identifier: LGPL-2.1-or-later
/* Data Center Bridging, as net/dcb/dcbnl.c has it, of NICs that keep what they are told. */
#include <linux/dcbnl.h>

#include "fake/fake-internal.h"

#define ATTR_TRUST 11 /* of 6.2 */

struct dcb {
	struct ieee_pfc pfc;
	struct dcbnl_buffer buffer;
	struct ieee_ets ets;
	struct dcb_app apps[256];
	unsigned n_apps;
	uint8_t trust[8];
	unsigned n_trust;
};

void dcb_init(struct device *d)
{
	d->dcb = new0(struct dcb);
	d->dcb->pfc.pfc_cap = 8;
	d->dcb->ets.ets_cap = 8;
	d->dcb->buffer.total_size = 256 * 1024;
}

/* dcbnl_app_attr_type_get() */
static int attr_of(uint8_t selector)
{
	return selector == 255 ? 2 : 1;
}

static struct nl_msg *message(const struct device *d, uint16_t type, uint8_t cmd)
{
	const struct dcbmsg header = { .cmd = cmd };
	struct nl_msg *msg = fake_message(type, &header, sizeof(header));
	const struct dcb *dcb = d->dcb;
	struct nlattr *ieee, *nest;

	nla_put_string(msg, DCB_ATTR_IFNAME, d->name);
	ieee = nla_nest_start(msg, DCB_ATTR_IEEE);
	nla_put(msg, DCB_ATTR_IEEE_ETS, sizeof(dcb->ets), &dcb->ets);
	nla_put(msg, DCB_ATTR_IEEE_PFC, sizeof(dcb->pfc), &dcb->pfc);
	nla_put(msg, DCB_ATTR_DCB_BUFFER, sizeof(dcb->buffer), &dcb->buffer);
	nest = nla_nest_start(msg, DCB_ATTR_IEEE_APP_TABLE);
	for (unsigned n = 0; n < dcb->n_apps; n++)
		nla_put(msg, attr_of(dcb->apps[n].selector), sizeof(dcb->apps[n]), &dcb->apps[n]);
	nla_nest_end_keep_empty(msg, nest);
	nest = nla_nest_start(msg, ATTR_TRUST);
	for (unsigned n = 0; n < dcb->n_trust; n++)
		nla_put_u8(msg, attr_of(dcb->trust[n]), dcb->trust[n]);
	nla_nest_end_keep_empty(msg, nest);
	nla_nest_end(msg, ieee);
	return msg;
}

static struct device *device_of(const struct fake_kernel *fk, const struct nlmsghdr *n)
{
	const struct nlattr *a =
		nlmsg_find_attr((struct nlmsghdr *)n, sizeof(struct dcbmsg), DCB_ATTR_IFNAME);

	return a ? device_named(fk, nla_data(a)) : NULL;
}

struct nl_msg *dcb_message(const struct fake_kernel *fk, const struct nlmsghdr *n)
{
	const struct dcbmsg *header = NLMSG_DATA(n);
	const struct device *d = device_of(fk, n);

	if (!d || !d->dcb || header->cmd != DCB_CMD_IEEE_GET)
		return NULL;
	return message(d, RTM_GETDCB, header->cmd);
}

static int find(const struct dcb *dcb, const struct dcb_app *app)
{
	for (unsigned n = 0; n < dcb->n_apps; n++)
		if (!memcmp(&dcb->apps[n], app, sizeof(*app)))
			return n;
	return -1;
}

static int change_apps(struct dcb *dcb, const struct nlattr *nest, bool add)
{
	struct nlattr *a;
	int left;

	nla_for_each_nested(a, nest, left) {
		const struct dcb_app *app = nla_data(a);
		int at = find(dcb, app);

		if (nla_type(a) != attr_of(app->selector))
			return -EINVAL;
		if (add ? at >= 0 : at < 0)
			return add ? -EEXIST : -ENOENT;
		if (add && dcb->n_apps == ARRAY_SIZE(dcb->apps))
			return -ENOMEM;
		if (add)
			dcb->apps[dcb->n_apps++] = *app;
		else
			dcb->apps[at] = dcb->apps[--dcb->n_apps];
	}
	return 0;
}

static void change_trust(struct dcb *dcb, const struct nlattr *nest)
{
	struct nlattr *a;
	int left;

	dcb->n_trust = 0;
	nla_for_each_nested(a, nest, left)
		if (dcb->n_trust < ARRAY_SIZE(dcb->trust))
			dcb->trust[dcb->n_trust++] = nla_get_u8(a);
}

/* What is the device's to say stays. */
static void change_blobs(struct dcb *dcb, struct nlattr *const *ieee)
{
	uint8_t pfc_cap = dcb->pfc.pfc_cap, ets_cap = dcb->ets.ets_cap;
	uint32_t total = dcb->buffer.total_size;

	if (ieee[DCB_ATTR_IEEE_ETS])
		memcpy(&dcb->ets, nla_data(ieee[DCB_ATTR_IEEE_ETS]), sizeof(dcb->ets));
	if (ieee[DCB_ATTR_IEEE_PFC])
		memcpy(&dcb->pfc, nla_data(ieee[DCB_ATTR_IEEE_PFC]), sizeof(dcb->pfc));
	if (ieee[DCB_ATTR_DCB_BUFFER])
		memcpy(&dcb->buffer, nla_data(ieee[DCB_ATTR_DCB_BUFFER]), sizeof(dcb->buffer));
	dcb->pfc.pfc_cap = pfc_cap;
	dcb->ets.ets_cap = ets_cap;
	dcb->buffer.total_size = total;
}

int dcb_set(struct call *c)
{
	const struct dcbmsg *header = NLMSG_DATA(c->n);
	struct device *d = device_of(c->fk, c->n);
	struct nlattr *tb[DCB_ATTR_MAX + 1], *ieee[ATTR_TRUST + 1];
	bool add = header->cmd == DCB_CMD_IEEE_SET;
	int r = 0;

	if (!d)
		return -ENODEV;
	if (!d->dcb || (!add && header->cmd != DCB_CMD_IEEE_DEL))
		return -EOPNOTSUPP;
	if (nlmsg_parse((struct nlmsghdr *)c->n, sizeof(*header), tb, DCB_ATTR_MAX, NULL) < 0 ||
	    !tb[DCB_ATTR_IEEE] || nla_parse_nested(ieee, ATTR_TRUST, tb[DCB_ATTR_IEEE], NULL) < 0)
		return -EINVAL;
	if (add)
		change_blobs(d->dcb, ieee);
	if (ieee[DCB_ATTR_IEEE_APP_TABLE])
		r = change_apps(d->dcb, ieee[DCB_ATTR_IEEE_APP_TABLE], add);
	if (!r && add && ieee[ATTR_TRUST])
		change_trust(d->dcb, ieee[ATTR_TRUST]);
	fake_tell(c->fk, RTNLGRP_DCB, message(d, RTM_SETDCB, header->cmd));
	return r;
}
