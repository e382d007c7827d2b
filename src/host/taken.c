/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Keeping and giving back. A line of the file: the link's name and index, and the request in
 * hexadecimal. It is written before the operations that take, and whenever something is back.
 */
#include "host/codec.h"
#include "host/inside.h"
#include "host/loss.h"

#include "base/file.h"
#include "base/log.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/nexthop.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MOST_TRIES 8
#define MOST_ITEMS 65536
#define MOST_BYTES (512u << 20) /* of the file: all items at their longest */
/* With more links than this, reading all costs less than asking for those of each. */
#define MOST_ASKED 8

static void item_free(struct taken_item *item)
{
	free(item->message);
	item->message = NULL;
}

static int store(const struct taken *taken)
{
	static const char digits[] = "0123456789abcdef";
	AUTO_TEXT text = { 0 };

	if (!taken->path)
		return 0;
	if (!taken->items.count)
		return unlink(taken->path) < 0 && errno != ENOENT ? -errno : 0;
	for (size_t i = 0; i < taken->items.count; i++) {
		const struct taken_item *item = &taken->items.items[i];
		const unsigned char *bytes = (const unsigned char *)item->message;

		text_printf(&text, "%s %u ", item->name, item->link);
		for (uint32_t at = 0; at < item->message->nlmsg_len; at++) {
			const char pair[2] = { digits[bytes[at] >> 4], digits[bytes[at] & 15] };

			text_append(&text, pair, sizeof(pair));
		}
		text_puts(&text, "\n");
	}
	return file_replace(taken->path, &text);
}

static void store_or_tell(const struct taken *taken)
{
	int r = store(taken);

	if (r < 0)
		log_warning("%s: %s; what was taken from others comes back, "
			    "but not after a restart in between",
			    taken->path, strerror(-r));
}

static struct nlmsghdr *message_copy(const void *bytes, size_t length)
{
	struct nlmsghdr *message = mem_alloc(MNL_ALIGN(length));

	memcpy(message, bytes, length);
	return message;
}

/* Only what we write is believed: a request that taken_request() would make, of its own length. */
static struct nlmsghdr *parse_message(const char *hex)
{
	unsigned char bytes[TAKEN_MESSAGE_MAX] __attribute__((aligned(8)));
	char again[TAKEN_MESSAGE_MAX] __attribute__((aligned(8)));
	const struct nlmsghdr *message = (const struct nlmsghdr *)bytes;
	size_t length = strlen(hex);

	if (length % 2 || length / 2 > sizeof(bytes) || length / 2 < sizeof(*message))
		return NULL;
	for (size_t i = 0; i < length / 2; i++)
		if (strspn(hex + 2 * i, "0123456789abcdef") < 2 ||
		    sscanf(hex + 2 * i, "%2hhx", &bytes[i]) != 1)
			return NULL;
	if (message->nlmsg_len != length / 2 || !taken_request(message, (struct nlmsghdr *)again))
		return NULL;
	return message_copy(bytes, length / 2);
}

static void take_line(struct taken *taken, char *line)
{
	struct taken_item item = { 0 };
	int at = 0;

	if (sscanf(line, "%15s %u %n", item.name, &item.link, &at) == 2 && at)
		item.message = parse_message(line + at);
	if (!item.message)
		log_warning("%s: a line is not understood and passed over", taken->path);
	else
		*VEC_PUSH(&taken->items) = item;
}

void taken_open(struct host *host, const char *path)
{
	struct taken *taken = &host->taken;
	AUTO_TEXT text = { 0 };
	char *rest, *line;
	int r;

	taken->path = path ? mem_strdup(path) : NULL;
	r = path ? file_read_private(path, MOST_BYTES, &text) : -ENOENT;
	if (r < 0 && r != -ENOENT)
		log_warning("%s: %s; what was taken from others does not come back", path,
			    r == -EPERM ? "somebody else could have written it" : strerror(-r));
	if (r < 0 || strlen(text_string(&text)) != text.length)
		return;
	rest = text.data;
	while ((line = strsep(&rest, "\n")))
		if (*line)
			take_line(taken, line);
}

void taken_close(struct host *host)
{
	for (size_t i = 0; i < host->taken.items.count; i++)
		item_free(&host->taken.items.items[i]);
	VEC_FREE(&host->taken.items);
	mem_freep(&host->taken.path);
}

/* What is read now, and of which links it is kept. */
struct keeping {
	struct host *host;
	const struct link_list *links;
	bool groups; /* of next hops, which lie on no link */
};

static bool is_group(const struct nlmsghdr *message)
{
	const struct nlattr *attribute = NULL;

	if (message->nlmsg_type != RTM_NEWNEXTHOP)
		return false;
	while ((attribute = netlink_attribute(message, sizeof(struct nhmsg), attribute)))
		if (mnl_attr_get_type(attribute) == NHA_GROUP)
			return true;
	return false;
}

static void keep(void *data, const struct nlmsghdr *message)
{
	const struct keeping *keeping = data;
	struct taken *taken = &keeping->host->taken;
	char buffer[TAKEN_MESSAGE_MAX] __attribute__((aligned(8)));
	struct nlmsghdr *request = (struct nlmsghdr *)buffer;
	uint32_t index = keeping->groups ? (is_group(message) ? keeping->links->items[0] : 0) :
					   taken_link(message, keeping->links);
	const struct host_link *link = index ? state_link(&keeping->host->observed, index) : NULL;
	struct taken_item *item;

	if (!link || !taken_request(message, request))
		return;
	if (taken->items.count == MOST_ITEMS) {
		if (!taken->full)
			log_warning("more than %u routes and addresses of others lie on links that "
				    "are changed; the rest does not come back by itself",
				    MOST_ITEMS);
		taken->full = true;
		return;
	}
	item = VEC_PUSH(&taken->items);
	item->message = message_copy(request, request->nlmsg_len);
	item->link = index;
	snprintf(item->name, sizeof(item->name), "%s", link->name);
}

/* Who reads, and what is done with what is told. */
struct reader {
	struct host *host;
	netlink_message_fn *told;
	void *data;
};

/* Every object of a kind that the kernel has; routes of one link only, unless @link is 0. */
static void read_kind(const struct reader *reader, const struct kind *kind, uint8_t family,
		      uint32_t link)
{
	char buffer[CODEC_MESSAGE_SIZE] __attribute__((aligned(8))) = { 0 };
	struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
	int r;

	request->nlmsg_type = kind->message_get;
	*(uint8_t *)mnl_nlmsg_put_extra_header(request, kind->header_size) = family;
	if (link)
		mnl_attr_put_u32(request, RTA_OIF, link);
	r = netlink_dump(&reader->host->requests, request, reader->told, reader->data);
	if (r < 0 && r != -EINTR && r != -ENODEV)
		log_debug("the %ss of others are not read: %s", kind->name, strerror(-r));
}

void taken_read_routes(struct host *host, const struct link_list *links, netlink_message_fn *told,
		       void *data)
{
	static const uint8_t families[] = { AF_INET, AF_INET6 };
	const struct reader reader = { host, told, data };
	bool all = links->count > MOST_ASKED;
	size_t asked = all ? 1 : links->count;

	for (size_t i = 0; i < asked * ARRAY_SIZE(families); i++)
		read_kind(&reader, &route_kind, families[i / asked],
			  all ? 0 : links->items[i % asked]);
}

static void keep_all(struct host *host, const struct link_list *links)
{
	struct keeping keeping = { .host = host, .links = links };
	const struct reader reader = { host, keep, &keeping };
	size_t before;

	read_kind(&reader, &address_kind, AF_UNSPEC, 0);
	before = host->taken.items.count;
	read_kind(&reader, &nexthop_kind, AF_UNSPEC, 0);
	if (host->taken.items.count > before) {
		keeping.groups = true;
		read_kind(&reader, &nexthop_kind, AF_UNSPEC, 0);
		keeping.groups = false;
	}
	taken_read_routes(host, links, keep, &keeping);
}

void taken_keep(struct host *host, const struct operation *operations, size_t count)
{
	struct taken *taken = &host->taken;
	size_t before = taken->items.count;
	struct link_list links;

	links_disturbed(&host->observed, operations, count, &links);
	for (size_t i = 0; links.count && i < before; i++)
		if (link_list_has(&links, taken->items.items[i].link))
			taken->items.items[i].tries = 0;
	if (links.count)
		keep_all(host, &links);
	if (taken->items.count > before)
		store_or_tell(taken);
	link_list_free(&links);
}

/* The link as the last of @operations leaves it, or as it is; NULL = none. */
static const struct host_link *link_now(const struct host *host, uint32_t index,
					const struct operation *operations, size_t count)
{
	for (size_t i = count; i > 0; i--) {
		const struct operation *operation = &operations[i - 1];
		const struct host_link *link = operation->after ? operation->after :
								  operation->before;

		if (operation->kind == OBJECT_LINK && link->index == index)
			return operation->after;
	}
	return state_link(&host->observed, index);
}

/*
 * A member of a bond sends and hears nothing of its own: its routes and IPv6 addresses wait until it
 * is none any more.
 */
static bool is_fit(const struct taken_item *item, const struct host_link *link)
{
	uint8_t family = *(const uint8_t *)NLMSG_DATA(item->message);

	if (!link || strcmp(link->name, item->name) != 0)
		return false;
	if (item->message->nlmsg_type == RTM_NEWADDR && family == AF_INET)
		return true;
	if (link->state != LINK_UP || (link->master && link->port.type == LINK_BOND))
		return false;
	return family != AF_INET6 || !link->mtu || link->mtu >= MTU_IPV6;
}

static bool has_gateway(const struct nlmsghdr *message)
{
	const struct nlattr *attribute = NULL;

	if (message->nlmsg_type != RTM_NEWROUTE)
		return false;
	while ((attribute = netlink_attribute(message, sizeof(struct rtmsg), attribute)))
		if (mnl_attr_get_type(attribute) == RTA_GATEWAY ||
		    mnl_attr_get_type(attribute) == RTA_VIA ||
		    mnl_attr_get_type(attribute) == RTA_MULTIPATH)
			return true;
	return false;
}

/* One round of requests. */
struct giving {
	struct taken *taken;
	size_t *asked; /* which item each request is of */
	size_t count;
	bool any_back;
};

static void answered(void *data, uint32_t number, int error, const char *text)
{
	struct giving *giving = data;
	struct taken_item *item = &giving->taken->items.items[giving->asked[number]];

	item->error = error;
	if (error && error != -EEXIST)
		return;
	item_free(item);
	giving->any_back = true;
}

/* @fit: of each item. First what needs no gateway, then all that is not back. */
static int give_round(struct host *host, const bool *fit, bool gateways, struct giving *giving)
{
	struct taken *taken = &host->taken;
	int r = 0;

	giving->count = 0;
	netlink_begin(&host->requests, answered, giving);
	for (size_t i = 0; r == 0 && i < taken->items.count; i++) {
		struct nlmsghdr *message = taken->items.items[i].message;

		if (!fit[i] || !message || (!gateways && has_gateway(message)))
			continue;
		giving->asked[giving->count++] = i;
		r = netlink_request(&host->requests, message);
	}
	return r == 0 ? netlink_finish(&host->requests) : r;
}

/* The object as a plan shows it. */
static void taken_print(const struct host *host, const struct taken_item *item, struct text *text)
{
	bool removed;
	int kind = codec_kind(item->message, &removed);
	union host_object object;

	if (kind >= 0 && codec_decode(kind_of((enum object_kind)kind), item->message, &object))
		object_print((enum object_kind)kind, &object, &host->observed, text);
	else
		text_printf(text, "a route of link %s", item->name);
}

static void tell_refused(const struct host *host, const struct taken_item *item)
{
	AUTO_TEXT text = { 0 };

	taken_print(host, item, &text);
	log_warning("%s went with what was done to its link, and Linux does not take it back: %s",
		    text_string(&text), strerror(-item->error));
}

static void forget_back(struct host *host, const bool *fit)
{
	struct taken *taken = &host->taken;
	size_t kept = 0;

	for (size_t i = 0; i < taken->items.count; i++) {
		struct taken_item *item = &taken->items.items[i];

		if (!item->message)
			continue;
		if (fit[i] && ++item->tries == MOST_TRIES)
			tell_refused(host, item);
		taken->items.items[kept++] = *item;
	}
	taken->items.count = kept;
}

void taken_give_back(struct host *host, const struct operation *operations, size_t count)
{
	struct taken *taken = &host->taken;
	size_t room = taken->items.count;
	struct giving giving = { .taken = taken };
	bool *fit, any = false;

	if (!room)
		return;
	fit = mem_alloc(room);
	for (size_t i = 0; i < room; i++) {
		const struct taken_item *item = &taken->items.items[i];

		fit[i] = item->tries < MOST_TRIES &&
			 is_fit(item, link_now(host, item->link, operations, count));
		any |= fit[i];
	}
	if (any) {
		giving.asked = mem_alloc(room * sizeof(*giving.asked));
		if (give_round(host, fit, false, &giving) < 0 ||
		    give_round(host, fit, true, &giving) < 0)
			host_reopen(host);
		free(giving.asked);
		forget_back(host, fit);
	}
	if (giving.any_back)
		store_or_tell(taken);
	free(fit);
}

void taken_forget_gone(struct host *host)
{
	struct taken *taken = &host->taken;
	size_t before = taken->items.count, kept = 0;

	for (size_t i = 0; i < before; i++) {
		struct taken_item *item = &taken->items.items[i];

		if (item->link < LINK_INDEX_FIRST && !state_link(&host->observed, item->link))
			item_free(item);
		else
			taken->items.items[kept++] = *item;
	}
	taken->items.count = kept;
	if (kept < before)
		store_or_tell(taken);
}

void host_missing(const struct host *host, host_missing_fn *told, void *data)
{
	for (size_t i = 0; i < host->taken.items.count; i++) {
		const struct taken_item *item = &host->taken.items.items[i];
		AUTO_TEXT text = { 0 };

		if (!item->tries || !item->error)
			continue;
		taken_print(host, item, &text);
		told(data, text_string(&text), strerror(-item->error));
	}
}
