/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The cheapest way in and out of a link that needs no driver of its own: frames go out past the
 * queueing discipline (PACKET_QDISC_BYPASS, 3.14) many at a time, and come in through a ring in
 * shared memory (TPACKET_V2) without a system call each. TPACKET_V3 would be cheaper still, but it
 * hands over whole blocks, by a timer of at least a millisecond when they do not fill: a closed
 * loop with a small window would wait for that timer and measure it.
 */
#include "tap.h"

#include "base/clock.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#define RING_FRAME 2048u
#define RING_BLOCK (64u * RING_FRAME)
#define RING_BLOCKS 16u
#define RING_FRAMES (RING_BLOCK / RING_FRAME * RING_BLOCKS)
#define SPIN_US 200

static struct tpacket2_hdr *tap_head(const struct tap *tap)
{
	return (struct tpacket2_hdr *)(tap->ring + (size_t)tap->next * RING_FRAME);
}

/* Pairs with the kernel, which writes the frame first and the status last. */
static bool tap_waits(const struct tap *tap)
{
	return __atomic_load_n(&tap_head(tap)->tp_status, __ATOMIC_ACQUIRE) & TP_STATUS_USER;
}

static int tap_map(struct tap *tap)
{
	const struct tpacket_req ring = {
		.tp_block_size = RING_BLOCK,
		.tp_block_nr = RING_BLOCKS,
		.tp_frame_size = RING_FRAME,
		.tp_frame_nr = RING_FRAMES,
	};
	const int version = TPACKET_V2, yes = 1;
	void *memory;

	if (setsockopt(tap->fd, SOL_PACKET, PACKET_VERSION, &version, sizeof(version)) < 0 ||
	    setsockopt(tap->fd, SOL_PACKET, PACKET_QDISC_BYPASS, &yes, sizeof(yes)) < 0 ||
	    setsockopt(tap->fd, SOL_PACKET, PACKET_RX_RING, &ring, sizeof(ring)) < 0)
		return -errno;
	memory = mmap(NULL, (size_t)RING_BLOCK * RING_BLOCKS, PROT_READ | PROT_WRITE, MAP_SHARED,
		      tap->fd, 0);
	if (memory == MAP_FAILED)
		return -errno;
	tap->ring = memory;
	return 0;
}

static int tap_bind(struct tap *tap, uint16_t ethertype)
{
	struct sockaddr_ll where = { .sll_family = AF_PACKET,
				     .sll_protocol = htons(ethertype),
				     .sll_ifindex = tap->link };

	return bind(tap->fd, (struct sockaddr *)&where, sizeof(where)) < 0 ? -errno : 0;
}

int tap_choose(struct tap *tap, const char *name)
{
	struct ifreq request = { 0 };
	unsigned link = if_nametoindex(name);

	if (!link || strlen(name) >= sizeof(request.ifr_name))
		return -ENODEV;
	strcpy(request.ifr_name, name);
	if (ioctl(tap->fd, SIOCGIFHWADDR, &request) < 0)
		return -errno;
	memcpy(tap->mac, request.ifr_hwaddr.sa_data, sizeof(tap->mac));
	tap->link = (int)link;
	return 0;
}

int tap_open(const char *name, uint16_t ethertype, struct tap *ret_tap)
{
	struct tap tap = { 0 };
	int error;

	/* Protocol 0: nothing is received before the ring stands and the link is named. */
	tap.fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (tap.fd < 0)
		return -errno;
	error = tap_map(&tap);
	if (!error && name)
		error = tap_choose(&tap, name);
	if (!error)
		error = tap_bind(&tap, ethertype);
	if (error)
		tap_close(&tap);
	else
		*ret_tap = tap;
	return error;
}

void tap_close(struct tap *tap)
{
	if (tap->ring)
		munmap(tap->ring, (size_t)RING_BLOCK * RING_BLOCKS);
	close(tap->fd);
}

/* Of which link the frame is that comes next in the ring. */
static int tap_link(const struct tap *tap)
{
	const struct sockaddr_ll *from = (const void *)((const uint8_t *)tap_head(tap) +
							TPACKET_ALIGN(sizeof(struct tpacket2_hdr)));

	return from->sll_ifindex;
}

const uint8_t *tap_receive(struct tap *tap, size_t *ret_length)
{
	const struct tpacket2_hdr *head;

	while (tap_waits(tap) && tap_link(tap) != tap->link)
		tap_release(tap);
	if (!tap_waits(tap))
		return NULL;
	head = tap_head(tap);
	*ret_length = head->tp_snaplen;
	return (const uint8_t *)head + head->tp_mac;
}

void tap_release(struct tap *tap)
{
	__atomic_store_n(&tap_head(tap)->tp_status, TP_STATUS_KERNEL, __ATOMIC_RELEASE);
	tap->next = (tap->next + 1) % RING_FRAMES;
}

/*
 * Looks for a while before it sleeps: whoever sends to a link on which somebody sleeps has to wake
 * them, and here that is the server, on its core and at its cost.
 */
unsigned tap_hear(struct tap *tap, tap_frame_fn *told, void *data)
{
	unsigned count = 0;
	const uint8_t *bytes;
	size_t length;

	while (count < TAP_BATCH && (bytes = tap_receive(tap, &length))) {
		told(data, bytes, length);
		tap_release(tap);
		count++;
	}
	return count;
}

void tap_wait(const struct tap *tap, int milliseconds)
{
	struct pollfd ready = { .fd = tap->fd, .events = POLLIN };
	int64_t until = clock_now_us() + SPIN_US;

	while (!tap_waits(tap))
		if (clock_now_us() > until) {
			poll(&ready, 1, milliseconds);
			break;
		}
}

int tap_send(const struct tap *tap, uint8_t *const *frames, const size_t *lengths, unsigned count)
{
	struct sockaddr_ll where = { .sll_family = AF_PACKET, .sll_ifindex = tap->link };
	struct mmsghdr messages[TAP_BATCH] = { 0 };
	struct iovec vectors[TAP_BATCH];
	unsigned done = 0;

	for (unsigned i = 0; i < count; i++) {
		vectors[i] = (struct iovec){ frames[i], lengths[i] };
		messages[i].msg_hdr.msg_name = &where;
		messages[i].msg_hdr.msg_namelen = sizeof(where);
		messages[i].msg_hdr.msg_iov = &vectors[i];
		messages[i].msg_hdr.msg_iovlen = 1;
	}
	while (done < count) {
		int sent = sendmmsg(tap->fd, messages + done, count - done, 0);

		if (sent < 0 && errno != EINTR)
			return -errno;
		done += sent > 0 ? (unsigned)sent : 0;
	}
	return 0;
}
