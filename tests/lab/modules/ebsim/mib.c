// SPDX-License-Identifier: GPL-2.0-only
/*
 * The counters of frames, with which ethtool shows that a switch forwards what
 * its processor never sees. The others (discarded, filtered, ...) are counted
 * where it happens, in fabric.c.
 */

#include "ebsim.h"

static void ebsim_count_size(u64 *mib, unsigned int len)
{
	if (len <= 64)
		mib[MIB_HIST_64]++;
	else if (len <= 127)
		mib[MIB_HIST_65_127]++;
	else if (len <= 255)
		mib[MIB_HIST_128_255]++;
	else if (len <= 511)
		mib[MIB_HIST_256_511]++;
	else if (len <= 1023)
		mib[MIB_HIST_512_1023]++;
	else
		mib[MIB_HIST_1024_MAX]++;
}

/* On the wire a frame has at least 60 bytes, and a checksum. */
static unsigned int ebsim_wire_len(unsigned int len)
{
	return max_t(unsigned int, len, ETH_ZLEN) + ETH_FCS_LEN;
}

void ebsim_count_in(struct ebsim *eb, int port, u64 da, unsigned int len)
{
	u64 *mib = eb->ports[port].mib;

	len = ebsim_wire_len(len);
	mib[MIB_IN_OCTETS] += len;
	ebsim_count_size(mib, len);
	if (da == 0xffffffffffffULL)
		mib[MIB_IN_BROADCASTS]++;
	else if (ebsim_mac_is_multicast(da))
		mib[MIB_IN_MULTICASTS]++;
	else
		mib[MIB_IN_UNICAST]++;
}

void ebsim_count_out(struct ebsim *eb, int port, u64 da, unsigned int len)
{
	u64 *mib = eb->ports[port].mib;

	mib[MIB_OUT_OCTETS] += ebsim_wire_len(len);
	mib[MIB_OUT_QUEUE_0]++;
	if (da == 0xffffffffffffULL)
		mib[MIB_OUT_BROADCASTS]++;
	else if (ebsim_mac_is_multicast(da))
		mib[MIB_OUT_MULTICASTS]++;
	else
		mib[MIB_OUT_UNICAST]++;
}
