/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Log lines on stderr, with the priority prefix that the journal understands. */
#ifndef UTIL_LOG_H
#define UTIL_LOG_H

#include <stdint.h>
#include <syslog.h>

#include "util/macros.h"

/** log_set_level - print lines up to this syslog priority (LOG_INFO at start) */
void log_set_level(int level);

/** log_get_level - the priority set last */
int log_get_level(void);

/** log_write - one line; use the macros below */
void log_write(int level, const char *fmt, ...) _printf_(2, 3);

/*
 * Kinds of events that a person or a program may look for in the journal. Each has its
 * MESSAGE_ID in log.c and its entry in data/netctl.catalog.
 */
enum log_event {
	LOG_EVENT_APPLIED,
	LOG_EVENT_INVALID,
	LOG_EVENT_FAILED,
	LOG_EVENT_UNDONE,
	LOG_EVENT_WAITING,
	LOG_EVENT_CONFIRMED,
	LOG_EVENT_REVERTED,
	LOG_EVENT_STORED,
	LOG_EVENT_DRIFT,
	LOG_EVENT_DRIFT_GIVEN_UP,
	LOG_EVENT_OVERRUN,
	LOG_EVENT_CARRIER,
	LOG_EVENT_NO_CARRIER,
	LOG_EVENT_ABSENT,
	LOG_EVENT_PRESENT,
	LOG_EVENT_HELD,
	LOG_EVENT_UNIT,
	LOG_EVENT_MODULE_IN,
	LOG_EVENT_MODULE_OUT,
	LOG_EVENT_MODULE_LIMIT,
	LOG_EVENT_MODULE_MISMATCH,
	LOG_EVENT_SCHEDULE,
	LOG_EVENT_MAX_,
};

/**
 * log_event - a line that carries fields where standard error is the journal
 * @iface: INTERFACE=; NULL: none
 * @generation: GENERATION=; 0: none
 */
void log_event(int level, enum log_event event, const char *iface, uint64_t generation,
	       const char *fmt, ...) _printf_(5, 6);

/* A field of the journal: a name of capitals, digits and underlines. A NULL value is left out. */
struct log_field {
	const char *name, *value;
};

/** log_event_fields - the same with @n more fields, at most LOG_FIELDS_MAX */
void log_event_fields(int level, enum log_event event, const char *iface, uint64_t generation,
		      const struct log_field *fields, unsigned n, const char *fmt, ...)
	_printf_(7, 8);

#define LOG_FIELDS_MAX 12

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
