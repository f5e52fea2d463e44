// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * How a key of the configuration is called on the bus. What must stay true: a
 * name once released does not change, so the rule does not either.
 */
#include "bus/name.h"

#include <stdio.h>

#include "util/text.h"

/* Names that are older than the rule, or clearer than it. */
static const struct {
	const char *key, *name;
} root_names[] = {
	{ "address", "HardwareAddress" },
	{ "operstate", "OperationalState" },
};

char *bus_interface_name(const struct feature *f, char *buf, size_t size)
{
	_cleanup_free_ char *name = str_dup(f->form == FORM_GROUP ? f->name : "link");
	size_t n = snprintf(buf, size, "org.netctl1");
	char camel[48], *state = NULL;

	/* A group within a group has its own part of the name. */
	for (char *part = strtok_r(name, ".", &state); part && n < size;
	     part = strtok_r(NULL, ".", &state))
		n += snprintf(buf + n, size - n, ".%s", text_camel(part, camel, sizeof(camel)));
	return buf;
}

char *bus_property_name(const struct feature *f, const char *key, char *buf, size_t size)
{
	for (unsigned n = 0; f->form == FORM_ROOT && n < ARRAY_SIZE(root_names); n++)
		if (!strcmp(root_names[n].key, key)) {
			snprintf(buf, size, "%s", root_names[n].name);
			return buf;
		}
	return text_camel(key, buf, size);
}
