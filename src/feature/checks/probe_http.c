/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * HTTP and HTTPS by libcurl, driven by our own epoll (its multi_socket interface): one handle a
 * check, which stays, and a new connection each time, since whether one can be made is half of
 * the question. A body is read to its end, or to the first 64 KiB, whatever comes first: a server
 * that begins its answer and does not finish it is not well.
 *
 * The worker sees no files: the authorities that the system trusts are read before it loses sight of
 * them, once, into a store that all connections share.
 */
#include "base/log.h"
#include "feature/checks/probe_http_answer.h"
#include "feature/checks/probe_kinds.h"

#include <ctype.h>
#include <curl/curl.h>
#include <errno.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#define BODY_MOST 65536
#define REDIRECTS_MOST 5L
#define AGENT "multihomed"

struct probe_http {
	CURLM *multi;
	struct probe_stage *stage;
	int64_t due_us;
};

/* A descriptor that curl waits for; it is curl's to close. */
struct http_socket {
	struct probe_watch watch;
	struct probe_http *http;
};

struct http_own {
	CURL *easy;
	struct curl_slist *headers, *connect_to;
	struct text body;
	bool enough; /* the rest of the body was not waited for */
	bool asking;
	bool matches; /* .match is compiled */
	regex_t match;
	char refusal[PROBE_REASON_SIZE]; /* why this can never be asked; "" = it can */
	char error[CURL_ERROR_SIZE];
};

/* What the system trusts; of this process, since it is read before anything else is there. */
static X509_STORE *trusted;

void probe_http_prepare(void)
{
	static const char *const files[] = { "/etc/ssl/certs/ca-certificates.crt",
					     "/etc/pki/tls/cert.pem", "/etc/ssl/cert.pem" };

	curl_global_init(CURL_GLOBAL_ALL);
	X509_STORE_free(trusted);
	trusted = X509_STORE_new();
	for (size_t i = 0; trusted && i < ARRAY_SIZE(files); i++)
		if (X509_STORE_load_file(trusted, files[i]) == 1)
			return;
	/* Whoever checks https without an authority of his own will be told by its reason. */
}

static void on_ready(struct probe_watch *watch, uint32_t events)
{
	struct http_socket *socket = (struct http_socket *)watch;
	int what = 0, running;

	what |= events & EPOLLIN ? CURL_CSELECT_IN : 0;
	what |= events & EPOLLOUT ? CURL_CSELECT_OUT : 0;
	what |= events & (EPOLLERR | EPOLLHUP) ? CURL_CSELECT_ERR : 0;
	curl_multi_socket_action(socket->http->multi, watch->fd, what, &running);
}

static void forget_socket(struct probe_http *http, struct http_socket *socket)
{
	epoll_ctl(http->stage->epoll, EPOLL_CTL_DEL, socket->watch.fd, NULL);
	socket->watch.fd = -1;
	probe_unwatch(http->stage, &socket->watch);
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *data, void *socket_data)
{
	struct probe_http *http = data;
	struct http_socket *socket = socket_data;
	struct epoll_event event = { 0 };

	if (what == CURL_POLL_REMOVE) {
		if (socket)
			forget_socket(http, socket);
		curl_multi_assign(http->multi, fd, NULL);
		return 0;
	}
	event.events = (what & CURL_POLL_IN ? (unsigned)EPOLLIN : 0) |
		       (what & CURL_POLL_OUT ? (unsigned)EPOLLOUT : 0);
	if (socket) {
		event.data.ptr = &socket->watch;
		return epoll_ctl(http->stage->epoll, EPOLL_CTL_MOD, fd, &event);
	}
	socket = mem_alloc(sizeof(*socket));
	*socket = (struct http_socket){ { fd, on_ready }, http };
	curl_multi_assign(http->multi, fd, socket);
	return probe_watch(http->stage, &socket->watch, event.events);
}

static int on_timer(CURLM *multi, long milliseconds, void *data)
{
	struct probe_http *http = data;

	http->due_us = milliseconds < 0 ? INT64_MAX : http->stage->now_us + milliseconds * 1000;
	return 0;
}

static struct probe_http *http_of(struct probe_stage *stage)
{
	struct probe_http *http = stage->http;

	if (http)
		return http;
	http = stage->http = mem_alloc(sizeof(*http));
	http->stage = stage;
	http->due_us = INT64_MAX;
	http->multi = curl_multi_init();
	curl_multi_setopt(http->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
	curl_multi_setopt(http->multi, CURLMOPT_SOCKETDATA, http);
	curl_multi_setopt(http->multi, CURLMOPT_TIMERFUNCTION, on_timer);
	curl_multi_setopt(http->multi, CURLMOPT_TIMERDATA, http);
	return http;
}

static size_t on_body(char *bytes, size_t one, size_t length, void *data)
{
	struct http_own *own = data;
	size_t room = BODY_MOST - own->body.length;

	text_append(&own->body, bytes, length < room ? length : room);
	own->enough = own->body.length == BODY_MOST;
	return own->enough ? 0 : length; /* 0 ends the transfer */
}

/* The way of the check: its link, source and mark. */
static curl_socket_t on_open(void *data, curlsocktype purpose, struct curl_sockaddr *to)
{
	struct probe *probe = data;
	struct check_spec way = *probe->spec;
	const char *what;
	int fd, r;

	way.at.family = (uint8_t)to->family;
	if (way.source.family && way.source.family != way.at.family)
		return CURL_SOCKET_BAD;
	r = probe_socket(&way, to->socktype, to->protocol, &what, &fd);
	if (!r)
		return fd;
	errno = -r;
	return CURL_SOCKET_BAD;
}

static int on_close(void *data, curl_socket_t fd)
{
	const struct linger reset = { .l_onoff = 1 }; /* no TIME_WAIT on our side */

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	return close(fd);
}

static CURLcode on_tls(CURL *easy, void *context, void *data)
{
	SSL_CTX_set1_cert_store(context, trusted);
	return CURLE_OK;
}

static bool set_blob(struct probe *probe, CURLoption option, const struct config_file *file)
{
	struct http_own *own = probe->own;
	struct curl_blob blob = { .flags = CURL_BLOB_COPY };
	const void *bytes;

	if (!file)
		return true;
	if (!probe->stage->blob(probe->stage->data, file->digest, &bytes, &blob.len)) {
		snprintf(own->refusal, sizeof(own->refusal), "a certificate or key has not arrived");
		return false;
	}
	blob.data = (void *)bytes;
	return curl_easy_setopt(own->easy, option, &blob) == CURLE_OK;
}

static void set_tls(struct probe *probe)
{
	const struct check_http *http = &probe->spec->http;
	CURL *easy = ((struct http_own *)probe->own)->easy;

	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, http->verify ? 1L : 0L);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, http->verify ? 2L : 0L);
	curl_easy_setopt(easy, CURLOPT_SSL_SESSIONID_CACHE, 0L);
	curl_easy_setopt(easy, CURLOPT_CAINFO, NULL);
	curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
	if (http->verify && !http->authority && trusted)
		curl_easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION, on_tls);
	curl_easy_setopt(easy, CURLOPT_SSLCERTTYPE, "PEM");
	curl_easy_setopt(easy, CURLOPT_SSLKEYTYPE, "PEM");
	if (set_blob(probe, CURLOPT_SSLCERT_BLOB, http->certificate) &&
	    set_blob(probe, CURLOPT_SSLKEY_BLOB, http->key ? http->key : http->certificate))
		set_blob(probe, CURLOPT_CAINFO_BLOB, http->authority);
}

/*
 * Whom to connect to, and which name to give in TLS: curl takes that from the URL, so the URL bears
 * it, and the name that stood there goes into the Host header.
 */
static void set_url(struct probe *probe)
{
	const struct check_spec *spec = probe->spec;
	struct http_own *own = probe->own;
	char address[ADDRESS_TEXT_SIZE];
	char *host = NULL, *port = NULL, *whole = NULL;
	AUTO_TEXT line = { 0 };
	CURLU *url = curl_url();

	if (curl_url_set(url, CURLUPART_URL, spec->http.url, 0) != CURLUE_OK)
		snprintf(own->refusal, sizeof(own->refusal), "\"%.100s\" is no URL", spec->http.url);
	curl_url_get(url, CURLUPART_HOST, &host, 0);
	curl_url_get(url, CURLUPART_PORT, &port, 0);
	if (host && spec->http.sni) {
		text_printf(&line, "Host: %s%s%s", host, port ? ":" : "", port ? port : "");
		own->headers = curl_slist_append(own->headers, text_string(&line));
		curl_url_set(url, CURLUPART_HOST, spec->http.sni, 0);
	}
	if (spec->at.family) {
		text_free(&line);
		text_printf(&line, spec->at.family == AF_INET ? "::%s:" : "::[%s]:",
			    address_text(&spec->at, address));
		own->connect_to = curl_slist_append(NULL, text_string(&line));
		curl_easy_setopt(own->easy, CURLOPT_CONNECT_TO, own->connect_to);
	}
	if (curl_url_get(url, CURLUPART_URL, &whole, 0) == CURLUE_OK)
		curl_easy_setopt(own->easy, CURLOPT_URL, whole);
	curl_free(whole);
	curl_free(host);
	curl_free(port);
	curl_url_cleanup(url);
}

static void set_protocol(const struct probe *probe)
{
	const struct check_http *http = &probe->spec->http;
	CURL *easy = ((const struct http_own *)probe->own)->easy;
	long version = CURL_HTTP_VERSION_1_1;

	if (http->http2)
		version = strncasecmp(http->url, "https:", 6) == 0 ?
				  CURL_HTTP_VERSION_2TLS :
				  CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE;
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, version);
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, http->redirects ? 1L : 0L);
	curl_easy_setopt(easy, CURLOPT_MAXREDIRS, REDIRECTS_MOST);
	curl_easy_setopt(easy, CURLOPT_NOBODY,
			 http->method && strcmp(http->method, "HEAD") == 0 ? 1L : 0L);
	curl_easy_setopt(easy, CURLOPT_USERAGENT, AGENT);
	curl_easy_setopt(easy, CURLOPT_PROXY, "");
	curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
	curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
}

static void compile(struct probe *probe)
{
	struct http_own *own = probe->own;
	const char *match = probe->spec->http.match;

	if (!match)
		return;
	own->matches = regcomp(&own->match, match, REG_EXTENDED | REG_NOSUB) == 0;
	if (!own->matches)
		snprintf(own->refusal, sizeof(own->refusal), "\"%.100s\" is no regular expression",
			 match);
}

static void http_open(struct probe *probe)
{
	struct http_own *own = mem_alloc(sizeof(*own));

	probe->own = own;
	http_of(probe->stage);
	own->easy = curl_easy_init();
	set_protocol(probe);
	set_url(probe);
	set_tls(probe);
	compile(probe);
	curl_easy_setopt(own->easy, CURLOPT_HTTPHEADER, own->headers);
	curl_easy_setopt(own->easy, CURLOPT_ERRORBUFFER, own->error);
	curl_easy_setopt(own->easy, CURLOPT_PRIVATE, probe);
	curl_easy_setopt(own->easy, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(own->easy, CURLOPT_WRITEDATA, own);
	curl_easy_setopt(own->easy, CURLOPT_OPENSOCKETFUNCTION, on_open);
	curl_easy_setopt(own->easy, CURLOPT_OPENSOCKETDATA, probe);
	curl_easy_setopt(own->easy, CURLOPT_CLOSESOCKETFUNCTION, on_close);
}

static void http_start(struct probe *probe)
{
	struct http_own *own = probe->own;

	if (*own->refusal) {
		probe_down(probe, "%s", own->refusal);
		return;
	}
	text_free(&own->body);
	own->enough = false;
	own->error[0] = '\0';
	own->asking = true;
	if (curl_multi_add_handle(probe->stage->http->multi, own->easy) != CURLM_OK)
		probe_down(probe, "the request cannot be made");
}

static void http_stop(struct probe *probe)
{
	struct http_own *own = probe->own;

	if (own->asking)
		curl_multi_remove_handle(probe->stage->http->multi, own->easy);
	own->asking = false;
}

static void http_close(struct probe *probe)
{
	struct http_own *own = probe->own;

	curl_easy_cleanup(own->easy);
	curl_slist_free_all(own->headers);
	curl_slist_free_all(own->connect_to);
	text_free(&own->body);
	if (own->matches)
		regfree(&own->match);
	mem_freep(&probe->own);
}

static const char *expected_header(const struct probe *probe)
{
	const struct http_own *own = probe->own;
	struct curl_header *header;
	AUTO_TEXT name = { 0 };
	const char *value;

	if (!probe->spec->http.header)
		return NULL;
	http_header_split(probe->spec->http.header, &name, &value);
	if (curl_easy_header(own->easy, text_string(&name), 0, CURLH_HEADER, -1, &header) != CURLHE_OK)
		return NULL;
	return header->value;
}

static void answered(struct probe *probe)
{
	struct http_own *own = probe->own;
	struct http_answer answer = { .header = expected_header(probe),
				      .body = text_string(&own->body),
				      .length = own->body.length };
	char reason[PROBE_REASON_SIZE];
	long version = 0;

	curl_easy_getinfo(own->easy, CURLINFO_RESPONSE_CODE, &answer.status);
	curl_easy_getinfo(own->easy, CURLINFO_HTTP_VERSION, &version);
	answer.second = version == CURL_HTTP_VERSION_2_0;
	if (http_answer_judge(&probe->spec->http, own->matches ? &own->match : NULL, &answer,
			      reason, sizeof(reason)))
		probe_up(probe, "%s", reason);
	else
		probe_down(probe, "%s", reason);
}

static void failed(struct probe *probe, CURLcode code)
{
	struct http_own *own = probe->own;
	const char *text = *own->error ? own->error : curl_easy_strerror(code);
	long error = 0;

	curl_easy_getinfo(own->easy, CURLINFO_OS_ERRNO, &error);
	switch (code) {
	case CURLE_COULDNT_CONNECT:
	case CURLE_SEND_ERROR:
	case CURLE_RECV_ERROR:
		if (error)
			probe_failed(probe, NULL, (int)error);
		else
			probe_down(probe, "%s", text);
		break;
	case CURLE_GOT_NOTHING:
		probe_down(probe, "it closed without an answer");
		break;
	case CURLE_WEIRD_SERVER_REPLY:
	case CURLE_UNSUPPORTED_PROTOCOL:
		probe_down(probe, "the answer is no HTTP");
		break;
	case CURLE_PARTIAL_FILE:
		probe_down(probe, "the answer is cut short");
		break;
	default:
		probe_down(probe, "%s", text);
	}
}

int64_t probe_http_due(const struct probe_stage *stage)
{
	return stage->http ? stage->http->due_us : INT64_MAX;
}

void probe_http_turn(struct probe_stage *stage)
{
	struct probe_http *http = stage->http;
	const CURLMsg *message;
	int running, left;

	if (!http)
		return;
	if (http->due_us <= stage->now_us) {
		http->due_us = INT64_MAX;
		curl_multi_socket_action(http->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	}
	while ((message = curl_multi_info_read(http->multi, &left))) {
		CURLcode code = message->data.result;
		struct probe *probe = NULL;

		if (message->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&probe);
		if (code == CURLE_OK || ((struct http_own *)probe->own)->enough)
			answered(probe);
		else
			failed(probe, code);
	}
}

void probe_http_leave(struct probe_stage *stage)
{
	if (!stage->http)
		return;
	curl_multi_cleanup(stage->http->multi);
	mem_freep(&stage->http);
}

const struct probe_kind probe_http = {
	.open = http_open,
	.start = http_start,
	.stop = http_stop,
	.close = http_close,
	.late = "no complete answer",
};
