// SPDX-License-Identifier: LGPL-2.1-or-later
/* Text helpers that know nothing of networking. */
#include "util/text.h"

#include <ctype.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

#define WORD_MAX 64

/* Optimal string alignment distance: insertions, deletions, replacements, neighbours swapped. */
static unsigned distance(const char *a, const char *b)
{
	unsigned d[3][WORD_MAX + 1];
	unsigned la = strlen(a), lb = strlen(b), i, j;

	if (la > WORD_MAX || lb > WORD_MAX)
		return UINT_MAX;
	for (j = 0; j <= lb; j++)
		d[0][j] = j;
	for (i = 1; i <= la; i++) {
		unsigned *cur = d[i % 3], *prev = d[(i + 2) % 3], *prev2 = d[(i + 1) % 3];

		cur[0] = i;
		for (j = 1; j <= lb; j++) {
			unsigned cost = tolower(a[i - 1]) != tolower(b[j - 1]);

			cur[j] = min_of(min_of(prev[j] + 1, cur[j - 1] + 1), prev[j - 1] + cost);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				cur[j] = min_of(cur[j], prev2[j - 2] + 1);
		}
	}
	return d[la % 3][lb];
}

const char *text_suggest(const char *word, const char *(*next)(const void *data, unsigned i),
			 const void *data)
{
	unsigned best = (strlen(word) + 2) / 3 + 1;
	const char *found = NULL, *known;

	for (unsigned i = 0; (known = next(data, i)); i++) {
		unsigned d = distance(word, known);

		/* Of two as near, the longer: more often a letter was left out than put in. */
		if (d < best || (found && d == best && strlen(known) > strlen(found))) {
			best = d;
			found = known;
		}
	}
	return found;
}

char *text_hint(const char *word, const char *(*next)(const void *data, unsigned i),
		const void *data)
{
	const char *near = text_suggest(word, next, data);

	return near ? str_format(" (did you mean \"%s\"?)", near) : str_dup("");
}

int text_to_number(const char *s, int64_t *ret)
{
	char *end;
	long long v;

	if (!isdigit((unsigned char)s[s[0] == '-']))
		return -EINVAL;
	errno = 0;
	v = strtoll(s, &end, strncasecmp(s, "0x", 2) ? 10 : 16);
	if (*end)
		return -EINVAL;
	if (errno == ERANGE)
		return -ERANGE;
	*ret = v;
	return 0;
}

int text_to_quantity(const char *s, const struct unit *units, int64_t *ret)
{
	int64_t whole = 0, frac = 0, scale = 1, factor = 0;
	const char *p = s;

	if (!isdigit((unsigned char)*p))
		return -EINVAL;
	for (; isdigit((unsigned char)*p); p++)
		if (__builtin_mul_overflow(whole, 10, &whole) ||
		    __builtin_add_overflow(whole, *p - '0', &whole))
			return -ERANGE;
	if (*p == '.') {
		for (p++; isdigit((unsigned char)*p); p++) {
			if (scale >= 1000000000)
				return -EINVAL;
			frac = frac * 10 + (*p - '0');
			scale *= 10;
		}
	}
	while (scale > 1 && frac % 10 == 0) {
		frac /= 10;
		scale /= 10;
	}
	while (*p == ' ')
		p++;
	if (!*p)
		factor = 1;
	for (const struct unit *u = units; !factor && u->suffix; u++)
		if (!strcmp(p, u->suffix))
			factor = u->factor;
	if (!factor)
		return -EINVAL;
	if (__builtin_mul_overflow(whole, factor, &whole) ||
	    __builtin_mul_overflow(frac, factor, &frac))
		return -ERANGE;
	if (frac % scale)
		return -EINVAL;
	if (__builtin_add_overflow(whole, frac / scale, &whole))
		return -ERANGE;
	*ret = whole;
	return 0;
}

char *date_text(time_t t, const char *format)
{
	char text[64] = "";
	struct tm tm;

	if (localtime_r(&t, &tm))
		strftime(text, sizeof(text), format, &tm);
	return str_dup(text);
}

unsigned utf8_length(const char *text)
{
	const unsigned char *s = (const unsigned char *)text;
	unsigned n = *s < 0x80 ? 1 : *s < 0xc2 || *s > 0xf4 ? 0 : *s < 0xe0 ? 2 : *s < 0xf0 ? 3 : 4;

	for (unsigned i = 1; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	if ((*s == 0xe0 && s[1] < 0xa0) || (*s == 0xed && s[1] > 0x9f) ||
	    (*s == 0xf0 && s[1] < 0x90) || (*s == 0xf4 && s[1] > 0x8f))
		return 0;
	return n;
}

char *text_utf8(char *s)
{
	for (char *c = s; *c;) {
		unsigned n = utf8_length(c);

		if (!n)
			*c = '?';
		c += n ? n : 1;
	}
	return s;
}

char *text_camel(const char *key, char *buf, size_t size)
{
	bool upper = true;
	size_t n = 0;

	for (; *key && n + 1 < size; key++) {
		if (*key == '_' || *key == '-') {
			upper = true;
			continue;
		}
		buf[n++] = upper ? toupper((unsigned char)*key) : *key;
		upper = *key == '.';
	}
	buf[n] = 0;
	return buf;
}

int file_read(const char *path, size_t max, char **ret, size_t *ret_size)
{
	/* O_NONBLOCK: opening a FIFO by mistake must not hang; it is refused below. */
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	_cleanup_free_ char *buf = NULL;
	struct stat st;
	size_t n = 0, room;
	ssize_t r;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (S_ISDIR(st.st_mode))
		return -EISDIR;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	do {
		/* Those of the kernel's own have none, or another one than it is. */
		room = st.st_size > (off_t)n ? min_of((size_t)st.st_size, max) - n + 1 : 16384;
		buf = mem_grow(buf, n + room + 1);
		r = read(fd, buf + n, room);
		if (r < 0)
			return -errno;
		n += r;
		if (n > max)
			return -EFBIG;
	} while (r > 0 && (off_t)n != st.st_size);
	buf[n] = 0;
	*ret = TAKE_PTR(buf);
	if (ret_size)
		*ret_size = n;
	return 0;
}

static int write_all(int fd, const char *data, size_t size)
{
	while (size) {
		ssize_t r = write(fd, data, size);

		if (r < 0)
			return -errno;
		data += r;
		size -= r;
	}
	return fsync(fd) < 0 ? -errno : 0;
}

struct replacement replacement_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	const int n = !slash ? 0 : slash == path ? 1 : (int)(slash - path);

	return (struct replacement){ .path = str_dup(path), .tmp = str_format("%s.new", path),
				     .folder = n ? str_format("%.*s", n, path) : str_dup(".") };
}

void replacement_done(struct replacement *p)
{
	free(p->path);
	free(p->tmp);
	free(p->folder);
	memset(p, 0, sizeof(*p));
}

static void sync_folder(const char *path)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0)
		(void)fsync(fd);
}

int replacement_write(const struct replacement *p, const char *data, size_t size, unsigned mode)
{
	_cleanup_close_ int fd = open(p->tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
	int r;

	if (fd < 0)
		return -errno;
	r = write_all(fd, data, size);
	if (!r && rename(p->tmp, p->path) < 0)
		r = -errno;
	if (r) {
		(void)unlink(p->tmp);
		return r;
	}
	sync_folder(p->folder);
	return 0;
}

int file_write_atomic(const char *path, const char *data, size_t size, unsigned mode)
{
	struct replacement p = replacement_of(path);
	int r = replacement_write(&p, data, size, mode);

	replacement_done(&p);
	return r;
}
