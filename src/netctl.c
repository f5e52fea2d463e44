// SPDX-License-Identifier: LGPL-2.1-or-later
/* netctl: the options, then the verb. Talks D-Bus only. */
#include <getopt.h>
#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "ctl/ctl.h"
#include "util/text.h"

static unsigned terminal_width(void)
{
	struct winsize w = { 0 };

	return ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_col ? w.ws_col : 80;
}

static const char *nth_verb(const void *data _unused_, unsigned i)
{
	return verbs[i].name;
}

static const struct verb *find_verb(const char *name)
{
	for (const struct verb *v = verbs; v->name; v++)
		if (!strcmp(v->name, name))
			return v;
	return NULL;
}

static int run_verb(struct ctl *c, const char *name)
{
	const struct verb *v = find_verb(name);
	const char *near;
	int r;

	if (!v) {
		near = text_suggest(name, nth_verb, NULL);
		if (!near)
			return ctl_usage(c, "unknown verb \"%s\"; see netctl --help", name);
		return ctl_usage(c, "unknown verb \"%s\" (did you mean \"%s\"?)", name, near);
	}
	r = options_refuse(c, v);
	if (r >= 0)
		return r;
	if (c->n_names < v->min || c->n_names > v->max)
		return ctl_usage(c, "usage: netctl %s%s%s", v->name, *v->args ? " " : "", v->args);
	return c->n_hosts > 1 ? fleet_run(c, v) : v->run(c);
}

int main(int argc, char **argv)
{
	struct ctl c = { .root = "", .legend = true, .width = terminal_width(),
			 .timeout = 120, .signals = -1 };
	int r;

	setlocale(LC_CTYPE, "");
	c.utf8 = !strcmp(nl_langinfo(CODESET), "UTF-8");
	features_init();
	r = options_parse(&c, argc, argv);
	if (r < 0 && optind < argc) {
		c.names = argv + optind + 1;
		c.n_names = argc - optind - 1;
	}
	if (r < 0)
		r = run_verb(&c, optind < argc ? argv[optind] : "status");
	ctl_hang_up(&c);
	while (c.n_hosts)
		free(c.hosts[--c.n_hosts]);
	free(c.hosts);
	if (fflush(stdout) || ferror(stdout))
		r = r ? r : ctl_fail(&c, EXIT_FAILED, "org.netctl1.Error.Failed", "cannot write");
	return r;
}
