// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What only some ports have: power over the cable (PSE), pluggable modules,
 * Wake-on-LAN, many on one cable (PLCA), frames that interrupt others (MAC Merge).
 */
#include "features/ethernet/ethernet.h"

#include <netlink/attr.h>

struct wol {
	struct object o;
	struct bitset modes;
	uint8_t password[SOPASS_MAX];
};

/* The password of SecureOn: the kernel shows it to root only, so this daemon shows it to nobody. */
static int password_parse(struct parse *p, const config_setting_t *s, void *v)
{
	uint8_t bytes[SOPASS_MAX];
	int r = bytes_parse(p, s, SOPASS_MAX, bytes, sizeof(bytes));

	if (r < 0)
		return r;
	if (r != SOPASS_MAX)
		return parse_refuse(p, "must be %d bytes: \"00:11:22:33:44:55\"", SOPASS_MAX);
	memcpy(v, bytes, sizeof(bytes));
	return 0;
}

static json_t *password_json(const struct row *row _unused_, const void *v)
{
	static const uint8_t none[SOPASS_MAX];

	return json_string(memcmp(v, none, sizeof(none)) ? "hidden" : "00:00:00:00:00:00");
}

static json_t *password_secret(const struct row *row, const void *v)
{
	return type_mac.json(row, v);
}

static int password_put(struct nl_msg *msg, const struct row *row, const void *v)
{
	return nla_put(msg, row->attr, SOPASS_MAX, v);
}

static int password_get(const struct row *row _unused_, const struct nlattr *a, void *v)
{
	if (nla_len(a) < SOPASS_MAX)
		return -EINVAL;
	memcpy(v, nla_data(a), SOPASS_MAX);
	return 0;
}

static const struct type type_password = {
	.name = "six bytes", .signature = "s", .size = SOPASS_MAX, .parse = password_parse,
	.json = password_json, .secret = password_secret, .put = password_put, .get = password_get,
};

enum { WOL_MODES, WOL_PASSWORD };

static const struct row wol_rows[] = {
	{ .key = "modes", .type = &type_bitset, VALUE(wol, modes), .data = wol_words,
	  .attr = IN(ETH_WOL, ETHTOOL_A_WOL_MODES), .phase = PHASE_PHY,
	  .help = "What wakes the machine" },
	[WOL_PASSWORD] = { .key = "password", .type = &type_password, VALUE(wol, password),
	  .attr = IN(ETH_WOL, ETHTOOL_A_WOL_SOPASS), .phase = PHASE_PHY,
	  .help = "The password of SecureOn (magicsecure), which is shown to nobody" },
};

static const struct source wol_sources[] = {
	ETH_SOURCE(ETHTOOL_MSG_WOL_GET, ETHTOOL_MSG_WOL_GET_REPLY, ETHTOOL_MSG_WOL_NTF),
	{ 0 },
};

/* A notification does not have the password (wol_prepare_data()): it stays what it was. */
static int wol_observe(struct mirror *m, const struct nlmsghdr *n, bool add _unused_)
{
	const struct genlmsghdr *g = NLMSG_DATA(n);
	struct nlattr *tb[ETHTOOL_A_WOL_MAX + 1];
	struct iface *i = ethernet_parse(m, n, tb, ETHTOOL_A_WOL_MAX);
	const struct wol *before = (struct wol *)iface_object(i, &wol_feature);
	uint64_t had = before ? before->o.present & BIT64(WOL_PASSWORD) : 0;
	int r = ethernet_observe(m, n, &wol_feature);

	if (i && g->cmd == ETHTOOL_MSG_WOL_NTF)
		iface_object(i, &wol_feature)->present |= had;
	return r;
}

struct feature wol_feature = {
	.name = "ethernet.wol", .help = "Wake-on-LAN", .form = FORM_GROUP,
	.size = sizeof(struct wol), .rows = wol_rows, .n_rows = ARRAY_SIZE(wol_rows),
	.sources = wol_sources, .observe = wol_observe, .encode = ethernet_encode,
};

struct module {
	struct object o;
	uint8_t policy, power;
};

/* enum ethtool_module_power_mode_policy, enum ethtool_module_power_mode */
static const struct word policy_words[] = { { "high", 1 }, { "auto", 2 }, { NULL, 0 } };
static const struct word power_words[] = { { "low", 1 }, { "high", 2 }, { NULL, 0 } };

static const struct row module_rows[] = {
	{ .key = "power_mode_policy", .type = &type_known8, VALUE(module, policy),
	  .data = policy_words, .attr = IN(ETH_MODULE, ETHTOOL_A_MODULE_POWER_MODE_POLICY),
	  .phase = PHASE_PHY, .since = "5.16",
	  .help = "Power of a module: always high, or low while the link is down" },
	{ .key = "power_mode", .type = &type_known8, VALUE(module, power), .data = power_words,
	  .attr = IN(ETH_MODULE, ETHTOOL_A_MODULE_POWER_MODE), .flags = ROW_STATE,
	  .since = "5.16", .help = "The power that the module takes" },
};

static const struct source module_sources[] = {
	ETH_SOURCE(ETHTOOL_MSG_MODULE_GET, ETHTOOL_MSG_MODULE_GET_REPLY, ETHTOOL_MSG_MODULE_NTF,
		   .follows_link = true),
	{ 0 },
};

ETH_OBSERVER(module)

struct feature module_feature = {
	.name = "ethernet.module", .help = "A pluggable module", .form = FORM_GROUP,
	.size = sizeof(struct module), .rows = module_rows, .n_rows = ARRAY_SIZE(module_rows),
	.sources = module_sources, .observe = module_observe, .encode = ethernet_encode,
};

struct pse {
	struct object o;
	uint32_t podl, poe, podl_status, poe_status, poe_reason, class, power, limit;
};

/* What is told stands in ADMIN_STATE, what is asked for in the attribute behind it. */
static int admin_put(struct nl_msg *msg, const struct row *row, const void *v)
{
	return nla_put_u32(msg, row->attr + 1, *(const uint32_t *)v);
}

static int admin_parse(struct parse *p, const config_setting_t *s, void *v)
{
	return type_enum32.parse(p, s, v);
}

static json_t *admin_json(const struct row *row, const void *v)
{
	return type_enum32.json(row, v);
}

static char *admin_range(const struct row *row)
{
	return type_enum32.range(row);
}

/* 1: not known */
static int admin_get(const struct row *row _unused_, const struct nlattr *a, void *v)
{
	if (nla_len(a) < 4)
		return -EINVAL;
	*(uint32_t *)v = nla_get_u32(a);
	return nla_get_u32(a) > 1 ? 0 : -ENODATA;
}

static const struct type type_admin = {
	.name = "word", .signature = "s", .size = 4, .parse = admin_parse, .json = admin_json,
	.put = admin_put, .get = admin_get, .range = admin_range,
};

/* ETHTOOL_{PODL,C33}_PSE_ADMIN_STATE_…, …_PW_D_STATUS_… */
static const struct word admin_words[] = { { "disable", 2 }, { "enable", 3 }, { NULL, 0 } };
static const struct word podl_words[] = {
	{ "disabled", 2 }, { "searching", 3 }, { "delivering power", 4 }, { "sleep", 5 },
	{ "idle", 6 },	   { "error", 7 },     { NULL, 0 },
};
static const struct word poe_words[] = {
	{ "disabled", 2 }, { "searching", 3 }, { "delivering power", 4 }, { "test", 5 },
	{ "fault", 6 },	   { "other fault", 7 }, { NULL, 0 },
};

/* ETHTOOL_C33_PSE_EXT_STATE_…, by the variables of IEEE 802.3-2022 33.2.4.4 */
static const struct word reason_words[] = {
	{ "the controller has a fault", 1 },				       /* error_condition */
	{ "the device at the other end takes too little power, or is gone", 2 }, /* mr_mps_valid */
	{ "a pin of the controller forbids it", 3 },			       /* mr_pse_enable */
	{ "it is being found out what is at the other end", 4 }, /* option_detect_ted */
	{ "the supply's voltage is out of range", 5 }, /* option_vport_lim */
	{ "overload", 6 },						       /* ovld_detected */
	{ "the device at the other end is no taker of power", 7 }, /* pd_dll_power_type */
	{ "there is not enough power for it", 8 },			  /* power_not_available */
	{ "short circuit", 9 },						       /* short_detected */
	{ NULL, 0 },
};

#define PSE(k, t, a, ...)                                                                          \
	{ .key = #k, .type = &t, VALUE(pse, k), .attr = IN(ETH_PSE, a), __VA_ARGS__ }

static const struct row pse_rows[] = {
	PSE(podl, type_admin, ETHTOOL_A_PODL_PSE_ADMIN_STATE, .data = admin_words,
	    .phase = PHASE_PHY, .flags = ROW_UNTOLD, .since = "6.1",
	    .help = "Power over the data line (one pair)"),
	PSE(poe, type_admin, NEW_A_C33_PSE_ADMIN_STATE, .data = admin_words,
	    .phase = PHASE_PHY, .flags = ROW_UNTOLD, .since = "6.10",
	    .help = "Power over Ethernet (IEEE 802.3 Clause 33)"),
	PSE(limit, type_u32, NEW_A_C33_PSE_AVAIL_PW_LIMIT, .phase = PHASE_PHY, .flags = ROW_UNTOLD,
	    .since = "6.11",
	    .help = "The most power that is given, in milliwatts"),
	PSE(podl_status, type_admin, ETHTOOL_A_PODL_PSE_PW_D_STATUS, .data = podl_words,
	    .flags = ROW_STATE, .since = "6.1", .help = "Whether power is given (one pair)"),
	PSE(poe_status, type_admin, NEW_A_C33_PSE_PW_D_STATUS, .data = poe_words,
	    .flags = ROW_STATE, .since = "6.10", .help = "Whether power is given"),
	PSE(poe_reason, type_enum32, NEW_A_C33_PSE_EXT_STATE, .data = reason_words,
	    .flags = ROW_STATE, .since = "6.11", .help = "Why no power is given"),
	PSE(class, type_u32, NEW_A_C33_PSE_PW_CLASS, .flags = ROW_STATE, .since = "6.11",
	    .help = "The class of the device that takes it"),
	PSE(power, type_u32, NEW_A_C33_PSE_ACTUAL_PW, .flags = ROW_STATE | ROW_VOLATILE,
	    .since = "6.11", .help = "The power that is taken, in milliwatts"),
};

static const struct source pse_sources[] = {
	ETH_SOURCE(ETHTOOL_MSG_PSE_GET, ETHTOOL_MSG_PSE_GET_REPLY, 0, .follows_link = true,
		   .each = true),
	{ 0 },
};

ETH_OBSERVER(pse)

struct feature pse_feature = {
	.name = "ethernet.pse", .help = "Power sourcing: what this port gives to the other end",
	.form = FORM_GROUP, .size = sizeof(struct pse), .rows = pse_rows,
	.n_rows = ARRAY_SIZE(pse_rows), .sources = pse_sources, .observe = pse_observe,
	.encode = ethernet_encode,
};

struct plca {
	struct object o;
	uint8_t enabled, status;
	uint32_t node_id, node_count, to_timer, burst_count, burst_timer;
};

#define PLCA(k, t, a, ...)                                                                         \
	{ .key = #k, .type = &t, VALUE(plca, k), .attr = IN(ETH_PLCA, a), .phase = PHASE_PHY,      \
	  .since = "6.3", __VA_ARGS__ }

static const struct row plca_rows[] = {
	PLCA(enabled, type_bool, NEW_A_PLCA_ENABLED, .help = "Take turns instead of colliding"),
	PLCA(node_id, type_u32, NEW_A_PLCA_NODE_ID, .max = 255,
	     .help = "This node's turn; 0: the coordinator, 255: none"),
	PLCA(node_count, type_u32, NEW_A_PLCA_NODE_CNT, .min = 1, .max = 255,
	     .help = "How many nodes take turns; the coordinator says it"),
	PLCA(to_timer, type_u32, NEW_A_PLCA_TO_TMR, .max = 255,
	     .help = "How long a node has to begin, in bit times"),
	PLCA(burst_count, type_u32, NEW_A_PLCA_BURST_CNT, .max = 255,
	     .help = "Further frames that may be sent in one turn"),
	PLCA(burst_timer, type_u32, NEW_A_PLCA_BURST_TMR, .max = 255,
	     .help = "How long the next frame of a turn is waited for, in bit times"),
	{ .key = "status", .type = &type_bool, VALUE(plca, status),
	  .attr = IN(ETH_PLCA_STATUS, NEW_A_PLCA_STATUS), .flags = ROW_STATE, .since = "6.3",
	  .help = "The coordinator is heard" },
};

static const struct source plca_sources[] = {
	ETH_SOURCE(NEW_MSG_PLCA_GET_CFG, NEW_MSG_PLCA_GET_CFG_REPLY, NEW_MSG_PLCA_NTF,
		   .each = true),
	ETH_SOURCE(NEW_MSG_PLCA_GET_STATUS, NEW_MSG_PLCA_GET_STATUS_REPLY, 0,
		   .follows_link = true, .each = true),
	{ 0 },
};

ETH_OBSERVER(plca)

struct feature plca_feature = {
	.name = "ethernet.plca",
	.help = "Turns on a cable that many share, 10BASE-T1S (IEEE 802.3 Clause 148)",
	.form = FORM_GROUP, .size = sizeof(struct plca), .rows = plca_rows,
	.n_rows = ARRAY_SIZE(plca_rows), .sources = plca_sources, .observe = plca_observe,
	.encode = ethernet_encode,
};

struct mm {
	struct object o;
	uint8_t pmac_enabled, tx_enabled, verify_enabled, tx_active, verify_status;
	uint32_t tx_min_frag_size, verify_time;
};

/* enum ethtool_mm_verify_status */
static const struct word verify_words[] = {
	{ "initial", 1 }, { "verifying", 2 }, { "succeeded", 3 }, { "failed", 4 },
	{ "disabled", 5 }, { NULL, 0 },
};

#define MM(k, t, a, ...)                                                                           \
	{ .key = #k, .type = &t, VALUE(mm, k), .attr = IN(ETH_MM, a), .since = "6.3",              \
	  __VA_ARGS__ }

static const struct row mm_rows[] = {
	MM(pmac_enabled, type_bool, NEW_A_MM_PMAC_ENABLED, .phase = PHASE_PHY,
	   .help = "Receive frames in pieces; needed on both ends"),
	MM(tx_enabled, type_bool, NEW_A_MM_TX_ENABLED, .phase = PHASE_PHY,
	   .help = "Let urgent frames interrupt others"),
	MM(verify_enabled, type_bool, NEW_A_MM_VERIFY_ENABLED, .phase = PHASE_PHY,
	   .help = "Find out whether the other end can do it, and only then begin"),
	MM(verify_time, type_u32, NEW_A_MM_VERIFY_TIME, .min = 1, .max = 128, .phase = PHASE_PHY,
	   .help = "How long an answer is waited for, in milliseconds"),
	MM(tx_min_frag_size, type_u32, NEW_A_MM_TX_MIN_FRAG_SIZE, .min = 60, .max = 252,
	   .phase = PHASE_PHY, .help = "The smallest piece of a frame, in bytes"),
	MM(tx_active, type_bool, NEW_A_MM_TX_ACTIVE, .flags = ROW_STATE,
	   .help = "Frames can be interrupted now"),
	MM(verify_status, type_known8, NEW_A_MM_VERIFY_STATUS, .data = verify_words,
	   .flags = ROW_STATE, .help = "What has come of asking the other end"),
};

static const struct source mm_sources[] = {
	ETH_SOURCE(NEW_MSG_MM_GET, NEW_MSG_MM_GET_REPLY, NEW_MSG_MM_NTF, .follows_link = true),
	{ 0 },
};

ETH_OBSERVER(mm)

struct feature mm_feature = {
	.name = "ethernet.mm", .help = "MAC Merge, frame preemption (IEEE 802.3 Clause 99)",
	.form = FORM_GROUP, .size = sizeof(struct mm), .rows = mm_rows,
	.n_rows = ARRAY_SIZE(mm_rows), .sources = mm_sources, .observe = mm_observe,
	.encode = ethernet_encode,
};
