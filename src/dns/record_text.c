/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The data of a type is a row of parts: names, numbers, addresses, texts. A type without a row here is
 * written as RFC 3597, 5 has it, which every program reads.
 */
#include "dns/record_text.h"

#include "dns/message.h"
#include "dns/name.h"
#include "dns/type.h"
#include "net/address.h"
#include "net/wire.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define EDNS_NSID 3
#define EDNS_COOKIE 10
#define EDNS_KEEPALIVE 11
#define EDNS_EDE 15

/* A message and how far it was read. */
struct reading {
	const uint8_t *message;
	size_t length, at;
	struct text *text;
};

struct record {
	uint16_t type, class;
	uint32_t ttl;
	size_t data, length;
};

/*
 * The parts of a type's data: n a name, 1 2 4 a number of so many bytes, a A addresses, t the texts to
 * the end.
 */
static const struct {
	uint16_t type;
	const char *parts;
} forms[] = {
	{ DNS_A, "a" },	     { DNS_AAAA, "A" },	 { DNS_NS, "n" },	  { DNS_CNAME, "n" },
	{ DNS_PTR, "n" },    { DNS_DNAME, "n" }, { DNS_MX, "2n" },	  { DNS_SOA, "nn44444" },
	{ DNS_SRV, "222n" }, { DNS_TXT, "t" },	 { 13 /* HINFO */, "t" }, { 99 /* SPF */, "t" },
};

#define RCODE_TEXT_SIZE 16

/* "NXDOMAIN", "RCODE3841"; returns @buffer. */
static const char *rcode_text(uint16_t rcode, char buffer[RCODE_TEXT_SIZE])
{
	static const char *const names[] = {
		[DNS_NOERROR] = "NOERROR",   [DNS_FORMERR] = "FORMERR",
		[DNS_SERVFAIL] = "SERVFAIL", [DNS_NXDOMAIN] = "NXDOMAIN",
		[DNS_NOTIMP] = "NOTIMP",     [DNS_REFUSED] = "REFUSED",
		[DNS_YXDOMAIN] = "YXDOMAIN", [DNS_NOTAUTH] = "NOTAUTH",
		[DNS_BADVERS] = "BADVERS",   [DNS_BADCOOKIE] = "BADCOOKIE",
	};

	if (rcode < sizeof(names) / sizeof(names[0]) && names[rcode])
		snprintf(buffer, RCODE_TEXT_SIZE, "%s", names[rcode]);
	else
		snprintf(buffer, RCODE_TEXT_SIZE, "RCODE%u", rcode);
	return buffer;
}

static uint16_t number_at(const uint8_t *bytes)
{
	return (uint16_t)(bytes[0] << 8 | bytes[1]);
}

/* Between quotes, bytes that are no letters as \DDD (RFC 1035, 5.1). */
static void put_quoted(struct text *text, const uint8_t *bytes, size_t length)
{
	text_puts(text, "\"");
	for (size_t i = 0; i < length; i++) {
		if (bytes[i] == '"' || bytes[i] == '\\')
			text_printf(text, "\\%c", bytes[i]);
		else if (bytes[i] >= ' ' && bytes[i] < 0x7f)
			text_append(text, &bytes[i], 1);
		else
			text_printf(text, "\\%03u", bytes[i]);
	}
	text_puts(text, "\"");
}

static bool put_name(struct reading *reading)
{
	uint8_t wire[NAME_SIZE];
	char name[NAME_TEXT_SIZE];

	if (!name_expand(reading->message, reading->length, reading->at, wire, &reading->at))
		return false;
	text_puts(reading->text, name_text(wire, name));
	return true;
}

static bool put_address(struct reading *reading, uint8_t family, size_t end)
{
	struct address address = { .family = family };
	char text[ADDRESS_TEXT_SIZE];

	if (end - reading->at < address_size(family))
		return false;
	memcpy(address.bytes, reading->message + reading->at, address_size(family));
	reading->at += address_size(family);
	text_puts(reading->text, address_text(&address, text));
	return true;
}

static bool put_number(struct reading *reading, unsigned size, size_t end)
{
	uint32_t number = 0;

	if (end - reading->at < size)
		return false;
	for (unsigned i = 0; i < size; i++)
		number = number << 8 | reading->message[reading->at++];
	text_printf(reading->text, "%u", number);
	return true;
}

static bool put_texts(struct reading *reading, size_t end)
{
	for (const char *space = ""; reading->at < end; space = " ") {
		size_t length = reading->message[reading->at++];

		if (end - reading->at < length)
			return false;
		text_puts(reading->text, space);
		put_quoted(reading->text, reading->message + reading->at, length);
		reading->at += length;
	}
	return true;
}

static bool put_part(struct reading *reading, char part, size_t end)
{
	switch (part) {
	case 'n':
		return put_name(reading) && reading->at <= end;
	case 'a':
		return put_address(reading, AF_INET, end);
	case 'A':
		return put_address(reading, AF_INET6, end);
	case 't':
		return put_texts(reading, end);
	default:
		return put_number(reading, (unsigned)(part - '0'), end);
	}
}

static void put_unknown(const uint8_t *data, size_t length, struct text *text)
{
	text_printf(text, "\\# %zu", length);
	for (size_t i = 0; i < length; i++)
		text_printf(text, "%s%02x", i % 32 ? "" : " ", data[i]);
}

static bool put_data(struct reading *reading, const struct record *record)
{
	const size_t end = record->data + record->length;

	reading->at = record->data;
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		if (forms[i].type != record->type)
			continue;
		for (const char *part = forms[i].parts; *part; part++) {
			if (part != forms[i].parts)
				text_puts(reading->text, " ");
			if (!put_part(reading, *part, end))
				return false;
		}
		return reading->at == end;
	}
	put_unknown(reading->message + record->data, record->length, reading->text);
	return true;
}

static const char *class_text(uint16_t class, char buffer[16])
{
	snprintf(buffer, 16, class == DNS_IN ? "IN" : class == DNS_CH ? "CH" : "CLASS%u", class);
	return buffer;
}

static bool read_record(struct reading *reading, struct record *ret_record)
{
	const uint8_t *at = reading->message + reading->at;

	if (reading->length - reading->at < DNS_RECORD_FIXED)
		return false;
	*ret_record = (struct record){
		.type = number_at(at),
		.class = number_at(at + 2),
		.ttl = (uint32_t)number_at(at + 4) << 16 | number_at(at + 6),
		.length = number_at(at + 8),
		.data = reading->at + DNS_RECORD_FIXED,
	};
	return reading->length - ret_record->data >= ret_record->length;
}

/* What an extended error is called (RFC 8914, 4), of those that a server like ours says. */
static const char *ede_name(unsigned code)
{
	switch (code) {
	case DNS_EDE_NOT_READY:
		return "Not Ready";
	case DNS_EDE_PROHIBITED:
		return "Prohibited";
	case DNS_EDE_NOT_AUTHORITATIVE:
		return "Not Authoritative";
	case DNS_EDE_NOT_SUPPORTED:
		return "Not Supported";
	}
	return NULL;
}

static void put_ede(struct text *text, const uint8_t *data, size_t length)
{
	const char *name = ede_name(number_at(data));

	text_printf(text, "; extended error %u", number_at(data));
	if (name)
		text_printf(text, " (%s)", name);
	if (length > 2) {
		text_puts(text, " ");
		put_quoted(text, data + 2, length - 2);
	}
}

static void put_option(struct text *text, unsigned code, const uint8_t *data, size_t length)
{
	static const struct {
		unsigned code;
		const char *name;
	} names[] = { { EDNS_NSID, "NSID" },
		      { EDNS_COOKIE, "cookie" },
		      { EDNS_KEEPALIVE, "keepalive" } };
	const char *name = NULL;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		name = names[i].code == code ? names[i].name : name;
	if (code == EDNS_EDE && length >= 2) {
		put_ede(text, data, length);
	} else if (code == EDNS_NSID) {
		text_puts(text, "; NSID ");
		put_quoted(text, data, length);
	} else {
		if (name)
			text_printf(text, "; %s ", name);
		else
			text_printf(text, "; option %u ", code);
		for (size_t i = 0; i < length; i++)
			text_printf(text, "%02x", data[i]);
	}
	text_puts(text, "\n");
}

/* OPT, RFC 6891, 6.1: the class is a size, the TTL holds version and flags. */
static bool put_opt(struct reading *reading, const struct record *record)
{
	struct wire_reader options = wire_reader(reading->message + record->data, record->length);

	text_printf(reading->text, "; EDNS version %u, udp %u%s\n", record->ttl >> 16 & 0xff,
		    record->class, record->ttl & 0x8000 ? ", do" : "");
	while (wire_left(&options)) {
		uint16_t code = wire_get_u16(&options), length = wire_get_u16(&options);
		const uint8_t *data = wire_get_view(&options, length);

		if (options.broken)
			return false;
		put_option(reading->text, code, data, length);
	}
	return true;
}

static bool put_question(struct reading *reading)
{
	char type[TYPE_TEXT_SIZE], class[16];
	const uint8_t *at;

	text_puts(reading->text, ";");
	if (!put_name(reading) || reading->length - reading->at < 4)
		return false;
	at = reading->message + reading->at;
	text_printf(reading->text, " %s %s\n", class_text(number_at(at + 2), class),
		    type_text(number_at(at), type));
	reading->at += 4;
	return true;
}

/* *@head stands before the first record of its section, and is forgotten then; OPT has none. */
static bool put_record(struct reading *reading, const char **head)
{
	char type[TYPE_TEXT_SIZE], class[16];
	AUTO_TEXT name = { 0 };
	struct reading of_name = *reading;
	struct record record;

	of_name.text = &name;
	if (!put_name(&of_name))
		return false;
	reading->at = of_name.at;
	if (!read_record(reading, &record))
		return false;
	if (record.type == DNS_OPT) {
		reading->at = record.data + record.length;
		return put_opt(reading, &record);
	}
	if (*head)
		text_printf(reading->text, "; %s\n", *head);
	*head = NULL;
	text_printf(reading->text, "%s %u %s %s ", text_string(&name), record.ttl,
		    class_text(record.class, class), type_text(record.type, type));
	if (!put_data(reading, &record))
		return false;
	text_puts(reading->text, "\n");
	reading->at = record.data + record.length;
	return true;
}

static void put_head(const uint8_t *message, struct text *text)
{
	static const char *const flags[] = { "ra", "rd", "tc", "aa" };
	uint16_t bits = number_at(message + 2);
	char rcode[RCODE_TEXT_SIZE];

	text_printf(text, "; %s, id %u", rcode_text(bits & 15, rcode), number_at(message));
	for (unsigned i = 0; i < 4; i++)
		if (bits & 0x80 << i)
			text_printf(text, ", %s", flags[i]);
	text_puts(text, "\n");
}

int message_text(const uint8_t *message, size_t length, struct text *text)
{
	static const char *const sections[] = { NULL, "answer", "authority", "additional" };
	struct reading reading = { message, length, DNS_HEADER, text };

	if (length < DNS_HEADER)
		return -EPROTO;
	put_head(message, text);
	for (unsigned section = 0; section < 4; section++) {
		unsigned count = number_at(message + 4 + (size_t)section * 2);
		const char *head = sections[section];

		for (unsigned i = 0; i < count; i++)
			if (section ? !put_record(&reading, &head) : !put_question(&reading))
				return -EPROTO;
	}
	return 0;
}
