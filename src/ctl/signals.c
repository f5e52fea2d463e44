// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Signals as something that is read, for verbs that have to leave things in
 * order when they are told to end.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "ctl/ctl.h"

int signals_watch(void)
{
	sigset_t set;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGQUIT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

int signals_wait(const struct ctl *c, int fd, short events, uint64_t usec)
{
	struct pollfd fds[] = { { .fd = fd, .events = events },
				{ .fd = c->signals, .events = POLLIN } };
	struct timespec left = { .tv_sec = usec / 1000000, .tv_nsec = usec % 1000000 * 1000 };
	int r = ppoll(fds, ARRAY_SIZE(fds), usec == UINT64_MAX ? NULL : &left, NULL);

	if (r < 0)
		return errno == EINTR ? 0 : -errno;
	return fds[1].revents ? -EINTR : fds[0].revents ? 1 : 0;
}

bool signals_came(const struct ctl *c)
{
	struct pollfd p = { .fd = c->signals, .events = POLLIN };

	return c->signals >= 0 && poll(&p, 1, 0) > 0;
}

void signals_take(const struct ctl *c)
{
	struct signalfd_siginfo info;

	while (read(c->signals, &info, sizeof(info)) > 0)
		;
}
