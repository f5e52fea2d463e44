// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Generic netlink carries a question out within sendmsg(). For most that takes
 * microseconds; a module's memory behind a two-wire bus takes tens of
 * milliseconds, and seconds when the module is in a mood. The loop must not
 * stand still for that, so a thread asks.
 *
 * What must stay true: the thread and the loop share nothing but a pair of
 * sockets, over which whole questions and answers go as datagrams. The thread
 * ends when its side is closed; it never touches memory of the loop's.
 */
#include "nl/slow.h"

#include <linux/genetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>

#include "nl/ioctl.h"
#include "util/log.h"
#include "util/mem.h"

#define WAITING_MAX 256
#define THREAD_STACK (64 * 1024)

/* What goes through the sockets: this, and behind it attributes or a netlink message. */
struct packet {
	uint32_t id;
	int32_t error;	 /* answers */
	uint8_t command; /* questions */
	bool dump;	 /* of rtnetlink: behind this is the request; then, one datagram each, */
	bool more;	 /* messages, and at last an answer without */
	char family[GENL_NAMSIZ]; /* "": by ioctl() */
};

struct question {
	uint32_t id;
	slow_message_fn each;
	slow_fn fn;
	void *data;
};

struct slow {
	sd_event *event;
	const char *family;
	sd_event_source *source;
	int fd; /* the loop's side; -1: no thread yet */
	uint32_t id;
	struct question waiting[WAITING_MAX];
	unsigned n;
};

/* ---- the thread ---- */

struct thread {
	int fd, netlink;
	int route; /* -1: not needed yet */
	uint16_t family; /* 0: not asked yet */
	uint32_t seq;
	char buffer[SLOW_BYTES];
};

static ssize_t receive(struct thread *t, int fd)
{
	ssize_t r;

	do
		r = recv(fd, t->buffer, sizeof(t->buffer), 0);
	while (r < 0 && errno == EINTR);
	return r < 0 ? -errno : r;
}

struct question_message {
	struct nlmsghdr h;
	struct genlmsghdr g;
	char attributes[SLOW_BYTES];
};

static int write_question(struct question_message *q, uint16_t type, uint8_t command,
			  const void *attributes, size_t n)
{
	if (n > sizeof(q->attributes))
		return -EMSGSIZE;
	memset(q, 0, offsetof(struct question_message, attributes));
	memcpy(q->attributes, attributes, n);
	q->g.cmd = command;
	q->g.version = 1;
	q->h.nlmsg_len = NLMSG_LENGTH(GENL_HDRLEN + n);
	q->h.nlmsg_type = type;
	q->h.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	return 0;
}

/*
 * Ask, and read to the end. Return: 0 or the kernel's errno; *ret: the message before the end,
 * or the one that has the error.
 */
static int converse(struct thread *t, uint16_t type, uint8_t command, const void *attributes,
		    size_t n, char *ret, size_t *ret_n)
{
	struct question_message q;
	size_t got = 0;
	int r = write_question(&q, type, command, attributes, n);

	if (r < 0)
		return r;
	q.h.nlmsg_seq = ++t->seq;
	if (send(t->netlink, &q, q.h.nlmsg_len, 0) < 0)
		return -errno;
	for (;;) {
		int len = receive(t, t->netlink);
		struct nlmsghdr *h = (void *)t->buffer;

		if (len < 0)
			return len;
		for (; nlmsg_ok(h, len); h = nlmsg_next(h, &len)) {
			if (h->nlmsg_seq != t->seq)
				continue;
			r = h->nlmsg_type == NLMSG_ERROR ?
				    ((struct nlmsgerr *)NLMSG_DATA(h))->error : 1;
			if (r) {
				got = h->nlmsg_len;
				memcpy(ret, h, got);
			}
			*ret_n = got;
			if (r <= 0)
				return r;
		}
	}
}

static int find_family(struct thread *t, const char *name)
{
	char text[NLA_HDRLEN + GENL_NAMSIZ] = { 0 }, answer[SLOW_BYTES];
	struct nlattr *a = (void *)text;
	size_t n = 0;
	int r;

	a->nla_type = CTRL_ATTR_FAMILY_NAME;
	a->nla_len = NLA_HDRLEN + strlen(name) + 1;
	strcpy(text + NLA_HDRLEN, name);
	r = converse(t, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, text, NLA_ALIGN(a->nla_len), answer, &n);
	if (r < 0)
		return r;
	a = n ? nlmsg_find_attr((struct nlmsghdr *)answer, GENL_HDRLEN, CTRL_ATTR_FAMILY_ID) : NULL;
	if (!a)
		return -EBADMSG;
	t->family = nla_get_u16(a);
	return 0;
}

static int run_ioctl(uint8_t command, const void *attributes, size_t n)
{
	struct question_message q;
	int r = write_question(&q, GENL_IOCTL, command, attributes, n);

	return r < 0 ? r : ioctl_run(&q.h, NULL, NULL);
}

static int run_netlink(struct thread *t, const struct packet *p, const void *attributes, size_t n,
		       char *ret, size_t *ret_n)
{
	int r = t->family ? 0 : find_family(t, p->family);

	return r < 0 ? r : converse(t, t->family, p->command, attributes, n, ret, ret_n);
}

struct parcel {
	struct packet p;
	char bytes[SLOW_BYTES];
};

/* What of a datagram is messages of this dump; *ret_end: 1 there is more, or how it ended. */
static size_t span(const struct thread *t, int len, bool *interrupted, int *ret_end)
{
	struct nlmsghdr *h = (void *)t->buffer;

	*ret_end = 1;
	for (; nlmsg_ok(h, len); h = nlmsg_next(h, &len)) {
		if (h->nlmsg_seq != t->seq)
			break; /* of a dump before, which was given up in its middle */
		*interrupted |= (h->nlmsg_flags & NLM_F_DUMP_INTR) != 0;
		if (h->nlmsg_type == NLMSG_ERROR || h->nlmsg_type == NLMSG_DONE) {
			*ret_end = NLMSG_PAYLOAD(h, 0) >= (int)sizeof(int) ?
					   *(int *)NLMSG_DATA(h) : -EBADMSG;
			break;
		}
	}
	return (char *)h - t->buffer;
}

static int pass_on(struct thread *t, struct parcel *out, size_t n)
{
	int r = 0;

	if (!n)
		return 0;
	out->p.more = true;
	memcpy(out->bytes, t->buffer, n);
	if (send(t->fd, out, sizeof(out->p) + n, MSG_NOSIGNAL) < 0)
		r = -errno;
	out->p.more = false;
	return r;
}

static int run_dump(struct thread *t, struct parcel *in, ssize_t len, struct parcel *out)
{
	struct nlmsghdr *h = (void *)in->bytes;
	bool interrupted = false;
	int r = 1;

	if (t->route < 0)
		t->route = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	if (t->route < 0)
		return -errno;
	h->nlmsg_seq = ++t->seq;
	if (send(t->route, h, len, 0) < 0)
		return -errno;
	while (r > 0) {
		ssize_t got = receive(t, t->route);
		int error = got < 0 ? got : pass_on(t, out, span(t, got, &interrupted, &r));

		if (error < 0)
			return error;
	}
	return !r && interrupted ? -EINTR : r;
}

static void *run(void *data)
{
	struct thread *t = data;
	struct parcel in, out;

	for (;;) {
		ssize_t len = recv(t->fd, &in, sizeof(in), 0);
		size_t n = 0;

		if (len < 0 && errno == EINTR)
			continue;
		if (len < (ssize_t)sizeof(in.p))
			break;
		out.p = in.p;
		len -= sizeof(in.p);
		out.p.error = in.p.dump ? run_dump(t, &in, len, &out) :
			      *in.p.family ?
				      run_netlink(t, &in.p, in.bytes, len, out.bytes, &n) :
				      run_ioctl(in.p.command, in.bytes, len);
		if (send(t->fd, &out, sizeof(out.p) + n, MSG_NOSIGNAL) < 0)
			break;
	}
	close(t->fd);
	close(t->netlink);
	closep(&t->route);
	free(t);
	return NULL;
}

/* ---- the loop ---- */

/* The thread ends when its side is closed, after the question that it is at. */
static void end(struct slow *s)
{
	s->source = sd_event_source_disable_unref(s->source);
	closep(&s->fd);
	s->fd = -1;
}

static struct question take_question(struct slow *s)
{
	struct question q = s->waiting[0];

	memmove(s->waiting, s->waiting + 1, --s->n * sizeof(*s->waiting));
	return q;
}

/* The thread could not send an answer, and has ended: the next question begins another. */
static int thread_lost(struct slow *s)
{
	unsigned n = s->n;

	end(s);
	while (n--) {
		struct question q = take_question(s);

		q.fn(q.data, -EIO, NULL);
	}
	return 0;
}

static int on_answer(sd_event_source *source _unused_, int fd, uint32_t revents _unused_,
		     void *data)
{
	struct slow *s = data;
	struct parcel in;
	int len = recv(fd, &in, sizeof(in), MSG_DONTWAIT);
	struct question q;

	if (len == 0 || (len < 0 && errno != EAGAIN && errno != EINTR))
		return thread_lost(s);
	if (len < (int)sizeof(in.p) || !s->n || in.p.id != s->waiting[0].id)
		return 0;
	if (in.p.more) {
		struct nlmsghdr *h = (void *)in.bytes;

		q = s->waiting[0];
		for (len -= sizeof(in.p); nlmsg_ok(h, len); h = nlmsg_next(h, &len))
			q.each(q.data, h);
		return 0;
	}
	q = take_question(s);
	q.fn(q.data, in.p.error, len > (int)sizeof(in.p) ? (void *)in.bytes : NULL);
	return 0;
}

/* All signals are the loop's. */
static int start_thread(struct thread *t)
{
	pthread_attr_t attr;
	sigset_t all, before;
	pthread_t id;
	int r;

	sigfillset(&all);
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attr, THREAD_STACK);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	r = pthread_create(&id, &attr, run, t);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attr);
	return -r;
}

static int begin(struct slow *s)
{
	struct thread *t = new0(struct thread);
	int fds[2] = { -1, -1 }, r = 0;

	t->route = -1;
	t->netlink = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);
	if (t->netlink >= 0) /* the kernel's own words, where it has some */
		(void)setsockopt(t->netlink, SOL_NETLINK, NETLINK_EXT_ACK, &(int){ 1 },
				 sizeof(int));
	if (t->netlink < 0 || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
		r = -errno;
	t->fd = fds[1];
	if (!r)
		r = sd_event_add_io(s->event, &s->source, fds[0], EPOLLIN, on_answer, s);
	if (r >= 0)
		r = start_thread(t);
	if (r >= 0) {
		s->fd = fds[0];
		return 0;
	}
	s->source = sd_event_source_disable_unref(s->source);
	for (unsigned n = 0; n < 2; n++)
		closep(&fds[n]);
	closep(&t->netlink);
	free(t);
	return r;
}

struct slow *slow_new(sd_event *event, const char *family)
{
	struct slow *s = new0(struct slow);

	s->event = sd_event_ref(event);
	s->family = family;
	s->fd = -1;
	return s;
}

void slow_rest(struct slow *s)
{
	if (!s->n)
		end(s);
}

struct slow *slow_free(struct slow *s)
{
	if (!s)
		return NULL;
	end(s);
	sd_event_unref(s->event);
	free(s);
	return NULL;
}

static int ask(struct slow *s, const struct packet *p, const void *bytes, size_t n,
	       const struct question *q)
{
	struct parcel out = { .p = *p };
	int r = s->fd < 0 ? begin(s) : 0;

	if (r < 0)
		return r;
	if (s->n == WAITING_MAX)
		return -EBUSY;
	if (n > sizeof(out.bytes))
		return -EMSGSIZE;
	out.p.id = ++s->id;
	memcpy(out.bytes, bytes, n);
	if (send(s->fd, &out, sizeof(out.p) + n, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		return errno == EAGAIN ? -EBUSY : -errno;
	s->waiting[s->n] = *q;
	s->waiting[s->n++].id = s->id;
	return 0;
}

int slow_ask(struct slow *s, uint8_t command, const void *attributes, size_t n, slow_fn fn,
	     void *data)
{
	const struct question q = { .fn = fn, .data = data };
	struct packet p = { .command = command };

	if (s->family)
		strncpy(p.family, s->family, sizeof(p.family) - 1);
	return ask(s, &p, attributes, n, &q);
}

int slow_dump(struct slow *s, const struct nlmsghdr *n, slow_message_fn each, slow_fn fn,
	      void *data)
{
	const struct question q = { .each = each, .fn = fn, .data = data };
	const struct packet p = { .dump = true };

	return ask(s, &p, n, n->nlmsg_len, &q);
}
