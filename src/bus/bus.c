// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The connection.
 *
 * The network must come up before the bus does, and must not go down with it.
 * So the daemon watches for the bus's socket, connects when it is there, and
 * begins anew some time after the connection was lost or the name was
 * refused; nothing else in the daemon knows whether there is a bus.
 *
 * What must stay true: nothing here waits for the bus.
 */
#include "bus/internal.h"
#include "util/log.h"

#define SYSTEM_BUS "unix:path=/run/dbus/system_bus_socket"
/* Between two connections: 250 ms, doubling up to 32 s. */
#define RETRY_USEC UINT64_C(250000)
#define RETRY_SHIFT_MAX 7

static void connect_later(struct bus *b)
{
	uint64_t delay = RETRY_USEC << min_of(b->attempts, (unsigned)RETRY_SHIFT_MAX);

	b->attempts++;
	if (sd_event_source_set_time_relative(b->reconnect, delay) < 0 ||
	    sd_event_source_set_enabled(b->reconnect, SD_EVENT_ONESHOT) < 0)
		log_error("cannot set a timer");
}

/* A bus that will not have us is told once, not with every attempt. */
static void warn_once(struct bus *b, const char *what, const char *why)
{
	if (!b->warned)
		log_warning("D-Bus: %s: %s; trying again", what, why);
	b->warned = true;
}

static int on_disconnected(sd_bus_message *m _unused_, void *data, sd_bus_error *error _unused_)
{
	struct bus *b = data;

	if (b->named)
		log_notice("D-Bus: the connection is lost; going on without it");
	publish_end(b);
	connect_later(b);
	return 0;
}

static int on_name(sd_bus_message *m, void *data, sd_bus_error *error _unused_)
{
	const sd_bus_error *refused = sd_bus_message_get_error(m);
	struct bus *b = data;
	uint32_t how = 0;

	if (!refused && sd_bus_message_read(m, "u", &how) >= 0 && how == 1) {
		log_info("D-Bus: here as %s", BUS_NAME);
		b->attempts = 0;
		b->warned = false;
		publish_begin(b);
		units_look(b);
		return 0;
	}
	warn_once(b, "the name " BUS_NAME " is refused",
		  refused ? refused->message : "another process has it");
	connect_later(b);
	return 0;
}

static int open_bus(struct bus *b)
{
	const char *address = secure_getenv("DBUS_SYSTEM_BUS_ADDRESS");
	int r = sd_bus_new(&b->bus);

	if (r >= 0)
		r = sd_bus_set_description(b->bus, "system");
	if (r >= 0)
		r = sd_bus_set_address(b->bus, address ? address : SYSTEM_BUS);
	if (r >= 0)
		r = sd_bus_set_bus_client(b->bus, true);
	if (r >= 0) /* also when the socket is not there yet */
		r = sd_bus_set_watch_bind(b->bus, true);
	if (r >= 0)
		r = sd_bus_start(b->bus);
	return r;
}

static int connect_bus(struct bus *b)
{
	int r = open_bus(b);

	if (r >= 0)
		r = guard_begin(b);
	if (r >= 0)
		r = manager_add(b);
	if (r >= 0)
		r = objects_add(b);
	if (r >= 0)
		r = sd_bus_match_signal_async(b->bus, NULL, "org.freedesktop.DBus.Local",
					      "/org/freedesktop/DBus/Local",
					      "org.freedesktop.DBus.Local", "Disconnected",
					      on_disconnected, NULL, b);
	if (r >= 0)
		r = sd_bus_request_name_async(b->bus, NULL, BUS_NAME, 0, on_name, b);
	if (r >= 0)
		r = sd_bus_attach_event(b->bus, b->engine->event, SD_EVENT_PRIORITY_NORMAL);
	return r;
}

static void disconnect(struct bus *b)
{
	publish_end(b);
	units_disconnected(b);
	calls_drop(b);
	change_wait_cancel(b);
	statistics_drop(b);
	fdb_drop(b);
	actions_drop(b);
	captures_drop(b);
	guard_end();
	b->bus = sd_bus_close_unref(b->bus);
}

static int on_reconnect(sd_event_source *s _unused_, uint64_t usec _unused_, void *data)
{
	struct bus *b = data;
	int r;

	disconnect(b);
	r = connect_bus(b);
	if (r >= 0)
		return 0;
	warn_once(b, "cannot connect", strerror(-r));
	connect_later(b);
	return 0;
}

static int add_sources(struct bus *b)
{
	sd_event *event = b->engine->event;
	int r = sd_event_add_time(event, &b->reconnect, CLOCK_MONOTONIC, 0, 0, on_reconnect, b);

	if (r >= 0) /* at once, but not before the loop runs */
		r = sd_event_source_set_enabled(b->reconnect, SD_EVENT_ONESHOT);
	if (r >= 0)
		r = sd_event_add_defer(event, &b->flush, publish_flush, b);
	if (r >= 0)
		r = sd_event_source_set_enabled(b->flush, SD_EVENT_OFF);
	if (r >= 0)
		r = sd_event_add_time(event, &b->later, CLOCK_MONOTONIC, 0, 1000, publish_later, b);
	if (r >= 0)
		r = sd_event_source_set_enabled(b->later, SD_EVENT_OFF);
	if (r >= 0)
		r = sd_event_add_time(event, &b->units_later, CLOCK_MONOTONIC, 0, 0, units_on_time,
				      b);
	if (r >= 0)
		r = sd_event_source_set_enabled(b->units_later, SD_EVENT_OFF);
	/* After the engine, which comes after the kernel's news. */
	if (r >= 0)
		r = sd_event_source_set_priority(b->flush, SD_EVENT_PRIORITY_NORMAL + 20);
	return r;
}

int bus_new(struct engine *e, const char *state_dir, struct bus **ret)
{
	_cleanup_free_ char *units = str_format("%s/units.state", state_dir);
	struct bus *b = new0(struct bus);
	int r;

	b->engine = e;
	units_load(b, units);
	objects_new(b);
	r = add_sources(b);
	if (r >= 0)
		r = toll_new(b);
	if (r < 0) {
		bus_free(b);
		return r;
	}
	e->on_told = publish_told;
	e->on_changed = publish_changed;
	e->on_event = publish_event;
	e->on_turned = publish_turned;
	e->on_changed_data = b;
	*ret = b;
	return 0;
}

struct bus *bus_free(struct bus *b)
{
	if (!b)
		return NULL;
	b->engine->on_told = b->engine->on_turned = NULL;
	b->engine->on_changed = NULL;
	b->engine->on_event = NULL;
	disconnect(b);
	sd_event_source_disable_unref(b->reconnect);
	sd_event_source_disable_unref(b->flush);
	sd_event_source_disable_unref(b->later);
	sd_event_source_disable_unref(b->units_later);
	toll_free(b);
	units_free(b);
	objects_free(b);
	free(b);
	return NULL;
}
