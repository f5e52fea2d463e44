/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The plan: ordered steps from what the kernel has to what the configuration asks. */
#ifndef CORE_PLAN_H
#define CORE_PLAN_H

#include "core/model.h"
#include "nl/kernel.h"

enum verb {
	VERB_SET,     /* rows of an object */
	VERB_CREATE,  /* an interface */
	VERB_DELETE,  /* an interface */
	VERB_RENAME,  /* an interface of ours, back to its name */
	VERB_ADD,     /* an entry of a list */
	VERB_REPLACE, /* an entry of a list: same key, other values */
	VERB_REMOVE,  /* an entry of a list */
	VERB_MAX_,
};

/** verb_name - the word used in JSON and on the bus */
const char *verb_name(enum verb v);

struct step {
	enum phase phase;
	enum verb verb;
	enum effect effect;
	unsigned depth; /* of the interface in the stack */
	unsigned rank;	/* of an entry among those of its interface that stand on each other */
	unsigned seq;	/* in the order found, to keep the sort stable */
	const struct feature *feature;
	char name[IFNAMSIZ];
	int ifindex;	       /* of the interface, also of one that is to be created */
	struct iface *want;    /* NULL: nothing configures it any more */
	struct iface *have;    /* NULL: not there yet */
	const struct object *to, *from;
	const struct object *before; /* REPLACE: what the record knows of the entry, or NULL */
	uint64_t mask; /* SET, CREATE: the rows */
	bool reset;    /* puts back what was there before */
	const struct quirk *quirk; /* what the driver does along; NULL: nothing that is known */
	const struct iface *also;  /* with @quirk: not to the interface, but to this one below it */

	/* Outcome. */
	unsigned parts_left;
	uint64_t answered_usec; /* CLOCK_MONOTONIC; of a batch all have the same */
	int error;
	char *text; /* the kernel's words; heap */
};

struct plan {
	struct arena *arena; /* objects made for the plan */
	struct step *steps;
	unsigned n;
	/* for what comes by itself in this time: a change is not over before */
	uint64_t awaits_usec;
};

/* What planning looks at. */
struct planner {
	struct model *want; /* states and reasons are written to it */
	struct model *have, *owned;
	struct plan *plan;
	uint64_t now; /* CLOCK_MONOTONIC, us: failed interfaces wait until their time */
	int next_index;
};

/**
 * plan_new - the steps for all interfaces, or for some
 * @want: the configuration
 * @have: the mirror's model; must not change while the plan is in use
 * @owned: what was there before
 * @names: interfaces to look at; NULL: all
 * @n: how many @names
 *
 * Sets state and reason of the interfaces looked at. Free with plan_free().
 */
struct plan *plan_new(struct model *want, struct model *have, struct model *owned,
		      const struct change *names, unsigned n, uint64_t now);

/** plan_free - NULL is allowed; returns NULL */
struct plan *plan_free(struct plan *p);

static inline void plan_freep(struct plan **p)
{
	plan_free(*p);
}

/* One line of a plan: a value that changes. */
struct plan_line {
	const struct step *step;
	const char *phase, *object, *effect;
	char *key, *from, *to; /* to be freed with plan_line_done() */
};

/**
 * plan_lines - call @fn for each value that a step changes
 */
void plan_lines(const struct step *s, void (*fn)(void *data, const struct plan_line *l),
		void *data);

/** entry_row_changes - REPLACE: does the step change this row of its entry? */
bool entry_row_changes(const struct step *s, const struct row *r);

/** plan_text - the whole plan, a line a value; the caller frees it */
char *plan_text(const struct plan *p);

/** step_what - "lan0: mtu: 1500 -> 9000": the step in one line; the caller frees it */
char *step_what(const struct step *s);

/** step_where - the place in the configuration that asks for it; never NULL */
const struct origin *step_where(const struct step *s);

/** plan_await - what is blocked now will not be in this time, unless something goes wrong */
static inline void plan_await(const struct planner *p, uint64_t usec)
{
	p->plan->awaits_usec = max_of(p->plan->awaits_usec, usec);
}

/** plan_hash - the same steps have the same hash */
uint64_t plan_hash(const struct plan *plan);

/** step_hash - the same change of the same thing has the same hash */
uint64_t step_hash(const struct step *s);

/** plan_log - each step in a line of this priority */
void plan_log(const struct plan *plan, int level);

/** step_is_untold - does the kernel change more with it than it tells of? */
bool step_is_untold(const struct step *s);

/** step_place - "FILE:LINE: ", or "" where no line asks for it; the caller frees it */
char *step_place(const struct step *s);

/**
 * plan_have - the device that is, or that this plan will call, @name; or NULL
 *
 * An interface that the daemon made stays the same one, by its index, when
 * another hand renames it.
 */
struct iface *plan_have(const struct planner *p, const char *name);

/** plan_target - the interface that a reference means in this plan: index or 0 */
int plan_target(const struct planner *p, const char *name);

/** plan_will_exist - is it there, or will this plan create it? */
bool plan_will_exist(const struct planner *p, const char *name);

/**
 * plan_kept_down - why @i cannot come up now for what it stands on ("waits for br0 to be up")
 * Return: NULL, or a text that the caller frees.
 */
char *plan_kept_down(const struct planner *p, const struct iface *i);

/**
 * plan_has_address - will it have an Ethernet address in this phase of the plan?
 *
 * A bridge has none when its last port has left, unless one was set
 * (br_stp_recalculate_bridge_id()).
 */
bool plan_has_address(const struct planner *p, const char *name, enum phase phase);

/**
 * plan_lower - what @i stands on; NULL: nothing
 *
 * As configured; of what exists by itself (a switch's port on its conduit) as the kernel has it.
 */
const struct ifref *plan_lower(const struct planner *p, const struct iface *i);

/** plan_kind - the kind it has or will have; "" where it is or will not be there */
const char *plan_kind(const struct planner *p, const char *name);

/** step_add_quirk - core/quirk-step.c: what drivers do along with a step, by the table of quirks */
void step_add_quirk(const struct planner *p, struct step *step);

/* core/encode.c: steps to requests. */

struct encoder {
	struct request request;
	struct nl_msg *msg; /* scratch: begun with encoder_begin() */
	const char *why;    /* static text: why the feature's encode() refused */
	char path[128], value[64]; /* for sysctls */
};

/** encoder_new - with a message of 64 KiB to write into */
struct encoder *encoder_new(void);

/** encoder_free - NULL is allowed; returns NULL */
struct encoder *encoder_free(struct encoder *e);

/**
 * encoder_begin - start a netlink request
 * Return: its fixed header of @size bytes, zeroed.
 */
void *encoder_begin(struct encoder *e, uint16_t type, uint16_t flags, size_t size);

/** encoder_sysctl - make the request a sysctl; path and value printf-like are in @e already */
void encoder_sysctl(struct encoder *e);

/** encoder_sysfs - the same for a file below /sys */
void encoder_sysfs(struct encoder *e);

/** encode_rows - put the rows of @mask that carry attributes; 0 or a negative errno */
int encode_rows(struct encoder *e, const struct feature *f, const struct object *o, uint64_t mask);

/** encode_nested_rows - the same, below the feature's nest */
int encode_nested_rows(struct encoder *e, const struct feature *f, const struct object *o,
		       uint64_t mask);

/** encode_step - the feature's encode(), or RTM_NEWLINK with the rows; as struct feature's */
int encode_step(struct encoder *e, const struct step *s, unsigned part);

#endif
