// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Notices that a caller has left the bus.
 *
 * (sd_bus_track would ask the bus synchronously whether the name is there, and a
 * bus that hangs must not stop the daemon.)
 *
 * What must stay true: it is told once, also of who had left before anybody
 * was told to tell.
 */
#include "bus/internal.h"

struct watch {
	struct bus *bus;
	char *who; /* unique name */
	void (*left)(void *data);
	void *data;
	sd_bus_slot *match, *question;
};

struct watch *watch_free(struct watch *w)
{
	if (!w)
		return NULL;
	sd_bus_slot_unref(w->match);
	sd_bus_slot_unref(w->question);
	free(w->who);
	free(w);
	return NULL;
}

/* left() frees the watch. */
static void tell(struct watch *w)
{
	w->left(w->data);
}

/* A unique name has one owner for ever: it changes when that goes. */
static int on_left(sd_bus_message *m _unused_, void *data, sd_bus_error *error _unused_)
{
	tell(data);
	return 0;
}

static int on_there(sd_bus_message *m, void *data, sd_bus_error *error _unused_)
{
	struct watch *w = data;
	int there = 0;

	w->question = sd_bus_slot_unref(w->question);
	if (sd_bus_message_is_method_error(m, NULL) || sd_bus_message_read(m, "b", &there) < 0 ||
	    !there)
		tell(w);
	return 0;
}

static int on_watched(sd_bus_message *m, void *data, sd_bus_error *error _unused_)
{
	struct watch *w = data;

	if (sd_bus_message_is_method_error(m, NULL) ||
	    sd_bus_call_method_async(w->bus->bus, &w->question, "org.freedesktop.DBus",
				     "/org/freedesktop/DBus", "org.freedesktop.DBus",
				     "NameHasOwner", on_there, w, "s", w->who) < 0)
		tell(w);
	return 1;
}

struct watch *watch_new(struct bus *b, const char *who, void (*left)(void *data), void *data)
{
	_cleanup_free_ char *rule = str_format(
		"type='signal',sender='org.freedesktop.DBus',path='/org/freedesktop/DBus',"
		"interface='org.freedesktop.DBus',member='NameOwnerChanged',arg0='%s'", who);
	struct watch *w = new0(struct watch);

	*w = (struct watch){ .bus = b, .who = str_dup(who), .left = left, .data = data };
	if (sd_bus_add_match_async(b->bus, &w->match, rule, on_left, on_watched, w) < 0)
		return watch_free(w);
	return w;
}
