/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What doctor looks at: the kernel's tables as the daemon would see them, the sockets, the files
 * that say where the log goes, and, where there is a daemon, what it knows of the servers' answers.
 * Whatever cannot be read is said once, and the rest is looked at all the same.
 */
#include "ctl/doctor_look.h"

#include "base/fd.h"
#include "ctl/client.h"
#include "host/peers.h"
#include "host/pins.h"

#include <errno.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MOST (1u << 20) /* bytes of a configuration of rsyslog */

static void unseen(struct look *look, const char *what, int error)
{
	*VEC_PUSH(&look->unseen) = mem_printf("%s: %s", what, strerror(-error));
}

static int read_tables(struct look *look, struct text *error)
{
	const struct host_options options = { .only_look = true, .bpffs = host_bpffs() };
	struct host_interest interest = { .all_routes = true };
	bool changed, resynced;
	int r = host_open(&options, &look->host, error);

	if (r < 0)
		return r;
	interest.sysctls = doctor_sysctls(&interest.sysctl_count);
	host_set_interest(look->host, &interest);
	r = host_settle(look->host, &changed, &resynced);
	if (r < 0)
		text_printf(error, "the kernel's tables cannot be read: %s", strerror(-r));
	return r;
}

static void read_ports(struct patient *patient)
{
	AUTO_TEXT text = { 0 };
	unsigned first, last;

	if (text_read_file("/proc/sys/net/ipv4/ip_local_port_range", 64, &text) == 0 &&
	    sscanf(text_string(&text), "%u %u", &first, &last) == 2) {
		patient->ephemeral_first = (uint16_t)first;
		patient->ephemeral_last = (uint16_t)last;
	}
}

static void read_log_file(struct look *look, const char *path)
{
	AUTO_TEXT text = { 0 };
	int r = text_read_file(path, FILE_MOST, &text);

	if (r < 0)
		unseen(look, path, r);
	else
		log_servers_read(text_string(&text), path, &look->log_servers);
}

static void read_log_files(struct look *look)
{
	static const char *const patterns[] = {
		"/etc/rsyslog.conf",
		"/etc/rsyslog.d/*.conf",
		"/etc/syslog-ng/syslog-ng.conf",
		"/etc/syslog-ng/conf.d/*.conf",
	};

	for (size_t i = 0; i < ARRAY_SIZE(patterns); i++) {
		glob_t found = { 0 };

		if (glob(patterns[i], 0, NULL, &found) == 0)
			for (size_t j = 0; j < found.gl_pathc; j++)
				read_log_file(look, found.gl_pathv[j]);
		globfree(&found);
	}
}

/* Whom programs send their log to right now, whoever configured that. */
static void read_log_sockets(struct look *look)
{
	static const uint16_t ports[] = { 514, 601, 6514 };
	struct host_peers peers = { 0 };
	int r = host_peers(ports, ARRAY_SIZE(ports), &peers);

	if (r < 0) {
		unseen(look, "connected sockets", r);
		return;
	}
	for (size_t i = 0; i < peers.items.count; i++) {
		AUTO_MEM char *source = mem_printf("a socket connected to port %u",
						   peers.items.items[i].port);

		log_servers_add(&look->log_servers, &peers.items.items[i].address, source);
	}
	host_peers_free(&peers);
}

/* Takes the servers of @port out: their answers are known to be right, or mended. */
static void forget_servers(struct host_servers *servers, unsigned port)
{
	size_t kept = 0;

	for (size_t i = 0; i < servers->items.count; i++)
		if (servers->items.items[i].port != port)
			servers->items.items[kept++] = servers->items.items[i];
	servers->items.count = kept;
}

static void take_classes(struct look *look, const json_t *reply)
{
	const json_t *features = json_object_get(reply, "features");
	const json_t *list = json_object_get(json_object_get(features, "replies"), "servers"), *item;
	size_t index;

	json_array_foreach(list, index, item)
	{
		const char *class = json_string_value(json_object_get(item, "class"));
		json_int_t port = json_integer_value(json_object_get(item, "port"));

		if (class && strcmp(class, "not hooked") != 0 && strcmp(class, "connects") != 0)
			forget_servers(&look->servers, (unsigned)port);
	}
}

/* What the daemon says of @feature, or NULL. */
static json_t *ask_feature(int fd, const char *feature)
{
	json_t *request = json_pack("{s:s,s:s}", "command", "status", "feature", feature),
	       *reply = NULL;
	enum control_message type;
	int r = client_send(fd, request, NULL);

	json_decref(request);
	if (r == 0)
		r = client_receive(fd, &type, &reply);
	if (r == 0 && type == CONTROL_REPLY)
		return reply;
	if (r == 0)
		json_decref(reply);
	return NULL;
}

static const char *word(const json_t *object, const char *key)
{
	const char *string = json_string_value(json_object_get(object, key));

	return string ? string : "?";
}

/* Points into the daemon's answer, which is kept. */
static void take_neighbours(struct look *look)
{
	const json_t *features = json_object_get(look->neighbours, "features"), *item;
	const json_t *neighbours = json_object_get(features, "neighbours");
	size_t index;

	json_array_foreach(json_object_get(neighbours, "claimants"), index, item)
	{
		*VEC_PUSH(&look->claimants) = (struct claimant){
			.address = word(item, "address"),
			.link = word(item, "link"),
			.mac = word(item, "mac"),
			.since = word(item, "since"),
			.last = word(item, "last"),
			.count = (uint64_t)json_integer_value(json_object_get(item, "count")),
		};
	}
	json_array_foreach(json_object_get(neighbours, "responders"), index, item)
	{
		const char *why =
			json_string_value(json_array_get(json_object_get(item, "warnings"), 0));

		if (why)
			*VEC_PUSH(&look->stand_ins) = (struct stand_in){ .link = word(item, "link"),
									 .why = why };
	}
	look->patient.claimants = look->claimants.items;
	look->patient.claimant_count = look->claimants.count;
	look->patient.stand_ins = look->stand_ins.items;
	look->patient.stand_in_count = look->stand_ins.count;
}

/*
 * The programs that mend replies have seen who answers how, and those that answer for neighbours who
 * else does; the daemon tells it.
 */
static void ask_daemon(const struct call *call, struct look *look)
{
	AUTO_TEXT error = { 0 };
	AUTO_FD fd = -1;
	int r = client_connect(call->socket, &fd, &error);
	json_t *reply;

	if (r == -EACCES || r == -EPERM)
		unseen(look, "how UDP servers answer, and who else claims addresses, which the daemon knows",
		       r);
	if (r < 0)
		return;
	look->neighbours = ask_feature(fd, "neighbours");
	take_neighbours(look);
	reply = look->servers.items.count ? ask_feature(fd, "replies") : NULL;
	take_classes(look, reply);
	json_decref(reply);
}

/* Servers that named one address, and so mean it. */
static void read_services(struct look *look)
{
	struct host_peers servers = { 0 };
	int r = host_tcp_servers(&servers);

	if (r < 0)
		unseen(look, "TCP servers (modprobe tcp_diag)", r);
	for (size_t i = 0; i < servers.items.count; i++)
		*VEC_PUSH(&look->services) = (struct service){
			.protocol = IPPROTO_TCP,
			.address = servers.items.items[i].own,
			.port = servers.items.items[i].own_port,
		};
	for (size_t i = 0; i < look->servers.items.count; i++)
		*VEC_PUSH(&look->services) = (struct service){
			.protocol = IPPROTO_UDP,
			.address = look->servers.items.items[i].address,
			.port = look->servers.items.items[i].port,
		};
	host_peers_free(&servers);
	look->patient.services = look->services.items;
	look->patient.service_count = look->services.count;
}

int look_at_host(const struct call *call, struct look *look, struct text *error)
{
	int r = read_tables(look, error);

	if (r < 0)
		return r;
	look->patient.state = host_observed(look->host);
	r = host_neighbour_tables(look->host, look->patient.tables);
	if (r < 0)
		unseen(look, "the size of the neighbour tables", r);
	r = host_servers(look->host, &look->servers);
	if (r < 0)
		unseen(look, "UDP servers (modprobe udp_diag)", r);
	read_services(look);
	ask_daemon(call, look);
	look->patient.servers = &look->servers;
	read_ports(&look->patient);
	read_log_files(look);
	read_log_sockets(look);
	look->patient.log_servers = look->log_servers.items.items;
	look->patient.log_server_count = look->log_servers.items.count;
	return 0;
}

void look_free(struct look *look)
{
	for (size_t i = 0; i < look->unseen.count; i++)
		mem_freep(&look->unseen.items[i]);
	VEC_FREE(&look->unseen);
	host_servers_free(&look->servers);
	log_servers_free(&look->log_servers);
	VEC_FREE(&look->services);
	VEC_FREE(&look->claimants);
	VEC_FREE(&look->stand_ins);
	json_decref(look->neighbours);
	host_close(look->host);
}
