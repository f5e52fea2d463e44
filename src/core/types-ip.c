// SPDX-License-Identifier: LGPL-2.1-or-later
/* IP addresses and prefixes: read, written, compared. */
#include <arpa/inet.h>
#include <stdio.h>

#include "core/types.h"
#include "util/text.h"

int ip_parse(const char *text, struct ipaddr *ret)
{
	struct ipaddr ip = { 0 };
	char buf[INET6_ADDRSTRLEN];
	const char *slash = strchrnul(text, '/');
	int64_t len;

	if ((size_t)(slash - text) >= sizeof(buf))
		return -EINVAL;
	*(char *)mempcpy(buf, text, slash - text) = 0;
	ip.family = strchr(buf, ':') ? AF_INET6 : AF_INET;
	if (inet_pton(ip.family, buf, ip.bytes) != 1)
		return -EINVAL;
	ip.prefix = len = 8 * ip_size(&ip);
	if (*slash && (text_to_number(slash + 1, &len) < 0 || len < 0 || len > ip.prefix))
		return -EINVAL;
	ip.prefix = len;
	*ret = ip;
	return 0;
}

const char *ip_text(const struct ipaddr *ip, bool with_length, char *buf)
{
	if (!ip->family || !inet_ntop(ip->family, ip->bytes, buf, IP_TEXT_MAX)) {
		*buf = 0;
		return buf;
	}
	if (with_length)
		sprintf(buf + strlen(buf), "/%u", ip->prefix);
	return buf;
}

void ip_decode(const struct nlattr *a, uint8_t family, uint8_t prefix, struct ipaddr *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->family = family;
	ret->prefix = prefix;
	if (a && (unsigned)nla_len(a) >= ip_size(ret))
		memcpy(ret->bytes, nla_data(a), ip_size(ret));
}

int ip_encode(struct nl_msg *msg, int attr, const struct ipaddr *ip)
{
	return nla_put(msg, attr, ip_size(ip), ip->bytes);
}

bool ip_is_within(const struct ipaddr *ip, const struct ipaddr *network)
{
	if (ip->family != network->family)
		return false;
	for (unsigned bit = 0; bit < network->prefix; bit++)
		if ((ip->bytes[bit / 8] ^ network->bytes[bit / 8]) & (0x80 >> bit % 8))
			return false;
	return true;
}

bool ip_is_network(const struct ipaddr *ip)
{
	for (unsigned bit = ip->prefix; bit < 8 * ip_size(ip); bit++)
		if (ip->bytes[bit / 8] & (0x80 >> bit % 8))
			return false;
	return true;
}

static int ip_parse_setting(struct parse *p, const config_setting_t *s, void *v)
{
	struct ipaddr ip = { 0 };
	const char *text = NULL;
	int r = parse_string(p, s, &text);

	if (r < 0)
		return r;
	if (strchr(text, '/') || ip_parse(text, &ip) < 0)
		return parse_refuse(p, "\"%s\" is not an IP address", text);
	memcpy(v, &ip, sizeof(ip));
	return 0;
}

static json_t *ip_json(const struct row *row _unused_, const void *v)
{
	char buf[IP_TEXT_MAX];

	return json_string(ip_text(v, false, buf));
}

const struct type type_ip = {
	.name = "IP address", .signature = "s", .size = sizeof(struct ipaddr),
	.parse = ip_parse_setting, .json = ip_json,
};

static int prefix_parse(struct parse *p, const config_setting_t *s, void *v)
{
	struct ipaddr ip = { 0 };
	const char *text = NULL;
	int r = parse_string(p, s, &text);

	if (r < 0)
		return r;
	if (ip_parse(text, &ip) < 0)
		return parse_refuse(p, "\"%s\" is not an IP address with a prefix length", text);
	memcpy(v, &ip, sizeof(ip));
	return 0;
}

static json_t *prefix_json(const struct row *row _unused_, const void *v)
{
	char buf[IP_TEXT_MAX];

	return json_string(ip_text(v, true, buf));
}

const struct type type_prefix = {
	.name = "IP prefix", .signature = "s", .size = sizeof(struct ipaddr),
	.parse = prefix_parse, .json = prefix_json,
};
