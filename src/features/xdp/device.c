// SPDX-License-Identifier: LGPL-2.1-or-later
/* What a device does to packets before a program sees them. */
#include <net/if.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "features/xdp/xdp.h"

#include <linux/ethtool.h>
#include <linux/sockios.h>

int xdp_sees_tags(int ifindex, char **why)
{
	struct ethtool_value flags = { .cmd = ETHTOOL_GFLAGS };
	_cleanup_close_ int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq r = { .ifr_data = (char *)&flags };

	/* A device that does not say takes off nothing. */
	if (fd < 0 || !if_indextoname(ifindex, r.ifr_name) || ioctl(fd, SIOCETHTOOL, &r) < 0 ||
	    !(flags.data & ETH_FLAG_RXVLAN))
		return 0;
	*why = str_dup("the device takes VLAN tags off before a program sees them: switch its "
		       "feature rx-vlan-hw-parse (ethtool: rxvlan) off");
	return -EOPNOTSUPP;
}
