/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files that are written while the loop goes on. */
#ifndef UTIL_WRITER_H
#define UTIL_WRITER_H

#include <stdbool.h>
#include <systemd/sd-event.h>

struct writer;

/**
 * writer_new - nothing is started before the first job
 * @on_idle: called by the loop when all that was asked for is on disk
 */
struct writer *writer_new(sd_event *event, void (*on_idle)(void *data), void *data);

/** writer_free - waits until all is on disk; NULL is allowed; returns NULL */
struct writer *writer_free(struct writer *w);

/**
 * writer_write - as file_write_atomic(), later; jobs are done in the order they are asked for
 * @path, @text: taken over
 * @complaint: what it means if it fails, for the log; must outlive the job
 */
void writer_write(struct writer *w, char *path, char *text, unsigned mode, const char *complaint);

/** writer_unlink - remove a file, later; @path is taken over, and need not be there */
void writer_unlink(struct writer *w, char *path);

/** writer_is_idle - all that was asked for is on disk: what is read there is the truth */
bool writer_is_idle(const struct writer *w);

/** writer_take_error - 0, or why the first job failed that did since this was asked last */
int writer_take_error(struct writer *w);

/** writer_flush - wait until it is; @on_idle is called by the loop all the same */
void writer_flush(struct writer *w);

#endif
