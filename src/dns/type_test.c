/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dns/type.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static void every_type_is_read_as_it_is_written(void **state)
{
	char text[TYPE_TEXT_SIZE];
	uint16_t type;

	for (unsigned number = 0; number < 65536; number++) {
		assert_int_equal(type_parse(type_text((uint16_t)number, text), &type), 0);
		assert_int_equal(type, number);
	}
}

static void types_have_the_names_of_the_registry(void **state)
{
	char text[TYPE_TEXT_SIZE];

	assert_string_equal(type_text(DNS_AAAA, text), "AAAA");
	assert_string_equal(type_text(DNS_NSEC3PARAM, text), "NSEC3PARAM");
	assert_string_equal(type_text(DNS_HTTPS, text), "HTTPS");
	assert_string_equal(type_text(65280, text), "TYPE65280");
}

static void what_is_no_type_is_refused(void **state)
{
	static const char *const texts[] = { "",       "AAAAA",	 "TYPE",  "TYPE65536",
					     "TYPE-1", "TYPE1x", "TYPE 1" };
	uint16_t type;

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		assert_int_equal(type_parse(texts[i], &type), -EINVAL);
	assert_int_equal(type_parse("https", &type), 0);
	assert_int_equal(type, DNS_HTTPS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_type_is_read_as_it_is_written),
		cmocka_unit_test(types_have_the_names_of_the_registry),
		cmocka_unit_test(what_is_no_type_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
