// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The kernel tells all of an interface's IP settings in every link message
 * (inet_fill_link_af(), inet6_fill_ifla6_attrs()), but takes most of them, and
 * what must happen with them, only through /proc/sys. It does not tell when
 * somebody else writes one there, except for forwarding and rp_filter.
 */
#include "core/devconf.h"

#include <stdio.h>

static void set_number(const struct feature *f, const struct row *r, struct object *o, int32_t v)
{
	if (r->type->size == 1)
		*(uint8_t *)row_value(r, o) = r->type == &type_bool ? !!v : v;
	else
		*(int32_t *)row_value(r, o) = v;
	o->present |= row_bit(f, r);
}

int devconf_observe(struct mirror *m, struct iface *i, const struct feature *f,
		    const struct link_message *lm, int family, int attr)
{
	struct nlattr *spec = lm->tb[IFLA_AF_SPEC], *af, *conf;
	struct object *o;
	const int32_t *values;

	af = spec ? nla_find(nla_data(spec), nla_len(spec), family) : NULL;
	conf = af ? nla_find(nla_data(af), nla_len(af), attr) : NULL;
	if (!conf) {
		iface_drop(mirror_model(m), i, f);
		return 0;
	}
	o = iface_get_object(mirror_model(m), i, f);
	o->present = 0;
	values = nla_data(conf);
	FOREACH_ROW(f, r) {
		if (!r->attr || r->attr * sizeof(*values) > (size_t)nla_len(conf))
			continue;
		set_number(f, r, o, values[r->attr - 1]);
	}
	return 0;
}

int devconf_filter_all(struct nl_msg *msg, void *header _unused_)
{
	return nla_put_u32(msg, NETCONFA_IFINDEX, NETCONFA_IFINDEX_ALL);
}

int devconf_observe_netconf(struct mirror *m, const struct nlmsghdr *n, const struct feature *f)
{
	static const struct {
		const char *key;
		int attr;
	} told[] = {
		{ "forwarding", NETCONFA_FORWARDING }, { "rp_filter", NETCONFA_RP_FILTER },
		{ "proxy_arp", NETCONFA_PROXY_NEIGH }, { "proxy_ndp", NETCONFA_PROXY_NEIGH },
	};
	struct nlattr *tb[NETCONFA_MAX + 1];
	struct model *model = mirror_model(m);
	struct iface *i;
	int index;

	if (nlmsg_parse((struct nlmsghdr *)n, sizeof(struct netconfmsg), tb, NETCONFA_MAX,
			NULL) < 0 ||
	    !tb[NETCONFA_IFINDEX])
		return -EBADMSG;
	index = nla_get_u32(tb[NETCONFA_IFINDEX]);
	/* Others get it too, and only of forwarding is each told (devinet_conf_proc()). */
	if (index == NETCONFA_IFINDEX_DEFAULT && !tb[NETCONFA_FORWARDING])
		mirror_untold(m);
	i = index == NETCONFA_IFINDEX_ALL ? model_get(model, DEVCONF_ALL) : mirror_iface(m, index);
	if (!i)
		return 0;
	if (index == NETCONFA_IFINDEX_ALL)
		model_set_index(model, i, index);
	for (unsigned k = 0; k < ARRAY_SIZE(told); k++) {
		const struct row *r = row_find(f, told[k].key);

		if (r && tb[told[k].attr])
			set_number(f, r, iface_get_object(model, i, f),
				   nla_get_u32(tb[told[k].attr]));
	}
	mirror_touch(m, i);
	return 0;
}

int devconf_encode(struct encoder *e, const struct step *s, unsigned part, const char *proto,
		   const char *(*file)(const struct row *row))
{
	const struct feature *f = s->feature;

	FOREACH_ROW(f, r) {
		const char *name = file ? file(r) : NULL;

		if (!(s->mask & row_bit(f, r)) || part-- > 0)
			continue;
		snprintf(e->path, sizeof(e->path), "net/%s/conf/%s/%s", proto, s->name,
			 name ? name : r->key);
		snprintf(e->value, sizeof(e->value), "%d",
			 r->type->size == 1 ? *(uint8_t *)row_value(r, s->to) :
					      *(int32_t *)row_value(r, s->to));
		encoder_sysctl(e);
		return !!(s->mask & ~(2 * row_bit(f, r) - 1));
	}
	return -EINVAL;
}
