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
 * What must stay true: a ring has one place up to which it was read, and so one
 * reader at a time is given it: another one when the one before has left the bus.
 * Nobody can be made to give back what was handed out: who keeps the descriptor
 * and leaves the bus goes on reading, and takes samples from the next one.
 */
#include "bus/internal.h"
#include "core/mirror.h"
#include "nl/xdp.h"

struct capture {
	struct capture *next;
	struct bus *bus;
	int ifindex;
	char *who; /* unique name */
	struct watch *watch;
};

static void capture_end(struct capture *c)
{
	struct capture **p = &c->bus->captures;

	while (*p != c)
		p = &(*p)->next;
	*p = c->next;
	watch_free(c->watch);
	free(c->who);
	free(c);
}

void captures_drop(struct bus *b)
{
	while (b->captures)
		capture_end(b->captures);
}

static void on_left(void *data)
{
	capture_end(data);
}

/* Return: 0, -EBUSY where somebody else reads, or what keeps the bus from being asked. */
static int begin(struct bus *b, const char *who, int ifindex)
{
	struct capture *c;

	for (c = b->captures; c; c = c->next)
		if (c->ifindex == ifindex)
			return !strcmp(c->who, who) ? 0 : -EBUSY;
	c = new0(struct capture);
	*c = (struct capture){ .next = b->captures, .bus = b, .ifindex = ifindex,
			       .who = str_dup(who) };
	b->captures = c;
	c->watch = watch_new(b, who, on_left, c);
	if (c->watch)
		return 0;
	capture_end(c);
	return -ECONNRESET;
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
	r = begin(b, sd_bus_message_get_sender(m), i->ifindex);
	if (r == -EBUSY)
		return call_fail(m, "Busy", "somebody else is reading the samples of %s", name);
	if (r < 0)
		return call_fail(m, "Failed", "the bus cannot be asked whether the caller stays");
	return sd_bus_reply_method_return(m, "htutt", s.fd, s.size, s.prog_id, s.seen, s.lost);
}
