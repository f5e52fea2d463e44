/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Packets by hand, and programs that are loaded but attached nowhere, to run them through. */
#ifndef TEST_PACKETS_H
#define TEST_PACKETS_H

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

static inline void put(struct packet *p, const void *data, unsigned size)
{
	memcpy(p->data + p->size, data, size);
	p->size += size;
}

static inline void put16(struct packet *p, uint16_t v)
{
	v = htons(v);
	put(p, &v, sizeof(v));
}

static inline void set16(struct packet *p, unsigned at, uint16_t v)
{
	p->data[at] = v >> 8;
	p->data[at + 1] = v;
}

/* @vlans: IDs of tags, the outermost first, 0 ends. */
static inline struct packet ethernet(uint16_t type, const unsigned *vlans)
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

static inline struct packet ipv4(const char *from, const char *to, uint8_t protocol)
{
	struct packet p = ethernet(0x0800, NULL);
	struct iphdr ip = { .version = 4, .ihl = 5, .ttl = 64, .protocol = protocol };

	ip.tot_len = htons(60);
	assert_int_equal(inet_pton(AF_INET, from, &ip.saddr), 1);
	assert_int_equal(inet_pton(AF_INET, to, &ip.daddr), 1);
	put(&p, &ip, sizeof(ip));
	return p;
}

static inline struct packet ipv6(const char *from, const char *to, uint8_t next)
{
	struct packet p = ethernet(0x86dd, NULL);
	struct ipv6hdr ip = { .version = 6, .nexthdr = next, .hop_limit = 64 };

	ip.payload_len = htons(64);
	assert_int_equal(inet_pton(AF_INET6, from, &ip.saddr), 1);
	assert_int_equal(inet_pton(AF_INET6, to, &ip.daddr), 1);
	put(&p, &ip, sizeof(ip));
	return p;
}

static inline struct packet ports(struct packet p, uint16_t from, uint16_t to)
{
	put16(&p, from);
	put16(&p, to);
	return p;
}

static inline struct packet pad(struct packet p, unsigned size)
{
	p.size = max_of(p.size, size);
	return p;
}

static inline struct packet cut(struct packet p, unsigned size)
{
	p.size = size;
	return p;
}

/* A program that is loaded, but attached nowhere. */
struct program {
	struct xdp_attached a;
	unsigned n_counters;
};

static inline struct program load(struct xdp_job *j)
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

static inline void unload(struct program *p)
{
	close(p->a.prog_fd);
	for (unsigned n = 0; n < p->a.n_maps; n++)
		close(p->a.maps[n].fd);
	free(p->a.maps);
}

/* Return: the verdict; @p becomes what the program made of it. */
static inline unsigned run(const struct program *prog, struct packet *p)
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

static inline unsigned verdict(const struct program *prog, struct packet p)
{
	return run(prog, &p);
}

static inline uint64_t counted(const struct program *prog, unsigned n)
{
	uint64_t values[600][2];

	assert_int_equal(xdp_counters(&prog->a, values, ARRAY_SIZE(values)), 0);
	return values[n][0];
}

/* A shipped program with settings as a configuration has them: "every = 1;". */
static inline struct xdp_job *job_of(const char *name, const char *text)
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

static inline struct program program(const char *name, const char *text)
{
	return load(job_of(name, text));
}

#define NEED_BPF()                                                                                 \
	do {                                                                                       \
		if (!may_load)                                                                     \
			skip();                                                                    \
	} while (0)

/* As harness_main(), where programs can be loaded; without addresses and routes of the machine's. */
static inline int packets_main(const char *name, const struct CMUnitTest *tests, size_t n)
{
	int fd;

	if (getenv("NETCTL_VALGRIND")) {
		printf("1..0 # SKIP valgrind does not know bpf(2)\n");
		return 77;
	}
	features_init();
	fd = bpf_map_new(BPF_MAP_TYPE_ARRAY, "probe", 4, 1);
	may_load = fd >= 0;
	closep(&fd);
	if (may_load && unshare(CLONE_NEWNET) < 0)
		may_load = false;
	return harness_main(name, tests, n);
}

#endif
