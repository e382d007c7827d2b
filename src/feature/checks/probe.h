/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_FEATURE_CHECKS_PROBE_H
#define MH_FEATURE_CHECKS_PROBE_H

#include "feature/check.h"

#include <sys/socket.h>

/*
 * A probe asks once whether something is well, and is asked to do so again and again. All of them
 * live in one thread: none ever waits. A kind of probe is a file probe_KIND.c.
 */
#define PROBE_REASON_SIZE 160
#define PROBE_WEIGHT_UNTOLD (-1)

struct probe_stage;

/* A descriptor that somebody waits for. */
struct probe_watch {
	int fd;
	void (*ready)(struct probe_watch *watch, uint32_t events); /* NULL = nobody any more */
};

struct probe {
	const struct check_spec *spec;
	const struct probe_kind *kind;
	struct probe_stage *stage;
	void *own;	  /* of its kind, from open() to close() */
	uint32_t turn;	  /* how often it was started: answers to earlier turns come too late */
	bool asking;	  /* between start() and stop() */
	int64_t asked_us; /* when it was started */
	struct probe_result {
		bool up;
		bool silent; /* down for want of an answer, which a lost packet is, too */
		int weight;  /* percent, or PROBE_WEIGHT_UNTOLD */
		uint32_t took_us;
		char reason[PROBE_REASON_SIZE];
	} result; /* of the last turn */
};

struct probe_kind {
	void (*open)(struct probe *probe);  /* once in its life; or NULL */
	void (*start)(struct probe *probe); /* ends in probe_done(), at once or later */
	void (*stop)(struct probe *probe);  /* gives up what start() took; or NULL */
	void (*close)(struct probe *probe); /* or NULL */
	const char *late;		    /* why it is down when its time is over */
};

/* What all probes share; the parts belong to the kinds, which make them when they are needed. */
struct probe_stage {
	int epoll;
	int64_t now_us;			/* of this round */
	VEC(struct probe *) done;	/* whose results nobody has taken yet */
	VEC(struct probe_watch *) dead; /* freed after the round */
	struct probe_tcp *tcp;
	struct probe_ping *ping;
	struct probe_neighbour *neighbour;
	struct probe_http *http;
	struct probe_script *script;
	bool broken; /* it cannot go on: a new worker can */
	/* The content of a blob, or false. */
	bool (*blob)(void *data, const uint8_t *digest, const void **ret_bytes, size_t *ret_length);
	void *data;
};

/* The kind of probe that @spec needs, or NULL when nothing is asked for it over the wire. */
const struct probe_kind *probe_kind_of(const struct check_spec *spec);

/* Of a probe's life, for who drives it. */
void probe_open(struct probe *probe, struct probe_stage *stage, const struct check_spec *spec);
void probe_start(struct probe *probe);
void probe_late(struct probe *probe); /* its time is over */
void probe_close(struct probe *probe);

/* For kinds: the end of this turn. Nothing of the turn may be touched any more. */
void probe_up(struct probe *probe, const char *format, ...) __attribute__((format(printf, 2, 3)));
void probe_down(struct probe *probe, const char *format, ...) __attribute__((format(printf, 2, 3)));
void probe_failed(struct probe *probe, const char *what, int error); /* "WHAT: no such device" */
void probe_end(struct probe *probe, const struct probe_result *result);

/*
 * A socket that goes the way that @spec names: link, source, mark. Non-blocking. Returns 0, or
 * -errno with what was tried in *ret_what.
 */
int probe_socket(const struct check_spec *spec, int type, int protocol, const char **ret_what,
		 int *ret_fd);
/* Whether a socket for one of them does for the other. */
bool probe_same_way(const struct check_spec *a, const struct check_spec *b);
/* The way of @spec by itself, beyond the life of @spec; .link is the caller's to free. */
struct check_spec probe_way(const struct check_spec *spec);
/* Whether a socket that was opened before may fail so because its link came back as another one. */
bool probe_way_is_stale(const struct check_spec *spec, int error);

/* A round of the stage: waits, and tells the watches. */
int probe_stage_open(struct probe_stage *stage);
void probe_stage_wait(struct probe_stage *stage, int64_t until_us);
void probe_stage_close(struct probe_stage *stage);
int probe_watch(struct probe_stage *stage, struct probe_watch *watch, uint32_t events);
/* Closes the descriptor; the memory, which begins with the watch, goes after the round. */
void probe_unwatch(struct probe_stage *stage, struct probe_watch *watch);

#endif
