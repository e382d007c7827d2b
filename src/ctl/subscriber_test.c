/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ctl/subscriber.h"

#include "ctl/command.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MOST_WORDS 16

/* What is typed behind "mhctl subscriber" makes this request, or this mistake. */
static void assert_typed(const char *line, const char *wanted)
{
	AUTO_MEM char *copy = mem_printf("mhctl subscriber %s", line);
	char *words[MOST_WORDS + 1] = { 0 }, *rest = copy, *text = NULL;
	struct call call = { .out = stdout, .err = stderr };
	AUTO_TEXT error = { 0 };
	json_t *request;
	int count = 0;

	while (count < MOST_WORDS && (words[count] = strsep(&rest, " ")))
		count++;
	assert_int_equal(call_parse(&call, count, words, &error), 0);
	request = subscriber_request(&call, &error);
	if (request)
		text = json_dumps(request, JSON_COMPACT | JSON_SORT_KEYS);
	assert_string_equal(text ? text : text_string(&error), wanted);
	free(text);
	json_decref(request);
	call_free(&call);
}

static void what_is_typed_becomes_a_request(void **state)
{
	assert_typed("add alice --port eth3 --address 10.1.2.7",
		     "{\"addresses\":[\"10.1.2.7\"],\"command\":\"subscriber\",\"name\":\"alice\","
		     "\"order\":\"add\",\"port\":\"eth3\"}");
	assert_typed(
		"--port=br0 --mac 02:00:00:00:00:07 --address 10.1.2.7 --address=10.1.2.99 "
		"--prefix 2001:db8:7::/64 add --via fe80::7 alice",
		"{\"addresses\":[\"10.1.2.7\",\"10.1.2.99\"],\"command\":\"subscriber\",\"mac\":"
		"\"02:00:00:00:00:07\",\"name\":\"alice\",\"order\":\"add\",\"port\":\"br0\","
		"\"prefixes\":[\"2001:db8:7::/64\"],\"via\":\"fe80::7\"}");
	assert_typed("move alice --port eth4",
		     "{\"command\":\"subscriber\",\"name\":\"alice\",\"order\":\"move\",\"port\":"
		     "\"eth4\"}");
	assert_typed("remove alice",
		     "{\"command\":\"subscriber\",\"name\":\"alice\",\"order\":\"remove\"}");
	assert_typed("auto alice",
		     "{\"command\":\"subscriber\",\"name\":\"alice\",\"order\":\"auto\"}");
}

static void what_does_not_suit_is_told_with_the_way_to_write_it(void **state)
{
	assert_typed("mvoe alice", "no action 'mvoe' of subscriber; did you mean 'move'?");
	assert_typed("who is alice", "no action 'who' of subscriber; there are list, add, move, "
				     "remove and auto");
	assert_typed("move", "move what? Write 'mhctl subscriber move NAME --port=LINK'");
	assert_typed("move alice", "move what? Write 'mhctl subscriber move NAME --port=LINK'");
	assert_typed("move alice eth4",
		     "'eth4' is too much; write 'mhctl subscriber move NAME --port=LINK'");
	assert_typed("move alice --port eth4 --address 10.1.2.7",
		     "move asks for a name and --port, and changes nothing else; write 'mhctl "
		     "subscriber move NAME --port=LINK'");
	assert_typed("remove alice --port eth3",
		     "remove asks for a name alone; write 'mhctl subscriber remove NAME'");
	assert_typed("auto", "auto what? Write 'mhctl subscriber auto NAME'");
	assert_typed("add alice --port eth3",
		     "add what? Write 'mhctl subscriber add NAME --port=LINK --address=ADDRESS "
		     "[--address=...] [--prefix=...]'");
	assert_typed("add alice --address 10.1.2.7",
		     "add what? Write 'mhctl subscriber add NAME --port=LINK --address=ADDRESS "
		     "[--address=...] [--prefix=...]'");
}

static void assert_shown(const char *reply, const char *wanted)
{
	struct view view = { .again = "mhctl" };
	json_t *json = json_loads(reply, 0, NULL);

	assert_non_null(json);
	subscriber_render(&view, json);
	assert_false(view.broken);
	assert_string_equal(text_string(&view.text), wanted);
	text_free(&view.text);
	json_decref(json);
}

static void the_answer_is_where_it_is_now(void **state)
{
	assert_shown("{\"exit\":0,\"operations\":5,\"failed\":[],\"pending\":[],\"subscriber\":"
		     "{\"name\":\"alice\",\"order\":\"move\",\"port\":\"eth4\"}}",
		     "alice is on eth4 (5 operations).\n");
	assert_shown("{\"exit\":0,\"operations\":1,\"failed\":[],\"pending\":[],\"subscriber\":"
		     "{\"name\":\"alice\",\"order\":\"remove\"}}",
		     "alice is removed (1 operation).\n");
	assert_shown("{\"exit\":0,\"operations\":0,\"failed\":[],\"pending\":[],\"subscriber\":"
		     "{\"name\":\"alice\",\"order\":\"auto\"}}",
		     "alice is as the file says (0 operations).\n");
	assert_shown(
		"{\"exit\":0,\"operations\":1,\"failed\":[],\"pending\":[{\"text\":\"port eth4 "
		"does "
		"not exist now\"}],\"subscriber\":{\"name\":\"alice\",\"order\":\"move\",\"port\":"
		"\"eth4\"}}",
		"alice is on eth4 as soon as it can be.\n\nPending:\n  port eth4 does not exist "
		"now\n");
	assert_shown("{\"exit\":2,\"error\":\"there is no subscriber 'alice'\",\"subscriber\":"
		     "{\"name\":\"alice\",\"order\":\"remove\"}}",
		     "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_typed_becomes_a_request),
		cmocka_unit_test(what_does_not_suit_is_told_with_the_way_to_write_it),
		cmocka_unit_test(the_answer_is_where_it_is_now),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
