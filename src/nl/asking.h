/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What waits to be asked of the kernel: dumps, and questions about one object. */
#ifndef NL_ASKING_H
#define NL_ASKING_H

#include "nl/kernel.h"

struct question_to_kernel {
	struct question_to_kernel *next;
	struct nlmsghdr *request;
	message_fn fn;
	done_fn done;
	void *data;
	bool single; /* about one object: an ack, and no dump */
	bool interrupted, generic;
};

/* In order; the first @sent are on their way: a dump alone, or several about one object each. */
struct asking {
	struct question_to_kernel *first, **last;
	unsigned sent;
};

/** asking_add - one more, at the end; the request is copied */
void asking_add(struct asking *a, const struct nlmsghdr *n, message_fn fn, done_fn done,
		void *data);

/** asking_take - remove the first, which is the caller's */
struct question_to_kernel *asking_take(struct asking *a);

/** asking_free - with all that waits; nobody is told */
void asking_free(struct asking *a);

/**
 * asking_span - how many from the first on may leave in one sendmsg(): at most @max, of one kind
 */
unsigned asking_span(const struct asking *a, unsigned max);

/**
 * asking_write - the first @n as messages, one behind the other; all of one road
 * @type: the kernel's number of what they ask
 * @seq: of the one before; gets the last one's
 *
 * Only the last one asks for an ack: what is before it has been done when that is answered.
 * Return: the bytes, which the caller frees; *@ret_size: how many.
 */
void *asking_write(struct asking *a, unsigned n, uint16_t type, uint32_t *seq, size_t *ret_size);

/** asking_passed - questions on their way before the one that has this @seq; UINT_MAX: none has */
unsigned asking_passed(const struct asking *a, uint32_t seq);

#endif
