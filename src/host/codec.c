/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * rtnetlink, by the rows of a kind. Each message is a fixed header, whose first byte is the
 * address family (of all kinds here), and attributes. A property may stand in both: an old narrow
 * field and the attribute that replaced it (rtm_table and RTA_TABLE); the attribute wins.
 *
 * The kernel is trusted to mean well, not to be well-formed: a length that does not fit its
 * property leaves the property out, and unknown attributes are passed over.
 */
#include "host/codec.h"

#include "io/netlink.h"

#include <libmnl/libmnl.h>
#include <string.h>

static uint8_t header_family(const struct nlmsghdr *message)
{
	return *(const uint8_t *)mnl_nlmsg_get_payload(message);
}

int codec_kind(const struct nlmsghdr *message, bool *ret_removed)
{
	for (int kind = 0; kind < OBJECT_KINDS; kind++) {
		const struct kind *of = kind_of((enum object_kind)kind);

		if (!of->header_size || (message->nlmsg_type != of->message_new &&
					 message->nlmsg_type != of->message_delete))
			continue;
		*ret_removed = message->nlmsg_type == of->message_delete;
		return kind;
	}
	return -1;
}

/* A field of the fixed header; for a prefix its length, beside the family. */
static void take_header(const struct property *row, const struct nlmsghdr *message, void *object)
{
	const char *field = (const char *)mnl_nlmsg_get_payload(message) + row->header;
	struct prefix *prefix = (struct prefix *)((char *)object + row->offset);
	uint32_t value = 0;

	if (row->header_size == 1)
		value = *(const uint8_t *)field;
	else if (row->header_size == 2)
		value = *(const uint16_t *)field;
	else
		value = *(const uint32_t *)field;
	if (row->type == PROPERTY_PREFIX)
		*prefix = (struct prefix){ .family = header_family(message),
					   .length = (uint8_t)value };
	else
		property_set_number(row, object, value);
}

static uint32_t attribute_number(const struct nlattr *attribute)
{
	switch (mnl_attr_get_payload_len(attribute)) {
	case 1:
		return mnl_attr_get_u8(attribute);
	case 2:
		return mnl_attr_get_u16(attribute);
	}
	return mnl_attr_get_u32(attribute);
}

static void take_number(const struct property *row, const struct nlattr *attribute, void *object)
{
	size_t width = row->type == PROPERTY_U8 ? 1 : row->type == PROPERTY_U16 ? 2 : 4;

	if (mnl_attr_get_payload_len(attribute) == width)
		property_set_number(row, object, attribute_number(attribute));
}

static void take_name(const struct property *row, const struct nlattr *attribute, char *name)
{
	size_t length = strnlen(mnl_attr_get_payload(attribute), mnl_attr_get_payload_len(attribute));

	if (length >= row->size)
		return;
	memcpy(name, mnl_attr_get_payload(attribute), length);
	name[length] = '\0';
}

static void take_span(const struct property *row, const struct nlattr *attribute, struct span *span)
{
	const uint16_t *halves = mnl_attr_get_payload(attribute);
	const uint32_t *wholes = mnl_attr_get_payload(attribute);

	if (mnl_attr_get_payload_len(attribute) != 2u * row->size)
		return;
	span->first = row->size == 2 ? halves[0] : wholes[0];
	span->end = (row->size == 2 ? halves[1] : wholes[1]) + 1;
}

static void take_attribute(const struct property *row, const struct nlattr *attribute,
			   uint8_t family, void *object)
{
	size_t length = mnl_attr_get_payload_len(attribute);
	void *place = (char *)object + row->offset;

	switch (row->type) {
	case PROPERTY_U8:
	case PROPERTY_U16:
	case PROPERTY_U32:
	case PROPERTY_LINK:
		take_number(row, attribute, object);
		break;
	case PROPERTY_NAME:
		take_name(row, attribute, place);
		break;
	case PROPERTY_ADDRESS:
		if (!length || length != address_size(family))
			break;
		((struct address *)place)->family = family;
		memcpy(((struct address *)place)->bytes, mnl_attr_get_payload(attribute), length);
		break;
	case PROPERTY_PREFIX:
		if (length && length == address_size(family))
			memcpy(((struct prefix *)place)->bytes, mnl_attr_get_payload(attribute),
			       length);
		break;
	case PROPERTY_MAC:
		if (length == 6)
			memcpy(place, mnl_attr_get_payload(attribute), length);
		break;
	case PROPERTY_SPAN:
		take_span(row, attribute, place);
		break;
	case PROPERTY_MEMBERS:
	case PROPERTY_ENDPOINT:
		break;
	}
}

/* The most attributes that a kind tells apart by number. */
#define ATTRIBUTES 64

/* Of one kind: which row is the first for an attribute (its index + 1; 0 = none has it). */
struct attribute_rows {
	const struct kind *kind;
	uint8_t first[ATTRIBUTES];
};

/* Made when a kind is first decoded: a full table has millions of attributes to look up. */
static const struct attribute_rows *rows_of(const struct kind *kind)
{
	static struct attribute_rows known[OBJECT_KINDS + 1];
	struct attribute_rows *rows = known;

	while (rows->kind && rows->kind != kind)
		rows++;
	if (rows->kind)
		return rows;
	rows->kind = kind;
	for (size_t i = kind->row_count; i > 0; i--)
		if (kind->rows[i - 1].attribute && kind->rows[i - 1].attribute < ATTRIBUTES)
			rows->first[kind->rows[i - 1].attribute] = (uint8_t)i;
	return rows;
}

static void take_attributes(const struct kind *kind, const struct nlmsghdr *message, void *object)
{
	const struct attribute_rows *rows = rows_of(kind);
	const struct nlattr *attribute = NULL;
	uint8_t family = header_family(message);

	while ((attribute = netlink_attribute(message, kind->header_size, attribute))) {
		uint16_t type = mnl_attr_get_type(attribute);

		for (size_t i = type < ATTRIBUTES ? rows->first[type] : 0;
		     i && i <= kind->row_count; i++)
			if (kind->rows[i - 1].attribute == type)
				take_attribute(&kind->rows[i - 1], attribute, family, object);
	}
}

bool codec_decode(const struct kind *kind, const struct nlmsghdr *message,
		  union host_object *ret_object)
{
	union host_object object;

	if (mnl_nlmsg_get_payload_len(message) < kind->header_size)
		return false;
	memset(&object, 0, sizeof(object));
	for (size_t i = 0; i < kind->row_count; i++)
		if (kind->rows[i].header_size)
			take_header(&kind->rows[i], message, &object);
	take_attributes(kind, message, &object);
	if (!kind->decoded(&object, message))
		return false;
	*ret_object = object;
	return true;
}

static void put_header(const struct property *row, const void *object, struct nlmsghdr *message)
{
	char *field = (char *)mnl_nlmsg_get_payload(message) + row->header;
	const struct prefix *prefix = (const struct prefix *)((const char *)object + row->offset);
	uint32_t value;

	if (row->type == PROPERTY_PREFIX) {
		*(uint8_t *)mnl_nlmsg_get_payload(message) = prefix->family;
		*(uint8_t *)field = prefix->length;
		return;
	}
	value = property_number(row, object);
	if (row->header_size == 1)
		*(uint8_t *)field = (uint8_t)value;
	else if (row->header_size == 2)
		*(uint16_t *)field = (uint16_t)value;
	else
		*(uint32_t *)field = value;
}

static void put_span(const struct property *row, const struct span *span, struct nlmsghdr *message)
{
	const uint16_t halves[] = { (uint16_t)span->first, (uint16_t)(span->end - 1) };
	const uint32_t wholes[] = { span->first, span->end - 1 };

	mnl_attr_put(message, row->attribute, 2 * row->size,
		     row->size == 2 ? (const void *)halves : (const void *)wholes);
}

static void put_attribute(const struct property *row, const void *object, uint8_t family,
			  struct nlmsghdr *message)
{
	const void *place = (const char *)object + row->offset;
	const struct address *address = place;
	const struct prefix *prefix = place;

	if (property_is_zero(row, object))
		return;
	switch (row->type) {
	case PROPERTY_U8:
		mnl_attr_put_u8(message, row->attribute, (uint8_t)property_number(row, object));
		break;
	case PROPERTY_U16:
		mnl_attr_put_u16(message, row->attribute, (uint16_t)property_number(row, object));
		break;
	case PROPERTY_U32:
	case PROPERTY_LINK:
		mnl_attr_put_u32(message, row->attribute, property_number(row, object));
		break;
	case PROPERTY_NAME:
		mnl_attr_put_strz(message, row->attribute, place);
		break;
	case PROPERTY_ADDRESS:
		/* One of another family has an attribute of its own: see route_encoded(). */
		if (address->family == family)
			mnl_attr_put(message, row->attribute, address_size(family), address->bytes);
		break;
	case PROPERTY_PREFIX:
		mnl_attr_put(message, row->attribute, address_size(prefix->family), prefix->bytes);
		break;
	case PROPERTY_MAC:
		mnl_attr_put(message, row->attribute, 6, place);
		break;
	case PROPERTY_SPAN:
		put_span(row, place, message);
		break;
	case PROPERTY_MEMBERS:
	case PROPERTY_ENDPOINT:
		break;
	}
}

void codec_encode(const struct kind *kind, const void *object, struct nlmsghdr *message)
{
	mnl_nlmsg_put_extra_header(message, kind->header_size);
	for (size_t i = 0; i < kind->row_count; i++)
		if (kind->rows[i].header_size &&
		    (!kind->rows[i].attribute || kind->rows[i].type == PROPERTY_PREFIX))
			put_header(&kind->rows[i], object, message);
	for (size_t i = 0; i < kind->row_count; i++)
		if (kind->rows[i].attribute)
			put_attribute(&kind->rows[i], object, header_family(message), message);
	if (kind->encoded)
		kind->encoded(object, message);
}

void codec_encode_key(const struct kind *kind, const void *object, struct nlmsghdr *message)
{
	mnl_nlmsg_put_extra_header(message, kind->header_size);
	for (const struct property *const *key = kind->keys; *key; key++) {
		if ((*key)->attribute)
			put_attribute(*key, object, AF_UNSPEC, message);
		else
			put_header(*key, object, message);
	}
}
