/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Filters of BPF at the discipline clsact, where the kernel has no tcx. */
#ifndef NL_CLSACT_H
#define NL_CLSACT_H

#include <stdbool.h>
#include <stdint.h>

/* A filter at a hook; of other kinds than bpf only @pref is told. */
struct clsact_filter {
	uint16_t pref; /* lower ones see packets first */
	uint32_t handle;
	uint32_t prog_id; /* 0: not of BPF */
	uint8_t tag[8];
	char name[256]; /* kernel: CLS_BPF_NAME_LEN */
};
#define CLSACT_MAX 64 /* that are read of a hook */

/*
 * All of these ask the kernel at once and have its answer when they return (it is given within
 * sendmsg(2)): they are part of a job that takes its turn among the requests. @sock: opened when
 * it is NULL. Return: 0 (or a number, where that is said) or a negative errno.
 */

/** clsact_list - what is at a hook, in the order that packets pass; how many */
int clsact_list(int *sock, int ifindex, bool egress,
		struct clsact_filter ret[CLSACT_MAX]);

/**
 * clsact_put - a program, whose verdict counts (direct-action)
 * @f: .pref, .handle and .name
 * @replace: there is one already, which it takes the place of; no packet passes between
 * @why: set on failure where the kernel says it; heap
 */
int clsact_put(int *sock, int ifindex, bool egress, const struct clsact_filter *f,
	       int prog_fd, bool replace, char **why);

/** clsact_drop - by .pref and .handle */
int clsact_drop(int *sock, int ifindex, bool egress, const struct clsact_filter *f);

/** clsact_begin - the discipline that filters stand at; 1: it was not there */
int clsact_begin(int *sock, int ifindex, char **why);

/** clsact_end - without it */
int clsact_end(int *sock, int ifindex);

#endif
