// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * netctl monitor: what happens, as it happens.
 *
 * The daemon may be restarted while somebody watches: that is an event like
 * others, and the watching goes on. It ends when the bus goes, or when nobody
 * reads what is printed any longer.
 */
#include <errno.h>
#include <signal.h>

#include "ctl/ctl.h"
#include "util/clock.h"
#include "util/text.h"

#define LINKS "/org/netctl1/link"

struct watch {
	struct ctl *c;
	int status; /* -1: goes on */
};

static bool is_watched(const struct watch *w, const char *name)
{
	const struct ctl *c = w->c;

	for (unsigned n = 0; n < c->n_names; n++)
		if (name && !strcmp(c->names[n], name))
			return true;
	return !c->n_names;
}

static void print_time(const struct ctl *c, uint64_t usec)
{
	_cleanup_free_ char *text = date_text(usec / 1000000, "%T");

	printf("%s%s.%03d%s ", colour_on(c, COLOUR_DIM), text, (int)(usec / 1000 % 1000),
	       colour_off(c, COLOUR_DIM));
}

/* A list's entries by what comes first in them: the address, the destination. */
static char *short_text(const json_t *v)
{
	char *text = NULL;
	const json_t *entry;
	size_t size, n;
	FILE *out;

	if (!json_is_object(json_array_get(v, 0)))
		return value_text(v);
	out = open_memstream(&text, &size);
	json_array_foreach(v, n, entry) {
		void *first = json_object_iter((json_t *)entry);
		_cleanup_free_ char *s = first ? value_text(json_object_iter_value(first)) : NULL;

		fprintf(out, "%s%s", n ? ", " : "", s ? s : "");
	}
	fclose(out);
	return text;
}

/* Of one that is not there, what it no longer has tells nothing. */
static json_t *told_of(json_t *changes)
{
	static const char *const keys[] = { "state.management", "state.reason" };
	const json_t *index = json_object_get(changes, "state.ifindex");
	json_t *told;

	if (!json_is_integer(index) || json_integer_value(index))
		return json_incref(changes);
	told = json_object();
	for (unsigned n = 0; n < ARRAY_SIZE(keys); n++)
		if (json_object_get(changes, keys[n]))
			json_object_set(told, keys[n], json_object_get(changes, keys[n]));
	return told;
}

static void print_event(const struct ctl *c, const char *event, const char *name, json_t *changes)
{
	json_auto_t *told = told_of(changes);
	const char *key, *sep = ": ";
	json_t *v;

	printf("%s%s%s", colour_on(c, COLOUR_BOLD), name ? name : "netctld",
	       colour_off(c, COLOUR_BOLD));
	if (strcmp(event, "changed") && strcmp(event, "daemon")) {
		printf("%s%s", sep, event);
		sep = ", ";
	}
	json_object_foreach(told, key, v) {
		_cleanup_free_ char *text = short_text(v);
		const struct mark *m =
			strcmp(key, "state.management") ? NULL : mark_of(json_string_value(v));

		printf("%s%s %s%s%s", sep, key, m ? colour_on(c, m->colour) : "", text,
		       m ? colour_off(c, m->colour) : "");
		sep = ", ";
	}
	putchar('\n');
}

/* One line; @changes by key, taken over. @name NULL: of the daemon. */
static void tell(struct watch *w, const char *event, const char *name, json_t *changes)
{
	struct ctl *c = w->c;
	uint64_t now = clock_usec(CLOCK_REALTIME);
	json_t *j;
	int r;

	if (c->json == JSON_MODE_OFF) {
		print_time(c, now);
		print_event(c, event, name, changes);
	} else {
		j = json_pack("{s:i, s:I, s:s}", "version", 1, "time_usec",
			      (json_int_t)now, "event", event);
		if (name)
			json_object_set_new(j, "interface", json_string(name));
		json_object_set(j, "changes", changes);
		json_dumpf(j, stdout, JSON_COMPACT | JSON_DIGITS);
		putchar('\n');
		json_decref(j);
	}
	json_decref(changes);
	r = output_flush();
	if (r < 0)
		w->status = r == -EPIPE ? EXIT_DONE : EXIT_FAILED;
}

/* {sv}s of one interface, by key. */
static json_t *read_changes(sd_bus_message *m, const char *interface)
{
	json_auto_t *values = signal_json(m);
	json_t *changes = json_object(), *v;
	const char *property;

	json_object_foreach(values, property, v) {
		_cleanup_free_ char *key = signal_key(interface, property);

		json_object_set(changes, key, v);
	}
	return changes;
}

static char *link_of(const char *path)
{
	char *name = NULL;

	return path && sd_bus_path_decode(path, LINKS, &name) > 0 ? name : NULL;
}

static int on_properties(sd_bus_message *m, void *data, sd_bus_error *error _unused_)
{
	_cleanup_free_ char *name = link_of(sd_bus_message_get_path(m));
	struct watch *w = data;
	const char *interface;

	if (sd_bus_message_read(m, "s", &interface) < 0 || (name ? !is_watched(w, name) :
								  w->c->n_names > 0))
		return 0;
	tell(w, name ? "changed" : "daemon", name, read_changes(m, interface));
	return 0;
}

static int on_interfaces(sd_bus_message *m, void *data, sd_bus_error *error _unused_)
{
	bool added = sd_bus_message_is_signal(m, NULL, "InterfacesAdded");
	_cleanup_free_ char *name = NULL;
	json_auto_t *what = NULL;
	struct watch *w = data;
	const char *path, *interface;
	bool whole = false;
	json_t *v;
	size_t n;

	if (sd_bus_message_read(m, "o", &path) < 0)
		return 0;
	name = link_of(path);
	what = signal_json(m);
	if (!name || !is_watched(w, name))
		return 0;
	json_object_foreach(what, interface, v)
		whole |= !strcmp(interface, "org.netctl1.Link");
	json_array_foreach(what, n, v)
		whole |= !strcmp(json_string_value(v), "org.netctl1.Link");
	if (whole) /* not only a group of its settings */
		tell(w, added ? "added" : "removed", name, json_object());
	return 0;
}

/* Who did it is told only where it is known. */
static json_t *drift_json(const char *key, const char *old, const char *new, uint32_t port,
			  const char *process)
{
	json_t *j = json_pack("{s:s, s:s, s:s}", "key", key, "old", old, "new", new);

	if (port)
		json_object_set_new(j, "port", json_integer(port));
	if (*process)
		json_object_set_new(j, "process", json_string(process));
	return j;
}

static int on_event(sd_bus_message *m, void *data, sd_bus_error *error _unused_)
{
	const char *event, *name, *text;
	struct watch *w = data;

	if (sd_bus_message_read(m, "sss", &event, &name, &text) < 0 || !is_watched(w, name))
		return 0;
	tell(w, event, name, signal_json(m));
	return 0;
}

static int on_manager(sd_bus_message *m, void *data, sd_bus_error *error _unused_)
{
	const char *name, *key, *old, *new, *process;
	struct watch *w = data;
	uint64_t number;
	uint32_t port;

	if (sd_bus_message_is_signal(m, NULL, "DriftDetected")) {
		if (sd_bus_message_read(m, "ssssus", &name, &key, &old, &new, &port,
					&process) >= 0 &&
		    is_watched(w, name))
			tell(w, "drift", name, drift_json(key, old, new, port, process));
	} else if (sd_bus_message_is_signal(m, NULL, "Applied") && !w->c->n_names) {
		if (sd_bus_message_read(m, "t", &number) >= 0)
			tell(w, "applied", NULL,
			     json_pack("{s:I}", "generation", (json_int_t)number));
	}
	return 0;
}

static int on_owner(sd_bus_message *m, void *data, sd_bus_error *error _unused_)
{
	const char *name, *old, *new;

	if (sd_bus_message_read(m, "sss", &name, &old, &new) >= 0)
		tell(data, *new ? "started" : "ended", NULL, json_object());
	return 0;
}

static int subscribe(struct watch *w)
{
	static const struct {
		const char *sender, *path, *interface, *member;
		sd_bus_message_handler_t handler;
		const char *more;
	} matches[] = {
		{ "org.netctl1", "path_namespace='/org/netctl1'", "org.freedesktop.DBus.Properties",
		  "PropertiesChanged", on_properties, "" },
		{ "org.netctl1", "path='/org/netctl1'", "org.freedesktop.DBus.ObjectManager",
		  "InterfacesAdded", on_interfaces, "" },
		{ "org.netctl1", "path='/org/netctl1'", "org.freedesktop.DBus.ObjectManager",
		  "InterfacesRemoved", on_interfaces, "" },
		{ "org.netctl1", "path='/org/netctl1'", "org.netctl1.Manager", "Applied",
		  on_manager, "" },
		{ "org.netctl1", "path='/org/netctl1'", "org.netctl1.Manager", "DriftDetected",
		  on_manager, "" },
		{ "org.netctl1", "path='/org/netctl1'", "org.netctl1.Manager", "Event", on_event,
		  "" },
		{ "org.freedesktop.DBus", "path='/org/freedesktop/DBus'", "org.freedesktop.DBus",
		  "NameOwnerChanged", on_owner, ",arg0='org.netctl1'" },
	};
	int r = 0;

	for (unsigned n = 0; r >= 0 && n < ARRAY_SIZE(matches); n++) {
		_cleanup_free_ char *rule = str_format(
			"type='signal',sender='%s',%s,interface='%s',member='%s'%s",
			matches[n].sender, matches[n].path, matches[n].interface, matches[n].member,
			matches[n].more);

		r = sd_bus_add_match(w->c->bus, NULL, rule, matches[n].handler, w);
	}
	return r;
}

int verb_monitor(struct ctl *c)
{
	struct watch w = { .c = c, .status = -1 };
	int r = ctl_call(c, "ListLinks", NULL, NULL); /* is there a daemon? */

	if (r)
		return r;
	signal(SIGPIPE, SIG_IGN);
	r = subscribe(&w);
	while (r >= 0 && w.status < 0) {
		r = sd_bus_process(c->bus, NULL);
		if (r == 0)
			r = sd_bus_wait(c->bus, UINT64_MAX);
	}
	if (w.status >= 0)
		return w.status;
	return ctl_fail(c, EXIT_NO_DAEMON, SD_BUS_ERROR_DISCONNECTED,
			"the connection to the bus was lost");
}
