/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The schema: a setting is a row, a value's nature is a type, a group of settings is a feature. */
#ifndef CORE_SCHEMA_H
#define CORE_SCHEMA_H

#include <netinet/in.h> /* before the kernel's headers, which then leave its names alone */
#include <jansson.h>
#include <libconfig.h>
#include <linux/if.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <systemd/sd-event.h>

#include "util/mem.h"

struct action;
struct encoder;
struct errors;
struct feature;
struct ipaddr;
struct iface;
struct link_message;
struct mirror;
struct model;
struct object;
struct planner;
struct row;
struct statistics_provider;
struct step;

/*
 * When a step is done. Removal goes from the top of the stack down, creation
 * from the bottom up; within a phase the depth of dependency decides, then the
 * name. What filters goes after what it protects, and comes before it.
 * A link comes up after everything that says what it may forward, and
 * routes follow it because the kernel refuses a route on a link that is down
 * (fib_check_nh(): ENETDOWN).
 */
enum phase {
	PHASE_NONE,
	PHASE_DROP_QDISC,
	PHASE_DROP_ROUTE,
	PHASE_DROP_ADDRESS,
	PHASE_DOWN,
	PHASE_DROP_XDP,
	PHASE_DETACH,
	PHASE_DELETE,
	PHASE_CREATE,
	PHASE_PHY,
	PHASE_LINK,
	PHASE_ATTACH,
	PHASE_L2,
	PHASE_SYSCTL,
	PHASE_ADDRESS,
	PHASE_XDP,
	PHASE_QDISC,
	PHASE_UP,
	PHASE_ROUTE,
	PHASE_MAX_,
};

/* What a change does to traffic. */
enum effect {
	EFFECT_LIVE,	 /* nothing but the change itself */
	EFFECT_BOUNCE,	 /* the link goes down and comes up again */
	EFFECT_RECREATE, /* the interface is deleted and created again */
	EFFECT_MAX_,
};

/* How much of an interface's traffic a change takes away, for however short. */
enum loss {
	LOSS_NONE,
	LOSS_PART, /* of a VLAN, an address, a destination */
	LOSS_ALL,
};

/* How well an entry of a list matches the address that packets are sent to. */
struct lead {
	unsigned prefix; /* bits in common: the most wins */
	uint32_t metric; /* then the lowest */
	/* of routes that says it; RT_TABLE_UNSPEC: none, it is an address of our own */
	uint32_t table;
};

/** phase_name, effect_name - the word used in plans and logs */
const char *phase_name(enum phase p);
const char *effect_name(enum effect e);

/* A reference to an interface: by name in a configuration, by index in the kernel. */
#define IFREF_GONE -1
struct ifref {
	/* 0: none, or not there (yet); IFREF_GONE: the kernel's still means one that went */
	int index;
	char name[IFNAMSIZ];
};

/* What a type's parse() is given beside the value. */
struct parse {
	const struct row *row;
	struct arena *arena; /* NULL: heap */
	char *why;	     /* set on failure: what is wrong with the value; the caller frees it */
	const config_setting_t *at; /* set on failure: the part of it that is wrong; NULL: all */
};

/*
 * What values of one kind have in common. A value lives in the feature's
 * object at the row's offset and takes @size bytes there.
 */
struct type {
	const char *name;      /* for people: "boolean" */
	const char *signature; /* on the bus */
	size_t size;

	/* Read from a configuration. Return 0, or -EINVAL with p->why set. */
	int (*parse)(struct parse *p, const config_setting_t *s, void *v);

	/* The value as it is written in a configuration, as a new reference. */
	json_t *(*json)(const struct row *row, const void *v);

	/* What nobody but root may see: as json(), with the value, which json() does not tell. */
	json_t *(*secret)(const struct row *row, const void *v);

	/* Everything below is optional. Same value? NULL: same bytes. */
	bool (*equal)(const struct row *row, const void *a, const void *b);

	/* To and from a netlink attribute of number row->attr. get() allocates on the heap. */
	int (*put)(struct nl_msg *msg, const struct row *row, const void *v);
	int (*get)(const struct row *row, const struct nlattr *a, void *v);

	/* For values that own memory: a copy from @a (or the heap); free (heap only). */
	void (*copy)(struct arena *a, void *to, const void *from);
	void (*done)(void *v);

	/*
	 * Of what is noted of the time before: the kernel may have a value that it does not take.
	 */
	void (*before)(void *v);

	/* As plans show it, where JSON would be too long; the caller frees it. */
	char *(*text)(const struct row *row, const void *v);

	/* Values that are lists of groups: what may stand in such a group. */
	const struct feature *shape;

	/* What may be written, after the type's name, in errors and documentation. */
	char *(*range)(const struct row *row);
};

enum row_flags {
	ROW_KEY = 1 << 0,     /* tells one entry of a list from another */
	ROW_CREATE = 1 << 1,  /* given when the interface is created; a change recreates it */
	ROW_STATE = 1 << 2,   /* the kernel's to say: shown, never set */
	ROW_POLICY = 1 << 3,  /* the daemon's own: set, never compared with the kernel */
	ROW_VOLATILE = 1 << 4, /* state that changes by itself: never announced on the bus */
	ROW_UNTOLD = 1 << 5,   /* a change changes more than the kernel tells of: read it anew */
	ROW_EARLY = 1 << 6,    /* root: the message that creates an interface can carry it */
	ROW_OPTIONAL = 1 << 7, /* a key that an entry may lack */
	ROW_IMPLIED = 1 << 8,  /* follows from other settings: compared, but never written */
	ROW_SELF = 1 << 10,    /* effect: the driver brings it about, nothing is done for it */
	ROW_EVENTUAL = 1 << 11, /* becomes true some time after it was set: eventual.h */
	/* is there only as long as another of its group has a certain value */
	ROW_WITHIN = 1 << 12,
	ROW_OURS = 1 << 9,     /* nobody else sets it: before was its initial value, or nothing */
};

/* One setting. Nothing else in the program knows it. */
struct row {
	const char *key;
	const struct type *type;
	uint16_t offset; /* of the value in the feature's object */
	uint16_t attr;	 /* netlink attribute, or what the feature's own encode() takes it for */
	uint16_t flags;	 /* enum row_flags */
	uint8_t phase;	 /* enum phase: when a change is made */
	uint8_t off;	 /* enum phase: when a change to zero/none/false is made; 0: @phase */
	uint8_t effect;	 /* enum effect */
	int64_t min, max; /* numbers: the range; max 0: to the end of the type, 0, 0: all of it */
	const void *data; /* the type's: words of an enumeration, names of numbers, units */
	const char *initial; /* the kernel's value on a fresh device, as configured; NULL: varies */
	const char *since;   /* the first kernel that has it; NULL: 5.10 or earlier */
	const char *help;    /* one sentence, with the unit */
	const char *also;    /* what another tool calls it: not taken, but understood; or NULL */
};

/* The start of every feature's object: which rows it holds. */
struct object {
	uint64_t present;	/* bit i: rows[i] has a value here */
	struct origin *where;	/* a row each: where the configuration says it; NULL: kernel's */
};

/* A place in a configuration file. */
struct origin {
	const char *file; /* owned by the generation's arena */
	unsigned line;
};

/* Where in the interface's entry of a configuration a feature's settings stand. */
enum form {
	FORM_ROOT,  /* in the entry itself */
	FORM_GROUP, /* name = { … } */
	FORM_LIST,  /* name = [ … ] or ( { … }, … ): any number of objects */
};

/* A dump, and the notifications that keep it true. Ends with .get = 0. */
struct source {
	/*
	 * RTM_GET…, RTM_NEW…, RTM_DEL…; or a family of generic netlink: @get is GENL_… then, and
	 * of its messages @commands are meant.
	 */
	uint16_t get, add, del;
	uint8_t family;		/* AF_…: of the dump, and of the notifications unless AF_UNSPEC */
	uint8_t header;		/* bytes of the fixed header behind struct nlmsghdr */
	struct {
		uint8_t get;	     /* asks for it */
		uint8_t add[2], del; /* tell of it: the answer, the notification; that it is gone */
	} commands;
	bool no_dump;		/* another feature's: only the notifications are wanted */
	bool single;		/* not a dump: the one object that @filter names */
	bool each; /* a dump does not tell all: devices are asked one by one, @narrow */
	bool by_iface;		/* a dump is of one interface: mirror_dump_more(), with @narrow */
	bool lazy;		/* read only for a feature that somebody names: mirror.h */
	uint16_t name_attr; /* with @narrow: which attribute has the interface's name; 0: none */
	bool follows_link;	/* no message tells that it changed with carrier or admin state */
	uint32_t groups[3];	/* RTNLGRP_… or GENL_GROUP(), 0 ends */

	/* Narrow the dump: fill the header, add attributes. NULL: all of it. */
	int (*filter)(struct nl_msg *msg, void *header);
	/* In its place for one interface; where it is there, a new one is asked about by itself. */
	int (*narrow)(struct nl_msg *msg, void *header, int ifindex);
	/* With @by_iface, of a dump that tells one of several parts: mirror_dump_more(). */
	void (*part)(void *header, uint32_t part);
};

/*
 * A group of settings. Everything but name, form, size and rows is optional.
 */
struct feature {
	const char *name; /* FORM_GROUP: with dots, a group in a group: "xdp.filter" */
	const char *help; /* one sentence */
	enum form form;
	size_t size; /* of the object, which begins with struct object */
	const struct row *rows;
	unsigned n_rows; /* at most 64 */

	/* Settings of one kind of interface, created by its name (IFLA_INFO_KIND). */
	const char *kind;
	/* Devices that are created along; they get the indexes behind the interface's own. The
	 * first row names the first of them. */
	unsigned companions;
	/* The path of the rows' attributes in RTM_NEWLINK, {IFLA_LINKINFO, …}, 0 ends. */
	uint16_t nest[3];
	/* With @nest in IFLA_INFO_SLAVE_DATA: the kind of master that the settings need. */
	const char *slave_kind;

	/*
	 * Every interface has these settings by itself: of all interfaces only those are told that
	 * are not as the kernel makes them, or that the configuration names.
	 */
	bool everywhere;

	/* Where the kernel's state comes from, beside RTM_NEWLINK. */
	const struct source *sources;
	/*
	 * A message of one of @sources. @add: RTM_NEW…; else it is gone. Return 0 or a
	 * negative errno for a message that makes no sense.
	 */
	int (*observe)(struct mirror *m, const struct nlmsghdr *n, bool add);
	/* RTM_NEWLINK of @i, attributes parsed. NULL: the rows are decoded below @nest. */
	int (*observe_link)(struct mirror *m, struct iface *i, const struct link_message *lm);

	/*
	 * Look at what no message tells (files below /sys): called when all dumps are in, and
	 * when interfaces have come or gone since. Must not wait.
	 */
	void (*look)(struct mirror *m);

	/*
	 * What no message of the kernel tells: a feature that looks for itself, while the daemon
	 * follows the kernel. What watch() returns is m->watchers[id]; observe_link() is its hint.
	 */
	void *(*watch)(struct mirror *m, sd_event *event);
	void (*unwatch)(void *watcher);
	/* Another configuration is the current one. */
	void (*configured)(void *watcher, const struct model *want);

	/* FORM_LIST, entries that are no groups: one entry from a bare string. */
	int (*parse_entry)(struct parse *p, const config_setting_t *s, struct object *o);
	/* FORM_LIST: an entry as one word for plans; the caller frees it. */
	char *(*format)(const struct object *o);
	/*
	 * FORM_LIST of entries of several kinds, told apart by the row "kind", the first: whose
	 * rows @o has. They begin with this feature's, and its size is that of the largest.
	 */
	const struct feature *(*variant)(const struct object *o);
	/* The @n-th of them, with .kind and .help, or NULL. */
	const struct feature *(*nth_variant)(unsigned n);
	/* FORM_LIST: fill in what an entry of a configuration implies for its key. */
	void (*complete_entry)(struct object *o);
	/* FORM_LIST, entries that stand on each other: how many of @i's are below @o. */
	unsigned (*rank)(const struct iface *i, const struct object *o);
	/* FORM_LIST: does step @s, of this or another list, which removes or makes anew an entry of
	 * the same interface, take along entry @from of the kernel's? */
	bool (*goes_along)(const struct iface *have, const struct object *from,
			   const struct step *s);
	/*
	 * The kernel refuses step @s, which takes something away or makes it anew, as long as entry
	 * @from is there: it goes before, and comes again. NULL: none does.
	 */
	bool (*holds)(const struct object *from, const struct step *s);
	/* FORM_LIST: format() does not say all: plans of a new entry show its values too. */
	bool brief;
	/* FORM_LIST: has @from the value of @row that @to asks for? By default: the same value. */
	bool (*same)(const struct row *row, const struct object *to, const struct object *from);
	/*
	 * FORM_LIST: was this entry of the kernel's made by this daemon? By default: never known.
	 */
	bool (*is_ours)(const struct object *o);
	/* FORM_LIST: is the value of @row, which the configuration does not name, what the daemon
	 * would have made of it? */
	bool (*is_default)(const struct row *row, const struct object *to,
			   const struct object *from, const struct iface *i);
	/* FORM_LIST: does this entry of the kernel's lead packets to @to? */
	bool (*leads)(const struct object *o, const struct ipaddr *to, struct lead *ret);
	/* FORM_LIST: an interface with such entries is to be reached; wait-online waits for it. */
	bool reached;
	/* FORM_LIST: is entry @from of @have, which the daemon made, to be made anew as @to of
	 * @want, because it stands at the wrong place among the others? */
	bool (*misplaced)(const struct object *to, const struct object *from,
			  const struct iface *want, const struct iface *have);
	/* FORM_LIST: may this entry be added now? As blocked(). */
	char *(*entry_blocked)(const struct planner *p, const struct iface *want,
			       const struct object *entry);
	/*
	 * FORM_LIST: must this entry, which is there, go until it may be added again? Why, or NULL.
	 */
	char *(*entry_suspended)(const struct planner *p, const struct iface *want,
				 const struct object *entry);
	/*
	 * Is step @s of what is asked for the daemon's own care, and not the putting back of
	 * another hand's change? Then it is no drift, however often it comes.
	 */
	bool (*is_upkeep)(const struct step *s);
	/* FORM_LIST: an entry that others made and that foreign = "remove" may take away? */
	bool (*is_foreign)(const struct object *o);
	/*
	 * FORM_LIST: a setting of another feature, of the same interface, that step @s changes
	 * on its way and puts back itself; NULL: none. The record knows its value meanwhile.
	 */
	const struct row *(*passing)(const struct step *s, const struct feature **ret);

	/* Fill in what the configuration of @i implies but does not say. */
	void (*complete)(struct model *want, struct iface *i);
	/*
	 * Values that a fresh object has, where no row->initial can say: set rows that @o lacks.
	 * @o is on the heap.
	 */
	void (*initial)(const struct model *want, const struct model *have, const struct iface *i,
			struct object *o);
	/* What the rows cannot tell: contradictions within and across interfaces. */
	void (*check)(const struct model *want, const struct iface *i, struct errors *e);
	/*
	 * May the settings be applied now? Return NULL, or why not yet ("waits for …";
	 * the planner frees it).
	 */
	char *(*blocked)(const struct planner *p, const struct iface *want);
	/*
	 * May @row be changed to what @to has now? As blocked(), but the rest is not held up by it.
	 * @i: as configured; or, where nobody configures it, as the record knows it.
	 */
	char *(*row_blocked)(const struct planner *p, const struct iface *i,
			     const struct object *to, const struct row *row);
	/*
	 * Must the link stay down, whatever the configuration says? NULL, or why (the planner
	 * frees it). The interface waits, and what stands on it too.
	 */
	char *(*kept_down)(const struct planner *p, const struct iface *want);
	/*
	 * What the machine at hand cannot do, where the configuration by itself cannot show it:
	 * NULL, or why @i as a whole is refused. @have is what the machine has; the caller frees
	 * what is returned. @ret_where: the line to blame.
	 */
	char *(*refused)(const struct model *want, const struct model *have,
			 const struct iface *i, const struct origin **ret_where);
	/* What may be applied, but does on this machine what one would not think: told. */
	void (*warn)(const struct model *want, const struct model *have, const struct iface *i,
		     struct errors *warnings);
	/* The effect of changing @row, where it is not always the same. */
	enum effect (*effect)(const struct planner *p, const struct step *s, const struct row *row);
	/*
	 * Does step @s, of an interface that is up, take traffic from it, beside what the
	 * step's effect says? @ret_why: in a few words ("leaves br0"); heap.
	 */
	enum loss (*loses)(const struct step *s, char **ret_why);
	/*
	 * Write the message of step @s; @part counts from 0 for steps that take several.
	 * Return 0 done, 1 one more part follows, or a negative errno. NULL: RTM_NEWLINK with
	 * the step's rows below @nest.
	 */
	int (*encode)(struct encoder *e, const struct step *s, unsigned part);

	/* What it counts; core/statistics.h. */
	const struct statistics_provider *statistics;

	/* What can be done with an interface once, ends with a NULL method; core/action.h. */
	const struct action *actions;

	unsigned id; /* set by features_init(): the place in features[] */
};

/* The feature table, in features/features.c. The first is the root: link. */
extern struct feature *const features[];
extern const unsigned n_features;
#define FEATURE_LINK 0

/** features_init - number the features; to be called once before anything else */
void features_init(void);

/** feature_find - by name, or NULL */
const struct feature *feature_find(const char *name);

/** row_find - by key, or NULL */
const struct row *row_find(const struct feature *f, const char *key);

#define FOREACH_ROW(f, r)                                                                          \
	for (const struct row *r = (f)->rows; r < (f)->rows + (f)->n_rows; r++)

/** row_bit - the row's bit in struct object's present */
static inline uint64_t row_bit(const struct feature *f, const struct row *r)
{
	return BIT64(r - f->rows);
}

/** row_value - where the row's value lives in @o */
static inline void *row_value(const struct row *r, const struct object *o)
{
	return (char *)o + r->offset;
}

/** row_has - does @o, which may be NULL, say anything of row @r? */
static inline bool row_has(const struct feature *f, const struct row *r, const struct object *o)
{
	return o && (o->present & row_bit(f, r));
}

/** feature_policies - rows of a feature that are the daemon's own, a bit each */
uint64_t feature_policies(const struct feature *f);

/** feature_is_policy - a list of the daemon's own: nothing of it is the kernel's */
static inline bool feature_is_policy(const struct feature *f)
{
	return f->form == FORM_LIST && (f->rows[0].flags & ROW_POLICY);
}

/** row_equal - same value in two objects that both have it */
bool row_equal(const struct row *r, const struct object *a, const struct object *b);

/** row_is_initial - @o has the kernel's initial value, where the row says what that is */
bool row_is_initial(const struct feature *f, const struct row *r, const struct object *o);

/** row_is_zero - the value is all zero bytes: false, none, 0 */
bool row_is_zero(const struct row *r, const struct object *o);

/** row_copy - value and presence of one row; @a: memory for values that own some, NULL: heap */
void row_copy(const struct feature *f, const struct row *r, struct arena *a, struct object *to,
	      const struct object *from);

/** row_text - the value as plans show it: strings bare, "-" where @o lacks it; caller frees */
char *row_text(const struct feature *f, const struct row *r, const struct object *o);

/* Of jansson's output: 0.1 as 0.1, and not as 0.10000000000000001. */
#define JSON_DIGITS JSON_REAL_PRECISION(9)

/** json_write_literal - as a configuration has it, in libconfig's syntax */
void json_write_literal(FILE *out, const json_t *j);

/** json_literal - the same as a string; the caller frees it */
char *json_literal(const json_t *j);

/** object_new - an empty object on the heap, or in @a */
struct object *object_new(const struct feature *f, struct arena *a);

/** object_free - free a heap object and what its values own; NULL is allowed */
void object_free(const struct feature *f, struct object *o);

/** object_clear - forget all values of a heap object */
void object_clear(const struct feature *f, struct object *o);

/** object_same_key - the same entry of a list? */
bool object_same_key(const struct feature *f, const struct object *a, const struct object *b);

/** object_decode - read rows from attributes indexed by number, up to @max; heap */
int object_decode(const struct feature *f, struct object *o, struct nlattr *const *tb, int max);

/** group_set - @part (taken over) where a feature's group stands in the JSON of an interface */
void group_set(json_t *iface, const struct feature *f, json_t *part);

/** object_feature - whose rows @o has: @f's, or those of its kind of entry */
static inline const struct feature *object_feature(const struct feature *f, const struct object *o)
{
	return f->variant && o ? f->variant(o) : f;
}

/** object_json - all present rows but those whose flags are in @skip */
#define JSON_SECRETS (1u << 31) /* beside the flags of rows: for a file that only root reads */
json_t *object_json(const struct feature *f, const struct object *o, unsigned skip);

/** object_json_of - the same of some rows only, a bit each; no entry of several kinds */
json_t *object_json_of(const struct feature *f, const struct object *o, unsigned skip,
		       uint64_t rows);

/** object_json_into - the same, as members of @j */
void object_json_into(json_t *j, const struct feature *f, const struct object *o, unsigned skip,
		      uint64_t rows);

/* Macros that keep a row in two lines. */
#define VALUE(type, member) .offset = offsetof(struct type, member)

#endif
