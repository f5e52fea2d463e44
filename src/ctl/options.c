// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The options, one row each: how it is written, which verbs have a use for it,
 * what it sets. The help, the completion and the refusal of an option that
 * would do nothing come from the rows.
 */
#include <getopt.h>
#include <stdlib.h>
#include <unistd.h>

#include "config.h"
#include "ctl/ctl.h"
#include "util/text.h"

/* A word of the caller's that must be one of a few. Return: its place, or -1. */
static int choose(const char *const *words, const char *word)
{
	for (int n = 0; words[n]; n++)
		if (!strcmp(words[n], word))
			return n;
	return -1;
}

/* Setters. Return: -1 to go on, or an exit status. */

static int set_host(struct ctl *c, const struct option_row *o _unused_, const char *value)
{
	_cleanup_free_ char *all = str_dup(value);
	char *rest = all, *word;

	while ((word = strsep(&rest, ","))) {
		if (!*word || *word == '-')
			return ctl_usage(c, "--host is HOST or USER@HOST, or several with commas");
		c->hosts = array_reserve(c->hosts, c->n_hosts, sizeof(*c->hosts));
		c->hosts[c->n_hosts++] = str_dup(word);
	}
	c->host = c->hosts[0];
	return -1;
}

static int set_root(struct ctl *c, const struct option_row *o _unused_, const char *value)
{
	c->root = value;
	return -1;
}

static int set_all(struct ctl *c, const struct option_row *o _unused_, const char *value _unused_)
{
	c->all = true;
	return -1;
}

static int set_dry_run(struct ctl *c, const struct option_row *o _unused_,
		       const char *value _unused_)
{
	c->dry_run = true;
	return -1;
}

static int set_no_legend(struct ctl *c, const struct option_row *o _unused_,
			 const char *value _unused_)
{
	c->legend = false;
	return -1;
}

/* There is none; who tells every tool so need not make an exception here. */
static int set_no_pager(struct ctl *c _unused_, const struct option_row *o _unused_,
			const char *value _unused_)
{
	return -1;
}

static int set_replace(struct ctl *c, const struct option_row *o _unused_,
		       const char *value _unused_)
{
	c->replace = true;
	return -1;
}

static const char *const json_modes[] = { "short", "pretty", NULL };

static int set_json(struct ctl *c, const struct option_row *o _unused_, const char *mode)
{
	int n = mode ? choose(json_modes, mode) : isatty(STDOUT_FILENO);

	c->json = n == 1 ? JSON_MODE_PRETTY : JSON_MODE_SHORT;
	return n >= 0 ? -1 : ctl_usage(c, "--json is short or pretty");
}

static const char *const colour_modes[] = { "auto", "always", "never", NULL };

static int set_colour(struct ctl *c, const struct option_row *o _unused_, const char *mode)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");
	int n = choose(colour_modes, mode);

	c->colour = n == 1 || (n == 0 && !(no && *no) && term && strcmp(term, "dumb") &&
			       isatty(STDOUT_FILENO));
	return n >= 0 ? -1 : ctl_usage(c, "--color is auto, always or never");
}

static int set_timeout(struct ctl *c, const struct option_row *o, const char *value);

/* "90", or with a unit: "90s", "10m", "1h". */
static int read_seconds(const struct ctl *c, const struct option_row *o, const char *value,
			unsigned *ret)
{
	static const char *const units[] = { "s", "m", "h", NULL };
	static const unsigned factors[] = { 1, 60, 3600 };
	const char *word = value;
	unsigned long n = 0;
	int unit;

	if (*value >= '0' && *value <= '9')
		n = strtoul(value, (char **)&word, 10);
	unit = word == value ? -1 : *word ? choose(units, word) : 0;
	if (unit < 0 || !n || n > SECONDS_MAX / factors[unit])
		return ctl_usage(c, "--%s is a time of 1 s to 24 h, as 90, 90s, 10m or 1h%s",
				 o->name, o->set == set_timeout ? "; 0 only looks" : "");
	*ret = n * factors[unit];
	return -1;
}

static int set_confirm(struct ctl *c, const struct option_row *o, const char *value)
{
	return read_seconds(c, o, value, &c->confirm);
}

static int set_for(struct ctl *c, const struct option_row *o, const char *value)
{
	return read_seconds(c, o, value, &c->hold_for);
}

static int set_interval(struct ctl *c, const struct option_row *o, const char *value)
{
	return read_seconds(c, o, value, &c->interval);
}

static int set_timeout(struct ctl *c, const struct option_row *o, const char *value)
{
	c->timeout = 0; /* only look */
	return strcmp(value, "0") ? read_seconds(c, o, value, &c->timeout) : -1;
}

static int set_count(struct ctl *c, const struct option_row *o _unused_, const char *value)
{
	char *end;
	unsigned long n = strtoul(value, &end, 10);

	if (*value < '0' || *value > '9' || *end || !n || n > UINT32_MAX)
		return ctl_usage(c, "--count is a number of packets");
	c->count = n;
	return -1;
}

static int set_write(struct ctl *c, const struct option_row *o _unused_, const char *value)
{
	c->write = value;
	return -1;
}

static int set_dot(struct ctl *c, const struct option_row *o _unused_, const char *value _unused_)
{
	c->dot = true;
	return -1;
}

static int set_svg(struct ctl *c, const struct option_row *o _unused_, const char *value _unused_)
{
	c->svg = true;
	return -1;
}

static int set_tdr(struct ctl *c, const struct option_row *o _unused_, const char *value _unused_)
{
	c->tdr = true;
	return -1;
}

static int print_version(struct ctl *c _unused_, const struct option_row *o _unused_,
			 const char *value _unused_)
{
	puts("netctl " PACKAGE_VERSION);
	return EXIT_DONE;
}

static int print_help(struct ctl *c _unused_, const struct option_row *self _unused_,
		      const char *value _unused_)
{
	puts("netctl [OPTIONS] [VERB] ...\n\n"
	     "Show and change the network configuration that netctld keeps.\n");
	for (const struct verb *v = verbs; v->name; v++)
		printf("  %-15s %-20s%s\n", v->name, v->args, v->help);
	putchar('\n');
	for (const struct option_row *o = options; o->name; o++) {
		const char letter[] = { '-', o->letter, ',', ' ', 0 };
		_cleanup_free_ char *left = str_format(
			"%s--%s%s%s%s", o->letter ? letter : "", o->name,
			!o->value ? "" : o->optional ? "[=" : "=", o->value ? o->value : "",
			o->optional ? "]" : "");

		printf("  %-26s %s\n", left, o->help);
	}
	puts("\nExit status: 0 done, 1 failed, 2 wrong usage, 3 timed out, 4 not permitted,\n"
	     "5 configuration invalid, 6 undone again, 8 the daemon does not run,\n"
	     "10 no such interface. More: netctl(1).");
	return EXIT_DONE;
}

const struct option_row options[] = {
	{ "all", .use = USES_ALL, .set = set_all,
	  .help = "status: a line for each; stats, xdp: zeros too" },
	{ "dry-run", .use = USES_DRY_RUN, .set = set_dry_run,
	  .help = "apply: only plan; init: only show" },
	{ "root", .value = "DIR", .use = USES_ROOT, .set = set_root,
	  .help = "init: a machine whose files are below DIR" },
	{ "confirm", .value = "SEC", .use = USES_CONFIRM, .set = set_confirm,
	  .help = "apply, edit: revert unless confirmed in time" },
	{ "replace", .use = USES_CONFIRM, .set = set_replace,
	  .help = "apply --confirm: instead of what waits" },
	{ "for", .value = "SEC", .use = USES_FOR, .set = set_for,
	  .help = "hold, identify: so long (600, 10)" },
	{ "interval", .value = "SEC", .use = USES_INTERVAL, .set = set_interval,
	  .help = "stats, xdp, drops: rates, again and again" },
	{ "timeout", .value = "SEC", .use = USES_TIMEOUT, .set = set_timeout,
	  .help = "wait-online: at most so long (120); 0: only look" },
	{ "count", .value = "N", .use = USES_CAPTURE, .set = set_count,
	  .help = "xdp capture: so many packets, then end" },
	{ "write", .value = "FILE|-", .use = USES_CAPTURE, .set = set_write,
	  .help = "xdp capture: pcap-ng into a file, or to stdout" },
	{ "dot", .use = USES_DOT, .set = set_dot, .help = "graph: for graphviz" },
	{ "tdr", .use = USES_TDR, .set = set_tdr,
	  .help = "test-cable: what comes back of a pulse" },
	{ "svg", .use = USES_SVG, .set = set_svg, .help = "tsn: as a picture" },
	{ "no-legend", .use = USES_LEGEND, .set = set_no_legend,
	  .help = "no header, no titles of columns" },
	{ "no-pager", .set = set_no_pager, .help = "nothing: netctl never starts a pager" },
	{ "host", 'H', .value = "[USER@]HOST", .use = USES_BUS, .set = set_host,
	  .help = "ask other machines, over ssh; several: HOST,HOST" },
	{ "json", .value = "short|pretty", .optional = true, .words = json_modes, .set = set_json,
	  .help = "print JSON, also errors" },
	{ "color", .value = "auto|always|never", .words = colour_modes, .set = set_colour,
	  .help = "colours" },
	{ "help", .set = print_help, .help = "this text" },
	{ "version", .set = print_version, .help = "which netctl this is" },
	{ 0 },
};

static unsigned count_options(void)
{
	unsigned n = 0;

	while (options[n].name)
		n++;
	return n;
}

/* Long options are numbered from here, so that they are no letters. */
#define FIRST 256

static struct option *for_getopt(void)
{
	unsigned n = count_options();
	struct option *all = mem_new((n + 1) * sizeof(*all));

	while (n--)
		all[n] = (struct option){
			.name = options[n].name, .val = FIRST + n,
			.has_arg = !options[n].value  ? no_argument :
				   options[n].optional ? optional_argument : required_argument,
		};
	return all;
}

static const struct option_row *by_code(int code)
{
	const struct option_row *o = options;

	if (code >= FIRST)
		return &options[code - FIRST];
	while (o->name && o->letter != code)
		o++;
	return o;
}

static const char *nth_option(const void *data _unused_, unsigned i)
{
	return options[i].name;
}

/* What getopt_long() does not take; as JSON also if that is asked for further on. */
static int refuse(struct ctl *c, int code, char **argv)
{
	const struct option_row *o = optopt ? by_code(optopt) : NULL;
	const char *word = argv[optind - 1];
	_cleanup_free_ char *name = str_format("%.*s", (int)strcspn(word, "="), word), *hint = NULL;
	const char *near;

	for (char **rest = argv + optind; *rest && strcmp(*rest, "--"); rest++)
		if (!strncmp(*rest, "--json", 6) && c->json == JSON_MODE_OFF)
			c->json = JSON_MODE_SHORT;
	if (code == ':')
		return ctl_usage(c, "%s needs a value: %s", name, o && o->value ? o->value : "");
	if (o && o->name)
		return ctl_usage(c, "%s takes no value", name);
	near = text_suggest(name + strspn(name, "-"), nth_option, NULL);
	hint = near ? str_format(" (did you mean \"--%s\"?)", near) : str_dup("");
	return ctl_usage(c, "unknown option \"%s\"%s; see netctl --help", name, hint);
}

int options_parse(struct ctl *c, int argc, char **argv)
{
	_cleanup_free_ struct option *all = for_getopt();
	int code, r = -1;

	(void)set_colour(c, NULL, "auto");
	opterr = 0;
	while (r < 0 && (code = getopt_long(argc, argv, ":H:", all, NULL)) >= 0) {
		const struct option_row *o = by_code(code);

		if (!o->name)
			return refuse(c, code, argv);
		c->used |= o->use;
		r = o->set(c, o, optarg);
	}
	return r;
}

int options_refuse(const struct ctl *c, const struct verb *v)
{
	for (const struct option_row *o = options; o->name; o++)
		if (c->used & o->use & ~v->uses)
			return ctl_usage(c, "%s has no use for --%s", v->name, o->name);
	return -1;
}
