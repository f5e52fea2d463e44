// SPDX-License-Identifier: LGPL-2.1-or-later
/* A build without XDP: there are no programs, and no setting asks for one. */
#include "nl/xdp.h"

struct xdp *xdp_new(sd_event *event _unused_, struct kernel *k _unused_)
{
	return NULL;
}

struct xdp *xdp_free(struct xdp *x _unused_)
{
	return NULL;
}

int xdp_run(struct xdp *x _unused_, struct xdp_job *j _unused_, char **why _unused_)
{
	return -EOPNOTSUPP;
}

int xdp_load_into(struct xdp_job *j, void *at _unused_, char **why _unused_)
{
	return j ? -EOPNOTSUPP : 0;
}

struct xdp_job *xdp_job_free(struct xdp_job *j _unused_)
{
	return NULL;
}

void xdp_set_pin_dir(const char *dir _unused_)
{
}

struct xdp_attached *xdp_find(const struct xdp *x _unused_, int ifindex _unused_)
{
	return NULL;
}

struct xdp_attached *xdp_attached_free(struct xdp_attached *a _unused_)
{
	return NULL;
}

int xdp_samples(const struct xdp *x _unused_, int ifindex _unused_,
		struct xdp_samples *ret _unused_)
{
	return -ENOENT;
}

const struct xdp_kernel *xdp_kernel(struct xdp *x _unused_)
{
	return NULL;
}
