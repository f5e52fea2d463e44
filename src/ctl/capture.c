// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * netctl xdp capture: the samples that the XDP program of an interface takes,
 * as lines or as a file that Wireshark and its like read.
 *
 * The daemon only opens the ring. When it loads the program anew, for other
 * settings or because it was upgraded, there is another ring; the rest of the
 * old one is read before.
 */
#include <errno.h>
#include <poll.h>
#include <time.h>
#include <unistd.h>

#include "bpf/sample.h"
#include "config.h"
#include "ctl/ctl.h"
#include "ctl/pcapng.h"
#include "ctl/ring.h"
#include "util/text.h"

struct capture {
	struct ctl *c;
	const char *name;
	struct ring ring;
	uint32_t program;
	bool look; /* the ring may be another one by now */
	bool over;
	struct pcapng file;
	unsigned long packets;
	uint64_t offset; /* from the clock of the kernel's samples to that of the day, ns */
	uint64_t begin;	 /* ns since 1970 */
	uint64_t seen, lost;	     /* as the program counts them */
	uint64_t seen_first, lost_first;
};

static uint64_t clock_ns(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return t.tv_sec * UINT64_C(1000000000) + t.tv_nsec;
}

static int fail(const struct capture *p, const char *what, int r)
{
	_cleanup_free_ char *text = str_format("%s: %s", what, strerror(-r));

	return ctl_fail(p->c, EXIT_FAILED, SD_BUS_ERROR_FAILED, text);
}

/* Ask for the ring, and what was counted. Return: an exit status. */
static int look(struct capture *p, struct ring *ret, bool *another)
{
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
	uint32_t program;
	uint64_t size;
	int fd, r = ctl_call(p->c, "OpenSamples", &reply, "s", p->name);

	if (r)
		return r;
	if (sd_bus_message_read(reply, "htutt", &fd, &size, &program, &p->seen, &p->lost) < 0)
		return ctl_fail_answer(p->c);
	*another = program != p->program;
	if (!*another)
		return EXIT_DONE;
	fd = dup(fd); /* that one goes with the message */
	r = fd < 0 ? -errno : ring_open(ret, fd, size);
	if (r < 0)
		return fail(p, "the ring of samples cannot be read", r);
	p->program = program;
	return EXIT_DONE;
}

static void print_data(const struct sample *s)
{
	for (uint32_t n = 0; n < s->captured; n++)
		printf("%02x", s->data[n]);
}

static void print_line(const struct ctl *c, const struct capture *p, const struct sample *s)
{
	uint64_t t = s->time + p->offset;
	_cleanup_free_ char *text = date_text(t / 1000000000, "%T");

	if (c->json != JSON_MODE_OFF) {
		json_t *name = json_string(p->name);
		_cleanup_free_ char *quoted = json_dumps(name, JSON_ENCODE_ANY);

		json_decref(name);
		printf("{\"version\":1,\"time_nsec\":%llu,\"interface\":%s,\"queue\":%u,"
		       "\"length\":%u,\"data\":\"", (unsigned long long)t, quoted, s->queue,
		       s->length);
		print_data(s);
		puts("\"}");
		return;
	}
	printf("%s%s.%06u%s %s queue %u, %u bytes: ", colour_on(c, COLOUR_DIM), text,
	       (unsigned)(t % 1000000000 / 1000), colour_off(c, COLOUR_DIM), p->name, s->queue,
	       s->length);
	print_data(s);
	putchar('\n');
}

static int give(struct capture *p, const struct sample *s)
{
	if (p->file.out)
		return pcapng_packet(&p->file, &(struct pcapng_packet){
			.time = s->time + p->offset, .length = s->length,
			.captured = s->captured, .queue = s->queue, .data = s->data });
	print_line(p->c, p, s);
	return output_flush();
}

static bool is_whole(const struct sample *s, size_t size)
{
	return size >= sizeof(*s) && s->captured <= sizeof(s->data) && s->captured <= s->length;
}

/* All that is there. Return: 0 or a negative errno. */
static int drain(struct capture *p)
{
	const struct sample *s;
	size_t size;
	int r = 0;

	while (!r && !p->over && (s = ring_next(&p->ring, &size))) {
		if (is_whole(s, size))
			r = give(p, s);
		ring_done(&p->ring);
		p->packets++;
		p->over = p->c->count && p->packets >= p->c->count;
	}
	return r;
}

static int on_signal(sd_bus_message *m _unused_, void *data, sd_bus_error *error _unused_)
{
	struct capture *p = data;

	p->look = true;
	return 0;
}

static int subscribe(struct capture *p)
{
	_cleanup_free_ char *path = NULL, *rule = NULL;
	int r = sd_bus_path_encode("/org/netctl1/link", p->name, &path);

	if (r < 0)
		return r;
	rule = str_format("type='signal',sender='org.netctl1',path='%s',"
			  "member='PropertiesChanged'", path);
	r = sd_bus_add_match(p->c->bus, NULL, rule, on_signal, p);
	if (r >= 0)
		r = sd_bus_add_match(p->c->bus, NULL,
				     "type='signal',sender='org.freedesktop.DBus',"
				     "member='NameOwnerChanged',arg0='org.netctl1'", on_signal, p);
	return r;
}

/* That nobody reads any longer is no error. */
static int fail_write(struct capture *p, int r)
{
	if (r != -EPIPE)
		return fail(p, "what was captured cannot be written", r);
	p->over = true;
	(void)output_flush();
	return EXIT_DONE;
}

/* Another ring? The daemon may be away for a moment, and the ring is there all the same. */
static int look_again(struct capture *p)
{
	struct ring next = { .fd = -1 };
	bool another = false;
	int r;

	p->look = false;
	p->c->quiet = true;
	r = look(p, &next, &another);
	p->c->quiet = false;
	if (r == EXIT_NO_DAEMON)
		return EXIT_DONE;
	if (r) /* say it aloud */
		return look(p, &next, &another);
	if (!another)
		return EXIT_DONE;
	r = drain(p);
	ring_close(&p->ring);
	p->ring = next;
	return r < 0 ? fail_write(p, r) : EXIT_DONE;
}

static int wait_for(struct capture *p, int signals)
{
	struct pollfd fds[] = {
		{ .fd = p->ring.fd, .events = POLLIN },
		{ .fd = signals, .events = POLLIN },
		{ .fd = sd_bus_get_fd(p->c->bus), .events = POLLIN },
	};

	if (poll(fds, ARRAY_SIZE(fds), -1) < 0)
		return errno == EINTR ? 0 : -errno;
	p->over |= fds[1].revents != 0;
	return 0;
}

static int run(struct capture *p, int signals)
{
	int r = 0, status = EXIT_DONE;

	while (!status && !p->over) {
		r = drain(p);
		if (r < 0)
			return fail_write(p, r);
		while (r >= 0 && (r = sd_bus_process(p->c->bus, NULL)) > 0)
			;
		if (r < 0)
			return fail(p, "the connection to the bus was lost", r);
		if (p->look)
			status = look_again(p);
		else if (!p->over && wait_for(p, signals) < 0)
			return fail(p, "cannot wait", -errno);
	}
	return status;
}

/* One of how many: of the settings. */
static int read_settings(struct capture *p, json_int_t *every)
{
	static const char *const groups[] = { "xdp", NULL };
	json_auto_t *d = NULL;
	const json_t *j;
	int r = ctl_describe_groups(p->c, groups, &d);

	j = find_interface(json_object_get(d, "interfaces"), p->name);
	if (j)
		*every = get_number(json_object_get(j, "xdp"), "sample", "every");
	return r;
}

static int open_file(struct capture *p)
{
	_cleanup_free_ char *comment = NULL;
	json_int_t every = 1;
	bool out = !strcmp(p->c->write, "-");
	int r = read_settings(p, &every);

	if (r)
		return r;
	if (out && isatty(STDOUT_FILENO))
		return ctl_usage(p->c, "pcap-ng is not for a terminal: --write=FILE, or a pipe");
	p->file.out = out ? stdout : fopen(p->c->write, "wx");
	if (!p->file.out)
		return fail(p, p->c->write, -errno);
	comment = str_format("One of %d packets, as XDP sees them: VLAN tags that the device takes "
			     "off are not there", (int)every);
	r = pcapng_begin(&p->file, "netctl " PACKAGE_VERSION, p->name, comment,
			 SAMPLE_BYTES_MAX); /* the setting may change */
	return r < 0 ? fail(p, p->c->write, r) : EXIT_DONE;
}

static int close_file(struct capture *p, int status)
{
	struct ring none = { .fd = -1 };
	uint64_t now = clock_ns(CLOCK_REALTIME);
	bool another = false;
	int r;

	p->c->quiet = true; /* without it the last figures do */
	(void)look(p, &none, &another);
	p->c->quiet = false;
	ring_close(&none);
	r = pcapng_end(&p->file, p->begin, now, p->seen - p->seen_first,
		       p->lost - p->lost_first);
	if (p->file.out != stdout && fclose(p->file.out) && !r)
		r = -errno;
	if (r < 0 && r != -EPIPE && !status)
		return fail(p, p->c->write, r);
	return status;
}

static int begin(struct capture *p)
{
	bool another;
	int r = look(p, &p->ring, &another);

	if (r)
		return r;
	/* What nobody was there to read is of old; what comes now is not, and is counted. */
	ring_skip(&p->ring);
	p->begin = clock_ns(CLOCK_REALTIME);
	p->offset = p->begin - clock_ns(CLOCK_MONOTONIC);
	p->seen_first = p->seen;
	p->lost_first = p->lost;
	p->look = true; /* for what changed before signals of it were asked for */
	if (subscribe(p) < 0)
		return ctl_fail(p->c, EXIT_NO_DAEMON, SD_BUS_ERROR_DISCONNECTED,
				"the connection to the bus was lost");
	return p->c->write ? open_file(p) : EXIT_DONE;
}

int capture_run(struct ctl *c, const char *name)
{
	struct capture p = { .c = c, .name = name, .ring = { .fd = -1 } };
	int signals, r;

	if (c->host)
		return ctl_usage(c, "packets are captured on the machine itself: ssh %s netctl xdp "
				 "capture %s --write=-", c->host, name);
	if (c->write && c->json != JSON_MODE_OFF)
		return ctl_usage(c, "--write is pcap-ng, which is no JSON");
	signals = signals_watch();
	r = begin(&p);
	if (!r) {
		if (c->write && strcmp(c->write, "-"))
			fprintf(stderr, "capturing %s into %s; Ctrl-C ends it\n", name, c->write);
		r = run(&p, signals);
	}
	if (p.file.out)
		r = close_file(&p, r);
	ring_close(&p.ring);
	close(signals);
	return r;
}
