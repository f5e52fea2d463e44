// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Whatever happens, at whatever moment: between two turns of the loop, and within each answer,
 * dump and notification of the kernel's. Nothing may be freed that its callers stand on (valgrind
 * and the sanitizers look on), and in the end all is as configured.
 */
#include "unit/harness.h"

#include <limits.h>
#include <linux/rtnetlink.h>

#include "core/statistics.h"

/* A moment is a callback of the kernel's, before or behind it, or a turn of the loop. */
static struct moments {
	const struct kernel_ops *own;
	struct kernel_ops ops;
	message_fn on_message;
	sd_event_source *turned;
	unsigned n, at; /* gone by; when something is to happen */
	bool turns;	/* only turns count */
	void (*happen)(struct harness *h);
	struct harness *h;
} moments;

static void moment(bool turn)
{
	if ((turn || !moments.turns) && moments.n++ == moments.at)
		moments.happen(moments.h);
}

/* Who is called between two moments. */
struct between {
	reply_fn reply;
	message_fn message;
	done_fn done;
	void *data;
};

static void *between(struct between b)
{
	return mem_dup(&b, sizeof(b));
}

static void on_reply(void *data, int error, const char *text)
{
	struct between *b = data;

	moment(false);
	b->reply(b->data, error, text);
	moment(false);
	free(b);
}

static void on_dumped(void *data, const struct nlmsghdr *n)
{
	struct between *b = data;

	moment(false);
	b->message(b->data, n);
	moment(false);
}

static void on_dump_done(void *data, int error)
{
	struct between *b = data;

	moment(false);
	b->done(b->data, error);
	moment(false);
	free(b);
}

static void on_message(void *data, const struct nlmsghdr *n)
{
	moment(false);
	moments.on_message(data, n);
	moment(false);
}

static int on_turned(sd_event_source *s _unused_, void *data _unused_)
{
	moment(true);
	return 0;
}

static void submit(struct kernel *k, const struct request *r, reply_fn fn, void *data)
{
	moments.own->submit(k, r, on_reply, between((struct between){ .reply = fn, .data = data }));
}

static void dump(struct kernel *k, const struct nlmsghdr *n, message_fn fn, done_fn done,
		 void *data)
{
	moments.own->dump(k, n, on_dumped, on_dump_done,
			  between((struct between){ .message = fn, .done = done, .data = data }));
}

/* A daemon of which each moment is counted from here on. */
static struct harness *begin(void **state)
{
	struct harness *h = harness_begin(state, "lan0 lan1");
	struct kernel *k = h->engine->kernel;

	moments = (struct moments){ .own = k->ops, .ops = *k->ops, .on_message = k->on_message,
				    .at = UINT_MAX, .h = h };
	moments.ops.submit = submit;
	moments.ops.dump = dump;
	k->ops = &moments.ops;
	k->on_message = on_message;
	assert_true(sd_event_add_post(h->event, &moments.turned, on_turned, NULL) >= 0);
	/* Behind each, whatever else waits. */
	assert_true(sd_event_source_set_priority(moments.turned, SD_EVENT_PRIORITY_IMPORTANT) >= 0);
	return h;
}

static void end(struct harness *h)
{
	moments.at = UINT_MAX;
	h->engine->kernel->ops = moments.own;
	h->engine->kernel->on_message = moments.on_message;
	moments.turned = sd_event_source_unref(moments.turned);
}

/* What any real kernel can; of VLANs, which not all have, the fake one tells as it should. */
static const char real_switch[] =
	"interfaces = (\n"
	"  { name = \"br0\"; kind = \"bridge\"; addresses = [ \"192.0.2.1/24\" ];\n"
	"    routes = ( { to = \"198.51.100.0/24\"; via = \"192.0.2.2\"; } ); },\n"
	"  { name = \"lan0\"; master = \"br0\"; },\n"
	"  { name = \"lan1\"; master = \"br0\"; mtu = 1400; }\n);\n";

static void make_switch(struct harness *h)
{
	harness_must_apply(h, h->fake ? harness_switch : real_switch);
}

/* A real kernel takes its time, and has far more to say: not each of its moments. */
static unsigned stride(const struct harness *h, bool turns)
{
	return h->fake ? (turns ? 1 : 7) : turns ? 5 : 41;
}

/* @happen at one moment after the other of what @act does. */
static void at_each(struct harness *h, void (*happen)(struct harness *h), bool turns,
		    void (*act)(struct harness *h))
{
	bool over = false;

	moments.happen = happen;
	moments.turns = turns;
	for (unsigned at = 0; !over; at += stride(h, turns)) {
		make_switch(h);
		moments.n = 0;
		moments.at = at;
		act(h);
		over = moments.n <= at;
		moments.at = UINT_MAX;
		harness_settle(h);
		expect_settled(h);
	}
}

/* --- what the daemon is at */

static void remove_all(struct harness *h)
{
	harness_must_apply(h, harness_nothing);
}

static void make_all(struct harness *h)
{
	unsigned at = moments.at;

	moments.at = UINT_MAX;
	harness_must_apply(h, harness_nothing);
	moments.n = 0;
	moments.at = at;
	make_switch(h);
}

/* The last step of all: what came before is undone. */
static void undo(struct harness *h)
{
	if (h->fake)
		fake_fault(h->fake, 1, RTM_NEWROUTE, -EINVAL, "no");
	assert_int_equal(harness_apply(h, "interfaces = (\n"
					  "  { name = \"lan0\"; mtu = 1400; },\n"
					  "  { name = \"lan1\"; addresses = [ \"192.0.2.1/24\" ];\n"
					  "    routes = ( { to = \"198.51.100.0/24\"; via = \"203.0.113.1\"; } ); }\n"
					  ");\n"), -ECANCELED);
	if (h->fake)
		fake_no_faults(h->fake);
}

static void put_back(struct harness *h)
{
	harness_exec(h, "ip link set lan0 nomaster");
	if (h->fake) /* moves ports, and tells of none */
		harness_exec(h, "ip link set br0 type bridge vlan_default_pvid 7");
	harness_settle(h);
}

/* --- what happens meanwhile, at any moment */

static void untold(struct harness *h)
{
	h->engine->kernel->on_untold(h->engine->kernel->data);
}

static void overrun(struct harness *h)
{
	h->engine->kernel->on_overrun(h->engine->kernel->data);
}

/* --- or between two turns of the loop */

static void on_statistics(void *data _unused_, const struct statistics *s _unused_)
{
}

static void ask(struct harness *h)
{
	const struct statistics_request all = { 0 };

	(void)engine_read(h->engine, UINT64_MAX);
	(void)statistics_start(h->engine, &all, on_statistics, h);
	(void)engine_reconfigure(h->engine, "lan0", NULL, NULL);
}

static void change(struct harness *h)
{
	harness_exec(h, "ip link set lan0 mtu 1300");
	harness_exec(h, "ip link set lan1 down");
	harness_exec(h, "ip link set lan1 nomaster");
}

static void swap(struct harness *h)
{
	harness_unplug(h, "lan1");
	harness_nic(h, "lan1");
}

#define AT_EACH(h, happen, turns)                                                                  \
	do {                                                                                       \
		at_each(h, happen, turns, remove_all);                                             \
		at_each(h, happen, turns, make_all);                                               \
		at_each(h, happen, turns, undo);                                                   \
		at_each(h, happen, turns, put_back);                                               \
	} while (0)

static void untold_at_any_moment(void **state)
{
	struct harness *h = begin(state);

	AT_EACH(h, untold, false);
	end(h);
}

static void overrun_at_any_moment(void **state)
{
	struct harness *h = begin(state);

	AT_EACH(h, overrun, false);
	end(h);
}

static void asked_in_any_turn(void **state)
{
	struct harness *h = begin(state);

	AT_EACH(h, ask, true);
	end(h);
}

static void changed_in_any_turn(void **state)
{
	struct harness *h = begin(state);

	AT_EACH(h, change, true);
	end(h);
}

static void swapped_in_any_turn(void **state)
{
	struct harness *h = begin(state);

	harness_need_fake(h);
	AT_EACH(h, swap, true);
	end(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HARNESS_TEST(untold_at_any_moment),
		HARNESS_TEST(overrun_at_any_moment),
		HARNESS_TEST(asked_in_any_turn),
		HARNESS_TEST(changed_in_any_turn),
		HARNESS_TEST(swapped_in_any_turn),
	};

	return harness_main("moments", tests, sizeof(tests) / sizeof(tests[0]));
}
