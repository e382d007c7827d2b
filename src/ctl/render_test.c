/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Replies in, what a person reads out. */
#include "ctl/render.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

static const char plan_reply[] =
	"{'exit': 1, 'operations': ["
	" {'op': 'add', 'kind': 'route', 'text': '+ route local 2001:db8:1:1::/64 table local link "
	"lo',"
	"  'feature': 'prefixes', 'file': 'multihomed.yaml', 'line': 3, 'column': 13},"
	" {'op': 'change', 'kind': 'sysctl', 'text': '~ sysctl net/ipv6/ip_nonlocal_bind: 0 -> 1',"
	"  'feature': 'prefixes', 'file': 'multihomed.yaml', 'line': 3, 'column': 5},"
	" {'op': 'delete', 'kind': 'route', 'text': '- route local 192.0.2.0/24 table local link "
	"lo'}],"
	" 'pending': [{'text': 'link eth7 does not exist', 'feature': 'prefixes',"
	"  'file': 'multihomed.yaml', 'line': 9, 'column': 3}],"
	" 'diagnostics': [{'level': 'warning', 'text': 'w', 'file': 'multihomed.yaml', 'line': 5,"
	"  'column': 3,"
	"  'rendered': 'multihomed.yaml:5:3: warning: covers the other\\n    - prefix\\n      "
	"^\\n'}]}";

static const char plan_text[] =
	"+ route local 2001:db8:1:1::/64 table local link lo  multihomed.yaml:3:13 prefixes\n"
	"~ sysctl net/ipv6/ip_nonlocal_bind: 0 -> 1           multihomed.yaml:3:5 prefixes\n"
	"- route local 192.0.2.0/24 table local link lo\n"
	"\n"
	"Pending:\n"
	"  link eth7 does not exist  multihomed.yaml:9:3 prefixes\n"
	"\n"
	"multihomed.yaml:5:3: warning: covers the other\n"
	"    - prefix\n"
	"      ^\n"
	"\n"
	"Plan: 1 to add, 1 to change, 1 to delete; 1 pending.\n";

static const char apply_reply[] =
	"{'exit': 0, 'generation': 7, 'operations': 2, 'confirm_ms': 60000,"
	" 'pending': [{'text': 'link eth7 does not exist', 'feature': 'prefixes'}],"
	" 'timing': {'read_us': 1200, 'decide_us': 340, 'apply_us': 56000}}";

static const char refused_reply[] =
	"{'exit': 1, 'generation': 6, 'operations': 0, 'rolled_back': true, 'failed': ["
	" {'text': '+ route local 192.0.2.0/24 table local link lo', 'error': 'File exists',"
	"  'feature': 'prefixes',"
	"  'file': 'm.yaml', 'line': 2, 'column': 5, 'rendered': 'm.yaml:2:5: error: refused: File "
	"exists\\n"
	"    - prefix: 192.0.2.0/24\\n      ^'},"
	" {'text': '+ listener udp 192.0.2.1:53', 'error': 'Address in use', 'feature': "
	"'services'}]}";

static const char status_reply[] =
	"{'exit': 0, 'version': '0.1.0', 'pid': 4711, 'generation': 3,"
	" 'config': '/etc/multihomed/multihomed.yaml',"
	" 'uptime_s': 8000, 'confirm_ms': 41200,"
	" 'objects': {'desired': 12, 'in_place': 10, 'pending': [{'text': 'link eth7 does not "
	"exist',"
	"  'feature': 'prefixes', 'file': 'm.yaml', 'line': 9, 'column': 3}],"
	"  'failing': [{'text': '+ listener udp 192.0.2.1:53', 'error': 'Address in use',"
	"  'feature': 'services'}]},"
	" 'drift': {'repaired': 3, 'last': 'route local 198.51.100.0/24', 'last_s_ago': 125},"
	" 'workers': [{'name': 'services', 'pid': 4712, 'restarts': 1, 'listeners': 4}],"
	" 'features': {"
	"  'prefixes': {'claims': ["
	"   {'prefix': '2001:db8:1:1::/64', 'state': 'in place', 'exceptions': ["
	"     {'prefix': '2001:db8:1:1::1/128', 'link': 'eth0', 'via': '', 'why': 'gateway'}],"
	"    'asked': 120, 'answered': 118, 'dropped': 2, 'failed': 0,"
	"    'warnings': ['rp_filter is strict on eth0']},"
	"   {'prefix': '198.51.100.0/24', 'state': 'pending', 'exceptions': [],"
	"    'asked': 0, 'answered': 0, 'dropped': 0, 'failed': 0, 'warnings': []}],"
	"   'nonlocal_bind': true},"
	"  'services': {'services': [{'name': 'who', 'kind': 'whoami',"
	"   'listen': ['2001:db8:1:1::/64', '198.51.100.0/24', '192.0.2.1'], 'ports': ['7777'],"
	"   'protocols': ['udp', 'tcp'], 'asked': 1, 'answered': 1, 'dropped': 0, 'failed': 0}]}}}";

static const char status_text[] =
	"multihomed 0.1.0, up 2 h 13 min, pid 4711\n"
	"config    /etc/multihomed/multihomed.yaml, generation 3\n"
	"confirm   goes back by itself in 42 s; keep it with: mhctl confirm\n"
	"objects   12 desired, 10 in place, 1 pending, 1 failing\n"
	"drift     3 repaired; last 2 min ago: route local 198.51.100.0/24\n"
	"workers   services: pid 4712, 4 listeners, 1 restart\n"
	"\n"
	"Pending:\n"
	"  link eth7 does not exist  m.yaml:9:3 prefixes\n"
	"\n"
	"Failing:\n"
	"+ listener udp 192.0.2.1:53: Address in use  services\n"
	"\n"
	"prefixes\n"
	"  PREFIX             STATE     EXCEPTIONS  ASKED  ANSWERED  DROPPED  FAILED\n"
	"  2001:db8:1:1::/64  in place           1    120       118        2       0\n"
	"    warning: rp_filter is strict on eth0\n"
	"  198.51.100.0/24    pending            0      0         0        0       0\n"
	"  nonlocal-bind: yes\n"
	"\n"
	"services\n"
	"  NAME  KIND    LISTEN                PORTS  PROTOCOLS  ASKED  ANSWERED  DROPPED  FAILED\n"
	"  who   whoami  2001:db8:1:1::/64 +2  7777   udp tcp        1         1        0       "
	"0\n";

static const char event_line[] =
	"{'event': 'drift', 'time': 1700000000.25, 'text': 'route repaired'}";

/* JSON with ' for ", so that it can be read here. */
static json_t *parsed(const char *reply)
{
	AUTO_MEM char *text = mem_strdup(reply);
	json_error_t error;
	json_t *json;

	for (char *at = text; (at = strchr(at, '\''));)
		*at = '"';
	json = json_loads(text, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
	if (!json)
		fail_msg("line %d: %s", error.line, error.text);
	return json;
}

/* What a person sees of @reply. */
static void assert_shown(render_fn *render, const char *reply, const char *feature, const char *text)
{
	struct view view = { .again = "mhctl", .feature = feature };
	json_t *json = parsed(reply);

	render(&view, json);
	assert_string_equal(text_string(&view.text), text);
	assert_false(view.broken);
	text_free(&view.text);
	json_decref(json);
}

static void a_plan_is_a_line_an_operation_with_its_place(void **state)
{
	assert_shown(render_plan, plan_reply, NULL, plan_text);
}

static void an_empty_plan_says_that_nothing_is_to_do(void **state)
{
	assert_shown(render_plan, "{'exit': 0, 'operations': []}", NULL, "Nothing to do.\n");
	assert_shown(render_plan,
		     "{'exit': 0, 'operations': [], 'pending': [{'text': 'link x is down'}]}", NULL,
		     "Pending:\n  link x is down\n\nNothing to do; 1 pending.\n");
	assert_shown(render_plan, "{'exit': 1, 'operations': [], 'workers': ['dns', 'checks']}",
		     NULL, "Plan: nothing in the kernel; news for the worker of dns, checks.\n");
}

static void a_refused_configuration_shows_its_mistakes_and_no_sum(void **state)
{
	assert_shown(render_plan,
		     "{'exit': 2, 'diagnostics': ["
		     "{'level': 'error', 'text': 'bad', 'rendered': 'f:1:1: error: bad'},"
		     "{'level': 'warning', 'text': 'hm'}]}",
		     NULL, "f:1:1: error: bad\nwarning: hm\n1 mistake.\n");
	assert_shown(render_apply, "{'exit': 2, 'error': 'another apply is running'}", NULL, "");
}

static void colours_follow_the_operation(void **state)
{
	struct view view = { .again = "mhctl", .colour = true };
	json_t *json = parsed(plan_reply);

	render_plan(&view, json);
	assert_non_null(
		strstr(text_string(&view.text),
		       "\033[32m+ route local 2001:db8:1:1::/64 table local link lo\033[0m  "));
	assert_non_null(strstr(text_string(&view.text), "\033[33m~ sysctl"));
	assert_non_null(strstr(text_string(&view.text), "\033[31m- route local"));
	assert_non_null(strstr(text_string(&view.text),
			       "multihomed.yaml:5:3: \033[33mwarning:\033[0m covers the other\n"));
	text_free(&view.text);
	json_decref(json);
}

static void an_apply_tells_what_was_done_and_how_to_keep_it(void **state)
{
	assert_shown(render_apply, apply_reply, NULL,
		     "Pending:\n"
		     "  link eth7 does not exist  prefixes\n"
		     "\n"
		     "Applied: 2 operations; generation 7 is in force "
		     "(read 1.2 ms, decided 0.3 ms, applied 56.0 ms); 1 pending.\n"
		     "Confirm within 60 s with: mhctl confirm\n");
	assert_shown(render_apply,
		     "{'exit': 0, 'generation': 7, 'operations': 0, 'confirm_ms': 3600000}", NULL,
		     "Nothing to do; generation 7 is in force.\n"
		     "Confirm within 1 h 0 min with: mhctl confirm\n");
	assert_shown(
		render_apply, "{'exit': 0, 'generation': 7, 'operations': 0, 'workers': ['dns']}",
		NULL,
		"Applied: nothing in the kernel; news for the worker of dns; generation 7 is in "
		"force.\n");
	assert_shown(render_rollback, "{'exit': 0, 'generation': 8, 'operations': 1}", NULL,
		     "Rolled back: 1 operation; generation 8 is in force.\n");
}

static void a_refusal_of_the_kernel_is_shown_at_its_place(void **state)
{
	assert_shown(render_apply, refused_reply, NULL,
		     "Failing:\n"
		     "m.yaml:2:5: error: refused: File exists\n"
		     "    - prefix: 192.0.2.0/24\n"
		     "      ^\n"
		     "+ listener udp 192.0.2.1:53: Address in use  services\n"
		     "rolled back: nothing was changed\n");
}

#define LOST "'losses': [{'link': 'eth3', 'text': 'eth3 goes down: 1 route goes with it'}]"

static void what_others_lose_is_told(void **state)
{
	assert_shown(render_plan,
		     "{'exit': 1, 'operations': [{'op': 'change', 'text': '~ link'}], " LOST "}",
		     NULL,
		     "~ link\n"
		     "! eth3 goes down: 1 route goes with it\n"
		     "\n"
		     "Plan: 0 to add, 1 to change, 0 to delete.\n");
	assert_shown(render_apply, "{'exit': 0, 'generation': 7, 'operations': 1, " LOST "}", NULL,
		     "! eth3 goes down: 1 route goes with it\n"
		     "\n"
		     "Applied: 1 operation; generation 7 is in force.\n");
}

static void nothing_was_changed_is_said_only_when_it_is_true(void **state)
{
	assert_shown(
		render_apply,
		"{'exit': 1, 'generation': 6, 'operations': 0, 'rolled_back': true, 'failed': [], "
		"'missing': [{'text': 'route 192.0.2.0/24 link eth3', 'error': 'No route'}]}",
		NULL,
		"rolled back, but not all that others had came back:\n"
		"! route 192.0.2.0/24 link eth3 is not back: No route\n");
	assert_shown(render_rollback,
		     "{'exit': 0, 'generation': 8, 'operations': 1, "
		     "'missing': [{'text': 'route 192.0.2.0/24 link eth3', 'error': 'No route'}]}",
		     NULL,
		     "Rolled back: 1 operation; generation 8 is in force.\n"
		     "! route 192.0.2.0/24 link eth3 is not back: No route\n");
}

static void an_apply_that_came_to_nothing_does_not_say_that_nothing_is_to_do(void **state)
{
	assert_shown(render_apply,
		     "{'exit': 1, 'generation': 3, 'operations': 0, 'error': 'netlink broke'}",
		     NULL, "");
	assert_shown(render_apply,
		     "{'exit': 1, 'generation': 3, 'operations': 2, 'error': 'netlink broke'}",
		     NULL, "Applied: 2 operations; generation 3 is in force.\n");
}

static void a_confirm_names_what_stays(void **state)
{
	assert_shown(render_confirm, "{'exit': 0, 'generation': 7}", NULL,
		     "Confirmed: generation 7 stays.\n");
	assert_shown(render_confirm, "{'exit': 0}", NULL, "Confirmed.\n");
	assert_shown(render_confirm, "{'exit': 1, 'error': 'nothing waits'}", NULL, "");
}

static void a_status_is_one_page(void **state)
{
	assert_shown(render_status, status_reply, NULL, status_text);
}

static void the_status_of_a_feature_is_all_of_it_and_nothing_else(void **state)
{
	assert_shown(render_status, status_reply, "prefixes",
		     "Pending:\n"
		     "  link eth7 does not exist  m.yaml:9:3 prefixes\n"
		     "\n"
		     "prefixes\n"
		     "  PREFIX             STATE     EXCEPTIONS  ASKED  ANSWERED  DROPPED  FAILED\n"
		     "  2001:db8:1:1::/64  in place           1    120       118        2       0\n"
		     "    warning: rp_filter is strict on eth0\n"
		     "    exceptions 2001:db8:1:1::1/128 link eth0 why gateway\n"
		     "  198.51.100.0/24    pending            0      0         0        0       0\n"
		     "  nonlocal-bind: yes\n");
	assert_shown(render_status, status_reply, "services",
		     "Failing:\n"
		     "+ listener udp 192.0.2.1:53: Address in use  services\n"
		     "\n"
		     "services\n"
		     "  NAME  KIND    LISTEN                PORTS  PROTOCOLS  ASKED  ANSWERED  "
		     "DROPPED  FAILED\n"
		     "  who   whoami  2001:db8:1:1::/64 +2  7777   udp tcp        1         1      "
		     "  0       0\n"
		     "    listen 2001:db8:1:1::/64 198.51.100.0/24 192.0.2.1\n");
	assert_shown(render_status, "{'exit': 0, 'features': {}}", "services",
		     "services: not in the configuration\n");
}

static void columns_stand_where_their_keys_do(void **state)
{
	assert_shown(render_status,
		     "{'exit': 0, 'features': {'later': {'things': ["
		     "{'a': 'x', 'details': [], 'b': 1, 'none': []},"
		     "{'a': 'y', 'details': [{'name': 'v', 'n': 3}], 'b': 20, 'none': []}]}}}",
		     "later",
		     "later\n"
		     "  A  DETAILS   B\n"
		     "  x        0   1\n"
		     "  y        1  20\n"
		     "    details v n 3\n");
}

static void seconds_have_their_unit_beside_them(void **state)
{
	assert_shown(render_status,
		     "{'exit': 0, 'features': {'later': {'things': ["
		     " {'name': 'a', 'since_s': 7.84168, 'checked_s_ago': 0.25},"
		     " {'name': 'b', 'since_s': 8000.5, 'checked_s_ago': 1e300}]}}}",
		     "later",
		     "later\n"
		     "  NAME       SINCE  CHECKED-AGO\n"
		     "  a          7.8 s        0.2 s\n"
		     "  b     2 h 13 min     1e+300 s\n");
}

static void a_refused_plan_shows_no_operations(void **state)
{
	assert_shown(render_plan,
		     "{'exit': 2, 'operations': [{'op': 'delete', 'text': '- everything'}],"
		     " 'diagnostics': [{'level': 'error', 'rendered': 'f:1:1: error: bad'}]}",
		     NULL, "f:1:1: error: bad\n1 mistake.\n");
}

static void ten_thousand_claims_still_fit_the_screen(void **state)
{
	struct view view = { .again = "mhctl -s /x" };
	json_t *reply = json_pack("{s:i, s:{s:{s:[]}}}", "exit", 0, "features", "prefixes", "claims");
	json_t *claims = json_object_get(
		json_object_get(json_object_get(reply, "features"), "prefixes"), "claims");
	unsigned lines = 0;

	for (int i = 0; i < 10000; i++)
		json_array_append_new(claims,
				      json_pack("{s:o}", "prefix",
						json_sprintf("10.%d.%d.0/24", i / 256, i % 256)));
	render_status(&view, reply);
	for (const char *at = text_string(&view.text); (at = strchr(at, '\n')); at++)
		lines++;
	assert_true(lines <= 24);
	assert_non_null(strstr(text_string(&view.text),
			       "\n  ... and 9990 more: mhctl -s /x status prefixes\n"));
	text_free(&view.text);
	view = (struct view){ .again = "mhctl", .feature = "prefixes" };
	render_status(&view, reply);
	assert_non_null(strstr(text_string(&view.text), "\n  10.39.15.0/24\n"));
	text_free(&view.text);
	json_decref(reply);
}

static void an_event_is_a_line_with_the_local_time(void **state)
{
	setenv("TZ", "UTC-1", 1);
	tzset();
	assert_shown(render_event, event_line, NULL,
		     "2023-11-14 23:13:20  drift    route repaired\n");
	assert_shown(render_event, "{'event': 'hello', 'time': 1}", NULL, "");
}

/* The reply may come from anything that listens there. */
static void nothing_in_a_reply_steers_the_terminal(void **state)
{
	assert_shown(
		render_plan,
		"{'exit': 1, 'operations': [{'op': 'add', 'text': '\\u001b[2J\\u009b2J\\u007f\\r', "
		"'feature': '\\u0007'}]}",
		NULL, "?[2J?2J??  ?\n\nPlan: 1 to add, 0 to change, 0 to delete.\n");
	assert_shown(
		render_status,
		"{'exit': 0, 'features': {'\\u001b[1m': {'\\u001b_a': [{'\\u001bb': '\\u001b'}]}}}",
		NULL, "multihomed , up 0 s, pid 0\nconfig    , generation 0\n\n?[1m\n  ?B\n  ?\n");
}

static void a_reply_of_wrong_types_is_found_out(void **state)
{
	static const struct {
		render_fn *render;
		const char *reply;
	} cases[] = {
		{ render_plan, "{}" },
		{ render_plan, "{'exit': 3}" },
		{ render_plan, "{'exit': '0'}" },
		{ render_plan, "{'exit': 1, 'operations': 2}" },
		{ render_plan, "{'exit': 1, 'operations': [2]}" },
		{ render_plan, "{'exit': 1, 'operations': [{'op': 'explode', 'text': ''}]}" },
		{ render_plan, "{'exit': 1, 'operations': [{'op': 'add', 'text': 1}]}" },
		{ render_plan,
		  "{'exit': 1, 'operations': [{'op': 'add', 'file': 'f', 'line': '1'}]}" },
		{ render_plan, "{'exit': 0, 'pending': {}}" },
		{ render_plan, "{'exit': 0, 'diagnostics': [[]]}" },
		{ render_apply, "{'exit': 0, 'generation': 1, 'operations': []}" },
		{ render_apply, "{'exit': 1, 'failed': true}" },
		{ render_apply, "{'exit': 1, 'rolled_back': 1}" },
		{ render_apply, "{'exit': 0, 'generation': 1e300}" },
		{ render_confirm, "{'generation': 1}" },
		{ render_status, "{'exit': 0, 'features': []}" },
		{ render_status, "{'exit': 0, 'features': {'prefixes': 1}}" },
		{ render_status, "{'exit': 0, 'features': {'prefixes': {'claims': [{}, 1]}}}" },
		{ render_status, "{'exit': 0, 'features': {'prefixes': {'warnings': [1]}}}" },
		{ render_status, "{'exit': 0, 'uptime_s': -1.5}" },
		{ render_event, "{}" },
		{ render_event, "{'event': 'drift', 'time': 'now'}" },
		{ render_event, "{'event': 'drift', 'time': 9007199254740991000}" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct view view = { .again = "mhctl" };
		json_t *json = parsed(cases[i].reply);

		cases[i].render(&view, json);
		if (!view.broken)
			fail_msg("%s was taken for a reply: %s", cases[i].reply,
				 text_string(&view.text));
		text_free(&view.text);
		json_decref(json);
	}
}

static void render_everywhere(const json_t *reply)
{
	static render_fn *const renders[] = {
		render_plan,	render_apply,  render_rollback,
		render_confirm, render_status, render_event,
	};

	for (size_t i = 0; i < 2 * ARRAY_SIZE(renders); i++) {
		struct view view = { .again = "mhctl", .feature = i % 2 ? "prefixes" : NULL };

		renders[i / 2](&view, reply);
		assert_null(strchr(text_string(&view.text), '\033'));
		text_free(&view.text);
	}
}

/* Renders @reply once for each value within @value and each thing that it might be instead. */
static void spoil(const json_t *reply, json_t *value, unsigned *tried)
{
	static const char *const others[] = {
		"null",
		"-1",
		"'\\u001b[2J'",
		"true",
		"[]",
		"{}",
		"[[]]",
		"['x', 1]",
		"[{}, {'a': []}]",
		"1e300",
		"9223372036854775807",
		"[{'a': 1}, {'a': [{}]}, {'b': {}}, {'a': ['x'], 'state': 1}]",
	};
	const char *key;
	json_t *inner;
	size_t index;
	void *next;

	if (json_is_array(value))
		json_array_foreach(value, index, inner) spoil(reply, inner, tried);
	json_object_foreach_safe(value, next, key, inner)
	{
		spoil(reply, inner, tried);
		json_incref(inner);
		for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
			json_object_set_new(value, key, parsed(others[i]));
			render_everywhere(reply);
			++*tried;
		}
		json_object_set_new(value, key, inner);
	}
}

static void whatever_stands_in_a_reply_is_borne(void **state)
{
	static const char *const replies[] = { plan_reply, apply_reply, refused_reply, status_reply,
					       event_line };
	unsigned tried = 0;

	for (size_t i = 0; i < ARRAY_SIZE(replies); i++) {
		json_t *reply = parsed(replies[i]);

		spoil(reply, reply, &tried);
		json_decref(reply);
	}
	assert_true(tried > 1000);
}

static void what_waits_to_be_confirmed_is_told_with_who_and_what(void **state)
{
	const char *reply =
		"{'exit': 0, 'version': '0.1.0', 'uptime_s': 1, 'pid': 2, 'config': 'm.yaml',"
		" 'generation': 3, 'confirm_ms': 41000, 'transaction': {'id': 3, 'what': "
		"'draft.yaml', 'uid': 0, 'pid': 77, 'operations': 1}}";

	assert_shown(render_status, reply, NULL,
		     "multihomed 0.1.0, up 1 s, pid 2\n"
		     "config    m.yaml, generation 3\n"
		     "confirm   goes back by itself in 41 s; keep it with: mhctl confirm\n"
		     "          id 3: draft.yaml, 1 operation, by uid 0 (pid 77); the way back: "
		     "mhctl plan "
		     "--rollback\n");
}

static void what_others_fight_for_is_told(void **state)
{
	const char *reply =
		"{'exit': 0, 'version': '0.1.0', 'uptime_s': 1, 'pid': 2, 'config': 'm.yaml',"
		" 'generation': 3, 'drift': {'repaired': 0, 'fights': [{'text': 'route 10.0.0.0/8',"
		" 'by': 'protocol bird', 'left_s': 59}]}}";

	assert_shown(render_status, reply, NULL,
		     "multihomed 0.1.0, up 1 s, pid 2\n"
		     "config    m.yaml, generation 3\n"
		     "drift     none\n"
		     "fights    route 10.0.0.0/8 is removed or altered again and again, by "
		     "protocol bird; "
		     "let be for 59 s\n");
}

static void a_promise_that_does_not_hold_is_shown_with_its_place(void **state)
{
	const char *reply =
		"{'exit': 1, 'version': '0.1.0', 'uptime_s': 1, 'pid': 2, 'config': 'm.yaml',"
		" 'generation': 1, 'violated': [{'level': 'error', 'text': 'does not hold',"
		" 'rendered': 'm.yaml:4:5: error: does not hold\\n    - in: eth0\\n      ^\\n'}]}";

	assert_shown(render_status, reply, NULL,
		     "multihomed 0.1.0, up 1 s, pid 2\n"
		     "config    m.yaml, generation 1\n"
		     "violated  what the configuration promises does not hold\n"
		     "m.yaml:4:5: error: does not hold\n"
		     "    - in: eth0\n"
		     "      ^\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_plan_is_a_line_an_operation_with_its_place),
		cmocka_unit_test(an_empty_plan_says_that_nothing_is_to_do),
		cmocka_unit_test(a_refused_configuration_shows_its_mistakes_and_no_sum),
		cmocka_unit_test(colours_follow_the_operation),
		cmocka_unit_test(an_apply_tells_what_was_done_and_how_to_keep_it),
		cmocka_unit_test(a_refusal_of_the_kernel_is_shown_at_its_place),
		cmocka_unit_test(what_others_lose_is_told),
		cmocka_unit_test(nothing_was_changed_is_said_only_when_it_is_true),
		cmocka_unit_test(an_apply_that_came_to_nothing_does_not_say_that_nothing_is_to_do),
		cmocka_unit_test(a_confirm_names_what_stays),
		cmocka_unit_test(a_status_is_one_page),
		cmocka_unit_test(the_status_of_a_feature_is_all_of_it_and_nothing_else),
		cmocka_unit_test(columns_stand_where_their_keys_do),
		cmocka_unit_test(seconds_have_their_unit_beside_them),
		cmocka_unit_test(a_refused_plan_shows_no_operations),
		cmocka_unit_test(ten_thousand_claims_still_fit_the_screen),
		cmocka_unit_test(an_event_is_a_line_with_the_local_time),
		cmocka_unit_test(nothing_in_a_reply_steers_the_terminal),
		cmocka_unit_test(a_reply_of_wrong_types_is_found_out),
		cmocka_unit_test(whatever_stands_in_a_reply_is_borne),
		cmocka_unit_test(what_waits_to_be_confirmed_is_told_with_who_and_what),
		cmocka_unit_test(what_others_fight_for_is_told),
		cmocka_unit_test(a_promise_that_does_not_hold_is_shown_with_its_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
