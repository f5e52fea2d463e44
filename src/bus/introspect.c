// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Writes the introspection of every group of settings, from its rows, so that a
 * new row or group needs nothing in dbus/. Run while building; the tests compare
 * what it wrote with what the daemon says of itself.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "bus/name.h"
#include "util/mem.h"
#include "util/text.h"

static void print_property(FILE *out, const struct feature *f, const struct row *r)
{
	char name[64];

	fprintf(out, "  <property name=\"%s\" type=\"%s\" access=\"read\">\n",
		bus_property_name(f, r->key, name, sizeof(name)), r->type->signature);
	if (r->flags & ROW_VOLATILE)
		fputs("   <annotation name=\"org.freedesktop.DBus.Property.EmitsChangedSignal\" "
		      "value=\"false\"/>\n", out);
	fputs("  </property>\n", out);
}

static void print_group(FILE *out, const struct feature *f, const char *name)
{
	fputs("<!DOCTYPE node PUBLIC \"-//freedesktop//DTD D-BUS Object Introspection 1.0//EN\"\n"
	      "\"https://www.freedesktop.org/standards/dbus/1.0/introspect.dtd\">\n<node>\n", out);
	fprintf(out, " <interface name=\"%s\">\n", name);
	FOREACH_ROW(f, r)
		print_property(out, f, r);
	fputs(" </interface>\n</node>\n", out);
}

static int write_group(const struct feature *f, const char *dir)
{
	char name[64];
	_cleanup_free_ char *path = str_format("%s/%s.xml", dir,
					       bus_interface_name(f, name, sizeof(name)));
	FILE *out = fopen(path, "we");

	if (out)
		print_group(out, f, name);
	if (out && fclose(out) == 0)
		return 0;
	fprintf(stderr, "%s: %s\n", path, strerror(errno));
	return 1;
}

int main(int argc, char **argv)
{
	int status = 0;

	if (argc != 2) {
		fputs("usage: bus-introspect FOLDER\n", stderr);
		return 2;
	}
	features_init();
	for (unsigned n = 0; n < n_features; n++)
		if (features[n]->form == FORM_GROUP)
			status |= write_group(features[n], argv[1]);
	return status;
}
