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
 * Also who calls what everybody may is asked if the call has to wait: of those that wait
 * each user may have some.
 *
 * A call that makes the loop work for long is paid for, by waiting (toll.c); but not what
 * somebody had to be allowed.
 *
 * A call that needs the engine idle then waits until it is, so that nobody
 * is refused only because a cable was plugged in at the same moment. Two who
 * want to change something at the same time are another matter: the second
 * is told so.
 *
 * Whoever leaves while polkit asks a person has given up: the question is taken
 * back, and the call is forgotten. One that may be carried out is, also for a caller
 * that has not waited for the answer.
 *
 * What must stay true: each call is answered exactly once, unless nobody is left to
 * answer; no user can keep another one's call from being carried out.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <systemd/sd-login.h>

#include "bus/internal.h"
#include "util/clock.h"

/*
 * Calls that wait at the same time, of one user who is not root: there may be one who means ill,
 * and root's confirmation must get through all the same. And of one connection, whoever has it.
 */
#define USER_CALLS_MAX 64
#define SENDER_CALLS_MAX 256
/* For the service manager's answer, which only people read. */
#define UNIT_USEC UINT64_C(1000000)
/* Of an error; a thousand lines about a configuration are less. */
#define ERROR_BYTES_MAX (128 * 1024)

#define POLKIT                                                                                     \
	"org.freedesktop.PolicyKit1", "/org/freedesktop/PolicyKit1/Authority",                     \
		"org.freedesktop.PolicyKit1.Authority"

struct call {
	struct bus *bus;
	sd_bus_message *m;
	const char *action;
	call_fn run;
	enum call_when when;
	int64_t uid; /* of the caller; -1: nobody asked for it */
	uint32_t pid; /* of the caller; 0: unknown */
	char *unit;  /* of the caller, for the history; NULL: unknown */
	uint64_t reads; /* CALL_READ */
	bool counts; /* among those of its user */
	bool waits, reading;
	sd_bus_slot *question;
	char *cancel;	     /* what polkit knows its question by; NULL: none is open */
	struct watch *watch; /* of the caller, while it is */
	struct call *next;
};

static struct call *call_free(struct call *c)
{
	watch_free(c->watch);
	sd_bus_slot_unref(c->question);
	sd_bus_message_unref(c->m);
	free(c->cancel);
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

int call_refuse(sd_bus_message *m, const char *why, const char *word)
{
	(void)sd_bus_reply_method_errorf(m, SD_BUS_ERROR_INVALID_ARGS, "%s \"%s\"", why, word);
	return 1;
}

int call_too_many(sd_bus_message *m)
{
	return sd_bus_reply_method_errorf(m, SD_BUS_ERROR_LIMITS_EXCEEDED,
					  "an array has more entries than are looked at");
}

static bool is_open(const struct call *c)
{
	return !c->action || !*c->action;
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

/* What a negative errno of a method's is called on the bus. */
static void answer_errno(sd_bus_message *m, int r)
{
	if (r == -ENXIO || r == -EBADMSG) /* what sd_bus_message_read() says of another type */
		(void)sd_bus_reply_method_errorf(m, SD_BUS_ERROR_INVALID_ARGS,
						 "an argument or an option is of another type");
	else if (r == -E2BIG)
		(void)call_too_many(m);
	else
		(void)call_fail(m, "Failed", "%s: %s", sd_bus_message_get_member(m), strerror(-r));
}

static bool is_root(int64_t uid)
{
	return uid == 0 || uid == (int64_t)geteuid();
}

/* What somebody had to be allowed is not what could be called for the sake of it. */
static bool pays(const struct call *c)
{
	return is_open(c) && !is_root(c->uid);
}

static void carry_out(struct call *c)
{
	const uint64_t begin = clock_usec(CLOCK_MONOTONIC);
	int r;

	c->bus->uid = c->uid;
	c->bus->unit = c->unit;
	r = c->run(c->bus, c->m);
	c->bus->unit = NULL;

	if (r < 0)
		answer_errno(c->m, r);
	if (pays(c))
		toll_end(c->bus, c->uid, begin);
	call_end(c);
}

static bool is_turn(struct call *c)
{
	return (!pays(c) || toll_allows(c->bus, c->uid)) && is_time(c);
}

static void allowed(struct call *c)
{
	c->waits = !is_turn(c);
	if (!c->waits)
		carry_out(c);
}

static void denied(struct call *c, const char *error, const char *why)
{
	(void)sd_bus_reply_method_errorf(c->m, error, "%s: %s",
					 is_open(c) ? sd_bus_message_get_member(c->m) : c->action,
					 why);
	call_end(c);
}

void calls_retry(struct bus *b)
{
	for (struct call *c = b->calls, *next; c; c = next) {
		next = c->next;
		if (c->waits && is_turn(c))
			carry_out(c);
	}
}

void calls_drop(struct bus *b)
{
	while (b->calls)
		call_end(b->calls);
}

static void question_end(struct call *c)
{
	c->question = sd_bus_slot_unref(c->question);
	c->watch = watch_free(c->watch);
	free(TAKE_PTR(c->cancel));
}

/* Nobody is left to hear of it, and it may be long before a password is typed. */
static void on_left(void *data)
{
	struct call *c = data;

	(void)sd_bus_call_method_async(c->bus->bus, NULL, POLKIT, "CancelCheckAuthorization", NULL,
				       NULL, "s", c->cancel);
	call_end(c);
}

/* (bba{ss}): authorised, would be after a password, details. */
static int on_polkit(sd_bus_message *m, void *data, sd_bus_error *error _unused_)
{
	struct call *c = data;
	int yes = 0, challenge = 0;

	question_end(c);
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
	const char *who = sd_bus_message_get_sender(c->m);
	int r = sd_bus_message_new_method_call(c->bus->bus, &q, POLKIT, "CheckAuthorization");

	c->cancel = str_format("netctld-%" PRIu64, ++c->bus->n_questions);
	c->watch = watch_new(c->bus, who, on_left, c);
	if (r >= 0 && !c->watch)
		r = -ECONNRESET;
	if (r >= 0)
		r = sd_bus_message_append(q, "(sa{sv})sa{ss}us", "system-bus-name", 1, "name", "s",
					  who, c->action, 0, flags, c->cancel);
	if (r >= 0) /* a person may be typing a password */
		r = sd_bus_call_async(c->bus->bus, &c->question, q, on_polkit, c, UINT64_MAX);
	return r;
}

/* a{sv}, of which two matter. */
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
			else if (r >= 0)
				c->pid = v;
		}
		if (r >= 0)
			r = sd_bus_message_exit_container(m);
	}
	return r < 0 ? r : c->uid < 0 ? -ENXIO : 0;
}

bool call_may_wait(int64_t uid, unsigned n)
{
	return is_root(uid) || n < USER_CALLS_MAX;
}

static unsigned count_user(const struct bus *b, int64_t uid)
{
	unsigned n = 0;

	for (const struct call *c = b->calls; c; c = c->next)
		n += c->counts && c->uid == uid;
	return n;
}

static void too_many(struct call *c)
{
	(void)call_fail(c->m, "Busy", "too many calls of yours are waiting");
	call_end(c);
}

/* Whoever calls is known as well as can be; c->uid is -1 where that is not at all. */
static void admit(struct call *c)
{
	if (!call_may_wait(c->uid, count_user(c->bus, c->uid))) {
		too_many(c);
		return;
	}
	c->counts = true;
	if (is_open(c) || is_root(c->uid))
		allowed(c);
	else if (c->uid < 0)
		denied(c, SD_BUS_ERROR_ACCESS_DENIED, "the caller is not known");
	else if (ask_polkit(c) < 0)
		denied(c, SD_BUS_ERROR_ACCESS_DENIED, "polkit cannot be asked");
}

/* The path of a unit has its name. */
static int on_unit(sd_bus_message *m, void *data, sd_bus_error *error _unused_)
{
	struct call *c = data;
	const char *path;

	c->question = sd_bus_slot_unref(c->question);
	if (!sd_bus_message_is_method_error(m, NULL) && sd_bus_message_read(m, "o", &path) >= 0 &&
	    sd_bus_path_decode(path, "/org/freedesktop/systemd1/unit", &c->unit) < 0)
		c->unit = NULL;
	admit(c);
	return 1;
}

/*
 * The unit is only for people to read, so nobody minds that the process may be gone and its number
 * another one's. As a service the daemon does not see others' processes (ProtectProc=), and asks
 * who does: not for long.
 */
static bool ask_unit(struct call *c)
{
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *q = NULL;

	if (is_open(c) || !c->pid || sd_pid_get_unit((pid_t)c->pid, &c->unit) >= 0)
		return false;
	c->unit = NULL;
	return sd_bus_message_new_method_call(c->bus->bus, &q, "org.freedesktop.systemd1",
					      "/org/freedesktop/systemd1",
					      "org.freedesktop.systemd1.Manager",
					      "GetUnitByPID") >= 0 &&
	       sd_bus_message_set_auto_start(q, false) >= 0 &&
	       sd_bus_message_append(q, "u", c->pid) >= 0 &&
	       sd_bus_call_async(c->bus->bus, &c->question, q, on_unit, c, UNIT_USEC) >= 0;
}

static int on_user(sd_bus_message *m, void *data, sd_bus_error *error _unused_)
{
	struct call *c = data;

	c->question = sd_bus_slot_unref(c->question);
	if (sd_bus_message_is_method_error(m, NULL) || read_credentials(c, m) < 0)
		c->uid = -1;
	if (!ask_unit(c))
		admit(c);
	return 1;
}

static int ask_user(struct call *c)
{
	return sd_bus_call_method_async(sd_bus_message_get_bus(c->m), &c->question,
					"org.freedesktop.DBus", "/org/freedesktop/DBus",
					"org.freedesktop.DBus", "GetConnectionCredentials", on_user,
					c, "s", sd_bus_message_get_sender(c->m));
}

static unsigned count_sender(const struct call *like)
{
	const char *sender = sd_bus_message_get_sender(like->m);
	unsigned n = 0;

	for (const struct call *c = like->bus->calls; c; c = c->next)
		n += !strcmp(sd_bus_message_get_sender(c->m), sender);
	return n;
}

static int begin(struct bus *b, sd_bus_message *m, const char *action, enum call_when when,
		 uint64_t reads, call_fn run)
{
	struct call *c = new0(struct call), **last = &b->calls;

	*c = (struct call){ .bus = b, .m = sd_bus_message_ref(m), .action = action, .run = run,
			    .when = when, .reads = reads, .uid = -1 };
	while (*last) /* who has come first is served first */
		last = &(*last)->next;
	*last = c;
	if (!action && is_turn(c))
		carry_out(c);
	else if (count_sender(c) > SENDER_CALLS_MAX)
		too_many(c);
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
