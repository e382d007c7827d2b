/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Four hooks on a cgroup make its UDP servers answer from the address asked.
 *
 * ingress: a datagram is about to be queued on a socket: its peer and the address asked go into the
 * line of the socket (replies_line.h).
 *
 * recvmsg: the program reads a datagram of a peer: it is found in the line, and the peer's question
 * is remembered for all sockets of that port.
 *
 * sendmsg: the program sends to a peer: the question is found in the line of this socket, or, for a
 * socket that did not read it (forked servers, groups that share a port), by (port, peer, peer's
 * port); its address becomes the source, if it still is an address of this host.
 *
 * connect: the program connects to a peer that asked: only noted, since nothing can be done here.
 *
 * What is left alone: sockets bound to an address, connected ones, other network namespaces than
 * the loader's, TCP, sources that the program chose itself. Questions that were asked of a group are
 * in the line as such, without an address: the kernel chooses the source of their answers, as ever.
 *
 * The network namespace is not known on ingress (the helper is there from 6.15 on), so a line does
 * not know whose it is before the first read. A question moves on from there only if it is ours.
 *
 * The kernel checks an IPv4 source against the table `local`, an IPv6 source against nothing
 * (6.18), so every source is looked up in the map of sources at the very moment of its use. Nothing
 * that was found out before is trusted: that is what makes an address that goes away forgotten at
 * once.
 *
 * Sockets own their lines, which go with them; peers are in an LRU map of fixed size.
 */
#include "replies_shared.h"

#include "replies_answer.h"
#include "replies_look.h"
#include "replies_push.h"
#include "replies_take.h"

#include <linux/if_packet.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/udp.h>
#include <stdbool.h>

#define AF_INET 2
#define AF_INET6 10
#define SOCKET_DGRAM 2
#define ETHERTYPE_IPV4 0x0800
#define ALLOW 1
/* Extension headers that are walked; longer chains are nobody's answer. */
#define EXTENSIONS 4

char replies_license[] SEC("license") = "Dual MIT/GPL";

/* Set by the loader. */
const volatile __u64 own_netns;
const volatile bool looks;

struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct line);
} lines SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 65536);
	__type(key, struct line_peer);
	__type(value, union line_address);
} peers SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 262144);
	__type(key, struct replies_source_key);
	__type(value, __u32);
} sources SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 65536);
	__type(key, __u32);
	__type(value, struct replies_port);
} ports SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct replies_counts);
} counts SEC(".maps");

/* The programs do not read it; it is here so that it is pinned with the others. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct replies_about);
} about SEC(".maps");

static __always_inline void count(enum replies_count which)
{
	__u32 zero = 0;
	struct replies_counts *here = bpf_map_lookup_elem(&counts, &zero);

	if (here)
		here->count[which]++;
}

static __always_inline struct replies_port *port_of(__u16 port)
{
	__u32 index = port;

	return bpf_map_lookup_elem(&ports, &index);
}

static __always_inline void map_ipv4(union line_address *address, __u32 ipv4)
{
	address->halves[0] = 0;
	address->words[2] = bpf_htonl(0xffff);
	address->words[3] = ipv4;
}

static __always_inline bool is_mapped(const union line_address *address)
{
	return !address->halves[0] && address->words[2] == bpf_htonl(0xffff);
}

static __always_inline bool is_link_local(const union line_address *address)
{
	return (address->words[0] & bpf_htonl(0xffc00000)) == bpf_htonl(0xfe800000);
}

static __always_inline bool is_group(const union line_address *address)
{
	if (is_mapped(address))
		return (address->words[3] & bpf_htonl(0xf0000000)) == bpf_htonl(0xe0000000) ||
		       address->words[3] == 0xffffffff;
	return (address->words[0] & bpf_htonl(0xff000000)) == bpf_htonl(0xff000000);
}

/* Bound to no address: 0.0.0.0, ::, or ::ffff:0.0.0.0. */
static __always_inline bool is_wildcard(const struct bpf_sock *sk)
{
	if (sk->family == AF_INET)
		return !sk->src_ip4;
	return !sk->src_ip6[0] && !sk->src_ip6[1] && !sk->src_ip6[3] &&
	       (!sk->src_ip6[2] || sk->src_ip6[2] == bpf_htonl(0xffff));
}

/* Ingress. */

/*
 * Where the UDP header is behind an IPv6 header; 0 = not found. RFC 8200, section 4; RFC 4302, 2.2.
 */
static __always_inline __u32 skip_extensions(struct __sk_buff *skb, __u8 next)
{
	__u32 at = sizeof(struct ipv6hdr);

	for (int i = 0; i < EXTENSIONS; i++) {
		__u8 header[2];

		if (next == IPPROTO_UDP)
			return at;
		if (next != IPPROTO_HOPOPTS && next != IPPROTO_ROUTING && next != IPPROTO_DSTOPTS &&
		    next != IPPROTO_AH)
			return 0;
		if (bpf_skb_load_bytes(skb, at, header, sizeof(header)) < 0)
			return 0;
		at += next == IPPROTO_AH ? (header[1] + 2) * 4 : (header[1] + 1) * 8;
		next = header[0];
	}
	return next == IPPROTO_UDP ? at : 0;
}

/* The peer and the address asked. Fragments arrive here as the whole that they were. */
static __always_inline bool read_ipv4(struct __sk_buff *skb, struct line_arrival *arrival)
{
	struct iphdr *ip = (void *)(long)skb->data;
	void *end = (void *)(long)skb->data_end;
	struct udphdr *udp;

	if ((void *)(ip + 1) > end)
		return false;
	map_ipv4(&arrival->peer.address, ip->saddr);
	map_ipv4(&arrival->asked, ip->daddr);
	udp = (void *)ip + ip->ihl * 4;
	if ((void *)(udp + 1) > end)
		return false;
	arrival->peer.port = udp->source;
	return true;
}

static __always_inline bool read_ipv6(struct __sk_buff *skb, struct line_arrival *arrival)
{
	struct ipv6hdr *ip = (void *)(long)skb->data;
	struct udphdr *udp = (void *)(ip + 1);
	void *end = (void *)(long)skb->data_end;
	__u32 at;

	if ((void *)(udp + 1) > end)
		return false;
	__builtin_memcpy(&arrival->peer.address, &ip->saddr, sizeof(arrival->peer.address));
	__builtin_memcpy(&arrival->asked, &ip->daddr, sizeof(arrival->asked));
	if (ip->nexthdr == IPPROTO_UDP) {
		arrival->peer.port = udp->source;
		return true;
	}
	at = skip_extensions(skb, ip->nexthdr);
	return at && !bpf_skb_load_bytes(skb, at, &arrival->peer.port, sizeof(arrival->peer.port));
}

/* Not to this host alone: answered from an address of the kernel's choice. */
static __always_inline void forget_group(struct line_arrival *arrival, __u32 packet_type)
{
	if (packet_type == PACKET_HOST && !is_group(&arrival->asked))
		return;
	arrival->asked.halves[0] = arrival->asked.halves[1] = 0;
}

/*
 * Which packet this is. The verifier allows no arithmetic with the pointer to it; what comes out of
 * a map is a number.
 */
static __always_inline __u32 own_packet(struct __sk_buff *skb, struct line *line)
{
	volatile __u64 *scratch = &line->scratch;

	*scratch = (__u64)skb;
	return LOOK_PACKET(*scratch);
}

/* The same for the socket itself, whose queue is looked at by its address. */
static __always_inline struct sock *own_socket(struct bpf_sock *sk, struct line *line)
{
	volatile __u64 *socket = &line->socket;

	*socket = (__u64)sk;
	return (struct sock *)*socket;
}

SEC("cgroup_skb/ingress")
int replies_ingress(struct __sk_buff *skb)
{
	struct bpf_sock *sk = skb->sk;
	struct line_arrival arrival;
	struct line *line;
	int full;

	/*
	 * An unconnected UDP socket is "closed", a TCP socket that receives never is: the one
	 * branch that TCP pays.
	 */
	if (!sk || sk->state != BPF_TCP_CLOSE)
		return ALLOW;
	sk = bpf_sk_fullsock(sk);
	if (!sk || sk->protocol != IPPROTO_UDP || sk->type != SOCKET_DGRAM || !is_wildcard(sk))
		return ALLOW;
	if (skb->protocol == bpf_htons(ETHERTYPE_IPV4) ? !read_ipv4(skb, &arrival) :
							 !read_ipv6(skb, &arrival))
		return ALLOW;
	arrival.peer.device = sk->bound_dev_if;
	if (is_link_local(&arrival.peer.address) && !arrival.peer.device) {
		if (!looks)
			return ALLOW;
		arrival.peer.device = skb->ingress_ifindex;
	}
	line = bpf_sk_storage_get(&lines, sk, 0, BPF_SK_STORAGE_GET_F_CREATE);
	if (!line || line->owner == LINE_FOREIGN)
		return ALLOW;
	forget_group(&arrival, skb->pkt_type);
	arrival.time = LINE_TIME(bpf_ktime_get_ns());
	arrival.packet = 0;
	bpf_spin_lock(&line->lock);
	if (looks)
		arrival.packet = own_packet(skb, line);
	full = line_push(line, &arrival);
	bpf_spin_unlock(&line->lock);
	count(full ? COUNT_OVERFLOWED : COUNT_RECORDED);
	return ALLOW;
}

/* The other hooks. */

/* The line's network namespace is the loader's. */
static __always_inline bool is_ours(struct bpf_sock_addr *ctx, struct line *line)
{
	if (line->owner == LINE_STRANGE)
		line->owner = bpf_get_netns_cookie(ctx) == own_netns ? LINE_OURS : LINE_FOREIGN;
	return line->owner == LINE_OURS;
}

static __always_inline __u32 own_thread(void)
{
	return (__u32)bpf_get_current_pid_tgid();
}

static __always_inline void fill_peer(struct bpf_sock_addr *ctx, const struct bpf_sock *sk,
				      struct line_peer *peer)
{
	peer->device = sk->bound_dev_if;
	if (looks && !peer->device && is_link_local(&peer->address))
		peer->device = look_scope(ctx);
	peer->port = ctx->user_port;
	peer->local_port = sk->src_port;
}

/* The first packet of a queue that has outrun the line. */
static __always_inline bool read_packet(const struct sk_buff *packet, struct line_arrival *arrival)
{
	unsigned char *head = BPF_CORE_READ(packet, head);
	__u8 *network = head + BPF_CORE_READ(packet, network_header);
	struct ipv6hdr ip;

	if (bpf_probe_read_kernel(&ip, sizeof(ip), network))
		return false;
	if (ip.version == 6) {
		__builtin_memcpy(&arrival->peer.address, &ip.saddr, sizeof(arrival->peer.address));
		__builtin_memcpy(&arrival->asked, &ip.daddr, sizeof(arrival->asked));
	} else {
		map_ipv4(&arrival->peer.address, ((struct iphdr *)&ip)->saddr);
		map_ipv4(&arrival->asked, ((struct iphdr *)&ip)->daddr);
	}
	forget_group(arrival, BPF_CORE_READ_BITFIELD_PROBED(packet, pkt_type));
	return !bpf_probe_read_kernel(&arrival->peer.port, sizeof(arrival->peer.port),
				      head + BPF_CORE_READ(packet, transport_header));
}

static __always_inline void refill(struct bpf_sock *sk, struct line *line,
				   const struct line_read *read)
{
	struct sk_buff *packet = look_first(own_socket(sk, line));
	struct line_arrival arrival = { .time = read->time };

	if (!packet || !read_packet(packet, &arrival))
		return;
	arrival.packet = LOOK_PACKET(packet);
	arrival.peer.device = read->peer.device;
	bpf_spin_lock(&line->lock);
	if (line->reading == line->arrived)
		line_add(line, &arrival);
	bpf_spin_unlock(&line->lock);
}

/* For sends on other sockets, and long after. */
static __always_inline void remember(const struct line_peer *peer, const union line_address *asked)
{
	union line_address *known = bpf_map_lookup_elem(&peers, peer);

	if (known && line_address_equal(known, asked))
		return;
	if (!known && !asked->halves[1] && !asked->halves[0])
		return;
	if (!known)
		count(COUNT_PEERS);
	bpf_map_update_elem(&peers, peer, asked, BPF_ANY);
}

static __always_inline int received(struct bpf_sock_addr *ctx, struct line_read *read)
{
	struct bpf_sock *sk = ctx->sk;
	struct line_taken taken = {};
	struct line *line;

	if (!sk || sk->state != BPF_TCP_CLOSE || !is_wildcard(sk))
		return ALLOW;
	line = bpf_sk_storage_get(&lines, sk, 0, 0);
	if (!line || !is_ours(ctx, line))
		return ALLOW;
	fill_peer(ctx, sk, &read->peer);
	read->thread = own_thread();
	read->time = LINE_TIME(bpf_ktime_get_ns());
	read->looks = looks;
	if (looks) {
		struct sk_buff *first = look_first(own_socket(sk, line));

		read->first = first ? LOOK_PACKET(first) : 0;
	}
	bpf_spin_lock(&line->lock);
	line_take(line, read, &taken);
	bpf_spin_unlock(&line->lock);
	if (looks && taken.refill)
		refill(sk, line, read);
	if (taken.resynced)
		count(COUNT_RESYNCED);
	if (taken.found)
		remember(&read->peer, &taken.asked);
	return ALLOW;
}

SEC("cgroup/recvmsg4")
int replies_recvmsg4(struct bpf_sock_addr *ctx)
{
	struct line_read read = {};

	map_ipv4(&read.peer.address, ctx->user_ip4);
	return received(ctx, &read);
}

SEC("cgroup/recvmsg6")
int replies_recvmsg6(struct bpf_sock_addr *ctx)
{
	struct line_read read = {};

	read.peer.address.words[0] = ctx->user_ip6[0];
	read.peer.address.words[1] = ctx->user_ip6[1];
	read.peer.address.words[2] = ctx->user_ip6[2];
	read.peer.address.words[3] = ctx->user_ip6[3];
	return received(ctx, &read);
}

/* Returns whether the peer's question is known. */
static __always_inline bool find_question(struct line *line, struct line_send *send,
					  struct line_answered *answered)
{
	union line_address *asked;

	if (line) {
		send->thread = own_thread();
		if (looks && line->reader != send->thread)
			send->born = LINE_TIME(look_birth());
		bpf_spin_lock(&line->lock);
		line_answer(line, send, answered);
		bpf_spin_unlock(&line->lock);
	}
	if (answered->found)
		return true;
	asked = bpf_map_lookup_elem(&peers, &send->peer);
	if (!asked)
		return false;
	answered->asked = *asked;
	return true;
}

static __always_inline bool is_local(const union line_address *address)
{
	struct replies_source_key key = { .length = 128 };
	__u32 *ours;

	__builtin_memcpy(key.address, address, sizeof(key.address));
	ours = bpf_map_lookup_elem(&sources, &key);
	return ours && *ours;
}

/* The source for a send that has none; false = leave it to the kernel. */
static __always_inline bool choose_source(struct bpf_sock_addr *ctx, struct line_send *send,
					  int ipv6, __u32 chosen, struct line_answered *answered)
{
	struct bpf_sock *sk = ctx->sk;
	struct replies_port *port;
	struct line *line;

	if (!sk || !is_wildcard(sk) || !sk->src_port)
		return false;
	line = bpf_sk_storage_get(&lines, sk, 0, 0);
	if (line ? !is_ours(ctx, line) : bpf_get_netns_cookie(ctx) != own_netns)
		return false;
	fill_peer(ctx, sk, &send->peer);
	if (!find_question(line, send, answered)) {
		count(COUNT_UNKNOWN);
		return false;
	}
	port = port_of(send->peer.local_port);
	if (chosen) {
		count(COUNT_CHOSEN);
		if (port)
			__sync_fetch_and_add(&port->chosen[ipv6], 1);
		return false;
	}
	if (!answered->asked.halves[0] && !answered->asked.halves[1])
		return false;
	if (is_mapped(&answered->asked) == ipv6 || !is_local(&answered->asked)) {
		count(COUNT_REFUSED);
		return false;
	}
	if (answered->guessed)
		count(COUNT_GUESSED);
	count(COUNT_REWRITTEN);
	if (port)
		__sync_fetch_and_add(&port->rewritten[ipv6], 1);
	return true;
}

SEC("cgroup/sendmsg4")
int replies_sendmsg4(struct bpf_sock_addr *ctx)
{
	struct line_answered answered = {};
	struct line_send send = {};

	map_ipv4(&send.peer.address, ctx->user_ip4);
	if (choose_source(ctx, &send, 0, ctx->msg_src_ip4, &answered))
		ctx->msg_src_ip4 = answered.asked.words[3];
	return ALLOW;
}

SEC("cgroup/sendmsg6")
int replies_sendmsg6(struct bpf_sock_addr *ctx)
{
	struct line_answered answered = {};
	struct line_send send = {};
	__u32 chosen = ctx->msg_src_ip6[0] | ctx->msg_src_ip6[1] | ctx->msg_src_ip6[2] |
		       ctx->msg_src_ip6[3];

	send.peer.address.words[0] = ctx->user_ip6[0];
	send.peer.address.words[1] = ctx->user_ip6[1];
	send.peer.address.words[2] = ctx->user_ip6[2];
	send.peer.address.words[3] = ctx->user_ip6[3];
	if (choose_source(ctx, &send, 1, chosen, &answered)) {
		ctx->msg_src_ip6[0] = answered.asked.words[0];
		ctx->msg_src_ip6[1] = answered.asked.words[1];
		ctx->msg_src_ip6[2] = answered.asked.words[2];
		ctx->msg_src_ip6[3] = answered.asked.words[3];
	}
	return ALLOW;
}

static __always_inline int connected(struct bpf_sock_addr *ctx, struct line_peer *peer)
{
	struct bpf_sock *sk = ctx->sk;
	struct replies_port *port;

	if (!sk || ctx->type != SOCKET_DGRAM || !is_wildcard(sk) || !sk->src_port ||
	    bpf_get_netns_cookie(ctx) != own_netns)
		return ALLOW;
	fill_peer(ctx, sk, peer);
	port = port_of(peer->local_port);
	if (port && bpf_map_lookup_elem(&peers, peer))
		__sync_fetch_and_add(&port->connects[!is_mapped(&peer->address)], 1);
	return ALLOW;
}

SEC("cgroup/connect4")
int replies_connect4(struct bpf_sock_addr *ctx)
{
	struct line_peer peer = {};

	map_ipv4(&peer.address, ctx->user_ip4);
	return connected(ctx, &peer);
}

SEC("cgroup/connect6")
int replies_connect6(struct bpf_sock_addr *ctx)
{
	struct line_peer peer = {};

	peer.address.words[0] = ctx->user_ip6[0];
	peer.address.words[1] = ctx->user_ip6[1];
	peer.address.words[2] = ctx->user_ip6[2];
	peer.address.words[3] = ctx->user_ip6[3];
	return connected(ctx, &peer);
}
