// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A key or a value of an object file's map, as it is written and as it is in
 * the map.
 *
 * Only the object file knows how long a key is. So what was written stays a
 * number until it is known into which map it goes; all else is bytes at once.
 *
 * What must stay true: bytes that nothing uses are zero, because entries are
 * compared as bytes.
 */
#include <stdio.h>

#include "features/xdp/xdp.h"
#include "util/text.h"

static int put_bytes(struct cell *c, const void *bytes, size_t n)
{
	if (c->n + n > CELL_MAX)
		return -E2BIG;
	memcpy(c->bytes + c->n, bytes, n);
	c->n += n;
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
static int put_number(struct cell *c, const char *word)
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
	r = put_bytes(c, bytes, bits / 8);
	return r < 0 ? r : 1;
}

/* 0a:0b:0c; as put_number() */
static int put_hex(struct cell *c, const char *word)
{
	uint8_t bytes[CELL_MAX];
	unsigned n = 0, length = strlen(word);

	if (length % 3 != 2 || length / 3 >= CELL_MAX ||
	    strspn(word, "0123456789abcdefABCDEF:") != length)
		return 0;
	for (unsigned i = 0; i < length; i += 3) {
		if (word[i] == ':' || word[i + 1] == ':' || (word[i + 2] && word[i + 2] != ':'))
			return 0;
		bytes[n++] = strtoul((char[]){ word[i], word[i + 1], 0 }, NULL, 16);
	}
	return put_bytes(c, bytes, n) < 0 ? -E2BIG : 1;
}

/* An address, or a prefix as struct bpf_lpm_trie_key has it; as put_number() */
static int put_address(struct cell *c, const char *word)
{
	struct ipaddr ip;
	uint32_t prefix;

	if (ip_parse(word, &ip) < 0)
		return 0;
	prefix = ip.prefix;
	if (strchr(word, '/') && put_bytes(c, &prefix, sizeof(prefix)) < 0)
		return -E2BIG;
	return put_bytes(c, ip.bytes, ip_size(&ip)) < 0 ? -E2BIG : 1;
}

static int put_word(struct parse *p, struct cell *c, const char *word)
{
	int r = put_number(c, word);

	if (!r)
		r = put_hex(c, word);
	if (!r)
		r = put_address(c, word);
	if (r > 0)
		return 0;
	if (r == -ERANGE)
		return parse_refuse(p, "\"%s\" is no number of so many bits", word);
	if (r == -E2BIG)
		return parse_refuse(p, "more than %zu bytes", CELL_MAX);
	return parse_refuse(p,
			    "\"%s\" is none of u8:1, u16:1, u32:1, u64:1, be16:1, be32:1, be64:1, "
			    "01:0a:ff, an IP address or a prefix",
			    word);
}

static int cell_parse(struct parse *p, const config_setting_t *s, void *v)
{
	struct cell *c = v;
	_cleanup_free_ char *text = NULL;
	const char *words = NULL;
	char *save = NULL;
	int r = 0;

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
	for (char *word = strtok_r(text, " ", &save); !r && word; word = strtok_r(NULL, " ", &save))
		r = put_word(p, c, word);
	return r || c->n ? r : parse_refuse(p, "is empty");
}

static json_t *cell_json(const struct row *row _unused_, const void *v)
{
	const struct cell *c = v;
	char text[3 * CELL_MAX + 1] = "";

	if (c->is_number)
		return json_integer(c->number);
	for (unsigned n = 0; n < c->n; n++)
		sprintf(text + 3 * n, "%02x%s", c->bytes[n], n + 1 < c->n ? ":" : "");
	return json_string(text);
}

const struct type type_cell = {
	.name = "number or bytes", .signature = "v", .size = sizeof(struct cell),
	.parse = cell_parse, .json = cell_json,
};

/* Into a map, and back. */

char *cell_fit(const struct cell *c, uint32_t size, char kind, uint8_t *ret)
{
	if (!c->is_number && c->n != size)
		return str_format("%u bytes", c->n);
	if (!c->is_number) {
		memcpy(ret, c->bytes, size);
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
		memcpy(c->bytes, bytes, size);
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
