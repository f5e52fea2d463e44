// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Between the file and libconfig.
 *
 * libconfig 1.5, which Debian 12 has, ends the process when an @include names
 * a folder (its scanner calls exit(2)), looks for included files in the
 * working directory, and cuts integers to 32 bits without a word. None of
 * that may happen in a daemon, so libconfig never opens a file here: the text
 * is read and its includes are put in place first, integers that need 64 bits
 * get the suffix L that tells libconfig so, and what is no text is refused.
 * Each line of the result remembers the file and line it came from.
 */
#include "core/source.h"

#include <ctype.h>
#include <stdio.h>
#include <sys/stat.h>

#include "util/hash.h"
#include "util/text.h"

#define FILE_SIZE_MAX (16u << 20)
#define INCLUDE_DEPTH 10
#define INCLUDES_MAX 1000
/* Heap that a byte of configuration needs: the copy, the lines, libconfig's tree. Measured. */
#define TREE_PER_TEXT 13

struct scanner {
	const struct instead *instead;
	struct arena *arena;
	struct errors *errors;
	struct text *out;
	FILE *stream;
	const char *from; /* in the file that is read: not written to the stream yet */
	const char *stack[INCLUDE_DEPTH]; /* the files that are open, to find loops */
	unsigned depth, includes;
	size_t total; /* bytes read */
	bool failed;
};

enum mode { MODE_PLAIN, MODE_STRING, MODE_LINE_COMMENT, MODE_BLOCK_COMMENT };

static void fail(struct scanner *s, const struct origin *at, const char *what)
{
	errors_add(s->errors, at, "%s", what);
	s->failed = true;
}

static bool is_text(struct scanner *s, const char *file, const char *text, size_t size)
{
	struct origin at = { file, 1 };
	char what[64];

	for (const char *p = text; p < text + size;) {
		unsigned n;

		if (*p >= ' ' && *p < 0x7f) {
			p++;
			continue;
		}
		n = utf8_length(p);
		if (!n || (n == 1 && iscntrl((unsigned char)*p) && !strchr("\t\n\r\f", *p)) ||
		    !*p) {
			snprintf(what, sizeof(what), "not a text file (byte 0x%02x)",
				 (unsigned char)*p);
			fail(s, &at, what);
			return false;
		}
		at.line += *p == '\n';
		p += n;
	}
	return true;
}

static void new_line(struct scanner *s, struct origin at)
{
	s->out->lines = array_reserve(s->out->lines, s->out->n_lines, sizeof(*s->out->lines));
	s->out->lines[s->out->n_lines++] = at;
}

static void pass_on(struct scanner *s, const char *end)
{
	fwrite_unlocked(s->from, 1, end - s->from, s->stream);
	s->from = end;
}

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '-' || c == '*' || c == '.' ||
	       c == '+';
}

/* A word or a number at @p, which gets the suffix L where it needs one. Return: its end. */
static const char *pass_token(struct scanner *s, const struct origin *at, const char *p)
{
	const char *end = p + 1;
	char digits[24];
	bool hex, suffixed;
	int64_t v;
	int r;

	while (is_word(*end))
		end++;
	if (isalpha((unsigned char)*p))
		return end;
	hex = p[0] == '0' && (p[1] == 'x' || p[1] == 'X');
	if ((size_t)(end - p) >= sizeof(digits)) {
		if (strspn(p, hex ? "0123456789abcdefABCDEFxX" : "+-0123456789") >= sizeof(digits))
			fail(s, at, "number does not fit in 64 bits");
		return end;
	}
	*(char *)mempcpy(digits, p, end - p) = 0;
	for (char *l = digits + strlen(digits); l > digits && l[-1] == 'L';)
		*--l = 0;
	suffixed = strlen(digits) < (size_t)(end - p);
	r = text_to_number(digits + (*digits == '+'), &v);
	if (r == -ERANGE)
		fail(s, at, "number does not fit in 64 bits");
	if (!r && v != (int32_t)v && !suffixed) {
		pass_on(s, end);
		putc_unlocked('L', s->stream);
	}
	return end;
}

static void expand(struct scanner *s, const char *file, const struct origin *from);

static bool line_ends(const char *p)
{
	p += strspn(p, " \t\r\f");
	return !*p || *p == '\n' || *p == '#' || (p[0] == '/' && p[1] == '/');
}

/*
 * "@include" alone on a line. Return its end, or NULL. Whatever libconfig's scanner
 * would take for one and is none here, is an error: it may not see it.
 */
static const char *try_include(struct scanner *s, const struct origin *at, const char *p)
{
	_cleanup_free_ char *path = NULL;
	const char *line = p, *name, *end, *slash;
	struct origin here = *at;

	p += strspn(p, " \t");
	if (strncmp(p, "@include", 8) || !strchr(" \t", p[8]))
		return NULL;
	p += 8;
	p += strspn(p, " \t");
	if (*p != '"')
		return NULL;
	name = p + 1;
	end = name + strcspn(name, "\"\n");
	if (*end != '"' || !line_ends(end + 1)) {
		fail(s, at, "@include: must be @include \"FILE\", alone on its line");
		return end;
	}
	slash = *name == '/' ? NULL : strrchr(at->file, '/');
	path = str_format("%.*s%.*s", slash ? (int)(slash - at->file + 1) : 0, at->file,
			  (int)(end - name), name);
	pass_on(s, line);
	expand(s, path, &here);
	s->from = end + 1;
	return end + 1;
}

static const char *step(struct scanner *s, const struct origin *at, const char *p, enum mode *mode)
{
	switch (*mode) {
	case MODE_STRING:
		if (!strncmp(p, "\\x00", 4))
			fail(s, at, "a string cannot hold a zero byte");
		if (*p == '\\' && p[1] && p[1] != '\n')
			p++;
		else if (*p == '"')
			*mode = MODE_PLAIN;
		break;
	case MODE_BLOCK_COMMENT:
		if (p[0] == '*' && p[1] == '/') {
			p++;
			*mode = MODE_PLAIN;
		}
		break;
	case MODE_LINE_COMMENT:
		break;
	case MODE_PLAIN:
		if (*p == '"')
			*mode = MODE_STRING;
		else if (*p == '#' || (p[0] == '/' && p[1] == '/'))
			*mode = MODE_LINE_COMMENT;
		else if (p[0] == '/' && p[1] == '*') {
			p++;
			*mode = MODE_BLOCK_COMMENT;
		} else if (isalnum((unsigned char)*p) || *p == '-' || *p == '+') {
			return pass_token(s, at, p);
		}
	}
	return p + 1;
}

static void copy_text(struct scanner *s, const char *file, const char *text)
{
	struct origin at = { file, 1 };
	enum mode mode = MODE_PLAIN;
	bool line_start = true;
	const char *p = text;

	new_line(s, at);
	s->from = text;
	while (*p) {
		const char *end = line_start && mode == MODE_PLAIN ? try_include(s, &at, p) : NULL;

		line_start = false;
		if (end) {
			p = end;
			continue;
		}
		if (*p == '\n') {
			at.line++;
			line_start = true;
			if (mode == MODE_LINE_COMMENT)
				mode = MODE_PLAIN;
			new_line(s, at);
			p++;
			continue;
		}
		p = step(s, &at, p, &mode);
	}
	pass_on(s, p);
	if (s->depth > 1 && (mode == MODE_STRING || mode == MODE_BLOCK_COMMENT))
		fail(s, &at, mode == MODE_STRING ? "the file ends inside a string" :
						   "the file ends inside a comment");
}

static void read_failed(struct scanner *s, const char *file, const struct origin *from, int r)
{
	_cleanup_free_ char *why = NULL;

	if (r == -EISDIR)
		why = str_format("%s: is a folder: name the files in it", file);
	else if (r == -EFBIG)
		why = str_format("%s: larger than %u MiB", file, FILE_SIZE_MAX >> 20);
	else if (r == -EINVAL)
		why = str_format("%s: not a regular file", file);
	else
		why = str_format("%s: %s", file, strerror(-r));
	errors_add(s->errors, from, "%s%s", from ? "@include: " : "", why);
	s->failed = true;
}

/* The same file may have several names. */
static bool is_same_file(const char *a, const char *b)
{
	struct stat x, y;

	return !strcmp(a, b) || (stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev &&
				 x.st_ino == y.st_ino);
}

static int read_text(const struct scanner *s, const char *file, char **ret, size_t *ret_size)
{
	const struct instead *i = s->instead;

	if (!i || !is_same_file(file, i->path))
		return file_read(file, FILE_SIZE_MAX, ret, ret_size);
	if (i->size > FILE_SIZE_MAX)
		return -EFBIG;
	*ret = mem_new(i->size + 1);
	*(char *)mempcpy(*ret, i->text, i->size) = 0;
	*ret_size = i->size;
	return 0;
}

static void expand(struct scanner *s, const char *path, const struct origin *from)
{
	_cleanup_free_ char *text = NULL;
	char *file = arena_str(s->arena, path);
	size_t size;
	int r;

	for (unsigned i = 0; i < s->depth; i++)
		if (!strcmp(s->stack[i], file)) {
			fail(s, from, "@include: the file includes itself");
			return;
		}
	if (s->includes++ == INCLUDES_MAX) {
		fail(s, from, "@include: too many");
		return;
	}
	if (s->depth == INCLUDE_DEPTH) {
		fail(s, from, "@include: nested too deep");
		return;
	}
	r = read_text(s, file, &text, &size);
	if (r < 0) {
		read_failed(s, file, from, r);
		return;
	}
	s->total += size;
	if (s->total > FILE_SIZE_MAX) {
		read_failed(s, file, from, -EFBIG);
		return;
	}
	if (!is_text(s, file, text, size))
		return;
	s->out->hash = hash_bytes(s->out->hash, text, size);
	mem_expect(TREE_PER_TEXT * size);
	if (from)
		putc_unlocked('\n', s->stream);
	s->stack[s->depth++] = file;
	/* A byte order mark says nothing in UTF-8. */
	copy_text(s, file, text + (strncmp(text, "\xef\xbb\xbf", 3) ? 0 : 3));
	s->depth--;
	if (from) {
		/* What stands behind the @include belongs to the including file again. */
		putc_unlocked('\n', s->stream);
		new_line(s, *from);
	}
}

int text_load(const char *path, const struct instead *instead, struct arena *arena,
	      struct errors *e, struct text *ret)
{
	struct scanner s = { .instead = instead, .arena = arena, .errors = e, .out = ret };

	memset(ret, 0, sizeof(*ret));
	ret->hash = HASH_BEGIN;
	s.stream = open_memstream(&ret->text, &ret->size);
	expand(&s, path, NULL);
	fclose(s.stream);
	if (!s.failed)
		return 0;
	text_done(ret);
	return -EINVAL;
}

/* A word, a string, or a single character. */
static size_t token_size(const char *p)
{
	size_t n = 0;

	while (is_word(p[n]) || (p[n] && strchr("./:@", p[n])))
		n++;
	if (*p != '"')
		return n ? n : 1;
	n = 1 + strcspn(p + 1, "\"\n");
	return n + (p[n] == '"');
}

/* No number, no truth, no key: what stands where a value is wanted, without its quotes. */
static bool is_bare(const char *word, size_t size, char before)
{
	char *end;

	if (!isalnum((unsigned char)*word) || !before || !strchr("=[(,", before) ||
	    (size == 4 && !strncasecmp(word, "true", size)) ||
	    (size == 5 && !strncasecmp(word, "false", size)))
		return false;
	(void)strtod(word, &end);
	end += strspn(end, "L");
	return end < word + size;
}

/* For a line that libconfig does not understand: what is likely to be a string; or "". */
static char *bare_hint(const char *line)
{
	size_t size;
	char before = 0;

	for (; *line && *line != '\n' && *line != '#' && strncmp(line, "//", 2); line += size) {
		size = token_size(line);
		if (is_bare(line, size, before))
			return str_format(" (in quotes, unless it is a number, true or false: "
					  "\"%.*s\")", (int)size, line);
		if (!isspace((unsigned char)*line))
			before = *line;
	}
	return str_dup("");
}

static const char *nth_line(const char *text, unsigned n)
{
	while (n-- > 1 && *text) {
		text += strcspn(text, "\n");
		text += *text == '\n';
	}
	return text;
}

int text_parse(const struct text *t, struct errors *e, config_t *ret)
{
	_cleanup_free_ char *hint = NULL;
	config_t cfg;
	const char *why;
	struct origin at;

	config_init(&cfg);
	if (config_read_string(&cfg, t->text) == CONFIG_TRUE) {
		*ret = cfg;
		return 0;
	}
	why = config_error_text(&cfg);
	at = text_origin(t, config_error_line(&cfg));
	hint = strstr(why, "mismatched") ? str_dup(" (write all alike: [ \"10\", \"20-29\" ])") :
					   bare_hint(nth_line(t->text, config_error_line(&cfg)));
	errors_add(e, &at, "%s%s", why, hint);
	config_destroy(&cfg);
	return -EINVAL;
}

struct origin text_origin(const struct text *t, unsigned line)
{
	if (!t->n_lines)
		return (struct origin){ 0 };
	line = line ? line : 1;
	return t->lines[min_of(line, t->n_lines) - 1];
}

void text_done(struct text *t)
{
	free(t->text);
	free(t->lines);
	memset(t, 0, sizeof(*t));
}
