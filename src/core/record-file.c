// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The record as a file. It is read once, at the start, and written by engine and
 * actions before the kernel is changed.
 *
 * What must stay true: the file is the old one or the new one at any moment, and
 * one that cannot be read is kept aside: it may be the only word on what was
 * there before.
 */
#include "core/record.h"

#include <stdio.h>

#include "core/config.h"
#include "util/log.h"
#include "util/text.h"

struct record *record_open(const char *path)
{
	struct record *r = new0(struct record);
	struct errors e = { 0 };

	r->owned = model_new(NULL);
	if (!path)
		return r;
	r->path = str_dup(path);
	if (access(path, F_OK) < 0)
		return r;
	if (config_parse_record(path, &e, r->owned) < 0) {
		_cleanup_free_ char *aside = str_format("%s.broken", path);

		for (unsigned n = 0; n < e.n; n++)
			log_warning("%s", e.lines[n]);
		/* The next one would be written over it. */
		log_warning("%s: kept as %s", path, aside);
		(void)rename(path, aside);
	}
	errors_done(&e);
	return r;
}

struct record *record_free(struct record *r)
{
	if (!r)
		return NULL;
	model_free(r->owned);
	free(r->path);
	free(r);
	return NULL;
}

int record_save(struct record *rec)
{
	_cleanup_free_ char *text = NULL;
	int r;

	if (!rec->changed || !rec->path)
		return 0;
	text = model_export(rec->owned, true);
	r = file_write_atomic(rec->path, text, strlen(text), 0600);
	if (r < 0)
		log_error("%s: %s", rec->path, strerror(-r));
	else
		rec->changed = false;
	return r;
}
