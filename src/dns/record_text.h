/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_DNS_RECORD_TEXT_H
#define MH_DNS_RECORD_TEXT_H

#include "base/text.h"

#include <stdint.h>

/*
 * A message for people, in the form in which a zone file has its records: header, question, sections,
 * and what EDNS says. Whatever it holds, only printable characters come out. Returns 0, or -EPROTO with
 * what could be read of a message that is malformed.
 */
int message_text(const uint8_t *message, size_t length, struct text *text);

#endif
