/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_BASE_LOG_H
#define MH_BASE_LOG_H

enum log_level { LOG_ERROR, LOG_WARNING, LOG_NOTICE, LOG_DEBUG };

/*
 * One line on standard error: "multihomed: engine: TEXT", with the "<N>" level prefix of
 * sd-daemon(3) when standard error is the journal ($JOURNAL_STREAM).
 */
void log_line(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Who speaks ("engine", "services worker"), and the quietest level that is still written. */
void log_open(const char *speaker, enum log_level quietest);

#define log_error(...) log_line(LOG_ERROR, __VA_ARGS__)
#define log_warning(...) log_line(LOG_WARNING, __VA_ARGS__)
#define log_notice(...) log_line(LOG_NOTICE, __VA_ARGS__)
#define log_debug(...) log_line(LOG_DEBUG, __VA_ARGS__)

#endif
