/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Any bytes as a message that `mhctl dns query` shows: it is shown or malformed, and nothing but
 * printable text comes out.
 */
#include "dns/record_text.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	AUTO_TEXT text = { 0 };

	(void)message_text(bytes, size, &text);
	for (size_t i = 0; i < text.length; i++)
		if (text.data[i] != '\n' && (text.data[i] < ' ' || text.data[i] > '~'))
			abort();
	return 0;
}
