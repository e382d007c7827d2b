/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whether what `assert` says holds for all packets, on the host as it is or will be. */
#include "feature/routing/routing_assert.h"

#include "model/proof.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static struct span span_of(const struct config_ports *ports)
{
	return ports->last ? (struct span){ ports->first, (uint32_t)ports->last + 1 } :
			     (struct span){ 0 };
}

static uint8_t family_of(uint32_t word)
{
	return word == FAMILY_IPV4 ? AF_INET : word == FAMILY_IPV6 ? AF_INET6 : AF_UNSPEC;
}

static bool leaves_nowhere(const struct assert_config *assert)
{
	const char *const *links = assert->leaves.items;

	return assert->leaves.count == 1 && !strcmp(links[0], "nowhere");
}

static struct proof_claim claim_of(const struct assert_config *assert)
{
	bool host = assert->from.word || assert->symmetric;
	struct proof_claim claim = {
		.says = assert->symmetric ? PROOF_SYMMETRIC :
			assert->reaches	  ? PROOF_REACHES :
					    PROOF_LEAVES,
		.family = family_of(assert->family),
		.from = assert->from.prefix,
		.to = assert->symmetric ? assert->reply_to.prefix : assert->to.prefix,
		.mark = assert->mark.mark,
		.mask = assert->mark.mask,
		.ip_protocol = assert->protocol,
		.sport = span_of(&assert->sport),
		.dport = span_of(&assert->dport),
		.uid = assert->uid,
	};

	strncpy(claim.in, host ? "lo" : assert->in ? assert->in : "", sizeof(claim.in) - 1);
	if (!leaves_nowhere(assert)) {
		claim.links = assert->leaves.items;
		claim.link_count = assert->leaves.count;
	}
	claim.begun = assert->from.word &&claim.link_count;
	return claim;
}

/* A prove() is not told the names of files; the diagnostic that bears the text is shown with its own. */
static void put_line(void *data, struct place place, struct text *text)
{
	const struct place *assert = data;

	text_printf(text, "line %u", place.line);
	if (place.file != assert->file)
		text_puts(text, " of another file");
}

/* Where the user asked for what made it so: the rule first, for it chose the table. */
static struct place place_of(const struct proof_finding *finding)
{
	if (finding->rule && place_known(finding->rule->object.place))
		return finding->rule->object.place;
	if (finding->route && place_known(finding->route->object.place))
		return finding->route->object.place;
	return finding->filter ? finding->filter->object.place : (struct place){ 0 };
}

static void tell(const struct state *after, const struct proof_finding *finding,
		 const struct assert_config *assert, unsigned number, struct diags *diags)
{
	bool violated = finding->result == PROOF_VIOLATED;
	struct place at = assert->record.place;
	AUTO_TEXT text = { 0 };

	proof_print(after, finding, put_line, &at, &text);
	diag_between(diags, at, place_of(finding), -EINVAL,
		     violated ? "assert %u does not hold: %s" : "assert %u cannot be proven: %s",
		     number, text_string(&text));
}

void routing_prove(const void *config, const struct facts *facts, const struct state *after,
		   struct diags *diags)
{
	const struct routing *routing = config;
	const struct assert_config *assert = routing->asserts.items;
	unsigned count = routing->asserts.count;
	AUTO_MEM struct proof_claim *claims = mem_alloc((count + 1) * sizeof(*claims));
	AUTO_MEM struct proof_finding *findings = mem_alloc((count + 1) * sizeof(*findings));

	for (unsigned i = 0; i < count; i++)
		claims[i] = claim_of(&assert[i]);
	proof_check(after, claims, count, findings);
	for (unsigned i = 0; i < count; i++)
		if (findings[i].result == PROOF_VIOLATED || findings[i].result == PROOF_UNKNOWN)
			tell(after, &findings[i], &assert[i], i + 1, diags);
}

bool routing_proves(const void *config)
{
	return ((const struct routing *)config)->asserts.count > 0;
}
