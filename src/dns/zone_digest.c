/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ZONEMD (RFC 8976): a digest over the zone, by which a file that was damaged or cut short on its way
 * is told from a whole one. Only zones that have one pay for it.
 */
#include "base/mem.h"
#include "base/text.h"
#include "dns/rdata.h"
#include "dns/type.h"
#include "dns/zone_check.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#define SIMPLE 1 /* the one scheme there is (RFC 8976, 2.2.2) */
#define BEFORE_DIGEST 6

/* Hash algorithms that we know (RFC 8976, 5.3), and how long their digests are. */
static const EVP_MD *algorithm_of(uint8_t number, size_t *ret_size)
{
	*ret_size = number == 1 ? 48 : 64;
	return number == 1 ? EVP_sha384() : number == 2 ? EVP_sha512() : NULL;
}

/* A record, and its data in canonical form, which stand in a text. */
struct digested {
	const uint8_t *record;
	uint16_t type, length;
	size_t offset;
};

struct digesting {
	const struct zone *zone;
	EVP_MD_CTX *context;
	VEC(struct digested) records; /* of one name */
	struct text data;
};

static int compare_nodes(const void *one, const void *other)
{
	const struct zone_node *const *a = one, *const *b = other;

	return name_compare((*a)->name, (*b)->name);
}

static int compare_records(const void *one, const void *other, void *data)
{
	const struct digested *a = one, *b = other;
	uint16_t shorter = a->length < b->length ? a->length : b->length;
	int compared;

	if (a->type != b->type)
		return a->type < b->type ? -1 : 1;
	compared = memcmp((const char *)data + a->offset, (const char *)data + b->offset, shorter);
	return compared ? compared : a->length - b->length;
}

/* What is left out: the digest itself, and its signature (RFC 8976, 3.3.1). */
static bool is_left_out(const struct digesting *digesting, const struct zone_node *node,
			const struct zone_rrset *set)
{
	return node == digesting->zone->apex && set->type == DNS_ZONEMD;
}

static void gather(struct digesting *digesting, const struct zone_node *node)
{
	const struct zone_rrset *set = NULL;

	while ((set = zone_rrset_next(node, set))) {
		const uint8_t *record = set->records,
			      *end = record + set->size + set->signatures_size;

		for (; record < end && !is_left_out(digesting, node, set);
		     record = zone_record_next(record)) {
			struct digested *digested = VEC_PUSH(&digesting->records);
			uint8_t *data;

			digested->record = record;
			digested->type = (uint16_t)(record[2] << 8 | record[3]);
			digested->length = (uint16_t)(record[10] << 8 | record[11]);
			digested->offset = digesting->data.length;
			text_append(&digesting->data, record + ZONE_RECORD_HEAD, digested->length);
			data = (uint8_t *)digesting->data.data + digested->offset;
			rdata_canonical(digested->type, data, digested->length, data);
		}
	}
}

static void digest_name(struct digesting *digesting, const struct zone_node *node)
{
	if (!digesting->records.count)
		return;
	qsort_r(digesting->records.items, digesting->records.count,
		sizeof(*digesting->records.items), compare_records, digesting->data.data);
	for (size_t i = 0; i < digesting->records.count; i++) {
		const struct digested *digested = &digesting->records.items[i];

		EVP_DigestUpdate(digesting->context, node->name, node->length);
		EVP_DigestUpdate(digesting->context, digested->record + 2, 10);
		EVP_DigestUpdate(digesting->context, digesting->data.data + digested->offset,
				 digested->length);
	}
	digesting->records.count = 0;
	digesting->data.length = 0;
}

static void digest_zone(const struct zone *zone, const EVP_MD *algorithm,
			uint8_t ret_digest[EVP_MAX_MD_SIZE])
{
	struct digesting digesting = { .zone = zone, .context = EVP_MD_CTX_new() };
	VEC(const struct zone_node *) nodes = { 0 };

	EVP_DigestInit_ex(digesting.context, algorithm, NULL);
	for (const struct zone_node *node = NULL; (node = zone_node_next(zone, node));)
		*VEC_PUSH(&nodes) = node;
	qsort(nodes.items, nodes.count, sizeof(*nodes.items), compare_nodes);
	for (size_t i = 0; i < nodes.count; i++) {
		/* The owner of an NSEC3 may be a name as well. */
		if (i && name_compare(nodes.items[i - 1]->name, nodes.items[i]->name) != 0)
			digest_name(&digesting, nodes.items[i - 1]);
		gather(&digesting, nodes.items[i]);
	}
	digest_name(&digesting, nodes.items[nodes.count - 1]);
	EVP_DigestFinal_ex(digesting.context, ret_digest, NULL);
	EVP_MD_CTX_free(digesting.context);
	VEC_FREE(&digesting.records);
	text_free(&digesting.data);
	VEC_FREE(&nodes);
}

static void check_digest(const struct zone_check *check, const uint8_t *at)
{
	struct zone_record record = zone_check_record(check->zone->apex, DNS_ZONEMD, at);
	const uint8_t *data = record.data;
	uint32_t serial = (uint32_t)data[0] << 24 | (uint32_t)data[1] << 16 |
			  (uint32_t)data[2] << 8 | data[3];
	uint8_t digest[EVP_MAX_MD_SIZE];
	size_t size;
	const EVP_MD *algorithm = algorithm_of(data[5], &size);

	if (serial != check->zone->serial) {
		zone_error(check->problems, &record,
			   "this digest is of the serial %u, but the zone has %u", serial,
			   check->zone->serial);
		return;
	}
	/* What we do not know proves nothing (RFC 8976, 4). */
	if (data[4] != SIMPLE || !algorithm)
		return;
	digest_zone(check->zone, algorithm, digest);
	if (record.length != BEFORE_DIGEST + size || memcmp(digest, data + BEFORE_DIGEST, size) != 0)
		zone_error(check->problems, &record,
			   "the zone is not what this digest is of: it was changed or cut short");
}

void zone_check_digest(const struct zone_check *check)
{
	const struct zone_rrset *set = zone_rrset(check->zone->apex, DNS_ZONEMD);

	if (!set)
		return;
	for (const uint8_t *at = set->records; at < set->records + set->size;
	     at = zone_record_next(at))
		check_digest(check, at);
}
