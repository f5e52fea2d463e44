// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What the kernel has.
 *
 * A sync dumps every kind of object into a fresh model and puts it in the
 * place of the old one when all dumps are complete, so that nobody sees half
 * a machine. Notifications are asked for before the dumps and read after
 * them: each is at least as new as what the dump said, and the last one about
 * an object is the truth. An overrun, a datagram cut short or a dump that the
 * kernel interrupted all lead to the same place: another sync.
 *
 * The mirror decides nothing. It notes what changed; the engine looks at it
 * once a turn of the event loop. What a message means is in mirror-take.c.
 */
#include "core/mirror.h"

#include "nl/genl.h"
#include "util/log.h"

/* Between attempts to read a state that will not hold still: 10 ms, doubling up to 2.5 s. */
#define RETRY_USEC 10000
#define RETRY_SHIFT_MAX 8
/* Nothing is planned until then: not sd-event's 250 ms. */
#define RETRY_ACCURACY_USEC 1000

static void on_notification(void *data, const struct nlmsghdr *n)
{
	struct mirror *m = data;

	if (m->filling || !m->synced)
		return;
	m->port = n->nlmsg_pid == m->kernel->port ? 0 : n->nlmsg_pid;
	mirror_take(m, n);
	m->port = 0;
	m->on_changed(m->data);
}

static void on_read(void *data)
{
	struct mirror *m = data;

	if (m->n_changes && m->on_told) /* NULL: nobody plans */
		m->on_told(m->data);
}

static void retry_in(struct mirror *m, uint64_t delay)
{
	if (sd_event_source_set_time_relative(m->retry, delay) < 0 ||
	    sd_event_source_set_enabled(m->retry, SD_EVENT_ONESHOT) < 0)
		log_error("cannot set a timer");
}

static void read_later(struct mirror *m)
{
	if (m->untold && !m->held && !m->filling)
		retry_in(m, 0);
}

void mirror_untold(struct mirror *m)
{
	m->untold = true;
	read_later(m);
}

static void on_overrun(void *data)
{
	log_event(LOG_NOTICE, LOG_EVENT_OVERRUN, NULL, 0,
		  "notifications of the kernel were lost; reading everything again");
	mirror_untold(data);
}

static void on_untold(void *data)
{
	mirror_untold(data);
}

static int on_retry(sd_event_source *s _unused_, uint64_t usec _unused_, void *data)
{
	struct mirror *m = data;

	mirror_sync(m, m->live);
	return 0;
}

static void retry_later(struct mirror *m)
{
	uint64_t delay = RETRY_USEC << min_of(m->retries, (unsigned)RETRY_SHIFT_MAX);

	m->retries++;
	retry_in(m, delay);
}

void mirror_look(struct mirror *m)
{
	for (unsigned f = 0; f < n_features; f++)
		if (features[f]->look)
			features[f]->look(m);
}

static void sync_done(struct mirror *m)
{
	struct model *filled = TAKE_PTR(m->filling);

	if (m->dump_error) {
		/* EINTR: something changed meanwhile, which is normal. */
		log_write(m->dump_error == -EINTR ? LOG_DEBUG : LOG_WARNING,
			  "cannot read the kernel's state: %s; trying again",
			  strerror(-m->dump_error));
		model_free(filled);
		m->synced = false; /* nothing is planned on what may be wrong */
		retry_later(m);
		return;
	}
	model_free(m->seen);
	m->seen = filled;
	m->retries = 0;
	m->synced = true;
	m->appeared = true;
	MODEL_FOREACH(m->seen, i)
		mirror_resolve(m->seen, i);
	mirror_look(m);
	m->held = false;
	kernel_hold(m->kernel, false);
	refresh_send(m);
	read_later(m);
	m->on_synced(m->data);
}

/* One source while it is dumped. */
struct dumping {
	struct dumping *next;
	struct mirror *m;
	const struct source *source;
	bool single;
};

static void dump_source(struct mirror *m, const struct source *s, int ifindex, uint32_t part);

/* One bad device ends a dump (ethnl_default_dumpit()): then each is asked by itself. */
static void dump_singly(struct mirror *m, const struct source *s)
{
	MODEL_FOREACH(m->filling, i)
		if (i->ifindex > 0)
			dump_source(m, s, i->ifindex, 0);
}

/* What somebody has made stands on others, which are asked themselves. */
static bool is_device(const struct iface *i)
{
	return i->ifindex > 0 && (!*iface_kind(i) || !strcmp(iface_kind(i), "dsa"));
}

/* All links are known: those sources that ask for one after the other. */
static void dump_each(struct mirror *m)
{
	for (unsigned f = 0; f < n_features; f++)
		for (const struct source *s = features[f]->sources; s && s->get; s++) {
			if (!s->each || !mirror_reads(m, features[f], s))
				continue;
			MODEL_FOREACH(m->filling, i)
				if (is_device(i))
					dump_source(m, s, i->ifindex, 0);
		}
}

static void on_message(void *data, const struct nlmsghdr *n)
{
	struct dumping *d = data;

	mirror_take(d->m, n);
}

static void dumping_free(struct dumping *d)
{
	struct dumping **p = &d->m->dumping;

	while (*p != d)
		p = &(*p)->next;
	*p = d->next;
	free(d);
}

static void on_dump_done(void *data, int error)
{
	struct dumping *d = data;
	struct mirror *m = d->m;

	/* A family or a kind that this kernel does not have has no objects. */
	if (error == -EINTR || (error && error != -EOPNOTSUPP && error != -EAFNOSUPPORT &&
				!d->source->narrow))
		m->dump_error = error;
	else if (error && error != -EOPNOTSUPP && !d->single)
		dump_singly(m, d->source);
	if (d->source == &mirror_links)
		dump_each(m);
	dumping_free(d);
	if (--m->dumps_left == 0)
		sync_done(m);
}

/* Of one that has gone meanwhile: no device has an empty name. */
static int put_name(struct mirror *m, struct nl_msg *msg, const struct source *s, int ifindex)
{
	const struct iface *i = mirror_iface(m, ifindex);

	return s->name_attr ? nla_put_string(msg, s->name_attr, i ? i->name : "") : 0;
}

struct nl_msg *mirror_request(struct mirror *m, const struct source *s, int ifindex)
{
	struct nl_msg *msg =
		nlmsg_alloc_simple(s->get, s->single || (ifindex && !s->by_iface) ?
						NLM_F_ACK | NLM_F_REQUEST : 0);
	struct genlmsghdr *genl;
	struct rtgenmsg *g;

	if (!msg)
		abort();
	genl = nlmsg_reserve(msg, s->header, NLMSG_ALIGNTO);
	g = (void *)genl;
	memset(g, 0, s->header);
	if (genl_is(s->get))
		genl->cmd = s->commands.get;
	else
		g->rtgen_family = s->family;
	if (ifindex ? s->narrow(msg, g, ifindex) < 0 || put_name(m, msg, s, ifindex) < 0 :
		      s->filter && s->filter(msg, g) < 0)
		abort();
	return msg;
}

static void dump_source(struct mirror *m, const struct source *s, int ifindex, uint32_t part)
{
	struct nl_msg *msg = mirror_request(m, s, ifindex);
	struct dumping *d = new0(struct dumping);

	if (s->part)
		s->part(nlmsg_data(nlmsg_hdr(msg)), part);
	*d = (struct dumping){ m->dumping, m, s, ifindex };
	m->dumping = d;
	m->dumps_left++;
	kernel_dump(m->kernel, nlmsg_hdr(msg), on_message, on_dump_done, d);
	nlmsg_free(msg);
}

/* Each answer goes to all whose it is: what one feature has asked for, the others are told too. */
static bool is_asked(const struct mirror *m, const struct source *s)
{
	for (const struct dumping *d = m->dumping; d; d = d->next)
		if (!d->single && d->source->get == s->get && d->source->family == s->family &&
		    d->source->commands.get == s->commands.get && d->source->filter == s->filter &&
		    d->source->narrow == s->narrow)
			return true;
	return false;
}

void mirror_dump_more(struct mirror *m, const struct source *s, int ifindex, uint32_t part)
{
	if (m->filling)
		dump_source(m, s, ifindex, part);
}

void *mirror_fact(struct mirror *m, const struct feature *f, size_t size)
{
	if (!m->facts)
		m->facts = mem_new(n_features * sizeof(*m->facts));
	if (!m->facts[f->id])
		m->facts[f->id] = mem_new(size);
	return m->facts[f->id];
}

bool mirror_reads(const struct mirror *m, const struct feature *f, const struct source *s)
{
	return !s->lazy || m->reads & BIT64(f->id);
}

static uint64_t all_wanted(const struct mirror *m)
{
	return m->want_more | (m->wanted ? m->wanted(m->data) : 0);
}

bool mirror_lacks(const struct mirror *m)
{
	uint64_t wanted = all_wanted(m) & ~m->reads;

	for (unsigned f = 0; f < n_features; f++)
		for (const struct source *s = features[f]->sources; s && s->get; s++)
			if (s->lazy && wanted & BIT64(f))
				return true;
	return false;
}

#define GROUPS_MAX 64

/* Each once. */
static void add_group(uint32_t *groups, unsigned *n, uint32_t group)
{
	for (unsigned i = 0; i < *n; i++)
		if (groups[i] == group)
			return;
	if (*n == GROUPS_MAX)
		abort();
	groups[(*n)++] = group;
}

static unsigned collect_groups(const struct mirror *m, uint32_t *groups)
{
	unsigned n = 0;

	add_group(groups, &n, RTNLGRP_LINK);
	for (unsigned f = 0; f < n_features; f++)
		for (const struct source *s = features[f]->sources; s && s->get; s++)
			for (unsigned g = 0; g < ARRAY_SIZE(s->groups) && s->groups[g]; g++)
				if (mirror_reads(m, features[f], s))
					add_group(groups, &n, s->groups[g]);
	return n;
}

static void watch(struct mirror *m)
{
	sd_event *event = sd_event_source_get_event(m->retry);

	m->watchers = mem_new(n_features * sizeof(*m->watchers));
	for (unsigned f = 0; f < n_features; f++)
		if (features[f]->watch)
			m->watchers[f] = features[f]->watch(m, event);
}

static void unwatch(struct mirror *m)
{
	for (unsigned f = 0; f < n_features; f++)
		if (m->watchers && m->watchers[f])
			features[f]->unwatch(m->watchers[f]);
	free(m->watchers);
}

void mirror_configured(struct mirror *m, const struct model *want)
{
	for (unsigned f = 0; f < n_features; f++)
		if (m->watchers && m->watchers[f] && features[f]->configured)
			features[f]->configured(m->watchers[f], want);
}

void mirror_sync(struct mirror *m, bool live)
{
	uint32_t groups[GROUPS_MAX];
	int r;

	if (m->filling) {
		m->dump_error = -EINTR; /* the one under way is too old */
		return;
	}
	sd_event_source_set_enabled(m->retry, SD_EVENT_OFF);
	m->live = live;
	m->reads = all_wanted(m);
	r = kernel_listen(m->kernel, groups, live ? collect_groups(m, groups) : 0);
	if (r < 0) {
		log_error("cannot listen to the kernel: %s", strerror(-r));
		m->synced = false; /* nobody tells what changes */
		retry_later(m);
		return;
	}
	if (live && !m->watchers)
		watch(m);
	kernel_hold(m->kernel, true);
	m->filling = model_new(NULL);
	m->untold = false;
	m->dump_error = 0;
	dump_source(m, &mirror_links, 0, 0);
	for (unsigned f = 0; f < n_features; f++)
		for (const struct source *s = features[f]->sources; s && s->get; s++)
			if (!s->no_dump && !s->each && mirror_reads(m, features[f], s) &&
			    !is_asked(m, s))
				dump_source(m, s, 0, 0);
}

void mirror_hold(struct mirror *m, bool on)
{
	if (m->filling)
		return;
	m->held = on;
	kernel_hold(m->kernel, on);
	if (on)
		return;
	refresh_send(m);
	read_later(m);
}

struct mirror *mirror_new(struct kernel *k, sd_event *event)
{
	struct mirror *m = new0(struct mirror);

	m->kernel = k;
	m->seen = model_new(NULL);
	if (sd_event_add_time(event, &m->retry, CLOCK_MONOTONIC, 0, RETRY_ACCURACY_USEC, on_retry,
			      m) < 0 ||
	    sd_event_source_set_enabled(m->retry, SD_EVENT_OFF) < 0)
		abort();
	refresh_init(m, event);
	k->on_message = on_notification;
	k->on_read = on_read;
	k->on_overrun = on_overrun;
	k->on_untold = on_untold;
	k->data = m;
	return m;
}

struct mirror *mirror_free(struct mirror *m)
{
	if (!m)
		return NULL;
	sd_event_source_disable_unref(m->retry);
	refresh_free(m);
	while (m->dumping)
		dumping_free(m->dumping);
	unwatch(m);
	model_free(m->seen);
	model_free(m->filling);
	for (unsigned f = 0; m->facts && f < n_features; f++)
		free(m->facts[f]);
	free(m->facts);
	free(m->changes);
	free(m);
	return NULL;
}
