// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * org.netctl1.Manager: what concerns the machine as a whole. The methods that
 * concern its configuration are in change.c.
 */
#include <stdio.h>

#include "bus/internal.h"
#include "config.h"
#include "core/export.h"

void manager_count(const struct engine *e, unsigned *ret_managed, unsigned *ret_drifted)
{
	*ret_managed = *ret_drifted = 0;
	if (!e->current)
		return;
	*ret_managed = e->current->want->n;
	MODEL_FOREACH(e->current->want, i)
		*ret_drifted += i->state == STATE_DRIFTED;
}

static int method_check(sd_bus_message *m, void *data, sd_bus_error *error _unused_)
{
	return call_begin(data, m, NULL, CALL_KNOWN, change_check);
}

static int method_plan(sd_bus_message *m, void *data, sd_bus_error *error _unused_)
{
	return call_begin(data, m, NULL, CALL_ALL, change_plan);
}

static int method_apply(sd_bus_message *m, void *data, sd_bus_error *error _unused_)
{
	return call_begin(data, m, ACTION_APPLY, CALL_STORED, change_apply);
}

static int method_reload(sd_bus_message *m, void *data, sd_bus_error *error _unused_)
{
	return call_begin(data, m, ACTION_APPLY, CALL_STORED, change_reload);
}

static int method_confirm(sd_bus_message *m, void *data, sd_bus_error *error _unused_)
{
	return call_begin(data, m, ACTION_APPLY, CALL_STORED, transact_confirm);
}

static int method_rollback(sd_bus_message *m, void *data, sd_bus_error *error _unused_)
{
	return call_begin(data, m, ACTION_APPLY, CALL_IDLE, transact_rollback);
}

static int method_history(sd_bus_message *m, void *data, sd_bus_error *error _unused_)
{
	return call_begin(data, m, NULL, CALL_STORED, transact_history);
}

static int method_diff(sd_bus_message *m, void *data, sd_bus_error *error _unused_)
{
	return call_begin(data, m, NULL, CALL_STORED, transact_diff);
}

static int method_hold(sd_bus_message *m, void *data, sd_bus_error *error _unused_)
{
	return call_begin(data, m, ACTION_CONTROL, CALL_KNOWN, transact_hold);
}

static int method_release(sd_bus_message *m, void *data, sd_bus_error *error _unused_)
{
	return call_begin(data, m, ACTION_CONTROL, CALL_KNOWN, transact_release);
}

static int method_statistics(sd_bus_message *m, void *data, sd_bus_error *error _unused_)
{
	return call_begin(data, m, ACTION_OPEN, CALL_KNOWN, statistics_get);
}

static int method_fdb(sd_bus_message *m, void *data, sd_bus_error *error _unused_)
{
	return call_begin(data, m, ACTION_OPEN, CALL_KNOWN, fdb_list);
}

static int method_samples(sd_bus_message *m, void *data, sd_bus_error *error _unused_)
{
	return call_begin(data, m, ACTION_CAPTURE, CALL_KNOWN, capture_open);
}

/* Whatever is configured or present, each once. */
static int append_links(sd_bus_message *reply, const struct model *model,
			const struct model *but)
{
	int r = 0;

	MODEL_FOREACH(model, i) {
		_cleanup_free_ char *path = object_path(i->name);
		_cleanup_free_ char *name = text_utf8(str_dup(i->name));

		if (model_find(but, i->name))
			continue;
		r = sd_bus_message_append(reply, "(iso)", but ? 0 : i->ifindex, name, path);
		if (r < 0)
			return r;
	}
	return r;
}

static int method_list_links(sd_bus_message *m, void *data, sd_bus_error *error _unused_)
{
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
	struct bus *b = data;
	struct engine *e = b->engine;
	int r = sd_bus_message_new_method_return(m, &reply);

	if (r >= 0)
		r = sd_bus_message_open_container(reply, 'a', "(iso)");
	if (r >= 0)
		r = append_links(reply, e->mirror->seen, NULL);
	if (r >= 0 && e->current)
		r = append_links(reply, e->current->want, e->mirror->seen);
	if (r >= 0)
		r = sd_bus_message_close_container(reply);
	return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}

static int answer_path(struct bus *b, sd_bus_message *m, const char *name)
{
	_cleanup_free_ char *path = NULL;

	if (!object_is_there(b, name))
		return call_fail(m, "NoSuchLink",
				 "no interface \"%s\": neither configured nor present", name);
	path = object_path(name);
	return sd_bus_reply_method_return(m, "o", path);
}

static int method_link_by_name(sd_bus_message *m, void *data, sd_bus_error *error _unused_)
{
	const char *name;
	int r = sd_bus_message_read(m, "s", &name);

	return r < 0 ? r : answer_path(data, m, name);
}

static int method_link_by_index(sd_bus_message *m, void *data, sd_bus_error *error _unused_)
{
	const struct iface *i = NULL;
	struct bus *b = data;
	int32_t index;
	int r = sd_bus_message_read(m, "i", &index);

	if (r < 0)
		return r;
	if (index > 0)
		i = model_find_index(b->engine->mirror->seen, index);
	if (!i)
		return call_fail(m, "NoSuchLink", "no interface with index %d", index);
	return answer_path(b, m, i->name);
}

static int run_describe(struct bus *b, sd_bus_message *m)
{
	return describe_all(b, m);
}

static int method_describe(sd_bus_message *m, void *data, sd_bus_error *error _unused_)
{
	return call_begin_reading(data, m, 0, run_describe);
}

/* Is a feature's group, or the one that it stands in, the one that is asked for? */
static bool is_in_group(const struct feature *f, const char *group)
{
	size_t n = strlen(group);

	return !strncmp(f->name, group, n) && (!f->name[n] || f->name[n] == '.');
}

/* The setting of a feature that is asked for, a bit; "mtu", "bridge.stp". */
static uint64_t find_setting(const struct feature *f, const char *key)
{
	if (f->form == FORM_LIST)
		return 0;
	if (f->form == FORM_GROUP) {
		size_t n = strlen(f->name);

		if (strncmp(f->name, key, n) || key[n] != '.')
			return 0;
		key += n + 1;
	}
	FOREACH_ROW(f, r)
		if (!strcmp(r->key, key))
			return row_bit(f, r);
	return 0;
}

static void add_asked(const char *name, uint64_t *only, uint64_t *reads)
{
	for (unsigned n = 0; n < n_features; n++) {
		uint64_t setting = find_setting(features[n], name);

		only[n] |= is_in_group(features[n], name) ? UINT64_MAX : setting;
		*reads |= setting || !strcmp(features[n]->name, name) ? BIT64(n) : 0;
	}
}

/*
 * A group that this daemon does not have is not there, which is no error. @reads: those that
 * are named themselves, not only the group that they stand in. Of the entry itself all is
 * there, unless some of it is named.
 */
static int read_groups(sd_bus_message *m, uint64_t *only, uint64_t *reads)
{
	const char *name;
	unsigned entries = 0;
	int r = sd_bus_message_enter_container(m, 'a', "s");

	while (r >= 0 && (r = sd_bus_message_read(m, "s", &name)) > 0) {
		if (++entries > CALL_ENTRIES_MAX)
			return -E2BIG;
		add_asked(name, only, reads);
	}
	if (!only[FEATURE_LINK])
		only[FEATURE_LINK] = UINT64_MAX;
	return r;
}

static int run_describe_groups(struct bus *b, sd_bus_message *m)
{
	_cleanup_free_ uint64_t *only = mem_new(n_features * sizeof(*only));
	uint64_t reads = 0;
	int r = sd_bus_message_rewind(m, true);

	if (r >= 0)
		r = read_groups(m, only, &reads);
	return r < 0 ? r : describe_some(b, m, only);
}

static int method_describe_groups(sd_bus_message *m, void *data, sd_bus_error *error _unused_)
{
	_cleanup_free_ uint64_t *only = mem_new(n_features * sizeof(*only));
	uint64_t reads = 0;
	int r = read_groups(m, only, &reads);

	if (r == -E2BIG)
		return call_too_many(m);
	return r < 0 ? r : call_begin_reading(data, m, reads, run_describe_groups);
}

static int run_export(struct bus *b, sd_bus_message *m)
{
	json_t *j = export_model(b->engine->mirror->seen);
	_cleanup_free_ char *text = export_text(j);

	json_decref(j);
	return sd_bus_reply_method_return(m, "s", text);
}

static int method_export(sd_bus_message *m, void *data, sd_bus_error *error _unused_)
{
	return call_begin(data, m, NULL, CALL_IDLE, run_export);
}

/* Of one interface also what nobody names, which Describe() leaves out. */
static int run_describe_link(struct bus *b, sd_bus_message *m)
{
	const struct engine *e = b->engine;
	_cleanup_free_ char *text = NULL;
	const char *name;
	json_t *j;
	int r = sd_bus_message_read(m, "s", &name);

	if (r < 0)
		return r;
	if (!model_find(e->mirror->seen, name) &&
	    !(e->current && model_find(e->current->want, name)))
		return call_fail(m, "NoSuchLink", "%s: neither configured nor present", name);
	j = engine_json(e, name);
	json_object_set_new(j, "version", json_integer(1));
	units_describe(b, name, j);
	text = json_dumps(j, JSON_COMPACT);
	json_decref(j);
	return sd_bus_reply_method_return(m, "s", text);
}

static int method_describe_link(sd_bus_message *m, void *data, sd_bus_error *error _unused_)
{
	return call_begin(data, m, NULL, CALL_ALL, run_describe_link);
}

static int get_version(sd_bus *bus _unused_, const char *path _unused_,
		       const char *interface _unused_, const char *property _unused_,
		       sd_bus_message *reply, void *data _unused_, sd_bus_error *error _unused_)
{
	return sd_bus_message_append(reply, "s", PACKAGE_VERSION);
}

static int get_state(sd_bus *bus _unused_, const char *path _unused_,
		     const char *interface _unused_, const char *property _unused_,
		     sd_bus_message *reply, void *data, sd_bus_error *error _unused_)
{
	struct bus *b = data;

	return sd_bus_message_append(reply, "s", engine_state_name(engine_state(b->engine)));
}

static int get_number(sd_bus *bus _unused_, const char *path _unused_,
		      const char *interface _unused_, const char *property, sd_bus_message *reply,
		      void *data, sd_bus_error *error _unused_)
{
	struct bus *b = data;
	const struct engine *e = b->engine;

	return sd_bus_message_append(reply, "t",
				     !strcmp(property, "Generation") ? e->number :
				     !strcmp(property, "ConfirmDeadline") ? e->deadline :
				     e->kernel->counters.overruns);
}

static int get_count(sd_bus *bus _unused_, const char *path _unused_,
		     const char *interface _unused_, const char *property, sd_bus_message *reply,
		     void *data, sd_bus_error *error _unused_)
{
	struct bus *b = data;
	unsigned managed, drifted;

	manager_count(b->engine, &managed, &drifted);
	return sd_bus_message_append(reply, "u", !strcmp(property, "Managed") ? managed : drifted);
}

#define OPEN SD_BUS_VTABLE_UNPRIVILEGED
#define EMITS SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE
#define CONST SD_BUS_VTABLE_PROPERTY_CONST

static const sd_bus_vtable vtable[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_METHOD_WITH_ARGS("Check", SD_BUS_ARGS("a{sv}", options), SD_BUS_NO_RESULT,
				method_check, OPEN),
	SD_BUS_METHOD_WITH_ARGS("Plan", SD_BUS_ARGS("a{sv}", options),
				SD_BUS_RESULT("aa{sv}", steps, "s", impact), method_plan, OPEN),
	SD_BUS_METHOD_WITH_ARGS("Apply", SD_BUS_ARGS("a{sv}", options),
				SD_BUS_RESULT("t", generation), method_apply, OPEN),
	SD_BUS_METHOD_WITH_ARGS("Reload", SD_BUS_NO_ARGS, SD_BUS_RESULT("t", generation),
				method_reload, OPEN),
	SD_BUS_METHOD_WITH_ARGS("Confirm", SD_BUS_ARGS("t", generation), SD_BUS_NO_RESULT,
				method_confirm, OPEN),
	SD_BUS_METHOD_WITH_ARGS("Rollback", SD_BUS_ARGS("t", number),
				SD_BUS_RESULT("t", generation), method_rollback, OPEN),
	SD_BUS_METHOD_WITH_ARGS("History", SD_BUS_NO_ARGS, SD_BUS_RESULT("s", json),
				method_history, OPEN),
	SD_BUS_METHOD_WITH_ARGS("Diff", SD_BUS_ARGS("t", from, "t", to), SD_BUS_RESULT("s", json),
				method_diff, OPEN),
	SD_BUS_METHOD_WITH_ARGS("Hold", SD_BUS_ARGS("s", name, "t", seconds), SD_BUS_NO_RESULT,
				method_hold, OPEN),
	SD_BUS_METHOD_WITH_ARGS("Release", SD_BUS_ARGS("s", name), SD_BUS_NO_RESULT,
				method_release, OPEN),
	SD_BUS_METHOD_WITH_ARGS("ListLinks", SD_BUS_NO_ARGS, SD_BUS_RESULT("a(iso)", links),
				method_list_links, OPEN),
	SD_BUS_METHOD_WITH_ARGS("GetLinkByName", SD_BUS_ARGS("s", name), SD_BUS_RESULT("o", path),
				method_link_by_name, OPEN),
	SD_BUS_METHOD_WITH_ARGS("GetLinkByIndex", SD_BUS_ARGS("i", ifindex),
				SD_BUS_RESULT("o", path), method_link_by_index, OPEN),
	SD_BUS_METHOD_WITH_ARGS("Describe", SD_BUS_NO_ARGS, SD_BUS_RESULT("s", json),
				method_describe, OPEN),
	SD_BUS_METHOD_WITH_ARGS("DescribeLink", SD_BUS_ARGS("s", name), SD_BUS_RESULT("s", json),
				method_describe_link, OPEN),
	SD_BUS_METHOD_WITH_ARGS("DescribeGroups", SD_BUS_ARGS("as", groups),
				SD_BUS_RESULT("s", json), method_describe_groups, OPEN),
	SD_BUS_METHOD_WITH_ARGS("Export", SD_BUS_NO_ARGS, SD_BUS_RESULT("s", configuration),
				method_export, OPEN),
	SD_BUS_METHOD_WITH_ARGS("GetStatistics", SD_BUS_ARGS("a{sv}", options),
				SD_BUS_RESULT("s", json), method_statistics, OPEN),
	SD_BUS_METHOD_WITH_ARGS("ListFdb", SD_BUS_ARGS("as", names), SD_BUS_RESULT("s", json),
				method_fdb, OPEN),
	SD_BUS_METHOD_WITH_ARGS("OpenSamples", SD_BUS_ARGS("s", name),
				SD_BUS_RESULT("h", ring, "t", size, "u", program, "t", seen,
					      "t", lost), method_samples, OPEN),
	SD_BUS_PROPERTY("Version", "s", get_version, 0, CONST),
	SD_BUS_PROPERTY("State", "s", get_state, 0, EMITS),
	SD_BUS_PROPERTY("Generation", "t", get_number, 0, EMITS),
	SD_BUS_PROPERTY("ConfirmDeadline", "t", get_number, 0, EMITS),
	SD_BUS_PROPERTY("NetlinkOverruns", "t", get_number, 0, 0),
	SD_BUS_PROPERTY("Managed", "u", get_count, 0, EMITS),
	SD_BUS_PROPERTY("Drifted", "u", get_count, 0, EMITS),
	SD_BUS_SIGNAL_WITH_ARGS("Applied", SD_BUS_ARGS("t", generation), 0),
	SD_BUS_SIGNAL_WITH_ARGS("DriftDetected",
				SD_BUS_ARGS("s", name, "s", key, "s", old, "s", new, "u", port,
					    "s", process), 0),
	SD_BUS_SIGNAL_WITH_ARGS("Event",
				SD_BUS_ARGS("s", event, "s", name, "s", text, "a{ss}", fields), 0),
	SD_BUS_VTABLE_END,
};

int manager_add(struct bus *b)
{
	return sd_bus_add_object_vtable(b->bus, NULL, BUS_PATH, BUS_MANAGER, vtable, b);
}
