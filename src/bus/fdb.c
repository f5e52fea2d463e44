// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * ListFdb: who is behind which port, answered when it has been read.
 *
 * Anybody may ask, and a switch takes a while to tell. So it is read once at a
 * time: those who ask meanwhile wait for the next time, which is for all of them.
 *
 * What must stay true: each call is answered exactly once, with what was read
 * after it came.
 */
#include "bus/internal.h"
#include "core/fdb.h"

struct fdb_asker {
	struct fdb_asker *next;
	sd_bus_message *m;
	int64_t uid;
	json_t *names; /* by name; empty: all */
};

static struct fdb_asker *asker_free(struct fdb_asker *a)
{
	struct fdb_asker *next = a->next;

	sd_bus_message_unref(a->m);
	json_decref(a->names);
	free(a);
	return next;
}

void fdb_drop(struct bus *b)
{
	while (b->fdb_asking)
		b->fdb_asking = asker_free(b->fdb_asking);
	while (b->fdb_asked)
		b->fdb_asked = asker_free(b->fdb_asked);
	fdb_cancel(TAKE_PTR(b->fdb));
}

static bool is_asked(const struct fdb_asker *a, const json_t *entry)
{
	static const char *const keys[] = { "port", "bridge" };

	for (unsigned n = 0; n < ARRAY_SIZE(keys); n++) {
		const char *name = json_string_value(json_object_get(entry, keys[n]));

		if (name && json_object_get(a->names, name))
			return true;
	}
	return !json_object_size(a->names);
}

static char *document(const struct fdb_asker *a, const json_t *entries)
{
	json_t *some = json_array(), *entry, *j;
	char *text;
	size_t n;

	json_array_foreach(entries, n, entry)
		if (is_asked(a, entry))
			json_array_append(some, entry);
	j = json_pack("{s:i, s:o}", "version", 1, "entries", some);
	text = json_dumps(j, JSON_COMPACT);
	json_decref(j);
	return text;
}

static void ask(struct bus *b);

static void on_entries(void *data, int error, const json_t *entries)
{
	struct bus *b = data;

	b->fdb = NULL;
	for (; b->fdb_asking; b->fdb_asking = asker_free(b->fdb_asking)) {
		_cleanup_free_ char *text = error ? NULL : document(b->fdb_asking, entries);

		if (error)
			(void)call_fail(b->fdb_asking->m, "Failed",
					"the kernel does not tell who is behind which port: %s",
					strerror(-error));
		else
			(void)sd_bus_reply_method_return(b->fdb_asking->m, "s", text);
	}
	ask(b);
}

/* Once for all who have asked since the last time. */
static void ask(struct bus *b)
{
	if (b->fdb || !b->fdb_asked)
		return;
	b->fdb_asking = TAKE_PTR(b->fdb_asked);
	b->fdb = fdb_start(b->engine, on_entries, b);
	for (; !b->fdb && b->fdb_asking; b->fdb_asking = asker_free(b->fdb_asking))
		(void)call_fail(b->fdb_asking->m, "Failed", "no thread can be started");
}

/* Return: 0, 1 when an error was sent, or a negative errno. */
static int read_names(struct bus *b, sd_bus_message *m, json_t *names)
{
	const char *name;
	unsigned entries = 0;
	int r = sd_bus_message_enter_container(m, 'a', "s");

	while (r >= 0 && (r = sd_bus_message_read(m, "s", &name)) > 0) {
		if (!object_is_there(b, name))
			return call_fail(m, "NoSuchLink",
					 "no interface \"%s\": neither configured nor present",
					 name);
		json_object_set_new(names, name, json_true());
		if (++entries > CALL_ENTRIES_MAX)
			return -E2BIG;
	}
	return r < 0 ? r : 0;
}

static bool too_many(const struct bus *b)
{
	unsigned n = 0;

	for (const struct fdb_asker *a = b->fdb_asked; a; a = a->next)
		n += a->uid == b->uid;
	return !call_may_wait(b->uid, n);
}

int fdb_list(struct bus *b, sd_bus_message *m)
{
	struct fdb_asker *a;
	int r;

	if (too_many(b))
		return call_fail(m, "Busy", "too many calls of yours are waiting");
	a = new0(struct fdb_asker);
	a->m = sd_bus_message_ref(m);
	a->uid = b->uid;
	a->names = json_object();
	r = read_names(b, m, a->names);
	if (r) {
		asker_free(a);
		return r;
	}
	a->next = b->fdb_asked;
	b->fdb_asked = a;
	ask(b);
	return 1;
}
