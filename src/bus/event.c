// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What features have noticed, as the signal Event: the same that the journal
 * gets, with the same fields. An event is told once; who was not there, or a bus
 * that does not take what it is sent, has missed it, and the properties stand.
 */
#include "bus/internal.h"
#include "core/event.h"

/* "NETCTL_PART" as "part" */
static const char *field_name(const char *name, char *buf, size_t size)
{
	size_t n = 0;

	if (!strncmp(name, "NETCTL_", 7))
		name += 7;
	for (; name[n] && n < size - 1; n++)
		buf[n] = name[n] >= 'A' && name[n] <= 'Z' ? name[n] - 'A' + 'a' : name[n];
	buf[n] = 0;
	return buf;
}

static int append_fields(sd_bus_message *m, const struct event *v)
{
	int r = sd_bus_message_open_container(m, 'a', "{ss}");
	char name[32];

	for (unsigned n = 0; r >= 0 && n < v->n; n++) {
		const char *value = v->fields[n].value;
		_cleanup_free_ char *clean = value ? text_utf8(str_dup(value)) : NULL;

		if (clean)
			r = sd_bus_message_append(m, "{ss}",
						  field_name(v->fields[n].name, name, sizeof(name)),
						  clean);
	}
	return r < 0 ? r : sd_bus_message_close_container(m);
}

void publish_event(void *bus, const struct event *v)
{
	_cleanup_free_ char *link = text_utf8(str_dup(v->link));
	_cleanup_free_ char *text = text_utf8(str_dup(v->text));
	struct bus *b = bus;
	sd_bus_message *m = NULL;
	uint64_t due;
	int r;

	if (!b->named || bus_is_full(b, 0, &due))
		return;
	r = sd_bus_message_new_signal(b->bus, &m, BUS_PATH, BUS_MANAGER, "Event");
	if (r >= 0)
		r = sd_bus_message_append(m, "sss", v->name, link, text);
	if (r >= 0)
		r = append_fields(m, v);
	if (r >= 0)
		(void)sd_bus_send(b->bus, m, NULL);
	sd_bus_message_unref(m);
}
