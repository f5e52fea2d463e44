/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What can be done with an interface once: tested, shown, restarted. Nothing stays configured. */
#ifndef CORE_ACTION_H
#define CORE_ACTION_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-event.h>

struct action_run;
struct engine;
struct slow;

/* What the caller may say beside the name. */
struct action_option {
	const char *key;
	const char *signature; /* on the bus: "b", "u" */
	uint32_t min, max;     /* "u" */
};

/* One of a feature's. On the bus it is a method of org.netctl1.Link. */
struct action {
	const char *method; /* "TestCable" */
	const struct action_option *options; /* ends with a NULL key; NULL: none */
	bool answers; /* with a document */
	const struct action *otherwise; /* is tried where this one ends with -EOPNOTSUPP */

	/*
	 * Begin. What is answered comes by action_end(), later. Return: 0, or a negative errno,
	 * and action_end() will not be called.
	 */
	int (*start)(struct action_run *r, const json_t *options);
};

/**
 * typedef action_fn - it has ended
 * @error: 0 or a negative errno
 * @text: what went wrong, a sentence with the interface's name; NULL: nothing did
 * @answer: the document, or NULL; valid during the call
 */
typedef void (*action_fn)(void *data, int error, const char *text, const json_t *answer);

struct action_run {
	struct action_run *next;
	struct engine *engine;
	const struct action *action; /* or what was tried otherwise */
	json_t *options;
	int ifindex;
	char *name;
	/* The feature's; slow and timer end with the run. */
	struct slow *slow;
	sd_event_source *timer;
	action_fn done; /* NULL: nobody wants to know any longer */
	void *data;
};

/**
 * action_start - do it
 * @name: of an interface that is there
 * @options: values by key, those that were given; checked
 * @done: not called before this returns
 *
 * Return: the run, for action_cancel(), or NULL with @ret_error.
 */
struct action_run *action_start(struct engine *e, const struct action *a, const char *name,
				const json_t *options, action_fn done, void *data, int *ret_error);

/** action_cancel - the work goes on, and nobody is told */
void action_cancel(struct action_run *r);

/**
 * action_end - for features: it is done, or has failed
 * @kernel: its own words, or NULL
 */
void action_end(struct action_run *r, int error, const char *kernel, const json_t *answer);

/** actions_free - forget all; after the bus, before the mirror */
void actions_free(struct engine *e);

#endif
