// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * tests/golden: for each NAME.conf, on a machine that has its devices and is
 * as NAME.before.conf says (if there is one), the plan must be NAME.plan; and
 * when it has been carried out nothing may be left to do.
 * NETCTL_GOLDEN_UPDATE=1 writes the plans.
 */
#include "unit/harness.h"

#include <glob.h>
#include <stdio.h>

#define FOLDER "tests/golden/"

static void golden(void **state)
{
	const char *name = *state;
	_cleanup_free_ char *conf_path = str_format(FOLDER "%s.conf", name);
	_cleanup_free_ char *before_path = str_format(FOLDER "%s.before.conf", name);
	_cleanup_free_ char *plan_path = str_format(FOLDER "%s.plan", name);
	_cleanup_free_ char *conf = harness_read(conf_path), *before = harness_read(before_path);
	_cleanup_free_ char *plan = NULL, *impact = NULL;
	struct harness *h = harness_new();
	uint64_t requests;

	harness_nics_of(h, before ? before : conf);
	harness_start(h);
	if (before)
		harness_must_apply(h, before);
	plan = harness_plan_of(h, conf);
	impact = harness_impact_of(h, conf);
	harness_golden(plan_path, str_format("%s%s", plan, impact));
	harness_must_apply(h, conf);
	assert_text(harness_plan(h), "");
	requests = harness_requests(h);
	harness_must_apply(h, conf);
	assert_int_equal(harness_requests(h), requests);
	harness_free(h);
}

int main(void)
{
	struct CMUnitTest *tests = NULL;
	_cleanup_free_ char *pattern = NULL;
	size_t n = 0;
	glob_t g;
	int r;

	pattern = str_format("%s/%s*.conf", harness_top(), FOLDER);
	if (glob(pattern, 0, NULL, &g))
		return 99;
	for (size_t i = 0; i < g.gl_pathc; i++) {
		char *name = str_dup(strrchr(g.gl_pathv[i], '/') + 1);

		*strstr(name, ".conf") = 0;
		if (strchr(name, '.')) { /* NAME.before */
			free(name);
			continue;
		}
		tests = array_reserve(tests, n, sizeof(*tests));
		tests[n++] = (struct CMUnitTest){
			.name = name, .test_func = golden, .initial_state = name,
		};
	}
	globfree(&g);
	r = harness_main("golden", tests, n);
	for (size_t i = 0; i < n; i++)
		free((char *)tests[i].name);
	free(tests);
	return r;
}
