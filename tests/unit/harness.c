// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The same tests on two kernels.
 *
 * A test says what happens to a machine and what must be true afterwards; on
 * the fake it runs anywhere in milliseconds and can be made to fail in any
 * place, in a network namespace it shows that the fake does not lie. Nothing
 * here waits without an end.
 */
#include "unit/harness.h"

#include <ftw.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <time.h>

#include "core/impact.h"
#include "util/log.h"
#include "util/text.h"

#define LIMIT_USEC UINT64_C(120000000)

const char harness_switch[] =
	"interfaces = (\n"
	"  { name = \"br0\"; kind = \"bridge\";\n"
	"    bridge = { vlan_filtering = true; default_pvid = 0; };\n"
	"    port = { tagged = [ 10 ]; }; },\n"
	"  { name = \"lan0\"; master = \"br0\"; port = { pvid = 10; untagged = [ 10 ]; }; },\n"
	"  { name = \"lan1\"; master = \"br0\"; port = { tagged = [ \"10\", \"20-29\" ]; }; },\n"
	"  { name = \"br0.10\"; kind = \"vlan\"; vlan = { link = \"br0\"; id = 10; };\n"
	"    addresses = [ \"192.0.2.1/24\", \"2001:db8:10::1/64\" ];\n"
	"    routes = ( { to = \"198.51.100.0/24\"; via = \"192.0.2.2\"; } ); }\n"
	");\n";

const char harness_nothing[] = "interfaces = ();\n";

static const char *const config_folder[] = { "conf" };

/* Those that have not been freed: a test that fails leaves its own. */
static struct harness *innermost;

uint64_t harness_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * UINT64_C(1000000) + t.tv_nsec / 1000;
}

static bool verbose(void)
{
	return getenv("NETCTL_TEST_VERBOSE");
}

static void open_machine(struct harness *h)
{
	const char *which = getenv("NETCTL_TEST_KERNEL");

	if (!which || !strcmp(which, "fake")) {
		h->fake = fake_kernel_new(h->event);
	} else if (unshare(CLONE_NEWNET | CLONE_NEWNS) < 0) {
		print_error("network namespace: %s\n", strerror(errno));
		exit(77); /* automake: skipped */
	} else if (mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) < 0 || mkdir("bpf", 0700) < 0 ||
		   mount("bpf", "bpf", "bpf", 0, NULL) < 0) {
		print_error("bpffs: %s\n", strerror(errno));
		exit(77);
	}
}

struct harness *harness_new(void)
{
	struct harness *h = new0(struct harness);
	const char *tmp = getenv("TMPDIR");

	features_init();
	log_set_level(verbose() ? LOG_DEBUG : LOG_EMERG);
	h->folder = str_format("%s/netctl-test-XXXXXX", tmp ? tmp : "/tmp");
	h->back = getcwd(NULL, 0);
	if (!mkdtemp(h->folder) || chdir(h->folder) < 0 || mkdir("conf", 0755) < 0 ||
	    sd_event_new(&h->event) < 0)
		abort();
	open_machine(h);
	h->outer = innermost;
	innermost = h;
	return h;
}

static int remove_one(const char *path, const struct stat *st _unused_, int type _unused_,
		      struct FTW *ftw _unused_)
{
	return remove(path);
}

void harness_free(struct harness *h)
{
	if (!h)
		return;
	while (innermost != h)
		harness_free(innermost);
	innermost = h->outer;
	harness_kill(h);
	fake_kernel_free(h->fake);
	sd_event_unref(h->event);
	if (!h->fake)
		(void)umount2("bpf", MNT_DETACH);
	if (chdir(h->back) < 0)
		abort();
	(void)nftw(h->folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	free(h->folder);
	free(h->pins);
	free(h->back);
	free(h->text);
	free(h);
}

int harness_setup(void **state)
{
	*state = harness_new();
	return 0;
}

int harness_teardown(void **state)
{
	harness_free(*state);
	return 0;
}

int harness_main(const char *name, const struct CMUnitTest *tests, size_t n)
{
	const char *filter = getenv("NETCTL_TEST_FILTER");
	int r;

	if (filter)
		cmocka_set_test_filter(filter);
	r = _cmocka_run_group_tests(name, tests, n, NULL, NULL);
	while (innermost)
		harness_free(innermost);
	return r;
}

static int shell(const char *command)
{
	return system(command); /* only the tests' own words get here */
}

void harness_exec(struct harness *h, const char *fmt, ...)
{
	_cleanup_free_ char *command = NULL;
	char path[128], value[64];
	va_list ap;
	int r;

	va_start(ap, fmt);
	if (vasprintf(&command, fmt, ap) < 0)
		abort();
	va_end(ap);
	if (h->fake) {
		r = fake_command(h->fake, command);
	} else if (sscanf(command, "sysctl %127s %63s", path, value) == 2) {
		_cleanup_free_ char *echo = str_format("echo %s >/proc/sys/%s", value, path);

		r = shell(echo);
	} else {
		r = shell(command);
	}
	if (r && !h->fake && !strncmp(command, "tc ", 3)) {
		print_message("# skipped, for this kernel cannot: %s\n", command);
		skip();
	}
	if (r)
		fail_msg("%s: %d", command, r);
}

void harness_nic(struct harness *h, const char *name)
{
	_cleanup_free_ char *dummy = str_format("ip link add %s numtxqueues %u type dummy "
						"2>/dev/null", name, FAKE_QUEUES);

	if (h->fake)
		fake_add_nic(h->fake, name);
	else if (shell(dummy)) /* a kernel without dummies: one end of a cable, with queues for XDP */
		harness_exec(h, "ip link add %s numtxqueues %u numrxqueues %u type veth "
			     "peer name %s-far numtxqueues %u numrxqueues %u && "
			     "ip link set %s-far up", name, FAKE_QUEUES, FAKE_QUEUES, name,
			     FAKE_QUEUES, FAKE_QUEUES, name);
}

static bool is_peer(const struct model *want, const char *name)
{
	const struct feature *veth = feature_find("veth");

	MODEL_FOREACH(want, i) {
		const struct object *o = iface_object(i, veth);

		if (o && !strcmp(row_value(row_find(veth, "peer"), o), name))
			return true;
	}
	return false;
}

/* NULL: it is no port of a switch. */
static const char *conduit_of(const struct iface *i)
{
	const struct feature *dsa = feature_find("dsa");
	const struct row *r = row_find(dsa, "conduit");
	const struct object *o = iface_object(i, dsa);

	return row_has(dsa, r, o) ? ((struct ifref *)row_value(r, o))->name : NULL;
}

void harness_port(struct harness *h, const char *name, const char *conduit)
{
	harness_need_fake(h);
	assert_true(fake_add_dsa_port(h->fake, name, conduit) > 0);
}

void harness_nics_of(struct harness *h, const char *config)
{
	struct config_paths paths = { .paths = config_folder, .n = 1 };
	struct errors e = { 0 };
	struct generation *g;

	harness_file(h, "conf/a.conf", config);
	if (config_load(&paths, &e, &g) < 0)
		fail_msg("%s", errors_text(&e));
	MODEL_FOREACH(g->want, i)
		if (!*iface_kind(i) && strcmp(i->name, "all") && !is_peer(g->want, i->name) &&
		    !conduit_of(i))
			harness_nic(h, i->name);
	MODEL_FOREACH(g->want, i)
		if (conduit_of(i))
			harness_port(h, i->name, conduit_of(i));
	MODEL_FOREACH(g->want, i)
		if (iface_object(i, feature_find("led0"))) {
			harness_need_fake(h);
			fake_add_leds(h->fake, i->name, 4);
		}
	MODEL_FOREACH(g->want, i)
		if (iface_object(i, feature_find("dcb")))
			harness_need_fake(h); /* no device of software has it */
	generation_free(g);
}

void harness_unplug(struct harness *h, const char *name)
{
	if (h->fake)
		fake_remove(h->fake, name);
	else
		harness_exec(h, "ip link del %s", name);
}

void harness_file(struct harness *h _unused_, const char *path, const char *text)
{
	_cleanup_free_ char *folder = str_dup(path);
	char *slash = strrchr(folder, '/');
	FILE *out;

	if (slash) {
		*slash = 0;
		(void)mkdir(folder, 0755);
	}
	out = fopen(path, "w");
	if (!out || fputs(text, out) < 0 || fclose(out))
		fail_msg("%s: %s", path, strerror(errno));
}

static bool is_busy(const struct harness *h)
{
	const struct engine *e = h->engine;

	return e && (!e->mirror->synced || e->mirror->filling || e->mirror->retries ||
		     e->mirror->untold || e->plan || e->done);
}

/* The real kernel's words take their time to arrive; the fake's are there. */
static void turn(struct harness *h, uint64_t deadline, bool *idle)
{
	uint64_t wait = is_busy(h) ? 50000 : h->fake ? 0 : 30000;
	int r = sd_event_run(h->event, wait);

	assert_true(r >= 0);
	*idle = !r && !is_busy(h);
	if (harness_now() > deadline)
		fail_msg("the engine does not come to an end");
}

void harness_settle(struct harness *h)
{
	uint64_t deadline = harness_now() + LIMIT_USEC;
	bool idle;

	do {
		turn(h, deadline, &idle);
	} while (!idle);
}

void harness_wait(struct harness *h, unsigned ms)
{
	uint64_t end = harness_now() + 1000 * (uint64_t)ms, t;

	while ((t = harness_now()) < end)
		assert_true(sd_event_run(h->event, end - t) >= 0);
	harness_settle(h);
}

void harness_start(struct harness *h)
{
	struct kernel *k;

	if (h->fake)
		k = fake_kernel_open(h->fake);
	if (!h->fake) {
		h->pins = h->pins ? h->pins : str_format("%s/bpf/netctld", h->folder);
		xdp_set_pin_dir(h->pins);
		assert_int_equal(kernel_open(h->event, &k), 0);
	}
	h->engine = engine_new(h->event, k, "owned.state", !h->once);
	h->engine->paths = (struct config_paths){ .paths = config_folder, .n = 1 };
	engine_start(h->engine);
	harness_settle(h);
}

void harness_kill(struct harness *h)
{
	h->engine = engine_free(h->engine);
}

static void on_done(void *data, const struct outcome *o)
{
	struct harness *h = data;

	assert_false(h->done);
	h->done = true;
	h->error = o->error;
	h->steps = o->steps;
	free(h->text);
	h->text = str_dup(o->text);
}

/* A kernel without VLANs, or a queueing discipline, says nothing about those who use them. */
static bool is_lacking(const char *text)
{
	return strstr(text, strerror(EOPNOTSUPP)) || strstr(text, "qdisc kind is unknown") ||
	       strstr(text, "TC classifier not found") || strstr(text, "takes a kernel that");
}

/* What the fake kernel can is not excused. */
static void skip_lacking(const struct harness *h, const char *text)
{
	if (h->fake || !is_lacking(text))
		return;
	print_message("# skipped, for this kernel cannot: %s\n", text);
	skip();
}

int harness_reload(struct harness *h)
{
	struct errors e = { 0 };

	h->done = false;
	h->error = engine_reload(h->engine, &e, on_done, h);
	if (h->error) {
		free(h->text);
		h->text = errors_text(&e);
		errors_done(&e);
		skip_lacking(h, h->text);
		return h->error;
	}
	assert_false(h->done);
	harness_settle(h);
	assert_true(h->done);
	if (h->error)
		skip_lacking(h, h->text);
	return h->error;
}

int harness_apply(struct harness *h, const char *config)
{
	harness_file(h, "conf/a.conf", config);
	return harness_reload(h);
}

void harness_must_apply(struct harness *h, const char *config)
{
	if (harness_apply(h, config))
		fail_msg("%s", h->text);
}

static char *impact_for(struct harness *h, struct generation *g)
{
	_cleanup_(plan_freep) struct plan *plan = engine_plan(h->engine, g);
	_cleanup_(impact_freep) struct impact *m = NULL;

	assert_non_null(plan);
	m = impact_new(plan, h->engine->mirror->seen);
	return impact_text(m);
}

static char *plan_for(struct harness *h, struct generation *g)
{
	struct plan *plan = engine_plan(h->engine, g);
	char *text;

	assert_non_null(plan);
	text = plan_text(plan);
	plan_free(plan);
	return text;
}

char *harness_plan(struct harness *h)
{
	return plan_for(h, h->engine->current);
}

static char *text_of(struct harness *h, const char *config,
		     char *(*fn)(struct harness *h, struct generation *g))
{
	struct errors e = { 0 };
	struct generation *g;
	char *text;

	harness_file(h, "conf/a.conf", config);
	if (engine_load(h->engine, &e, &g) < 0) {
		char *wrong = errors_text(&e);

		skip_lacking(h, wrong);
		fail_msg("%s", wrong);
	}
	/* As Plan() does, where it makes a difference. */
	if (strstr(config, "ethernet") && !engine_read(h->engine, UINT64_MAX))
		harness_settle(h);
	text = fn(h, g);
	generation_free(g);
	return text;
}

char *harness_plan_of(struct harness *h, const char *config)
{
	return text_of(h, config, plan_for);
}

char *harness_impact_of(struct harness *h, const char *config)
{
	return text_of(h, config, impact_for);
}

char *harness_export(struct harness *h)
{
	return model_export(h->engine->mirror->seen, false);
}

char *harness_json(struct harness *h, const char *name)
{
	json_t *j = engine_json(h->engine, name);
	char *text = json_dumps(j, JSON_SORT_KEYS);

	json_decref(j);
	return text;
}

uint64_t harness_requests(const struct harness *h)
{
	return h->engine->kernel->counters.requests;
}

const char *harness_state(struct harness *h, const char *name)
{
	const char *reason, *state = state_name(engine_iface_state(h->engine, name, &reason));

	if (!h->fake && is_lacking(reason)) {
		print_message("# skipped, for this kernel cannot: %s\n", reason);
		skip();
	}
	return state;
}

const char *harness_reason(struct harness *h, const char *name)
{
	const char *reason;

	engine_iface_state(h->engine, name, &reason);
	return reason;
}

void harness_contains(const char *text, const char *part, bool wanted, const char *file, int line)
{
	if (!strstr(text, part) == !wanted)
		return;
	print_error("%s\n%s \"%s\"\n", text, wanted ? "lacks" : "must not have", part);
	_fail(file, line);
}

void harness_text(char *got, const char *want, const char *file, int line)
{
	if (strcmp(got, want)) {
		/* print_error() cuts long texts. */
		fprintf(stderr, "got:\n%s\nwant:\n%s\n", got, want);
		_fail(file, line);
	}
	free(got);
}

const char *harness_top(void)
{
	const char *top = getenv("NETCTL_SRCDIR");

	return top ? top : TEST_TOP;
}

char *harness_read(const char *path)
{
	_cleanup_free_ char *full = str_format("%s/%s", harness_top(), path);
	char *text;

	return file_read(full, 1 << 20, &text, NULL) < 0 ? NULL : text;
}

void harness_golden(const char *path, char *got)
{
	_cleanup_free_ char *full = str_format("%s/%s", harness_top(), path);
	_cleanup_free_ char *want = NULL;
	const char *update = getenv("NETCTL_GOLDEN_UPDATE");

	if (update && *update == '1') {
		FILE *out = fopen(full, "w");

		if (!out || fputs(got, out) < 0 || fclose(out))
			fail_msg("%s: %s", full, strerror(errno));
		free(got);
		return;
	}
	want = harness_read(path);
	if (!want)
		fail_msg("%s: cannot be read; NETCTL_GOLDEN_UPDATE=1 writes it", path);
	harness_text(got, want, path, 1);
}

struct harness *harness_begin(void **state, const char *nics)
{
	struct harness *h = *state;
	char *copy = str_dup(nics), *rest = NULL;

	for (char *n = strtok_r(copy, " ", &rest); n; n = strtok_r(NULL, " ", &rest))
		harness_nic(h, n);
	free(copy);
	harness_start(h);
	return h;
}

void expect_settled(struct harness *h)
{
	assert_text(harness_plan(h), "");
}

void expect_has(struct harness *h, const char *name, const char *part)
{
	_cleanup_free_ char *json = harness_json(h, name);

	assert_contains(json, part);
}

void expect_lacks(struct harness *h, const char *name, const char *part)
{
	_cleanup_free_ char *json = harness_json(h, name);

	assert_lacks(json, part);
}

void expect_no_requests(struct harness *h)
{
	uint64_t before = harness_requests(h);

	assert_int_equal(harness_reload(h), 0);
	assert_int_equal(harness_requests(h), before);
	assert_int_equal(h->steps, 0);
}
