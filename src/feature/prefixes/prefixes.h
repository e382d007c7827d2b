/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_FEATURE_PREFIXES_H
#define MH_FEATURE_PREFIXES_H

#include "feature/feature.h"
#include "net/lpm.h"

enum claim_source { SOURCE_TARGET, SOURCE_LINK_LOCAL };

/* One claim: a whole prefix that this host answers for. */
struct claim {
	struct config_record record;
	struct prefix prefix;
	struct config_list except;     /* of struct prefix */
	bool connected;		       /* the user knows that it meets a connected network */
	bool nonlocal_bind;	       /* IPv6 only */
	struct config_list neighbours; /* of const char *: links where its neighbours are answered */
	bool override;		       /* IPv6 only, as .source */
	uint32_t source, responder;    /* enum claim_source, enum neighbours_way */
};

/* The most neighbours that one claim excepts by itself. */
#define CLAIM_MAX_LEARNED 4096

#define SYSCTL_NONLOCAL_BIND "net/ipv6/ip_nonlocal_bind"

extern const struct config_field claim_fields[];
extern const struct feature prefixes_feature;

/* The route that makes a claim: type local, in table local, on the loopback link. */
struct host_route claim_route(const struct prefix *prefix, uint32_t loopback);

/* Why a prefix inside a claim is left out of it. */
enum exception_why { EXCEPTION_FILE, EXCEPTION_GATEWAY, EXCEPTION_NEIGHBOUR, EXCEPTION_LEARNED };

/* One exception of a claim: what is left out, why, and the route that leads there instead. */
struct exception {
	unsigned claim; /* index in the list of claims */
	enum exception_why why;
	struct place place;	 /* who asked: the exception in the file, or the claim */
	struct host_route route; /* of type unreachable when nothing leads there */
};

struct exceptions {
	VEC(struct exception) items;
};

/*
 * The exceptions of all @claims by claim and prefix, each once; a reason in the file wins over the
 * others. Pure. At most CLAIM_MAX_LEARNED of a claim are neighbours.
 */
void claims_exceptions(const struct config_list *claims, const struct facts *facts,
		       struct exceptions *ret_exceptions);
/*
 * What answers ARP and neighbour discovery for claims that name links; not for those that are @refused,
 * nor for exceptions.
 */
void claims_desire_neighbours(const struct config_list *claims, const bool *refused,
			      const struct exceptions *exceptions, const struct facts *facts,
			      struct desired *desired);
void claims_check_neighbours(const struct config_list *claims, struct diags *diags);
void exceptions_free(struct exceptions *exceptions);

/* The claim's route is in place, whoever put it there. */
bool claim_in_place(const struct claim *claim, const struct facts *facts);
/*
 * The connected network that @claim meets without saying so, unless it is claimed already; or NULL.
 */
const struct host_route *claim_unsaid_network(const struct claim *claim, const struct facts *facts);

void prefixes_check(const void *config, struct diags *diags);
void prefixes_desire(const void *config, const struct facts *facts, struct desired *ret_desired);
void prefixes_status(const void *config, const struct facts *facts, const struct counters *counters,
		     struct json_t *status);

#endif
