// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Who reads the samples of packets that an XDP program takes.
 *
 * The reader gets the ring itself, as a file descriptor: samples go from the
 * kernel to it, and the daemon, which must not wait for anybody, has no part
 * in it. The ring can be read and nothing else: it is no way to the program, or
 * to its other maps. What stands in it are packets, so that it takes a right of
 * its own (org.netctl1.capture).
 *
 * What must stay true: a ring has one place up to which it was read, and so
 * one reader at a time; whoever leaves the bus reads no more.
 */
#include "bus/internal.h"
#include "core/mirror.h"
#include "nl/xdp.h"

struct capture {
	struct capture *next;
	struct bus *bus;
	int ifindex;
	char *who; /* unique name */
	sd_bus_slot *match, *question;
};

static void capture_end(struct capture *c)
{
	struct capture **p = &c->bus->captures;

	while (*p != c)
		p = &(*p)->next;
	*p = c->next;
	sd_bus_slot_unref(c->match);
	sd_bus_slot_unref(c->question);
	free(c->who);
	free(c);
}

void captures_drop(struct bus *b)
{
	while (b->captures)
		capture_end(b->captures);
}

/* A unique name has one owner for ever: it changes when that goes. */
static int on_left(sd_bus_message *m _unused_, void *data, sd_bus_error *error _unused_)
{
	capture_end(data);
	return 0;
}

static int on_there(sd_bus_message *m, void *data, sd_bus_error *error _unused_)
{
	struct capture *c = data;
	int there = 0;

	c->question = sd_bus_slot_unref(c->question);
	if (sd_bus_message_is_method_error(m, NULL) || sd_bus_message_read(m, "b", &there) < 0 ||
	    !there)
		capture_end(c);
	return 0;
}

/* It may have gone before anybody was told to tell. */
static int on_watched(sd_bus_message *m, void *data, sd_bus_error *error _unused_)
{
	struct capture *c = data;

	if (sd_bus_message_is_method_error(m, NULL) ||
	    sd_bus_call_method_async(c->bus->bus, &c->question, "org.freedesktop.DBus",
				     "/org/freedesktop/DBus", "org.freedesktop.DBus",
				     "NameHasOwner", on_there, c, "s", c->who) < 0)
		capture_end(c);
	return 1;
}

/* Return: false where somebody else reads. */
static bool begin(struct bus *b, const char *who, int ifindex)
{
	_cleanup_free_ char *rule = str_format(
		"type='signal',sender='org.freedesktop.DBus',path='/org/freedesktop/DBus',"
		"interface='org.freedesktop.DBus',member='NameOwnerChanged',arg0='%s'", who);
	struct capture *c;

	for (c = b->captures; c; c = c->next)
		if (c->ifindex == ifindex)
			return !strcmp(c->who, who);
	c = new0(struct capture);
	*c = (struct capture){ .next = b->captures, .bus = b, .ifindex = ifindex,
			       .who = str_dup(who) };
	b->captures = c;
	if (sd_bus_add_match_async(b->bus, &c->match, rule, on_left, on_watched, c) < 0)
		capture_end(c);
	return true;
}

int capture_open(struct bus *b, sd_bus_message *m)
{
	const struct iface *i;
	struct xdp_samples s;
	const char *name;
	int r = sd_bus_message_read(m, "s", &name);

	if (r < 0)
		return r;
	i = model_find(b->engine->mirror->seen, name);
	if (!i)
		return call_fail(m, "NoSuchLink", "no interface \"%s\"", name);
	r = xdp_samples(b->engine->kernel->xdp, i->ifindex, &s);
	if (r == -ENOENT)
		return call_fail(m, "NotSupported", "%s has no XDP program that takes samples: "
				 "xdp = { program = \"sample\"; }", name);
	if (r < 0)
		return r;
	if (!begin(b, sd_bus_message_get_sender(m), i->ifindex))
		return call_fail(m, "Busy", "somebody else is reading the samples of %s", name);
	return sd_bus_reply_method_return(m, "htutt", s.fd, s.size, s.prog_id, s.seen, s.lost);
}
