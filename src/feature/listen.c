/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "feature/listen.h"

#include "base/mem.h"

const char *listen_wrong(const struct prefix *on)
{
	static const char *const reasons[][2] = {
		{ "224.0.0.0/4",
		  "groups are joined, not listened on (RFC 5771); name a unicast address or "
		  "prefix" },
		{ "ff00::/8",
		  "groups are joined, not listened on (RFC 4291, 2.7); name a unicast address or "
		  "prefix" },
		{ "255.255.255.255/32",
		  "it is the broadcast address (RFC 919); name a unicast address or prefix" },
		{ "::ffff:0:0/96",
		  "IPv4-mapped addresses never travel (RFC 4291, 2.5.5.2); write the IPv4 "
		  "address" },
	};
	struct prefix wrong;

	for (size_t i = 0; i < ARRAY_SIZE(reasons); i++)
		if (prefix_parse(reasons[i][0], &wrong) == 0 && prefix_covers(&wrong, on))
			return reasons[i][1];
	return NULL;
}

const char *listen_text(const struct prefix *on, char buffer[ADDRESS_TEXT_SIZE])
{
	struct address address = prefix_address(on);

	return on->length == address_bits(on->family) ? address_text(&address, buffer) :
							prefix_text(on, buffer);
}

struct prefix listen_wildcard_or(const struct prefix *listen)
{
	struct address address = prefix_address(listen);
	struct prefix on = *listen;

	if (address_is_unspecified(&address))
		on.length = 0;
	return on;
}

bool listen_needs_wildcard(const struct prefix *on)
{
	struct address address = prefix_address(on);

	return on->length < address_bits(on->family) ||
	       (on->family == AF_INET6 && address_is_link_local(&address));
}
