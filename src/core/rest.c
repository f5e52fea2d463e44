// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Others' routes and addresses have attributes that no row is for. Where the
 * daemon takes such an entry away, the undoing has to give all of it back: so
 * the attributes are kept as the kernel told them, and told to it again.
 *
 * What must stay true: nothing in here changes by itself (lifetimes, counters),
 * or the mirror would see a change with every message.
 */
#include "core/rest.h"

#include <netlink/msg.h>

#include "core/config.h"
#include "core/types.h"

/* More than any entry has. */
#define REST_MAX 4096

static void append(struct rest **rest, const void *data, unsigned size)
{
	unsigned old = *rest ? (*rest)->size : 0;
	struct rest *r = mem_new(sizeof(*r) + old + size);

	if (*rest)
		memcpy(r->bytes, (*rest)->bytes, old);
	if (size)
		memcpy(r->bytes + old, data, size);
	r->size = old + size;
	free(*rest);
	*rest = r;
}

void rest_add(struct rest **rest, const struct nlattr *a)
{
	static const uint8_t zero[NLA_ALIGNTO];

	append(rest, a, a->nla_len);
	append(rest, zero, NLA_ALIGN(a->nla_len) - a->nla_len);
}

void rest_add_bytes(struct rest **rest, int attr, const void *data, unsigned size)
{
	struct nlattr head = { .nla_len = NLA_HDRLEN + size, .nla_type = attr };
	static const uint8_t zero[NLA_ALIGNTO];

	append(rest, &head, sizeof(head));
	append(rest, data, size);
	append(rest, zero, NLA_ALIGN(size) - size);
}

int rest_put(struct nl_msg *msg, const struct rest *rest)
{
	if (!rest)
		return 0;
	if (nlmsg_append(msg, (void *)rest->bytes, rest->size, NLMSG_ALIGNTO) < 0)
		return -EMSGSIZE;
	return 0;
}

static int nibble(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int rest_parse(struct parse *p, const config_setting_t *s, void *v)
{
	const char *text = config_setting_get_string(s);
	size_t n = text ? strlen(text) / 2 : 0;
	struct rest *rest;

	if (!text || strlen(text) % 2 || n > REST_MAX)
		return parse_refuse(p, "must be pairs of hexadecimal digits");
	rest = p->arena ? arena_alloc(p->arena, sizeof(*rest) + n) : mem_new(sizeof(*rest) + n);
	for (rest->size = 0; rest->size < n; rest->size++) {
		int high = nibble(text[2 * rest->size]), low = nibble(text[2 * rest->size + 1]);

		if (high < 0 || low < 0) {
			if (!p->arena)
				free(rest);
			*(struct rest **)v = NULL;
			return parse_refuse(p, "must be pairs of hexadecimal digits");
		}
		rest->bytes[rest->size] = high << 4 | low;
	}
	*(struct rest **)v = rest;
	return 0;
}

/* For the record only. */
static json_t *rest_json(const struct row *row _unused_, const void *v _unused_)
{
	return NULL;
}

static json_t *rest_secret(const struct row *row _unused_, const void *v)
{
	const struct rest *rest = *(struct rest *const *)v;
	_cleanup_free_ char *text = mem_new(2 * (rest ? rest->size : 0) + 1);

	for (unsigned n = 0; rest && n < rest->size; n++)
		snprintf(text + 2 * n, 3, "%02x", rest->bytes[n]);
	return json_string(text);
}

static char *rest_text(const struct row *row _unused_, const void *v)
{
	const struct rest *rest = *(struct rest *const *)v;

	return str_format("%u bytes", rest ? rest->size : 0);
}

static bool rest_equal(const struct row *row _unused_, const void *a, const void *b)
{
	const struct rest *ra = *(struct rest *const *)a, *rb = *(struct rest *const *)b;

	if (!ra || !rb)
		return ra == rb;
	return ra->size == rb->size && !memcmp(ra->bytes, rb->bytes, ra->size);
}

static void rest_copy(struct arena *a, void *to, const void *from)
{
	const struct rest *rest = *(struct rest *const *)from;
	size_t size = rest ? sizeof(*rest) + rest->size : 0;

	*(struct rest **)to =
		!rest ? NULL : memcpy(a ? arena_alloc(a, size) : mem_new(size), rest, size);
}

static void rest_done(void *v)
{
	free(*(struct rest **)v);
	*(struct rest **)v = NULL;
}

const struct type type_rest = {
	.name = "attributes", .signature = "s", .size = sizeof(struct rest *),
	.parse = rest_parse, .json = rest_json, .secret = rest_secret, .text = rest_text,
	.equal = rest_equal, .copy = rest_copy, .done = rest_done,
};
