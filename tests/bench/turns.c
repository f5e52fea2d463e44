// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * How long the event loop of a program is busy at a time: preloaded into it, counts
 * from each return of epoll_wait() to the next call, in the first thread only.
 * Written to $TURNS_FILE when the program ends: turns, the longest, the sum, in us.
 * What was before $TURNS_AFTER seconds is not counted.
 *
 * To $TURNS_LOG, while it runs, a line for each turn longer than 1 ms: how long it took,
 * how much of that the thread ran, how much it waited for a processor (the kernel's
 * Documentation/scheduler/sched-stats.rst, /proc/PID/schedstat), all in us, and what it did,
 * if turn-parts.c is compiled in. What is left was slept: a disk, a lock, a process.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "turns.h"

#define LOG_USEC 1000

static uint64_t begin, begin_cpu, begin_waited, since, turns, longest, sum;
static FILE *turns_log;
static int schedstat = -1;

static uint64_t clock_now(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec * UINT64_C(1000000) + t.tv_nsec / 1000;
}

static uint64_t now_usec(void)
{
	return clock_now(CLOCK_MONOTONIC);
}

static uint64_t waited_so_far(void)
{
	unsigned long long ran, waited = 0;
	char text[64] = "";

	if (pread(schedstat, text, sizeof(text) - 1, 0) > 0)
		(void)sscanf(text, "%llu %llu", &ran, &waited);
	return waited / 1000;
}

static void log_turn(uint64_t busy)
{
	fprintf(turns_log, "%llu %llu %llu ", (unsigned long long)busy,
		(unsigned long long)(clock_now(CLOCK_THREAD_CPUTIME_ID) - begin_cpu),
		(unsigned long long)(waited_so_far() - begin_waited));
	if (turn_tell)
		turn_tell(turns_log);
	fputc('\n', turns_log);
	fflush(turns_log);
}

static void sleeps(void)
{
	uint64_t busy = begin ? now_usec() - begin : 0;

	if (gettid() != getpid() || !begin || begin < since)
		return;
	turns++;
	sum += busy;
	longest = busy > longest ? busy : longest;
	if (turns_log && busy > LOG_USEC)
		log_turn(busy);
	begin = 0;
}

static void wakes(void)
{
	if (gettid() != getpid())
		return;
	if (turns_log) {
		begin_cpu = clock_now(CLOCK_THREAD_CPUTIME_ID);
		begin_waited = waited_so_far();
	}
	begin = now_usec();
	if (turn_begins)
		turn_begins();
}

int epoll_wait(int fd, struct epoll_event *events, int n, int timeout)
{
	int (*real)(int, struct epoll_event *, int, int) = dlsym(RTLD_NEXT, "epoll_wait");
	int r;

	sleeps();
	r = real(fd, events, n, timeout);
	wakes();
	return r;
}

int epoll_pwait2(int fd, struct epoll_event *events, int n, const struct timespec *timeout,
		 const sigset_t *signals)
{
	int (*real)(int, struct epoll_event *, int, const struct timespec *, const sigset_t *) =
		dlsym(RTLD_NEXT, "epoll_pwait2");
	int r;

	sleeps();
	r = real(fd, events, n, timeout, signals);
	wakes();
	return r;
}

__attribute__((constructor)) static void start(void)
{
	const char *after = getenv("TURNS_AFTER"), *path = getenv("TURNS_LOG");

	since = now_usec() + (after ? atoi(after) : 0) * UINT64_C(1000000);
	turns_log = path ? fopen(path, "ae") : NULL;
	schedstat = open("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC);
}

__attribute__((destructor)) static void end(void)
{
	const char *path = getenv("TURNS_FILE");
	FILE *out = path ? fopen(path, "w") : NULL;

	if (!out)
		return;
	fprintf(out, "%llu %llu %llu\n", (unsigned long long)turns, (unsigned long long)longest,
		(unsigned long long)sum);
	fclose(out);
}
