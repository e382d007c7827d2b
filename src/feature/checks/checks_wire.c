/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "feature/checks/checks_wire.h"

#include "base/digest.h"
#include "feature/code.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MOST_REASON 1000 /* bytes of a reason in a fact */

/* A number of an enum that has @count of them. */
#define CODE_ENUM(codec, value, count)                                                             \
	do {                                                                                       \
		uint8_t code_byte = (uint8_t)(value);                                              \
		code_u8(codec, &code_byte);                                                        \
		if (code_byte >= (count)) {                                                        \
			(codec)->in.broken = true;                                                 \
			code_byte = 0;                                                             \
		}                                                                                  \
		(value) = code_byte;                                                               \
	} while (0)

/* A text that may be missing: what is empty reads back as missing. */
static void code_maybe(struct codec *codec, const char **value)
{
	code_string(codec, value);
	if (!codec->out && !**value)
		*value = NULL;
}

static void code_word(struct codec *codec, void *item)
{
	code_string(codec, item);
}

static void code_one_address(struct codec *codec, void *item)
{
	code_address(codec, item);
}

static void code_range(struct codec *codec, void *item)
{
	struct config_ports *range = item;

	code_u16(codec, &range->first);
	code_u16(codec, &range->last);
}

/* Arrays of constant things, which are written here when they are read. */
static void code_list(struct codec *codec, const void *items, unsigned *count, size_t size,
		      codec_fn *fn)
{
	uint32_t number = *count;

	code_array(codec, (void *)items, &number, size, fn);
	*count = number;
}

/* Of a file that the configuration names its digest is told. */
static void code_file(struct codec *codec, const struct config_file **value)
{
	bool given = *value && (*value)->digest;
	uint8_t digest[DIGEST_SIZE] = { 0 };
	struct config_file *file;
	uint8_t *copy;

	code_bool(codec, &given);
	if (codec->out && given)
		memcpy(digest, (*value)->digest, sizeof(digest));
	if (given)
		code_fixed(codec, digest, sizeof(digest));
	if (codec->out || !given)
		return;
	file = arena_alloc(codec->arena, sizeof(*file));
	copy = arena_alloc(codec->arena, sizeof(digest));
	memcpy(copy, digest, sizeof(digest));
	file->digest = copy;
	*value = file;
}

static void code_http(struct codec *codec, struct check_http *http)
{
	code_maybe(codec, &http->url);
	code_list(codec, &http->status, &http->status_count, sizeof(*http->status), code_range);
	code_maybe(codec, &http->header);
	code_maybe(codec, &http->body);
	code_maybe(codec, &http->match);
	code_maybe(codec, &http->sni);
	code_maybe(codec, &http->method);
	code_bool(codec, &http->http2);
	code_bool(codec, &http->verify);
	code_bool(codec, &http->redirects);
	code_file(codec, &http->certificate);
	code_file(codec, &http->key);
	code_file(codec, &http->authority);
}

static void code_rules(struct codec *codec, struct check_rules *rules)
{
	code_u32(codec, &rules->rise);
	code_u32(codec, &rules->fall);
	code_u32(codec, &rules->lost);
	code_u32(codec, &rules->hold_ms);
	CODE_ENUM(codec, rules->start, HEALTH_STATES);
	CODE_ENUM(codec, rules->when_old, HEALTH_OLD_DOWN + 1);
	code_u32(codec, &rules->half_life_ms);
	code_u32(codec, &rules->suppress);
	code_u32(codec, &rules->reuse);
}

static void code_spec(struct codec *codec, void *item)
{
	struct check_spec *spec = item;

	code_string(codec, &spec->name);
	CODE_ENUM(codec, spec->kind, CHECK_KINDS);
	code_u32(codec, &spec->every_ms);
	code_u32(codec, &spec->timeout_ms);
	code_u32(codec, &spec->jitter_percent);
	code_rules(codec, &spec->rules);
	code_maybe(codec, &spec->link);
	code_address(codec, &spec->source);
	code_u32(codec, &spec->mark);
	code_address(codec, &spec->at);
	code_u16(codec, &spec->port);
	code_u8(codec, &spec->protocol);
	code_maybe(codec, &spec->query);
	code_u16(codec, &spec->type);
	code_list(codec, &spec->addresses, &spec->address_count, sizeof(*spec->addresses),
		  code_one_address);
	code_maybe(codec, &spec->send.text);
	code_bool(codec, &spec->send.hex);
	code_maybe(codec, &spec->answer.text);
	code_bool(codec, &spec->answer.hex);
	code_list(codec, &spec->words, &spec->word_count, sizeof(*spec->words), code_word);
	code_u32(codec, &spec->need);
	code_maybe(codec, &spec->path);
	code_maybe(codec, &spec->cgroup);
	code_bool(codec, &spec->absent);
	code_http(codec, &spec->http);
}

void checks_spec_put(const struct check_spec *spec, struct text *message)
{
	struct codec codec = { .out = message };
	struct check_spec copy = *spec;

	code_spec(&codec, &copy);
}

void checks_orders_put(const struct check_spec *specs, uint32_t count, struct text *message)
{
	struct codec codec = { .out = message };

	code_u32(&codec, &count);
	for (uint32_t i = 0; i < count; i++)
		checks_spec_put(&specs[i], message);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool names_differ(const struct checks_orders *orders)
{
	const char **names = mem_alloc((orders->count + 1) * sizeof(*names));
	bool differ = true;

	for (uint32_t i = 0; i < orders->count; i++)
		names[i] = orders->specs[i].name;
	qsort(names, orders->count, sizeof(*names), by_name);
	for (uint32_t i = 1; i < orders->count; i++)
		differ = differ && strcmp(names[i - 1], names[i]) != 0;
	mem_freep(&names);
	return differ;
}

/* What would divide by nothing, or never end. */
static bool makes_sense(const struct checks_orders *orders)
{
	for (uint32_t i = 0; i < orders->count; i++) {
		const struct check_spec *spec = &orders->specs[i];

		if (!spec->name[0] || !spec->every_ms || !spec->timeout_ms || !spec->rules.rise ||
		    !spec->rules.fall || !spec->rules.lost || spec->jitter_percent > 100 ||
		    spec->every_ms > 86400000 || spec->timeout_ms > 3600000 ||
		    spec->rules.fall > 1000 || spec->rules.lost > 100000)
			return false;
	}
	return names_differ(orders);
}

int checks_orders_read(const void *bytes, size_t length, struct checks_orders *ret_orders)
{
	struct codec codec = { .in = wire_reader(bytes, length), .arena = arena_new() };
	struct checks_orders orders = { .arena = codec.arena };

	code_array(&codec, &orders.specs, &orders.count, sizeof(*orders.specs), code_spec);
	if (!wire_done(&codec.in) || !makes_sense(&orders)) {
		arena_free(codec.arena);
		return -EPROTO;
	}
	*ret_orders = orders;
	return 0;
}

static void code_note(struct codec *codec, void *item)
{
	struct checks_note *note = item;

	code_string(codec, &note->name);
	CODE_ENUM(codec, note->hand, HEALTH_HANDS);
	CODE_ENUM(codec, note->sight, HEALTH_ILL + 1);
	code_string(codec, &note->reason);
}

void checks_notes_put(const struct checks_note *notes, uint32_t count, struct text *message)
{
	struct codec codec = { .out = message };

	code_array(&codec, &notes, &count, sizeof(*notes), code_note);
}

int checks_notes_read(const void *bytes, size_t length, struct checks_notes *ret_notes)
{
	struct codec codec = { .in = wire_reader(bytes, length), .arena = arena_new() };
	struct checks_notes notes = { .arena = codec.arena };

	code_array(&codec, &notes.items, &notes.count, sizeof(*notes.items), code_note);
	if (!wire_done(&codec.in)) {
		arena_free(codec.arena);
		return -EPROTO;
	}
	*ret_notes = notes;
	return 0;
}

static void code_time(struct codec *codec, int64_t *value)
{
	uint64_t bits = (uint64_t)*value;

	code_u64(codec, &bits);
	*value = (int64_t)bits;
}

static void code_fact(struct codec *codec, struct health *health)
{
	code_string(codec, (const char **)&health->name);
	CODE_ENUM(codec, health->state, HEALTH_STATES);
	code_u8(codec, &health->weight);
	code_time(codec, &health->since_us);
	code_time(codec, &health->last_us);
	code_time(codec, &health->next_us);
	code_u32(codec, &health->took_us);
	code_u32(codec, &health->flips);
	code_string(codec, (const char **)&health->reason);
}

void checks_fact_put(const struct health *health, struct text *message)
{
	struct codec codec = { .out = message };
	struct health copy = *health;

	code_fact(&codec, &copy);
}

/* What a worker says goes to terminals and logs: one line of printable characters. */
static bool reads_well(const struct health *health)
{
	for (const char *c = health->reason; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			return false;
	return health->name[0] && strlen(health->reason) <= MOST_REASON && health->weight <= 100;
}

int checks_facts_read(const void *bytes, size_t length, struct healths *healths)
{
	struct codec codec = { .in = wire_reader(bytes, length), .arena = arena_new() };
	int r = 0;

	while (wire_left(&codec.in) && r == 0) {
		struct health health = { 0 };

		code_fact(&codec, &health);
		if (codec.in.broken || !reads_well(&health))
			r = -EPROTO;
		else
			healths_tell(healths, &health);
	}
	arena_free(codec.arena);
	return r;
}
