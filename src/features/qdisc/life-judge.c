// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * In what state a gate schedule is, and why, in a sentence for people.
 *
 * What must stay true: nothing is noted, asked or told here. The same port, entry
 * and clocks give the same state, so that life.c may judge as often as it likes
 * and tells only what is new.
 */
#include "features/qdisc/life-port.h"

#include <inttypes.h>
#include <time.h>

/* Base time as people and as programs read it. */
static char *begins(const struct taprio *t, const struct clocks *c)
{
	time_t seconds = t->base_time / 1000000000;
	char date[32] = "";
	struct tm tm;

	if (clocks_follow(t) && gmtime_r(&seconds, &tm))
		strftime(date, sizeof(date), ", %Y-%m-%d %H:%M:%S", &tm);
	return str_format("begins at %" PRId64 "%s of %s", t->base_time, date, clocks_name(c));
}

static enum life_state not_there(const struct port *p, uint32_t speed, char **ret_why)
{
	char *why = taprio_short(p->asked, speed ? speed : 10);

	if (!why)
		return LIFE_NONE; /* on its way, or refused: the interface says so */
	*ret_why = why;
	return LIFE_WAIT_SPEED;
}

static enum life_state judge_running(const struct port *p, const struct taprio *t,
				     const struct iface *i, const struct clocks *c, char **ret_why)
{
	const struct tsn *want = &p->policy;
	const struct link *link = iface_link(i);
	unsigned class;

	if (p->need) {
		*ret_why = str_dup("is being armed again");
		return LIFE_PENDING;
	}
	/* With txtime-assist the kernel changes over when the next frame comes. */
	if ((t->pending && t->offload != OFFLOAD_TXTIME) || (c->known && t->base_time > c->now)) {
		*ret_why = begins(t, c);
		return LIFE_PENDING;
	}
	/* Not what the kernel has: it tells of smaller frames where those do not fit. */
	*ret_why = taprio_unfit(p->asked, link->mtu, taprio_speed(i), &class);
	if (!*ret_why && want->wait_clock != WAIT_NOTHING)
		*ret_why = clocks_wrong(c, t, WAIT_PHC, want->phc_limit);
	return *ret_why ? LIFE_DEGRADED : LIFE_RUNNING;
}

enum life_state life_judge(const struct port *p, const struct taprio *t, const struct iface *i,
			   const struct clocks *c, char **ret_why)
{
	const struct link *link = iface_link(i);
	unsigned level = p->policy.wait_clock;

	/* What runs goes on unless its clock is nonsense: taprio_suspended(). */
	*ret_why = clocks_wrong(c, p->asked, t ? min_of(level, (unsigned)WAIT_SET) : level,
				p->policy.phc_limit);
	if (*ret_why)
		return LIFE_WAIT_CLOCK;
	if (!link->up || !link->carrier) {
		*ret_why = str_dup(link->up ? "the link has no carrier" : "the link is down");
		return LIFE_WAIT_LINK;
	}
	if (!taprio_speed(i) && p->asked->offload != OFFLOAD_FULL) {
		*ret_why =
			str_dup("the link's speed is not known; the kernel reckons with 10 Mbit/s");
		return LIFE_WAIT_SPEED;
	}
	if (!t)
		return not_there(p, taprio_speed(i), ret_why);
	return judge_running(p, t, i, c, ret_why);
}
