/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_BENCH_TAP_H
#define MH_BENCH_TAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TAP_BATCH 64

/* Whole frames out of, and into, one link. */
struct tap {
	int fd;
	uint8_t *ring;
	unsigned next;	/* frame of the ring that is read next */
	uint8_t mac[6]; /* of the link */
	int link;	/* out of which it sends and from which it hears */
};

/*
 * Opens link @name, or with NULL all of them, for frames of @ethertype (host order). Of all links
 * one is chosen then, which costs nothing, while to open and to close takes tens of milliseconds.
 * Return 0 or -errno.
 */
int tap_open(const char *name, uint16_t ethertype, struct tap *ret_tap);
int tap_choose(struct tap *tap, const char *name);
void tap_close(struct tap *tap);

/* The next received frame where it lies, or NULL. tap_release() it before the next. */
const uint8_t *tap_receive(struct tap *tap, size_t *ret_length);
void tap_release(struct tap *tap);
/* Tells of what has come, at most a batch, so that a window is filled up again soon. Returns how many. */
typedef void tap_frame_fn(void *data, const uint8_t *bytes, size_t length);
unsigned tap_hear(struct tap *tap, tap_frame_fn *told, void *data);
/* Waits for a frame, at most @milliseconds. */
void tap_wait(const struct tap *tap, int milliseconds);

/* Sends @count frames, at most TAP_BATCH. Returns 0 when the link took all of them, or -errno. */
int tap_send(const struct tap *tap, uint8_t *const *frames, const size_t *lengths, unsigned count);

#endif
