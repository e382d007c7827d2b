/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/builtin.h"

const char builtin_configuration[] = {
#include "builtin.inc"
};
const size_t builtin_configuration_length = sizeof(builtin_configuration) - 1;
