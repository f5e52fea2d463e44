// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What this machine has, read without the daemon: so that a configuration can
 * be checked against it before there is one that runs. Nothing is changed, and
 * a kernel that does not answer in time is a machine that is not known.
 */
#include <net/if.h> /* before the kernel's headers, which then leave its names alone */

#include "core/mirror.h"
#include "ctl/ctl.h"

#define PATIENCE_USEC (2 * UINT64_C(1000000))

struct machine {
	sd_event *event;
	struct kernel *kernel;
	struct mirror *mirror;
};

bool machine_has(void *data _unused_, const char *name)
{
	return if_nametoindex(name) != 0;
}

static void on_synced(void *data)
{
	sd_event_exit(data, 0);
}

static int on_timeout(sd_event_source *s, uint64_t usec _unused_, void *data _unused_)
{
	return sd_event_exit(sd_event_source_get_event(s), 1);
}

struct machine *machine_free(struct machine *m)
{
	if (!m)
		return NULL;
	mirror_free(m->mirror);
	kernel_free(m->kernel);
	sd_event_unref(m->event);
	free(m);
	return NULL;
}

struct machine *machine_read(const struct model *for_what)
{
	struct machine *m = new0(struct machine);

	/* What the daemon keeps there is its own: it may be in the middle of a change. */
	xdp_set_pin_dir(NULL);
	if (sd_event_new(&m->event) < 0 || kernel_open(m->event, &m->kernel) < 0)
		return machine_free(m);
	m->mirror = mirror_new(m->kernel, m->event);
	m->mirror->data = m->event;
	m->mirror->on_synced = on_synced;
	m->mirror->want_more = model_features(for_what);
	mirror_sync(m->mirror, false);
	if (sd_event_add_time_relative(m->event, NULL, CLOCK_MONOTONIC, PATIENCE_USEC, 0,
				       on_timeout, NULL) < 0 ||
	    sd_event_loop(m->event) || !m->mirror->synced)
		return machine_free(m);
	return m;
}

const struct model *machine_model(const struct machine *m)
{
	return m ? m->mirror->seen : NULL;
}
