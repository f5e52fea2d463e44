// SPDX-License-Identifier: LGPL-2.1-or-later
/* Steps to netlink messages and sysctls, by the rows. */
#include <stdio.h>

#include "core/plan.h"
#include "nl/uapi.h"

/* The largest attribute that netlink can carry, and with it the largest message we make. */
#define MESSAGE_BYTES (64 * 1024)

struct encoder *encoder_new(void)
{
	struct encoder *e = new0(struct encoder);

	e->msg = nlmsg_alloc_size(MESSAGE_BYTES);
	if (!e->msg)
		abort();
	/* It was cleared; most of it will never be written to. */
	mem_pages_relax(nlmsg_hdr(e->msg), MESSAGE_BYTES);
	return e;
}

struct encoder *encoder_free(struct encoder *e)
{
	if (!e)
		return NULL;
	nlmsg_free(e->msg);
	free(e);
	return NULL;
}

void *encoder_begin(struct encoder *e, uint16_t type, uint16_t flags, size_t size)
{
	struct nlmsghdr *h = nlmsg_hdr(e->msg);

	/* One message buffer serves all: start over behind the header. */
	memset(h, 0, sizeof(*h));
	h->nlmsg_len = NLMSG_HDRLEN;
	h->nlmsg_type = type;
	h->nlmsg_flags = NLM_F_REQUEST | flags;
	e->request = (struct request){ .channel = CHANNEL_NETLINK, .nlh = h };
	return memset(nlmsg_reserve(e->msg, size, NLMSG_ALIGNTO), 0, size);
}

void encoder_sysctl(struct encoder *e)
{
	e->request = (struct request){
		.channel = CHANNEL_SYSCTL, .path = e->path, .value = e->value,
	};
}

void encoder_sysfs(struct encoder *e)
{
	encoder_sysctl(e);
	e->request.channel = CHANNEL_SYSFS;
}

int encode_rows(struct encoder *e, const struct feature *f, const struct object *o, uint64_t mask)
{
	FOREACH_ROW(f, r)
		if ((mask & row_bit(f, r)) && r->attr && r->type->put &&
		    r->type->put(e->msg, r, row_value(r, o)) < 0)
			return -EMSGSIZE;
	return 0;
}

int encode_nested_rows(struct encoder *e, const struct feature *f, const struct object *o,
		       uint64_t mask)
{
	struct nlattr *nests[ARRAY_SIZE(f->nest)];
	unsigned n;
	int r;

	for (n = 0; n < ARRAY_SIZE(f->nest) && f->nest[n]; n++) {
		nests[n] = nla_nest_start(e->msg, f->nest[n]);
		if (!nests[n])
			return -EMSGSIZE;
		if (f->nest[n] != IFLA_LINKINFO)
			continue;
		if (f->kind && nla_put_string(e->msg, IFLA_INFO_KIND, f->kind) < 0)
			return -EMSGSIZE;
		if (f->slave_kind &&
		    nla_put_string(e->msg, IFLA_INFO_SLAVE_KIND, f->slave_kind) < 0)
			return -EMSGSIZE;
	}
	r = encode_rows(e, f, o, mask);
	while (n > 0)
		nla_nest_end(e->msg, nests[--n]);
	return r;
}

int encode_step(struct encoder *e, const struct step *s, unsigned part)
{
	struct ifinfomsg *info;

	int r;

	if (s->feature->encode) {
		r = s->feature->encode(e, s, part);
		e->request.iface = s->name;
		e->request.ifindex = s->ifindex;
		return r;
	}
	info = encoder_begin(e, RTM_NEWLINK, 0, sizeof(*info));
	info->ifi_index = s->ifindex;
	return encode_nested_rows(e, s->feature, s->to, s->mask);
}
