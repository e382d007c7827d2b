/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Makes frames out of words, for tests, by its own knowledge of how they look:
 *
 * arp|arp-tell from=MAC s=SENDER t=TARGET		ARP, a question or an answer
 * ns|na from=MAC s=SENDER t=TARGET			neighbour discovery
 * ip4|ip6 from=MAC s=SENDER d=RECEIVER next=PROTOCOL	any other packet
 * raw from=MAC type=HEX				neither of them
 *
 * A MAC is two digits, 02:00:00:00:00:XX, or whole. What a host would write is written unless it is
 * told: to= (the receiver's MAC), d= (of an IP header), sha=, tha=, hop=, code=, flags= (r, s, o),
 * next=, first= (bytes of what follows the header, in hex). Options in their order: source=MAC,
 * target=MAC, nonce, empty (of no length), long (longer than the message), many (18 units).
 * Afterwards: set=OFFSET:HEX writes over bytes, sum makes the checksum wrong, cut=LENGTH, pad=LENGTH,
 * tag=VLAN.
 */
#include "bpf/neighbours_cases.h"

#include "base/mem.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct words {
	char *text;
	char *word[32];
	int count;
};

static void die(const char *word)
{
	fprintf(stderr, "no word for a frame: %s\n", word);
	abort();
}

static struct words split(const char *text)
{
	struct words words = { .text = mem_strdup(text) };
	char *save = NULL;

	for (char *word = strtok_r(words.text, " ", &save); word && words.count < 32;
	     word = strtok_r(NULL, " ", &save))
		words.word[words.count++] = word;
	return words;
}

/* What stands behind "NAME=", or @otherwise. */
static const char *value_of(const struct words *words, const char *name, const char *otherwise)
{
	size_t length = strlen(name);

	for (int i = 0; i < words->count; i++)
		if (!strncmp(words->word[i], name, length) && words->word[i][length] == '=')
			return words->word[i] + length + 1;
	return otherwise;
}

static long number_of(const struct words *words, const char *name, long otherwise)
{
	const char *value = value_of(words, name, NULL);

	return value ? strtol(value, NULL, 0) : otherwise;
}

static bool has(const struct words *words, const char *word)
{
	for (int i = 0; i < words->count; i++)
		if (!strcmp(words->word[i], word))
			return true;
	return false;
}

static void put_mac(uint8_t *at, const char *text)
{
	if (strlen(text) == 2) {
		memcpy(at, "\2\0\0\0\0", 5);
		at[5] = (uint8_t)strtol(text, NULL, 16);
	} else if (sscanf(text, "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", at, at + 1, at + 2, at + 3, at + 4,
			  at + 5) != 6) {
		die(text);
	}
}

static void put_address(uint8_t *at, const char *text)
{
	if (inet_pton(strchr(text, ':') ? AF_INET6 : AF_INET, text, at) != 1)
		die(text);
}

static size_t put_hex(uint8_t *at, const char *hex)
{
	size_t length = strlen(hex) / 2;

	for (size_t i = 0; i < length; i++)
		sscanf(hex + 2 * i, "%2hhx", at + i);
	return length;
}

static void put16(uint8_t *at, size_t number)
{
	at[0] = (uint8_t)(number >> 8);
	at[1] = (uint8_t)number;
}

static void put_ethernet(const struct words *words, uint8_t *frame, const char *to, size_t type)
{
	put_mac(frame, value_of(words, "to", to));
	put_mac(frame + 6, value_of(words, "from", "05"));
	put16(frame + 12, type);
}

static size_t make_arp(const struct words *words, uint8_t *frame)
{
	bool tells = !strcmp(words->word[0], "arp-tell");
	uint8_t *arp = frame + 14;

	put_ethernet(words, frame, tells ? "01" : "ff:ff:ff:ff:ff:ff", 0x806);
	memcpy(arp, "\0\1\10\0\6\4\0", 7);
	arp[7] = tells ? 2 : 1;
	put_mac(arp + 8, value_of(words, "sha", value_of(words, "from", "05")));
	put_address(arp + 14, value_of(words, "s", "0.0.0.0"));
	put_mac(arp + 18, value_of(words, "tha", "00:00:00:00:00:00"));
	put_address(arp + 24, value_of(words, "t", "0.0.0.0"));
	return 42;
}

static size_t make_ip4(const struct words *words, uint8_t *frame)
{
	uint8_t *ip = frame + 14;
	size_t more;

	put_ethernet(words, frame, "01", 0x800);
	ip[0] = 0x45;
	ip[8] = 64;
	ip[9] = (uint8_t)number_of(words, "next", 17);
	put_address(ip + 12, value_of(words, "s", "0.0.0.0"));
	put_address(ip + 16, value_of(words, "d", "192.0.2.1"));
	more = put_hex(ip + 20, value_of(words, "first", "0044004300080000"));
	put16(ip + 2, 20 + more);
	return 34 + more;
}

/* By the book, RFC 1071, over the pseudo-header in front of the message. */
static uint16_t checksum6(const uint8_t *ip, size_t length)
{
	uint32_t sum = (uint32_t)length + 58;

	for (size_t i = 0; i < 32; i += 2)
		sum += (uint32_t)ip[8 + i] << 8 | ip[9 + i];
	for (size_t i = 0; i < length; i += 2)
		sum += (uint32_t)ip[40 + i] << 8 | (i + 1 < length ? ip[41 + i] : 0);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

static size_t put_options(const struct words *words, uint8_t *at)
{
	uint8_t *begin = at;

	for (int i = 1; i < words->count; i++) {
		const char *word = words->word[i];
		const char *names[] = { "source=", "target=", "nonce", "empty", "long", "many" };
		int which = 0;

		while (which < 6 && strncmp(word, names[which], strlen(names[which])) != 0)
			which++;
		if (which == 6)
			continue;
		at[0] = which < 2 ? (uint8_t)(which + 1) : 14;
		at[1] = which == 3 ? 0 : which == 4 ? 2 : which == 5 ? 18 : 1;
		if (which < 2)
			put_mac(at + 2, word + 7);
		at += which == 5 ? 18 * 8 : 8;
	}
	return (size_t)(at - begin);
}

/* A solicitation goes to the group of its target, and to the MAC of that. */
static void put_group(const uint8_t *target, uint8_t *frame)
{
	uint8_t *to = frame + 38;

	memset(to, 0, 16);
	memcpy(to, "\xff\2", 2);
	to[11] = 1;
	to[12] = 0xff;
	memcpy(to + 13, target + 13, 3);
	memcpy(frame, "\x33\x33", 2);
	memcpy(frame + 2, to + 12, 4);
}

static void put_flags(uint8_t *at, const char *flags)
{
	*at = (uint8_t)((strchr(flags, 'r') ? 0x80 : 0) | (strchr(flags, 's') ? 0x40 : 0) |
			(strchr(flags, 'o') ? 0x20 : 0));
}

static size_t make_discovery(const struct words *words, uint8_t *frame)
{
	bool tells = !strcmp(words->word[0], "na");
	const char *receiver = value_of(words, "d", tells ? "ff02::1" : NULL);
	uint8_t *ip = frame + 14, *message = ip + 40, group[6];
	size_t length = 24 + put_options(words, message + 24);

	put_ethernet(words, frame, tells ? "33:33:00:00:00:01" : "01", 0x86dd);
	ip[0] = 0x60;
	put16(ip + 4, length);
	ip[6] = (uint8_t)number_of(words, "next", 58);
	ip[7] = (uint8_t)number_of(words, "hop", 255);
	put_address(ip + 8, value_of(words, "s", "::"));
	message[0] = tells ? 136 : 135;
	message[1] = (uint8_t)number_of(words, "code", 0);
	put_flags(message + 4, value_of(words, "flags", ""));
	put_address(message + 8, value_of(words, "t", "::"));
	if (receiver) {
		put_address(ip + 24, receiver);
	} else {
		memcpy(group, frame, sizeof(group));
		put_group(message + 8, frame);
		if (value_of(words, "to", NULL))
			memcpy(frame, group, sizeof(group));
	}
	put16(message + 2, checksum6(ip, length));
	return 54 + length;
}

static size_t make_ip6(const struct words *words, uint8_t *frame)
{
	uint8_t *ip = frame + 14;
	size_t more = put_hex(ip + 40, value_of(words, "first", "0044004300080000"));

	put_ethernet(words, frame, "01", 0x86dd);
	ip[0] = 0x60;
	put16(ip + 4, more);
	ip[6] = (uint8_t)number_of(words, "next", 17);
	ip[7] = 64;
	put_address(ip + 8, value_of(words, "s", "::"));
	put_address(ip + 24, value_of(words, "d", "2001:db8::1"));
	return 54 + more;
}

static size_t make_raw(const struct words *words, uint8_t *frame)
{
	put_ethernet(words, frame, "01", (size_t)strtol(value_of(words, "type", "88cc"), NULL, 16));
	return 14 + put_hex(frame + 14, value_of(words, "first", "0000"));
}

static size_t change(const struct words *words, uint8_t *frame, size_t length)
{
	const char *set = value_of(words, "set", NULL);
	const char *tag = value_of(words, "tag", NULL);

	if (set)
		put_hex(frame + strtol(set, NULL, 10), strchr(set, ':') + 1);
	if (has(words, "sum"))
		frame[57] ^= 1;
	if (tag) {
		memmove(frame + 16, frame + 12, length - 12);
		put16(frame + 12, 0x8100);
		put16(frame + 14, (size_t)strtol(tag, NULL, 10));
		length += 4;
	}
	length = (size_t)number_of(words, "cut", (long)length);
	return (size_t)number_of(words, "pad", (long)length);
}

size_t neighbours_words_frame(const char *words, uint8_t frame[CASES_FRAME_SIZE])
{
	static const struct {
		const char *word;
		size_t (*make)(const struct words *, uint8_t *);
	} makers[] = { { "arp", make_arp },	 { "arp-tell", make_arp }, { "ns", make_discovery },
		       { "na", make_discovery }, { "ip4", make_ip4 },	   { "ip6", make_ip6 },
		       { "raw", make_raw } };
	struct words all = split(words);
	size_t length = 0;

	memset(frame, 0, CASES_FRAME_SIZE);
	for (size_t i = 0; i < ARRAY_SIZE(makers); i++)
		if (!strcmp(makers[i].word, all.word[0]))
			length = makers[i].make(&all, frame);
	if (!length)
		die(words);
	length = change(&all, frame, length);
	mem_freep(&all.text);
	return length;
}
