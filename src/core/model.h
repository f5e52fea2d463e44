/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A model: interfaces by name, each with its features' objects; desired, observed or owned. */
#ifndef CORE_MODEL_H
#define CORE_MODEL_H

#include <uthash.h>

#include "core/schema.h"
#include "core/types.h"

/* Any number of objects of a FORM_LIST feature. */
struct list {
	struct object **items;
	unsigned n;
	struct object **slots; /* list.c: NULL, or where an entry is by its key */
	unsigned n_slots, used;
};

/* How an interface stands to its configuration. */
enum state {
	STATE_FOREIGN, /* not in the configuration */
	STATE_ABSENT,  /* configured, but there is no such device */
	STATE_WAITING, /* something that it needs is not there */
	STATE_APPLYING,
	STATE_OK,
	STATE_HELD,    /* left alone, because somebody works on it by hand */
	STATE_DRIFTED, /* differs, and the configuration says to report only */
	STATE_FAILED,
	STATE_MAX_,
};

/** state_name - the word for it on the bus, of static memory */
const char *state_name(enum state s);

/* What a plan does with an interface as a whole; see plan.c. */
enum fate {
	FATE_UNKNOWN,
	FATE_KEEP,     /* it is there and of the right kind */
	FATE_CREATE,
	FATE_RECREATE,
	FATE_ABSENT,   /* a device that exists by itself, and does not */
	FATE_WAIT,     /* something it stands on is not there */
	FATE_FAIL,     /* not possible, or tried too recently; the reason stands */
};

struct iface {
	char name[IFNAMSIZ];
	int ifindex;
	struct origin where; /* desired: the first line that names it */

	/* Desired only. */
	enum state state;
	char *reason;	     /* heap; NULL: none */
	uint64_t retry_usec; /* failed: not before this CLOCK_MONOTONIC time */
	unsigned failures;   /* in a row */
	bool failed_before;  /* already under the generation before */
	bool held;	     /* hands off */
	uint64_t eventual_usec; /* until then what was set may still come true: eventual.h */
	struct drift *drift; /* what another hand did to it: drift.c; NULL: nothing yet */
	bool drift_kept;     /* by the verdict of drift.c: to be left alone as a whole */
	bool settled;	     /* was as configured since the configuration came or the device did */

	uint8_t told;	     /* of the device and its carrier, in the log: event.c */
	uint64_t told_pace;

	enum fate fate;	     /* in the plan that is being made */
	bool kept_down;	     /* in that plan: by a feature, whatever "up" says */
	bool planned;	     /* it has its steps in that plan (also in the record) */
	uint8_t mark;	     /* of a walk over the model */

	/* Owned only: the daemon made the interface, and this was its index. */
	bool created;
	/* The one that is to make room for it; until that is known to be gone, it is ours too. */
	int former;
	uint64_t lent; /* features whose settings are an action's for now: record_lend() */
	UT_hash_handle by_name, by_index;
	void *part[]; /* a feature each: struct object *, for FORM_LIST struct list * */
};

/* An interface that is not as it was when somebody last looked. */
struct change {
	int ifindex; /* 0: gone */
	char name[IFNAMSIZ];
	/* Who made it, where the kernel says so: the netlink port, and what came from it. */
	uint32_t port; /* 0: not said */
	const struct feature *told; /* whose message said it */
	bool anew; /* part of its hardware is another one: what differs now is no drift */
};

struct model {
	struct arena *arena; /* of everything in it; NULL: heap */
	struct iface *by_name, *by_index;
	unsigned n;
};

/** model_new - an empty model; @arena becomes its own, NULL: on the heap */
struct model *model_new(struct arena *arena);

/** model_free - free it and all in it; NULL is allowed; returns NULL */
struct model *model_free(struct model *m);

static inline void model_freep(struct model **m)
{
	model_free(*m);
}

#define MODEL_FOREACH(m, i)                                                                        \
	for (struct iface *i = (m)->by_name, *_next_; i && (_next_ = i->by_name.next, true);       \
	     i = _next_)

/** model_maker - the interface with which @name is created along (a veth's other end), or NULL */
struct iface *model_maker(const struct model *m, const char *name);

/** model_find - by name, or NULL; @m may be NULL */
struct iface *model_find(const struct model *m, const char *name);

/** model_find_index - by ifindex, or NULL */
struct iface *model_find_index(const struct model *m, int ifindex);

/** model_add - a new interface; @name must not be there */
struct iface *model_add(struct model *m, const char *name);

/** model_get - the interface of that name, made if it is not there */
struct iface *model_get(struct model *m, const char *name);

/** model_set_index - file it under @ifindex (0: none) */
void model_set_index(struct model *m, struct iface *i, int ifindex);

/** model_rename - file it under another name, which must be free */
void model_rename(struct model *m, struct iface *i, const char *name);

/** model_remove - take out and free; not for arena models */
void model_remove(struct model *m, struct iface *i);

/** iface_object - of a ROOT or GROUP feature, or NULL; @i may be NULL */
static inline struct object *iface_object(const struct iface *i, const struct feature *f)
{
	return i ? i->part[f->id] : NULL;
}

/** iface_list - of a LIST feature; NULL: the list is not there (which is not an empty one) */
static inline struct list *iface_list(const struct iface *i, const struct feature *f)
{
	return i ? i->part[f->id] : NULL;
}

/** iface_get_object - the object, made if it is not there */
struct object *iface_get_object(struct model *m, struct iface *i, const struct feature *f);

/** iface_get_list - the list, made if it is not there */
struct list *iface_get_list(struct model *m, struct iface *i, const struct feature *f);

/** iface_drop - forget what the interface has of a feature */
void iface_drop(struct model *m, struct iface *i, const struct feature *f);

/** iface_set_reason - printf-like; a NULL format clears it */
void iface_set_reason(struct iface *i, const char *fmt, ...) _printf_(2, 3);

/* core/list.c */

/** list_find - the entry with the key of @like, or NULL; @l may be NULL */
struct object *list_find(const struct feature *f, const struct list *l, const struct object *like);

/** list_add - append; the list takes @o over */
void list_add(const struct feature *f, struct list *l, struct object *o);

/** list_remove - take out and free the entry with the key of @like; false: there is none */
bool list_remove(const struct feature *f, struct list *l, const struct object *like);

/** list_rekey - to be called when keys of entries were changed in place */
void list_rekey(struct list *l);

/** list_done - free what the list holds, but its entries */
void list_done(struct list *l);

/*
 * The root object. Core knows it because the identity, kind, master and admin
 * state of an interface decide the order of everything else; its rows and its
 * encoder are in features/link.
 */
struct link {
	struct object o;
	char kind[IFNAMSIZ];	   /* IFLA_INFO_KIND; "": a device that exists by itself */
	uint8_t up, carrier, foreign_policy, on_drift;
	uint8_t operstate;
	uint32_t mtu, carrier_changes, tx_queues, rx_queues;
	uint8_t address[6];
	struct ifref master, lower, peer;
	char *alias;
	char slave_kind[IFNAMSIZ]; /* IFLA_INFO_SLAVE_KIND */
	char *parent_dev; /* bus and name of the device that it belongs to; NULL: none */
	char *switch_id, *port_name; /* of the hardware switch that it is a port of; NULL: none */
	char *driver; /* of a device that exists by itself; NULL: none, or not looked yet */
};

enum { FOREIGN_KEEP, FOREIGN_REMOVE };

/** iface_link - the root object, or NULL */
static inline struct link *iface_link(const struct iface *i)
{
	return i ? i->part[FEATURE_LINK] : NULL;
}

/** iface_kind - "" for devices that exist by themselves */
const char *iface_kind(const struct iface *i);

/** iface_owns - is it the device of that index that the daemon made, by the record's @owned? */
static inline bool iface_owns(const struct iface *owned, int ifindex)
{
	return owned && owned->created && ifindex &&
	       (owned->ifindex == ifindex || owned->former == ifindex);
}

/** iface_lower - the interface that @i stands on, or was created on; NULL: none */
const struct ifref *iface_lower(const struct iface *i);

/** iface_json - everything known of it; a NULL @i gives an empty object */
json_t *iface_json(const struct iface *i, unsigned skip);

/**
 * iface_json_of - the same of some settings only
 * @only: for each feature, by number, a bit for each row; a list is there with any; NULL: all
 */
json_t *iface_json_of(const struct iface *i, unsigned skip, const uint64_t *only);

/**
 * model_export - as a configuration file's text; the caller frees it
 * @record: with what only the record of ownership has
 */
char *model_export(const struct model *m, bool record);

/** model_features - those that some interface has something of, a bit each; @m may be NULL */
uint64_t model_features(const struct model *m);

#endif
