/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/mem.h"
#include "dns/tsig.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Questions as kdig 3.2.6 signs them, with the key below; each one's TSIG begins at its 33rd byte. */
static const uint8_t asked_sha256[] = {
	0x33, 0x64, 0x01, 0x20, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0x03, 0x77, 0x77,
	0x77, 0x07, 0x65, 0x78, 0x61, 0x6d, 0x70, 0x6c, 0x65, 0x03, 0x63, 0x6f, 0x6d, 0x00, 0x00,
	0x06, 0x00, 0x01, 0x04, 0x78, 0x66, 0x65, 0x72, 0x07, 0x65, 0x78, 0x61, 0x6d, 0x70, 0x6c,
	0x65, 0x00, 0x00, 0xfa, 0x00, 0xff, 0x00, 0x00, 0x00, 0x00, 0x00, 0x3d, 0x0b, 0x68, 0x6d,
	0x61, 0x63, 0x2d, 0x73, 0x68, 0x61, 0x32, 0x35, 0x36, 0x00, 0x00, 0x00, 0x6b, 0x06, 0xd4,
	0x2d, 0x01, 0x2c, 0x00, 0x20, 0xa0, 0x9e, 0x41, 0x77, 0xb3, 0xbd, 0x10, 0xe8, 0x85, 0x40,
	0x69, 0xa5, 0x5c, 0x9d, 0x26, 0x23, 0x5e, 0x94, 0x99, 0xa2, 0x40, 0xb4, 0xf9, 0xb4, 0x00,
	0xd4, 0xe1, 0x79, 0x20, 0xe3, 0xc4, 0xe8, 0x33, 0x64, 0x00, 0x00, 0x00, 0x00
};
static const uint8_t asked_sha1[] = {
	0x1b, 0x59, 0x01, 0x20, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0x03, 0x77, 0x77,
	0x77, 0x07, 0x65, 0x78, 0x61, 0x6d, 0x70, 0x6c, 0x65, 0x03, 0x63, 0x6f, 0x6d, 0x00, 0x00,
	0x06, 0x00, 0x01, 0x04, 0x78, 0x66, 0x65, 0x72, 0x07, 0x65, 0x78, 0x61, 0x6d, 0x70, 0x6c,
	0x65, 0x00, 0x00, 0xfa, 0x00, 0xff, 0x00, 0x00, 0x00, 0x00, 0x00, 0x2f, 0x09, 0x68, 0x6d,
	0x61, 0x63, 0x2d, 0x73, 0x68, 0x61, 0x31, 0x00, 0x00, 0x00, 0x6b, 0x06, 0xd4, 0x2e, 0x01,
	0x2c, 0x00, 0x14, 0xe6, 0xff, 0xe0, 0x22, 0x04, 0xb3, 0x76, 0xb5, 0xf7, 0xf3, 0xc4, 0xfe,
	0xd8, 0x84, 0x45, 0x2d, 0x55, 0x9c, 0xda, 0x50, 0x1b, 0x59, 0x00, 0x00, 0x00, 0x00
};
static const uint8_t asked_sha512[] = {
	0x6f, 0x75, 0x01, 0x20, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0x03, 0x77, 0x77,
	0x77, 0x07, 0x65, 0x78, 0x61, 0x6d, 0x70, 0x6c, 0x65, 0x03, 0x63, 0x6f, 0x6d, 0x00, 0x00,
	0x06, 0x00, 0x01, 0x04, 0x78, 0x66, 0x65, 0x72, 0x07, 0x65, 0x78, 0x61, 0x6d, 0x70, 0x6c,
	0x65, 0x00, 0x00, 0xfa, 0x00, 0xff, 0x00, 0x00, 0x00, 0x00, 0x00, 0x5d, 0x0b, 0x68, 0x6d,
	0x61, 0x63, 0x2d, 0x73, 0x68, 0x61, 0x35, 0x31, 0x32, 0x00, 0x00, 0x00, 0x6b, 0x06, 0xd4,
	0x2f, 0x01, 0x2c, 0x00, 0x40, 0x39, 0x2e, 0x67, 0x8c, 0x46, 0xec, 0x12, 0xa9, 0x1d, 0x3d,
	0x88, 0xb9, 0x15, 0x7b, 0xfc, 0x48, 0xcd, 0xc4, 0xb9, 0xfa, 0x88, 0x09, 0x2f, 0x64, 0x44,
	0x86, 0x37, 0x6a, 0x01, 0x2a, 0x3d, 0xc6, 0x6b, 0x64, 0xf5, 0xc4, 0x17, 0xd6, 0x51, 0xc8,
	0x1d, 0xaf, 0x4d, 0x05, 0x45, 0xbc, 0xa2, 0xeb, 0xd5, 0x4e, 0xd0, 0xa8, 0x72, 0x92, 0x64,
	0x0c, 0x80, 0x3b, 0xc5, 0x29, 0x27, 0x5a, 0xf0, 0x24, 0x6f, 0x75, 0x00, 0x00, 0x00, 0x00
};

#define TSIG_AT 33
#define SHA256_TIME 1795609645
#define SHA1_TIME 1795609646
#define SHA512_TIME 1795609647

static struct tsig_key key_of(enum tsig_algorithm algorithm)
{
	static const char secret[] = "a secret of thirty-two bytes ...";
	struct tsig_key key = { .algorithm = algorithm, .secret_length = sizeof(secret) - 1 };
	struct dns_name name;

	assert_int_equal(name_parse("xfer.example.", &name), 0);
	memcpy(key.name, name.wire, name.length);
	memcpy(key.secret, secret, sizeof(secret) - 1);
	return key;
}

static unsigned verify(const uint8_t *message, size_t length, const struct tsig_key *key,
		       uint64_t now, struct tsig_session *ret_session)
{
	struct tsig tsig;

	assert_int_equal(tsig_read(message, length, TSIG_AT, &tsig), 0);
	return tsig_verify(&tsig, &key, 1, now, ret_session);
}

static void what_another_program_signs_is_genuine(void **state)
{
	struct tsig_key sha256 = key_of(TSIG_SHA256), sha1 = key_of(TSIG_SHA1),
			sha512 = key_of(TSIG_SHA512);
	struct tsig_session session;

	assert_int_equal(verify(asked_sha256, sizeof(asked_sha256), &sha256, SHA256_TIME, &session),
			 0);
	assert_ptr_equal(session.key, &sha256);
	assert_int_equal(verify(asked_sha1, sizeof(asked_sha1), &sha1, SHA1_TIME + 300, &session), 0);
	assert_int_equal(
		verify(asked_sha512, sizeof(asked_sha512), &sha512, SHA512_TIME - 300, &session), 0);
}

static void a_signature_of_ours_is_the_same(void **state)
{
	struct tsig_key key = key_of(TSIG_SHA256);
	struct tsig_session session;
	uint8_t message[512];

	memcpy(message, asked_sha256, TSIG_AT);
	message[11] = 0;
	tsig_ask(&key, &session);
	assert_int_equal(TSIG_AT + tsig_size(&session), sizeof(asked_sha256));
	assert_int_equal(
		tsig_sign(&session, SHA256_TIME, message, TSIG_AT, sizeof(asked_sha256) - 1), 0);
	assert_int_equal(tsig_sign(&session, SHA256_TIME, message, TSIG_AT, sizeof(message)),
			 sizeof(asked_sha256));
	assert_memory_equal(message, asked_sha256, sizeof(asked_sha256));
}

static void any_changed_byte_is_noticed(void **state)
{
	struct tsig_key key = key_of(TSIG_SHA256);
	struct tsig_session session;
	struct tsig tsig;
	const struct tsig_key *keys = &key;

	for (size_t i = 0; i < sizeof(asked_sha256); i++) {
		uint8_t message[sizeof(asked_sha256)];

		memcpy(message, asked_sha256, sizeof(message));
		message[i] ^= 1;
		/* The identifier may change on the way: the original one is signed (RFC 8945, 5.3.3). */
		if (i < 2 || tsig_read(message, sizeof(message), TSIG_AT, &tsig) < 0)
			continue;
		assert_int_not_equal(tsig_verify(&tsig, &keys, 1, SHA256_TIME, &session), 0);
	}
}

static void errors_are_told_as_the_rfc_wants(void **state)
{
	struct tsig_key key = key_of(TSIG_SHA256), other = key_of(TSIG_SHA512);
	struct tsig_session session;
	struct tsig answer;
	uint8_t reply[512];
	size_t length;

	/* Another algorithm is another key. */
	assert_int_equal(verify(asked_sha256, sizeof(asked_sha256), &other, SHA256_TIME, &session),
			 TSIG_BADKEY);
	assert_null(session.key);
	key.secret[0] ^= 1;
	assert_int_equal(verify(asked_sha256, sizeof(asked_sha256), &key, SHA256_TIME, &session),
			 TSIG_BADSIG);
	memcpy(reply, asked_sha256, TSIG_AT);
	reply[11] = 0;
	length = tsig_sign(&session, SHA256_TIME, reply, TSIG_AT, sizeof(reply));
	assert_int_equal(tsig_read(reply, length, TSIG_AT, &answer), 0);
	assert_int_equal(answer.error, TSIG_BADSIG);
	assert_int_equal(answer.mac_size, 0);

	/* A clock that is wrong is told what time it is, signed. */
	key.secret[0] ^= 1;
	assert_int_equal(verify(asked_sha256, sizeof(asked_sha256), &key, SHA256_TIME + 301, &session),
			 TSIG_BADTIME);
	reply[11] = 0;
	length = tsig_sign(&session, SHA256_TIME + 301, reply, TSIG_AT, sizeof(reply));
	assert_int_equal(tsig_read(reply, length, TSIG_AT, &answer), 0);
	assert_int_equal(answer.error, TSIG_BADTIME);
	assert_int_equal(answer.time, SHA256_TIME);
	assert_int_equal(answer.mac_size, 32);
	assert_int_equal(answer.other_size, 6);
	assert_int_equal(answer.other[5], (SHA256_TIME + 301) & 0xff);
}

static void cut_signatures_are_refused(void **state)
{
	struct tsig_key key = key_of(TSIG_SHA256);
	const struct tsig_key *keys = &key;
	struct tsig_session session;
	struct tsig tsig;

	assert_int_equal(tsig_read(asked_sha256, sizeof(asked_sha256), TSIG_AT, &tsig), 0);
	tsig.mac_size = 16;
	assert_int_equal(tsig_verify(&tsig, &keys, 1, SHA256_TIME, &session), TSIG_BADTRUNC);
	tsig.mac_size = 15;
	assert_int_equal(tsig_verify(&tsig, &keys, 1, SHA256_TIME, &session), TSIG_FORMERR);
}

static void messages_of_a_stream_hang_together(void **state)
{
	struct tsig_key key = key_of(TSIG_SHA512);
	struct tsig_session asker, answerer;
	const struct tsig_key *keys = &key;
	uint8_t question[512], answers[3][512];
	size_t length, lengths[3];
	struct tsig tsig;

	memcpy(question, asked_sha256, TSIG_AT);
	question[11] = 0;
	tsig_ask(&key, &asker);
	length = tsig_sign(&asker, 1000, question, TSIG_AT, sizeof(question));
	assert_int_equal(tsig_read(question, length, TSIG_AT, &tsig), 0);
	assert_int_equal(tsig_verify(&tsig, &keys, 1, 1000, &answerer), 0);
	for (int i = 0; i < 3; i++) {
		memcpy(answers[i], question, TSIG_AT);
		answers[i][2] = 0x84;
		answers[i][11] = 0;
		lengths[i] = tsig_sign(&answerer, 1000 + (unsigned)i, answers[i], TSIG_AT,
				       sizeof(answers[i]));
	}
	for (int i = 0; i < 3; i++) {
		struct tsig_session hasty = asker;

		if (i < 2) {
			assert_int_equal(tsig_read(answers[i + 1], lengths[i + 1], TSIG_AT, &tsig),
					 0);
			assert_int_equal(tsig_verify_answer(&tsig, &hasty, 1000), TSIG_BADSIG);
		}
		assert_int_equal(tsig_read(answers[i], lengths[i], TSIG_AT, &tsig), 0);
		assert_int_equal(tsig_verify_answer(&tsig, &asker, 1000), 0);
	}
}

static void a_tsig_that_is_none_is_refused(void **state)
{
	struct tsig tsig;

	for (size_t length = 0; length < sizeof(asked_sha256); length++)
		assert_int_equal(tsig_read(asked_sha256, length, TSIG_AT, &tsig), -EBADMSG);
	assert_int_equal(tsig_read(asked_sha256, sizeof(asked_sha256), 12, &tsig), -EBADMSG);
	assert_int_equal(tsig_read(asked_sha256, sizeof(asked_sha256), 500, &tsig), -EBADMSG);
}

static void algorithms_have_names(void **state)
{
	enum tsig_algorithm algorithm;

	for (int i = TSIG_SHA1; i <= TSIG_SHA512; i++) {
		assert_int_equal(tsig_algorithm_parse(tsig_algorithm_text((enum tsig_algorithm)i),
						      &algorithm),
				 0);
		assert_int_equal(algorithm, i);
	}
	assert_int_equal(tsig_algorithm_parse("HMAC-SHA256.", &algorithm), 0);
	assert_int_equal(tsig_algorithm_parse("hmac-md5", &algorithm), -EINVAL);
	assert_int_equal(tsig_algorithm_parse("", &algorithm), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_another_program_signs_is_genuine),
		cmocka_unit_test(a_signature_of_ours_is_the_same),
		cmocka_unit_test(any_changed_byte_is_noticed),
		cmocka_unit_test(errors_are_told_as_the_rfc_wants),
		cmocka_unit_test(cut_signatures_are_refused),
		cmocka_unit_test(messages_of_a_stream_hang_together),
		cmocka_unit_test(a_tsig_that_is_none_is_refused),
		cmocka_unit_test(algorithms_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
