// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Actions: what is done once because somebody asks for it, and leaves nothing
 * to be kept true: a cable is tested, a light blinks.
 *
 * They are no part of a plan and wait for none; the kernel orders them. What
 * must stay true: each ends exactly once, whether its caller still listens or
 * not, and a failure names the interface, its driver and the kernel's words.
 */
#include "core/action.h"

#include "core/engine.h"
#include "nl/slow.h"
#include "util/log.h"
#include "util/text.h"

static void run_free(struct action_run *r)
{
	struct action_run **p = &r->engine->actions;

	while (*p != r)
		p = &(*p)->next;
	*p = r->next;
	slow_free(r->slow);
	sd_event_source_disable_unref(r->timer);
	json_decref(r->options);
	free(r->name);
	free(r);
}

/* Return: 0, or why not; then nothing has begun. */
static int start(struct action_run *r)
{
	int error = r->action->start(r, r->options);

	while (error == -EOPNOTSUPP && r->action->otherwise) {
		r->action = r->action->otherwise;
		r->slow = slow_free(r->slow);
		error = r->action->start(r, r->options);
	}
	return error;
}

struct action_run *action_start(struct engine *e, const struct action *a, const char *name,
				const json_t *options, action_fn done, void *data, int *ret_error)
{
	const struct iface *i = model_find(e->mirror->seen, name);
	struct action_run *r = new0(struct action_run);
	int error;

	*r = (struct action_run){
		.next = e->actions, .engine = e, .action = a, .ifindex = i ? i->ifindex : 0,
		.name = str_dup(name), .done = done, .data = data,
		.options = json_deep_copy(options),
	};
	e->actions = r;
	error = r->ifindex > 0 ? start(r) : -ENODEV;
	if (error >= 0)
		return r;
	run_free(r);
	*ret_error = error;
	return NULL;
}

void action_cancel(struct action_run *r)
{
	r->done = NULL;
}

void action_end(struct action_run *r, int error, const char *kernel, const json_t *answer)
{
	_cleanup_free_ char *driver = NULL, *text = NULL;

	if (error == -EOPNOTSUPP && r->action->otherwise) {
		r->action = r->action->otherwise;
		r->slow = slow_free(r->slow);
		error = start(r);
		if (!error)
			return;
	}
	if (error) {
		driver = kernel_driver(r->engine->kernel, r->name);
		text = str_format("%s: %s%s%s%s%s%s", r->name, driver ? driver : "",
				  driver ? ": " : "", strerror(-error), kernel ? " (" : "",
				  kernel ? kernel : "", kernel ? ")" : "");
		log_info("%s: %s", r->action->method, text);
	}
	if (r->done)
		r->done(r->data, error, text, answer);
	run_free(r);
}

void actions_free(struct engine *e)
{
	while (e->actions)
		run_free(e->actions);
}
