// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What has changed, told once.
 *
 * The engine says which interfaces changed, and that it changed itself. Both
 * are gathered until the turn of the event loop is over; then each link that
 * may differ is compared with hashes of what was told last, and what differs
 * is told in one PropertiesChanged for an object and D-Bus interface. So a
 * burst of a thousand notifications costs one signal a link, and a
 * notification that changes nothing costs none.
 *
 * What the kernel has told of a link at rest is passed on at once, before anything
 * is planned or logged because of it: somebody may be waiting for a carrier. What
 * the daemon makes of it follows, if it makes anything of it.
 *
 * In a storm nobody wants every state in between: what an object may tell is a
 * burst, and then so much a second (struct pace); what differs meanwhile waits,
 * and the last state is told. If the bus itself does not take what it is sent,
 * nothing more is sent until it does.
 *
 * What must stay true: a property that says it emits is told, at the end of the
 * turn or when the object's pace allows, whenever its value as it can be read
 * differs from what was told last. At rest no timer runs.
 */
#include <stdio.h>

#include "bus/internal.h"
#include "core/drift.h"
#include "util/hash.h"
#include "util/log.h"
#include "util/pace.h"

/*
 * Of one object 40 signals at once and then 100 a second; all are looked through for what the
 * daemon thinks of them as often. Who watches a cable being plugged in sees each state.
 */
#define PACE_USEC UINT64_C(10000)
#define PACE_BURST 40
/* Signals that the bus has not taken; then it is asked again that much later. */
#define QUEUE_MAX 4096
#define QUEUE_USEC UINT64_C(100000)

/* A link that the bus has heard of. */
struct published {
	char name[IFNAMSIZ];
	uint64_t groups;   /* bit n: groups[n] is on the bus */
	uint32_t **hashes; /* a group each, a property each; NULL: not on the bus */
	uint32_t opinion; /* hash of the daemon's state and reason */
	bool dirty, drifted;
	uint64_t told; /* what the kernel told has been passed on: the mirror's touches then */
	uint64_t pace;
	struct published *next_dirty;
	UT_hash_handle by_name;
};

/* Each is in the list once. */
static void mark_dirty(struct bus *b, struct published *p)
{
	if (p->dirty)
		return;
	p->dirty = true;
	p->next_dirty = b->dirty;
	b->dirty = p;
}

static struct published *find_link(const struct bus *b, const char *name)
{
	struct published *p;

	HASH_FIND(by_name, b->links, name, strlen(name), p);
	return p;
}

static struct published *get_link(struct bus *b, const char *name)
{
	struct published *p = find_link(b, name);

	if (p)
		return p;
	p = new0(struct published);
	snprintf(p->name, sizeof(p->name), "%s", name);
	p->hashes = mem_new(b->n_groups * sizeof(*p->hashes));
	HASH_ADD_KEYPTR(by_name, b->links, p->name, strlen(p->name), p);
	mark_dirty(b, p);
	return p;
}

static void forget_link(struct bus *b, struct published *p)
{
	HASH_DELETE(by_name, b->links, p);
	for (unsigned n = 0; n < b->n_groups; n++)
		free(p->hashes[n]);
	free(p->hashes);
	free(p);
}

/* What the daemon thinks of a link changes without the link, so all are asked: cheaply. */
static uint32_t hash_opinion(const struct subject *s)
{
	const char *reason = s->want && s->want->reason ? s->want->reason : "";

	return hash_bytes(s->want ? s->want->state : STATE_FOREIGN, reason, strlen(reason));
}

/* Note how group @n of the link is now. */
static void remember(const struct bus *b, struct published *p, const struct subject *s, unsigned n)
{
	const struct group *g = &b->groups[n];

	if (!p->hashes[n])
		p->hashes[n] = mem_new(g->n * sizeof(uint32_t));
	for (unsigned i = 0; i < g->n; i++)
		if (g->properties[i].emits)
			p->hashes[n][i] = property_hash(&g->properties[i], s);
}

static void emit_removed(struct bus *b, const char *path, uint64_t gone, bool whole)
{
	/* Those that every object has, which leave only with it. */
	static const char *const standard[] = { "org.freedesktop.DBus.Peer",
						"org.freedesktop.DBus.Introspectable",
						"org.freedesktop.DBus.Properties" };
	char *names[GROUPS_MAX + ARRAY_SIZE(standard) + 1] = { NULL };
	unsigned k = 0;

	for (unsigned n = 0; whole && n < ARRAY_SIZE(standard); n++)
		names[k++] = (char *)standard[n];
	for (unsigned n = 0; n < b->n_groups; n++)
		if (gone & BIT64(n))
			names[k++] = b->groups[n].interface;
	(void)sd_bus_emit_interfaces_removed_strv(b->bus, path, names);
}

static void emit_added(struct bus *b, const char *path, uint64_t come)
{
	char *names[GROUPS_MAX + 1] = { NULL };
	unsigned k = 0;

	for (unsigned n = 0; n < b->n_groups; n++)
		if (come & BIT64(n))
			names[k++] = b->groups[n].interface;
	if (k)
		(void)sd_bus_emit_interfaces_added_strv(b->bus, path, names);
}

static void emit_changed(struct bus *b, const char *path, struct published *p,
			 const struct subject *s, unsigned n)
{
	const struct group *g = &b->groups[n];
	_cleanup_free_ const struct property **changed = mem_new((g->n + 1) * sizeof(*changed));
	unsigned k = 0;

	for (unsigned i = 0; i < g->n; i++) {
		const struct property *property = &g->properties[i];
		uint32_t hash;

		if (!property->emits)
			continue;
		hash = property_hash(property, s);
		if (hash != p->hashes[n][i])
			changed[k++] = property;
		p->hashes[n][i] = hash;
	}
	if (k)
		(void)object_emit_changed(b, path, g, s, changed);
}

static void emit_all_changed(struct bus *b, struct published *p, const struct subject *s)
{
	_cleanup_free_ char *path = object_path(p->name);

	for (unsigned n = 0; n < b->n_groups; n++)
		if (p->groups & BIT64(n))
			emit_changed(b, path, p, s, n);
}

/* Tell how a link, which is in no list of dirty ones, differs from what was told last. */
static void refresh(struct bus *b, struct published *p)
{
	const struct subject s = object_subject(b, p->name);
	uint64_t now = object_groups(b, &s), was = p->groups;
	_cleanup_free_ char *path = object_path(p->name);

	p->groups = now;
	p->opinion = hash_opinion(&s);
	if (was & ~now)
		emit_removed(b, path, was & ~now, !now);
	if (!now) {
		forget_link(b, p);
		return;
	}
	for (unsigned n = 0; n < b->n_groups; n++) {
		if (!(now & BIT64(n)))
			free(TAKE_PTR(p->hashes[n]));
		else if (was & BIT64(n))
			emit_changed(b, path, p, &s, n);
		else
			remember(b, p, &s, n);
	}
	if (!was)
		(void)sd_bus_emit_object_added(b->bus, path);
	else
		emit_added(b, path, now & ~was);
}

static void scan(struct bus *b)
{
	const struct engine *e = b->engine;

	MODEL_FOREACH(e->mirror->seen, i)
		get_link(b, i->name);
	if (e->current)
		MODEL_FOREACH(e->current->want, i)
			get_link(b, i->name);
}

static void tell_drift(struct bus *b, const char *link)
{
	static const struct drift_event nothing;
	const struct engine *e = b->engine;
	const struct iface *want = e->current ? model_find(e->current->want, link) : NULL;
	const struct drift_event *last = drift_last(want), *v = last ? last : &nothing;
	_cleanup_free_ char *name = text_utf8(str_dup(link));
	_cleanup_free_ char *key = text_utf8(str_dup(v->key ? v->key : ""));
	_cleanup_free_ char *from = text_utf8(str_dup(v->from ? v->from : ""));
	_cleanup_free_ char *to = text_utf8(str_dup(v->to ? v->to : ""));
	_cleanup_free_ char *process = text_utf8(str_dup(v->process ? v->process : ""));

	(void)sd_bus_emit_signal(b->bus, BUS_PATH, BUS_MANAGER, "DriftDetected", "ssssus", name,
				 key, from, to, v->port, process);
}

/* Drift that stays, because the configuration wants it reported and not repaired. */
static void refresh_drift(struct bus *b, struct published *p, const struct subject *s)
{
	bool drifted = s->want && s->want->state == STATE_DRIFTED;

	if (drifted && !p->drifted)
		tell_drift(b, p->name);
	p->drifted = drifted;
}

/* What the daemon thinks of a link changes without a word from the kernel. */
static void look_around(struct bus *b)
{
	bool all = b->compare_all, gone = b->scan;

	b->look = false;
	if (b->scan || b->compare_all)
		scan(b);
	b->scan = b->compare_all = false;
	for (struct published *p = b->links; p; p = p->by_name.next) {
		const struct subject s = object_subject(b, p->name);

		refresh_drift(b, p, &s);
		if (all || (gone && !s.have && !s.want) || hash_opinion(&s) != p->opinion)
			mark_dirty(b, p);
	}
}

static void refresh_links(struct bus *b, uint64_t now, uint64_t *due)
{
	struct published *p = b->dirty, *next;

	b->dirty = NULL;
	for (; p; p = next) {
		next = p->next_dirty;
		p->dirty = false;
		if (pace_allows(&p->pace, now, PACE_USEC, PACE_BURST, due))
			refresh(b, p);
		else
			mark_dirty(b, p);
	}
}

static void refresh_manager(struct bus *b)
{
	const struct engine *e = b->engine;
	const char *state = engine_state_name(engine_state(e));
	char *names[6] = { NULL };
	unsigned managed, drifted, k = 0;

	manager_count(e, &managed, &drifted);
	if (state != b->state)
		names[k++] = (char *)"State";
	if (e->number != b->number)
		names[k++] = (char *)"Generation";
	if (e->deadline != b->deadline)
		names[k++] = (char *)"ConfirmDeadline";
	if (managed != b->managed)
		names[k++] = (char *)"Managed";
	if (drifted != b->drifted)
		names[k++] = (char *)"Drifted";
	b->state = state;
	b->number = e->number;
	b->deadline = e->deadline;
	b->managed = managed;
	b->drifted = drifted;
	if (k)
		(void)sd_bus_emit_properties_changed_strv(b->bus, BUS_PATH, BUS_MANAGER, names);
	if (b->applied == e->number || engine_is_busy(e))
		return;
	b->applied = e->number;
	(void)sd_bus_emit_signal(b->bus, BUS_PATH, BUS_MANAGER, "Applied", "t", e->number);
}

/* Drift that is about to be repaired, and might be before the turn is over. */
static void tell_repair(struct bus *b)
{
	const struct engine *e = b->engine;
	const char *last = "";

	if (!e->plan || e->done || e->undoing || e->passes || e->next)
		return;
	for (unsigned n = 0; n < e->plan->n; n++) {
		const struct step *s = &e->plan->steps[n];

		if (!s->want || !s->want->settled || !strcmp(s->name, last))
			continue;
		last = s->name;
		tell_drift(b, last);
	}
}

/* The bus reads too slowly, or not at all: what waits for it must not grow without end. */
bool bus_is_full(struct bus *b, uint64_t now, uint64_t *due)
{
	uint64_t n = 0;

	if (sd_bus_get_n_queued_write(b->bus, &n) < 0 || n < QUEUE_MAX)
		return false;
	*due = now + QUEUE_USEC;
	return true;
}

/* Objects and interfaces that come or go are told with all that is known of them, later. */
static void pass_on(struct bus *b, struct published *p, uint64_t now)
{
	const uint64_t touches = b->engine->mirror->touches;
	const struct subject s = object_subject(b, p->name);
	uint64_t due = UINT64_MAX;

	if (p->told == touches || object_groups(b, &s) != p->groups ||
	    !pace_allows(&p->pace, now, PACE_USEC, PACE_BURST, &due))
		return;
	emit_all_changed(b, p, &s);
	p->told = touches;
}

/* While a change is carried out, what it does is told when it is done. */
void publish_told(void *bus)
{
	struct bus *b = bus;
	const struct mirror *m = b->engine->mirror;
	uint64_t now = 0, due;

	(void)sd_event_now(b->engine->event, CLOCK_MONOTONIC, &now);
	if (!b->named || engine_is_busy(b->engine) || bus_is_full(b, now, &due))
		return;
	for (unsigned n = 0; n < m->n_changes; n++) {
		struct published *p = find_link(b, m->changes[n].name);

		if (p && p->groups)
			pass_on(b, p, now);
	}
}

/* What has been passed on is done with, unless something has changed since. */
static void note_changed(struct bus *b, const char *link)
{
	struct published *p = get_link(b, link);

	if (p->told != b->engine->mirror->touches)
		mark_dirty(b, p);
}

void publish_changed(void *bus, const struct change *changes, unsigned n)
{
	struct bus *b = bus;
	const struct engine *e = b->engine;

	(void)sd_event_source_set_enabled(b->flush, SD_EVENT_ONESHOT);
	if (!b->named)
		return;
	b->look = true;
	for (unsigned i = 0; i < n; i++)
		note_changed(b, changes[i].name);
	/* After a dump nobody knows what is new in it. */
	if (e->kernel->counters.dumps != b->dumps && !e->mirror->filling) {
		b->dumps = e->kernel->counters.dumps;
		b->compare_all = true;
	}
	if (e->number != b->number)
		b->compare_all = true;
	b->scan |= e->mirror->appeared;
	if (!n)
		tell_repair(b);
}

static void tell(struct bus *b)
{
	uint64_t now = 0, due = UINT64_MAX;

	(void)sd_event_now(b->engine->event, CLOCK_MONOTONIC, &now);
	if (!bus_is_full(b, now, &due)) {
		bool look = b->look && pace_allows(&b->pace, now, PACE_USEC, PACE_BURST, &due);

		if (look)
			look_around(b);
		refresh_links(b, now, &due);
		if (look)
			refresh_manager(b);
	}
	if (due != UINT64_MAX && (sd_event_source_set_time(b->later, due) < 0 ||
				  sd_event_source_set_enabled(b->later, SD_EVENT_ONESHOT) < 0))
		log_error("cannot set a timer");
}

int publish_flush(sd_event_source *s _unused_, void *bus)
{
	struct bus *b = bus;

	if (b->named)
		tell(b);
	units_look(b);
	calls_retry(b);
	return 0;
}

/* A turn of the loop less, of which each has its price. */
void publish_turned(void *bus)
{
	struct bus *b = bus;
	int enabled = SD_EVENT_OFF;

	if (sd_event_source_get_enabled(b->flush, &enabled) < 0 || enabled == SD_EVENT_OFF)
		return;
	(void)sd_event_source_set_enabled(b->flush, SD_EVENT_OFF);
	(void)publish_flush(NULL, b);
}

int publish_later(sd_event_source *s _unused_, uint64_t usec _unused_, void *bus)
{
	return publish_flush(NULL, bus);
}

void publish_begin(struct bus *b)
{
	struct published *p, *next;

	b->named = true;
	scan(b);
	b->dirty = NULL;
	for (p = b->links; p; p = next) {
		const struct subject s = object_subject(b, p->name);

		next = p->by_name.next;
		p->dirty = false;
		p->groups = object_groups(b, &s);
		p->opinion = hash_opinion(&s);
		for (unsigned n = 0; n < b->n_groups; n++)
			if (p->groups & BIT64(n))
				remember(b, p, &s, n);
	}
	b->dumps = b->engine->kernel->counters.dumps;
	b->number = b->engine->number;
	b->deadline = b->engine->deadline;
	b->applied = engine_is_busy(b->engine) ? 0 : b->number;
	b->state = engine_state_name(engine_state(b->engine));
	manager_count(b->engine, &b->managed, &b->drifted);
}

void publish_end(struct bus *b)
{
	struct published *p, *next;

	b->named = false;
	b->dirty = NULL;
	b->look = false;
	(void)sd_event_source_set_enabled(b->later, SD_EVENT_OFF);
	for (p = b->links; p; p = next) {
		next = p->by_name.next;
		forget_link(b, p);
	}
}
