// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The safety net under changes that are made over the network they change.
 *
 * A change that is to be confirmed is written down before the kernel hears of
 * it, with the generation to go back to. Whatever happens from then on (the
 * time is over, the daemon is killed, the machine reboots), the file says what
 * to do: until it is gone, the way leads back. A configuration on disk that was
 * reverted so is remembered by its hash, so that a restart does not apply it
 * once more; asking for it by hand does.
 *
 * What must stay true: the file is there from before the first step until the
 * confirmation or the end of the way back. Files are written while the loop goes
 * on; the engine sends nothing, and nobody is answered, before they are on disk.
 */
#include "core/change.h"

#include <inttypes.h>
#include <stdio.h>

#include "util/clock.h"
#include "util/log.h"
#include "util/text.h"

#define SECOND UINT64_C(1000000)

/* DIR/pending.state: a change that waits, or whose way back has not ended. */
struct pending {
	uint64_t number, previous;
	uint64_t deadline; /* CLOCK_BOOTTIME, us; 0: the change itself has not ended */
	char boot[40];	   /* /proc/sys/kernel/random/boot_id */
	char hash[20];	   /* of the files of @number */
	bool reverted;	   /* the time is over: its files are not to be applied again */
};

static void boot_id(char *ret, size_t size)
{
	FILE *f = fopen("/proc/sys/kernel/random/boot_id", "re");

	*ret = 0;
	if (f && fgets(ret, size, f))
		ret[strcspn(ret, "\n")] = 0;
	if (f)
		fclose(f);
}

static char *pending_path(const struct engine *e)
{
	return str_format("%s/pending.state", e->history_dir);
}

static void write_pending(struct engine *e, const struct pending *p)
{
	char *text = str_format(
		"number = %" PRIu64 "L;\nprevious = %" PRIu64 "L;\ndeadline = %" PRIu64 "L;\n"
		"boot = \"%s\";\nhash = \"%s\";\nreverted = %s;\n",
		p->number, p->previous, p->deadline, p->boot, p->hash,
		p->reverted ? "true" : "false");

	writer_write(e->writer, pending_path(e), text, 0600,
		     "a change could not be reverted after a crash");
}

static bool read_pending(struct engine *e, struct pending *ret)
{
	_cleanup_free_ char *path = pending_path(e), *text = NULL;
	long long number = 0, previous = 0, deadline = 0;
	const char *boot = "", *hash = "";
	int reverted = 0;
	bool ok = false;
	config_t cfg;

	if (file_read(path, 65536, &text, NULL) < 0)
		return false;
	config_init(&cfg);
	if (config_read_string(&cfg, text) == CONFIG_TRUE &&
	    config_lookup_int64(&cfg, "number", &number) &&
	    config_lookup_int64(&cfg, "previous", &previous) &&
	    config_lookup_int64(&cfg, "deadline", &deadline) &&
	    config_lookup_string(&cfg, "boot", &boot) &&
	    config_lookup_string(&cfg, "hash", &hash) &&
	    config_lookup_bool(&cfg, "reverted", &reverted)) {
		*ret = (struct pending){ .number = number, .previous = previous,
					 .deadline = deadline, .reverted = reverted };
		snprintf(ret->boot, sizeof(ret->boot), "%s", boot);
		snprintf(ret->hash, sizeof(ret->hash), "%s", hash);
		ok = true;
	} else {
		log_warning("%s: torn or not ours; left out", path);
	}
	config_destroy(&cfg);
	return ok;
}

/*
 * There is one that cannot be read: then what was applied last, if nobody has confirmed it, has
 * waited; for how long is not known, so its time is over.
 */
static bool guess_pending(struct engine *e, struct pending *ret)
{
	_cleanup_free_ char *path = pending_path(e);
	struct change_info info = { 0 };
	bool found = access(path, F_OK) == 0 && history_newest(e->history_dir, &info) &&
		     !info.confirmed && info.hash;

	if (found) {
		*ret = (struct pending){ .number = info.number };
		ret->previous = history_find_confirmed(e->history_dir, ret->number);
		snprintf(ret->hash, sizeof(ret->hash), "%s", info.hash);
	}
	change_info_done(&info);
	return found;
}

static void forget_pending(struct engine *e)
{
	writer_unlink(e->writer, pending_path(e));
}

void change_open(struct engine *e, const char *dir)
{
	e->history_dir = str_dup(dir);
	e->writer = writer_new(e->event, engine_written, e);
	e->last_number = history_last(dir);
}

void change_introduce(struct engine *e, const char *caller, const char *unit, int64_t uid,
		      uint64_t confirm_usec)
{
	if (engine_has_request(e)) /* which will be told so; the one under way keeps its name */
		return;
	change_info_done(&e->info);
	e->info.caller = str_dup(caller);
	e->info.unit = unit ? str_dup(unit) : NULL;
	e->info.uid = uid;
	e->confirm_usec = confirm_usec;
}

void change_replace(struct engine *e)
{
	if (!engine_has_request(e))
		e->replacing = e->fallback && e->confirm_usec;
}

static void describe(struct engine *e, struct generation *g)
{
	free(e->info.hash);
	free(e->info.result);
	e->info.number = g->number;
	e->info.time_usec = clock_usec(CLOCK_REALTIME);
	e->info.hash = str_dup(g->hash);
	e->info.result = str_dup("applying");
	e->info.confirmed = false;
	for (unsigned n = 0; n < g->n_files; n++) {
		e->info.files = array_reserve(e->info.files, n, sizeof(*e->info.files));
		e->info.files[n] = str_dup(g->files[n]);
	}
	e->info.n_files = g->n_files;
}

/* The newest generation is of the same files? Then a restart or a reload is no new one. */
static uint64_t find_same(struct engine *e, const struct generation *g)
{
	struct change_info newest = { 0 };
	uint64_t found = 0;

	if (*g->hash && history_newest(e->history_dir, &newest) && newest.confirmed &&
	    newest.hash && !strcmp(newest.hash, g->hash))
		found = newest.number;
	change_info_done(&newest);
	return found;
}

void change_begins(struct engine *e, struct generation *g)
{
	struct pending p = { 0 };
	bool known;

	if (!e->reverting)
		e->reverted = 0;
	if (!g->number && e->history_dir && e->previous && !e->confirm_usec && !e->reverting) {
		g->number = find_same(e, g);
		if (g->number != e->previous->number)
			g->number = 0;
	}
	known = g->number; /* taken up again by a daemon that starts, or the files are the same */
	if (!known)
		g->number = ++e->last_number;
	e->number = g->number;
	if (!e->history_dir || known)
		return;
	if (!e->previous)
		e->confirm_usec = 0; /* nothing to go back to */
	describe(e, g);
	(void)writer_take_error(e->writer);
	history_write(e->writer, e->history_dir, &e->info, g);
	if (!e->confirm_usec)
		return;
	p.number = g->number;
	p.previous = e->replacing ? e->fallback->number : e->previous->number;
	boot_id(p.boot, sizeof(p.boot));
	snprintf(p.hash, sizeof(p.hash), "%s", e->info.hash);
	write_pending(e, &p);
}

static void wait_for_confirm(struct engine *e, uint64_t usec)
{
	struct pending p;

	e->deadline = clock_usec(CLOCK_BOOTTIME) + usec;
	if (sd_event_source_set_time(e->confirm_timer, e->deadline) < 0 ||
	    sd_event_source_set_enabled(e->confirm_timer, SD_EVENT_ONESHOT) < 0)
		log_error("cannot set a timer");
	if (read_pending(e, &p)) {
		p.deadline = e->deadline;
		write_pending(e, &p);
	}
	log_event(LOG_NOTICE, LOG_EVENT_WAITING, NULL, e->number,
		  "generation %" PRIu64 " is reverted in %" PRIu64 " s unless it is confirmed",
		  e->number, usec / SECOND);
}

static void finish_info(struct engine *e, const struct outcome *o, bool confirmed)
{
	free(e->info.result);
	if (o->error == -ECANCELED)
		e->info.result = str_format("undone: %.*s", (int)strcspn(o->text, "\n"), o->text);
	else if (o->error)
		e->info.result = str_format("in part: %.*s", (int)strcspn(o->text, "\n"), o->text);
	else
		e->info.result = str_dup("applied");
	e->info.usec = o->usec;
	e->info.confirmed = confirmed;
	history_update(e->writer, e->history_dir, &e->info);
	change_info_done(&e->info);
}

static void mark(struct engine *e, uint64_t number, const char *result, bool confirmed);

/* It was undone: what it was to replace is there again, and its time runs on. */
static void wait_on(struct engine *e)
{
	struct pending p = { .number = e->number, .previous = e->fallback->number,
			     .deadline = e->deadline };
	struct change_info info = { 0 };

	boot_id(p.boot, sizeof(p.boot));
	if (history_find(e->history_dir, e->number, &info) && info.hash)
		snprintf(p.hash, sizeof(p.hash), "%s", info.hash);
	change_info_done(&info);
	write_pending(e, &p);
}

static void change_waits(struct engine *e, uint64_t confirm)
{
	if (!e->fallback)
		e->fallback = TAKE_PTR(e->previous);
	else if (e->previous)
		mark(e, e->previous->number, "replaced: before it was confirmed", false);
	wait_for_confirm(e, confirm);
}

/* What the files say is not in force; that they are invalid too is to be seen. */
static void look_at_files(struct engine *e)
{
	_cleanup_(errors_done) struct errors errors = { 0 };
	struct generation *g = NULL;

	if (engine_load(e, &errors, &g) < 0)
		engine_reject(e, &errors);
	generation_free(g);
}

void change_ended(struct engine *e, const struct outcome *o)
{
	uint64_t confirm = e->confirm_usec;
	bool replacing = e->replacing;

	if (e->reverting)
		look_at_files(e);
	/* Without a number it was no change, but a repair: one that was introduced may wait. */
	if (!e->history_dir || !e->info.number)
		return;
	e->confirm_usec = 0;
	e->replacing = false;
	finish_info(e, o, !o->error && !confirm);
	if (confirm && o->error != -ECANCELED) {
		change_waits(e, confirm);
	} else if (replacing) {
		wait_on(e);
	} else if (!e->reverting) {
		forget_pending(e);
	}
}

/* What happened to a generation after it had been applied. */
static void mark(struct engine *e, uint64_t number, const char *result, bool confirmed)
{
	struct change_info info;

	if (!history_find(e->history_dir, number, &info))
		return;
	free(info.result);
	info.result = str_dup(result);
	info.confirmed = confirmed;
	history_update(e->writer, e->history_dir, &info);
	change_info_done(&info);
}

/* For those who wonder why it is not in force: until the next change. */
static void remember_reverted(struct engine *e, uint64_t number, const char *why)
{
	e->reverted = number;
	free(e->reverted_why);
	e->reverted_why = why ? str_dup(why) : NULL;
}

static void stop_waiting(struct engine *e)
{
	sd_event_source_set_enabled(e->confirm_timer, SD_EVENT_OFF);
	e->deadline = 0;
}

int change_confirm(struct engine *e, uint64_t number)
{
	if (!e->fallback || !e->deadline)
		return -ENOENT;
	if (e->replacing)
		return -EBUSY;
	if (number && number != e->number)
		return -ESTALE;
	stop_waiting(e);
	e->fallback = generation_free(e->fallback);
	e->record->waits = false;
	record_settle(e->record, e->current->want, e->mirror->seen);
	(void)record_save(e->record);
	mark(e, e->number, "applied", true);
	forget_pending(e);
	log_event(LOG_NOTICE, LOG_EVENT_CONFIRMED, NULL, e->number,
		  "generation %" PRIu64 " is confirmed", e->number);
	engine_announce(e);
	return 0;
}

/* The way back is no transaction: whatever of it can be done is done. */
static int revert(struct engine *e, const char *result, outcome_fn done, void *data)
{
	uint64_t number = e->number;
	struct generation *back;
	struct pending p;
	int r;

	if (engine_has_request(e) || e->plan || e->passes || !writer_is_idle(e->writer))
		return -EBUSY;
	stop_waiting(e);
	back = TAKE_PTR(e->fallback);
	mark(e, number, result, false);
	remember_reverted(e, number, result);
	if (read_pending(e, &p)) {
		p.reverted = true;
		write_pending(e, &p);
	}
	back->number = 0;
	e->reverting = true;
	r = engine_apply(e, back, done, data);
	e->transaction = false;
	return r;
}

/* There is somebody who waits, so that other requests are refused until the way back is gone. */
static void on_reverted(void *data _unused_, const struct outcome *o _unused_)
{
	log_notice("reverted");
}

int change_on_deadline(sd_event_source *s, uint64_t usec _unused_, void *data)
{
	struct engine *e = data;
	uint64_t number = e->number;

	change_introduce(e, "confirm timer", NULL, -1, 0);
	if (!revert(e, "reverted: not confirmed in time", on_reverted, e)) {
		log_event(LOG_WARNING, LOG_EVENT_REVERTED, NULL, number,
			  "generation %" PRIu64 " was not confirmed in time", number);
	} else {
		sd_event_source_set_time(s, clock_usec(CLOCK_BOOTTIME) + SECOND / 10);
		sd_event_source_set_enabled(s, SD_EVENT_ONESHOT);
	}
	return 0;
}

uint64_t change_rollback_target(struct engine *e, uint64_t number)
{
	if (number)
		return number;
	return e->fallback ? e->fallback->number :
			     history_find_confirmed(e->history_dir, e->number);
}

int change_rollback(struct engine *e, uint64_t number, struct errors *errors, outcome_fn done,
		    void *data)
{
	struct generation *g;
	int r;

	if (!e->history_dir)
		return -ENOENT;
	if (e->fallback && (!number || number == e->fallback->number))
		return revert(e, "reverted: by hand", done, data);
	if (engine_has_request(e) || e->fallback)
		return -EBUSY;
	number = change_rollback_target(e, number);
	r = number ? history_load(e->history_dir, number, errors, &g) : -ENOENT;
	return r < 0 ? r : engine_apply(e, g, done, data);
}

static int apply_stored(struct engine *e, uint64_t number, const char *why, outcome_fn done,
			void *data)
{
	_cleanup_(errors_done) struct errors errors = { 0 };
	struct generation *g;
	int r = history_load(e->history_dir, number, &errors, &g);

	for (unsigned n = 0; n < errors.n; n++)
		log_error("%s", errors.lines[n]);
	if (r < 0)
		return r;
	log_event(LOG_WARNING, LOG_EVENT_STORED, NULL, number,
		  "%s: starting with generation %" PRIu64, why, number);
	change_introduce(e, "start", NULL, -1, 0);
	return engine_apply(e, g, done, data);
}

/* The daemon was restarted while a change waits: the kernel has it, and the time runs on. */
static int go_on_waiting(struct engine *e, const struct pending *p, outcome_fn done, void *data)
{
	_cleanup_(errors_done) struct errors errors = { 0 };
	struct generation *g, *back;
	int r = history_load(e->history_dir, p->previous, &errors, &back);

	if (r < 0)
		return r;
	r = history_load(e->history_dir, p->number, &errors, &g);
	if (r < 0) {
		generation_free(back);
		return r;
	}
	back->number = p->previous;
	g->number = p->number;
	change_introduce(e, "start", NULL, -1, 0);
	r = engine_apply(e, g, done, data);
	e->fallback = back;
	wait_for_confirm(e, p->deadline - clock_usec(CLOCK_BOOTTIME));
	return r;
}

static int start_pending(struct engine *e, struct pending *p, outcome_fn done, void *data)
{
	const char *why = "reverted: not confirmed before the daemon ended";
	struct change_info info = { 0 };
	char boot[sizeof(p->boot)];
	uint64_t good;

	boot_id(boot, sizeof(boot));
	if (!p->reverted && !strcmp(boot, p->boot) && p->deadline > clock_usec(CLOCK_BOOTTIME))
		return go_on_waiting(e, p, done, data);
	if (p->reverted && history_find(e->history_dir, p->number, &info))
		why = info.result;
	remember_reverted(e, p->number, why);
	change_info_done(&info);
	if (!p->reverted) {
		mark(e, p->number, e->reverted_why, false);
		p->reverted = true;
		write_pending(e, p);
	}
	e->reverting = true;
	if (apply_stored(e, p->previous, "the last change was not confirmed", done, data) >= 0)
		return 0;
	/* Torn, or gone: rather an older one than what nobody confirmed. */
	good = history_find_confirmed(e->history_dir, p->number);
	if (good && apply_stored(e, good, "the last change was not confirmed", done, data) >= 0)
		return 0;
	e->reverting = false;
	return -ENOENT;
}

/* The files on disk are those that were reverted? Then they wait for somebody to ask again. */
static bool is_reverted(const struct pending *p, const struct generation *g)
{
	return *g->hash && !strcmp(g->hash, p->hash);
}

int change_start(struct engine *e, struct errors *errors, outcome_fn done, void *data)
{
	struct generation *g = NULL;
	struct pending p;
	uint64_t good;
	int r = engine_load_first(e, errors, &g);
	bool has_pending = e->history_dir && (read_pending(e, &p) || guess_pending(e, &p));

	if (has_pending && (!p.reverted || (r >= 0 && is_reverted(&p, g)))) {
		generation_free(g);
		if (start_pending(e, &p, done, data) >= 0) {
			if (r < 0)
				engine_reject(e, errors);
			return 0;
		}
		errors_done(errors);
		r = engine_load(e, errors, &g);
	}
	if (r >= 0) {
		change_introduce(e, "start", NULL, -1, 0);
		g->number = e->history_dir ? find_same(e, g) : 0;
		return engine_apply(e, g, done, data);
	}
	good = e->history_dir ? history_find_confirmed(e->history_dir, UINT64_MAX) : 0;
	if (good && apply_stored(e, good, "the configuration is invalid", done, data) >= 0) {
		engine_reject(e, errors);
		return 0;
	}
	engine_reject(e, errors);
	return r;
}

void change_close(struct engine *e)
{
	sd_event_source_disable_unref(e->confirm_timer);
	e->writer = writer_free(e->writer);
	generation_free(e->fallback);
	change_info_done(&e->info);
	free(e->reverted_why);
	free(e->history_dir);
}
