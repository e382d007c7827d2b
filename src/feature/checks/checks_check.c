/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What no check can be: refused with its place and the way out. */
#include "dns/name.h"
#include "feature/checks/checks.h"

#include <ctype.h>
#include <errno.h>
#include <regex.h>
#include <string.h>

#define AT(member) offsetof(struct checks_item, member)
#define PLACE(item, member) config_place(item, checks_fields, AT(member))
#define GIVEN(item, member) checks_item_given(item, AT(member))

/* The keys that say what is done. */
static const struct {
	const char *key;
	size_t offset;
} kinds[] = {
	{ "ping", AT(ping) },	    { "arp", AT(arp) },		{ "nd", AT(nd) },
	{ "tcp", AT(tcp) },	    { "http", AT(http) },	{ "dns", AT(dns) },
	{ "udp", AT(udp) },	    { "script", AT(script) },	{ "agent", AT(agent) },
	{ "port", AT(port) },	    { "process", AT(process) }, { "file", AT(file) },
	{ "carrier", AT(carrier) }, { "all", AT(all) },		{ "any", AT(any) },
	{ "of", AT(of) },
};

/* Kinds that ask over the network; kinds that ask at all. */
#define ROUTED " ping tcp http dns udp agent "
#define OVER_THE_WIRE " arp nd" ROUTED
#define ASKING OVER_THE_WIRE "script "

/* The keys that only some kinds have. */
static const struct {
	const char *key;
	size_t offset;
	const char *kinds;
} belongs[] = {
	{ "every", AT(every_ms), ASKING },
	{ "timeout", AT(timeout_ms), ASKING },
	{ "jitter", AT(jitter), ASKING },
	{ "rise", AT(rise), ASKING },
	{ "fall", AT(fall), ASKING },
	{ "lost", AT(lost), ASKING },
	{ "link", AT(link), OVER_THE_WIRE },
	{ "source", AT(source), OVER_THE_WIRE },
	{ "mark", AT(mark), ROUTED },
	{ "expect", AT(expect), " http " },
	{ "at", AT(at), " http " },
	{ "sni", AT(sni), " http " },
	{ "method", AT(method), " http " },
	{ "client-certificate", AT(certificate), " http " },
	{ "client-key", AT(key), " http " },
	{ "ca", AT(authority), " http " },
	{ "verify", AT(verify), " http " },
	{ "http2", AT(http2), " http " },
	{ "redirects", AT(redirects), " http " },
	{ "absent", AT(absent), " file " },
};

static bool given_in(const void *record, const struct config_field *fields, size_t offset)
{
	const struct config_record *head = record;

	for (size_t i = 0; head->places && fields[i].name; i++)
		if (fields[i].offset == offset)
			return place_known(head->places[i]);
	return false;
}

bool checks_item_given(const struct checks_item *item, size_t offset)
{
	return given_in(item, checks_fields, offset);
}

const char *checks_item_kind(const struct checks_item *item)
{
	const char *kind = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (!checks_item_given(item, kinds[i].offset))
			continue;
		if (kind)
			return NULL;
		kind = kinds[i].key;
	}
	return kind;
}

static const struct config_field *fields_of(size_t offset)
{
	const struct config_field *field = checks_fields;

	while (field->offset != offset)
		field++;
	return field->fields;
}

static void check_one_kind(const struct checks_item *item, struct diags *diags)
{
	const char *first = NULL;
	struct place place = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		struct place here = config_place(item, checks_fields, kinds[i].offset);

		if (!checks_item_given(item, kinds[i].offset))
			continue;
		if (first)
			diag_between(
				diags, here, place, -EINVAL,
				"check '%s' has `%s` and `%s`; make two checks of it, and one of "
				"`all` or `any` of them",
				item->name, first, kinds[i].key);
		first = first ? first : kinds[i].key;
		place = place_known(place) ? place : here;
	}
	if (!first)
		diag_at(diags, item->record.place, -EINVAL,
			"check '%s' does not say what is done; give it one of ping, arp, nd, tcp, "
			"http, "
			"dns, udp, script, agent, port, process, file, carrier, all, any, of",
			item->name);
}

/* "http", or "one of ping, tcp". */
static void kinds_list(const char *list, struct text *text)
{
	const char *separator = "";

	for (const char *at = list + strspn(list, " "); *at; at += strspn(at, " ")) {
		size_t length = strcspn(at, " ");

		text_printf(text, "%s`%.*s`", separator, (int)length, at);
		separator = ", ";
		at += length;
	}
}

static void check_belonging(const struct checks_item *item, const char *kind, struct diags *diags)
{
	AUTO_MEM char *word = mem_printf(" %s ", kind);

	for (size_t i = 0; i < ARRAY_SIZE(belongs); i++) {
		AUTO_TEXT list = { 0 };

		if (!checks_item_given(item, belongs[i].offset) || strstr(belongs[i].kinds, word))
			continue;
		kinds_list(belongs[i].kinds, &list);
		diag_at(diags, config_place(item, checks_fields, belongs[i].offset), -EINVAL,
			"`%s` means nothing for a check by `%s`; it belongs to %s", belongs[i].key,
			kind, text_string(&list));
	}
}

static bool is_group(const struct address *address)
{
	return address->family == AF_INET ? address->bytes[0] >> 4 == 14 || address->bytes[0] == 255 :
					    address->bytes[0] == 0xff;
}

static bool is_link_local(const struct address *address)
{
	return address->family == AF_INET6 && address->bytes[0] == 0xfe &&
	       (address->bytes[1] & 0xc0) == 0x80;
}

/* Whom the check asks, and where that stands in the file. */
static bool target_of(const struct checks_item *item, struct address *ret_address,
		      struct place *ret_place)
{
	static const struct {
		size_t offset, address;
	} targets[] = {
		{ AT(ping), AT(ping) },
		{ AT(arp), AT(arp) },
		{ AT(nd), AT(nd) },
		{ AT(tcp), AT(tcp.address) },
		{ AT(agent), AT(agent.address) },
		{ AT(dns), AT(dns.server) },
		{ AT(udp), AT(udp.to.address) },
		{ AT(at), AT(at) },
	};

	for (size_t i = 0; i < ARRAY_SIZE(targets); i++) {
		const struct address *address =
			(const void *)((const char *)item + targets[i].address);

		if (!checks_item_given(item, targets[i].offset) || !address->family)
			continue;
		*ret_address = *address;
		*ret_place = config_place(item, checks_fields, targets[i].offset);
		return true;
	}
	return false;
}

static void check_target(const struct checks_item *item, struct diags *diags)
{
	char text[ADDRESS_TEXT_SIZE];
	struct address address;
	struct place place;

	if (!target_of(item, &address, &place))
		return;
	address_text(&address, text);
	if (is_group(&address))
		diag_at(diags, place, -EINVAL,
			"%s is a group or a broadcast address, and many would answer; "
			"name one host",
			text);
	if (is_link_local(&address) && !item->link)
		diag_at(diags, place, -EINVAL,
			"%s is on every link (RFC 4007); say which one by `link`", text);
	if (item->source.family && item->source.family != address.family)
		diag_between(diags, PLACE(item, source), place, -EINVAL,
			     "the source is of the other family than %s", text);
}

static void check_neighbour(const struct checks_item *item, struct diags *diags)
{
	bool arp = GIVEN(item, arp), nd = GIVEN(item, nd);

	if (arp && item->arp.family != AF_INET)
		diag_at(diags, PLACE(item, arp), -EINVAL, "ARP is for IPv4; use `nd` for this one");
	if (nd && item->nd.family != AF_INET6)
		diag_at(diags, PLACE(item, nd), -EINVAL,
			"neighbour discovery is for IPv6; use `arp` for this one");
	if ((arp || nd) && !item->link)
		diag_at(diags, arp ? PLACE(item, arp) : PLACE(item, nd), -EINVAL,
			"on which link is the neighbour asked? Say so by `link`");
}

static void check_match(const struct checks_item *item, struct diags *diags)
{
	char why[100];
	regex_t regex;
	int r;

	if (!item->expect.match)
		return;
	r = regcomp(&regex, item->expect.match, REG_EXTENDED | REG_NOSUB);
	if (r == 0) {
		regfree(&regex);
		return;
	}
	regerror(r, &regex, why, sizeof(why));
	diag_at(diags,
		config_place(&item->expect, fields_of(AT(expect)),
			     offsetof(struct checks_expect, match)),
		-EINVAL, "this is no regular expression: %s (regex(7))", why);
}

static void check_certificates(const struct checks_item *item, bool secure, struct diags *diags)
{
	static const struct {
		const char *key;
		size_t offset;
	} keys[] = { { "sni", AT(sni) },
		     { "client-certificate", AT(certificate) },
		     { "client-key", AT(key) },
		     { "ca", AT(authority) },
		     { "verify", AT(verify) } };

	for (size_t i = 0; !secure && i < ARRAY_SIZE(keys); i++)
		if (checks_item_given(item, keys[i].offset))
			diag_at(diags, config_place(item, checks_fields, keys[i].offset), -EINVAL,
				"`%s` is for https; the URL is http", keys[i].key);
	if (GIVEN(item, certificate) != GIVEN(item, key))
		diag_at(diags, GIVEN(item, key) ? PLACE(item, key) : PLACE(item, certificate),
			-EINVAL,
			"a client shows a certificate and proves it by its key: give both, "
			"`client-certificate` and `client-key`");
}

static void check_http(const struct checks_item *item, struct diags *diags)
{
	struct place place = PLACE(item, http);
	struct checks_url url;
	AUTO_TEXT error = { 0 };

	if (!GIVEN(item, http))
		return;
	if (checks_url_parse(item->http, &url, &error) < 0) {
		diag_at(diags, place, -EINVAL, "this URL cannot be asked: %s", text_string(&error));
		return;
	}
	if (!url.address.family && !item->at.family)
		diag_at(diags, place, -EINVAL,
			"checks resolve no names: say by `at: ADDRESS` where '%.*s' is to be asked",
			(int)url.host_length, url.host);
	check_certificates(item, url.secure, diags);
	check_match(item, diags);
	if (item->method && (item->expect.body || item->expect.match))
		diag_at(diags, PLACE(item, method), -EINVAL,
			"an answer to HEAD has no content to be expected; use GET");
}

static void check_dns(const struct checks_item *item, struct diags *diags)
{
	const struct config_field *fields = fields_of(AT(dns));
	const struct address *expected = item->dns.expect.items;
	struct dns_name name;

	if (!GIVEN(item, dns))
		return;
	if (name_parse(item->dns.name, &name) < 0)
		diag_at(diags, config_place(&item->dns, fields, offsetof(struct checks_dns, name)),
			-EINVAL, "this is no domain name (RFC 1035, 2.3.4)");
	for (unsigned i = 0; i < item->dns.expect.count; i++) {
		uint32_t type = expected[i].family == AF_INET ? 0 : 1;

		if (item->dns.type != type)
			diag_at(diags, item->dns.expect.places[i], -EINVAL,
				"an answer of type %s has no such address; ask for type %s",
				checks_dns_words[item->dns.type], checks_dns_words[type]);
	}
}

static void check_hex(const struct checks_udp *udp, const char *hex, size_t offset,
		      struct diags *diags)
{
	size_t length = hex ? strspn(hex, "0123456789abcdefABCDEF") : 0;

	if (hex && (hex[length] || length % 2))
		diag_at(diags, config_place(udp, fields_of(AT(udp)), offset), -EINVAL,
			"these are no pairs of hexadecimal digits, such as \"00ff\"");
}

static void check_udp(const struct checks_item *item, struct diags *diags)
{
	const struct checks_udp *udp = &item->udp;

	if (!GIVEN(item, udp))
		return;
	check_hex(udp, udp->send_hex, offsetof(struct checks_udp, send_hex), diags);
	check_hex(udp, udp->expect_hex, offsetof(struct checks_udp, expect_hex), diags);
	if ((udp->send && udp->send_hex) || (udp->expect && udp->expect_hex))
		diag_at(diags, PLACE(item, udp), -EINVAL,
			"give what is sent, and what is expected, either as text or "
			"as hexadecimal digits");
	if (!udp->send && !udp->send_hex)
		diag_at(diags, PLACE(item, udp), -EINVAL,
			"nothing is sent, and no server answers that; give `send` or `send-hex`");
}

static void check_script(const struct checks_item *item, struct diags *diags)
{
	const char *const *words = item->script.items;

	if (item->script.count && words[0][0] != '/')
		diag_at(diags, item->script.places[0], -EINVAL,
			"'%s' is no path: there is no shell that would look for it; "
			"write it from the root",
			words[0]);
}

static void check_absolute(const char *path, struct place place, struct diags *diags)
{
	if (path && path[0] != '/')
		diag_at(diags, place, -EINVAL,
			"'%s' is relative to nothing; write it from the root", path);
	else if (path && (strstr(path, "/../") || strstr(path, "/./") || strstr(path, "//")))
		diag_at(diags, place, -EINVAL, "write this path without '..', '.' and '//'");
}

static void check_local(const struct checks_item *item, struct diags *diags)
{
	const struct checks_process *process = &item->process;
	bool tcp = item->port.tcp, udp = item->port.udp;

	check_absolute(item->file, PLACE(item, file), diags);
	check_absolute(process->pid_file,
		       config_place(process, fields_of(AT(process)),
				    offsetof(struct checks_process, pid_file)),
		       diags);
	if (GIVEN(item, process) && !process->pid_file == !process->cgroup)
		diag_at(diags, PLACE(item, process), -EINVAL,
			"a process is found by `pid-file` or by `cgroup`; give one of them");
	if (process->cgroup && (process->cgroup[0] == '/' || strstr(process->cgroup, "..")))
		diag_at(diags, PLACE(item, process), -EINVAL,
			"a control group is named from the root of the hierarchy, "
			"without '/' before it");
	if (GIVEN(item, port) && tcp == udp)
		diag_at(diags, PLACE(item, port), -EINVAL,
			"a port is one of `tcp` or of `udp`; give one of them");
	if (!strcmp(item->carrier ? item->carrier : "", "lo"))
		diag_at(diags, PLACE(item, carrier), -EINVAL, "'lo' has no carrier to lose");
}

static void check_of(const struct checks_item *item, struct diags *diags)
{
	if (GIVEN(item, of) && item->of.count > item->of.checks.count)
		diag_at(diags,
			config_place(&item->of, fields_of(AT(of)), offsetof(struct checks_of, count)),
			-EINVAL, "%u of %u checks can never be up", item->of.count,
			item->of.checks.count);
}

static void check_damping(const struct checks_item *item, struct diags *diags)
{
	const struct checks_damping *damping = &item->damping;

	if (GIVEN(item, damping) && damping->reuse >= damping->suppress)
		diag_at(diags, PLACE(item, damping), -EINVAL,
			"`reuse` (%u) must be below `suppress` (%u), or nothing is ever suppressed",
			damping->reuse, damping->suppress);
}

void checks_check(const void *config, struct diags *diags)
{
	const struct config_list *checks = config;
	const struct checks_item *item = checks->items;

	for (unsigned i = 0; i < checks->count; i++, item++) {
		const char *kind = checks_item_kind(item);

		check_one_kind(item, diags);
		if (kind)
			check_belonging(item, kind, diags);
		check_target(item, diags);
		check_neighbour(item, diags);
		check_http(item, diags);
		check_dns(item, diags);
		check_udp(item, diags);
		check_script(item, diags);
		check_local(item, diags);
		check_of(item, diags);
		check_damping(item, diags);
	}
}
