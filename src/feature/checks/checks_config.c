/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a check may be, as tables of fields. */
#include "feature/checks/checks.h"

#include "feature/checks/checks_words.h"
#include "feature/checks/checks_work.h"

#define AT(member) offsetof(struct checks_item, member)
#define MEMBERS_MAX 1000
#define MOST_MS 86400000

const char *const checks_dns_words[] = { "A",  "AAAA", "NS",  "SOA",   "TXT",
					 "MX", "SRV",  "PTR", "CNAME", NULL };
const char *const checks_method_words[] = { "GET", "HEAD", NULL };
static const char *const start_words[] = { "unknown", "up", "down", NULL };
static const char *const old_words[] = { "keep", "up", "down", NULL };

static const struct config_field name_item = {
	.name = "check",
	.type = CONFIG_NAME,
	.help = "The name of a check.",
	.example = "web-up",
};

static const struct config_field address_item = {
	.name = "address",
	.type = CONFIG_ADDRESS,
	.help = "An address.",
	.example = "192.0.2.1",
};

static const struct config_field status_item = {
	.name = "status",
	.type = CONFIG_WORD,
	.word = &checks_status_word,
	.help = "A status, or a range of them.",
	.example = "200-299",
};

static const struct config_field argument_item = {
	.name = "argument",
	.type = CONFIG_STRING,
	.max = 4096,
	.help = "The program, or one of its arguments.",
	.example = "/usr/lib/nagios/plugins/check_load",
};

static const struct config_field expect_fields[] = {
	{ "status", CONFIG_LIST, offsetof(struct checks_expect, status), .max = 32, .lone = true,
	  .item = &status_item, .help = "The statuses that are well; 200-399 when not given.",
	  .example = "[200-299, 404]" },
	{ "header", CONFIG_STRING, offsetof(struct checks_expect, header), .min = 1, .max = 1024,
	  .help = "A field that the answer must have: `Name`, or `Name: value` with that value.",
	  .example = "\"Content-Type: application/json\"" },
	{ "body", CONFIG_STRING, offsetof(struct checks_expect, body), .min = 1, .max = 1024,
	  .help = "What the content must hold, within its first 64 KiB.", .example = "ready" },
	{ "match", CONFIG_STRING, offsetof(struct checks_expect, match), .min = 1, .max = 1024,
	  .help = "A POSIX extended regular expression that the content must match, within its "
		  "first 64 KiB.",
	  .example = "\"status: (ok|degraded)\"" },
	{ 0 }
};

static const struct config_field dns_fields[] = {
	{ "server", CONFIG_ADDRESS, offsetof(struct checks_dns, server), .required = true,
	  .help = "The server that is asked.", .example = "192.0.2.53" },
	{ "port", CONFIG_U32, offsetof(struct checks_dns, port), .min = 1, .max = 65535, .def = 53,
	  .help = "Its port.", .example = "5353" },
	{ "name", CONFIG_STRING, offsetof(struct checks_dns, name), .required = true, .min = 1,
	  .max = 1009, .help = "The name asked for.", .example = "www.example.com" },
	{ "type", CONFIG_ENUM, offsetof(struct checks_dns, type), .words = checks_dns_words,
	  .help = "The type asked for.", .example = "AAAA" },
	{ "expect", CONFIG_LIST, offsetof(struct checks_dns, expect), .max = 64, .lone = true,
	  .item = &address_item,
	  .help = "Addresses of which one must be in the answer. Without them an answer without "
		  "error that has a record of the type is well.",
	  .example = "[192.0.2.1]" },
	{ 0 }
};

static const struct config_field udp_fields[] = {
	{ "to", CONFIG_WORD, offsetof(struct checks_udp, to), .required = true,
	  .word = &checks_endpoint_word, .help = "The address and port that is asked.",
	  .example = "192.0.2.1:123" },
	{ "send", CONFIG_STRING, offsetof(struct checks_udp, send), .max = 1400,
	  .help = "What is sent, as text.", .example = "ping" },
	{ "send-hex", CONFIG_STRING, offsetof(struct checks_udp, send_hex), .max = 2800,
	  .help = "The same, as pairs of hexadecimal digits.", .example = "\"e30003fa\"" },
	{ "expect", CONFIG_STRING, offsetof(struct checks_udp, expect), .min = 1, .max = 1400,
	  .help = "What the answer must hold, as text; any answer is well when "
		  "nothing is expected.",
	  .example = "pong" },
	{ "expect-hex", CONFIG_STRING, offsetof(struct checks_udp, expect_hex), .min = 2,
	  .max = 2800, .help = "The same, as pairs of hexadecimal digits.", .example = "\"24\"" },
	{ 0 }
};

static const struct config_field port_fields[] = {
	{ "tcp", CONFIG_U32, offsetof(struct checks_port, tcp), .min = 1, .max = 65535,
	  .help = "A program of this network namespace listens on this TCP "
		  "port.",
	  .example = "80" },
	{ "udp", CONFIG_U32, offsetof(struct checks_port, udp), .min = 1, .max = 65535,
	  .help = "A program has bound this UDP port.", .example = "53" },
	{ "address", CONFIG_ADDRESS, offsetof(struct checks_port, address),
	  .help = "The address that it must be reachable at there: it listens on this one or on "
		  "the "
		  "wildcard.",
	  .example = "127.0.0.1" },
	{ 0 }
};

static const struct config_field process_fields[] = {
	{ "pid-file", CONFIG_STRING, offsetof(struct checks_process, pid_file), .min = 2,
	  .max = 4095, .help = "A file that holds the number of a process, which must live.",
	  .example = "/run/nginx.pid" },
	{ "cgroup", CONFIG_STRING, offsetof(struct checks_process, cgroup), .min = 1, .max = 4095,
	  .help = "A control group, below the root of the hierarchy, in which a process must live.",
	  .example = "system.slice/nginx.service" },
	{ 0 }
};

static const struct config_field of_fields[] = {
	{ "count", CONFIG_U32, offsetof(struct checks_of, count), .required = true, .min = 1,
	  .max = MEMBERS_MAX, .help = "How many of them must be up.", .example = "2" },
	{ "checks", CONFIG_LIST, offsetof(struct checks_of, checks), .required = true, .min = 1,
	  .max = MEMBERS_MAX, .item = &name_item, .help = "The names of checks.",
	  .example = "[web-up, gw-janet, disk]" },
	{ 0 }
};

static const struct config_field damping_fields[] = {
	{ "half-life", CONFIG_DURATION, offsetof(struct checks_damping, half_life_ms), .min = 1000,
	  .max = MOST_MS, .def = 60000,
	  .help = "After this time the penalty has halved. Each time that a "
		  "check goes down costs 1000.",
	  .example = "5m" },
	{ "suppress", CONFIG_U32, offsetof(struct checks_damping, suppress), .min = 1000,
	  .max = 1000000, .def = 2500,
	  .help = "Above this penalty the check stays down. The penalty never "
		  "exceeds four times this.",
	  .example = "4000" },
	{ "reuse", CONFIG_U32, offsetof(struct checks_damping, reuse), .min = 1, .max = 1000000,
	  .def = 800, .help = "Below this penalty the check may be up again.", .example = "1000" },
	{ 0 }
};

#define CERTIFICATES (1 << 20)

const struct config_field checks_fields[] = {
	{ "name", CONFIG_NAME, AT(name), .required = true, .help = "The name of the check.",
	  .example = "web-up" },
	{ "ping", CONFIG_ADDRESS, AT(ping),
	  .help = "The address answers an echo request (ICMP, RFC 792; ICMPv6, RFC 4443).",
	  .example = "192.168.120.6" },
	{ "arp", CONFIG_ADDRESS, AT(arp),
	  .help = "The IPv4 address answers an ARP request (RFC 826) on `link`.",
	  .example = "192.168.120.6" },
	{ "nd", CONFIG_ADDRESS, AT(nd),
	  .help = "The IPv6 address answers a neighbour solicitation (RFC 4861) on `link`.",
	  .example = "fe80::1" },
	{ "tcp", CONFIG_WORD, AT(tcp), .word = &checks_endpoint_word,
	  .help = "A TCP connection can be made; it is reset at once.", .example = "192.0.2.1:25" },
	{ "http", CONFIG_STRING, AT(http), .min = 1, .max = 2048,
	  .help = "A request of this URL, http or https, is answered as `expect` says. The host is "
		  "an "
		  "address, or a name together with `at`: no names are resolved.",
	  .example = "\"http://127.0.0.1/healthz\"" },
	{ "dns", CONFIG_RECORD, AT(dns), .fields = dns_fields, .size = sizeof(struct checks_dns),
	  .help = "A name server answers.",
	  .example = "{ server: 192.0.2.53, name: "
		     "example.com }" },
	{ "udp", CONFIG_RECORD, AT(udp), .fields = udp_fields, .size = sizeof(struct checks_udp),
	  .help = "A datagram is answered.", .example = "{ to: \"192.0.2.1:7\", send: hello }" },
	{ "script", CONFIG_LIST, AT(script), .min = 1, .max = 64, .item = &argument_item,
	  .help = "A program ends with status 0. It is run without a shell, as the user "
		  "`multihomed`, "
		  "with a clean environment, and is killed with all that it started when `timeout` "
		  "is "
		  "over. The first line that it writes is shown as the reason.",
	  .example = "[/usr/local/bin/check-queue, \"--max\", \"100\"]" },
	{ "agent", CONFIG_WORD, AT(agent), .word = &checks_endpoint_word,
	  .help = "An agent tells by one line over TCP, as HAProxy's agent-check has it: up, down, "
		  "drain, maint, ready, stopped, fail, or a weight in percent.",
	  .example = "192.0.2.1:5555" },
	{ "port", CONFIG_RECORD, AT(port), .fields = port_fields, .size = sizeof(struct checks_port),
	  .help = "A program of this host listens. That is seen at once, without asking.",
	  .example = "{ tcp: 80 }" },
	{ "process", CONFIG_RECORD, AT(process), .fields = process_fields,
	  .size = sizeof(struct checks_process),
	  .help = "A process of this host lives. That is seen at once, without asking.",
	  .example = "{ cgroup: system.slice/nginx.service }" },
	{ "file", CONFIG_STRING, AT(file), .min = 2, .max = 4095,
	  .help = "A file is there. That is seen at once, without asking.",
	  .example = "/run/maintenance" },
	{ "carrier", CONFIG_IFNAME, AT(carrier), .help = "A link has its carrier and is up.",
	  .example = "eth0" },
	{ "all", CONFIG_LIST, AT(all), .min = 1, .max = MEMBERS_MAX, .item = &name_item,
	  .help = "All of these checks are up.", .example = "[web-up, gw-janet]" },
	{ "any", CONFIG_LIST, AT(any), .min = 1, .max = MEMBERS_MAX, .item = &name_item,
	  .help = "At least one of these checks is up.", .example = "[gw-janet, gw-other]" },
	{ "of", CONFIG_RECORD, AT(of), .fields = of_fields, .size = sizeof(struct checks_of),
	  .help = "At least so many of these checks are up.",
	  .example = "{ count: 2, checks: [web-1, web-2, web-3] }" },
	{ "every", CONFIG_DURATION, AT(every_ms), .min = 10, .max = MOST_MS, .def = 2000,
	  .help = "How often it is asked. While the last results speak against the state it is "
		  "asked "
		  "eight times as often.",
	  .example = "500ms" },
	{ "timeout", CONFIG_DURATION, AT(timeout_ms), .min = 1, .max = 60000, .def = 1000,
	  .help = "How long an answer may take.", .example = "300ms" },
	{ "jitter", CONFIG_U32, AT(jitter), .max = 50, .def = 10,
	  .help = "Each interval is longer or shorter by up to so many percent, at random, so that "
		  "checks of many hosts do not fall into step.",
	  .example = "25" },
	{ "rise", CONFIG_U32, AT(rise), .min = 1, .max = 1000, .def = 2,
	  .help = "So many good results in a row bring it up. The very first one is enough.",
	  .example = "3" },
	{ "fall", CONFIG_U32, AT(fall), .min = 1, .max = 1000, .def = 3,
	  .help = "So many bad results in a row bring it down: refusals, wrong answers.",
	  .example = "2" },
	{ "lost", CONFIG_U32, AT(lost), .min = 1, .max = 10000,
	  .help = "So many probes in a row without any answer bring it down; five times `fall` "
		  "when "
		  "not given. A path that loses three packets in ten loses fifteen in a row once "
		  "in "
		  "years.",
	  .example = "4" },
	{ "hold-down", CONFIG_DURATION, AT(hold_ms), .max = MOST_MS,
	  .help = "What was down must be well for so long, without interruption, before it is up.",
	  .example = "30s" },
	{ "damping", CONFIG_RECORD, AT(damping), .fields = damping_fields,
	  .size = sizeof(struct checks_damping),
	  .help = "What goes up and down too often stays down until it has calmed (as RFC 2439 "
		  "does "
		  "for routes). Off unless given; `{}` turns it on.",
	  .example = "{ half-life: 5m }" },
	{ "start", CONFIG_ENUM, AT(start), .words = start_words,
	  .help = "What it counts as while nothing is known: as down when "
		  "unknown.",
	  .example = "up" },
	{ "when-old", CONFIG_ENUM, AT(when_old), .words = old_words,
	  .help = "What it counts as when the process that checks has "
		  "died, until the next one knows.",
	  .example = "down" },
	{ "link", CONFIG_IFNAME, AT(link), .help = "The link that probes leave by.",
	  .example = "bond1" },
	{ "source", CONFIG_ADDRESS, AT(source), .help = "The address that probes come from.",
	  .example = "192.168.120.5" },
	{ "mark", CONFIG_WORD, AT(mark), .word = &checks_mark_word,
	  .help = "The mark that probes bear, for rules of `routing` to see.", .example = "0x10" },
	{ "expect", CONFIG_RECORD, AT(expect), .fields = expect_fields,
	  .size = sizeof(struct checks_expect), .help = "What the answer to `http` must be.",
	  .example = "{ status: 200-299, body: ready }" },
	{ "at", CONFIG_ADDRESS, AT(at),
	  .help = "The address that is connected to instead of the host of the URL, which still "
		  "goes "
		  "into the request and the certificate's check.",
	  .example = "192.0.2.1" },
	{ "sni", CONFIG_STRING, AT(sni), .min = 1, .max = 253,
	  .help = "The name that the server's certificate is asked and checked for, if not the "
		  "host of "
		  "the URL.",
	  .example = "www.example.com" },
	{ "method", CONFIG_ENUM, AT(method), .words = checks_method_words,
	  .help = "The method of the request.", .example = "HEAD" },
	{ "client-certificate", CONFIG_FILE, AT(certificate), .max = CERTIFICATES,
	  .help = "A file with the certificate (PEM) that is shown to the server.",
	  .example = "client.pem" },
	{ "client-key", CONFIG_FILE, AT(key), .max = CERTIFICATES,
	  .help = "A file with its key (PEM).", .example = "client.key" },
	{ "ca", CONFIG_FILE, AT(authority), .max = 16 << 20,
	  .help = "A file with the authorities (PEM) that are trusted, instead of the system's.",
	  .example = "ca.pem" },
	{ "verify", CONFIG_BOOL, AT(verify), .def = true,
	  .help = "Whether the server's certificate must be good.", .example = "no" },
	{ "http2", CONFIG_BOOL, AT(http2),
	  .help = "Whether HTTP/2 is asked "
		  "for.",
	  .example = "yes" },
	{ "redirects", CONFIG_BOOL, AT(redirects),
	  .help = "Whether redirections to the same host are followed, five at most.",
	  .example = "yes" },
	{ "absent", CONFIG_BOOL, AT(absent), .help = "Whether `file` must be missing, instead.",
	  .example = "yes" },
	{ 0 }
};

static const struct config_field checks_item = {
	.name = "check",
	.type = CONFIG_RECORD,
	.fields = checks_fields,
	.size = sizeof(struct checks_item),
	.help = "One check: exactly one of the keys from `ping` to `of` says what is done.",
};

static const struct config_field checks_root = {
	.name = "checks",
	.type = CONFIG_MAP,
	.max = CHECKS_MAX,
	.item = &checks_item,
	.help = "Health checks, by name. Other features depend on them; by themselves they change "
		"nothing.",
	.example = "{ web-up: { http: \"http://127.0.0.1/healthz\", every: 2s } }",
};

const struct feature checks_feature = {
	.name = "checks",
	.root = &checks_root,
	.check = checks_check,
	.check_together = checks_check_together,
	.checks = checks_specs,
	.status = checks_status,
	.status_anyway = true,
	.worker = &checks_worker,
};
