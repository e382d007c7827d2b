/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Pure. The line is made for grep and cut: always the same words in the same order, a space
 * between, no space inside. Linux lets a link be named by nearly any bytes, and its owner need not
 * be ours: what is no visible ASCII is not repeated to the world.
 */
#include "feature/services/services_who.h"

#include <stdio.h>
#include <string.h>

#define NAME_ROOM 64

static const char *visible(const char *name, char buffer[NAME_ROOM])
{
	size_t i;

	for (i = 0; name[i] && i < NAME_ROOM - 1; i++)
		buffer[i] = (char)(name[i] > ' ' && name[i] < 0x7f ? name[i] : '?');
	buffer[i] = '\0';
	return buffer;
}

/* As visible(), within a JSON string (RFC 8259, 7). */
static const char *quoted(const char *name, char buffer[2 * NAME_ROOM])
{
	char plain[NAME_ROOM];
	size_t length = 0;

	for (const char *at = visible(name, plain); *at; at++) {
		if (*at == '"' || *at == '\\')
			buffer[length++] = '\\';
		buffer[length++] = *at;
	}
	buffer[length] = '\0';
	return buffer;
}

size_t services_who_line(const struct services_who *who, char line[SERVICES_WHO_SIZE])
{
	char asked[ADDRESS_TEXT_SIZE], peer[ENDPOINT_TEXT_SIZE], link[NAME_ROOM], service[NAME_ROOM];

	return (size_t)snprintf(line, SERVICES_WHO_SIZE,
				"asked=%s port=%u peer=%s link=%s protocol=%s service=%s\n",
				address_text(&who->asked, asked), who->port,
				endpoint_text(&who->peer, who->peer_port, peer),
				visible(who->link, link), who->protocol,
				visible(who->service, service));
}

size_t services_who_json(const struct services_who *who, char json[SERVICES_WHO_SIZE])
{
	char asked[ADDRESS_TEXT_SIZE], peer[ADDRESS_TEXT_SIZE], link[2 * NAME_ROOM],
		service[2 * NAME_ROOM];

	return (size_t)snprintf(
		json, SERVICES_WHO_SIZE,
		"{\"asked\":\"%s\",\"port\":%u,\"peer\":\"%s\",\"peer_port\":%u,\"link\":\"%s\","
		"\"protocol\":\"%s\",\"service\":\"%s\"}\n",
		address_text(&who->asked, asked), who->port, address_text(&who->peer, peer),
		who->peer_port, quoted(who->link, link), who->protocol,
		quoted(who->service, service));
}
