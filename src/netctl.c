// SPDX-License-Identifier: LGPL-2.1-or-later
/* netctl: a table of verbs, and the options that they share. Talks D-Bus only. */
#include <getopt.h>
#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <sys/ioctl.h>

#include "config.h"
#include "ctl/ctl.h"
#include "util/text.h"

static const struct verb verbs[] = {
	{ "status", "[NAME...]", 0, -1u, USES_BUS | USES_LEGEND | USES_ALL, verb_status,
	  "Every interface, its link and what is wrong (default)" },
	{ "show", "NAME", 1, 1, USES_BUS, verb_show, "Everything known of one interface" },
	{ "check", "[FILE|DIR...]", 0, -1u, 0, verb_check,
	  "Validate a configuration; the daemon is not needed" },
	{ "plan", "", 0, 0, USES_BUS, verb_plan, "What apply would do, step by step" },
	{ "apply", "[OPTION...]", 0, 0, USES_BUS | USES_DRY_RUN | USES_CONFIRM, verb_apply,
	  "Make the machine as the configuration on disk says" },
	{ "confirm", "[N]", 0, 1, USES_BUS, verb_confirm,
	  "Keep generation N, which waits to be reverted" },
	{ "rollback", "[N]", 0, 1, USES_BUS, verb_rollback,
	  "Go back to generation N, or to the one before" },
	{ "history", "", 0, 0, USES_BUS | USES_LEGEND, verb_history,
	  "The last generations: when, who, what came of them" },
	{ "hold", "NAME", 1, 1, USES_BUS | USES_FOR, verb_hold,
	  "Leave an interface alone for a while" },
	{ "release", "NAME", 1, 1, USES_BUS, verb_release, "Look after it again" },
	{ "reload", "", 0, 0, USES_BUS, verb_reload, "The same, as service managers call it" },
	{ "export", "[NAME...]", 0, -1u, USES_BUS, verb_export,
	  "The running state of the machine as a configuration" },
};

static int print_help(void)
{
	puts("netctl [OPTIONS] [VERB] ...\n\n"
	     "Show and change the network configuration that netctld keeps.\n");
	for (unsigned n = 0; n < ARRAY_SIZE(verbs); n++)
		printf("  %-8s %-14s %s\n", verbs[n].name, verbs[n].args, verbs[n].help);
	puts("\n  --all             status: every interface on a line of its own\n"
	     "  --dry-run         apply: only plan\n"
	     "  --confirm=SEC     apply: revert it by itself unless confirmed in time\n"
	     "  --for=SEC         hold: so long (600)\n"
	     "  --no-legend       status, history: no header, no column titles\n"
	     "  -H, --host=[USER@]HOST  ask the daemon of another machine, over ssh\n"
	     "  --json[=short|pretty]   print JSON, also errors\n"
	     "  --color=auto|always|never\n"
	     "  --help, --version\n\n"
	     "Exit status: 0 done, 1 failed, 2 wrong usage, 3 timed out, 4 not permitted,\n"
	     "5 configuration invalid, 6 undone again, 8 the daemon does not run,\n"
	     "10 no such interface.");
	return EXIT_DONE;
}

/* A word of the caller's that must be one of a few. Return: its place, or -1. */
static int choose(const char *const *words, const char *word)
{
	for (int n = 0; words[n]; n++)
		if (!strcmp(words[n], word))
			return n;
	return -1;
}

static bool set_json(struct ctl *c, const char *mode)
{
	static const char *const modes[] = { "short", "pretty", NULL };
	int n = mode ? choose(modes, mode) : isatty(STDOUT_FILENO);

	c->json = n == 1 ? JSON_MODE_PRETTY : JSON_MODE_SHORT;
	return n >= 0;
}

static bool set_colour(struct ctl *c, const char *mode)
{
	static const char *const modes[] = { "auto", "always", "never", NULL };
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");
	int n = choose(modes, mode);

	c->colour = n == 1 || (n == 0 && !(no && *no) && term && strcmp(term, "dumb") &&
			       isatty(STDOUT_FILENO));
	return n >= 0;
}

/* "90", or with a unit: "90s", "10m", "1h". As an option's parser: -1 to go on. */
static int set_seconds(const struct ctl *c, const char *option, unsigned *ret)
{
	static const char *const units[] = { "s", "m", "h", NULL };
	static const unsigned factors[] = { 1, 60, 3600 };
	char *end = optarg;
	unsigned long n = 0;
	int unit;

	if (*optarg >= '0' && *optarg <= '9')
		n = strtoul(optarg, &end, 10);
	unit = end == optarg ? -1 : *end ? choose(units, end) : 0;
	if (unit < 0 || !n || n > SECONDS_MAX / factors[unit])
		return ctl_usage(c, "%s is a time of 1 s to 24 h, as 90, 90s, 10m or 1h", option);
	*ret = n * factors[unit];
	return -1;
}

static unsigned terminal_width(void)
{
	struct winsize w = { 0 };

	return ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_col ? w.ws_col : 80;
}

enum {
	OPT_ALL = 256,
	OPT_DRY_RUN,
	OPT_NO_LEGEND,
	OPT_CONFIRM,
	OPT_FOR,
	OPT_JSON,
	OPT_COLOR,
	OPT_HELP,
	OPT_VERSION,
};

/* Return: -1 to go on, or an exit status. @uses: the options that not every verb has. */
static int parse_option(struct ctl *c, int opt, unsigned *uses)
{
	switch (opt) {
	case 'H':
		c->host = optarg;
		*uses |= USES_BUS;
		return -1;
	case OPT_ALL:
		c->all = true;
		*uses |= USES_ALL;
		return -1;
	case OPT_DRY_RUN:
		c->dry_run = true;
		*uses |= USES_DRY_RUN;
		return -1;
	case OPT_CONFIRM:
		*uses |= USES_CONFIRM;
		return set_seconds(c, "--confirm", &c->confirm);
	case OPT_FOR:
		*uses |= USES_FOR;
		return set_seconds(c, "--for", &c->hold_for);
	case OPT_NO_LEGEND:
		c->legend = false;
		*uses |= USES_LEGEND;
		return -1;
	case OPT_JSON:
		return set_json(c, optarg) ? -1 : ctl_usage(c, "--json is short or pretty");
	case OPT_COLOR:
		return set_colour(c, optarg) ? -1 :
					       ctl_usage(c, "--color is auto, always or never");
	case OPT_HELP:
		return print_help();
	case OPT_VERSION:
		puts("netctl " PACKAGE_VERSION);
		return EXIT_DONE;
	}
	return EXIT_USAGE; /* getopt has said why */
}

static int parse_options(struct ctl *c, int argc, char **argv, unsigned *uses)
{
	static const struct option options[] = {
		{ "host", required_argument, NULL, 'H' },
		{ "all", no_argument, NULL, OPT_ALL },
		{ "dry-run", no_argument, NULL, OPT_DRY_RUN },
		{ "confirm", required_argument, NULL, OPT_CONFIRM },
		{ "for", required_argument, NULL, OPT_FOR },
		{ "no-legend", no_argument, NULL, OPT_NO_LEGEND },
		{ "json", optional_argument, NULL, OPT_JSON },
		{ "color", required_argument, NULL, OPT_COLOR },
		{ "help", no_argument, NULL, OPT_HELP },
		{ "version", no_argument, NULL, OPT_VERSION },
		{ NULL, 0, NULL, 0 },
	};
	int opt, r = -1;

	while (r < 0 && (opt = getopt_long(argc, argv, "H:", options, NULL)) >= 0)
		r = parse_option(c, opt, uses);
	return r;
}

static const char *nth_verb(const void *data _unused_, unsigned i)
{
	return i < ARRAY_SIZE(verbs) ? verbs[i].name : NULL;
}

static const struct verb *find_verb(const char *name)
{
	for (unsigned n = 0; n < ARRAY_SIZE(verbs); n++)
		if (!strcmp(verbs[n].name, name))
			return &verbs[n];
	return NULL;
}

/* An option that would do nothing is a misunderstanding. */
static int refuse_option(const struct ctl *c, const struct verb *v, unsigned unused)
{
	static const char *const names[] = { "--host", "--no-legend", "--all", "--dry-run",
					     "--confirm", "--for" };

	return ctl_usage(c, "%s has no use for %s", v->name, names[__builtin_ctz(unused)]);
}

static int run_verb(struct ctl *c, const char *name, unsigned uses)
{
	const struct verb *v = find_verb(name);
	const char *near;

	if (!v) {
		near = text_suggest(name, nth_verb, NULL);
		if (!near)
			return ctl_usage(c, "unknown verb \"%s\"; see netctl --help", name);
		return ctl_usage(c, "unknown verb \"%s\" (did you mean \"%s\"?)", name, near);
	}
	if (uses & ~v->uses)
		return refuse_option(c, v, uses & ~v->uses);
	if (c->n_names < v->min || c->n_names > v->max)
		return ctl_usage(c, "usage: netctl %s%s%s", v->name, *v->args ? " " : "", v->args);
	return v->run(c);
}

int main(int argc, char **argv)
{
	struct ctl c = { .legend = true, .width = terminal_width(), .hold_for = 600 };
	unsigned uses = 0;
	int r;

	setlocale(LC_CTYPE, "");
	c.utf8 = !strcmp(nl_langinfo(CODESET), "UTF-8");
	set_colour(&c, "auto");
	features_init();
	r = parse_options(&c, argc, argv, &uses);
	if (r >= 0)
		return r;
	if (optind < argc) {
		c.names = argv + optind + 1;
		c.n_names = argc - optind - 1;
	}
	r = run_verb(&c, optind < argc ? argv[optind] : "status", uses);
	sd_bus_flush_close_unref(c.bus);
	if (fflush(stdout) || ferror(stdout))
		r = r ? r : ctl_fail(&c, EXIT_FAILED, "org.netctl1.Error.Failed", "cannot write");
	return r;
}
