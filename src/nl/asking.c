// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A socket has one dump under way (netlink_dump_start(): EBUSY). Questions about one
 * object are answered within sendmsg(), and of two hundred ports that cannot be asked for by
 * a dump there are two hundred; so many of them leave together.
 *
 * What must stay true: sequence numbers of those that leave together run without gaps.
 */
#include "nl/asking.h"

#include <limits.h>

void asking_add(struct asking *a, const struct nlmsghdr *n, message_fn fn, done_fn done, void *data)
{
	struct question_to_kernel *q = new0(struct question_to_kernel);

	q->request = mem_dup(n, NLMSG_ALIGN(n->nlmsg_len));
	q->single = n->nlmsg_flags & NLM_F_ACK;
	q->fn = fn;
	q->done = done;
	q->data = data;
	if (!a->first)
		a->last = &a->first;
	*a->last = q;
	a->last = &q->next;
}

struct question_to_kernel *asking_take(struct asking *a)
{
	struct question_to_kernel *q = a->first;

	a->first = q->next;
	if (a->sent)
		a->sent--;
	return q;
}

void asking_free(struct asking *a)
{
	while (a->first) {
		struct question_to_kernel *q = asking_take(a);

		free(q->request);
		free(q);
	}
}

unsigned asking_span(const struct asking *a, unsigned max)
{
	const struct question_to_kernel *q = a->first;
	unsigned n = 1;

	for (; q->single && q->next && n < max; q = q->next, n++)
		if (!q->next->single ||
		    q->next->request->nlmsg_type != a->first->request->nlmsg_type)
			break;
	return n;
}

void *asking_write(struct asking *a, unsigned n, uint16_t type, uint32_t *seq, size_t *ret_size)
{
	struct question_to_kernel *q = a->first;
	size_t size = 0;
	char *all;

	for (unsigned i = 0; i < n; i++, q = q->next)
		size += NLMSG_ALIGN(q->request->nlmsg_len);
	all = mem_new(size);
	size = 0;
	q = a->first;
	for (unsigned i = 0; i < n; i++, q = q->next) {
		struct nlmsghdr *h = q->request;

		h->nlmsg_type = type;
		h->nlmsg_seq = ++*seq;
		h->nlmsg_flags = NLM_F_REQUEST |
				 (!q->single ? NLM_F_DUMP : i == n - 1 ? NLM_F_ACK : 0);
		memcpy(all + size, h, NLMSG_ALIGN(h->nlmsg_len));
		size += NLMSG_ALIGN(h->nlmsg_len);
	}
	*ret_size = size;
	return all;
}

unsigned asking_passed(const struct asking *a, uint32_t seq)
{
	uint32_t n = a->sent ? seq - a->first->request->nlmsg_seq : UINT32_MAX;

	return n < a->sent ? n : UINT_MAX;
}
