/* SPDX-License-Identifier: MIT */
/*
 * Who asked which of our addresses: a table of fixed size in which a new peer takes the place of
 * the one that has been silent for longest among the few that share its row. Nothing is allocated,
 * so that it may be used wherever the program may receive, in signal handlers too.
 *
 * By peer and port, not by descriptor: a server may receive on one socket and connect another (DTLS
 * servers do, and TFTP servers), and its descriptors may be duplicates.
 */
#include "asked.h"

#include <errno.h>
#include <string.h>

#include "lock.h"

#define ROWS 256
#define PLACES 4

struct entry {
	struct asked_key peer;
	in_port_t port;
	uint32_t stamp; /* 0: free */
	struct asked asked;
};

static struct row {
	struct lock lock;
	uint32_t clock;
	struct entry entries[PLACES];
} rows[ROWS];

struct asked_key asked_key_of(const union mh_endpoint *peer)
{
	struct asked_key key = { .address = mh_address_of_endpoint(peer) };

	key.port = peer->any.sa_family == AF_INET ? peer->v4.sin_port : peer->v6.sin6_port;
	/* The same link-local address may live on several links (RFC 4007, section 4). */
	if (mh_address_is_link_local(&key.address) && key.address.family == AF_INET6)
		key.scope = peer->v6.sin6_scope_id;
	return key;
}

bool asked_key_equal(const struct asked_key *a, const struct asked_key *b)
{
	return a->port == b->port && a->scope == b->scope && a->address.family == b->address.family &&
	       !memcmp(a->address.bytes, b->address.bytes, sizeof(a->address.bytes));
}

/*
 * FNV-1a. Who fills a row on purpose makes us forget others, as the kernel would have without us.
 */
static struct row *row_of(const struct asked_key *key)
{
	uint32_t hash = 2166136261u;

	for (size_t i = 0; i < sizeof(key->address.bytes); i++)
		hash = (hash ^ key->address.bytes[i]) * 16777619u;
	hash = (hash ^ (key->port & 0xff)) * 16777619u;
	hash = (hash ^ (key->port >> 8)) * 16777619u;
	return &rows[(hash ^ hash >> 16) % ROWS];
}

/* Where it is, else the place to put it. */
static struct entry *entry_for(struct row *row, const struct asked_key *key, in_port_t port)
{
	struct entry *oldest = &row->entries[0];

	for (unsigned i = 0; i < PLACES; i++) {
		struct entry *entry = &row->entries[i];

		if (entry->stamp && entry->port == port && asked_key_equal(&entry->peer, key))
			return entry;
		if (entry->stamp < oldest->stamp)
			oldest = entry;
	}
	oldest->stamp = 0;
	return oldest;
}

void asked_note(in_port_t port, const union mh_endpoint *peer, const struct asked *asked)
{
	struct asked_key key = asked_key_of(peer);
	struct row *row = row_of(&key);
	struct entry *entry;

	if (!key.address.family || !lock_take(&row->lock))
		return;
	entry = entry_for(row, &key, port);
	*entry = (struct entry){ .peer = key, .port = port, .asked = *asked };
	if (asked->address.family)
		entry->stamp = ++row->clock;
	lock_leave(&row->lock);
}

int asked_find(in_port_t port, const union mh_endpoint *peer, bool any_port, struct asked *ret_asked)
{
	struct asked_key key = asked_key_of(peer);
	struct row *row = row_of(&key);
	const struct entry *found = NULL;

	if (!key.address.family || !lock_take(&row->lock))
		return -ENOENT;
	for (unsigned i = 0; i < PLACES; i++) {
		const struct entry *entry = &row->entries[i];

		if (!entry->stamp || !asked_key_equal(&entry->peer, &key))
			continue;
		if (entry->port == port) {
			found = entry;
			break;
		}
		if (any_port && (!found || entry->stamp > found->stamp))
			found = entry;
	}
	if (found)
		*ret_asked = found->asked;
	lock_leave(&row->lock);
	return found ? 0 : -ENOENT;
}

void asked_forked(void)
{
	for (unsigned i = 0; i < ROWS; i++)
		lock_leave(&rows[i].lock);
}
