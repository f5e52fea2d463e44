// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * XDP programs of the fake kernel: nothing is loaded, but what is attached is
 * told as rtnl_xdp_fill() tells it, and stays when the daemon has gone, as it
 * does with a service manager that keeps the links.
 */
#include <linux/if_link.h>

#include "fake/fake-internal.h"

static struct xdp_attached *detach(struct fake_kernel *fk, int index)
{
	for (struct xdp_attached **p = &fk->xdp.list; *p; p = &(*p)->next)
		if ((*p)->ifindex == index) {
			struct xdp_attached *a = *p;

			*p = a->next;
			return a;
		}
	return NULL;
}

int fake_xdp(struct fake_kernel *fk, const struct xdp_job *j, const char **text)
{
	struct device *d = device_find(fk, j->ifindex);
	struct xdp_attached *a = xdp_find(&fk->xdp, j->ifindex);

	if (!d)
		return -ENODEV;
	if (a && a->prog_id != d->xdp_id) { /* another hand has detached it */
		xdp_attached_free(detach(fk, j->ifindex));
		a = NULL;
	}
	if (!a && d->xdp_id && j->image) {
		*text = "another program is attached";
		return -EBUSY;
	}
	if (a && j->image && !strcmp(a->memory, j->memory))
		return 0;
	xdp_attached_free(detach(fk, j->ifindex));
	if (a)
		d->xdp_id = 0;
	if (!j->image)
		return 0;
	a = new0(struct xdp_attached);
	a->ifindex = j->ifindex;
	a->link_fd = a->prog_fd = -1;
	a->prog_id = d->xdp_id = ++fk->last_program;
	a->memory = str_dup(j->memory);
	a->next = fk->xdp.list;
	fk->xdp.list = a;
	d->xdp_mode = j->mode == XDP_GENERIC ? XDP_ATTACHED_SKB : XDP_ATTACHED_DRV;
	return 0;
}

/* Nothing is at tcx here, and the kernel that the tests run on is not asked. */
int fake_tcx(struct xdp *x _unused_, int ifindex _unused_, enum xdp_hook hook _unused_,
	     struct tcx_program *ret _unused_, uint64_t *revision _unused_)
{
	return 0;
}

int xdp_change(struct call *c, struct device *d, const struct nlattr *nest)
{
	const struct nlattr *fd = nla_find(nla_data(nest), nla_len(nest), IFLA_XDP_FD);

	if (!fd || (int)nla_get_u32(fd) != -1)
		return -EINVAL;
	/* net/core/dev.c, dev_xdp_attach() */
	if (d->xdp_id && xdp_find(&c->fk->xdp, d->index))
		return fake_refuse(c, -EBUSY, "Can't replace active BPF XDP link");
	d->xdp_id = 0;
	device_tell(c->fk, d);
	return 0;
}

void xdp_put(struct nl_msg *msg, const struct device *d)
{
	struct nlattr *nest = nla_nest_start(msg, IFLA_XDP);

	nla_put_u8(msg, IFLA_XDP_ATTACHED, d->xdp_id ? d->xdp_mode : XDP_ATTACHED_NONE);
	if (d->xdp_id)
		nla_put_u32(msg, IFLA_XDP_PROG_ID, d->xdp_id);
	nla_nest_end(msg, nest);
}

void xdp_gone(struct fake_kernel *fk, int index)
{
	xdp_attached_free(detach(fk, index));
}

void fake_attach(struct fake_kernel *fk, const char *name, bool on)
{
	struct device *d = device_named(fk, name);

	d->xdp_id = on ? ++fk->last_program : 0;
	d->xdp_mode = XDP_ATTACHED_DRV;
	device_tell(fk, d);
}
