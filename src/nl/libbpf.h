/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Object files of BPF programs, loaded into the kernel by libbpf. */
#ifndef NL_LIBBPF_H
#define NL_LIBBPF_H

#include "nl/xdp.h"

/* A program and its maps in the kernel. The file descriptors are the caller's. */
struct loaded {
	int prog_fd;
	struct xdp_map_fd *maps;
	unsigned n_maps;
};

/**
 * libbpf_load - load what @j describes; its maps have their contents, it is attached nowhere
 * @why: set on failure: what libbpf and the verifier said, shortened; the caller frees it
 *
 * libbpf is looked for when it is first needed, and let go of again. Return: 0 or a negative
 * errno.
 */
int libbpf_load(const struct xdp_job *j, struct loaded *ret, char **why);

/** loaded_done - close all that was not taken */
void loaded_done(struct loaded *l);

#endif
