// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The XDP programs, each packet by hand, through BPF_PROG_TEST_RUN of the
 * kernel that runs the tests: verdicts, counters, what is written into a
 * packet. Skipped where programs cannot be loaded.
 */
#include "unit/harness.h"

#include <arpa/inet.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <net/ethernet.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "bpf/cpumap.h"
#include "bpf/filter.h"
#include "bpf/forward.h"
#include "bpf/sample.h"
#include "bpf/stats.h"
#include "features/xdp/xdp.h"
#include "nl/bpf.h"
#include "nl/libbpf.h"

static bool may_load = true;

/* A packet while it is put together. */
struct packet {
	uint8_t data[2048];
	unsigned size;
	unsigned ip; /* where its header begins */
};

static void put(struct packet *p, const void *data, unsigned size)
{
	memcpy(p->data + p->size, data, size);
	p->size += size;
}

static void put16(struct packet *p, uint16_t v)
{
	v = htons(v);
	put(p, &v, sizeof(v));
}

static void set16(struct packet *p, unsigned at, uint16_t v)
{
	p->data[at] = v >> 8;
	p->data[at + 1] = v;
}

/* @vlans: IDs of tags, the outermost first, 0 ends. */
static struct packet ethernet(uint16_t type, const unsigned *vlans)
{
	struct packet p = { .size = 0 };

	put(&p, "\x02\0\0\0\0\x01\x02\0\0\0\0\x02", 12);
	for (; vlans && *vlans; vlans++) {
		put16(&p, vlans[1] ? 0x88a8 : 0x8100);
		put16(&p, *vlans);
	}
	put16(&p, type);
	p.ip = p.size;
	return p;
}

static struct packet ipv4(const char *from, const char *to, uint8_t protocol)
{
	struct packet p = ethernet(0x0800, NULL);
	struct iphdr ip = { .version = 4, .ihl = 5, .ttl = 64, .protocol = protocol };

	ip.tot_len = htons(60);
	assert_int_equal(inet_pton(AF_INET, from, &ip.saddr), 1);
	assert_int_equal(inet_pton(AF_INET, to, &ip.daddr), 1);
	put(&p, &ip, sizeof(ip));
	return p;
}

static struct packet ipv6(const char *from, const char *to, uint8_t next)
{
	struct packet p = ethernet(0x86dd, NULL);
	struct ipv6hdr ip = { .version = 6, .nexthdr = next, .hop_limit = 64 };

	ip.payload_len = htons(64);
	assert_int_equal(inet_pton(AF_INET6, from, &ip.saddr), 1);
	assert_int_equal(inet_pton(AF_INET6, to, &ip.daddr), 1);
	put(&p, &ip, sizeof(ip));
	return p;
}

static struct packet ports(struct packet p, uint16_t from, uint16_t to)
{
	put16(&p, from);
	put16(&p, to);
	return p;
}

static struct packet pad(struct packet p, unsigned size)
{
	p.size = max_of(p.size, size);
	return p;
}

static struct packet cut(struct packet p, unsigned size)
{
	p.size = size;
	return p;
}

/* A program that is loaded, but attached nowhere. */
struct program {
	struct xdp_attached a;
	unsigned n_counters;
};

static struct program load(struct xdp_job *j)
{
	struct program p = { .a = { .link_fd = -1, .prog_fd = -1 } };
	struct loaded l;
	char *why = NULL;
	int r = libbpf_load(j, &l, &why);

	if (r < 0)
		print_error("%s: %s\n", strerror(-r), why ? why : "");
	free(why);
	assert_int_equal(r, 0);
	p.a.prog_fd = l.prog_fd;
	p.a.maps = l.maps;
	p.a.n_maps = l.n_maps;
	xdp_job_free(j);
	return p;
}

static void unload(struct program *p)
{
	close(p->a.prog_fd);
	for (unsigned n = 0; n < p->a.n_maps; n++)
		close(p->a.maps[n].fd);
	free(p->a.maps);
}

/* Return: the verdict; @p becomes what the program made of it. */
static unsigned run(const struct program *prog, struct packet *p)
{
	uint8_t out[4096];
	union bpf_attr attr = {
		.test = { .prog_fd = prog->a.prog_fd, .data_in = (uintptr_t)p->data,
			  .data_size_in = p->size, .data_out = (uintptr_t)out,
			  .data_size_out = sizeof(out) },
	};

	assert_return_code(syscall(SYS_bpf, BPF_PROG_TEST_RUN, &attr, sizeof(attr)), errno);
	p->size = attr.test.data_size_out;
	memcpy(p->data, out, min_of(p->size, (unsigned)sizeof(p->data)));
	return attr.test.retval;
}

static unsigned verdict(const struct program *prog, struct packet p)
{
	return run(prog, &p);
}

static uint64_t counted(const struct program *prog, unsigned n)
{
	uint64_t values[600][2];

	assert_int_equal(xdp_counters(&prog->a, values, ARRAY_SIZE(values)), 0);
	return values[n][0];
}

/* A shipped program with settings as a configuration has them: "every = 1;". */
static struct xdp_job *job_of(const char *name, const char *text)
{
	const struct shipped *s = shipped_find(name);
	struct xdp_job *j = xdp_job_new(1);
	struct object *o = s->feature ? object_new(s->feature, NULL) : NULL;
	config_t cfg;

	config_init(&cfg);
	assert_int_equal(config_read_string(&cfg, text), CONFIG_TRUE);
	for (int n = 0; n < config_setting_length(config_root_setting(&cfg)); n++) {
		const config_setting_t *set = config_setting_get_elem(config_root_setting(&cfg), n);
		const struct row *row = row_find(s->feature, config_setting_name(set));
		struct parse p = { .row = row };

		if (row->type->parse(&p, set, row_value(row, o)) < 0)
			fail_msg("%s", p.why);
		o->present |= row_bit(s->feature, row);
	}
	if (s->complete)
		s->complete(o);
	j->image = s->image;
	j->size = *s->size;
	s->fill(j, o, NULL);
	if (o)
		object_free(s->feature, o);
	config_destroy(&cfg);
	return j;
}

static struct program program(const char *name, const char *text)
{
	return load(job_of(name, text));
}

#define NEED_BPF()                                                                                 \
	do {                                                                                       \
		if (!may_load)                                                                     \
			skip();                                                                    \
	} while (0)

static void filter_takes_the_first_rule(void **state _unused_)
{
	struct program p;

	NEED_BPF();
	p = program("filter", "rules = ("
			      "{ src = \"198.51.100.7\"; action = \"pass\"; },"
			      "{ src = \"198.51.100.0/24\"; action = \"drop\"; },"
			      "{ src = \"198.51.100.128/25\"; action = \"pass\"; }," /* too late */
			      "{ dst = \"192.0.2.0/24\"; action = \"drop\"; },"
			      "{ src = \"0.0.0.0/0\"; action = \"pass\"; },"
			      "{ src = \"10.0.0.0/8\"; action = \"drop\"; });" /* too late */);
	assert_int_equal(verdict(&p, ipv4("198.51.100.7", "203.0.113.1", 1)), XDP_PASS);
	assert_int_equal(verdict(&p, ipv4("198.51.100.8", "203.0.113.1", 1)), XDP_DROP);
	assert_int_equal(verdict(&p, ipv4("198.51.100.200", "203.0.113.1", 1)), XDP_DROP);
	assert_int_equal(verdict(&p, ipv4("203.0.113.9", "192.0.2.1", 1)), XDP_DROP);
	assert_int_equal(verdict(&p, ipv4("198.51.100.7", "192.0.2.1", 1)), XDP_PASS);
	assert_int_equal(verdict(&p, ipv4("10.1.2.3", "203.0.113.1", 1)), XDP_PASS);
	assert_int_equal(counted(&p, FILTER_REASONS + 0), 2);
	assert_int_equal(counted(&p, FILTER_REASONS + 1), 2);
	assert_int_equal(counted(&p, FILTER_REASONS + 2), 0);
	assert_int_equal(counted(&p, FILTER_REASONS + 3), 1);
	assert_int_equal(counted(&p, FILTER_REASONS + 4), 1);
	assert_int_equal(counted(&p, FILTER_REASONS + 5), 0);
	assert_int_equal(counted(&p, FILTER_PASSED), 0);
	unload(&p);
}

static void filter_tells_rules_apart(void **state _unused_)
{
	static const unsigned one[] = { 10, 0 }, two[] = { 66, 10, 0 };
	struct packet q;
	struct program p;

	NEED_BPF();
	p = program("filter", "rules = ("
			      "{ vlan = 66; action = \"drop\"; },"
			      "{ src_mac = \"02:00:00:00:00:07\"; action = \"drop\"; },"
			      "{ protocol = \"tcp\"; dst_port = \"5000-6000\"; action = \"drop\"; },"
			      "{ protocol = \"udp\"; src_port = 53; dst = \"192.0.2.0/24\"; action = \"drop\"; },"
			      "{ ethertype = \"arp\"; action = \"drop\"; },"
			      "{ src = \"2001:db8:bad::/48\"; protocol = \"icmpv6\"; action = \"drop\"; },"
			      "{ dst = \"2001:db8:1::/48\"; action = \"drop\"; },"
			      "{ fragment = true; dst = \"203.0.113.0/24\"; action = \"drop\"; });");
	assert_int_equal(verdict(&p, pad(ethernet(0x88cc, one), 60)), XDP_PASS);
	assert_int_equal(verdict(&p, pad(ethernet(0x88cc, two), 60)), XDP_DROP);
	q = pad(ethernet(0x88cc, NULL), 60);
	q.data[11] = 7;
	assert_int_equal(verdict(&p, q), XDP_DROP);
	assert_int_equal(verdict(&p, ports(ipv4("10.0.0.1", "10.0.0.2", 6), 1, 4999)), XDP_PASS);
	assert_int_equal(verdict(&p, ports(ipv4("10.0.0.1", "10.0.0.2", 6), 1, 5000)), XDP_DROP);
	assert_int_equal(verdict(&p, ports(ipv4("10.0.0.1", "10.0.0.2", 6), 1, 6000)), XDP_DROP);
	assert_int_equal(verdict(&p, ports(ipv4("10.0.0.1", "10.0.0.2", 6), 1, 6001)), XDP_PASS);
	assert_int_equal(verdict(&p, ports(ipv4("10.0.0.1", "10.0.0.2", 17), 1, 5000)), XDP_PASS);
	assert_int_equal(verdict(&p, ports(ipv4("10.0.0.1", "192.0.2.9", 17), 53, 1)), XDP_DROP);
	assert_int_equal(verdict(&p, ports(ipv4("10.0.0.1", "192.0.3.9", 17), 53, 1)), XDP_PASS);
	assert_int_equal(verdict(&p, pad(ethernet(0x0806, NULL), 60)), XDP_DROP);
	assert_int_equal(verdict(&p, ipv6("2001:db8:bad::1", "2001:db8:2::1", 58)), XDP_DROP);
	assert_int_equal(verdict(&p, ipv6("2001:db8:bad::1", "2001:db8:2::1", 6)), XDP_DROP); /* cut */
	assert_int_equal(verdict(&p, ports(ipv6("2001:db8:bad::1", "2001:db8:2::1", 6), 1, 1)),
			 XDP_PASS);
	assert_int_equal(verdict(&p, ports(ipv6("2001:db8:9::1", "2001:db8:1::1", 6), 1, 1)), XDP_DROP);
	assert_int_equal(verdict(&p, ipv4("10.0.0.1", "203.0.113.5", 1)), XDP_PASS);
	q = ipv4("10.0.0.1", "203.0.113.5", 1);
	set16(&q, q.ip + 6, 100);
	assert_int_equal(verdict(&p, q), XDP_DROP);
	unload(&p);
}

/* Fragments have ports in the first one only; extension headers are looked through. */
static void filter_reads_fragments_and_extensions(void **state _unused_)
{
	static const uint8_t hop_by_hop[8] = { 44, 0, 1, 4 };
	static const uint8_t first[8] = { 60, 0, 0, 1 }, later[8] = { 17, 0, 1, 0xb9 };
	static const uint8_t target[8] = { 17, 0, 1, 4 }, ah[12] = { 17, 1 };
	struct packet q;
	struct program p;

	NEED_BPF();
	p = program("filter", "rules = ( { protocol = \"udp\"; dst_port = 53; action = \"drop\"; },"
			      "{ protocol = \"udp\"; fragment = true; action = \"pass\"; } );"
			      "default = \"drop\";");
	q = ports(ipv4("10.0.0.1", "10.0.0.2", 17), 1, 53);
	set16(&q, q.ip + 6, 0x2000);
	assert_int_equal(verdict(&p, q), XDP_DROP);
	assert_int_equal(counted(&p, FILTER_REASONS), 1);
	set16(&q, q.ip + 6, 0x2001);
	assert_int_equal(verdict(&p, q), XDP_PASS); /* what looks like a port is data */
	q = ipv6("2001:db8::1", "2001:db8::2", 0);
	put(&q, hop_by_hop, 8);
	put(&q, first, 8);
	put(&q, target, 8);
	assert_int_equal(verdict(&p, ports(q, 1, 53)), XDP_DROP);
	assert_int_equal(counted(&p, FILTER_REASONS), 2);
	q = ipv6("2001:db8::1", "2001:db8::2", 44);
	put(&q, later, 8);
	assert_int_equal(verdict(&p, ports(q, 1, 53)), XDP_PASS);
	q = ipv6("2001:db8::1", "2001:db8::2", 51);
	put(&q, ah, 12);
	assert_int_equal(verdict(&p, ports(q, 1, 53)), XDP_DROP);
	assert_int_equal(counted(&p, FILTER_REASONS), 3);
	/* Nine in a row. */
	q = ipv6("2001:db8::1", "2001:db8::2", 60);
	for (unsigned n = 0; n < 8; n++)
		put(&q, "\x3c\0\1\4\0\0\0\0", 8);
	put(&q, target, 8);
	assert_int_equal(verdict(&p, ports(q, 1, 53)), XDP_DROP);
	assert_int_equal(counted(&p, FILTER_MALFORMED), 1);
	unload(&p);
}

static void filter_drops_what_is_cut_short(void **state _unused_)
{
	static const unsigned one[] = { 10, 0 };
	static const uint8_t long_one[8] = { 17, 200 };
	struct packet q, whole = ports(ipv4("10.0.0.1", "10.0.0.2", 17), 1, 2);
	struct program p, lax;
	unsigned n = 0;

	NEED_BPF();
	p = program("filter", "");
	lax = program("filter", "malformed = \"pass\"; default = \"drop\";");
	assert_int_equal(verdict(&p, whole), XDP_PASS);
	for (unsigned size = 14; size < whole.size; size++, n++) {
		assert_int_equal(verdict(&p, cut(whole, size)), XDP_DROP);
		assert_int_equal(verdict(&lax, cut(whole, size)), XDP_PASS);
	}
	q = whole;
	q.data[q.ip] = 0x44; /* a header of 16 bytes */
	assert_int_equal(verdict(&p, q), XDP_DROP);
	q.data[q.ip] = 0x4f; /* of 60, which are not there */
	assert_int_equal(verdict(&p, q), XDP_DROP);
	q.data[q.ip] = 0x65; /* version 6 */
	assert_int_equal(verdict(&p, q), XDP_DROP);
	q = whole;
	q.data[q.ip + 2] = q.data[q.ip + 3] = 0; /* no length */
	assert_int_equal(verdict(&p, q), XDP_DROP);
	q = ipv6("2001:db8::1", "2001:db8::2", 60);
	put(&q, long_one, 8); /* an extension header that ends behind the packet */
	assert_int_equal(verdict(&p, ports(q, 1, 2)), XDP_DROP);
	assert_int_equal(verdict(&p, cut(ethernet(0x0800, one), 16)), XDP_DROP);
	assert_int_equal(counted(&p, FILTER_MALFORMED), n + 6);
	unload(&p);
	unload(&lax);
}

static void filter_limits_rates(void **state _unused_)
{
	struct program p;

	NEED_BPF();
	/* One a second: within the test nothing is earned again. */
	p = program("filter", "rules = ( { protocol = \"icmp\"; rate = 1; burst = 3;"
			      " action = \"drop\"; } );");
	for (unsigned n = 0; n < 6; n++)
		assert_int_equal(verdict(&p, ipv4("10.0.0.1", "10.0.0.9", 1)),
				 n < 3 ? XDP_PASS : XDP_DROP);
	assert_int_equal(verdict(&p, ipv4("10.0.0.2", "10.0.0.9", 1)), XDP_PASS);
	assert_int_equal(verdict(&p, ports(ipv4("10.0.0.1", "10.0.0.9", 17), 1, 2)), XDP_PASS);
	assert_int_equal(counted(&p, FILTER_REASONS), 3);
	unload(&p);
}

static unsigned next_random(uint64_t *seed)
{
	*seed = *seed * UINT64_C(6364136223846793005) + 1442695040888963407;
	return *seed >> 33;
}

/* Tries and table together do what going through the rules one by one would do. */
static void filter_is_a_list(void **state _unused_)
{
	enum { RULES = 300, PACKETS = 2000 };
	static const unsigned lengths[] = { 0, 4, 8, 9, 15, 16, 20, 24, 28, 31, 32 };
	struct { uint32_t address; unsigned length; bool target, drop, tcp; } rules[RULES];
	_cleanup_free_ char *text = NULL;
	uint64_t seed = 7;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	struct program p;

	NEED_BPF();
	fputs("rules = (", out);
	for (unsigned n = 0; n < RULES; n++) {
		unsigned length = lengths[next_random(&seed) % ARRAY_SIZE(lengths)];
		uint32_t mask = length ? ~UINT32_C(0) << (32 - length) : 0;

		if (n < RULES - 1 && length < 8)
			length = 8, mask = 0xff000000;
		rules[n].length = length;
		rules[n].address = (0x0a000000 | (next_random(&seed) & 0x0103070f)) & mask;
		rules[n].target = next_random(&seed) % 2;
		rules[n].drop = next_random(&seed) % 2;
		rules[n].tcp = next_random(&seed) % 4 == 0;
		fprintf(out, "%s{ %s = \"%u.%u.%u.%u/%u\"; action = \"%s\"; %s }", n ? "," : "",
			rules[n].target ? "dst" : "src", rules[n].address >> 24,
			rules[n].address >> 16 & 255, rules[n].address >> 8 & 255,
			rules[n].address & 255, length, rules[n].drop ? "drop" : "pass",
			rules[n].tcp ? "protocol = 6;" : "");
	}
	fputs(");", out);
	fclose(out);
	p = program("filter", text);
	for (unsigned k = 0; k < PACKETS; k++) {
		uint32_t from = 0x0a000000 | (next_random(&seed) & 0x0103070f);
		uint32_t to = 0x0a000000 | (next_random(&seed) & 0x0103070f);
		bool tcp = next_random(&seed) % 2, drop = false;
		struct packet q = ports(ipv4("0.0.0.0", "0.0.0.0", tcp ? 6 : 17), 1, 2);

		set16(&q, q.ip + 12, from >> 16);
		set16(&q, q.ip + 14, from);
		set16(&q, q.ip + 16, to >> 16);
		set16(&q, q.ip + 18, to);
		for (unsigned n = 0; n < RULES; n++) {
			uint32_t mask = rules[n].length ? ~UINT32_C(0) << (32 - rules[n].length) : 0;

			if (((rules[n].target ? to : from) & mask) != rules[n].address ||
			    (rules[n].tcp && !tcp))
				continue;
			drop = rules[n].drop;
			break;
		}
		assert_int_equal(verdict(&p, q), drop ? XDP_DROP : XDP_PASS);
	}
	unload(&p);
}

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

/* Without routes every packet goes to the stack, untouched, and why is counted. */
static void forward_passes_what_is_unsure(void **state _unused_)
{
	static const unsigned one[] = { 10, 0 };
	struct xdp_job *j;
	struct packet q, was;
	struct program p;

	NEED_BPF();
	j = job_of("forward", "to = [ \"lo\" ];");
	j->prepare = NULL;
	memcpy(((struct forward_settings *)j->settings)->address, "\x02\0\0\0\0\x01", 6);
	p = load(j);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(filter_takes_the_first_rule),
		cmocka_unit_test(filter_tells_rules_apart),
		cmocka_unit_test(filter_reads_fragments_and_extensions),
		cmocka_unit_test(filter_drops_what_is_cut_short),
		cmocka_unit_test(filter_limits_rates),
		cmocka_unit_test(filter_is_a_list),
		cmocka_unit_test(stats_counts),
		cmocka_unit_test(forward_passes_what_is_unsure),
		cmocka_unit_test(cpumap_keeps_flows_together),
		cmocka_unit_test(sample_takes_the_beginning),
		cmocka_unit_test(no_perfmon_is_needed),
		cmocka_unit_test(bad_images_are_refused),
	};
	int fd;

	if (getenv("NETCTL_VALGRIND")) {
		printf("1..0 # SKIP valgrind does not know bpf(2)\n");
		return 77;
	}
	features_init();
	fd = bpf_map_new(BPF_MAP_TYPE_ARRAY, "probe", 4, 1);
	may_load = fd >= 0;
	closep(&fd);
	/* Without addresses and routes of the machine's own. */
	if (may_load && unshare(CLONE_NEWNET) < 0)
		may_load = false;
	return harness_main("xdp-programs", tests, ARRAY_SIZE(tests));
}
