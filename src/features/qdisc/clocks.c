// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Can a clock be right? A schedule by a clock that is wrong is worse than none:
 * in software the kernel makes up for every interval between the time it was
 * armed at and the time that the clock is then set to, one after the other, with
 * interrupts off (advance_sched(), __hrtimer_run_queues()). From 1970 to today that
 * is for ever.
 *
 * What must stay true: nothing here needs a privilege but to read /dev/ptp…: the
 * unit may not call adjtimex(), and the TAI offset is the difference of two clocks.
 */
#include "features/qdisc/clocks.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#ifndef CLOCK_TAI
#define CLOCK_TAI 11
#endif

#define SECOND INT64_C(1000000000)
/* 2020: before the program was, so no clock that was set says it. */
#define SANE (INT64_C(1577836800) * SECOND)
/* clock_gettime(2), "Dynamic clocks" (include/linux/posix-timers.h, fd_to_clockid()) */
#define FD_TO_CLOCKID(fd) ((clockid_t)((((unsigned int)~(fd)) << 3) | 3))
#define LOOKS 3

static int64_t read_clock(clockid_t id)
{
	struct timespec t;

	if (clock_gettime(id, &t) < 0)
		return -1;
	return t.tv_sec * SECOND + t.tv_nsec;
}

/* How far @a is ahead of @b; of a few looks the one that took the shortest. */
static int64_t difference(clockid_t a, clockid_t b)
{
	int64_t best = 0, shortest = INT64_MAX;

	for (unsigned n = 0; n < LOOKS; n++) {
		int64_t before = read_clock(b), there = read_clock(a), after = read_clock(b);

		if (after - before >= shortest)
			continue;
		shortest = after - before;
		best = there - before - shortest / 2;
	}
	return best;
}

/* The number of the device's clock, where it has one and only one. */
static int find_phc(const char *name)
{
	char path[128];
	struct dirent *e;
	int number = -ENODEV, one;
	DIR *d;

	snprintf(path, sizeof(path), "/sys/class/net/%s/device/ptp", name);
	d = opendir(path);
	while (d && (e = readdir(d))) {
		if (sscanf(e->d_name, "ptp%d", &one) != 1)
			continue;
		number = number == -ENODEV ? one : -ENOTUNIQ;
	}
	if (d)
		closedir(d);
	return number;
}

static int look_at_phc(struct clocks *c)
{
	char path[32];
	int fd, r = 0;

	snprintf(path, sizeof(path), "/dev/ptp%d", c->phc);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return -errno;
	errno = 0;
	if (read_clock(FD_TO_CLOCKID(fd)) < 0) {
		r = errno ? -errno : -EIO;
	} else {
		c->phc_offset = difference(FD_TO_CLOCKID(fd), CLOCK_TAI);
		if (c->device) {
			c->ahead = difference(FD_TO_CLOCKID(fd), CLOCK_MONOTONIC);
			c->now = read_clock(FD_TO_CLOCKID(fd));
			c->known = true;
		}
	}
	close(fd);
	return r;
}

const char *clocks_name(const struct clocks *c)
{
	return c->device ? "the device's clock" : "the clock";
}

bool clocks_follow(const struct taprio *t)
{
	return t->offload == OFFLOAD_FULL || t->clock == CLOCK_TAI || t->clock == CLOCK_REALTIME;
}

void clocks_look(struct clocks *c, const struct taprio *t, const char *name)
{
	*c = (struct clocks){ .device = t->offload == OFFLOAD_FULL, .phc = -ENODEV };
	c->tai = difference(CLOCK_TAI, CLOCK_REALTIME);
	/* Whole seconds; the two reads are some ns apart. */
	c->tai = (c->tai + (c->tai < 0 ? -SECOND : SECOND) / 2) / SECOND * SECOND;
	if (!c->device) {
		c->ahead = difference(t->clock, CLOCK_MONOTONIC);
		c->now = read_clock(t->clock);
		c->known = true;
	}
	if (t->offload == OFFLOAD_NONE)
		return;
	c->phc = find_phc(name);
	if (c->phc >= 0)
		c->phc_error = look_at_phc(c);
}

/* Not by how much: that is another number at every look. */
static char *not_in_step(const struct clocks *c, int64_t limit)
{
	_cleanup_free_ char *at_most = time_text(limit);

	return str_format("/dev/ptp%d is more than %s %s CLOCK_TAI (tsn.phc_limit)", c->phc,
			  at_most, c->phc_offset < 0 ? "behind" : "ahead of");
}

static char *no_phc(const struct clocks *c)
{
	if (c->phc == -ENOTUNIQ)
		return str_dup(
			"which clock is the device's is not known: its bus device has several");
	if (c->phc < 0)
		return str_dup("the device has no clock");
	return str_format("/dev/ptp%d cannot be read: %s", c->phc, strerror(-c->phc_error));
}

char *clocks_wrong(const struct clocks *c, const struct taprio *t, unsigned level, int64_t limit)
{
	bool by_tai = c->device || t->clock == CLOCK_TAI;
	time_t seconds = c->now / SECOND;
	char date[16] = "";
	struct tm tm;

	if (level < WAIT_SET || !clocks_follow(t))
		return NULL;
	if (c->known && c->now < SANE) {
		if (gmtime_r(&seconds, &tm))
			strftime(date, sizeof(date), "%Y-%m-%d", &tm);
		return str_format("the %s clock is not set: it says %s",
				  c->device ? "device's" : "system's", date);
	}
	if (level >= WAIT_TAI && by_tai && !c->tai)
		return str_dup("CLOCK_TAI is UTC: nobody has told the kernel the TAI offset "
			       "(phc2sys, ptp4l, or an NTP client with leap seconds)");
	/* Where the kernel itself sends at the time (etf), there is one clock only. */
	if (level < WAIT_PHC || t->offload == OFFLOAD_NONE || (!c->device && c->phc == -ENODEV))
		return NULL;
	if (c->phc < 0 || c->phc_error)
		return no_phc(c);
	return llabs(c->phc_offset) > limit ? not_in_step(c, limit) : NULL;
}
