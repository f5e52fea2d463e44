/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files of the bus share. */
#ifndef BUS_INTERNAL_H
#define BUS_INTERNAL_H

#include <systemd/sd-bus.h>

#include "bus/bus.h"
#include "util/text.h"

#define BUS_NAME "org.netctl1"
#define BUS_PATH "/org/netctl1"
#define BUS_LINK_PATH "/org/netctl1/link"
#define BUS_MANAGER "org.netctl1.Manager"
#define BUS_ERROR "org.netctl1.Error."

/* A time that somebody may ask for, at most; s */
#define TRANSACT_SECONDS_MAX 86400

#define ACTION_APPLY "org.netctl1.apply"
#define ACTION_CONTROL "org.netctl1.control"
#define ACTION_CAPTURE "org.netctl1.capture"
/* Everybody may, but it matters who asks. */
#define ACTION_OPEN ""

struct acting;
struct action;
struct asker;
struct call;
struct capture;
struct debt;
struct fdb;
struct fdb_asker;
struct group;
struct published;
struct service_unit;
struct subject;
struct waiter;
struct watch;

struct bus {
	struct engine *engine;
	sd_bus *bus; /* NULL: between two connections */
	bool named;  /* the name is ours: there may be somebody who listens */
	bool warned;
	unsigned attempts;
	sd_event_source *reconnect;

	struct group *groups; /* D-Bus interfaces of link objects; the first is .Link */
	struct arena *names;  /* of their properties */
	unsigned n_groups;

	/* Changes, gathered until the end of the turn; publish.c */
	sd_event_source *flush, *later;
	struct published *links; /* by name */
	struct published *dirty; /* those that may differ from what was told */
	bool look;		 /* at what the daemon thinks of all of them, and at itself */
	bool scan, compare_all;	 /* links came or went; any may have changed */
	uint64_t pace;
	uint64_t dumps, number, applied, deadline;
	const char *state; /* as announced last */
	unsigned managed, drifted;

	/* Units on link state; unit.c */
	struct service_unit *units;
	char *units_path;
	sd_event_source *units_later;
	sd_bus_slot *job_filter; /* NULL: not subscribed to the service manager's jobs */
	char *service_manager;	 /* its name on the bus */

	struct call *calls;    /* that cannot be carried out yet; call.c */
	uint64_t n_questions;  /* asked of polkit */
	int64_t uid;	       /* of the caller whose call is being carried out; -1: unknown */
	const char *unit;      /* of the same; NULL: unknown */
	struct waiter *waiter; /* the caller of the change under way */
	struct debt *debts;    /* of users whose calls took long; toll.c */
	unsigned n_debts;
	sd_event_source *toll_timer;

	struct statistics *statistics; /* being read for @asking; NULL: none; statistics.c */
	struct asker *asking, *asked;  /* and who has asked since */
	struct fdb *fdb; /* being read for @fdb_asking; NULL: none; fdb.c */
	struct fdb_asker *fdb_asking, *fdb_asked; /* and who has asked since */
	struct acting *acting;	       /* callers of actions that have not ended; action.c */
	struct capture *captures; /* who reads samples of packets; capture.c */
};

/* call.c: who may, and when */

/** typedef call_fn - carry a call out and answer it; a negative errno: answered with that */
typedef int (*call_fn)(struct bus *b, sd_bus_message *m);

/* When a call is carried out. */
enum call_when {
	CALL_KNOWN, /* the kernel has been read once: references can be judged */
	CALL_STORED, /* and what is kept of changes is on disk, where it is read */
	CALL_IDLE,  /* and it is not being read or changed */
	CALL_ALL,   /* and what nobody names has been read too */
	CALL_READ,  /* now; but what call_begin_reading() names is read first, if that can begin */
};

/**
 * call_begin - carry a call out as soon as it may be
 * @m: the call; @run answers it, now or later
 * @action: of polkit, for callers that are neither root nor the daemon's own user; NULL: open;
 *	ACTION_OPEN: open, and struct bus has the uid
 * @when: waits until then
 *
 * Return: as a method's handler does.
 */
int call_begin(struct bus *b, sd_bus_message *m, const char *action, enum call_when when,
	       call_fn run);

/**
 * call_begin_reading - the same for a call that shows what the configuration may not name
 * @which: features, a bit each, by id
 *
 * An engine that is at work is not waited for: what is known is shown.
 */
int call_begin_reading(struct bus *b, sd_bus_message *m, uint64_t which, call_fn run);

/** call_may_wait - may the user @uid have one more that waits, where @n are waiting? */
bool call_may_wait(int64_t uid, unsigned n);

/** call_fail - answer with org.netctl1.Error.@name and a text */
int call_fail(sd_bus_message *m, const char *name, const char *fmt, ...) _printf_(3, 4);

/** call_refuse - answer that an argument is invalid: @why "@word"; returns 1 */
int call_refuse(sd_bus_message *m, const char *why, const char *word);

/* Entries of an array that are looked at: nobody's array shall keep the others waiting. */
#define CALL_ENTRIES_MAX 1024

/** call_too_many - answer that an array is longer; what @run returns -E2BIG for */
int call_too_many(sd_bus_message *m);

/** calls_retry - carry out what has waited for the engine to be idle */
void calls_retry(struct bus *b);

/** calls_drop - forget all calls: the connection they came by is gone */
void calls_drop(struct bus *b);

/* guard.c: what is refused before it is read */

/** guard_begin - look at what comes by a fresh connection; in the loop's thread */
int guard_begin(struct bus *b);

/** guard_end - the connection is about to be closed */
void guard_end(void);

/* toll.c: of whose calls take long, how many are carried out */

/** toll_new - once, at the start */
int toll_new(struct bus *b);

/** toll_free - at the end */
void toll_free(struct bus *b);

/**
 * toll_allows - may a call of @uid (-1: not known) be carried out?
 *
 * If not, calls_retry() is called when one may.
 */
bool toll_allows(struct bus *b, int64_t uid);

/** toll_end - one has been, since @begin (CLOCK_MONOTONIC), and @uid pays for it */
void toll_end(struct bus *b, int64_t uid, uint64_t begin);

/* watch.c */

/**
 * watch_new - notice that a caller leaves the bus
 * @who: its unique name
 * @left: called once, also if it has left already, but not before this returns; it, or
 *	somebody before, calls watch_free()
 *
 * Return: NULL if the bus cannot be asked.
 */
struct watch *watch_new(struct bus *b, const char *who, void (*left)(void *data), void *data);

/** watch_free - look no longer; NULL is allowed; returns NULL */
struct watch *watch_free(struct watch *w);

/* change.c */

/**
 * change_wait - answer @m when the change that the engine was asked for is done
 *
 * To be called before the engine is asked, with change_waited() as done(); at most one
 * waits. change_wait_cancel() where the engine refuses.
 */
void change_wait(struct bus *b, sd_bus_message *m);

/** change_waited - as outcome_fn: answer who waits, if somebody does; @data: the bus */
void change_waited(void *data, const struct outcome *o);

/** change_wait_cancel - nobody waits, or he has been answered */
void change_wait_cancel(struct bus *b);

/** change_busy - the answer that another change is under way, or waits for confirmation */
int change_busy(struct bus *b, sd_bus_message *m);

/** change_invalid - the answer that a configuration is invalid */
int change_invalid(sd_bus_message *m, const struct errors *errors);

/* The methods, as call_fn. */
int change_check(struct bus *b, sd_bus_message *m);
int change_plan(struct bus *b, sd_bus_message *m);
int change_apply(struct bus *b, sd_bus_message *m);
int change_reload(struct bus *b, sd_bus_message *m);

/* transact.c: methods around what a change leaves behind, as call_fn */
int transact_confirm(struct bus *b, sd_bus_message *m);
int transact_rollback(struct bus *b, sd_bus_message *m);
int transact_history(struct bus *b, sd_bus_message *m);
int transact_diff(struct bus *b, sd_bus_message *m);

/** transact_load_target - the generation that Rollback would go to; 1: an error was answered */
int transact_load_target(struct bus *b, sd_bus_message *m, uint64_t number,
			 struct generation **ret);

/** transact_hold - the method Hold, as call_fn */
int transact_hold(struct bus *b, sd_bus_message *m);

/** transact_release - the method Release, as call_fn */
int transact_release(struct bus *b, sd_bus_message *m);

/** transact_describe - add what waits, and what is held, to the document of the state */
void transact_describe(const struct engine *e, json_t *j);

/* statistics.c */

/** statistics_get - the method GetStatistics, as call_fn */
int statistics_get(struct bus *b, sd_bus_message *m);

/** statistics_drop - forget who asked: the connection is gone */
void statistics_drop(struct bus *b);

/* fdb.c */

/** fdb_list - the method ListFdb, as call_fn */
int fdb_list(struct bus *b, sd_bus_message *m);

/** fdb_drop - forget who asked: the connection is gone */
void fdb_drop(struct bus *b);

/* action.c: actions of features, as methods of link objects */

/** action_next - the first (NULL) and every further one in the feature table */
const struct action *action_next(const struct action *after);

#define FOREACH_ACTION(a)                                                                          \
	for (const struct action *a = action_next(NULL); a; a = action_next(a))

/** action_call - the method that the call names, as call_fn */
int action_call(struct bus *b, sd_bus_message *m);

/** actions_drop - nobody is left to be answered: the connection is gone */
void actions_drop(struct bus *b);

/* capture.c */

/** capture_open - the method OpenSamples, as call_fn */
int capture_open(struct bus *b, sd_bus_message *m);

/** captures_drop - nobody reads any more: the connection is gone */
void captures_drop(struct bus *b);

/* manager.c */

/** manager_add - put the Manager on a fresh connection */
int manager_add(struct bus *b);

/** manager_count - interfaces that are configured, and those of them that drifted */
void manager_count(const struct engine *e, unsigned *ret_managed, unsigned *ret_drifted);

/* describe.c */

/** describe_all - answer with the whole state, JSON */
int describe_all(const struct bus *b, sd_bus_message *m);

/** describe_some - the same with some settings only; @only as of iface_json_of() */
int describe_some(const struct bus *b, sd_bus_message *m, uint64_t *only);

/* object.c: link objects, by the rows */

/* Interfaces of ours that an object can have: a bit each. */
#define GROUPS_MAX 64

struct property {
	const char *name;
	const char *signature;
	const struct feature *feature; /* NULL: the bus's own */
	const struct row *row;	       /* NULL: the whole list */
	json_t *(*own)(const struct subject *s);
	bool emits;
};

/* A link as it is and as it is configured: NULL where it is not. */
struct subject {
	const char *name;
	const struct iface *have, *want;
};

/* One D-Bus interface of link objects. */
struct group {
	struct bus *bus;
	const struct feature *feature;
	char interface[64];
	struct property *properties;
	unsigned n;
	sd_bus_vtable *vtable;
};

/** objects_new - the groups, from the feature table */
void objects_new(struct bus *b);

/** objects_free - free them */
void objects_free(struct bus *b);

/** objects_add - put the link objects on a fresh connection */
int objects_add(struct bus *b);

/** object_subject - the link of that name, which must live as long; valid within a turn */
struct subject object_subject(const struct bus *b, const char *link);

/** object_groups - bit n: the link has the interface groups[n]; 0: there is no such link */
uint64_t object_groups(const struct bus *b, const struct subject *s);

/** object_is_there - is there a link of that name? */
static inline bool object_is_there(const struct bus *b, const char *link)
{
	const struct subject s = object_subject(b, link);

	return s.have || s.want;
}

/** object_path - of a link; the caller frees it */
char *object_path(const char *link);

/** object_link - the name of the link that a path means, or NULL; the caller frees it */
char *object_link(const char *path);

/** property_hash - changes with the value */
uint32_t property_hash(const struct property *p, const struct subject *s);

/**
 * object_emit_changed - tell of properties with their values
 * @changed: of @g; ends in NULL
 *
 * What sd_bus_emit_properties_changed_strv() does, which looks each property up by its name
 * again: the way from the kernel to who listens is short.
 */
int object_emit_changed(const struct bus *b, const char *path, const struct group *g,
			const struct subject *s, const struct property **changed);

/* publish.c */

/** publish_begin - a new connection: all that is there is known to whoever asks */
void publish_begin(struct bus *b);

/** publish_end - the connection is gone: nobody to tell */
void publish_end(struct bus *b);

/** publish_told - as the engine's on_told(): pass on what the kernel has just told */
void publish_told(void *bus);

/** publish_turned - as the engine's on_turned(): publish_flush() need not wait */
void publish_turned(void *bus);

/** publish_changed - as the engine's on_changed() */
void publish_changed(void *bus, const struct change *changes, unsigned n);

/** bus_is_full - it does not take what it is sent; ask again at *@due: @now and a little */
bool bus_is_full(struct bus *b, uint64_t now, uint64_t *due);

/* event.c */

/** publish_event - as the engine's on_event() */
void publish_event(void *bus, const struct event *v);

/** publish_flush - tell what has been gathered; handler of the event source */
int publish_flush(sd_event_source *s, void *bus);

/** publish_later - the same, for what had to wait */
int publish_later(sd_event_source *s, uint64_t usec, void *bus);

/* unit.c: units that run while an interface has carrier */

/** units_load - read which were started before; @path is where that is kept */
void units_load(struct bus *b, const char *path);

/** units_look - compare what has to run with what was asked, and ask; any time */
void units_look(struct bus *b);

/** units_on_time - the same, from a timer */
int units_on_time(sd_event_source *s, uint64_t usec, void *bus);

/** units_disconnected - no answer will come to what was asked */
void units_disconnected(struct bus *b);

/** units_free - leaves the units as they are */
void units_free(struct bus *b);

/** units_describe - add what became of the units of @link to its part of the document */
void units_describe(const struct bus *b, const char *link, json_t *j);

/* value.c */

/**
 * value_append - a JSON value as the D-Bus type @signature
 *
 * One complete type. What does not fit (a value that is missing: NULL) becomes the type's
 * zero: D-Bus has no other way to say "unknown". Return: 0 or a negative errno.
 */
int value_append(sd_bus_message *m, const char *signature, const json_t *j);

/** value_entry - {sv}: @key with a variant of @signature */
int value_entry(sd_bus_message *m, const char *key, const char *signature, const json_t *j);

#endif
