// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * How long the event loop of a program is busy at a time: preloaded into it, counts
 * from each return of epoll_wait() to the next call, in the first thread only.
 * Written to $TURNS_FILE when the program ends: turns, the longest, the sum, in us.
 * What was before $TURNS_AFTER seconds is not counted.
 *
 * To $TURNS_LOG, while it runs, a line for each turn longer than 1 ms: how long it took,
 * how much of that the thread ran, and how often it slept (a disk, a lock, a process), so
 * that a turn that only waited for a processor can be told from one that was long.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define LOG_USEC 1000

static uint64_t begin, begin_cpu, since, turns, longest, sum;
static long begin_sleeps;
static FILE *turns_log;

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

static long sleeps_so_far(void)
{
	struct rusage u;

	getrusage(RUSAGE_THREAD, &u);
	return u.ru_nvcsw;
}

static void log_turn(uint64_t busy)
{
	fprintf(turns_log, "%llu %llu %ld\n", (unsigned long long)busy,
		(unsigned long long)(clock_now(CLOCK_THREAD_CPUTIME_ID) - begin_cpu),
		sleeps_so_far() - begin_sleeps);
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
}

static void wakes(void)
{
	if (gettid() != getpid())
		return;
	if (turns_log) {
		begin_cpu = clock_now(CLOCK_THREAD_CPUTIME_ID);
		begin_sleeps = sleeps_so_far();
	}
	begin = now_usec();
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
