/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * How a link hears the neighbour solicitations for addresses that it does not have. A group is joined
 * by an address that only serves for it: one of the discard-only prefix 100::/64 (RFC 6666) whose last
 * 24 bits are those of the address that is answered for, so that the kernel joins its solicited-node
 * group and tells the switches (MLD); it is deprecated, so that nothing is sent from it, and has no
 * network. Such an address outlives us, bears our mark, and comes again by itself where the link was
 * down.
 *
 * Rejected: an address of the group itself (IFA_F_MCAUTOJOIN), for once its link was down Linux refuses
 * it for good ("Multicast auto join failed", seen on 6.18: the membership outlives the address);
 * and a socket of ours, whose memberships end with us.
 */
#include "feature/reception.h"

#include "base/mem.h"
#include "host/link_made.h"

#include <linux/if_addr.h>
#include <string.h>

#define GROUP_BITS 24
/* Of an address its group is the last 24 bits; a prefix shorter than this has more than 16 groups. */
#define SHORTEST 124

static size_t count_groups(const struct prefix *prefixes, size_t count)
{
	size_t groups = 0;

	for (size_t i = 0; i < count && groups <= RECEPTION_GROUPS; i++)
		if (prefixes[i].family == AF_INET6)
			groups += prefixes[i].length < SHORTEST ?
					  RECEPTION_GROUPS + 1 :
					  (size_t)1 << (128 - prefixes[i].length);
	return groups;
}

static void join(struct desired *desired, struct place place, uint32_t link,
		 const struct prefix *prefix)
{
	for (unsigned i = 0; i < 1u << (128 - prefix->length); i++) {
		struct host_address address = {
			.link = link,
			.prefix = { AF_INET6, 128, { 0x01, [11] = 0x01, [12] = 0xff } },
			.flags = IFA_F_NODAD | IFA_F_NOPREFIXROUTE | IFA_F_DEPRECATED,
		};
		struct prefix first = prefix_clean(prefix);

		memcpy(address.prefix.bytes + 16 - GROUP_BITS / 8,
		       first.bytes + 16 - GROUP_BITS / 8, GROUP_BITS / 8);
		address.prefix.bytes[15] |= (uint8_t)i;
		desire_object(desired, OBJECT_ADDRESS, place, &address);
	}
}

/* The one that a feature before this one desires. */
static struct host_link *find_desired(const struct desired *desired, uint32_t index)
{
	STATE_EACH(&desired->state, OBJECT_LINK, struct host_link, link)
		if (link->index == index)
			return link;
	return NULL;
}

static void take_all(struct host_link *link)
{
	if (link->allmulti)
		return;
	link->allmulti = 1;
	if (!link_is_made(link)) {
		link->former.known |= LINK_FORMER_ALLMULTI;
		link->former.allmulti = 0;
	}
}

/* A link that nobody else desires is as it was, but for this. */
static void desire_all(struct desired *desired, const struct facts *facts, struct place place,
		       uint32_t index)
{
	const struct host_link *observed = state_link(facts->observed, index);
	struct host_link *link = find_desired(desired, index), after;

	if (link) {
		take_all(link);
		return;
	}
	if (!observed || link_is_made(observed))
		return;
	(void)link_released(observed, &facts->observed->sets[OBJECT_LINK], &after);
	take_all(&after);
	desire_object(desired, OBJECT_LINK, place, &after);
}

void desire_reception(struct desired *desired, const struct facts *facts,
		      const struct reception *reception)
{
	if (count_groups(reception->prefixes, reception->count) > RECEPTION_GROUPS) {
		desire_all(desired, facts, reception->place, reception->link);
		return;
	}
	for (size_t i = 0; i < reception->count; i++)
		if (reception->prefixes[i].family == AF_INET6)
			join(desired, reception->place, reception->link, &reception->prefixes[i]);
}
