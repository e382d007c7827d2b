/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "feature/checks/probe_agent_line.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const struct {
	const char *line;
	bool up;
	int weight;
	const char *reason;
} lines[] = {
	{ "up\n", true, -1, "the agent says up" },
	{ "UP", true, -1, "the agent says up" },
	{ "ready\r\n", true, -1, "the agent says ready" },
	{ "75%\n", true, 75, "the agent says its weight" },
	{ "0%\n", true, 0, "the agent says its weight" },
	{ "99999999999999%\n", true, 255, "the agent says its weight" },
	{ "up 50%\n", true, 50, "the agent says up" },
	{ "up,ready,25%\n", true, 25, "the agent says ready" },
	{ "down\n", false, -1, "the agent says down" },
	{ "down # disk full\n", false, -1, "the agent says down: disk full" },
	{ "fail#\x1b[2J\n", false, -1, "the agent says failed: ?[2J" },
	{ "failed\n", false, -1, "the agent says failed" },
	{ "stopped\n", false, -1, "the agent says stopped" },
	{ "drain\n", false, -1, "the agent says drained" },
	{ "up drain\n", false, -1, "the agent says drained" },
	{ "drain up\n", false, -1, "the agent says drained" },
	{ "maint 10%\n", false, 10, "the agent says in maintenance" },
	{ "down ready\n", false, -1, "the agent says down" },
	{ "maint ready up\n", true, -1, "the agent says ready" },
	{ "maxconn:30 up\n", true, -1, "the agent says up" },
	{ "up\ndown\n", true, -1, "the agent says up" },
};

static void lines_are_understood(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		struct probe_result result = { 0 };

		assert_true(probe_agent_line(lines[i].line, strlen(lines[i].line), &result));
		assert_string_equal(result.reason, lines[i].reason);
		assert_int_equal(result.up, lines[i].up);
		assert_int_equal(result.weight, lines[i].weight);
	}
}

static void what_holds_no_known_word_is_no_answer(void **state)
{
	static const char *const none[] = { "",	      "\n",	"HTTP/1.1 200 OK\n",
					    "# up\n", "%\n",	"-5%\n",
					    "upp\n",  "  ,\t\n" };

	for (size_t i = 0; i < ARRAY_SIZE(none); i++) {
		struct probe_result result = { .up = true };

		assert_false(probe_agent_line(none[i], strlen(none[i]), &result));
		assert_false(result.up);
		assert_string_equal(result.reason, "the agent's line is not understood");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_are_understood),
		cmocka_unit_test(what_holds_no_known_word_is_no_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
