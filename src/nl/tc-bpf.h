/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Filters of traffic control that are programs: what goes to the kernel and what it tells. */
#ifndef NL_TC_BPF_H
#define NL_TC_BPF_H

#include <netlink/attr.h>
#include <netlink/msg.h>

#include "nl/xdp.h"

/*
 * A filter of kind bpf holds its program, and nothing else must be kept open. What it was made
 * from is its name, which the kernel keeps and tells: PATH, ":[SECTION]" where it has one, and
 * "@" with the hash of the object file.
 */

/* kernel: CLS_BPF_NAME_LEN, without the 0 at its end */
#define TC_BPF_NAME_MAX 255

struct tc_bpf {
	char *program, *section, *build; /* heap; NULL: others', or no section */
	uint32_t id;
	uint8_t tag[8];
	bool direct; /* its answer is what happens to the frame (TCA_BPF_FLAG_ACT_DIRECT) */
};

/** tc_bpf_done - free what tc_bpf_get() made */
void tc_bpf_done(struct tc_bpf *b);

/**
 * tc_bpf_check - can this be a filter's program? Reads the file.
 *
 * Return: NULL, or what is wrong with it, for the caller to free.
 */
char *tc_bpf_check(const char *program, const char *section);

/** tc_bpf_build - the hash of an object file, into @ret of 17 bytes; 0 or a negative errno */
int tc_bpf_build(const char *program, char *ret);

/**
 * tc_bpf_job - the object file is read now, and loaded when the message leaves
 * @section: or NULL
 * @offload: it is loaded into the device @ifindex
 * @ret: for request.program, or for xdp_job_free()
 *
 * Return: 0 or a negative errno.
 */
int tc_bpf_job(int ifindex, const char *program, const char *section, bool offload,
	       struct xdp_job **ret);

/**
 * tc_bpf_put - its attributes, into the open nest TCA_OPTIONS; in direct action
 * @ret_at: for request.program_at
 *
 * Return: 0 or -EMSGSIZE.
 */
int tc_bpf_put(struct nl_msg *msg, const struct xdp_job *j, size_t *ret_at);

/**
 * tc_bpf_get - of what the kernel tells
 * @tb: TCA_OPTIONS, parsed
 * @ret: for tc_bpf_done()
 */
void tc_bpf_get(struct nlattr *const *tb, struct tc_bpf *ret);

#endif
