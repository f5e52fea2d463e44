/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Log lines on stderr, with the priority prefix that the journal understands. */
#ifndef UTIL_LOG_H
#define UTIL_LOG_H

#include <syslog.h>

#include "util/macros.h"

/** log_set_level - print lines up to this syslog priority (LOG_INFO at start) */
void log_set_level(int level);

/** log_get_level - the priority set last */
int log_get_level(void);

/** log_write - one line; use the macros below */
void log_write(int level, const char *fmt, ...) _printf_(2, 3);

#define log_error(...) log_write(LOG_ERR, __VA_ARGS__)
#define log_warning(...) log_write(LOG_WARNING, __VA_ARGS__)
#define log_notice(...) log_write(LOG_NOTICE, __VA_ARGS__)
#define log_info(...) log_write(LOG_INFO, __VA_ARGS__)
#define log_debug(...)                                                                             \
	do {                                                                                       \
		if (log_get_level() >= LOG_DEBUG)                                                  \
			log_write(LOG_DEBUG, __VA_ARGS__);                                         \
	} while (0)

#endif
