// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Loading object files.
 *
 * libbpf, with libelf and zlib, would take a quarter of a mebibyte of a daemon
 * that mostly has no program to load. So it is opened when a program is to be
 * loaded and closed again: what was loaded needs nothing of it.
 *
 * What must stay true: nothing of libbpf's is used after dlclose(); every file
 * descriptor that is handed out is a duplicate of our own.
 */
#include "nl/libbpf.h"

#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "nl/bpf.h"
#include "util/log.h"
#include "util/text.h"

#define LIBRARY "libbpf.so.1"
#define VERIFIER_LOG (256 * 1024)

#define FUNCTIONS(F)                                                                               \
	F(libbpf_set_print) F(libbpf_strerror) F(bpf_object__open_mem) F(bpf_object__close)        \
	F(bpf_object__load) F(bpf_object__next_program) F(bpf_object__next_map)                    \
	F(bpf_program__section_name) F(bpf_program__name) F(bpf_program__set_type)                 \
	F(bpf_program__set_autoload) F(bpf_program__fd) F(bpf_program__set_log_buf)                \
	F(bpf_program__insns) F(bpf_program__insn_cnt) F(bpf_program__set_insns)                   \
	F(bpf_program__set_log_level) F(bpf_program__flags) F(bpf_program__set_flags)              \
	F(bpf_program__set_ifindex) F(bpf_program__set_expected_attach_type) F(bpf_map__name)      \
	F(bpf_map__fd) F(bpf_map__set_type) F(bpf_map__set_max_entries)                            \
	F(bpf_map__initial_value)                                                                  \
	F(bpf_map__set_initial_value) F(bpf_map__set_ifindex) F(bpf_map__reuse_fd)                 \
	F(bpf_map__key_size) F(bpf_map__value_size) F(bpf_map__is_internal)                        \
	F(bpf_map__max_entries) F(bpf_map__type) F(bpf_map__map_flags)                             \
	F(bpf_map__btf_key_type_id) F(bpf_map__btf_value_type_id) F(bpf_object__btf)               \
	F(btf__type_by_id) F(btf__resolve_type)

struct library {
	void *handle;
#define MEMBER(name) __typeof__(name) *name;
	FUNCTIONS(MEMBER)
#undef MEMBER
};

/* What libbpf says first is the cause; it prints through a function without an argument. */
static char *said;

static int hear(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	char *text;

	if (level != LIBBPF_WARN || said || vasprintf(&text, fmt, ap) < 0)
		return 0;
	if (strstr(text, "etrying")) /* it is not the end yet */
		free(text);
	else
		said = text;
	return 0;
}

static void library_close(struct library *l)
{
	if (l->handle)
		dlclose(l->handle);
	free(TAKE_PTR(said));
}

static int library_open(struct library *l, char **why)
{
	l->handle = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
	if (!l->handle) {
		*why = str_format("libbpf is not there (%s)", dlerror());
		return -EOPNOTSUPP;
	}
#define FIND(name)                                                                                 \
	l->name = (__typeof__(l->name))dlsym(l->handle, #name);                                    \
	if (!l->name) {                                                                            \
		*why = str_dup(LIBRARY " has no " #name "()");                                     \
		return -EOPNOTSUPP;                                                                \
	}
	FUNCTIONS(FIND)
#undef FIND
	l->libbpf_set_print(hear);
	return 0;
}

/* One line, without the library's name in front and the newline behind. */
static char *first_line(const char *text)
{
	if (!strncmp(text, "libbpf: ", 8))
		text += 8;
	return str_format("%.*s", (int)strcspn(text, "\n"), text);
}

/*
 * Of the verifier's log, which may have thousands of lines, two or three matter: the complaint,
 * the last ones before the statistics, and the line of source above it.
 */
static char *shorten(char *log)
{
	const char *complaint = NULL, *before = NULL, *source = NULL;
	char *save = NULL;

	for (char *line = strtok_r(log, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		bool insn = line[0] >= '0' && line[0] <= '9' && strchr(line, ':');

		if (!strncmp(line, "processed ", 10) || !strncmp(line, "-- END", 6))
			break;
		before = line[0] == ';' || insn ? NULL : complaint;
		complaint = line[0] == ';' || insn ? NULL : line;
		if (line[0] == ';' && !strstr(line, ".c:0"))
			source = line + 1 + strspn(line + 1, " ");
	}
	if (!complaint)
		return NULL;
	return str_format("the verifier: %s%s%s%s%s", before ? before : "", before ? "; " : "",
			  complaint, source ? ", at: " : "", source ? source : "");
}

static int refuse(const struct library *l, int r, char *log, char **why)
{
	char text[128];

	if (log && *log)
		*why = shorten(log);
	if (!*why && r == -EPERM)
		*why = str_dup("loading programs takes CAP_BPF and CAP_NET_ADMIN");
	if (!*why && said)
		*why = first_line(said);
	if (!*why && r < -4000) { /* libbpf's own numbers */
		l->libbpf_strerror(r, text, sizeof(text));
		*why = str_dup(text);
	}
	return r < -4000 ? -EINVAL : r;
}

/* perfmon_capable() of include/linux/capability.h */
static bool has_perfmon(void)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3] = { { 0 } };

	if (syscall(SYS_capget, &head, sets) < 0)
		return true; /* not known */
	return sets[0].effective & (1u << CAP_SYS_ADMIN) ||
	       sets[CAP_TO_INDEX(CAP_PERFMON)].effective & CAP_TO_MASK(CAP_PERFMON);
}

/* The shipped programs do without; others' may not, and work when they are loaded by root. */
static void say_perfmon(const struct xdp_job *j, char **why)
{
	_cleanup_free_ char *said_so = TAKE_PTR(*why);

	if (!said_so || !j->file || has_perfmon())
		*why = TAKE_PTR(said_so);
	else
		*why = str_format(
			"%s; netctld has no CAP_PERFMON, without which the verifier refuses more "
			"(AmbientCapabilities= of its unit)",
			said_so);
}

static struct bpf_program *pick_program(const struct library *l, const struct xdp_job *j,
					struct bpf_object *o, char **why)
{
	struct bpf_program *p = NULL, *found = NULL;
	unsigned n = 0;

	while ((p = l->bpf_object__next_program(o, p))) {
		bool match = !j->section || !strcmp(j->section, l->bpf_program__section_name(p)) ||
			     !strcmp(j->section, l->bpf_program__name(p));

		n += match;
		if (match && !found)
			found = p;
		l->bpf_program__set_autoload(p, false);
	}
	*why = xdp_programs_refuse(n, j->section);
	return *why ? NULL : found;
}

static struct bpf_map *find_map(const struct library *l, struct bpf_object *o, const char *name)
{
	struct bpf_map *m = NULL;

	while ((m = l->bpf_object__next_map(o, m)))
		if (!strcmp(l->bpf_map__name(m), name))
			return m;
	return NULL;
}

static int size_maps(const struct library *l, const struct xdp_job *j, struct bpf_object *o,
		     char **why)
{
	for (unsigned n = 0; n < j->n_maps; n++) {
		const struct xdp_map *want = &j->maps[n];
		struct bpf_map *m = find_map(l, o, want->name);

		if (!m) {
			*why = str_format("has no map \"%s\"", want->name);
			return -EINVAL;
		}
		if (want->n && (l->bpf_map__key_size(m) != want->key_size ||
				l->bpf_map__value_size(m) != want->value_size)) {
			*why = str_format("the map \"%s\" has keys of %u and values of %u bytes, "
					  "not %u and %u", want->name, l->bpf_map__key_size(m),
					  l->bpf_map__value_size(m), want->key_size,
					  want->value_size);
			return -EINVAL;
		}
		if ((want->type && l->bpf_map__set_type(m, want->type)) ||
		    (want->max_entries && l->bpf_map__set_max_entries(m, want->max_entries)))
			return -EINVAL;
	}
	return 0;
}

/* The internal map of a section. */
static struct bpf_map *find_internal(const struct library *l, struct bpf_object *o,
				     const char *suffix)
{
	struct bpf_map *m = NULL;

	while ((m = l->bpf_object__next_map(o, m))) {
		const char *dot = strrchr(l->bpf_map__name(m), '.');

		if (l->bpf_map__is_internal(m) && dot && !strcmp(dot, suffix))
			return m;
	}
	return NULL;
}

static int put_settings(const struct library *l, const struct xdp_job *j, struct bpf_object *o,
			char **why)
{
	struct bpf_map *m = j->settings ? find_internal(l, o, ".rodata") : NULL;
	_cleanup_free_ void *values = NULL;
	const void *initial;
	size_t size = 0;

	if (!j->settings)
		return 0;
	initial = m ? l->bpf_map__initial_value(m, &size) : NULL;
	if (!initial || size < j->settings_size) {
		*why = str_dup("its settings are not of the size that was expected");
		return -EINVAL;
	}
	values = mem_dup(initial, size);
	memcpy(values, j->settings, j->settings_size);
	return l->bpf_map__set_initial_value(m, values, size);
}

/*
 * What is never reached goes, but the kernel counts tail calls before, and where programs are
 * interpreted lets none have both tail calls and functions (bpf_fixup_call_args()).
 */
static int drop_tail_calls(const struct library *l, struct bpf_program *p)
{
	size_t n = l->bpf_program__insn_cnt(p);
	_cleanup_free_ struct bpf_insn *insns =
		mem_dup(l->bpf_program__insns(p), n * sizeof(*insns));

	for (size_t i = 0; i < n; i++)
		if (insns[i].code == (BPF_JMP | BPF_CALL) && !insns[i].src_reg &&
		    insns[i].imm == BPF_FUNC_tail_call)
			insns[i] = (struct bpf_insn){ .code = BPF_ALU64 | BPF_MOV | BPF_K };
	return l->bpf_program__set_insns(p, insns, n);
}

/* Where the program goes on to, or that it does not. */
static int put_chain(const struct library *l, const struct xdp_job *j, struct bpf_object *o,
		     struct bpf_program *p, char **why)
{
	struct bpf_map *chain = find_map(l, o, "chain"), *next = find_internal(l, o, ".chain");

	/* Its map must be there all the same: without CAP_PERFMON the verifier goes also where a
	 * CPU would only speculate to. */
	if (j->chain_fd < 0)
		return chain && next ? drop_tail_calls(l, p) : 0;
	if (!chain || !next) {
		*why = str_dup(
			"does not go on to other programs, and so must be the last of xdp.chain "
			"(it has no map \"chain\" and no section \".rodata.chain\")");
		return -EINVAL;
	}
	if (l->bpf_map__reuse_fd(chain, j->chain_fd) ||
	    l->bpf_map__set_initial_value(next, &j->chain_next, sizeof(j->chain_next)))
		return -EINVAL;
	return 0;
}

static int fill_maps(const struct library *l, const struct xdp_job *j, struct bpf_object *o,
		     char **why)
{
	for (unsigned n = 0; n < j->n_maps; n++) {
		const struct xdp_map *want = &j->maps[n];
		struct bpf_map *m = want->n ? find_map(l, o, want->name) : NULL;
		int r;

		if (!m)
			continue;
		r = bpf_map_put_values(l->bpf_map__fd(m), l->bpf_map__type(m), want->keys,
				       want->key_size, want->values, want->value_size, want->n);
		if (r < 0) {
			*why = str_format("the map \"%s\" cannot be filled", want->name);
			return r;
		}
	}
	return 0;
}

static int duplicate(int fd)
{
	int r = fcntl(fd, F_DUPFD_CLOEXEC, 3);

	return r < 0 ? -errno : r;
}

static int take_maps(const struct library *l, struct bpf_object *o, struct loaded *ret)
{
	struct bpf_map *m = NULL;

	while ((m = l->bpf_object__next_map(o, m))) {
		struct xdp_map_fd *to;
		struct bpf_map_info info = { 0 };
		int fd = l->bpf_map__is_internal(m) ? -1 : duplicate(l->bpf_map__fd(m));

		if (fd < 0)
			continue;
		(void)bpf_info(fd, &info, sizeof(info));
		ret->maps = array_reserve(ret->maps, ret->n_maps, sizeof(*ret->maps));
		to = &ret->maps[ret->n_maps++];
		*to = (struct xdp_map_fd){
			.fd = fd, .id = info.id, .type = info.type,
			.max_entries = info.max_entries,
			.key_size = info.key_size, .value_size = info.value_size,
		};
		snprintf(to->name, sizeof(to->name), "%s", info.name);
	}
	return 0;
}

/* The device's own memory is where offloaded programs and maps live. */
static void offload(const struct library *l, const struct xdp_job *j, struct bpf_object *o,
		    struct bpf_program *p)
{
	struct bpf_map *m = NULL;

	l->bpf_program__set_ifindex(p, j->ifindex);
	while ((m = l->bpf_object__next_map(o, m)))
		(void)l->bpf_map__set_ifindex(m, j->ifindex);
}

static int load(const struct library *l, const struct xdp_job *j, struct bpf_object *o,
		struct loaded *ret, char **why)
{
	_cleanup_free_ char *log = mem_new(VERIFIER_LOG);
	struct bpf_program *p = pick_program(l, j, o, why);
	int r = p ? 0 : -EINVAL;

	if (!r)
		r = size_maps(l, j, o, why);
	if (!r)
		r = put_settings(l, j, o, why);
	if (!r)
		r = put_chain(l, j, o, p, why);
	if (r)
		return r;
	l->bpf_program__set_autoload(p, true);
	l->bpf_program__set_type(p, j->hook ? BPF_PROG_TYPE_SCHED_CLS : BPF_PROG_TYPE_XDP);
	l->bpf_program__set_expected_attach_type(p, j->hook ? 0 : BPF_XDP);
	if (j->parts)
		l->bpf_program__set_flags(p, l->bpf_program__flags(p) | BPF_F_XDP_HAS_FRAGS);
	l->bpf_program__set_log_buf(p, log, VERIFIER_LOG);
	if (j->mode == XDP_OFFLOAD)
		offload(l, j, o, p);
	r = l->bpf_object__load(o);
	if (r) {
		/* Before its verifier is asked: __bpf_prog_dev_bound_init() */
		if (r == -EINVAL && j->mode == XDP_OFFLOAD && !*log && !*why)
			*why = str_dup("the device runs no programs");
		r = refuse(l, r, log, why);
		say_perfmon(j, why);
		return r;
	}
	r = fill_maps(l, j, o, why);
	if (r)
		return r;
	ret->prog_fd = duplicate(l->bpf_program__fd(p));
	return ret->prog_fd < 0 ? ret->prog_fd : take_maps(l, o, ret);
}

/* What libbpf would only call a wrong format. */
static int check_image(const struct xdp_job *j, char **why)
{
	const char *wrong = xdp_image_check(j->image, j->size);

	if (wrong)
		*why = str_dup(wrong);
	return wrong ? -EINVAL : 0;
}

int libbpf_load(const struct xdp_job *j, struct loaded *ret, char **why)
{
	_cleanup_(library_close) struct library l = { 0 };
	_cleanup_(loaded_done) struct loaded loaded = { .prog_fd = -1 };
	struct bpf_object *o;
	int r = check_image(j, why);

	if (!r)
		r = library_open(&l, why);
	if (r)
		return r;
	o = l.bpf_object__open_mem(j->image, j->size, NULL);
	if (!o)
		return refuse(&l, -errno, NULL, why);
	r = load(&l, j, o, &loaded, why);
	l.bpf_object__close(o);
	if (r)
		return r;
	*ret = loaded;
	loaded = (struct loaded){ .prog_fd = -1 };
	return 0;
}

/* As of struct xdp_image_map. */
static char kind_of(const struct library *l, const struct bpf_object *o, uint32_t id)
{
	const struct btf *btf = l->bpf_object__btf(o);
	const struct btf_type *t;
	int resolved = btf && id ? l->btf__resolve_type(btf, id) : -ENOENT;

	if (resolved < 0)
		return 0;
	t = l->btf__type_by_id(btf, resolved);
	if (!t)
		return 0;
	if (btf_is_int(t))
		return btf_int_encoding(t) & BTF_INT_SIGNED ? 's' : 'u';
	return btf_is_any_enum(t) ? 0 : '*';
}

static int list_maps(const struct library *l, const struct bpf_object *o,
		     struct xdp_image_map **ret)
{
	struct bpf_map *m = NULL;
	int n = 0;

	while ((m = l->bpf_object__next_map(o, m))) {
		struct xdp_image_map *to;

		if (l->bpf_map__is_internal(m))
			continue;
		*ret = array_reserve(*ret, n, sizeof(**ret));
		to = &(*ret)[n++];
		*to = (struct xdp_image_map){
			.type = l->bpf_map__type(m), .flags = l->bpf_map__map_flags(m),
			.key_size = l->bpf_map__key_size(m),
			.value_size = l->bpf_map__value_size(m),
			.max_entries = l->bpf_map__max_entries(m),
			.key_kind = kind_of(l, o, l->bpf_map__btf_key_type_id(m)),
			.value_kind = kind_of(l, o, l->bpf_map__btf_value_type_id(m)),
		};
		snprintf(to->name, sizeof(to->name), "%s", l->bpf_map__name(m));
	}
	return n;
}

int xdp_image_maps(const void *image, size_t size, struct xdp_image_map **ret, char **why)
{
	_cleanup_(library_close) struct library l = { 0 };
	struct bpf_object *o;
	int r = library_open(&l, why);

	*ret = NULL;
	if (r)
		return r;
	o = l.bpf_object__open_mem(image, size, NULL);
	if (!o)
		return refuse(&l, -errno, NULL, why);
	r = list_maps(&l, o, ret);
	l.bpf_object__close(o);
	return r;
}

void loaded_done(struct loaded *l)
{
	if (l->prog_fd >= 0)
		close(l->prog_fd);
	for (unsigned n = 0; n < l->n_maps; n++)
		close(l->maps[n].fd);
	free(l->maps);
	*l = (struct loaded){ .prog_fd = -1 };
}
