// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What is done with a port once: its lights blink, its negotiation begins
 * again. Both are ioctls that take a while, so a thread asks (nl/slow.c).
 */
#include "core/action.h"
#include "core/engine.h"
#include "features/ethernet/ethernet.h"
#include "nl/ioctl.h"
#include "nl/slow.h"

#include <netlink/attr.h>
#include <netlink/msg.h>

#define IDENTIFY_SECONDS 10
#define IDENTIFY_SECONDS_MAX 3600

int ethernet_ask_slowly(struct action_run *r, unsigned command, unsigned attribute, uint32_t value,
			slow_fn fn)
{
	struct nl_msg *msg = nlmsg_alloc_simple(0, 0);
	int error;

	if (!msg || ethernet_ask_device(msg, r->ifindex) < 0 ||
	    (attribute && nla_put_u32(msg, attribute, value) < 0))
		abort();
	error = slow_ask(r->slow, command, nlmsg_attrdata(nlmsg_hdr(msg), 0),
			 nlmsg_attrlen(nlmsg_hdr(msg), 0), fn, r);
	nlmsg_free(msg);
	return error;
}

static void on_done(void *data, int error, const struct nlmsghdr *n _unused_)
{
	action_end(data, error, NULL, NULL);
}

static int identify(struct action_run *r, const json_t *options)
{
	const json_t *seconds = json_object_get(options, "seconds");

	r->slow = slow_new(r->engine->event, NULL);
	return ethernet_ask_slowly(r, IOCTL_IDENTIFY, IOCTL_A_IDENTIFY_SECONDS,
				   seconds ? json_integer_value(seconds) : IDENTIFY_SECONDS,
				   on_done);
}

static int restart(struct action_run *r, const json_t *options _unused_)
{
	r->slow = slow_new(r->engine->event, NULL);
	return ethernet_ask_slowly(r, IOCTL_RESTART_AUTONEG, 0, 0, on_done);
}

static const struct action_option identify_options[] = {
	{ "seconds", "u", 1, IDENTIFY_SECONDS_MAX }, { 0 },
};

const struct action ethernet_actions[] = {
	{ .method = "Identify", .options = identify_options, .start = identify,
	  .otherwise = &led_identify },
	{ .method = "RestartAutonegotiation", .start = restart },
	{ 0 },
};
