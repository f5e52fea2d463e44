// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Which files a configuration is read from: of those with the same name, that of the first folder
 * counts; they are read in the order of their names.
 */
#include "core/config-files.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "core/source.h"

void file_list_done(struct file_list *l)
{
	for (unsigned i = 0; i < l->n; i++)
		free(l->entries[i].path);
	free(l->entries);
}

static void files_add(struct file_list *l, char *path)
{
	const char *slash = strrchr(path, '/');
	struct file_entry e = { path, slash ? slash + 1 : path };

	for (unsigned i = 0; i < l->n; i++)
		if (!strcmp(l->entries[i].name, e.name)) {
			free(path);
			return;
		}
	l->entries = array_reserve(l->entries, l->n, sizeof(e));
	l->entries[l->n++] = e;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct file_entry *)a)->name, ((const struct file_entry *)b)->name);
}

bool config_is_file(const char *name)
{
	size_t n = strlen(name);

	return *name != '.' && n > 5 && !strcmp(name + n - 5, ".conf");
}

static void files_of_folder(struct file_list *l, const char *path, DIR *dir)
{
	struct dirent *d;

	while ((d = readdir(dir)))
		if (config_is_file(d->d_name))
			files_add(l, str_format("%s/%s", path, d->d_name));
}

/* One that is not there yet would not be found. */
static void file_instead(struct file_list *l, const char *path, const struct instead *instead)
{
	size_t n = strlen(path);

	if (instead && !strncmp(instead->path, path, n) && instead->path[n] == '/' &&
	    !strchr(instead->path + n + 1, '/'))
		files_add(l, str_dup(instead->path));
}

void file_list_find(struct file_list *l, const struct config_paths *paths, struct errors *e)
{
	for (unsigned i = 0; i < paths->n; i++) {
		DIR *dir = opendir(paths->paths[i]);

		if (dir) {
			file_instead(l, paths->paths[i], paths->instead);
			files_of_folder(l, paths->paths[i], dir);
			closedir(dir);
		} else if (errno == ENOTDIR) {
			files_add(l, str_dup(paths->paths[i]));
		} else if (errno != ENOENT || !paths->optional) {
			errors_add(e, NULL, "%s: %s", paths->paths[i], strerror(errno));
		}
	}
	if (l->n)
		qsort(l->entries, l->n, sizeof(*l->entries), by_name);
}

bool file_is_mask(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3);
}
