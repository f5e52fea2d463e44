// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The XDP program filter, each packet by hand, through BPF_PROG_TEST_RUN of the kernel that runs
 * the tests: verdicts and counters. Skipped where programs cannot be loaded.
 */
#include "unit/packets.h"

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
			      "{ dst_mac = \"ff:ff:ff:ff:ff:ff\"; action = \"drop\"; },"
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
	q = pad(ethernet(0x88cc, NULL), 60);
	memset(q.data, 0xff, 6);
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

/* Another CPU has been here with a later time: a source earns nothing by that. */
static void filter_limits_rates_on_all_cpus(void **state _unused_)
{
	struct filter_bucket b;
	struct filter_sender who;
	struct program p;
	int fd;

	NEED_BPF();
	p = program("filter", "rules = ( { protocol = \"icmp\"; rate = 1; burst = 3;"
			      " action = \"drop\"; } );");
	for (unsigned n = 0; n < 4; n++)
		assert_int_equal(verdict(&p, ipv4("10.0.0.1", "10.0.0.9", 1)),
				 n < 3 ? XDP_PASS : XDP_DROP);
	fd = xdp_map_of(&p.a, "buckets")->fd;
	assert_int_equal(bpf_map_get_all(fd, &who, sizeof(who), &b, sizeof(b), 1), 1);
	b.last += 1000000;
	assert_int_equal(bpf_map_put(fd, &who, &b), 0);
	assert_int_equal(verdict(&p, ipv4("10.0.0.1", "10.0.0.9", 1)), XDP_DROP);
	assert_int_equal(verdict(&p, ipv4("10.0.0.1", "10.0.0.9", 1)), XDP_DROP);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(filter_takes_the_first_rule),
		cmocka_unit_test(filter_tells_rules_apart),
		cmocka_unit_test(filter_reads_fragments_and_extensions),
		cmocka_unit_test(filter_drops_what_is_cut_short),
		cmocka_unit_test(filter_limits_rates),
		cmocka_unit_test(filter_limits_rates_on_all_cpus),
		cmocka_unit_test(filter_is_a_list),
	};

	return packets_main("xdp-filter", tests, ARRAY_SIZE(tests));
}
