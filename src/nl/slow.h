/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Questions that the kernel answers slowly, within the system call: asked by a thread. */
#ifndef NL_SLOW_H
#define NL_SLOW_H

#include <linux/netlink.h>
#include <stddef.h>
#include <stdint.h>
#include <systemd/sd-event.h>

/* The longest question and answer, with their headers. */
#define SLOW_BYTES 8192

struct slow;

/** typedef slow_message_fn - a message of a dump, called by the event loop; valid meanwhile */
typedef void (*slow_message_fn)(void *data, const struct nlmsghdr *n);

/**
 * typedef slow_fn - the answer to one question, called by the event loop
 * @error: 0 or a negative errno
 * @n: the message that came before the end; with @error the one that says so (rtnl_extack_text());
 *	or NULL; valid during the call
 */
typedef void (*slow_fn)(void *data, int error, const struct nlmsghdr *n);

/**
 * slow_new - a thread that asks a family of generic netlink
 * @family: "ethtool"; must outlive it; NULL: what goes by ioctl(), ioctl.h
 *
 * Nothing is started before the first question.
 */
struct slow *slow_new(sd_event *event, const char *family);

/** slow_free - what is not answered yet never will be; NULL is allowed; returns NULL */
struct slow *slow_free(struct slow *s);

/** slow_rest - nothing is to be asked for a while: the thread ends, unless answers are due */
void slow_rest(struct slow *s);

/**
 * slow_ask - a question about one object
 * @command: of the family
 * @attributes: @n bytes of netlink attributes
 *
 * Answered in order, not before this has returned. Return: 0; -EBUSY while many wait; or
 * another negative errno, and @fn is not called.
 */
int slow_ask(struct slow *s, uint8_t command, const void *attributes, size_t n, slow_fn fn,
	     void *data);

/**
 * slow_dump - ask rtnetlink for all objects of a kind
 * @n: the request, with its flags
 * @each: called for each; and then @fn: 0, -EINTR (interrupted by a change), another error
 *
 * Return: as of slow_ask().
 */
int slow_dump(struct slow *s, const struct nlmsghdr *n, slow_message_fn each, slow_fn fn,
	      void *data);

#endif
