/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_DAEMON_BUILTIN_H
#define MH_DAEMON_BUILTIN_H

#include <stddef.h>

/* The text of builtin.yaml, which "-c builtin" stands for. */
extern const char builtin_configuration[];
extern const size_t builtin_configuration_length;

#endif
