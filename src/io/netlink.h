/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_IO_NETLINK_H
#define MH_IO_NETLINK_H

#include <linux/netlink.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Netlink as a transport: events, dumps, many requests in flight with an answer for each, and
 * batches that are done as a whole. What the messages mean is not known here.
 */
struct netlink {
	int fd;
	uint32_t port;			 /* our own address */
	uint32_t sequence;		 /* of the next request */
	char *packets;			 /* where datagrams are received */
	char *batch;			 /* requests not yet sent */
	size_t batch_length, batch_last; /* bytes, and where its last request begins */
	uint32_t first, next_answer;	 /* of a round of requests */
	unsigned window;		 /* how many answers the socket's buffer certainly holds */
	void (*answered)(void *data, uint32_t number, int error, const char *text);
	void *data;
};

/* A message, whole, and valid during the call. */
typedef void netlink_message_fn(void *data, const struct nlmsghdr *message);

/*
 * Opens a socket of rtnetlink with strict checking, extended acks and short acks, and room for
 * @receive_bytes. One that joins groups (RTNLGRP_*, 0 ends the list) is non-blocking and only for
 * events. Returns 0 or -errno.
 */
int netlink_open(struct netlink *netlink, const unsigned *groups, size_t receive_bytes);
/* The same for another protocol: NETLINK_NETFILTER and its NFNLGRP_*. */
int netlink_open_protocol(struct netlink *netlink, int protocol, const unsigned *groups,
			  size_t receive_bytes);
void netlink_close(struct netlink *netlink);

/*
 * Tells every waiting event to @fn, at most about @most of them. Returns 0 when none waits any
 * more, 1 when some do, -ENOBUFS when the kernel dropped some for want of room, or -errno when the
 * socket is broken.
 */
int netlink_receive(struct netlink *netlink, unsigned most, netlink_message_fn *fn, void *data);

/*
 * From now on leaves out the events of message types @first and @last that requests of @port cause:
 * who makes many changes himself need not be told of each. Without the kernel's help (and after
 * netlink_unmute()) all are told.
 */
void netlink_mute(struct netlink *events, uint32_t port, uint16_t first, uint16_t last);
void netlink_unmute(struct netlink *events);

/*
 * Sends the dump @request and tells each message of the answer to @fn. Returns 0, -EINTR when the
 * kernel says that the dump is not consistent (NLM_F_DUMP_INTR), -ETIMEDOUT, or -errno. Not during
 * a round.
 */
int netlink_dump(struct netlink *netlink, struct nlmsghdr *request, netlink_message_fn *fn,
		 void *data);

/*
 * A round of requests: begin, any number of netlink_request(), finish. Requests are numbered from 0
 * in their order; they are sent many at a time, and each is answered once by @answered: error 0 or
 * -errno, and the kernel's own words, or "". Sequence and acknowledgement are filled in here. Both
 * return 0, -ETIMEDOUT when the kernel does not answer, or -errno; then the requests that were not
 * answered may or may not have been done.
 */
void netlink_begin(struct netlink *netlink, void (*answered)(void *, uint32_t, int, const char *),
		   void *data);
int netlink_request(struct netlink *netlink, struct nlmsghdr *message);
int netlink_finish(struct netlink *netlink);

/*
 * Sends one request that is not a dump and tells each message of the answer to @fn. Returns as
 * netlink_dump() does.
 */
int netlink_ask(struct netlink *netlink, struct nlmsghdr *request, netlink_message_fn *fn,
		void *data);

/*
 * Sends a batch (nfnetlink) in one piece, as it has to be. Its messages are numbered from 0 in
 * .nlmsg_seq, by the caller. Each refusal is told by @answered; message 0 stands for the whole.
 * Returns 0 when the kernel answered at all, -EMSGSIZE when it is larger than the socket may send,
 * or -errno.
 */
int netlink_transact(struct netlink *netlink, char *batch, size_t length,
		     void (*answered)(void *, uint32_t, int, const char *), void *data);

/*
 * The next whole message of a datagram, or NULL; moves on. Pure. (libmnl's mnl_nlmsg_ok() takes a
 * length beyond 2 GiB for a negative one, and so for a small one.)
 */
const struct nlmsghdr *netlink_next(const char **bytes, size_t *left);

/*
 * The attribute after @last (NULL: the first behind @header bytes of payload), or NULL. Pure; never
 * past the end of the message, which mnl_attr_for_each() takes for its next multiple of four. To
 * walk all of them:
 *	const struct nlattr *attribute = NULL;
 *	while ((attribute = netlink_attribute(message, header, attribute)))
 */
const struct nlattr *netlink_attribute(const struct nlmsghdr *message, size_t header,
				       const struct nlattr *last);

/*
 * What an NLMSG_ERROR (or the end of a dump) says. Pure. Returns false when it is malformed. @text
 * gets the extended ack.
 */
bool netlink_read_error(const struct nlmsghdr *message, int *ret_error, char *text, size_t text_size);

#endif
