// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * ethtool's messages (generic netlink family "ethtool"), by the rows.
 *
 * A row of the group names its message and the attribute in it, so that
 * asking, decoding and setting are the same code for all of them.
 *
 * What must stay true: what a driver does not tell is not there, which is no
 * error; what it refuses to do is one, in its own words.
 */
#include "features/ethernet/ethernet.h"

#include "nl/ioctl.h"

#include <netlink/attr.h>
#include <netlink/msg.h>

/* No message has more attributes. */
#define ATTR_MAX 63
/* Of every message: ETHTOOL_A_…_HEADER. */
#define ATTR_HEADER 1

/* The answer, the notification, and what sets it; 0: there is none. */
#define M(a, n, s, ...) { .answer = (a), .ntf = (n), .set = (s), __VA_ARGS__ }

static const struct {
	uint8_t answer, ntf, set;
	bool ioctl_answer, ioctl_set; /* they are of GENL_IOCTL */
} messages[ETH_MESSAGES_] = {
	[ETH_LINKINFO] = M(ETHTOOL_MSG_LINKINFO_GET_REPLY, ETHTOOL_MSG_LINKINFO_NTF,
			   ETHTOOL_MSG_LINKINFO_SET),
	[ETH_LINKMODES] = M(ETHTOOL_MSG_LINKMODES_GET_REPLY, ETHTOOL_MSG_LINKMODES_NTF,
			    ETHTOOL_MSG_LINKMODES_SET),
	[ETH_LINKSTATE] = M(ETHTOOL_MSG_LINKSTATE_GET_REPLY, 0, 0),
	[ETH_WOL] = M(ETHTOOL_MSG_WOL_GET_REPLY, ETHTOOL_MSG_WOL_NTF, ETHTOOL_MSG_WOL_SET),
	[ETH_FEATURES] = M(ETHTOOL_MSG_FEATURES_GET_REPLY, ETHTOOL_MSG_FEATURES_NTF,
			   ETHTOOL_MSG_FEATURES_SET),
	[ETH_RINGS] = M(ETHTOOL_MSG_RINGS_GET_REPLY, ETHTOOL_MSG_RINGS_NTF,
			ETHTOOL_MSG_RINGS_SET),
	[ETH_CHANNELS] = M(ETHTOOL_MSG_CHANNELS_GET_REPLY, ETHTOOL_MSG_CHANNELS_NTF,
			   ETHTOOL_MSG_CHANNELS_SET),
	[ETH_COALESCE] = M(ETHTOOL_MSG_COALESCE_GET_REPLY, ETHTOOL_MSG_COALESCE_NTF,
			   ETHTOOL_MSG_COALESCE_SET),
	[ETH_PAUSE] = M(ETHTOOL_MSG_PAUSE_GET_REPLY, ETHTOOL_MSG_PAUSE_NTF,
			ETHTOOL_MSG_PAUSE_SET),
	[ETH_EEE] = M(ETHTOOL_MSG_EEE_GET_REPLY, ETHTOOL_MSG_EEE_NTF, ETHTOOL_MSG_EEE_SET),
	[ETH_FEC] = M(ETHTOOL_MSG_FEC_GET_REPLY, ETHTOOL_MSG_FEC_NTF, ETHTOOL_MSG_FEC_SET),
	[ETH_MODULE] = M(ETHTOOL_MSG_MODULE_GET_REPLY, ETHTOOL_MSG_MODULE_NTF,
			 ETHTOOL_MSG_MODULE_SET),
	[ETH_PSE] = M(ETHTOOL_MSG_PSE_GET_REPLY, 0, ETHTOOL_MSG_PSE_SET),
	[ETH_PLCA] = M(NEW_MSG_PLCA_GET_CFG_REPLY, NEW_MSG_PLCA_NTF, NEW_MSG_PLCA_SET_CFG),
	[ETH_PLCA_STATUS] = M(NEW_MSG_PLCA_GET_STATUS_REPLY, 0, 0),
	[ETH_MM] = M(NEW_MSG_MM_GET_REPLY, NEW_MSG_MM_NTF, NEW_MSG_MM_SET),
	[ETH_DEBUG] = M(ETHTOOL_MSG_DEBUG_GET_REPLY, ETHTOOL_MSG_DEBUG_NTF,
			ETHTOOL_MSG_DEBUG_SET),
	[ETH_FLAGS] = M(ETHTOOL_MSG_PRIVFLAGS_GET_REPLY, ETHTOOL_MSG_PRIVFLAGS_NTF,
			ETHTOOL_MSG_PRIVFLAGS_SET),
	[ETH_RSS] = M(NEW_MSG_RSS_GET_REPLY, 0, IOCTL_RSS_SET, .ioctl_set = true),
	[ETH_PHY] = M(IOCTL_PHY_REPLY, 0, IOCTL_PHY_SET, .ioctl_answer = true, .ioctl_set = true),
	[ETH_TIMESTAMPS] = M(IOCTL_TIMESTAMPS_REPLY, 0, IOCTL_TIMESTAMPS_SET,
			     .ioctl_answer = true, .ioctl_set = true),
	[ETH_CLOCK] = M(ETHTOOL_MSG_TSINFO_GET_REPLY, 0, 0),
};

static int put_header(struct nl_msg *msg, int ifindex, uint32_t flags)
{
	struct nlattr *nest = nla_nest_start(msg, ATTR_HEADER);

	if (!nest || (ifindex && nla_put_u32(msg, ETHTOOL_A_HEADER_DEV_INDEX, ifindex) < 0) ||
	    (flags && nla_put_u32(msg, ETHTOOL_A_HEADER_FLAGS, flags) < 0))
		return -EMSGSIZE;
	return nla_nest_end_keep_empty(msg, nest);
}

int ethernet_ask_all(struct nl_msg *msg, void *header _unused_)
{
	return put_header(msg, 0, ETHTOOL_FLAG_COMPACT_BITSETS);
}

int ethernet_ask_one(struct nl_msg *msg, void *header _unused_, int ifindex)
{
	return put_header(msg, ifindex, ETHTOOL_FLAG_COMPACT_BITSETS);
}

int ethernet_ask_device(struct nl_msg *msg, int ifindex)
{
	return put_header(msg, ifindex, 0);
}

int ethernet_ask_all_names(struct nl_msg *msg, void *header _unused_)
{
	return put_header(msg, 0, 0);
}

int ethernet_ask_one_names(struct nl_msg *msg, void *header _unused_, int ifindex)
{
	return put_header(msg, ifindex, 0);
}

static int begin(struct encoder *e, uint16_t family, unsigned command, int ifindex)
{
	struct genlmsghdr *g = encoder_begin(e, family, 0, GENL_HDRLEN);

	g->cmd = command;
	g->version = ETHTOOL_GENL_VERSION;
	/* The acknowledgement says enough (ethnl_set_features() would say more). */
	return put_header(e->msg, ifindex, ETHTOOL_FLAG_OMIT_REPLY);
}

int ethernet_begin(struct encoder *e, unsigned command, int ifindex)
{
	return begin(e, GENL_ETHTOOL, command, ifindex);
}

struct iface *ethernet_parse(struct mirror *m, const struct nlmsghdr *n, struct nlattr **tb,
			     int max)
{
	struct nlattr *header[ETHTOOL_A_HEADER_FLAGS + 1];

	if (nlmsg_parse((struct nlmsghdr *)n, GENL_HDRLEN, tb, max, NULL) < 0 ||
	    !tb[ATTR_HEADER] ||
	    nla_parse_nested(header, ETHTOOL_A_HEADER_FLAGS, tb[ATTR_HEADER], NULL) < 0 ||
	    !header[ETHTOOL_A_HEADER_DEV_INDEX])
		return NULL;
	return mirror_iface(m, nla_get_u32(header[ETHTOOL_A_HEADER_DEV_INDEX]));
}

/* A type knows attributes of one level, without the message. */
static struct row bare(const struct row *r)
{
	struct row b = *r;

	b.attr = r->attr & 0xff;
	return b;
}

static int observe_row(const struct feature *f, const struct row *r, struct object *o,
		       struct nlattr *const *tb)
{
	const struct row b = bare(r);
	int ret;

	if (row_has(f, r, o) && r->type->done)
		r->type->done(row_value(r, o));
	o->present &= ~row_bit(f, r);
	if (!tb[b.attr])
		return 0;
	ret = r->type->get(&b, tb[b.attr], row_value(r, o));
	if (!ret)
		o->present |= row_bit(f, r);
	return ret == -ENODATA ? 0 : ret;
}

int ethernet_observe(struct mirror *m, const struct nlmsghdr *n, struct feature *f)
{
	const struct genlmsghdr *g = NLMSG_DATA(n);
	struct nlattr *tb[ATTR_MAX + 1];
	struct iface *i = ethernet_parse(m, n, tb, ATTR_MAX);
	struct object *o;
	int ret;

	if (!i)
		return 0;
	o = iface_get_object(mirror_model(m), i, f);
	FOREACH_ROW(f, r) {
		unsigned message = r->attr >> 8;

		if (!message || messages[message].ioctl_answer != (n->nlmsg_type == GENL_IOCTL) ||
		    (g->cmd != messages[message].answer && g->cmd != messages[message].ntf))
			continue;
		ret = observe_row(f, r, o, tb);
		if (ret < 0)
			return ret;
	}
	mirror_touch(m, i);
	return 0;
}

static int put_row(struct encoder *e, const struct step *s, const struct row *r)
{
	const struct row b = bare(r);
	const void *from = row_has(s->feature, r, s->from) ? row_value(r, s->from) : NULL;

	if (r->type == &type_bitset || r->type == &type_bitset_plain)
		return bitset_put(e->msg, &b, row_value(r, s->to), from);
	return r->type->put(e->msg, &b, row_value(r, s->to));
}

/* The messages that rows of @mask are in, a bit each. */
static unsigned messages_of(const struct feature *f, uint64_t mask)
{
	unsigned bits = 0;

	FOREACH_ROW(f, r)
		if (mask & row_bit(f, r))
			bits |= 1u << (r->attr >> 8);
	return bits;
}

int ethernet_encode_rows(struct encoder *e, const struct step *s, uint64_t mask, unsigned part)
{
	unsigned bits = messages_of(s->feature, mask), message;

	for (; part; part--)
		bits &= bits - 1;
	message = __builtin_ctz(bits);
	if (begin(e, messages[message].ioctl_set ? GENL_IOCTL : GENL_ETHTOOL,
		  messages[message].set, s->ifindex) < 0)
		return -EMSGSIZE;
	FOREACH_ROW(s->feature, r)
		if ((mask & row_bit(s->feature, r)) && r->attr >> 8 == message &&
		    put_row(e, s, r) < 0)
			return -EMSGSIZE;
	return (bits & (bits - 1)) != 0;
}

int ethernet_encode(struct encoder *e, const struct step *s, unsigned part)
{
	return ethernet_encode_rows(e, s, s->mask, part);
}
