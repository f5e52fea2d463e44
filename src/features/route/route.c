// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Routes through an interface, unicast, one next hop. What the daemon adds
 * carries its protocol number; with it, it knows its own routes again.
 */
#include <arpa/inet.h>
#include <stdio.h>

#include "core/config.h"
#include "core/mirror.h"
#include "core/plan.h"
#include "features/route/route.h"
#include "nl/uapi.h"

/* include/uapi/linux/rtnetlink.h, enum rt_scope_t */
static const struct word scopes[] = {
	{ "global", RT_SCOPE_UNIVERSE }, { "site", RT_SCOPE_SITE }, { "link", RT_SCOPE_LINK },
	{ "host", RT_SCOPE_HOST },	 { NULL, 0 },
};

/* Where a route leads: a prefix, or "default". */
static int to_parse(struct parse *p, const config_setting_t *s, void *v)
{
	struct ipaddr ip = { 0 }; /* the family of "default" is that of its router */
	int r;

	if (config_setting_type(s) == CONFIG_TYPE_STRING &&
	    !strcmp(config_setting_get_string(s), "default")) {
		memcpy(v, &ip, sizeof(ip));
		return 0;
	}
	r = type_prefix.parse(p, s, &ip);
	if (r < 0)
		return r;
	if (!ip_is_network(&ip)) {
		p->why = str_format("\"%s\" has bits behind its prefix length",
				    config_setting_get_string(s));
		return -EINVAL;
	}
	memcpy(v, &ip, sizeof(ip));
	return 0;
}

static json_t *to_json(const struct row *row, const void *v)
{
	const struct ipaddr *ip = v;

	if (ip->family != AF_INET6 && !ip->prefix)
		return json_string("default");
	return type_prefix.json(row, v);
}

/* Numbers that have a name in iproute2, too: enum rt_class_t, RTPROT_… */
static const struct word tables[] = {
	{ "default", RT_TABLE_DEFAULT }, { "main", RT_TABLE_MAIN }, { "local", RT_TABLE_LOCAL },
	{ NULL, 0 },
};

static const struct word protocols[] = {
	{ "redirect", RTPROT_REDIRECT }, { "kernel", RTPROT_KERNEL }, { "boot", RTPROT_BOOT },
	{ "static", RTPROT_STATIC },	 { "ra", RTPROT_RA },	      { "zebra", RTPROT_ZEBRA },
	{ "bird", RTPROT_BIRD },	 { "dhcp", RTPROT_DHCP },     { "babel", RTPROT_BABEL },
	{ "bgp", RTPROT_BGP },		 { "isis", RTPROT_ISIS },     { "ospf", RTPROT_OSPF },
	{ "rip", RTPROT_RIP },		 { "eigrp", RTPROT_EIGRP },
	{ "netctl", NETCTL_ROUTE_PROTOCOL }, { NULL, 0 },
};

static const struct type type_to = {
	.name = "IP prefix or \"default\"", .signature = "s", .size = sizeof(struct ipaddr),
	.parse = to_parse, .json = to_json,
};

static const struct row rows[] = {
	[TO] = { .key = "to", .type = &type_to, VALUE(route, to), .flags = ROW_KEY,
		 .phase = PHASE_ROUTE, .off = PHASE_DROP_ROUTE, .help = "Destination" },
	[TABLE] = { .key = "table", .type = &type_u32, VALUE(route, table), .min = 1,
		    .max = UINT32_MAX, .flags = ROW_KEY, .initial = "254", .data = tables,
		    .help = "Routing table; 254 is \"main\", 253 \"default\"" },
	[METRIC] = { .key = "metric", .type = &type_u32, VALUE(route, metric), .flags = ROW_KEY,
		     .initial = "0", .help = "The lowest wins; by itself 0, for IPv6 1024" },
	[VIA] = { .key = "via", .type = &type_ip, VALUE(route, via),
		  .help = "Next router; without it the destination is on the link" },
	[SOURCE] = { .key = "source", .type = &type_ip, VALUE(route, source),
		     .help = "Preferred source address" },
	[SCOPE] = { .key = "scope", .type = &type_enum8, VALUE(route, scope), .data = scopes,
		    .help = "Distance of the destination; IPv4 only" },
	[ONLINK] = { .key = "onlink", .type = &type_bool, VALUE(route, onlink),
		     .help = "The next router is on the link, whatever the addresses say" },
	[PROTOCOL] = { .key = "protocol", .type = &type_u8, VALUE(route, protocol),
		       .flags = ROW_STATE, .data = protocols,
		       .help = "Who made it (rtm_protocol)" },
	[REST] = { .key = "rest", .type = &type_rest, VALUE(route, rest), .flags = ROW_STATE,
		   .help = "What else another's route has; never shown" },
};

static char *format(const struct object *o)
{
	const struct route *r = (const struct route *)o;
	char to[IP_TEXT_MAX], via[IP_TEXT_MAX], metric[32] = "", table[32] = "";

	ip_text(&r->to, true, to);
	ip_text(&r->via, false, via);
	if (r->metric)
		snprintf(metric, sizeof(metric), " metric %u", r->metric);
	if (r->table != RT_TABLE_MAIN)
		snprintf(table, sizeof(table), " table %u", r->table);
	return str_format("%s%s%s%s%s", !r->to.prefix && r->to.family == AF_INET ? "default" : to,
			  *via ? " via " : "", via, table, metric);
}

static bool is_ours(const struct object *o)
{
	return ((const struct route *)o)->protocol == NETCTL_ROUTE_PROTOCOL;
}

static bool is_foreign(const struct object *o)
{
	const struct route *r = (const struct route *)o;

	return !is_ours(o) && !r->fixed && r->protocol != RTPROT_KERNEL &&
	       r->protocol != RTPROT_REDIRECT && r->protocol != RTPROT_RA;
}

static bool is_default(const struct row *row, const struct object *to, const struct object *from,
		       const struct iface *i _unused_)
{
	const struct route *r = (const struct route *)from;

	switch (row - rows) {
	case SCOPE:
		return r->scope == route_scope((const struct route *)to);
	case ONLINK:
		return !r->onlink;
	}
	return false;
}

/* It may be about to move, or to go with its interface. */
static const struct object *find_kept(const struct planner *p, const struct iface *have,
				      const struct ipaddr *source)
{
	const struct feature *f = feature_find("addresses");
	const struct object *o = route_find_address(have, source);

	if (!o || plan_target(p, have->name) != have->ifindex)
		return NULL;
	if (list_find(f, iface_list(model_find(p->want, have->name), f), o))
		return o;
	return f->is_ours(o) ? NULL : o;
}

/*
 * How long an address of @i may be tentative; RFC 4862, 5.1 and 5.4.2, where the kernel
 * does not say.
 */
static uint64_t dad_usec(const struct iface *i)
{
	const struct feature *f = feature_find("ipv6");
	const struct row *r = row_find(f, "dad_time");
	const struct object *o = iface_object(i, f);

	return row_has(f, r, o) ? *(uint64_t *)row_value(r, o) / 1000 : UINT64_C(2000000);
}

/* Is it an address of the machine, where the configuration has it, that may be used already? */
static bool source_usable(const struct planner *p, const struct iface *want,
			  const struct ipaddr *source)
{
	const struct feature *f = feature_find("addresses");
	const struct iface *at = model_find(p->have, want->name);
	const struct object *o = NULL;

	if (route_find_address(want, source)) {
		o = find_kept(p, at, source);
	} else {
		MODEL_FOREACH(p->have, i) {
			o = find_kept(p, i, source);
			at = i;
			if (o)
				break;
		}
	}
	if (o && row_is_zero(row_find(f, "tentative"), o))
		return true;
	/* Without a carrier nothing is detected. */
	if (o && iface_link(at)->carrier && !row_has(f, row_find(f, "dadfailed"), o))
		plan_await(p, dad_usec(at));
	return false;
}

/*
 * Destination, table and metric are one place in the kernel, whatever the interface
 * (fib_table_insert(), fib6_add_rt2node()). Return: the other one that has it, by another hand.
 */
static const struct iface *place_taken(const struct planner *p, const struct iface *want,
				       const struct object *entry)
{
	if (list_find(&route_feature, iface_list(plan_have(p, want->name), &route_feature), entry))
		return NULL;
	MODEL_FOREACH(p->have, i) {
		const struct object *o =
			list_find(&route_feature, iface_list(i, &route_feature), entry);

		if (o && !is_ours(o))
			return i;
	}
	return NULL;
}

/* IPv6 takes no source that duplicate address detection has not passed (ipv6_chk_addr()). */
static char *entry_blocked(const struct planner *p, const struct iface *want,
			   const struct object *entry)
{
	const struct iface *other = place_taken(p, want, entry);
	char *down = plan_kept_down(p, want);
	const struct route *r = (const struct route *)entry;
	char buf[IP_TEXT_MAX];

	if (down) /* fib_check_nh(): ENETDOWN */
		return down;
	if (other) {
		_cleanup_free_ char *text = format(entry);

		return str_format("the route %s waits: %s has one to there with the same metric, "
				  "made by another program", text, other->name);
	}
	if (!(r->o.present & BIT64(SOURCE)) || r->source.family != AF_INET6 ||
	    source_usable(p, want, &r->source))
		return NULL;
	return str_format("a route waits for its source %s to be usable",
			  ip_text(&r->source, false, buf));
}

/* A router has to be on the link already (fib_check_nh()), which may be by another route. */
static unsigned rank(const struct iface *i _unused_, const struct object *o)
{
	return !!(o->present & BIT64(VIA));
}

static void complete_one(struct route *r)
{
	if (!r->to.family)
		r->to.family = r->o.present & BIT64(VIA) ? r->via.family : AF_INET;
	if (!(r->o.present & BIT64(TABLE)))
		r->table = RT_TABLE_MAIN;
	/* The kernel makes IPV6 metric 0 this one (IP6_RT_PRIO_USER). */
	if (!r->metric && r->to.family == AF_INET6)
		r->metric = 1024;
	r->o.present |= BIT64(TABLE) | BIT64(METRIC);
}

static void complete(struct model *want _unused_, struct iface *i)
{
	struct list *l = iface_list(i, &route_feature);

	for (unsigned n = 0; l && n < l->n; n++)
		complete_one((struct route *)l->items[n]);
	if (l)
		list_rekey(l);
}

static void check_one(const struct iface *i, const struct route *r, struct errors *e)
{
	const struct origin *at = object_where(&route_feature, &rows[TO], &r->o);
	_cleanup_free_ char *text = format(&r->o);

	if ((r->o.present & BIT64(VIA)) && r->via.family != r->to.family)
		errors_add(e, at, "%s: routes: %s: via is of the other family", i->name, text);
	if ((r->o.present & BIT64(SOURCE)) && r->source.family != r->to.family)
		errors_add(e, at, "%s: routes: %s: source is of the other family", i->name, text);
	if ((r->o.present & BIT64(SCOPE)) && r->to.family != AF_INET)
		errors_add(e, at, "%s: routes: %s: scope is for IPv4", i->name, text);
	if (r->onlink && !(r->o.present & BIT64(VIA)))
		errors_add(e, at, "%s: routes: %s: onlink needs via", i->name, text);
	if (r->table == RT_TABLE_LOCAL)
		errors_add(e, at, "%s: routes: %s: table 255 is the kernel's own", i->name, text);
}

struct place {
	const struct route *route;
	const struct iface *iface;
};

static int compare_places(const void *pa, const void *pb)
{
	const struct route *a = ((const struct place *)pa)->route;
	const struct route *b = ((const struct place *)pb)->route;
	int r = memcmp(&a->to, &b->to, sizeof(a->to));

	if (r)
		return r;
	if (a->table != b->table)
		return a->table < b->table ? -1 : 1;
	return a->metric < b->metric ? -1 : a->metric > b->metric;
}

/* Destination, table and metric are one place, whatever the interface. */
static void check_places(const struct model *want, struct errors *e)
{
	struct place *places = NULL;
	unsigned n = 0;

	MODEL_FOREACH(want, i) {
		const struct list *l = iface_list(i, &route_feature);

		for (unsigned k = 0; l && k < l->n; k++) {
			places = array_reserve(places, n, sizeof(*places));
			places[n++] = (struct place){ (const struct route *)l->items[k], i };
		}
	}
	if (n)
		qsort(places, n, sizeof(*places), compare_places);
	for (unsigned k = 1; k < n; k++) {
		const struct route *r = places[k].route;
		_cleanup_free_ char *text = format(&r->o);

		if (compare_places(&places[k - 1], &places[k]))
			continue;
		errors_add(e, object_where(&route_feature, &rows[TO], &r->o),
			   "%s: routes: %s: %s has a route of the same destination, "
			   "table and metric",
			   places[k].iface->name, text, places[k - 1].iface->name);
	}
	free(places);
}

static void check(const struct model *want, const struct iface *i, struct errors *e)
{
	const struct list *l = iface_list(i, &route_feature);
	const struct link *link = iface_link(i);

	if (i == want->by_name) /* once for all */
		check_places(want, e);

	for (unsigned n = 0; l && n < l->n; n++)
		check_one(i, (const struct route *)l->items[n], e);
	if (!l || !l->n)
		return;
	if (*link->master.name)
		errors_add(e, object_where(&route_feature, &rows[TO], l->items[0]),
			   "%s: routes: a port of %s has none; they belong on %s", i->name,
			   link->master.name, link->master.name);
	else if (!link->up)
		errors_add(e, object_where(&route_feature, &rows[TO], l->items[0]),
			   "%s: routes: the kernel takes none while up is false", i->name);
}

/* What could not be given back, or is not told apart by our keys, is not taken. */
static void warn(const struct model *want _unused_, const struct model *have, const struct iface *i,
		 struct errors *warnings)
{
	const struct list *there = iface_list(model_find(have, i->name), &route_feature);
	const struct feature *link = features[FEATURE_LINK];

	if (iface_link(i)->foreign_policy != FOREIGN_REMOVE || !iface_list(i, &route_feature))
		return;
	for (unsigned n = 0; there && n < there->n; n++) {
		const struct route *r = (const struct route *)there->items[n];
		_cleanup_free_ char *text = r->fixed ? format(&r->o) : NULL;

		if (text)
			errors_add(warnings,
				   object_where(link, row_find(link, "foreign"),
						i->part[FEATURE_LINK]),
				   "%s: routes: foreign = \"remove\" leaves %s alone, which has %s",
				   i->name, text, r->fixed);
	}
}

static bool leads(const struct object *o, const struct ipaddr *to, struct lead *ret)
{
	const struct route *r = (const struct route *)o;

	*ret = (struct lead){ .prefix = r->to.prefix, .metric = r->metric, .table = r->table };
	return ip_is_within(to, &r->to);
}

static enum loss loses(const struct step *s, char **ret_why)
{
	const struct route *r = (const struct route *)s->from;
	_cleanup_free_ char *word = r ? format(s->from) : NULL;
	bool replaced = s->verb == VERB_REPLACE && entry_row_changes(s, &rows[VIA]);

	if (s->verb != VERB_REMOVE && !replaced)
		return LOSS_NONE;
	*ret_why = str_format("the route %s is %s", word, replaced ? "replaced" : "removed");
	return LOSS_PART;
}

struct feature route_feature = {
	.name = "routes", .help = "Routes through the interface", .form = FORM_LIST,
	.size = sizeof(struct route), .rows = rows, .n_rows = ARRAY_SIZE(rows),
	.sources = route_sources, .observe = route_observe, .observe_link = route_observe_link,
	.format = format,
	.is_ours = is_ours, .is_default = is_default, .entry_blocked = entry_blocked,
	.rank = rank, .is_foreign = is_foreign, .complete = complete, .check = check,
	.loses = loses, .leads = leads, .encode = route_encode, .warn = warn,
};
