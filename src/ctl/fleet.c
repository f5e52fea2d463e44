// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Several hosts at once: the verb is run for each of them in a process of its
 * own, all at the same time, and what comes of it is one line each.
 *
 * What must stay true: a host that does not answer holds up nobody else's
 * line, and the exit status is the worst of all.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ctl/ctl.h"
#include "util/text.h"

struct member {
	const char *host;
	pid_t pid;
	FILE *out, *err;
	int status;
	json_t *answer; /* NULL: it makes no sense */
	char *words;	/* the last line that ssh said */
};

/* Not back: in the child the verb ends the process. */
static void run_member(const struct ctl *c, const struct verb *v, const struct member *m)
{
	struct ctl mine = *c;
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC), r;

	if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(fileno(m->out), STDOUT_FILENO) < 0 ||
	    dup2(fileno(m->err), STDERR_FILENO) < 0)
		_exit(EXIT_FAILED);
	mine.host = m->host;
	mine.n_hosts = 1;
	mine.json = JSON_MODE_SHORT;
	r = v->run(&mine);
	ctl_hang_up(&mine);
	if (fflush(stdout))
		r = EXIT_FAILED;
	_exit(r);
}

static int start(const struct ctl *c, const struct verb *v, struct member *m)
{
	m->status = EXIT_FAILED;
	m->out = tmpfile();
	m->err = tmpfile();
	m->pid = m->out && m->err ? fork() : -1;
	if (m->pid < 0)
		return ctl_fail(c, EXIT_FAILED, "org.netctl1.Error.Failed", strerror(errno));
	if (!m->pid)
		run_member(c, v, m);
	return EXIT_DONE;
}

static char *last_line(FILE *f)
{
	char line[512], *last = NULL;

	rewind(f);
	while (fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\r\n")] = 0;
		if (!*line)
			continue;
		free(last);
		last = str_dup(line);
	}
	return last ? text_utf8(last) : NULL;
}

static void collect(struct member *m, int status)
{
	m->status = WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_FAILED;
	rewind(m->out);
	m->answer = json_loadf(m->out, 0, NULL);
	m->words = last_line(m->err);
}

/* "12 interfaces: 10 ok, 1 failed" and in what state the daemon is. */
static char *status_line(const json_t *d)
{
	_cleanup_free_ char *counts = count_states(json_object_get(d, "interfaces"));

	return str_format("%s, generation %d, %s", get_text(d, NULL, "state"),
			  (int)get_number(d, NULL, "generation"), counts);
}

static char *error_line(const struct member *m)
{
	const json_t *error = json_object_get(m->answer, "error");
	const json_t *lines = json_object_get(error, "lines");
	const char *first = json_string_value(json_array_get(lines, 0));
	size_t more = json_array_size(lines);

	/* What ssh said tells more than that there is no connection. */
	if (!error || (m->status == EXIT_NO_DAEMON && m->words))
		return str_dup(m->words ? m->words : "no answer");
	return more > 1 ? str_format("%s (and %zu more)", first, more - 1) :
			  str_dup(first ? first : "");
}

static char *summary(const struct member *m)
{
	const json_t *j = m->answer;
	int steps = json_array_size(json_object_get(j, "steps"));
	int number = get_number(j, NULL, "generation");

	if (m->status || !j)
		return error_line(m);
	if (json_object_get(j, "interfaces") && json_object_get(j, "state"))
		return status_line(j);
	if (json_object_get(j, "steps"))
		return steps ? str_format("%d step%s", steps, steps == 1 ? "" : "s") :
			       str_dup("nothing to do");
	if (json_object_get(j, "confirm_seconds"))
		return str_format("generation %d is reverted in %d s unless it is confirmed",
				  number, (int)get_number(j, NULL, "confirm_seconds"));
	if (json_object_get(j, "generation"))
		return str_format("generation %d is in use", number);
	return str_dup(json_object_get(j, "valid") ? "valid" : "done");
}

static bool is_well(const struct member *m)
{
	const char *state = get_text(m->answer, NULL, "state");

	return !m->status && strcmp(state, "degraded");
}

static void print_member(const struct ctl *c, const struct member *m, unsigned width)
{
	_cleanup_free_ char *text = summary(m), *line = NULL;

	mark_print(c, mark_of(is_well(m) ? "ok" : "failed"));
	line = str_format("%-*s  %s", (int)width, m->host, text);
	printf(" %s\n", line);
	print_warnings(c, json_object_get(m->answer, "warnings"), stdout);
	if (path_is_cut(m->answer)) {
		path_print(m->answer, stdout);
		putchar('\n');
	}
	fflush(stdout);
}

static struct member *member_of(struct member *members, unsigned n, pid_t pid)
{
	while (n--)
		if (members[n].pid == pid)
			return &members[n];
	return NULL;
}

static json_t *members_json(const struct member *members, unsigned n)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < n; i++) {
		json_t *j = json_pack("{s:s, s:i}", "host", members[i].host, "status",
				      members[i].status);

		if (members[i].answer)
			json_object_set(j, "answer", members[i].answer);
		json_array_append_new(list, j);
	}
	return list;
}

static int gather(const struct ctl *c, struct member *members)
{
	unsigned width = 0, left = 0;
	int status, worst = EXIT_DONE;
	struct member *m;
	pid_t pid;

	for (unsigned n = 0; n < c->n_hosts; n++) {
		width = max_of(width, (unsigned)strlen(members[n].host));
		left += members[n].pid > 0;
	}
	while (left && ((pid = wait(&status)) > 0 || errno == EINTR)) {
		m = pid > 0 ? member_of(members, c->n_hosts, pid) : NULL;
		if (!m)
			continue;
		left--;
		collect(m, status);
		if (c->json == JSON_MODE_OFF)
			print_member(c, m, width);
	}
	for (unsigned n = 0; n < c->n_hosts; n++)
		worst = max_of(worst, members[n].status);
	if (c->json != JSON_MODE_OFF)
		ctl_json(c, json_pack("{s:i, s:o}", "version", 1, "hosts",
				      members_json(members, c->n_hosts)));
	return worst;
}

int fleet_run(struct ctl *c, const struct verb *v)
{
	_cleanup_free_ struct member *members = mem_new(c->n_hosts * sizeof(*members));
	int r;

	if (!(v->uses & USES_FLEET))
		return ctl_usage(c, "%s asks one host at a time", v->name);
	if (v->run == verb_apply && !c->confirm && !c->dry_run)
		return ctl_usage(
			c, "apply on several hosts needs --confirm=SEC, so that none is lost");
	if (v->run == verb_reload || v->run == verb_rollback)
		return ctl_usage(
			c, "nothing would revert %s if it cut off several hosts: one at a time%s",
			v->name, v->run == verb_reload ? ", or apply --confirm=SEC" : "");
	fflush(stdout);
	for (unsigned n = 0; n < c->n_hosts; n++) {
		members[n].host = c->hosts[n];
		(void)start(c, v, &members[n]);
	}
	r = gather(c, members);
	for (unsigned n = 0; n < c->n_hosts; n++) {
		json_decref(members[n].answer);
		free(members[n].words);
		if (members[n].out)
			fclose(members[n].out);
		if (members[n].err)
			fclose(members[n].err);
	}
	return r;
}
