// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Looking into cages.
 *
 * The kernel tells nobody that a module came or went: no rtnetlink or ethtool
 * notification, and an event of hwmon or of the copper module's PHY only for
 * some. So the memory is asked for at an interval; those events, and a change
 * of the carrier, are hints to do so at once. Where there is no cage nothing
 * is asked a second time, and no timer runs.
 *
 * What must stay true: the loop never waits for a module (nl/slow.c); a module
 * that is swapped between two looks is noticed, because its identity is part
 * of each.
 */
#include <linux/ethtool_netlink.h>
#include <stdio.h>
#include <sys/socket.h>

#include "features/sfp/sfp.h"
#include "nl/slow.h"
#include "util/clock.h"
#include "util/log.h"

#define INTERVAL_USEC UINT64_C(5000000)
/* After a hint it is looked at several times: the hint may come before what it is about. */
#define HINT_USEC UINT64_C(350000)
#define HINTS 2
/* At the start nothing waits for it, unless it is configured. */
#define FIRST_USEC UINT64_C(200000)
/* The kernel takes its time with a module (sfp_sm_main(): up to 2 s until a PHY is found). */
#define HINTS_MODULE 8
#define UEVENT_GROUP 1
#define UEVENT_BYTES 8192

struct sfp_watch {
	struct mirror *mirror;
	sd_event *event;
	struct slow *slow;
	sd_event_source *timer, *uevents;
	int uevent_fd;
	struct cage *cages;
};

static uint64_t now_usec(const struct sfp_watch *w)
{
	uint64_t now = 0;

	(void)sd_event_now(w->event, CLOCK_MONOTONIC, &now);
	return now;
}

static void set_timer(struct sfp_watch *w)
{
	uint64_t first = UINT64_MAX;

	for (struct cage *c = w->cages; c; c = c->hh.next)
		if (!c->asking)
			first = min_of(first, c->due);
	if (first == UINT64_MAX) /* no cages on this machine, as far as is known */
		slow_rest(w->slow);
	if (first == UINT64_MAX || sd_event_source_set_time(w->timer, first) < 0 ||
	    sd_event_source_set_enabled(w->timer, SD_EVENT_ONESHOT) < 0)
		sd_event_source_set_enabled(w->timer, SD_EVENT_OFF);
}

static void hint(struct sfp_watch *w, struct cage *c, uint64_t delay)
{
	c->due = min_of(c->due, now_usec(w) + delay);
	set_timer(w);
}

/* add@ or remove@/devices/…/sfp.N/hwmon/hwmonM, or …/mdio_bus/…: a module came or went. */
static int on_uevent(sd_event_source *s _unused_, int fd, uint32_t revents _unused_, void *data)
{
	struct sfp_watch *w = data;
	char text[UEVENT_BYTES];
	ssize_t n = recv(fd, text, sizeof(text) - 1, MSG_DONTWAIT);

	if (n <= 0)
		return 0;
	text[n] = 0; /* the first line ends with one too */
	if (!strstr(text, "/hwmon") && !strstr(text, "/mdio_bus"))
		return 0;
	for (struct cage *c = w->cages; c; c = c->hh.next)
		if (c->known) {
			c->hints = HINTS;
			hint(w, c, 0);
		}
	return 0;
}

/* Only on a machine that has cages. */
static void listen_to_uevents(struct sfp_watch *w)
{
	struct sockaddr_nl a = { .nl_family = AF_NETLINK, .nl_groups = UEVENT_GROUP };

	if (w->uevents)
		return;
	w->uevent_fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK,
			      NETLINK_KOBJECT_UEVENT);
	if (w->uevent_fd < 0 || bind(w->uevent_fd, (void *)&a, sizeof(a)) < 0 ||
	    sd_event_add_io(w->event, &w->uevents, w->uevent_fd, EPOLLIN, on_uevent, w) < 0)
		log_debug("no kernel events: modules are noticed at the next look");
}

/* What is known of it now, into the mirror; and what has happened, to who listens. */
static void tell(struct sfp_watch *w, struct cage *c)
{
	struct iface *i = mirror_iface(w->mirror, c->ifindex);

	if (!i || w->mirror->filling) /* filled by the dump */
		return;
	if (sfp_fill(w->mirror, i, c)) {
		mirror_touch(w->mirror, i);
		w->mirror->on_changed(w->mirror->data);
	}
	sfp_tell_module(w->mirror, i, c);
	sfp_tell_limits(w->mirror, i, c, &c->exceeded_told);
	memcpy(c->exceeded_told, c->exceeded, sizeof(c->exceeded_told));
	/* Of another module once more, for the reason why there is no link. */
	if ((c->follow || c->settling) && !c->empty && !w->mirror->held)
		refresh_iface(w->mirror, i->ifindex, true);
}

/* Another module, or none: what the kernel has said of its link modes was about the one before. */
static void renew(struct sfp_watch *w, struct cage *c)
{
	struct iface *i = mirror_iface(w->mirror, c->ifindex);
	struct sfp *s = (struct sfp *)iface_object(i, &sfp_feature);

	c->hints = c->settling = HINTS_MODULE;
	if (!s)
		return;
	s->link.stale = c->follow;
	mirror_renew(w->mirror, i);
}

const struct cage *sfp_watch_cage(struct sfp_watch *w, int ifindex)
{
	struct cage *c;

	HASH_FIND_INT(w->cages, &ifindex, c);
	return c && c->known ? c : NULL;
}

static bool same_module(const struct module *a, const struct module *b)
{
	return a->map == b->map && !strcmp(a->vendor, b->vendor) && !strcmp(a->part, b->part) &&
	       !strcmp(a->serial, b->serial) && !memcmp(a->oui, b->oui, sizeof(a->oui));
}

/* The look has ended: with an error, or with all parts read. */
static void looked(struct sfp_watch *w, struct cage *c, int error)
{
	bool was_read = c->known && !c->error;

	c->asking = false;
	c->error = error;
	/* No driver that could, or a kernel before 5.13: there is no cage to look into. */
	c->none = !c->known && (error == -EOPNOTSUPP || error == -EINVAL);
	if (c->none) {
		c->due = UINT64_MAX;
		set_timer(w);
		return;
	}
	c->known = true;
	c->empty = error == -ENODEV || error == -ENXIO;
	if (error && was_read)
		renew(w, c);
	if (error) {
		memset(&c->module, 0, sizeof(c->module));
		memset(c->exceeded, 0, sizeof(c->exceeded));
		memset(c->exceeded_told, 0, sizeof(c->exceeded_told));
		c->constant = false;
	}
	c->due = now_usec(w) + (c->hints ? HINT_USEC : c->interval ? c->interval : INTERVAL_USEC);
	c->hints -= !!c->hints;
	c->settling -= !!c->settling;
	set_timer(w);
	listen_to_uevents(w);
	tell(w, c);
}

static void ask(struct sfp_watch *w, struct cage *c);

/* What does not change was read before; but if it is another module, all is read anew. */
static void read_all(struct sfp_watch *w, struct cage *c)
{
	struct module now;

	for (unsigned n = 0; c->constant && n < c->whole.n; n++) {
		const struct module_part *p = &c->whole.parts[n];

		if (!module_half(&c->reading, p->address, p->page, p->offset))
			module_add(&c->reading, p, c->whole.missing[n] ? NULL : c->whole.bytes[n],
				   MODULE_HALF);
	}
	module_decode(&c->reading, &now);
	if (c->constant && !same_module(&now, &c->module)) {
		c->constant = false;
		memset(c->exceeded, 0, sizeof(c->exceeded));
		memset(c->exceeded_told, 0, sizeof(c->exceeded_told));
		memset(&c->reading, 0, sizeof(c->reading));
		ask(w, c);
		return;
	}
	if (!c->constant)
		renew(w, c);
	c->read_usec = clock_usec(CLOCK_REALTIME);
	c->module = now;
	c->whole = c->reading;
	c->constant = true;
	cage_exceed(c);
	looked(w, c, 0);
}

static void on_part(void *data, int error, const struct nlmsghdr *n)
{
	struct cage *c = data;
	struct nlattr *a = n && !error ? nlmsg_find_attr((struct nlmsghdr *)n, GENL_HDRLEN,
					       ETHTOOL_A_MODULE_EEPROM_DATA) : NULL;

	if (!error && !a)
		error = -EBADMSG;
	/* Without the first half nothing is known; another may be missing. */
	if (error && (!c->reading.n || error == -ENODEV)) {
		looked(c->watch, c, error);
		return;
	}
	module_add(&c->reading, &c->part, error ? NULL : nla_data(a), error ? 0 : nla_len(a));
	ask(c->watch, c);
}

/* The next part, or all has been read. */
static void ask(struct sfp_watch *w, struct cage *c)
{
	struct nlattr *header;
	struct nl_msg *msg;
	int r;

	if (!module_next(&c->reading, c->constant, &c->part)) {
		read_all(w, c);
		return;
	}
	msg = nlmsg_alloc_simple(0, 0);
	if (!msg)
		abort();
	header = nla_nest_start(msg, ETHTOOL_A_MODULE_EEPROM_HEADER | NLA_F_NESTED);
	nla_put_u32(msg, ETHTOOL_A_HEADER_DEV_INDEX, c->ifindex);
	nla_nest_end(msg, header);
	nla_put_u32(msg, ETHTOOL_A_MODULE_EEPROM_OFFSET, c->part.offset);
	nla_put_u32(msg, ETHTOOL_A_MODULE_EEPROM_LENGTH, MODULE_HALF);
	nla_put_u8(msg, ETHTOOL_A_MODULE_EEPROM_PAGE, c->part.page);
	nla_put_u8(msg, ETHTOOL_A_MODULE_EEPROM_BANK, 0);
	nla_put_u8(msg, ETHTOOL_A_MODULE_EEPROM_I2C_ADDRESS, c->part.address);
	c->asking = true;
	r = slow_ask(w->slow, ETHTOOL_MSG_MODULE_EEPROM_GET, nlmsg_attrdata(nlmsg_hdr(msg), 0),
		     nlmsg_attrlen(nlmsg_hdr(msg), 0), on_part, c);
	nlmsg_free(msg);
	if (r < 0)
		looked(w, c, r);
}

static void cage_free(struct sfp_watch *w, struct cage *c)
{
	HASH_DEL(w->cages, c);
	object_free(&sfp_require_feature, c->require);
	object_free(&sfp_thresholds_feature, c->thresholds);
	free(c->told);
	free(c->mismatch);
	free(c);
}

static int on_timer(sd_event_source *s _unused_, uint64_t usec, void *data)
{
	struct sfp_watch *w = data;
	struct cage *c, *next;

	for (c = w->cages; c; c = next) {
		next = c->hh.next;
		if (c->asking || c->due > usec)
			continue;
		if (!mirror_iface(w->mirror, c->ifindex)) {
			cage_free(w, c);
			continue;
		}
		memset(&c->reading, 0, sizeof(c->reading));
		ask(w, c);
	}
	set_timer(w);
	return 0;
}

const struct cage *sfp_watch_note(struct sfp_watch *w, const struct iface *i)
{
	const struct link *l = iface_link(i);
	struct cage *c;

	/*
	 * What can be created has no cage, a switch's port may; an Ethernet device has an address.
	 */
	if ((*iface_kind(i) && strcmp(iface_kind(i), "dsa")) || !row_has(features[FEATURE_LINK],
				       row_find(features[FEATURE_LINK], "address"), &l->o))
		return NULL;
	HASH_FIND_INT(w->cages, &i->ifindex, c);
	if (!c) {
		c = new0(struct cage);
		c->watch = w;
		c->ifindex = i->ifindex;
		c->due = UINT64_MAX;
		c->carrier = l->carrier;
		HASH_ADD_INT(w->cages, ifindex, c);
		hint(w, c, w->mirror->filling ? FIRST_USEC : 0);
	}
	c->up = l->up;
	if (c->carrier != !!l->carrier && c->known) {
		c->hints = HINTS;
		hint(w, c, 0);
	}
	c->carrier = l->carrier;
	return c->known ? c : NULL;
}

/* Return: it is another than before. */
static bool keep_copy(const struct feature *f, struct object **to, const struct object *from)
{
	bool changed = !*to != !from || (from && (*to)->present != from->present);

	FOREACH_ROW(f, r)
		changed |= !changed && row_has(f, r, from) && !row_equal(r, *to, from);
	if (!changed)
		return false;
	object_free(f, *to);
	*to = from ? object_new(f, NULL) : NULL;
	FOREACH_ROW(f, r)
		if (row_has(f, r, from))
			row_copy(f, r, NULL, *to, from);
	return true;
}

static void configure(struct sfp_watch *w, struct cage *c, const struct iface *want)
{
	uint64_t interval = sfp_interval(want);
	bool changed = keep_copy(&sfp_require_feature, &c->require,
				 iface_object(want, &sfp_require_feature));

	changed |= keep_copy(&sfp_thresholds_feature, &c->thresholds,
			     iface_object(want, &sfp_thresholds_feature));
	c->follow = sfp_follows(want);
	if (changed && c->known) {
		cage_exceed(c);
		tell(w, c);
	}
	/* Before it was ever looked at. */
	if (!c->known && !c->asking && c->due != UINT64_MAX && (changed || c->follow || interval))
		hint(w, c, 0);
	if (interval == c->interval)
		return;
	c->interval = interval;
	if (c->known)
		hint(w, c, interval ? interval : INTERVAL_USEC);
}

void sfp_watch_configured(struct sfp_watch *w, const struct model *want)
{
	for (struct cage *c = w->cages; c; c = c->hh.next) {
		const struct iface *i = mirror_iface(w->mirror, c->ifindex);

		configure(w, c, i ? model_find(want, i->name) : NULL);
	}
}

struct sfp_watch *sfp_watch_new(struct mirror *m, sd_event *event)
{
	struct sfp_watch *w = new0(struct sfp_watch);

	w->mirror = m;
	w->event = sd_event_ref(event);
	w->uevent_fd = -1;
	w->slow = slow_new(event, ETHTOOL_GENL_NAME);
	if (sd_event_add_time(event, &w->timer, CLOCK_MONOTONIC, 0, 0, on_timer, w) < 0 ||
	    sd_event_source_set_enabled(w->timer, SD_EVENT_OFF) < 0)
		abort();
	return w;
}

struct sfp_watch *sfp_watch_free(struct sfp_watch *w)
{
	struct cage *c, *next;

	if (!w)
		return NULL;
	slow_free(w->slow);
	sd_event_source_disable_unref(w->timer);
	sd_event_source_disable_unref(w->uevents);
	closep(&w->uevent_fd);
	for (c = w->cages; c; c = next) {
		next = c->hh.next;
		cage_free(w, c);
	}
	sd_event_unref(w->event);
	free(w);
	return NULL;
}
