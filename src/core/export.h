/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The running state of a machine as a configuration. */
#ifndef CORE_EXPORT_H
#define CORE_EXPORT_H

#include "core/model.h"

/**
 * export_model - what a configuration could ask for, and would if the machine should stay so
 * @seen: what the kernel has
 *
 * Leaves out what is the kernel's to say, what a fresh interface has anyway, and addresses and
 * routes that the kernel or a protocol made. Return: an array of entries, a new reference.
 */
json_t *export_model(const struct model *seen);

/** export_text - entries of "interfaces" as a configuration file; the caller frees it */
char *export_text(const json_t *interfaces);

#endif
