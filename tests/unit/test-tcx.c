// SPDX-License-Identifier: LGPL-2.1-or-later
/* Programs at tcx, without a kernel that has it; with one: tests/netns/t-tcx.sh. */
#include "unit/harness.h"

#include <linux/pkt_cls.h>

#include "nl/tc-bpf.h"
#include "nl/xdp-internal.h"

static void kernel_without_tcx_is_told(void **state _unused_)
{
	struct kernel kernel = { .xdp = NULL };
	struct xdp x = { .kernel = &kernel, .tried = true };
	struct xdp_job *j = xdp_job_new(1);
	_cleanup_free_ char *why = NULL;

	j->hook = TCX_INGRESS;
	j->image = "";
	j->attach = TCX_BY_LINK;
	j->memory = str_dup("ingress\n/own.o\n\n0");
	assert_int_equal(xdp_run(&x, j, &why), -EOPNOTSUPP);
	assert_string_equal(why, "this kernel has no tcx (Linux 6.6, CONFIG_NET_XGRESS)");
	xdp_job_free(j);
}

/* Others' only: ours were detached while nobody looked. */
static int others(struct xdp *x _unused_, int ifindex _unused_, enum xdp_hook hook,
		  struct tcx_program *ret, uint64_t *revision)
{
	*revision = 7;
	ret[0] = (struct tcx_program){ .prog_id = 40, .link_id = hook == TCX_INGRESS ? 41 : 0 };
	return 1;
}

static struct xdp_attached *attached(struct xdp *x, enum xdp_hook hook, uint32_t link_id,
				     uint64_t revision)
{
	struct xdp_attached *a = new0(struct xdp_attached);

	a->ifindex = 1;
	a->hook = hook;
	a->link_id = link_id;
	a->revision = revision;
	a->link_fd = a->prog_fd = -1;
	a->memory = str_dup("ingress\n/own.o\n\n0");
	a->next = x->tcx;
	x->tcx = a;
	return a;
}

static void what_is_detached_is_seen(void **state _unused_)
{
	struct xdp x = { .query = others };

	assert_false(tcx_look(&x));
	attached(&x, TCX_INGRESS, 41, 7);
	assert_false(tcx_look(&x));
	x.tcx->revision = 6; /* something else has changed */
	assert_true(tcx_look(&x));
	assert_non_null(tcx_find(&x, 1, TCX_INGRESS, &(struct tcx_program){ .link_id = 41 }));
	assert_false(tcx_look(&x));
	x.tcx->link_id = 42;
	assert_true(tcx_look(&x));
	assert_null(x.tcx);
	/* attached without a link: nobody's */
	assert_null(tcx_find(&x, 1, TCX_INGRESS, &(struct tcx_program){ .prog_id = 40 }));
}

/* A filter's name says what it was made from, and is read by the next daemon. */
static void expect_name(const char *name, const char *program, const char *section)
{
	struct nl_msg *msg = nlmsg_alloc();
	struct nlattr *tb[TCA_BPF_MAX + 1];
	struct tc_bpf told;

	nla_put_string(msg, TCA_BPF_NAME, name);
	nla_put_u32(msg, TCA_BPF_ID, 7);
	nla_put_u32(msg, TCA_BPF_FLAGS, TCA_BPF_FLAG_ACT_DIRECT);
	assert_int_equal(nla_parse(tb, TCA_BPF_MAX, nlmsg_data(nlmsg_hdr(msg)),
				   nlmsg_datalen(nlmsg_hdr(msg)), NULL), 0);
	tc_bpf_get(tb, &told);
	assert_true(told.direct && told.id == 7);
	if (program) {
		assert_string_equal(told.program, program);
		assert_string_equal(told.section ? told.section : "", section);
		assert_string_equal(told.build, "0123456789abcdef");
	} else {
		assert_null(told.program);
	}
	tc_bpf_done(&told);
	nlmsg_free(msg);
}

static void is_refused(const char *program, const char *section, const char *words)
{
	_cleanup_free_ char *why = tc_bpf_check(program, section);

	assert_contains(why, words);
}

static void a_filter_says_what_it_was_made_from(void **state _unused_)
{
	expect_name("/a.o@0123456789abcdef", "/a.o", "");
	expect_name("/a.o:[tc/in]@0123456789abcdef", "/a.o", "tc/in");
	expect_name("/a:[b]@x/c@0.o:[d]e@f]@0123456789abcdef", "/a:[b]@x/c@0.o", "d]e@f");
	expect_name("a.o:[tc]", NULL, NULL); /* tc(8)'s own */
	expect_name("/a.o@0123456789abcdeg", NULL, NULL);
	expect_name("@0123456789abcdef", NULL, NULL);
	expect_name("", NULL, NULL);
	is_refused("a.o", NULL, "whole path");
	is_refused("/a]", NULL, "marks sections");
	is_refused("/a", ":[x", "marks sections");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kernel_without_tcx_is_told),
		cmocka_unit_test(what_is_detached_is_seen),
		cmocka_unit_test(a_filter_says_what_it_was_made_from),
	};

	return harness_main("tcx", tests, ARRAY_SIZE(tests));
}
