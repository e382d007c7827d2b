/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From the section as it was written to checks as they are done: one for each item, in their order. */
#include "feature/checks/checks.h"
#include "feature/checks/checks_combined.h"

#include <netinet/in.h>
#include <string.h>

#define AT(member) offsetof(struct checks_item, member)
#define LOST_FOR_ONE_BAD 5

static const struct {
	const char *key;
	enum check_kind kind;
} kinds[] = {
	{ "ping", CHECK_PING },	      { "arp", CHECK_ARP },	    { "nd", CHECK_ND },
	{ "tcp", CHECK_TCP },	      { "http", CHECK_HTTP },	    { "dns", CHECK_DNS },
	{ "udp", CHECK_UDP },	      { "script", CHECK_SCRIPT },   { "agent", CHECK_AGENT },
	{ "port", CHECK_PORT },	      { "process", CHECK_PROCESS }, { "file", CHECK_FILE },
	{ "carrier", CHECK_CARRIER }, { "all", CHECK_COMBINED },    { "any", CHECK_COMBINED },
	{ "of", CHECK_COMBINED },
};

static enum check_kind kind_of_item(const struct checks_item *item)
{
	const char *kind = checks_item_kind(item);

	for (size_t i = 0; kind && i < ARRAY_SIZE(kinds); i++)
		if (strcmp(kinds[i].key, kind) == 0)
			return kinds[i].kind;
	/* A mistake, which is told: it is there so that its name is known. */
	return CHECK_COMBINED;
}

static void fill_http(const struct checks_item *item, struct check_spec *spec)
{
	struct check_http *http = &spec->http;
	struct checks_url url;
	AUTO_TEXT error = { 0 };

	*http = (struct check_http){
		.url = item->http,
		.status = item->expect.status.items,
		.status_count = item->expect.status.count,
		.header = item->expect.header,
		.body = item->expect.body,
		.match = item->expect.match,
		.sni = item->sni,
		.method = checks_method_words[item->method],
		.http2 = item->http2,
		.verify = item->verify,
		.redirects = item->redirects,
		.certificate = item->certificate.name ? &item->certificate : NULL,
		.key = item->key.name ? &item->key : NULL,
		.authority = item->authority.name ? &item->authority : NULL,
	};
	if (checks_url_parse(item->http, &url, &error) < 0)
		return;
	spec->port = url.port;
	spec->at = item->at.family ? item->at : url.address;
}

static void fill_dns(const struct checks_dns *dns, struct check_spec *spec)
{
	static const uint16_t types[] = { 1, 28, 2, 6, 16, 15, 33, 12, 5 }; /* of checks_dns_words */

	spec->at = dns->server;
	spec->port = (uint16_t)dns->port;
	spec->query = dns->name;
	spec->type = types[dns->type];
	spec->addresses = dns->expect.items;
	spec->address_count = dns->expect.count;
}

static void fill_udp(const struct checks_udp *udp, struct check_spec *spec)
{
	spec->at = udp->to.address;
	spec->port = udp->to.port;
	spec->send = (struct check_bytes){ udp->send ? udp->send : udp->send_hex, !udp->send };
	spec->answer = (struct check_bytes){ udp->expect ? udp->expect : udp->expect_hex,
					     !udp->expect };
}

static void fill_combined(const struct checks_item *item, struct check_spec *spec)
{
	const struct config_list *members = checks_members(item);

	if (!members)
		return;
	spec->words = members->items;
	spec->word_count = members->count;
	spec->need = item->all.count ? members->count : item->any.count ? 1 : item->of.count;
}

static void fill_endpoint(const struct checks_endpoint *endpoint, struct check_spec *spec)
{
	spec->at = endpoint->address;
	spec->port = endpoint->port;
}

/* What is done. */
static void fill_kind(const struct checks_item *item, struct check_spec *spec)
{
	switch (spec->kind) {
	case CHECK_PING:
		spec->at = item->ping;
		break;
	case CHECK_ARP:
		spec->at = item->arp;
		break;
	case CHECK_ND:
		spec->at = item->nd;
		break;
	case CHECK_TCP:
		fill_endpoint(&item->tcp, spec);
		break;
	case CHECK_HTTP:
		fill_http(item, spec);
		break;
	case CHECK_DNS:
		fill_dns(&item->dns, spec);
		break;
	case CHECK_UDP:
		fill_udp(&item->udp, spec);
		break;
	case CHECK_SCRIPT:
		spec->words = item->script.items;
		spec->word_count = item->script.count;
		break;
	case CHECK_AGENT:
		fill_endpoint(&item->agent, spec);
		break;
	case CHECK_PORT:
		spec->at = item->port.address;
		spec->protocol = item->port.tcp ? IPPROTO_TCP : IPPROTO_UDP;
		spec->port = (uint16_t)(item->port.tcp ? item->port.tcp : item->port.udp);
		break;
	case CHECK_PROCESS:
		spec->path = item->process.pid_file;
		spec->cgroup = item->process.cgroup;
		break;
	case CHECK_FILE:
		spec->path = item->file;
		spec->absent = item->absent;
		break;
	case CHECK_CARRIER:
		spec->link = item->carrier;
		break;
	case CHECK_COMBINED:
		fill_combined(item, spec);
		break;
	}
}

static void fill_rules(const struct checks_item *item, struct check_rules *rules)
{
	*rules = (struct check_rules){
		.rise = item->rise,
		.fall = item->fall,
		.lost = item->lost ? item->lost : item->fall * LOST_FOR_ONE_BAD,
		.hold_ms = item->hold_ms,
		.start = (enum health_state)item->start,
		.when_old = (enum health_old)item->when_old,
	};
	if (!checks_item_given(item, AT(damping)))
		return;
	rules->half_life_ms = item->damping.half_life_ms;
	rules->suppress = item->damping.suppress;
	rules->reuse = item->damping.reuse;
}

void checks_specs(const void *config, struct check_list *list)
{
	const struct config_list *checks = config;
	const struct checks_item *item = checks->items;

	for (unsigned i = 0; i < checks->count; i++, item++) {
		struct check_spec *spec = check_list_add(list, kind_of_item(item), item->name);

		spec->place = item->record.place;
		spec->every_ms = item->every_ms;
		spec->timeout_ms = item->timeout_ms;
		spec->jitter_percent = item->jitter;
		spec->link = item->link;
		spec->source = item->source;
		spec->mark = item->mark;
		fill_rules(item, &spec->rules);
		/* What is seen by events, or follows from others, is as it is seen. */
		if (check_is_local(spec) || spec->kind == CHECK_COMBINED)
			spec->rules.rise = spec->rules.fall = spec->rules.lost = 1;
		fill_kind(item, spec);
	}
}
