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
 * whatever goes wrong; the file is as it was unless what is in it was applied;
 * and what others write there meanwhile is neither lost nor taken for ours.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/config.h"
#include "core/quirk.h"
#include "core/source.h"
#include "ctl/ctl.h"
#include "util/text.h"

#define FILE_MAX (16 << 20)

struct edit {
	struct ctl *c;
	char *folder, *name, *path, *copy;
	bool alone; /* the folder is not one of those that the daemon reads by itself */
	char *target; /* what the path is, should it be a link */
	char *before; /* what the file says; NULL: there is none */
	char *typed;
	size_t before_size, typed_size;
	struct stat st; /* of the file, if there is one */
	int lock; /* no other session has this copy */
};

/* When the file was changed that this began with. */
static int set_time(const struct edit *e, const char *path)
{
	const struct timespec times[] = { { .tv_nsec = UTIME_OMIT }, e->st.st_mtim };

	return utimensat(AT_FDCWD, path, times, 0);
}

static char *lock_path(const struct edit *e)
{
	return str_format("%s.lock", e->copy);
}

static void edit_done(struct edit *e)
{
	_cleanup_free_ char *path = e->lock >= 0 ? lock_path(e) : NULL;

	/* A copy that stays says of which file it is one: of that with the same time. */
	if (e->before && path)
		(void)set_time(e, e->copy);
	if (path) {
		(void)unlink(path);
		close(e->lock);
	}
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

/* The only file of a folder; NULL: there are several, or none. The caller frees it. */
static char *only_file(const char *folder)
{
	DIR *dir = opendir(folder);
	struct dirent *d;
	char *name = NULL;
	unsigned n = 0;

	while (dir && (d = readdir(dir))) {
		if (!config_is_file(d->d_name))
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

/* As the daemon names the folder; NULL: it is not one of its own. */
static const char *default_folder(const char *folder)
{
	struct stat a, b;

	for (unsigned n = 0; n < CONFIG_N_DEFAULT_PATHS; n++)
		if (stat(folder, &a) == 0 && stat(config_default_paths[n], &b) == 0 &&
		    a.st_dev == b.st_dev && a.st_ino == b.st_ino)
			return config_default_paths[n];
	return NULL;
}

/* FILE is a name in the first folder that the daemon reads, or a path. Return: an exit status. */
static int choose_file(struct edit *e)
{
	const char *word = e->c->n_names ? e->c->names[0] : NULL;
	const char *slash = word ? strrchr(word, '/') : NULL;

	_cleanup_free_ char *given = slash ?
		str_format("%.*s", max_of((int)(slash - word), 1), word) : NULL;
	const char *known = slash ? default_folder(given) : config_default_paths[0];

	e->alone = !known;
	e->folder = str_dup(known ? known : given);
	if (!word)
		e->name = only_file(e->folder);
	else
		e->name = str_format("%s%s", slash ? slash + 1 : word,
				     config_is_file(slash ? slash + 1 : word) ? "" : ".conf");
	if (!e->name)
		return ctl_usage(e->c, "several files are in %s: netctl edit FILE", e->folder);
	if (!config_is_file(e->name))
		return ctl_usage(e->c, "\"%s\" is no name of a file", e->name);
	e->path = str_format("%s/%s", e->folder, e->name);
	e->copy = str_format("%s.edit", e->path);
	return EXIT_DONE;
}

/* Others must not read more of it than they could, and the daemon not less. */
static int write_like_it(const struct edit *e, const char *path, const char *text, size_t size)
{
	mode_t mask = umask(e->before ? 0 : 022);
	int r = file_write_atomic(path, text, size, e->before ? e->st.st_mode & 0777 : 0666);

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

/* Of the first session of two; a file that somebody who was killed has left is no lock. */
static int take_lock(struct edit *e)
{
	_cleanup_free_ char *path = lock_path(e);
	struct stat mine, there;

	for (;;) {
		_cleanup_close_ int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

		if (fd < 0)
			return fail_file(e, path, -errno);
		if (flock(fd, LOCK_EX | LOCK_NB) < 0)
			return ctl_fail(e->c, EXIT_FAILED, "org.netctl1.Error.Busy",
					"somebody else edits this file now");
		/* Who had it may have removed it in between. */
		if (fstat(fd, &mine) == 0 && stat(path, &there) == 0 &&
		    mine.st_ino == there.st_ino) {
			e->lock = fd;
			fd = -1;
			return EXIT_DONE;
		}
	}
}

/* The first letter of a line, in lower case; 0: an empty one, -1: nobody answers. */
static int ask(const struct edit *e, const char *question)
{
	int answer = 0, r;
	char c;

	fprintf(stderr, "%s ", question);
	/* Not a letter more: what follows is the answer to another question. */
	while ((r = signals_wait(e->c, STDIN_FILENO, POLLIN, UINT64_MAX)) >= 0) {
		if (r && read(STDIN_FILENO, &c, 1) != 1)
			break;
		if (r && c == '\n')
			return answer;
		answer = answer || !r ? answer : c | 0x20;
	}
	return -1;
}

/* What was typed before, and could not be applied then, may be of a file that is no longer so. */
static int go_on_with(struct edit *e, const struct stat *copy)
{
	fprintf(stderr, "netctl: going on with %s, which was not applied\n", e->copy);
	if (!e->before || (e->st.st_mtim.tv_sec == copy->st_mtim.tv_sec &&
			   e->st.st_mtim.tv_nsec == copy->st_mtim.tv_nsec))
		return EXIT_DONE;
	fprintf(stderr,
		"netctl: %s was changed after that was begun, and applying it would take that "
		"back\n",
		e->path);
	if (e->c->json == JSON_MODE_OFF && ask(e, "go on with it? [y/N]") == 'y')
		return EXIT_DONE;
	e->st.st_mtim = copy->st_mtim; /* to be asked again the next time */
	return fail(e, EXIT_FAILED, "Failed", "the file was changed meanwhile");
}

/* What was typed before, and could not be applied then, is what the copy begins with. */
static int make_copy(struct edit *e)
{
	struct stat copy;
	int r;

	if (mkdir(e->folder, 0755) < 0 && errno != EEXIST)
		return fail_file(e, e->folder, -errno);
	r = take_lock(e);
	if (r)
		return r;
	e->target = realpath(e->path, NULL);
	if (!e->target)
		e->target = str_dup(e->path);
	r = file_read(e->target, FILE_MAX, &e->before, &e->before_size);
	if (r >= 0 && stat(e->target, &e->st) < 0)
		r = -errno;
	if (r < 0 && r != -ENOENT)
		return fail_file(e, e->path, r);
	if (stat(e->copy, &copy) == 0)
		return go_on_with(e, &copy);
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

/* Of all that the daemon would read, with what was typed in the file's place. */
static bool is_valid(const struct edit *e)
{
	const char *const alone[] = { e->folder };
	const struct instead instead = { e->path, e->typed, e->typed_size };
	const struct config_paths config = {
		.paths = e->alone ? alone : config_default_paths,
		.n = e->alone ? 1 : CONFIG_N_DEFAULT_PATHS, .optional = true,
		.present = machine_has, .instead = &instead,
	};
	_cleanup_(machine_freep) struct machine *machine = NULL;
	_cleanup_(generation_freep) struct generation *g = NULL;
	_cleanup_(errors_done) struct errors errors = { 0 };

	/* Files elsewhere may be meant for another machine. */
	if (config_load(&config, &errors, &g) >= 0 && !e->alone) {
		quirks_load_installed();
		machine = machine_read(g->want);
		if (machine)
			config_check_machine(g, machine_model(machine), &errors);
	}
	for (unsigned n = 0; n < errors.n; n++)
		fprintf(stderr, "%s\n", errors.lines[n]);
	return !errors.n;
}

/* Does the file say this? NULL: is there none? */
static bool target_is(const struct edit *e, const char *text, size_t size)
{
	_cleanup_free_ char *now = NULL;
	size_t n;
	int r = file_read(e->target, FILE_MAX, &now, &n);

	if (!text)
		return r == -ENOENT;
	return r >= 0 && n == size && !memcmp(now, text, n);
}

/* The file as it was, also in when it was changed: see edit_done(). */
static void put_back(const struct edit *e)
{
	int r;

	if (!target_is(e, e->typed, e->typed_size)) {
		fprintf(stderr,
			"netctl: somebody else has changed %s meanwhile, and it is left so; "
			"what was typed is in %s\n",
			e->path, e->copy);
		return;
	}
	r = e->before ? write_like_it(e, e->target, e->before, e->before_size) :
			unlink(e->target) < 0 ? -errno : 0;
	if (r >= 0 && e->before && set_time(e, e->target) < 0)
		r = -errno;
	if (r < 0)
		fprintf(stderr, "netctl: %s could not be put back: %s\n", e->path, strerror(-r));
	else
		fprintf(stderr, "netctl: %s is as it was; what was typed is in %s\n", e->path,
			e->copy);
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

/* The daemon plans what is on disk. Return: an exit status. */
static int plan(struct ctl *c)
{
	json_auto_t *unprinted = NULL;

	if (c->json != JSON_MODE_OFF)
		return ctl_plan(c, &(struct change_asked){ 0 }, NULL, &unprinted);
	return verb_plan(c);
}

/* Without a daemon the file stays as it was typed. Return: an exit status. */
static int plan_and_apply(struct edit *e)
{
	int r = plan(e->c);

	fflush(stdout);
	if (r == EXIT_NO_DAEMON) {
		(void)unlink(e->copy);
		fprintf(stderr, "netctl: %s is written; netctld takes it up when it runs\n",
			e->path);
		return r;
	}
	if (!r && e->c->json == JSON_MODE_OFF && ask(e, "apply this? [y/N]") != 'y')
		r = EXIT_UNDONE;
	if (!r)
		r = apply_confirm(e->c);
	if (r)
		put_back(e);
	else
		(void)unlink(e->copy);
	return r;
}

static int apply_file(struct edit *e)
{
	int r;

	if (!target_is(e, e->before, e->before_size))
		return fail(e, EXIT_FAILED, "Failed",
			    "somebody else has changed the file meanwhile, and it is left so");
	/* Whoever is cut off by the change, or tells us to end, still gets the file back. */
	e->c->signals = signals_watch();
	r = write_like_it(e, e->target, e->typed, e->typed_size);
	return r < 0 ? fail_file(e, e->path, r) : plan_and_apply(e);
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
		answer = e->c->json == JSON_MODE_OFF ? ask(e, "edit again? [Y/n]") : 'n';
		if (answer == 'n' || answer < 0)
			return fail(e, EXIT_INVALID, "ConfigInvalid", "this is not valid");
	}
}

int verb_edit(struct ctl *c)
{
	_cleanup_(edit_done) struct edit e = { .c = c, .lock = -1 };
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
