/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What may be forwarded, and with which source address it leaves, as rules of our nftables table.
 * Routing alone would be leaky: a route that changes, a redirect, a table that comes first. So the
 * filter says the same once more, and ends with dropping all else.
 */
#include "feature/routing/routing_intents.h"

#include <stdio.h>
#include <string.h>

static struct span span_of(struct config_ports ports)
{
	return ports.first ? (struct span){ ports.first, ports.last + 1u } : (struct span){ 0 };
}

static void name_copy(char into[IFNAMSIZ], const char *name)
{
	if (name)
		snprintf(into, IFNAMSIZ, "%s", name);
}

static void tell_missing(const struct work *work, const char *what, const char *link,
			 struct place place)
{
	if (link && !ways_link(&work->ways, link))
		desire_pending(work->desired, place, "%s waits for link %s, which does not exist",
			       what, link);
}

/* A family alone is a prefix of no length. */
static void narrow(struct host_filter *filter, uint32_t family)
{
	if (family == FAMILY_BOTH || filter->from.family || filter->to.family)
		return;
	filter->from.family = family == FAMILY_IPV4 ? AF_INET : AF_INET6;
}

static void desire_forwarding(struct work *work)
{
	const struct config_list *list = &work->routing->forwarding;
	const struct forward_config *entry = list->items;
	struct host_filter drop = { .chain = FILTER_FORWARD,
				    .order = FORWARD_LAST,
				    .verdict = FILTER_DROP };

	if (!place_known(list->place))
		return;
	for (unsigned i = 0; i < list->count; i++) {
		struct host_filter filter = { .chain = FILTER_FORWARD,
					      .order = i + 1,
					      .verdict = FILTER_ACCEPT,
					      .ip_protocol = entry[i].protocol,
					      .from = entry[i].from,
					      .to = entry[i].to,
					      .sport = span_of(entry[i].sport),
					      .dport = span_of(entry[i].dport) };

		name_copy(filter.in, entry[i].in);
		name_copy(filter.out, entry[i].out);
		narrow(&filter, entry[i].family);
		tell_missing(work, "forwarding", entry[i].in, entry[i].record.place);
		tell_missing(work, "forwarding", entry[i].out, entry[i].record.place);
		desire_object(work->desired, OBJECT_FILTER, entry[i].record.place, &filter);
	}
	desire_object(work->desired, OBJECT_FILTER, list->place, &drop);
}

static void warn_of_source(struct work *work, const struct nat_config *entry)
{
	char text[ADDRESS_TEXT_SIZE];

	if (!entry->to.masquerade && address_equal(&entry->to.first, &entry->to.last) &&
	    !ways_own(&work->ways, &entry->to.first))
		diag_warn(work->desired->diags, ROUTING_PLACE(entry, nat_fields, nat_config, to),
			  "%s is no address of this host, so answers come back only if a router "
			  "sends "
			  "them here",
			  address_text(&entry->to.first, text));
}

static void desire_nat(struct work *work)
{
	const struct nat_config *entry = work->routing->nat.items;
	uint32_t order = 1;

	for (unsigned i = 0; i < work->routing->nat.count; i++) {
		const struct prefix *except = entry[i].except.items;
		struct host_filter filter = { .chain = FILTER_NAT, .from = entry[i].from };

		name_copy(filter.out, entry[i].out);
		tell_missing(work, "a translation", entry[i].out, entry[i].record.place);
		warn_of_source(work, &entry[i]);
		filter.verdict = FILTER_ACCEPT;
		for (unsigned j = 0; j < entry[i].except.count; j++) {
			filter.to = except[j];
			filter.order = order++;
			/* Of two families no packet is. */
			if (filter.from.family && filter.from.family != except[j].family)
				continue;
			desire_object(work->desired, OBJECT_FILTER, entry[i].except.places[j],
				      &filter);
		}
		filter.to = (struct prefix){ 0 };
		filter.order = order++;
		filter.verdict = entry[i].to.masquerade ? FILTER_MASQUERADE : FILTER_SNAT;
		filter.first = entry[i].to.first;
		filter.last = entry[i].to.last;
		desire_object(work->desired, OBJECT_FILTER, entry[i].record.place, &filter);
	}
}

void filter_desire(struct work *work)
{
	desire_forwarding(work);
	desire_nat(work);
}
