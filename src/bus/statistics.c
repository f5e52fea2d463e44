// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * GetStatistics: counters, answered when the kernel has told them.
 *
 * Anybody may ask, any number of times at once, and reading a thousand
 * interfaces keeps the kernel busy for a while. So the kernel is asked one
 * question at a time: those who ask meanwhile wait for the next, which is for
 * all of them together, and each gets the part that was asked for.
 *
 * What must stay true: each call is answered exactly once, with what was read
 * after it came.
 */
#include <stdio.h>

#include "bus/internal.h"
#include "core/statistics.h"

/* From here on it is cheaper to ask for all interfaces. */
#define NAMES_MAX 32
/* What one call may name. */
#define ASKED_NAMES_MAX 1024
#define WORDS_MAX 32

struct asker {
	struct asker *next;
	sd_bus_message *m;
	int64_t uid;
	char **names, **groups; /* NULL: all */
};

static struct asker *asker_free(struct asker *a)
{
	struct asker *next = a->next;

	sd_bus_message_unref(a->m);
	for (char **s = a->names; s && *s; s++)
		free(*s);
	for (char **s = a->groups; s && *s; s++)
		free(*s);
	free(a->names);
	free(a->groups);
	free(a);
	return next;
}

void statistics_drop(struct bus *b)
{
	while (b->asking)
		b->asking = asker_free(b->asking);
	while (b->asked)
		b->asked = asker_free(b->asked);
	if (b->statistics)
		statistics_cancel(b->statistics);
	b->statistics = NULL;
}

static unsigned count(char *const *words)
{
	unsigned n = 0;

	while (words && words[n])
		n++;
	return n;
}

static struct statistics_request request_of(const struct asker *a)
{
	return (struct statistics_request){
		.names = (const char *const *)a->names, .n_names = count(a->names),
		.groups = (const char *const *)a->groups, .n_groups = count(a->groups),
	};
}

static void print_json(FILE *out, const char *before, json_t *j)
{
	fputs(before, out);
	json_dumpf(j, out, JSON_COMPACT | JSON_DIGITS);
	json_decref(j);
}

static void print_interface(FILE *out, const char *before, const struct statistics *s,
			    const struct statistics_request *q, const char *name,
			    const struct iface *i)
{
	_cleanup_free_ char *clean = text_utf8(str_dup(name));

	print_json(out, before, json_pack("{s:s, s:o}", "name", clean, "statistics",
					  i ? statistics_json(s, q, i) : json_array()));
}

/* One interface at a time, as Describe: the whole tree would be several times as large. */
static char *document(const struct bus *b, const struct statistics *s, const struct asker *a)
{
	const struct statistics_request q = request_of(a);
	const struct model *seen = b->engine->mirror->seen;
	const char *before = "";
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	print_json(out, "", json_pack("{s:i, s:I, s:o, s:o}", "version", 1, "time_usec",
				      (json_int_t)statistics_time(s), "groups",
				      statistics_groups_json(s, &q), "errors",
				      statistics_errors(s)));
	fseek(out, -1, SEEK_CUR); /* over the closing brace */
	fputs(",\"interfaces\":[", out);
	for (unsigned n = 0; n < q.n_names; n++) {
		print_interface(out, before, s, &q, q.names[n], model_find(seen, q.names[n]));
		before = ",";
	}
	if (!q.n_names)
		MODEL_FOREACH(seen, i) {
			if (i->ifindex <= 0)
				continue;
			print_interface(out, before, s, &q, i->name, i);
			before = ",";
		}
	fputs("]}", out);
	fclose(out);
	return text;
}

static void ask(struct bus *b);

static void on_statistics(void *data, const struct statistics *s)
{
	struct bus *b = data;

	b->statistics = NULL;
	for (; b->asking; b->asking = asker_free(b->asking)) {
		_cleanup_free_ char *text = document(b, s, b->asking);

		(void)sd_bus_reply_method_return(b->asking->m, "s", text);
	}
	ask(b);
}

static bool has_word(const char *const *words, unsigned n, const char *word)
{
	while (n--)
		if (!strcmp(words[n], word))
			return true;
	return false;
}

/* Adds @words to @all; 0 stays 0: all of them, whatever others want. */
static void unite(const char **all, unsigned *n, unsigned max, char *const *words, bool first)
{
	if (!words || (!first && !*n)) {
		*n = 0;
		return;
	}
	for (; *words; words++) {
		if (has_word(all, *n, *words))
			continue;
		if (*n == max) {
			*n = 0;
			return;
		}
		all[(*n)++] = *words;
	}
}

/* One question for all who have asked since the last. */
static void ask(struct bus *b)
{
	const char *names[NAMES_MAX], *groups[WORDS_MAX];
	struct statistics_request q = { .names = names, .groups = groups };

	if (b->statistics || !b->asked)
		return;
	b->asking = TAKE_PTR(b->asked);
	for (const struct asker *a = b->asking; a; a = a->next) {
		unite(names, &q.n_names, NAMES_MAX, a->names, a == b->asking);
		unite(groups, &q.n_groups, WORDS_MAX, a->groups, a == b->asking);
		q.detailed |= a->names != NULL;
	}
	b->statistics = statistics_start(b->engine, &q, on_statistics, b);
}

/* A variant of as; an empty array is as good as none. -E2BIG: more than @max. */
static int read_words(sd_bus_message *m, unsigned max, char ***ret)
{
	char **words = NULL;
	const char *word;
	unsigned n = 0;
	int r = sd_bus_message_enter_container(m, 'v', "as");

	if (r >= 0)
		r = sd_bus_message_enter_container(m, 'a', "s");
	while (r >= 0 && (r = sd_bus_message_read(m, "s", &word)) > 0) {
		if (n == max) {
			r = -E2BIG;
			break;
		}
		words = array_reserve(words, n, sizeof(*words));
		words[n++] = str_dup(word);
	}
	if (n) {
		words = array_reserve(words, n, sizeof(*words));
		words[n] = NULL;
	}
	*ret = words;
	if (r >= 0)
		r = sd_bus_message_exit_container(m);
	return r < 0 ? r : sd_bus_message_exit_container(m);
}

/* Return: 0, 1 when an error was sent, or a negative errno. */
static int read_options(sd_bus_message *m, struct asker *a)
{
	const char *key;
	int r = sd_bus_message_enter_container(m, 'a', "{sv}");

	while (r >= 0 && (r = sd_bus_message_enter_container(m, 'e', "sv")) > 0) {
		r = sd_bus_message_read(m, "s", &key);
		if (r < 0)
			break;
		if (!strcmp(key, "names") && !a->names)
			r = read_words(m, ASKED_NAMES_MAX, &a->names);
		else if (!strcmp(key, "groups") && !a->groups)
			r = read_words(m, WORDS_MAX, &a->groups);
		else
			return call_refuse(m, "unknown or repeated option", key);
		if (r >= 0)
			r = sd_bus_message_exit_container(m);
	}
	return r < 0 ? r : 0;
}

static int check_asker(const struct bus *b, const struct asker *a)
{
	for (char **s = a->groups; s && *s; s++)
		if (!statistics_provider_find(*s))
			return call_refuse(a->m, "no such group of counters:", *s);
	for (char **s = a->names; s && *s; s++)
		if (!object_is_there(b, *s))
			return call_fail(a->m, "NoSuchLink",
					 "no interface \"%s\": neither configured nor present", *s);
	return 0;
}

static bool too_many(const struct bus *b)
{
	unsigned n = 0;

	for (const struct asker *a = b->asked; a; a = a->next)
		n += a->uid == b->uid;
	return !call_may_wait(b->uid, n);
}

int statistics_get(struct bus *b, sd_bus_message *m)
{
	struct asker *a;
	int r;

	if (too_many(b))
		return call_fail(m, "Busy", "too many calls of yours are waiting");
	a = new0(struct asker);
	a->m = sd_bus_message_ref(m);
	a->uid = b->uid;
	r = read_options(m, a);
	if (r == 0)
		r = check_asker(b, a);
	if (r) {
		asker_free(a);
		return r;
	}
	a->next = b->asked;
	b->asked = a;
	ask(b);
	return 1;
}
