// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * fsync() takes as long as the disk does: tens of milliseconds on flash, more
 * when somebody else writes. The loop must not stand still for that, so what is
 * to be on disk is written by a thread, which lasts as long as there is
 * something to write.
 *
 * What must stay true: jobs are done one after the other, in order. Those that
 * the thread has are the thread's alone, from its start until it was joined; it
 * allocates nothing, so that it costs the process no second heap.
 */
#include "util/writer.h"

#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "util/log.h"
#include "util/text.h"

#define THREAD_STACK (64 * 1024)

struct job {
	struct job *next;
	struct replacement file;
	char *path, *text; /* text NULL: removed */
	unsigned mode;
	const char *complaint;
	int error;
};

struct writer {
	sd_event_source *source;
	int fd; /* readable when the thread has done its jobs */
	pthread_t thread;
	struct job *doing; /* by the thread; NULL: there is none */
	bool done;	   /* by the thread: all of them; atomic */
	struct job *queue; /* for the next */
	int error;	   /* the first that nobody has asked for */
	void (*on_idle)(void *data);
	void *data;
};

static void do_jobs(struct job *first)
{
	for (struct job *j = first; j; j = j->next)
		if (j->text)
			j->error = replacement_write(&j->file, j->text, strlen(j->text), j->mode);
		else
			(void)unlink(j->path);
}

static void wake(struct writer *w)
{
	const uint64_t one = 1;

	(void)!write(w->fd, &one, sizeof(one)); /* fails only when it is readable anyway */
}

static void *run(void *data)
{
	struct writer *w = data;

	do_jobs(w->doing);
	__atomic_store_n(&w->done, true, __ATOMIC_RELEASE);
	wake(w);
	return NULL;
}

static void end_jobs(struct writer *w, struct job *j)
{
	for (struct job *next; j; j = next) {
		next = j->next;
		if (j->error < 0)
			log_error("%s: %s: %s", j->path, strerror(-j->error), j->complaint);
		w->error = w->error ?: j->error;
		replacement_done(&j->file);
		free(j->path);
		free(j->text);
		free(j);
	}
}

/* All signals are the loop's. */
static int start_thread(struct writer *w)
{
	pthread_attr_t attr;
	sigset_t all, before;
	int r;

	sigfillset(&all);
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, THREAD_STACK);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	r = pthread_create(&w->thread, &attr, run, w);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attr);
	return -r;
}

static void begin(struct writer *w)
{
	w->doing = TAKE_PTR(w->queue);
	w->done = false;
	if (!w->doing || start_thread(w) >= 0)
		return;
	do_jobs(w->doing); /* without a thread the loop waits; what follows is the same */
	end_jobs(w, TAKE_PTR(w->doing));
	wake(w);
}

static int on_done(sd_event_source *s _unused_, int fd, uint32_t revents _unused_, void *data)
{
	struct writer *w = data;
	uint64_t n;

	(void)!read(fd, &n, sizeof(n));
	/* Of a thread that writer_flush() has waited for: there may be the next one by now. */
	if (w->doing && !__atomic_load_n(&w->done, __ATOMIC_ACQUIRE))
		return 0;
	if (w->doing)
		pthread_join(w->thread, NULL);
	end_jobs(w, TAKE_PTR(w->doing));
	begin(w);
	if (writer_is_idle(w))
		w->on_idle(w->data);
	return 0;
}

struct writer *writer_new(sd_event *event, void (*on_idle)(void *data), void *data)
{
	struct writer *w = new0(struct writer);

	*w = (struct writer){ .on_idle = on_idle, .data = data };
	w->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (w->fd < 0 || sd_event_add_io(event, &w->source, w->fd, EPOLLIN, on_done, w) < 0)
		abort();
	return w;
}

struct writer *writer_free(struct writer *w)
{
	if (!w)
		return NULL;
	writer_flush(w);
	sd_event_source_disable_unref(w->source);
	close(w->fd);
	free(w);
	return NULL;
}

bool writer_is_idle(const struct writer *w)
{
	return !w->doing && !w->queue;
}

int writer_take_error(struct writer *w)
{
	int error = w->error;

	w->error = 0;
	return error;
}

void writer_flush(struct writer *w)
{
	if (writer_is_idle(w))
		return;
	if (w->doing)
		pthread_join(w->thread, NULL);
	end_jobs(w, TAKE_PTR(w->doing));
	do_jobs(w->queue);
	end_jobs(w, TAKE_PTR(w->queue));
	wake(w);
}

static void add(struct writer *w, const struct job *job)
{
	struct job **p = &w->queue;

	while (*p)
		p = &(*p)->next;
	*p = mem_dup(job, sizeof(*job));
	if (!w->doing)
		begin(w);
}

void writer_write(struct writer *w, char *path, char *text, unsigned mode, const char *complaint)
{
	add(w, &(struct job){ .file = replacement_of(path), .path = path, .text = text,
			      .mode = mode, .complaint = complaint });
}

void writer_unlink(struct writer *w, char *path)
{
	add(w, &(struct job){ .path = path });
}
