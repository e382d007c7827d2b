/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The door to the kernel against a real one, in a namespace of the test's own. `ip` plays
 * everybody else: who adds, takes away and comes in between.
 */
#include "host/host.h"

#include "base/clock.h"
#include "host/kind.h"
#include "host/scratch.h"

#include <arpa/inet.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cmocka.h>

#define MEMORY "/tmp/multihomed-host-test-memory"

/* What a test works with. */
struct scene {
	struct host *host;
	struct state desired;
	struct plan plan;
	unsigned failed;
	char text[160];
	int error;
};

static void open_host(struct scene *scene)
{
	struct host_options options = { .memory_path = MEMORY, .sockets_per_listener = 2 };
	struct text error = { 0 };

	if (host_open(&options, &scene->host, &error) < 0)
		fail_msg("%s", text_string(&error));
	text_free(&error);
}

static int scene_setup(void **data)
{
	struct scene *scene = calloc(1, sizeof(*scene));

	if (!scene || !scratch_new())
		return -1;
	unlink(MEMORY);
	open_host(scene);
	*data = scene;
	return 0;
}

static int scene_teardown(void **data)
{
	struct scene *scene = *data;

	host_close(scene->host);
	state_free(&scene->desired);
	plan_free(&scene->plan);
	unlink(MEMORY);
	free(scene);
	return 0;
}

static void hear(void *data, const struct host_result *result)
{
	struct scene *scene = data;

	if (!result->error)
		return;
	scene->failed++;
	scene->error = result->error;
	snprintf(scene->text, sizeof(scene->text), "%s", result->text);
}

static bool settle(struct scene *scene, bool *ret_resynced)
{
	bool changed, resynced;

	assert_int_equal(host_settle(scene->host, &changed, &resynced), 0);
	if (ret_resynced)
		*ret_resynced = resynced;
	return changed;
}

static void make_plan(struct scene *scene)
{
	plan_free(&scene->plan);
	state_sort(&scene->desired, NULL, NULL);
	plan_make(&scene->desired, host_observed(scene->host), &scene->plan);
}

/* Settles, plans, applies; returns how many operations there were. */
static size_t apply(struct scene *scene)
{
	size_t at = 0, count;

	settle(scene, NULL);
	make_plan(scene);
	count = scene->plan.count;
	scene->failed = 0;
	scene->text[0] = '\0';
	while (at < count)
		assert_int_equal(host_apply(scene->host, &scene->plan, &at, hear, scene), 0);
	return count;
}

static void want_prefix(struct scene *scene, const char *text)
{
	static struct prefix prefix;

	assert_int_equal(prefix_parse(text, &prefix), 0);
	host_set_interest(scene->host, &(struct host_interest){ .prefixes = &prefix, .prefix_count = 1 });
}

static void desire_route(struct scene *scene, const char *line)
{
	struct state parsed = { 0 };
	struct text whole = { 0 }, error = { 0 };
	struct host_route route;

	settle(scene, NULL);
	STATE_EACH(host_observed(scene->host), OBJECT_LINK, const struct host_link, link) {
		object_print(OBJECT_LINK, link, NULL, &whole);
		text_puts(&whole, "\n");
	}
	text_puts(&whole, line);
	if (state_parse(text_string(&whole), &parsed, &error) < 0)
		fail_msg("%s", text_string(&error));
	route = *(const struct host_route *)state_at(&parsed, OBJECT_ROUTE, 0);
	route.object.ours = true;
	state_add(&scene->desired, OBJECT_ROUTE, &route);
	state_free(&parsed);
	text_free(&whole);
	text_free(&error);
}

static void desire_sysctl(struct scene *scene, const char *name, const char *value)
{
	struct host_sysctl sysctl = { .object.ours = true };

	snprintf(sysctl.name, sizeof(sysctl.name), "%s", name);
	snprintf(sysctl.value, sizeof(sysctl.value), "%s", value);
	state_add(&scene->desired, OBJECT_SYSCTL, &sysctl);
}

static bool is_value(const char *name, const char *value)
{
	char path[128], raw[64] = "";
	FILE *file;

	snprintf(path, sizeof(path), "/proc/sys/%s", name);
	file = fopen(path, "r");
	assert_non_null(file);
	assert_non_null(fgets(raw, sizeof(raw), file));
	fclose(file);
	raw[strcspn(raw, "\n")] = '\0';
	return !strcmp(raw, value);
}

static bool shows(const char *command, const char *wanted)
{
	char output[4096] = "";
	FILE *pipe = popen(command, "r");
	size_t length = fread(output, 1, sizeof(output) - 1, pipe);

	output[length] = '\0';
	pclose(pipe);
	return strstr(output, wanted) != NULL;
}

static unsigned count_ours(const struct scene *scene)
{
	unsigned count = 0;

	STATE_EACH(host_observed(scene->host), OBJECT_ROUTE, const struct host_route, route)
		count += route->object.ours;
	return count;
}

static const char *const all_shapes[] = {
	"route local 198.51.100.0/24 table local link lo",
	"route local 198.51.101.0/24 table local link eth0",
	"route 198.51.100.7/32 table local link eth0",
	"route 198.51.100.8/32 via 192.0.2.2 table local link eth0",
	"route 203.0.113.0/24 via 192.0.2.2",
	"route 203.0.114.0/24 link eth0 metric 7 source 192.0.2.1",
	"route unreachable 203.0.115.0/24",
	"route blackhole 203.0.116.0/24 table 1000",
	"route 203.0.117.0/24 via 2001:db8::2 link eth0",
	"route local 2001:db8:1::/64 table local link lo",
	"route local 2001:db8:2::/64 table local link eth0",
	"route 2001:db8:1::7/128 table local link eth0",
	"route 2001:db8:1::8/128 via 2001:db8::2 table local link eth0",
	"route 2001:db8:3::/64 via 2001:db8::2",
	"route 2001:db8:4::/64 link eth0 metric 7 source 2001:db8::1",
	"route unreachable 2001:db8:5::/64",
	"route prohibit 2001:db8:6::/64 table 1000",
};

static void a_second_apply_does_nothing(void **data)
{
	struct scene *scene = *data;

	for (size_t i = 0; i < sizeof(all_shapes) / sizeof(*all_shapes); i++)
		desire_route(scene, all_shapes[i]);
	assert_int_equal(apply(scene), sizeof(all_shapes) / sizeof(*all_shapes));
	assert_string_equal(scene->text, "");
	assert_int_equal(apply(scene), 0);
	host_resync(scene->host);
	assert_int_equal(apply(scene), 0);
}

static void a_restart_finds_what_is_ours(void **data)
{
	struct scene *scene = *data;

	for (size_t i = 0; i < sizeof(all_shapes) / sizeof(*all_shapes); i++)
		desire_route(scene, all_shapes[i]);
	apply(scene);
	host_close(scene->host);
	open_host(scene);
	assert_int_equal(apply(scene), 0);
	state_free(&scene->desired);
	assert_int_equal(apply(scene), sizeof(all_shapes) / sizeof(*all_shapes));
	assert_int_equal(scene->failed, 0);
	settle(scene, NULL);
	assert_int_equal(count_ours(scene), 0);
	assert_false(shows("ip route show table all proto 109; ip -6 route show table all proto 109", "dev"));
}

static void events_and_a_dump_tell_the_same(void **data)
{
	struct scene *scene = *data;
	struct text told = { 0 }, dumped = { 0 };

	want_prefix(scene, "0.0.0.0/0");
	settle(scene, NULL);
	assert_true(scratch_run("ip route add 203.0.113.0/24 via 192.0.2.2; ip route add 203.0.114.0/24 dev eth0;"
				"ip route replace 203.0.113.0/24 via 192.0.2.3; ip route del 203.0.114.0/24;"
				"ip neigh add 192.0.2.9 lladdr 02:00:00:00:00:09 dev eth0; ip link set eth0 mtu 1400;"
				"ip addr add 192.0.2.77/24 dev eth0; ip link add br0 type bridge;"
				"ip link set peer0 master br0"));
	assert_true(settle(scene, NULL));
	state_print(host_observed(scene->host), &told);
	host_resync(scene->host);
	settle(scene, NULL);
	state_print(host_observed(scene->host), &dumped);
	assert_string_equal(text_string(&told), text_string(&dumped));
	assert_non_null(strstr(text_string(&told), "\nroute 203.0.113.0/24 via 192.0.2.3 link eth0 protocol boot\n"));
	assert_non_null(strstr(text_string(&told), "mtu 1400"));
	assert_non_null(strstr(text_string(&told), "master br0"));
	text_free(&told);
	text_free(&dumped);
}

static void routes_that_vanish_with_their_link_are_missed(void **data)
{
	struct scene *scene = *data;
	bool resynced;

	desire_route(scene, "route 198.51.100.0/24 link eth0");
	apply(scene);
	settle(scene, NULL);
	assert_int_equal(count_ours(scene), 1);
	assert_true(scratch_run("ip link set eth0 down"));
	settle(scene, &resynced);
	assert_true(resynced);
	assert_int_equal(count_ours(scene), 0);
}

static void a_flush_is_seen_and_repaired(void **data)
{
	struct scene *scene = *data;

	desire_route(scene, all_shapes[0]);
	desire_route(scene, all_shapes[9]);
	apply(scene);
	settle(scene, NULL);
	assert_true(scratch_run("ip route flush table local proto 109; ip -6 route flush table local proto 109"));
	assert_true(settle(scene, NULL));
	assert_int_equal(count_ours(scene), 0);
	assert_int_equal(apply(scene), 2);
	assert_int_equal(apply(scene), 0);
}

static void foreign_routes_stay_and_are_named(void **data)
{
	struct scene *scene = *data;

	want_prefix(scene, "198.51.100.0/24");
	assert_true(scratch_run("ip route add unreachable 198.51.100.0/24 table local proto static"));
	desire_route(scene, all_shapes[0]);
	assert_int_equal(apply(scene), 1);
	assert_int_equal(scene->failed, 1);
	assert_int_equal(scene->error, -EEXIST);
	assert_string_equal(scene->text, "exists in table local and is not ours (protocol static); remove it or leave it out "
					 "of the configuration");
	assert_true(shows("ip route show table local proto static", "unreachable 198.51.100.0/24"));
}

static void a_foreign_route_that_does_the_same_is_enough(void **data)
{
	struct scene *scene = *data;

	want_prefix(scene, "198.51.100.0/24");
	assert_true(scratch_run("ip route add local 198.51.100.0/24 dev lo table local proto static"));
	desire_route(scene, all_shapes[0]);
	assert_int_equal(apply(scene), 0);
}

static void a_foreign_twin_survives_the_delete(void **data)
{
	struct scene *scene = *data;

	want_prefix(scene, "198.51.100.0/24");
	desire_route(scene, all_shapes[0]);
	apply(scene);
	assert_true(scratch_run("ip route append local 198.51.100.0/24 dev lo table local proto static"));
	assert_true(scratch_run("ip route prepend local 198.51.100.0/24 dev lo table local proto 77"));
	state_free(&scene->desired);
	assert_int_equal(apply(scene), 1);
	settle(scene, NULL);
	assert_int_equal(count_ours(scene), 0);
	assert_true(shows("ip route show table local", "local 198.51.100.0/24 dev lo proto static"));
	assert_true(shows("ip route show table local", "local 198.51.100.0/24 dev lo proto 77"));
	assert_int_equal(apply(scene), 0);
}

static void a_change_leaves_no_gap(void **data)
{
	struct scene *scene = *data;

	desire_route(scene, "route 198.51.100.0/24 via 192.0.2.2");
	desire_route(scene, "route 2001:db8:3::/64 via 2001:db8::2");
	desire_route(scene, "route unreachable 198.51.101.0/24");
	desire_route(scene, "route unreachable 2001:db8:4::/64");
	apply(scene);
	state_free(&scene->desired);
	desire_route(scene, "route 198.51.100.0/24 via 192.0.2.3");
	desire_route(scene, "route 2001:db8:3::/64 link eth0");
	desire_route(scene, "route 198.51.101.0/24 via 192.0.2.3");
	desire_route(scene, "route 2001:db8:4::/64 via 2001:db8::3");
	assert_int_equal(apply(scene), 4);
	assert_string_equal(scene->text, "");
	for (size_t i = 0; i < scene->plan.count; i++)
		assert_int_equal(scene->plan.items[i].type, OPERATION_CHANGE);
	assert_int_equal(apply(scene), 0);
	assert_true(shows("ip route", "198.51.101.0/24 via 192.0.2.3"));
	assert_true(shows("ip -6 route", "2001:db8:4::/64 via 2001:db8::3"));
}

static void a_change_of_what_vanished_adds_it(void **data)
{
	struct scene *scene = *data;
	size_t at = 0;

	desire_route(scene, "route 198.51.100.0/24 via 192.0.2.2");
	desire_route(scene, "route 2001:db8:3::/64 via 2001:db8::2");
	apply(scene);
	settle(scene, NULL);
	state_free(&scene->desired);
	desire_route(scene, "route 198.51.100.0/24 via 192.0.2.3");
	desire_route(scene, "route 2001:db8:3::/64 via 2001:db8::3");
	make_plan(scene);
	assert_true(scratch_run("ip route flush proto 109; ip -6 route flush proto 109"));
	assert_int_equal(host_apply(scene->host, &scene->plan, &at, hear, scene), 0);
	assert_int_equal(scene->failed, 0);
	assert_int_equal(apply(scene), 0);
}

static void a_refusal_says_why(void **data)
{
	struct scene *scene = *data;

	desire_route(scene, "route 203.0.113.0/24 via 203.0.114.1 link eth0");
	assert_int_equal(apply(scene), 1);
	assert_int_equal(scene->failed, 1);
	assert_string_equal(scene->text, "Nexthop has invalid gateway");
}

static void deleting_what_is_gone_is_fine(void **data)
{
	struct scene *scene = *data;
	size_t at = 0;

	desire_route(scene, all_shapes[0]);
	desire_route(scene, all_shapes[9]);
	apply(scene);
	settle(scene, NULL);
	state_free(&scene->desired);
	make_plan(scene);
	assert_int_equal(scene->plan.count, 2);
	assert_true(scratch_run("ip route flush table local proto 109; ip -6 route flush table local proto 109"));
	assert_int_equal(host_apply(scene->host, &scene->plan, &at, hear, scene), 0);
	assert_int_equal(scene->failed, 0);
}

static void addresses_come_and_go(void **data)
{
	struct scene *scene = *data;
	struct host_address address = { .object.ours = true };

	settle(scene, NULL);
	address.link = state_link_named(host_observed(scene->host), "eth0")->index;
	assert_int_equal(prefix_parse("198.51.100.5/24", &address.prefix), 0);
	state_add(&scene->desired, OBJECT_ADDRESS, &address);
	assert_int_equal(prefix_parse("2001:db8:7::5/64", &address.prefix), 0);
	state_add(&scene->desired, OBJECT_ADDRESS, &address);
	assert_int_equal(apply(scene), 2);
	assert_string_equal(scene->text, "");
	assert_int_equal(apply(scene), 0);
	host_resync(scene->host);
	assert_int_equal(apply(scene), 0);
	state_free(&scene->desired);
	assert_int_equal(apply(scene), 2);
	assert_false(shows("ip addr show dev eth0", "198.51.100.5"));
	assert_true(shows("ip addr show dev eth0", "192.0.2.1/24"));
}

static void ten_thousand_routes_fit(void **data)
{
	struct scene *scene = *data;
	int64_t start;

	for (unsigned i = 0; i < 10000; i++) {
		struct host_route route = { .object.ours = true, .table = RT_TABLE_LOCAL, .type = RTN_LOCAL, .link = 1 };

		route.to = (struct prefix){ .family = AF_INET6, .length = 64, .bytes = { 0x20, 1, 0x0d, 0xb8, 9, 0,
				 (uint8_t)(i >> 8), (uint8_t)i } };
		state_add(&scene->desired, OBJECT_ROUTE, &route);
	}
	start = clock_now_us();
	assert_int_equal(apply(scene), 10000);
	print_message("10000 routes: %lld ms\n", (long long)(clock_now_us() - start) / 1000);
	assert_int_equal(scene->failed, 0);
	assert_int_equal(apply(scene), 0);
	start = clock_now_us();
	assert_int_equal(apply(scene), 0);
	print_message("again: %lld us\n", (long long)(clock_now_us() - start));
	state_free(&scene->desired);
	assert_int_equal(apply(scene), 10000);
	assert_int_equal(apply(scene), 0);
}

static void lost_events_lead_to_the_truth(void **data)
{
	struct scene *scene = *data;
	bool resynced;
	int room = 1;

	want_prefix(scene, "10.0.0.0/8");
	settle(scene, NULL);
	assert_int_equal(setsockopt(host_fd(scene->host), SOL_SOCKET, SO_RCVBUF, &room, sizeof(room)), 0);
	assert_true(scratch_run("for i in $(seq 0 255); do echo route add 10.1.$i.0/24 dev eth0; done | ip -batch -"));
	assert_true(settle(scene, &resynced));
	assert_true(resynced);
	assert_non_null(state_find(host_observed(scene->host), OBJECT_ROUTE,
				   &(struct host_route){ .table = RT_TABLE_MAIN,
							 .to = { AF_INET, 24, { 10, 1, 255, 0 } } }));
}

static void routes_of_no_interest_are_not_kept(void **data)
{
	struct scene *scene = *data;

	assert_true(scratch_run("ip route add 203.0.113.0/24 via 192.0.2.2; ip route add 203.0.114.0/24 via 192.0.2.3"));
	want_prefix(scene, "203.0.113.128/25");
	settle(scene, NULL);
	assert_int_equal(state_count(host_observed(scene->host), OBJECT_ROUTE), 1);
	want_prefix(scene, "192.0.2.3/32");
	assert_true(settle(scene, NULL));
	/* The one by way of it, its network, the broadcast address is not, and none of ours. */
	assert_int_equal(state_count(host_observed(scene->host), OBJECT_ROUTE), 2);
}

static void a_sysctl_is_given_back(void **data)
{
	struct scene *scene = *data;

	assert_true(is_value("net/ipv6/ip_nonlocal_bind", "0"));
	desire_sysctl(scene, "net/ipv6/ip_nonlocal_bind", "1");
	assert_int_equal(apply(scene), 1);
	assert_true(is_value("net/ipv6/ip_nonlocal_bind", "1"));
	assert_int_equal(apply(scene), 0);
	/* As after kill -9: the file alone knows. */
	host_close(scene->host);
	open_host(scene);
	assert_int_equal(apply(scene), 0);
	state_free(&scene->desired);
	assert_int_equal(apply(scene), 1);
	assert_true(is_value("net/ipv6/ip_nonlocal_bind", "0"));
	assert_int_equal(access(MEMORY, F_OK), -1);
	assert_int_equal(apply(scene), 0);
}

static void a_sysctl_that_is_right_already_is_not_ours(void **data)
{
	struct scene *scene = *data;
	const char *name = "net/ipv6/ip_nonlocal_bind";

	assert_true(scratch_write("/proc/sys/net/ipv6/ip_nonlocal_bind", "1"));
	host_set_interest(scene->host, &(struct host_interest){ .sysctls = &name, .sysctl_count = 1 });
	desire_sysctl(scene, name, "1");
	assert_int_equal(apply(scene), 0);
	state_free(&scene->desired);
	assert_int_equal(apply(scene), 0);
	assert_true(is_value(name, "1"));
}

static void somebody_elses_value_stays(void **data)
{
	struct scene *scene = *data;
	const char *name = "net/ipv4/conf/eth0/arp_ignore";

	desire_sysctl(scene, name, "1");
	assert_int_equal(apply(scene), 1);
	assert_true(scratch_write("/proc/sys/net/ipv4/conf/eth0/arp_ignore", "2"));
	host_reread_sysctls(scene->host);
	assert_int_equal(apply(scene), 1);	/* drift is repaired while it is desired */
	assert_true(is_value(name, "1"));
	assert_true(scratch_write("/proc/sys/net/ipv4/conf/eth0/arp_ignore", "2"));
	host_reread_sysctls(scene->host);
	state_free(&scene->desired);
	assert_int_equal(apply(scene), 1);
	assert_true(is_value(name, "2"));
	assert_int_equal(apply(scene), 0);
}

static void a_star_stands_for_every_link(void **data)
{
	struct scene *scene = *data;
	const char *name = "net/ipv4/conf/*/rp_filter";

	host_set_interest(scene->host, &(struct host_interest){ .sysctls = &name, .sysctl_count = 1 });
	settle(scene, NULL);
	assert_int_equal(state_count(host_observed(scene->host), OBJECT_SYSCTL), 4);	/* all, lo, eth0, peer0 */
	assert_true(scratch_run("ip link add name dot.ted type bridge"));
	settle(scene, NULL);
	assert_non_null(state_find(host_observed(scene->host), OBJECT_SYSCTL,
				   &(struct host_sysctl){ .name = "net/ipv4/conf/dot.ted/rp_filter" }));
	assert_true(scratch_write("/proc/sys/net/ipv4/conf/dot.ted/rp_filter", "1"));
	assert_true(settle(scene, NULL));	/* of this one the kernel tells */
	assert_true(scratch_run("ip link del dot.ted"));
	settle(scene, NULL);
	assert_int_equal(state_count(host_observed(scene->host), OBJECT_SYSCTL), 4);
}

static void a_sysctl_outside_of_the_network_is_refused(void **data)
{
	struct scene *scene = *data;

	desire_sysctl(scene, "net/../kernel/hostname", "x");
	assert_int_equal(apply(scene), 1);
	assert_int_equal(scene->error, -EINVAL);
}

static void desire_listener(struct scene *scene, uint8_t protocol, const char *address, uint16_t port)
{
	struct host_listener listener = { .object.ours = true, .protocol = protocol, .port = port };

	assert_int_equal(address_parse(address, &listener.address), 0);
	state_add(&scene->desired, OBJECT_LISTENER, &listener);
}

static int foreign_socket(int type, uint16_t port, bool reuseport)
{
	struct sockaddr_in6 name = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
	int fd = socket(AF_INET6, type, 0), on = reuseport;

	setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&name, sizeof(name)) < 0 || (type == SOCK_STREAM && listen(fd, 1) < 0)) {
		close(fd);
		return -errno;
	}
	return fd;
}

static void listeners_open_and_close(void **data)
{
	static const uint8_t protocols[] = { IPPROTO_UDP, IPPROTO_TCP };
	static const char *const addresses[] = { "0.0.0.0", "::", "203.0.113.9", "2001:db8:ffff::9" };
	struct scene *scene = *data;
	const struct host_listener *first;

	for (size_t i = 0; i < 8; i++)
		desire_listener(scene, protocols[i / 4], addresses[i % 4], 7777);
	assert_int_equal(apply(scene), 8);
	assert_string_equal(scene->text, "");
	assert_int_equal(apply(scene), 0);
	first = state_at(host_observed(scene->host), OBJECT_LISTENER, 0);
	assert_true(first->object.ours);
	assert_true(host_listener_sockets(scene->host, first)[1] > 2);
	state_free(&scene->desired);
	assert_int_equal(apply(scene), 8);
	assert_int_equal(apply(scene), 0);
	assert_true(foreign_socket(SOCK_DGRAM, 7777, false) >= 0);
}

static void a_port_is_not_shared_with_strangers(void **data)
{
	struct scene *scene = *data;

	for (int reuseport = 0; reuseport < 2; reuseport++) {
		int udp = foreign_socket(SOCK_DGRAM, 7007, reuseport), tcp = foreign_socket(SOCK_STREAM, 7007, reuseport);

		assert_true(udp >= 0 && tcp >= 0);
		desire_listener(scene, IPPROTO_UDP, "::", 7007);
		desire_listener(scene, IPPROTO_TCP, "2001:db8::1", 7007);
		assert_int_equal(apply(scene), 2);
		assert_int_equal(scene->failed, 2);
		assert_int_equal(scene->error, -EADDRINUSE);
		assert_string_equal(scene->text, "something else listens on [::]:7007; `ss -lnpu sport = :7007` shows who");
		close(udp);
		close(tcp);
		assert_int_equal(apply(scene), 2);
		assert_int_equal(scene->failed, 0);
		state_free(&scene->desired);
		assert_int_equal(apply(scene), 2);
	}
}

/* Whether both sockets get their part of what many peers send. */
static void datagrams_are_spread(void **data)
{
	struct scene *scene = *data;
	struct sockaddr_in name = { .sin_family = AF_INET, .sin_port = htons(7070),
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	const int *fds;
	unsigned got[2] = { 0 };
	char buffer[16];

	desire_listener(scene, IPPROTO_UDP, "0.0.0.0", 7070);
	apply(scene);
	settle(scene, NULL);
	fds = host_listener_sockets(scene->host, state_at(host_observed(scene->host), OBJECT_LISTENER, 0));
	for (int i = 0; i < 64; i++) {
		int peer = socket(AF_INET, SOCK_DGRAM, 0);

		assert_int_equal(sendto(peer, "x", 1, 0, (struct sockaddr *)&name, sizeof(name)), 1);
		close(peer);
	}
	for (int i = 0; i < 2; i++)
		while (recv(fds[i], buffer, sizeof(buffer), 0) == 1)
			got[i]++;
	assert_int_equal(got[0] + got[1], 64);
	assert_true(got[0] > 8 && got[1] > 8);
}

static void without_rights_it_says_which(void **data)
{
	struct host_options options = { .sockets_per_listener = 1 };
	struct text error = { 0 };
	struct host *host = NULL;
	pid_t child = fork();

	if (child == 0) {
		if (unshare(CLONE_NEWUSER) < 0)
			_exit(0);
		_exit(host_open(&options, &host, &error) == -EPERM &&
				      strstr(text_string(&error), "CAP_NET_ADMIN is missing") ?
			      0 :
			      1);
	}
	int status;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

int main(void)
{
#define SCENE(test) cmocka_unit_test_setup_teardown(test, scene_setup, scene_teardown)
	const struct CMUnitTest tests[] = {
		SCENE(a_second_apply_does_nothing),
		SCENE(a_restart_finds_what_is_ours),
		SCENE(events_and_a_dump_tell_the_same),
		SCENE(routes_that_vanish_with_their_link_are_missed),
		SCENE(a_flush_is_seen_and_repaired),
		SCENE(foreign_routes_stay_and_are_named),
		SCENE(a_foreign_route_that_does_the_same_is_enough),
		SCENE(a_foreign_twin_survives_the_delete),
		SCENE(a_change_leaves_no_gap),
		SCENE(a_change_of_what_vanished_adds_it),
		SCENE(a_refusal_says_why),
		SCENE(deleting_what_is_gone_is_fine),
		SCENE(addresses_come_and_go),
		SCENE(ten_thousand_routes_fit),
		SCENE(lost_events_lead_to_the_truth),
		SCENE(routes_of_no_interest_are_not_kept),
		SCENE(a_sysctl_is_given_back),
		SCENE(a_sysctl_that_is_right_already_is_not_ours),
		SCENE(somebody_elses_value_stays),
		SCENE(a_star_stands_for_every_link),
		SCENE(a_sysctl_outside_of_the_network_is_refused),
		SCENE(listeners_open_and_close),
		SCENE(a_port_is_not_shared_with_strangers),
		SCENE(datagrams_are_spread),
		SCENE(without_rights_it_says_which),
	};

	if (!scratch_allowed()) {
		printf("skipped: no namespace of its own to be had\n");
		return SCRATCH_SKIPPED;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
