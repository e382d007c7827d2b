/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_DNS_ANSWER_STAGE_H
#define MH_DNS_ANSWER_STAGE_H

#include "dns/answer.h"
#include "dns/type.h"
#include "dns/zone_stage_test.h"

/* What tests of answers share: a server of some zones that is asked in words, and its reply in words. */
struct answer_stage {
	struct dns_server server;
	struct dns_scratch scratch;
	struct dns_asker asker;
	uint8_t query[DNS_MESSAGE_MAX], reply[DNS_MESSAGE_MAX];
	size_t length, room;
	struct text text;
};

/* What is asked besides the name and the type. */
struct ask {
	const char *name, *type;
	uint16_t class;	   /* 0: IN */
	uint16_t udp_size; /* 0: no EDNS */
	bool dnssec_ok, tcp;
	const char *options; /* bytes in hexadecimal */
};

/* A server of example.com out of @text, asked by 192.0.2.7 at 198.51.100.53. */
struct answer_stage *stage_server(const char *text);
void stage_end(struct answer_stage *stage);

void stage_write_query(struct answer_stage *stage, const struct ask *ask);
/* Asks, or asks what stands in stage->query already. The reply in words, or "silence". */
const char *stage_ask(struct answer_stage *stage, const struct ask *ask);
const char *stage_answer(struct answer_stage *stage);
/* What stands in stage->reply in words. */
const char *stage_render(struct answer_stage *stage);

#endif
