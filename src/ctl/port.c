// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What is done with a port once: its cable is tested, its lights blink, its
 * negotiation begins again. The daemon answers when it is done.
 */
#include "ctl/ctl.h"
#include "util/text.h"

/* A method of the link object that was named, without its options yet. */
static int begin(struct ctl *c, const char *method, sd_bus_message **ret)
{
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
	const char *path;
	int r = ctl_call(c, "GetLinkByName", &reply, "s", c->names[0]);

	if (r)
		return r;
	if (sd_bus_message_read(reply, "o", &path) < 0)
		return ctl_fail_answer(c);
	return ctl_call_link(c, path, method, ret);
}

int verb_restart_autoneg(struct ctl *c)
{
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
	int r = begin(c, "RestartAutonegotiation", &m);

	if (r)
		return r;
	r = sd_bus_message_append(m, "a{sv}", 0);
	r = r < 0 ? ctl_fail_arguments(c, r) : ctl_call_send(c, m, NULL);
	return r ? r : ctl_done(c, "%s: negotiates anew", c->names[0]);
}

int verb_identify(struct ctl *c)
{
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
	int r = begin(c, "Identify", &m);

	if (r)
		return r;
	if (c->hold_for)
		r = sd_bus_message_append(m, "a{sv}", 1, "seconds", "u", c->hold_for);
	else
		r = sd_bus_message_append(m, "a{sv}", 0);
	r = r < 0 ? ctl_fail_arguments(c, r) : ctl_call_send(c, m, NULL);
	return r ? r : ctl_done(c, "%s: has blinked", c->names[0]);
}

/* "ok"; "open, 12.34 m away" */
static void print_result(const struct ctl *c, const json_t *pair)
{
	const char *result = get_text(pair, NULL, "result");
	bool ok = !strcmp(result, "ok");

	printf("pair %s  %s%s%s", get_text(pair, NULL, "pair"),
	       colour_on(c, ok ? COLOUR_GREEN : COLOUR_RED), result, colour_off(c, COLOUR_RED));
	if (json_object_get(pair, "fault_cm"))
		printf(", %.2f m away", get_number(pair, NULL, "fault_cm") / 100.0);
	putchar('\n');
}

static int print_results(const struct ctl *c, const json_t *j)
{
	const json_t *pair;
	int r = EXIT_DONE;
	size_t n;

	json_array_foreach(json_object_get(j, "pairs"), n, pair) {
		if (strcmp(get_text(pair, NULL, "result"), "ok"))
			r = EXIT_FAILED;
		if (c->json == JSON_MODE_OFF)
			print_result(c, pair);
	}
	return r;
}

/* Millivolts that came back, by distance; one pair a column. */
static void print_echoes(const json_t *j)
{
	const json_t *pairs = json_object_get(j, "pairs"), *pair;
	double first = get_number(j, NULL, "first_cm"), step = get_number(j, NULL, "step_cm");
	size_t steps = 0, k;

	printf("%9s", "METRES");
	json_array_foreach(pairs, k, pair) {
		size_t size = json_array_size(json_object_get(pair, "echoes_mv"));

		steps = max_of(steps, size);
		if (size)
			printf("  %6s %s", "PAIR", get_text(pair, NULL, "pair"));
	}
	putchar('\n');
	for (size_t n = 0; n < steps; n++) {
		printf("%9.2f", (first + n * step) / 100);
		json_array_foreach(pairs, k, pair) {
			const json_t *mv = json_array_get(json_object_get(pair, "echoes_mv"), n);

			if (mv)
				printf("  %5d mV", (int)json_integer_value(mv));
		}
		putchar('\n');
	}
}

static int print_test(const struct ctl *c, const char *text)
{
	json_auto_t *j = json_loads(text, 0, NULL);
	int r = print_results(c, j);

	if (!strcmp(get_text(j, NULL, "kind"), "tdr")) {
		if (c->json == JSON_MODE_OFF)
			print_echoes(j);
		r = EXIT_DONE; /* what it means is for people to say */
	}
	if (c->json != JSON_MODE_OFF)
		(void)ctl_json(c, TAKE_PTR(j));
	return r;
}

int verb_test_cable(struct ctl *c)
{
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL, *reply = NULL;
	_cleanup_free_ char *text = NULL;
	int r = begin(c, "TestCable", &m);

	if (r)
		return r;
	r = sd_bus_message_append(m, "a{sv}", 1, "tdr", "b", c->tdr);
	if (r < 0)
		return ctl_fail_arguments(c, r);
	if (c->json == JSON_MODE_OFF)
		fprintf(stderr, "%s: testing its cable; a test takes the link down\n", c->names[0]);
	r = ctl_call_send(c, m, &reply);
	if (!r)
		r = ctl_read_text(c, reply, &text);
	return r ? r : print_test(c, text);
}
