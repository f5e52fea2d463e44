// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The mode in which MAC and module speak, and autonegotiation within it.
 *
 * The kernel has no attribute for either. phylink takes the fastest mode that a
 * link mode asks for which is offered to the other end (phylink_ethtool_ksettings_set(),
 * sfp_select_interface()); so to have one is to offer only the link modes of it, of
 * those that MAC and module have in common. In-band autonegotiation is the flag
 * "autoneg" of the same message (phylink_pcs_neg_mode()). For each module that is
 * put in the kernel begins anew, with all of them, and tells nobody.
 *
 * What must stay true: no other bit of the set is touched; and the link modes of
 * the module before are not taken for those of the one that is in.
 */
#include <linux/ethtool.h>
#include <linux/ethtool_netlink.h>
#include <stdio.h>

#include "core/config.h"
#include "features/sfp/sfp.h"
#include "nl/genl.h"

enum { MODE_AUTO, MODE_25GBASE_R, MODE_10GBASE_R, MODE_5GBASE_R, MODE_2500BASE_X, MODE_SGMII,
       MODE_1000BASE_X, MODE_100BASE_X, MODES };

const struct word sfp_mode_words[] = {
	{ "auto", MODE_AUTO },		 { "sgmii", MODE_SGMII },
	{ "100base-x", MODE_100BASE_X }, { "1000base-x", MODE_1000BASE_X },
	{ "2500base-x", MODE_2500BASE_X }, { "5gbase-r", MODE_5GBASE_R },
	{ "10gbase-r", MODE_10GBASE_R }, { "25gbase-r", MODE_25GBASE_R },
	{ NULL, 0 },
};

#define LOW(name) BIT64(ETHTOOL_LINK_MODE_##name##_BIT)
#define HIGH(name) BIT64(ETHTOOL_LINK_MODE_##name##_BIT - 64)

/* In the order in which the kernel looks for them: by which link modes it is chosen. */
static const struct {
	unsigned speed; /* Mbit/s */
	uint64_t chosen_by[2];
	uint64_t along; /* slower ones that it carries too, in the first word */
} modes[MODES] = {
	[MODE_25GBASE_R] = { 25000, { LOW(25000baseCR_Full) | LOW(25000baseKR_Full) |
				      LOW(25000baseSR_Full) }, 0 },
	[MODE_10GBASE_R] = { 10000, { LOW(10000baseCR_Full) | LOW(10000baseSR_Full) |
				      LOW(10000baseLR_Full) | LOW(10000baseLRM_Full) |
				      LOW(10000baseER_Full) | LOW(10000baseT_Full) }, 0 },
	[MODE_5GBASE_R] = { 5000, { LOW(5000baseT_Full) }, 0 },
	[MODE_2500BASE_X] = { 2500, { LOW(2500baseX_Full) | LOW(2500baseT_Full) }, 0 },
	[MODE_SGMII] = { 1000, { LOW(1000baseT_Half) | LOW(1000baseT_Full) },
			 LOW(10baseT_Half) | LOW(10baseT_Full) | LOW(100baseT_Half) |
			 LOW(100baseT_Full) },
	[MODE_1000BASE_X] = { 1000, { LOW(1000baseX_Full) }, 0 },
	[MODE_100BASE_X] = { 100, { 0, HIGH(100baseFX_Full) }, 0 },
};

/* All bits that have to do with the choice. */
static void all_bits(uint64_t *bits)
{
	bits[0] = bits[1] = 0;
	for (unsigned m = 1; m < MODES; m++) {
		bits[0] |= modes[m].chosen_by[0] | modes[m].along;
		bits[1] |= modes[m].chosen_by[1];
	}
}

static bool asks_for(unsigned mode, const uint64_t *bits)
{
	return (bits[0] & modes[mode].chosen_by[0]) || (bits[1] & modes[mode].chosen_by[1]);
}

static unsigned chosen(const uint64_t *bits)
{
	for (unsigned m = 1; m < MODES; m++)
		if (asks_for(m, bits))
			return m;
	return MODE_AUTO;
}

/* ---- types ---- */

static int mode_parse(struct parse *p, const config_setting_t *s, void *v)
{
	struct sfp_mode *mode = v;

	mode->is = 0;
	return type_enum8.parse(p, s, &mode->asked);
}

static json_t *mode_json(const struct row *row _unused_, const void *v)
{
	return json_string(word_of(sfp_mode_words, ((const struct sfp_mode *)v)->asked));
}

/* Where the module has one mode only, it is the automatic one too. */
static bool mode_equal(const struct row *row _unused_, const void *va, const void *vb)
{
	const struct sfp_mode *a = va, *b = vb;

	return a->asked == b->asked || (a->asked && a->asked == b->is) ||
	       (b->asked && b->asked == a->is);
}

static char *mode_range(const struct row *row)
{
	return type_enum8.range(row);
}

const struct type type_sfp_mode = {
	.name = "word", .signature = "s", .size = sizeof(struct sfp_mode), .parse = mode_parse,
	.json = mode_json, .equal = mode_equal, .range = mode_range,
};

static int modes_parse(struct parse *p, const config_setting_t *s _unused_, void *v _unused_)
{
	return parse_refuse(p, "is the module's to say and cannot be set");
}

static json_t *modes_json(const struct row *row _unused_, const void *v)
{
	json_t *j = json_array();

	for (unsigned m = MODES - 1; m; m--)
		if (*(const uint16_t *)v & 1 << m)
			json_array_append_new(j, json_string(word_of(sfp_mode_words, m)));
	return j;
}

const struct type type_sfp_modes = {
	.name = "words", .signature = "as", .size = sizeof(uint16_t), .parse = modes_parse,
	.json = modes_json,
};

/* ---- what the kernel has ---- */

static int put_header(struct nl_msg *msg, int ifindex, uint32_t flags)
{
	struct nlattr *nest = nla_nest_start(msg, ETHTOOL_A_LINKMODES_HEADER | NLA_F_NESTED);

	if (!nest || (ifindex && nla_put_u32(msg, ETHTOOL_A_HEADER_DEV_INDEX, ifindex) < 0) ||
	    nla_put_u32(msg, ETHTOOL_A_HEADER_FLAGS, flags) < 0)
		return -EMSGSIZE;
	return nla_nest_end(msg, nest);
}

static int ask_all(struct nl_msg *msg, void *header _unused_)
{
	return put_header(msg, 0, ETHTOOL_FLAG_COMPACT_BITSETS);
}

static int ask_one(struct nl_msg *msg, void *header _unused_, int ifindex)
{
	return put_header(msg, ifindex, ETHTOOL_FLAG_COMPACT_BITSETS);
}

const struct source sfp_mode_sources[] = {
	{ .get = GENL_ETHTOOL, .header = GENL_HDRLEN, .lazy = true, .follows_link = true,
	  .commands = { .get = ETHTOOL_MSG_LINKMODES_GET,
			.add = { ETHTOOL_MSG_LINKMODES_GET_REPLY, ETHTOOL_MSG_LINKMODES_NTF } },
	  .groups = { GENL_ETHTOOL_MONITOR }, .filter = ask_all, .narrow = ask_one },
	{ 0 },
};

static void get_bits(const struct nlattr *a, uint64_t *bits)
{
	const uint32_t *words = nla_data(a);

	bits[0] = bits[1] = 0;
	for (unsigned n = 0; n < 4 && 4 * (n + 1) <= (unsigned)nla_len(a); n++)
		bits[n / 2] |= (uint64_t)words[n] << (n % 2 * 32);
}

void sfp_mode_show(struct sfp *s)
{
	struct sfp_link *l = &s->link;
	const uint64_t rows = BIT64(SFP_MODE) | BIT64(SFP_INBAND), state = BIT64(SFP_INTERFACE) |
			      BIT64(SFP_MODES);

	s->o.present &= ~(rows | state);
	if (!l->known)
		return;
	s->o.present |= rows;
	/* What the kernel does by itself with the next module: nothing else is set any more. */
	if ((s->o.present & BIT64(SFP_PRESENT)) && !s->present) {
		l->mode = (struct sfp_mode){ MODE_AUTO, MODE_AUTO };
		l->inband = true;
	} else if (l->interface && !l->stale) {
		s->o.present |= state;
	}
}

/* Link modes of a device with a cage; or of any, before or without looking into cages. */
static struct sfp *object_of(struct mirror *m, struct iface *i)
{
	if (m->watchers && !sfp_watch_cage(m->watchers[sfp_feature.id], i->ifindex))
		return NULL;
	return (struct sfp *)iface_get_object(mirror_model(m), i, &sfp_feature);
}

static int read_link(struct nlattr **tb, struct sfp_link *l)
{
	struct nlattr *set[ETHTOOL_A_BITSET_MASK + 1];
	uint64_t on[2], can[2], all[2];

	if (nla_parse_nested(set, ETHTOOL_A_BITSET_MASK, tb[ETHTOOL_A_LINKMODES_OURS], NULL) < 0 ||
	    !set[ETHTOOL_A_BITSET_VALUE] || !set[ETHTOOL_A_BITSET_MASK])
		return -EBADMSG;
	get_bits(set[ETHTOOL_A_BITSET_VALUE], on);
	get_bits(set[ETHTOOL_A_BITSET_MASK], can);
	all_bits(all);
	memset(l, 0, sizeof(*l));
	for (unsigned n = 0; n < 2; n++) {
		on[n] &= all[n];
		l->can[n] = can[n] & all[n];
	}
	for (unsigned m = 1; m < MODES; m++)
		l->modes |= asks_for(m, l->can) << m;
	l->interface = l->mode.is = chosen(on);
	/*
	 * For a new module phylink offers no more than the fastest (phylink_sfp_config_optical()).
	 */
	l->mode.asked = l->mode.is == chosen(l->can) ? MODE_AUTO : l->mode.is;
	/* SGMII always has it, and "autoneg" is the PHY's there (phylink_pcs_neg_mode()). */
	l->inband = l->interface == MODE_SGMII || nla_get_u8(tb[ETHTOOL_A_LINKMODES_AUTONEG]);
	l->known = true;
	return 0;
}

int sfp_mode_observe(struct mirror *m, const struct nlmsghdr *n, bool add _unused_)
{
	struct nlattr *tb[ETHTOOL_A_LINKMODES_MAX + 1], *header[ETHTOOL_A_HEADER_MAX + 1];
	struct sfp_link l;
	struct iface *i;
	struct sfp *s;
	int r;

	if (nlmsg_parse((struct nlmsghdr *)n, GENL_HDRLEN, tb, ETHTOOL_A_LINKMODES_MAX, NULL) < 0 ||
	    !tb[ETHTOOL_A_LINKMODES_HEADER] || !tb[ETHTOOL_A_LINKMODES_OURS] ||
	    !tb[ETHTOOL_A_LINKMODES_AUTONEG] ||
	    nla_parse_nested(header, ETHTOOL_A_HEADER_MAX, tb[ETHTOOL_A_LINKMODES_HEADER],
			     NULL) < 0 ||
	    !header[ETHTOOL_A_HEADER_DEV_INDEX])
		return 0;
	i = mirror_iface(m, nla_get_u32(header[ETHTOOL_A_HEADER_DEV_INDEX]));
	s = i ? object_of(m, i) : NULL;
	if (!s)
		return 0;
	r = read_link(tb, &l);
	if (r < 0 || !memcmp(&l, &s->link, sizeof(l)))
		return r;
	s->link = l;
	sfp_mode_show(s);
	/* The kernel has come to the module: that is no other hand's work. */
	if (m->watchers && sfp_watch_cage(m->watchers[sfp_feature.id], i->ifindex)->settling)
		mirror_renew(m, i);
	else
		mirror_touch(m, i);
	return 0;
}

/* ---- what is to be ---- */

static int put_bits(struct nl_msg *msg, int attr, const uint64_t *bits)
{
	uint32_t words[4];

	for (unsigned n = 0; n < 4; n++)
		words[n] = bits[n / 2] >> (n % 2 * 32);
	return nla_put(msg, attr, sizeof(words), words);
}

static int put_modes(struct nl_msg *msg, unsigned mode, const uint64_t *can)
{
	struct nlattr *nest = nla_nest_start(msg, ETHTOOL_A_LINKMODES_OURS | NLA_F_NESTED);
	uint64_t on[2] = { can[0] & (modes[mode].chosen_by[0] | modes[mode].along),
			   can[1] & modes[mode].chosen_by[1] };

	if (!nest || nla_put_u32(msg, ETHTOOL_A_BITSET_SIZE, 128) < 0 ||
	    put_bits(msg, ETHTOOL_A_BITSET_VALUE, on) < 0 ||
	    put_bits(msg, ETHTOOL_A_BITSET_MASK, can) < 0)
		return -EMSGSIZE;
	return nla_nest_end(msg, nest);
}

int sfp_mode_encode(struct encoder *e, const struct step *s, unsigned part _unused_)
{
	const struct sfp *to = (const struct sfp *)s->to, *from = (const struct sfp *)s->from;
	const uint64_t sets_mode = s->mask & BIT64(SFP_MODE);
	struct genlmsghdr *g;
	unsigned mode;
	bool inband;

	if (!from || !from->link.known) {
		e->why = "its driver has told of no link modes";
		return -EOPNOTSUPP;
	}
	mode = sets_mode ? to->link.mode.asked : from->link.interface;
	if (!mode)
		mode = chosen(from->link.can);
	inband = s->mask & BIT64(SFP_INBAND) ? to->link.inband : from->link.inband;
	if (!mode || !(from->link.modes & 1 << mode)) {
		e->why = "MAC and module do not have such a mode in common";
		return -EOPNOTSUPP;
	}
	g = encoder_begin(e, GENL_ETHTOOL, 0, GENL_HDRLEN);
	g->cmd = ETHTOOL_MSG_LINKMODES_SET;
	g->version = ETHTOOL_GENL_VERSION;
	if (put_header(e->msg, s->ifindex, ETHTOOL_FLAG_OMIT_REPLY) < 0 ||
	    (sets_mode && put_modes(e->msg, mode, from->link.can) < 0) ||
	    nla_put_u8(e->msg, ETHTOOL_A_LINKMODES_AUTONEG, inband) < 0)
		return -EMSGSIZE;
	/* Without it phylink wants to be told, and takes what is slower for as good. */
	if (!inband && (nla_put_u32(e->msg, ETHTOOL_A_LINKMODES_SPEED, modes[mode].speed) < 0 ||
			nla_put_u8(e->msg, ETHTOOL_A_LINKMODES_DUPLEX, DUPLEX_FULL) < 0))
		return -EMSGSIZE;
	return 0;
}

/* By the standards that it says it is for: as sfp_parse_support() of the kernel, or more. */
uint16_t sfp_modes_of(const struct module *m)
{
	static const struct {
		const char *begin;
		uint16_t bits;
	} known[] = {
		{ "25GBASE-", 1 << MODE_25GBASE_R },
		{ "10GBASE-T", 1 << MODE_10GBASE_R | 1 << MODE_5GBASE_R | 1 << MODE_2500BASE_X |
			       1 << MODE_SGMII },
		{ "10GBASE-", 1 << MODE_10GBASE_R }, { "5GBASE-T", 1 << MODE_5GBASE_R },
		{ "2.5GBASE-T", 1 << MODE_2500BASE_X }, { "2500BASE-X", 1 << MODE_2500BASE_X },
		{ "1000BASE-T", 1 << MODE_SGMII | 1 << MODE_1000BASE_X },
		{ "1000BASE-", 1 << MODE_1000BASE_X }, { "100BASE-", 1 << MODE_100BASE_X },
	};
	uint16_t bits = 0;

	for (unsigned c = 0; m->map == MODULE_SFF8472 && c < m->n_codes; c++)
		for (unsigned k = 0; k < ARRAY_SIZE(known); k++)
			if (!strncmp(m->codes[c], known[k].begin, strlen(known[k].begin))) {
				bits |= known[k].bits;
				break;
			}
	return bits;
}

char *sfp_modes_text(uint16_t bits)
{
	_cleanup_free_ char *s = str_dup("");

	for (unsigned m = MODES - 1; m; m--)
		if (bits & 1 << m) {
			char *more =
				str_format("%s%s%s", s, *s ? ", " : "", word_of(sfp_mode_words, m));

			free(s);
			s = more;
		}
	return TAKE_PTR(s);
}

char *sfp_mode_blocked(const struct planner *p, const struct iface *want)
{
	const struct sfp *to = (const struct sfp *)iface_object(want, &sfp_feature), *have;
	const struct iface *i = plan_have(p, want->name);
	_cleanup_free_ char *offers = NULL;
	unsigned mode;

	if (!sfp_follows(want) || !i)
		return NULL;
	have = (const struct sfp *)iface_object(i, &sfp_feature);
	if (!have)
		return str_dup("waits for its cage: no cage of a module is known here so far");
	if ((have->o.present & BIT64(SFP_PRESENT)) && !have->present)
		return str_dup("waits for a module: the cage is empty");
	if (!have->link.known || have->link.stale)
		return str_dup("waits for the link modes of the module");
	mode = to->o.present & BIT64(SFP_MODE) ? to->link.mode.asked : MODE_AUTO;
	if (mode && !(have->link.modes & 1 << mode)) {
		offers = sfp_modes_text(have->link.modes);
		return str_format("waits for a module with the mode %s; MAC and this one have: %s",
				  word_of(sfp_mode_words, mode), *offers ? offers : "none");
	}
	if (!mode)
		mode = chosen(have->link.can);
	if ((to->o.present & BIT64(SFP_INBAND)) && !to->link.inband && mode == MODE_SGMII)
		return str_dup("waits for another module: in SGMII, which this one speaks, in-band "
			       "autonegotiation cannot be switched off");
	return NULL;
}

void sfp_mode_check(const struct model *want _unused_, const struct iface *i, struct errors *e)
{
	static const char *const others[] = { "autoneg", "speed", "duplex", "lanes", "advertise" };
	const struct feature *ethernet = feature_find("ethernet");
	const struct object *o = iface_object(i, &sfp_feature), *other = iface_object(i, ethernet);
	const struct row *row;

	if (!o)
		return;
	row = &sfp_feature.rows[o->present & BIT64(SFP_MODE) ? SFP_MODE : SFP_INBAND];
	if (*iface_kind(i))
		errors_add(e, &i->where, "%s: sfp: a device of kind \"%s\" has no cage", i->name,
			   iface_kind(i));
	for (unsigned n = 0; sfp_follows(i) && n < ARRAY_SIZE(others); n++)
		if (row_has(ethernet, row_find(ethernet, others[n]), other))
			errors_add(
				e, object_where(&sfp_feature, row, o),
				"%s: sfp.%s: ethernet.%s sets the same in the kernel; name one of "
				"them",
				i->name, row->key, others[n]);
}
