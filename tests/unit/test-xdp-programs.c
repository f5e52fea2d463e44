// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The XDP programs, each packet by hand, through BPF_PROG_TEST_RUN of the
 * kernel that runs the tests: verdicts, counters, what is written into a
 * packet. Skipped where programs cannot be loaded.
 */
#include "unit/packets.h"

static uint64_t map_value(const struct program *p, const char *name, uint32_t key)
{
	const struct xdp_map_fd *m = xdp_map_of(&p->a, name);
	uint64_t values[2 * 4096] = { 0 }, sum = 0;

	assert_non_null(m);
	assert_true(bpf_cpus() <= 4096);
	if (bpf_map_get(m->fd, &key, values) < 0)
		return 0;
	for (unsigned cpu = 0; cpu < bpf_cpus(); cpu++)
		sum += values[2 * cpu];
	return sum;
}

static void stats_counts(void **state _unused_)
{
	static const unsigned two[] = { 66, 10, 0 };
	struct program p;

	NEED_BPF();
	p = program("stats", "");
	assert_int_equal(verdict(&p, pad(ethernet(0x88cc, two), 60)), XDP_PASS);
	assert_int_equal(verdict(&p, pad(ports(ipv4("10.0.0.1", "10.0.0.2", 17), 1, 2), 124)), XDP_PASS);
	assert_int_equal(verdict(&p, cut(ipv4("10.0.0.1", "10.0.0.2", 17), 20)), XDP_PASS);
	assert_int_equal(map_value(&p, "vlans", 66), 1);
	assert_int_equal(map_value(&p, "vlans", 10), 0);
	assert_int_equal(map_value(&p, "vlans", 0), 2);
	assert_int_equal(map_value(&p, "ethertypes", 0x88cc), 1);
	assert_int_equal(map_value(&p, "ethertypes", 0x0800), 2);
	assert_int_equal(map_value(&p, "protocols", 17), 1);
	assert_int_equal(map_value(&p, "sizes", 0), 2);
	assert_int_equal(map_value(&p, "sizes", 2), 1);
	assert_int_equal(counted(&p, STATS_PASSED), 2);
	assert_int_equal(counted(&p, STATS_MALFORMED), 1);
	unload(&p);
}

static struct program load_forward(bool vlans)
{
	struct xdp_job *j = job_of("forward", "to = [ \"lo\" ];");
	struct forward_settings *settings = j->settings;

	j->prepare = NULL;
	memcpy(settings->address, "\x02\0\0\0\0\x01", 6);
	settings->vlans = vlans;
	return load(j);
}

/* Without routes every packet goes to the stack, untouched, and why is counted. */
static void forward_passes_what_is_unsure(void **state _unused_)
{
	static const unsigned one[] = { 10, 0 };
	struct packet q, was;
	struct program p;

	NEED_BPF();
	p = load_forward(false);
	q = ipv4("10.0.0.1", "10.0.0.2", 1);
	was = q = pad(q, 74);
	assert_int_equal(run(&p, &q), XDP_PASS);
	assert_memory_equal(&q, &was, sizeof(q));
	assert_int_equal(counted(&p, FORWARD_LOCAL), 1);
	q.data[5] = 9;
	assert_int_equal(verdict(&p, q), XDP_PASS);
	assert_int_equal(counted(&p, FORWARD_NOT_OURS), 1);
	assert_int_equal(verdict(&p, pad(ethernet(0x0806, NULL), 60)), XDP_PASS);
	assert_int_equal(counted(&p, FORWARD_NOT_IP), 1);
	assert_int_equal(verdict(&p, ipv4("10.0.0.1", "10.0.0.2", 1)), XDP_PASS);
	assert_int_equal(counted(&p, FORWARD_MALFORMED), 1); /* it says it is longer than it is */
	q = was;
	q.data[q.ip + 8] = 1;
	assert_int_equal(verdict(&p, q), XDP_PASS);
	assert_int_equal(counted(&p, FORWARD_TTL), 1);
	assert_int_equal(verdict(&p, pad(ipv4("127.0.0.1", "10.0.0.2", 1), 74)), XDP_PASS);
	assert_int_equal(verdict(&p, pad(ipv4("10.0.0.1", "224.0.0.5", 1), 74)), XDP_PASS);
	q = pad(ipv4("10.0.0.1", "10.0.0.2", 1), 74);
	q.data[q.ip] = 0x46; /* options */
	assert_int_equal(verdict(&p, q), XDP_PASS);
	assert_int_equal(verdict(&p, pad(ipv6("fe80::1", "2001:db8::2", 58), 118)), XDP_PASS);
	q = ethernet(0x0800, one); /* a VLAN without an interface */
	put(&q, was.data + was.ip, 20);
	assert_int_equal(verdict(&p, pad(q, 100)), XDP_PASS);
	assert_int_equal(counted(&p, FORWARD_UNUSUAL), 5);
	unload(&p);
}

/* Each header cut short, or saying what cannot be. */
static void forward_passes_what_is_malformed(void **state _unused_)
{
	const struct packet four = pad(ipv4("10.0.0.1", "10.0.0.2", 17), 74);
	const struct packet six = pad(ipv6("2001:db8::1", "2001:db8::2", 17), 118);
	struct program p;
	struct packet q;
	unsigned n = 0;

	NEED_BPF();
	p = load_forward(false);
	for (unsigned size = 14; size < 74; size += 4, n++)
		assert_int_equal(verdict(&p, cut(four, size)), XDP_PASS);
	for (unsigned size = 14; size < 118; size += 4, n++)
		assert_int_equal(verdict(&p, cut(six, size)), XDP_PASS);
	q = four;
	q.data[q.ip] = 0x44; /* a header of 16 bytes */
	assert_int_equal(verdict(&p, q), XDP_PASS);
	q.data[q.ip] = 0x65;
	assert_int_equal(verdict(&p, q), XDP_PASS);
	q = four;
	set16(&q, q.ip + 2, 19); /* less than the header */
	assert_int_equal(verdict(&p, q), XDP_PASS);
	q = six;
	q.data[q.ip] = 0x40;
	assert_int_equal(verdict(&p, q), XDP_PASS);
	assert_int_equal(counted(&p, FORWARD_MALFORMED), n + 4);
	assert_int_equal(verdict(&p, four), XDP_PASS);
	assert_int_equal(verdict(&p, six), XDP_PASS);
	assert_int_equal(counted(&p, FORWARD_LOCAL), 2);
	q = six;
	q.data[q.ip + 7] = 1;
	assert_int_equal(verdict(&p, q), XDP_PASS);
	assert_int_equal(counted(&p, FORWARD_TTL), 1);
	q.data[q.ip + 6] = 0; /* hop-by-hop options */
	assert_int_equal(verdict(&p, q), XDP_PASS);
	assert_int_equal(verdict(&p, pad(ipv6("::", "2001:db8::2", 17), 118)), XDP_PASS);
	assert_int_equal(verdict(&p, pad(ipv6("2001:db8::1", "ff02::1", 17), 118)), XDP_PASS);
	assert_int_equal(counted(&p, FORWARD_UNUSUAL), 3);
	unload(&p);
}

static struct packet tagged(const unsigned *vlans)
{
	const struct packet ip = ipv4("10.0.0.1", "10.0.0.2", 17);
	struct packet q = ethernet(0x0800, vlans);

	put(&q, ip.data + ip.ip, 20);
	return pad(q, 100);
}

/* One 802.1Q tag, of a VLAN that has an interface, is looked behind. */
static void forward_knows_its_vlans(void **state _unused_)
{
	static const unsigned ten[] = { 10, 0 }, other[] = { 11, 0 }, two[] = { 66, 10, 0 };
	uint32_t vlan = 10, lo = 1;
	struct packet q;
	struct program p;

	NEED_BPF();
	p = load_forward(true);
	assert_true(bpf_map_put_all(xdp_map_of(&p.a, "ingress")->fd, &vlan, sizeof(vlan), &lo,
				    sizeof(lo), 1) >= 0);
	assert_int_equal(verdict(&p, tagged(ten)), XDP_PASS);
	assert_int_equal(counted(&p, FORWARD_LOCAL), 1);
	assert_int_equal(verdict(&p, tagged(other)), XDP_PASS);
	assert_int_equal(verdict(&p, tagged(two)), XDP_PASS);
	q = tagged(ten);
	set16(&q, 12, 0x88a8);
	assert_int_equal(verdict(&p, q), XDP_PASS);
	set16(&q, 12, 0x8100);
	set16(&q, 16, 0x8100);
	assert_int_equal(verdict(&p, q), XDP_PASS);
	assert_int_equal(counted(&p, FORWARD_UNUSUAL), 4);
	assert_int_equal(verdict(&p, cut(tagged(ten), 16)), XDP_PASS);
	assert_int_equal(verdict(&p, cut(tagged(ten), 36)), XDP_PASS);
	assert_int_equal(counted(&p, FORWARD_MALFORMED), 2);
	q = tagged(ten);
	set16(&q, 16, 0x0806);
	assert_int_equal(verdict(&p, q), XDP_PASS);
	assert_int_equal(counted(&p, FORWARD_NOT_IP), 1);
	assert_int_equal(verdict(&p, pad(ipv4("10.0.0.1", "10.0.0.2", 17), 74)), XDP_PASS);
	assert_int_equal(counted(&p, FORWARD_LOCAL), 2);
	unload(&p);
}

static void cpumap_keeps_flows_together(void **state _unused_)
{
	struct packet q;
	struct program p;
	unsigned before;

	NEED_BPF();
	p = program("cpumap", "cpus = [ 0 ];");
	assert_int_equal(verdict(&p, ports(ipv4("10.0.0.1", "10.0.0.2", 17), 1, 2)), XDP_REDIRECT);
	assert_int_equal(verdict(&p, ports(ipv4("10.0.0.2", "10.0.0.1", 17), 2, 1)), XDP_REDIRECT);
	assert_int_equal(counted(&p, CPUMAP_REASONS), 2);
	assert_int_equal(verdict(&p, pad(ethernet(0x0806, NULL), 60)), XDP_PASS);
	assert_int_equal(counted(&p, CPUMAP_PASSED), 1);
	unload(&p);
	if (sysconf(_SC_NPROCESSORS_ONLN) < 2)
		return;
	p = program("cpumap", "cpus = [ 0, 1 ];");
	for (unsigned n = 1; n < 50; n++) {
		q = ports(ipv4("10.0.0.1", "10.0.0.2", 17), n, 2);
		set16(&q, q.ip + 6, 0x2000);
		before = counted(&p, CPUMAP_REASONS);
		assert_int_equal(verdict(&p, q), XDP_REDIRECT);
		set16(&q, q.ip + 6, 50);
		assert_int_equal(verdict(&p, q), XDP_REDIRECT); /* to the same */
		assert_int_equal((counted(&p, CPUMAP_REASONS) - before) % 2, 0);
		assert_int_equal(verdict(&p, ports(ipv4("10.0.0.1", "10.0.0.2", 17), n, 2)), XDP_REDIRECT);
	}
	assert_in_range(counted(&p, CPUMAP_REASONS), 20, 127); /* and not all to one */
	unload(&p);
}

static void sample_takes_the_beginning(void **state _unused_)
{
	const struct sample *s;
	const struct xdp_map_fd *m;
	size_t page = sysconf(_SC_PAGESIZE);
	struct packet q = pad(ports(ipv4("10.0.0.1", "10.0.0.2", 17), 1, 2), 300);
	struct program p;
	char *ring;

	NEED_BPF();
	p = program("sample", "every = 1; length = 100;");
	assert_int_equal(verdict(&p, q), XDP_PASS);
	assert_int_equal(verdict(&p, cut(q, 50)), XDP_PASS);
	assert_int_equal(counted(&p, SAMPLE_TAKEN), 2);
	m = xdp_map_of(&p.a, "samples");
	ring = mmap(NULL, page + 2 * SAMPLE_RING, PROT_READ, MAP_SHARED, m->fd, page);
	assert_ptr_not_equal(ring, MAP_FAILED);
	s = (const struct sample *)(ring + page + BPF_RINGBUF_HDR_SZ);
	assert_int_equal(s->length, 300);
	assert_int_equal(s->captured, 100);
	assert_memory_equal(s->data, q.data, 100);
	s = (const struct sample *)((const char *)s + (sizeof(*s) + BPF_RINGBUF_HDR_SZ + 7) / 8 * 8);
	assert_int_equal(s->length, 50);
	assert_int_equal(s->captured, 50);
	munmap(ring, page + 2 * SAMPLE_RING);
	unload(&p);
}

/* As the service's unit gives it; with CAP_PERFMON the verifier lets more pass. */
static bool give_up_capabilities(void)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { 0 };

	data[0].effective = data[0].permitted = 1u << CAP_NET_ADMIN;
	data[1].effective = data[1].permitted = 1u << (CAP_BPF - 32);
	return syscall(SYS_capset, &head, data) == 0;
}

static void load_with_few_capabilities(void)
{
	static const struct {
		const char *name, *settings;
	} programs[] = {
		{ "filter", "rules = ( { protocol = \"tcp\"; dst_port = 22; rate = 5; action = \"drop\"; },"
			    "{ src = \"10.0.0.0/8\"; action = \"drop\"; } );" },
		{ "stats", "" }, { "forward", "to = [ \"lo\" ];" }, { "cpumap", "" }, { "sample", "" },
	};

	if (!give_up_capabilities())
		_exit(2);
	for (unsigned n = 0; n < ARRAY_SIZE(programs); n++) {
		struct xdp_job *j = job_of(programs[n].name, programs[n].settings);
		struct loaded l;
		char *why = NULL;
		int r = libbpf_load(j, &l, &why);

		if (r < 0) {
			print_error("%s: %s: %s\n", programs[n].name, strerror(-r), why ? why : "");
			_exit(1);
		}
		loaded_done(&l);
		xdp_job_free(j);
	}
	_exit(0);
}

static void no_perfmon_is_needed(void **state _unused_)
{
	int status = -1;
	pid_t pid;

	NEED_BPF();
	pid = fork();
	if (!pid)
		load_with_few_capabilities();
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* An object file that is none, and what is said of it. */
static void refuses(const void *image, size_t size, void (*change)(struct xdp_job *j),
		    const char *words)
{
	struct xdp_job *j = xdp_job_new(1);
	struct loaded l;
	_cleanup_free_ char *why = NULL;

	j->image = image;
	j->size = size;
	j->memory = str_dup("");
	if (change)
		change(j);
	assert_true(libbpf_load(j, &l, &why) < 0);
	if (!why || !strstr(why, words))
		fail_msg("says \"%s\", not \"%s\"", why ? why : "", words);
	xdp_job_free(j);
}

static void ask_for_section(struct xdp_job *j)
{
	j->section = str_dup("xdp/other");
}

static void ask_for_map(struct xdp_job *j)
{
	xdp_job_map(j, "nothing", 1, 1, 4, 4);
}

static void ask_for_other_map(struct xdp_job *j)
{
	xdp_job_map(j, "table", 1, 1, 4, 4);
}

static void ask_for_settings(struct xdp_job *j)
{
	j->settings_size = 4096;
	j->settings = mem_new(4096);
}

static void bad_images_are_refused(void **state _unused_)
{
	const struct shipped *s = shipped_find("filter");
	_cleanup_free_ uint8_t *copy = mem_dup(s->image, *s->size);

	refuses("interfaces = ();", 16, NULL, "no ELF object file");
	refuses(copy, 100, NULL, "");
	copy[18] = 62; /* e_machine */
	refuses(copy, *s->size, NULL, "another machine");
	copy[18] = 247;
	copy[5] = copy[5] == 1 ? 2 : 1; /* EI_DATA */
	refuses(copy, *s->size, NULL, "byte order");
	copy[5] = s->image[5];
	memset(copy + 64, 0xa5, *s->size / 2); /* what it is made of */
	refuses(copy, *s->size, NULL, "");
	refuses(s->image, *s->size / 2, NULL, "");
	NEED_BPF();
	refuses(s->image, *s->size, ask_for_section, "no section and no program \"xdp/other\"");
	refuses(s->image, *s->size, ask_for_map, "has no map \"nothing\"");
	refuses(s->image, *s->size, ask_for_other_map, "not 4 and 4");
	refuses(s->image, *s->size, ask_for_settings, "not of the size");
}

/* Whatever a file's headers say, nothing behind its end is read (valgrind, sanitizers). */
static void programs_are_found_without_loading(void **state _unused_)
{
	const struct shipped *s = shipped_find("filter");
	_cleanup_free_ char *wrong = xdp_image_refuse(s->image, *s->size, "xdp/other");
	uint8_t *copy;

	assert_null(xdp_image_refuse(s->image, *s->size, NULL));
	assert_null(xdp_image_refuse(s->image, *s->size, "xdp"));
	assert_string_equal(wrong, "has no section and no program \"xdp/other\"");
	for (size_t n = 0; n < *s->size; n += 7) {
		copy = mem_dup(s->image, n + 1);
		free(xdp_image_refuse(copy, n + 1, "x"));
		free(copy);
		copy = mem_dup(s->image, *s->size);
		memset(copy + n, 0xff, min_of(*s->size - n, (size_t)8));
		free(xdp_image_refuse(copy, *s->size, NULL));
		(void)xdp_image_wants_btf(copy, *s->size);
		free(copy);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stats_counts),
		cmocka_unit_test(forward_passes_what_is_unsure),
		cmocka_unit_test(forward_passes_what_is_malformed),
		cmocka_unit_test(forward_knows_its_vlans),
		cmocka_unit_test(cpumap_keeps_flows_together),
		cmocka_unit_test(sample_takes_the_beginning),
		cmocka_unit_test(no_perfmon_is_needed),
		cmocka_unit_test(bad_images_are_refused),
		cmocka_unit_test(programs_are_found_without_loading),
	};

	return packets_main("xdp-programs", tests, ARRAY_SIZE(tests));
}
