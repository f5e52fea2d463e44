// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The way the caller came by: is it among what a change interrupts?
 *
 * sshd leaves the connection's addresses in SSH_CONNECTION. sudo and su may
 * take that away, so it is looked for in the programs above this one too, as
 * far as their environment can be read. With -H the way is the one that ssh
 * takes to the other machine; only that one's sshd knows where it comes out
 * there, so it is asked, by a connection of its own.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ctl/ctl.h"
#include "util/text.h"

#define VARIABLE "SSH_CONNECTION="
#define PARENTS_MAX 64

/* A socket for both families has IPv4 addresses so. */
static const char *unmapped(const char *address)
{
	return strncasecmp(address, "::ffff:", 7) ? address : address + 7;
}

/* Of "PEER PORT OWN PORT" (ssh(1)) both addresses; NULL: not from elsewhere. */
static char *parse_connection(const char *text)
{
	char peer[64], own[64];

	if (sscanf(text, "%63s %*s %63s %*s", peer, own) != 2 || !strcmp(peer, own))
		return NULL;
	return str_format("%s %s", unmapped(peer), unmapped(own));
}

/* All of a file below /proc, which has no size. */
static char *read_proc(pid_t pid, const char *name, size_t *ret_size)
{
	_cleanup_free_ char *path = str_format("/proc/%d/%s", (int)pid, name);
	char *text = NULL;
	size_t size = 0, n;
	char buf[4096];
	FILE *in = fopen(path, "re"), *out;

	if (!in)
		return NULL;
	out = open_memstream(&text, &size);
	while ((n = fread(buf, 1, sizeof(buf), in)) > 0)
		fwrite(buf, 1, n, out);
	fclose(in);
	fclose(out);
	*ret_size = size;
	return text;
}

static char *find_in_environment(pid_t pid)
{
	size_t size;
	_cleanup_free_ char *all = read_proc(pid, "environ", &size);

	for (const char *s = all; s && s < all + size; s += strlen(s) + 1)
		if (!strncmp(s, VARIABLE, strlen(VARIABLE)))
			return parse_connection(s + strlen(VARIABLE));
	return NULL;
}

/* proc_pid_stat(5): the fourth field; the second is a name in brackets. 0: none */
static pid_t parent_of(pid_t pid)
{
	size_t size;
	_cleanup_free_ char *stat = read_proc(pid, "stat", &size);
	const char *p = stat ? strrchr(stat, ')') : NULL;
	int parent;

	return p && sscanf(p, ") %*c %d", &parent) == 1 ? parent : 0;
}

static char *find_peer(void)
{
	const char *mine = getenv("SSH_CONNECTION");
	char *peer = NULL;
	pid_t pid = getppid();

	if (mine)
		return parse_connection(mine);
	for (unsigned n = 0; n < PARENTS_MAX && pid > 1 && !peer; n++) {
		peer = find_in_environment(pid);
		pid = parent_of(pid);
	}
	return peer;
}

/* Of "USER@HOST:PORT/MACHINE" (sd_bus_open_system_remote()) what ssh takes. */
static char *split_host(const char *text, char **ret_port)
{
	char *host = str_dup(text), *slash = strchr(host, '/'), *colon, *name;

	if (slash)
		*slash = 0;
	colon = strrchr(host, ':');
	/* An IPv6 address has its colons in brackets, which ssh does not take. */
	if (colon && !strchr(colon, ']')) {
		*colon = 0;
		*ret_port = str_dup(colon + 1);
	}
	name = strrchr(host, '@');
	name = name ? name + 1 : host;
	if (*name == '[' && name[strlen(name) - 1] == ']') {
		name[strlen(name) - 1] = 0;
		memmove(name, name + 1, strlen(name));
	}
	return host;
}

/* ssh must not ask a person twice, nor say twice what is wrong. */
static void run_ssh(const char *host, const char *port, int out)
{
	const char *args[] = { "ssh", "-xT", "-o", "BatchMode=yes", "-o", "ConnectTimeout=5",
			       "--", host, "echo \"$SSH_CONNECTION\"", NULL, NULL, NULL };
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (port) { /* without it, as ssh_config(5) has it */
		memmove(&args[8], &args[6], 3 * sizeof(*args));
		args[6] = "-p";
		args[7] = port;
	}
	if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0 ||
	    dup2(null, STDERR_FILENO) < 0)
		_exit(127);
	execvp("ssh", (char *const *)args);
	_exit(127);
}

/* The way to another machine is the one that its sshd knows. NULL: it does not say. */
static char *find_peer_there(const char *text)
{
	_cleanup_free_ char *port = NULL, *host = split_host(text, &port);
	char line[256] = "";
	int fds[2], status;
	FILE *in;
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return NULL;
	pid = fork();
	if (!pid)
		run_ssh(host, port, fds[1]);
	close(fds[1]);
	in = fdopen(fds[0], "r");
	if (!in || pid < 0 || !fgets(line, sizeof(line), in))
		*line = 0;
	if (in)
		fclose(in);
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return parse_connection(line);
}

char *path_peer(const struct ctl *c)
{
	return c->host ? find_peer_there(c->host) : find_peer();
}

bool path_is_cut(const json_t *plan)
{
	const char *cut = get_text(plan, "path", "interrupted");

	return !strcmp(cut, "yes") || !strcmp(cut, "maybe");
}

void path_print(const json_t *plan, FILE *out)
{
	const json_t *path = json_object_get(plan, "path");
	const char *first = json_string_value(
		json_array_get(json_object_get(path, "interfaces"), 0));

	fprintf(out, "%s the way you came by (ssh from %s by %s)",
		strcmp(get_text(path, NULL, "interrupted"), "yes") ? "may interrupt" : "interrupts",
		get_text(path, NULL, "peer"), first ? first : "?");
}

static bool is_on_path(const json_t *plan, const char *name)
{
	const json_t *j, *names = json_object_get(json_object_get(plan, "path"), "interfaces");
	size_t n;

	json_array_foreach(names, n, j)
		if (!strcmp(json_string_value(j), name))
			return true;
	return false;
}

static void tell(const json_t *plan)
{
	const json_t *j;
	size_t n;

	fputs("This change ", stderr);
	path_print(plan, stderr);
	fputs(".\n", stderr);
	json_array_foreach(json_object_get(plan, "loses"), n, j)
		if (is_on_path(plan, get_text(j, NULL, "name")))
			fprintf(stderr, "  %s: %s\n", get_text(j, NULL, "name"),
				get_text(j, NULL, "why"));
}

static int ask_confirm(struct ctl *c)
{
	char line[64] = "";

	fprintf(stderr, "Apply it with --confirm=%d? [Y/n/without] ", CONFIRM_SECONDS);
	if (!fgets(line, sizeof(line), stdin))
		*line = 'n';
	if (*line == 'y' || *line == 'Y' || *line == '\n') {
		c->confirm = CONFIRM_SECONDS;
		return EXIT_DONE;
	}
	if (*line == 'w' || *line == 'W')
		return EXIT_DONE;
	fputs("not applied\n", stderr);
	return EXIT_UNDONE;
}

/* What nothing would revert. */
static int ask_anyway(void)
{
	char line[64] = "";

	fputs("Nothing would revert that. Do it? [y/N] ", stderr);
	if (fgets(line, sizeof(line), stdin) && (*line == 'y' || *line == 'Y'))
		return EXIT_DONE;
	fputs("not done\n", stderr);
	return EXIT_UNDONE;
}

int path_ask(struct ctl *c, const struct change_asked *a)
{
	struct ctl quiet = *c;
	_cleanup_free_ char *peer = path_peer(c);
	json_auto_t *plan = NULL;
	int r;

	if (!peer)
		return EXIT_DONE;
	/* What is wrong is told by the change itself. */
	quiet.quiet = true;
	r = ctl_plan(&quiet, a, peer, &plan);
	c->bus = quiet.bus;
	if (r || !path_is_cut(plan))
		return EXIT_DONE;
	tell(plan);
	if (c->json == JSON_MODE_OFF && isatty(STDIN_FILENO) && isatty(STDERR_FILENO))
		return a->confirmable ? ask_confirm(c) : ask_anyway();
	fputs(a->confirmable ? "netctl: warning: with --confirm it would be reverted if that "
			       "locked you out\n" :
			       "netctl: warning: nothing reverts it if that locks you out\n",
	      stderr);
	return EXIT_DONE;
}
