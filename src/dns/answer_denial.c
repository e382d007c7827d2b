/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dns/answer_zone.h"
#include "dns/type.h"

#include <string.h>

/* Gives the NSEC or NSEC3 of @node, once. */
static bool put_proof(struct answering *a, const struct zone_node *node, uint16_t type)
{
	struct reply_set what = { .section = REPLY_AUTHORITY,
				  .owner.name = node->name,
				  .set = zone_rrset(node, type),
				  .ttl_limit = REPLY_TTL_AS_IT_IS,
				  .signatures = true };

	for (unsigned i = 0; i < a->proof_count; i++)
		if (a->proofs[i] == node)
			return true;
	if (a->proof_count < ANSWERING_PROOFS)
		a->proofs[a->proof_count++] = node;
	return !what.set || reply_put_set(a->reply, &what);
}

/* "*." before the name of a.name from @label on; in lower case. */
static void wildcard_name(const struct answering *a, unsigned label, uint8_t ret_wire[NAME_SIZE + 2])
{
	unsigned start = a->name->starts[label];

	memcpy(ret_wire, "\1*", 2);
	memcpy(ret_wire + 2, a->name->wire + start, a->name->length - start);
}

static const uint8_t *name_at(const struct answering *a, unsigned label)
{
	return a->name->wire + a->name->starts[label];
}

/* The NSEC that stands at @name or covers it. */
static bool put_nsec(struct answering *a, const uint8_t *name)
{
	return put_proof(a, zone_nsec(a->zone, name), DNS_NSEC);
}

static bool put_nsec3(struct answering *a, const uint8_t *name)
{
	uint8_t hash[ZONE_HASH_SIZE];
	bool same;

	zone_nsec3_hash(a->zone, name, hash);
	return put_proof(a, zone_nsec3(a->zone, hash, &same), DNS_NSEC3);
}

/* Gives the NSEC3 of the very name, where it has one. */
static bool put_nsec3_same(struct answering *a, const uint8_t *name, bool *ret_same)
{
	const struct zone_node *node;
	uint8_t hash[ZONE_HASH_SIZE];

	zone_nsec3_hash(a->zone, name, hash);
	node = zone_nsec3(a->zone, hash, ret_same);
	return !*ret_same || put_proof(a, node, DNS_NSEC3);
}

/*
 * RFC 5155, 7.2.1: the nearest name above, from @label on, that has an NSEC3, and that the name one
 * label below it has none. With opt-out names may exist and have none, so it is looked for.
 */
static bool put_encloser(struct answering *a, unsigned label, unsigned *ret_encloser)
{
	unsigned last = a->name->labels - a->zone->labels;
	bool same = false;

	for (; label <= last && !same; label++)
		if (!put_nsec3_same(a, name_at(a, label), &same))
			return false;
	*ret_encloser = --label;
	return !label || put_nsec3(a, name_at(a, label - 1));
}

static bool is_silent(const struct answering *a)
{
	return !a->signatures || a->zone->denial == ZONE_UNSIGNED || !a->zone->ordered_count;
}

bool denial_put_no_name(struct answering *a)
{
	uint8_t wildcard[NAME_SIZE + 2];
	unsigned encloser;

	if (is_silent(a))
		return true;
	if (a->zone->denial == ZONE_NSEC_SIGNED) {
		wildcard_name(a, a->match.label, wildcard);
		return put_nsec(a, a->name->wire) && put_nsec(a, wildcard);
	}
	if (!put_encloser(a, a->match.label, &encloser))
		return false;
	wildcard_name(a, encloser, wildcard);
	return put_nsec3(a, wildcard);
}

bool denial_put_no_data(struct answering *a)
{
	unsigned encloser;
	bool same;

	if (is_silent(a))
		return true;
	/* An empty name has no NSEC, and the one that covers it shows what lies below. */
	if (a->zone->denial == ZONE_NSEC_SIGNED)
		return put_nsec(a, a->name->wire);
	if (!put_nsec3_same(a, a->name->wire, &same))
		return false;
	return same || put_encloser(a, 1, &encloser);
}

bool denial_put_no_wildcard_data(struct answering *a)
{
	uint8_t wildcard[NAME_SIZE + 2];
	unsigned encloser;

	if (is_silent(a))
		return true;
	if (a->zone->denial == ZONE_NSEC_SIGNED)
		return put_nsec(a, a->name->wire) && put_nsec(a, a->match.wildcard->name);
	if (!put_encloser(a, a->match.label, &encloser))
		return false;
	wildcard_name(a, encloser, wildcard);
	return put_nsec3(a, wildcard);
}

void denial_note_expanded(struct answering *a)
{
	uint8_t hash[ZONE_HASH_SIZE];
	const struct zone_node *node;
	bool same;

	if (a->match.node || is_silent(a) || a->waiting_count == ANSWERING_STEPS)
		return;
	if (a->zone->denial == ZONE_NSEC_SIGNED) {
		node = zone_nsec(a->zone, a->name->wire);
	} else {
		/* RFC 5155, 7.2.6: the signature's count of labels tells the encloser. */
		zone_nsec3_hash(a->zone, name_at(a, a->match.label - 1), hash);
		node = zone_nsec3(a->zone, hash, &same);
	}
	a->waiting[a->waiting_count++] = node;
}

bool denial_put_expanded(struct answering *a)
{
	for (unsigned i = 0; i < a->waiting_count; i++)
		if (!put_proof(a, a->waiting[i],
			       a->waiting[i]->flags & ZONE_NSEC3 ? DNS_NSEC3 : DNS_NSEC))
			return false;
	a->waiting_count = 0;
	return true;
}

bool denial_put_unsigned(struct answering *a)
{
	unsigned label = a->name->labels - a->match.cut->labels, encloser;
	bool same;

	if (is_silent(a))
		return true;
	if (a->zone->denial == ZONE_NSEC_SIGNED)
		return put_nsec(a, a->match.cut->name);
	if (!put_nsec3_same(a, a->match.cut->name, &same))
		return false;
	return same || put_encloser(a, label + 1, &encloser);
}
