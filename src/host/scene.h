/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_HOST_SCENE_H
#define MH_HOST_SCENE_H

#include "host/host.h"
#include "host/scratch.h"

/*
 * For tests only: a host opened in a namespace of its own, what a test desires of it, and how it
 * went.
 */
struct scene {
	struct host *host;
	struct state desired;
	struct plan plan;
	char memory[64];   /* path */
	const char *bpffs; /* NULL = none */
	unsigned failed;   /* of the last apply: how many, and the last one */
	int error;
	char text[160];
};

/* For cmocka. */
int scene_setup(void **data);
int scene_teardown(void **data);

void scene_open(struct scene *scene);
/* Returns whether anything changed. @ret_resynced may be NULL. */
bool scene_settle(struct scene *scene, bool *ret_resynced);
void scene_plan(struct scene *scene);
/* A host_result_fn. */
void scene_hear(void *data, const struct host_result *result);
/* Settles, plans, applies; returns how many operations there were. */
size_t scene_apply(struct scene *scene);

/* The interest: routes that have to do with one prefix. */
void scene_want(struct scene *scene, const char *prefix);
/* Desires an object, written as object_print() does. */
void scene_desire(struct scene *scene, enum object_kind kind, const char *line);
void scene_desire_route(struct scene *scene, const char *line);
/* Desires a filter rule, written the same way. */
void scene_desire_filter(struct scene *scene, const char *line);
/* How many observed routes are ours. */
unsigned scene_ours(const struct scene *scene);

/* Whether a sysctl has this value, as the kernel writes it. */
bool scene_value_is(const char *name, const char *value);
/* Whether the output of a shell command contains @wanted. */
bool scene_shows(const char *command, const char *wanted);

#endif
