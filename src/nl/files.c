// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Settings that the kernel has as files, where netlink has none for them.
 *
 * What must stay true: nothing here waits. Files in /proc/sys and /sys are
 * answered from memory; those few that ask hardware must not be read here.
 */
#include "nl/files.h"

#include <dirent.h>
#include <fcntl.h>
#include <net/if.h>

const char *files_root(enum channel c)
{
	switch (c) {
	case CHANNEL_SYSCTL:
		return "/proc/sys/";
	case CHANNEL_SYSFS:
		return "/sys/";
	case CHANNEL_NETLINK:
	case CHANNEL_XDP:
		break;
	}
	return NULL;
}

/*
 * A path has a name, and a name may have gone from one interface to another since
 * the mirror was told. The file is open before the name is looked up: of an
 * interface that goes or is renamed after that, an open sysctl is dead
 * (unregister_net_sysctl_table()), so what is written reaches the right one or none.
 */
int files_write(const char *path, const char *value, const char *iface, int ifindex)
{
	_cleanup_close_ int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0 && (errno != ENOENT || !ifindex))
		return -errno;
	/* Gone or renamed, also where that is why the file is not there. */
	if (ifindex && (int)if_nametoindex(iface) != ifindex)
		return -ENODEV;
	if (fd < 0)
		return -ENOENT;
	return write(fd, value, strlen(value)) < 0 ? -errno : 0;
}

int files_read(struct kernel *k _unused_, const char *path, char *buf, size_t size)
{
	_cleanup_free_ char *full = str_format("%s%s", files_root(CHANNEL_SYSFS), path);
	_cleanup_close_ int fd = open(full, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = read(fd, buf, size - 1);
	if (n < 0)
		return -errno;
	while (n > 0 && buf[n - 1] == '\n')
		n--;
	buf[n] = 0;
	return n;
}

void files_list(struct kernel *k _unused_, const char *path, name_fn fn, void *data)
{
	_cleanup_free_ char *full = str_format("%s%s", files_root(CHANNEL_SYSFS), path);
	DIR *dir = opendir(full);
	struct dirent *d;

	if (!dir)
		return;
	while ((d = readdir(dir)))
		if (d->d_name[0] != '.')
			fn(data, d->d_name);
	closedir(dir);
}

char *files_driver(struct kernel *k _unused_, const char *interface)
{
	_cleanup_free_ char *path = str_format("/sys/class/net/%s/device/driver", interface);
	char target[256];
	ssize_t n = readlink(path, target, sizeof(target) - 1);
	const char *slash;

	if (n < 0)
		return NULL;
	target[n] = 0;
	slash = strrchr(target, '/');
	return str_dup(slash ? slash + 1 : target);
}
