// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What nobody may ask the daemon to read.
 *
 * The bus passes on messages of 32 MiB from whoever may call at all, and sd-bus takes them. To
 * validate a string, to look for what it names in each of our interfaces and to write it into an
 * error takes 5 to 20 ms a megabyte, before anything of ours is called. For a path it looks up
 * each of its prefixes, which for one of 64 KiB, the most it takes, is half a second. No call that
 * makes sense is a hundredth of that. So what is too large is refused by a filter, which comes
 * before all that, and looks at no argument.
 *
 * sd-bus does not tell how large a message is. But it reads it by recvmsg(), and a function of
 * that name in a program comes before libc's for its libraries too. It counts what comes in by
 * the header that each message begins with (D-Bus Specification, "Message Format"). sd-bus reads
 * one message at a time, and never beyond its end (bus_socket_read_message()): what was complete
 * last is what the filter is called for. Where that were not so (a libsystemd that is linked
 * statically), nothing would be known, and nothing refused for its size.
 *
 * What must stay true: only the loop's thread, only of the bus's socket; what is read is passed on
 * as it is.
 */
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bus/internal.h"

/* Some thousand names of interfaces. */
#define CALL_BYTES_MAX 65536
/* Of an interface's name each byte may become three; and what stands before it. */
#define PATH_BYTES_MAX 256

/* Before the fields: byte order, type, flags, version, length of the body, serial, of the fields */
#define HEADER_SIZE 16
#define HEADER_BODY_AT 4
#define HEADER_FIELDS_AT 12

struct guard {
	sd_bus *bus; /* whose socket is looked at */
	unsigned char header[HEADER_SIZE];
	uint64_t have, size; /* of the message that is being read; @size: of one that is complete */
};

/* recvmsg() has no argument for it; other threads have none. */
static _Thread_local struct guard guard;

static uint32_t header_u32(const unsigned char *at)
{
	uint32_t v = 0;

	for (unsigned n = 0; n < sizeof(v); n++)
		v = v << 8 | at[*guard.header == 'l' ? sizeof(v) - 1 - n : n];
	return v;
}

/* The fields are filled up to 8 bytes. */
static uint64_t message_size(void)
{
	const uint64_t fields = header_u32(guard.header + HEADER_FIELDS_AT);

	return HEADER_SIZE + (fields + 7) / 8 * 8 + header_u32(guard.header + HEADER_BODY_AT);
}

/* Before the first message there are words, in capitals, of which none begins like this. */
static bool is_message(unsigned char first)
{
	return first == 'l' || first == 'B';
}

static void note(const unsigned char *p, size_t n)
{
	if (!guard.have && !is_message(*p))
		return;
	for (; n && guard.have < HEADER_SIZE; n--)
		guard.header[guard.have++] = *p++;
	guard.have += n;
	if (guard.have < HEADER_SIZE || guard.have < message_size())
		return;
	guard.size = guard.have;
	guard.have = 0;
}

ssize_t recvmsg(int fd, struct msghdr *m, int flags)
{
	const ssize_t n = syscall(SYS_recvmsg, fd, m, flags);

	if (n > 0 && guard.bus && fd == sd_bus_get_fd(guard.bus) && m->msg_iovlen == 1)
		note(m->msg_iov->iov_base, n);
	return n;
}

static int refuse(sd_bus_message *m, const char *error, const char *why, int max)
{
	/* Whoever asked for no answer gets none, and whoever sent a signal. */
	if (sd_bus_message_is_method_call(m, NULL, NULL) > 0)
		(void)sd_bus_reply_method_errorf(m, error, "%s %d bytes", why, max);
	return 1;
}

static int on_message(sd_bus_message *m, void *data _unused_, sd_bus_error *error _unused_)
{
	const char *path = sd_bus_message_get_path(m);

	if (guard.size > CALL_BYTES_MAX)
		return refuse(m, SD_BUS_ERROR_LIMITS_EXCEEDED, "a message may have",
			      CALL_BYTES_MAX);
	if (path && strnlen(path, PATH_BYTES_MAX + 1) > PATH_BYTES_MAX)
		return refuse(m, SD_BUS_ERROR_UNKNOWN_OBJECT, "no object's path is longer than",
			      PATH_BYTES_MAX);
	return 0;
}

int guard_begin(struct bus *b)
{
	guard = (struct guard){ .bus = b->bus };
	return sd_bus_add_filter(b->bus, NULL, on_message, b);
}

void guard_end(void)
{
	guard.bus = NULL;
}
