/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The engine: one loop over one difference. */
#ifndef CORE_ENGINE_H
#define CORE_ENGINE_H

#include "core/config.h"
#include "core/history.h"
#include "core/mirror.h"
#include "core/plan.h"
#include "core/record.h"

enum engine_state {
	ENGINE_STARTING, /* the kernel has not been read yet */
	ENGINE_APPLYING,
	ENGINE_STEADY,
	ENGINE_WAITING_CONFIRM, /* applied; goes back by itself unless it is confirmed */
	ENGINE_ROLLING_BACK,
	ENGINE_DEGRADED, /* something failed, or there is no valid configuration */
	ENGINE_MAX_,
};

/** engine_state_name - the word for it on the bus, of static memory */
const char *engine_state_name(enum engine_state s);

/* How an apply ended. */
struct outcome {
	int error;	   /* 0; -EIO: some steps failed; -ECANCELED: and so it was undone */
	const char *text;  /* what failed, a line each; "" where nothing did */
	unsigned steps;	   /* carried out */
	uint64_t usec;	   /* from the request to its end */
};

typedef void (*outcome_fn)(void *data, const struct outcome *o);

struct engine {
	sd_event *event;
	struct kernel *kernel;
	struct mirror *mirror;
	struct record *record;
	struct encoder *encoder;
	struct config_paths paths;  /* of the configuration */
	/* of it, at the start: not judged yet; NULL: it is no longer needed */
	struct generation *read;
	struct errors read_errors;
	struct generation *current; /* NULL: none was valid yet */
	uint64_t number;	    /* of the current generation, counting from 1 */
	bool live;		    /* follow notifications; else dump, apply, dump */
	bool invalid;		    /* the configuration on disk was refused */
	struct errors refused;	    /* and this is all that is wrong with it */

	sd_event_source *turn;	/* at the end of a turn of the loop in which something changed */
	sd_event_source *retry; /* for interfaces that failed */
	sd_event_source *relax; /* some time after a change: back to sleep */
	bool look_at_all;	/* not only at what changed */

	/* While a plan is carried out. */
	struct plan *plan;
	uint64_t plan_usec;	  /* CLOCK_MONOTONIC when it began */
	unsigned next, in_flight; /* steps begun; requests not answered */
	bool untold;		  /* some step's effect is not told by a notification */
	bool dumped;		  /* what was compared last came from dumps */
	unsigned passes;
	uint64_t round; /* counts the first passes */
	uint64_t await_end; /* of the wait for what comes by itself in this change; 0: none yet */
	uint64_t last_plan; /* hash of the plan before: the same again means no progress */

	/* A change of a running configuration is all or nothing. */
	struct generation *previous; /* what it goes back to */
	bool transaction, undoing;
	bool broken; /* something failed that did not before */
	char *cause; /* of the undoing */

	/* What is kept of changes, and the change that waits for its confirmation: change.c. */
	char *history_dir; /* NULL: nothing is kept */
	uint64_t last_number;
	struct change_info info;     /* of the change under way */
	uint64_t confirm_usec;	     /* that it will wait, when it is done */
	struct writer *writer;	     /* of it; NULL like history_dir */
	struct generation *fallback; /* the way back, while one waits */
	uint64_t deadline;	     /* CLOCK_BOOTTIME, us; 0: none waits */
	sd_event_source *confirm_timer;
	bool reverting;
	uint64_t reverted; /* the generation that was the last change, if its way back was taken */
	char *reverted_why; /* as in the history */
	bool replacing; /* the change under way takes the place of the one that waits */

	struct hold *holds; /* interfaces to leave alone for a while: hold.c */
	unsigned n_holds;

	struct statistics *statistics; /* questions that are not answered yet: statistics.c */
	struct action_run *actions;    /* that have not ended: action.c */

	/* A request that came while the engine was at work by itself. */
	struct generation *waiting;

	/* The apply that somebody waits for. */
	outcome_fn done;
	void *done_data;
	unsigned steps;
	uint64_t begin;
	char *failures;
	char *ended; /* what its outcome says; NULL: none waits to be told until it is on disk */
	struct outcome outcome;

	uint64_t event_due; /* when lines for the log that came too fast may go on: event.c */

	/* For the bus: the mirror has changed; what follows from it is not known yet. */
	void (*on_told)(void *data);
	/* And when it is: interfaces that changed (n: 0 the engine itself). */
	void (*on_changed)(void *data, const struct change *changes, unsigned n);
	/* Something has happened: event.h. */
	void (*on_event)(void *data, const struct event *v);
	void (*on_turned)(void *data); /* the engine's turn is over; it may be asked for anything */
	void *on_changed_data; /* of all of them */

	/* For the service manager, with or without a bus: engine_state() may be another one. */
	void (*on_state)(void *data);
	void *on_state_data;
};

/**
 * engine_new - nothing is read or done before engine_start()
 * @k: taken over
 * @record_path: file of the record of ownership; NULL: none
 * @live: keep following the kernel
 */
struct engine *engine_new(sd_event *event, struct kernel *k, const char *record_path, bool live);

/** engine_free - leaves the kernel as it is; NULL is allowed; returns NULL */
struct engine *engine_free(struct engine *e);

/** engine_start - read the kernel; then whatever is configured is applied */
void engine_start(struct engine *e);

/**
 * engine_apply - make @g the current generation and the kernel equal to it
 *
 * If a step fails or the verification finds the kernel different, the whole
 * change is undone: the generation before becomes the current one again. The
 * first one since the start has none before it: then what can be done is done.
 *
 * @g: taken over when 0 is returned
 * @done: called once when it is done, not before this returns; may be NULL
 *
 * Return: 0, or -EBUSY while another apply is under way.
 */
int engine_apply(struct engine *e, struct generation *g, outcome_fn done, void *data);

/** engine_load - read the configuration from disk; as config_load() */
int engine_load(struct engine *e, struct errors *errors, struct generation **ret);

/** engine_load_first - the same as it was on disk at engine_start(); @errors has none yet */
int engine_load_first(struct engine *e, struct errors *errors, struct generation **ret);

/**
 * engine_reload - engine_load() and engine_apply()
 * Return: 0, -EBUSY, or -EINVAL when @errors got errors; then the current one stays.
 */
int engine_reload(struct engine *e, struct errors *errors, outcome_fn done, void *data);

/** engine_reject - the configuration on disk is invalid, @errors say how: the current one stays */
void engine_reject(struct engine *e, const struct errors *errors);

/**
 * engine_plan - what applying @g would do now
 * Return: the plan, or NULL while the kernel is being read or changed.
 */
struct plan *engine_plan(struct engine *e, struct generation *g);

/**
 * engine_reconfigure - look at one interface again, also if it failed lately
 * @done: as of engine_apply()
 *
 * Return: 0, -ENODEV if nothing configures it, or -EBUSY.
 */
int engine_reconfigure(struct engine *e, const char *name, outcome_fn done, void *data);

/** engine_has_request - a request is being carried out, or waits to be */
bool engine_has_request(const struct engine *e);

/** engine_look_again - compare everything at the end of this turn */
void engine_look_again(struct engine *e);

/** engine_turn_later - look at what changed at the end of this turn */
void engine_turn_later(struct engine *e);

/** engine_written - for the writer: what is kept of changes is on disk */
void engine_written(void *data);

/** engine_now - CLOCK_MONOTONIC of this turn, us */
uint64_t engine_now(const struct engine *e);

/** engine_announce - tell the bus that the engine's own properties changed */
void engine_announce(struct engine *e);

/** engine_wanted - for the mirror: features that are named, a bit each */
uint64_t engine_wanted(void *engine);

/**
 * engine_read - also what nobody names, which is not kept true for long
 * @which: features, a bit each, by id
 *
 * Return: it has been read. Else it is being read now, or the engine is at work.
 */
bool engine_read(struct engine *e, uint64_t which);

/** engine_relax_later - much memory was used, for a moment: give it back soon */
void engine_relax_later(struct engine *e);

/** engine_state - as published */
enum engine_state engine_state(const struct engine *e);

/** engine_is_busy - it is at work, and may yet think otherwise of what it has */
bool engine_is_busy(const struct engine *e);

/**
 * engine_present - for struct config_paths: is there such an interface that configurations find?
 */
bool engine_present(void *engine, const char *name);

/** engine_iface_state - of any interface, also one that nobody configures */
enum state engine_iface_state(const struct engine *e, const char *name, const char **ret_reason);

/** engine_json - everything of one interface as show and status print it; new reference */
json_t *engine_json(const struct engine *e, const char *name);

/** engine_json_of - the same of some settings only; @only as of iface_json_of() */
json_t *engine_json_of(const struct engine *e, const char *name, const uint64_t *only);

#endif
