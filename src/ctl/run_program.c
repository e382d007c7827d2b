/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The dynamic loader preloads a library only into programs that it starts itself, and not where
 * that would lend somebody else's rights (ld.so(8), "secure-execution mode"). It refuses silently.
 * So it is found out beforehand, from the file: whether it names a loader, and the same one as we
 * do, whose C library the preloaded one was built for.
 *
 * Not found out: a program that the loader starts but that talks to the kernel by itself, as those
 * of Go do. For these there is eBPF.
 */
#include "ctl/run_program.h"

#include "base/fd.h"
#include "base/mem.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#define LIBRARY "libmultihome-preload.so"
#define ITSELF "/proc/self/exe"
#define INTERPRETERS_MOST 4 /* of scripts; as the kernel does */
#define LINE_MOST 256	    /* of "#!"; as the kernel does */
#define HEADERS_MOST 256

/* What an executable file says of how it is started. */
struct image {
	enum { IMAGE_ELF, IMAGE_SCRIPT, IMAGE_OTHER } kind;
	unsigned char class;
	uint16_t machine;
	char starter[LINE_MOST]; /* the loader of a program, the interpreter of a script; "" = none */
};

static void read_loader(int fd, const ElfW(Ehdr) * header, struct image *image)
{
	ElfW(Phdr) segment;

	for (unsigned i = 0; i < header->e_phnum && i < HEADERS_MOST; i++) {
		off_t at = (off_t)(header->e_phoff + (size_t)i * sizeof(segment));

		if (pread(fd, &segment, sizeof(segment), at) != sizeof(segment))
			return;
		if (segment.p_type != PT_INTERP || segment.p_filesz >= sizeof(image->starter))
			continue;
		if (pread(fd, image->starter, segment.p_filesz, (off_t)segment.p_offset) < 0)
			image->starter[0] = '\0';
		return;
	}
}

/* "#! /bin/sh -e" */
static void read_interpreter(const char *line, struct image *image)
{
	size_t length;

	line += 2 + strspn(line + 2, " \t");
	length = strcspn(line, " \t\n");
	memcpy(image->starter, line, length);
}

static int image_read(const char *path, struct image *ret_image)
{
	AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC);
	struct image image = { .kind = IMAGE_OTHER };
	char head[LINE_MOST] = { 0 };
	ElfW(Ehdr) header;
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = pread(fd, head, sizeof(head) - 1, 0);
	if (n < 0)
		return -errno;
	if (!strncmp(head, "#!", 2)) {
		image.kind = IMAGE_SCRIPT;
		read_interpreter(head, &image);
	} else if (n >= (ssize_t)sizeof(header) && !memcmp(head, ELFMAG, SELFMAG)) {
		memcpy(&header, head, sizeof(header));
		image.kind = IMAGE_ELF;
		image.class = header.e_ident[EI_CLASS];
		image.machine = header.e_machine;
		if (header.e_phentsize == sizeof(ElfW(Phdr)))
			read_loader(fd, &header, &image);
	}
	*ret_image = image;
	return 0;
}

/* Whether the kernel will run @path with other rights than ours, in which ld.so preloads nothing. */
static bool raises_rights(const char *path)
{
	struct stat file;

	if (stat(path, &file) < 0 || prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1)
		return false;
	if ((file.st_mode & S_ISUID) && file.st_uid != getuid())
		return true;
	if ((file.st_mode & S_ISGID) && (file.st_mode & S_IXGRP) && file.st_gid != getgid())
		return true;
	return geteuid() != 0 && getxattr(path, "security.capability", NULL, 0) > 0;
}

static bool is_one_file(const char *one, const char *other)
{
	struct stat a, b;

	return stat(one, &a) == 0 && stat(other, &b) == 0 && a.st_dev == b.st_dev &&
	       a.st_ino == b.st_ino;
}

static void judge_elf(const char *path, const struct image *image, struct run_program *program)
{
	struct image ours;

	if (image_read(ITSELF, &ours) < 0)
		text_puts(&program->obstacle, "cannot be compared with mhctl: is /proc mounted?");
	else if (image->class != ours.class || image->machine != ours.machine)
		text_puts(&program->obstacle, "is made for another kind of machine than mhctl");
	else if (!image->starter[0])
		text_puts(&program->obstacle, "is linked statically");
	else if (!is_one_file(image->starter, ours.starter))
		text_printf(&program->obstacle, "is started by another loader than mhctl: %s",
			    image->starter);
	else if (raises_rights(path))
		program->raises = true;
	if (program->raises)
		text_puts(&program->obstacle, "runs with the rights of somebody else");
}

static void judge(struct run_program *program)
{
	AUTO_MEM char *path = mem_strdup(program->path);
	struct image image;
	int r = 0;

	for (unsigned i = 0; i < INTERPRETERS_MOST; i++) {
		r = image_read(path, &image);
		if (r < 0 || image.kind == IMAGE_ELF)
			break;
		mem_freep(&path);
		/* What the kernel does not know, execvp(3) gives to the shell. */
		path = mem_strdup(image.kind == IMAGE_SCRIPT ? image.starter : "/bin/sh");
	}
	if (r < 0)
		text_printf(&program->obstacle, "cannot be looked at: %s: %s", path, strerror(-r));
	else if (image.kind == IMAGE_ELF)
		judge_elf(path, &image, program);
	else
		text_puts(&program->obstacle, "is a script of a script of a script");
}

/* 0, or why it cannot be run. */
static int runnable(const char *path)
{
	struct stat file;

	if (stat(path, &file) < 0)
		return -errno;
	if (!S_ISREG(file.st_mode))
		return -EACCES;
	return faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) < 0 ? -errno : 0;
}

/* Along PATH. Returns -ENOENT, or what is wrong with the first one that there is. */
static int look_along(const char *folders, const char *name, char **ret_path)
{
	int r = -ENOENT;

	for (const char *at = folders, *end; at; at = *end ? end + 1 : NULL) {
		int here;

		end = strchrnul(at, ':');
		*ret_path = end == at ? mem_printf("./%s", name) :
					mem_printf("%.*s/%s", (int)(end - at), at, name);
		here = runnable(*ret_path);
		if (here == 0)
			return 0;
		mem_freep(ret_path);
		if (r == -ENOENT && here != -ENOTDIR)
			r = here;
	}
	return r;
}

int run_program_find(const char *name, struct run_program *ret_program, struct text *error)
{
	const char *folders = getenv("PATH");
	struct run_program program = { 0 };
	int r;

	if (strchr(name, '/')) {
		program.path = mem_strdup(name);
		r = runnable(name);
	} else if (!*name) {
		r = -ENOENT;
	} else {
		r = look_along(folders ? folders : "/bin:/usr/bin", name, &program.path);
	}
	if (r < 0) {
		bool missing = r == -ENOENT || r == -ENOTDIR;

		mem_freep(&program.path);
		text_printf(error, "%s: %s", name,
			    missing && !strchr(name, '/') ? "not found in PATH" : strerror(-r));
		return missing ? RUN_NOT_FOUND : RUN_NOT_RUNNABLE;
	}
	judge(&program);
	*ret_program = program;
	return 0;
}

void run_program_free(struct run_program *program)
{
	mem_freep(&program->path);
	text_free(&program->obstacle);
}

/* Of a build folder: mhctl is in src/ctl/, the library in preload/. */
static char *library_beside(void)
{
	char itself[PATH_MAX] = { 0 };
	static const char within[] = "/src/ctl/mhctl";
	ssize_t length = readlink(ITSELF, itself, sizeof(itself) - 1);
	size_t tail = sizeof(within) - 1;

	if (length < (ssize_t)tail || strcmp(itself + length - tail, within) != 0)
		return NULL;
	return mem_printf("%.*s/preload/" LIBRARY, (int)(length - (ssize_t)tail), itself);
}

int run_library_find(struct text *ret_path, struct text *error)
{
	const char *named = getenv("MULTIHOME_PRELOAD_LIBRARY");
	AUTO_MEM char *beside = library_beside(), *path = NULL;

	if (named && *named)
		path = realpath(named, NULL);
	else if (beside && access(beside, R_OK) == 0)
		path = realpath(beside, NULL);
	else
		path = mem_strdup(PRELOAD_FOLDER "/" LIBRARY);
	if (!path || access(path, R_OK) < 0) {
		text_printf(error, "%s is not installed: %s", LIBRARY, path ? path : named);
		return -ENOENT;
	}
	/* How the list in LD_PRELOAD is divided. */
	if (strpbrk(path, ": ")) {
		text_printf(error, "a path with a space or colon cannot be preloaded: %s", path);
		return -ENOENT;
	}
	text_puts(ret_path, path);
	return 0;
}
