/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_HOST_DICE_H
#define MH_HOST_DICE_H

#include "host/any.h"
#include "host/kind.h"

/* For tests only: random objects, drawn from few values, so that keys meet and prefixes nest. */
void dice_object(enum object_kind kind, union host_object *ret_object);
struct prefix dice_prefix(void);
/* A number below @sides. */
unsigned dice(unsigned sides);

#endif
