/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The fields of `dns`, and the scalars that they are made of. */
#include "feature/dns/dns_value.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FIELDS(name, record) .fields = dns_##name##_fields, .size = sizeof(struct record)
#define RECORD(name, record) .type = CONFIG_RECORD, FIELDS(name, record)

#define DNS_PORT 53
#define ZONE_FILE_MAX (512u << 20)
#define COOKIE_FILE_MAX 1024

const char *const dns_down_words[] = { "peers", "refused", "servfail", "nodata", "silent", NULL };
const char *const dns_key_words[] = { "hmac-sha1", "hmac-sha256", "hmac-sha512", NULL };
static const char *const fail_words[] = { "open", "closed", NULL };

static int own_parse(const char *text, void *ret_value, struct text *ret_error)
{
	struct dns_own *own = ret_value;

	own->asked = !strcmp(text, "asked");
	return own->asked ? 0 : address_parse(text, &own->address);
}

static void own_print(const void *value, struct text *text)
{
	const struct dns_own *own = value;
	char buffer[ADDRESS_TEXT_SIZE];

	text_puts(text, own->asked ? "asked" : address_text(&own->address, buffer));
}

static const struct config_word own_word = {
	sizeof(struct dns_own), own_parse, own_print, "an address or asked", "addresses, or asked",
	" such as 192.0.2.1",
};

/* The port behind the last colon of "A.B.C.D:PORT" or "[A:B::C]:PORT"; cuts it off. */
static int port_split(char *text, uint16_t *ret_port)
{
	char *colon = strrchr(text, ':'), *end;
	unsigned long port;

	*ret_port = DNS_PORT;
	if (text[0] != '[' && (!colon || strchr(text, ':') != colon))
		return 0;
	if (text[0] == '[' && (!colon || colon == text || colon[-1] != ']'))
		return -EINVAL;
	port = isdigit((unsigned char)colon[1]) ? strtoul(colon + 1, &end, 10) : 0;
	if (!port || *end || port > UINT16_MAX)
		return -EINVAL;
	*ret_port = (uint16_t)port;
	*colon = '\0';
	if (text[0] == '[')
		colon[-1] = '\0';
	return 0;
}

static int endpoint_parse(const char *text, void *ret_value, struct text *ret_error)
{
	AUTO_MEM char *copy = mem_strdup(text);
	struct dns_endpoint *endpoint = ret_value;

	if (port_split(copy, &endpoint->port) < 0)
		return -EINVAL;
	return address_parse(copy[0] == '[' ? copy + 1 : copy, &endpoint->address);
}

static void endpoint_print(const void *value, struct text *text)
{
	const struct dns_endpoint *endpoint = value;
	char buffer[ADDRESS_TEXT_SIZE];

	address_text(&endpoint->address, buffer);
	if (endpoint->port == DNS_PORT)
		text_puts(text, buffer);
	else
		text_printf(text, endpoint->address.family == AF_INET ? "%s:%u" : "[%s]:%u", buffer,
			    endpoint->port);
}

static const struct config_word endpoint_word = {
	sizeof(struct dns_endpoint),
	endpoint_parse,
	endpoint_print,
	"an address or ADDRESS:PORT",
	"addresses, or ADDRESS:PORT",
	" such as 192.0.2.1, 192.0.2.1:5300 or \"[2001:db8::1]:5300\"",
};

#define AT(member) offsetof(struct dns_peer, member)
static const struct config_field address_item = {
	.name = "address",
	.type = CONFIG_ADDRESS,
	.help = "An address.",
	.example = "198.51.100.1",
};

const struct config_field dns_peer_fields[] = {
	{ "name", CONFIG_NAME, AT(name), .required = true,
	  .help = "What the peer is called, for status and log.", .example = "chicago" },
	{ "server", CONFIG_WORD, AT(server), .word = &endpoint_word, .required = true,
	  .help = "The address at which the peer's name server answers, and its port unless it is "
		  "53. It "
		  "is asked for the name all the time: while it answers with one of its own "
		  "`addresses`, the peer is well.",
	  .example = "198.51.100.1" },
	{ "addresses", CONFIG_LIST, AT(addresses), .item = &address_item, .max = 16,
	  .help = "The addresses of the peer's service. Without them, that of its name server.",
	  .example = "[198.51.100.1, \"2001:db8:2::1\"]" },
	{ "every", CONFIG_DURATION, AT(every_ms), .min = 100, .max = 3600000, .def = 1000,
	  .help = "How often the peer is asked.", .example = "2s" },
	{ 0 }
};
#undef AT

static const struct config_field peer_item = {
	RECORD(peer, dns_peer),
	.name = "peer",
	.help = "One peer.",
};

static const struct config_field own_item = {
	.name = "address",
	.type = CONFIG_WORD,
	.word = &own_word,
	.help = "An address, or asked.",
	.example = "192.0.2.1",
};

static const struct config_field down_item = {
	.name = "answer",
	.type = CONFIG_ENUM,
	.words = dns_down_words,
	.help = "An answer.",
	.example = "refused",
};

#define AT(member) offsetof(struct dns_self, member)
const struct config_field dns_self_fields[] = {
	{ "ttl", CONFIG_DURATION, AT(ttl_ms), .max = 7 * 86400000u, .def = 300000,
	  .help = "How long resolvers may keep the addresses: so long do clients come here after "
		  "the "
		  "service is gone.",
	  .example = "5m" },
	{ "addresses", CONFIG_LIST, AT(addresses), .lone = true, .item = &own_item, .max = 16,
	  .help = "The addresses of this server, told instead of those in the zone file; or "
		  "`asked`: "
		  "the very address that the question was sent to. A question for the other family "
		  "than that of all addresses is answered with no data. Without this key and "
		  "`link` it is the address asked.",
	  .example = "[192.0.2.1, \"2001:db8::1\"]" },
	{ "link", CONFIG_IFNAME, AT(link),
	  .help = "The addresses of this link, as they come and go, instead of `addresses`. "
		  "Link-local, deprecated and tentative ones are left out.",
	  .example = "eth0" },
	{ "check", CONFIG_NAME, AT(check),
	  .help = "The check, by its name in `checks`, that says whether the service is well. "
		  "Without it, it always is.",
	  .example = "web-up" },
	{ "when-down", CONFIG_LIST, AT(when_down), .lone = true, .item = &down_item, .max = 5,
	  .help = "What is answered while the check is down, the first that is possible: the "
		  "addresses "
		  "of the first of the `peers` that is well, or `refused`, `servfail`, `nodata`, "
		  "which have resolvers ask another name server at once, or `silent`: no answer at "
		  "all, "
		  "for which resolvers wait a second and keep away for long. By default [peers, "
		  "refused].",
	  .example = "[peers, refused]" },
	{ "peers", CONFIG_LIST, AT(peers), .item = &peer_item, .max = 64,
	  .help = "Other servers of the same name, the nearest first.",
	  .example = "[{ name: chicago, server: 198.51.100.1 }]" },
	{ "fail", CONFIG_ENUM, AT(fail), .words = fail_words, .def = DNS_FAIL_OPEN,
	  .help = "What happens when `when-down` says `peers` and all of them are down, too: "
		  "`open` "
		  "answers with this server's own addresses, since all may be better than they "
		  "seem, and says so by an extended error (Not Ready); `closed` goes on to what "
		  "follows in `when-down`.",
	  .example = "closed" },
	{ 0 }
};
#undef AT

#define AT(member) offsetof(struct dns_self_name, member)
const struct config_field dns_self_name_fields[] = {
	{ "name", CONFIG_NAME, AT(name),
	  .help = "A name within the zone, relative to it unless it ends with a dot.",
	  .example = "www" },
	{ "self", CONFIG_RECORD, AT(self), FIELDS(self, dns_self), .required = true,
	  .help = "How it is answered with addresses of this server's own." },
	{ 0 }
};
#undef AT

static const struct config_field name_item = { RECORD(self_name, dns_self_name), .name = "name",
					       .help = "One name." };

#define AT(member) offsetof(struct dns_transfer, member)
const struct config_field dns_transfer_fields[] = {
	{ "from", CONFIG_NET, AT(from), .help = "From these addresses; without it, from any.",
	  .example = "198.51.100.0/24" },
	{ "key", CONFIG_NAME, AT(key), .help = "Only when signed with this one of the `keys`.",
	  .example = "transfer" },
	{ 0 }
};
#undef AT

static const struct config_field transfer_item = {
	RECORD(transfer, dns_transfer),
	.name = "transfer",
	.help = "Who may. All that is said must hold.",
};

static const struct config_field notify_item = {
	.name = "address",
	.type = CONFIG_WORD,
	.word = &endpoint_word,
	.help = "An address, and a port unless it is 53.",
	.example = "198.51.100.7",
};

#define AT(member) offsetof(struct dns_zone, member)
const struct config_field dns_zone_fields[] = {
	{ "name", CONFIG_STRING, AT(name), .required = true, .min = 1, .max = NAME_TEXT_SIZE - 1,
	  .help = "The name of the zone.", .example = "www.example.com" },
	{ "file", CONFIG_FILE, AT(file), .required = true, .max = ZONE_FILE_MAX,
	  .includes = dns_zone_includes,
	  .help = "Its zone file (RFC 1035, section 5). `mhctl check` tells what is wrong in it.",
	  .example = "www.example.com.zone" },
	{ "self", CONFIG_RECORD, AT(self), FIELDS(self, dns_self),
	  .help = "The name of the zone itself is answered with addresses of this server's own.",
	  .example = "{ addresses: [192.0.2.1], check: web-up }" },
	{ "names", CONFIG_MAP, AT(names), .item = &name_item, .max = 10000,
	  .help = "The same for other names of the zone. They need not be in the zone file." },
	{ "allow-transfer", CONFIG_LIST, AT(transfers), .item = &transfer_item, .max = 256,
	  .help = "Who may have the whole zone transferred (AXFR, RFC 5936). Nobody by default.",
	  .example = "[{ from: 198.51.100.7, key: transfer }]" },
	{ "notify", CONFIG_LIST, AT(notify), .item = &notify_item, .max = 256,
	  .help = "Name servers that are told when the serial of the zone has changed (RFC 1996).",
	  .example = "[198.51.100.7]" },
	{ "notify-key", CONFIG_NAME, AT(notify_key),
	  .help = "The one of the `keys` that this is signed with.", .example = "transfer" },
	{ 0 }
};
#undef AT

#define AT(member) offsetof(struct dns_key, member)
const struct config_field dns_key_fields[] = {
	{ "name", CONFIG_NAME, AT(name), .help = "The name of the key, on both sides.",
	  .example = "transfer" },
	{ "algorithm", CONFIG_ENUM, AT(algorithm), .words = dns_key_words, .def = 1,
	  .help = "How messages are signed (RFC 8945).", .example = "hmac-sha512" },
	{ "secret", CONFIG_STRING, AT(secret), .required = true, .min = 4, .max = 512,
	  .help = "The shared secret in base64, as tsig-keygen and keymgr print it.",
	  .example = "c2VjcmV0IHNlY3JldCBzZWNyZXQhIQ==" },
	{ 0 }
};
#undef AT

#define AT(member) offsetof(struct dns_rate_limit, member)
static const struct config_field dns_rate_limit_fields[] = {
	{ "per-second", CONFIG_U32, AT(per_second), .min = 1, .max = 1000000, .def = 100,
	  .help = "So many answers alike a second to one client network.", .example = "50" },
	{ "slip", CONFIG_U32, AT(slip), .max = 100, .def = 2,
	  .help = "Of the answers beyond that, one in so many is sent truncated, so that who is "
		  "honest comes back by TCP; 0 = none.",
	  .example = "2" },
	{ 0 }
};
#undef AT

#define AT(member) offsetof(struct dns_cookies, member)
const struct config_field dns_cookies_fields[] = {
	{ "secret-file", CONFIG_FILE, AT(secrets), .required = true, .max = COOKIE_FILE_MAX,
	  .help = "A file with the secret of server cookies, 32 hexadecimal digits, and on a "
		  "second "
		  "line a former one that is still taken. Servers that share an address share it. "
		  "Without it, a secret is drawn at the start.",
	  .example = "cookie.secret" },
	{ 0 }
};
#undef AT

#define AT(member) offsetof(struct dns_log, member)
const struct config_field dns_log_fields[] = {
	{ "file", CONFIG_STRING, AT(file), .required = true, .min = 2, .max = 4095,
	  .help = "Where to, a JSON object a line. It is opened anew with every apply "
		  "and `mhctl dns reload`.",
	  .example = "/var/log/multihomed/dns.jsonl" },
	{ "sample", CONFIG_U32, AT(sample), .min = 1, .max = 1000000000, .def = 1,
	  .help = "One query in so many.", .example = "100" },
	{ "addresses", CONFIG_BOOL, AT(addresses),
	  .help = "Only which address was asked for which name and type: for measurements in which "
		  "each "
		  "name leads to an address of its own. Otherwise also who asked and what came of "
		  "it.",
	  .example = "true" },
	{ "max-rate", CONFIG_U32, AT(max_rate), .max = 1000000000, .def = 10000,
	  .help = "The most lines a second; those dropped are counted. 0 = as many as there are.",
	  .example = "1000" },
	{ 0 }
};
#undef AT

#define AT(member) offsetof(struct dns_tcp, member)
static const struct config_field dns_tcp_fields[] = {
	{ "idle", CONFIG_DURATION, AT(idle_ms), .min = 1000, .max = 6553500, .def = 10000,
	  .help = "A connection on which nothing moves for so long is closed; clients are told by "
		  "edns-tcp-keepalive (RFC 7828).",
	  .example = "30s" },
	{ "max-connections", CONFIG_U32, AT(max_connections), .min = 1, .max = 1000000,
	  .def = 10000, .help = "The most connections at a time.", .example = "20000" },
	{ "per-client", CONFIG_U32, AT(per_client), .min = 1, .max = 1000000, .def = 1000,
	  .help = "The most of one client address.", .example = "100" },
	{ 0 }
};
#undef AT

static const struct config_field listen_item = {
	.name = "listen",
	.type = CONFIG_NET,
	.help = "An address, a prefix, or the wildcard.",
	.example = "2001:db8:1:1::/64",
};
static const struct config_field zone_item = { RECORD(zone, dns_zone), .name = "zone",
					       .help = "One zone." };
static const struct config_field key_item = { RECORD(key, dns_key), .name = "key",
					      .help = "One key." };

#define AT(member) offsetof(struct dns_config, member)
const struct config_field dns_fields[] = {
	{ "listen", CONFIG_LIST, AT(listen), .required = true, .min = 1, .max = DNS_MAX_LISTEN,
	  .item = &listen_item,
	  .help = "Addresses and prefixes that are asked, over UDP and TCP; the answer comes from "
		  "the "
		  "address asked. 0.0.0.0 and :: mean every address of this host.",
	  .example = "[192.0.2.1, \"2001:db8:1:1::/64\"]" },
	{ "port", CONFIG_U32, AT(port), .min = 1, .max = 65535, .def = DNS_PORT,
	  .help = "The port.", .example = "5300" },
	{ "nsid", CONFIG_STRING, AT(nsid), .min = 1, .max = 128,
	  .help = "Tells who asks for it which server answered (RFC 5001).", .example = "auckland" },
	{ "identity", CONFIG_STRING, AT(identity), .min = 1, .max = 255,
	  .help = "The answer to id.server and hostname.bind (RFC 4892); without it "
		  "they are refused.",
	  .example = "auckland" },
	{ "udp-size", CONFIG_U32, AT(udp_size), .min = 512, .max = 4096, .def = 1232,
	  .help = "The largest answer over UDP, in bytes; 1232 fits through everywhere "
		  "unfragmented "
		  "(RFC 9715).",
	  .example = "1400" },
	{ "zones", CONFIG_LIST, AT(zones), .item = &zone_item, .max = 100000,
	  .help = "What is answered." },
	{ "keys", CONFIG_MAP, AT(keys), .item = &key_item, .max = 1024,
	  .help = "Keys for transactions between name servers (TSIG).",
	  .example = "{ transfer: { secret: c2VjcmV0IHNlY3JldCBzZWNyZXQhIQ== } }" },
	{ "rate-limit", CONFIG_RECORD, AT(rate_limit), FIELDS(rate_limit, dns_rate_limit),
	  .help = "Limits answers alike to one network, so that this server is no good for "
		  "flooding "
		  "others with; off by default. Who shows a valid cookie or comes by TCP is never "
		  "limited.",
	  .example = "{ per-second: 50 }" },
	{ "cookies", CONFIG_RECORD, AT(cookies), FIELDS(cookies, dns_cookies),
	  .help = "Cookies (RFC 7873, 9018) are always answered; this is about their secret." },
	{ "log", CONFIG_RECORD, AT(log), FIELDS(log, dns_log),
	  .help = "Queries are logged; off by default.",
	  .example = "{ file: /var/log/multihomed/dns.jsonl, sample: 100 }" },
	{ "tcp", CONFIG_RECORD, AT(tcp), FIELDS(tcp, dns_tcp), .help = "Bounds of TCP." },
	{ 0 }
};
#undef AT

static const struct config_field dns_root = {
	.name = "dns",
	.type = CONFIG_RECORD,
	.fields = dns_fields,
	.size = sizeof(struct dns_config),
	.help = "An authoritative name server, which answers from the address asked, also on whole "
		"prefixes. Names may be answered with this server's own addresses while its "
		"service "
		"is well, so that resolvers' preference for the nearest name server leads clients "
		"to the nearest live server.",
	.example =
		"{ listen: [192.0.2.1], zones: [{ name: example.com, file: example.com.zone }] }",
};

const struct feature dns_feature = {
	.name = "dns",
	.root = &dns_root,
	.check = dns_check,
	.check_together = dns_check_together,
	.checks = dns_checks,
	.desire = dns_desire,
	.status = dns_status,
	.files = dns_files,
	.worker = &dns_worker,
};
