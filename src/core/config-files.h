/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The files of a configuration; for config.c. */
#ifndef CORE_CONFIG_FILES_H
#define CORE_CONFIG_FILES_H

#include "core/config.h"

/* The files to be read, by name. */
struct file_list {
	struct file_entry {
		char *path;
		const char *name; /* in path */
	} *entries;
	unsigned n;
};

/** file_list_find - look into the folders; what cannot be read is told in @e */
void file_list_find(struct file_list *l, const struct config_paths *paths, struct errors *e);

/** file_list_done - free what it owns */
void file_list_done(struct file_list *l);

/** file_is_mask - a link to /dev/null, which hides files of its name and says nothing itself? */
bool file_is_mask(const char *path);

#endif
