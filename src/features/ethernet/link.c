// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What the two ends of a cable agree on, or are told: LINKMODES, LINKINFO; and
 * what they make of it: LINKSTATE.
 *
 * With autonegotiation the speed is what came of it, and no setting; which
 * speeds are offered is (advertise). Without it speed and duplex are given,
 * always together, because a driver takes them as one (phy_ethtool_ksettings_set()).
 *
 * No message tells that a negotiation has ended; the carrier does, and then all
 * of this is asked again.
 */
#include <stdlib.h>

#include "core/config.h"
#include "features/ethernet/ethernet.h"

struct ethernet {
	struct object o;
	uint8_t autoneg, duplex, master_slave, port, mdix;
	uint32_t speed, lanes;
	struct bitset advertise;

	uint32_t link_speed, sqi, sqi_max;
	uint8_t link_duplex, master_slave_state, mdix_state, link_failure;
	uint32_t link_failure_detail; /* of which failure, and the detail's number */
	struct bitset partner;
	uint8_t link_limit;
};

static const struct word duplex_words[] = { { "half", 0 }, { "full", 1 }, { NULL, 0 } };

/* MASTER_SLAVE_CFG_…, MASTER_SLAVE_STATE_… */
static const struct word master_slave_words[] = {
	{ "preferred-master", 2 }, { "preferred-slave", 3 }, { "forced-master", 4 },
	{ "forced-slave", 5 }, { NULL, 0 },
};
static const struct word master_slave_state_words[] = {
	{ "master", 2 }, { "slave", 3 }, { "resolution-error", 4 }, { NULL, 0 },
};

/* ETH_TP_MDI_…; the words are ethtool(8)'s. */
static const struct word mdix_words[] = { { "off", 1 }, { "on", 2 }, { "auto", 3 }, { NULL, 0 } };

/* PORT_… */
static const struct word port_words[] = {
	{ "tp", 0 },  { "aui", 1 }, { "mii", 2 }, { "fibre", 3 },
	{ "bnc", 4 }, { "da", 5 },  { NULL, 0 },
};

/* enum ethtool_link_ext_state */
static const struct word failure_words[] = {
	{ "autoneg", 0 },	      { "link training failure", 1 },
	{ "link logical mismatch", 2 }, { "bad signal integrity", 3 },
	{ "no cable", 4 },	      { "cable issue", 5 },
	{ "eeprom issue", 6 },	      { "calibration failure", 7 },
	{ "power budget exceeded", 8 }, { "overheat", 9 },
	{ "module", 10 },	      { NULL, 0 },
};

/* enum ethtool_link_ext_substate_…, of the failure that they belong to */
#define DETAIL(failure, detail) ((failure) << 8 | (detail))
static const struct word detail_words[] = {
	{ "no partner detected", DETAIL(0, 1) },
	{ "no acknowledgement from the partner", DETAIL(0, 2) },
	{ "next page exchange failed", DETAIL(0, 3) },
	{ "no partner detected, the speed is forced", DETAIL(0, 4) },
	{ "the ends want different FEC", DETAIL(0, 5) },
	{ "the ends have no mode in common", DETAIL(0, 6) },
	{ "no lock on KR frames", DETAIL(1, 1) },
	{ "KR link inhibit timeout", DETAIL(1, 2) },
	{ "the partner is not ready to receive", DETAIL(1, 3) },
	{ "remote fault", DETAIL(1, 4) },
	{ "no block lock", DETAIL(2, 1) },
	{ "no alignment marker lock", DETAIL(2, 2) },
	{ "no alignment", DETAIL(2, 3) },
	{ "FC-FEC is not locked", DETAIL(2, 4) },
	{ "RS-FEC is not locked", DETAIL(2, 5) },
	{ "many physical errors", DETAIL(3, 1) },
	{ "unsupported rate", DETAIL(3, 2) },
	{ "SerDes reference clock lost", DETAIL(3, 3) },
	{ "loss of signal", DETAIL(3, 4) },
	{ "unsupported cable", DETAIL(5, 1) },
	{ "cable test failed", DETAIL(5, 2) },
	{ "the module is not ready", DETAIL(10, 1) },
	{ NULL, 0 },
};

enum { LIMIT_CONFIGURATION, LIMIT_PARTNER, LIMIT_CABLE };
static const struct word limit_words[] = {
	{ "configuration", LIMIT_CONFIGURATION }, { "partner", LIMIT_PARTNER },
	{ "cable", LIMIT_CABLE }, { NULL, 0 },
};

enum {
	AUTONEG, SPEED, DUPLEX, LANES, ADVERTISE, MASTER_SLAVE, PORT, MDIX, FIRST_STATE,
	FAILURE_DETAIL = FIRST_STATE, LIMIT,
};
#define SETTINGS (BIT64(FIRST_STATE) - 1)
#define FORCED_ROWS (BIT64(SPEED) | BIT64(DUPLEX) | BIT64(LANES))

#define SETTING .phase = PHASE_PHY, .effect = EFFECT_BOUNCE, .flags = ROW_SELF
#define STATE .flags = ROW_STATE

static const struct row rows[] = {
	[AUTONEG] = { .key = "autoneg", .type = &type_bool, VALUE(ethernet, autoneg),
		      .attr = IN(ETH_LINKMODES, ETHTOOL_A_LINKMODES_AUTONEG), SETTING,
		      .help = "Agree on the speed with the other end" },
	[SPEED] = { .key = "speed", .type = &type_speed, VALUE(ethernet, speed), .min = 1,
		    .max = 1600000, .attr = IN(ETH_LINKMODES, ETHTOOL_A_LINKMODES_SPEED),
		    .phase = PHASE_PHY, .effect = EFFECT_BOUNCE,
		    .flags = ROW_SELF | ROW_EVENTUAL,
		    .help = "Without autonegotiation: the speed" },
	[DUPLEX] = { .key = "duplex", .type = &type_known8, VALUE(ethernet, duplex),
		     .data = duplex_words, .attr = IN(ETH_LINKMODES, ETHTOOL_A_LINKMODES_DUPLEX),
		     .phase = PHASE_PHY, .effect = EFFECT_BOUNCE,
		     .flags = ROW_SELF | ROW_EVENTUAL,
		     .help = "Without autonegotiation: both directions at once, or one at a time" },
	[LANES] = { .key = "lanes", .type = &type_u32, VALUE(ethernet, lanes), .min = 1,
		    .max = 8, .attr = IN(ETH_LINKMODES, ETHTOOL_A_LINKMODES_LANES),
		    .phase = PHASE_PHY, .effect = EFFECT_BOUNCE,
		    .flags = ROW_SELF | ROW_EVENTUAL, .since = "5.14",
		    .help = "Without autonegotiation: over how many lanes" },
	[ADVERTISE] = { .key = "advertise", .type = &type_bitset, VALUE(ethernet, advertise),
			.data = link_mode_words,
			.attr = IN(ETH_LINKMODES, ETHTOOL_A_LINKMODES_OURS), SETTING,
			.help = "With autonegotiation: the link modes offered to the other end" },
	[MASTER_SLAVE] = { .key = "master_slave", .type = &type_known8,
	  VALUE(ethernet, master_slave), .data = master_slave_words,
	  .attr = IN(ETH_LINKMODES, ETHTOOL_A_LINKMODES_MASTER_SLAVE_CFG), .phase = PHASE_PHY,
	  .effect = EFFECT_BOUNCE, .flags = ROW_SELF | ROW_EVENTUAL,
	  .since = "5.8", .help = "Which end gives the clock (1000BASE-T, BASE-T1)" },
	[PORT] = { .key = "port", .type = &type_known8, VALUE(ethernet, port), .data = port_words,
	  .attr = IN(ETH_LINKINFO, ETHTOOL_A_LINKINFO_PORT), SETTING,
	  .help = "Which of its connectors the device uses" },
	[MDIX] = { .key = "mdix", .type = &type_known8, VALUE(ethernet, mdix), .data = mdix_words,
	  .attr = IN(ETH_LINKINFO, ETHTOOL_A_LINKINFO_TP_MDIX_CTRL), SETTING,
	  .help = "Swap the pairs of the cable: on (MDI-X), off (MDI), or as it fits" },

	[FAILURE_DETAIL] = { .key = "link_failure_detail", .type = &type_enum32,
	  VALUE(ethernet, link_failure_detail), .data = detail_words, STATE,
	  .help = "More of link_failure" },
	[LIMIT] = { .key = "link_limit", .type = &type_enum8, VALUE(ethernet, link_limit),
		    .data = limit_words, STATE,
		    .help = "What makes the link slower than the port is: its configuration, what "
			    "the other end offers, or, where both could do more, the cable" },
	{ .key = "link_speed", .type = &type_speed, VALUE(ethernet, link_speed),
	  .attr = IN(ETH_LINKMODES, ETHTOOL_A_LINKMODES_SPEED), STATE,
	  .help = "The speed that the link has, in Mbit/s" },
	{ .key = "link_duplex", .type = &type_known8, VALUE(ethernet, link_duplex),
	  .data = duplex_words, .attr = IN(ETH_LINKMODES, ETHTOOL_A_LINKMODES_DUPLEX), STATE,
	  .help = "The duplex that the link has" },
	{ .key = "partner", .type = &type_bitset, VALUE(ethernet, partner),
	  .data = link_mode_words, .attr = IN(ETH_LINKMODES, ETHTOOL_A_LINKMODES_PEER), STATE,
	  .help = "The link modes that the other end offers" },
	{ .key = "master_slave_state", .type = &type_known8, VALUE(ethernet, master_slave_state),
	  .data = master_slave_state_words,
	  .attr = IN(ETH_LINKMODES, ETHTOOL_A_LINKMODES_MASTER_SLAVE_STATE), STATE,
	  .help = "Which end gives the clock now" },
	{ .key = "mdix_state", .type = &type_known8, VALUE(ethernet, mdix_state),
	  .data = mdix_words, .attr = IN(ETH_LINKINFO, ETHTOOL_A_LINKINFO_TP_MDIX), STATE,
	  .help = "Whether the pairs are swapped now" },
	{ .key = "link_failure", .type = &type_known8, VALUE(ethernet, link_failure),
	  .data = failure_words, .attr = IN(ETH_LINKSTATE, ETHTOOL_A_LINKSTATE_EXT_STATE), STATE,
	  .help = "Why there is no link, as far as the device knows" },
	{ .key = "sqi", .type = &type_u32, VALUE(ethernet, sqi),
	  .attr = IN(ETH_LINKSTATE, ETHTOOL_A_LINKSTATE_SQI), .flags = ROW_STATE | ROW_VOLATILE,
	  .help = "Signal quality (SQI, OPEN Alliance)" },
	{ .key = "sqi_max", .type = &type_u32, VALUE(ethernet, sqi_max),
	  .attr = IN(ETH_LINKSTATE, ETHTOOL_A_LINKSTATE_SQI_MAX), STATE,
	  .help = "The best that the signal quality can be" },
};

static const struct source sources[] = {
	ETH_SOURCE(ETHTOOL_MSG_LINKMODES_GET, ETHTOOL_MSG_LINKMODES_GET_REPLY,
		   ETHTOOL_MSG_LINKMODES_NTF, .follows_link = true),
	ETH_SOURCE(ETHTOOL_MSG_LINKINFO_GET, ETHTOOL_MSG_LINKINFO_GET_REPLY,
		   ETHTOOL_MSG_LINKINFO_NTF, .follows_link = true),
	ETH_SOURCE(ETHTOOL_MSG_LINKSTATE_GET, ETHTOOL_MSG_LINKSTATE_GET_REPLY, 0,
		   .follows_link = true, .each = true),
	{ 0 },
};

/* What a detail means depends on the failure. */
static void take_detail(struct ethernet *e, const struct nlmsghdr *n)
{
	const struct genlmsghdr *g = NLMSG_DATA(n);
	struct nlattr *tb[ETHTOOL_A_LINKSTATE_EXT_SUBSTATE + 1];

	if (g->cmd != ETHTOOL_MSG_LINKSTATE_GET_REPLY)
		return;
	e->o.present &= ~BIT64(FAILURE_DETAIL);
	if (nlmsg_parse((struct nlmsghdr *)n, GENL_HDRLEN, tb, ETHTOOL_A_LINKSTATE_EXT_SUBSTATE,
			NULL) < 0 ||
	    !tb[ETHTOOL_A_LINKSTATE_EXT_STATE] || !tb[ETHTOOL_A_LINKSTATE_EXT_SUBSTATE])
		return;
	e->link_failure_detail = DETAIL(nla_get_u8(tb[ETHTOOL_A_LINKSTATE_EXT_STATE]),
					nla_get_u8(tb[ETHTOOL_A_LINKSTATE_EXT_SUBSTATE]));
	if (word_of(detail_words, e->link_failure_detail))
		e->o.present |= BIT64(FAILURE_DETAIL);
}

/* Mbit/s: a mode's name begins with its speed. 0: none */
static uint32_t fastest(const uint64_t *modes)
{
	uint32_t speed = 0;

	for (const struct word *w = link_mode_words; w->word; w++)
		if (modes[w->value / 64] & BIT64(w->value % 64))
			speed = max_of(speed, (uint32_t)strtoul(w->word, NULL, 10));
	return speed;
}

/* After what was agreed on, and what either end offered, have been read. */
static void find_limit(struct ethernet *e)
{
	uint32_t possible = fastest(e->advertise.mask), partner = fastest(e->partner.on), ours;

	e->o.present &= ~BIT64(LIMIT);
	ours = !e->autoneg ? e->link_speed : fastest(e->advertise.on);
	/* SPEED_UNKNOWN is all ones. */
	if (!e->link_speed || e->link_speed == UINT32_MAX || e->link_speed >= possible)
		return;
	if (partner && partner < ours)
		e->link_limit = LIMIT_PARTNER;
	else if (ours < possible && e->link_speed >= ours)
		e->link_limit = LIMIT_CONFIGURATION;
	else if (partner)
		e->link_limit = LIMIT_CABLE;
	else
		return; /* the device does not tell what the other end offers */
	e->o.present |= BIT64(LIMIT);
}

static int observe(struct mirror *m, const struct nlmsghdr *n, bool add _unused_)
{
	int r = ethernet_observe(m, n, &ethernet_feature);
	struct nlattr *tb[ETHTOOL_A_LINKMODES_MAX + 1];
	struct iface *i = ethernet_parse(m, n, tb, ETHTOOL_A_LINKMODES_MAX);
	struct ethernet *e = i ? (struct ethernet *)iface_object(i, &ethernet_feature) : NULL;

	if (e)
		take_detail(e, n);
	if (e)
		find_limit(e);
	/* What was agreed on is no setting. */
	if (e && e->autoneg && (e->o.present & BIT64(AUTONEG)))
		e->o.present &= ~FORCED_ROWS;
	/* A device that was made passes on what it stands on says, or makes something up. */
	if (e && *iface_kind(i) && strcmp(iface_kind(i), "dsa"))
		e->o.present &= ~SETTINGS;
	return r;
}

static int encode(struct encoder *e, const struct step *s, unsigned part)
{
	const struct ethernet *to = (const struct ethernet *)s->to;
	uint64_t mask = s->mask;

	bool forces = mask & (FORCED_ROWS | BIT64(AUTONEG));

	/* With it the kernel would take a speed for what is to be offered. */
	if (forces && (to->o.present & BIT64(AUTONEG)) && to->autoneg)
		mask = (mask & ~FORCED_ROWS) | BIT64(AUTONEG);
	else if (forces)
		mask |= to->o.present & (FORCED_ROWS | BIT64(AUTONEG));
	return ethernet_encode_rows(e, s, mask, part);
}

static void complete(struct model *want _unused_, struct iface *i)
{
	struct ethernet *e = (struct ethernet *)iface_object(i, &ethernet_feature);

	if (!e || e->autoneg || !(e->o.present & BIT64(SPEED)) || e->o.present & BIT64(DUPLEX) ||
	    !(e->o.present & BIT64(AUTONEG)))
		return;
	e->duplex = 1;
	e->o.present |= BIT64(DUPLEX);
	e->o.where[DUPLEX] = e->o.where[SPEED];
}

static void check(const struct model *want _unused_, const struct iface *i, struct errors *errors)
{
	const struct ethernet *e = (const struct ethernet *)iface_object(i, &ethernet_feature);
	bool forced = e && (e->o.present & BIT64(AUTONEG)) && !e->autoneg;

	if (!e)
		return;
	for (unsigned n = SPEED; n <= LANES && !forced; n++)
		if (e->o.present & BIT64(n))
			errors_add(
				errors, object_where(&ethernet_feature, &rows[n], &e->o),
				"%s: ethernet.%s: needs autoneg = false; with it, advertise says "
				"what may be agreed on",
				i->name, rows[n].key);
}

struct feature ethernet_feature = {
	.name = "ethernet", .help = "What an Ethernet port agrees on with the other end",
	.form = FORM_GROUP, .size = sizeof(struct ethernet), .rows = rows,
	.n_rows = ARRAY_SIZE(rows), .sources = sources, .observe = observe, .complete = complete,
	.check = check, .encode = encode, .actions = ethernet_actions,
	.statistics = ethernet_statistics,
};
