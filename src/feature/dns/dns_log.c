/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Names are whatever a stranger sent: they are told as RFC 1035 writes them, and that again as a JSON
 * string, so that no byte of theirs ends a line or a string.
 */
#include "feature/dns/dns_log.h"

#include "base/mem.h"
#include "dns/type.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define MILLION 1000000

bool dns_log_chosen(struct dns_log_limit *limit, int64_t now_us)
{
	int64_t most = (int64_t)limit->rate * MILLION;

	if (++limit->skipped < limit->sample)
		return false;
	limit->skipped = 0;
	if (!limit->rate)
		return true;
	/* A second's worth may come at once. */
	if (now_us - limit->filled_us >= MILLION)
		limit->tokens = most;
	else
		limit->tokens += (now_us - limit->filled_us) * limit->rate;
	if (limit->tokens > most)
		limit->tokens = most;
	limit->filled_us = now_us;
	if (limit->tokens < MILLION)
		return false;
	limit->tokens -= MILLION;
	return true;
}

struct dns_log_record *dns_log_room(struct dns_log_ring *ring)
{
	uint32_t head = atomic_load_explicit(&ring->head, memory_order_relaxed);
	uint32_t tail = atomic_load_explicit(&ring->tail, memory_order_acquire);

	if (head - tail == DNS_LOG_RECORDS) {
		atomic_fetch_add_explicit(&ring->dropped, 1, memory_order_relaxed);
		return NULL;
	}
	return &ring->records[head % DNS_LOG_RECORDS];
}

/*
 * The exchange and the reader's own are in one order: either the reader sees the new head, or the
 * writer sees that the ring had been read to its end.
 */
bool dns_log_put(struct dns_log_ring *ring)
{
	uint32_t head = atomic_load_explicit(&ring->head, memory_order_relaxed);

	atomic_store(&ring->head, head + 1);
	return atomic_load(&ring->tail) == head;
}

const char *dns_rcode_text(uint8_t rcode, char buffer[16])
{
	static const char *const names[] = { "NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN",
					     "NOTIMP",	"REFUSED", "YXDOMAIN", "YXRRSET",
					     "NXRRSET", "NOTAUTH", "NOTZONE",  NULL,
					     NULL,	NULL,	   NULL,       NULL,
					     "BADVERS", "BADKEY",  "BADTIME",  NULL,
					     NULL,	NULL,	   NULL,       "BADCOOKIE" };

	if (rcode < ARRAY_SIZE(names) && names[rcode])
		return names[rcode];
	snprintf(buffer, 16, "RCODE%u", rcode);
	return buffer;
}

/* Copies @text as the inside of a JSON string (RFC 8259, 7). */
static size_t quote(const char *text, char *line)
{
	size_t length = 0;

	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			line[length++] = '\\';
		line[length++] = *text;
	}
	return length;
}

size_t dns_log_line(const struct dns_log_record *record, bool answers, char line[DNS_LOG_LINE_SIZE])
{
	time_t seconds = (time_t)(record->time_us / MILLION);
	char address[ADDRESS_TEXT_SIZE], name[NAME_TEXT_SIZE], type[TYPE_TEXT_SIZE], rcode[16];
	struct tm tm;
	size_t length;

	gmtime_r(&seconds, &tm);
	length = strftime(line, DNS_LOG_LINE_SIZE, "{\"time\":\"%Y-%m-%dT%H:%M:%S", &tm);
	length += (size_t)sprintf(line + length, ".%06uZ\",\"asked\":\"%s\",\"name\":\"",
				  (unsigned)(record->time_us % MILLION),
				  address_text(&record->asked, address));
	length += quote(name_text(record->name, name), line + length);
	length += (size_t)sprintf(line + length, "\",\"type\":\"%s\",\"transport\":\"%s\"",
				  type_text(record->type, type), record->tcp ? "tcp" : "udp");
	if (answers)
		length += (size_t)sprintf(line + length,
					  ",\"peer\":\"%s\",\"port\":%u,\"rcode\":\"%s\"",
					  address_text(&record->peer, address), record->peer_port,
					  dns_rcode_text(record->rcode, rcode));
	memcpy(line + length, "}\n", 3);
	return length + 2;
}

unsigned dns_log_drain(struct dns_log_ring *ring, bool answers, struct text *lines)
{
	uint32_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed), first = tail;
	char line[DNS_LOG_LINE_SIZE];

	while (atomic_load(&ring->head) != tail) {
		text_append(lines, line,
			    dns_log_line(&ring->records[tail % DNS_LOG_RECORDS], answers, line));
		atomic_store(&ring->tail, ++tail);
		if (tail - first == DNS_LOG_RECORDS)
			break;
	}
	return tail - first;
}
