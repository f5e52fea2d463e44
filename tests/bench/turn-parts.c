// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What a turn of the daemon's loop did, for turns.c: preloaded with it. A turn is made of parts: a
 * handler of the loop (+OFFSET in the program: addr2line), reading from the bus, a message's
 * handler (with its size), an answer. A part begins where the next one is called, so that what it
 * took is known without a word from the program. A file that was put on disk is a part, too.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <linux/netlink.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>
#include <time.h>
#include <unistd.h>

#include "turns.h"

#define PARTS_MAX 64
#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

struct part {
	char what[160];
	uint64_t begun;
};

/* Of @n the first are kept: what comes later counts for the last one. */
static struct part parts[PARTS_MAX];
static unsigned n;
static size_t bytes; /* read since the last message */

static uint64_t now_usec(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * UINT64_C(1000000) + t.tv_nsec / 1000;
}

__attribute__((format(printf, 1, 2))) static void part(const char *fmt, ...)
{
	struct part *p = &parts[n];
	va_list ap;

	if (gettid() != getpid() || n == PARTS_MAX)
		return;
	n++;
	p->begun = now_usec();
	va_start(ap, fmt);
	(void)vsnprintf(p->what, sizeof(p->what), fmt, ap);
	va_end(ap);
}

void turn_begins(void)
{
	n = 0;
	part("loop");
}

static bool is_last(unsigned k)
{
	return k + 1 == n;
}

static uint64_t took(unsigned k, uint64_t now)
{
	return (is_last(k) ? now : parts[k + 1].begun) - parts[k].begun;
}

/* The parts that took longest, in the order in which they were. */
void turn_tell(FILE *out)
{
	const uint64_t now = now_usec();
	uint64_t all = now - parts[0].begun;

	for (unsigned k = 0; k < n; k++)
		if (took(k, now) * 8 >= all)
			fprintf(out, "[%s: %.1f ms] ", parts[k].what, took(k, now) / 1000.0);
	fprintf(out, "of %u", n);
}

/* Handlers of the loop */

struct handler {
	void *run, *data;
};

/* The library's own stay as they are: it looks at their data elsewhere, too. */
static bool is_ours(void *run)
{
	Dl_info i, library;

	return run && dladdr(run, &i) &&
	       dladdr(dlsym(RTLD_NEXT, "sd_event_add_io"), &library) &&
	       i.dli_fbase != library.dli_fbase;
}

static struct handler *wrap(void *run, void *data)
{
	struct handler *h = malloc(sizeof(*h)); /* for ever: this is for a measurement */

	*h = (struct handler){ run, data };
	return h;
}

static void handler_begins(const struct handler *h)
{
	const char *file;
	Dl_info i;

	if (!dladdr(h->run, &i) || !i.dli_fname)
		return;
	file = strrchr(i.dli_fname, '/');
	part("%s+%#lx", file ? file + 1 : i.dli_fname,
	     (unsigned long)((char *)h->run - (char *)i.dli_fbase));
}

static int on_io(sd_event_source *s, int fd, uint32_t events, void *data)
{
	struct handler *h = data;
	int r;

	handler_begins(h);
	r = ((sd_event_io_handler_t)h->run)(s, fd, events, h->data);
	part("loop");
	return r;
}

static int on_time(sd_event_source *s, uint64_t usec, void *data)
{
	struct handler *h = data;
	int r;

	handler_begins(h);
	r = ((sd_event_time_handler_t)h->run)(s, usec, h->data);
	part("loop");
	return r;
}

static int on_defer(sd_event_source *s, void *data)
{
	struct handler *h = data;
	int r;

	handler_begins(h);
	r = ((sd_event_handler_t)h->run)(s, h->data);
	part("loop");
	return r;
}

int sd_event_add_io(sd_event *e, sd_event_source **ret, int fd, uint32_t events,
		    sd_event_io_handler_t run, void *data)
{
	if (!is_ours((void *)run))
		return REAL(sd_event_add_io)(e, ret, fd, events, run, data);
	return REAL(sd_event_add_io)(e, ret, fd, events, on_io, wrap((void *)run, data));
}

int sd_event_add_time(sd_event *e, sd_event_source **ret, clockid_t clock, uint64_t usec,
		      uint64_t accuracy, sd_event_time_handler_t run, void *data)
{
	if (!is_ours((void *)run))
		return REAL(sd_event_add_time)(e, ret, clock, usec, accuracy, run, data);
	return REAL(sd_event_add_time)(e, ret, clock, usec, accuracy, on_time,
				       wrap((void *)run, data));
}

int sd_event_add_defer(sd_event *e, sd_event_source **ret, sd_event_handler_t run, void *data)
{
	if (!is_ours((void *)run))
		return REAL(sd_event_add_defer)(e, ret, run, data);
	return REAL(sd_event_add_defer)(e, ret, on_defer, wrap((void *)run, data));
}

/* Messages */

static const char *word(const char *s)
{
	return s ? s : "";
}

static int on_message(sd_bus_message *m, void *data, sd_bus_error *error)
{
	const char *path = word(sd_bus_message_get_path(m));

	(void)data;
	(void)error;
	part("%.40s.%.40s(%.20s) of %.20s, %zu bytes", word(sd_bus_message_get_interface(m)),
	     word(sd_bus_message_get_member(m)), word(sd_bus_message_get_signature(m, true)),
	     strrchr(path, '/') ? strrchr(path, '/') : path, bytes);
	bytes = 0;
	return 0;
}

int sd_bus_start(sd_bus *b)
{
	int r = REAL(sd_bus_start)(b);

	if (r >= 0)
		(void)sd_bus_add_filter(b, NULL, on_message, NULL);
	return r;
}

static int on_reply(sd_bus_message *m, void *data, sd_bus_error *error)
{
	struct handler *h = data;
	int r;

	part("reply, %zu bytes", bytes);
	bytes = 0;
	r = ((sd_bus_message_handler_t)h->run)(m, h->data, error);
	part("loop");
	return r;
}

int sd_bus_call_method_async(sd_bus *b, sd_bus_slot **slot, const char *destination,
			     const char *path, const char *interface, const char *member,
			     sd_bus_message_handler_t run, void *data, const char *types, ...)
{
	va_list ap;
	bool ours = is_ours((void *)run);
	int r;

	va_start(ap, types);
	r = sd_bus_call_method_asyncv(b, slot, destination, path, interface, member,
				      ours ? on_reply : run, ours ? wrap((void *)run, data) : data,
				      types, ap);
	va_end(ap);
	return r;
}

int sd_bus_call_async(sd_bus *b, sd_bus_slot **slot, sd_bus_message *m,
		      sd_bus_message_handler_t run, void *data, uint64_t usec)
{
	bool ours = is_ours((void *)run);

	return REAL(sd_bus_call_async)(b, slot, m, ours ? on_reply : run,
				       ours ? wrap((void *)run, data) : data, usec);
}

static void answers(sd_bus_message *m)
{
	part("answer to %.40s", word(sd_bus_message_get_member(m)));
}

int sd_bus_message_new_method_return(sd_bus_message *m, sd_bus_message **ret)
{
	answers(m);
	return REAL(sd_bus_message_new_method_return)(m, ret);
}

int sd_bus_reply_method_return(sd_bus_message *m, const char *types, ...)
{
	va_list ap;
	int r;

	answers(m);
	va_start(ap, types);
	r = sd_bus_reply_method_returnv(m, types, ap);
	va_end(ap);
	return r;
}

int sd_bus_reply_method_errorf(sd_bus_message *m, const char *name, const char *fmt, ...)
{
	va_list ap;
	int r;

	answers(m);
	va_start(ap, fmt);
	r = sd_bus_reply_method_errorfv(m, name, fmt, ap);
	va_end(ap);
	return r;
}

/* System calls that may take long */

/* What reads the bus is the daemon's own (bus/guard.c). */
long syscall(long number, ...)
{
	long a[6], r;
	va_list ap;

	va_start(ap, number);
	for (unsigned k = 0; k < 6; k++)
		a[k] = va_arg(ap, long);
	va_end(ap);
	if (number == SYS_recvmsg && n && strncmp(parts[n - 1].what, "read", 4))
		part("read a message");
	r = REAL(syscall)(number, a[0], a[1], a[2], a[3], a[4], a[5]);
	if (number == SYS_recvmsg)
		bytes += r > 0 ? r : 0;
	return r;
}

ssize_t sendmsg(int fd, const struct msghdr *msg, int flags)
{
	ssize_t r;

	part("sendmsg");
	r = REAL(sendmsg)(fd, msg, flags);
	part("loop");
	return r;
}

/* To the kernel: the type of the first message (linux/rtnetlink.h; of generic netlink: its family) */
ssize_t sendto(int fd, const void *data, size_t len, int flags, const struct sockaddr *to,
	       socklen_t to_len)
{
	ssize_t r;

	if (len >= sizeof(struct nlmsghdr))
		part("netlink type %u, %zu bytes", ((const struct nlmsghdr *)data)->nlmsg_type,
		     len);
	r = REAL(sendto)(fd, data, len, flags, to, to_len);
	part("loop");
	return r;
}

int fsync(int fd)
{
	int r;

	part("fsync");
	r = REAL(fsync)(fd);
	part("after fsync");
	return r;
}
