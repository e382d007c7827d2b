/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "feature/neighbours/neighbours_announce.h"

#include "base/mem.h"
#include "net/wire.h"

#include <linux/if_ether.h>
#include <net/if_arp.h>
#include <netinet/icmp6.h>
#include <string.h>

#define ARP_COUNT 2
#define ARP_INTERVAL_US 2000000
#define ADVERTISEMENT_COUNT 3
#define ADVERTISEMENT_INTERVAL_US 1000000
#define ADVERTISEMENT_SIZE 32 /* with the option of the link-layer address */

static bool is_ipv4(const struct neighbours_news *news)
{
	return news->address.family == AF_INET;
}

/*
 * Whether who listens on the link may not know of @now yet. Who left it may listen on another, and must
 * not be called back.
 */
static bool is_news(const struct neighbours_news *was, const struct neighbours_news *now)
{
	bool fewer = now->stamp >> NEIGHBOURS_STAMP_BITS < was->stamp >> NEIGHBOURS_STAMP_BITS;

	return !was->up || (was->stamp != now->stamp && !fewer) ||
	       memcmp(was->mac, now->mac, sizeof(now->mac)) != 0;
}

static void plan(struct neighbours_announced *item, const struct neighbours_announced *former,
		 int64_t now_us)
{
	if (!item->news.up)
		return;
	if (former && !is_news(&former->news, &item->news)) {
		item->left = former->left;
		item->due_us = former->due_us;
		return;
	}
	item->left = is_ipv4(&item->news) ? ARP_COUNT : ADVERTISEMENT_COUNT;
	item->due_us = now_us;
}

static void find_next(struct neighbours_announcer *announcer)
{
	announcer->next_us = INT64_MAX;
	for (uint32_t i = 0; i < announcer->count; i++)
		if (announcer->items[i].left && announcer->items[i].due_us < announcer->next_us)
			announcer->next_us = announcer->items[i].due_us;
}

void neighbours_announcer_take(struct neighbours_announcer *announcer,
			       const struct neighbours_notes *notes, int64_t now_us)
{
	struct neighbours_announced *items = mem_alloc((notes->count + 1) * sizeof(*items));
	uint32_t old = 0;

	for (uint32_t i = 0; i < notes->count; i++) {
		const struct neighbours_announced *former = NULL;

		items[i].news = notes->items[i];
		while (old < announcer->count &&
		       neighbours_news_compare(&announcer->items[old].news, &items[i].news) < 0)
			old++;
		if (old < announcer->count &&
		    neighbours_news_compare(&announcer->items[old].news, &items[i].news) == 0)
			former = &announcer->items[old];
		plan(&items[i], former, now_us);
	}
	mem_freep(&announcer->items);
	announcer->items = items;
	announcer->count = notes->count;
	announcer->at = 0;
	find_next(announcer);
}

const struct neighbours_news *neighbours_announcer_due(struct neighbours_announcer *announcer,
						       int64_t now_us)
{
	while (announcer->next_us <= now_us && announcer->at < announcer->count) {
		struct neighbours_announced *item = &announcer->items[announcer->at++];

		if (!item->left || item->due_us > now_us)
			continue;
		item->left--;
		item->due_us = now_us +
			       (is_ipv4(&item->news) ? ARP_INTERVAL_US : ADVERTISEMENT_INTERVAL_US);
		return &item->news;
	}
	announcer->at = 0;
	find_next(announcer);
	return NULL;
}

void neighbours_announcer_free(struct neighbours_announcer *announcer)
{
	mem_freep(&announcer->items);
	announcer->count = 0;
}

static void put_ethernet(struct wire_writer *writer, const uint8_t to[6], const uint8_t from[6],
			 uint16_t protocol)
{
	wire_put_bytes(writer, to, ETH_ALEN);
	wire_put_bytes(writer, from, ETH_ALEN);
	wire_put_u16(writer, protocol);
}

/* RFC 5227, 3: an announcement is a request, since some that hear it take no notice of a reply. */
static void put_arp(struct wire_writer *writer, const struct neighbours_news *news)
{
	static const uint8_t everybody[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
	static const uint8_t unknown[6];

	put_ethernet(writer, everybody, news->mac, ETH_P_ARP);
	wire_put_u16(writer, ARPHRD_ETHER);
	wire_put_u16(writer, ETH_P_IP);
	wire_put_u8(writer, ETH_ALEN);
	wire_put_u8(writer, 4);
	wire_put_u16(writer, ARPOP_REQUEST);
	wire_put_bytes(writer, news->mac, ETH_ALEN);
	wire_put_bytes(writer, news->address.bytes, 4);
	wire_put_bytes(writer, unknown, ETH_ALEN);
	wire_put_bytes(writer, news->address.bytes, 4);
}

/* RFC 1071, over the pseudo-header (RFC 8200, 8.1), which ends with length and next header, and @body. */
static uint16_t checksum(const uint8_t addresses[32], const uint8_t *body, size_t length)
{
	uint32_t sum = (uint32_t)length + IPPROTO_ICMPV6;

	for (unsigned i = 0; i < 32; i += 2)
		sum += (uint32_t)(addresses[i] << 8 | addresses[i + 1]);
	for (size_t i = 0; i < length; i += 2)
		sum += (uint32_t)(body[i] << 8 | body[i + 1]);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

static void put_advertisement(struct wire_writer *writer, const struct neighbours_news *news)
{
	static const uint8_t everybody[6] = { 0x33, 0x33, [5] = 1 };
	static const uint8_t all_nodes[16] = { 0xff, 0x02, [15] = 1 };
	uint8_t flags = (news->router ? 0x80 : 0) | (news->override ? 0x20 : 0), *addresses, *body;
	uint16_t sum;

	put_ethernet(writer, everybody, news->mac, ETH_P_IPV6);
	wire_put_u32(writer, 0x60000000);
	wire_put_u16(writer, ADVERTISEMENT_SIZE);
	wire_put_u8(writer, IPPROTO_ICMPV6);
	wire_put_u8(writer, 255);
	addresses = writer->at;
	wire_put_bytes(writer, news->source.bytes, 16);
	wire_put_bytes(writer, all_nodes, 16);
	body = writer->at;
	wire_put_u8(writer, ND_NEIGHBOR_ADVERT);
	wire_put_u8(writer, 0);
	wire_put_u16(writer, 0);
	wire_put_u32(writer, (uint32_t)flags << 24);
	wire_put_bytes(writer, news->address.bytes, 16);
	wire_put_u8(writer, ND_OPT_TARGET_LINKADDR);
	wire_put_u8(writer, 1);
	wire_put_bytes(writer, news->mac, ETH_ALEN);
	sum = checksum(addresses, body, ADVERTISEMENT_SIZE);
	body[2] = (uint8_t)(sum >> 8);
	body[3] = (uint8_t)sum;
}

size_t neighbours_announcement(const struct neighbours_news *news,
			       uint8_t frame[NEIGHBOURS_ANNOUNCEMENT_SIZE])
{
	struct wire_writer writer = wire_writer(frame, NEIGHBOURS_ANNOUNCEMENT_SIZE);

	if (is_ipv4(news))
		put_arp(&writer, news);
	else
		put_advertisement(&writer, news);
	return wire_written(&writer);
}
