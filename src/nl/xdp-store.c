// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A program is attached as long as somebody holds its link.
 *
 * Under systemd that is systemd: its store of file descriptors needs no
 * privilege and forgets them when the service is stopped. bpffs belongs to
 * root (mode 0700), and what is pinned there stays for ever; it is for machines
 * without systemd, and for `netctld --once`, after which nobody is left.
 *
 * Names tell only what belongs together. What a file descriptor is, the
 * kernel says.
 */
#include "nl/xdp-store.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <systemd/sd-daemon.h>

#include <linux/magic.h>

#include "nl/bpf.h"
#include "nl/xdp.h"
#include "util/log.h"
#include "util/mem.h"

#define PREFIX "xdp-"

static const char *pin_dir = XDP_PIN_DIR;

void store_set_dir(const char *dir)
{
	pin_dir = dir;
}

/*
 * Names have numbers of interfaces, which are a network namespace's, and a link does not say of
 * which one it is: so each namespace has a folder.
 */
static char *folder(void)
{
	struct stat own = { 0 };

	(void)stat("/proc/self/ns/net", &own);
	return str_format("%s/net-%llu", pin_dir, (unsigned long long)own.st_ino);
}

static bool manager_stores(void)
{
	return getenv("NOTIFY_SOCKET");
}

/* Is it there, or can it be made, on bpffs? */
static bool can_pin(bool make)
{
	_cleanup_free_ char *own = pin_dir ? folder() : NULL;
	struct statfs fs;

	if (!own)
		return false;
	if (make && mkdir(pin_dir, 0700) < 0 && errno != EEXIST)
		return false;
	if (make && mkdir(own, 0700) < 0 && errno != EEXIST)
		return false;
	return statfs(own, &fs) == 0 && fs.f_type == BPF_FS_MAGIC;
}

static char *pin_path(const char *name, const char *part)
{
	_cleanup_free_ char *in = folder();

	return str_format("%s/%s+%s", in, name, part);
}

int store_put(const char *name, const char *part, int fd)
{
	_cleanup_free_ char *text = NULL;
	int r;

	if (manager_stores()) {
		/* Maps are always in error for poll(2) (bpf_map_poll()), and would be dropped. */
		text = str_format("FDSTORE=1\nFDPOLL=0\nFDNAME=%s", name);
		r = sd_pid_notify_with_fds(0, 0, text, &fd, 1);
		return r < 0 ? r : 0;
	}
	if (!can_pin(true))
		return -EOPNOTSUPP;
	text = pin_path(name, part);
	r = bpf_pin(fd, text);
	if (r == -EEXIST && unlink(text) == 0)
		r = bpf_pin(fd, text);
	return r;
}

/* Call @fn for each pin; @name: only those of that name. */
static void each_pin(const char *name, void (*fn)(void *data, const char *name, const char *path),
		     void *data)
{
	_cleanup_free_ char *in = can_pin(false) ? folder() : NULL;
	DIR *dir = in ? opendir(in) : NULL;
	struct dirent *d;

	while (dir && (d = readdir(dir))) {
		_cleanup_free_ char *own =
			str_format("%.*s", (int)strcspn(d->d_name, "+"), d->d_name);
		_cleanup_free_ char *path = str_format("%s/%s", in, d->d_name);

		if (!strncmp(own, PREFIX, strlen(PREFIX)) && (!name || !strcmp(name, own)))
			fn(data, own, path);
	}
	if (dir)
		closedir(dir);
}

static void drop_pin(void *data _unused_, const char *name _unused_, const char *path)
{
	(void)unlink(path);
}

void store_drop(const char *name)
{
	if (manager_stores())
		sd_notifyf(0, "FDSTOREREMOVE=1\nFDNAME=%s", name);
	else
		each_pin(name, drop_pin, NULL);
}

struct taker {
	void (*fn)(void *data, const char *name, int fd);
	void *data;
};

static void take_pin(void *data, const char *name, const char *path)
{
	const struct taker *t = data;
	int fd = bpf_pinned(path);

	if (fd >= 0)
		t->fn(t->data, name, fd);
	else
		log_warning("%s: %s", path, strerror(-fd));
}

void store_take(void (*fn)(void *data, const char *name, int fd), void *data)
{
	struct taker t = { fn, data };
	char **names = NULL;
	int n = sd_listen_fds_with_names(true, &names);

	for (int i = 0; i < n; i++) {
		int fd = SD_LISTEN_FDS_START + i;

		if (names && !strncmp(names[i], PREFIX, strlen(PREFIX))) {
			(void)fcntl(fd, F_SETFD, FD_CLOEXEC);
			fn(data, names[i], fd);
		} else {
			close(fd);
		}
	}
	for (int i = 0; names && i < n; i++)
		free(names[i]);
	free(names);
	if (!manager_stores())
		each_pin(NULL, take_pin, &t);
}
