/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What drivers do beyond what they are asked for, and what they cannot: the table data/quirks. */
#ifndef CORE_QUIRK_H
#define CORE_QUIRK_H

#include "core/errors.h"

enum quirk_effect {
	QUIRK_BOUNCE,  /* the driver takes the link down and up by itself */
	QUIRK_LOWER,   /* the same setting of what the interface stands on changes along */
	QUIRK_REFUSED, /* cannot be; known before anything is touched */
	QUIRK_WARNED,  /* can be, and is not what one would think */
	QUIRK_LIMIT,   /* of no single setting: a feature asks for it by the key */
	QUIRK_MAX_,
};

/* Something that the configuration, or else the kernel, says of the interface. */
struct quirk_condition {
	char *key;
	char *is;     /* the value as plans show it; NULL: any */
	int64_t above; /* with @is NULL: a number above this one; -1: any value */
};

struct quirk {
	char *drivers; /* one or several, with spaces around each; NULL: any */
	char *key, *why, *source;
	enum quirk_effect effect;
	bool appears; /* only where the value comes or goes */
	struct quirk_condition *when, *unless; /* all of these; none of these */
	unsigned n_when, n_unless;
};

/**
 * quirks_load - read the table, in the place of any that was read before
 * @path: NULL: none
 *
 * The file is read as a configuration is (text_load()), with what it includes. One that is
 * not there or makes no sense is told in the log, and leaves no table.
 *
 * The table is the process's, as features are: it says what drivers do, on any machine.
 * Return: 0 or -EINVAL.
 */
int quirks_load(const char *path);

/** quirks_load_installed - the one that was installed, or that NETCTLD_QUIRKS names */
void quirks_load_installed(void);

/**
 * quirk_find - what the driver does with a change of @row from @from to @to; or NULL
 * @have: the device as it is
 * @want: its configuration; NULL: none
 */
const struct quirk *quirk_find(const struct iface *have, const struct iface *want,
			       const struct feature *f, const struct row *row,
			       const struct object *to, const struct object *from);

/** quirk_limit - the limit of that name, where the device has it; or NULL */
const struct quirk *quirk_limit(const struct iface *have, const char *key);

/**
 * quirk_refuses - the first thing in the configuration of an interface that cannot be
 * @ret_where: the line that asks for it
 *
 * Return: NULL, or "KEY: why (source)"; the caller frees it.
 */
char *quirk_refuses(const struct iface *have, const struct iface *want,
		    const struct origin **ret_where);

/** quirk_warn - all in it that is not what one would think */
void quirk_warn(const struct iface *have, const struct iface *want, struct errors *warnings);

#endif
