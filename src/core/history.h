/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The last generations on disk, and what is remembered about each. */
#ifndef CORE_HISTORY_H
#define CORE_HISTORY_H

#include "core/config.h"
#include "util/writer.h"

#define HISTORY_KEEP 20

/* The slowest steps of a change that are remembered. */
#define HISTORY_STEPS 100

/* What one step took: where several were answered at once, its share. */
struct timing {
	char *what;	 /* as in plans */
	unsigned number; /* of the step, counting from 1 */
	unsigned shared; /* steps that were answered at once; 1: it alone */
	uint64_t usec;
};

struct plan;

/* Who asked for a change, what came of it. Strings are owned by the structure. */
struct change_info {
	uint64_t number;
	uint64_t time_usec; /* CLOCK_REALTIME when it was asked for */
	uint64_t usec;	    /* that it took */
	int64_t uid;	    /* of the caller; -1: the daemon itself */
	char *caller;	    /* bus name, or "boot", "SIGHUP", …; NULL: unknown */
	char *unit;	    /* systemd unit of the caller; NULL: unknown */
	char *result;	    /* "applied", "undone: …", "reverted: …" */
	char *hash;	    /* of the files it was read from */
	char **files;
	unsigned n_files;
	bool confirmed; /* may be gone back to */
	struct timing *steps; /* in the order of the plan */
	unsigned n_steps, total_steps;
};

/** timings_json - the steps as printed; a new reference */
json_t *timings_json(const struct change_info *i);

/** change_info_time - note what the steps of a plan took that began at @begin and is done */
void change_info_time(struct change_info *i, const struct plan *plan, uint64_t begin);

/** change_info_done - free what it holds */
void change_info_done(struct change_info *i);

/*
 * What is written is not there to be read before the writer is idle: who reads what may have
 * been changed waits for that.
 */

/**
 * history_write - store a generation with what is known about it
 * @dir: the folder; made if it is not there
 *
 * Written whole, synced and renamed, by @w. The oldest beyond HISTORY_KEEP go, but never
 * the newest confirmed one.
 */
void history_write(struct writer *w, const char *dir, const struct change_info *info,
		   const struct generation *g);

/** history_update - the same with other information, its configuration as it was */
void history_update(struct writer *w, const char *dir, const struct change_info *info);

/**
 * history_list - what is there, the newest first
 * @ret: an array of *@ret_n, to be freed with history_list_free()
 *
 * A file that is torn or makes no sense is told in the log and left out.
 */
void history_list(const char *dir, struct change_info **ret, unsigned *ret_n);

/** history_list_free - free the array and what it holds */
void history_list_free(struct change_info *list, unsigned n);

/**
 * history_newest - the newest that can be read, to be freed with change_info_done(); there is one
 *
 * Of a file that was written to its end only what is known about it is read; whether it can be
 * gone back to, history_find_confirmed() and history_load() say.
 */
bool history_newest(const char *dir, struct change_info *ret);

/** history_last - the highest number that was ever given, also to what cannot be read; 0: none */
uint64_t history_last(const char *dir);

/** history_load - the configuration of generation @number; as config_load(); -ENOENT: none */
int history_load(const char *dir, uint64_t number, struct errors *e, struct generation **ret);

/**
 * history_find_confirmed - the newest generation below @before that may be gone back to; 0: none
 */
uint64_t history_find_confirmed(const char *dir, uint64_t before);

/**
 * history_find - what is known of generation @number
 * @ret: to be freed with change_info_done()
 *
 * Return: there is such a generation.
 */
bool history_find(const char *dir, uint64_t number, struct change_info *ret);

#endif
