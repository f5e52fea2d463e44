// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Generations on disk: one file each, in the configuration's own syntax, with
 * a group "generation" that says what is known about it. They are read by the
 * same code as a person's files, so what cannot be read is told and left out.
 *
 * What must stay true: a file is complete or not there; the newest confirmed
 * generation is never removed, because it is what the box goes back to.
 */
#include "core/history.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>

#include "core/plan.h"
#include "core/source.h"
#include "util/log.h"
#include "util/text.h"

void change_info_done(struct change_info *i)
{
	free(i->caller);
	free(i->unit);
	free(i->result);
	free(i->hash);
	for (unsigned n = 0; n < i->n_files; n++)
		free(i->files[n]);
	free(i->files);
	for (unsigned n = 0; n < i->n_steps; n++)
		free(i->steps[n].what);
	free(i->steps);
	memset(i, 0, sizeof(*i));
}

/* The slowest are kept: one that is quicker than all of them is not. */
static struct timing *timing_place(struct change_info *i, uint64_t usec)
{
	struct timing *quickest = i->steps;

	if (i->n_steps < HISTORY_STEPS) {
		i->steps = array_reserve(i->steps, i->n_steps, sizeof(*i->steps));
		return memset(&i->steps[i->n_steps++], 0, sizeof(*i->steps));
	}
	for (unsigned n = 1; n < i->n_steps; n++)
		if (i->steps[n].usec < quickest->usec)
			quickest = &i->steps[n];
	return usec > quickest->usec ? quickest : NULL;
}

static int compare_timings(const void *a, const void *b)
{
	const struct timing *ta = a, *tb = b;

	return ta->number < tb->number ? -1 : ta->number > tb->number;
}

/*
 * The kernel answers a batch as a whole (nl/kernel.c): what it took since the answer before
 * is shared evenly among its steps.
 */
void change_info_time(struct change_info *i, const struct plan *plan, uint64_t begin)
{
	uint64_t before = begin;
	unsigned end;

	for (unsigned n = 0; n < plan->n; n = end) {
		uint64_t at = plan->steps[n].answered_usec, share;

		for (end = n + 1; end < plan->n && plan->steps[end].answered_usec == at;)
			end++;
		if (!at) /* never begun */
			continue;
		share = at > before ? (at - before) / (end - n) : 0;
		before = max_of(at, before);
		for (unsigned k = n; k < end; k++) {
			struct timing *t = timing_place(i, share);

			i->total_steps++;
			if (!t)
				continue;
			free(t->what);
			*t = (struct timing){ step_what(&plan->steps[k]), i->total_steps, end - n,
					      share };
		}
	}
	if (i->n_steps)
		qsort(i->steps, i->n_steps, sizeof(*i->steps), compare_timings);
}

static char *path_of(const char *dir, uint64_t number)
{
	return str_format("%s/generation-%" PRIu64 ".conf", dir, number);
}

static void set_string(json_t *j, const char *key, const char *value)
{
	if (value)
		json_object_set_new(j, key, json_string(value));
}

json_t *timings_json(const struct change_info *i)
{
	json_t *j = json_array();

	for (unsigned n = 0; n < i->n_steps; n++)
		json_array_append_new(j,
				      json_pack("{s:i, s:s, s:I, s:i}", "number",
						(int)i->steps[n].number, "what", i->steps[n].what,
						"usec", (json_int_t)i->steps[n].usec, "shared",
						(int)i->steps[n].shared));
	return j;
}

static json_t *info_json(const struct change_info *i)
{
	json_t *j = json_object(), *files = json_array();

	json_object_set_new(j, "number", json_integer(i->number));
	json_object_set_new(j, "time_usec", json_integer(i->time_usec));
	json_object_set_new(j, "usec", json_integer(i->usec));
	json_object_set_new(j, "uid", json_integer(i->uid));
	set_string(j, "caller", i->caller);
	set_string(j, "unit", i->unit);
	set_string(j, "result", i->result);
	set_string(j, "hash", i->hash);
	json_object_set_new(j, "confirmed", json_boolean(i->confirmed));
	for (unsigned n = 0; n < i->n_files; n++)
		json_array_append_new(files, json_string(i->files[n]));
	json_object_set_new(j, "files", files);
	json_object_set_new(j, "total_steps", json_integer(i->total_steps));
	json_object_set_new(j, "steps", timings_json(i));
	return j;
}

static char *get_string(const config_setting_t *s, const char *key)
{
	const char *v;

	return config_setting_lookup_string(s, key, &v) ? str_dup(v) : NULL;
}

static int64_t get_number(const config_setting_t *s, const char *key)
{
	const config_setting_t *v = config_setting_get_member(s, key);

	return v ? config_setting_get_int64(v) : 0;
}

static void read_timings(const config_setting_t *list, struct change_info *i)
{
	for (int n = 0; list && n < config_setting_length(list); n++) {
		const config_setting_t *s = config_setting_get_elem(list, n);
		char *what = config_setting_is_group(s) ? get_string(s, "what") : NULL;

		if (!what || i->n_steps == HISTORY_STEPS) {
			free(what);
			continue;
		}
		i->steps = array_reserve(i->steps, i->n_steps, sizeof(*i->steps));
		i->steps[i->n_steps++] = (struct timing){ what, get_number(s, "number"),
							  get_number(s, "shared"),
							  get_number(s, "usec") };
	}
}

static int read_info(const config_setting_t *s, struct change_info *i)
{
	const config_setting_t *files, *confirmed;

	if (!s || !config_setting_is_group(s) || get_number(s, "number") <= 0)
		return -EBADMSG;
	i->number = get_number(s, "number");
	i->time_usec = get_number(s, "time_usec");
	i->usec = get_number(s, "usec");
	i->uid = get_number(s, "uid");
	i->caller = get_string(s, "caller");
	i->unit = get_string(s, "unit");
	i->result = get_string(s, "result");
	i->hash = get_string(s, "hash");
	confirmed = config_setting_get_member(s, "confirmed");
	i->confirmed = confirmed && config_setting_get_bool(confirmed);
	files = config_setting_get_member(s, "files");
	for (int n = 0; files && n < config_setting_length(files); n++) {
		i->files = array_reserve(i->files, i->n_files, sizeof(*i->files));
		i->files[i->n_files++] = str_dup(config_setting_get_string_elem(files, n));
	}
	i->total_steps = get_number(s, "total_steps");
	read_timings(config_setting_get_member(s, "steps"), i);
	return 0;
}

static int read_file_info(const char *path, struct change_info *ret)
{
	_cleanup_(arena_freep) struct arena *names = arena_new();
	_cleanup_(errors_done) struct errors e = { 0 };
	struct text text;
	config_t cfg;
	int r;

	if (text_load(path, NULL, names, &e, &text) < 0) {
		log_warning("%s", e.lines[0]);
		return -EBADMSG;
	}
	r = text_parse(&text, &e, &cfg) < 0 ? -EBADMSG : 0;
	text_done(&text);
	if (!r) {
		r = read_info(config_lookup(&cfg, "generation"), ret);
		config_destroy(&cfg);
	}
	if (r < 0)
		log_warning("%s: is no generation, or torn; left out", path);
	return r;
}

/*
 * What is known about a generation stands in the first line (write_text()). One that has its
 * end is whole, as far as that goes; whether the rest can be understood is seen when it is needed.
 */
static int read_head(const char *path, struct change_info *ret)
{
	_cleanup_free_ char *text = NULL;
	char *end = NULL;
	size_t size;
	config_t cfg;
	int r = -EBADMSG;

	if (file_read(path, 64u << 20, &text, &size) >= 0 && size > 2 &&
	    !strcmp(text + size - 2, ";\n"))
		end = strchr(text, '\n');
	if (!end)
		return r;
	*end = 0;
	config_init(&cfg);
	if (config_read_string(&cfg, text) == CONFIG_TRUE)
		r = read_info(config_lookup(&cfg, "generation"), ret);
	config_destroy(&cfg);
	return r;
}

static int read_number(const char *dir, uint64_t number, struct change_info *ret)
{
	_cleanup_free_ char *path = path_of(dir, number);
	struct change_info info = { 0 };
	int r = read_file_info(path, &info);

	if (r < 0)
		change_info_done(&info);
	else
		*ret = info;
	return r;
}

static int compare_newest_first(const void *a, const void *b)
{
	const uint64_t *na = a, *nb = b;

	return *na > *nb ? -1 : *na < *nb;
}

/* Of files that are there, also those that turn out to be torn; the newest first. */
static unsigned find_numbers(const char *dir, uint64_t **ret)
{
	uint64_t *numbers = NULL, number;
	struct dirent *d;
	unsigned n = 0;
	DIR *folder = opendir(dir);

	while (folder && (d = readdir(folder))) {
		int end = 0;

		if (sscanf(d->d_name, "generation-%" SCNu64 ".conf%n", &number, &end) < 1 || !end ||
		    d->d_name[end])
			continue;
		numbers = array_reserve(numbers, n, sizeof(*numbers));
		numbers[n++] = number;
	}
	if (folder)
		closedir(folder);
	if (n)
		qsort(numbers, n, sizeof(*numbers), compare_newest_first);
	*ret = numbers;
	return n;
}

void history_list(const char *dir, struct change_info **ret, unsigned *ret_n)
{
	struct change_info *list = NULL, info;
	uint64_t *numbers;
	unsigned found = find_numbers(dir, &numbers), n = 0;

	for (unsigned i = 0; i < found; i++) {
		if (read_number(dir, numbers[i], &info) < 0)
			continue;
		list = array_reserve(list, n, sizeof(*list));
		list[n++] = info;
	}
	free(numbers);
	*ret = list;
	*ret_n = n;
}

/* The newest that can be read and is as asked for. */
static bool find_newest(const char *dir, uint64_t before, bool confirmed, struct change_info *ret)
{
	uint64_t *numbers;
	unsigned n = find_numbers(dir, &numbers);
	bool found = false;

	for (unsigned i = 0; i < n && !found; i++) {
		if (numbers[i] >= before || read_number(dir, numbers[i], ret) < 0)
			continue;
		found = ret->confirmed || !confirmed;
		if (!found)
			change_info_done(ret);
	}
	free(numbers);
	return found;
}

bool history_newest(const char *dir, struct change_info *ret)
{
	_cleanup_free_ uint64_t *numbers = NULL;
	_cleanup_free_ char *path = NULL;
	struct change_info info = { 0 };

	if (!find_numbers(dir, &numbers))
		return false;
	path = path_of(dir, numbers[0]);
	if (read_head(path, &info) < 0) { /* not as we write it, or not readable at all */
		change_info_done(&info);
		return find_newest(dir, UINT64_MAX, false, ret);
	}
	*ret = info;
	return true;
}

uint64_t history_last(const char *dir)
{
	_cleanup_free_ uint64_t *numbers = NULL;

	return find_numbers(dir, &numbers) ? numbers[0] : 0;
}

void history_list_free(struct change_info *list, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		change_info_done(&list[i]);
	free(list);
}

int history_load(const char *dir, uint64_t number, struct errors *e, struct generation **ret)
{
	_cleanup_free_ char *path = path_of(dir, number);
	const char *const one[] = { path };
	const struct config_paths paths = { .paths = one, .n = 1, .stored = true };

	if (access(path, R_OK) < 0)
		return -ENOENT;
	return config_load(&paths, e, ret);
}

uint64_t history_find_confirmed(const char *dir, uint64_t before)
{
	struct change_info info = { 0 };
	uint64_t number;

	(void)find_newest(dir, before, true, &info);
	number = info.number;
	change_info_done(&info);
	return number;
}

bool history_find(const char *dir, uint64_t number, struct change_info *ret)
{
	_cleanup_free_ char *path = path_of(dir, number);

	return access(path, F_OK) >= 0 && read_number(dir, number, ret) >= 0;
}

/*
 * Those that will be there with a new one. Mostly one file is read: the newest is a confirmed one.
 */
static void prune(struct writer *w, const char *dir)
{
	bool confirmed = false;
	uint64_t *numbers;
	unsigned n = find_numbers(dir, &numbers);

	for (unsigned i = 0; i < n && n >= HISTORY_KEEP; i++) {
		struct change_info info = { 0 };
		bool newest = false;

		if (!confirmed && read_number(dir, numbers[i], &info) >= 0)
			newest = confirmed = info.confirmed;
		change_info_done(&info);
		if (i + 1 >= HISTORY_KEEP && !newest)
			writer_unlink(w, path_of(dir, numbers[i]));
	}
	free(numbers);
}

static void write_text(struct writer *w, const char *dir, const struct change_info *info,
		       const char *body)
{
	_cleanup_free_ char *head = NULL;
	json_t *j = info_json(info);

	head = json_literal(j);
	json_decref(j);
	writer_write(w, path_of(dir, info->number), str_format("generation = %s;\n%s", head, body),
		     0600, "this generation cannot be gone back to");
}

void history_write(struct writer *w, const char *dir, const struct change_info *info,
		   const struct generation *g)
{
	_cleanup_free_ char *interfaces = model_export(g->want, false);
	_cleanup_free_ char *settings = NULL, *body = NULL;
	json_t *j = object_json(&settings_feature, &g->settings.o, 0);

	settings = json_literal(j);
	json_decref(j);
	body = str_format("daemon = %s;\n%s", settings, interfaces);
	(void)mkdir(dir, 0700); /* if it fails, so does what follows, and that is told */
	write_text(w, dir, info, body);
	prune(w, dir);
}

void history_update(struct writer *w, const char *dir, const struct change_info *info)
{
	_cleanup_free_ char *path = path_of(dir, info->number), *text = NULL;
	char *body = file_read(path, 64u << 20, &text, NULL) < 0 ? NULL : strchr(text, '\n');

	if (body)
		write_text(w, dir, info, body + 1);
}
