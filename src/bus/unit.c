// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Units on link state: the units that an interface names run while it has
 * carrier, and are stopped when it has not, through the service manager's own
 * interface.
 *
 * This looks at states, not at events. Whenever the engine is done, each unit
 * has to run or has not; what was asked of the manager last is compared, and
 * at most one request of a unit is under way. So after a restart, or when the
 * bus comes back, everything is asked again, which changes nothing for a unit
 * that is as it has to be. Two interfaces may name the same unit: it runs while
 * either has carrier.
 *
 *  - A carrier that is lost for less than a second is not lost.
 *  - While a change is under way nothing is asked: it may be undone.
 *  - While an interface is held its units are left as they are.
 *  - The daemon's end stops nothing. What it had started is on disk, so that one
 *    that starts with less in its configuration stops the rest.
 *  - A unit that ends by itself, or that others stop, is the manager's business,
 *    until carrier comes the next time.
 *
 * What must stay true: nothing waits for the manager, and no unit is started or
 * stopped but one that a configuration of this daemon's has named.
 */
#include <stdio.h>
#include <unistd.h>

#include "bus/internal.h"
#include "util/log.h"

/* UNIT_NAME_MAX of systemd (src/basic/unit-name.h), with the byte that ends it */
#define UNIT_NAME_SIZE 256

#define MANAGER                                                                                    \
	"org.freedesktop.systemd1", "/org/freedesktop/systemd1", "org.freedesktop.systemd1.Manager"
/* Autonegotiation begun anew takes a few seconds; a bounce of ours, or of a bad contact, less. */
#define LOSS_USEC UINT64_C(1000000)
/* Between attempts at what the manager refused. */
#define AGAIN_USEC UINT64_C(60000000)

enum asked { ASKED_NOTHING, ASKED_START, ASKED_STOP };

struct service_unit {
	struct bus *bus;
	char name[UNIT_NAME_SIZE];
	char iface[IFNAMSIZ]; /* one that names it and has carrier, for the log; "": none */
	bool named, wanted, held;
	bool ours; /* started by us, now or before a restart */
	enum asked asked;
	uint64_t lost;	/* when the carrier was found gone; 0: it was not */
	uint64_t again; /* not before; 0: any time */
	char *job;	/* that is under way; NULL: none */
	char *why;	/* what went wrong last; NULL: nothing */
	sd_bus_slot *call;
	bool matched; /* the bus sends on the ends of its jobs */
	struct service_unit *next;
};

static const struct feature *units_feature(void)
{
	return feature_find("units");
}

/* The first row is the name. */
static const char *entry_name(const struct list *l, unsigned n)
{
	return row_value(&units_feature()->rows[0], l->items[n]);
}

static struct service_unit *unit_find(const struct bus *b, const char *name)
{
	struct service_unit *u = b->units;

	while (u && strcmp(u->name, name))
		u = u->next;
	return u;
}

static struct service_unit *unit_get(struct bus *b, const char *name)
{
	struct service_unit *u = unit_find(b, name);

	if (u)
		return u;
	u = new0(struct service_unit);
	u->bus = b;
	memcpy(u->name, name, strnlen(name, sizeof(u->name) - 1));
	u->next = b->units;
	b->units = u;
	return u;
}

static void unit_forget_requests(struct service_unit *u)
{
	u->call = sd_bus_slot_unref(u->call);
	u->matched = false;
	free(TAKE_PTR(u->job));
	u->asked = ASKED_NOTHING;
	u->again = 0;
}

static struct service_unit *unit_free(struct service_unit *u)
{
	unit_forget_requests(u);
	free(u->why);
	free(u);
	return NULL;
}

/* --- what is on disk: the names of those that we started, a line each */

static void save(const struct bus *b)
{
	_cleanup_free_ char *fresh = str_format("%s.new", b->units_path);
	FILE *out = fopen(fresh, "we");
	bool ok = out;

	for (const struct service_unit *u = b->units; out && u; u = u->next)
		if (u->ours)
			fprintf(out, "%s\n", u->name);
	if (out)
		ok = fclose(out) == 0 && rename(fresh, b->units_path) == 0;
	if (!ok)
		log_warning("%s: %s", b->units_path, strerror(errno));
}

static void set_ours(struct service_unit *u, bool ours)
{
	if (u->ours == ours)
		return;
	u->ours = ours;
	save(u->bus);
}

void units_load(struct bus *b, const char *path)
{
	char line[UNIT_NAME_SIZE + 1];
	FILE *in;

	b->units_path = str_dup(path);
	in = fopen(path, "re");
	while (in && fgets(line, sizeof(line), in)) {
		line[strcspn(line, "\n")] = 0;
		if (*line)
			unit_get(b, line)->ours = true;
	}
	if (in)
		fclose(in);
}

/* --- requests */

static void complain(struct service_unit *u, const char *text)
{
	free(u->why);
	u->why = str_format("%s: %s", u->name, text);
	log_event(LOG_WARNING, LOG_EVENT_UNIT, *u->iface ? u->iface : NULL, 0, "%s%s%s", u->iface,
		  *u->iface ? ": " : "", u->why);
}

static uint64_t now_usec(const struct bus *b)
{
	uint64_t now = 0;

	(void)sd_event_now(b->engine->event, CLOCK_MONOTONIC, &now);
	return now;
}

static void failed(struct service_unit *u, const char *text)
{
	complain(u, text);
	/* It may be installed or allowed meanwhile; it is no reason to wake up often. */
	u->asked = ASKED_NOTHING;
	u->again = now_usec(u->bus) + AGAIN_USEC;
}

static void job_ended(struct service_unit *u, const char *result)
{
	free(TAKE_PTR(u->job));
	/* It is not tried again: how often a service is, its own file says. */
	if (!strcmp(result, "done") || !strcmp(result, "skipped") || !strcmp(result, "canceled"))
		free(TAKE_PTR(u->why));
	else
		complain(u, !strcmp(result, "dependency") ?
				    "something that it depends on could not be started" :
			    !strcmp(result, "timeout") ? "could not be started in time" :
							 "could not be started");
	units_look(u->bus);
}

/* Any message; of those that are JobRemoved, which has uoss, only those of our jobs matter. */
static int on_message(sd_bus_message *m, void *data, sd_bus_error *error _unused_)
{
	const char *job = NULL, *unit = NULL, *result = NULL,
		   *sender = sd_bus_message_get_sender(m);
	struct bus *b = data;
	struct service_unit *u;
	uint32_t id;

	if (!sd_bus_message_is_signal(m, "org.freedesktop.systemd1.Manager", "JobRemoved") ||
	    !sender || !b->service_manager || strcmp(sender, b->service_manager) ||
	    sd_bus_message_read(m, "uoss", &id, &job, &unit, &result) < 0)
		return 0;
	u = unit_find(b, unit);
	if (u && u->job && !strcmp(u->job, job))
		job_ended(u, result);
	return 0;
}

static void note_job(struct service_unit *u, const char *job, const char *sender)
{
	free(u->job);
	u->job = str_dup(job);
	free(u->bus->service_manager);
	u->bus->service_manager = str_dup(sender);
}

static int on_answer(sd_bus_message *m, void *data, sd_bus_error *error _unused_)
{
	const sd_bus_error *e = sd_bus_message_get_error(m);
	struct service_unit *u = data;
	const char *job = NULL;

	u->call = sd_bus_slot_unref(u->call);
	/* What is not even loaded does not run: it has ended by itself. */
	if (e && u->asked == ASKED_STOP &&
	    sd_bus_error_has_name(e, "org.freedesktop.systemd1.NoSuchUnit")) {
		free(TAKE_PTR(u->why));
		set_ours(u, false);
	}
	else if (e)
		failed(u, e->message ? e->message : e->name);
	else if (sd_bus_message_read(m, "o", &job) >= 0)
		note_job(u, job, sd_bus_message_get_sender(m));
	if (!e && u->asked == ASKED_STOP)
		set_ours(u, false);
	units_look(u->bus);
	return 1;
}

/*
 * The bus can be told which jobs' ends to send on; sd-bus cannot match what follows an argument
 * that is no string (bus_message_get_arg_skip()), so its own matches are of no use here.
 */
static int match(struct service_unit *u, const char *method)
{
	_cleanup_free_ char *rule = NULL;

	rule = str_format("type='signal',sender='org.freedesktop.systemd1',"
			  "path='/org/freedesktop/systemd1',"
			  "interface='org.freedesktop.systemd1.Manager',"
			  "member='JobRemoved',arg2='%s'", u->name);
	return sd_bus_call_method_async(u->bus->bus, NULL, "org.freedesktop.DBus",
					"/org/freedesktop/DBus", "org.freedesktop.DBus", method,
					NULL, NULL, "s", rule);
}

/* Without a subscriber the manager tells of no job. */
static int subscribe(struct bus *b)
{
	int r;

	if (b->job_filter)
		return 0;
	r = sd_bus_add_filter(b->bus, &b->job_filter, on_message, b);
	if (r < 0)
		return r;
	return sd_bus_call_method_async(b->bus, NULL, MANAGER, "Subscribe", NULL, NULL, "");
}

static int listen_for_job(struct service_unit *u)
{
	int r = subscribe(u->bus);

	if (r < 0 || u->matched)
		return r;
	u->matched = true;
	return match(u, "AddMatch");
}

static void ask(struct service_unit *u, enum asked what)
{
	int r = listen_for_job(u);

	if (r >= 0)
		r = sd_bus_call_method_async(u->bus->bus, &u->call, MANAGER,
					     what == ASKED_START ? "StartUnit" : "StopUnit",
					     on_answer, u, "ss", u->name, "replace");
	u->asked = what;
	u->lost = 0;
	u->again = 0;
	if (r < 0) {
		failed(u, strerror(-r));
		return;
	}
	if (what == ASKED_START) {
		log_info("%s: has carrier: starting %s", u->iface, u->name);
		set_ours(u, true);
	} else if (u->ours) {
		log_info("%s: stopping", u->name);
	}
}

/* --- what has to run */

static bool has_carrier(const struct engine *e, const char *link)
{
	const struct iface *have = model_find(e->mirror->seen, link);

	return have && iface_link(have) && iface_link(have)->up && iface_link(have)->carrier;
}

static void name_units(struct bus *b, const struct iface *i, const struct list *l)
{
	bool carrier = has_carrier(b->engine, i->name);

	for (unsigned n = 0; n < l->n; n++) {
		struct service_unit *u = unit_get(b, entry_name(l, n));

		u->named = true;
		u->held |= i->state == STATE_HELD;
		if (!carrier)
			continue;
		u->wanted = true;
		snprintf(u->iface, sizeof(u->iface), "%s", i->name);
	}
}

/* Return: whether a unit may be stopped now; else *due says when. */
static bool is_lost(struct service_unit *u, uint64_t now, uint64_t *due)
{
	if (u->asked != ASKED_START || !u->named)
		return true;
	if (!u->lost)
		u->lost = now;
	if (now >= u->lost + LOSS_USEC)
		return true;
	*due = min_of(*due, u->lost + LOSS_USEC);
	return false;
}

static void look_at(struct service_unit *u, uint64_t now, uint64_t *due)
{
	enum asked what = u->wanted ? ASKED_START : ASKED_STOP;

	if (u->wanted)
		u->lost = 0;
	/* A job that is not done yet is replaced. */
	if (u->call || u->asked == what || (u->held && u->named))
		return;
	if (u->again > now) {
		*due = min_of(*due, u->again);
		return;
	}
	if (what == ASKED_START || is_lost(u, now, due))
		ask(u, what);
}

static void forget_unnamed(struct bus *b)
{
	struct service_unit **p = &b->units;

	while (*p) {
		struct service_unit *u = *p;

		if (u->named || u->ours || u->call || u->job) {
			p = &u->next;
			continue;
		}
		*p = u->next;
		if (u->matched)
			(void)match(u, "RemoveMatch");
		unit_free(u);
	}
}

void units_look(struct bus *b)
{
	const struct feature *f = units_feature();
	const struct engine *e = b->engine;
	uint64_t now = now_usec(b), due = UINT64_MAX;

	if (!b->named || !e->current || engine_is_busy(e))
		return;
	for (struct service_unit *u = b->units; u; u = u->next) {
		u->named = u->wanted = u->held = false;
		*u->iface = 0;
	}
	MODEL_FOREACH(e->current->want, i)
		if (iface_list(i, f))
			name_units(b, i, iface_list(i, f));
	for (struct service_unit *u = b->units; u; u = u->next)
		look_at(u, now, &due);
	forget_unnamed(b);
	if (due == UINT64_MAX)
		(void)sd_event_source_set_enabled(b->units_later, SD_EVENT_OFF);
	else if (sd_event_source_set_time(b->units_later, due) < 0 ||
		 sd_event_source_set_enabled(b->units_later, SD_EVENT_ONESHOT) < 0)
		log_error("cannot set a timer");
}

int units_on_time(sd_event_source *s _unused_, uint64_t usec _unused_, void *bus)
{
	units_look(bus);
	return 0;
}

void units_disconnected(struct bus *b)
{
	b->job_filter = sd_bus_slot_unref(b->job_filter);
	free(TAKE_PTR(b->service_manager));
	for (struct service_unit *u = b->units; u; u = u->next)
		unit_forget_requests(u);
}

void units_free(struct bus *b)
{
	while (b->units) {
		struct service_unit *u = b->units;

		b->units = u->next;
		unit_free(u);
	}
	free(b->units_path);
}

/* --- shown */

static const char *state_of(const struct service_unit *u)
{
	if (!u)
		return "unknown";
	if (u->why)
		return "failed";
	if (u->asked == ASKED_START)
		return u->call || u->job ? "starting" : "started";
	if (u->asked == ASKED_STOP)
		return u->call || u->job ? "stopping" : "stopped";
	return "unknown";
}

void units_describe(const struct bus *b, const char *link, json_t *j)
{
	const struct iface *i = b->engine->current ?
				model_find(b->engine->current->want, link) : NULL;
	const struct list *l = iface_list(i, units_feature());
	json_t *all, *state = json_object_get(j, "state");

	if (!l || !l->n)
		return;
	all = json_array();
	for (unsigned n = 0; n < l->n; n++) {
		const char *name = entry_name(l, n);
		const struct service_unit *u = unit_find(b, name);
		json_t *one = json_pack("{s:s, s:s}", "unit", name, "state", state_of(u));

		json_array_append_new(all, one);
		if (!u || !u->why)
			continue;
		json_object_set_new(one, "reason", json_string(u->why));
		if (!json_object_get(state, "reason"))
			json_object_set_new(state, "reason", json_string(u->why));
	}
	json_object_set_new(state, "units", all);
}
