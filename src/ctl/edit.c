// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * netctl edit: a file of the configuration in the user's editor, checked,
 * planned, and applied so that it reverts itself.
 *
 * This is the only verb that writes a file of the user's, because it is what it
 * was called for. The editor works on a copy beside the file, FILE.edit, which
 * the daemon does not read.
 *
 * What must stay true: what somebody has typed is in the file or in the copy,
 * whatever goes wrong; and the file is as it was unless what is in it was
 * applied.
 */
#include <net/if.h> /* before the kernel's headers, which then leave its names alone */

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/config.h"
#include "ctl/ctl.h"
#include "util/text.h"

#define FILE_MAX (16 << 20)
/* So long a change waits for its confirmation if nobody says otherwise. */
#define CONFIRM_SECONDS 60

struct edit {
	struct ctl *c;
	char *folder, *name, *path, *copy;
	bool alone; /* the folder is not one of those that the daemon reads by itself */
	char *target; /* what the path is, should it be a link */
	char *before; /* what the file says; NULL: there is none */
	char *typed;
	size_t before_size, typed_size;
	struct stat st; /* of the file, if there is one */
};

static void edit_done(struct edit *e)
{
	free(e->folder);
	free(e->name);
	free(e->path);
	free(e->copy);
	free(e->target);
	free(e->before);
	free(e->typed);
}

static int fail(const struct edit *e, int status, const char *name, const char *what)
{
	_cleanup_free_ char *full = str_format("org.netctl1.Error.%s", name);
	_cleanup_free_ char *text = str_format("%s; what was typed is in %s", what, e->copy);

	return ctl_fail(e->c, status, full, text);
}

static int fail_file(const struct edit *e, const char *path, int r)
{
	_cleanup_free_ char *text = str_format("%s: %s", path, strerror(-r));

	return ctl_fail(e->c, r == -EACCES || r == -EROFS ? EXIT_DENIED : EXIT_FAILED,
			"org.netctl1.Error.Failed", text);
}

static bool ends_in_conf(const char *name)
{
	size_t n = strlen(name);

	return n > 5 && *name != '.' && !strcmp(name + n - 5, ".conf");
}

/* The only file of a folder; NULL: there are several, or none. The caller frees it. */
static char *only_file(const char *folder)
{
	DIR *dir = opendir(folder);
	struct dirent *d;
	char *name = NULL;
	unsigned n = 0;

	while (dir && (d = readdir(dir))) {
		if (!ends_in_conf(d->d_name))
			continue;
		free(name);
		name = str_dup(d->d_name);
		n++;
	}
	if (dir)
		closedir(dir);
	if (n == 1)
		return name;
	free(name);
	return n ? NULL : str_dup("netctld.conf");
}

/* FILE is a name in the first folder that the daemon reads, or a path. Return: an exit status. */
static int choose_file(struct edit *e)
{
	const char *word = e->c->n_names ? e->c->names[0] : NULL;
	const char *slash = word ? strrchr(word, '/') : NULL;

	e->alone = slash;
	e->folder = slash ? str_format("%.*s", max_of((int)(slash - word), 1), word) :
			    str_dup(config_default_paths[0]);
	if (!word)
		e->name = only_file(e->folder);
	else
		e->name = str_format("%s%s", slash ? slash + 1 : word,
				     ends_in_conf(slash ? slash + 1 : word) ? "" : ".conf");
	if (!e->name)
		return ctl_usage(e->c, "several files are in %s: netctl edit FILE", e->folder);
	if (!ends_in_conf(e->name))
		return ctl_usage(e->c, "\"%s\" is no name of a file", e->name);
	e->path = str_format("%s/%s", e->folder, e->name);
	e->copy = str_format("%s.edit", e->path);
	return EXIT_DONE;
}

/* Others must not read more of it than they could, and the daemon not less. */
static int write_like_it(const struct edit *e, const char *path, const char *text, size_t size)
{
	mode_t mask = umask(e->before ? 0777 & ~e->st.st_mode : 022);
	int r = file_write_atomic(path, text, size, 0644);

	umask(mask);
	if (r >= 0 && e->before && chown(path, e->st.st_uid, e->st.st_gid) < 0 && geteuid() == 0)
		r = -errno;
	return r;
}

static bool is_same(const struct edit *e)
{
	return e->typed_size == e->before_size &&
	       !memcmp(e->typed, e->before ? e->before : "", e->typed_size);
}

/* What was typed before, and could not be applied then, is what the copy begins with. */
static int make_copy(struct edit *e)
{
	int r;

	e->target = realpath(e->path, NULL);
	if (!e->target)
		e->target = str_dup(e->path);
	r = file_read(e->target, FILE_MAX, &e->before, &e->before_size);
	if (r >= 0 && stat(e->target, &e->st) < 0)
		r = -errno;
	if (r < 0 && r != -ENOENT)
		return fail_file(e, e->path, r);
	if (access(e->copy, F_OK) == 0) {
		fprintf(stderr, "netctl: going on with %s, which was not applied\n", e->copy);
		return EXIT_DONE;
	}
	if (mkdir(e->folder, 0755) < 0 && errno != EEXIST)
		return fail_file(e, e->folder, -errno);
	r = write_like_it(e, e->copy, e->before ? e->before : "", e->before_size);
	return r < 0 ? fail_file(e, e->copy, r) : EXIT_DONE;
}

static const char *editor(void)
{
	const char *visual = getenv("VISUAL"), *simple = getenv("EDITOR");

	return visual && *visual ? visual : simple && *simple ? simple : "vi";
}

/* The variable may have arguments, so a shell takes it apart; the file is none of its words. */
static int run_editor(struct edit *e)
{
	_cleanup_free_ char *command = str_format("%s \"$1\"", editor());
	int status;
	pid_t pid = fork();

	if (!pid) {
		execl("/bin/sh", "sh", "-c", command, "sh", e->copy, (char *)NULL);
		_exit(127);
	}
	/* The keyboard is the editor's. */
	signal(SIGINT, SIG_IGN);
	signal(SIGQUIT, SIG_IGN);
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	signal(SIGINT, SIG_DFL);
	signal(SIGQUIT, SIG_DFL);
	if (pid < 0 || !WIFEXITED(status) || WEXITSTATUS(status))
		return fail(e, EXIT_FAILED, "Failed", "the editor failed");
	return EXIT_DONE;
}

static bool is_present(void *data _unused_, const char *name)
{
	return if_nametoindex(name) != 0;
}

/*
 * A folder with the copy in the place of the file, and everything else that is beside it, so
 * that what it includes is found.
 */
static char *make_folder(const struct edit *e)
{
	char *folder = str_dup("/tmp/netctl-edit-XXXXXX");
	_cleanup_free_ char *real = realpath(e->folder, NULL);
	DIR *dir = real ? opendir(real) : NULL;
	struct dirent *d;

	if (!dir || !mkdtemp(folder)) {
		if (dir)
			closedir(dir);
		free(folder);
		return NULL;
	}
	while ((d = readdir(dir))) {
		bool is_it = !strcmp(d->d_name, e->name);
		_cleanup_free_ char *from = str_format("%s/%s", folder, d->d_name);
		_cleanup_free_ char *to = str_format("%s/%s%s", real, d->d_name, is_it ? ".edit" : "");

		if (strcmp(d->d_name, ".") && strcmp(d->d_name, "..") && symlink(to, from) < 0)
			fprintf(stderr, "netctl: %s: %s\n", from, strerror(errno));
	}
	closedir(dir);
	if (!e->before) {
		_cleanup_free_ char *from = str_format("%s/%s", folder, e->name);
		_cleanup_free_ char *to = str_format("%s/%s.edit", real, e->name);

		(void)symlink(to, from);
	}
	return folder;
}

static void remove_folder(const char *folder)
{
	DIR *dir = opendir(folder);
	struct dirent *d;

	while (dir && (d = readdir(dir)))
		(void)unlinkat(dirfd(dir), d->d_name, 0);
	if (dir)
		closedir(dir);
	(void)rmdir(folder);
}

/* The lines, with the folder by the name that the user knows. */
static void print_errors(const struct edit *e, const struct errors *errors, const char *folder)
{
	size_t size = strlen(folder);

	for (unsigned n = 0; n < errors->n; n++) {
		const char *line = errors->lines[n];

		if (!strncmp(line, folder, size))
			fprintf(stderr, "%s%s\n", e->folder, line + size);
		else
			fprintf(stderr, "%s\n", line);
	}
}

/* Of all that the daemon would read, with the copy in the file's place. */
static bool is_valid(const struct edit *e)
{
	_cleanup_free_ char *folder = make_folder(e);
	const char *paths[CONFIG_N_DEFAULT_PATHS] = { folder };
	const struct config_paths config = {
		.paths = paths, .n = e->alone ? 1 : CONFIG_N_DEFAULT_PATHS, .optional = true,
		.present = is_present,
	};
	_cleanup_(generation_freep) struct generation *g = NULL;
	_cleanup_(errors_done) struct errors errors = { 0 };
	bool valid;

	if (!folder) {
		fprintf(stderr, "netctl: no folder to check it in: %s\n", strerror(errno));
		return false;
	}
	for (unsigned n = 1; n < CONFIG_N_DEFAULT_PATHS; n++)
		paths[n] = config_default_paths[n];
	valid = config_load(&config, &errors, &g) >= 0;
	print_errors(e, &errors, folder);
	remove_folder(folder);
	return valid;
}

/* The first letter of a line, in lower case; 0: an empty one, -1: nobody answers. */
static int ask(const char *question)
{
	int answer = 0;
	char c;

	fprintf(stderr, "%s ", question);
	/* Not a letter more: what follows is the answer to another question. */
	while (read(STDIN_FILENO, &c, 1) == 1) {
		if (c == '\n')
			return answer;
		answer = answer ? answer : c | 0x20;
	}
	return -1;
}

/* The file as it was. */
static void put_back(const struct edit *e)
{
	int r = e->before ? write_like_it(e, e->target, e->before, e->before_size) :
			    unlink(e->target) < 0 ? -errno : 0;

	if (r < 0)
		fprintf(stderr, "netctl: %s could not be put back: %s\n", e->path, strerror(-r));
}

static int unchanged(const struct edit *e)
{
	(void)unlink(e->copy);
	if (e->c->json != JSON_MODE_OFF)
		return ctl_json(e->c, json_pack("{s:i, s:s, s:b}", "version", 1, "file", e->path,
						"changed", 0));
	fprintf(stderr, "%s: nothing changed\n", e->path);
	return EXIT_DONE;
}

/* The daemon plans what is on disk. Return: as apply_file(). */
static int plan_and_apply(struct edit *e)
{
	struct ctl quiet = *e->c;
	int r, answer = 'y';

	quiet.quiet = quiet.json != JSON_MODE_OFF;
	if (quiet.json == JSON_MODE_OFF) {
		r = verb_plan(&quiet);
		e->c->bus = quiet.bus;
		fflush(stdout);
		if (r == EXIT_NO_DAEMON)
			return r;
		answer = r ? 'n' : ask("apply this? [y/N]");
	}
	if (answer != 'y')
		return EXIT_UNDONE;
	return apply_confirm(e->c);
}

/* Return: an exit status; only with 0, and without a daemon, the file stays as it was typed. */
static int apply_file(struct edit *e)
{
	int r;

	/* Whoever was cut off by the change still gets the file back. */
	signal(SIGHUP, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	r = write_like_it(e, e->target, e->typed, e->typed_size);
	if (r < 0)
		return fail_file(e, e->path, r);
	r = plan_and_apply(e);
	if (r == EXIT_DONE || r == EXIT_NO_DAEMON) {
		(void)unlink(e->copy);
		if (r)
			fprintf(stderr, "netctl: %s is written; netctld takes it up when it runs\n",
				e->path);
		return r;
	}
	put_back(e);
	fprintf(stderr, "netctl: %s is as it was; what was typed is in %s\n", e->path, e->copy);
	return r;
}

static int edit_until_valid(struct edit *e)
{
	int r, answer;

	for (;;) {
		r = run_editor(e);
		if (r)
			return r;
		free(TAKE_PTR(e->typed));
		r = file_read(e->copy, FILE_MAX, &e->typed, &e->typed_size);
		if (r < 0)
			return fail_file(e, e->copy, r);
		if (is_same(e) || is_valid(e))
			return EXIT_DONE;
		answer = e->c->json == JSON_MODE_OFF ? ask("edit again? [Y/n]") : 'n';
		if (answer == 'n' || answer < 0)
			return fail(e, EXIT_INVALID, "ConfigInvalid", "this is not valid");
	}
}

int verb_edit(struct ctl *c)
{
	_cleanup_(edit_done) struct edit e = { .c = c };
	int r = choose_file(&e);

	if (!c->confirm)
		c->confirm = CONFIRM_SECONDS;
	if (!r)
		r = make_copy(&e);
	if (!r)
		r = edit_until_valid(&e);
	if (r)
		return r;
	if (is_same(&e))
		return unchanged(&e);
	return apply_file(&e);
}
