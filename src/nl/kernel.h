/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The narrow interface to the kernel: requests, dumps, notifications; nothing blocks. */
#ifndef NL_KERNEL_H
#define NL_KERNEL_H

#include <linux/netlink.h>
#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-event.h>

#include "nl/xdp.h"
#include "util/mem.h"

/* How a request reaches the kernel. */
enum channel {
	CHANNEL_NETLINK, /* a message of rtnetlink, or of a family of genl.h: as its type says */
	CHANNEL_SYSCTL, /* a file below /proc/sys */
	CHANNEL_SYSFS,	/* a file below /sys */
	CHANNEL_XDP,	/* a program on an interface, see nl/xdp.h */
};

struct request {
	enum channel channel;
	struct nlmsghdr *nlh; /* NETLINK: complete but for nlmsg_seq; NLM_F_ACK is not wanted */
	const char *path;     /* SYSCTL, SYSFS: "net/ipv4/conf/lan0/forwarding" */
	const char *value;    /* SYSCTL, SYSFS: what is written */
	/* SYSCTL, SYSFS: the interface in the path, and which one it must be; 0: it is in none. */
	const char *iface;
	int ifindex;
	struct xdp_job *xdp;  /* XDP: what shall be there; taken over */
	/*
	 * NETLINK: a program that is loaded when it is the message's turn, else NULL; taken over.
	 */
	struct xdp_job *program;
	size_t program_at; /* where in the message its file descriptor goes, 32 bits */
};

struct kernel;

/**
 * typedef reply_fn - the outcome of one request
 * @error: 0 or a negative errno
 * @text: the kernel's extended ack, or NULL
 */
typedef void (*reply_fn)(void *data, int error, const char *text);

/** typedef message_fn - one message of a dump or notification, valid during the call */
typedef void (*message_fn)(void *data, const struct nlmsghdr *n);

/**
 * typedef done_fn - a dump has ended
 * @error: 0, -EINTR (interrupted by a change: to be done again), or another negative errno
 */
typedef void (*done_fn)(void *data, int error);

/** typedef name_fn - one entry of a folder, valid during the call */
typedef void (*name_fn)(void *data, const char *name);

struct kernel_counters {
	uint64_t requests; /* that change something */
	uint64_t dumps;
	uint64_t notifications;
	uint64_t overruns;
};

struct kernel_ops {
	void (*free)(struct kernel *k);
	void (*submit)(struct kernel *k, const struct request *r, reply_fn fn, void *data);
	void (*flush)(struct kernel *k);
	void (*dump)(struct kernel *k, const struct nlmsghdr *n, message_fn fn, done_fn done,
		     void *data);
	int (*listen)(struct kernel *k, const uint32_t *groups, unsigned n);
	void (*hold)(struct kernel *k, bool on);
	void (*read_notifications)(struct kernel *k);
	int (*read_file)(struct kernel *k, const char *path, char *buf, size_t size);
	void (*read_folder)(struct kernel *k, const char *path, name_fn fn, void *data);
	char *(*driver)(struct kernel *k, const char *interface);
};

struct kernel {
	const struct kernel_ops *ops;
	struct kernel_counters counters;
	/* CLOCK_MONOTONIC: when the batch that is being answered was done */
	uint64_t answered_usec;
	uint32_t port;	 /* netlink port id of the requests: what they cause is told with it */
	struct xdp *xdp; /* programs that are the daemon's */
	/* Notifications, and that some were lost (or that the listening began anew). */
	message_fn on_message;
	void (*on_read)(void *data); /* the loop has given all that had arrived to on_message() */
	void (*on_overrun)(void *data);
	/* Something was found to have changed that the kernel does not tell of; at any moment. */
	void (*on_untold)(void *data);
	void *data;
};

/**
 * kernel_open - the kernel of this network namespace
 *
 * Sockets with strict checking and extended acks. Return: 0 or a negative errno.
 */
int kernel_open(sd_event *event, struct kernel **ret);

/** kernel_free - close it; outstanding requests are not answered; NULL is allowed */
static inline struct kernel *kernel_free(struct kernel *k)
{
	if (k)
		k->ops->free(k);
	return NULL;
}

/**
 * kernel_submit - queue one request
 *
 * The message is copied, a job taken over. Requests are carried out in the order they are
 * submitted in, many to a system call, and answered in that order, not before
 * kernel_flush() has been called and the loop has turned.
 */
static inline void kernel_submit(struct kernel *k, const struct request *r, reply_fn fn, void *data)
{
	k->counters.requests++;
	k->ops->submit(k, r, fn, data);
}

/** kernel_flush - send what is queued */
static inline void kernel_flush(struct kernel *k)
{
	k->ops->flush(k);
}

/**
 * kernel_dump - ask for all objects of a kind
 * @n: the request; with the flag NLM_F_ACK it asks for one object, else for all (NLM_F_DUMP)
 *
 * Dumps are made one after the other, in the order asked for.
 */
static inline void kernel_dump(struct kernel *k, const struct nlmsghdr *n, message_fn fn,
			       done_fn done, void *data)
{
	k->counters.dumps++;
	k->ops->dump(k, n, fn, done, data);
}

/**
 * kernel_listen - be told of changes
 * @groups: RTNLGRP_… or GENL_GROUP(); @n of them, 0: stop listening and forget what is queued
 *
 * Return: 0 or a negative errno.
 */
static inline int kernel_listen(struct kernel *k, const uint32_t *groups, unsigned n)
{
	return k->ops->listen(k, groups, n);
}

/** kernel_hold - let notifications wait in the socket, or no longer; they are not lost */
static inline void kernel_hold(struct kernel *k, bool on)
{
	k->ops->hold(k, on);
}

/** kernel_read_notifications - deliver all that have arrived, now */
static inline void kernel_read_notifications(struct kernel *k)
{
	k->ops->read_notifications(k);
}

/**
 * kernel_read_file - what a file below /sys says, now
 * @path: "class/net/eth0/dsa/tagging"; only files whose show() does not wait may be read
 * @buf: gets the text, without the newline at its end, and a 0
 *
 * Return: its length, or a negative errno.
 */
static inline int kernel_read_file(struct kernel *k, const char *path, char *buf, size_t size)
{
	return k->ops->read_file(k, path, buf, size);
}

/**
 * kernel_read_folder - call @fn for what is in a folder below /sys; nothing, where there is none
 */
static inline void kernel_read_folder(struct kernel *k, const char *path, name_fn fn, void *data)
{
	k->ops->read_folder(k, path, fn, data);
}

/**
 * kernel_driver - the name of an interface's driver, or NULL; does not wait; the caller frees it
 */
static inline char *kernel_driver(struct kernel *k, const char *interface)
{
	return k->ops->driver(k, interface);
}

#endif
