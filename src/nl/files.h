/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Settings of the kernel that are files: below /proc/sys and /sys. */
#ifndef NL_FILES_H
#define NL_FILES_H

#include "nl/kernel.h"

/** files_root - the folder that a channel's paths are below, or NULL: they are no files */
const char *files_root(enum channel c);

/**
 * files_write - @value into a file, with one write()
 * @iface: the interface whose name is in @path
 * @ifindex: and which it must be; 0: no matter
 *
 * Return: 0 or a negative errno; -ENODEV if the name is another interface's by now.
 */
int files_write(const char *path, const char *value, const char *iface, int ifindex);

/** files_read, files_list, files_driver - as kernel_read_file() and so on */
int files_read(struct kernel *k, const char *path, char *buf, size_t size);
void files_list(struct kernel *k, const char *path, name_fn fn, void *data);
char *files_driver(struct kernel *k, const char *interface);


#endif
