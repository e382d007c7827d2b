/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Where the log goes, as far as the files of the usual programs say it: rsyslog's "*.* @HOST",
 * "@@[HOST]:PORT", "@(z9)HOST" and target="HOST", syslog-ng's udp("HOST") and network("HOST").
 */
#include "doctor/logs.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

static bool is_loopback(const struct address *address)
{
	static const struct address one = { .family = AF_INET6, .bytes = { [15] = 1 } };

	return address->family == AF_INET ? address->bytes[0] == 127 : address_equal(address, &one);
}

void log_servers_add(struct log_servers *servers, const struct address *address, const char *source)
{
	struct log_server *server;

	if (is_loopback(address))
		return;
	for (size_t i = 0; i < servers->items.count; i++)
		if (address_equal(&servers->items.items[i].address, address))
			return;
	server = VEC_PUSH(&servers->items);
	server->address = *address;
	snprintf(server->source, sizeof(server->source), "%s", source);
}

void log_servers_free(struct log_servers *servers)
{
	VEC_FREE(&servers->items);
}

/* An address at @at, perhaps in brackets, perhaps with a port behind. */
static bool address_at(const char *at, struct address *ret_address)
{
	char word[ADDRESS_TEXT_SIZE];
	size_t length = strspn(at += *at == '[', "0123456789abcdefABCDEF:.");
	const char *colon = memchr(at, ':', length);

	/* One colon is a port's, two are an IPv6 address. */
	if (colon && !memchr(colon + 1, ':', length - (size_t)(colon + 1 - at)))
		length = (size_t)(colon - at);
	if (!length || length >= sizeof(word))
		return false;
	memcpy(word, at, length);
	word[length] = '\0';
	return address_parse(word, ret_address) == 0;
}

/* Where the name of a host begins behind a word that announces it; NULL = the word does not stand at @at. */
static const char *announced(const char *line, const char *at)
{
	static const char *const words[] = { "target=\"", "udp(\"",  "tcp(\"", "network(\"",
					     "syslog(\"", "udp6(\"", "tcp6(\"" };

	if (*at == '@' && (at == line || isspace((unsigned char)at[-1]))) {
		at += at[1] == '@' ? 2 : 1;
		return *at == '(' ? at + strcspn(at, ")") + (strchr(at, ')') != NULL) : at;
	}
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (!strncasecmp(at, words[i], strlen(words[i])))
			return at + strlen(words[i]);
	return NULL;
}

static void read_line(const char *line, const char *source, struct log_servers *servers)
{
	struct address address;

	if (line[strspn(line, " \t")] == '#')
		return;
	for (const char *at = line; *at; at++) {
		const char *host = announced(line, at);

		if (host && address_at(host, &address))
			log_servers_add(servers, &address, source);
	}
}

void log_servers_read(const char *text, const char *source, struct log_servers *servers)
{
	char line[1024];

	while (*text) {
		size_t length = strcspn(text, "\n");

		if (length < sizeof(line)) {
			memcpy(line, text, length);
			line[length] = '\0';
			read_line(line, source, servers);
		}
		text += length + (text[length] == '\n');
	}
}
