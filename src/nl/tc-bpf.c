// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Filters of traffic control that are programs (net/sched/cls_bpf.c).
 *
 * What must stay true: a name that tc_bpf_job() makes is one that tc_bpf_get()
 * understands, or each start of the daemon would load all programs anew.
 */
#include "nl/tc-bpf.h"

#include <linux/pkt_cls.h>
#include <stdio.h>

#include "util/text.h"

#define BUILD_LENGTH 16

static char *name_of(const char *program, const char *section, const char *build)
{
	return str_format("%s%s%s%s@%s", program, section ? ":[" : "", section ? section : "",
			  section ? "]" : "", build);
}

static int read_image(const char *program, char **ret, size_t *ret_size)
{
	return file_read(program, XDP_IMAGE_MAX, ret, ret_size);
}

char *tc_bpf_check(const char *program, const char *section)
{
	_cleanup_free_ char *image = NULL;
	size_t size = 0;
	int r;

	if (*program != '/')
		return str_dup("is not a whole path: a program is an object file");
	if (strlen(program) + (section ? strlen(section) + 3 : 0) + 1 + BUILD_LENGTH >
	    TC_BPF_NAME_MAX)
		return str_dup("is too long, with its section, for the name that the "
			       "kernel keeps");
	/* What read_name() would not take for what it was. */
	if (program[strlen(program) - 1] == ']' || (section && strstr(section, ":[")))
		return str_dup("ends with \"]\", or its section has \":[\": that marks sections "
			       "in the kernel");
	r = read_image(program, &image, &size);
	return r < 0 ? str_dup(strerror(-r)) : xdp_image_refuse(image, size, section);
}

int tc_bpf_build(const char *program, char *ret)
{
	_cleanup_free_ char *image = NULL;
	size_t size;
	int r = read_image(program, &image, &size);

	if (r < 0)
		return r;
	xdp_build(image, size, ret);
	return 0;
}

int tc_bpf_job(int ifindex, const char *program, const char *section, bool offload,
	       struct xdp_job **ret)
{
	char *image = NULL, build[BUILD_LENGTH + 1];
	struct xdp_job *j;
	size_t size;
	int r = read_image(program, &image, &size);

	if (r < 0)
		return r;
	j = xdp_job_new(ifindex);
	j->hook = TC_FILTER;
	j->mode = offload ? XDP_OFFLOAD : XDP_AUTO;
	j->own = image;
	j->image = image;
	j->size = size;
	j->file = str_dup(program);
	j->section = section ? str_dup(section) : NULL;
	/* What is loaded now, which may be another file than was checked. */
	xdp_build(image, size, build);
	j->memory = name_of(program, section, build);
	*ret = j;
	return 0;
}

int tc_bpf_put(struct nl_msg *msg, const struct xdp_job *j, size_t *ret_at)
{
	struct nlattr *fd = nla_reserve(msg, TCA_BPF_FD, sizeof(uint32_t));

	if (!fd || nla_put_string(msg, TCA_BPF_NAME, j->memory) < 0 ||
	    nla_put_u32(msg, TCA_BPF_FLAGS, TCA_BPF_FLAG_ACT_DIRECT) < 0)
		return -EMSGSIZE;
	*ret_at = (char *)nla_data(fd) - (char *)nlmsg_hdr(msg);
	return 0;
}

static bool is_build(const char *text)
{
	return strlen(text) == BUILD_LENGTH && strspn(text, "0123456789abcdef") == BUILD_LENGTH;
}

static void read_name(const char *name, struct tc_bpf *ret)
{
	const char *at = strrchr(name, '@'), *end = at, *section = NULL;

	if (!at || *name != '/' || !is_build(at + 1))
		return;
	if (at[-1] == ']') {
		for (section = at - 1; section > name && strncmp(section, ":[", 2); section--)
			;
		end = section > name ? section : at;
	}
	ret->program = str_format("%.*s", (int)(end - name), name);
	ret->section = end == at ? NULL : str_format("%.*s", (int)(at - 1 - (end + 2)), end + 2);
	ret->build = str_dup(at + 1);
}

void tc_bpf_get(struct nlattr *const *tb, struct tc_bpf *ret)
{
	_cleanup_free_ char *name = NULL;

	*ret = (struct tc_bpf){ 0 };
	if (tb[TCA_BPF_NAME]) {
		name = str_format("%.*s", nla_len(tb[TCA_BPF_NAME]),
				  (const char *)nla_data(tb[TCA_BPF_NAME]));
		read_name(name, ret);
	}
	if (tb[TCA_BPF_ID] && nla_len(tb[TCA_BPF_ID]) >= 4)
		ret->id = nla_get_u32(tb[TCA_BPF_ID]);
	if (tb[TCA_BPF_TAG] && nla_len(tb[TCA_BPF_TAG]) >= (int)sizeof(ret->tag))
		memcpy(ret->tag, nla_data(tb[TCA_BPF_TAG]), sizeof(ret->tag));
	ret->direct = tb[TCA_BPF_FLAGS] && nla_len(tb[TCA_BPF_FLAGS]) >= 4 &&
		      nla_get_u32(tb[TCA_BPF_FLAGS]) & TCA_BPF_FLAG_ACT_DIRECT;
}

void tc_bpf_done(struct tc_bpf *b)
{
	free(b->program);
	free(b->section);
	free(b->build);
	*b = (struct tc_bpf){ 0 };
}
