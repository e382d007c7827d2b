/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The way of a datagram: one system call brings a batch, each datagram finds its service by the
 * address asked, one system call takes the answers away. Nothing is allocated, nothing is shared.
 *
 * Not answered, on purpose: what was sent to a group (one datagram to a broadcast address would
 * raise as many answers as there are hosts: RFC 2644 has the history), and what comes from a port
 * on which something like ourselves may sit that answers answers, for ever (RFC 862 knows no end to
 * a conversation).
 */
#include "feature/services/services_udp.h"

#include <arpa/inet.h>
#include <assert.h>
#include <string.h>

/* Batches from one socket before the others get their turn. */
#define ROUNDS 16

/* A batch of so many datagrams heats a socket; so many smaller ones in a row cool it. */
#define HOT_BATCH 8
#define HEAT 64

static_assert(sizeof(struct address) == sizeof(struct mh_address),
	      "the address asked is copied as it is");

bool services_udp_guarded(uint16_t peer_port, uint16_t port)
{
	/* Nobody; echo, discard, daytime, quote of the day, character generator, time. */
	static const uint16_t guarded[] = { 0, 7, 9, 13, 17, 19, 37 };

	for (size_t i = 0; i < ARRAY_SIZE(guarded); i++)
		if (peer_port == guarded[i])
			return true;
	return peer_port == port;
}

/* As many lines as datagrams came, one after the other, in place of what came. */
static void answer_whoami(struct services_thread *thread, const struct services_socket *socket,
			  const struct services_service *service, struct mh_datagram *datagram)
{
	unsigned wanted = mh_datagram_count(datagram), count = 1;
	struct services_who who = {
		.port = socket->base.port,
		.link = crew_thread_link(&thread->base, datagram->link),
		.protocol = "udp",
		.service = service->name,
	};
	char line[SERVICES_WHO_SIZE];
	size_t length;

	memcpy(&who.asked, &datagram->asked, sizeof(who.asked));
	if (address_from_sockaddr(&datagram->peer, &who.peer, &who.peer_port) < 0)
		return;
	length = services_who_line(&who, line);
	for (; count < wanted && (count + 1) * length <= datagram->room; count++)
		memcpy((char *)datagram->data + count * length, line, length);
	memcpy(datagram->data, line, length);
	datagram->answer = datagram->data;
	datagram->answer_length = count * length;
	datagram->answer_segment = (unsigned)length;
}

static void answer(struct services_thread *thread, const struct services_socket *socket,
		   uint32_t index, struct mh_datagram *datagram)
{
	const struct services_service *service = &thread->setup->services[index];

	if ((datagram->flags & (MH_GROUP | MH_TRUNCATED)) ||
	    services_udp_guarded(ntohs(datagram->peer.v4.sin_port), socket->base.port))
		return;
	switch (service->kind) {
	case SERVICES_ECHO:
		datagram->answer = datagram->data;
		datagram->answer_length = datagram->length;
		datagram->answer_segment = datagram->segment;
		break;
	case SERVICES_WHOAMI:
		answer_whoami(thread, socket, service, datagram);
		break;
	case SERVICES_DISCARD:
	case SERVICES_KINDS:
		break;
	}
}

static bool memo_holds(const struct services_memo *memo, const struct address *asked)
{
	uint64_t bits[2];

	memcpy(bits, asked->bytes, sizeof(bits));
	return memo->family == asked->family && !(((bits[0] ^ memo->bits[0]) & memo->mask[0]) |
						  ((bits[1] ^ memo->bits[1]) & memo->mask[1]));
}

/* @prefix: clean; every address in it has @account. */
static void memo_set(struct services_memo *memo, const struct prefix *prefix,
		     const struct services_account *account)
{
	struct prefix ones = { .family = prefix->family, .length = prefix->length };

	memset(ones.bytes, 0xff, sizeof(ones.bytes));
	ones = prefix_clean(&ones);
	memcpy(memo->mask, ones.bytes, sizeof(memo->mask));
	memcpy(memo->bits, prefix->bytes, sizeof(memo->bits));
	memo->family = prefix->family;
	memo->account = *account;
}

static bool is_leaf(const struct lpm_entry *entry)
{
	return entry && (entry->value & SERVICES_LEAF);
}

bool services_udp_account(const struct services_setup *setup, struct services_socket *socket,
			  const struct address *asked, struct services_account *ret_account)
{
	const struct lpm_entry *service, *claim;

	if (memo_holds(&socket->memo, asked)) {
		*ret_account = socket->memo.account;
		return true;
	}
	claim = lpm_find(setup->claim_table, asked);
	service = lpm_find(socket->by_address, asked);
	ret_account->claim = claim ? setup->service_count + services_setup_index(claim) :
				     SERVICES_NO_CLAIM;
	ret_account->service = service ? services_setup_index(service) :
					 services_setup_counters(setup) - 1;
	/*
	 * The two prefixes hold the same address, so one lies in the other: what holds for both
	 * holds in the longer.
	 */
	if (is_leaf(service) && is_leaf(claim))
		memo_set(&socket->memo,
			 claim->prefix.length > service->prefix.length ? &claim->prefix :
									 &service->prefix,
			 ret_account);
	else if (is_leaf(service) && !setup->claim_count)
		memo_set(&socket->memo, &service->prefix, ret_account);
	return service != NULL;
}

static struct services_account decide(struct services_thread *thread,
				      struct services_socket *socket, struct mh_datagram *datagram)
{
	struct services_account account;
	struct address asked;

	memcpy(&asked, &datagram->asked, sizeof(asked));
	if (services_udp_account(thread->setup, socket, &asked, &account))
		answer(thread, socket, account.service, datagram);
	return account;
}

static void counter_add(struct counter *counter, const struct counter *more)
{
	crew_count(&counter->asked, more->asked);
	crew_count(&counter->answered, more->answered);
	crew_count(&counter->dropped, more->dropped);
	crew_count(&counter->failed, more->failed);
}

/* Adds what a run of datagrams of one service and one claim came to. */
static void book(struct services_thread *thread, const struct services_account *account,
		 struct counter *run)
{
	run->dropped = run->asked - run->answered - run->failed;
	counter_add(&thread->counters[account->service], run);
	if (account->claim != SERVICES_NO_CLAIM)
		counter_add(&thread->counters[account->claim], run);
	*run = (struct counter){ 0 };
}

static void book_batch(struct services_thread *thread, const struct services_account *accounts,
		       unsigned count)
{
	struct counter run = { 0 };

	for (unsigned i = 0; i < count; i++) {
		const struct mh_datagram *datagram = mh_batch_at(thread->base.batch, i);

		if (i && (accounts[i].service != accounts[i - 1].service ||
			  accounts[i].claim != accounts[i - 1].claim))
			book(thread, &accounts[i - 1], &run);
		run.asked += mh_datagram_count(datagram);
		run.answered += datagram->answered;
		run.failed += datagram->failed;
	}
	if (count)
		book(thread, &accounts[count - 1], &run);
}

static void serve_batch(struct services_thread *thread, struct services_socket *socket, unsigned count)
{
	struct services_account accounts[SERVICES_BATCH];
	bool any = false;

	for (unsigned i = 0; i < count; i++) {
		struct mh_datagram *datagram = mh_batch_at(thread->base.batch, i);

		accounts[i] = decide(thread, socket, datagram);
		any = any || datagram->answer;
	}
	if (any)
		mh_udp_answer(&socket->base.socket, thread->base.batch);
	book_batch(thread, accounts, count);
}

/*
 * Services answer many with a datagram or two each: that is no flow, and what is worked out for
 * each (see MH_BARE) is dear among so little. Returns whether the socket has it.
 */
static bool is_bare(struct mh_socket *socket)
{
	return (socket->flags & MH_BARE) ||
	       mh_udp_adopt(socket->fd, NULL, socket->flags | MH_BARE, socket) == 0;
}

bool services_udp_serve(struct crew_thread *base, struct crew_socket *listening)
{
	struct services_thread *thread = services_thread(base);
	struct services_socket *socket = services_socket(listening);

	if (!is_bare(&socket->base.socket))
		return false;
	for (unsigned round = 0; round < ROUNDS; round++) {
		int count = mh_udp_receive(&socket->base.socket, thread->base.batch);

		/*
		 * An error of the network that somebody's earlier answer raised is read, and so
		 * over.
		 */
		if (count < 0)
			return false;
		serve_batch(thread, socket, (unsigned)count);
		if (count >= HOT_BATCH)
			socket->base.heat = HEAT;
		else if (socket->base.heat)
			socket->base.heat--;
		if (!socket->base.heat && !mh_batch_full(thread->base.batch))
			return false;
	}
	return true;
}
