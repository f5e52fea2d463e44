// SPDX-License-Identifier: LGPL-2.1-or-later
/* The daemon: arguments, signals, the loop. Everything else is in the library. */
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>

#include "bus/bus.h"
#include "config.h"
#include "core/change.h"
#include "core/quirk.h"
#include "exit.h"
#include "util/log.h"

struct options {
	const char *dirs[32];
	unsigned n_dirs;
	const char *state_dir;
	bool once, no_bus;
};

struct daemon {
	sd_event *event;
	struct engine *engine;
	struct bus *bus;
	bool once, ready;
	bool again; /* told to reload while a change was under way */
};

static void usage(FILE *out)
{
	fputs("netctld [OPTIONS]\n\n"
	      "Make the kernel's network configuration equal to a declared one, and keep it so.\n\n"
	      "  --config-dir=DIR  read *.conf there instead of /etc/netctld, /run/netctld and\n"
	      "                    /usr/lib/netctld (may be repeated: the first one wins)\n"
	      "  --state-dir=DIR   keep the record of ownership there instead of /run/netctld, and\n"
	      "                    the generations instead of /var/lib/netctld\n"
	      "  --once            apply, verify and exit with netctl's exit status\n"
	      "  --no-bus          run without D-Bus\n"
	      "  -v, --verbose     log every step (twice: the same)\n"
	      "  --version, --help\n",
	      out);
}

static int parse_options(struct options *o, int argc, char **argv)
{
	enum { OPT_CONFIG_DIR = 256, OPT_STATE_DIR, OPT_ONCE, OPT_NO_BUS, OPT_VERSION, OPT_HELP };
	static const struct option options[] = {
		{ "config-dir", required_argument, NULL, OPT_CONFIG_DIR },
		{ "state-dir", required_argument, NULL, OPT_STATE_DIR },
		{ "once", no_argument, NULL, OPT_ONCE },
		{ "no-bus", no_argument, NULL, OPT_NO_BUS },
		{ "verbose", no_argument, NULL, 'v' },
		{ "version", no_argument, NULL, OPT_VERSION },
		{ "help", no_argument, NULL, OPT_HELP },
		{ NULL, 0, NULL, 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "v", options, NULL)) >= 0)
		switch (c) {
		case OPT_CONFIG_DIR:
			if (o->n_dirs == ARRAY_SIZE(o->dirs))
				return -EINVAL;
			o->dirs[o->n_dirs++] = optarg;
			break;
		case OPT_STATE_DIR:
			o->state_dir = optarg;
			break;
		case OPT_ONCE:
			o->once = true;
			break;
		case OPT_NO_BUS:
			o->no_bus = true;
			break;
		case 'v':
			log_set_level(LOG_DEBUG);
			break;
		case OPT_VERSION:
			puts("netctld " PACKAGE_VERSION);
			exit(0);
		case OPT_HELP:
			usage(stdout);
			exit(0);
		default:
			return -EINVAL;
		}
	return optind == argc ? 0 : -EINVAL;
}

/* Tell the service manager once, when the first configuration stands (or cannot). */
static void ready(struct daemon *d, const char *status)
{
	sd_notifyf(0, "%sSTATUS=%s", d->ready ? "" : "READY=1\n", status);
	d->ready = true;
}

static void log_errors(struct errors *e)
{
	for (unsigned n = 0; n < e->n; n++)
		log_error("%s", e->lines[n]);
	errors_done(e);
}

static int reload(struct daemon *d);

static void on_applied(void *data, const struct outcome *o)
{
	struct daemon *d = data;
	bool again = d->again;

	d->again = false;
	if (again && reload(d) >= 0)
		return;
	ready(d, o->error ? "degraded: a step failed" : "steady");
	if (d->once)
		sd_event_exit(d->event, o->error ? EXIT_FAILED : EXIT_DONE);
}

static int reload(struct daemon *d)
{
	struct errors errors = { 0 };
	int r;

	if (d->ready) {
		change_introduce(d->engine, "SIGHUP", NULL, -1, 0);
		r = engine_reload(d->engine, &errors, on_applied, d);
	} else {
		r = change_start(d->engine, &errors, on_applied, d);
	}

	if (r == -EBUSY && d->engine->fallback)
		log_warning("SIGHUP: refused: generation %" PRIu64 " waits for its confirmation",
			    d->engine->number);
	else
		d->again |= r == -EBUSY; /* until then; of several only one */
	log_errors(&errors);
	if (r == -EINVAL) {
		ready(d, "degraded: the configuration is invalid");
		log_event(LOG_ERR, LOG_EVENT_INVALID, NULL, 0,
			  "the configuration is invalid; nothing is changed");
	}
	return r;
}

static int on_hangup(sd_event_source *s _unused_, const struct signalfd_siginfo *si _unused_,
		     void *data)
{
	struct daemon *d = data;
	uint64_t now = 0;

	sd_event_now(d->event, CLOCK_MONOTONIC, &now);
	/* For Type=notify-reload, since systemd 253. */
	sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%llu", (unsigned long long)now);
	reload(d);
	sd_notify(0, "READY=1");
	return 0;
}

static int add_signals(struct daemon *d)
{
	sigset_t set;
	int r;

	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return -errno;
	r = sd_event_add_signal(d->event, NULL, SIGHUP, on_hangup, d);
	if (r >= 0) /* without a handler they end the loop */
		r = sd_event_add_signal(d->event, NULL, SIGTERM, NULL, NULL);
	if (r >= 0)
		r = sd_event_add_signal(d->event, NULL, SIGINT, NULL, NULL);
	return r;
}

static int open_engine(struct daemon *d, struct options *o)
{
	_cleanup_free_ char *record = NULL;
	const char *dir = o->state_dir ? o->state_dir : "/run/netctld";
	struct kernel *k;
	int r;

	if (mkdir(dir, 0755) < 0 && errno != EEXIST)
		log_warning("%s: %s", dir, strerror(errno));
	r = kernel_open(d->event, &k);
	if (r < 0) {
		log_error("cannot talk to the kernel: %s", strerror(-r));
		return r;
	}
	record = str_format("%s/owned.state", dir);
	d->engine = engine_new(d->event, k, record, !o->once);
	if (!o->once) {
		_cleanup_free_ char *own = str_format("%s/generations", dir);

		change_open(d->engine, o->state_dir ? own : "/var/lib/netctld");
	}
	d->engine->paths = (struct config_paths){
		.paths = o->n_dirs ? o->dirs : config_default_paths,
		.n = o->n_dirs ? o->n_dirs : CONFIG_N_DEFAULT_PATHS,
		.optional = !o->n_dirs,
	};
	return 0;
}

/* The kernel has been read: references in the configuration can be judged now. */
static int on_first_turn(sd_event_source *s, void *data)
{
	struct daemon *d = data;

	if (!d->engine->mirror->synced)
		return 0;
	sd_event_source_set_enabled(s, SD_EVENT_OFF);
	if (reload(d) < 0 && d->once)
		sd_event_exit(d->event, EXIT_INVALID);
	return 0;
}

static int run(struct daemon *d, struct options *o)
{
	sd_event_source *first = NULL;
	int r = sd_event_default(&d->event);

	if (r >= 0)
		r = sd_event_set_watchdog(d->event, true);
	if (r >= 0)
		r = add_signals(d);
	if (r >= 0)
		r = open_engine(d, o);
	if (r >= 0 && !o->no_bus && !o->once)
		r = bus_new(d->engine, o->state_dir ? o->state_dir : "/run/netctld", &d->bus);
	/* A post source runs after every turn in which anything happened. */
	if (r >= 0)
		r = sd_event_add_post(d->event, &first, on_first_turn, d);
	if (r >= 0) {
		engine_start(d->engine);
		r = sd_event_loop(d->event);
	}
	sd_notify(0, "STOPPING=1");
	sd_event_source_disable_unref(first);
	bus_free(d->bus);
	engine_free(d->engine);
	sd_event_unref(d->event);
	return r;
}

int main(int argc, char **argv)
{
	struct options o = { 0 };
	struct daemon d = { 0 };
	int r;

	if (parse_options(&o, argc, argv) < 0) {
		usage(stderr);
		return EXIT_USAGE;
	}
	features_init();
	quirks_load_installed();
	d.once = o.once;
	r = run(&d, &o);
	(void)quirks_load(NULL);
	if (r < 0)
		log_error("%s", strerror(-r));
	return r < 0 ? EXIT_FAILED : r;
}
