/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The mirror: what the kernel has, from dumps and notifications. It never acts. */
#ifndef CORE_MIRROR_H
#define CORE_MIRROR_H

#include <linux/if_link.h>

#include "core/model.h"
#include "nl/kernel.h"

struct event;

struct mirror {
	struct kernel *kernel;
	struct model *seen;    /* as the last dump and the notifications since have it */
	struct model *filling; /* the dump that is under way; NULL: none */
	bool live;	       /* notifications are asked for */
	bool synced;	       /* @seen is complete */
	bool appeared;	       /* interfaces came, went or were renamed since the last take */
	unsigned dumps_left;
	int dump_error;
	bool held;	       /* @seen stands still */
	bool untold;	       /* more has changed than was told: all is to be read again */
	struct change *changes;
	unsigned n_changes;
	uint64_t touches; /* counts what changed */
	uint32_t port;		     /* of the notification being read; 0: none, or not told */
	const struct feature *told;  /* whose it is */
	sd_event_source *retry;
	unsigned retries;
	void **facts;	 /* a feature each: mirror_fact() */
	/* a feature each: what looks for itself; NULL before the first live sync */
	void **watchers;

	/*
	 * Lazy sources are read for features in @wanted(): those that the configuration or the
	 * record names; and for @want_more.
	 */
	uint64_t (*wanted)(void *data);
	uint64_t want_more; /* bit id: and those that somebody asks for now */
	uint64_t reads; /* bit id: read by the last dump, or the one under way */
	struct question *questions; /* about single interfaces: refresh.c */
	unsigned fresh;		    /* of these, about new ones: nothing is to be planned yet */
	sd_event_source *ask;	    /* when those go out that follow a link */
	struct dumping *dumping;    /* sources that are being read */

	/* Told when @seen is complete, and (live) when something changed in it. */
	void (*on_synced)(void *data);
	void (*on_changed)(void *data);
	void (*on_event)(void *data, const struct event *v); /* may be NULL; event.h */
	/* Told when the news that had arrived have been taken in. */
	void (*on_told)(void *data);
	void *data;
};

/* RTM_NEWLINK, its attributes parsed once for all features. */
struct link_message {
	const struct nlmsghdr *n;
	const struct ifinfomsg *info;
	struct nlattr *tb[IFLA_MAX + 1];
	struct nlattr *linkinfo[IFLA_INFO_MAX + 1];
};

/** mirror_new - nothing is asked yet; @k stays the caller's */
struct mirror *mirror_new(struct kernel *k, sd_event *event);

/**
 * mirror_free - before its kernel, which is asked nothing between; NULL is allowed; returns NULL
 */
struct mirror *mirror_free(struct mirror *m);

/**
 * mirror_sync - dump everything anew
 * @live: and keep it true by notifications from now on
 *
 * on_synced() is called when it is done. An interrupted dump is repeated.
 */
void mirror_sync(struct mirror *m, bool live);

/**
 * mirror_untold - more has changed than the kernel told: everything is read again, in a turn of
 * its own, since this is found while messages are taken, and not while a plan stands on @seen
 */
void mirror_untold(struct mirror *m);

/** mirror_hold - let notifications wait while a plan that points into @seen is carried out */
void mirror_hold(struct mirror *m, bool on);

/** mirror_iface - the interface that a message is about, in the model being filled; or NULL */
struct iface *mirror_iface(struct mirror *m, int ifindex);

/** mirror_model - the model that messages go into */
static inline struct model *mirror_model(struct mirror *m)
{
	return m->filling ? m->filling : m->seen;
}

/** mirror_lacks - is something wanted that the mirror does not read yet? Then it must sync */
bool mirror_lacks(const struct mirror *m);

/**
 * mirror_dump_more - for observe(): what was told says that there is more to be asked for
 *
 * A dump of one interface (struct source's by_iface) before the sync ends; later, when
 * notifications tell all, nothing. @part: of several that a dump may be of, for source.part.
 */
void mirror_dump_more(struct mirror *m, const struct source *s, int ifindex, uint32_t part);

/**
 * mirror_fact - what a feature knows of the kernel as such, and not of an interface
 *
 * For observe(). @size bytes, the mirror's, zeroes at first, kept from one sync to the next.
 */
void *mirror_fact(struct mirror *m, const struct feature *f, size_t size);

/** mirror_reads - is this source of @f kept true? */
bool mirror_reads(const struct mirror *m, const struct feature *f, const struct source *s);

/* core/mirror-take.c: what a message means. */

/** mirror_links - the links themselves; every other source is a feature's */
extern const struct source mirror_links;

/** mirror_take - a message of the kernel's, for whichever feature it is */
void mirror_take(struct mirror *m, const struct nlmsghdr *n);

/** mirror_request - the question of a source; @ifindex: about one interface, 0: all */
struct nl_msg *mirror_request(struct mirror *m, const struct source *s, int ifindex);

/* core/refresh.c: single interfaces are asked about where no message tells. */

/**
 * refresh_iface - ask about one interface again
 * @follows: only what follows the link's state; else all
 */
void refresh_iface(struct mirror *m, int ifindex, bool follows);

/** refresh_source - for observe(): a notification that does not tell all; ask about it again */
void refresh_source(struct mirror *m, const struct source *s, int ifindex);

/** refresh_send - ask what had to wait; after mirror_hold() and a sync */
void refresh_send(struct mirror *m);

/** refresh_init - make what tells when to ask, in @event */
void refresh_init(struct mirror *m, sd_event *event);

/** refresh_free - the end, with all questions; the kernel must not answer any more */
void refresh_free(struct mirror *m);

/** mirror_touch - note that @i has changed */
void mirror_touch(struct mirror *m, const struct iface *i);

/** mirror_renew - part of the hardware of @i was exchanged: it is set up as if it were new */
void mirror_renew(struct mirror *m, const struct iface *i);

/**
 * mirror_list_entry - for observe() of FORM_LIST features
 * @entry: decoded, on the heap; taken over
 * @add: it is there (again); else it is gone
 */
void mirror_list_entry(struct mirror *m, struct iface *i, const struct feature *f,
		       struct object *entry, bool add);

/** mirror_resolve - fill in the names of the interfaces that @i refers to */
void mirror_resolve(const struct model *seen, struct iface *i);

/** mirror_look - look at what no message tells; once a turn in which interfaces came or went */
void mirror_look(struct mirror *m);

/** mirror_configured - tell the features that look for themselves of another configuration */
void mirror_configured(struct mirror *m, const struct model *want);

/** mirror_take_changes - forget the changes noted so far */
void mirror_take_changes(struct mirror *m);

#endif
