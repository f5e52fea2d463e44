// SPDX-License-Identifier: LGPL-2.1-or-later
/* netctl fdb: who is behind which port, of bridges and of the hardware that forwards for them. */
#include "ctl/ctl.h"

static void print_entry(struct table *t, const json_t *j)
{
	const char *bridge = get_text(j, NULL, "bridge");
	json_int_t vlan = get_number(j, NULL, "vlan");
	struct table_row *row = table_add(t, NULL);

	row->cells[0] = str_dup(get_text(j, NULL, "port"));
	row->cells[1] = str_dup(get_text(j, NULL, "address"));
	row->cells[2] = vlan ? str_format("%d", (int)vlan) : NULL;
	row->cells[3] = str_dup(*bridge ? bridge : "(hardware)");
	row->cells[4] = str_dup(get_text(j, NULL, "state"));
	row->cells[5] = get_bool(j, NULL, "offloaded") ? str_dup("yes") : NULL;
}

static int read_entries(struct ctl *c, json_t **ret)
{
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL, *reply = NULL;
	int r = ctl_call_new(c, "ListFdb", &m);

	if (r)
		return r;
	r = sd_bus_message_append_strv(m, c->names);
	if (r < 0)
		return ctl_usage(c, "these names cannot be asked for: %s", strerror(-r));
	r = ctl_call_send(c, m, &reply);
	return r ? r : ctl_read_document(c, reply, ret);
}

int verb_fdb(struct ctl *c)
{
	struct table t = { .heads = { "PORT", "ADDRESS", "VLAN", "IN", "STATE", "OFFLOADED" } };
	json_auto_t *j = NULL;
	int r = read_entries(c, &j);
	json_t *entry;
	size_t n;

	if (r)
		return r;
	if (c->json != JSON_MODE_OFF)
		return ctl_json(c, TAKE_PTR(j));
	json_array_foreach(json_object_get(j, "entries"), n, entry)
		print_entry(&t, entry);
	if (!t.n && c->legend)
		puts("no addresses are known");
	else
		table_print(c, &t);
	return EXIT_DONE;
}
