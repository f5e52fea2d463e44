/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the kinds of queueing discipline share with the list they are entries of. */
#ifndef QDISC_KINDS_H
#define QDISC_KINDS_H

#include "features/qdisc/uapi.h"

#include <stddef.h>

#include "core/config.h"
#include "core/mirror.h"
#include "core/plan.h"

/* The start of every entry. */
struct qdisc {
	struct object o;
	char kind[IFNAMSIZ];
	uint32_t parent; /* 0: root; TC_H_INGRESS; else a class */
	uint32_t handle; /* major number in the upper half; 0: the kernel's choice */
	uint8_t offloaded;
};

/* Room for an entry of any kind; each asserts that it fits. */
#define QDISC_SIZE 640

/* The rows that every kind begins with. */
enum { QDISC_KIND, QDISC_PARENT, QDISC_HANDLE, QDISC_OFFLOADED, QDISC_OWN };

#define QDISC_ROWS                                                                                 \
	[QDISC_KIND] = { .key = "kind", .type = &type_name, VALUE(qdisc, kind),                    \
			 .phase = PHASE_QDISC, .off = PHASE_DROP_QDISC,                            \
			 .help = "Kind of queueing discipline" },                                  \
	[QDISC_PARENT] = { .key = "parent", .type = &type_tc_parent, VALUE(qdisc, parent),         \
			   .flags = ROW_KEY, .initial = "\"root\"",                                \
			   .help = "Where it hangs: \"root\", \"ingress\", or a class (\"1:2\")" },\
	[QDISC_HANDLE] = { .key = "handle", .type = &type_tc_handle, VALUE(qdisc, handle),         \
			   .effect = EFFECT_RECREATE,                                              \
			   .help = "Its number, which classes below it begin with (\"1:\")" },     \
	[QDISC_OFFLOADED] = { .key = "offloaded", .type = &type_bool, VALUE(qdisc, offloaded),     \
			      .flags = ROW_STATE,                                                  \
			      .help = "Does the device itself do it?" }

/* For the kinds' check functions: an error at a row, with the name of the rule it breaks. */
struct qdisc_check {
	const struct model *want;
	const struct iface *iface;
	const struct list *list;
	const struct qdisc *qdisc;
	const struct feature *feature;
	struct errors *errors;
};

void qdisc_error(const struct qdisc_check *c, unsigned row, const char *rule, const char *fmt,
		 ...) _printf_(4, 5);


struct qdisc_kind {
	struct feature f; /* name, kind, and rows of such an entry */

	/* Write TCA_OPTIONS. NULL: the rows' attributes in a nest. */
	int (*put)(struct encoder *e, const struct qdisc *q);
	/* Read them. NULL: the same. */
	int (*get)(const struct nlattr *options, struct qdisc *q);
	/* Fill in what an entry of a configuration implies. */
	void (*complete)(struct qdisc *q);
	void (*check)(const struct qdisc_check *c);
	/* What the device there is, or its link, cannot; NULL: nothing; the caller frees it. */
	char *(*refused)(const struct iface *have, const struct iface *want, const struct qdisc *q);
	/* What it waits for; and why it must go again for a while, although it is asked for. */
	char *(*blocked)(const struct iface *have, const struct iface *want, const struct qdisc *q);
	char *(*suspended)(const struct iface *have, const struct iface *want,
			   const struct qdisc *q);
	bool (*same)(const struct row *row, const struct object *to, const struct object *from);
	/* The kernel tells of it. */
	void (*observed)(struct mirror *m, struct iface *i, struct qdisc *q);
	/* The last word on what is sent: what depends on the moment. @change: of s->from. */
	void (*prepare)(struct qdisc *q, const struct step *s, bool change);
	/* The kernel has it and does not do it any more, which is nobody's change. */
	bool (*lost_hold)(const struct qdisc *from);
	/* A change would not be enough. */
	bool (*must_begin_anew)(const struct qdisc *from);
	/* How many classes it has, numbered from 1; NULL: not known here. */
	unsigned (*classes)(const struct qdisc *q);
	bool fixed;	/* the kernel cannot change it: replaced by a new one */
	bool forgets;	/* what a change does not say goes back to what it was at first */
	bool whole;	/* put() needs a value of every row that has an initial one */
	bool classful;	/* has classes with numbers, 1 and up, that others can hang on */
	bool owns_classes; /* which it keeps with the device (netdev_set_num_tc()) */
	bool own_classes; /* which are entries of "class" */
	bool ingress;	/* hangs on "ingress", where filters stand */
	bool egress;	/* and on the way out */
	bool filters;	/* asks filters for the class of a frame */
};

/* Ends with NULL. */
extern const struct qdisc_kind *const qdisc_kinds[];
extern const struct qdisc_kind bfifo_kind, cake_kind, cbs_kind, clsact_kind, etf_kind, ets_kind,
	fq_codel_kind, fq_kind, htb_kind, ingress_kind, mq_kind, mqprio_kind, multiq_kind,
	netem_kind, pfifo_kind, prio_kind, taprio_kind, tbf_kind;

#define QDISC_FEATURE(id, help_, rows_)                                                            \
	.f = { .name = "qdisc", .kind = id, .help = help_, .form = FORM_LIST,                      \
	       .size = QDISC_SIZE, .rows = rows_,                                                  \
	       .n_rows = ARRAY_SIZE(rows_) }
#define QDISC_FITS(object) _Static_assert(sizeof(struct object) <= QDISC_SIZE, "QDISC_SIZE")

/** qdisc_kind_find - by name, or NULL */
const struct qdisc_kind *qdisc_kind_find(const char *name);

static inline bool qdisc_has(const struct qdisc *q, unsigned row)
{
	return q->o.present & BIT64(row);
}

/** qdisc_kind_of - of an entry; NULL: none that is known */
static inline const struct qdisc_kind *qdisc_kind_of(const struct object *o)
{
	return o ? qdisc_kind_find(((const struct qdisc *)o)->kind) : NULL;
}

/* wait.c: the feature's entry_blocked(), entry_suspended(), is_upkeep(). */
char *qdisc_blocked(const struct planner *p, const struct iface *want, const struct object *entry);
char *qdisc_suspended(const struct planner *p, const struct iface *want,
		      const struct object *entry);
bool qdisc_is_upkeep(const struct step *s);

/*
 * Lines of a schedule, of which the kernel tells the one that runs and the next one in a message of
 * up to 32 KiB (netlink_dump()), 36 or 40 bytes each. Of more nobody could see that they are there.
 */
#define GATES_TOLD 400u

/** tx_queues - how many transmit queues the device has; 0: not known */
unsigned tx_queues(const struct iface *have);

/** qdisc_rank - of the entry with that handle: what is below it ranks higher, by up to 99 */
unsigned qdisc_rank(const struct iface *i, uint32_t handle);

/** qdisc_kind_of_handle - or NULL: no entry has it */
const char *qdisc_kind_of_handle(const struct iface *i, uint32_t handle);

/** qdisc_takes - does step @s take along what hangs on @parent, a class or discipline of @have? */
bool qdisc_takes(const struct iface *have, uint32_t parent, const struct step *s);

/** qdisc_root_handle - 0: none, or it has none */
uint32_t qdisc_root_handle(const struct iface *i);

/**
 * qdisc_of_handle - the kind of an entry; NULL: no entry has it
 * @handle: 0: the root discipline, which must have one
 */
const struct qdisc_kind *qdisc_of_handle(const struct iface *i, uint32_t handle);

/** qdisc_has_class - has the discipline of that handle (0: the root) such a class? */
bool qdisc_has_class(const struct iface *i, uint32_t handle, uint32_t id);

/** qdisc_has_hook - may filters stand at its ingress, or its egress? */
bool qdisc_has_hook(const struct iface *i, bool egress);

/** qdisc_is_ingress - is the step about the entry that hangs on "ingress"? */
bool qdisc_is_ingress(const struct step *s);

/** qdisc_forget_class - a class has gone, and what hung on it with it */
void qdisc_forget_class(struct mirror *m, struct iface *i, uint32_t id);

/* class.c */

/** class_find, class_is_inner - is there such a class; has it classes below it? */
bool class_find(const struct iface *i, uint32_t id);
bool class_is_inner(const struct iface *i, uint32_t id);

/** class_is_of - is the step about this class? */
bool class_is_of(const struct step *s, uint32_t id);

/** class_forget - all of one discipline, which has gone */
void class_forget(struct mirror *m, struct iface *i, uint32_t major);

/** class_ask - for a dump: there is a discipline with classes of its own */
void class_ask(struct mirror *m, const struct iface *i);

/* filter.c */

/**
 * filter_ask_hook, filter_ask - for a dump: filters may stand there, or at that discipline or class
 */
void filter_ask_hook(struct mirror *m, const struct iface *i, bool egress);
void filter_ask(struct mirror *m, const struct iface *i, uint32_t id);

/** filter_forget_hook - those at its ingress and egress have gone */
void filter_forget_hook(struct mirror *m, struct iface *i);

/** filter_forget - those at a discipline (0: the root) and its classes have gone; or at a class */
void filter_forget(struct mirror *m, struct iface *i, uint32_t id);

/* shape.c */

/**
 * burst_ticks, ticks_burst - a size at a rate as the time that the kernel keeps, and back
 *
 * Most attributes have 32 bits for it; burst_most() bytes fit into that.
 */
uint64_t burst_ticks(uint64_t size, uint64_t rate);
uint32_t ticks_burst(uint64_t ticks, uint64_t rate, uint32_t overhead);
uint32_t burst_most(uint64_t rate);

/** is_u32 - is there such an attribute, and long enough? */
static inline bool is_u32(const struct nlattr *a)
{
	return a && nla_len(a) >= 4;
}

/** tc_rate - of an attribute of 64 bits, or where that is none of the structure beside it */
uint64_t tc_rate(const struct nlattr *wide, const struct tc_ratespec *r);

/** tc_ratespec_set - a rate that may be wider than 32 bits, which is told beside it */
void tc_ratespec_set(struct tc_ratespec *r, uint64_t rate, uint16_t mpu, uint16_t overhead);

/** burst_same - as near as ticks can tell */
bool burst_same(uint32_t a, uint32_t b, uint64_t rate);

/* types.c */

/* "root", "ingress", "1:2"; uint32_t with 0 for the root. */
extern const struct type type_tc_parent;
/* "1:"; uint32_t. */
extern const struct type type_tc_handle;
/* "1:2"; of a class's parent also "1:"; uint32_t. */
extern const struct type type_tc_class, type_tc_class_parent;

/** tc_text - such a number as it is written, into @buf of at least TC_TEXT_MAX bytes */
#define TC_TEXT_MAX 16
const char *tc_text(uint32_t id, char *buf);

/** tc_parse_number - "1:" or "1:2"; 0 or -EINVAL */
int tc_parse_number(const char *text, uint32_t *ret);

/* Traffic classes. */
#define TC_CLASSES 16

/* A number for each: of 16 priorities the class, of 16 classes whatever. The rest is 0. */
struct numbers16 {
	uint32_t v[TC_CLASSES];
	uint8_t n; /* how many are written in a configuration */
};
extern const struct type type_numbers16;

/* A rate for each. */
struct rates16 {
	uint64_t v[TC_CLASSES];
	uint8_t n;
};
extern const struct type type_rates16;

/* Transmit queues of each class: "count@offset". */
struct queues16 {
	uint16_t count[TC_CLASSES], offset[TC_CLASSES];
	uint8_t n;
};
extern const struct type type_queues16;

/* A word of row->data for each, what is not written the first: [ "express", "preemptible" ]. */
extern const struct type type_words16;

#endif
