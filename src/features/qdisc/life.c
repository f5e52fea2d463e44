// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The life of gate schedules. The kernel tells nothing when a schedule begins,
 * when it stops because its link went away (taprio_reset()), or when it is lost
 * because somebody set the clock. So each port that is to have one is a small
 * state machine here, fed by messages of the link, by the clock itself
 * (TFD_TIMER_CANCEL_ON_SET) and by a look every two seconds for what nothing tells:
 * the TAI offset and the device's clock. What it finds out goes into the mirror
 * as the group "tsn", and, if the schedule has to be armed again, into its entry:
 * that is a difference like any other, but nobody's drift.
 *
 * What must stay true: nothing here changes the kernel; without gate schedules
 * no timer runs and no clock is read. In what state a port is judges life-judge.c.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "core/event.h"
#include "features/qdisc/life-port.h"
#include "util/log.h"

#define USEC INT64_C(1000)
#define LOOK_USEC UINT64_C(2000000)
#define SPEED_USEC UINT64_C(250000)
/* The timer that changes schedules is as good as the kernel's ticks. */
#define LATE_USEC UINT64_C(1500)
#define AGAIN_USEC UINT64_C(1000000)
/* The clock of a device is not the kernel's, and walks away from it by itself. */
#define STEP_MIN INT64_C(10000000)
/* A veth or a NIC that is brought up has changed that often; each loss is two more. */
#define CHANGES_AT_FIRST 2

struct life {
	struct mirror *mirror;
	sd_event *event;
	sd_event_source *timer, *set, *later;
	int set_fd;
	struct port *ports;
	bool free; /* no schedule, no need to know of the clock */
};

static struct life *life_of(const struct mirror *m)
{
	return m->watchers ? m->watchers[tsn_feature.id] : NULL;
}

static void look_later(struct life *l)
{
	sd_event_source_set_enabled(l->later, SD_EVENT_ONESHOT);
}

static struct port *find(struct life *l, int ifindex)
{
	struct port *p;

	HASH_FIND_INT(l->ports, &ifindex, p);
	return p;
}

static struct port *get(struct life *l, int ifindex)
{
	struct port *p = find(l, ifindex);

	if (p)
		return p;
	p = new0(struct port);
	p->ifindex = ifindex;
	p->due = UINT64_MAX;
	HASH_ADD_INT(l->ports, ifindex, p);
	return p;
}

static void forget_asked(struct port *p)
{
	if (p->asked)
		object_free(&qdisc_feature, &p->asked->q.o);
	p->asked = NULL;
}

static void drop(struct life *l, struct port *p)
{
	HASH_DEL(l->ports, p);
	forget_asked(p);
	free(p->reason);
	free(p);
}

/* Must it be armed again? Then its entry differs from what is asked for. */
static void need(struct life *l, struct port *p, struct iface *i, enum arm how, const char *why)
{
	struct taprio *t = taprio_of(i);
	_cleanup_free_ char *text = NULL;

	if (p->need >= how)
		return;
	p->need = how;
	p->armed_again++;
	text = str_format("the gate schedule is armed %s: %s", how == ARM_ANEW ? "anew" : "again",
			  why);
	event_tell(l->mirror, &(struct event){ .id = LOG_EVENT_SCHEDULE, .level = LOG_NOTICE,
					       .name = "schedule-armed", .link = i->name,
					       .text = text });
	if (!t || l->mirror->filling)
		return;
	t->stalled = how;
	mirror_touch(l->mirror, i);
	l->mirror->on_changed(l->mirror->data);
}

/* The timer is stopped by a link that goes, in software only (dev_deactivate_queue()). */
static void follow_link(struct life *l, struct port *p, struct iface *i, const struct taprio *t)
{
	const struct link *link = iface_link(i);

	if (!t || t->offload != OFFLOAD_NONE)
		return;
	if (!link->up || !link->carrier) {
		p->lost |= p->ran;
		return;
	}
	/* It may have gone and come between two messages. */
	if (p->lost || (p->ran && link->carrier_changes - p->carrier_changes > 1))
		need(l, p, i, ARM_AGAIN, "its link was lost");
	p->lost = false;
	p->ran = true;
	p->carrier_changes = link->carrier_changes;
}

enum arm life_armed(struct mirror *m, const struct iface *about, const struct taprio *t)
{
	struct life *l = life_of(m);
	struct iface *i = (struct iface *)about;
	const struct link *link = iface_link(i);
	const struct taprio *before;
	bool known;
	struct port *p;

	if (!l || !link)
		return ARMED;
	known = find(l, i->ifindex);
	p = get(l, i->ifindex);
	before = m->filling && m->seen ? taprio_of(model_find_index(m->seen, i->ifindex)) : NULL;
	if (!m->filling || (before && before->sent)) { /* somebody has set it: it is armed */
		p->need = ARMED;
		p->lost = p->ran = false;
	} else if (!known && !m->synced && t->offload == OFFLOAD_NONE && link->up &&
		   link->carrier && link->carrier_changes > CHANGES_AT_FIRST) {
		need(l, p, i, ARM_AGAIN,
		     "its link may have been lost while the daemon was not there");
	}
	follow_link(l, p, i, t);
	look_later(l);
	return p->need;
}

static void tell_clock(struct life *l, const struct iface *i, const char *why)
{
	_cleanup_free_ char *text = str_format("%s; the gate schedule follows by itself", why);

	event_tell(l->mirror, &(struct event){ .id = LOG_EVENT_SCHEDULE, .level = LOG_NOTICE,
					       .name = "schedule-clock", .link = i->name,
					       .text = text });
}

/* Was the clock set, by more than gates get over by themselves? */
static void follow_clock(struct life *l, struct port *p, struct iface *i, const struct taprio *t,
			 const struct clocks *c)
{
	int64_t step = c->ahead - p->ahead, cycle = taprio_cycle(p->asked);
	bool was = p->followed;
	_cleanup_free_ char *by = NULL, *why = NULL;

	/* Without a clock it goes away, and begins anew with one. */
	by = clocks_wrong(c, p->asked, min_of(p->policy.wait_clock, (uint8_t)WAIT_SET), 0);
	if (!c->known || by) {
		p->followed = false;
		return;
	}
	p->ahead = c->ahead;
	p->followed = true;
	/* Set back while the daemon was not there. */
	if (t && !was && !t->pending && p->asked->base_time <= c->now &&
	    t->base_time > c->now + 2 * cycle + 1000000000)
		step = -INT64_MAX;
	else if (!was || llabs(step) < max_of(cycle, STEP_MIN))
		return;
	by = step == -INT64_MAX ? str_dup("") : time_text(llabs(step) / 1000000 * 1000000);
	why = str_format("%s was set %s%s%s", clocks_name(c), step < 0 ? "back" : "forward",
			 *by ? " by " : "", by);
	if (!t)
		return;
	if (c->device)
		need(l, p, i, ARM_AGAIN, why);
	else if (step < 0)
		need(l, p, i, t->offload == OFFLOAD_NONE ? ARM_ANEW : ARM_AGAIN, why);
	else /* advance_sched() goes through all that was left out */
		tell_clock(l, i, why);
}

/*
 * Guards are reckoned with the speed. The kernel takes another over by itself if it tells of the
 * link (taprio_dev_notifier()); a device that was given the schedule does not.
 */
static void follow_speed(struct life *l, struct port *p, struct iface *i, struct taprio *t)
{
	uint32_t speed = taprio_speed(i);
	_cleanup_free_ char *why = NULL;

	if (!speed) {
		p->blind |= t && !p->speed && t->offload == OFFLOAD_FULL;
		return;
	}
	if (t && !t->speed)
		t->speed = speed;
	if (t && p->blind)
		why = str_dup("the link's speed was not known when the device was given it");
	else if (t && p->speed && p->speed != speed)
		why = str_format("the link's speed was %u Mbit/s and is %u", p->speed, speed);
	if (why)
		need(l, p, i, ARM_AGAIN, why);
	p->blind = false;
	p->speed = speed;
}

static void set_text(struct tsn *s, unsigned row, char **text, const char *value)
{
	free(*text);
	*text = NULL;
	s->o.present &= ~BIT64(row);
	if (!value || !*value)
		return;
	*text = str_dup(value);
	s->o.present |= BIT64(row);
}

/* What the port knows of itself, into the mirror. */
static void fill(struct life *l, const struct port *p, struct iface *i, const struct taprio *t)
{
	struct tsn *s = (struct tsn *)iface_get_object(mirror_model(l->mirror), i, &tsn_feature);

	s->state = p->state;
	s->o.present = p->state ? BIT64(TSN_STATE) : 0;
	set_text(s, TSN_REASON, &s->reason, p->reason);
	set_text(s, TSN_PHC, &s->phc, p->phc);
	if (*p->phc) {
		s->phc_offset = p->phc_offset;
		s->o.present |= BIT64(TSN_PHC_OFFSET);
	}
	if (t) {
		s->effective_base_time = p->effective;
		s->o.present |= BIT64(TSN_EFFECTIVE);
	}
	s->armed_again = p->armed_again;
	s->o.present |= BIT64(TSN_ARMED_AGAIN);
}

static void tell_state(struct life *l, const struct iface *i, enum life_state from,
		       enum life_state to, const char *why)
{
	const char *a = word_of(life_words, from), *b = word_of(life_words, to);
	bool bad = to == LIFE_DEGRADED || to == LIFE_WAIT_CLOCK;
	_cleanup_free_ char *text = NULL;

	text = str_format("gate schedule: %s -> %s%s%s", a ? a : "none", b ? b : "none",
			  why ? ": " : "", why ? why : "");
	event_tell(l->mirror, &(struct event){
		.id = LOG_EVENT_SCHEDULE, .level = bad ? LOG_WARNING : LOG_INFO,
		.name = "schedule-state", .link = i->name, .text = text, .n = 2,
		.fields = (const struct log_field[]){ { "NETCTL_OLD", a }, { "NETCTL_NEW", b } } });
}

static bool same_text(const char *a, const char *b)
{
	return !strcmp(a ? a : "", b ? b : "");
}

/* Takes @why over. */
static void tell(struct life *l, struct port *p, struct iface *i, const struct taprio *t,
		 enum life_state state, char *why)
{
	int64_t effective = t ? t->base_time : 0;
	bool news = state != p->state || !same_text(why, p->reason) || effective != p->effective;

	if (state != p->state)
		tell_state(l, i, p->state, state, why);
	free(p->reason);
	p->reason = why;
	p->state = state;
	p->effective = effective;
	fill(l, p, i, t);
	if (!news)
		return;
	mirror_touch(l->mirror, i);
	l->mirror->on_changed(l->mirror->data);
}

/* When the port is to be looked at again. */
static uint64_t due(const struct life *l, const struct port *p, const struct taprio *t,
		    const struct clocks *c)
{
	uint64_t now = 0, at;
	int64_t begin;

	(void)sd_event_now(l->event, CLOCK_MONOTONIC, &now);
	at = now + LOOK_USEC;
	if (p->state == LIFE_WAIT_SPEED)
		at = min_of(at, now + SPEED_USEC);
	if (p->state != LIFE_PENDING || !t || !c->known || p->need)
		return at;
	begin = (t->base_time - c->ahead) / USEC + LATE_USEC;
	/* It should have begun: the kernel may be late, but not be asked all the time. */
	if (begin <= (int64_t)now)
		begin = now + AGAIN_USEC;
	return min_of(at, (uint64_t)begin);
}

static void on_message(void *data, const struct nlmsghdr *n)
{
	struct life *l = data;

	/* A mirror that stands still is asked again by on_timer(). */
	if (!l->mirror->held && !l->mirror->filling)
		mirror_take(l->mirror, n);
}

static void on_done(void *data, int error _unused_)
{
	struct life *l = data;

	look_later(l);
}

/* The kernel does not tell that what was asked for runs now. */
static void read_again(struct life *l, const struct port *p)
{
	struct nl_msg *msg = nlmsg_alloc_simple(RTM_GETQDISC, NLM_F_REQUEST | NLM_F_ACK);
	struct tcmsg tcm = { .tcm_ifindex = p->ifindex, .tcm_parent = TC_H_ROOT };

	if (!msg || nlmsg_append(msg, &tcm, sizeof(tcm), NLMSG_ALIGNTO) < 0)
		abort();
	kernel_dump(l->mirror->kernel, nlmsg_hdr(msg), on_message, on_done, l);
	nlmsg_free(msg);
}

static void look_at(struct life *l, struct port *p)
{
	struct iface *i = model_find_index(l->mirror->seen, p->ifindex);
	struct taprio *t = taprio_of(i);
	enum life_state state;
	struct clocks c;
	char *why = NULL;

	if (!t && p->need)
		p->need = ARMED;
	if (!t)
		p->ran = p->lost = false;
	if (!i || !iface_link(i) || (!p->asked && !t)) {
		if (i && iface_object(i, &tsn_feature))
			iface_drop(l->mirror->seen, i, &tsn_feature);
		drop(l, p);
		return;
	}
	if (!p->asked) /* others' */
		return;
	clocks_look(&c, p->asked, i->name);
	follow_clock(l, p, i, t, &c);
	follow_speed(l, p, i, t);
	p->phc_offset = c.phc_offset;
	*p->phc = 0;
	if (c.phc >= 0 && !c.phc_error)
		snprintf(p->phc, sizeof(p->phc), "/dev/ptp%d", c.phc);
	state = life_judge(p, t, i, &c, &why);
	if (state == LIFE_PENDING && t->pending && c.known && t->base_time <= c.now && !p->need)
		read_again(l, p);
	tell(l, p, i, t, state, why);
	p->due = due(l, p, t, &c);
}

/* Whoever sets CLOCK_REALTIME makes this readable (timerfd_create(2)). */
static void arm_set(struct life *l, bool on)
{
	const struct itimerspec far = {
		.it_value.tv_sec = (time_t)((UINTMAX_C(1) << (sizeof(time_t) * 8 - 1)) - 1),
	};
	const struct itimerspec none = { 0 };

	if (l->set_fd >= 0)
		(void)timerfd_settime(l->set_fd,
				      TFD_TIMER_ABSTIME | (on ? TFD_TIMER_CANCEL_ON_SET : 0),
				      on ? &far : &none, NULL);
}

static void look(struct life *l)
{
	struct port *p, *next;
	uint64_t first = UINT64_MAX;

	if (l->mirror->filling || !l->mirror->synced)
		return; /* mirror_configured() follows */
	for (p = l->ports; p; p = next) {
		next = p->hh.next;
		look_at(l, p);
	}
	for (p = l->ports; p; p = p->hh.next)
		first = min_of(first, p->due);
	if (l->free != !l->ports)
		arm_set(l, l->ports != NULL);
	l->free = !l->ports;
	if (first == UINT64_MAX || sd_event_source_set_time(l->timer, first) < 0 ||
	    sd_event_source_set_enabled(l->timer, SD_EVENT_ONESHOT) < 0)
		sd_event_source_set_enabled(l->timer, SD_EVENT_OFF);
}

static int on_later(sd_event_source *s _unused_, void *data)
{
	look(data);
	return 0;
}

static int on_timer(sd_event_source *s _unused_, uint64_t usec _unused_, void *data)
{
	look(data);
	return 0;
}

static int on_set(sd_event_source *s _unused_, int fd, uint32_t revents _unused_, void *data)
{
	struct life *l = data;
	uint64_t n;

	(void)!read(fd, &n, sizeof(n)); /* ECANCELED */
	arm_set(l, !l->free);
	look(l);
	return 0;
}

void life_configured(void *data, const struct model *want)
{
	struct life *l = data;

	for (struct port *p = l->ports; p; p = p->hh.next)
		forget_asked(p);
	MODEL_FOREACH(want, i) {
		const struct iface *have = model_find(l->mirror->seen, i->name);
		const struct taprio *t = taprio_of(i);
		struct port *p;

		if (!t || !have || !iface_link(have))
			continue;
		p = get(l, have->ifindex);
		p->policy = tsn_of(i);
		p->asked = (struct taprio *)object_new(&qdisc_feature, NULL);
		FOREACH_ROW(&taprio_kind.f, r)
			if (row_has(&taprio_kind.f, r, &t->q.o))
				row_copy(&taprio_kind.f, r, NULL, &p->asked->q.o, &t->q.o);
	}
	if (l->ports)
		look_later(l);
}

void *life_watch(struct mirror *m, sd_event *event)
{
	struct life *l = new0(struct life);

	l->mirror = m;
	l->free = true;
	l->event = sd_event_ref(event);
	l->set_fd = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK | TFD_CLOEXEC);
	if (l->set_fd < 0 ||
	    sd_event_add_io(event, &l->set, l->set_fd, EPOLLIN, on_set, l) < 0)
		log_debug("no timer on the clock: that it was set is noticed at the next look");
	if (sd_event_add_time(event, &l->timer, CLOCK_MONOTONIC, 0, 0, on_timer, l) < 0 ||
	    sd_event_source_set_enabled(l->timer, SD_EVENT_OFF) < 0 ||
	    sd_event_add_defer(event, &l->later, on_later, l) < 0 ||
	    sd_event_source_set_enabled(l->later, SD_EVENT_OFF) < 0)
		abort();
	return l;
}

void life_unwatch(void *data)
{
	struct life *l = data;
	struct port *p, *next;

	sd_event_source_disable_unref(l->timer);
	sd_event_source_disable_unref(l->later);
	sd_event_source_disable_unref(l->set);
	closep(&l->set_fd);
	for (p = l->ports; p; p = next) {
		next = p->hh.next;
		drop(l, p);
	}
	sd_event_unref(l->event);
	free(l);
}

int life_observe_link(struct mirror *m, struct iface *i, const struct link_message *lm _unused_)
{
	struct life *l = life_of(m);
	struct port *p = l ? find(l, i->ifindex) : NULL;

	if (!p)
		return 0;
	if (!m->filling)
		follow_link(l, p, i, taprio_of(i));
	if (p->state)
		fill(l, p, i, taprio_of(i));
	look_later(l);
	return 0;
}
