// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * IP addresses. What the daemon adds carries its protocol number (IFA_PROTO,
 * since 5.18), so that it is known again even without the record.
 */
#include <arpa/inet.h>
#include <stdio.h>

#include "core/config.h"
#include "core/mirror.h"
#include "core/plan.h"
#include "core/rest.h"
#include "features/features.h"
#include "nl/uapi.h"

/* include/uapi/linux/if_addr.h; the enumeration may lack it, so the number is ours to keep. */
#define ATTR_PROTO 11 /* IFA_PROTO */

/*
 * IP6_RT_PRIO_ADDRCONF: of the route to an IPv6 address's network, where nothing else is
 * said; and the only way to take back what was (inet6_addr_modify()).
 */
#define METRIC_IPV6_DEFAULT 256

struct address {
	struct object o;
	struct ipaddr address, peer;
	char label[IFNAMSIZ];
	uint8_t scope, protocol, dynamic, tentative, dadfailed, secondary;
	uint32_t metric;
	struct rest *rest; /* of others' addresses: what no row says */
};

/* include/uapi/linux/rtnetlink.h, enum rt_scope_t */
static const struct word scopes[] = {
	{ "global", RT_SCOPE_UNIVERSE }, { "site", RT_SCOPE_SITE }, { "link", RT_SCOPE_LINK },
	{ "host", RT_SCOPE_HOST },	 { NULL, 0 },
};

/* include/uapi/linux/if_addr.h, IFAPROT_…; as iproute2 calls them */
static const struct word protocols[] = {
	{ "kernel_lo", 1 }, { "kernel_ra", 2 }, { "kernel_ll", 3 },
	{ "netctl", NETCTL_ADDRESS_PROTOCOL }, { NULL, 0 },
};

enum {
	ADDRESS, PEER, LABEL, SCOPE, METRIC, PROTOCOL, DYNAMIC, TENTATIVE, DADFAILED, SECONDARY,
	REST,
};

static const struct row rows[] = {
	[ADDRESS] = { .key = "address", .type = &type_prefix, VALUE(address, address),
		      .flags = ROW_KEY, .phase = PHASE_ADDRESS, .off = PHASE_DROP_ADDRESS,
		      .help = "Address with prefix length" },
	[PEER] = { .key = "peer", .type = &type_ip, VALUE(address, peer),
		   .flags = ROW_KEY | ROW_OPTIONAL,
		   .help = "Address of the other end of a point-to-point link" },
	[LABEL] = { .key = "label", .type = &type_name, VALUE(address, label),
		    .help = "Name of an IPv4 address, beginning with the interface's" },
	[SCOPE] = { .key = "scope", .type = &type_enum8, VALUE(address, scope), .data = scopes,
		    .help = "Where the address is valid" },
	[METRIC] = { .key = "metric", .type = &type_u32, VALUE(address, metric),
		     .help = "Metric of the route to the address's network" },
	[PROTOCOL] = { .key = "protocol", .type = &type_u8, VALUE(address, protocol),
		       .flags = ROW_STATE, .data = protocols, .help = "Who made it (IFA_PROTO)" },
	[DYNAMIC] = { .key = "dynamic", .type = &type_bool, VALUE(address, dynamic),
		      .flags = ROW_STATE,
		      .help = "Has a lifetime: from DHCP or autoconfiguration" },
	[TENTATIVE] = { .key = "tentative", .type = &type_bool, VALUE(address, tentative),
			.flags = ROW_STATE, .help = "Duplicate address detection is under way" },
	[DADFAILED] = { .key = "dadfailed", .type = &type_bool, VALUE(address, dadfailed),
			.flags = ROW_STATE,
			.help = "Another host has it, said duplicate address detection: not used" },
	[SECONDARY] = { .key = "secondary", .type = &type_bool, VALUE(address, secondary),
			.flags = ROW_STATE,
			.help = "Goes with the first address of its network, "
				"which is the source of packets" },
	[REST] = { .key = "rest", .type = &type_rest, VALUE(address, rest), .flags = ROW_STATE,
		   .help = "What else another's address has; never shown" },
};

/* What the kernel says of an address, and nobody can set. */
#define FLAGS_STATE                                                                                \
	(IFA_F_PERMANENT | IFA_F_SECONDARY | IFA_F_TENTATIVE | IFA_F_DADFAILED |                   \
	 IFA_F_OPTIMISTIC | IFA_F_DEPRECATED)

/* Has it a lifetime that runs? Then somebody renews it, also where it is to be valid for ever. */
static bool runs(const struct nlattr *cacheinfo)
{
	const struct ifa_cacheinfo *ci = cacheinfo ? nla_data(cacheinfo) : NULL;

	return ci && nla_len(cacheinfo) >= (int)sizeof(*ci) && ci->ifa_prefered &&
	       ci->ifa_prefered != UINT32_MAX;
}

static void decode_rest(uint32_t flags, struct nlattr **tb, struct address *a)
{
	struct ifa_cacheinfo ci = { .ifa_prefered = 0, .ifa_valid = UINT32_MAX };
	uint32_t set = flags & ~FLAGS_STATE;

	rest_add_bytes(&a->rest, IFA_FLAGS, &set, sizeof(set));
	if (flags & IFA_F_DEPRECATED) /* "preferred_lft 0", and how one says it */
		rest_add_bytes(&a->rest, IFA_CACHEINFO, &ci, sizeof(ci));
	if (tb[IFA_BROADCAST])
		rest_add(&a->rest, tb[IFA_BROADCAST]);
	a->o.present |= BIT64(REST);
}

static void decode(const struct ifaddrmsg *info, struct nlattr **tb, struct address *a)
{
	struct nlattr *local = tb[IFA_LOCAL] ? tb[IFA_LOCAL] : tb[IFA_ADDRESS];
	uint32_t flags = tb[IFA_FLAGS] ? nla_get_u32(tb[IFA_FLAGS]) : info->ifa_flags;

	ip_decode(local, info->ifa_family, info->ifa_prefixlen, &a->address);
	a->scope = info->ifa_scope;
	a->dynamic = !(flags & IFA_F_PERMANENT) || runs(tb[IFA_CACHEINFO]);
	a->tentative = !!(flags & IFA_F_TENTATIVE);
	a->dadfailed = !!(flags & IFA_F_DADFAILED);
	/* The same bit is IFA_F_TEMPORARY of IPv6. */
	a->secondary = info->ifa_family == AF_INET && (flags & IFA_F_SECONDARY);
	a->o.present = BIT64(ADDRESS) | BIT64(SCOPE) | BIT64(DYNAMIC) | BIT64(METRIC) |
		       BIT64(TENTATIVE) | BIT64(SECONDARY);
	if (a->dadfailed)
		a->o.present |= BIT64(DADFAILED);
	if (tb[IFA_RT_PRIORITY])
		a->metric = nla_get_u32(tb[IFA_RT_PRIORITY]);
	if (tb[IFA_LABEL]) {
		strncpy(a->label, nla_get_string(tb[IFA_LABEL]), sizeof(a->label) - 1);
		a->o.present |= BIT64(LABEL);
	}
	if (tb[ATTR_PROTO] && nla_get_u8(tb[ATTR_PROTO])) {
		a->protocol = nla_get_u8(tb[ATTR_PROTO]);
		a->o.present |= BIT64(PROTOCOL);
	}
	/* IFA_ADDRESS is the other end where it is not the address itself. */
	if (tb[IFA_ADDRESS] && nla_memcmp(tb[IFA_ADDRESS], nla_data(local), nla_len(local))) {
		ip_decode(tb[IFA_ADDRESS], info->ifa_family, 8 * ip_size(&a->address), &a->peer);
		a->o.present |= BIT64(PEER);
	}
	if (a->protocol != NETCTL_ADDRESS_PROTOCOL)
		decode_rest(flags, tb, a);
}

static int observe(struct mirror *m, const struct nlmsghdr *n, bool add)
{
	const struct ifaddrmsg *info = NLMSG_DATA(n);
	struct iface *i = mirror_iface(m, info->ifa_index);
	struct nlattr *tb[ATTR_PROTO + 1];
	struct object *o;

	if (!i)
		return 0; /* gone in the meantime */
	if (nlmsg_parse((struct nlmsghdr *)n, sizeof(*info), tb, ATTR_PROTO, NULL) < 0 ||
	    !(tb[IFA_LOCAL] || tb[IFA_ADDRESS]))
		return -EBADMSG;
	o = object_new(&address_feature, NULL);
	decode(info, tb, (struct address *)o);
	mirror_list_entry(m, i, &address_feature, o, add);
	return 0;
}

static const struct source sources[] = {
	{ .get = RTM_GETADDR, .add = RTM_NEWADDR, .del = RTM_DELADDR, .family = AF_UNSPEC,
	  .header = sizeof(struct ifaddrmsg),
	  .groups = { RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR } },
	{ 0 },
};

static int parse_entry(struct parse *p, const config_setting_t *s, struct object *o)
{
	int r = type_prefix.parse(p, s, &((struct address *)o)->address);

	if (!r)
		o->present |= BIT64(ADDRESS);
	return r;
}

/* An end that is the address itself is none: the kernel tells the two the same way. */
static void complete_entry(struct object *o)
{
	struct address *a = (struct address *)o;

	if (!(o->present & BIT64(PEER)) || a->peer.family != a->address.family ||
	    memcmp(a->peer.bytes, a->address.bytes, sizeof(a->peer.bytes)))
		return;
	a->peer = (struct ipaddr){ 0 };
	o->present &= ~BIT64(PEER);
}

static char *format(const struct object *o)
{
	char buf[IP_TEXT_MAX];

	return str_dup(ip_text(&((const struct address *)o)->address, true, buf));
}

static bool is_ours(const struct object *o)
{
	return ((const struct address *)o)->protocol == NETCTL_ADDRESS_PROTOCOL;
}

/* The kernel's own (loopback, link-local, from router advertisements) are not a stranger's. */
static bool is_foreign(const struct object *o)
{
	const struct address *a = (const struct address *)o;

	return !a->dynamic && !is_ours(o) && a->scope == RT_SCOPE_UNIVERSE &&
	       (a->protocol == IFAPROT_UNSPEC || a->protocol > IFAPROT_KERNEL_LL);
}

static bool is_default(const struct row *row, const struct object *to _unused_,
		       const struct object *from, const struct iface *i)
{
	const struct address *a = (const struct address *)from;

	switch (row - rows) {
	case LABEL:
		return !strcmp(a->label, i->name);
	case SCOPE:
		/* Of IPv6 it is in the address (rt_scope()), and nobody can say another. */
		return a->address.family == AF_INET6 || a->scope == RT_SCOPE_UNIVERSE;
	case METRIC:
		return !a->metric ||
		       (a->address.family == AF_INET6 && a->metric == METRIC_IPV6_DEFAULT);
	}
	return false;
}

static bool is_zero_address(const struct ipaddr *ip)
{
	static const uint8_t zero[16];

	return !memcmp(ip->bytes, zero, ip_size(ip));
}

static void check_one(const struct iface *i, const struct address *a, struct errors *e)
{
	const struct feature *ipv6 = feature_find("ipv6");
	const struct row *disable = row_find(ipv6, "disable");
	const struct object *v6 = iface_object(i, ipv6);
	const struct origin *at = object_where(&address_feature, &rows[ADDRESS], &a->o);
	char buf[IP_TEXT_MAX];

	ip_text(&a->address, true, buf);
	if (is_zero_address(&a->address) || !a->address.prefix)
		errors_add(e, at, "%s: addresses: %s is no address of an interface", i->name, buf);
	else if (a->address.bytes[0] == 0xff ||
		 (a->address.family == AF_INET && a->address.bytes[0] >> 4 == 0xe))
		errors_add(e, at, "%s: addresses: %s is a multicast address", i->name, buf);
	if ((a->o.present & BIT64(PEER)) && a->peer.family != a->address.family)
		errors_add(e, at, "%s: addresses: %s: peer is of the other family", i->name, buf);
	if ((a->o.present & BIT64(LABEL)) &&
	    (a->address.family != AF_INET || strncmp(a->label, i->name, strlen(i->name))))
		errors_add(e, at, "%s: addresses: %s: a label is for IPv4 and begins with \"%s\"",
			   i->name, buf, i->name);
	if (a->address.family == AF_INET6 && (a->o.present & BIT64(SCOPE)))
		errors_add(e, at, "%s: addresses: %s: of IPv6 the scope is in the address", i->name,
			   buf);
	/* IPV6_MIN_MTU: below it the kernel takes IPv6 off the interface. */
	if (a->address.family == AF_INET6 && iface_link(i)->mtu && iface_link(i)->mtu < 1280)
		errors_add(e, at, "%s: addresses: %s: IPv6 needs an mtu of at least 1280", i->name,
			   buf);
	if (a->address.family == AF_INET6 && row_has(ipv6, disable, v6) &&
	    !row_is_zero(disable, v6))
		errors_add(e, at, "%s: addresses: %s, but ipv6.disable is true", i->name, buf);
}

/* IPv6 knows an address without its length. */
static void check_twice(const struct iface *i, const struct address *a, const struct address *b,
			struct errors *e)
{
	char buf[IP_TEXT_MAX];

	if (a->address.family == AF_INET6 && b->address.family == AF_INET6 &&
	    !memcmp(a->address.bytes, b->address.bytes, 16))
		errors_add(e, object_where(&address_feature, &rows[ADDRESS], &b->o),
			   "%s: addresses: %s: the same address twice, with two lengths", i->name,
			   ip_text(&b->address, true, buf));
}

static void check(const struct model *want _unused_, const struct iface *i, struct errors *e)
{
	const struct list *l = iface_list(i, &address_feature);
	const struct link *link = iface_link(i);

	for (unsigned n = 0; l && n < l->n; n++) {
		check_one(i, (const struct address *)l->items[n], e);
		for (unsigned k = 0; k < n; k++)
			check_twice(i, (const struct address *)l->items[k],
				    (const struct address *)l->items[n], e);
	}
	if (l && l->n && *link->master.name)
		errors_add(e, object_where(&address_feature, &rows[ADDRESS], l->items[0]),
			   "%s: addresses: a port of %s has none; they belong on %s", i->name,
			   link->master.name, link->master.name);
}

/* What is no host's: the first of a network, and of IPv4 the last (RFC 3021: not of /31). */
static const char *whose(const struct ipaddr *a)
{
	unsigned bits = a->family == AF_INET ? 32 : 128, zeros = 0, ones = 0;

	if (a->prefix + 1u >= bits)
		return NULL;
	for (unsigned n = a->prefix; n < bits; n++)
		*(a->bytes[n / 8] >> (7 - n % 8) & 1 ? &ones : &zeros) += 1;
	return !ones ? "the network's own address" :
	       !zeros && a->family == AF_INET ? "the network's broadcast address" : NULL;
}

static void warn(const struct model *want _unused_, const struct model *machine _unused_,
		 const struct iface *i, struct errors *warnings)
{
	const struct list *l = iface_list(i, &address_feature);

	for (unsigned n = 0; l && n < l->n; n++) {
		const struct address *a = (const struct address *)l->items[n];
		const char *is = a->o.present & BIT64(PEER) ? NULL : whose(&a->address);
		char buf[IP_TEXT_MAX];

		if (is)
			errors_add(warnings, object_where(&address_feature, &rows[ADDRESS], &a->o),
				   "%s: addresses: %s is %s, not a host's", i->name,
				   ip_text(&a->address, true, buf), is);
	}
}

static int put_broadcast(struct encoder *e, const struct address *a)
{
	uint32_t address;

	if (a->address.family != AF_INET || a->address.prefix > 30 || (a->o.present & BIT64(PEER)))
		return 0;
	memcpy(&address, a->address.bytes, sizeof(address));
	return nla_put_u32(e->msg, IFA_BROADCAST, address | htonl(UINT32_MAX >> a->address.prefix));
}

static bool same_network(const struct ipaddr *a, const struct ipaddr *b)
{
	uint32_t na, nb;

	if (a->family != AF_INET || b->family != AF_INET || a->prefix != b->prefix)
		return false;
	memcpy(&na, a->bytes, sizeof(na));
	memcpy(&nb, b->bytes, sizeof(nb));
	return !a->prefix || !(ntohl(na ^ nb) >> (32 - a->prefix));
}

/*
 * The first of its network is primary, the source of what is sent there, and so
 * it shall be the first of the configuration (__inet_insert_ifa()).
 */
static bool misplaced(const struct object *to, const struct object *from, const struct iface *want,
		      const struct iface *have)
{
	const struct list *entries = iface_list(want, &address_feature);
	const struct address *b = (const struct address *)to;

	if (b->address.family != AF_INET || ((const struct address *)from)->secondary)
		return false;
	for (unsigned n = 0; entries && n < entries->n && entries->items[n] != to; n++) {
		const struct address *a = (const struct address *)entries->items[n], *other;

		if (!same_network(&a->address, &b->address))
			continue;
		other = (const struct address *)list_find(
			&address_feature, iface_list(have, &address_feature), &a->o);
		if (!other || other->secondary)
			return true;
	}
	return false;
}

/* It is switched on before addresses are added, and off after that. */
static bool promotes_anyway(const struct step *s)
{
	const struct feature *ipv4 = feature_find("ipv4");
	const struct row *row = row_find(ipv4, "promote_secondaries");
	const struct object *have = iface_object(s->have, ipv4);
	const struct object *want = iface_object(s->want, ipv4);

	return (row_has(ipv4, row, have) && !row_is_zero(row, have)) ||
	       (s->verb == VERB_REPLACE && row_has(ipv4, row, want) && !row_is_zero(row, want));
}

/* Would others of its network go with it (inet_del_ifa()), and are not to? */
static bool needs_promotion(const struct step *s)
{
	const struct list *have = iface_list(s->have, &address_feature);
	const struct address *from = (const struct address *)s->from;
	bool others = s->verb == VERB_REPLACE; /* that came just before, maybe */

	if (from->address.family != AF_INET || promotes_anyway(s))
		return false;
	for (unsigned n = 0; have && n < have->n; n++) {
		const struct address *a = (const struct address *)have->items[n];

		if (a == from || !same_network(&a->address, &from->address))
			continue;
		/* Nothing goes with a secondary one whose primary one stays. */
		if (from->secondary && !a->secondary &&
		    list_find(&address_feature, iface_list(s->want, &address_feature), &a->o))
			return false;
		others = true;
	}
	return others;
}

static int encode_promotion(struct encoder *e, const struct step *s, bool on)
{
	snprintf(e->path, sizeof(e->path), "net/ipv4/conf/%s/promote_secondaries", s->name);
	snprintf(e->value, sizeof(e->value), "%d", on);
	encoder_sysctl(e);
	return 0;
}

static int encode_one(struct encoder *e, const struct step *s, bool add)
{
	const struct address *a = (const struct address *)(add ? s->to : s->from);
	struct ifaddrmsg *info =
		encoder_begin(e, add ? RTM_NEWADDR : RTM_DELADDR,
			      add ? NLM_F_CREATE | NLM_F_REPLACE : 0, sizeof(*info));
	int r;

	info->ifa_family = a->address.family;
	info->ifa_prefixlen = a->address.prefix;
	info->ifa_index = s->ifindex;
	info->ifa_scope = a->scope;
	r = ip_encode(e->msg, IFA_LOCAL, &a->address);
	if (r >= 0)
		r = ip_encode(e->msg, IFA_ADDRESS,
			      a->o.present & BIT64(PEER) ? &a->peer : &a->address);
	if (r >= 0 && add)
		r = a->o.present & BIT64(REST) ? rest_put(e->msg, a->rest) : put_broadcast(e, a);
	/* Another's that comes back has what it had, maybe none. */
	if (r >= 0 && add && (!s->reset || a->protocol))
		r = nla_put_u8(e->msg, ATTR_PROTO,
			       s->reset ? a->protocol : NETCTL_ADDRESS_PROTOCOL);
	if (r >= 0 && add && (a->o.present & BIT64(LABEL)))
		r = nla_put_string(e->msg, IFA_LABEL, a->label);
	if (r >= 0 && add && (a->o.present & BIT64(METRIC)))
		r = nla_put_u32(e->msg, IFA_RT_PRIORITY, a->metric);
	else if (r >= 0 && s->verb == VERB_REPLACE && add && a->address.family == AF_INET6)
		r = nla_put_u32(e->msg, IFA_RT_PRIORITY, METRIC_IPV6_DEFAULT);
	return r < 0 ? -EMSGSIZE : 0;
}

/* The kernel replaces the metric and the lifetimes of an address, and ignores the rest. */
static bool needs_removal(const struct step *s)
{
	if (s->verb != VERB_REPLACE)
		return s->verb == VERB_REMOVE;
	if (misplaced(s->to, s->from, s->want, s->have))
		return true;
	for (unsigned n = PEER; n <= SCOPE; n++) {
		bool to = s->to->present & BIT64(n), from = s->from->present & BIT64(n);

		if (to ? !from || !row_equal(&rows[n], s->to, s->from) :
			 from && !is_default(&rows[n], s->to, s->from, s->have))
			return true;
	}
	return false;
}

/*
 * Around the removal of an address that others of its network depend on, those
 * are promoted: [sysctl] remove [sysctl] [add].
 */
static int encode(struct encoder *e, const struct step *s, unsigned part)
{
	bool remove = needs_removal(s), add = s->verb != VERB_REMOVE;
	bool promote = remove && needs_promotion(s);
	unsigned last = 2 * promote + remove + add - 1;
	int r;

	if (promote && (part == 0 || part == 2))
		r = encode_promotion(e, s, part == 0);
	else
		r = encode_one(e, s, !remove || part > promote);
	return r < 0 ? r : part < last;
}

static const struct row *passing(const struct step *s, const struct feature **ret)
{
	if (s->verb == VERB_ADD || !needs_removal(s) || !needs_promotion(s))
		return NULL;
	*ret = feature_find("ipv4");
	return row_find(*ret, "promote_secondaries");
}

static enum loss loses(const struct step *s, char **ret_why)
{
	_cleanup_free_ char *word = NULL;

	if (s->verb != VERB_REMOVE)
		return LOSS_NONE;
	word = format(s->from);
	*ret_why = str_format("loses address %s", word);
	return LOSS_PART;
}

/* It is one itself; where it is another of the network, the route to that says so. */
static bool leads(const struct object *o, const struct ipaddr *to, struct lead *ret)
{
	const struct ipaddr *own = &((const struct address *)o)->address;

	*ret = (struct lead){ .prefix = 8 * ip_size(own) };
	return own->family == to->family && !memcmp(own->bytes, to->bytes, ip_size(own));
}

struct feature address_feature = {
	.name = "addresses", .help = "IP addresses", .form = FORM_LIST, .reached = true,
	.size = sizeof(struct address), .rows = rows, .n_rows = ARRAY_SIZE(rows),
	.sources = sources, .observe = observe, .parse_entry = parse_entry,
	.complete_entry = complete_entry, .format = format,
	.is_ours = is_ours, .is_default = is_default, .is_foreign = is_foreign, .check = check,
	.warn = warn,
	.misplaced = misplaced, .encode = encode,
	.passing = passing, .loses = loses, .leads = leads,
};
