/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
#ifndef MH_BPF_REPLIES_LINE_H
#define MH_BPF_REPLIES_LINE_H

#include <linux/bpf.h>
#include <linux/types.h>

/*
 * The line of a socket: its last datagrams in the order of their arrival, each with the peer that
 * sent it and the address that it asked. A slot goes from waiting (in the receive queue) over seen
 * (read or peeked) to answered. What keeps it: line_push() on arrival, line_take() at a read,
 * line_answer() at a send (replies_push.h, replies_take.h, replies_answer.h), each under the lock;
 * plain C, so that a test can play against them without a kernel.
 *
 * The hooks are told of no datagram, only of sockets and peers. What makes the line exact all the
 * same:
 * - a receive queue is first in, first out, so order tells datagrams of one peer apart;
 * - the hooks may look at the receive queue (replies_look.h): the first packet in it after a read
 * is the first slot still waiting, or the line is wrong and begins anew with that packet. A read
 * after which its own packet is still first was a peek. So neither peeks, nor drops behind the
 * hook, nor a line that is full lead astray;
 * - a thread that reads one and answers it, or reads many and answers all in order, needs no more.
 * A thread or process that was born for a question has it from the newest read before its birth.
 * What is a best guess, told apart by the order alone and counted as such, and only where one port
 * of a peer asked several addresses:
 * - answers out of order, or by a pool of threads that others read for;
 * - a thread that answers only some: it is taken to be at the oldest question of its turn (the
 * reads since it sent last), so an error ends with the turn;
 * - several threads that read one socket at the same instant, and slots of packets that another
 * core is queueing.
 */
#define LINE_SLOTS 64
#define LINE_THREADS 8

union line_address {
	__u32 words[4]; /* in network order; IPv4 as mapped IPv6, zero = none */
	__u64 halves[2];
};

struct line_peer {
	union line_address address;
	__u32 device; /* where the address is of one link, or the socket is bound to one; else 0 */
	__u16 port;   /* in network order */
	__u16 local_port;
};

enum { LINE_WAITING = 1, LINE_SEEN = 2, LINE_ANSWERED = 4 };

struct line_slot {
	union line_address peer, asked;
	__u32 device;
	__u32 time;   /* of its arrival, then of its read, in LINE_TIME of nanoseconds */
	__u32 packet; /* which of the kernel's packets it is while it waits; 0 = unknown */
	__u32 thread; /* that saw it, then that answered it */
	__u32 turn;   /* of that thread */
	__u16 port;
	__u8 state;
	__u8 unused;
};

/* What a thread does with this socket. A turn is what it reads between two times that it sends. */
struct line_thread {
	__u32 id, turn, sent;
};

/* The best answer so far, while one is looked for (replies_answer.h). */
struct line_choice {
	__u64 any, all; /* of the open questions' addresses, folded: they differ when those do */
	__u32 best;	/* rule << 16 | order within it << 8 | slot */
	__u32 left;	/* open ones not looked at; one of its kind was found, or dropped */
};

enum line_owner { LINE_STRANGE, LINE_OURS, LINE_FOREIGN };

struct line {
	struct bpf_spin_lock lock;
	__u32 arrived; /* slots are numbered by arrival; this is the next one */
	__u32 reading; /* none before this one waits */
	__u32 open;    /* seen and not answered */
	__u32 turn;    /* the last that was begun */
	__u32 reader;  /* the thread that read last */
	__u32 changed; /* when another one did */
	__u32 first;   /* the first packet in the queue at the last read; 0 = none, or unknown */
	__u32 seen;    /* none from this one on was ever seen */
	__u8 owner;    /* whose network namespace: learned at the first read or send */
	__u8 shared;   /* several threads read it */
	__u8 behind; /* packets are queued that have no slot: the line follows the queue packet by packet */
	__u8 unused;
	struct line_choice choice;
	__u64 scratch; /* see line_any() */
	__u64 socket;  /* the kernel's address of it (own_socket() in replies.bpf.c) */
	struct line_thread threads[LINE_THREADS];
	struct line_slot slots[LINE_SLOTS];
};

/* 1.024 us; 32 bits of them last for 73 minutes, and only differences count. */
#define LINE_TIME(nanoseconds) ((__u32)((nanoseconds) >> 10))
/* A packet between its hook and the receive queue. */
#define LINE_YOUNG 64
#define LINE_SECOND 976562

#endif
