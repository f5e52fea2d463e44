// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * netctl wait-online: for units and scripts that need a network.
 *
 * Without names it waits until the configuration has been applied and one of
 * the interfaces that it gives an address to is online; all of them would hang
 * every boot on the port that nobody has plugged in. Where nothing has an
 * address, there is nothing to wait for. With names it waits for all of those.
 *
 * What must stay true: it ends, at the latest when the time is over, and says
 * what it waits for before it does.
 */
#include <errno.h>
#include <time.h>

#include "ctl/ctl.h"
#include "util/clock.h"
#include "util/text.h"

#define SECOND UINT64_C(1000000)
/* The daemon may be there later than we are; and not more often than this it is asked. */
#define RETRY_USEC (SECOND / 4)
/* On another machine: each time ssh makes a connection, or says why not. */
#define RETRY_HOST_USEC (5 * SECOND)
#define PACE_USEC (SECOND / 20)

/* What an interface can be waited for to be, and whether it is. */

static bool is_present(const json_t *j)
{
	return get_number(j, "state", "ifindex") > 0;
}

static bool is_absent(const json_t *j)
{
	return !is_present(j);
}

static bool is_up(const json_t *j)
{
	return is_present(j) && get_bool(j, NULL, "up");
}

static bool is_down(const json_t *j)
{
	return !is_up(j);
}

static bool has_carrier(const json_t *j)
{
	return is_up(j) && get_bool(j, "state", "carrier");
}

static bool has_no_carrier(const json_t *j)
{
	return !has_carrier(j);
}

static bool is_ok(const json_t *j)
{
	return !strcmp(get_text(j, "state", "management"), "ok");
}

/* An address that others can answer to: neither the link's own nor still being looked for. */
static bool is_usable(const json_t *address)
{
	const char *scope = get_text(address, NULL, "scope");

	return strcmp(scope, "link") && strcmp(scope, "host") &&
	       !get_bool(address, NULL, "tentative");
}

static bool is_online(const json_t *j)
{
	const json_t *address;
	size_t n;

	if (has_carrier(j))
		json_array_foreach(json_object_get(j, "addresses"), n, address)
			if (is_usable(address))
				return true;
	return false;
}

static const struct condition {
	const char *name;
	bool (*holds)(const json_t *j);
} conditions[] = {
	{ "online", is_online },   { "carrier", has_carrier },
	{ "no-carrier", has_no_carrier }, { "up", is_up },
	{ "down", is_down },	   { "present", is_present },
	{ "absent", is_absent },   { "ok", is_ok },
	{ NULL, NULL },
};

struct wanted {
	char *name;
	const struct condition *condition;
};

struct wait {
	struct ctl *c;
	struct wanted *wanted;
	uint64_t begin;
	char *last; /* what was said to be missing */
	bool listening, happened;
};

static const struct condition *find_condition(const char *name)
{
	for (const struct condition *k = conditions; k->name; k++)
		if (!strcmp(k->name, name))
			return k;
	return NULL;
}

/* NAME[:STATE]; an interface's name has no colon (dev_valid_name()). Return: an exit status. */
static int read_wanted(const struct ctl *c, const char *word, struct wanted *w)
{
	const char *colon = strchr(word, ':');

	w->condition = find_condition(colon ? colon + 1 : "online");
	w->name = str_format("%.*s", colon ? (int)(colon - word) : (int)strlen(word), word);
	if (!w->condition || !*w->name)
		return ctl_usage(c, "\"%s\": a state is online, carrier, no-carrier, up, down, "
				 "present, absent or ok", word);
	return EXIT_DONE;
}

/* What is missing, in words; "": nothing. */
static const char *how_is(const json_t *j)
{
	const char *management = get_text(j, "state", "management");

	if (!is_present(j))
		return "is absent";
	if (!is_up(j))
		return "is down";
	if (!has_carrier(j))
		return "has no carrier";
	if (!is_online(j))
		return "has no address that can be used";
	return !strcmp(management, "ok") || !strcmp(management, "foreign") ? "is online" :
									     management;
}

static char *missing_of_wanted(const struct wait *w, const json_t *by_name)
{
	const char *sep = "";
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	for (unsigned n = 0; n < w->c->n_names; n++) {
		const struct wanted *k = &w->wanted[n];
		const json_t *j = json_object_get(by_name, k->name);

		if (k->condition->holds(j))
			continue;
		fprintf(out, "%s%s:%s (%s)", sep, k->name, k->condition->name, how_is(j));
		sep = ", ";
	}
	fclose(out);
	return text;
}

static char *missing_of_any(const json_t *list)
{
	const char *sep = "";
	char *text = NULL;
	size_t size, n;
	const json_t *j;
	FILE *out = open_memstream(&text, &size);

	json_array_foreach(list, n, j) {
		if (!get_bool(j, "state", "required"))
			continue;
		if (is_online(j)) {
			fclose(out);
			*text = 0;
			return text;
		}
		fprintf(out, "%s%s (%s)", sep, get_text(j, NULL, "name"), how_is(j));
		sep = " or ";
	}
	fclose(out);
	return text;
}

static bool is_under_way(const json_t *document)
{
	const char *state = get_text(document, NULL, "state");

	return !strcmp(state, "starting") || !strcmp(state, "applying") ||
	       !strcmp(state, "rolling-back");
}

/* As of missing_of_…; sets *status where waiting is in vain. */
static char *missing(const struct wait *w, const json_t *document, int *status)
{
	const json_t *all = json_object_get(document, "interfaces");
	json_auto_t *list = json_sorted(all), *by_name = NULL;

	if (w->c->n_names) {
		by_name = json_index(all);
		return missing_of_wanted(w, by_name);
	}
	if (is_under_way(document))
		return str_dup("the configuration to be applied");
	if (!get_number(document, NULL, "generation"))
		*status = ctl_fail(w->c, EXIT_INVALID, "org.netctl1.Error.ConfigInvalid",
				   "nothing is configured");
	return missing_of_any(list);
}

/* Each state of waiting is said once. */
static void say(struct wait *w, const char *what)
{
	if (w->c->json == JSON_MODE_OFF && w->c->timeout && (!w->last || strcmp(w->last, what)))
		fprintf(stderr, "netctl: waiting for %s\n", what);
	free(w->last);
	w->last = str_dup(what);
}

static int finish(const struct wait *w)
{
	if (w->c->json == JSON_MODE_OFF)
		return EXIT_DONE;
	return ctl_json(w->c, json_pack("{s:i, s:b, s:I}", "version", 1, "online", 1, "waited_usec",
					(json_int_t)(clock_usec(CLOCK_BOOTTIME) - w->begin)));
}

static int on_event(sd_bus_message *m _unused_, void *data, sd_bus_error *error _unused_)
{
	struct wait *w = data;

	w->happened = true;
	return 0;
}

static void pause_usec(uint64_t usec)
{
	const struct timespec t = { usec / SECOND, usec % SECOND * 1000 };

	(void)nanosleep(&t, NULL);
}

/* Until something has happened, or @end. */
static void wait_for_event(struct wait *w, uint64_t end)
{
	uint64_t now;
	int r;

	while (!w->happened && (now = clock_usec(CLOCK_BOOTTIME)) < end) {
		r = sd_bus_process(w->c->bus, NULL);
		if (r == 0)
			r = sd_bus_wait(w->c->bus, end - now);
		if (r < 0)
			break;
	}
	if (w->happened) /* much may happen at once, and is looked at once */
		pause_usec(min_of(PACE_USEC, end - min_of(end, clock_usec(CLOCK_BOOTTIME))));
	w->happened = false;
}

static void subscribe(struct wait *w)
{
	if (w->listening)
		return;
	w->listening = true;
	(void)sd_bus_add_match(w->c->bus, NULL, "type='signal',sender='org.netctl1'", on_event, w);
	/* One that has done all before it has its name says nothing more. */
	(void)sd_bus_add_match(w->c->bus, NULL,
			       "type='signal',sender='org.freedesktop.DBus',"
			       "member='NameOwnerChanged',arg0='org.netctl1'", on_event, w);
}

static void hang_up(struct wait *w)
{
	ctl_hang_up(w->c);
	w->listening = false;
}

/* One look. Return: -1 to look again, or an exit status. */
static int look(struct wait *w, uint64_t end)
{
	json_auto_t *document = NULL;
	_cleanup_free_ char *what = NULL;
	uint64_t now = clock_usec(CLOCK_BOOTTIME);
	int r, status = -1;

	w->c->timeout_usec = end > now ? end - now : SECOND; /* without time, a moment */
	w->c->quiet = true; /* it may come yet */
	r = ctl_describe_groups(w->c, (const char *const[]){ "addresses", NULL }, &document);
	w->c->quiet = false;
	if (r) {
		what = str_format("netctld%s%s to be there", w->c->host ? " on " : "",
				  w->c->host ? w->c->host : "");
		say(w, what);
		hang_up(w);
		return -1;
	}
	what = missing(w, document, &status);
	if (status >= 0)
		return status;
	if (!*what)
		return finish(w);
	say(w, what);
	return -1;
}

static int keep_looking(struct wait *w)
{
	uint64_t end = w->begin + w->c->timeout * SECOND, now;
	_cleanup_free_ char *text = NULL;
	int r;

	for (;;) {
		r = look(w, end);
		now = clock_usec(CLOCK_BOOTTIME);
		if (r >= 0 || now >= end)
			break;
		if (!w->c->bus)
			pause_usec(min_of(w->c->host ? RETRY_HOST_USEC : RETRY_USEC, end - now));
		else if (w->listening)
			wait_for_event(w, end);
		else
			subscribe(w); /* and look again, for what has happened before */
	}
	if (r >= 0)
		return r;
	text = w->c->timeout ?
		str_format("timed out after %u s, waiting for %s", w->c->timeout, w->last) :
		str_format("not yet: this needs %s", w->last);
	return ctl_fail(w->c, EXIT_TIMEOUT, SD_BUS_ERROR_TIMEOUT, text);
}

int verb_wait_online(struct ctl *c)
{
	struct wait w = {
		.c = c, .begin = clock_usec(CLOCK_BOOTTIME),
		.wanted = mem_new((c->n_names + 1) * sizeof(*w.wanted)),
	};
	int r = EXIT_DONE;

	for (unsigned n = 0; n < c->n_names && !r; n++)
		r = read_wanted(c, c->names[n], &w.wanted[n]);
	if (!r)
		r = keep_looking(&w);
	for (unsigned n = 0; n < c->n_names; n++)
		free(w.wanted[n].name);
	free(w.wanted);
	free(w.last);
	return r;
}
