/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The programs in this kernel: servers and clients of this process, in a cgroup and a network
 * namespace of its own. All addresses are on lo: 198.51.100.0/24, 2001:db8:a::/64; a client is bound
 * to 127.0.0.1 or ::1, so that the kernel's own choice of a source would be that address as well.
 */
#include "bpf/replies_internal.h"
#include "bpf/replies_seen.h"

#include "base/fd.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { PORT = 7777, IN_FLIGHT = 32, ASKED = 256 };

static struct replies *replies;
static char *cgroup, *bpffs, *pins;
static const char *const sources[] = { "198.51.100.0/24", "2001:db8:a::/64", "127.0.0.0/8", "::1" };

/* The scene. */

static void write_file(const char *path, const char *text)
{
	AUTO_FD fd = open(path, O_WRONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_true(write(fd, text, strlen(text)) > 0);
}

static void join(const char *path)
{
	AUTO_MEM char *processes = mem_printf("%s/cgroup.procs", path);

	write_file(processes, "0");
}

static void set_sources(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(sources); i++) {
		struct replies_source source = { .ours = true };

		assert_int_equal(prefix_parse(sources[i], &source.prefix), 0);
		assert_int_equal(replies_set_source(replies, &source), 0);
	}
}

static void open_replies(const char *folder)
{
	struct replies_options options = { .folder = folder };
	AUTO_TEXT error = { 0 };

	if (replies_open(&options, &replies, &error))
		fail_msg("%s", text_string(&error));
	set_sources();
	if (replies_attach(replies, cgroup, &error))
		fail_msg("%s", text_string(&error));
}

static int begin(void **state)
{
	AUTO_TEXT top = { 0 };
	AUTO_TEXT error = { 0 };

	if (unshare(CLONE_NEWNET | CLONE_NEWNS) < 0 ||
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return -1;
	if (system("ip link set lo up && ip route add local 198.51.100.0/24 dev lo table local && "
		   "ip -6 route add local 2001:db8:a::/64 dev lo table local"))
		return -1;
	if (replies_cgroup_path("all", &top, &error))
		return -1;
	cgroup = mem_printf("%s/mh-bpf-test-%d", top.data, getpid());
	bpffs = mem_strdup("/tmp/mh-bpf-XXXXXX");
	if (mkdir(cgroup, 0755) < 0 || !mkdtemp(bpffs) || mount("bpf", bpffs, "bpf", 0, NULL) < 0)
		return -1;
	pins = mem_printf("%s/replies", bpffs);
	join(cgroup);
	open_replies(NULL);
	return 0;
}

static int end(void **state)
{
	AUTO_TEXT top = { 0 };
	AUTO_TEXT error = { 0 };

	replies_remove(replies, &error);
	replies_cgroup_path("all", &top, &error);
	join(top.data);
	rmdir(cgroup);
	umount(bpffs);
	rmdir(bpffs);
	mem_freep(&cgroup);
	mem_freep(&bpffs);
	mem_freep(&pins);
	return 0;
}

/* Sockets. */

static struct sockaddr_storage endpoint(const char *address, uint16_t port, socklen_t *ret_size)
{
	struct sockaddr_storage sockaddr;
	struct address parsed;

	assert_int_equal(address_parse(address, &parsed), 0);
	*ret_size = address_to_sockaddr(&parsed, port, &sockaddr);
	return sockaddr;
}

static int open_bound(const char *address, uint16_t port)
{
	socklen_t size;
	struct sockaddr_storage here = endpoint(address, port, &size);
	struct timeval patience = { .tv_sec = 5 };
	int fd = socket(here.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int no = 0, yes = 1;

	assert_true(fd >= 0);
	if (here.ss_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof(no));
	setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &yes, sizeof(yes));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	assert_int_equal(bind(fd, (struct sockaddr *)&here, size), 0);
	return fd;
}

static int open_client(const char *asked)
{
	return open_bound(strchr(asked, ':') ? "::1" : "127.0.0.1", 0);
}

static void ask(int client, const char *asked, unsigned number)
{
	socklen_t size;
	struct sockaddr_storage there = endpoint(asked, PORT, &size);

	assert_int_equal(sendto(client, &number, sizeof(number), 0, (struct sockaddr *)&there, size),
			 sizeof(number));
}

struct datagram {
	struct sockaddr_storage peer;
	socklen_t size;
	unsigned number;
};

static struct datagram take(int fd, int flags)
{
	struct datagram datagram = { .size = sizeof(datagram.peer) };

	assert_int_equal(recvfrom(fd, &datagram.number, sizeof(datagram.number), flags,
				  (struct sockaddr *)&datagram.peer, &datagram.size),
			 sizeof(datagram.number));
	return datagram;
}

static void answer(int fd, const struct datagram *to)
{
	assert_int_equal(sendto(fd, &to->number, sizeof(to->number), 0,
				(const struct sockaddr *)&to->peer, to->size),
			 sizeof(to->number));
}

static void serve(int server)
{
	struct datagram question = take(server, 0);

	answer(server, &question);
}

static void expect_from(int client, const char *source)
{
	struct datagram reply = take(client, 0);
	char text[ADDRESS_TEXT_SIZE];
	struct address from;
	uint16_t port;

	address_from_sockaddr(&reply.peer, &from, &port);
	assert_string_equal(address_text(&from, text), source);
}

static void served_by(const char *server_address, const char *asked, const char *source)
{
	AUTO_FD server = open_bound(server_address, PORT);
	AUTO_FD client = open_client(asked);

	ask(client, asked, 1);
	serve(server);
	expect_from(client, source);
}

static struct replies_counters counters(void)
{
	struct replies_counters counted;

	assert_int_equal(replies_counters(replies, &counted), 0);
	return counted;
}

/* The tests. */

static void the_receive_queue_is_looked_at(void **state)
{
	/* On every kernel that the project is tested on; else a refused program would go unnoticed. */
	assert_true(replies->looks);
}

static void answers_leave_from_the_address_asked(void **state)
{
	served_by("0.0.0.0", "198.51.100.7", "198.51.100.7");
	served_by("0.0.0.0", "198.51.100.255", "198.51.100.255");
	served_by("::", "2001:db8:a::7", "2001:db8:a::7");
	served_by("::", "198.51.100.9", "198.51.100.9");
}

static void a_bound_server_is_left_alone(void **state)
{
	struct replies_counters before = counters(), after;

	served_by("198.51.100.7", "198.51.100.7", "198.51.100.7");
	after = counters();
	assert_int_equal(before.recorded, after.recorded);
	assert_int_equal(before.rewritten, after.rewritten);
}

static void a_connected_server_is_left_alone(void **state)
{
	AUTO_FD server = open_bound("0.0.0.0", PORT);
	AUTO_FD client = open_client("198.51.100.7");
	struct datagram question;

	ask(client, "198.51.100.7", 1);
	question = take(server, 0);
	assert_int_equal(connect(server, (struct sockaddr *)&question.peer, question.size), 0);
	assert_true(send(server, &question.number, sizeof(question.number), 0) > 0);
	expect_from(client, "127.0.0.1");
}

static void a_source_that_the_program_chose_wins(void **state)
{
	AUTO_FD server = open_bound("0.0.0.0", PORT);
	AUTO_FD client = open_client("198.51.100.7");
	struct in_pktinfo chosen = { .ipi_spec_dst.s_addr = htonl(0xc6336463) }; /* 198.51.100.99 */
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(chosen))] = { 0 };
	struct datagram question;
	struct iovec bytes = { &question.number, sizeof(question.number) };
	struct msghdr message = { .msg_iov = &bytes,
				  .msg_iovlen = 1,
				  .msg_control = control,
				  .msg_controllen = sizeof(control) };
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);

	ask(client, "198.51.100.7", 1);
	question = take(server, 0);
	message.msg_name = &question.peer;
	message.msg_namelen = question.size;
	header->cmsg_level = IPPROTO_IP;
	header->cmsg_type = IP_PKTINFO;
	header->cmsg_len = CMSG_LEN(sizeof(chosen));
	memcpy(CMSG_DATA(header), &chosen, sizeof(chosen));
	assert_true(sendmsg(server, &message, 0) > 0);
	expect_from(client, "198.51.100.99");
}

static void no_answer_leaves_from_a_group(void **state)
{
	AUTO_FD server = open_bound("0.0.0.0", PORT);
	AUTO_FD client = open_client("198.51.100.7");
	struct ip_mreqn group = { .imr_multiaddr.s_addr = htonl(0xef010101),
				  .imr_address.s_addr = htonl(INADDR_LOOPBACK),
				  .imr_ifindex = 1 };

	assert_int_equal(setsockopt(server, IPPROTO_IP, IP_ADD_MEMBERSHIP, &group, sizeof(group)), 0);
	assert_int_equal(setsockopt(client, IPPROTO_IP, IP_MULTICAST_IF, &group, sizeof(group)), 0);
	ask(client, "239.1.1.1", 1);
	serve(server);
	expect_from(client, "127.0.0.1");
}

static void a_slow_server_answers_each_of_three_from_where_it_was_asked(void **state)
{
	AUTO_FD server = open_bound("::", PORT);
	AUTO_FD client = open_client("198.51.100.7");

	ask(client, "198.51.100.7", 1);
	ask(client, "198.51.100.8", 2);
	ask(client, "198.51.100.9", 3);
	for (int i = 0; i < 3; i++)
		serve(server);
	expect_from(client, "198.51.100.7");
	expect_from(client, "198.51.100.8");
	expect_from(client, "198.51.100.9");
}

static void peeks_do_not_lead_astray(void **state)
{
	AUTO_FD server = open_bound("0.0.0.0", PORT);
	AUTO_FD client = open_client("198.51.100.7");

	ask(client, "198.51.100.7", 1);
	ask(client, "198.51.100.8", 2);
	for (int i = 0; i < 2; i++) {
		take(server, MSG_PEEK);
		take(server, MSG_PEEK);
		serve(server);
	}
	expect_from(client, "198.51.100.7");
	expect_from(client, "198.51.100.8");
}

static void another_socket_of_the_port_may_answer(void **state)
{
	AUTO_FD client = open_client("198.51.100.7");
	AUTO_FD server = open_bound("0.0.0.0", PORT);
	struct datagram question;

	ask(client, "198.51.100.7", 1);
	question = take(server, 0);
	{
		AUTO_FD other = open_bound("0.0.0.0", PORT);

		answer(other, &question);
	}
	expect_from(client, "198.51.100.7");
}

static void a_child_answers_what_its_parent_read(void **state)
{
	AUTO_FD server = open_bound("0.0.0.0", PORT);
	AUTO_FD client = open_client("198.51.100.7");

	ask(client, "198.51.100.7", 0);
	ask(client, "198.51.100.8", 1);
	for (int i = 0; i < 2; i++) {
		struct datagram question = take(server, 0);

		if (!fork()) {
			answer(server, &question);
			_exit(0);
		}
	}
	assert_true(wait(NULL) > 0 && wait(NULL) > 0);
	for (int i = 0; i < 2; i++) {
		struct datagram reply = take(client, 0);
		const uint8_t *bytes = (uint8_t *)&((struct sockaddr_in *)&reply.peer)->sin_addr;

		assert_int_equal(bytes[3], 7 + reply.number);
	}
}

/* A serial server in a child, until it is killed. */
static pid_t start_server(void)
{
	AUTO_FD server = open_bound("0.0.0.0", PORT);
	struct timeval forever = { 0 };
	pid_t pid = fork();

	if (pid)
		return pid;
	setsockopt(server, SOL_SOCKET, SO_RCVTIMEO, &forever, sizeof(forever));
	for (;;)
		serve(server);
}

static unsigned count_wrong(int client, unsigned total)
{
	unsigned wrong = 0, asked = 0;

	for (unsigned answered = 0; answered < total; answered++) {
		struct datagram reply;
		uint32_t from;

		for (; asked < total && asked - answered < IN_FLIGHT; asked++) {
			AUTO_MEM char *address = mem_printf("198.51.100.%u", asked % ASKED);

			ask(client, address, asked);
		}
		reply = take(client, 0);
		from = ntohl(((struct sockaddr_in *)&reply.peer)->sin_addr.s_addr);
		wrong += from % ASKED != reply.number % ASKED;
	}
	return wrong;
}

/*
 * None on a processor. One that is emulated (MH_SLOW) is taken away from the kernel for longer than
 * LINE_YOUNG between a datagram's hook and its queue, which no kernel does by itself.
 */
static void assert_right(unsigned wrong, unsigned answers)
{
	assert_in_range(wrong, 0, getenv("MH_SLOW") ? answers / 1000 : 0);
}

static void one_port_that_asks_many_addresses_gets_no_wrong_answer(void **state)
{
	AUTO_FD client = open_client("198.51.100.7");
	pid_t server = start_server();
	unsigned wrong = count_wrong(client, 20000);

	kill(server, SIGKILL);
	waitpid(server, NULL, 0);
	assert_right(wrong, 20000);
}

static void an_address_that_is_gone_is_no_source(void **state)
{
	AUTO_FD server = open_bound("::", PORT);
	AUTO_FD client = open_client("2001:db8:a::7");
	struct prefix prefix;
	uint64_t refused;

	ask(client, "2001:db8:a::7", 1);
	serve(server);
	expect_from(client, "2001:db8:a::7");
	ask(client, "2001:db8:a::7", 1);
	prefix_parse("2001:db8:a::/64", &prefix);
	assert_int_equal(replies_delete_source(replies, &prefix), 0);
	assert_int_equal(replies_delete_source(replies, &prefix), 0);
	refused = counters().refused;
	serve(server);
	expect_from(client, "::1");
	assert_int_equal(counters().refused, refused + 1);
	set_sources();
	ask(client, "2001:db8:a::7", 1);
	serve(server);
	expect_from(client, "2001:db8:a::7");
}

static void sources_are_listed_in_order(void **state)
{
	struct replies_sources listed = { 0 };
	char text[ADDRESS_TEXT_SIZE];

	assert_int_equal(replies_sources(replies, &listed), 0);
	assert_int_equal(listed.count, 4);
	assert_string_equal(prefix_text(&listed.items[0].prefix, text), "127.0.0.0/8");
	assert_string_equal(prefix_text(&listed.items[1].prefix, text), "198.51.100.0/24");
	assert_string_equal(prefix_text(&listed.items[3].prefix, text), "2001:db8:a::/64");
	VEC_FREE(&listed);
}

static void what_was_seen_is_told_by_port(void **state)
{
	struct replies_evidences seen = { 0 };

	assert_int_equal(replies_evidences(replies, &seen), 0);
	assert_int_equal(seen.count, 2);
	assert_int_equal(seen.items[0].port, PORT);
	assert_int_equal(seen.items[0].family, AF_INET);
	assert_int_equal(seen.items[0].chosen, 1);
	assert_int_equal(seen.items[0].connects, 1);
	assert_true(seen.items[1].rewritten > 0);
	VEC_FREE(&seen);
}

/* From here on what outlives its process; each begins with what is pinned. */

static void begin_pinned(void)
{
	AUTO_TEXT error = { 0 };

	assert_int_equal(replies_remove(replies, &error), 0);
	open_replies(pins);
}

static void end_pinned(void)
{
	AUTO_TEXT error = { 0 };

	assert_int_equal(replies_remove(replies, &error), 0);
	assert_int_equal(access(pins, F_OK), -1);
	open_replies(NULL);
}

static void a_successor_goes_on_without_a_gap(void **state)
{
	struct replies_options options = { .folder = pins };
	struct replies_cgroups attached = { 0 };
	AUTO_TEXT error = { 0 };
	AUTO_FD client = open_client("198.51.100.7");
	uint64_t rewritten;
	pid_t server;
	unsigned wrong = 0;

	begin_pinned();
	server = start_server();
	wrong += count_wrong(client, 1000);
	rewritten = counters().rewritten;
	assert_int_equal(rewritten, 1000);
	for (int i = 0; i < 3; i++) {
		replies_close(replies);
		wrong += count_wrong(client, 1000);
		assert_int_equal(replies_open(&options, &replies, &error), 0);
		wrong += count_wrong(client, 1000);
	}
	kill(server, SIGKILL);
	waitpid(server, NULL, 0);
	assert_right(wrong, 7000);
	assert_int_equal(counters().rewritten, 7000);
	assert_int_equal(replies_attached(replies, &attached), 0);
	assert_int_equal(attached.count, 1);
	VEC_FREE(&attached);
	end_pinned();
}

static void a_killed_owner_leaves_it_working(void **state)
{
	AUTO_TEXT error = { 0 };
	pid_t owner;
	int status;

	assert_int_equal(replies_remove(replies, &error), 0);
	owner = fork();
	if (!owner) {
		open_replies(pins);
		kill(getpid(), SIGKILL);
	}
	assert_int_equal(waitpid(owner, &status, 0), owner);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	served_by("0.0.0.0", "198.51.100.7", "198.51.100.7");
	assert_int_equal(replies_remove_folder(pins, &error), 0);
	assert_int_equal(replies_remove_folder(pins, &error), 0);
	served_by("0.0.0.0", "198.51.100.7", "127.0.0.1");
	open_replies(NULL);
}

static void a_deleted_cgroup_is_cleaned_away(void **state)
{
	AUTO_MEM char *child = mem_printf("%s/child", cgroup);
	struct replies_cgroups attached = { 0 };
	AUTO_TEXT error = { 0 };

	assert_int_equal(mkdir(child, 0755), 0);
	assert_int_equal(replies_attach(replies, child, &error), 0);
	assert_int_equal(replies_attach(replies, child, &error), 0);
	assert_int_equal(replies_attached(replies, &attached), 0);
	assert_int_equal(attached.count, 2);
	assert_int_equal(rmdir(child), 0);
	/* The kernel detaches when it comes to it, and tells nobody. */
	for (int i = 0; i < 500 && attached.count > 1; i++) {
		usleep(10000);
		assert_int_equal(replies_attached(replies, &attached), 0);
	}
	assert_int_equal(attached.count, 1);
	VEC_FREE(&attached);
}

static void errors_name_what_is_missing(void **state)
{
	struct replies_options options = { .folder = "/tmp/nowhere" };
	AUTO_TEXT error = { 0 };
	AUTO_TEXT path = { 0 };
	struct replies *none;

	assert_int_equal(replies_open(&options, &none, &error), -ENOENT);
	assert_string_equal(text_string(&error), "/tmp: no bpffs is mounted there (mount -t bpf)");
	text_free(&error);
	assert_int_equal(replies_attach(replies, "/tmp", &error), -EBADF);
	assert_string_equal(text_string(&error), "/tmp: not a cgroup of the v2 hierarchy");
	text_free(&error);
	assert_int_equal(replies_cgroup_path("no/such", &path, &error), -ENOENT);
	assert_non_null(strstr(text_string(&error), "no/such: no such cgroup"));
	text_free(&error);
	assert_int_equal(replies_cgroup_path("../up", &path, &error), -EINVAL);
}

static void many_peers_take_bounded_memory(void **state)
{
	struct replies_options options = { .peers = 1024 };
	double scale = getenv("MH_SCALE") ? atof(getenv("MH_SCALE")) : 1;
	/* At least twice what is remembered. */
	unsigned peers = scale > 0.5 ? (unsigned)(4000 * scale) : 2048;
	AUTO_TEXT error = { 0 };
	AUTO_FD server = open_bound("0.0.0.0", PORT);

	assert_int_equal(replies_remove(replies, &error), 0);
	assert_int_equal(replies_open(&options, &replies, &error), 0);
	set_sources();
	assert_int_equal(replies_attach(replies, cgroup, &error), 0);
	for (unsigned i = 0; i < peers; i++) {
		AUTO_MEM char *from = mem_printf("127.%u.%u.%u", 1 + (i >> 16), i >> 8 & 255,
						 i & 255);
		AUTO_FD client = open_bound(from, 0);

		ask(client, "198.51.100.7", i);
		serve(server);
		expect_from(client, "198.51.100.7");
	}
	assert_true(counters().evicted >= peers - 1024);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_receive_queue_is_looked_at),
		cmocka_unit_test(answers_leave_from_the_address_asked),
		cmocka_unit_test(a_bound_server_is_left_alone),
		cmocka_unit_test(a_connected_server_is_left_alone),
		cmocka_unit_test(a_source_that_the_program_chose_wins),
		cmocka_unit_test(no_answer_leaves_from_a_group),
		cmocka_unit_test(a_slow_server_answers_each_of_three_from_where_it_was_asked),
		cmocka_unit_test(peeks_do_not_lead_astray),
		cmocka_unit_test(another_socket_of_the_port_may_answer),
		cmocka_unit_test(a_child_answers_what_its_parent_read),
		cmocka_unit_test(one_port_that_asks_many_addresses_gets_no_wrong_answer),
		cmocka_unit_test(an_address_that_is_gone_is_no_source),
		cmocka_unit_test(sources_are_listed_in_order),
		cmocka_unit_test(what_was_seen_is_told_by_port),
		cmocka_unit_test(a_successor_goes_on_without_a_gap),
		cmocka_unit_test(a_killed_owner_leaves_it_working),
		cmocka_unit_test(a_deleted_cgroup_is_cleaned_away),
		cmocka_unit_test(errors_name_what_is_missing),
		cmocka_unit_test(many_peers_take_bounded_memory),
	};

	if (geteuid() != 0) {
		fprintf(stderr, "skipped: it loads BPF programs, which needs root\n");
		return 77;
	}
	return cmocka_run_group_tests(tests, begin, end);
}
