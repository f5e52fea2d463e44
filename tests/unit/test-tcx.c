// SPDX-License-Identifier: LGPL-2.1-or-later
/* Programs at tcx, without a kernel that has it; with one: tests/netns/t-tcx.sh. */
#include "unit/harness.h"

#include "nl/xdp-internal.h"

static int no_tcx(const struct xdp *x _unused_, int ifindex _unused_, enum xdp_hook hook _unused_,
		  struct tcx_program *ret _unused_, uint64_t *revision _unused_)
{
	return -EOPNOTSUPP;
}

static void kernel_without_tcx_is_told(void **state _unused_)
{
	struct xdp x = { .query = no_tcx };
	struct xdp_job *j = xdp_job_new(1);
	_cleanup_free_ char *why = NULL;

	j->hook = TCX_INGRESS;
	j->image = "";
	j->memory = str_dup("ingress\n/own.o\n\n0");
	assert_int_equal(xdp_run(&x, j, &why), -EOPNOTSUPP);
	assert_string_equal(why, "this kernel has no tcx (Linux 6.6, CONFIG_NET_XGRESS)");
	xdp_job_free(j);
}

/* Others' only: ours were detached while nobody looked. */
static int others(const struct xdp *x _unused_, int ifindex _unused_, enum xdp_hook hook,
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
	assert_non_null(tcx_find(&x, 41));
	assert_false(tcx_look(&x));
	x.tcx->link_id = 42;
	assert_true(tcx_look(&x));
	assert_null(x.tcx);
	assert_null(tcx_find(&x, 0)); /* attached without a link: nobody's */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kernel_without_tcx_is_told),
		cmocka_unit_test(what_is_detached_is_seen),
	};

	return harness_main("tcx", tests, ARRAY_SIZE(tests));
}
