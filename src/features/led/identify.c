// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Which port is it? Its lights blink, all of them together, where the driver of the
 * device has no way of its own to do that (ETHTOOL_PHYS_ID): most ports of switches.
 *
 * The lights are borrowed: what they were set to is in the record, on disk, before they
 * are touched. So at the end, and by the next daemon if this one is killed meanwhile,
 * they are put back as anything else is that differs, by a plan. A light that
 * somebody has lit by hand (brightness, with the trigger "none") is out afterwards.
 */
#include <stdio.h>

#include "core/action.h"
#include "core/engine.h"
#include "features/features.h"
#include "features/led/led.h"

#define SECONDS 10	    /* unless told otherwise */
#define BLINK_USEC 250000 /* lit, and as long dark */
#define ACCURACY_USEC 10000 /* with the usual 250 ms it would not be seen to blink */
#define NAME_SIZE 64

struct blink {
	unsigned refs;		/* the timer, and each file that is being written */
	struct action_run *run;
	char name[LEDS][NAME_SIZE]; /* "": there is none */
	uint64_t end;		    /* CLOCK_MONOTONIC */
	int failed;
	bool lit;
};

static void unref(void *blink)
{
	struct blink *b = blink;

	if (!--b->refs)
		free(b);
}

static void on_written(void *data, int error, const char *text _unused_)
{
	struct blink *b = data;

	if (error)
		b->failed = error;
	unref(b);
}

static void write_led(struct blink *b, const char *led, const char *file, const char *value)
{
	_cleanup_free_ char *path = str_format("class/leds/%s/%s", led, file);
	const struct request request = { .channel = CHANNEL_SYSFS, .path = path, .value = value };

	b->refs++;
	kernel_submit(b->run->engine->kernel, &request, on_written, b);
}

static void switch_all(struct blink *b)
{
	struct engine *e = b->run->engine;
	char most[16];

	b->lit = !b->lit;
	for (unsigned n = 0; n < LEDS; n++) {
		_cleanup_free_ char *path = str_format("class/leds/%s/max_brightness", b->name[n]);

		if (*b->name[n] && kernel_read_file(e->kernel, path, most, sizeof(most)) > 0)
			write_led(b, b->name[n], "brightness", b->lit ? most : "0");
	}
	kernel_flush(e->kernel);
}

/* What was lent is looked at anew at the end of this turn, and put back. */
static void give_back(struct blink *b)
{
	struct engine *e = b->run->engine;

	for (unsigned n = 0; n < LEDS; n++)
		if (*b->name[n])
			record_return(e->record, b->run->name, led_feature_of(n));
	e->mirror->appeared = true;
	engine_look_again(e);
}

static int on_time(sd_event_source *s, uint64_t usec, void *data)
{
	struct blink *b = data;

	if (usec >= b->end || b->failed) {
		give_back(b);
		action_end(b->run, b->failed, b->failed ? "its lights" : NULL, NULL);
		return 0;
	}
	switch_all(b);
	(void)sd_event_source_set_time_relative(s, BLINK_USEC);
	return sd_event_source_set_enabled(s, SD_EVENT_ONESHOT);
}

static int begin(struct blink *b, uint64_t seconds)
{
	struct action_run *r = b->run;
	uint64_t now = engine_now(r->engine);
	int error = sd_event_add_time(r->engine->event, &r->timer, CLOCK_MONOTONIC, now,
				      ACCURACY_USEC, on_time, b);

	if (error < 0)
		return error;
	(void)sd_event_source_set_destroy_callback(r->timer, unref);
	b->end = now + seconds * 1000000;
	for (unsigned n = 0; n < LEDS; n++)
		if (*b->name[n])
			write_led(b, b->name[n], "trigger", "none");
	kernel_flush(r->engine->kernel);
	return 0;
}

static int borrow(struct blink *b, const struct iface *have)
{
	struct engine *e = b->run->engine;
	const struct iface *want = e->current ? model_find(e->current->want, have->name) : NULL;
	int error = 0;

	for (unsigned n = 0; n < LEDS && !error; n++) {
		const char *name = led_name(have, n);

		if (!name)
			continue;
		error = record_lend(e->record, want, have, led_feature_of(n));
		if (!error)
			snprintf(b->name[n], sizeof(b->name[n]), "%s", name);
	}
	return error ? error : record_save(e->record);
}

static int start(struct action_run *r, const json_t *options)
{
	struct engine *e = r->engine;
	const json_t *seconds = json_object_get(options, "seconds");
	const struct iface *have;
	struct blink *b;
	int error;

	/* Steps may point into the mirror, or it is being read: soon done. */
	if (e->plan || e->mirror->filling || !e->mirror->synced)
		return -EBUSY;
	mirror_look(e->mirror); /* no message tells what another hand has made of them */
	engine_turn_later(e);
	have = model_find(e->mirror->seen, r->name);
	if (!have || !led_name(have, 0))
		return -EOPNOTSUPP;
	b = new0(struct blink);
	b->run = r;
	b->refs = 1;
	error = borrow(b, have);
	if (!error)
		error = begin(b, seconds ? json_integer_value(seconds) : SECONDS);
	if (!error)
		return 0;
	give_back(b);
	unref(b);
	return error;
}

const struct action led_identify = { .method = "Identify", .start = start };
