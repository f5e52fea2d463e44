// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What a device is beside its ports: chip, driver, firmware, parameters,
 * health; by generic netlink, family devlink.
 *
 * A device has no interface of its own. What it tells stands with the
 * interface that stands for it: a switch's conduit; else its first port.
 */
#include <linux/devlink.h>
#include <linux/genetlink.h>
#include <stdio.h>

#include "core/config.h"
#include "core/mirror.h"
#include "core/plan.h"
#include "features/devlink/devlink.h"
#include "features/features.h"
#include "nl/genl.h"
#include "nl/uapi.h"

struct devlink {
	struct object o;
	char *device, *driver, *serial, *fixed, *running, *stored, *health;
	uint8_t atu_hash;
};

enum { DEVICE, DRIVER, SERIAL, FIXED, RUNNING, STORED, HEALTH, ATU_HASH };

#define TEXT(k, member, what)                                                                      \
	{ .key = k, .type = &type_string, VALUE(devlink, member), .flags = ROW_STATE, .help = what }

static const struct row rows[] = {
	[DEVICE] = TEXT("device", device,
			"Bus and name of the device that the interface stands for"),
	[DRIVER] = TEXT("driver", driver, "Its driver"),
	[SERIAL] = TEXT("serial_number", serial, "Its serial number"),
	[FIXED] = TEXT("fixed", fixed, "What it is made of (asic.id, board.id, ...)"),
	[RUNNING] = TEXT("running", running, "Firmware that runs"),
	[STORED] = TEXT("stored", stored, "Firmware that will run after a reset"),
	[HEALTH] = TEXT("health", health, "Its health reporters, and how each is; the errors they "
					  "have counted are statistics"),
	[ATU_HASH] = { .key = "atu_hash", .type = &type_u8, VALUE(devlink, atu_hash), .max = 3,
		       .phase = PHASE_LINK,
		       .help = "Hash of a switch's address table (ATU_hash of mv88e6xxx)" },
};

/* Parameters that are settings: small numbers that hold at once (cmode runtime). */
static const struct {
	unsigned row;
	const char *name;
} params[] = { { ATU_HASH, "ATU_hash" } };

/* The DEVLINK_CMD_… that tell. */
static const struct source sources[] = {
	{ .get = GENL_DEVLINK, .header = GENL_HDRLEN, .lazy = true,
	  .commands = { DEVLINK_CMD_INFO_GET, { DEVLINK_CMD_INFO_GET }, 0 } },
	{ .get = GENL_DEVLINK, .header = GENL_HDRLEN, .lazy = true,
	  .groups = { GENL_DEVLINK_CONFIG },
	  .commands = { DEVLINK_CMD_PARAM_GET, { DEVLINK_CMD_PARAM_GET, DEVLINK_CMD_PARAM_NEW },
		  0 } },
	{ .get = GENL_DEVLINK, .header = GENL_HDRLEN, .lazy = true,
	  .commands = { DEVLINK_CMD_HEALTH_REPORTER_GET, { DEVLINK_CMD_HEALTH_REPORTER_GET }, 0 } },
	{ 0 },
};

struct iface *devlink_owner(const struct model *have, const char *device)
{
	MODEL_FOREACH(have, i) {
		const struct link *l = iface_link(i);

		if (!l || !l->parent_dev || strcmp(l->parent_dev, device))
			continue;
		return l->switch_id && l->lower.index ? model_find_index(have, l->lower.index) : i;
	}
	return NULL;
}

static void set_text(struct devlink *d, unsigned row, const char *fmt, ...) _printf_(3, 4);

static void set_text(struct devlink *d, unsigned row, const char *fmt, ...)
{
	char **v = row_value(&rows[row], &d->o);
	va_list ap;

	free(*v);
	va_start(ap, fmt);
	*v = str_vformat(fmt, ap);
	va_end(ap);
	d->o.present |= BIT64(row);
}

/* "asic.id Marvell 88E6341, ..." */
static void add_text(struct devlink *d, unsigned row, const char *text)
{
	char **v = row_value(&rows[row], &d->o);
	_cleanup_free_ char *before = *v;

	*v = NULL;
	set_text(d, row, "%s%s%s", before ? before : "", before ? ", " : "", text);
}

static int observe_version(struct devlink *d, unsigned row, struct nlattr *version)
{
	struct nlattr *tb[DEVLINK_ATTR_MAX + 1];
	_cleanup_free_ char *text = NULL;

	if (nla_parse_nested(tb, DEVLINK_ATTR_MAX, version, NULL) < 0 ||
	    !tb[DEVLINK_ATTR_INFO_VERSION_NAME] || !tb[DEVLINK_ATTR_INFO_VERSION_VALUE])
		return -EBADMSG;
	text = str_format("%s %s", nla_get_string(tb[DEVLINK_ATTR_INFO_VERSION_NAME]),
			  nla_get_string(tb[DEVLINK_ATTR_INFO_VERSION_VALUE]));
	add_text(d, row, text);
	return 0;
}

/* Versions are as many attributes of the same number as there are. */
static int observe_info(struct devlink *d, const struct nlmsghdr *n, struct nlattr *const *tb)
{
	struct nlattr *a;
	int left, r = 0;

	for (unsigned row = FIXED; row <= STORED; row++) {
		free(TAKE_PTR(*(char **)row_value(&rows[row], &d->o)));
		d->o.present &= ~BIT64(row);
	}
	if (tb[DEVLINK_ATTR_INFO_DRIVER_NAME])
		set_text(d, DRIVER, "%s", nla_get_string(tb[DEVLINK_ATTR_INFO_DRIVER_NAME]));
	if (tb[DEVLINK_ATTR_INFO_SERIAL_NUMBER])
		set_text(d, SERIAL, "%s", nla_get_string(tb[DEVLINK_ATTR_INFO_SERIAL_NUMBER]));
	nlmsg_for_each_attr(a, (struct nlmsghdr *)n, GENL_HDRLEN, left) {
		if (nla_type(a) == DEVLINK_ATTR_INFO_VERSION_FIXED)
			r = observe_version(d, FIXED, a);
		else if (nla_type(a) == DEVLINK_ATTR_INFO_VERSION_RUNNING)
			r = observe_version(d, RUNNING, a);
		else if (nla_type(a) == DEVLINK_ATTR_INFO_VERSION_STORED)
			r = observe_version(d, STORED, a);
		if (r < 0)
			return r;
	}
	return 0;
}

static int observe_param(struct devlink *d, struct nlattr *param)
{
	struct nlattr *tb[DEVLINK_ATTR_MAX + 1], *value[DEVLINK_ATTR_MAX + 1], *a;
	int left;

	if (!param || nla_parse_nested(tb, DEVLINK_ATTR_MAX, param, NULL) < 0 ||
	    !tb[DEVLINK_ATTR_PARAM_NAME] || !tb[DEVLINK_ATTR_PARAM_VALUES_LIST])
		return -EBADMSG;
	for (unsigned k = 0; k < ARRAY_SIZE(params); k++) {
		if (nla_strcmp(tb[DEVLINK_ATTR_PARAM_NAME], params[k].name))
			continue;
		nla_for_each_nested(a, tb[DEVLINK_ATTR_PARAM_VALUES_LIST], left) {
			if (nla_parse_nested(value, DEVLINK_ATTR_MAX, a, NULL) < 0)
				return -EBADMSG;
			if (!value[DEVLINK_ATTR_PARAM_VALUE_CMODE] ||
			    !value[DEVLINK_ATTR_PARAM_VALUE_DATA] ||
			    nla_get_u8(value[DEVLINK_ATTR_PARAM_VALUE_CMODE]) !=
				    DEVLINK_PARAM_CMODE_RUNTIME)
				continue;
			*(uint8_t *)row_value(&rows[params[k].row], &d->o) =
				nla_get_u8(value[DEVLINK_ATTR_PARAM_VALUE_DATA]);
			d->o.present |= BIT64(params[k].row);
		}
	}
	return 0;
}

static int observe_health(struct devlink *d, struct nlattr *reporter)
{
	struct nlattr *tb[DEVLINK_ATTR_MAX + 1];
	_cleanup_free_ char *text = NULL;
	bool ill;

	if (!reporter || nla_parse_nested(tb, DEVLINK_ATTR_MAX, reporter, NULL) < 0 ||
	    !tb[DEVLINK_ATTR_HEALTH_REPORTER_NAME])
		return -EBADMSG;
	ill = tb[DEVLINK_ATTR_HEALTH_REPORTER_STATE] &&
	      /* include/net/devlink.h: enum devlink_health_reporter_state */
	      nla_get_u8(tb[DEVLINK_ATTR_HEALTH_REPORTER_STATE]) == 1;
	text = str_format("%s %s", nla_get_string(tb[DEVLINK_ATTR_HEALTH_REPORTER_NAME]),
			  ill ? "error" : "healthy");
	add_text(d, HEALTH, text);
	return 0;
}

static int observe(struct mirror *m, const struct nlmsghdr *n, bool add _unused_)
{
	const struct genlmsghdr *g = NLMSG_DATA(n);
	struct nlattr *tb[DEVLINK_ATTR_MAX + 1];
	_cleanup_free_ char *device = NULL;
	struct devlink *d;
	struct iface *i;

	if (nlmsg_parse((struct nlmsghdr *)n, GENL_HDRLEN, tb, DEVLINK_ATTR_MAX, NULL) < 0 ||
	    !tb[DEVLINK_ATTR_BUS_NAME] || !tb[DEVLINK_ATTR_DEV_NAME])
		return -EBADMSG;
	device = str_format("%s/%s", nla_get_string(tb[DEVLINK_ATTR_BUS_NAME]),
			    nla_get_string(tb[DEVLINK_ATTR_DEV_NAME]));
	i = devlink_owner(mirror_model(m), device);
	if (!i)
		return 0;
	mirror_touch(m, i);
	d = (struct devlink *)iface_get_object(mirror_model(m), i, &devlink_feature);
	set_text(d, DEVICE, "%s", device);
	switch (g->cmd) {
	case DEVLINK_CMD_INFO_GET:
		return observe_info(d, n, tb);
	case DEVLINK_CMD_HEALTH_REPORTER_GET:
		return observe_health(d, tb[DEVLINK_ATTR_HEALTH_REPORTER]);
	default: /* the kernel's numbers, not ours */
		return observe_param(d, tb[DEVLINK_ATTR_PARAM]);
	}
}

static char *blocked(const struct planner *p, const struct iface *want)
{
	const struct iface *have = plan_have(p, want->name);
	const struct object *from = iface_object(have, &devlink_feature);

	for (unsigned k = 0; k < ARRAY_SIZE(params); k++) {
		const struct row *r = &rows[params[k].row];

		if (row_has(&devlink_feature, r, iface_object(want, &devlink_feature)) &&
		    !row_has(&devlink_feature, r, from))
			return str_format(
				"devlink.%s: waits for a device that has the parameter %s", r->key,
				params[k].name);
	}
	return NULL;
}

static int encode_param(struct encoder *e, const struct step *s, unsigned k)
{
	const struct devlink *have = (const struct devlink *)s->from;
	const char *slash = strchr(have->device, '/');
	struct genlmsghdr *g = encoder_begin(e, GENL_DEVLINK, 0, GENL_HDRLEN);
	char bus[32];

	g->cmd = DEVLINK_CMD_PARAM_SET;
	g->version = DEVLINK_GENL_VERSION;
	snprintf(bus, sizeof(bus), "%.*s", (int)(slash - have->device), have->device);
	if (nla_put_string(e->msg, DEVLINK_ATTR_BUS_NAME, bus) < 0 ||
	    nla_put_string(e->msg, DEVLINK_ATTR_DEV_NAME, slash + 1) < 0 ||
	    nla_put_string(e->msg, DEVLINK_ATTR_PARAM_NAME, params[k].name) < 0 ||
	    nla_put_u8(e->msg, DEVLINK_ATTR_PARAM_TYPE,
		       1 /* NLA_U8 of include/net/netlink.h */) < 0 ||
	    nla_put_u8(e->msg, DEVLINK_ATTR_PARAM_VALUE_CMODE, DEVLINK_PARAM_CMODE_RUNTIME) < 0 ||
	    nla_put_u8(e->msg, DEVLINK_ATTR_PARAM_VALUE_DATA,
		       *(uint8_t *)row_value(&rows[params[k].row], s->to)) < 0)
		return -EMSGSIZE;
	return 0;
}

static int encode(struct encoder *e, const struct step *s, unsigned part)
{
	unsigned n = 0;

	for (unsigned k = 0; k < ARRAY_SIZE(params); k++)
		if (s->mask & BIT64(params[k].row) && n++ == part) {
			int r = encode_param(e, s, k);

			return r < 0 ? r : !!(s->mask & ~(2 * BIT64(params[k].row) - 1));
		}
	return -EINVAL;
}

struct feature devlink_feature = {
	.name = "devlink",
	.help = "The device behind the interface: chip, firmware, parameters, health",
	.form = FORM_GROUP, .size = sizeof(struct devlink), .rows = rows,
	.n_rows = ARRAY_SIZE(rows),
	.sources = sources, .observe = observe, .blocked = blocked, .encode = encode,
	.statistics = devlink_statistics,
};
