/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Statistics: what features count, asked of the kernel when somebody wants to know. */
#ifndef CORE_STATISTICS_H
#define CORE_STATISTICS_H

#include <jansson.h>
#include <netlink/msg.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/model.h"
#include "nl/kernel.h"

struct engine;
struct statistics; /* one question, on its way to the kernel and back */
struct counters;   /* of one group of one interface */

/* What is known of a counter before it is read. */
struct counter {
	const char *name; /* "rx_bytes" */
	const char *unit; /* "bytes", "packets", "seconds", "celsius"; NULL: something counted */
	const char *help; /* one sentence without its full stop; NULL: nothing is known */
	bool gauge;	  /* goes up and down; else it only grows, and has a rate */
};

/* For tables of them. */
#define COUNTER(n, u, text) { .name = n, .unit = u, .help = text }
#define GAUGE(n, u, text) { .name = n, .unit = u, .help = text, .gauge = true }

/*
 * A group of counters. A feature has an array of them, ended by a NULL group.
 * Reading costs nobody anything until somebody asks.
 */
struct statistics_provider {
	const char *group;    /* a word: "link" */
	const char *help;     /* one sentence without its full stop */
	/* what tells several of an interface apart: "queue"; NULL: one each */
	const char *instance;
	const struct counter *counters; /* those known beforehand; others may come (a driver's) */
	unsigned n_counters;
	bool each; /* asked for each interface; else once, with ifindex 0, when all are wanted */
	bool named; /* there may be many: read only where it, or interfaces, are named */

	/*
	 * Ask the kernel for the counters of one interface, or of all (@ifindex 0): call
	 * statistics_dump(), or put the values at once where that needs no waiting.
	 */
	void (*ask)(struct statistics *s, const struct statistics_provider *p, int ifindex);
};

/* What is asked. */
struct statistics_request {
	const char *const *names; /* of interfaces, which must be known; n 0: all */
	unsigned n_names;
	const char *const *groups; /* n 0: all */
	unsigned n_groups;
	bool detailed; /* somebody has named interfaces, if others have not */
};

/** typedef statistics_fn - all answers are there; @s is freed when this returns */
typedef void (*statistics_fn)(void *data, const struct statistics *s);

/** typedef statistics_message_fn - a message of the answer; the values are put from it */
typedef void (*statistics_message_fn)(struct statistics *s, const struct statistics_provider *p,
				      const struct nlmsghdr *n);

/**
 * statistics_start - ask; the answers are gathered while the loop turns
 * @done: not called before this returns
 *
 * Return: the question, for statistics_cancel().
 */
struct statistics *statistics_start(struct engine *e, const struct statistics_request *q,
				    statistics_fn done, void *data);

/** statistics_cancel - nobody wants to know any longer: done() will not be called */
void statistics_cancel(struct statistics *s);

/** statistics_end - forget all questions, after the kernel has been closed */
void statistics_end(struct engine *e);

/**
 * statistics_dump - for ask(): a question to the kernel
 * @msg: as kernel_dump() wants it; stays the caller's
 * @fn: called with each message of the answer. A dump that was disturbed is repeated, so
 *	values may be put again.
 *
 * An interface or a kernel that has no such counters is no error.
 */
void statistics_dump(struct statistics *s, const struct statistics_provider *p, struct nl_msg *msg,
		     statistics_message_fn fn);

/** statistics_kernel - for ask(): of what can be read at once */
struct kernel *statistics_kernel(const struct statistics *s);

/** statistics_seen - for ask(): of what the mirror has already */
const struct model *statistics_seen(const struct statistics *s);

/**
 * statistics_counters - where the values of one group of one interface go
 * @instance: as the provider names it: "0", "8001:"; NULL where there is one
 *
 * Return: the group, which is empty at first.
 */
struct counters *statistics_counters(struct statistics *s, const struct statistics_provider *p,
				     int ifindex, const char *instance);

/**
 * counters_put - a value; a second one of that name replaces the first
 * @name: of one of the provider's counters, or one that the driver has made up: copied
 */
void counters_put(struct counters *c, const char *name, uint64_t value);

/** counters_put_real - the same for what is measured, in the base unit */
void counters_put_real(struct counters *c, const char *name, double value);

/**
 * statistics_groups_json - what the groups are, and what is known of their counters
 * @q: only its groups
 *
 * { group: { help, instance, counters: { name: { unit, help, gauge } } } }, a new reference.
 */
json_t *statistics_groups_json(const struct statistics *s, const struct statistics_request *q);

/**
 * statistics_json - what was answered for one interface, a new reference
 * @q: only its groups
 *
 * [ { group, instance, counters: { name: value } } ]; empty where it has none, or is gone.
 */
json_t *statistics_json(const struct statistics *s, const struct statistics_request *q,
			const struct iface *i);

/** statistics_time - when the last answer came, CLOCK_BOOTTIME, us */
uint64_t statistics_time(const struct statistics *s);

/** statistics_errors - what the kernel refused, a sentence each; a new reference */
json_t *statistics_errors(const struct statistics *s);

/** statistics_provider_find - by group, in the feature table; or NULL */
const struct statistics_provider *statistics_provider_find(const char *group);

/** statistics_provider_next - the first (NULL) and every further one in the feature table */
const struct statistics_provider *
statistics_provider_next(const struct statistics_provider *after);

#define FOREACH_PROVIDER(p)                                                                        \
	for (const struct statistics_provider *p = statistics_provider_next(NULL); p;              \
	     p = statistics_provider_next(p))

#endif
