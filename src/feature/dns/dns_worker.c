/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The main thread: hears the engine, builds zones, writes the log, tells secondaries. Threads serve
 * meanwhile; what is new is handed to them between two of their rounds, and what was before is
 * freed once none of them can hold it any more, nor a transfer that goes on.
 */
#include "feature/dns/dns_worker.h"

#include "base/clock.h"
#include "feature/crew.h"
#include "feature/dns/dns_notify.h"
#include "feature/dns/dns_thread.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#define TOP 20
#define LINES_SIZE 65536

const char *const dns_worker_calls[] = { "bind", "connect", NULL };

struct dns_worker {
	struct dns_live live;
	struct dns_blobs blobs;
	struct dns_setup *setup;
	struct dns_setup *retired; /* whose transfers go on */
	struct selves *selves;
	struct dns_notifier *notifier;
	struct counters before;	     /* of setups before this one */
	struct dns_log_ring **rings; /* of each thread, while there is a log */
	int log;		     /* its descriptor, or -1 */
	char *log_path;		     /* that came with it */
	struct counter logged;
	uint8_t secret[DNS_COOKIE_SECRET_SIZE]; /* where none is configured */
};

static struct dns_worker *worker_of(struct crew *crew)
{
	return crew->data;
}

static void on_refused(void *data, const char *zone, const char *why)
{
	const struct crew *crew = data;
	char *line = mem_printf("zone %s is not loaded: %s", zone, why);

	crew_log(crew->channel, LOG_ERROR, line);
	mem_freep(&line);
}

static void retire(struct dns_worker *worker, struct dns_setup *setup)
{
	if (!setup)
		return;
	for (unsigned i = 0; i < setup->threads; i++)
		dns_setup_tell(setup, i, &worker->before);
	setup->next = worker->retired;
	worker->retired = setup;
}

/* Frees the setups that nobody reads any more. */
static void bury(struct dns_worker *worker)
{
	struct dns_setup **place = &worker->retired, *setup;

	while ((setup = *place)) {
		if (atomic_load(&setup->transfers)) {
			place = &setup->next;
			continue;
		}
		*place = setup->next;
		dns_setup_free(setup);
	}
}

/* A ring for each thread if there shall be a log, and none else. */
static void rings_make(struct crew *crew, bool wanted)
{
	struct dns_worker *worker = worker_of(crew);

	for (unsigned i = 0; wanted && i < crew->count; i++)
		if (!worker->rings[i])
			worker->rings[i] = mem_alloc(sizeof(*worker->rings[i]));
	crew_call(crew, dns_thread_rings, wanted ? worker->rings : NULL);
	for (unsigned i = 0; !wanted && i < crew->count; i++)
		mem_freep(&worker->rings[i]);
}

static int configure(struct crew *crew, const struct channel_message *message)
{
	struct dns_worker *worker = worker_of(crew);
	struct dns_setup *before = worker->setup;
	struct dns_setup_source source = { &worker->blobs, crew->count, before, on_refused, crew };
	struct dns_orders orders;
	int r = dns_orders_read(message->bytes, message->length, &orders);

	if (r < 0)
		return r;
	if (!orders.cookie_secret_count) {
		memcpy(orders.cookie_secrets[0], worker->secret, sizeof(worker->secret));
		orders.cookie_secret_count = 1;
	}
	worker->setup = dns_setup_new(&orders, &source);
	crew_call(crew, dns_thread_adopt, worker->setup);
	rings_make(crew, *worker->setup->orders.log_path);
	dns_notify_changes(worker->notifier, worker->setup, before);
	retire(worker, before);
	return 0;
}

/* The wire's modes are those of the table. */
static_assert((int)DNS_SELF_ASKED == (int)SELF_ASKED && (int)DNS_SELF_SILENT == (int)SELF_SILENT,
	      "what the engine says is what is answered");

static struct selves *selves_of(const struct dns_self_orders *orders)
{
	struct self_source *sources = mem_alloc((orders->self_count + 1) * sizeof(*sources));
	struct dns_name *names = mem_alloc((orders->self_count + 1) * sizeof(*names));
	struct selves *selves;
	size_t count = 0;

	for (uint32_t i = 0; i < orders->self_count; i++) {
		const struct dns_order_self *self = &orders->selves[i];

		if (name_parse(self->name, &names[count]) < 0)
			continue;
		sources[count] = (struct self_source){ .name = names[count].wire,
						       .mode = (enum self_mode)self->mode,
						       .not_ready = self->not_ready,
						       .ttl = self->ttl,
						       .addresses = self->addresses,
						       .address_count = self->address_count };
		count++;
	}
	selves = selves_new(sources, count);
	mem_freep(&names);
	mem_freep(&sources);
	return selves;
}

static int update(struct crew *crew, const struct channel_message *message)
{
	struct dns_worker *worker = worker_of(crew);
	struct selves *before = worker->selves;
	struct dns_self_orders orders;
	int r = dns_selves_read(message->bytes, message->length, &orders);

	if (r < 0)
		return r;
	worker->selves = selves_of(&orders);
	dns_selves_free(&orders);
	crew_call(crew, dns_thread_selves, worker->selves);
	selves_free(before);
	return 0;
}

static int take_file(struct crew *crew, struct channel_message *message)
{
	struct dns_worker *worker = worker_of(crew);

	if (message->fd_count != 1)
		return -EPROTO;
	if (worker->log >= 0)
		close(worker->log);
	worker->log = message->fds[0];
	message->fds[0] = -1;
	mem_freep(&worker->log_path);
	worker->log_path = mem_strdup(message->bytes);
	return 0;
}

static int take_blob(struct crew *crew, struct channel_message *message)
{
	if (message->length != DNS_DIGEST_SIZE || message->fd_count != 1)
		return -EPROTO;
	return dns_blobs_add(&worker_of(crew)->blobs, message->bytes, &message->fds[0]);
}

static int obey(struct crew *crew, struct channel_message *message)
{
	switch (message->type) {
	case WORKER_CONFIGURE:
		return configure(crew, message);
	case WORKER_UPDATE:
		return update(crew, message);
	case WORKER_FILE:
		return take_file(crew, message);
	case WORKER_BLOB:
		return take_blob(crew, message);
	case WORKER_FORGET:
		if (message->length != DNS_DIGEST_SIZE)
			return -EPROTO;
		dns_blobs_forget(&worker_of(crew)->blobs, message->bytes);
		return 0;
	}
	return -EPROTO;
}

/*
 * A file that takes no more (a full disk, a pipe that nobody reads) loses lines, but no half ones if
 * the kernel took a part only: the rest is tried again, once.
 */
static bool write_lines(int fd, const struct text *lines)
{
	size_t done = 0;

	for (unsigned tries = 0; fd >= 0 && done < lines->length && tries < 2; tries++) {
		ssize_t wrote = write(fd, lines->data + done, lines->length - done);

		if (wrote < 0 && errno != EINTR)
			return false;
		if (wrote > 0)
			done += (size_t)wrote;
	}
	return done == lines->length;
}

static void write_log(struct crew *crew)
{
	struct dns_worker *worker = worker_of(crew);
	bool answers = worker->setup && worker->setup->orders.log_answers;

	for (unsigned i = 0; i < crew->count; i++) {
		AUTO_TEXT lines = { 0 };
		unsigned count = worker->rings[i] ? dns_log_drain(worker->rings[i], answers, &lines) :
						    0;

		worker->logged.asked += count;
		if (!count)
			continue;
		if (write_lines(worker->log, &lines))
			worker->logged.answered += count;
		else
			worker->logged.failed += count;
	}
}

static int idle(struct crew *crew)
{
	struct dns_worker *worker = worker_of(crew);

	bury(worker);
	write_log(crew);
	return dns_notify_run(worker->notifier, clock_now_us());
}

static void address_put(const struct dns_top_entry *entry, struct counters *sum)
{
	char key[ADDRESS_TEXT_SIZE + 16] = "address ", text[ADDRESS_TEXT_SIZE];
	struct address address;

	memcpy(&address, entry->key, sizeof(address));
	strcat(key, address_text(&address, text));
	counters_get(sum, key)->asked += entry->count - entry->error;
}

static void name_put(const struct dns_top_entry *entry, struct counters *sum)
{
	char key[NAME_TEXT_SIZE + 16] = "name ", text[NAME_TEXT_SIZE];

	strcat(key, name_text(entry->key, text));
	counters_get(sum, key)->asked += entry->count - entry->error;
}

static void top_put(struct crew *crew, struct counters *sum)
{
	struct dns_tops tops = { 0 };

	for (unsigned i = 0; i < crew->count; i++) {
		crew_thread_post(crew->threads[i], dns_thread_top, &tops);
		crew_thread_await(crew->threads[i]);
	}
	dns_top_cut(&tops.addresses, TOP);
	dns_top_cut(&tops.names, TOP);
	for (size_t i = 0; i < tops.addresses.items.count; i++)
		address_put(&tops.addresses.items.items[i], sum);
	for (size_t i = 0; i < tops.names.items.count; i++)
		name_put(&tops.names.items.items[i], sum);
	VEC_FREE(&tops.addresses.items);
	VEC_FREE(&tops.names.items);
}

/* One thread after the other adds what it counted: it alone knows when it does not write. */
static void report(struct crew *crew, struct text *report)
{
	struct dns_worker *worker = worker_of(crew);
	struct counters sum = { 0 };
	struct counter log = worker->logged;

	counters_add(&sum, &worker->before);
	for (unsigned i = 0; i < crew->count; i++) {
		crew_thread_post(crew->threads[i], dns_thread_tell, &sum);
		crew_thread_await(crew->threads[i]);
		if (worker->rings[i])
			log.dropped += atomic_load(&worker->rings[i]->dropped);
	}
	top_put(crew, &sum);
	log.asked += log.dropped;
	*counters_get(&sum, "log") = log;
	*counters_get(&sum, "notify") = *dns_notify_counter(worker->notifier);
	for (size_t i = 0; i < sum.entries.count; i++) {
		const struct counter *counter = &sum.entries.items[i].counter;

		if (counter->asked | counter->answered | counter->dropped | counter->failed)
			crew_report_put(report, sum.entries.items[i].key, counter);
	}
	counters_free(&sum);
}

static int begin(struct crew *crew)
{
	struct dns_worker *worker = worker_of(crew);

	worker->live.crew = crew;
	worker->rings = mem_alloc(crew->count * sizeof(*worker->rings));
	for (unsigned i = 0; i < crew->count; i++)
		dns_thread(crew->threads[i])->live = &worker->live;
	return dns_notifier_new(crew->channel, &crew->also, &worker->notifier);
}

/*
 * What routers are said to say of the path's MTU is not believed: whoever forges that would have answers
 * cut into fragments, which he then puts together in his own way (RFC 9715, appendix A). Answers of
 * udp-size fit any path; what does not fit the link's own MTU is cut there.
 */
static void heed_no_path(int fd)
{
	int omit4 = IP_PMTUDISC_OMIT, omit6 = IPV6_PMTUDISC_OMIT;

	/* One of them does not apply to the family, which is fine. */
	(void)setsockopt(fd, SOL_IPV6, IPV6_MTU_DISCOVER, &omit6, sizeof(omit6));
	(void)setsockopt(fd, SOL_IP, IP_MTU_DISCOVER, &omit4, sizeof(omit4));
}

static bool adopt(struct crew_thread *thread, struct crew_socket *socket)
{
	const struct dns_setup *setup = dns_thread(thread)->setup;

	if (socket->protocol == IPPROTO_UDP)
		heed_no_path(socket->socket.fd);
	return setup && setup->orders.port == socket->port;
}

static const struct crew_role role_of_dns = {
	.thread_size = sizeof(struct dns_thread),
	.socket_size = sizeof(struct crew_socket),
	.udp_flags = MH_BARE,
	.batch = DNS_BATCH,
	.batch_room = DNS_UDP_ROOM,
	.begin = begin,
	.start = dns_thread_start,
	.stop = dns_thread_stop,
	.adopt = adopt,
	.udp = dns_udp_serve,
	.admit = dns_tcp_admit,
	.talk = dns_tcp_talk,
	.timeout = dns_tcp_timeout,
	.ended = dns_tcp_ended,
	.obey = obey,
	.report = report,
	.idle = idle,
};

int dns_worker_main(int channel, unsigned threads)
{
	struct dns_worker *worker = mem_alloc(sizeof(*worker));
	struct crew_role role = role_of_dns;
	int r;

	worker->log = -1;
	role.connection_size = dns_tcp_connection_size();
	if (getrandom(worker->secret, sizeof(worker->secret), 0) < 0 ||
	    getrandom(worker->live.secret, sizeof(worker->live.secret), 0) < 0 ||
	    getrandom(&worker->live.key, sizeof(worker->live.key), 0) < 0)
		log_warning("no random numbers: %s", strerror(errno));
	r = crew_main(&role, worker, channel, threads);
	dns_setup_free(worker->setup);
	bury(worker);
	selves_free(worker->selves);
	dns_notifier_free(worker->notifier);
	dns_blobs_free(&worker->blobs);
	counters_free(&worker->before);
	for (unsigned i = 0; worker->rings && i < threads; i++)
		mem_freep(&worker->rings[i]);
	mem_freep(&worker->rings);
	mem_freep(&worker->log_path);
	if (worker->log >= 0)
		close(worker->log);
	mem_freep(&worker);
	return r;
}
