/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The question is for a server, not for a resolver: no recursion is desired (RD clear), so that a
 * resolver that happens to stand there does not seem to be it. EDNS says that 1232 bytes are
 * welcome, and makes room for extended errors.
 */
#include "feature/checks/probe_question.h"

#include "dns/query.h"
#include "dns/type.h"
#include "net/wire.h"

#include <string.h>

size_t probe_question_put(const struct check_spec *spec, uint16_t id,
			  uint8_t bytes[PROBE_QUESTION_SIZE])
{
	struct wire_writer writer = wire_writer(bytes, PROBE_QUESTION_SIZE);
	struct dns_name name;

	if (name_parse(spec->query, &name) < 0)
		return 0;
	query_put(&writer, id, &name, spec->type, 0);
	return wire_written(&writer);
}

/* What is known of the answer so far. */
struct answer {
	const struct check_spec *spec;
	const uint8_t *bytes;
	size_t length;
	struct wire_reader reader;
	bool typed, expected, not_ready;
};

/* The question, repeated: the same bytes, but for the case of the name (RFC 4343). */
static bool same_question(const struct probe_asked *asked, const uint8_t *bytes, size_t length)
{
	uint8_t ours[NAME_SIZE], theirs[NAME_SIZE];
	size_t end, their_end;

	if (!name_expand(asked->question, asked->length, DNS_HEADER, ours, &end) ||
	    !name_expand(bytes, length, DNS_HEADER, theirs, &their_end) || end != their_end)
		return false;
	return length >= end + 4 && name_equal(ours, theirs) &&
	       memcmp(asked->question + end, bytes + end, 4) == 0;
}

static void skip_name(struct answer *answer)
{
	uint8_t name[NAME_SIZE];
	size_t end;

	if (name_expand(answer->bytes, answer->length, (size_t)(answer->reader.at - answer->bytes),
			name, &end))
		answer->reader.at = answer->bytes + end;
	else
		answer->reader.broken = true;
}

static bool is_expected(const struct check_spec *spec, uint16_t type, const uint8_t *data,
			size_t length)
{
	uint8_t family = type == DNS_A ? AF_INET : AF_INET6;

	if ((type != DNS_A && type != DNS_AAAA) || length != address_size(family))
		return false;
	for (unsigned i = 0; i < spec->address_count; i++)
		if (spec->addresses[i].family == family &&
		    memcmp(spec->addresses[i].bytes, data, length) == 0)
			return true;
	return false;
}

static bool says_not_ready(const uint8_t *data, size_t length)
{
	struct wire_reader reader = wire_reader(data, length);
	bool found = false;

	while (wire_left(&reader) && !reader.broken) {
		uint16_t code = wire_get_u16(&reader);
		uint16_t size = wire_get_u16(&reader);
		const uint8_t *option = wire_get_view(&reader, size);

		if (option && code == DNS_OPTION_EDE && size >= 2)
			found |= option[0] == 0 && option[1] == DNS_EDE_NOT_READY;
	}
	return found;
}

static void read_record(struct answer *answer, bool of_answer)
{
	uint16_t type, length;
	const uint8_t *data;

	skip_name(answer);
	type = wire_get_u16(&answer->reader);
	wire_get_u16(&answer->reader);
	wire_get_u32(&answer->reader);
	length = wire_get_u16(&answer->reader);
	data = wire_get_view(&answer->reader, length);
	if (!data)
		return;
	if (of_answer && (type == answer->spec->type || answer->spec->type == DNS_ANY)) {
		answer->typed = true;
		answer->expected |= is_expected(answer->spec, type, data, length);
	}
	if (!of_answer && type == DNS_OPT)
		answer->not_ready |= says_not_ready(data, length);
}

static enum probe_answer judge(const struct answer *answer, bool cut)
{
	if (answer->not_ready)
		return PROBE_ANSWER_NOT_READY;
	if (answer->spec->address_count ? answer->expected : answer->typed)
		return PROBE_ANSWER_RIGHT;
	if (cut)
		return PROBE_ANSWER_CUT;
	return answer->typed ? PROBE_ANSWER_OTHER : PROBE_ANSWER_EMPTY;
}

enum probe_answer probe_answer_read(const struct check_spec *spec, const struct probe_asked *asked,
				    const uint8_t *bytes, size_t length, unsigned *ret_code)
{
	struct answer answer = {
		.spec = spec, .bytes = bytes, .length = length, .reader = wire_reader(bytes, length)
	};
	struct wire_reader *reader = &answer.reader;
	struct wire_reader question = wire_reader(asked->question, asked->length);
	bool same_id = wire_get_u16(reader) == wire_get_u16(&question);
	uint16_t flags = wire_get_u16(reader), questions = wire_get_u16(reader);
	uint16_t answers = wire_get_u16(reader), others = wire_get_u16(reader);
	uint32_t rest = (uint32_t)others + wire_get_u16(reader);

	if (reader->broken || !same_id || !(flags & DNS_FLAG_QR))
		return PROBE_ANSWER_FOREIGN;
	*ret_code = flags & 15;
	/* A server that could not read the question need not repeat it. */
	if (questions == 0 && *ret_code)
		return PROBE_ANSWER_REFUSED;
	if (questions != 1 || !same_question(asked, bytes, length))
		return PROBE_ANSWER_FOREIGN;
	skip_name(&answer);
	wire_get_u32(reader);
	for (uint32_t i = 0; i < answers && !reader->broken; i++)
		read_record(&answer, true);
	for (uint32_t i = 0; i < rest && !reader->broken; i++)
		read_record(&answer, false);
	if (reader->broken)
		return PROBE_ANSWER_MALFORMED;
	if (*ret_code)
		return PROBE_ANSWER_REFUSED;
	return judge(&answer, flags & DNS_FLAG_TC);
}
