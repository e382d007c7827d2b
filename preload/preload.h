/* SPDX-License-Identifier: MIT */
#ifndef PRELOAD_PRELOAD_H
#define PRELOAD_PRELOAD_H

#include <stdbool.h>

/* What the environment asks for: MULTIHOME_PRELOAD=connect,send. Words that are not known are passed over. */
void preload_choose(const char *words);
bool preload_connects(void);
bool preload_sends(void);

#endif
