// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * bpf(2) without a library: libbpf is only there while an object file is
 * loaded (libbpf.c), but what was loaded is asked and replaced all the time.
 *
 * What must stay true: sizes that the kernel tells are compared with what the
 * caller has room for; a map that somebody else left must not overrun anything.
 */
#include "nl/bpf.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/syscall.h>

#include "util/mem.h"
#include "util/text.h"

/* More than enough for a system call; the rest goes into the next one. */
#define BATCH 4096

static int call(enum bpf_cmd cmd, union bpf_attr *attr)
{
	long r = syscall(SYS_bpf, cmd, attr, sizeof(*attr));

	return r < 0 ? -errno : (int)r;
}

static uint64_t pointer(const void *p)
{
	return (uintptr_t)p;
}

enum bpf_what bpf_what(int fd)
{
	static const struct {
		const char *name;
		enum bpf_what what;
	} names[] = {
		{ "anon_inode:bpf_link", BPF_WHAT_LINK }, { "anon_inode:bpf-link", BPF_WHAT_LINK },
		{ "anon_inode:bpf-prog", BPF_WHAT_PROG }, { "anon_inode:bpf-map", BPF_WHAT_MAP },
	};
	char path[40], name[64];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	n = readlink(path, name, sizeof(name) - 1);
	name[max_of(n, 0)] = 0;
	for (unsigned i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcmp(name, names[i].name))
			return names[i].what;
	return BPF_WHAT_OTHER;
}

int bpf_info(int fd, void *info, uint32_t size)
{
	union bpf_attr attr = {
		.info = { .bpf_fd = fd, .info_len = size, .info = pointer(info) },
	};

	return call(BPF_OBJ_GET_INFO_BY_FD, &attr);
}

int bpf_link_xdp(int prog_fd, int ifindex, uint32_t flags)
{
	union bpf_attr attr = {
		.link_create = { .prog_fd = prog_fd, .target_ifindex = ifindex,
				 .attach_type = BPF_XDP, .flags = flags },
	};

	return call(BPF_LINK_CREATE, &attr);
}

/* The parts of union bpf_attr that are meant, as they are since 6.6. */
struct create_tcx {
	uint32_t prog_fd, ifindex, attach_type, flags;
	uint32_t relative_fd, pad;
	uint64_t revision;
};

struct query_tcx {
	uint32_t ifindex, attach_type, query_flags, attach_flags;
	uint64_t prog_ids;
	uint32_t count, pad;
	uint64_t prog_flags, link_ids, link_flags, revision;
};

enum { TCX_BEFORE = 1 << 3, TCX_AFTER = 1 << 4, TCX_LINK = 1 << 13 }; /* BPF_F_… */

int bpf_link_tcx(int prog_fd, int ifindex, uint32_t attach_type, int beside, bool before)
{
	struct create_tcx attr = {
		.prog_fd = prog_fd, .ifindex = ifindex, .attach_type = attach_type,
	};
	long r;

	if (beside >= 0) {
		attr.flags = TCX_LINK | (before ? TCX_BEFORE : TCX_AFTER);
		attr.relative_fd = beside;
	}
	r = syscall(SYS_bpf, BPF_LINK_CREATE, &attr, sizeof(attr));
	return r < 0 ? -errno : (int)r;
}

int bpf_query_tcx(int ifindex, uint32_t attach_type, uint32_t *prog_ids, uint32_t *link_ids,
		  uint32_t n, uint64_t *revision)
{
	struct query_tcx attr = {
		.ifindex = ifindex, .attach_type = attach_type, .prog_ids = pointer(prog_ids),
		.link_ids = pointer(link_ids), .count = n,
	};

	*revision = 0;
	if (syscall(SYS_bpf, BPF_PROG_QUERY, &attr, sizeof(attr)) < 0)
		return errno == ENOENT ? 0 : -errno; /* tcx_prog_query(): nothing was ever there */
	*revision = attr.revision;
	return min_of(attr.count, n);
}

/* tcx_prog_query() says so before it looks for the interface, in kernels that do not have it. */
bool bpf_has_tcx(void)
{
	uint64_t revision;

	return bpf_query_tcx(1, BPF_TCX_IN, NULL, NULL, 0, &revision) != -EINVAL;
}

int bpf_link_replace(int link_fd, int prog_fd, int old_fd)
{
	union bpf_attr attr = {
		.link_update = { .link_fd = link_fd, .new_prog_fd = prog_fd,
				 .flags = BPF_F_REPLACE, .old_prog_fd = old_fd },
	};

	return call(BPF_LINK_UPDATE, &attr);
}

int bpf_link_off(int link_fd)
{
	union bpf_attr attr = { .link_detach = { .link_fd = link_fd } };

	return call(BPF_LINK_DETACH, &attr);
}

int bpf_map_new(enum bpf_map_type type, const char *name, uint32_t value_size, uint32_t n)
{
	union bpf_attr attr = {
		.map_type = type, .key_size = 4, .value_size = value_size, .max_entries = n,
	};

	snprintf(attr.map_name, sizeof(attr.map_name), "%s", name);
	return call(BPF_MAP_CREATE, &attr);
}

int bpf_bind(int prog_fd, int map_fd)
{
	union bpf_attr attr = { .prog_bind_map = { .prog_fd = prog_fd, .map_fd = map_fd } };

	return call(BPF_PROG_BIND_MAP, &attr);
}

static int element(enum bpf_cmd cmd, int fd, const void *key, const void *value)
{
	union bpf_attr attr = { .map_fd = fd, .key = pointer(key), .value = pointer(value) };

	return call(cmd, &attr);
}

int bpf_map_put(int fd, const void *key, const void *value)
{
	return element(BPF_MAP_UPDATE_ELEM, fd, key, value);
}

int bpf_map_get(int fd, const void *key, void *value)
{
	return element(BPF_MAP_LOOKUP_ELEM, fd, key, value);
}

int bpf_map_put_all(int fd, const void *keys, size_t key_size, const void *values,
		    size_t value_size, uint32_t n)
{
	const char *k = keys, *v = values;
	int r;

	for (uint32_t done = 0; done < n;) {
		union bpf_attr attr = {
			.batch = { .map_fd = fd, .keys = pointer(k + done * key_size),
				   .values = pointer(v + done * value_size),
				   .count = min_of(n - done, (uint32_t)BATCH) },
		};

		r = call(BPF_MAP_UPDATE_BATCH, &attr);
		if (!r && attr.batch.count) {
			done += attr.batch.count;
			continue;
		}
		/* Not every kind of map takes many at once (-ENOTSUPP is 524). */
		for (; done < n; done++) {
			r = bpf_map_put(fd, k + done * key_size, v + done * value_size);
			if (r < 0)
				return r;
		}
	}
	return 0;
}

/* One after the other, for kinds of map that give no more at once. */
static int get_each(int fd, char *keys, size_t key_size, char *values, size_t value_size,
		    uint32_t n)
{
	const void *last = NULL;
	uint32_t i;

	for (i = 0; i < n; i++) {
		union bpf_attr attr = {
			.map_fd = fd, .key = pointer(last),
			.next_key = pointer(keys + i * key_size),
		};
		int r = call(BPF_MAP_GET_NEXT_KEY, &attr);

		if (r == -ENOENT)
			break;
		if (r < 0)
			return r;
		last = keys + i * key_size;
		r = bpf_map_get(fd, last, values + i * value_size);
		if (r < 0 && r != -ENOENT)
			return r;
	}
	return i;
}

int bpf_map_get_all(int fd, void *keys, size_t key_size, void *values, size_t value_size,
		    uint32_t n)
{
	_cleanup_free_ char *cursor = mem_new(max_of(key_size, sizeof(uint64_t)));
	uint32_t done = 0;
	bool first = true;

	while (done < n) {
		union bpf_attr attr = {
			.batch = { .map_fd = fd, .in_batch = first ? 0 : pointer(cursor),
				   .out_batch = pointer(cursor), .count = n - done,
				   .keys = pointer((char *)keys + done * key_size),
				   .values = pointer((char *)values + done * value_size) },
		};
		int r = call(BPF_MAP_LOOKUP_BATCH, &attr);

		if (r == -ENOENT) /* that was all */
			return done + attr.batch.count;
		if (r < 0)
			return get_each(fd, keys, key_size, values, value_size, n);
		done += attr.batch.count;
		first = false;
		if (!attr.batch.count)
			break;
	}
	return done;
}

/* Return: how many CPUs the list names ("0-3,7" are five). @ret: the first of them, a bit each. */
static unsigned read_cpus(const char *list, uint64_t *ret, unsigned words)
{
	_cleanup_free_ char *path = str_format("/sys/devices/system/cpu/%s", list);
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	char text[4096]; /* sysfs: a page */
	ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);
	unsigned cpus = 0;

	memset(ret, 0, words * sizeof(*ret));
	text[max_of(n, 0)] = 0;
	for (char *p = text; *(p += strcspn(p, "0123456789"));) {
		unsigned long first = strtoul(p, &p, 10);
		unsigned long last = *p == '-' ? strtoul(p + 1, &p, 10) : first;

		cpus += last >= first && last < 65536 ? last - first + 1 : 0;
		for (unsigned long cpu = first; cpu <= last && cpu < 64ul * words; cpu++)
			ret[cpu / 64] |= BIT64(cpu % 64);
	}
	return cpus;
}

/* The kernel packs the values of the possible CPUs only. */
unsigned bpf_cpus(void)
{
	uint64_t bits;
	unsigned cpus = read_cpus("possible", &bits, 1);

	return cpus ? cpus : max_of(sysconf(_SC_NPROCESSORS_CONF), 1);
}

bool bpf_cpu_bits(const char *list, uint64_t *ret, unsigned words)
{
	return read_cpus(list, ret, words);
}

/* kernel/bpf/syscall.c, bpf_map_value_size() */
unsigned bpf_value_copies(uint32_t type, uint32_t value_size, uint32_t *ret_stride)
{
	*ret_stride = bpf_is_each_cpu(type) ? (value_size + 7) / 8 * 8 : value_size;
	return bpf_is_each_cpu(type) ? bpf_cpus() : 1;
}

int bpf_map_put_values(int fd, uint32_t type, const void *keys, size_t key_size,
		       const void *values, size_t value_size, uint32_t n)
{
	uint32_t stride;
	unsigned copies = bpf_value_copies(type, value_size, &stride);
	_cleanup_free_ char *each = NULL;

	if (!bpf_is_each_cpu(type))
		return bpf_map_put_all(fd, keys, key_size, values, value_size, n);
	each = mem_new((size_t)n * copies * stride + 1);
	for (size_t i = 0; i < (size_t)n * copies; i++)
		memcpy(each + i * stride, (const char *)values + i / copies * value_size,
		       value_size);
	return bpf_map_put_all(fd, keys, key_size, each, (size_t)copies * stride, n);
}

int bpf_try(bool *jit)
{
	const struct bpf_insn pass[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .imm = XDP_PASS },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr attr = {
		.prog_type = BPF_PROG_TYPE_XDP, .insns = pointer(pass),
		.insn_cnt = ARRAY_SIZE(pass), .license = pointer("GPL"),
	};
	struct bpf_prog_info info = { 0 };
	_cleanup_close_ int fd = call(BPF_PROG_LOAD, &attr);
	int r = fd < 0 ? fd : bpf_info(fd, &info, sizeof(info));

	if (!r)
		*jit = info.jited_prog_len > 0;
	return r;
}

int bpf_pin(int fd, const char *path)
{
	union bpf_attr attr = { .bpf_fd = fd, .pathname = pointer(path) };

	return call(BPF_OBJ_PIN, &attr);
}

int bpf_pinned(const char *path)
{
	union bpf_attr attr = { .pathname = pointer(path) };

	return call(BPF_OBJ_GET, &attr);
}
