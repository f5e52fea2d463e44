// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Holds are the engine's, not the configuration's: a reload does not end them,
 * nor does a daemon that is upgraded or dies while somebody works. They are in
 * a file beside the record, which a reboot takes away.
 *
 * What must stay true: each ends by itself, so that an interface that was
 * forgotten in a hold does not stay without care.
 */
#include "core/hold.h"

#include <inttypes.h>
#include <libconfig.h>
#include <stdio.h>

#include "util/log.h"
#include "util/text.h"

#define FILE_NAME "holds.state"

/* Beside the record; NULL: nothing is kept. */
static char *file_path(const struct engine *e)
{
	const char *slash = e->record->path ? strrchr(e->record->path, '/') : NULL;

	if (!e->record->path)
		return NULL;
	return str_format("%.*s" FILE_NAME, slash ? (int)(slash + 1 - e->record->path) : 0,
			  e->record->path);
}

static void save(const struct engine *e)
{
	_cleanup_free_ char *path = file_path(e), *text = NULL;
	size_t size;
	FILE *out;
	int r;

	if (!path)
		return;
	if (!e->n_holds) {
		(void)unlink(path);
		return;
	}
	out = open_memstream(&text, &size);
	fputs("holds = (", out);
	for (unsigned n = 0; n < e->n_holds; n++) {
		_cleanup_free_ char *name = NULL;
		json_t *j = json_string(e->holds[n].name);

		name = j ? json_literal(j) : NULL;
		json_decref(j);
		if (name)
			fprintf(out, "%s{ name = %s; until = %" PRIu64 "L; }", n ? ", " : " ", name,
				e->holds[n].until);
	}
	fputs(" );\n", out);
	fclose(out);
	r = file_write_atomic(path, text, size, 0600);
	if (r < 0)
		log_error("%s: %s: holds end with the daemon", path, strerror(-r));
}

static void read_one(struct engine *e, const config_setting_t *s)
{
	long long until;
	const char *name;
	struct hold *h;

	if (!s || !config_setting_lookup_string(s, "name", &name) ||
	    !config_setting_lookup_int64(s, "until", &until) || strlen(name) >= IFNAMSIZ ||
	    until < 0)
		return;
	e->holds = array_reserve(e->holds, e->n_holds, sizeof(*h));
	h = &e->holds[e->n_holds++];
	memset(h, 0, sizeof(*h));
	strcpy(h->name, name);
	h->until = until;
}

void hold_open(struct engine *e)
{
	_cleanup_free_ char *path = file_path(e), *text = NULL;
	const config_setting_t *list;
	config_t cfg;

	if (!path || file_read(path, 1 << 20, &text, NULL) < 0)
		return;
	config_init(&cfg);
	if (config_read_string(&cfg, text) == CONFIG_TRUE) {
		list = config_lookup(&cfg, "holds");
		for (int n = 0; list && n < config_setting_length(list); n++)
			read_one(e, config_setting_get_elem(list, n));
	} else {
		log_warning("%s: torn or not ours; left out", path);
	}
	config_destroy(&cfg);
}

static struct hold *find(struct engine *e, const char *name)
{
	for (unsigned n = 0; n < e->n_holds; n++)
		if (!strcmp(e->holds[n].name, name))
			return &e->holds[n];
	return NULL;
}

int hold_begin(struct engine *e, const char *name, uint64_t usec)
{
	struct hold *h = find(e, name);

	if (!e->current || !model_find(e->current->want, name))
		return -ENODEV;
	if (!h) {
		e->holds = array_reserve(e->holds, e->n_holds, sizeof(*h));
		h = &e->holds[e->n_holds++];
		snprintf(h->name, sizeof(h->name), "%s", name);
	}
	h->until = engine_now(e) + usec;
	save(e);
	log_event(LOG_NOTICE, LOG_EVENT_HELD, name, 0, "%s: left alone for %llu s", name,
		  (unsigned long long)usec / 1000000);
	engine_look_again(e);
	return 0;
}

int hold_end(struct engine *e, const char *name)
{
	struct hold *h = find(e, name);

	if (!h)
		return -ENOENT;
	*h = e->holds[--e->n_holds];
	save(e);
	log_event(LOG_NOTICE, LOG_EVENT_HELD, name, 0, "%s: looked after again", name);
	engine_look_again(e);
	return 0;
}

void hold_mark(struct engine *e)
{
	uint64_t now = engine_now(e);
	unsigned before = e->n_holds;

	for (unsigned n = e->n_holds; n > 0; n--)
		if (e->holds[n - 1].until <= now) {
			log_event(LOG_NOTICE, LOG_EVENT_HELD, e->holds[n - 1].name, 0,
				  "%s: the hold has ended", e->holds[n - 1].name);
			e->holds[n - 1] = e->holds[--e->n_holds];
		}
	if (before != e->n_holds)
		save(e);
	MODEL_FOREACH(e->current->want, i) {
		bool held = e->n_holds && find(e, i->name);

		/* What was done by hand in the meantime is put back without counting. */
		if (i->held && !held)
			i->settled = false;
		i->held = held;
	}
}

uint64_t hold_first_end(const struct engine *e)
{
	uint64_t first = UINT64_MAX;

	for (unsigned n = 0; n < e->n_holds; n++)
		first = min_of(first, e->holds[n].until);
	return first;
}
