// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What drivers do beyond what they are asked for. It is a file, so that a
 * driver that is found to be so needs no other daemon. Without the file plans
 * are what the rows say.
 */
#include "core/quirk.h"

#include <errno.h>
#include <stdlib.h>

#include "util/log.h"

static struct quirk *quirks;
static unsigned n_quirks;

static void forget(void)
{
	for (unsigned n = 0; n < n_quirks; n++) {
		free(quirks[n].driver);
		free(quirks[n].key);
		free(quirks[n].why);
	}
	free(TAKE_PTR(quirks));
	n_quirks = 0;
}

/* Return: what is wrong with the entry, or NULL. */
static const char *read_quirk(const config_setting_t *s)
{
	const char *driver, *key, *why, *source, *effect, *only = NULL;

	if (!config_setting_lookup_string(s, "driver", &driver) ||
	    !config_setting_lookup_string(s, "key", &key) ||
	    !config_setting_lookup_string(s, "why", &why) ||
	    !config_setting_lookup_string(s, "source", &source) ||
	    !config_setting_lookup_string(s, "effect", &effect))
		return "driver, key, effect, why and source are needed";
	if (strcmp(effect, "bounce"))
		return "effect: only \"bounce\" is known";
	if (config_setting_lookup_string(s, "only", &only) && strcmp(only, "appears"))
		return "only: only \"appears\" is known";
	quirks = array_reserve(quirks, n_quirks, sizeof(*quirks));
	quirks[n_quirks++] = (struct quirk){ str_dup(driver), str_dup(key), str_dup(why), only };
	return NULL;
}

static int read_quirks(const config_t *c, const char *path)
{
	const config_setting_t *list = config_lookup(c, "quirks"), *s;

	for (unsigned n = 0; list && (s = config_setting_get_elem(list, n)); n++) {
		const char *wrong = read_quirk(s);

		if (!wrong)
			continue;
		log_warning("%s:%u: %s; no quirks of drivers are known", path,
			    config_setting_source_line(s), wrong);
		forget();
		return -EINVAL;
	}
	return 0;
}

int quirks_load(const char *path)
{
	config_t c;
	int r;

	forget();
	if (!path)
		return 0;
	config_init(&c);
	if (config_read_file(&c, path)) {
		r = read_quirks(&c, path);
	} else {
		r = config_error_type(&c) == CONFIG_ERR_FILE_IO ? -ENOENT : -EINVAL;
		log_warning("%s:%d: %s; no quirks of drivers are known", path,
			    config_error_line(&c), config_error_text(&c));
	}
	config_destroy(&c);
	return r;
}

static bool is_there(const struct feature *f, const struct row *r, const struct object *o)
{
	return row_has(f, r, o) && !row_is_zero(r, o) && !row_is_initial(f, r, o);
}

static bool is_key(const struct feature *f, const struct row *r, const char *key)
{
	size_t n = strlen(f->name);

	if (f->form == FORM_ROOT)
		return !strcmp(r->key, key);
	return !strncmp(key, f->name, n) && key[n] == '.' && !strcmp(key + n + 1, r->key);
}

const struct quirk *quirk_find(const char *driver, const struct feature *f, const struct row *row,
			       const struct object *to, const struct object *from)
{
	for (unsigned n = 0; driver && n < n_quirks; n++) {
		const struct quirk *q = &quirks[n];

		if (!strcmp(q->driver, driver) && is_key(f, row, q->key) &&
		    (!q->appears || is_there(f, row, to) != is_there(f, row, from)))
			return q;
	}
	return NULL;
}
