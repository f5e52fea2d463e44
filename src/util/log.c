// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Logging. A new-style daemon writes to stderr and leaves the rest to the
 * service manager; the "<N>" prefix (sd-daemon.h, SD_ERR …) carries the
 * priority and is left out where a person reads the lines.
 */
#include "util/log.h"

#include <stdarg.h>
#include <stdio.h>

static int log_level = LOG_INFO;

void log_set_level(int level)
{
	log_level = level;
}

int log_get_level(void)
{
	return log_level;
}

void log_write(int level, const char *fmt, ...)
{
	char line[2048];
	va_list ap;
	int n = 0;

	if (level > log_level)
		return;
	if (getenv("JOURNAL_STREAM"))
		n = snprintf(line, sizeof(line), "<%d>", level);
	va_start(ap, fmt);
	vsnprintf(line + n, sizeof(line) - n, fmt, ap);
	va_end(ap);
	/* One write for one line, so that lines of two processes do not mix. */
	fprintf(stderr, "%s\n", line);
}
