/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dns/axfr.h"
#include "dns/notify.h"
#include "dns/type.h"
#include "dns/zone_stage_test.h"

static const uint8_t question[] = "\7eXample\3com\0\0\374\0\1";
#define QUESTION_SIZE (sizeof(question) - 1)

/* Names of the types whose data have names in front; the rest is shown by its length and last byte. */
static size_t expand_names(const uint8_t *message, size_t length, size_t at, uint16_t type,
			   struct text *text)
{
	unsigned names = type == DNS_SOA				       ? 2 :
			 type == DNS_NS || type == DNS_MX || type == DNS_CNAME ? 1 :
										 0;
	uint8_t wire[NAME_SIZE];
	char name[NAME_TEXT_SIZE];

	at += type == DNS_MX ? 2 : 0;
	for (; names; names--) {
		assert_int_not_equal(name_expand(message, length, at, wire, &at), 0);
		text_printf(text, " %s", name_text(wire, name));
	}
	return at;
}

/* Adds the records of a message to @text, a line each. */
static void read_message(const uint8_t *message, size_t length, struct text *text)
{
	unsigned count = (unsigned)(message[6] << 8 | message[7]);
	size_t at = 12 + QUESTION_SIZE;

	assert_memory_equal(message + 2, "\204\0\0\1", 4);
	assert_memory_equal(message + 12, "\7example\3com\0\0\374\0\1", QUESTION_SIZE);
	while (count--) {
		uint8_t owner[NAME_SIZE];
		char name[NAME_TEXT_SIZE], type[TYPE_TEXT_SIZE];

		assert_int_not_equal(name_expand(message, length, at, owner, &at), 0);
		struct wire_reader reader = wire_reader(message + at, length - at);
		uint16_t number = wire_get_u16(&reader);

		wire_get_u16(&reader);
		text_printf(text, "%s %u %s", name_text(owner, name), wire_get_u32(&reader),
			    type_text(number, type));
		size_t size = wire_get_u16(&reader);

		assert_false(reader.broken || size > wire_left(&reader));
		size_t end = at + 10 + size;

		at = expand_names(message, length, at + 10, number, text);
		text_printf(text, " +%zu\n", end - at);
		at = end;
	}
	if (!message[11])
		assert_int_equal(at, length);
}

/* The whole stream in messages of at most @room bytes. Returns how many they were. */
static unsigned read_stream(struct zone *zone, size_t room, struct tsig_session *session,
			    struct text *text)
{
	uint8_t message[UINT16_MAX];
	struct axfr axfr;
	unsigned messages = 0;
	size_t length;

	axfr_begin(&axfr, zone, 0x1234, question, session);
	while ((length = axfr_next(&axfr, 1000, message, room))) {
		assert_in_range(length, 12, room);
		assert_memory_equal(message, "\x12\x34", 2);
		read_message(message, length, text);
		messages++;
	}
	assert_true(axfr_done(&axfr));
	return messages;
}

static void a_zone_is_told_between_its_soa_and_its_soa(void **state)
{
	struct stage stage = { 0 };
	struct zone *zone = stage_load(&stage, STAGE_HEAD
				       "@ MX 10 mail\nmail 60 A 192.0.2.1\nmail AAAA ::1\n"
				       "sub NS ns.sub\nns.sub A 192.0.2.2\n"
				       "alias CNAME www.example.net.\n");
	AUTO_TEXT text = { 0 };

	assert_int_equal(read_stream(zone, UINT16_MAX, NULL, &text), 1);
	assert_string_equal(text_string(&text),
			    "example.com. 3600 SOA ns.example.com. hostmaster.example.com. +20\n"
			    "example.com. 3600 NS ns.elsewhere.net. +0\n"
			    "example.com. 3600 MX mail.example.com. +0\n"
			    "mail.example.com. 60 A +4\n"
			    "mail.example.com. 3600 AAAA +16\n"
			    "sub.example.com. 3600 NS ns.sub.example.com. +0\n"
			    "ns.sub.example.com. 3600 A +4\n"
			    "alias.example.com. 3600 CNAME www.example.net. +0\n"
			    "example.com. 3600 SOA ns.example.com. hostmaster.example.com. +20\n");
	zone_unref(zone);
	text_free(&stage.problems);
}

static void many_messages_tell_the_same_as_few(void **state)
{
	static const size_t rooms[] = { 200, 512, 4096, 20000, UINT16_MAX };
	struct stage stage = { 0 };
	AUTO_TEXT text = { 0 };
	AUTO_TEXT whole = { 0 };

	text_puts(&text, STAGE_HEAD);
	for (int i = 0; i < 4000; i++)
		text_printf(&text, "n%d A 192.0.2.%d\nn%d MX 1 n%d\n", i, i % 250, i, i / 2);
	struct zone *zone = stage_load(&stage, text.data);

	read_stream(zone, UINT16_MAX, NULL, &whole);
	for (size_t i = 0; i < ARRAY_SIZE(rooms); i++) {
		AUTO_TEXT again = { 0 };
		unsigned messages = read_stream(zone, rooms[i], NULL, &again);

		assert_string_equal(text_string(&again), text_string(&whole));
		/* Pressed together, a record takes less than thirty bytes. */
		assert_in_range(messages, 1, 8002 * 30 / (rooms[i] - 60) + 2);
	}
	zone_unref(zone);
}

static void a_record_that_fits_nowhere_ends_the_stream(void **state)
{
	struct stage stage = { 0 };
	AUTO_TEXT text = { 0 };

	text_puts(&text, STAGE_HEAD "big TYPE65280 \\# 300 ");
	for (int i = 0; i < 300; i++)
		text_puts(&text, "00");
	text_puts(&text, "\n");
	struct zone *zone = stage_load(&stage, text.data);
	uint8_t message[300];
	struct axfr axfr;

	assert_string_equal(text_string(&stage.problems), "");
	axfr_begin(&axfr, zone, 1, question, NULL);
	assert_int_not_equal(axfr_next(&axfr, 0, message, sizeof(message)), 0);
	assert_int_equal(axfr_next(&axfr, 0, message, sizeof(message)), 0);
	assert_false(axfr_done(&axfr));
	zone_unref(zone);
}

static void every_message_of_a_signed_stream_is_signed(void **state)
{
	struct tsig_key key = {
		.name = "\3key", .algorithm = TSIG_SHA256, .secret = "s", .secret_length = 1
	};
	const struct tsig_key *keys = &key;
	uint8_t message[600], ask[200] = "\x12\x34\0\0\0\1\0\0\0\0\0";
	struct tsig_session asker, answerer;
	struct stage stage = { 0 };
	AUTO_TEXT text = { 0 };
	struct tsig tsig;
	struct axfr axfr;
	size_t length;
	unsigned messages = 0;

	text_puts(&text, STAGE_HEAD);
	for (int i = 0; i < 100; i++)
		text_printf(&text, "n%d A 192.0.2.%d\n", i, i);
	struct zone *zone = stage_load(&stage, text.data);

	memcpy(ask + 12, question, QUESTION_SIZE);
	tsig_ask(&key, &asker);
	length = tsig_sign(&asker, 1000, ask, 12 + QUESTION_SIZE, sizeof(ask));
	assert_int_equal(tsig_read(ask, length, 12 + QUESTION_SIZE, &tsig), 0);
	assert_int_equal(tsig_verify(&tsig, &keys, 1, 1000, &answerer), 0);
	axfr_begin(&axfr, zone, 0x1234, question, &answerer);
	while ((length = axfr_next(&axfr, 1000, message, sizeof(message)))) {
		assert_int_equal(tsig_read(message, length, length - tsig_size(&answerer), &tsig), 0);
		assert_int_equal(tsig_verify_answer(&tsig, &asker, 1000), 0);
		messages++;
	}
	assert_true(axfr_done(&axfr));
	assert_in_range(messages, 4, 20);
	zone_unref(zone);
}

static void a_notification_names_the_zone_and_its_soa(void **state)
{
	struct stage stage = { 0 };
	struct zone *zone = stage_load(&stage, STAGE_HEAD);
	uint8_t message[512];
	struct wire_writer writer = wire_writer(message, sizeof(message));
	size_t length = notify_put(zone, 0xbeef, NULL, 0, &writer);

	assert_memory_equal(
		message, "\xbe\xef\x24\0\0\1\0\1\0\0\0\0\7example\3com\0\0\6\0\1\xc0\x0c\0\6\0\1\0\0\x0e\x10",
		12 + 17 + 10);
	assert_int_equal(length, 12 + 17 + zone->soa->size);
	writer = wire_writer(message, 60);
	assert_int_equal(notify_put(zone, 1, NULL, 0, &writer), 0);
	zone_unref(zone);
}

static void an_answer_to_a_notification_is_known(void **state)
{
	static const uint8_t answer[] = "\xbe\xef\xa4\5\0\1\0\0\0\0\0\0\7Example\3com\0\0\6\0\1";
	struct stage stage = { 0 };
	struct zone *zone = stage_load(&stage, STAGE_HEAD);
	uint8_t other[sizeof(answer)];

	assert_int_equal(notify_answer(zone, 0xbeef, answer, sizeof(answer) - 1), 5);
	assert_int_equal(notify_answer(zone, 0xbeee, answer, sizeof(answer) - 1), -EBADMSG);
	for (size_t length = 0; length < sizeof(answer) - 1; length++)
		assert_int_equal(notify_answer(zone, 0xbeef, answer, length), -EBADMSG);
	memcpy(other, answer, sizeof(answer));
	other[2] = 0x24;
	assert_int_equal(notify_answer(zone, 0xbeef, other, sizeof(other) - 1), -EBADMSG);
	other[2] = 0xa4;
	other[13] = 'x';
	assert_int_equal(notify_answer(zone, 0xbeef, other, sizeof(other) - 1), -EBADMSG);
	zone_unref(zone);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_zone_is_told_between_its_soa_and_its_soa),
		cmocka_unit_test(many_messages_tell_the_same_as_few),
		cmocka_unit_test(a_record_that_fits_nowhere_ends_the_stream),
		cmocka_unit_test(every_message_of_a_signed_stream_is_signed),
		cmocka_unit_test(a_notification_names_the_zone_and_its_soa),
		cmocka_unit_test(an_answer_to_a_notification_is_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
