/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The kernel works on a request within the send, and puts its answer into the receive buffer of the
 * socket before the send returns. Two things follow. Many requests in one send cost one system call
 * and are still done in order. And answers that nobody has read yet take room: when it is used up
 * the kernel drops an answer and we cannot know what became of the request. So there are never more
 * requests unanswered than the buffer has room for, whatever its size turned out to be.
 *
 * A refusal is always answered, a success only where it is asked for. So only the last request of a
 * send asks: what was not refused before its answer was done. (Asking for each costs a good tenth
 * of the time of ten thousand routes.)
 *
 * An answer counts for the buffer with the size of its memory, not of its bytes: somewhat above one
 * kilobyte for a short one, below two with an extended ack (seen on 6.1 and 6.18).
 */
#include "io/netlink.h"

#include "base/clock.h"
#include "base/fd.h"
#include "base/mem.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/filter.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PACKETS 16	  /* received by one system call */
#define PACKET_SIZE 32768 /* the kernel fills no dump datagram beyond this */
#define BATCH_SIZE 32768  /* sent by one system call */
#define ANSWER_ROOM 2048  /* of the receive buffer for one answer */
#define PATIENCE_US (10 * 1000000LL)

/* Datagrams of one recvmmsg(2). */
struct arrival {
	struct mmsghdr headers[PACKETS];
	struct iovec vectors[PACKETS];
	struct sockaddr_nl senders[PACKETS];
};

/* A dump being read. */
struct dump {
	uint32_t sequence;
	netlink_message_fn *fn;
	void *data;
	bool done, interrupted;
	int error;
};

typedef void packet_fn(struct netlink *netlink, const struct nlmsghdr *message, void *data);

static void set_option(int fd, int option)
{
	int one = 1;

	/*
	 * An old kernel lacks some: then a dump tells more than was asked for, and an error says
	 * less.
	 */
	(void)setsockopt(fd, SOL_NETLINK, option, &one, sizeof(one));
}

static void set_room(int fd, size_t bytes)
{
	int room = (int)bytes;

	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)) < 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
}

static unsigned window_of(int fd)
{
	socklen_t size = sizeof(int);
	int room = 0;

	if (getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, &size) < 0 || room < 2 * ANSWER_ROOM)
		return 1;
	return (unsigned)(room / ANSWER_ROOM);
}

static int join_groups(int fd, const unsigned *groups)
{
	for (; *groups; groups++)
		if (setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, groups, sizeof(*groups)) < 0)
			return -errno;
	return 0;
}

int netlink_open_protocol(struct netlink *netlink, int protocol, const unsigned *groups,
			  size_t receive_bytes)
{
	AUTO_FD fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | (groups ? SOCK_NONBLOCK : 0),
			    protocol);
	struct sockaddr_nl address = { .nl_family = AF_NETLINK };
	socklen_t size = sizeof(address);
	unsigned window;
	int r;

	if (fd < 0)
		return -errno;
	set_option(fd, NETLINK_GET_STRICT_CHK);
	set_option(fd, NETLINK_EXT_ACK);
	set_option(fd, NETLINK_CAP_ACK);
	set_room(fd, receive_bytes);
	if (bind(fd, (struct sockaddr *)&address, size) < 0 ||
	    getsockname(fd, (struct sockaddr *)&address, &size) < 0)
		return -errno;
	r = groups ? join_groups(fd, groups) : 0;
	if (r < 0)
		return r;
	/* Before fd_take(): initializers are evaluated in no order that one could lean on. */
	window = window_of(fd);
	*netlink = (struct netlink){
		.port = address.nl_pid,
		.sequence = 1,
		.packets = mem_alloc((size_t)PACKETS * PACKET_SIZE),
		.batch = groups ? NULL : mem_alloc(BATCH_SIZE),
		.window = window,
		.fd = fd_take(&fd),
	};
	return 0;
}

int netlink_open(struct netlink *netlink, const unsigned *groups, size_t receive_bytes)
{
	return netlink_open_protocol(netlink, NETLINK_ROUTE, groups, receive_bytes);
}

void netlink_close(struct netlink *netlink)
{
	if (!netlink->packets)
		return;
	fd_closep(&netlink->fd);
	free(netlink->packets);
	free(netlink->batch);
	*netlink = (struct netlink){ .fd = -1 };
}

/* The filter reads in network order what stands there in the host's. */
static uint32_t as_loaded(uint32_t value, size_t offset)
{
	return offset == offsetof(struct nlmsghdr, nlmsg_pid) ? htonl(value) : htons((uint16_t)value);
}

void netlink_mute(struct netlink *events, uint32_t port, uint16_t first, uint16_t last)
{
	const uint32_t pid = offsetof(struct nlmsghdr, nlmsg_pid);
	const uint32_t type = offsetof(struct nlmsghdr, nlmsg_type);
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, pid),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, as_loaded(port, pid), 0, 3),
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, type),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, as_loaded(first, type), 2, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, as_loaded(last, type), 1, 0),
		BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	const struct sock_fprog program = { .len = ARRAY_SIZE(code), .filter = code };

	(void)setsockopt(events->fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program));
}

void netlink_unmute(struct netlink *events)
{
	int unused = 0;

	(void)setsockopt(events->fd, SOL_SOCKET, SO_DETACH_FILTER, &unused, sizeof(unused));
}

static void arrival_init(struct arrival *arrival, char *packets)
{
	for (size_t i = 0; i < PACKETS; i++) {
		arrival->vectors[i] = (struct iovec){ packets + i * PACKET_SIZE, PACKET_SIZE };
		arrival->headers[i] =
			(struct mmsghdr){ .msg_hdr = {
						  .msg_name = &arrival->senders[i],
						  .msg_namelen = sizeof(arrival->senders[i]),
						  .msg_iov = &arrival->vectors[i],
						  .msg_iovlen = 1,
					  } };
	}
}

const struct nlmsghdr *netlink_next(const char **bytes, size_t *left)
{
	const struct nlmsghdr *message = (const struct nlmsghdr *)*bytes;
	size_t step;

	if (*left < sizeof(*message) || message->nlmsg_len < sizeof(*message) ||
	    message->nlmsg_len > *left)
		return NULL;
	step = NLMSG_ALIGN((size_t)message->nlmsg_len);
	if (step > *left)
		step = *left;
	*bytes += step;
	*left -= step;
	return message;
}

const struct nlattr *netlink_attribute(const struct nlmsghdr *message, size_t header,
				       const struct nlattr *last)
{
	size_t at = NLMSG_HDRLEN + NLMSG_ALIGN(header);
	const struct nlattr *attribute;

	if (last)
		at = (size_t)((const char *)last - (const char *)message) +
		     NLA_ALIGN((size_t)last->nla_len);
	attribute = (const struct nlattr *)((const char *)message + at);
	if (at > message->nlmsg_len || message->nlmsg_len - at < sizeof(*attribute) ||
	    attribute->nla_len < sizeof(*attribute) || attribute->nla_len > message->nlmsg_len - at)
		return NULL;
	return attribute;
}

static void walk_messages(struct netlink *netlink, const char *packet, size_t length, packet_fn *fn,
			  void *data)
{
	const struct nlmsghdr *message;

	while ((message = netlink_next(&packet, &length)))
		fn(netlink, message, data);
}

/*
 * Receives once: what waits, up to PACKETS datagrams. Returns how many, -EAGAIN, or -errno; a
 * datagram that was cut short counts as lost. Only the kernel (port 0) is listened to.
 */
static int receive_once(struct netlink *netlink, packet_fn *fn, void *data)
{
	struct arrival arrival;
	bool cut = false;
	int count;

	arrival_init(&arrival, netlink->packets);
	count = recvmmsg(netlink->fd, arrival.headers, PACKETS, MSG_DONTWAIT, NULL);
	if (count < 0)
		return errno == EINTR ? 0 : -errno;
	for (int i = 0; i < count; i++) {
		cut |= (arrival.headers[i].msg_hdr.msg_flags & MSG_TRUNC) != 0;
		if (arrival.senders[i].nl_pid == 0)
			walk_messages(netlink, netlink->packets + (size_t)i * PACKET_SIZE,
				      arrival.headers[i].msg_len, fn, data);
	}
	return cut ? -ENOBUFS : count;
}

struct event_reader {
	netlink_message_fn *fn;
	void *data;
};

static void take_event(struct netlink *netlink, const struct nlmsghdr *message, void *data)
{
	const struct event_reader *reader = data;

	reader->fn(reader->data, message);
}

int netlink_receive(struct netlink *netlink, unsigned most, netlink_message_fn *fn, void *data)
{
	struct event_reader reader = { fn, data };
	bool lost = false;

	for (unsigned told = 0; told < most;) {
		int r = receive_once(netlink, take_event, &reader);

		if (r == -ENOBUFS)
			lost = true;
		else if (r == -EAGAIN)
			return lost ? -ENOBUFS : 0;
		else if (r < 0)
			return r;
		told += r > 0 ? (unsigned)r : 1;
	}
	return lost ? -ENOBUFS : 1;
}

/* Waits until something is to be read. */
static int wait_readable(int fd, int64_t deadline)
{
	for (;;) {
		struct pollfd poller = { .fd = fd, .events = POLLIN };
		int64_t left = deadline - clock_now_us();
		int r = left > 0 ? poll(&poller, 1, (int)(left / 1000) + 1) : 0;

		if (r > 0)
			return 0;
		if (r == 0)
			return -ETIMEDOUT;
		if (errno != EINTR)
			return -errno;
	}
}

static int send_all(struct netlink *netlink, const void *bytes, size_t length)
{
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	ssize_t sent;

	do {
		sent = sendto(netlink->fd, bytes, length, 0, (struct sockaddr *)&kernel,
			      sizeof(kernel));
	} while (sent < 0 && errno == EINTR);
	return sent < 0 ? -errno : 0;
}

bool netlink_read_error(const struct nlmsghdr *message, int *ret_error, char *text, size_t text_size)
{
	size_t length = mnl_nlmsg_get_payload_len(message), before = sizeof(int);
	const struct nlmsgerr *error = mnl_nlmsg_get_payload(message);
	const struct nlattr *attribute = NULL;

	if (length < sizeof(int))
		return false;
	*ret_error = error->error;
	text[0] = '\0';
	if (!(message->nlmsg_flags & NLM_F_ACK_TLVS))
		return true;
	if (message->nlmsg_type == NLMSG_ERROR) {
		before = sizeof(*error);
		/* A long ack repeats the request's payload between the two. */
		if (length >= before && !(message->nlmsg_flags & NLM_F_CAPPED) &&
		    error->msg.nlmsg_len >= sizeof(error->msg))
			before += MNL_ALIGN((size_t)error->msg.nlmsg_len) - sizeof(error->msg);
	}
	if (before > length)
		return true;
	while ((attribute = netlink_attribute(message, before, attribute))) {
		if (mnl_attr_get_type(attribute) == NLMSGERR_ATTR_MSG)
			snprintf(text, text_size, "%.*s", (int)mnl_attr_get_payload_len(attribute),
				 (const char *)mnl_attr_get_payload(attribute));
	}
	return true;
}

static void take_dump(struct netlink *netlink, const struct nlmsghdr *message, void *data)
{
	struct dump *dump = data;
	char text[8];

	if (message->nlmsg_seq != dump->sequence || message->nlmsg_pid != netlink->port)
		return;
	dump->interrupted |= (message->nlmsg_flags & NLM_F_DUMP_INTR) != 0;
	if (message->nlmsg_type == NLMSG_DONE || message->nlmsg_type == NLMSG_ERROR) {
		dump->done = true;
		if (!netlink_read_error(message, &dump->error, text, sizeof(text)))
			dump->error = message->nlmsg_type == NLMSG_DONE ? 0 : -EPROTO;
	} else if (message->nlmsg_type >= NLMSG_MIN_TYPE) {
		dump->fn(dump->data, message);
	}
}

/* Sends @request and reads until the end of its answer. */
static int converse(struct netlink *netlink, struct nlmsghdr *request, netlink_message_fn *fn,
		    void *data)
{
	struct dump dump = { .sequence = netlink->sequence++, .fn = fn, .data = data };
	int r;

	request->nlmsg_seq = dump.sequence;
	r = send_all(netlink, request, request->nlmsg_len);
	while (r >= 0 && !dump.done) {
		r = wait_readable(netlink->fd, clock_now_us() + PATIENCE_US);
		if (r == 0)
			r = receive_once(netlink, take_dump, &dump);
		if (r == -EAGAIN)
			r = 0;
	}
	if (r >= 0)
		r = dump.error < 0 ? dump.error : 0;
	return r == 0 && dump.interrupted ? -EINTR : r;
}

int netlink_dump(struct netlink *netlink, struct nlmsghdr *request, netlink_message_fn *fn, void *data)
{
	request->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	return converse(netlink, request, fn, data);
}

int netlink_ask(struct netlink *netlink, struct nlmsghdr *request, netlink_message_fn *fn, void *data)
{
	request->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	return converse(netlink, request, fn, data);
}

void netlink_begin(struct netlink *netlink, void (*answered)(void *, uint32_t, int, const char *),
		   void *data)
{
	netlink->first = netlink->next_answer = netlink->sequence;
	netlink->batch_length = 0;
	netlink->answered = answered;
	netlink->data = data;
}

static uint32_t unanswered(const struct netlink *netlink)
{
	return netlink->sequence - netlink->next_answer;
}

/*
 * The kernel answers in order, so what stands before an answered one succeeded. What belongs to an
 * earlier round that ran out of time is passed over.
 */
static void take_answer(struct netlink *netlink, const struct nlmsghdr *message, void *data)
{
	uint32_t ahead = message->nlmsg_seq - netlink->next_answer;
	char text[160];
	int error;

	if (message->nlmsg_type != NLMSG_ERROR || message->nlmsg_pid != netlink->port ||
	    ahead >= unanswered(netlink))
		return;
	if (!netlink_read_error(message, &error, text, sizeof(text)))
		return;
	for (; ahead; ahead--)
		netlink->answered(netlink->data, netlink->next_answer++ - netlink->first, 0, "");
	netlink->answered(netlink->data, netlink->next_answer++ - netlink->first, error, text);
}

static int read_answers(struct netlink *netlink)
{
	int64_t deadline = clock_now_us() + PATIENCE_US;

	while (unanswered(netlink)) {
		uint32_t before = netlink->next_answer;
		int r = receive_once(netlink, take_answer, NULL);

		if (r == -EAGAIN)
			r = wait_readable(netlink->fd, deadline);
		if (r < 0)
			return r;
		if (netlink->next_answer != before)
			deadline = clock_now_us() + PATIENCE_US;
	}
	return 0;
}

static int flush(struct netlink *netlink)
{
	struct nlmsghdr *last;
	int r = 0;

	if (netlink->batch_length) {
		last = (struct nlmsghdr *)(netlink->batch + netlink->batch_last);
		last->nlmsg_flags |= NLM_F_ACK;
		r = send_all(netlink, netlink->batch, netlink->batch_length);
	}
	netlink->batch_length = 0;
	return r < 0 ? r : read_answers(netlink);
}

int netlink_request(struct netlink *netlink, struct nlmsghdr *message)
{
	size_t length = MNL_ALIGN(message->nlmsg_len);
	int r;

	if (length > BATCH_SIZE)
		return -EMSGSIZE;
	if (netlink->batch_length + length > BATCH_SIZE || unanswered(netlink) == netlink->window) {
		r = flush(netlink);
		if (r < 0)
			return r;
	}
	message->nlmsg_flags |= NLM_F_REQUEST;
	message->nlmsg_seq = netlink->sequence++;
	memcpy(netlink->batch + netlink->batch_length, message, message->nlmsg_len);
	memset(netlink->batch + netlink->batch_length + message->nlmsg_len, 0,
	       length - message->nlmsg_len);
	netlink->batch_last = netlink->batch_length;
	netlink->batch_length += length;
	return 0;
}

int netlink_finish(struct netlink *netlink)
{
	return flush(netlink);
}

/* Gives the messages of a batch their sequence numbers. Returns how many there are. */
static uint32_t number_batch(struct netlink *netlink, char *batch, size_t length)
{
	uint32_t count = 0;
	struct nlmsghdr *message;

	for (size_t at = 0; at < length; at += MNL_ALIGN((size_t)message->nlmsg_len), count++) {
		message = (struct nlmsghdr *)(batch + at);
		message->nlmsg_seq += netlink->sequence;
	}
	return count;
}

/* A batch that is being answered. */
struct transaction {
	uint32_t first, count, answers;
	void (*answered)(void *data, uint32_t number, int error, const char *text);
	void *data;
};

static void take_refusal(struct netlink *netlink, const struct nlmsghdr *message, void *data)
{
	struct transaction *transaction = data;
	uint32_t number = message->nlmsg_seq - transaction->first;
	char text[160];
	int error;

	if (message->nlmsg_type != NLMSG_ERROR || message->nlmsg_pid != netlink->port ||
	    number >= transaction->count || !netlink_read_error(message, &error, text, sizeof(text)))
		return;
	transaction->answers++;
	if (error)
		transaction->answered(transaction->data, number, error, text);
}

/* The answers are there before the send returns: what is not, never comes. */
int netlink_transact(struct netlink *netlink, char *batch, size_t length,
		     void (*answered)(void *, uint32_t, int, const char *), void *data)
{
	struct transaction transaction = { .first = netlink->sequence,
					   .count = number_batch(netlink, batch, length),
					   .answered = answered,
					   .data = data };
	int room = (int)length + 65536, r;

	netlink->sequence += transaction.count;
	if (setsockopt(netlink->fd, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room)) < 0)
		(void)setsockopt(netlink->fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
	r = send_all(netlink, batch, length);
	while (r >= 0)
		r = receive_once(netlink, take_refusal, &transaction);
	if (r != -EAGAIN)
		return r;
	return transaction.answers ? 0 : -EPROTO;
}
