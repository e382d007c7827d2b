/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What `mhctl status links` tells: each link of the file as it is, and how its members fare. */
#include "feature/links/links.h"

#include <jansson.h>
#include <linux/if_bonding.h>
#include <stdio.h>
#include <string.h>

/* Why a member carries no traffic; NULL: it does, or may. */
static const char *member_trouble(const struct host_link *bond, const struct host_link *member)
{
	if (!(member->flags & IFF_UP))
		return "down";
	if (member->port.broken == BOND_LINK_DOWN || !(member->flags & IFF_LOWER_UP))
		return "no carrier";
	if (bond->type != LINK_BOND || bond->bond.mode != BOND_MODE_8023AD)
		return NULL;
	if (!(member->port.partner_state & LACP_STATE_SYNCHRONIZATION))
		return "no LACP partner in sync";
	return member->port.aggregator != bond->bond.aggregator ? "in another aggregator" : NULL;
}

static json_t *members_json(const struct host_link *link, const struct facts *facts)
{
	json_t *list = json_array();

	STATE_EACH(facts->observed, OBJECT_LINK, const struct host_link, member) {
		const char *trouble = member_trouble(link, member);

		if (member->master != link->index)
			continue;
		if (!trouble)
			trouble = link->type == LINK_BOND && member->port.backup ? "waiting" :
										   "carries";
		json_array_append_new(list, json_sprintf("%s %s", member->name, trouble));
	}
	return list;
}

static bool is_zero(const uint8_t mac[6])
{
	static const uint8_t zero[6];

	return !memcmp(mac, zero, sizeof(zero));
}

static const char *state_of(const struct host_link *link)
{
	if (!link)
		return "missing";
	if (!(link->flags & IFF_UP))
		return "down";
	return link->flags & (IFF_LOWER_UP | IFF_LOOPBACK) ? "up" : "no carrier";
}

static json_t *link_json(const struct link_config *config, const struct facts *facts)
{
	const struct host_link *link = facts_link(facts, config->name);
	enum link_type type = link ? (enum link_type)link->type : link_config_type(config);
	json_t *json = json_object();
	char partner[MAC_TEXT_SIZE];

	json_object_set_new(json, "name", json_string(config->name));
	json_object_set_new(json, "type", json_string(link_type_word(type)));
	json_object_set_new(json, "state", json_string(state_of(link)));
	json_object_set_new(json, "ours", json_boolean(link && link->group == HOST_PROTOCOL));
	if (!link)
		return json;
	json_object_set_new(json, "mtu", json_integer(link->mtu));
	if (type == LINK_BOND || type == LINK_VRF || type == LINK_BRIDGE)
		json_object_set_new(json, "members", members_json(link, facts));
	if (type != LINK_BOND || link->bond.mode != BOND_MODE_8023AD)
		return json;
	json_object_set_new(json, "partner",
			    json_string(is_zero(link->bond.partner) ?
						"none" :
						mac_text(link->bond.partner, partner)));
	return json;
}

void links_status(const void *config, const struct facts *facts, const struct counters *counters,
		  struct json_t *status)
{
	const struct config_list *links = config;
	const struct link_config *link = links->items;
	json_t *list = json_array();

	for (unsigned i = 0; i < links->count; i++)
		json_array_append_new(list, link_json(&link[i], facts));
	json_object_set_new(status, "links", list);
}
