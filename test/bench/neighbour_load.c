/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Asks "who has it?" for addresses of a prefix, by ARP or neighbour discovery, and judges every
 * answer: it has to be about an address that was asked, lead to the MAC that it should, go to
 * whoever asked, bear a right checksum; and where silence is due (-s, -S, -x), there has to be
 * none. Two answers to one question are counted as well.
 *
 * A closed loop (-w questions in flight), because the slower side then sets the rate; or, with -q,
 * so many a second, as a scan does. A question where silence is due is not waited for: an answer to it is
 * found whenever it comes, to the end of the run and -d milliseconds after.
 *
 * The targets are worked out from their number and not kept, so that a million of them cost the
 * generator as much as one. Several generators may share a link if each asks from a MAC of its
 * own. Many askers, each on a link of its own, are read from standard input
 * and asked for one after another.
 */
#include "dice.h"
#include "histogram.h"
#include "question.h"
#include "tap.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <net/ethernet.h>
#include <netinet/ether.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define MAX_WINDOW 1024u
#define MAX_TARGETS (1u << 20)
#define MAX_SILENT 32u
#define MAX_WORDS (MAX_SILENT + 5)
#define HEADS 4096u
#define NOBODY UINT32_MAX
#define LOST_NS 200000000
#define LOST_OF_COUNTED_NS 2000000000 /* where each question counts, a busy machine is no loss */
#define WARM_NS 50000000
#define TOLD 5 /* wrong answers that are described */

struct options {
	unsigned targets, window, rate, milliseconds, count, drain, seed;
	bool each, silent, unicast, probe, plain, spoil;
};

struct asker {
	const char *link;
	struct question question; /* what all of its questions have in common */
	uint8_t mac[6];		  /* to which the answers should lead */
	struct prefix to, silent[MAX_SILENT];
	unsigned silents;
};

/* A question in flight; those about targets of one hash are a chain. */
struct slot {
	struct address target;
	uint64_t number;
	int64_t asked;
	uint32_t next;
	bool waiting;
};

struct tally {
	uint64_t asked, answers, wrong, broken, lost, late, silent, override, from_target, router;
};

struct load {
	struct options options;
	struct asker asker;
	struct tap tap;
	uint8_t open; /* for which family the tap is */
	struct slot slots[MAX_WINDOW];
	uint32_t heads[HEADS], free[MAX_WINDOW];
	unsigned free_count;
	uint64_t number; /* of the next question of this asker */
	int64_t start;
	struct tally tally;
	struct histogram times;
	double seconds;
	long long cpu_us; /* of ours, in that time */
	unsigned told;
};

static int64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static long long cpu_now(void)
{
	struct rusage used;

	getrusage(RUSAGE_SELF, &used);
	return (used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000000LL + used.ru_utime.tv_usec +
	       used.ru_stime.tv_usec;
}

/* The numbers 0, 1, 2... far from one another and always the same (MurmurHash3's finalizer). */
static uint64_t mixed(uint64_t number)
{
	number = (number ^ number >> 33) * 0xff51afd7ed558ccdull;
	number = (number ^ number >> 33) * 0xc4ceb9fe1a85ec53ull;
	return number ^ number >> 33;
}

/* Writes @value into the last bits of @address that @length leaves. */
static void host_part_set(struct address *address, unsigned length, uint64_t value)
{
	unsigned bits = address_bits(address->family) - length;

	for (unsigned i = 0; i < bits && i < 64; i++) {
		unsigned at = address_bits(address->family) - 1 - i;

		address->bytes[at / 8] |= (uint8_t)((value >> i & 1) << (7 - at % 8));
	}
}

static struct address target_of(const struct load *load, uint64_t number)
{
	const struct prefix *to = &load->asker.to;
	struct address target = prefix_address(to);

	if (load->options.each)
		host_part_set(&target, to->length, number);
	else if (load->options.targets > 1)
		host_part_set(
			&target, to->length,
			mixed(number % load->options.targets + load->options.seed * 0x10000ull + 1));
	return target;
}

static bool silence_is_due(const struct load *load, const struct address *target)
{
	if (load->options.silent || load->options.spoil)
		return true;
	for (unsigned i = 0; i < load->asker.silents; i++)
		if (prefix_holds(&load->asker.silent[i], target))
			return true;
	return false;
}

static uint32_t *head_of(struct load *load, const struct address *target)
{
	uint64_t low;

	memcpy(&low, target->bytes + (target->family == AF_INET ? 0 : 8), sizeof(low));
	return &load->heads[mixed(low) % HEADS];
}

/* The question about @target that has waited longest, or NULL. */
static struct slot *slot_find(struct load *load, const struct address *target)
{
	struct slot *found = NULL;

	for (uint32_t at = *head_of(load, target); at != NOBODY; at = load->slots[at].next) {
		struct slot *slot = &load->slots[at];

		if (address_equal(&slot->target, target) && (!found || slot->number < found->number))
			found = slot;
	}
	return found;
}

static void slot_release(struct load *load, struct slot *slot)
{
	uint32_t index = (uint32_t)(slot - load->slots), *at = head_of(load, &slot->target);

	while (*at != index)
		at = &load->slots[*at].next;
	*at = slot->next;
	slot->waiting = false;
	load->free[load->free_count++] = index;
}

static void slot_take(struct load *load, const struct address *target, int64_t time)
{
	uint32_t index = load->free[--load->free_count], *head = head_of(load, target);

	load->slots[index] = (struct slot){
		.target = *target, .number = load->number, .asked = time, .next = *head, .waiting = true
	};
	*head = index;
}

/* How many questions may be asked now. */
static uint64_t load_due(const struct load *load, int64_t time)
{
	const struct options *options = &load->options;
	uint64_t due = load->free_count;

	if (options->rate) {
		uint64_t until_now = (uint64_t)(time - load->start) * options->rate / 1000000000u;

		due = until_now > load->number ? until_now - load->number : 0;
	}
	if (options->count && options->count - load->number < due)
		due = options->count - load->number;
	return due;
}

/* Asks what is due, a batch at most. Gives how many that were, or -errno. */
static int load_ask(struct load *load)
{
	uint8_t bytes[TAP_BATCH][QUESTION_MAX_BYTES], *frames[TAP_BATCH];
	struct question question = load->asker.question;
	size_t lengths[TAP_BATCH];
	int64_t time = now();
	uint64_t due = load_due(load, time);
	unsigned count = 0;
	int error;

	while (count < due && count < TAP_BATCH && load->free_count) {
		question.target = target_of(load, load->number);
		frames[count] = bytes[count];
		lengths[count] = question_put(&question, bytes[count], QUESTION_MAX_BYTES);
		if (load->options.spoil)
			lengths[count] = question_spoil(bytes[count], lengths[count],
							mixed(load->number + load->options.seed));
		if (silence_is_due(load, &question.target))
			load->tally.silent++;
		else
			slot_take(load, &question.target, time);
		load->number++;
		load->tally.asked++;
		count++;
	}
	error = count ? tap_send(&load->tap, frames, lengths, count) : 0;
	return error ? error : (int)count;
}

static void load_tell(struct load *load, const struct address *target, const char *fault)
{
	char text[ADDRESS_TEXT_SIZE];

	load->tally.wrong++;
	if (load->told++ < TOLD)
		fprintf(stderr, "neighbour_load: %s: the answer for %s %s\n", load->asker.link,
			address_text(target, text), fault);
}

/* An answer that nobody waits for: forbidden, foreign, or one too many. */
static void load_hear_unasked(struct load *load, const struct answer *answer)
{
	bool ours = !memcmp(answer->to_mac, load->asker.question.mac, 6) || answer->to_mac[0] & 1;
	bool asked = prefix_holds(&load->asker.to, &answer->target);
	bool due = silence_is_due(load, &answer->target);

	/* To somebody else: theirs to judge. Announcements may come, but look like answers to probes. */
	if (!ours || (answer_is_announcement(answer) && !(load->options.probe && asked && due)))
		return;
	if (!asked)
		load_tell(load, &answer->target, "was not asked for");
	else if (due)
		load_tell(load, &answer->target, "should be silence");
	else
		load->tally.late++;
}

static void load_hear(void *data, const uint8_t *bytes, size_t length)
{
	struct load *load = data;
	struct question question = load->asker.question;
	struct answer answer;
	const char *fault;
	struct slot *slot;
	int error = answer_get(bytes, length, &answer);

	if (error == -EBADMSG) {
		load->tally.broken++;
		load_tell(load, &question.from, "is malformed (the asker is named)");
	}
	if (error)
		return;
	slot = slot_find(load, &answer.target);
	if (!slot) {
		load_hear_unasked(load, &answer);
		return;
	}
	question.target = slot->target;
	fault = answer_fault(&answer, &question, load->asker.mac);
	if (fault) {
		load_tell(load, &answer.target, fault);
	} else {
		load->tally.answers++;
		histogram_add(&load->times, (uint64_t)(now() - slot->asked));
	}
	load->tally.override += answer.override;
	load->tally.router += answer.router;
	load->tally.from_target += address_equal(&answer.from, &answer.target);
	slot_release(load, slot);
}

static void load_give_up(struct load *load, int64_t time)
{
	int64_t patience = load->options.count ? LOST_OF_COUNTED_NS : LOST_NS;

	for (unsigned i = 0; i < load->options.window; i++) {
		struct slot *slot = &load->slots[i];

		if (slot->waiting && time - slot->asked >= patience) {
			load->tally.lost++;
			slot_release(load, slot);
		}
	}
}

static bool load_is_done(const struct load *load, int64_t time, int64_t end)
{
	if (load->options.count)
		return load->number >= load->options.count &&
		       load->free_count == load->options.window;
	return time >= end;
}

/* Asks and hears until @end, or until all is asked and heard. */
static int load_run_until(struct load *load, int64_t end)
{
	int64_t looked = now();

	for (int64_t time = looked; !load_is_done(load, time, end); time = now()) {
		int asked = load_ask(load);
		unsigned heard;

		if (asked < 0)
			return asked;
		heard = tap_hear(&load->tap, load_hear, load);
		if (!heard && !asked)
			tap_wait(&load->tap, load->options.rate ? 0 : 10);
		/* What lies in the ring is not lost: it was we who slept. */
		if (heard || time - looked < LOST_NS / 10)
			continue;
		looked = time;
		load_give_up(load, time);
	}
	return 0;
}

/* Silence has to last: hears for a while longer. What still comes in time is right. */
static void load_drain(struct load *load)
{
	int64_t end = now() + (int64_t)load->options.drain * 1000000;

	while (now() < end)
		if (!tap_hear(&load->tap, load_hear, load))
			tap_wait(&load->tap, 1);
}

static void load_reset(struct load *load)
{
	memset(load->heads, 0xff, sizeof(load->heads));
	memset(load->slots, 0, sizeof(load->slots));
	load->free_count = load->options.window;
	for (unsigned i = 0; i < load->options.window; i++)
		load->free[i] = i;
	load->number = 0;
	load->start = now();
}

/* A run by the clock is warmed up first, and only the answers after that are counted; faults always are. */
static int load_measure(struct load *load)
{
	struct tally warm;
	long long cpu;
	int64_t start;
	int error = 0;

	if (!load->options.count) {
		error = load_run_until(load, now() + WARM_NS);
		warm = load->tally;
		memset(&load->times, 0, sizeof(load->times));
		load->tally = (struct tally){ .wrong = warm.wrong, .broken = warm.broken };
	}
	start = now();
	cpu = cpu_now();
	if (!error)
		error = load_run_until(load, start + (int64_t)load->options.milliseconds * 1000000);
	load->seconds += (double)(now() - start) / 1e9;
	load->cpu_us += cpu_now() - cpu;
	return error;
}

/* The tap stays open while the askers have one family. */
static int load_open(struct load *load)
{
	uint8_t family = load->asker.to.family;
	int error = 0;

	if (load->open != family) {
		if (load->open)
			tap_close(&load->tap);
		load->open = 0;
		error = tap_open(NULL, family == AF_INET ? ETHERTYPE_ARP : ETHERTYPE_IPV6,
				 &load->tap);
	}
	if (error)
		return error;
	load->open = family;
	return tap_choose(&load->tap, load->asker.link);
}

static int load_run(struct load *load)
{
	int error = load_open(load);

	if (error)
		return error;
	if (!memcmp(load->asker.question.mac, (uint8_t[6]){ 0 }, 6))
		memcpy(load->asker.question.mac, load->tap.mac, 6);
	load_reset(load);
	error = load_measure(load);
	load_drain(load);
	return error;
}

/* "ADDRESS" or "ADDRESS@MAC". */
static bool from_read(char *text, struct question *question)
{
	char *at = strchr(text, '@');
	struct ether_addr mac;

	if (at) {
		*at = '\0';
		if (!ether_aton_r(at + 1, &mac))
			return false;
		memcpy(question->mac, &mac, 6);
	}
	return !address_parse(text, &question->from);
}

/* LINK MAC FROM PREFIX [SILENT]... */
static bool asker_read(const struct options *options, char **words, unsigned count,
		       struct asker *asker)
{
	struct question *question = &asker->question;
	struct ether_addr mac;

	*asker = (struct asker){ 0 };
	if (count < 4 || count > 4 + MAX_SILENT || !ether_aton_r(words[1], &mac) ||
	    !from_read(words[2], question) || prefix_parse(words[3], &asker->to) ||
	    question->from.family != asker->to.family)
		return false;
	asker->link = words[0];
	memcpy(asker->mac, &mac, 6);
	memcpy(question->to_mac, &mac, 6);
	question->unicast = options->unicast;
	question->plain = options->plain;
	if (options->probe)
		memset(question->from.bytes, 0, sizeof(question->from.bytes));
	for (unsigned i = 4; i < count; i++)
		if (prefix_parse(words[i], &asker->silent[asker->silents++]))
			return false;
	return true;
}

static int load_run_words(struct load *load, char **words, unsigned count)
{
	const struct prefix *to = &load->asker.to;
	int error;

	if (!asker_read(&load->options, words, count, &load->asker)) {
		fprintf(stderr,
			"neighbour_load: expected LINK MAC FROM[@MAC] PREFIX [SILENT]...\n");
		return 2;
	}
	if (load->options.each)
		load->options.count = 1u << (address_bits(to->family) - to->length);
	error = load_run(load);
	if (error)
		fprintf(stderr, "neighbour_load: %s: %s\n", load->asker.link, strerror(-error));
	return error ? 1 : 0;
}

/* Runs one asker for each line of standard input. */
static int load_run_lines(struct load *load)
{
	char line[4096], *words[MAX_WORDS];
	int status = 0;

	while (!status && fgets(line, sizeof(line), stdin)) {
		unsigned count = 0;

		for (char *word = strtok(line, " \n"); word && count < MAX_WORDS;
		     word = strtok(NULL, " \n"))
			words[count++] = word;
		if (count)
			status = load_run_words(load, words, count);
	}
	return status;
}

static void load_print(const struct load *load)
{
	const struct tally *tally = &load->tally;
	const struct {
		const char *name;
		uint64_t count;
	} counts[] = {
		{ "asked", tally->asked },   { "answers", tally->answers },
		{ "silent", tally->silent }, { "wrong", tally->wrong },
		{ "broken", tally->broken }, { "lost", tally->lost },
		{ "late", tally->late },     { "override", tally->override },
		{ "router", tally->router }, { "from_target", tally->from_target },
	};
	printf("{\"seconds\": %.6f", load->seconds);
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
		printf(", \"%s\": %" PRIu64, counts[i].name, counts[i].count);
	printf(", \"p50_us\": %.1f, \"p99_us\": %.1f, \"max_us\": %.1f, \"cpu_us\": %lld}\n",
	       (double)histogram_quantile(&load->times, 0.5) / 1000.0,
	       (double)histogram_quantile(&load->times, 0.99) / 1000.0,
	       (double)load->times.greatest / 1000.0, load->cpu_us);
}

static int usage(void)
{
	fputs("usage: neighbour_load [OPTION]... LINK MAC FROM[@MAC] PREFIX [SILENT]...\n"
	      "       neighbour_load [OPTION]... -\n"
	      "  asks out of LINK as FROM (with the link's MAC) who has addresses of PREFIX. The "
	      "answers\n"
	      "  should lead to MAC, and addresses of SILENT have none. '-' reads many such from "
	      "lines of\n"
	      "  standard input, and asks one after another. Prints a line of JSON\n"
	      "  -a N   addresses asked, spread over PREFIX (1: its first; at most 1048576)\n"
	      "  -e     each address of PREFIX once, in order\n"
	      "  -n N   questions, instead of a time\n"
	      "  -t N   milliseconds (1000)\n"
	      "  -w N   questions in flight (1; at most 1024)\n"
	      "  -q N   questions a second, whatever comes back\n"
	      "  -S     silence is due for all\n"
	      "  -x     each question is malformed, in ways that -r chooses: silence is due\n"
	      "  -p     probes: asks from no address (RFC 5227, RFC 4862)\n"
	      "  -u     asks by unicast      -l   asks without the link-layer address option\n"
	      "  -d N   milliseconds in which silence has to last afterwards (100)\n"
	      "  -r N   seed of the addresses and of what is malformed\n",
	      stderr);
	return 2;
}

static bool options_read(int argc, char **argv, struct options *options)
{
	const struct {
		char letter;
		unsigned *number, min, max;
	} numbers[] = {
		{ 'a', &options->targets, 1, MAX_TARGETS },
		{ 'n', &options->count, 1, UINT32_MAX },
		{ 't', &options->milliseconds, 1, 600000 },
		{ 'w', &options->window, 1, MAX_WINDOW },
		{ 'q', &options->rate, 1, 10000000 },
		{ 'd', &options->drain, 0, 10000 },
		{ 'r', &options->seed, 0, UINT32_MAX },
	};
	const struct {
		char letter;
		bool *flag;
	} flags[] = {
		{ 'e', &options->each },    { 'S', &options->silent }, { 'x', &options->spoil },
		{ 'u', &options->unicast }, { 'p', &options->probe },  { 'l', &options->plain },
	};
	bool fine = true;
	int letter;

	while ((letter = getopt(argc, argv, "a:en:t:w:q:Sxpuld:r:")) != -1) {
		bool known = false;

		for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
			if (numbers[i].letter == letter)
				known = number_read(optarg, numbers[i].min, numbers[i].max,
						    numbers[i].number);
		for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
			if (flags[i].letter == letter)
				known = *flags[i].flag = true;
		fine = fine && known;
	}
	return fine && optind < argc;
}

int main(int argc, char **argv)
{
	static struct load load = {
		.options = { .targets = 1, .window = 1, .milliseconds = 1000, .drain = 100 }
	};
	int status;

	if (!options_read(argc, argv, &load.options))
		return usage();
	if (load.options.rate)
		load.options.window = MAX_WINDOW;
	if (argc - optind == 1 && !strcmp(argv[optind], "-"))
		status = load_run_lines(&load);
	else
		status = load_run_words(&load, argv + optind, (unsigned)(argc - optind));
	if (load.open)
		tap_close(&load.tap);
	if (status == 0)
		load_print(&load);
	return status;
}
