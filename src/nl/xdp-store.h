/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* File descriptors that outlive the daemon: with the service manager, or pinned on bpffs. */
#ifndef NL_XDP_STORE_H
#define NL_XDP_STORE_H

#include <stdbool.h>

/**
 * store_put - keep @fd under @name, beside others of the same name
 * @part: tells it from those others, where that is needed
 *
 * Return: 0; -EOPNOTSUPP: there is nothing that keeps it; or another negative errno.
 */
int store_put(const char *name, const char *part, int fd);

/** store_drop - keep nothing of that name any longer */
void store_drop(const char *name);

/**
 * store_take - what an earlier run left
 * @fn: called for each; takes @fd over
 */
void store_take(void (*fn)(void *data, const char *name, int fd), void *data);

/** store_set_dir - the folder on bpffs; must live on */
void store_set_dir(const char *dir);

#endif
