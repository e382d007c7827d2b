/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "feature/replies/replies.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define HOOKED 7
#define ELSEWHERE 8

struct stage {
	struct host_servers servers;
};

static void server(struct stage *stage, const char *address, uint16_t port, uint64_t cgroup)
{
	struct host_server *server = VEC_PUSH(&stage->servers.items);

	assert_int_equal(address_parse(address, &server->address), 0);
	server->port = port;
	server->cgroup = cgroup;
}

static void evidence(struct stage *stage, const struct replies_evidence *evidence)
{
	*VEC_PUSH(&stage->servers.evidences) = *evidence;
}

static enum reply_class class_of(const struct stage *stage, size_t index)
{
	struct reply_evidence seen;

	return reply_classify(&stage->servers, &stage->servers.items.items[index], &seen);
}

static int begin(void **state)
{
	struct stage *stage = mem_alloc(sizeof(*stage));

	*VEC_PUSH(&stage->servers.attached) = HOOKED;
	*state = stage;
	return 0;
}

static int end(void **state)
{
	struct stage *stage = *state;

	host_servers_free(&stage->servers);
	mem_freep(state);
	return 0;
}

static void one_address_needs_no_help(void **state)
{
	struct stage *stage = *state;

	server(stage, "192.0.2.1", 53, HOOKED);
	assert_int_equal(class_of(stage, 0), REPLY_BOUND);
}

static void a_socket_for_each_address_does_not_see_prefixes(void **state)
{
	struct stage *stage = *state;

	server(stage, "192.0.2.1", 53, HOOKED);
	server(stage, "192.0.2.3", 53, HOOKED);
	assert_int_equal(class_of(stage, 0), REPLY_LISTS);
	assert_int_equal(class_of(stage, 1), REPLY_LISTS);
}

static void other_ports_and_other_users_are_others(void **state)
{
	struct stage *stage = *state;

	server(stage, "192.0.2.1", 53, HOOKED);
	server(stage, "192.0.2.3", 54, HOOKED);
	server(stage, "192.0.2.4", 53, HOOKED);
	stage->servers.items.items[2].uid = 1000;
	assert_int_equal(class_of(stage, 0), REPLY_BOUND);
}

static void the_wildcard_is_what_was_seen_of_it(void **state)
{
	struct stage *stage = *state;

	for (uint16_t port = 1; port <= 5; port++)
		server(stage, "0.0.0.0", port, port == 5 ? ELSEWHERE : HOOKED);
	evidence(stage, &(struct replies_evidence){ 1, AF_INET, .rewritten = 9 });
	evidence(stage, &(struct replies_evidence){ 2, AF_INET, .chosen = 9 });
	evidence(stage, &(struct replies_evidence){ 3, AF_INET, .rewritten = 9, .connects = 1 });
	assert_int_equal(class_of(stage, 0), REPLY_UNCONNECTED);
	assert_int_equal(class_of(stage, 1), REPLY_PACKET_INFORMATION);
	assert_int_equal(class_of(stage, 2), REPLY_CONNECTS);
	assert_int_equal(class_of(stage, 3), REPLY_UNSEEN);
	assert_int_equal(class_of(stage, 4), REPLY_UNHOOKED);
}

static void a_socket_of_both_families_is_seen_by_either(void **state)
{
	struct stage *stage = *state;

	server(stage, "::", 1, HOOKED);
	evidence(stage, &(struct replies_evidence){ 1, AF_INET, .rewritten = 9 });
	assert_int_equal(class_of(stage, 0), REPLY_UNCONNECTED);
	stage->servers.items.items[0].only_v6 = true;
	assert_int_equal(class_of(stage, 0), REPLY_UNSEEN);
}

static void the_outermost_group_is_the_one_that_counts(void **state)
{
	struct reply_group items[] = {
		{ .cgroup = "a/b/c" }, { .cgroup = "a/b" }, { .cgroup = "a/bc" }, { .cgroup = "a" }
	};
	const struct config_list groups = { .count = 4, .items = items };
	const struct config_list without = { .count = 3, .items = items };

	assert_ptr_equal(reply_group_above(&groups, &items[0]), &items[3]);
	assert_ptr_equal(reply_group_above(&without, &items[0]), &items[1]);
	assert_null(reply_group_above(&without, &items[2]));
	assert_null(reply_group_above(&groups, &items[3]));
	items[3].cgroup = "all";
	assert_ptr_equal(reply_group_above(&groups, &items[2]), &items[3]);
	assert_null(reply_group_above(&groups, &items[3]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(one_address_needs_no_help, begin, end),
		cmocka_unit_test_setup_teardown(a_socket_for_each_address_does_not_see_prefixes,
						begin, end),
		cmocka_unit_test_setup_teardown(other_ports_and_other_users_are_others, begin, end),
		cmocka_unit_test_setup_teardown(the_wildcard_is_what_was_seen_of_it, begin, end),
		cmocka_unit_test_setup_teardown(a_socket_of_both_families_is_seen_by_either, begin,
						end),
		cmocka_unit_test(the_outermost_group_is_the_one_that_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
