// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Logging. A new-style daemon writes to stderr and leaves the rest to the
 * service manager; the "<N>" prefix (sd-daemon.h, SD_ERR …) carries the
 * priority and is left out where a person reads the lines. Events carry fields,
 * and so go to the journal directly, if that is where standard error leads.
 */
#include "util/log.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>

#define SD_JOURNAL_SUPPRESS_LOCATION
#include <systemd/sd-journal.h>

#include "util/text.h"

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

/* MESSAGE_ID of each; never changed, and never given to another. */
static const char *const event_ids[LOG_EVENT_MAX_] = {
	[LOG_EVENT_APPLIED] = "99631bf0e7df449e8ac382cf1fb6c180",
	[LOG_EVENT_INVALID] = "4763a3ef0ce34e539f8c86a6ce6b8a0f",
	[LOG_EVENT_FAILED] = "ecae58d35e784e70a47dea66f5d1d562",
	[LOG_EVENT_UNDONE] = "83ad28e8790c453288a959f811c8f51b",
	[LOG_EVENT_WAITING] = "e736468051e54e8bb69dfae0473e0dce",
	[LOG_EVENT_CONFIRMED] = "a8836291058c4295ba8dbfcb8339ceba",
	[LOG_EVENT_REVERTED] = "f109a317a58140169d6bdeafaa85034e",
	[LOG_EVENT_STORED] = "103d9cce4df0486d8cc2aca8fada66e8",
	[LOG_EVENT_DRIFT] = "0ab4fbd732e340d6a042c2cfb4565955",
	[LOG_EVENT_DRIFT_GIVEN_UP] = "b8e14684364a4bc9aa98760138b2e73b",
	[LOG_EVENT_OVERRUN] = "cf678adf17ea4801a1064514d6bb5330",
	[LOG_EVENT_CARRIER] = "2cd434cacf2f41b3a3e79c3d79347089",
	[LOG_EVENT_NO_CARRIER] = "d6b19cf1750d41ee8e6760431e33fe96",
	[LOG_EVENT_ABSENT] = "702f5561f82f475888f9dfc239bdfc91",
	[LOG_EVENT_PRESENT] = "38bbdb32da2d456baf622e2cd83b41bf",
	[LOG_EVENT_HELD] = "1e6dc6c9040244b89fd62d15f17d7db1",
	[LOG_EVENT_UNIT] = "22eb593ad1b445fb9542aa614c446678",
	[LOG_EVENT_MODULE_IN] = "ec9726f40a984b9bb00fbc8fbebf8be2",
	[LOG_EVENT_MODULE_OUT] = "091a2d25455f4bf08e478763a160bea3",
	[LOG_EVENT_MODULE_LIMIT] = "2c8dc76780b6442584dcf17568c59043",
	[LOG_EVENT_MODULE_MISMATCH] = "550f369d74d4494793e21c42ad3833e3",
	[LOG_EVENT_SCHEDULE] = "e538dc9c1c72487c8a6ff51489713277",
};

/*
 * $JOURNAL_STREAM is inherited, maybe by a daemon whose standard error is a file: see
 * systemd.exec(5).
 */
static bool stderr_is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	uintmax_t device, inode;
	struct stat st;

	return stream && sscanf(stream, "%ju:%ju", &device, &inode) == 2 &&
	       fstat(STDERR_FILENO, &st) == 0 && st.st_dev == device && st.st_ino == inode;
}

/* What is sent: NAME=value each, owned by the caller. */
struct entry {
	struct iovec fields[LOG_FIELDS_MAX + 5];
	int n;
};

static void add_field(struct entry *e, const char *name, const char *value)
{
	char *text = value ? str_format("%s=%s", name, value) : NULL;

	if (text)
		e->fields[e->n++] = (struct iovec){ text, strlen(text) };
}

static void add_number(struct entry *e, const char *name, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, value);
	add_field(e, name, text);
}

/* Return: the journal has it. */
static bool send_entry(struct entry *e)
{
	int r = sd_journal_sendv(e->fields, e->n);

	while (e->n > 0)
		free(e->fields[--e->n].iov_base);
	return r >= 0;
}

static void write_event(int level, enum log_event event, const char *iface, uint64_t generation,
			const struct log_field *fields, unsigned n, const char *line)
{
	struct entry e = { .n = 0 };

	if (!stderr_is_journal()) {
		log_write(level, "%s", line);
		return;
	}
	add_field(&e, "MESSAGE", line);
	add_number(&e, "PRIORITY", level);
	add_field(&e, "MESSAGE_ID", event_ids[event]);
	add_field(&e, "INTERFACE", iface);
	if (generation)
		add_number(&e, "GENERATION", generation);
	for (unsigned i = 0; i < n && i < LOG_FIELDS_MAX; i++)
		add_field(&e, fields[i].name, fields[i].value);
	if (!send_entry(&e))
		log_write(level, "%s", line);
}

void log_event(int level, enum log_event event, const char *iface, uint64_t generation,
	       const char *fmt, ...)
{
	char line[2048];
	va_list ap;

	if (level > log_level)
		return;
	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	write_event(level, event, iface, generation, NULL, 0, line);
}

void log_event_fields(int level, enum log_event event, const char *iface, uint64_t generation,
		      const struct log_field *fields, unsigned n, const char *fmt, ...)
{
	char line[2048];
	va_list ap;

	if (level > log_level)
		return;
	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	write_event(level, event, iface, generation, fields, n, line);
}
