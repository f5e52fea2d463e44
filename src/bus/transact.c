// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The methods around what a change leaves behind: confirm it, go back, tell
 * what there was; and hands off for a while. The work is the core's: here are
 * its refusals as errors that a program can tell apart.
 */
#include <inttypes.h>

#include "bus/internal.h"
#include "core/change.h"
#include "core/diff.h"
#include "core/hold.h"
#include "util/clock.h"

#define SECOND UINT64_C(1000000)

static int answer_no_history(sd_bus_message *m)
{
	return call_fail(m, "NotSupported", "no generations are kept");
}

/* It is on disk. */
static int answer_confirmed(struct bus *b _unused_, sd_bus_message *m)
{
	return sd_bus_reply_method_return(m, "");
}

int transact_confirm(struct bus *b, sd_bus_message *m)
{
	uint64_t number;
	int r = sd_bus_message_read(m, "t", &number);

	if (r < 0)
		return r;
	r = change_confirm(b->engine, number);
	if (r == -ENOENT)
		return call_fail(m, "NothingToConfirm", "no change waits for its confirmation");
	if (r == -EBUSY)
		return call_fail(m, "Busy", "the change that waited is being replaced");
	if (r == -ESTALE)
		return call_fail(m, "GenerationMismatch",
				 "generation %" PRIu64 " waits for its confirmation, not %" PRIu64,
				 b->engine->number, number);
	return r < 0 ? r : call_begin(b, m, NULL, CALL_STORED, answer_confirmed);
}

static int answer_no_generation(sd_bus_message *m, uint64_t number)
{
	if (!number)
		return call_fail(m, "NoSuchGeneration", "no generation is kept before this one");
	return call_fail(m, "NoSuchGeneration", "generation %" PRIu64 " is not kept", number);
}

int transact_rollback(struct bus *b, sd_bus_message *m)
{
	_cleanup_(errors_done) struct errors errors = { 0 };
	struct engine *e = b->engine;
	uint64_t number;
	int r = sd_bus_message_read(m, "t", &number);

	if (r < 0)
		return r;
	if (!e->history_dir)
		return answer_no_history(m);
	if (b->waiter || engine_has_request(e))
		return change_busy(b, m);
	change_wait(b, m);
	change_introduce(e, sd_bus_message_get_sender(m), b->unit, b->uid, 0);
	r = change_rollback(e, number, &errors, change_waited, b);
	if (!r)
		return 0;
	change_wait_cancel(b);
	if (r == -EBUSY)
		return change_busy(b, m);
	if (r == -ENOENT)
		return answer_no_generation(m, number);
	return errors.n ? change_invalid(m, &errors) : r;
}

static json_t *text_json(const char *s)
{
	_cleanup_free_ char *clean = s ? text_utf8(str_dup(s)) : NULL;

	return clean ? json_string(clean) : json_null();
}

static json_t *info_json(const struct change_info *i)
{
	json_t *files = json_array();

	for (unsigned n = 0; n < i->n_files; n++)
		json_array_append_new(files, text_json(i->files[n]));
	return json_pack("{s:I, s:I, s:I, s:I, s:o, s:o, s:o, s:o, s:o, s:b, s:I, s:o}", "number",
			 (json_int_t)i->number, "time", (json_int_t)i->time_usec, "usec",
			 (json_int_t)i->usec, "uid", (json_int_t)i->uid, "caller",
			 text_json(i->caller), "unit", text_json(i->unit), "result",
			 text_json(i->result), "hash", text_json(i->hash), "files", files,
			 "confirmed", i->confirmed, "total_steps", (json_int_t)i->total_steps,
			 "steps", timings_json(i));
}

int transact_history(struct bus *b, sd_bus_message *m)
{
	_cleanup_free_ char *text = NULL;
	struct change_info *list;
	json_t *j;
	unsigned n;

	if (!b->engine->history_dir)
		return answer_no_history(m);
	j = json_array();
	history_list(b->engine->history_dir, &list, &n);
	for (unsigned i = 0; i < n; i++)
		json_array_append_new(j, info_json(&list[i]));
	history_list_free(list, n);
	text = json_dumps(j, JSON_COMPACT | JSON_DIGITS);
	json_decref(j);
	return sd_bus_reply_method_return(m, "s", text);
}

/* A generation of the history; or the answer that there is none (1). */
static int load(struct bus *b, sd_bus_message *m, uint64_t number, struct generation **ret)
{
	_cleanup_(errors_done) struct errors errors = { 0 };
	int r = number ? history_load(b->engine->history_dir, number, &errors, ret) : -ENOENT;

	if (r >= 0)
		return 0;
	r = r == -ENOENT ? answer_no_generation(m, number) : change_invalid(m, &errors);
	return r < 0 ? r : 1;
}

int transact_load_target(struct bus *b, sd_bus_message *m, uint64_t number,
			 struct generation **ret)
{
	int r;

	if (b->engine->history_dir)
		return load(b, m, change_rollback_target(b->engine, number), ret);
	r = answer_no_history(m);
	return r < 0 ? r : 1;
}

int transact_diff(struct bus *b, sd_bus_message *m)
{
	_cleanup_(generation_freep) struct generation *from = NULL, *to = NULL;
	_cleanup_free_ char *text = NULL;
	uint64_t n_from, n_to;
	json_t *j;
	int r = sd_bus_message_read(m, "tt", &n_from, &n_to);

	if (r < 0)
		return r;
	if (!b->engine->history_dir)
		return answer_no_history(m);
	n_to = n_to ? n_to : b->engine->number;
	n_from = n_from ? n_from : history_find_confirmed(b->engine->history_dir, n_to);
	r = load(b, m, n_from, &from);
	if (!r)
		r = load(b, m, n_to, &to);
	if (r)
		return r;
	j = json_pack("{s:I, s:I, s:o}", "from", (json_int_t)n_from, "to", (json_int_t)n_to,
		      "changes", diff_generations(from, to));
	text = json_dumps(j, JSON_COMPACT);
	json_decref(j);
	return sd_bus_reply_method_return(m, "s", text);
}

/* The link is there, and yet nothing can be done: say why. */
static int answer_not_configured(struct bus *b, sd_bus_message *m, const char *name)
{
	if (!object_is_there(b, name))
		return call_fail(m, "NoSuchLink",
				 "no interface \"%s\": neither configured nor present", name);
	return call_fail(m, "NotSupported", "%s is not in the configuration", name);
}

int transact_hold(struct bus *b, sd_bus_message *m)
{
	const char *name;
	uint64_t seconds;
	int r = sd_bus_message_read(m, "st", &name, &seconds);

	if (r < 0)
		return r;
	if (!seconds || seconds > TRANSACT_SECONDS_MAX)
		return sd_bus_reply_method_errorf(m, SD_BUS_ERROR_INVALID_ARGS,
						  "not a time of 1 to %d seconds: %" PRIu64,
						  TRANSACT_SECONDS_MAX, seconds);
	if (hold_begin(b->engine, name, seconds * SECOND) < 0)
		return answer_not_configured(b, m, name);
	return sd_bus_reply_method_return(m, "");
}

int transact_release(struct bus *b, sd_bus_message *m)
{
	const char *name;
	int r = sd_bus_message_read(m, "s", &name);

	if (r < 0)
		return r;
	if (!hold_end(b->engine, name))
		return sd_bus_reply_method_return(m, "");
	if (!object_is_there(b, name))
		return answer_not_configured(b, m, name);
	return call_fail(m, "NotHeld", "%s is not held", name);
}

static json_int_t left_usec(uint64_t until, clockid_t clock)
{
	uint64_t now = clock_usec(clock);

	return until > now ? until - now : 0;
}

void transact_describe(const struct engine *e, json_t *j)
{
	json_t *holds;

	if (e->deadline)
		json_object_set_new(j, "confirm", json_pack("{s:I, s:I, s:I}", "deadline_usec",
			(json_int_t)e->deadline, "generation", (json_int_t)e->number, "left_usec",
			left_usec(e->deadline, CLOCK_BOOTTIME)));
	if (e->reverted)
		json_object_set_new(j, "reverted", json_pack("{s:I, s:o}", "generation",
			(json_int_t)e->reverted, "result",
			text_json(e->reverted_why ? e->reverted_why : "reverted")));
	if (!e->n_holds)
		return;
	holds = json_array();
	for (unsigned n = 0; n < e->n_holds; n++)
		json_array_append_new(holds, json_pack("{s:o, s:I}", "name",
			text_json(e->holds[n].name), "left_usec",
			left_usec(e->holds[n].until, CLOCK_MONOTONIC)));
	json_object_set_new(j, "holds", holds);
}
