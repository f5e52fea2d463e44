// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Who may call, and when a call is carried out.
 *
 * Root and the daemon's own user may do everything; whether others may is
 * asked of polkit, by the caller's unique name, which cannot be reused as a
 * process number can. Both questions are asked asynchronously, and the call
 * waits for the answers here. (sd_bus_query_sender_privilege() would ask the
 * bus synchronously, and a bus that hangs must not stop the daemon.) Without
 * polkit on the system the answer is no.
 *
 * A call that needs the engine idle then waits until it is, so that nobody
 * is refused only because a cable was plugged in at the same moment. Two who
 * want to change something at the same time are another matter: the second
 * is told so.
 *
 * What must stay true: each call is answered exactly once.
 */
#include <stdarg.h>
#include <stdio.h>
#include <systemd/sd-login.h>

#include "bus/internal.h"

/* Calls that wait at the same time; there may be a user who means ill. */
#define CALLS_MAX 256
/* Of an error; a thousand lines about a configuration are less. */
#define ERROR_BYTES_MAX (128 * 1024)

struct call {
	struct bus *bus;
	sd_bus_message *m;
	const char *action;
	call_fn run;
	enum call_when when;
	int64_t uid; /* of the caller; -1: nobody asked for it */
	char *unit;  /* of the caller, for the history; NULL: unknown */
	uint64_t reads; /* CALL_READ */
	bool waits, reading;
	sd_bus_slot *question;
	struct call *next;
};

static struct call *call_free(struct call *c)
{
	sd_bus_slot_unref(c->question);
	sd_bus_message_unref(c->m);
	free(c->unit);
	free(c);
	return NULL;
}

static void call_end(struct call *c)
{
	struct call **p = &c->bus->calls;

	while (*p != c)
		p = &(*p)->next;
	*p = c->next;
	call_free(c);
}

int call_fail(sd_bus_message *m, const char *name, const char *fmt, ...)
{
	_cleanup_free_ char *full = str_format(BUS_ERROR "%s", name), *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	text = str_vformat(fmt, ap);
	va_end(ap);
	/* With names of a megabyte, which a client may ask for, the loop would stand still. */
	if (strlen(text) > ERROR_BYTES_MAX)
		text[ERROR_BYTES_MAX] = 0;
	return sd_bus_reply_method_errorf(m, full, "%s", text_utf8(text));
}

int call_too_many(sd_bus_message *m)
{
	return sd_bus_reply_method_errorf(m, SD_BUS_ERROR_LIMITS_EXCEEDED,
					  "an array has more entries than are looked at");
}

static bool is_idle(const struct engine *e)
{
	return e->mirror->synced && !e->mirror->filling && !e->plan && !e->passes;
}

static bool is_stored(const struct engine *e)
{
	return e->mirror->synced && (!e->writer || writer_is_idle(e->writer));
}

static bool is_read(struct call *c)
{
	struct engine *e = c->bus->engine;

	c->reading = is_idle(e) && !engine_read(e, c->reads);
	return !c->reading;
}

static bool is_time(struct call *c)
{
	const struct engine *e = c->bus->engine;

	if (c->when == CALL_KNOWN)
		return e->mirror->synced;
	if (c->when == CALL_ALL)
		return engine_read(c->bus->engine, UINT64_MAX);
	if (c->when == CALL_READ)
		return c->reading ? !e->mirror->filling : is_read(c);
	return is_stored(e) && (c->when == CALL_STORED || is_idle(e));
}

static void carry_out(struct call *c)
{
	int r;

	c->bus->uid = c->uid;
	c->bus->unit = c->unit;
	r = c->run(c->bus, c->m);
	c->bus->unit = NULL;

	if (r == -ENXIO || r == -EBADMSG) /* what sd_bus_message_read() says of another type */
		(void)sd_bus_reply_method_errorf(c->m, SD_BUS_ERROR_INVALID_ARGS,
						 "an argument or an option is of another type");
	else if (r == -E2BIG)
		(void)call_too_many(c->m);
	else if (r < 0)
		(void)sd_bus_reply_method_errno(c->m, r, NULL);
	call_end(c);
}

static void allowed(struct call *c)
{
	c->waits = !is_time(c);
	if (!c->waits)
		carry_out(c);
}

static void denied(struct call *c, const char *error, const char *why)
{
	(void)sd_bus_reply_method_errorf(c->m, error, "%s: %s", c->action, why);
	call_end(c);
}

void calls_retry(struct bus *b)
{
	for (struct call *c = b->calls, *next; c; c = next) {
		next = c->next;
		if (c->waits && is_time(c))
			carry_out(c);
	}
}

void calls_drop(struct bus *b)
{
	while (b->calls)
		call_end(b->calls);
}

/* (bba{ss}): authorised, would be after a password, details. */
static int on_polkit(sd_bus_message *m, void *data, sd_bus_error *error _unused_)
{
	struct call *c = data;
	int yes = 0, challenge = 0;

	c->question = sd_bus_slot_unref(c->question);
	if (sd_bus_message_is_method_error(m, NULL))
		denied(c, SD_BUS_ERROR_ACCESS_DENIED,
		       "only root may, as there is no polkit that could allow it to others");
	else if (sd_bus_message_enter_container(m, 'r', "bba{ss}") < 0 ||
		 sd_bus_message_read(m, "bb", &yes, &challenge) < 0)
		denied(c, SD_BUS_ERROR_ACCESS_DENIED, "polkit's answer makes no sense");
	else if (yes)
		allowed(c);
	else if (challenge)
		denied(c, SD_BUS_ERROR_INTERACTIVE_AUTHORIZATION_REQUIRED,
		       "needs a password, and nobody can be asked for it");
	else
		denied(c, SD_BUS_ERROR_ACCESS_DENIED, "polkit does not allow it");
	return 1;
}

static int ask_polkit(struct call *c)
{
	const uint32_t flags = sd_bus_message_get_allow_interactive_authorization(c->m) > 0;
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *q = NULL;
	sd_bus *bus = sd_bus_message_get_bus(c->m);
	int r = sd_bus_message_new_method_call(bus, &q, "org.freedesktop.PolicyKit1",
					       "/org/freedesktop/PolicyKit1/Authority",
					       "org.freedesktop.PolicyKit1.Authority",
					       "CheckAuthorization");

	if (r >= 0)
		r = sd_bus_message_append(q, "(sa{sv})sa{ss}us", "system-bus-name", 1, "name", "s",
					  sd_bus_message_get_sender(c->m), c->action, 0, flags, "");
	if (r >= 0) /* a person may be typing a password */
		r = sd_bus_call_async(bus, &c->question, q, on_polkit, c, UINT64_MAX);
	return r;
}

/* a{sv}, of which two matter. The process may be gone: its unit is only for people to read. */
static int read_credentials(struct call *c, sd_bus_message *m)
{
	const char *key;
	uint32_t v;
	int r = sd_bus_message_enter_container(m, 'a', "{sv}");

	while (r >= 0 && (r = sd_bus_message_enter_container(m, 'e', "sv")) > 0) {
		r = sd_bus_message_read(m, "s", &key);
		if (r >= 0 && strcmp(key, "UnixUserID") && strcmp(key, "ProcessID")) {
			r = sd_bus_message_skip(m, "v");
		} else if (r >= 0) {
			r = sd_bus_message_read(m, "v", "u", &v);
			if (r >= 0 && *key == 'U')
				c->uid = v;
			else if (r >= 0 && v && sd_pid_get_unit(v, &c->unit) < 0)
				c->unit = NULL;
		}
		if (r >= 0)
			r = sd_bus_message_exit_container(m);
	}
	return r < 0 ? r : c->uid < 0 ? -ENXIO : 0;
}

static int on_user(sd_bus_message *m, void *data, sd_bus_error *error _unused_)
{
	struct call *c = data;

	c->question = sd_bus_slot_unref(c->question);
	if (sd_bus_message_is_method_error(m, NULL) || read_credentials(c, m) < 0) {
		denied(c, SD_BUS_ERROR_ACCESS_DENIED, "the caller is not known");
		return 1;
	}
	if (c->uid == 0 || c->uid == (int64_t)geteuid())
		allowed(c);
	else if (ask_polkit(c) < 0)
		denied(c, SD_BUS_ERROR_ACCESS_DENIED, "polkit cannot be asked");
	return 1;
}

static int ask_user(struct call *c)
{
	return sd_bus_call_method_async(sd_bus_message_get_bus(c->m), &c->question,
					"org.freedesktop.DBus", "/org/freedesktop/DBus",
					"org.freedesktop.DBus", "GetConnectionCredentials", on_user, c,
					"s", sd_bus_message_get_sender(c->m));
}

static int begin(struct bus *b, sd_bus_message *m, const char *action, enum call_when when,
		 uint64_t reads, call_fn run)
{
	unsigned n = 0;
	struct call *c;

	for (c = b->calls; c; c = c->next)
		n++;
	if (n >= CALLS_MAX)
		return call_fail(m, "Busy", "too many calls are waiting");
	c = new0(struct call);
	*c = (struct call){ .bus = b, .m = sd_bus_message_ref(m), .action = action, .run = run,
			    .when = when, .reads = reads, .uid = -1, .next = b->calls };
	b->calls = c;
	if (!action)
		allowed(c);
	else if (ask_user(c) < 0)
		denied(c, SD_BUS_ERROR_ACCESS_DENIED, "the bus cannot be asked who calls");
	return 1;
}

int call_begin(struct bus *b, sd_bus_message *m, const char *action, enum call_when when,
	       call_fn run)
{
	return begin(b, m, action, when, 0, run);
}

int call_begin_reading(struct bus *b, sd_bus_message *m, uint64_t which, call_fn run)
{
	return begin(b, m, NULL, CALL_READ, which, run);
}
