/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static struct {
	const char *speaker;
	enum log_level quietest;
	bool journal;
} log_state = { .speaker = "multihomed", .quietest = LOG_NOTICE };

void log_open(const char *speaker, enum log_level quietest)
{
	log_state.speaker = speaker;
	log_state.quietest = quietest;
	log_state.journal = getenv("JOURNAL_STREAM") != NULL;
}

void log_line(enum log_level level, const char *format, ...)
{
	static const int journal_levels[] = {
		[LOG_ERROR] = 3, [LOG_WARNING] = 4, [LOG_NOTICE] = 5, [LOG_DEBUG] = 7
	};
	char line[2048];
	int saved = errno, used = 0, more;
	va_list args;

	if (level > log_state.quietest)
		return;
	if (log_state.journal)
		used = snprintf(line, sizeof(line), "<%d>", journal_levels[level]);
	used += snprintf(line + used, sizeof(line) - (size_t)used,
			 "multihomed: %s: ", log_state.speaker);
	va_start(args, format);
	more = vsnprintf(line + used, sizeof(line) - (size_t)used - 1, format, args);
	va_end(args);
	used += more < 0 ? 0 : more;
	if (used > (int)sizeof(line) - 2)
		used = (int)sizeof(line) - 2;
	line[used++] = '\n';
	/*
	 * One write, so that lines of several threads and processes never mix; nothing helps when
	 * it fails.
	 */
	if (write(STDERR_FILENO, line, (size_t)used) < 0)
		saved = errno;
	errno = saved;
}
