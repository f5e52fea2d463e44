// SPDX-License-Identifier: LGPL-2.1-or-later
/* The daemon: arguments, signals, the loop. Everything else is in the library. */
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

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
	sd_event_source *end; /* of a turn that needs one */
	int lock;	    /* of the state folder; -1: none */
	bool once;
	bool begun;	    /* the first configuration has been read */
	bool ready;	    /* and stands, or cannot */
	bool again;	    /* told to reload while a change was under way */
	bool reloading;	    /* and the service manager was told that */
	const char *status; /* that the service manager was told last */
};

static void usage(FILE *out)
{
	fputs("netctld [OPTIONS]\n\n"
	      "Make the kernel's network configuration equal to a declared one, and keep it so.\n\n"
	      "  --config-dir=DIR  read *.conf there instead of /etc/netctld, /run/netctld and\n"
	      "                    /usr/lib/netctld (may be repeated: the first one wins)\n"
	      "  --state-dir=DIR   keep the record of ownership there instead of /run/netctld, "
	      "and\n"
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

static const char *status_text(const struct engine *e)
{
	enum engine_state s = engine_state(e);

	if (s != ENGINE_DEGRADED)
		return engine_state_name(s);
	return e->invalid ? "degraded: the configuration is invalid" :
	       e->current ? "degraded: a step failed" : "degraded: there is no configuration";
}

/* What lasts is told, not that it is at work for a moment: in a storm it often is. */
static bool has_news(const struct daemon *d)
{
	return d->ready && !engine_is_busy(d->engine) && status_text(d->engine) != d->status;
}

static void tell_status(struct daemon *d)
{
	if (!has_news(d))
		return;
	d->status = status_text(d->engine);
	sd_notifyf(0, "STATUS=%s", d->status);
}

/* Tell the service manager when the first configuration stands (or cannot), or another does. */
static void ready(struct daemon *d)
{
	if (!d->ready || d->reloading) {
		sd_notify(0, "READY=1");
		d->status = NULL; /* what came of it is told, also if it is the same as before */
	}
	d->ready = true;
	d->reloading = false;
	(void)sd_event_source_set_enabled(d->end, SD_EVENT_ONESHOT);
}

static void log_errors(struct errors *e)
{
	for (unsigned n = 0; n < e->n; n++)
		log_error("%s", e->lines[n]);
	errors_done(e);
}

static void on_applied(void *data, const struct outcome *o)
{
	struct daemon *d = data;

	if (d->ready && d->again) /* one answer for both */
		return;
	ready(d);
	if (d->once && !d->again)
		sd_event_exit(d->event, o->error ? EXIT_FAILED : EXIT_DONE);
}

static int load(struct daemon *d, struct errors *errors)
{
	int r;

	if (!d->ready)
		return change_start(d->engine, errors, on_applied, d);
	change_introduce(d->engine, "SIGHUP", NULL, -1, 0);
	r = engine_reload(d->engine, errors, on_applied, d);
	if (r != -EBUSY) /* what settles from here on is this */
		log_debug("SIGHUP: the configuration is read again");
	return r;
}

static int reload(struct daemon *d)
{
	struct errors errors = { 0 };
	int r = load(d, &errors);

	log_errors(&errors);
	if (r == -EBUSY && !d->engine->fallback) {
		d->again = true; /* until then; of several only one */
		return r;
	}
	if (r == -EBUSY)
		log_warning("SIGHUP: refused: generation %" PRIu64 " waits for its confirmation",
			    d->engine->number);
	else if (r == -EINVAL)
		log_event(LOG_ERR, LOG_EVENT_INVALID, NULL, 0,
			  "the configuration is invalid; nothing is changed");
	if (r < 0)
		ready(d);
	return r;
}

static int on_hangup(sd_event_source *s _unused_, const struct signalfd_siginfo *si _unused_,
		     void *data)
{
	struct daemon *d = data;
	uint64_t now = 0;

	if (!d->begun) /* it will read the files of now */
		return 0;
	if (!d->ready) {
		d->again = true;
		return 0;
	}
	sd_event_now(d->event, CLOCK_MONOTONIC, &now);
	/* For Type=notify-reload, since systemd 253. */
	sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%" PRIu64, now);
	d->reloading = true;
	reload(d);
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

static void on_state(void *data)
{
	struct daemon *d = data;

	/* A turn of the loop more has its price, and somebody waits for the next event. */
	if (!d->begun || d->again || has_news(d))
		(void)sd_event_source_set_enabled(d->end, SD_EVENT_ONESHOT);
}

static int in_use(int fd, const char *path)
{
	char pid[24] = "";
	ssize_t n = pread(fd, pid, sizeof(pid) - 1, 0);

	pid[n > 0 ? strcspn(pid, "\n") : 0] = 0;
	log_error("%s: netctld runs already, as process %s: two would undo each other's work", path,
		  *pid ? pid : "unknown");
	return -EALREADY;
}

/* Two that write the same state would each take what the other one made for a stranger's. */
static int lock_state(struct daemon *d, const char *dir)
{
	_cleanup_free_ char *path = str_format("%s/lock", dir);
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644), n;
	char pid[24];

	if (fd < 0) {
		log_warning("%s: %s", path, strerror(errno));
		return 0;
	}
	d->lock = fd;
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK ? in_use(fd, path) : -errno;
	n = snprintf(pid, sizeof(pid), "%d\n", (int)getpid());
	if (ftruncate(fd, 0) < 0 || write(fd, pid, n) < 0)
		log_warning("%s: %s", path, strerror(errno));
	return 0;
}

static int open_engine(struct daemon *d, struct options *o)
{
	_cleanup_free_ char *record = NULL;
	const char *dir = o->state_dir ? o->state_dir : "/run/netctld";
	struct kernel *k;
	int r;

	if (mkdir(dir, 0755) < 0 && errno != EEXIST)
		log_warning("%s: %s", dir, strerror(errno));
	r = lock_state(d, dir);
	if (r < 0)
		return r;
	r = kernel_open(d->event, &k);
	if (r < 0) {
		log_error("cannot talk to the kernel: %s", strerror(-r));
		return r;
	}
	record = str_format("%s/owned.state", dir);
	d->engine = engine_new(d->event, k, record, !o->once);
	d->engine->on_state = on_state;
	d->engine->on_state_data = d;
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

static void begin(struct daemon *d)
{
	d->begun = true;
	if (reload(d) < 0 && d->once)
		sd_event_exit(d->event, EXIT_INVALID);
}

static void begin_again(struct daemon *d)
{
	d->again = false;
	reload(d);
}

/* After a turn in which the engine's state may have become another one. */
static int on_turn_end(sd_event_source *s _unused_, void *data)
{
	struct daemon *d = data;

	/* The kernel has been read: references in the configuration can be judged now. */
	if (!d->begun && d->engine->mirror->synced)
		begin(d);
	else if (d->again && d->ready && !engine_has_request(d->engine))
		begin_again(d);
	tell_status(d);
	return 0;
}

static int run(struct daemon *d, struct options *o)
{
	int r = sd_event_default(&d->event);

	if (r >= 0)
		r = sd_event_set_watchdog(d->event, true);
	if (r >= 0)
		r = add_signals(d);
	if (r >= 0)
		r = open_engine(d, o);
	if (r >= 0 && !o->no_bus && !o->once)
		r = bus_new(d->engine, o->state_dir ? o->state_dir : "/run/netctld", &d->bus);
	if (r >= 0)
		r = sd_event_add_defer(d->event, &d->end, on_turn_end, d);
	if (r >= 0) {
		engine_start(d->engine);
		r = sd_event_loop(d->event);
	}
	sd_notify(0, "STOPPING=1");
	sd_event_source_disable_unref(d->end);
	bus_free(d->bus);
	engine_free(d->engine);
	sd_event_unref(d->event);
	if (d->lock >= 0)
		close(d->lock);
	return r;
}

int main(int argc, char **argv)
{
	struct options o = { 0 };
	struct daemon d = { .lock = -1 };
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
