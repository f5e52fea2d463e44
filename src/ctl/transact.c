// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The verbs around what a change leaves behind: confirm, rollback, history,
 * hold, release; and the apply that reverts itself.
 *
 * That one is reverted by the daemon, whatever becomes of this program: the
 * network it was called over may be the one that the change cuts. Here the
 * time is only shown.
 */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <pwd.h>
#include <stdlib.h>
#include <unistd.h>

#include "ctl/ctl.h"
#include "util/clock.h"
#include "util/text.h"

#define SECOND UINT64_C(1000000)
#define HOLD_SECONDS 600

/* An argument of a verb, a generation; 0: none. Return: an exit status. */
static int read_number_at(const struct ctl *c, unsigned n, uint64_t *ret)
{
	const char *word = c->n_names > n ? c->names[n] : "0";
	char *end = NULL;

	*ret = 0;
	if (c->n_names <= n)
		return EXIT_DONE;
	if (*word >= '0' && *word <= '9')
		*ret = strtoull(word, &end, 10);
	if (!*ret || *end)
		return ctl_usage(c, "\"%s\" is no generation; see netctl history", word);
	return EXIT_DONE;
}

static int read_number(const struct ctl *c, uint64_t *ret)
{
	return read_number_at(c, 0, ret);
}

static int confirm(struct ctl *c, uint64_t number)
{
	int r = ctl_call(c, "Confirm", NULL, "t", number);

	return r ? r : ctl_done(c, "confirmed");
}

int verb_confirm(struct ctl *c)
{
	uint64_t number;
	int r = read_number(c, &number);

	return r ? r : confirm(c, number);
}

int verb_rollback(struct ctl *c)
{
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
	struct change_asked asked = { .stored = true };
	int r = read_number(c, &asked.generation);

	if (!r)
		r = path_ask(c, &asked);
	if (!r)
		r = ctl_call(c, "Rollback", &reply, "t", asked.generation);
	return r ? r : ctl_generation(c, reply);
}

enum answer { ANSWER_KEEP, ANSWER_REVERT, ANSWER_NONE, ANSWER_LOST };

/* A line of the person's; no word is no. */
static enum answer read_answer(void)
{
	char line[64];
	ssize_t n = read(STDIN_FILENO, line, sizeof(line));

	if (n <= 0)
		return ANSWER_LOST;
	return *line == 'y' || *line == 'Y' ? ANSWER_KEEP : ANSWER_REVERT;
}

/* Counts down to @end on the terminal. */
static enum answer ask(const struct ctl *c, uint64_t end)
{
	uint64_t now;
	int r;

	while ((now = clock_usec(CLOCK_BOOTTIME)) < end) {
		fprintf(stderr, "\r%4" PRIu64 " s left: keep? [y/N] ",
			(end - now + SECOND - 1) / SECOND);
		r = signals_wait(c, STDIN_FILENO, POLLIN, (end - now) % SECOND + 1000);
		if (r == -EINTR) {
			signals_take(c);
			return ANSWER_REVERT;
		}
		if (r)
			return read_answer();
	}
	return ANSWER_NONE;
}

static int ask_and_answer(struct ctl *c, uint64_t number)
{
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
	uint64_t end = clock_usec(CLOCK_BOOTTIME) + c->confirm * SECOND;
	enum answer answer = ask(c, end);
	uint64_t now = clock_usec(CLOCK_BOOTTIME);

	/* The line to the daemon may be dead: no longer than until it goes back by itself. */
	c->timeout_usec = end > now ? end - now : 1;
	switch (answer) {
	case ANSWER_KEEP:
		return confirm(c, number);
	case ANSWER_REVERT:
		c->timeout_usec = 0;
		if (end > now && !ctl_call(c, "Rollback", &reply, "t", UINT64_C(0)))
			ctl_generation(c, reply);
		return EXIT_UNDONE;
	case ANSWER_NONE:
		fputs("\nnot confirmed in time: reverted\n", stderr);
		return EXIT_UNDONE;
	case ANSWER_LOST:
		break;
	}
	return ctl_fail(c, EXIT_FAILED, "org.netctl1.Error.Failed",
			"nobody to ask: it is reverted when the time is over");
}

int apply_confirm(struct ctl *c)
{
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
	uint64_t number;
	int r = ctl_call(c, "Apply", &reply, "a{sv}", c->replace ? 2 : 1, "confirm", "t",
			 (uint64_t)c->confirm, "replace", "b", 1);

	if (((r == EXIT_NO_DAEMON && c->bus && !c->is_absent) || signals_came(c)) &&
	    c->json == JSON_MODE_OFF)
		fputs("netctl: if it was applied, it is reverted unless it is confirmed\n", stderr);
	if (r)
		return r;
	if (sd_bus_message_read(reply, "t", &number) < 0)
		return ctl_fail_answer(c);
	if (c->json != JSON_MODE_OFF)
		return ctl_json(c, json_pack("{s:i, s:I, s:i}", "version", 1, "generation",
					     (json_int_t)number, "confirm_seconds",
					     (int)c->confirm));
	fprintf(stderr, "generation %" PRIu64 " is reverted in %u s unless: netctl confirm %" PRIu64
		"\n", number, c->confirm, number);
	if (!isatty(STDIN_FILENO) || !isatty(STDERR_FILENO))
		return EXIT_DONE;
	return ask_and_answer(c, number);
}

static char *when(const json_t *j)
{
	return date_text(get_number(j, NULL, "time") / (json_int_t)SECOND, "%F %T");
}

/* A user of this machine by name, of others by number; what no user asked for, by the occasion. */
static char *who(const struct ctl *c, const json_t *j)
{
	json_int_t uid = get_number(j, NULL, "uid");
	const char *unit = get_text(j, NULL, "unit");
	const struct passwd *user = uid >= 0 && !c->host ? getpwuid(uid) : NULL;

	if (uid < 0)
		return str_dup(get_text(j, NULL, "caller"));
	if (strstr(unit, ".service")) /* not the session that a person logged in to */
		return str_dup(unit);
	return user ? str_dup(user->pw_name) : str_format("uid %d", (int)uid);
}

static char *file_names(const json_t *j)
{
	char *text = NULL;
	size_t size, n;
	const json_t *file;
	FILE *out = open_memstream(&text, &size);

	json_array_foreach(json_object_get(j, "files"), n, file) {
		const char *path = json_string_value(file), *base = path ? strrchr(path, '/') : "";

		fprintf(out, "%s%s", n ? " " : "", base ? base + !!*base : path);
	}
	fclose(out);
	return text;
}

static void add_generation(const struct ctl *c, struct table *t, const json_t *j)
{
	const char *result = get_text(j, NULL, "result");
	bool applied = !strcmp(result, "applied"), confirmed = get_bool(j, NULL, "confirmed");
	const struct mark *mark = mark_of(!applied ? "failed" : confirmed ? "ok" : "waiting");
	struct table_row *row = table_add(t, mark);
	size_t word = strcspn(result, ":");

	row->cells[0] = str_format("%d", (int)get_number(j, NULL, "number"));
	row->cells[1] = when(j);
	row->cells[2] = who(c, j);
	row->cells[3] = str_format("%.*s%s", (int)word, result,
				   applied && !confirmed ? ", not confirmed" : "");
	row->cells[4] = file_names(j);
	if (result[word])
		row->below = str_dup(result + word + 1 + strspn(result + word + 1, " "));
}

/* One generation: what was done, and how long each step took. */
static int show_generation(const struct ctl *c, const json_t *list, uint64_t number)
{
	struct table t = { .heads = { "STEP", "MILLISECONDS", "WHAT" }, .right = 3 };
	const json_t *j, *found = NULL, *step;
	size_t n;

	json_array_foreach(list, n, j)
		if ((uint64_t)get_number(j, NULL, "number") == number)
			found = j;
	if (!found) {
		_cleanup_free_ char *text = str_format("there is no generation %" PRIu64, number);

		return ctl_fail(c, EXIT_FAILED, "org.netctl1.Error.NoSuchGeneration", text);
	}
	if (c->json != JSON_MODE_OFF)
		return ctl_json(c, json_pack("{s:i, s:[O]}", "version", 1, "generations", found));
	_cleanup_free_ char *at = when(found), *by = who(c, found);

	printf("generation %" PRIu64 ", %s, by %s: %s, %.1f ms\n", number, at, by,
	       get_text(found, NULL, "result"), get_number(found, NULL, "usec") / 1e3);
	json_array_foreach(json_object_get(found, "steps"), n, step) {
		struct table_row *row = table_add(&t, NULL);
		int shared = get_number(step, NULL, "shared");

		row->cells[0] = str_format("%d", (int)get_number(step, NULL, "number"));
		row->cells[1] = str_format("%.3f%s", get_number(step, NULL, "usec") / 1e3,
					   shared > 1 ? "*" : " ");
		row->cells[2] = str_dup(get_text(step, NULL, "what"));
	}
	if (!t.n)
		return EXIT_DONE;
	table_print(c, &t);
	printf("* its share of the steps that the kernel answered at once\n");
	n = get_number(found, NULL, "total_steps");
	if (n > json_array_size(json_object_get(found, "steps")))
		printf("the slowest of %zu steps\n", n);
	return EXIT_DONE;
}

int verb_history(struct ctl *c)
{
	struct table t = { .heads = { "NUMBER", "WHEN", "WHO", "RESULT", "FILES" } };
	_cleanup_free_ char *text = NULL;
	json_auto_t *list = NULL;
	const json_t *j;
	size_t n;
	int r = ctl_call_text(c, "History", &text);

	if (r)
		return r;
	list = json_loads(text, 0, NULL);
	if (!json_is_array(list))
		return ctl_fail_answer(c);
	if (c->n_names) {
		uint64_t number;

		r = read_number(c, &number);
		return r ? r : show_generation(c, list, number);
	}
	if (c->json != JSON_MODE_OFF)
		return ctl_json(c, json_pack("{s:i, s:O}", "version", 1, "generations", list));
	json_array_foreach(list, n, j)
		add_generation(c, &t, j);
	table_print(c, &t);
	return EXIT_DONE;
}

int verb_diff(struct ctl *c)
{
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
	_cleanup_free_ char *text = NULL;
	json_auto_t *d = NULL;
	uint64_t from, to;
	const json_t *j;
	size_t n;
	int r = read_number_at(c, 0, &from);

	if (!r)
		r = read_number_at(c, 1, &to);
	if (!r)
		r = ctl_call(c, "Diff", &reply, "tt", from, to);
	if (!r)
		r = ctl_read_text(c, reply, &text);
	if (r)
		return r;
	d = json_loads(text, 0, NULL);
	if (!json_is_object(d))
		return ctl_fail_answer(c);
	if (c->json != JSON_MODE_OFF) {
		json_object_set_new(d, "version", json_integer(1));
		return ctl_json(c, TAKE_PTR(d));
	}
	json_array_foreach(json_object_get(d, "changes"), n, j)
		printf("%s: %s: %s -> %s\n", get_text(j, NULL, "object"), get_text(j, NULL, "key"),
		       get_text(j, NULL, "from"), get_text(j, NULL, "to"));
	if (!n)
		fprintf(stderr, "generations %d and %d are the same\n",
			(int)get_number(d, NULL, "from"), (int)get_number(d, NULL, "to"));
	return EXIT_DONE;
}

int verb_hold(struct ctl *c)
{
	unsigned seconds = c->hold_for ? c->hold_for : HOLD_SECONDS;
	int r = ctl_call(c, "Hold", NULL, "st", c->names[0], (uint64_t)seconds);

	return r ? r : ctl_done(c, "%s is left alone for %u s", c->names[0], seconds);
}

int verb_release(struct ctl *c)
{
	int r = ctl_call(c, "Release", NULL, "s", c->names[0]);

	return r ? r : ctl_done(c, "%s is looked after again", c->names[0]);
}
