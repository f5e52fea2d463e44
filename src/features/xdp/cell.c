// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A key or a value of an object file's map, as it is written and as it is in
 * the map.
 *
 * Only the object file knows how long a key is. So what was written stays a
 * number until it is known into which map it goes; all else is bytes at once.
 *
 * What must stay true: a cell with no arena owns its bytes.
 */
#include <stdio.h>

#include "features/xdp/xdp.h"
#include "util/text.h"

/* Bytes on their way into a cell; on the heap. */
struct bytes {
	uint8_t *at;
	uint32_t n;
};

static int put_bytes(struct bytes *b, const void *bytes, size_t n)
{
	if (n > CELL_MAX - b->n)
		return -E2BIG;
	b->at = mem_grow(b->at, b->n + n);
	memcpy(b->at + b->n, bytes, n);
	b->n += n;
	return 0;
}

static bool fits(int64_t number, unsigned bits)
{
	return bits == 64 || (number < INT64_C(1) << bits && number >= -(INT64_C(1) << (bits - 1)));
}

/* The number's bytes in this machine's order. */
static void number_bytes(int64_t number, unsigned size, bool big, uint8_t *ret)
{
	for (unsigned n = 0; n < size; n++) {
		unsigned place = big ? size - 1 - n : n;

		ret[n] = (uint64_t)number >> 8 * place;
	}
}

static const bool host_big = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__;

/* u16:53, be16:53. Return: 1, or 0 if it is none of these, or a negative errno. */
static int put_number(struct bytes *b, const char *word)
{
	bool big = !strncmp(word, "be", 2);
	uint8_t bytes[8];
	unsigned bits;
	int64_t number;
	int at = 0, r;

	if (sscanf(word, big ? "be%2u:%n" : "u%2u:%n", &bits, &at) != 1 || !at ||
	    (bits != 8 && bits != 16 && bits != 32 && bits != 64))
		return 0;
	r = text_to_number(word + at, &number);
	if (r < 0 || !fits(number, bits))
		return -ERANGE;
	number_bytes(number, bits / 8, big || host_big, bytes);
	r = put_bytes(b, bytes, bits / 8);
	return r < 0 ? r : 1;
}

/* 0a:0b:0c; as put_number() */
static int put_hex(struct bytes *b, const char *word)
{
	size_t length = strlen(word), n = (length + 1) / 3;
	_cleanup_free_ uint8_t *bytes = NULL;

	if (length % 3 != 2 || strspn(word, "0123456789abcdefABCDEF:") != length)
		return 0;
	if (n > CELL_MAX)
		return -E2BIG;
	bytes = mem_new(n);
	for (size_t i = 0; i < n; i++) {
		const char *at = word + 3 * i;

		if (at[0] == ':' || at[1] == ':' || (at[2] && at[2] != ':'))
			return 0;
		bytes[i] = strtoul((char[]){ at[0], at[1], 0 }, NULL, 16);
	}
	return put_bytes(b, bytes, n) < 0 ? -E2BIG : 1;
}

/* An address, or a prefix as struct bpf_lpm_trie_key has it; as put_number() */
static int put_address(struct bytes *b, const char *word)
{
	struct ipaddr ip;
	uint32_t prefix;

	if (ip_parse(word, &ip) < 0)
		return 0;
	prefix = ip.prefix;
	if (strchr(word, '/') && put_bytes(b, &prefix, sizeof(prefix)) < 0)
		return -E2BIG;
	return put_bytes(b, ip.bytes, ip_size(&ip)) < 0 ? -E2BIG : 1;
}

static int put_word(struct parse *p, struct bytes *b, const char *word)
{
	int r = put_number(b, word);

	if (!r)
		r = put_hex(b, word);
	if (!r)
		r = put_address(b, word);
	if (r > 0)
		return 0;
	if (r == -ERANGE)
		return parse_refuse(p, "\"%s\" is no number of so many bits", word);
	if (r == -E2BIG)
		return parse_refuse(p, "more than %u bytes", CELL_MAX);
	return parse_refuse(p,
			    "\"%s\" is none of u8:1, u16:1, u32:1, u64:1, be16:1, be32:1, be64:1, "
			    "01:0a:ff, an IP address, a prefix, or ... at the end (zeros up to "
			    "there)",
			    word);
}

static int put_words(struct parse *p, struct bytes *b, char *text, bool *ret_open)
{
	char *save = NULL;
	int r = 0;

	for (char *word = strtok_r(text, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
		if (*ret_open)
			return parse_refuse(p, "... is the end: nothing comes behind it");
		*ret_open = !strcmp(word, "...");
		r = *ret_open ? 0 : put_word(p, b, word);
		if (r)
			return r;
	}
	return b->n || *ret_open ? 0 : parse_refuse(p, "is empty");
}

static void own_bytes(struct cell *c, struct arena *a, const void *bytes, uint32_t n)
{
	c->n = n;
	c->bytes = arena_alloc(a, n + 1);
	if (n)
		memcpy(c->bytes, bytes, n);
}

static int cell_parse(struct parse *p, const config_setting_t *s, void *v)
{
	struct cell *c = v;
	_cleanup_free_ char *text = NULL;
	struct bytes b = { 0 };
	const char *words = NULL;
	bool open = false;
	int r;

	memset(c, 0, sizeof(*c));
	if (config_setting_type(s) == CONFIG_TYPE_INT ||
	    config_setting_type(s) == CONFIG_TYPE_INT64) {
		c->is_number = true;
		c->number = config_setting_get_int64(s);
		return 0;
	}
	r = parse_string(p, s, &words);
	if (r < 0)
		return r;
	text = str_dup(words);
	r = put_words(p, &b, text, &open);
	if (!r) {
		own_bytes(c, p->arena, b.at, b.n);
		c->open = open;
	}
	free(b.at);
	return r;
}

static json_t *cell_json(const struct row *row _unused_, const void *v)
{
	const struct cell *c = v;
	_cleanup_free_ char *text = NULL;
	char *to;

	if (c->is_number)
		return json_integer(c->number);
	to = text = mem_new(3 * (size_t)c->n + 5);
	for (uint32_t n = 0; n < c->n; n++)
		to += sprintf(to, "%s%02x", n ? ":" : "", c->bytes[n]);
	if (c->open)
		sprintf(to, "%s...", c->n ? " " : "");
	return json_string(text);
}

static bool cell_equal(const struct row *row _unused_, const void *va, const void *vb)
{
	const struct cell *a = va, *b = vb;

	return a->is_number == b->is_number && a->open == b->open && a->number == b->number &&
	       a->n == b->n && (!a->n || !memcmp(a->bytes, b->bytes, a->n));
}

static void cell_copy(struct arena *a, void *to, const void *from)
{
	const struct cell *c = from;

	*(struct cell *)to = *c;
	if (c->bytes)
		own_bytes(to, a, c->bytes, c->n);
}

static void cell_done(void *v)
{
	free(TAKE_PTR(((struct cell *)v)->bytes));
}

const struct type type_cell = {
	.name = "number or bytes", .signature = "v", .size = sizeof(struct cell),
	.parse = cell_parse, .json = cell_json, .equal = cell_equal, .copy = cell_copy,
	.done = cell_done,
};

/* Into a map, and back. */

char *cell_fit(const struct cell *c, uint32_t size, char kind, uint8_t *ret)
{
	if (!c->is_number && (c->n > size || (c->n < size && !c->open)))
		return str_format("%u bytes", c->n);
	if (!c->is_number) {
		if (c->n)
			memcpy(ret, c->bytes, c->n);
		memset(ret + c->n, 0, size - c->n);
		return NULL;
	}
	if (kind == '*' || (size != 1 && size != 2 && size != 4 && size != 8))
		return str_dup("a number");
	if (!fits(c->number, 8 * size) || (kind == 'u' && c->number < 0) ||
	    (kind == 's' && size < 8 && !fits(c->number < 0 ? c->number : c->number * 2, 8 * size)))
		return str_format("%lld", (long long)c->number);
	number_bytes(c->number, size, host_big, ret);
	return NULL;
}

void cell_read(struct cell *c, const uint8_t *bytes, uint32_t size)
{
	int64_t number = 0;
	bool negative = c->number < 0;

	if (!c->is_number) {
		cell_done(c);
		own_bytes(c, NULL, bytes, size);
		c->open = false;
		return;
	}
	for (unsigned n = 0; n < size; n++)
		number |= (int64_t)((uint64_t)bytes[host_big ? size - 1 - n : n] << 8 * n);
	if (negative && size < 8 && number >> (8 * size - 1)) /* as it was written */
		number -= INT64_C(1) << 8 * size;
	c->number = number;
}

const char *cell_kind_text(char kind)
{
	return kind == 's' ? " (signed numbers)" : kind == 'u' ? " (numbers from 0)" :
	       kind == '*' ? " (no numbers)" : "";
}
