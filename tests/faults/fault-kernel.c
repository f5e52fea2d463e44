// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The kernel, with faults on purpose: linked into a daemon of its own
 * (netctld-faults), which is the installed one but for two functions that the
 * linker leads here, kernel_open() and rename().
 *
 * The file that NETCTL_FAULTS names holds one order; it is taken, and removed,
 * when the next request or rename comes, and requests and renames are counted
 * from there:
 *
 *   fail N ERRNO             request N is not done, and answered so (0: as if it had been)
 *   kill N                   SIGKILL when request N is done and none behind it
 *   kill-rename N before     SIGKILL instead of the N-th rename of a file, which
 *   kill-rename N after      is how a state file changes; or behind it
 *   run N COMMAND            run a shell command when request N has been made, before it is sent
 *   run-kill N COMMAND       the same; and SIGKILL when all requests behind it that were made
 *                            then have been answered
 *   off                      nothing
 *
 * What was done, and to which request, is written to the file with ".done" behind
 * its name; as long as that is missing, the order has met nothing.
 *
 * What must stay true: requests leave in the order and in the batches in which
 * the daemon makes them. In the place of one that is to fail another goes, which
 * the kernel refuses; the answer is replaced.
 */
#include <linux/rtnetlink.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "nl/kernel.h"
#include "util/macros.h"

enum order { ORDER_OFF, ORDER_FAIL, ORDER_KILL, ORDER_KILL_RENAME, ORDER_RUN, ORDER_RUN_KILL };

static struct {
	enum order order;
	unsigned n;		/* the request or rename meant, from 1 */
	int error;		/* FAIL */
	bool after;		/* KILL_RENAME */
	char command[1024];	/* RUN */
	unsigned requests, renames; /* seen since the order came */
	bool dropping;		/* KILL: what comes now is not sent */
	bool killing;		/* RUN_KILL: when all that came since is answered */
	unsigned unanswered;
} fault;

/* The kernel's own, but for submit(). */
static const struct kernel_ops *real;
static struct kernel_ops ops;

/* Between the daemon's callback and the kernel's answer. */
struct relay {
	reply_fn fn;
	void *data;
	bool replace, kill;
	int error;
};

int __real_kernel_open(sd_event *event, struct kernel **ret);
int __wrap_kernel_open(sd_event *event, struct kernel **ret);
int __real_rename(const char *from, const char *to);
int __wrap_rename(const char *from, const char *to);

static _Noreturn void broken(const char *what)
{
	fprintf(stderr, "%s: %s\n", getenv("NETCTL_FAULTS"), what);
	exit(98);
}

static void parse_order(const char *line)
{
	char word[16] = "", rest[1024] = "";
	unsigned n = 0;

	if (sscanf(line, "%15s %u %1023[^\n]", word, &n, rest) < 1)
		broken("no order");
	memset(&fault, 0, sizeof(fault));
	fault.n = n;
	if (!strcmp(word, "fail")) {
		fault.order = ORDER_FAIL;
		fault.error = -atoi(rest);
	} else if (!strcmp(word, "kill")) {
		fault.order = ORDER_KILL;
	} else if (!strcmp(word, "kill-rename")) {
		fault.order = ORDER_KILL_RENAME;
		fault.after = !strcmp(rest, "after");
	} else if (!strcmp(word, "run") || !strcmp(word, "run-kill")) {
		fault.order = strcmp(word, "run") ? ORDER_RUN_KILL : ORDER_RUN;
		snprintf(fault.command, sizeof(fault.command), "%s", rest);
	} else if (strcmp(word, "off")) {
		broken("no such order");
	}
}

static void take_order(void)
{
	const char *path = getenv("NETCTL_FAULTS");
	char line[1100] = "";
	FILE *f = path ? fopen(path, "re") : NULL;

	if (!f)
		return;
	if (!fgets(line, sizeof(line), f))
		broken("empty");
	fclose(f);
	unlink(path);
	parse_order(line);
}

static void tell(const char *what, const char *to)
{
	char path[1024];
	FILE *f;

	snprintf(path, sizeof(path), "%s.done", getenv("NETCTL_FAULTS"));
	f = fopen(path, "we");
	if (!f || fprintf(f, "%s %u: %s\n", what, fault.n, to) < 0 || fclose(f))
		broken("cannot say what was done");
}

static _Noreturn void die(void)
{
	raise(SIGKILL);
	abort();
}

static void on_reply(void *data, int error, const char *text)
{
	struct relay relay = *(struct relay *)data;

	free(data);
	if (relay.kill || (fault.killing && !--fault.unanswered))
		die();
	relay.fn(relay.data, relay.replace ? relay.error : error,
		 relay.replace ? "on purpose" : text);
}

/* Refused by the kernel wherever it is: there is no such interface. */
static void submit_refused(struct kernel *k, struct relay *relay)
{
	struct {
		struct nlmsghdr h;
		struct ifinfomsg i;
	} m = {
		.h = { .nlmsg_len = sizeof(m), .nlmsg_type = RTM_SETLINK },
		.i = { .ifi_index = INT32_MAX },
	};
	struct request r = { .channel = CHANNEL_NETLINK, .nlh = &m.h };

	real->submit(k, &r, on_reply, relay);
}

static void describe(const struct request *r, char *ret, size_t size)
{
	if (r->channel == CHANNEL_NETLINK)
		snprintf(ret, size, "message of type %u", r->nlh->nlmsg_type);
	else if (r->channel == CHANNEL_XDP)
		snprintf(ret, size, "XDP program");
	else
		snprintf(ret, size, "%s = %s", r->path, r->value);
}

static void fault_submit(struct kernel *k, const struct request *r, reply_fn fn, void *data)
{
	struct relay *relay = calloc(1, sizeof(*relay));
	char what[256];
	bool now;

	take_order();
	now = ++fault.requests == fault.n;
	*relay = (struct relay){ .fn = fn, .data = data };
	describe(r, what, sizeof(what));
	if (fault.order == ORDER_FAIL && now) {
		tell("failed", what);
		relay->replace = true;
		relay->error = fault.error;
		submit_refused(k, relay);
		return;
	}
	if (fault.dropping) { /* to be killed before any answer */
		free(relay);
		return;
	}
	fault.killing |= fault.order == ORDER_RUN_KILL && now;
	fault.unanswered += fault.killing;
	if ((fault.order == ORDER_RUN || fault.order == ORDER_RUN_KILL) && now) {
		tell("ran before", what);
		if (system(fault.command))
			fprintf(stderr, "failed: %s\n", fault.command);
	}
	if (fault.order == ORDER_KILL && now) {
		tell("killed after", what);
		relay->kill = fault.dropping = true;
	}
	real->submit(k, r, on_reply, relay);
}

int __wrap_kernel_open(sd_event *event, struct kernel **ret)
{
	int r = __real_kernel_open(event, ret);

	if (r < 0)
		return r;
	real = (*ret)->ops;
	ops = *real;
	ops.submit = fault_submit;
	(*ret)->ops = &ops;
	return 0;
}

int __wrap_rename(const char *from, const char *to)
{
	bool now;
	int r;

	take_order();
	now = ++fault.renames == fault.n && fault.order == ORDER_KILL_RENAME;
	if (now)
		tell(fault.after ? "killed after the rename to" : "killed before the rename to", to);
	if (now && !fault.after)
		die();
	r = __real_rename(from, to);
	if (now)
		die();
	return r;
}
