// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The fake kernel's door: requests, dumps and notifications.
 *
 * The tests must see what the daemon sees on a router, without being root and
 * with every failure on demand. So the double stands below the netlink
 * messages, not above them: the daemon's encoders and decoders take part.
 *
 * What must stay true: nothing is answered from within submit(), flush() or
 * dump(); requests are carried out and answered in the order they came; a
 * notification is in the queue before the answer to what caused it.
 */
#include <stdio.h>

#include "fake/fake-internal.h"

struct message {
	struct message *next;
	struct nlmsghdr *n;
};

struct queued {
	struct queued *next;
	struct request request; /* owns copies */
	reply_fn reply;
	int error;
	const char *text;

	/* Dumps. */
	message_fn fn;
	done_fn done;
	void *data;
};

struct connection {
	struct kernel k;
	struct fake_kernel *fk;
	struct queued *requests, *dumps;
	struct message *told;
	sd_event_source *work, *tell;
	bool flush, listening, held, overrun;
	uint64_t groups, listens;
};

static void enable(sd_event_source *s, bool on)
{
	sd_event_source_set_enabled(s, on ? SD_EVENT_ONESHOT : SD_EVENT_OFF);
}

static void append(struct queued **list, struct queued *q)
{
	while (*list)
		list = &(*list)->next;
	*list = q;
}

static struct queued *queued_free(struct queued *q)
{
	struct queued *next = q->next;

	free(q->request.nlh);
	free((char *)q->request.path);
	free((char *)q->request.value);
	xdp_job_free(q->request.xdp);
	xdp_job_free(q->request.program);
	free(q);
	return next;
}

static void work_later(struct connection *c)
{
	enable(c->work, (c->requests && c->flush) || c->dumps);
}

static void tell_later(struct connection *c)
{
	enable(c->tell, c->listening && !c->held && (c->told || c->overrun));
}

struct nl_msg *fake_message(uint16_t type, const void *header, size_t size)
{
	struct nl_msg *msg = nlmsg_alloc_size(64 * 1024);

	nlmsg_put(msg, 0, 0, type, 0, 0);
	nlmsg_append(msg, (void *)header, size, NLMSG_ALIGNTO);
	return msg;
}

/* All groups of generic netlink are one here. */
static unsigned group_bit(uint32_t group)
{
	return group < 63 ? group : 63;
}

void fake_tell(struct fake_kernel *fk, uint32_t group, struct nl_msg *msg)
{
	struct connection *c = fk->connection;
	struct message *m, **last;

	if (c && c->listening && (c->groups & BIT64(group_bit(group)))) {
		m = new0(struct message);
		m->n = mem_dup(nlmsg_hdr(msg), NLMSG_ALIGN(nlmsg_hdr(msg)->nlmsg_len));
		for (last = &c->told; *last; last = &(*last)->next)
			;
		*last = m;
		tell_later(c);
	}
	nlmsg_free(msg);
}

static void forget_told(struct connection *c)
{
	struct message *m;

	while ((m = c->told)) {
		c->told = m->next;
		free(m->n);
		free(m);
	}
}

static int run_message(struct call *c)
{
	const struct rtgenmsg *g = NLMSG_DATA(c->n);
	bool bridge = g->rtgen_family == AF_BRIDGE;

	switch (c->n->nlmsg_type) {
	case GENL_ETHTOOL:
		return ethtool_set(c);
	case RTM_SETDCB:
		return dcb_set(c);
	case RTM_NEWLINK:
		return bridge ? -EOPNOTSUPP : link_new(c);
	case RTM_SETLINK:
		return bridge ? bridge_vlans(c) : -EOPNOTSUPP;
	case RTM_DELLINK:
		return bridge ? bridge_vlans(c) : link_delete(c);
	case RTM_NEWADDR:
	case RTM_DELADDR:
		return address_change(c, c->n->nlmsg_type == RTM_NEWADDR);
	case RTM_NEWROUTE:
	case RTM_DELROUTE:
		return route_change(c, c->n->nlmsg_type == RTM_NEWROUTE);
	case RTM_NEWQDISC:
	case RTM_DELQDISC:
	case RTM_NEWTCLASS:
	case RTM_DELTCLASS:
	case RTM_NEWTFILTER:
	case RTM_DELTFILTER:
		return tc_change(c);
	}
	return -EOPNOTSUPP;
}

static int fake_sysfs(struct fake_kernel *fk, const char *path, const char *value)
{
	return !strncmp(path, "class/leds/", 11) ? led_write(fk, path, value) :
						   dsa_write(fk, path, value);
}

int fake_run(struct fake_kernel *fk, const struct request *r, const char **ret_text)
{
	struct call c = { .fk = fk, .n = r->nlh };
	int error;

	if (r->program)
		memcpy((char *)r->nlh + r->program_at, &(uint32_t){ ++fk->last_program }, 4);
	error = r->channel == CHANNEL_SYSCTL ? ip_sysctl(fk, r->path, r->value) :
		    r->channel == CHANNEL_SYSFS	 ? fake_sysfs(fk, r->path, r->value) :
		    r->channel == CHANNEL_XDP	 ? fake_xdp(fk, r->xdp, &c.text) :
						   run_message(&c);

	devices_settle(fk);
	*ret_text = error ? c.text : NULL;
	return error;
}

/* Return: the request is dealt with. */
static bool run_faults(struct fake_kernel *fk, struct queued *q)
{
	uint16_t type = q->request.nlh ? q->request.nlh->nlmsg_type : 0;

	for (unsigned n = 0; n < fk->n_faults; n++) {
		struct fault *f = &fk->faults[n];

		if (f->type && f->type != type)
			continue;
		if (!f->always && (!f->nth || --f->nth))
			continue;
		q->error = f->error;
		q->text = f->text;
		return true;
	}
	return false;
}

static void run_requests(struct connection *c)
{
	struct queued *q = TAKE_PTR(c->requests);

	for (struct queued *i = q; i; i = i->next)
		if (!run_faults(c->fk, i))
			i->error = fake_run(c->fk, &i->request, &i->text);
	for (; q; q = queued_free(q))
		q->reply(q->data, q->error, q->text);
}

static struct message *add_message(struct message *after, struct nl_msg *msg)
{
	after->next = new0(struct message);
	after = after->next;
	after->n = mem_dup(nlmsg_hdr(msg), NLMSG_ALIGN(nlmsg_hdr(msg)->nlmsg_len));
	nlmsg_free(msg);
	return after;
}

static void add_to_dump(void *data, struct nl_msg *msg)
{
	struct message **last = data;

	*last = add_message(*last, msg);
}

/* All is said as it is at one moment. */
static struct message *answer_dump(struct fake_kernel *fk, const struct nlmsghdr *n)
{
	const struct rtgenmsg *g = NLMSG_DATA(n);
	struct message first = { 0 }, *last = &first;

	if (n->nlmsg_type == RTM_GETLINK)
		FOREACH_DEVICE(fk, d) {
			if (g->rtgen_family == AF_UNSPEC)
				last = add_message(last, device_message(fk, d, RTM_NEWLINK));
			else if (d->master || !strcmp(d->kind, "bridge"))
				last = add_message(last, bridge_message(d, RTM_NEWLINK));
		}
	if (n->nlmsg_type == GENL_ETHTOOL)
		FOREACH_DEVICE(fk, d)
			if (ethtool_wanted(n, d))
				last = add_message(last, ethtool_message(d, n));
	if (n->nlmsg_type == RTM_GETDCB) {
		struct nl_msg *msg = dcb_message(fk, n);

		if (msg)
			last = add_message(last, msg);
	}
	if (n->nlmsg_type == RTM_GETNETCONF)
		last = add_message(last, netconf_message(&fk->all, g->rtgen_family, 0));
	if (n->nlmsg_type == RTM_GETSTATS)
		FOREACH_DEVICE(fk, d)
			if (stats_wanted(n, d))
				last = add_message(last, stats_message(d));
	FOREACH_DEVICE(fk, d)
		tc_dump(d, n->nlmsg_type, add_to_dump, &last);
	FOREACH_ENTRY(fk, e)
		if (e->type + 2 == n->nlmsg_type &&
		    (!g->rtgen_family || g->rtgen_family == e->head.any.rtgen_family))
			last = add_message(last, entry_message(e, e->type));
	return first.next;
}

static void run_dump(struct connection *c)
{
	struct queued *q = c->dumps;
	struct message *m, *next;
	int error = 0;

	c->dumps = q->next;
	for (m = answer_dump(c->fk, q->request.nlh); m; m = next) {
		next = m->next;
		q->fn(q->data, m->n);
		free(m->n);
		free(m);
	}
	if (c->fk->interrupts) {
		c->fk->interrupts--;
		error = -EINTR;
	}
	q->done(q->data, error);
	queued_free(q);
}

static int on_work(sd_event_source *s _unused_, void *data)
{
	struct connection *c = data;

	if (c->requests && c->flush) {
		run_requests(c);
	} else {
		c->flush = false;
		if (c->dumps)
			run_dump(c);
	}
	work_later(c);
	return 0;
}

static void fake_submit(struct kernel *k, const struct request *r, reply_fn fn, void *data)
{
	struct connection *c = container_of(k, struct connection, k);
	struct queued *q = new0(struct queued);

	q->request = (struct request){ .channel = r->channel };
	if (r->channel == CHANNEL_XDP) {
		q->request.xdp = r->xdp;
	} else if (r->path) {
		q->request.path = str_dup(r->path);
		q->request.value = str_dup(r->value);
	} else {
		q->request.nlh = mem_dup(r->nlh, NLMSG_ALIGN(r->nlh->nlmsg_len));
		q->request.program = r->program;
		q->request.program_at = r->program_at;
	}
	q->reply = fn;
	q->data = data;
	append(&c->requests, q);
}

static void fake_flush(struct kernel *k)
{
	struct connection *c = container_of(k, struct connection, k);

	c->flush = true;
	work_later(c);
}

static void fake_dump(struct kernel *k, const struct nlmsghdr *n, message_fn fn, done_fn done,
		      void *data)
{
	struct connection *c = container_of(k, struct connection, k);
	struct queued *q = new0(struct queued);

	q->request.nlh = mem_dup(n, NLMSG_ALIGN(n->nlmsg_len));
	q->fn = fn;
	q->done = done;
	q->data = data;
	append(&c->dumps, q);
	work_later(c);
}

static int fake_listen(struct kernel *k, const uint32_t *groups, unsigned n)
{
	struct connection *c = container_of(k, struct connection, k);

	forget_told(c);
	c->overrun = c->held = false;
	c->listening = n;
	c->listens++;
	c->groups = 0;
	for (unsigned i = 0; i < n; i++)
		c->groups |= BIT64(group_bit(groups[i]));
	tell_later(c);
	return 0;
}

static void fake_hold(struct kernel *k, bool on)
{
	struct connection *c = container_of(k, struct connection, k);

	c->held = on;
	tell_later(c);
}

/* Who begins to listen anew while a message is taken has freed it, as a real one's sockets. */
static void fake_read_notifications(struct kernel *k)
{
	struct connection *c = container_of(k, struct connection, k);
	const uint64_t listens = c->listens;
	struct message *m;

	while (c->listening && c->told) {
		k->counters.notifications++;
		k->on_message(k->data, c->told->n);
		if (c->listens != listens)
			return;
		m = c->told;
		c->told = m->next;
		free(m->n);
		free(m);
	}
	if (!c->overrun)
		return;
	c->overrun = false;
	k->counters.overruns++;
	k->on_overrun(k->data);
}

static int on_tell(sd_event_source *s _unused_, void *data)
{
	struct connection *c = data;

	fake_read_notifications(&c->k);
	tell_later(c);
	c->k.on_read(c->k.data);
	return 0;
}

static void fake_free(struct kernel *k)
{
	struct connection *c = container_of(k, struct connection, k);

	while (c->requests)
		c->requests = queued_free(c->requests);
	while (c->dumps)
		c->dumps = queued_free(c->dumps);
	forget_told(c);
	sd_event_source_disable_unref(c->work);
	sd_event_source_disable_unref(c->tell);
	c->fk->connection = NULL;
	free(c);
}

static int fake_read_file(struct kernel *k, const char *path, char *buf, size_t size)
{
	struct fake_kernel *fk = container_of(k, struct connection, k)->fk;

	return !strncmp(path, "class/leds/", 11) ? led_read(fk, path, buf, size) :
						   dsa_read(fk, path, buf, size);
}

static void fake_read_folder(struct kernel *k, const char *path, name_fn fn, void *data)
{
	led_folder(container_of(k, struct connection, k)->fk, path, fn, data);
}

static char *fake_read_driver(struct kernel *k, const char *interface)
{
	const struct device *d = device_named(container_of(k, struct connection, k)->fk, interface);

	return d && *d->driver ? str_dup(d->driver) : NULL;
}

static const struct kernel_ops fake_ops = {
	.free = fake_free,
	.submit = fake_submit,
	.flush = fake_flush,
	.dump = fake_dump,
	.listen = fake_listen,
	.hold = fake_hold,
	.read_notifications = fake_read_notifications,
	.read_file = fake_read_file,
	.read_folder = fake_read_folder,
	.driver = fake_read_driver,
};

struct kernel *fake_kernel_open(struct fake_kernel *fk)
{
	struct connection *c = new0(struct connection);

	c->k.ops = &fake_ops;
	fk->xdp.query = fake_tcx;
	c->k.xdp = &fk->xdp;
	c->fk = fk;
	if (fk->connection || sd_event_add_defer(fk->event, &c->work, on_work, c) < 0 ||
	    sd_event_add_defer(fk->event, &c->tell, on_tell, c) < 0)
		abort();
	enable(c->work, false);
	enable(c->tell, false);
	fk->connection = c;
	return &c->k;
}

struct fake_kernel *fake_kernel_new(sd_event *event)
{
	struct fake_kernel *fk = new0(struct fake_kernel);

	fk->event = sd_event_ref(event);
	fk->all.index = NETCONFA_IFINDEX_ALL;
	device_new(fk, "lo", "", 0)->cable = true;
	return fk;
}

struct fake_kernel *fake_kernel_free(struct fake_kernel *fk)
{
	if (!fk)
		return NULL;
	while (fk->devices)
		device_remove(fk, fk->devices);
	free(fk->faults);
	sd_event_unref(fk->event);
	free(fk);
	return NULL;
}

int fake_add_nic(struct fake_kernel *fk, const char *name)
{
	struct device *d = device_new(fk, name, "", 0);

	ethtool_init(d);
	dcb_init(d);
	d->cable = true;
	device_tell(fk, d);
	return d->index;
}

void fake_queues(struct fake_kernel *fk, const char *name, unsigned n)
{
	struct device *d = device_named(fk, name);

	attrs_set_u32(&d->link, IFLA_NUM_TX_QUEUES, n);
	device_tell(fk, d);
}

void fake_driver(struct fake_kernel *fk, const char *name, const char *driver)
{
	snprintf(device_named(fk, name)->driver, IFNAMSIZ, "%s", driver);
}

void fake_remove(struct fake_kernel *fk, const char *name)
{
	device_remove(fk, device_named(fk, name));
	devices_settle(fk);
}

void fake_rename(struct fake_kernel *fk, const char *name, const char *to)
{
	struct device *d = device_named(fk, name);

	snprintf(d->name, sizeof(d->name), "%s", to);
	device_tell(fk, d);
}

void fake_carrier(struct fake_kernel *fk, const char *name, bool on)
{
	device_named(fk, name)->cable = on;
	devices_settle(fk);
}

int fake_ifindex(const struct fake_kernel *fk, const char *name)
{
	const struct device *d = device_named(fk, name);

	return d ? d->index : 0;
}

void fake_fault(struct fake_kernel *fk, unsigned nth, uint16_t type, int error, const char *text)
{
	fk->faults = array_reserve(fk->faults, fk->n_faults, sizeof(*fk->faults));
	fk->faults[fk->n_faults++] = (struct fault){
		.nth = nth, .type = type, .always = !nth, .error = error, .text = text,
	};
}

void fake_no_faults(struct fake_kernel *fk)
{
	fk->n_faults = 0;
	free(TAKE_PTR(fk->faults));
}

void fake_overrun(struct fake_kernel *fk)
{
	struct connection *c = fk->connection;

	forget_told(c);
	c->overrun = true;
	tell_later(c);
}

void fake_interrupt_dumps(struct fake_kernel *fk, unsigned n)
{
	fk->interrupts = n;
}
