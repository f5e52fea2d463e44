// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Files and XDP programs in the queue of messages: their type is NLMSG_NOOP, which nobody
 * sends. What goes by ioctl() is a message already.
 */
#include "nl/place.h"

#include <net/if.h>
#include <stdio.h>

#include "nl/files.h"
#include "nl/ioctl.h"

struct place {
	struct nlmsghdr h;
	struct xdp_job *xdp; /* NULL: a file */
	int ifindex;	     /* 0, or of the interface that the file must be of */
	char iface[IFNAMSIZ];
	char text[]; /* path, 0, value, 0 */
} __attribute__((packed, aligned(NLMSG_ALIGNTO))); /* as a message among messages */

size_t place_size(const struct request *r)
{
	const char *root = files_root(r->channel);

	return sizeof(struct place) +
	       (root ? strlen(root) + strlen(r->path) + strlen(r->value) + 2 : 0);
}

void place_put(void *at, size_t size, const struct request *r)
{
	struct place *p = memset(at, 0, NLMSG_ALIGN(size));

	p->h.nlmsg_type = NLMSG_NOOP;
	p->h.nlmsg_len = size;
	if (r->channel == CHANNEL_XDP)
		p->xdp = r->xdp;
	else
		strcpy(stpcpy(stpcpy(p->text, files_root(r->channel)), r->path) + 1, r->value);
	if (r->iface && r->ifindex > 0) {
		p->ifindex = r->ifindex;
		snprintf(p->iface, sizeof(p->iface), "%s", r->iface);
	}
}

static bool is_ioctl(const struct nlmsghdr *h)
{
	return h->nlmsg_type == GENL_IOCTL;
}

bool place_is(const void *at)
{
	const struct nlmsghdr *h = at;

	return h->nlmsg_type == NLMSG_NOOP || is_ioctl(h);
}

int place_ask(const struct nlmsghdr *n, message_fn fn, void *data)
{
	return ioctl_run(n, fn, data);
}

int place_run(void *at, struct xdp *x, char **text)
{
	struct place *p = at;
	int r;

	if (is_ioctl(at))
		return ioctl_run(at, NULL, NULL);
	if (!p->xdp)
		return files_write(p->text, p->text + strlen(p->text) + 1, p->iface, p->ifindex);
	r = xdp_run(x, p->xdp, text);
	place_done(at);
	return r;
}

void place_done(void *at)
{
	struct place *p = at;

	if (place_is(at) && !is_ioctl(at))
		p->xdp = xdp_job_free(p->xdp);
}
