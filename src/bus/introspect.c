// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Prints the introspection of one group of settings, from its rows, so that a
 * new row needs nothing in dbus/. Run while building; the tests compare what it
 * printed with what the daemon says of itself.
 */
#include <stdio.h>

#include "bus/name.h"

static void print_property(const struct feature *f, const struct row *r)
{
	char name[64];

	printf("  <property name=\"%s\" type=\"%s\" access=\"read\">\n",
	       bus_property_name(f, r->key, name, sizeof(name)), r->type->signature);
	if (r->flags & ROW_VOLATILE)
		puts("   <annotation name=\"org.freedesktop.DBus.Property.EmitsChangedSignal\" "
		     "value=\"false\"/>");
	puts("  </property>");
}

int main(int argc, char **argv)
{
	const struct feature *f;
	char name[64];

	features_init();
	f = argc == 2 ? feature_find(argv[1]) : NULL;
	if (!f || f->form != FORM_GROUP) {
		fputs("usage: bus-introspect GROUP\n", stderr);
		return 2;
	}
	puts("<!DOCTYPE node PUBLIC \"-//freedesktop//DTD D-BUS Object Introspection 1.0//EN\"\n"
	     "\"https://www.freedesktop.org/standards/dbus/1.0/introspect.dtd\">\n<node>");
	printf(" <interface name=\"%s\">\n", bus_interface_name(f, name, sizeof(name)));
	FOREACH_ROW(f, r)
		print_property(f, r);
	puts(" </interface>\n</node>");
	return 0;
}
