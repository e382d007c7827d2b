/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The control socket. A client is a connection with at most one request under way; what it sends
 * that is malformed, or before its turn, ends it and nothing else.
 */
#include "daemon/server.h"

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "daemon/metrics.h"
#include "daemon/report.h"
#include "daemon/server_internal.h"

#include <errno.h>
#include <malloc.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define MOST_CLIENTS 64
#define CLIENT_BUFFER (1 << 20)
#define WORKERS_WAIT_MS 300    /* for workers to answer, before status goes without */
#define APPLIED_WAIT_MS 60000  /* and apply, whose worker may be reading a million names */
#define LARGE_ANSWER (1 << 20) /* its many small pieces are given back to the kernel */

static void client_free(struct client *client)
{
	struct server *server = client->server;

	for (struct client **link = &server->clients; *link; link = &(*link)->next)
		if (*link == client) {
			*link = client->next;
			break;
		}
	server->client_count--;
	engine_forget(server->engine, client);
	loop_unwatch(&client->watch);
	fd_closep(&client->fd);
	source_free(client->source);
	mem_freep(&client->feature);
	json_decref(client->reply);
	mem_freep(&client);
}

/* Marks a client that cannot be spoken to; it is freed when nobody walks the list. */
void client_send(struct client *client, enum control_message type, json_t *json)
{
	char *text = json_dumps(json, JSON_COMPACT);
	struct channel_message message = {
		.type = (uint16_t)type,
		.number = client->number,
		.bytes = text,
		.length = text ? strlen(text) : 0,
	};
	int r = text ? channel_send(client->fd, &message) : -ENOMEM;

	json_decref(json);
	free(text);
	if (message.length > LARGE_ANSWER)
		malloc_trim(0);
	if (r < 0) {
		log_debug("a client of the control socket: %s", strerror(-r));
		client->state = CLIENT_GONE;
		shutdown(client->fd, SHUT_RDWR);
	}
}

void client_reply(struct client *client, json_t *json)
{
	client->state = CLIENT_IDLE;
	mem_freep(&client->feature);
	client_send(client, CONTROL_REPLY, json);
}

void client_event(struct client *client, const char *event, const char *text)
{
	json_t *line = json_string(text);

	if (!line)
		line = json_string("(not UTF-8)");
	client_send(client, CONTROL_EVENT,
		    json_pack("{s:s,s:f,s:o}", "event", event, "time", (double)time(NULL), "text",
			      line));
}

/* Keeps an answer until the workers have answered, too. Returns false when there are none. */
static bool wait_for_workers(struct server *server, struct loop_watch *timer, unsigned most_ms)
{
	if (!engine_ask_workers(server->engine))
		return false;
	if (!loop_timer_pending(timer))
		loop_timer_set(timer, most_ms);
	return true;
}

static void answer_applied(struct client *client)
{
	struct pollfd door = { .fd = client->server->fd, .events = POLLIN };
	json_t *reply = client->reply;

	client->reply = NULL;
	client_reply(client, reply);
	/* Whoever waits at the door by now came before the answer. */
	client->server->early = poll(&door, 1, 0) > 0;
	engine_answered(client->server->engine, client);
}

static void answer_status(struct client *client)
{
	struct engine_status status;
	AUTO_TEXT text = { 0 };

	engine_status(client->server->engine, &status);
	if (!client->metrics) {
		client_reply(client, report_status(&status, client->feature));
		return;
	}
	metrics_put(&status, &text);
	client_reply(client, report_text(text_string(&text)));
}

void client_wait_status(struct client *client)
{
	client->state = CLIENT_STATUS;
	if (!wait_for_workers(client->server, client->server->workers_wait, WORKERS_WAIT_MS))
		answer_status(client);
}

void client_wait_applied(struct client *client, json_t *reply)
{
	client->reply = reply;
	client->state = CLIENT_APPLIED;
	if (!wait_for_workers(client->server, client->server->applied_wait, APPLIED_WAIT_MS))
		answer_applied(client);
}

/* Returns 0, or -EPROTO for what ends the client. */
static int take_message(struct client *client, const struct channel_message *message)
{
	if (message->fd_count || client->state != CLIENT_IDLE)
		return -EPROTO;
	if (message->type == CONTROL_SOURCE) {
		if (client->source)
			return -EPROTO;
		return source_unpack(message->bytes, message->length, &client->source) < 0 ? -EPROTO :
											     0;
	}
	if (message->type != CONTROL_REQUEST)
		return -EPROTO;
	request_take(client, message);
	return 0;
}

static void on_client(void *data)
{
	struct client *client = data;
	struct channel_message message = { 0 };
	int r = channel_receive(client->fd, &message);

	if (r == -EAGAIN)
		return;
	if (r == 1)
		r = take_message(client, &message);
	else if (r == 0)
		r = -EPIPE;
	channel_message_free(&message);
	if (r == -EPROTO)
		log_warning("a malformed message on the control socket; its sender is cut off");
	if (r < 0)
		client_free(client);
}

/* Told before it asks: the answer waits in its socket. */
static void turn_away(int fd)
{
	json_t *json = report_error(
		1,
		"too many clients are connected to the daemon already; end some of them (ss -xp)");
	AUTO_MEM char *text = json_dumps(json, JSON_COMPACT);
	struct channel_message message = { .type = CONTROL_REPLY,
					   .bytes = text,
					   .length = text ? strlen(text) : 0 };

	log_warning("more than %u clients on the control socket; one is turned away", MOST_CLIENTS);
	channel_send(fd, &message);
	json_decref(json);
	close(fd);
}

static struct caller caller_of(int fd, bool early)
{
	struct ucred peer = { .uid = (uid_t)-1 };
	socklen_t length = sizeof(peer);

	(void)getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length);
	return (struct caller){ .uid = peer.uid,
				.pid = peer.pid,
				.since_us = early ? 0 : clock_now_us() };
}

/* Returns whether there was one. */
static bool accept_client(struct server *server)
{
	int fd = accept4(server->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC), size = CLIENT_BUFFER;
	struct client *client;

	if (fd < 0)
		return false;
	if (server->client_count == MOST_CLIENTS) {
		turn_away(fd);
		return true;
	}
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	client = mem_alloc(sizeof(*client));
	client->server = server;
	client->fd = fd;
	client->next = server->clients;
	server->clients = client;
	server->client_count++;
	client->caller = caller_of(fd, server->early);
	client->watch = loop_watch_fd(server->loop, fd, on_client, client);
	return true;
}

static void on_server(void *data)
{
	struct server *server = data;

	while (accept_client(server))
		;
	server->early = false;
}

static void answer_all(struct server *server, int state, void (*answer)(struct client *client))
{
	for (struct client *client = server->clients; client; client = client->next)
		if ((int)client->state == state)
			answer(client);
}

static void on_workers_wait(void *data)
{
	answer_all(data, CLIENT_STATUS, answer_status);
}

static void on_applied_wait(void *data)
{
	answer_all(data, CLIENT_APPLIED, answer_applied);
}

/*
 * Makes the folder of @path, one level, as RuntimeDirectory= of systemd would. Returns its name
 * when it was not there.
 */
static char *make_folder(const char *path)
{
	char *folder = mem_strdup(path);
	char *slash = strrchr(folder, '/');

	if (slash && slash != folder) {
		*slash = '\0';
		if (mkdir(folder, 0755) == 0)
			return folder;
	}
	mem_freep(&folder);
	return NULL;
}

/*
 * A socket's file that nobody listens on is left from a daemon that was killed. What is no socket
 * is not ours.
 */
static int remove_stale(const struct sockaddr_un *address, struct text *error)
{
	AUTO_FD fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	struct stat status;

	if (lstat(address->sun_path, &status) < 0)
		return 0;
	if (!S_ISSOCK(status.st_mode)) {
		text_printf(
			error,
			"%s is there already, and is no socket; name the control socket with -s",
			address->sun_path);
		return -EEXIST;
	}
	if (fd >= 0 && connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0) {
		text_printf(
			error,
			"another multihomed answers at %s; stop it, or name another socket with -s",
			address->sun_path);
		return -EADDRINUSE;
	}
	if (errno == ECONNREFUSED)
		unlink(address->sun_path);
	return 0;
}

static int listen_at(const char *path, struct text *error, int *ret_fd)
{
	AUTO_FD fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	mode_t mask;
	int r;

	if (strlen(path) >= sizeof(address.sun_path)) {
		text_printf(
			error, "%s: the path of a socket has at most %zu bytes; name a shorter one with -s",
			path, sizeof(address.sun_path) - 1);
		return -ENAMETOOLONG;
	}
	strcpy(address.sun_path, path);
	r = remove_stale(&address, error);
	if (r < 0)
		return r;
	mask = umask(0177);
	r = fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
			    listen(fd, 16) < 0 ?
		    -errno :
		    0;
	umask(mask);
	if (r < 0) {
		text_printf(error, "listening at %s: %s", path, strerror(-r));
		return r;
	}
	*ret_fd = fd_take(&fd);
	return 0;
}

/* A folder that was made by the former program is removed by this one. */
static char *inherit_folder(const char *path)
{
	char *folder = mem_strdup(path), *slash = strrchr(folder, '/');

	if (slash)
		*slash = '\0';
	return folder;
}

int server_new(struct engine *engine, const struct heritage *heritage, struct server **ret_server,
	       struct text *error)
{
	const char *path = engine->options.socket_path;
	struct loop *loop = engine->loop;
	AUTO_MEM char *folder = NULL;
	struct server *server;
	int fd = heritage ? heritage->control : -1, r = 0;

	if (heritage) {
		folder = heritage->control_folder ? inherit_folder(path) : NULL;
	} else {
		folder = make_folder(path);
		r = listen_at(path, error, &fd);
	}
	if (r < 0)
		return r;
	server = mem_alloc(sizeof(*server));
	server->folder = folder;
	folder = NULL;
	server->engine = engine;
	server->loop = loop;
	server->fd = fd;
	server->path = mem_strdup(path);
	server->watch = loop_watch_fd(loop, fd, on_server, server);
	server->workers_wait = loop_watch_timer(loop, on_workers_wait, server);
	server->applied_wait = loop_watch_timer(loop, on_applied_wait, server);
	*ret_server = server;
	return 0;
}

void server_free(struct server *server)
{
	if (!server)
		return;
	while (server->clients)
		client_free(server->clients);
	loop_unwatch(&server->watch);
	loop_unwatch(&server->workers_wait);
	loop_unwatch(&server->applied_wait);
	unlink(server->path);
	if (server->folder)
		rmdir(server->folder);
	fd_closep(&server->fd);
	mem_freep(&server->path);
	mem_freep(&server->folder);
	mem_freep(&server);
}

int server_fd(const struct server *server)
{
	return server->fd;
}

bool server_made_folder(const struct server *server)
{
	return server->folder;
}

void server_event(struct server *server, const char *event, const char *text)
{
	for (struct client *client = server->clients; client; client = client->next)
		if (client->state == CLIENT_WATCH)
			client_event(client, event, text);
}

void server_reported(struct server *server)
{
	loop_timer_set(server->workers_wait, 0);
	loop_timer_set(server->applied_wait, 0);
	answer_all(server, CLIENT_STATUS, answer_status);
	answer_all(server, CLIENT_APPLIED, answer_applied);
}

void server_progress(struct server *server, void *data, size_t done, size_t total)
{
	for (struct client *client = server->clients; client; client = client->next)
		if (client == data && client->state == CLIENT_APPLY)
			client_send(client, CONTROL_PROGRESS,
				    json_pack("{s:I,s:I}", "done", (json_int_t)done, "total",
					      (json_int_t)total));
}
