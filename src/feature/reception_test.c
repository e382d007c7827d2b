/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How links are made to hear solicitations: by groups or by all, beside what others want of them. */
#include "feature/reception.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#define LINKS "link lo index 1\nlink eth0 index 2 flags up mtu 1500\n"

static struct state parsed(const char *text)
{
	struct text error = { 0 };
	struct state state;

	if (state_parse(text, &state, &error) < 0)
		fail_msg("%s", text_string(&error));
	return state;
}

static struct prefix prefix(const char *text)
{
	struct prefix parsed;

	assert_int_equal(prefix_parse(text, &parsed), 0);
	return parsed;
}

/* What is desired on eth0 for @prefixes beside @others, a line each. */
static void desires(const char *observed_text, const char *others, const char *const *prefixes,
		    const char *wanted)
{
	struct state observed = parsed(observed_text), made = parsed(others);
	const struct facts facts = { .observed = &observed };
	struct diags diags = { 0 };
	struct desired desired;
	struct prefix all[32];
	struct text lines = { 0 };
	size_t count = 0;

	desired_init(&desired, &diags);
	STATE_EACH(&made, OBJECT_LINK, struct host_link, link)
		desire_object(&desired, OBJECT_LINK, (struct place){ 0 }, link);
	for (; prefixes[count]; count++)
		all[count] = prefix(prefixes[count]);
	desire_reception(&desired, &facts,
			 &(struct reception){ .link = 2, .prefixes = all, .count = count });
	state_sort(&desired.state, NULL, NULL);
	for (int kind = 0; kind < OBJECT_KINDS; kind++)
		for (size_t i = 0; i < state_count(&desired.state, (enum object_kind)kind); i++) {
			object_print((enum object_kind)kind,
				     state_at(&desired.state, (enum object_kind)kind, i), &observed,
				     &lines);
			text_puts(&lines, "\n");
		}
	assert_string_equal(text_string(&lines), wanted);
	text_free(&lines);
	desired_free(&desired);
	state_free(&observed);
	state_free(&made);
}

#define DESIRES(observed, others, wanted, ...)                                                     \
	desires(observed, others, (const char *const[]){ __VA_ARGS__, NULL }, wanted)

static void few_groups_are_joined(void **data)
{
	DESIRES(LINKS, "",
		"address 100::1:ff12:3456/128 link eth0 flags nodad,deprecated,noprefixroute\n"
		"address 100::1:ff12:3457/128 link eth0 flags nodad,deprecated,noprefixroute\n",
		"2001:db8::5612:3456/127", "198.51.100.0/24", "2001:db8:1::12:3457/128");
}

static void many_groups_are_every_group(void **data)
{
	DESIRES(LINKS, "", "link eth0 index 2 flags up mtu 1500 allmulti yes changed allmulti\n",
		"2001:db8::/64");
	DESIRES(LINKS, "", "link eth0 index 2 flags up mtu 1500 allmulti yes changed allmulti\n",
		"2001:db8::/124", "2001:db8::ff/128");
}

static void what_is_not_heard_on_a_link_leaves_it_alone(void **data)
{
	DESIRES(LINKS, "", "", "198.51.100.0/24");
}

static void who_takes_all_already_goes_on(void **data)
{
	DESIRES("link eth0 index 2 flags up mtu 1500 allmulti yes", "",
		"link eth0 index 2 flags up mtu 1500 allmulti yes\n", "2001:db8::/64");
	/* What we changed of it for others, who are gone, is not kept; that we changed this is. */
	DESIRES("link eth0 index 2 flags up mtu 9000 allmulti yes changed mtu,allmulti was-mtu "
		"1500",
		"", "link eth0 index 2 flags up mtu 1500 allmulti yes changed allmulti\n",
		"2001:db8::/64");
}

static void a_link_that_others_want_stays_as_they_want_it(void **data)
{
	DESIRES(LINKS, "link eth0 index 2 flags up mtu 9000 changed mtu was-mtu 1500",
		"link eth0 index 2 flags up mtu 9000 allmulti yes changed mtu,allmulti was-mtu "
		"1500\n",
		"2001:db8::/64");
	DESIRES("", "link eth0 index 2 flags up type bridge group multihomed",
		"link eth0 index 2 flags up type bridge allmulti yes\n", "2001:db8::/64");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(few_groups_are_joined),
		cmocka_unit_test(many_groups_are_every_group),
		cmocka_unit_test(what_is_not_heard_on_a_link_leaves_it_alone),
		cmocka_unit_test(who_takes_all_already_goes_on),
		cmocka_unit_test(a_link_that_others_want_stays_as_they_want_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
