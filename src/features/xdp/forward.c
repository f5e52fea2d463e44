// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The program forward. Which device a VLAN interface stands on, and the
 * interface's own address, are asked for at the last moment, when everything
 * that the configuration creates is there.
 */
#include <net/if.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "bpf/forward.h"
#include "core/errors.h"
#include "features/xdp/xdp.h"

#include <linux/if_ether.h>
#include <linux/if_vlan.h>
#include <linux/sockios.h>

#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#include "bpf/forward.bpfeb.h"
#else
#include "bpf/forward.bpfel.h"
#endif

struct forward {
	struct object o;
	struct names to;
};

enum { TO };

static int names_parse(struct parse *p, const config_setting_t *s, void *v)
{
	struct names *names = v;

	if (!config_setting_is_array(s) && !config_setting_is_list(s))
		return parse_refuse(p, "must be an array of names: [ \"lan0\", \"wan\" ]");
	if (config_setting_length(s) > NAMES_MAX)
		return parse_refuse(p, "more than %u names", NAMES_MAX);
	memset(names, 0, sizeof(*names));
	for (int n = 0; n < config_setting_length(s); n++) {
		const char *name = config_setting_get_string_elem(s, n);

		if (!name || !*name || strlen(name) >= IFNAMSIZ)
			return parse_refuse(p, "each must be the name of an interface");
		for (int k = 0; k < n; k++)
			if (!strcmp(names->items[k], name))
				return parse_refuse(p, "\"%s\" twice", name);
		snprintf(names->items[n], IFNAMSIZ, "%s", name);
	}
	return 0;
}

static json_t *names_json(const struct row *row _unused_, const void *v)
{
	const struct names *names = v;
	json_t *j = json_array();

	for (unsigned n = 0; n < NAMES_MAX && names->items[n][0]; n++)
		json_array_append_new(j, json_string(names->items[n]));
	return j;
}

static const struct type type_names = {
	.name = "array of names", .signature = "as", .size = sizeof(struct names),
	.parse = names_parse, .json = names_json,
};

static const struct row rows[] = {
	[TO] = { .key = "to", .type = &type_names, VALUE(forward, to), .phase = PHASE_XDP,
	  .flags = ROW_OURS,
	  .help = "Interfaces, also VLAN interfaces, that packets may leave through at once; and "
	  "VLAN interfaces of this one that they may come by" },
};

static const char *const reasons[] = {
	[FORWARD_FORWARDED] = "forwarded",
	[FORWARD_NOT_IP] = "passed_not_ip",
	[FORWARD_NOT_OURS] = "passed_other_address",
	[FORWARD_UNUSUAL] = "passed_unusual",
	[FORWARD_TTL] = "passed_ttl",
	[FORWARD_LOCAL] = "passed_local",
	[FORWARD_NEIGHBOUR] = "passed_no_neighbour",
	[FORWARD_TOO_BIG] = "passed_too_big",
	[FORWARD_NO_TARGET] = "passed_no_target",
	[FORWARD_MALFORMED] = "passed_malformed",
	[FORWARD_LOST] = "lost",
};

static void complete(struct object *o)
{
	o->present |= BIT64(TO);
}

static const struct origin *to_place(const struct iface *i)
{
	return xdp_place(i, &xdp_forward_feature, "to");
}

static void check(const struct model *want, const struct iface *i, struct errors *e)
{
	const struct forward *f = (const struct forward *)iface_object(i, &xdp_forward_feature);

	if (*iface_link(i)->master.name)
		errors_add(e, to_place(i),
			   "%s: xdp.program: a port of %s does not route: \"forward\" is for "
			   "interfaces with addresses",
			   i->name, iface_link(i)->master.name);
	if (!f || !f->to.items[0][0]) {
		errors_add(e, to_place(i), "%s: xdp.forward.to: names no interface", i->name);
		return;
	}
	for (unsigned n = 0; n < NAMES_MAX && f->to.items[n][0]; n++) {
		const struct iface *to = model_find(want, f->to.items[n]);

		if (to && !strcmp(iface_kind(to), "bridge"))
			errors_add(e, to_place(i),
				   "%s: xdp.forward.to: a bridge like \"%s\" cannot be redirected "
				   "to (it has no ndo_xdp_xmit)",
				   i->name, to->name);
	}
}

/* What veth_xdp_xmit() sends to one end comes in by the other. */
#define HOPS_MAX 32 /* of a loop; longer ones end with the TTL, as all do */

/* Where packets can come in that programs redirected out of it: the other ends of veth pairs. */
static unsigned add_hops(const struct model *want, const struct model *have, const char *from,
			 const char **hops, unsigned n)
{
	const struct iface *i = model_find(want, from);
	const struct forward *f =
		i ? (const struct forward *)iface_object(i, &xdp_forward_feature) : NULL;

	for (unsigned k = 0; f && n < HOPS_MAX && k < NAMES_MAX && f->to.items[k][0]; k++) {
		const char *end = xdp_peer(model_find(have, f->to.items[k]));
		bool known = !*end;

		for (unsigned h = 0; h < n; h++)
			known |= !strcmp(hops[h], end);
		if (!known)
			hops[n++] = end;
	}
	return n;
}

/* Through @first, the other end of which is the first hop. */
static bool comes_back(const struct model *want, const struct model *have, const char *name,
		       const char *first)
{
	const char *hops[HOPS_MAX] = { xdp_peer(model_find(have, first)) };
	unsigned n = *hops[0] ? 1 : 0;

	for (unsigned k = 0; k < n; k++) {
		if (!strcmp(hops[k], name))
			return true;
		n = add_hops(want, have, hops[k], hops, n);
	}
	return false;
}

static bool takes_service_tags(const struct iface *i)
{
	const struct feature *vlan = feature_find("vlan");
	const struct row *protocol = row_find(vlan, "protocol");
	const struct object *o = i ? iface_object(i, vlan) : NULL;

	return o && row_has(vlan, protocol, o) &&
	       *(const uint16_t *)row_value(protocol, o) == ETH_P_8021AD;
}

static char *refused(const struct model *want, const struct model *have, const struct iface *i,
		     const struct origin **ret_where)
{
	const struct forward *f = (const struct forward *)iface_object(i, &xdp_forward_feature);
	const char *peer = xdp_peer(model_find(have, i->name));

	for (unsigned n = 0; f && n < NAMES_MAX && f->to.items[n][0]; n++) {
		*ret_where = to_place(i);
		if (takes_service_tags(model_find(want, f->to.items[n])) ||
		    takes_service_tags(model_find(have, f->to.items[n])))
			return str_format("xdp.forward.to: \"%s\" has service tags (802.1ad), and "
					  "the program takes and gives customer tags (802.1Q)",
					  f->to.items[n]);
		if (!strcmp(peer, f->to.items[n]))
			return str_format("xdp.forward.to: \"%s\" is the other end of %s: what is "
					  "redirected to it comes back, again and again",
					  peer, i->name);
		if (comes_back(want, have, i->name, f->to.items[n]))
			return str_format(
				"xdp.forward.to: what is redirected to \"%s\" comes back to %s, by "
				"forward.to of the other ends, again and again",
				f->to.items[n], i->name);
	}
	return NULL;
}

static char *blocked(const struct planner *p, const struct iface *want)
{
	const struct forward *f = (const struct forward *)iface_object(want, &xdp_forward_feature);
	char *why = NULL;

	for (unsigned n = 0; f && !why && n < NAMES_MAX && f->to.items[n][0]; n++)
		why = xdp_cannot_receive(p, want, f->to.items[n]);
	return why;
}

static int vlan_ioctl(int fd, int cmd, const char *name, struct vlan_ioctl_args *a)
{
	memset(a, 0, sizeof(*a));
	a->cmd = cmd;
	snprintf(a->device1, sizeof(a->device1), "%s", name);
	return ioctl(fd, SIOCGIFVLAN, a);
}

/* How a frame leaves through @name. */
static int resolve(int fd, const char *name, uint32_t *index, struct forward_egress *e)
{
	struct vlan_ioctl_args real, id;

	*index = if_nametoindex(name);
	if (!*index)
		return -ENODEV;
	*e = (struct forward_egress){ .device = *index };
	if (vlan_ioctl(fd, GET_VLAN_REALDEV_NAME_CMD, name, &real) < 0 ||
	    vlan_ioctl(fd, GET_VLAN_VID_CMD, name, &id) < 0)
		return 0;
	e->device = if_nametoindex(real.u.device2);
	e->vlan = id.u.VID;
	return e->device ? 0 : -ENODEV;
}

static void add(struct xdp_map *m, uint32_t key, const void *value)
{
	for (uint32_t n = 0; n < m->n; n++)
		if (((uint32_t *)m->keys)[n] == key)
			return;
	((uint32_t *)m->keys)[m->n] = key;
	memcpy((char *)m->values + m->n * m->value_size, value, m->value_size);
	m->n++;
}

static int read_address(int fd, int ifindex, struct forward_settings *s)
{
	struct ifreq r = { 0 };

	if (!if_indextoname(ifindex, r.ifr_name) || ioctl(fd, SIOCGIFHWADDR, &r) < 0)
		return -errno;
	memcpy(s->address, r.ifr_hwaddr.sa_data, sizeof(s->address));
	return 0;
}

/* The maps were made for all names; here they get what the names mean. */
static int prepare(struct xdp_job *j, char **why)
{
	struct xdp_map *targets = &j->maps[0], *egress = &j->maps[1], *ingress = &j->maps[2];
	_cleanup_close_ int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int r = fd < 0 ? -errno : read_address(fd, j->ifindex, j->settings);

	/* A frame of any VLAN would be routed as if it had none. */
	if (!r)
		r = xdp_sees_tags(j->ifindex, why);
	for (unsigned n = 0; !r && n < j->n_names; n++) {
		struct forward_egress e;
		uint32_t index;

		r = resolve(fd, j->names[n], &index, &e);
		if (r < 0) {
			*why = str_format("xdp.forward.to: there is no interface \"%s\"",
					  j->names[n]);
			break;
		}
		add(targets, e.device, &e.device);
		add(egress, index, &e);
		((struct forward_settings *)j->settings)->vlans |= !!e.vlan;
		if (e.vlan && e.device == (uint32_t)j->ifindex) {
			uint32_t vlan = e.vlan;

			add(ingress, vlan, &index);
		}
	}
	return r;
}

static void fill(struct xdp_job *j, const struct object *o, const struct object *have _unused_)
{
	const struct forward *f = (const struct forward *)o;

	j->names = mem_new(NAMES_MAX * sizeof(*j->names));
	for (; j->n_names < NAMES_MAX && f->to.items[j->n_names][0]; j->n_names++)
		j->names[j->n_names] = str_dup(f->to.items[j->n_names]);
	xdp_job_map(j, "targets", 0, j->n_names, sizeof(uint32_t), sizeof(uint32_t))->n = 0;
	xdp_job_map(j, "egress", 0, j->n_names, sizeof(uint32_t),
		    sizeof(struct forward_egress))->n = 0;
	xdp_job_map(j, "ingress", 0, j->n_names, sizeof(uint32_t), sizeof(uint32_t))->n = 0;
	j->settings = new0(struct forward_settings);
	j->settings_size = sizeof(struct forward_settings);
	j->prepare = prepare;
	xdp_keep(j, FORWARD_REASONS);
}

struct feature xdp_forward_feature = {
	.name = "xdp.forward", .help = "Route packets without the stack", .form = FORM_GROUP,
	.size = sizeof(struct forward), .rows = rows, .n_rows = ARRAY_SIZE(rows),
	.blocked = xdp_blocked, .encode = xdp_encode,
};

static const size_t image_size = sizeof(forward_image);

const struct shipped shipped_forward = {
	.name = "forward", .image = forward_image, .size = &image_size,
	.feature = &xdp_forward_feature, .reasons = reasons, .n_reasons = ARRAY_SIZE(reasons),
	.complete = complete, .check = check, .refused = refused, .blocked = blocked,
	.fill = fill,
};
