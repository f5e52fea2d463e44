// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The way to the daemon: D-Bus, here or over ssh on another machine. Here a
 * D-Bus error becomes an exit status and a sentence.
 */
#include <errno.h>
#include <stdarg.h>

#include "ctl/ctl.h"
#include "util/clock.h"

#define NAME "org.netctl1"
#define PATH "/org/netctl1"
#define MANAGER "org.netctl1.Manager"
#define LINK "org.netctl1.Link"

static const struct {
	const char *error;
	int status;
	const char *instead; /* of the error's own words */
} outcomes[] = {
	{ "org.netctl1.Error.ConfigInvalid", EXIT_INVALID, NULL },
	{ "org.netctl1.Error.NoSuchLink", EXIT_NO_LINK, NULL },
	{ "org.netctl1.Error.RolledBack", EXIT_UNDONE, NULL },
	{ SD_BUS_ERROR_ACCESS_DENIED, EXIT_DENIED, NULL },
	{ SD_BUS_ERROR_INTERACTIVE_AUTHORIZATION_REQUIRED, EXIT_DENIED, NULL },
	{ SD_BUS_ERROR_SERVICE_UNKNOWN, EXIT_NO_DAEMON, "netctld is not running" },
	{ SD_BUS_ERROR_NAME_HAS_NO_OWNER, EXIT_NO_DAEMON, "netctld is not running" },
	/* Without a time limit of ours, no reply means that nobody is left to give one. */
	{ SD_BUS_ERROR_NO_REPLY, EXIT_NO_DAEMON, "netctld went away before it answered" },
	{ SD_BUS_ERROR_TIMEOUT, EXIT_TIMEOUT, NULL },
};

static int fail_call(const struct ctl *c, const sd_bus_error *e)
{
	for (unsigned n = 0; n < ARRAY_SIZE(outcomes); n++)
		if (sd_bus_error_has_name(e, outcomes[n].error))
			return ctl_fail(c, outcomes[n].status, e->name,
					outcomes[n].instead ? outcomes[n].instead :
					e->message	     ? e->message : e->name);
	return ctl_fail(c, EXIT_FAILED, e->name, e->message ? e->message : "failed");
}

/* There is no connection, or no longer: also when ssh could not make one. */
static bool is_lost(int r)
{
	return r == -ENOTCONN || r == -ECONNRESET || r == -EPIPE || r == -ESHUTDOWN;
}

/* What ssh knows of it, it has said itself. */
static int fail_connect(const struct ctl *c, int r)
{
	_cleanup_free_ char *text = c->host ?
		str_format("cannot reach netctld on %s: %s", c->host,
			   is_lost(r) ? "ssh to it has ended" : strerror(-r)) :
		str_format("netctld cannot be asked: there is no D-Bus system bus (%s)",
			   strerror(-r));

	return ctl_fail(c, EXIT_NO_DAEMON, SD_BUS_ERROR_NO_SERVER, text);
}

/* It was there: there is no bus only if it could not be opened. */
static int fail_lost(const struct ctl *c, int r)
{
	return c->host ? fail_connect(c, r) :
			 ctl_fail(c, EXIT_NO_DAEMON, SD_BUS_ERROR_DISCONNECTED,
				  "the connection to the bus was lost");
}

int ctl_fail_arguments(const struct ctl *c, int r)
{
	_cleanup_free_ char *text = str_format("this cannot be asked for: %s", strerror(-r));

	return ctl_fail(c, EXIT_FAILED, SD_BUS_ERROR_INVALID_ARGS, text);
}

int ctl_fail_answer(const struct ctl *c)
{
	return ctl_fail(c, EXIT_FAILED, SD_BUS_ERROR_INVALID_SIGNATURE,
			"netctld's answer makes no sense");
}

static int connect_bus(struct ctl *c)
{
	int r;

	if (c->bus)
		return 0;
	r = c->host ? sd_bus_open_system_remote(&c->bus, c->host) : sd_bus_open_system(&c->bus);
	return r < 0 ? fail_connect(c, r) : 0;
}

void ctl_hang_up(struct ctl *c)
{
	if (sd_bus_is_ready(c->bus) > 0)
		(void)sd_bus_flush(c->bus);
	c->bus = sd_bus_close_unref(c->bus);
}

static int call_new(struct ctl *c, const char *path, const char *interface, const char *method,
		    sd_bus_message **ret)
{
	int r = connect_bus(c);

	if (r)
		return r;
	r = sd_bus_message_new_method_call(c->bus, ret, NAME, path, interface, method);
	if (r >= 0) /* to look must not start the daemon */
		r = sd_bus_message_set_auto_start(*ret, false);
	if (r >= 0)
		r = sd_bus_message_set_allow_interactive_authorization(*ret, true);
	return r < 0 ? fail_connect(c, r) : EXIT_DONE;
}

int ctl_call_new(struct ctl *c, const char *method, sd_bus_message **ret)
{
	return call_new(c, PATH, MANAGER, method, ret);
}

int ctl_call_link(struct ctl *c, const char *path, const char *method, sd_bus_message **ret)
{
	return call_new(c, path, LINK, method, ret);
}

static int on_reply(sd_bus_message *m, void *data, sd_bus_error *error _unused_)
{
	*(sd_bus_message **)data = sd_bus_message_ref(m);
	return 0;
}

/* Until what is sent and received of the bus moves, or @end. 0, or as signals_wait(). */
static int step(const struct ctl *c, uint64_t end)
{
	uint64_t now = clock_usec(CLOCK_BOOTTIME);
	int r = sd_bus_process(c->bus, NULL);

	if (r)
		return r < 0 ? r : 0;
	r = signals_wait(c, sd_bus_get_fd(c->bus), sd_bus_get_events(c->bus),
			 end > now ? end - now : 0);
	return r < 0 ? r : r || end > now ? 0 : -ETIMEDOUT;
}

/*
 * As sd_bus_call(), which goes on when a signal comes; this ends with -EINTR then. Nor does that
 * one's time begin before there is a connection (bus_ensure_running()).
 */
static int call_watched(struct ctl *c, sd_bus_message *m, uint64_t timeout, sd_bus_error *error,
			sd_bus_message **ret)
{
	_cleanup_(sd_bus_slot_unrefp) sd_bus_slot *slot = NULL;
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
	uint64_t end = timeout == UINT64_MAX ? timeout : clock_usec(CLOCK_BOOTTIME) + timeout;
	int r = sd_bus_call_async(c->bus, &slot, m, on_reply, &reply, UINT64_MAX);

	while (r >= 0 && !reply)
		r = step(c, end);
	if (r < 0)
		return r;
	r = sd_bus_error_copy(error, sd_bus_message_get_error(reply));
	if (r >= 0)
		*ret = TAKE_PTR(reply);
	return r;
}

int ctl_call_send(struct ctl *c, sd_bus_message *m, sd_bus_message **ret)
{
	_cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
	/* The daemon answers when the work is done, however long it takes. */
	uint64_t timeout = c->timeout_usec ? c->timeout_usec : UINT64_MAX;
	int r = c->signals < 0 && !c->timeout_usec ?
			sd_bus_call(c->bus, m, timeout, &error, &reply) :
			call_watched(c, m, timeout, &error, &reply);

	if (r == -EINTR)
		return ctl_fail(c, EXIT_UNDONE, "org.netctl1.Error.Cancelled", "interrupted");
	c->is_absent = sd_bus_error_has_name(&error, SD_BUS_ERROR_SERVICE_UNKNOWN) ||
		       sd_bus_error_has_name(&error, SD_BUS_ERROR_NAME_HAS_NO_OWNER);
	if (r < 0 && sd_bus_error_is_set(&error) && !is_lost(r))
		return fail_call(c, &error);
	if (r < 0)
		return is_lost(r) ? fail_lost(c, r) : fail_connect(c, r);
	if (ret)
		*ret = TAKE_PTR(reply);
	return EXIT_DONE;
}

int ctl_call(struct ctl *c, const char *method, sd_bus_message **ret, const char *types, ...)
{
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
	va_list ap;
	int r = ctl_call_new(c, method, &m);

	if (r)
		return r;
	va_start(ap, types);
	if (types)
		r = sd_bus_message_appendv(m, types, ap);
	va_end(ap);
	return r < 0 ? ctl_fail_arguments(c, r) : ctl_call_send(c, m, ret);
}

int ctl_read_text(const struct ctl *c, sd_bus_message *reply, char **ret)
{
	const char *text;

	if (sd_bus_message_read(reply, "s", &text) < 0)
		return ctl_fail_answer(c);
	*ret = str_dup(text);
	return EXIT_DONE;
}

int ctl_call_text(struct ctl *c, const char *method, char **ret)
{
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
	int r = ctl_call(c, method, &reply, NULL);

	return r ? r : ctl_read_text(c, reply, ret);
}

static int read_document(const struct ctl *c, const char *text, json_t **ret)
{
	json_t *j;

	/* A tree is about that much larger than its text, and made of small pieces. */
	mem_expect(10 * strlen(text));
	j = json_loads(text, 0, NULL);

	if (get_number(j, NULL, "version") != 1) {
		json_decref(j);
		return ctl_fail(c, EXIT_FAILED, SD_BUS_ERROR_NOT_SUPPORTED,
				"netctld is too new or too old for this netctl");
	}
	*ret = j;
	return EXIT_DONE;
}

int ctl_read_document(const struct ctl *c, sd_bus_message *reply, json_t **ret)
{
	_cleanup_free_ char *text = NULL;
	int r = ctl_read_text(c, reply, &text);

	return r ? r : read_document(c, text, ret);
}

int ctl_describe(struct ctl *c, json_t **ret)
{
	_cleanup_free_ char *text = NULL;
	int r = ctl_call_text(c, "Describe", &text);

	return r ? r : read_document(c, text, ret);
}

int ctl_describe_groups(struct ctl *c, const char *const *groups, json_t **ret)
{
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL, *reply = NULL;
	_cleanup_free_ char *text = NULL;
	int r = ctl_call_new(c, "DescribeGroups", &m);

	if (r)
		return r;
	r = sd_bus_message_append_strv(m, (char **)groups);
	if (r < 0)
		return ctl_fail_arguments(c, r);
	r = ctl_call_send(c, m, &reply);
	if (!r)
		r = ctl_read_text(c, reply, &text);
	return r ? r : read_document(c, text, ret);
}
