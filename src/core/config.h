/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Configuration files to a desired generation, or to a list of all that is wrong with them. */
#ifndef CORE_CONFIG_H
#define CORE_CONFIG_H

#include "core/errors.h"
#include "core/model.h"

/* The group "daemon" of a configuration. */
struct settings {
	struct object o;
	uint8_t on_drift, log_level;
};

enum { DRIFT_REPAIR, DRIFT_REPORT };
enum { SETTINGS_ON_DRIFT, SETTINGS_LOG_LEVEL }; /* the rows */

extern const struct feature settings_feature;
extern const struct word drift_words[]; /* of on_drift, here and for one interface */

/* One configuration, read whole and found good. */
struct generation {
	struct model *want; /* owns the arena that everything lives in */
	struct settings settings;
	uint64_t number; /* 0: not applied yet */
	char **files; /* that it was read from, in order */
	unsigned n_files;
	char hash[20]; /* of what they contained; "": read from somewhere else than the disk's */
};

struct instead; /* core/source.h */

/* Where configurations are looked for. */
struct config_paths {
	const char *const *paths; /* folders (their *.conf) or files; the first has precedence */
	unsigned n;
	bool stored;   /* a generation of the history: references are as good as they were */
	bool optional; /* a path that does not exist is no error */
	/* Is there such an interface now? References may name those too. NULL: no. */
	bool (*present)(void *data, const char *name);
	void *data;
	const struct model *machine; /* what the kernel has; NULL: that is not known */
	/* Its path is in a folder as that is named in @paths; NULL: all is as on disk. */
	const struct instead *instead;
};

/** config_default_paths - /etc, /run and /usr/lib */
extern const char *const config_default_paths[];
#define CONFIG_N_DEFAULT_PATHS 3

/** config_is_file - is a file of that name in a folder one of the configuration's? */
bool config_is_file(const char *name);

/**
 * config_load - read, merge and check
 * @ret: the generation, to be freed with generation_free()
 *
 * Return: 0, or -EINVAL when @e got errors; then nothing is returned.
 */
int config_load(const struct config_paths *paths, struct errors *e, struct generation **ret);

/**
 * config_gather - the first half of config_load(): read the files, which needs no kernel
 *
 * Return: never NULL; with errors, what could be understood.
 */
struct generation *config_gather(const struct config_paths *paths, struct errors *e);

/** config_judge - the second half: @read, which is taken over, with the errors of reading it */
int config_judge(const struct config_paths *paths, struct generation *read, struct errors *e,
		 struct generation **ret);

/**
 * config_parse_record - read a file that model_export() wrote, without checks
 *
 * Entries that the rows do not understand are skipped and told in @e.
 */
int config_parse_record(const char *path, struct errors *e, struct model *into);

/** row_parse_initial - set the row of a heap object to row->initial; 0 or -EINVAL */
int row_parse_initial(const struct feature *f, const struct row *r, struct object *o);

/** feature_initial - an object with the values of a fresh interface, where rows know them; heap */
struct object *feature_initial(const struct feature *f);

/** entry_row_is_initial - has @o, of the list @f, what the kernel has of @r by itself? */
bool entry_row_is_initial(const struct feature *f, const struct row *r, const struct object *o);

/** generation_free - NULL is allowed; returns NULL */
struct generation *generation_free(struct generation *g);

static inline void generation_freep(struct generation **g)
{
	generation_free(*g);
}

/** interface_name_valid - would the kernel take it (dev_valid_name())? */
bool interface_name_valid(const char *name);

/* core/check.c */

/** config_check - everything across rows and interfaces: references, loops, contradictions */
void config_check(const struct generation *g, const struct config_paths *paths, struct errors *e);

/** config_check_machine - what this machine cannot do of it; config_check() asks that too */
void config_check_machine(const struct generation *g, const struct model *machine,
			  struct errors *e);

/** config_warn - what it does on this machine that is not what one would think */
void config_warn(const struct generation *g, const struct model *machine, struct errors *warnings);

#endif
