/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_FEATURE_FEATURE_H
#define MH_FEATURE_FEATURE_H

#include "base/mem.h"
#include "config/config.h"
#include "fact/facts.h"
#include "feature/counters.h"
#include "feature/desired.h"
#include "host/state.h"

/*
 * A feature is one top-level key of the configuration and the folder that is named like it. It
 * desires; it does not act.
 */
struct check_list;
struct own_list;
struct worker;
struct json_t;

/* The interest of all features, joined. */
struct interest {
	VEC(struct prefix) prefixes;
	VEC(const char *) sysctls; /* static strings */
	VEC(const char *) cgroups; /* of the configuration */
	VEC(uint32_t) tables;	   /* every route in them */
	bool local_routes, all_routes;
	bool link_routes; /* of table main: default routes, and those without a router */
};

struct feature {
	const char *name;		 /* the YAML key, the log tag, the name of its page */
	const struct config_field *root; /* the value below the key */
	/*
	 * Refuses what is wrong in itself or in its neighbours' sections, all of it, each with its
	 * place. @config is never NULL.
	 */
	void (*check)(const void *config, struct diags *diags);
	/*
	 * What is wrong only beside other features' sections; called after every check(), whether it
	 * found mistakes or not. Or NULL.
	 */
	void (*check_together)(const struct config *all, const void *config, struct diags *diags);
	/* Adds the health checks that it wants done (feature/check.h); or NULL. */
	void (*checks)(const void *config, struct check_list *list);
	/* Adds what it gives to this host itself (feature/own.h); or NULL. */
	void (*own)(const void *config, struct own_list *list);
	/*
	 * Configuration and facts to desired objects. Pure: the same input gives the same output.
	 */
	void (*desire)(const void *config, const struct facts *facts, struct desired *ret_desired);
	/*
	 * Whether what the configuration promises holds for the host as it will be (@after: the
	 * plan carried out on paper) or is (@after: facts->observed); what does not is an error,
	 * with its counter-example, that refuses an apply. All that is ours in @after bears its
	 * place. Or NULL. It may take long: proves() says, quickly, whether there is anything to
	 * prove at all; NULL = always.
	 */
	void (*prove)(const void *config, const struct facts *facts, const struct state *after,
		      struct diags *diags);
	bool (*proves)(const void *config);
	/* Which foreign objects desire() and status() look at; or NULL. */
	void (*interest)(const void *config, struct interest *interest);
	/* Adds to the object @status what `mhctl status NAME` tells beside the objects; or NULL. */
	void (*status)(const void *config, const struct facts *facts,
		       const struct counters *counters, struct json_t *status);
	/* Whether what was decided by hand fits: 0, or -EINVAL with a line in @error; or NULL. */
	int (*fits)(const struct config *all, const struct subscriber_hands *hands,
		    const struct subscriber_hand *one, bool *ret_filed, struct text *error);
	/* Tells which files of @source belong to what is called @name; false: nothing is. Or NULL. */
	bool (*files)(const void *config, const char *name, const struct source *source,
		      void (*told)(void *data, unsigned number), void *data);
	bool status_anyway;    /* status() is asked for without the key, too: @config is NULL */
	bool heeds_health;     /* desire() looks at facts.health */
	bool looks_at_servers; /* status() wants facts.servers */
	/* status() wants the packets of filter rules, as counters "filter forward 1", .asked. */
	bool looks_at_filters;
	bool looks_at_responders; /* status() wants theirs: daemon/report_neighbours.h has the keys */
	const struct worker *worker; /* that serves its listeners; or NULL */
};

/* All features, in the order in which they are documented: feature/list.c. */
#define FEATURE_MAX 32
extern const struct feature *const features[];
extern const size_t feature_count;
/* The same as sections for config_read(); feature_count of them. */
const struct config_section *feature_sections(void);

/* source_load() and config_attach(): a configuration from the disk, and all that belongs to it. */
int feature_load(const char *path, struct source **ret_source, struct diags *diags);
/* The value of @feature's section, or NULL when it has none, or @all is NULL. */
const void *feature_value(const struct config *all, const struct feature *feature);
/* The health checks of all features. check_list_free() it. */
void feature_checks(const struct config *all, struct check_list *ret_list);

/* config_read() of @source, then every feature's check(). Returns 0 or -EINVAL as config_read(). */
int feature_read(struct source *source, struct diags *diags, struct config **ret_config);

/*
 * desire() of every feature that @config has (NULL = the empty configuration); sorts the state; two
 * features that want one object differently become an error with two places.
 */
void feature_desire(const struct config *config, const struct facts *facts,
		    struct desired *ret_desired);
/* prove() of every feature that has something to prove; feature_proves(): whether there is one. */
bool feature_proves(const struct config *config);
void feature_prove(const struct config *config, const struct facts *facts,
		   const struct state *after, struct diags *diags);
/*
 * The same for the host as it will be after @plan, which is made of @desired, and at each time within
 * a week at which time alone changes what is desired (prove.c). Nothing after errors.
 */
struct plan;
void feature_prove_plan(const struct config *config, const struct facts *facts,
			const struct desired *desired, const struct plan *plan, struct diags *diags);
void feature_interest(const struct config *config, struct interest *ret_interest);
void interest_free(struct interest *interest);

#endif
