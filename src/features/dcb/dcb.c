// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Data Center Bridging, for drivers that have it (dcbnl): which priority frames get, what
 * of a frame is trusted for that, which priorities are paused, and how buffers and
 * bandwidth are shared.
 *
 * What must stay true: the kernel says "done" to what a driver has no function for
 * (dcbnl_ieee_set()), so that what it does not tell is never set; of a table that is set
 * as a whole, what no row names stays as it was read.
 */
#include "features/dcb/dcb.h"

#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <stdlib.h>

#include "core/config.h"
#include "core/mirror.h"
#include "core/plan.h"
#include "features/features.h"

enum { ETHERTYPES, STREAMS, DATAGRAMS, PORTS, DSCP, PCP, TABLES };

struct dcb {
	struct object o;
	uint8_t trust[DCB_EIGHT];
	uint8_t default_prio;
	char *tables[TABLES];
	/* As the kernel has them: rows are parts of them. */
	struct ieee_pfc pfc;
	struct dcbnl_buffer buffer;
	struct ieee_ets ets;
};

/* Ethertypes begin at 1536 (ETH_P_802_3_MIN); 0 stands for the default priority. */
static const struct selector selectors[TABLES] = {
	[ETHERTYPES] = { IEEE_8021QAZ_APP_SEL_ETHERTYPE, 1536, UINT16_MAX, "0x88f7:6" },
	[STREAMS] = { IEEE_8021QAZ_APP_SEL_STREAM, 1, UINT16_MAX, "3260:4" },
	[DATAGRAMS] = { IEEE_8021QAZ_APP_SEL_DGRAM, 1, UINT16_MAX, "319:7" },
	[PORTS] = { IEEE_8021QAZ_APP_SEL_ANY, 1, UINT16_MAX, "4791:3" },
	[DSCP] = { IEEE_8021QAZ_APP_SEL_DSCP, 0, 63, "46:5" },
	[PCP] = { NEW_APP_SEL_PCP, 0, 15, "3nd:3" },
};

static const struct word trusts[] = {
	{ "ethtype", IEEE_8021QAZ_APP_SEL_ETHERTYPE },
	{ "stream-port", IEEE_8021QAZ_APP_SEL_STREAM },
	{ "dgram-port", IEEE_8021QAZ_APP_SEL_DGRAM }, { "port", IEEE_8021QAZ_APP_SEL_ANY },
	{ "dscp", IEEE_8021QAZ_APP_SEL_DSCP }, { "pcp", NEW_APP_SEL_PCP }, { NULL, 0 },
};

static const struct word algorithms[] = {
	{ "strict", IEEE_8021QAZ_TSA_STRICT }, { "cbs", IEEE_8021QAZ_TSA_CB_SHAPER },
	{ "ets", IEEE_8021QAZ_TSA_ETS }, { "vendor", IEEE_8021QAZ_TSA_VENDOR }, { NULL, 0 },
};

enum {
	TRUST, DEFAULT_PRIO, FIRST_TABLE, PFC = FIRST_TABLE + TABLES, PFC_DELAY, MACSEC_BYPASS,
	PFC_CAP, PRIO_BUFFER, BUFFER_SIZE, TOTAL_SIZE, PRIO_TC, TC_BW, TC_TSA, WILLING, ETS_CAP,
};

#define TABLE(n, key_, since_, help_)                                                              \
	[FIRST_TABLE + (n)] = { .key = key_, .type = &type_mappings, VALUE(dcb, tables[n]),        \
				.attr = DCB_ATTR_IEEE_APP_TABLE, .data = &selectors[n],            \
				.phase = PHASE_PHY, .since = since_, .help = help_ }

static const struct row rows[] = {
	[TRUST] = { .key = "trust", .type = &type_trust, VALUE(dcb, trust), .data = trusts,
		    .attr = NEW_ATTR_APP_TRUST_TABLE, .phase = PHASE_PHY, .since = "6.2",
		    .help = "What of a frame says its priority, the first that it has" },
	[DEFAULT_PRIO] = { .key = "default_prio", .type = &type_priorities,
			   VALUE(dcb, default_prio),
			   .attr = DCB_ATTR_IEEE_APP_TABLE, .phase = PHASE_PHY,
			   .help = "Priority of frames that nothing else gives one; of several the "
				   "driver takes one" },
	TABLE(ETHERTYPES, "ethtype_prio", NULL, "Priority by Ethernet type"),
	TABLE(STREAMS, "stream_port_prio", NULL, "Priority by port of TCP or SCTP"),
	TABLE(DATAGRAMS, "dgram_port_prio", NULL, "Priority by port of UDP or DCCP"),
	TABLE(PORTS, "port_prio", NULL, "Priority by port of TCP, SCTP, UDP or DCCP"),
	TABLE(DSCP, "dscp_prio", NULL, "Priority by code point (0 to 63, or CS…, AF…, EF)"),
	TABLE(PCP, "pcp_prio", "6.2",
	      "Priority by that of the VLAN tag and its drop bit (3nd, 3de)"),
	[PFC] = { .key = "pfc", .type = &type_priorities, VALUE(dcb, pfc.pfc_en),
		  .attr = DCB_ATTR_IEEE_PFC, .phase = PHASE_PHY,
		  .help = "Priorities that are paused one by one (802.1Qbb)" },
	[PFC_DELAY] = { .key = "pfc_delay", .type = &type_u16, VALUE(dcb, pfc.delay),
			.attr = DCB_ATTR_IEEE_PFC, .phase = PHASE_PHY,
			.help = "Time that a pause takes to work, in bit times" },
	[MACSEC_BYPASS] = { .key = "pfc_macsec_bypass", .type = &type_bool, VALUE(dcb, pfc.mbc),
			    .attr = DCB_ATTR_IEEE_PFC, .phase = PHASE_PHY,
			    .help = "The other end can pause MACsec frames too" },
	[PFC_CAP] = { .key = "pfc_capacity", .type = &type_u8, VALUE(dcb, pfc.pfc_cap),
		      .attr = DCB_ATTR_IEEE_PFC, .flags = ROW_STATE,
		      .help = "How many priorities can be paused" },
	[PRIO_BUFFER] = { .key = "prio_buffer", .type = &type_eight8,
			  VALUE(dcb, buffer.prio2buffer),
			  .attr = DCB_ATTR_DCB_BUFFER, .max = DCBX_MAX_BUFFERS - 1,
			  .phase = PHASE_PHY,
			  .help = "Which buffer each priority is received into" },
	[BUFFER_SIZE] = { .key = "buffer_size", .type = &type_eight32,
			  VALUE(dcb, buffer.buffer_size),
			  .attr = DCB_ATTR_DCB_BUFFER, .phase = PHASE_PHY,
			  .help = "Sizes of the buffers, in bytes" },
	[TOTAL_SIZE] = { .key = "buffer_total", .type = &type_u32, VALUE(dcb, buffer.total_size),
			 .attr = DCB_ATTR_DCB_BUFFER, .flags = ROW_STATE,
			 .help = "What there is for buffers, in bytes" },
	[PRIO_TC] = { .key = "prio_tc", .type = &type_eight8, VALUE(dcb, ets.prio_tc),
		      .attr = DCB_ATTR_IEEE_ETS, .max = IEEE_8021QAZ_MAX_TCS - 1,
		      .phase = PHASE_PHY, .help = "Which traffic class each priority is sent in" },
	[TC_BW] = { .key = "tc_bw", .type = &type_eight8, VALUE(dcb, ets.tc_tx_bw),
		    .attr = DCB_ATTR_IEEE_ETS, .max = 100, .phase = PHASE_PHY,
		    .help = "Percent of the bandwidth that each class of \"ets\" gets" },
	[TC_TSA] = { .key = "tc_tsa", .type = &type_eight_words, VALUE(dcb, ets.tc_tsa),
		     .data = algorithms, .attr = DCB_ATTR_IEEE_ETS, .phase = PHASE_PHY,
		     .help = "How each class is chosen for sending" },
	[WILLING] = { .key = "ets_willing", .type = &type_bool, VALUE(dcb, ets.willing),
		      .attr = DCB_ATTR_IEEE_ETS, .phase = PHASE_PHY,
		      .help = "The other end may say how bandwidth is shared (DCBX)" },
	[ETS_CAP] = { .key = "ets_capacity", .type = &type_u8, VALUE(dcb, ets.ets_cap),
		      .attr = DCB_ATTR_IEEE_ETS, .flags = ROW_STATE,
		      .help = "How many traffic classes there are" },
};

/* What is told, and set, as a whole. */
static const struct {
	uint16_t attr, offset, size;
} blobs[] = {
	{ DCB_ATTR_IEEE_PFC, offsetof(struct dcb, pfc), sizeof(struct ieee_pfc) },
	{ DCB_ATTR_DCB_BUFFER, offsetof(struct dcb, buffer), sizeof(struct dcbnl_buffer) },
	{ DCB_ATTR_IEEE_ETS, offsetof(struct dcb, ets), sizeof(struct ieee_ets) },
};

static struct dcb *dcb_of(const struct iface *i)
{
	return (struct dcb *)iface_object(i, &dcb_feature);
}

static uint64_t rows_of(uint16_t attr)
{
	uint64_t mask = 0;

	FOREACH_ROW(&dcb_feature, r)
		if (r->attr == attr)
			mask |= row_bit(&dcb_feature, r);
	return mask;
}

/* ---- what the kernel has ---- */

static int narrow(struct nl_msg *msg _unused_, void *header, int ifindex _unused_)
{
	((struct dcbmsg *)header)->cmd = DCB_CMD_IEEE_GET;
	return 0;
}

/* Both the answer and the notification tell all that there is; nothing tells of an end. */
static const struct source sources[] = {
	{ .get = RTM_GETDCB, .add = RTM_GETDCB, .del = RTM_SETDCB, .header = sizeof(struct dcbmsg),
	  .each = true, .lazy = true, .narrow = narrow, .name_attr = DCB_ATTR_IFNAME,
	  .groups = { RTNLGRP_DCB } },
	{ 0 },
};

static int table_of(uint8_t selector)
{
	for (unsigned n = 0; n < TABLES; n++)
		if (selectors[n].selector == selector)
			return n;
	return -1;
}

static void observe_tables(struct dcb *d, struct nlattr *nest)
{
	struct mapping *items[TABLES] = { NULL };
	unsigned n[TABLES] = { 0 };
	struct nlattr *a;
	int left;

	d->default_prio = 0;
	nla_for_each_nested(a, nest, left) {
		const struct dcb_app *app = nla_data(a);
		int t = nla_len(a) < (int)sizeof(*app) ? -1 : table_of(app->selector);

		if (t < 0 || app->priority >= DCB_EIGHT)
			continue;
		if (t == ETHERTYPES && !app->protocol) {
			d->default_prio |= 1u << app->priority;
			continue;
		}
		items[t] = array_reserve(items[t], n[t], sizeof(*items[t]));
		items[t][n[t]++] = (struct mapping){ app->protocol, app->priority };
	}
	for (unsigned t = 0; t < TABLES; t++) {
		free(d->tables[t]);
		d->tables[t] = mappings_text(items[t], n[t]);
		free(items[t]);
	}
	d->o.present |= rows_of(DCB_ATTR_IEEE_APP_TABLE);
}

static void observe_trust(struct dcb *d, struct nlattr *nest)
{
	unsigned n = 0;
	struct nlattr *a;
	int left;

	memset(d->trust, 0, sizeof(d->trust));
	nla_for_each_nested(a, nest, left)
		if (nla_len(a) == 1 && n < sizeof(d->trust))
			d->trust[n++] = nla_get_u8(a);
	d->o.present |= BIT64(TRUST);
}

static void observe_blobs(struct dcb *d, struct nlattr *const *tb)
{
	for (unsigned b = 0; b < ARRAY_SIZE(blobs); b++) {
		const struct nlattr *a = tb[blobs[b].attr];

		d->o.present &= ~rows_of(blobs[b].attr);
		if (!a || nla_len(a) < blobs[b].size)
			continue;
		memcpy((char *)d + blobs[b].offset, nla_data(a), blobs[b].size);
		d->o.present |= rows_of(blobs[b].attr);
	}
	d->pfc.mbc = !!d->pfc.mbc;
	d->ets.willing = !!d->ets.willing;
}

static int observe(struct mirror *m, const struct nlmsghdr *n, bool add _unused_)
{
	const struct dcbmsg *header = NLMSG_DATA(n);
	struct nlattr *tb[DCB_ATTR_MAX + 1], *ieee[NEW_ATTR_APP_TRUST_TABLE + 1];
	struct iface *i;
	struct dcb *d;

	if (header->cmd != DCB_CMD_IEEE_GET && header->cmd != DCB_CMD_IEEE_SET &&
	    header->cmd != DCB_CMD_IEEE_DEL)
		return 0; /* of the older protocol, CEE */
	if (nlmsg_parse((struct nlmsghdr *)n, sizeof(*header), tb, DCB_ATTR_MAX, NULL) < 0 ||
	    !tb[DCB_ATTR_IFNAME] || !tb[DCB_ATTR_IEEE] ||
	    nla_parse_nested(ieee, NEW_ATTR_APP_TRUST_TABLE, tb[DCB_ATTR_IEEE], NULL) < 0)
		return -EBADMSG;
	i = model_find(mirror_model(m), nla_get_string(tb[DCB_ATTR_IFNAME]));
	if (!i)
		return 0;
	d = (struct dcb *)iface_get_object(mirror_model(m), i, &dcb_feature);
	observe_blobs(d, ieee);
	if (ieee[DCB_ATTR_IEEE_APP_TABLE])
		observe_tables(d, ieee[DCB_ATTR_IEEE_APP_TABLE]);
	if (ieee[NEW_ATTR_APP_TRUST_TABLE])
		observe_trust(d, ieee[NEW_ATTR_APP_TRUST_TABLE]);
	mirror_touch(m, i);
	return 0;
}

/* ---- what is wanted ---- */

/* IEEE 802.1Q, 37.3: the classes of the algorithm share all of it; drivers refuse else. */
static void check_bandwidth(const struct iface *i, const struct dcb *d, struct errors *e)
{
	unsigned sum = 0, n = 0;

	for (unsigned tc = 0; tc < DCB_EIGHT; tc++)
		if (d->ets.tc_tsa[tc] == IEEE_8021QAZ_TSA_ETS) {
			sum += d->ets.tc_tx_bw[tc];
			n++;
		}
	if (n && sum != 100)
		errors_add(e, object_where(&dcb_feature, &rows[TC_BW], &d->o),
			   "%s: dcb.tc_bw: the classes of \"ets\" get %u percent together, not 100",
			   i->name, sum);
}

static void check(const struct model *want _unused_, const struct iface *i, struct errors *e)
{
	const struct dcb *d = dcb_of(i);

	if (d && d->o.present & BIT64(TC_BW) && d->o.present & BIT64(TC_TSA))
		check_bandwidth(i, d, e);
}

/* ---- steps ---- */

/* dcbnl_app_attr_type_get() */
static int attr_of(uint8_t selector)
{
	return selector == NEW_APP_SEL_PCP ? NEW_ATTR_DCB_APP : DCB_ATTR_IEEE_APP;
}

static int put_entry(struct encoder *e, uint8_t selector, struct mapping m)
{
	const struct dcb_app app = {
		.selector = selector, .priority = m.priority, .protocol = m.key,
	};

	return nla_put(e->msg, attr_of(selector), sizeof(app), &app);
}

static bool has_mapping(const struct mapping *items, unsigned n, struct mapping m)
{
	for (unsigned k = 0; k < n; k++)
		if (items[k].key == m.key && items[k].priority == m.priority)
			return true;
	return false;
}

/* Those of @a that @b lacks; return how many, or a negative errno. @e NULL: only count. */
static int put_missing(struct encoder *e, unsigned table, const struct dcb *a, const struct dcb *b)
{
	unsigned n_a, n_b;
	_cleanup_free_ struct mapping *in_a = mappings_of(a->tables[table], &n_a);
	_cleanup_free_ struct mapping *in_b = mappings_of(b->tables[table], &n_b);
	int n = 0;

	for (unsigned k = 0; k < n_a; k++) {
		if (has_mapping(in_b, n_b, in_a[k]))
			continue;
		if (e && put_entry(e, selectors[table].selector, in_a[k]) < 0)
			return -EMSGSIZE;
		n++;
	}
	return n;
}

static int put_missing_defaults(struct encoder *e, const struct dcb *a, const struct dcb *b)
{
	int n = 0;

	for (unsigned prio = 0; prio < DCB_EIGHT; prio++) {
		if (!((a->default_prio & ~b->default_prio) >> prio & 1))
			continue;
		if (e && put_entry(e, selectors[ETHERTYPES].selector,
				   (struct mapping){ 0, prio }) < 0)
			return -EMSGSIZE;
		n++;
	}
	return n;
}

static int put_all_missing(struct encoder *e, uint64_t mask, const struct dcb *a,
			   const struct dcb *b)
{
	int n = mask & BIT64(DEFAULT_PRIO) ? put_missing_defaults(e, a, b) : 0;

	for (unsigned t = 0; t < TABLES && n >= 0; t++) {
		int more = mask & BIT64(FIRST_TABLE + t) ? put_missing(e, t, a, b) : 0;

		n = more < 0 ? more : n + more;
	}
	return n;
}

static int put_table(struct encoder *e, uint64_t mask, const struct dcb *a,
		     const struct dcb *b)
{
	struct nlattr *nest;

	if (!put_all_missing(NULL, mask, a, b))
		return 0;
	nest = nla_nest_start(e->msg, DCB_ATTR_IEEE_APP_TABLE);
	if (!nest || put_all_missing(e, mask, a, b) < 0)
		return -EMSGSIZE;
	return nla_nest_end(e->msg, nest);
}

static int put_trust(struct encoder *e, const struct dcb *to)
{
	struct nlattr *nest = nla_nest_start(e->msg, NEW_ATTR_APP_TRUST_TABLE);

	if (!nest)
		return -EMSGSIZE;
	for (unsigned n = 0; n < DCB_EIGHT && to->trust[n]; n++)
		if (nla_put_u8(e->msg, attr_of(to->trust[n]), to->trust[n]) < 0)
			return -EMSGSIZE;
	return nla_nest_end_keep_empty(e->msg, nest);
}

static int put_blobs(struct encoder *e, uint64_t mask, const struct dcb *to,
		     const struct dcb *have)
{
	char blob[sizeof(struct dcb)];

	for (unsigned b = 0; b < ARRAY_SIZE(blobs); b++) {
		if (!(mask & rows_of(blobs[b].attr)))
			continue;
		memcpy(blob, (const char *)have + blobs[b].offset, blobs[b].size);
		FOREACH_ROW(&dcb_feature, r)
			if (r->attr == blobs[b].attr && mask & row_bit(&dcb_feature, r))
				memcpy(blob + r->offset - blobs[b].offset, row_value(r, &to->o),
				       r->type->size);
		if (nla_put(e->msg, blobs[b].attr, blobs[b].size, blob) < 0)
			return -EMSGSIZE;
	}
	return 0;
}

static struct nlattr *begin(struct encoder *e, const struct step *s, uint8_t cmd)
{
	struct dcbmsg *header = encoder_begin(e, RTM_SETDCB, 0, sizeof(*header));

	header->cmd = cmd;
	if (nla_put_string(e->msg, DCB_ATTR_IFNAME, s->name) < 0)
		return NULL;
	return nla_nest_start(e->msg, DCB_ATTR_IEEE);
}

/* As iproute2 does it ("dcb app replace"): frames have a priority at any time. */
static int encode(struct encoder *e, const struct step *s, unsigned part)
{
	const struct dcb *to = (const struct dcb *)s->to, *have = dcb_of(s->have);
	struct nlattr *nest;
	bool removes;

	if (!have || s->mask & ~have->o.present) {
		e->why = have ? "the driver does not have this table" : "the driver has no DCB";
		return -EOPNOTSUPP;
	}
	removes = put_all_missing(NULL, s->mask, have, to) > 0;
	nest = begin(e, s, part ? DCB_CMD_IEEE_DEL : DCB_CMD_IEEE_SET);
	if (!nest)
		return -EMSGSIZE;
	if (part)
		return put_table(e, s->mask, have, to) < 0 ? -EMSGSIZE : nla_nest_end(e->msg, nest);
	if (put_blobs(e, s->mask, to, have) < 0 || put_table(e, s->mask, to, have) < 0 ||
	    (s->mask & BIT64(TRUST) && put_trust(e, to) < 0))
		return -EMSGSIZE;
	nla_nest_end_keep_empty(e->msg, nest);
	return removes;
}

struct feature dcb_feature = {
	.name = "dcb",
	.help = "Data Center Bridging: priorities, and what is paused and shared by them",
	.form = FORM_GROUP, .size = sizeof(struct dcb), .rows = rows, .n_rows = ARRAY_SIZE(rows),
	.sources = sources, .observe = observe, .check = check, .encode = encode,
	.statistics = dcb_statistics,
};
