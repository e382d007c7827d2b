/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bpf/neighbours_cases.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

#define OPEN CASES_OPEN
#define PORT CASES_PORT
#define PASSED "passed"
#define DROPPED "dropped"
#define OWNED NEIGHBOURS_OWN
#define BOUND_TO(number) .flags = NEIGHBOURS_BOUND, .mac = { 2, 0, 0, 0, 0, number }

static const struct {
	int on;
	const char *prefix;
	uint8_t verdict, flags;
	uint32_t owner;
	uint8_t mac[6];
} scene[] = {
	{ OPEN, "10.1.2.0/24", NEIGHBOURS_ANSWER, 0, 0, { 0 } },
	{ OPEN, "10.1.2.9/32", NEIGHBOURS_SILENT, 0, 0, { 0 } },
	{ OPEN, "10.1.2.77/32", OWNED, 0, 7, { 0 } },
	{ OPEN, "10.1.3.0/24", NEIGHBOURS_SILENT, 0, 0, { 0 } },
	{ OPEN,
	  "2001:db8:1::/64",
	  NEIGHBOURS_ANSWER,
	  NEIGHBOURS_OVERRIDE | NEIGHBOURS_TARGET_SOURCE,
	  0,
	  { 0 } },
	{ OPEN, "2001:db8:1::9/128", NEIGHBOURS_SILENT, 0, 0, { 0 } },
	{ OPEN, "2001:db8:2::/48", NEIGHBOURS_ANSWER, 0, 0, { 0 } },
	{ PORT, "10.1.2.0/24", NEIGHBOURS_ANSWER, 0, 0, { 0 } },
	{ PORT, "10.1.2.1/32", NEIGHBOURS_SILENT, 0, 0, { 0 } },
	{ PORT, "10.1.2.5/32", OWNED, 0, 17, { 0 } },
	{ PORT, "10.1.2.55/32", OWNED, 0, 17, { 0 } },
	{ PORT, "10.1.2.6/32", OWNED, .owner = 18, BOUND_TO(6) },
	{ PORT, "2001:db8:1::/64", NEIGHBOURS_ANSWER, NEIGHBOURS_OVERRIDE, 0, { 0 } },
	{ PORT, "2001:db8:1::5/128", OWNED, 0, 17, { 0 } },
	{ PORT, "2001:db8:5::/64", OWNED, 0, 17, { 0 } },
	{ PORT, "2001:db8:6::/64", OWNED, .owner = 18, BOUND_TO(6) },
};

struct neighbours_rules neighbours_cases_rules(const uint32_t links[CASES_LINKS])
{
	struct neighbours_rules rules = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(scene); i++) {
		struct neighbours_rule *rule = VEC_PUSH(&rules);

		*rule = (struct neighbours_rule){ .link = links[scene[i].on],
						  .verdict = scene[i].verdict,
						  .flags = scene[i].flags,
						  .owner = scene[i].owner };
		memcpy(rule->mac, scene[i].mac, sizeof(rule->mac));
		if (prefix_parse(scene[i].prefix, &rule->prefix))
			abort();
	}
	return rules;
}

struct neighbours_link neighbours_cases_link(int which)
{
	struct neighbours_link link = { .mac = { 2, 0, 0, 0, 0, 1 },
					.guard = which == PORT,
					.router = which == PORT };

	if (which == OPEN && address_parse("fe80::1", &link.link_local))
		abort();
	return link;
}

/* clang-format off */
const struct neighbours_case neighbours_cases[] = {
	/* ARP on the open link. */
	{ "a question for a claimed address is answered", OPEN,
	  "arp from=05 s=10.1.2.200 t=10.1.2.3",
	  "arp-tell from=01 to=05 s=10.1.2.3 t=10.1.2.200 tha=05", "0: asked answered", "10.1.2.200 05" },
	{ "also one of somebody outside of it", OPEN,
	  "arp from=05 s=192.0.2.9 t=10.1.2.3",
	  "arp-tell from=01 to=05 s=10.1.2.3 t=192.0.2.9 tha=05", "0: asked answered", NULL },
	{ "also the first and the last one", OPEN,
	  "arp from=05 s=192.0.2.9 t=10.1.2.0",
	  "arp-tell from=01 to=05 s=10.1.2.0 t=192.0.2.9 tha=05", "0: asked answered", NULL },
	{ "also when it is asked by unicast", OPEN,
	  "arp from=05 to=01 s=192.0.2.9 t=10.1.2.3 tha=01",
	  "arp-tell from=01 to=05 s=10.1.2.3 t=192.0.2.9 tha=05", "0: asked answered", NULL },
	{ "padding stays as it came", OPEN,
	  "arp from=05 s=192.0.2.9 t=10.1.2.3 pad=60",
	  "arp-tell from=01 to=05 s=10.1.2.3 t=192.0.2.9 tha=05 pad=60", "0: asked answered", NULL },
	{ "a probe is answered to who probes", OPEN,
	  "arp from=05 s=0.0.0.0 t=10.1.2.3",
	  "arp-tell from=01 to=05 s=10.1.2.3 t=0.0.0.0 tha=05", "0: asked answered", NULL },
	{ "who announces a claimed address is told and remembered", OPEN,
	  "arp from=05 s=10.1.2.3 t=10.1.2.3",
	  "arp-tell from=01 to=05 s=10.1.2.3 t=10.1.2.3 tha=05", "0: asked answered", "10.1.2.3 05" },
	{ "also who answers for one, which goes on to the kernel", OPEN,
	  "arp-tell from=05 s=10.1.2.3 t=192.0.2.9 tha=01", PASSED, "", "10.1.2.3 05" },
	{ "but not this host itself", OPEN,
	  "arp-tell from=01 s=10.1.2.3 t=192.0.2.9 tha=01", PASSED, "", NULL },
	{ "an answer about other addresses is the kernel's", OPEN,
	  "arp-tell from=05 s=192.0.2.9 t=192.0.2.1 tha=01", PASSED, "", NULL },
	{ "an exception is the kernel's", OPEN,
	  "arp from=05 s=192.0.2.9 t=10.1.2.9", PASSED, "0: asked silent", NULL },
	{ "also a whole prefix of them", OPEN,
	  "arp from=05 s=192.0.2.9 t=10.1.3.200", PASSED, "0: asked silent", NULL },
	{ "an address of no rule is the kernel's", OPEN,
	  "arp from=05 s=192.0.2.9 t=192.0.2.1", PASSED, "", NULL },
	{ "a question to somebody else is none of ours", OPEN,
	  "arp from=05 to=08 s=192.0.2.9 t=10.1.2.3", PASSED, "", NULL },
	{ "one that bears the tag of a VLAN neither", OPEN,
	  "arp from=05 s=192.0.2.9 t=10.1.2.3 tag=5", PASSED, "", NULL },
	{ "an owner on an open link is left to answer himself", OPEN,
	  "arp from=05 s=192.0.2.9 t=10.1.2.77", PASSED, "0: asked silent", NULL },

	/* ARP that is wrong somewhere. */
	{ "an other hardware", OPEN, "arp s=192.0.2.9 t=10.1.2.3 set=14:0006", PASSED, "0: malformed", NULL },
	{ "an other protocol", OPEN, "arp s=192.0.2.9 t=10.1.2.3 set=16:86dd", PASSED, "0: malformed", NULL },
	{ "a MAC of 8 bytes", OPEN, "arp s=192.0.2.9 t=10.1.2.3 set=18:08", PASSED, "0: malformed", NULL },
	{ "an address of 16 bytes", OPEN,
	  "arp s=192.0.2.9 t=10.1.2.3 set=19:10", PASSED, "0: malformed", NULL },
	{ "a byte too short", OPEN, "arp s=192.0.2.9 t=10.1.2.3 cut=41", PASSED, "0: malformed", NULL },
	{ "a sender that is not who sent it", OPEN,
	  "arp from=05 sha=06 s=192.0.2.9 t=10.1.2.3", PASSED, "0: malformed", NULL },
	{ "a sender that is a group", OPEN,
	  "arp from=03:00:00:00:00:05 s=192.0.2.9 t=10.1.2.3", PASSED, "0: malformed", NULL },
	{ "a sender that is nobody", OPEN,
	  "arp from=00:00:00:00:00:00 s=192.0.2.9 t=10.1.2.3", PASSED, "0: malformed", NULL },
	{ "a group that asks", OPEN, "arp s=224.0.0.9 t=10.1.2.3", PASSED, "0: malformed", NULL },
	{ "everybody asks", OPEN, "arp s=255.255.255.255 t=10.1.2.3", PASSED, "0: malformed", NULL },
	{ "a group is asked for", OPEN, "arp s=192.0.2.9 t=239.1.2.3", PASSED, "0: malformed", NULL },
	{ "an operation that is none", OPEN, "arp s=192.0.2.9 t=10.1.2.3 set=20:0009", PASSED, "", NULL },

	/* Neighbour discovery on the open link. */
	{ "a solicitation is answered", OPEN,
	  "ns from=05 s=fe80::5 t=2001:db8:1::3 source=05",
	  "na from=01 to=05 s=2001:db8:1::3 d=fe80::5 t=2001:db8:1::3 flags=so target=01",
	  "0: asked answered", NULL },
	{ "also without the MAC of who asks", OPEN,
	  "ns from=05 s=2001:db8:99::5 t=2001:db8:1::3",
	  "na from=01 to=05 s=2001:db8:1::3 d=2001:db8:99::5 t=2001:db8:1::3 flags=so target=01",
	  "0: asked answered", NULL },
	{ "also the prefix itself", OPEN,
	  "ns from=05 s=fe80::5 t=2001:db8:1:: source=05",
	  "na from=01 to=05 s=2001:db8:1:: d=fe80::5 t=2001:db8:1:: flags=so target=01",
	  "0: asked answered", NULL },
	{ "also by unicast", OPEN,
	  "ns from=05 to=01 s=fe80::5 d=2001:db8:1::3 t=2001:db8:1::3",
	  "na from=01 to=05 s=2001:db8:1::3 d=fe80::5 t=2001:db8:1::3 flags=so target=01",
	  "0: asked answered", NULL },
	{ "more options than a host sends", OPEN,
	  "ns from=05 s=fe80::5 t=2001:db8:1::3 source=05 nonce nonce nonce",
	  "na from=01 to=05 s=2001:db8:1::3 d=fe80::5 t=2001:db8:1::3 flags=so target=01",
	  "0: asked answered", NULL },
	{ "detection of duplicates is answered to all", OPEN,
	  "ns from=05 s=:: t=2001:db8:1::3",
	  "na from=01 to=33:33:00:00:00:01 s=2001:db8:1::3 d=ff02::1 t=2001:db8:1::3 flags=o target=01",
	  "0: asked answered", NULL },
	{ "also with a nonce (RFC 7527)", OPEN,
	  "ns from=05 s=:: t=2001:db8:1::3 nonce",
	  "na from=01 to=33:33:00:00:00:01 s=2001:db8:1::3 d=ff02::1 t=2001:db8:1::3 flags=o target=01",
	  "0: asked answered", NULL },
	{ "a rule may say: from the link-local address, without override", OPEN,
	  "ns from=05 s=fe80::5 t=2001:db8:2:7::3 source=05",
	  "na from=01 to=05 s=fe80::1 d=fe80::5 t=2001:db8:2:7::3 flags=s target=01",
	  "0: asked answered", NULL },
	{ "an exception of IPv6 is the kernel's", OPEN,
	  "ns from=05 s=fe80::5 t=2001:db8:1::9 source=05", PASSED, "0: asked silent", NULL },
	{ "what has no rule, too", OPEN, "ns from=05 s=fe80::5 t=fe80::1 source=05", PASSED, "", NULL },
	{ "who advertises a claimed address is remembered", OPEN,
	  "na from=05 s=fe80::5 t=2001:db8:1::3 flags=o target=05", PASSED, "", "2001:db8:1::3 05" },
	{ "an advertisement of others is the kernel's", OPEN,
	  "na from=05 s=fe80::5 d=fe80::1 to=01 t=2001:db8:99::3 flags=so target=05", PASSED, "", NULL },

	/* Neighbour discovery that is wrong somewhere: RFC 4861, 7.1. */
	{ "a hop limit of 254", OPEN, "ns s=fe80::5 t=2001:db8:1::3 hop=254", PASSED, "0: malformed", NULL },
	{ "a code", OPEN, "ns s=fe80::5 t=2001:db8:1::3 code=1", PASSED, "0: malformed", NULL },
	{ "a wrong checksum", OPEN,
	  "ns s=fe80::5 t=2001:db8:1::3 source=05 sum", PASSED, "0: malformed", NULL },
	{ "a message too short", OPEN,
	  "ns s=fe80::5 t=2001:db8:1::3 set=18:0010", PASSED, "0: malformed", NULL },
	{ "one that is cut", OPEN,
	  "ns s=fe80::5 t=2001:db8:1::3 source=05 cut=85", PASSED, "0: malformed", NULL },
	{ "an option of no length", OPEN,
	  "ns s=fe80::5 t=2001:db8:1::3 empty", PASSED, "0: malformed", NULL },
	{ "an option beyond the end", OPEN,
	  "ns s=fe80::5 t=2001:db8:1::3 long", PASSED, "0: malformed", NULL },
	{ "a group as the target", OPEN, "ns s=fe80::5 t=ff02::1:ff00:3", PASSED, "0: malformed", NULL },
	{ "a group that asks by IPv6", OPEN, "ns s=ff02::5 t=2001:db8:1::3", PASSED, "0: malformed", NULL },
	{ "nobody with a MAC", OPEN, "ns s=:: t=2001:db8:1::3 source=05", PASSED, "0: malformed", NULL },
	{ "nobody who asks one alone", OPEN,
	  "ns s=:: d=2001:db8:1::3 to=01 t=2001:db8:1::3", PASSED, "0: malformed", NULL },
	{ "a solicited advertisement to all", OPEN,
	  "na s=fe80::5 t=2001:db8:1::3 flags=s target=05", PASSED, "0: malformed", NULL },
	{ "more options than we look at", OPEN,
	  "ns s=fe80::5 t=2001:db8:1::3 many", PASSED, "0: malformed", NULL },
	{ "another version of IP", OPEN, "ns s=fe80::5 t=2001:db8:1::3 set=14:50", PASSED, "", NULL },

	/* Other packets on the open link. */
	{ "a packet is let through", OPEN, "ip4 s=192.0.2.9", PASSED, "", NULL },
	{ "also from a claimed address", OPEN, "ip4 s=10.1.2.3", PASSED, "", NULL },
	{ "also one of IPv6", OPEN, "ip6 s=2001:db8:1::3", PASSED, "", NULL },
	{ "also one that is broken", OPEN, "ip4 s=192.0.2.9 cut=30", PASSED, "", NULL },
	{ "also one of another kind", OPEN, "raw type=88cc", PASSED, "", NULL },

	/* A port of subscribers: 17 has 10.1.2.5, 10.1.2.55, a prefix; 18 is bound to the MAC 06. */
	{ "a subscriber asks for another's address", PORT,
	  "arp from=05 s=10.1.2.5 t=10.1.2.200",
	  "arp-tell from=01 to=05 s=10.1.2.200 t=10.1.2.5 tha=05", "17: asked answered", NULL },
	{ "for one on the same port", PORT,
	  "arp from=05 s=10.1.2.5 t=10.1.2.6",
	  "arp-tell from=01 to=05 s=10.1.2.6 t=10.1.2.5 tha=05", "17: asked answered", NULL },
	{ "for his own", PORT, "arp from=05 s=10.1.2.5 t=10.1.2.5", DROPPED, "17: asked silent", NULL },
	{ "for his other one", PORT,
	  "arp from=05 s=10.1.2.5 t=10.1.2.55", DROPPED, "17: asked silent", NULL },
	{ "for the gateway", PORT, "arp from=05 s=10.1.2.5 t=10.1.2.1", PASSED, "17: asked silent", NULL },
	{ "for what is not here", PORT, "arp from=05 s=10.1.2.5 t=192.0.2.1", PASSED, "", NULL },
	{ "somebody probes for the address of somebody", PORT,
	  "arp s=0.0.0.0 t=10.1.2.5", DROPPED, "0: asked silent", NULL },
	{ "somebody probes for one of another port", PORT,
	  "arp from=09 s=0.0.0.0 t=10.1.2.200",
	  "arp-tell from=01 to=09 s=10.1.2.200 t=0.0.0.0 tha=09", "0: asked answered", NULL },
	{ "who is bound probes for his own", PORT,
	  "arp from=06 s=0.0.0.0 t=10.1.2.6", DROPPED, "0: asked silent", NULL },
	{ "another probes for it", PORT,
	  "arp from=05 s=0.0.0.0 t=10.1.2.6",
	  "arp-tell from=01 to=05 s=10.1.2.6 t=0.0.0.0 tha=05", "0: asked answered", NULL },
	{ "who is bound asks", PORT,
	  "arp from=06 s=10.1.2.6 t=10.1.2.200",
	  "arp-tell from=01 to=06 s=10.1.2.200 t=10.1.2.6 tha=06", "18: asked answered", NULL },
	{ "another asks in his name", PORT,
	  "arp from=05 s=10.1.2.6 t=10.1.2.200", DROPPED, "18: spoofed", NULL },
	{ "another announces his address", PORT,
	  "arp from=05 s=10.1.2.6 t=10.1.2.6", DROPPED, "18: spoofed", NULL },
	{ "one asks in the name of nobody's address", PORT,
	  "arp from=05 s=10.1.2.200 t=10.1.2.6", DROPPED, "0: spoofed", "10.1.2.200 05" },
	{ "or of the gateway's", PORT, "arp from=05 s=10.1.2.1 t=10.1.2.6", DROPPED, "0: spoofed", NULL },
	{ "or of one that is not here", PORT,
	  "arp-tell from=05 s=192.0.2.1 t=10.1.2.6", DROPPED, "0: spoofed", NULL },
	{ "he answers us", PORT, "arp-tell from=05 s=10.1.2.5 t=10.1.2.1 tha=01", PASSED, "", NULL },
	{ "what is malformed is dropped", PORT,
	  "arp sha=06 s=10.1.2.5 t=10.1.2.200", DROPPED, "0: malformed", NULL },

	{ "a subscriber solicits", PORT,
	  "ns from=05 s=2001:db8:1::5 t=2001:db8:1::7 source=05",
	  "na from=01 to=05 s=2001:db8:1::7 d=2001:db8:1::5 t=2001:db8:1::7 flags=rso target=01",
	  "17: asked answered", NULL },
	{ "from his link-local address", PORT,
	  "ns from=05 s=fe80::5 t=2001:db8:1::7 source=05",
	  "na from=01 to=05 s=2001:db8:1::7 d=fe80::5 t=2001:db8:1::7 flags=rso target=01",
	  "0: asked answered", NULL },
	{ "he detects duplicates of his own", PORT,
	  "ns from=05 s=:: t=2001:db8:1::5", DROPPED, "0: asked silent", NULL },
	{ "and of another's", PORT,
	  "ns from=05 s=:: t=2001:db8:1::7",
	  "na from=01 to=33:33:00:00:00:01 s=2001:db8:1::7 d=ff02::1 t=2001:db8:1::7 flags=ro target=01",
	  "0: asked answered", NULL },
	{ "he asks for his own prefix", PORT,
	  "ns from=05 s=fe80::5 t=2001:db8:5::1 source=05", DROPPED, "0: asked silent", NULL },
	{ "who is bound asks for the prefix of another", PORT,
	  "ns from=06 s=fe80::6 t=2001:db8:5::1 source=06",
	  "na from=01 to=06 s=2001:db8:5::1 d=fe80::6 t=2001:db8:5::1 flags=rs target=01",
	  "0: asked answered", NULL },
	{ "another asks for his", PORT,
	  "ns from=05 s=fe80::5 t=2001:db8:6::1 source=05",
	  "na from=01 to=05 s=2001:db8:6::1 d=fe80::5 t=2001:db8:6::1 flags=rs target=01",
	  "0: asked answered", NULL },
	{ "he asks for it himself", PORT,
	  "ns from=06 s=fe80::6 t=2001:db8:6::1 source=06", DROPPED, "0: asked silent", NULL },
	{ "one solicits in another's name", PORT,
	  "ns from=05 s=2001:db8:6::1 t=2001:db8:1::7 source=05", DROPPED, "18: spoofed", NULL },
	{ "or in nobody's", PORT, "ns from=05 s=2001:db8:1::7 t=2001:db8:1::8", DROPPED, "0: spoofed", NULL },
	{ "he advertises", PORT,
	  "na from=05 s=2001:db8:1::5 t=2001:db8:1::5 flags=o target=05", PASSED, "", NULL },
	{ "he advertises what is bound to another", PORT,
	  "na from=05 s=fe80::5 t=2001:db8:6::1 flags=o target=05", DROPPED, "18: spoofed", NULL },
	{ "he advertises what is another port's", PORT,
	  "na from=05 s=fe80::5 t=2001:db8:1::7 flags=o target=05", PASSED, "", "2001:db8:1::7 05" },
	{ "a solicitation from afar is dropped", PORT,
	  "ns s=fe80::5 t=2001:db8:1::7 hop=64", DROPPED, "0: malformed", NULL },

	/* Packets of subscribers. */
	{ "his packet", PORT, "ip4 from=05 s=10.1.2.5", PASSED, "", NULL },
	{ "his other one", PORT, "ip4 from=05 s=10.1.2.55", PASSED, "", NULL },
	{ "of another port", PORT, "ip4 from=05 s=10.1.2.200", DROPPED, "0: spoofed", NULL },
	{ "of elsewhere", PORT, "ip4 from=05 s=192.0.2.9", DROPPED, "0: spoofed", NULL },
	{ "of the gateway", PORT, "ip4 from=05 s=10.1.2.1", DROPPED, "0: spoofed", NULL },
	{ "of who is bound", PORT, "ip4 from=06 s=10.1.2.6", PASSED, "", NULL },
	{ "of another in his name", PORT, "ip4 from=05 s=10.1.2.6", DROPPED, "18: spoofed", NULL },
	{ "of who has no address yet (DHCP)", PORT,
	  "ip4 s=0.0.0.0 d=255.255.255.255 to=ff:ff:ff:ff:ff:ff", PASSED, "", NULL },
	{ "not anything else of his", PORT,
	  "ip4 s=0.0.0.0 first=0045004300080000", DROPPED, "0: spoofed", NULL },
	{ "nor a fragment of it", PORT, "ip4 s=0.0.0.0 set=20:0001", DROPPED, "0: spoofed", NULL },
	{ "nor TCP", PORT, "ip4 s=0.0.0.0 next=6", DROPPED, "0: spoofed", NULL },
	{ "one that is too short", PORT, "ip4 s=10.1.2.5 cut=33", DROPPED, "0: malformed", NULL },
	{ "one to somebody else is none of ours", PORT, "ip4 to=08 s=192.0.2.9", PASSED, "", NULL },
	{ "his packet of IPv6", PORT, "ip6 from=05 s=2001:db8:5:0:1::1", PASSED, "", NULL },
	{ "of another prefix", PORT, "ip6 from=05 s=2001:db8:7::1", DROPPED, "0: spoofed", NULL },
	{ "of another who is bound", PORT, "ip6 from=05 s=2001:db8:6::1", DROPPED, "18: spoofed", NULL },
	{ "of the link alone", PORT, "ip6 from=05 s=fe80::5", PASSED, "", NULL },
	{ "a question for routers of who has no address yet", PORT,
	  "ip6 s=:: d=ff02::2 to=33:33:00:00:00:02 next=58 first=8500000000000000", PASSED, "", NULL },
	{ "his report of groups", PORT,
	  "ip6 s=:: d=ff02::16 to=33:33:00:00:00:16 next=0 first=3a000502000001008f00000000000000", PASSED,
	  "", NULL },
	{ "not anything else of his (IPv6)", PORT, "ip6 s=:: next=17", DROPPED, "0: spoofed", NULL },
	{ "one that is too short (IPv6)", PORT, "ip6 s=fe80::5 cut=53", DROPPED, "0: malformed", NULL },
	{ "what is neither ARP nor IP", PORT, "raw type=88cc", PASSED, "", NULL },
	{ "what belongs to a VLAN", PORT, "ip4 from=05 s=192.0.2.9 tag=5", PASSED, "", NULL },
};
/* clang-format on */
const size_t neighbours_case_count = ARRAY_SIZE(neighbours_cases);
