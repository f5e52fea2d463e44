// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * netctl init: a ready configuration for a board that is known.
 *
 * A board's file says itself which machines it is for, in a comment; a machine
 * says what it is in its device tree, the most particular name first.
 *
 * What must stay true: nothing is written where there is any configuration,
 * and nothing that check would refuse.
 */
#include <net/if.h> /* before the kernel's headers, which then leave its names alone */

#include <dirent.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "core/config.h"
#include "ctl/ctl.h"
#include "util/text.h"

#define FILE_MAX (256 * 1024)

struct board {
	char *name, *path, *text; /* "espressobin-v7"; of its file; what that says */
};

struct boards {
	struct board *items;
	unsigned n;
};

static void boards_done(struct boards *b)
{
	for (unsigned n = 0; n < b->n; n++) {
		free(b->items[n].name);
		free(b->items[n].path);
		free(b->items[n].text);
	}
	free(b->items);
}

/* Return: the name without ".conf", or NULL: another file. */
static char *stem_of(const char *file)
{
	return config_is_file(file) ? str_format("%.*s", (int)strlen(file) - 5, file) : NULL;
}

static int compare_boards(const void *a, const void *b)
{
	return strcmp(((const struct board *)a)->name, ((const struct board *)b)->name);
}

static void find_boards(const struct ctl *c, struct boards *b)
{
	_cleanup_free_ char *folder = str_format("%s" BOARDS_DIR, c->root);
	DIR *dir = opendir(folder);
	struct dirent *d;

	while (dir && (d = readdir(dir))) {
		struct board x = { .name = stem_of(d->d_name) };

		if (!x.name)
			continue;
		x.path = str_format("%s/%s", folder, d->d_name);
		if (file_read(x.path, FILE_MAX, &x.text, NULL) < 0)
			x.text = str_dup("");
		b->items = array_reserve(b->items, b->n, sizeof(x));
		b->items[b->n++] = x;
	}
	if (dir)
		closedir(dir);
	if (b->n)
		qsort(b->items, b->n, sizeof(*b->items), compare_boards);
}

/* What stands in the file's comment "# KEY: ..."; the caller frees it. */
static char *header(const struct board *b, const char *key)
{
	_cleanup_free_ char *start = str_format("# %s: ", key);
	const char *at = strstr(b->text, start);

	if (!at)
		return str_dup("");
	at += strlen(start);
	return str_format("%.*s", (int)strcspn(at, "\n"), at);
}

static bool is_for(const struct board *b, const char *machine)
{
	_cleanup_free_ char *words = header(b, "Compatible");
	char *rest = words, *word;

	while ((word = strsep(&rest, " ")))
		if (!strcmp(word, machine))
			return true;
	return false;
}

/* The names of this machine are strings one behind the other, the most particular first. */
static const struct board *recognise(const struct boards *b, const char *names, size_t size)
{
	for (const char *m = names; m < names + size; m += strlen(m) + 1)
		for (unsigned n = 0; *m && n < b->n; n++)
			if (is_for(&b->items[n], m))
				return &b->items[n];
	return NULL;
}

static const struct board *board_named(const struct boards *b, const char *name)
{
	for (unsigned n = 0; n < b->n; n++)
		if (!strcmp(b->items[n].name, name))
			return &b->items[n];
	return NULL;
}

static int fail_unknown(const struct ctl *c, const struct boards *b, const char *machine)
{
	_cleanup_free_ char *known = str_dup(""), *text = NULL;

	for (unsigned n = 0; n < b->n; n++) {
		char *more = str_format("%s %s", known, b->items[n].name);

		free(known);
		known = more;
	}
	if (!b->n)
		text = str_format("no boards' configurations in %s" BOARDS_DIR, c->root);
	else if (c->n_names)
		text = str_format("there is no board \"%s\"; known:%s", c->names[0], known);
	else if (machine)
		text = str_format(
			"this machine (%s) is not known; netctl init BOARD takes one of:%s",
			machine, known);
	else
		text = str_format(
			"this machine has no device tree to say what it is; netctl init BOARD "
			"takes one of:%s",
			known);
	return ctl_fail(c, EXIT_FAILED, "org.netctl1.Error.NotSupported", text);
}

/* The first file that the daemon would read; NULL: there is none. The caller frees it. */
static char *find_configuration(const struct ctl *c)
{
	for (unsigned n = 0; n < CONFIG_N_DEFAULT_PATHS; n++) {
		_cleanup_free_ char *folder = str_format("%s%s", c->root, config_default_paths[n]);
		DIR *dir = opendir(folder);
		struct dirent *d;
		char *found = NULL;

		while (dir && !found && (d = readdir(dir))) {
			_cleanup_free_ char *stem = stem_of(d->d_name);

			if (stem)
				found = str_format("%s/%s", folder, d->d_name);
		}
		if (dir)
			closedir(dir);
		if (found)
			return found;
	}
	return NULL;
}

/* Devices that the configuration takes for granted and that are not there (yet). */
static json_t *missing_devices(const struct generation *g)
{
	json_t *list = json_array();

	MODEL_FOREACH(g->want, i)
		if (!*iface_kind(i) && !if_nametoindex(i->name))
			json_array_append_new(list, json_string(i->name));
	return list;
}

static void tell(const json_t *j, const char *path, bool written)
{
	const json_t *name;
	size_t n;

	printf("%s: %s%s\n", json_string_value(json_object_get(j, "title")),
	       written ? "wrote " : "would write ", path);
	json_array_foreach(json_object_get(j, "missing"), n, name)
		printf("%s%s", n ? " " : "not here yet, and taken up when they come: ",
		       json_string_value(name));
	if (n)
		putchar('\n');
	if (written)
		puts("look at it, then: netctl apply --confirm=60");
}

static int write_board(const struct ctl *c, const struct board *b, const struct generation *g)
{
	_cleanup_free_ char *folder = str_format("%s%s", c->root, config_default_paths[0]);
	_cleanup_free_ char *path = str_format("%s/10-%s.conf", folder, b->name);
	_cleanup_free_ char *title = header(b, "Board"), *text = NULL;
	json_auto_t *j = NULL;
	int r = 0;

	if (!c->dry_run) {
		if (mkdir(folder, 0755) < 0 && errno != EEXIST)
			r = -errno;
		if (!r)
			r = file_write_atomic(path, b->text, strlen(b->text), 0644);
	}
	if (r < 0) {
		text = str_format("%s: %s", path, strerror(-r));
		return ctl_fail(c, r == -EACCES ? EXIT_DENIED : EXIT_FAILED,
				"org.netctl1.Error.Failed", text);
	}
	j = json_pack("{s:i, s:s, s:s, s:s, s:b, s:o}", "version", 1, "board", b->name, "title",
		      title, "path", path, "written", !c->dry_run, "missing", missing_devices(g));
	if (c->json != JSON_MODE_OFF)
		return ctl_json(c, TAKE_PTR(j));
	tell(j, path, !c->dry_run);
	if (c->dry_run)
		printf("\n%s", b->text);
	return EXIT_DONE;
}

static int check_and_write(const struct ctl *c, const struct board *b)
{
	const char *const paths[] = { b->path };
	const struct config_paths config = { .paths = paths, .n = 1 };
	_cleanup_(generation_freep) struct generation *g = NULL;
	_cleanup_(errors_done) struct errors errors = { 0 };
	_cleanup_free_ char *there = find_configuration(c), *text = NULL;

	if (there && !c->dry_run) {
		text = str_format("there is a configuration already: %s", there);
		return ctl_fail(c, EXIT_FAILED, "org.netctl1.Error.Exists", text);
	}
	if (config_load(&config, &errors, &g) < 0) {
		text = errors_text(&errors);
		return ctl_fail(c, EXIT_INVALID, "org.netctl1.Error.ConfigInvalid", text);
	}
	return write_board(c, b, g);
}

int verb_init(struct ctl *c)
{
	_cleanup_free_ char *path = str_format("%s/proc/device-tree/compatible", c->root);
	_cleanup_(boards_done) struct boards boards = { 0 };
	_cleanup_free_ char *machine = NULL;
	const struct board *b;
	size_t size = 0;

	find_boards(c, &boards);
	if (file_read(path, FILE_MAX, &machine, &size) < 0)
		size = 0;
	b = c->n_names ? board_named(&boards, c->names[0]) : recognise(&boards, machine, size);
	return b ? check_and_write(c, b) : fail_unknown(c, &boards, machine);
}
