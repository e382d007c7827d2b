/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The algorithm of RFC 1034, 4.3.2, as later RFCs read it: cuts (2181), wildcards (4592), DNAME
 * (6672), negative answers (2308), what signs them (4035, 5155). zone_find() has told all that lies
 * on the way to a name; here it becomes records.
 */
#include "dns/answer_zone.h"
#include "dns/rdata.h"
#include "dns/type.h"

#include <string.h>

/* The owner of a set that stands at the name of a.name from @label on. */
static struct reply_owner answering_owner(const struct answering *a, unsigned label)
{
	if (!label)
		return (struct reply_owner){ .pointer = a->owner, .name = a->wire };
	/* The question stands uncompressed, so that each name above it has its place in it. */
	if (a->owner == DNS_QUESTION)
		return (struct reply_owner){ .pointer = (uint16_t)(DNS_QUESTION +
								   a->name->starts[label]) };
	return (struct reply_owner){ .name = a->name->wire + a->name->starts[label] };
}

static bool put_set(struct answering *a, enum reply_section section, unsigned label,
		    const struct zone_rrset *set)
{
	struct reply_set what = { .section = section,
				  .owner = answering_owner(a, label),
				  .set = set,
				  .ttl_limit = REPLY_TTL_AS_IT_IS,
				  .signatures = a->signatures };

	return reply_put_set(a->reply, &what);
}

/* RFC 2308, 3: the SOA with how long "no" may be believed. */
static bool put_soa(struct answering *a, uint32_t ttl_limit)
{
	uint32_t ttl = a->zone->negative_ttl;
	struct reply_set what = { .section = REPLY_AUTHORITY,
				  .owner = answering_owner(a, a->name->labels - a->zone->labels),
				  .set = a->zone->soa,
				  .ttl_limit = ttl < ttl_limit ? ttl : ttl_limit,
				  .signatures = a->signatures };

	return denial_put_expanded(a) && reply_put_set(a->reply, &what);
}

static enum answer_end end_if(bool fits)
{
	return fits ? ANSWER_DONE : ANSWER_FULL;
}

/*
 * The addresses of the name servers in @set, where we know them. Those below the cut are needed: nobody
 * gets there without them, so an answer that lacks one says so by TC (RFC 9471). Others are a favour.
 */
static bool put_addresses(struct answering *a, const struct zone_rrset *set, bool needed,
			  const struct zone_node *cut)
{
	static const uint16_t types[] = { DNS_A, DNS_AAAA };
	const uint8_t *record = set->records, *end = record + set->size;
	struct dns_name *target = &a->scratch->target;

	for (; record < end; record = zone_record_next(record)) {
		const struct zone_node *node;
		bool below;

		name_read(target, record + ZONE_RECORD_HEAD, NAME_SIZE);
		if (!name_within(target->wire, a->zone->apex->name))
			continue;
		below = cut && name_within(target->wire, cut->name);
		node = below == needed ? zone_node_at(a->zone, target, 0) : NULL;
		for (unsigned i = 0; node && i < 2; i++) {
			struct reply_set what = { .section = REPLY_ADDITIONAL,
						  .owner.name = record + ZONE_RECORD_HEAD,
						  .set = zone_rrset(node, types[i]),
						  .ttl_limit = REPLY_TTL_AS_IT_IS,
						  .signatures = a->signatures };

			if (what.set && !reply_put_set(a->reply, &what) && needed)
				return false;
		}
	}
	return true;
}

static enum answer_end answer_referral(struct answering *a)
{
	const struct zone_node *cut = a->match.cut;
	unsigned label = a->name->labels - cut->labels;
	const struct zone_rrset *ns = zone_rrset(cut, DNS_NS), *ds = zone_rrset(cut, DNS_DS);
	struct reply_set what = { .section = REPLY_AUTHORITY,
				  .owner = answering_owner(a, label),
				  .set = ns,
				  .ttl_limit = REPLY_TTL_AS_IT_IS };

	/* The NS are the child's, and it signs them, not we (RFC 4035, 3.1.4). */
	if (!ns || !denial_put_expanded(a) || !reply_put_set(a->reply, &what))
		return end_if(!ns);
	if (a->signatures && !(ds ? put_set(a, REPLY_AUTHORITY, label, ds) : denial_put_unsigned(a)))
		return ANSWER_FULL;
	if (!put_addresses(a, ns, true, cut))
		return ANSWER_FULL;
	put_addresses(a, ns, false, cut);
	return ANSWER_DONE;
}

static enum answer_end answer_no_data(struct answering *a, uint32_t ttl_limit)
{
	if (!put_soa(a, ttl_limit))
		return ANSWER_FULL;
	if (a->match.node)
		return end_if(denial_put_no_data(a));
	return end_if(!a->match.wildcard || denial_put_no_wildcard_data(a));
}

static enum answer_end answer_no_name(struct answering *a)
{
	a->rcode = DNS_NXDOMAIN;
	return end_if(put_soa(a, UINT32_MAX) && denial_put_no_name(a));
}

/* Goes on with another name, which stands in the reply as the last one that was written. */
static enum answer_end follow(struct answering *a, const uint8_t *target)
{
	uint16_t owner = a->reply->last_name;

	/* A name that leads to itself is no way. */
	if (name_equal(target, a->name->wire))
		return ANSWER_DONE;
	if (!name_read(&a->scratch->name, target, NAME_SIZE))
		return ANSWER_DONE;
	a->name = &a->scratch->name;
	a->wire = target;
	a->owner = owner;
	return ANSWER_FOLLOW;
}

/* Whether the chain comes by @set for the first time. */
static bool pass(struct answering *a, const struct zone_rrset *set)
{
	for (unsigned i = 0; i < a->passed_count; i++)
		if (a->passed[i] == set)
			return false;
	a->passed[a->passed_count++] = set;
	return true;
}

static enum answer_end answer_cname(struct answering *a, const struct zone_rrset *set)
{
	/* Names of a wildcard are different ones though their set is the same. */
	if (a->match.node && !pass(a, set))
		return ANSWER_DONE;
	if (!put_set(a, REPLY_ANSWER, 0, set))
		return ANSWER_FULL;
	denial_note_expanded(a);
	return follow(a, set->records + ZONE_RECORD_HEAD);
}

/* RFC 6672, 3.1: what follows the DNAME's owner is put before its target, and a CNAME tells so. */
static enum answer_end answer_dname(struct answering *a)
{
	const struct zone_node *dname = a->match.dname;
	const struct zone_rrset *set = zone_rrset(dname, DNS_DNAME);
	unsigned label = a->name->labels - dname->labels;
	size_t kept = a->name->starts[label], target_length;
	struct reply_owner owner = answering_owner(a, 0);
	const uint8_t *target;
	uint8_t *name = a->scratch->synthesised;

	if (!set || (pass(a, set) && !put_set(a, REPLY_ANSWER, label, set)))
		return end_if(!set);
	target = set->records + ZONE_RECORD_HEAD;
	target_length = name_length(target);
	if (kept + target_length > NAME_SIZE) {
		a->rcode = DNS_YXDOMAIN;
		return ANSWER_DONE;
	}
	/* The name may be one that a DNAME made before. */
	memmove(name, a->wire, kept);
	memcpy(name + kept, target, target_length);
	if (owner.name == name)
		owner.name = a->name->wire;
	if (!reply_put_cname(a->reply, &owner, zone_rrset_ttl(set), name))
		return ANSWER_FULL;
	/* Asked for a CNAME, the one that was made is the answer, and no way to another. */
	if (a->scratch->query.type == DNS_CNAME || a->scratch->query.type == DNS_ANY)
		return ANSWER_DONE;
	/* One that leads below itself never ends. */
	return name_within(target, dname->name) ? ANSWER_DONE : follow(a, name);
}

/* ANY (RFC 8482): over UDP one set is enough, over TCP who asks may have them all. RRSIG: likewise. */
static enum answer_end answer_several(struct answering *a, const struct zone_node *node, uint16_t type)
{
	const struct zone_rrset *set = zone_rrset_next(node, NULL);
	bool some = false;

	for (; set && (a->asker->tcp || !some); set = zone_rrset_next(node, set)) {
		struct reply_set what = { .section = REPLY_ANSWER,
					  .owner = answering_owner(a, 0),
					  .set = set,
					  .ttl_limit = REPLY_TTL_AS_IT_IS,
					  .signatures = a->signatures };

		if (type == DNS_RRSIG && !set->signatures)
			continue;
		if (!(type == DNS_RRSIG ? reply_put_signatures(a->reply, &what) :
					  reply_put_set(a->reply, &what)))
			return ANSWER_FULL;
		some = true;
	}
	if (!some)
		return answer_no_data(a, UINT32_MAX);
	denial_note_expanded(a);
	return end_if(denial_put_expanded(a));
}

/* @node is the name itself, or the wildcard that stands in for it. */
static enum answer_end answer_node(struct answering *a, const struct zone_node *node)
{
	uint16_t type = a->scratch->query.type;
	const struct zone_rrset *set;

	if (type == DNS_ANY || type == DNS_RRSIG)
		return answer_several(a, node, type);
	set = zone_rrset(node, type);
	if (!set && node->flags & ZONE_CNAME)
		return answer_cname(a, zone_rrset(node, DNS_CNAME));
	if (!set)
		return answer_no_data(a, UINT32_MAX);
	if (!put_set(a, REPLY_ANSWER, 0, set))
		return ANSWER_FULL;
	denial_note_expanded(a);
	if (!denial_put_expanded(a))
		return ANSWER_FULL;
	if (type == DNS_NS)
		put_addresses(a, set, false, NULL);
	return ANSWER_DONE;
}

/* Throws away what a chain has brought: a resolver that is to go elsewhere shall not keep half of it. */
static enum answer_end answer_self_error(struct answering *a, enum dns_rcode rcode)
{
	reply_empty(a->reply);
	a->waiting_count = 0;
	a->rcode = rcode;
	a->scratch->edns.ede = DNS_EDE_NOT_READY;
	return ANSWER_DONE;
}

static const struct zone_rrset *self_set(struct answering *a, const struct self *self)
{
	uint16_t type = a->scratch->query.type;
	const struct zone_rrset *asked;

	if (self->mode == SELF_NODATA)
		return NULL;
	if (self->mode == SELF_ASKED) {
		asked = self_set_put(&a->asker->asked, self->ttl, a->scratch->asked);
		return type == asked->type || type == DNS_ANY ? asked : NULL;
	}
	if (type == DNS_ANY)
		return self->a ? self->a : self->aaaa;
	return type == DNS_A ? self->a : self->aaaa;
}

static enum answer_end answer_self(struct answering *a, const struct self *self)
{
	const struct zone_rrset *set;

	a->scratch->outcome.self = true;
	if (self->mode == SELF_SILENT)
		return ANSWER_SILENT;
	if (self->mode == SELF_REFUSED)
		return answer_self_error(a, DNS_REFUSED);
	if (self->mode == SELF_SERVFAIL)
		return answer_self_error(a, DNS_SERVFAIL);
	if (self->not_ready)
		a->scratch->edns.ede = DNS_EDE_NOT_READY;
	set = self_set(a, self);
	if (set)
		return end_if(put_set(a, REPLY_ANSWER, 0, set));
	/* "None of that family" shall not be believed for longer than an address would be. */
	return end_if(put_soa(a, self->ttl));
}

static bool asks_for_addresses(uint16_t type)
{
	return type == DNS_A || type == DNS_AAAA || type == DNS_ANY;
}

/* The name of an NSEC3 is no name of the zone (RFC 5155, 7.2.8). */
static void forget_nsec3(struct answering *a)
{
	if (!a->match.node || !(a->match.node->flags & ZONE_NSEC3))
		return;
	a->match = (struct zone_match){ .encloser = a->zone->apex,
					.label = a->name->labels - a->zone->labels };
}

static enum answer_end answer_name(struct answering *a)
{
	uint16_t type = a->scratch->query.type;
	struct zone_match *match = &a->match;
	const struct self *self = selves_find(a->server->selves, a->name);

	if (self && asks_for_addresses(type)) {
		*match = (struct zone_match){ .node = a->zone->apex };
		return answer_self(a, self);
	}
	zone_find(a->zone, a->name, match);
	if (a->zone->denial == ZONE_NSEC3_SIGNED)
		forget_nsec3(a);
	/* The parent has the DS of a cut, and answers for it (RFC 4035, 3.1.4.1). */
	if (match->cut && !(type == DNS_DS && match->node == match->cut))
		return answer_referral(a);
	if (match->dname)
		return answer_dname(a);
	if (match->node)
		return answer_node(a, match->node);
	if (match->wildcard)
		return answer_node(a, match->wildcard);
	/* A name that has nothing but addresses of this server's own need not stand in the zone. */
	if (self)
		return end_if(put_soa(a, self->ttl));
	return answer_no_name(a);
}

/* The zone for a.name. For a DS at the top of one of ours the one above, if that is ours as well. */
static const struct zone *find_zone(const struct answering *a, size_t *ret_index)
{
	const struct zones *zones = a->server->zones;
	const struct zone *zone = zones_find(zones, a->name, 0, ret_index), *above;
	size_t index;

	if (!zone || a->scratch->query.type != DNS_DS || zone->labels != a->name->labels ||
	    !zone->labels)
		return zone;
	above = zones_find(zones, a->name, 1, &index);
	if (above)
		*ret_index = index;
	return above ? above : zone;
}

/* Whether what was found first is ours to say: all but a referral. */
static bool is_authoritative(const struct answering *a)
{
	return !a->match.cut || (a->scratch->query.type == DNS_DS && a->match.node == a->match.cut);
}

enum answer_end answer_zone(struct answering *a)
{
	struct dns_outcome *outcome = &a->scratch->outcome;
	enum answer_end end = ANSWER_FOLLOW;
	size_t index;

	a->name = &a->scratch->query.name;
	a->wire = a->reply->bytes + DNS_HEADER;
	a->owner = DNS_QUESTION;
	a->zone = find_zone(a, &index);
	if (!a->zone) {
		a->rcode = DNS_REFUSED;
		a->scratch->edns.ede = DNS_EDE_NOT_AUTHORITATIVE;
		return ANSWER_DONE;
	}
	outcome->zone = (int32_t)index;
	for (unsigned step = 0; step < ANSWERING_STEPS && end == ANSWER_FOLLOW && a->zone; step++) {
		end = answer_name(a);
		if (!step && is_authoritative(a))
			a->reply->flags |= DNS_FLAG_AA;
		if (end == ANSWER_FOLLOW)
			a->zone = find_zone(a, &index);
	}
	if (outcome->self && a->rcode)
		a->reply->flags &= (uint16_t)~DNS_FLAG_AA;
	if (end == ANSWER_FOLLOW)
		end = ANSWER_DONE;
	/* A chain that left for other servers, or never ended. */
	if (end == ANSWER_DONE && !denial_put_expanded(a))
		end = ANSWER_FULL;
	return end;
}
