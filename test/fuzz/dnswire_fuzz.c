/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the worker of `dns` reads of the engine; the first byte chooses between its orders and the
 * names with addresses of this server's own. What is read and written again reads the same.
 */
#include "feature/dns/dns_wire.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void require(bool truth)
{
	if (!truth)
		abort();
}

static void fuzz_orders(const uint8_t *bytes, size_t size)
{
	struct dns_orders orders, again;
	AUTO_TEXT written = { 0 };
	AUTO_TEXT rewritten = { 0 };

	if (dns_orders_read(bytes, size, &orders) < 0)
		return;
	dns_orders_put(&orders, &written);
	require(dns_orders_read(written.data, written.length, &again) == 0);
	dns_orders_put(&again, &rewritten);
	require(written.length == rewritten.length &&
		!memcmp(written.data, rewritten.data, written.length));
	dns_orders_free(&again);
	dns_orders_free(&orders);
}

static void fuzz_selves(const uint8_t *bytes, size_t size)
{
	struct dns_self_orders orders;
	AUTO_TEXT written = { 0 };

	if (dns_selves_read(bytes, size, &orders) < 0)
		return;
	dns_selves_put(&orders, &written);
	require(written.length == size && !memcmp(written.data, bytes, size));
	dns_selves_free(&orders);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	if (size && bytes[0] % 2)
		fuzz_selves(bytes + 1, size - 1);
	else if (size)
		fuzz_orders(bytes + 1, size - 1);
	return 0;
}
