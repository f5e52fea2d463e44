// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How long a client that is there already waits for the whole state:
 *
 *	describe [CALLS [LIMIT-MS]]
 *
 * Prints of so many calls of Describe (21) the median, the least and the longest time
 * from call to answer. Fails if the median is more than the limit, where one is given.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-bus.h>
#include <time.h>

#define CALLS_MAX 1000
#define WAIT_USEC 60000000

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * UINT64_C(1000000) + t.tv_nsec / 1000;
}

static int by_size(const void *a, const void *b)
{
	const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* Return: how long it took; *@bytes: of the document. */
static uint64_t measure(sd_bus *bus, size_t *bytes)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	sd_bus_message *call = NULL, *answer = NULL;
	const char *text = "";
	uint64_t begun = now(), took;
	int r = sd_bus_message_new_method_call(bus, &call, "org.netctl1", "/org/netctl1",
					       "org.netctl1.Manager", "Describe");

	if (r >= 0)
		r = sd_bus_call(bus, call, WAIT_USEC, &error, &answer);
	if (r >= 0)
		r = sd_bus_message_read(answer, "s", &text);
	took = now() - begun;
	if (r < 0) {
		fprintf(stderr, "describe: %s\n", error.message ? error.message : strerror(-r));
		exit(2);
	}
	*bytes = strlen(text);
	sd_bus_message_unref(answer);
	sd_bus_message_unref(call);
	return took;
}

int main(int argc, char **argv)
{
	static uint64_t took[CALLS_MAX];
	unsigned n = argc > 1 ? strtoul(argv[1], NULL, 10) : 21;
	double limit = argc > 2 ? strtod(argv[2], NULL) : 0;
	sd_bus *bus = NULL;
	size_t bytes = 0;
	int r = n && n <= CALLS_MAX ? sd_bus_open_system(&bus) : -EINVAL;

	if (r < 0) {
		fprintf(stderr, "describe: %s\n", strerror(-r));
		return 2;
	}
	for (unsigned i = 0; i < n; i++)
		took[i] = measure(bus, &bytes);
	qsort(took, n, sizeof(*took), by_size);
	printf("Describe: median %.1f ms, least %.1f ms, longest %.1f ms, %zu KiB\n",
	       took[n / 2] / 1e3, took[0] / 1e3, took[n - 1] / 1e3, bytes / 1024);
	sd_bus_flush_close_unref(bus);
	return limit && took[n / 2] > limit * 1e3;
}
