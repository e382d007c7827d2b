/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dns/answer.h"
#include "dns/answer_zone.h"
#include "dns/type.h"

#include <string.h>

/* How many bytes a reply may have before the OPT. */
static size_t reply_limit(struct dns_scratch *scratch, size_t *room)
{
	const struct edns *edns = &scratch->query.edns;
	size_t most = DNS_UDP_SIZE, kept = 0;

	if (scratch->asker->tcp) {
		most = DNS_MESSAGE_MAX;
	} else if (edns->present) {
		if (edns->udp_size > most)
			most = edns->udp_size;
		if (most > scratch->edns.udp_size)
			most = scratch->edns.udp_size;
	}
	if (*room > most)
		*room = most;
	if (edns->present)
		kept += edns_size(&scratch->edns);
	if (scratch->query.tsig)
		kept += tsig_size(&scratch->session);
	return *room > kept ? *room - kept : 0;
}

/* Whether the sender has shown that he is where he says he is. */
static bool check_cookie(const struct dns_server *server, struct dns_scratch *scratch,
			 const struct dns_asker *asker)
{
	const struct edns *edns = &scratch->query.edns;
	bool valid;

	if (!edns->cookie || !server->cookies.count)
		return false;
	valid = edns->cookie_length > COOKIE_CLIENT &&
		cookie_valid(&server->cookies, edns->cookie, edns->cookie_length, &asker->peer,
			     (uint32_t)asker->now);
	memcpy(scratch->cookie, edns->cookie, COOKIE_CLIENT);
	cookie_make(&server->cookies, scratch->cookie, &asker->peer, (uint32_t)asker->now,
		    scratch->cookie + COOKIE_CLIENT);
	scratch->edns.cookie = scratch->cookie;
	return valid;
}

static void start_edns(const struct dns_server *server, struct dns_scratch *scratch,
		       const struct dns_asker *asker)
{
	const struct edns *edns = &scratch->query.edns;
	struct edns_reply *reply = &scratch->edns;

	*reply = (struct edns_reply){
		.udp_size = server->udp_size ? server->udp_size : DNS_UDP_DEFAULT,
		.dnssec_ok = edns->dnssec_ok,
		.keepalive = -1,
		.ede = DNS_EDE_NONE,
		.expire = -1,
	};
	if (!edns->present)
		return;
	if (edns->nsid && server->nsid) {
		reply->nsid = server->nsid;
		reply->nsid_length = server->nsid_length;
	}
	if (edns->keepalive && asker->tcp)
		reply->keepalive = server->keepalive;
	scratch->outcome.cookie = check_cookie(server, scratch, asker);
}

/* Who this server is (RFC 4892): a TXT of class CHAOS, of one text. */
static bool put_chaos(struct dns_reply *reply, const char *text)
{
	size_t length = strlen(text);
	struct wire_writer writer = wire_writer(reply->bytes + reply->mark.at,
						reply->limit - reply->mark.at);

	if (length > 255)
		length = 255;
	wire_put_u16(&writer, DNS_QUESTION);
	wire_put_u16(&writer, DNS_TXT);
	wire_put_u16(&writer, DNS_CH);
	wire_put_u32(&writer, 0);
	wire_put_u16(&writer, (uint16_t)(length + 1));
	wire_put_u8(&writer, (uint8_t)length);
	wire_put_bytes(&writer, text, length);
	if (writer.broken)
		return false;
	reply->mark.at += wire_written(&writer);
	reply->mark.counts[REPLY_ANSWER]++;
	return true;
}

static const char *chaos_text(const struct dns_server *server, const uint8_t *name)
{
	static const uint8_t server_names[][17] = { "\2id\6server", "\10hostname\4bind" };
	static const uint8_t version_names[][17] = { "\7version\4bind", "\7version\6server" };

	for (unsigned i = 0; i < 2; i++) {
		if (name_equal(name, server_names[i]))
			return server->identity;
		if (name_equal(name, version_names[i]))
			return server->version;
	}
	return NULL;
}

static enum answer_end answer_chaos(struct answering *a)
{
	const struct dns_query *query = &a->scratch->query;
	const char *text = chaos_text(a->server, query->name.wire);

	if (!text || (query->type != DNS_TXT && query->type != DNS_ANY)) {
		a->rcode = DNS_REFUSED;
		return ANSWER_DONE;
	}
	a->reply->flags |= DNS_FLAG_AA;
	return put_chaos(a->reply, text) ? ANSWER_DONE : ANSWER_FULL;
}

/* Asked for by resolvers of 1983 (RFC 1035, 3.2.3). */
#define MAILB 253
#define MAILA 254

/* Types that are asked for but are no data: what to say to them, or DNS_NOERROR. */
static enum dns_rcode meta_rcode(uint16_t type, bool tcp)
{
	if (type == DNS_OPT || type == DNS_TSIG || type == DNS_TKEY || !type)
		return DNS_FORMERR;
	/* RFC 5936, 4.2: a transfer is for TCP. IXFR over UDP is told the present serial (RFC 1995, 4). */
	if (type == DNS_AXFR)
		return tcp ? DNS_NOERROR : DNS_FORMERR;
	if (type == MAILA || type == MAILB)
		return DNS_NOTIMP;
	return DNS_NOERROR;
}

/* Whole zones: found here, sent elsewhere. */
static enum answer_end answer_transfer(struct answering *a)
{
	struct dns_scratch *scratch = a->scratch;
	const struct dns_name *name = &scratch->query.name;
	size_t index;
	const struct zone *zone = zones_find(a->server->zones, name, 0, &index);

	if (!zone || zone->labels != name->labels) {
		a->rcode = DNS_NOTAUTH;
		scratch->edns.ede = DNS_EDE_NOT_AUTHORITATIVE;
		return ANSWER_DONE;
	}
	scratch->outcome.zone = (int32_t)index;
	if (a->asker->tcp) {
		scratch->outcome.transfer = zone;
		return ANSWER_SILENT;
	}
	struct reply_set what = { .section = REPLY_ANSWER,
				  .owner.pointer = DNS_QUESTION,
				  .set = zone->soa,
				  .ttl_limit = REPLY_TTL_AS_IT_IS };

	a->reply->flags |= DNS_FLAG_AA;
	return reply_put_set(a->reply, &what) ? ANSWER_DONE : ANSWER_FULL;
}

static enum answer_end answer_question(struct answering *a)
{
	const struct dns_query *query = &a->scratch->query;

	if (query->class == DNS_CH)
		return answer_chaos(a);
	if (query->class != DNS_IN) {
		a->rcode = DNS_REFUSED;
		return ANSWER_DONE;
	}
	a->rcode = meta_rcode(query->type, a->asker->tcp);
	if (a->rcode)
		return ANSWER_DONE;
	if (query->type == DNS_AXFR || query->type == DNS_IXFR)
		return answer_transfer(a);
	return answer_zone(a);
}

/* What is told of the zone beside its records. */
static void tell_of_zone(struct answering *a, const struct zone *zone)
{
	struct dns_scratch *scratch = a->scratch;
	const struct dns_query *query = &scratch->query;

	if (!zone || !query->edns.present)
		return;
	if (query->edns.expire && query->type == DNS_SOA && !a->rcode &&
	    a->reply->mark.counts[REPLY_ANSWER]) {
		const uint8_t *expire = zone_record_next(zone->soa->records) - 8;

		scratch->edns.expire = (int64_t)expire[0] << 24 | expire[1] << 16 | expire[2] << 8 |
				       expire[3];
	}
	if (query->edns.zoneversion) {
		struct wire_writer writer = wire_writer(scratch->zoneversion, 6);

		wire_put_u8(&writer, zone->labels);
		wire_put_u8(&writer, 0);
		wire_put_u32(&writer, zone->serial);
		scratch->edns.zoneversion = scratch->zoneversion;
	}
}

static size_t finish(struct dns_scratch *scratch, enum dns_rcode rcode, size_t room)
{
	struct dns_outcome *outcome = &scratch->outcome;
	size_t kept = scratch->query.tsig ? tsig_size(&scratch->session) : 0, length;

	outcome->rcode = (uint16_t)rcode;
	outcome->truncated = scratch->reply.flags & DNS_FLAG_TC;
	scratch->edns.rcode = (uint16_t)rcode;
	length = reply_finish(&scratch->reply, &scratch->edns, room - kept);
	return kept ? tsig_sign(&scratch->session, scratch->asker->now, scratch->reply.bytes,
				length, room) :
		      length;
}

/* Over the limit: TC sends those who are there to TCP; those who know cookies get one. */
static size_t answer_limited(struct dns_scratch *scratch, enum rrl_verdict verdict, size_t room)
{
	scratch->outcome.limited = true;
	scratch->outcome.silent = verdict == RRL_DROP;
	if (verdict == RRL_DROP)
		return 0;
	if (scratch->edns.cookie)
		return finish(scratch, DNS_BADCOOKIE, room);
	scratch->reply.flags |= DNS_FLAG_TC;
	return finish(scratch, DNS_NOERROR, room);
}

/* What is signed badly is not answered, but told so (RFC 8945, 5.2); what is malformed has no TSIG. */
static void start_tsig(struct dns_scratch *scratch)
{
	const struct dns_server *server = scratch->server;
	const struct dns_asker *asker = scratch->asker;
	struct dns_query *query = &scratch->query;
	unsigned error;

	if (!query->tsig)
		return;
	if (query->rcode || query->opcode != DNS_OPCODE_QUERY ||
	    tsig_read(asker->query, asker->length, query->tsig, &scratch->tsig) < 0) {
		query->tsig = 0;
		if (!query->rcode)
			query->rcode = DNS_FORMERR;
		return;
	}
	error = tsig_verify(&scratch->tsig, server->keys, server->key_count, asker->now,
			    &scratch->session);
	if (error == TSIG_FORMERR) {
		query->tsig = 0;
		query->rcode = DNS_FORMERR;
	} else if (error) {
		query->rcode = DNS_NOTAUTH;
	}
}

/* Reads the query and makes ready to reply. Returns whether there is to be one. */
static bool start(const struct dns_server *server, struct dns_scratch *scratch,
		  const struct dns_asker *asker)
{
	struct dns_query *query = &scratch->query;

	scratch->outcome = (struct dns_outcome){ .zone = -1 };
	scratch->server = server;
	scratch->asker = asker;
	scratch->session.key = NULL;
	if (!query_read(asker->query, asker->length, asker->tcp, query)) {
		scratch->outcome.silent = true;
		return false;
	}
	scratch->outcome.type = query->question ? query->type : 0;
	scratch->outcome.edns = query->edns.present;
	scratch->outcome.dnssec_ok = query->edns.dnssec_ok;
	start_edns(server, scratch, asker);
	start_tsig(scratch);
	return true;
}

size_t dns_answer(const struct dns_server *server, struct dns_scratch *scratch,
		  const struct dns_asker *asker, uint8_t *reply, size_t room)
{
	struct answering a = {
		.server = server, .asker = asker, .scratch = scratch, .reply = &scratch->reply
	};
	enum answer_end end = ANSWER_DONE;
	size_t limit;

	if (!start(server, scratch, asker))
		return 0;
	limit = reply_limit(scratch, &room);
	a.signatures = scratch->query.edns.dnssec_ok;
	a.rcode = scratch->query.rcode;
	reply_start(a.reply, &scratch->query, reply, limit);
	if (scratch->rrl && !asker->tcp && !scratch->outcome.cookie) {
		enum rrl_verdict verdict = rrl_ask(scratch->rrl, &asker->peer, asker->now_us);

		if (verdict != RRL_ANSWER)
			return answer_limited(scratch, verdict, room);
	}
	/* Without a question there is the cookie alone (RFC 7873, 5.4). */
	if (!a.rcode && scratch->query.question)
		end = answer_question(&a);
	if (end == ANSWER_SILENT) {
		scratch->outcome.silent = !scratch->outcome.transfer;
		return 0;
	}
	if (end == ANSWER_FULL)
		a.reply->flags |= DNS_FLAG_TC;
	tell_of_zone(&a, a.zone);
	return finish(scratch, a.rcode, room);
}

size_t dns_refuse(struct dns_scratch *scratch, enum dns_rcode rcode, enum dns_ede ede,
		  uint8_t *reply, size_t room)
{
	size_t limit = reply_limit(scratch, &room);

	scratch->edns.ede = ede;
	scratch->outcome.transfer = NULL;
	reply_start(&scratch->reply, &scratch->query, reply, limit);
	return finish(scratch, rcode, room);
}

void dns_look_ahead(const struct dns_server *server, struct dns_scratch *scratch,
		    const uint8_t *query, size_t length, struct dns_ahead *ret_ahead)
{
	size_t index;

	ret_ahead->zone = NULL;
	if (!server->zones->large || length <= DNS_HEADER ||
	    !name_read(&scratch->target, query + DNS_HEADER, length - DNS_HEADER))
		return;
	ret_ahead->zone = zones_find(server->zones, &scratch->target, 0, &index);
	ret_ahead->hash = scratch->target.hashes[0];
	if (ret_ahead->zone)
		zone_prefetch(ret_ahead->zone, &scratch->target);
}

void dns_look_again(const struct dns_ahead *ahead)
{
	if (ahead->zone)
		zone_prefetch_node(ahead->zone, ahead->hash);
}
