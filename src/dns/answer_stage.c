/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dns/answer_stage.h"

static size_t stage_hex(const char *hex, uint8_t *bytes)
{
	size_t count = 0;

	for (; *hex; hex += 1 + (*hex != ' '))
		if (*hex != ' ')
			assert_int_equal(sscanf(hex, "%2hhx", &bytes[count++]), 1);
	return count;
}

void stage_write_query(struct answer_stage *stage, const struct ask *ask)
{
	struct wire_writer writer = wire_writer(stage->query, sizeof(stage->query));
	struct dns_name name = stage_name(ask->name);
	uint8_t options[256];
	size_t length = ask->options ? stage_hex(ask->options, options) : 0;
	uint16_t type;

	assert_int_equal(type_parse(ask->type, &type), 0);
	wire_put_u64(&writer, UINT64_C(0x1234000000010000));
	wire_put_u32(&writer, ask->udp_size ? 1 : 0);
	wire_put_bytes(&writer, name.wire, name.length);
	wire_put_u16(&writer, type);
	wire_put_u16(&writer, ask->class ? ask->class : DNS_IN);
	if (ask->udp_size) {
		wire_put_bytes(&writer, "\0\0\x29", 3);
		wire_put_u16(&writer, ask->udp_size);
		wire_put_u32(&writer, ask->dnssec_ok ? 0x8000 : 0);
		wire_put_u16(&writer, (uint16_t)length);
		wire_put_bytes(&writer, options, length);
	}
	stage->length = wire_written(&writer);
}

static void stage_put_data(struct answer_stage *stage, size_t at, uint16_t type, size_t length)
{
	uint8_t wire[NAME_SIZE];
	char buffer[NAME_TEXT_SIZE];
	struct address address = { .family = type == DNS_A ? AF_INET : AF_INET6 };
	size_t end;

	if (type == DNS_A || type == DNS_AAAA) {
		memcpy(address.bytes, stage->reply + at, length);
		text_printf(&stage->text, " %s", address_text(&address, buffer));
	} else if (type == DNS_NS || type == DNS_CNAME || type == DNS_DNAME || type == DNS_SOA) {
		assert_true(name_expand(stage->reply, stage->length, at, wire, &end));
		assert_true(type == DNS_SOA || end == at + length);
		text_printf(&stage->text, " %s", name_text(wire, buffer));
	}
}

static size_t stage_put_record(struct answer_stage *stage, const char *section, size_t at)
{
	uint8_t wire[NAME_SIZE];
	char name[NAME_TEXT_SIZE], type_name[TYPE_TEXT_SIZE];
	struct wire_reader reader;
	uint16_t type, length;
	uint32_t ttl;

	assert_true(name_expand(stage->reply, stage->length, at, wire, &at));
	reader = wire_reader(stage->reply + at, stage->length - at);
	type = wire_get_u16(&reader);
	wire_get_u16(&reader);
	ttl = wire_get_u32(&reader);
	length = wire_get_u16(&reader);
	assert_non_null(wire_get_view(&reader, length));
	at += DNS_RECORD_FIXED;
	if (type == DNS_OPT) {
		text_printf(&stage->text, "opt");
		for (size_t i = 0; i < length; i++)
			text_printf(&stage->text, "%s%02x", i ? "" : " ", stage->reply[at + i]);
	} else {
		text_printf(&stage->text, "%s %s %u %s", section, name_text(wire, name), ttl,
			    type_text(type, type_name));
		stage_put_data(stage, at, type, length);
	}
	text_printf(&stage->text, "\n");
	return at + length;
}

const char *stage_render(struct answer_stage *stage)
{
	static const char *const sections[] = { "answer", "authority", "more" };
	uint16_t flags = (uint16_t)(stage->reply[2] << 8 | stage->reply[3]);
	size_t at = stage->scratch.query.question_end;

	text_printf(&stage->text, "%u%s%s\n", stage->scratch.outcome.rcode,
		    flags & DNS_FLAG_AA ? " aa" : "", flags & DNS_FLAG_TC ? " tc" : "");
	assert_int_equal(flags & 15, stage->scratch.outcome.rcode & 15);
	for (unsigned section = 0; section < 3; section++)
		for (unsigned i = stage->reply[6 + 2 * section] << 8 | stage->reply[7 + 2 * section];
		     i; i--)
			at = stage_put_record(stage, sections[section], at);
	assert_int_equal(at, stage->length);
	return text_string(&stage->text);
}

const char *stage_answer(struct answer_stage *stage)
{
	text_free(&stage->text);
	stage->asker.query = stage->query;
	stage->asker.length = stage->length;
	stage->length = dns_answer(&stage->server, &stage->scratch, &stage->asker, stage->reply,
				   stage->room ? stage->room : sizeof(stage->reply));
	return stage->length ? stage_render(stage) : "silence";
}

const char *stage_ask(struct answer_stage *stage, const struct ask *ask)
{
	stage_write_query(stage, ask);
	stage->asker.tcp = ask->tcp;
	return stage_answer(stage);
}

struct answer_stage *stage_server(const char *text)
{
	struct answer_stage *stage = mem_alloc(sizeof(*stage));
	struct stage loading = { 0 };
	struct zone *zone = stage_load(&loading, text);

	assert_non_null(zone);
	stage->server.zones = zones_new(&zone, 1);
	zone_unref(zone);
	text_free(&loading.problems);
	assert_int_equal(address_parse("192.0.2.7", &stage->asker.peer), 0);
	assert_int_equal(address_parse("198.51.100.53", &stage->asker.asked), 0);
	stage->asker.now = 1767225600;
	return stage;
}

void stage_end(struct answer_stage *stage)
{
	zones_free((struct zones *)stage->server.zones);
	selves_free((struct selves *)stage->server.selves);
	rrl_free(stage->scratch.rrl);
	text_free(&stage->text);
	free(stage);
}
