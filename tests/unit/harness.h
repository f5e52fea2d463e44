/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the unit tests share: an engine on a fake or a real kernel, files, the loop. */
#ifndef TEST_HARNESS_H
#define TEST_HARNESS_H

/* cmocka wants these first. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/engine.h"
#include "fake/fake-kernel.h"

/*
 * A machine and, between harness_start() and harness_kill(), a daemon on it.
 * The working directory is a fresh folder; the configuration is the folder conf
 * in it, so that messages say "conf/a.conf:3: …".
 */
struct harness {
	struct harness *outer;	  /* made before it */
	sd_event *event;
	struct fake_kernel *fake; /* NULL: the real kernel, in a network namespace of its own */
	struct engine *engine;    /* NULL: not running */
	char *folder, *back;
	char *pins; /* where XDP programs outlive the daemon */
	bool once; /* start the engine with live = false */

	/* How the last apply ended. */
	bool done;
	int error;
	unsigned steps;
	char *text; /* what failed, or all that is wrong with the configuration */
};

/**
 * harness_new - a machine without a daemon
 *
 * Which kernel it has says the environment: NETCTL_TEST_KERNEL=fake (the
 * default) or netns (as root). Messages of the daemon are shown with
 * NETCTL_TEST_VERBOSE=1.
 */
struct harness *harness_new(void);

/** harness_free - with the machine and all files; NULL is allowed */
void harness_free(struct harness *h);

/** harness_setup, harness_teardown - for cmocka_unit_test_setup_teardown(); *state is the harness */
int harness_setup(void **state);
int harness_teardown(void **state);

/**
 * harness_main - run the one group of a program
 *
 * NETCTL_TEST_FILTER="rou*" picks tests by name. What tests that failed have
 * left behind is cleaned up.
 */
int harness_main(const char *name, const struct CMUnitTest *tests, size_t n);

#define HARNESS_TEST(f) cmocka_unit_test_setup_teardown(f, harness_setup, harness_teardown)

/** harness_need_fake - skip the test on a real kernel, which has no such knobs */
#define harness_need_fake(h)                                                                       \
	do {                                                                                       \
		if (!(h)->fake)                                                                    \
			skip();                                                                    \
	} while (0)

/** harness_need_kernel - skip the test on the fake kernel, which is not as mean */
#define harness_need_kernel(h)                                                                     \
	do {                                                                                       \
		if ((h)->fake) {                                                                   \
			print_message("# skipped, for the fake kernel does not do that\n");        \
			skip();                                                                    \
		}                                                                                  \
	} while (0)

/** harness_nic - a device that exists by itself comes */
void harness_nic(struct harness *h, const char *name);

/** harness_port - a port of a switch on @conduit comes; skips the test on a real kernel */
void harness_port(struct harness *h, const char *name, const char *conduit);

/** harness_nics_of - all that a configuration takes for granted: its entries without kind */
void harness_nics_of(struct harness *h, const char *config);

/** harness_unplug - and goes */
void harness_unplug(struct harness *h, const char *name);

/** harness_exec - another program changes something; printf-like; see fake_command() */
void harness_exec(struct harness *h, const char *fmt, ...) _printf_(2, 3);

/** harness_file - write a file below the folder; the path's folders are made */
void harness_file(struct harness *h, const char *path, const char *text);

/** harness_start - start the daemon's engine and let it read the kernel */
void harness_start(struct harness *h);

/** harness_kill - end it without any goodbye; the record stays */
void harness_kill(struct harness *h);

/** harness_settle - run the loop until nothing is left to do */
void harness_settle(struct harness *h);

/** harness_wait - run the loop for a time, in milliseconds */
void harness_wait(struct harness *h, unsigned ms);

/**
 * harness_apply - write conf/a.conf, have it applied, wait for the end
 * Return: 0, -EIO when steps failed, -EINVAL when it was refused; h->text says more.
 */
int harness_apply(struct harness *h, const char *config);

/** harness_reload - the same with the files as they are */
int harness_reload(struct harness *h);

/** harness_must_apply - the same, and nothing may go wrong */
void harness_must_apply(struct harness *h, const char *config);

/** harness_plan - the plan for the configuration that is current; the caller frees it */
char *harness_plan(struct harness *h);

/** harness_plan_of - the plan for another one, which must be valid; nothing is done */
char *harness_plan_of(struct harness *h, const char *config);

/** harness_impact_of - what that plan does to traffic; the caller frees it */
char *harness_impact_of(struct harness *h, const char *config);

/** harness_export - the machine as a configuration; the caller frees it */
char *harness_export(struct harness *h);

/** harness_json - what show says of an interface; the caller frees it */
char *harness_json(struct harness *h, const char *name);

/** harness_requests - how many requests this engine has sent */
uint64_t harness_requests(const struct harness *h);

/** harness_now - CLOCK_MONOTONIC, in us */
uint64_t harness_now(void);

/** harness_state - "ok", "absent", … of an interface */
const char *harness_state(struct harness *h, const char *name);

/** harness_reason - and why */
const char *harness_reason(struct harness *h, const char *name);

/** harness_begin - plug in devices, named with spaces between, and start the daemon */
struct harness *harness_begin(void **state, const char *nics);

/** harness_switch - a switch of lan0 and lan1 with a router's leg, and no interfaces at all */
extern const char harness_switch[], harness_nothing[];

/** expect_settled - the plan for the current configuration is empty */
void expect_settled(struct harness *h);

/** expect_has, expect_lacks - what show says of an interface */
void expect_has(struct harness *h, const char *name, const char *part);
void expect_lacks(struct harness *h, const char *name, const char *part);

/** expect_no_requests - apply again: nothing may be sent */
void expect_no_requests(struct harness *h);

/** assert_contains - @text has @part in it */
#define assert_contains(text, part) harness_contains(text, part, true, __FILE__, __LINE__)
#define assert_lacks(text, part) harness_contains(text, part, false, __FILE__, __LINE__)
void harness_contains(const char *text, const char *part, bool wanted, const char *file, int line);

/** assert_text - two texts are the same; @got is freed */
#define assert_text(got, want) harness_text(got, want, __FILE__, __LINE__)
void harness_text(char *got, const char *want, const char *file, int line);

/** harness_top - of the source: NETCTL_SRCDIR, or where it was when it was built */
const char *harness_top(void);

/** harness_read - a whole file below the top of the source; the caller frees it; NULL: none */
char *harness_read(const char *path);

/**
 * harness_golden - compare with a file below the top of the source
 *
 * With NETCTL_GOLDEN_UPDATE=1 it is written instead. @got is freed.
 */
void harness_golden(const char *path, char *got);

#endif
