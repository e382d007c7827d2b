/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A closed loop of UDP questions: always W of them in flight, to N random addresses of a prefix
 * (or to one), each answer checked: it must come from the address and the port asked, to the port
 * that asked, with the very bytes of the question. What a UDP client would drop without a word is
 * counted here as wrong.
 *
 * Closed, because an open loop has to guess the rate at which the server is loaded but does not
 * yet drop, and guesses differently for each server; in a closed one the slower side sets the
 * rate, and the harness sees to it that this is the server. A question without an answer within
 * LOST_US is lost and another asked in its place, so that a lost datagram costs its share of the
 * window and not the run.
 *
 * The addresses asked come from a generator with a fixed seed: both sides of a comparison are
 * asked the same ones.
 */
#include "dice.h"
#include "frame.h"
#include "tap.h"

#include "base/clock.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <net/ethernet.h>
#include <netinet/ether.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define MAX_WINDOW 1024u
#define MAX_TARGETS 65536u
#define LOST_US 200000
#define WARM_US 50000
#define DRAIN_US 100000
#define FIRST_PORT 20000u

struct options {
	const char *link;
	struct prefix to;
	struct ether_addr mac;
	unsigned port, targets, ports, window, payload, milliseconds, seed;
};

struct slot {
	uint64_t number;
	int64_t asked_us;
	const struct address *target;
	uint16_t from_port;
	bool waiting;
	uint8_t bytes[FRAME_MAX_BYTES];
	size_t length;
};

struct tally {
	uint64_t answers, wrong, lost, late;
};

struct load {
	struct options options;
	struct frame question; /* what all have in common */
	struct tap tap;
	struct slot *slots;
	struct address *targets;
	uint64_t asked;
	struct tally tally;
	unsigned free[MAX_WINDOW]; /* slots that wait to be asked */
	unsigned free_count;
};

/* Random addresses of the prefix; when only one is asked for, its first. */
static void targets_fill(struct load *load)
{
	const struct prefix *prefix = &load->options.to;
	uint64_t state = 0x9e3779b97f4a7c15ull ^ load->options.seed;

	for (unsigned i = 0; i < load->options.targets; i++) {
		struct address *target = &load->targets[i];

		*target = prefix_address(prefix);
		for (unsigned bit = prefix->length;
		     load->options.targets > 1 && bit < address_bits(prefix->family); bit++)
			target->bytes[bit / 8] |= (uint8_t)((dice_next(&state) >> 40 & 1)
							    << (7 - bit % 8));
	}
}

/* Writes the next question of @index. */
static void slot_prepare(struct load *load, unsigned index)
{
	struct slot *slot = &load->slots[index];
	struct frame *question = &load->question;

	slot->number = load->asked++;
	slot->target = &load->targets[slot->number % load->options.targets];
	slot->from_port = (uint16_t)(FIRST_PORT + slot->number % load->options.ports);
	slot->waiting = true;
	question->slot = index;
	question->number = slot->number;
	question->to = *slot->target;
	question->from_port = slot->from_port;
	slot->length = frame_put(question, slot->bytes, sizeof(slot->bytes));
}

/* Asks what is free. */
static int load_ask(struct load *load)
{
	uint8_t *frames[TAP_BATCH];
	size_t lengths[TAP_BATCH];

	while (load->free_count) {
		int64_t now = clock_now_us();
		unsigned count = 0;
		int error;

		while (load->free_count && count < TAP_BATCH) {
			unsigned index = load->free[--load->free_count];

			slot_prepare(load, index);
			load->slots[index].asked_us = now;
			frames[count] = load->slots[index].bytes;
			lengths[count++] = load->slots[index].length;
		}
		error = tap_send(&load->tap, frames, lengths, count);
		if (error)
			return error;
	}
	return 0;
}

/* Whether @answer is what the question in @slot asked for. */
static bool answer_right(const struct load *load, const struct slot *slot, const struct frame *answer)
{
	return address_equal(&answer->from, slot->target) &&
	       address_equal(&answer->to, &load->question.from) &&
	       answer->from_port == load->options.port && answer->to_port == slot->from_port &&
	       answer->payload == load->options.payload;
}

static void load_hear(void *data, const uint8_t *bytes, size_t length)
{
	struct load *load = data;
	struct frame answer;
	struct slot *slot;
	int error = frame_get(bytes, length, &answer);

	if (error == -EBADMSG)
		load->tally.wrong++;
	if (error || answer.run != load->question.run)
		return;
	slot = answer.slot < load->options.window ? &load->slots[answer.slot] : NULL;
	if (!slot || answer.number >= load->asked) {
		load->tally.wrong++;
		return;
	}
	if (!slot->waiting || slot->number != answer.number) {
		load->tally.late++; /* given up before, or answered twice */
		return;
	}
	if (answer_right(load, slot, &answer))
		load->tally.answers++;
	else
		load->tally.wrong++;
	slot->waiting = false;
	load->free[load->free_count++] = answer.slot;
}

static void load_give_up(struct load *load, int64_t now)
{
	for (unsigned i = 0; i < load->options.window; i++) {
		struct slot *slot = &load->slots[i];

		if (!slot->waiting || now - slot->asked_us < LOST_US)
			continue;
		slot->waiting = false;
		load->tally.lost++;
		load->free[load->free_count++] = i;
	}
}

/* Asks until @end; nothing more is asked then. */
static int load_run_until(struct load *load, int64_t end)
{
	int64_t looked = clock_now_us();

	for (int64_t now = looked; now < end; now = clock_now_us()) {
		int error = load_ask(load);
		unsigned heard;

		if (error)
			return error;
		heard = tap_hear(&load->tap, load_hear, load);
		if (!heard)
			tap_wait(&load->tap, 10);
		/* What lies in the ring is not lost: it was we who slept. */
		if (heard || now - looked < LOST_US / 10)
			continue;
		looked = now;
		load_give_up(load, now);
	}
	return 0;
}

/* What is still in flight must not meet the next run: hears it, uncounted. */
static void load_drain(struct load *load)
{
	int64_t end = clock_now_us() + DRAIN_US;

	while (load->free_count < load->options.window && clock_now_us() < end)
		if (!tap_hear(&load->tap, load_hear, load))
			tap_wait(&load->tap, 10);
}

/* Gives the answers of the measured time; the tally has all, those before and after it included. */
static int load_run(struct load *load, double *ret_seconds, uint64_t *ret_answers)
{
	uint64_t warm;
	int64_t start;
	int error;

	for (unsigned i = 0; i < load->options.window; i++)
		load->free[load->free_count++] = i;
	error = load_run_until(load, clock_now_us() + WARM_US);
	if (error)
		return error;
	warm = load->tally.answers;
	start = clock_now_us();
	error = load_run_until(load, start + (int64_t)load->options.milliseconds * 1000);
	*ret_seconds = (double)(clock_now_us() - start) / 1e6;
	*ret_answers = load->tally.answers - warm;
	load_drain(load);
	return error;
}

static int load_open(struct load *load, const char *from)
{
	const struct options *options = &load->options;
	bool v4 = options->to.family == AF_INET;

	if (address_parse(from, &load->question.from) < 0 ||
	    load->question.from.family != options->to.family)
		return -EAFNOSUPPORT;
	load->slots = calloc(options->window, sizeof(*load->slots));
	load->targets = calloc(options->targets, sizeof(*load->targets));
	if (!load->slots || !load->targets)
		return -ENOMEM;
	targets_fill(load);
	memcpy(load->question.to_mac, &options->mac, 6);
	load->question.to_port = (uint16_t)options->port;
	load->question.payload = (uint16_t)options->payload;
	load->question.run = (uint32_t)getpid() ^ (uint32_t)clock_now_us();
	return tap_open(options->link, v4 ? ETHERTYPE_IP : ETHERTYPE_IPV6, &load->tap);
}

static long long microseconds(struct timeval time)
{
	return time.tv_sec * 1000000LL + time.tv_usec;
}

static void load_print(const struct load *load, double seconds, uint64_t answers)
{
	const struct tally *tally = &load->tally;
	struct rusage used;

	getrusage(RUSAGE_SELF, &used);
	printf("{\"seconds\": %.6f, \"answers\": %" PRIu64 ", \"answers_in_all\": %" PRIu64 ", ",
	       seconds, answers, tally->answers);
	printf("\"wrong\": %" PRIu64 ", \"lost\": %" PRIu64 ", \"late\": %" PRIu64
	       ", \"cpu_us\": %lld}\n",
	       tally->wrong, tally->lost, tally->late,
	       microseconds(used.ru_utime) + microseconds(used.ru_stime));
}

static int usage(void)
{
	fputs("usage: udp_load [OPTION]... LINK MAC FROM PREFIX PORT\n"
	      "  asks PREFIX at PORT as FROM out of LINK, by way of MAC; prints a line of JSON\n"
	      "  -a N   addresses asked, random ones of PREFIX (1: its first; at most 65536)\n"
	      "  -p N   ports to ask from (1)\n"
	      "  -w N   questions in flight (32; at most 1024)\n"
	      "  -s N   bytes of payload (64; 20 to 1400)\n"
	      "  -t N   milliseconds (1000; at most 60000)\n"
	      "  -r N   seed of the addresses\n",
	      stderr);
	return 2;
}

static bool options_read(int argc, char **argv, struct options *options)
{
	const struct {
		char letter;
		unsigned *number, min, max;
	} table[] = {
		{ 'a', &options->targets, 1, MAX_TARGETS },
		{ 'p', &options->ports, 1, 1024 },
		{ 'w', &options->window, 1, MAX_WINDOW },
		{ 's', &options->payload, FRAME_MIN_PAYLOAD, FRAME_MAX_PAYLOAD },
		{ 't', &options->milliseconds, 1, 60000 },
		{ 'r', &options->seed, 0, UINT32_MAX },
	};
	bool fine = true;
	int letter;

	while ((letter = getopt(argc, argv, "a:p:w:s:t:r:")) != -1) {
		bool known = false;

		for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
			if (table[i].letter == letter)
				known = number_read(optarg, table[i].min, table[i].max,
						    table[i].number);
		fine = fine && known;
	}
	if (!fine || argc - optind != 5)
		return false;
	options->link = argv[optind];
	return ether_aton_r(argv[optind + 1], &options->mac) &&
	       !prefix_parse(argv[optind + 3], &options->to) &&
	       number_read(argv[optind + 4], 1, 65535, &options->port);
}

int main(int argc, char **argv)
{
	static struct load load = {
		.options = { .targets = 1, .ports = 1, .window = 32, .payload = 64, .milliseconds = 1000 }
	};
	uint64_t answers = 0;
	double seconds = 0;
	int error;

	if (!options_read(argc, argv, &load.options))
		return usage();
	error = load_open(&load, argv[optind + 2]);
	if (!error) {
		memcpy(load.question.from_mac, load.tap.mac, 6);
		error = load_run(&load, &seconds, &answers);
		tap_close(&load.tap);
	}
	free(load.slots);
	free(load.targets);
	if (error) {
		fprintf(stderr, "udp_load: %s: %s\n", load.options.link, strerror(-error));
		return 1;
	}
	load_print(&load, seconds, answers);
	return 0;
}
