// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Switches (DSA): user ports that stand on a conduit, as net/dsa has them. The
 * conduit is brought up with a port and takes its ports down with it, its MTU
 * follows from theirs, and the tag protocol is a file that is busy while
 * anything is up.
 */
#include "fake/fake-internal.h"

/* EDSA: net/dsa/tag_dsa.c, EDSA_HLEN */
#define OVERHEAD 8

bool dsa_is_port(const struct device *d)
{
	return !strcmp(d->kind, "dsa");
}

/* dsa_user_change_mtu() */
void dsa_mtu(struct fake_kernel *fk, const struct device *port)
{
	struct device *conduit = device_find(fk, port->lower);
	uint32_t largest = 0;

	FOREACH_DEVICE(fk, d)
		if (dsa_is_port(d) && d->lower == port->lower)
			largest = max_of(largest, attrs_u32(&d->link, IFLA_MTU, 0));
	attrs_set_u32(&conduit->link, IFLA_MTU, largest + OVERHEAD);
	device_tell(fk, conduit);
}

int fake_add_dsa_port(struct fake_kernel *fk, const char *name, const char *conduit)
{
	struct device *c = device_named(fk, conduit), *d;
	const uint8_t id[4] = { 0 };
	char port[IFNAMSIZ];
	unsigned n = 1;

	if (!c)
		return -ENODEV;
	FOREACH_DEVICE(fk, other)
		n += dsa_is_port(other);
	d = device_new(fk, name, "dsa", 0);
	d->lower = c->index;
	d->cable = true;
	snprintf(port, sizeof(port), "p%u", n);
	attrs_set(&d->link, IFLA_PHYS_SWITCH_ID, id, sizeof(id));
	attrs_set(&d->link, IFLA_PHYS_PORT_NAME, port, strlen(port) + 1);
	attrs_set_u32(&d->data, IFLA_DSA_CONDUIT, c->index);
	if (!*c->tagging)
		strcpy(c->tagging, "edsa");
	dsa_mtu(fk, d);
	device_tell(fk, d);
	return d->index;
}

/* dsa_user_change_conduit() */
int dsa_change(struct call *c, struct device *d, const struct nlattr *data)
{
	const struct nlattr *a = nla_find(nla_data(data), nla_len(data), IFLA_DSA_CONDUIT);
	struct device *conduit = a ? device_find(c->fk, nla_get_u32(a)) : NULL;

	if (!conduit)
		return -EINVAL;
	if (!*conduit->tagging)
		return fake_refuse(c, -EOPNOTSUPP, "Interface not eligible as DSA conduit");
	d->lower = conduit->index;
	attrs_set_u32(&d->data, IFLA_DSA_CONDUIT, conduit->index);
	return 0;
}

static struct device *conduit_of(const struct fake_kernel *fk, const char *path)
{
	char name[IFNAMSIZ];
	int end = 0;
	struct device *d;

	if (sscanf(path, "class/net/%15[^/]/dsa/tagging%n", name, &end) != 1 || path[end])
		return NULL;
	d = device_named(fk, name);
	return d && *d->tagging ? d : NULL;
}

/* dsa_tree_change_tag_proto() */
int dsa_write(struct fake_kernel *fk, const char *path, const char *value)
{
	struct device *conduit = conduit_of(fk, path);

	if (!conduit)
		return -ENOENT;
	if (strcmp(value, "edsa") && strcmp(value, "dsa"))
		return -ENOPROTOOPT;
	FOREACH_DEVICE(fk, d)
		if (dsa_is_port(d) && (d->up || device_find(fk, d->lower)->up))
			return -EBUSY;
	strcpy(conduit->tagging, value);
	return 0;
}

int dsa_read(struct fake_kernel *fk, const char *path, char *buf, size_t size)
{
	const struct device *conduit = conduit_of(fk, path);

	return conduit ? snprintf(buf, size, "%s", conduit->tagging) : -ENOENT;
}
