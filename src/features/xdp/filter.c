// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Rules to tries and a table; bpf/filter.h says why the first rule that
 * matches is found so.
 */
#include <linux/bpf.h>
#include <stdio.h>

#include "bpf/filter.h"
#include "core/errors.h"
#include "features/xdp/xdp.h"

#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#include "bpf/filter.bpfeb.h"
#else
#include "bpf/filter.bpfel.h"
#endif

#define SENDERS_MAX 16384 /* whose rate is remembered, of all rules together */

static const struct word pass_words[] = {
	{ "pass", FILTER_PASS }, { "drop", FILTER_DROP }, { NULL, 0 },
};

enum { DEFAULT, MALFORMED, RULES };

static const struct row rows[] = {
	[DEFAULT] = { .key = "default", .type = &type_enum8, VALUE(filter, policy),
	  .data = pass_words, .phase = PHASE_XDP, .flags = ROW_OURS,
	  .help = "What becomes of packets that no rule matches; by itself pass" },
	[MALFORMED] = { .key = "malformed", .type = &type_enum8, VALUE(filter, malformed),
	  .data = pass_words, .phase = PHASE_XDP, .flags = ROW_OURS,
	  .help = "What becomes of packets whose headers are cut short or impossible; by itself "
		  "drop" },
	[RULES] = { .key = "rules", .type = &type_rules, VALUE(filter, rules), .phase = PHASE_XDP,
	  .flags = ROW_OURS,
	  .help = "The first one that matches decides" },
};

static const char *const reasons[] = {
	[FILTER_PASSED] = "passed_by_default", [FILTER_DROPPED] = "dropped_by_default",
	[FILTER_MALFORMED] = "malformed",
};

static void complete(struct object *o)
{
	struct filter *f = (struct filter *)o;

	if (!(o->present & BIT64(MALFORMED)))
		f->malformed = FILTER_DROP;
	o->present |= BIT64(DEFAULT) | BIT64(MALFORMED) | BIT64(RULES);
}

static uint32_t match_of(const struct rule *r)
{
	uint32_t match = 0;

	FOREACH_ROW(&rule_shape, row)
		if (row_has(&rule_shape, row, &r->o))
			match |= row->attr;
	if ((match & FILTER_FRAGMENT) && !r->fragment)
		match = (match & ~FILTER_FRAGMENT) | FILTER_NO_FRAGMENT;
	return match;
}

static void check(const struct model *want _unused_, const struct iface *i, struct errors *e)
{
	const struct filter *f = (const struct filter *)iface_object(i, &xdp_filter_feature);
	unsigned n = 0;

	for (unsigned k = 0; f && f->rules && k < f->rules->n; k++) {
		uint32_t match = match_of(&f->rules->items[k]);

		n += match != FILTER_SOURCE && match != FILTER_TARGET;
	}
	if (n > FILTER_TABLE_MAX)
		errors_add(e, object_where(&xdp_filter_feature, &rows[RULES], &f->o),
			   "%s: xdp.filter.rules: %u rules name something else than one prefix; "
			   "%u is the most", i->name, n, FILTER_TABLE_MAX);
}

/* A rule that is nothing but a prefix, on its way into a trie. */
struct prefix {
	const struct ipaddr *ip;
	uint32_t verdict;
};

/* By family, address, length: a prefix comes right behind one that covers it. */
static int compare_prefixes(const void *pa, const void *pb)
{
	const struct prefix *a = pa, *b = pb;
	int r = a->ip->family - b->ip->family;

	if (!r)
		r = memcmp(a->ip->bytes, b->ip->bytes, sizeof(a->ip->bytes));
	if (!r)
		r = a->ip->prefix - b->ip->prefix;
	return r ? r : a->verdict < b->verdict ? -1 : 1;
}

static bool covers(const struct ipaddr *a, const struct ipaddr *b)
{
	unsigned whole = a->prefix / 8, rest = a->prefix % 8;

	return a->family == b->family && a->prefix <= b->prefix &&
	       !memcmp(a->bytes, b->bytes, whole) &&
	       (!rest || !((a->bytes[whole] ^ b->bytes[whole]) >> (8 - rest)));
}

/* Each prefix gets the first rule of all that cover it. Return: how many are left. */
static unsigned settle_prefixes(struct prefix *p, unsigned n)
{
	unsigned stack[130], depth = 0, kept = 0;

	for (unsigned i = 0; i < n; i++) {
		while (depth && !covers(p[stack[depth - 1]].ip, p[i].ip))
			depth--;
		if (depth)
			p[i].verdict = min_of(p[i].verdict, p[stack[depth - 1]].verdict);
		if (depth && p[stack[depth - 1]].ip->prefix == p[i].ip->prefix)
			continue; /* the same prefix again, and later in the order */
		p[kept] = p[i];
		stack[depth++] = kept++;
	}
	return kept;
}

static void fill_trie(struct xdp_job *j, const char *name, const struct prefix *p, unsigned n,
		      int family)
{
	unsigned size = family == AF_INET ? 4 : 16, count = 0, hosts = 0;
	struct xdp_map *m;

	for (unsigned i = 0; i < n; i++) {
		count += p[i].ip->family == family;
		hosts += p[i].ip->family == family && p[i].ip->prefix == 8 * size;
	}
	m = xdp_job_map(j, name, max_of(count, 1u), count, 4 + size, sizeof(uint32_t));
	/* The program asks for whole addresses, so where there is nothing else a hash has them. */
	if (count && hosts == count)
		m->type = BPF_MAP_TYPE_HASH;
	count = 0;
	for (unsigned i = 0; i < n; i++) {
		char *key = (char *)m->keys + count * (4 + size);
		uint32_t length = p[i].ip->prefix;

		if (p[i].ip->family != family)
			continue;
		memcpy(key, &length, 4);
		memcpy(key + 4, p[i].ip->bytes, size);
		((uint32_t *)m->values)[count++] = p[i].verdict;
	}
}

static uint32_t verdict_of(const struct rules *rules, unsigned n)
{
	return 2 * n + (rules->items[n].action == FILTER_DROP);
}

/* Return: bit 0: the trie of IPv4 has entries; bit 1: that of IPv6. */
static unsigned fill_tries(struct xdp_job *j, const struct rules *rules, uint32_t match)
{
	struct prefix *p = mem_new(rules->n * sizeof(*p) + 1);
	bool source = match == FILTER_SOURCE;
	unsigned n = 0, found = 0;

	for (unsigned i = 0; i < rules->n; i++)
		if (match_of(&rules->items[i]) == match)
			p[n++] = (struct prefix){ source ? &rules->items[i].src :
							   &rules->items[i].dst,
						  verdict_of(rules, i) };
	if (n)
		qsort(p, n, sizeof(*p), compare_prefixes);
	n = settle_prefixes(p, n);
	for (unsigned i = 0; i < n; i++)
		found |= p[i].ip->family == AF_INET ? 1 : 2;
	fill_trie(j, source ? "source4" : "target4", p, n, AF_INET);
	fill_trie(j, source ? "source6" : "target6", p, n, AF_INET6);
	free(p);
	return found;
}

static void fill_address(uint32_t *address, uint32_t *mask, const struct ipaddr *ip)
{
	uint8_t bits[16] = { 0 };

	memcpy(address, ip->bytes, ip_size(ip));
	for (unsigned n = 0; n < ip->prefix; n++)
		bits[n / 8] |= 0x80 >> n % 8;
	memcpy(mask, bits, sizeof(bits));
}

static void fill_rule(struct filter_table_rule *t, const struct rule *r, uint32_t match,
		      uint32_t verdict)
{
	t->verdict = verdict;
	t->match = match;
	if (match & FILTER_SOURCE) {
		fill_address(t->source, t->source_mask, &r->src);
		t->family = r->src.family == AF_INET ? 4 : 6;
	}
	if (match & FILTER_TARGET) {
		fill_address(t->target, t->target_mask, &r->dst);
		t->family = r->dst.family == AF_INET ? 4 : 6;
	}
	memcpy(t->source_mac, r->src_mac, sizeof(t->source_mac));
	memcpy(t->target_mac, r->dst_mac, sizeof(t->target_mac));
	t->vlan = r->vlan;
	t->ethertype = r->ethertype;
	t->protocol = r->protocol;
	memcpy(t->source_port, r->src_port, sizeof(t->source_port));
	memcpy(t->target_port, r->dst_port, sizeof(t->target_port));
	if (match & FILTER_RATE) {
		t->cost = UINT64_C(1000000000) / r->rate;
		t->depth = t->cost * (r->burst ? r->burst : r->rate);
	}
}

/* Return: how many rules the table has. */
static unsigned fill_table(struct xdp_job *j, const struct rules *rules)
{
	unsigned n = 0;
	struct xdp_map *m;
	bool rates = false;

	for (unsigned i = 0; i < rules->n; i++) {
		uint32_t match = match_of(&rules->items[i]);

		n += match != FILTER_SOURCE && match != FILTER_TARGET;
		rates |= match & FILTER_RATE;
	}
	m = xdp_job_map(j, "table", max_of(n, 1u), n, sizeof(uint32_t),
			sizeof(struct filter_table_rule));
	xdp_job_map(j, "buckets", rates ? SENDERS_MAX : 1, 0, 0, 0);
	n = 0;
	for (unsigned i = 0; i < rules->n; i++) {
		uint32_t match = match_of(&rules->items[i]);

		if (match == FILTER_SOURCE || match == FILTER_TARGET)
			continue;
		((uint32_t *)m->keys)[n] = n;
		fill_rule(&((struct filter_table_rule *)m->values)[n++], &rules->items[i], match,
			  verdict_of(rules, i));
	}
	return n;
}

/* A rule in a row of rules, by what it says. */
struct place {
	const struct rule *rule;
	unsigned n;
};

static int compare_places(const void *pa, const void *pb)
{
	const struct place *a = pa, *b = pb;
	int r = memcmp(a->rule, b->rule, sizeof(*a->rule));

	return r ? r : a->n < b->n ? -1 : a->n > b->n;
}

static struct place *places_of(const struct rules *rules)
{
	struct place *p = mem_new(rules->n * sizeof(*p) + 1);

	for (unsigned n = 0; n < rules->n; n++)
		p[n] = (struct place){ &rules->items[n], n };
	if (rules->n)
		qsort(p, rules->n, sizeof(*p), compare_places);
	return p;
}

/* A rule that was there before goes on counting, wherever it stands now. */
static void keep_rules(struct xdp_job *j, const struct rules *now, const struct rules *before)
{
	struct place *a, *b;
	unsigned k = 0;

	xdp_keep(j, FILTER_REASONS);
	j->keep = mem_grow(j->keep, (FILTER_REASONS + now->n) * sizeof(*j->keep));
	j->n_keep = FILTER_REASONS + now->n;
	for (unsigned n = 0; n < now->n; n++)
		j->keep[FILTER_REASONS + n] = -1;
	if (!before)
		return;
	a = places_of(now);
	b = places_of(before);
	for (unsigned n = 0; n < now->n && k < before->n;) {
		int r = memcmp(a[n].rule, b[k].rule, sizeof(*a[n].rule));

		if (!r)
			j->keep[FILTER_REASONS + a[n].n] = FILTER_REASONS + b[k].n;
		n += r <= 0;
		k += r >= 0;
	}
	free(a);
	free(b);
}

static int prepare(struct xdp_job *j, char **why)
{
	return xdp_sees_tags(j->ifindex, why);
}

void filter_fill(struct xdp_job *j, const struct object *o, const struct object *have)
{
	static const struct rules none;
	const struct filter *f = (const struct filter *)o, *before = (const struct filter *)have;
	const struct rules *rules = f->rules ? f->rules : &none;
	struct filter_settings *s = new0(struct filter_settings);
	unsigned source = fill_tries(j, rules, FILTER_SOURCE);
	unsigned target = fill_tries(j, rules, FILTER_TARGET);

	s->n_table = fill_table(j, rules);
	s->drop = f->policy == FILTER_DROP;
	s->drop_malformed = f->malformed == FILTER_DROP;
	s->source4 = source & 1;
	s->source6 = source >> 1;
	s->target4 = target & 1;
	s->target6 = target >> 1;
	j->settings = s;
	j->settings_size = sizeof(*s);
	for (unsigned n = 0; n < rules->n; n++)
		if (match_of(&rules->items[n]) & FILTER_VLAN)
			j->prepare = prepare;
	xdp_job_map(j, "counters", FILTER_REASONS + rules->n, 0, 0, 0);
	keep_rules(j, rules, before ? before->rules : NULL);
}

struct feature xdp_filter_feature = {
	.name = "xdp.filter", .help = "Drop and pass packets by rules", .form = FORM_GROUP,
	.size = sizeof(struct filter), .rows = rows, .n_rows = ARRAY_SIZE(rows),
	.blocked = xdp_blocked, .encode = xdp_encode,
};

static const size_t image_size = sizeof(filter_image);

const struct shipped shipped_filter = {
	.name = "filter", .image = filter_image, .size = &image_size, .parts = true,
	.feature = &xdp_filter_feature, .reasons = reasons, .n_reasons = ARRAY_SIZE(reasons),
	.complete = complete, .check = check, .fill = filter_fill,
};
