/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Each mistake, planted in a host that is healthy without it, is found, and is the only thing that
 * is found.
 */
#include "doctor/doctor.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* A university's gateway, as it should be. */
#define LINKS                                                                                      \
	"link lo index 1 flags up,loopback\n"                                                      \
	"link eth0 index 2 flags up,lower-up,running,broadcast mtu 1500 mac 02:00:00:00:00:02\n"   \
	"link bond0 index 3 flags up,lower-up,running,master mtu 1500 mac 02:00:00:00:00:03\n"     \
	"link bond1 index 4 flags up,lower-up,running,master mtu 1500 mac 02:00:00:00:00:04\n"
#define ADDRESSES                                                                                  \
	"address 127.0.0.1/8 link lo\n"                                                            \
	"address 10.2.2.2/24 link eth0\n"                                                          \
	"address 192.168.34.97/30 link bond0\n"                                                    \
	"address 192.168.120.5/30 link bond1\n"                                                    \
	"address 2001:db8:2::2/64 link eth0\n"
#define CONNECTED                                                                                  \
	"route local 127.0.0.0/8 table local link lo protocol kernel\n"                            \
	"route local 10.2.2.2/32 table local link eth0 protocol kernel\n"                          \
	"route local 192.168.34.97/32 table local link bond0 protocol kernel\n"                    \
	"route local 192.168.120.5/32 table local link bond1 protocol kernel\n"                    \
	"route 10.2.2.0/24 link eth0 protocol kernel\n"                                            \
	"route 192.168.34.96/30 link bond0 protocol kernel\n"                                      \
	"route 192.168.120.4/30 link bond1 protocol kernel\n"                                      \
	"route 2001:db8:2::/64 link eth0 protocol kernel\n"                                        \
	"route fe80::/64 link eth0 protocol kernel\n"
#define WAYS                                                                                       \
	"route 0.0.0.0/0 via 10.2.2.254 link eth0 protocol static\n"                               \
	"route 10.16.0.0/12 via 192.168.34.98 link bond0 protocol static\n"
#define EGRESS "route 0.0.0.0/0 via 192.168.120.6 link bond1 table 200 protocol static\n"
#define RULES                                                                                      \
	"rule ipv4 0 table local protocol kernel\n"                                                \
	"rule ipv4 32766 table main protocol kernel\n"                                             \
	"rule ipv4 32767 table default protocol kernel\n"                                          \
	"rule ipv6 0 table local protocol kernel\n"                                                \
	"rule ipv6 32766 table main protocol kernel\n"
#define INWARD "rule ipv4 1000 in bond0 table 200 protocol static\n"
#define HEALTHY LINKS ADDRESSES CONNECTED WAYS EGRESS RULES INWARD
#define FORWARDS                                                                                   \
	"sysctl net/ipv4/conf/all/forwarding 1\n"                                                  \
	"sysctl net/ipv4/conf/eth0/forwarding 1\n"

/* What is found on a host that looks like this. */
static struct findings examine(const char *host, struct patient patient)
{
	struct text error = { 0 };
	struct findings findings;
	struct state state;

	if (state_parse(host, &state, &error) < 0)
		fail_msg("%s", text_string(&error));
	patient.state = &state;
	doctor_examine(&patient, &findings);
	state_free(&state);
	return findings;
}

static void tell_all(const struct findings *findings)
{
	for (size_t i = 0; i < findings->items.count; i++)
		print_error("found %s: %s\n", findings->items.items[i].check,
			    text_string(&findings->items.items[i].what));
}

/* Exactly one thing is found, by this check, of this severity, and it says this. */
static void finds(const char *host, struct patient patient, const char *check,
		  enum severity severity, const char *what)
{
	struct findings findings = examine(host, patient);
	const struct finding *finding = findings.items.items;

	if (findings.items.count != 1) {
		tell_all(&findings);
		fail_msg("%zu findings where one is %s", findings.items.count, check);
	}
	assert_string_equal(finding->check, check);
	assert_int_equal(finding->severity, severity);
	assert_string_equal(text_string(&finding->what), what);
	assert_true(finding->where.length > 0);
	assert_true(finding->why.length > 0);
	assert_true(finding->line.length + finding->command.length > 0);
	findings_free(&findings);
}

static void finds_nothing(const char *host, struct patient patient)
{
	struct findings findings = examine(host, patient);

	tell_all(&findings);
	assert_int_equal(findings.items.count, 0);
	findings_free(&findings);
}

static const struct patient nobody;

static void a_healthy_host_has_no_finding(void **data)
{
	finds_nothing(HEALTHY, nobody);
	finds_nothing(LINKS ADDRESSES CONNECTED WAYS RULES, nobody);
	finds_nothing("", nobody);
}

static void a_gateway_that_is_our_own_address_is_found(void **data)
{
	finds(LINKS ADDRESSES CONNECTED WAYS RULES INWARD
	      "route 0.0.0.0/0 via 192.168.120.5 link bond1 table 200 protocol static\n",
	      nobody, "own-gateway", SEVERITY_ERROR,
	      "the gateway of the route to default is this host's own address 192.168.120.5");
	finds(HEALTHY "route 2001:db8:f::/48 via 2001:db8:2::2 link eth0 protocol static\n", nobody,
	      "own-gateway", SEVERITY_ERROR,
	      "the gateway of the route to 2001:db8:f::/48 is this host's own address "
	      "2001:db8:2::2");
}

static void a_gateway_of_a_next_hop_is_looked_at_too(void **data)
{
	finds(HEALTHY "nexthop 7 family ipv4 link bond1 via 192.168.120.5 protocol static\n"
		      "nexthop 8 group 7 protocol static\n"
		      "route 198.51.100.0/24 nexthop 8 protocol static\n",
	      nobody, "own-gateway", SEVERITY_ERROR,
	      "the gateway of the route to 198.51.100.0/24 is this host's own address "
	      "192.168.120.5");
}

static void a_default_route_without_a_gateway_is_found(void **data)
{
	finds(LINKS ADDRESSES CONNECTED WAYS RULES INWARD
	      "route 0.0.0.0/0 link bond1 table 200 protocol static\n",
	      nobody, "on-link", SEVERITY_WARNING, "the route to default names no gateway on bond1");
	finds(HEALTHY "route 2000::/3 link eth0 protocol static\n", nobody, "on-link",
	      SEVERITY_WARNING, "the route to 2000::/3 names no gateway on eth0");
}

static void a_link_without_neighbours_needs_no_gateway(void **data)
{
	finds_nothing(HEALTHY "link wg0 index 9 flags up,lower-up,point-to-point,no-arp\n"
			      "route 10.64.0.0/10 link wg0 protocol static\n",
		      nobody);
}

/* As many neighbours as @count, all with the MAC of one router. */
static void crowd(struct text *host, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		text_printf(host,
			    "neighbour 203.0.113.%u link bond1 state reachable mac "
			    "02:00:00:00:00:99\n",
			    i + 1);
}

static void a_router_that_answers_for_all_is_found_by_its_mac(void **data)
{
	AUTO_TEXT host = { 0 }, few = { 0 };

	text_puts(&host, HEALTHY "route 203.0.113.0/24 link bond1 protocol static\n");
	text_puts(&few, text_string(&host));
	crowd(&few, 7);
	finds_nothing(text_string(&few), nobody);
	crowd(&host, 100);
	finds(text_string(&host), nobody, "on-link", SEVERITY_ERROR,
	      "100 neighbours on bond1 have one MAC, 02:00:00:00:00:99: the route to "
	      "203.0.113.0/24 "
	      "names no gateway");
}

static void one_host_with_many_addresses_is_no_proxy(void **data)
{
	AUTO_TEXT host = { 0 };

	text_puts(&host, HEALTHY);
	for (unsigned i = 0; i < 50; i++)
		text_printf(
			&host,
			"neighbour 2001:db8:2::%x link eth0 state stale mac 02:00:00:00:00:77\n",
			0x100 + i);
	finds_nothing(text_string(&host), nobody);
}

#define CLAIMED HEALTHY "route local 10.2.2.128/25 table local link lo protocol 109\n"

static void a_claim_that_arp_ignore_silences_is_found(void **data)
{
	finds_nothing(CLAIMED, nobody);
	finds(CLAIMED "sysctl net/ipv4/conf/eth0/arp_ignore 1\n", nobody, "arp-ignore",
	      SEVERITY_ERROR,
	      "nobody on eth0 finds 10.2.2.128/25, which is claimed here: arp_ignore is 1");
	finds(CLAIMED "sysctl net/ipv4/conf/all/arp_ignore 2\n", nobody, "arp-ignore", SEVERITY_ERROR,
	      "nobody on eth0 finds 10.2.2.128/25, which is claimed here: arp_ignore is 2");
}

static void a_claim_that_is_routed_here_needs_no_arp(void **data)
{
	finds_nothing(HEALTHY "route local 198.51.100.0/24 table local link lo protocol 109\n"
			      "sysctl net/ipv4/conf/all/arp_ignore 1\n",
		      nobody);
}

static void a_proxy_of_the_kernel_that_waits_is_found(void **data)
{
	finds(HEALTHY "sysctl net/ipv4/conf/bond0/proxy_arp 1\n"
		      "sysctl net/ipv4/neigh/bond0/proxy_delay 80\n",
	      nobody, "proxy", SEVERITY_NOTE,
	      "for addresses of others the kernel answers ARP on bond0 after up to 800 ms");
	finds(HEALTHY "sysctl net/ipv6/conf/eth0/proxy_ndp 1\n"
		      "sysctl net/ipv6/neigh/eth0/proxy_delay 80\n",
	      nobody, "proxy", SEVERITY_NOTE,
	      "for addresses of others the kernel answers neighbour discovery on eth0 after up "
	      "to 800 ms");
	finds_nothing(HEALTHY "sysctl net/ipv4/conf/bond0/proxy_arp 1\n"
			      "sysctl net/ipv4/neigh/bond0/proxy_delay 0\n"
			      "sysctl net/ipv4/neigh/eth0/proxy_delay 80\n",
		      nobody);
}

/* bond0 as it is where a /64 is answered for. */
#define ANSWERING                                                                                  \
	"link lo index 1 flags up,loopback\n"                                                      \
	"link eth0 index 2 flags up,lower-up,running,broadcast mtu 1500 allmulti yes\n"            \
	"link eth1 index 3 flags up,lower-up,running,broadcast mtu 1500\n"                         \
	"answer 10.1.2.0/24 link eth0\nanswer 2001:db8:7::/64 link eth0\n"                         \
	"responder link eth0 way tc guard yes\n"

static void a_proxy_of_the_kernel_beside_ours_is_found(void **data)
{
	finds_nothing(ANSWERING, nobody);
	finds(ANSWERING
	      "sysctl net/ipv4/conf/eth0/proxy_arp 1\nsysctl net/ipv4/neigh/eth0/proxy_delay 80\n",
	      nobody, "proxy", SEVERITY_WARNING,
	      "proxy_arp is set on eth0, where multihomed answers");
}

static void a_prefix_whose_solicitations_are_not_received_is_found(void **data)
{
	finds(ANSWERING "answer 2001:db8:8::/64 link eth1\nresponder link eth1 way tc\n", nobody,
	      "reception", SEVERITY_ERROR,
	      "nobody on eth1 finds 2001:db8:8::/64: solicitations for it are not received");
	finds_nothing(ANSWERING "answer 2001:db8:8::/124 link eth1\nresponder link eth1 way tc\n",
		      nobody);
}

static void another_host_that_has_an_address_of_ours_is_found(void **data)
{
	const struct claimant claimant = { .address = "10.1.2.9",
					   .link = "eth0",
					   .mac = "02:00:00:00:00:99",
					   .since = "2026-11-25 17:00:03 +0000",
					   .last = "2026-11-25 17:04:08 +0000",
					   .count = 7 };

	finds(ANSWERING, (struct patient){ .claimants = &claimant, .claimant_count = 1 },
	      "duplicate-address", SEVERITY_ERROR,
	      "another host on eth0 says that 10.1.2.9 is its own: 02:00:00:00:00:99");
}

static void the_gateway_may_be_on_many_ports_and_on_other_machines(void **data)
{
	static const char ports[] = ANSWERING "address 10.1.2.1/32 link eth0 protocol 109\n"
					      "address 10.1.2.1/32 link eth1 protocol 109\n";
	const struct claimant claimant = { .address = "10.1.2.1",
					   .link = "eth0",
					   .mac = "02:00:00:00:00:99" };

	finds_nothing(ports, nobody);
	finds(ports, (struct patient){ .claimants = &claimant, .claimant_count = 1 },
	      "duplicate-address", SEVERITY_NOTE,
	      "another machine on eth0 has the address 10.1.2.1 of this one, too: "
	      "02:00:00:00:00:99");
}

static void a_worker_that_stands_in_for_ebpf_is_found(void **data)
{
	const struct stand_in stand_in = { .link = "eth0", .why = "CAP_BPF is missing" };

	finds(ANSWERING, (struct patient){ .stand_ins = &stand_in, .stand_in_count = 1 }, "responder",
	      SEVERITY_NOTE, "on eth0 a worker answers ARP and neighbour discovery, without eBPF");
}

static void more_hosts_than_the_neighbour_table_has_room_for_are_found(void **data)
{
	struct patient patient = { .tables = { { .entries = 1, .limit = 4 } } };
	AUTO_TEXT host = { 0 }, known = { 0 };

	text_puts(&host, HEALTHY);
	for (unsigned i = 10; i < 15; i++)
		text_printf(&host, "route 10.1.2.%u/32 link bond0 protocol static\n", i);
	text_puts(&known, text_string(&host));
	finds(text_string(&host), patient, "neighbour-table", SEVERITY_WARNING,
	      "5 hosts are routed to links, and the IPv4 neighbour table has room for 4");
	text_puts(&known, "neighbour 10.1.2.10 link bond0 state permanent mac 02:00:00:00:00:0a\n");
	finds_nothing(text_string(&known), patient);
}

static struct log_server log_server(const char *address)
{
	struct log_server server = { .source = "/etc/rsyslog.conf" };

	assert_int_equal(address_parse(address, &server.address), 0);
	return server;
}

#define WRONG_DEFAULT                                                                              \
	LINKS ADDRESSES CONNECTED RULES                                                            \
		"route 0.0.0.0/0 via 192.168.120.6 link bond1 protocol static\n"

static void a_log_server_that_the_default_route_leads_away_from_is_found(void **data)
{
	struct log_server server = log_server("10.2.9.9");
	struct patient patient = { .log_servers = &server, .log_server_count = 1 };

	finds(WRONG_DEFAULT, patient, "log-server", SEVERITY_WARNING,
	      "the log server 10.2.9.9 is sent for out of bond1, by the default route");
	finds_nothing(WRONG_DEFAULT "route 10.2.9.9/32 via 10.2.2.254 link eth0 protocol static\n",
		      patient);
	finds_nothing(HEALTHY, patient);
	server = log_server("198.51.100.9");
	finds_nothing(WRONG_DEFAULT, patient);
}

static void a_neighbour_table_near_its_limit_is_found(void **data)
{
	struct patient patient = { .tables = { { 700, 1024, 0 }, { 0, 1024, 0 } } };

	finds_nothing(HEALTHY, patient);
	patient.tables[0].entries = 900;
	finds(HEALTHY, patient, "neighbour-table", SEVERITY_WARNING,
	      "the IPv4 neighbour table of this machine has 900 of at most 1024 entries");
	patient.tables[0].entries = 820;
	finds_nothing(HEALTHY "neighbour 10.2.2.7 link eth0 flags extern_learn state reachable\n"
			      "neighbour 10.2.2.8 link eth0 state permanent\n",
		      patient);
	patient.tables[0].entries = 0;
	patient.tables[1].entries = 1023;
	finds(HEALTHY, patient, "neighbour-table", SEVERITY_ERROR,
	      "the IPv6 neighbour table of this machine has 1023 of at most 1024 entries");
}

static void neighbours_that_count_against_no_limit_do_not_fill_the_table(void **data)
{
	struct patient patient = { .tables = { { 1000, 1024, 0 }, { 30007, 1024, 0 } } };
	AUTO_TEXT host = { 0 };

	text_puts(&host, HEALTHY);
	for (unsigned i = 0; i < 300; i++)
		text_printf(
			&host, "neighbour 10.1.%u.%u link bond0 state permanent mac 02:00:00:00:%02x:%02x\n",
			i / 200, i % 200 + 1, i / 200, i % 200);
	finds_nothing(text_string(&host), patient);
}

static void a_host_without_its_local_table_is_found(void **data)
{
	finds("rule ipv4 32766 table main protocol kernel\n", nobody, "local-table", SEVERITY_ERROR,
	      "no IPv4 rule leads to table local");
	finds(LINKS ADDRESSES CONNECTED WAYS "rule ipv4 100 in eth0 table main protocol static\n"
					     "rule ipv4 200 table local protocol static\n",
	      nobody, "local-table", SEVERITY_WARNING,
	      "table local is looked up only behind other rules (preference 200)");
}

static void vrfs_want_the_local_table_behind_them(void **data)
{
	finds_nothing("rule ipv4 1000 l3mdev yes protocol kernel\n"
		      "rule ipv4 32765 table local protocol static\n",
		      nobody);
	finds("rule ipv4 0 table local protocol kernel\n"
	      "rule ipv4 1000 l3mdev yes protocol kernel\n",
	      nobody, "local-table", SEVERITY_NOTE, "table local is looked up before the VRFs");
}

static void a_rule_behind_one_that_takes_all_is_found(void **data)
{
	finds(HEALTHY "rule ipv4 1500 in bond0 from 10.16.0.0/16 table 200 protocol static\n",
	      nobody, "shadowed-rule", SEVERITY_WARNING,
	      "no packet reaches the IPv4 rule of preference 1500");
	finds(HEALTHY "rule ipv4 40000 from 192.0.2.0/24 table 200 protocol static\n", nobody,
	      "shadowed-rule", SEVERITY_WARNING,
	      "no packet reaches the IPv4 rule of preference 40000");
	finds(HEALTHY "rule ipv4 900 goto target 2000 protocol static\n", nobody, "shadowed-rule",
	      SEVERITY_WARNING, "no packet reaches the IPv4 rule of preference 1000");
	finds(HEALTHY "rule ipv4 990 unreachable in bond0 dport 0-1023 protocol static\n"
		      "rule ipv4 995 in bond0 dport 53 table 200 protocol static\n",
	      nobody, "shadowed-rule", SEVERITY_WARNING,
	      "no packet reaches the IPv4 rule of preference 995");
}

static void a_rule_that_something_may_reach_is_no_finding(void **data)
{
	finds_nothing(HEALTHY "rule ipv4 1500 from 10.16.0.0/16 table 200 protocol static\n", nobody);
	finds_nothing(HEALTHY "rule ipv4 900 in bond0 mark 8 mask 255 table 200 protocol static\n",
		      nobody);
	/* What is thrown goes on with the rules behind. */
	finds_nothing(HEALTHY
		      "route throw 192.0.2.0/24 table 200 protocol static\n"
		      "rule ipv4 1500 in bond0 to 192.0.2.0/24 table main protocol static\n",
		      nobody);
	/* Only the longer routes of a table are asked. */
	finds_nothing(HEALTHY "rule ipv4 500 table main suppress-below 1 protocol static\n", nobody);
	finds_nothing(HEALTHY "rule ipv4 500 table 200 opaque yes protocol static\n", nobody);
}

static void a_guard_behind_a_table_is_no_finding(void **data)
{
	finds_nothing(HEALTHY "rule ipv4 1001 unreachable in bond0 protocol static\n"
			      "rule ipv4 24000 in bond0 table 200 protocol multihomed\n",
		      nobody);
	/* What falls through an empty table falls into a refusal. */
	finds_nothing(LINKS ADDRESSES CONNECTED WAYS RULES INWARD
		      "rule ipv4 1001 unreachable in bond0 protocol static\n",
		      nobody);
}

static void tables_that_are_empty_or_unused_are_found(void **data)
{
	finds(LINKS ADDRESSES CONNECTED WAYS RULES INWARD, nobody, "table", SEVERITY_WARNING,
	      "table 200 has no IPv4 route, and a rule leads there");
	finds(LINKS ADDRESSES CONNECTED WAYS RULES EGRESS, nobody, "table", SEVERITY_NOTE,
	      "table 200 has 1 IPv4 route, and no rule leads there");
}

static void an_address_on_two_links_is_found(void **data)
{
	finds(HEALTHY "address 10.2.2.2/24 link bond0\n", nobody, "duplicate-address",
	      SEVERITY_WARNING, "10.2.2.2 is an address of both eth0 and bond0");
	finds_nothing(HEALTHY "address 10.2.2.2/32 link lo\n", nobody);
	finds_nothing(HEALTHY "address fe80::1/64 link eth0\naddress fe80::1/64 link bond0\n",
		      nobody);
	finds(HEALTHY "address 2001:db8:2::3/64 link eth0 flags dadfailed\n", nobody,
	      "duplicate-address", SEVERITY_ERROR,
	      "another host on eth0 has this host's address 2001:db8:2::3");
}

#define LONELY                                                                                     \
	"link lo index 1 flags up,loopback\n"                                                      \
	"link eth0 index 2 flags up,lower-up,running mtu 1500 mac 02:00:00:00:00:02\n"

static void forwarding_with_one_link_is_found(void **data)
{
	finds(LONELY FORWARDS, nobody, "forwarding", SEVERITY_NOTE,
	      "IPv4 is forwarded, and eth0 is the only link");
	finds_nothing(HEALTHY FORWARDS, nobody);
	finds_nothing(LONELY, nobody);
}

static void a_large_network_of_two_routers_is_found(void **data)
{
	const char *large = HEALTHY FORWARDS "sysctl net/ipv4/conf/bond0/forwarding 1\n"
					     "address 172.16.1.1/16 link bond0\n"
					     "route 172.16.0.0/16 link bond0 protocol kernel\n"
					     "route 198.51.100.0/24 via 172.16.1.2 link bond0 "
					     "protocol static\n"
					     "neighbour 172.16.1.2 link bond0 state reachable mac "
					     "02:00:00:00:00:98\n";
	AUTO_TEXT inhabited = { 0 };

	finds(large, nobody, "linknet", SEVERITY_NOTE,
	      "the network 172.16.1.1/16 on bond0 has one neighbour, the router 172.16.1.2");
	text_puts(&inhabited, large);
	text_puts(&inhabited,
		  "neighbour 172.16.7.7 link bond0 state stale mac 02:00:00:00:00:97\n");
	finds_nothing(text_string(&inhabited), nobody);
}

static void a_member_with_another_mtu_is_found(void **data)
{
	finds(HEALTHY "link eth4 index 8 flags up,lower-up,running,slave mtu 9000 master bond0\n",
	      nobody, "mtu", SEVERITY_WARNING,
	      "eth4 has MTU 9000, and bond0, which it belongs to, 1500");
	finds_nothing(HEALTHY "link eth4 index 8 flags up,lower-up,slave mtu 1500 master bond0\n",
		      nobody);
}

static void a_vlan_that_is_larger_than_its_link_is_found(void **data)
{
	finds(HEALTHY
	      "link eth0.5 index 8 flags up,lower-up type vlan mtu 9000 parent eth0 vlan-id 5\n",
	      nobody, "mtu", SEVERITY_WARNING,
	      "the VLAN eth0.5 has MTU 9000, and eth0 below it only 1500");
	finds_nothing(
		HEALTHY
		"link eth0.5 index 8 flags up,lower-up type vlan mtu 1496 parent eth0 vlan-id 5\n",
		nobody);
}

#define BOND(more)                                                                                 \
	"link bond9 index 9 flags up,lower-up,master type bond mode 802.3ad mtu 1500 aggregator "  \
	"1 " more "\n"
#define MEMBER(name, index, more)                                                                  \
	"link " name " index " index " flags up,lower-up,slave mtu 1500 master bond9 " more "\n"

static void a_bond_that_survives_no_loss_is_found(void **data)
{
	finds_nothing(BOND("partner 02:00:00:00:00:aa") MEMBER("eth4", "10", "port-aggregator 1")
			      MEMBER("eth6", "11", "port-aggregator 1"),
		      nobody);
	finds(BOND("partner 02:00:00:00:00:aa") MEMBER("eth4", "10", "port-aggregator 1")
		      MEMBER("eth6", "11", "port-aggregator 2"),
	      nobody, "bond", SEVERITY_WARNING, "the bond bond9 lives by one member of 2");
	finds(BOND("") MEMBER("eth4", "10", "port-aggregator 1")
		      MEMBER("eth6", "11", "port-aggregator 1"),
	      nobody, "bond", SEVERITY_ERROR,
	      "nobody speaks LACP at the other end of the bond bond9");
	finds(BOND("partner 02:00:00:00:00:aa"), nobody, "bond", SEVERITY_ERROR,
	      "the bond bond9 has no live member");
}

static void the_table_of_a_vrf_needs_no_rule(void **data)
{
	const char *vrf = HEALTHY
		"link red index 9 flags up,master type vrf table 10\n"
		"route 0.0.0.0/0 via 10.2.2.254 link eth0 table 10 protocol static\n";

	finds_nothing(vrf, nobody);
}

#define STRICT                                                                                     \
	"sysctl net/ipv4/conf/all/rp_filter 0\n"                                                   \
	"sysctl net/ipv4/conf/bond1/rp_filter 1\n"

static void a_strict_filter_on_a_way_back_from_elsewhere_is_found(void **data)
{
	finds(HEALTHY STRICT, nobody, "rp-filter", SEVERITY_WARNING,
	      "strict rp_filter on bond1 drops what comes in from the world");
	finds_nothing(HEALTHY "sysctl net/ipv4/conf/all/rp_filter 0\n"
			      "sysctl net/ipv4/conf/eth0/rp_filter 1\n"
			      "sysctl net/ipv4/conf/bond1/rp_filter 2\n",
		      nobody);
}

static void a_service_whose_answers_leave_elsewhere_is_found(void **data)
{
	struct service service = { .protocol = IPPROTO_TCP, .port = 443 };
	struct patient patient = { .services = &service, .service_count = 1 };

	assert_int_equal(address_parse("192.168.120.5", &service.address), 0);
	finds(HEALTHY, patient, "service-address", SEVERITY_WARNING,
	      "what is answered from 192.168.120.5 on bond1 leaves by eth0");
	finds_nothing(HEALTHY "rule ipv4 900 from 192.168.120.5/32 table 200 protocol static\n",
		      patient);
	assert_int_equal(address_parse("10.2.2.2", &service.address), 0);
	finds_nothing(HEALTHY, patient);
	assert_int_equal(address_parse("0.0.0.0", &service.address), 0);
	finds_nothing(HEALTHY, patient);
}

static struct host_servers servers(const char *address, uint16_t port)
{
	struct host_servers list = { 0 };
	struct host_server *server = VEC_PUSH(&list.items);

	assert_int_equal(address_parse(address, &server->address), 0);
	server->port = port;
	return list;
}

static void a_wildcard_server_of_a_host_with_many_addresses_is_found(void **data)
{
	struct host_servers list = servers("0.0.0.0", 161);
	struct patient patient = { .servers = &list,
				   .ephemeral_first = 32768,
				   .ephemeral_last = 60999 };

	finds(HEALTHY, patient, "udp-server", SEVERITY_NOTE,
	      "the UDP server of port 161 may answer from another address than the one asked");
	finds_nothing(LONELY "address 192.0.2.1/24 link eth0\n"
			     "route local 192.0.2.1/32 table local link eth0 protocol kernel\n",
		      patient);
	list.items.items[0].port = 40000;
	finds_nothing(HEALTHY, patient);
	list.items.items[0].port = 161;
	assert_int_equal(address_parse("10.2.2.2", &list.items.items[0].address), 0);
	finds_nothing(HEALTHY, patient);
	host_servers_free(&list);
}

static void of_a_thousand_of_one_kind_a_few_are_told(void **data)
{
	AUTO_TEXT host = { 0 };
	struct findings findings;

	text_puts(&host, HEALTHY);
	for (unsigned i = 0; i < 1000; i++)
		text_printf(&host,
			    "rule ipv4 %u in bond0 from 10.16.0.0/16 table 200 protocol static\n",
			    2000 + i);
	findings = examine(text_string(&host), nobody);
	assert_int_equal(findings.items.count, 16);
	assert_int_equal(findings.dropped, 984);
	findings_free(&findings);
}

static void the_worst_comes_first(void **data)
{
	struct findings findings =
		examine(LINKS ADDRESSES CONNECTED WAYS RULES EGRESS
			"route 10.99.0.0/24 via 10.2.2.2 link eth0 protocol static\n"
			"address 10.2.2.2/24 link bond0\n",
			nobody);

	assert_int_equal(findings.items.count, 3);
	assert_int_equal(findings.items.items[0].severity, SEVERITY_ERROR);
	assert_int_equal(findings.items.items[1].severity, SEVERITY_WARNING);
	assert_int_equal(findings.items.items[2].severity, SEVERITY_NOTE);
	findings_free(&findings);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_healthy_host_has_no_finding),
		cmocka_unit_test(a_gateway_that_is_our_own_address_is_found),
		cmocka_unit_test(a_gateway_of_a_next_hop_is_looked_at_too),
		cmocka_unit_test(a_default_route_without_a_gateway_is_found),
		cmocka_unit_test(a_link_without_neighbours_needs_no_gateway),
		cmocka_unit_test(a_router_that_answers_for_all_is_found_by_its_mac),
		cmocka_unit_test(one_host_with_many_addresses_is_no_proxy),
		cmocka_unit_test(a_log_server_that_the_default_route_leads_away_from_is_found),
		cmocka_unit_test(a_neighbour_table_near_its_limit_is_found),
		cmocka_unit_test(neighbours_that_count_against_no_limit_do_not_fill_the_table),
		cmocka_unit_test(more_hosts_than_the_neighbour_table_has_room_for_are_found),
		cmocka_unit_test(a_claim_that_arp_ignore_silences_is_found),
		cmocka_unit_test(a_claim_that_is_routed_here_needs_no_arp),
		cmocka_unit_test(a_proxy_of_the_kernel_that_waits_is_found),
		cmocka_unit_test(a_proxy_of_the_kernel_beside_ours_is_found),
		cmocka_unit_test(a_prefix_whose_solicitations_are_not_received_is_found),
		cmocka_unit_test(another_host_that_has_an_address_of_ours_is_found),
		cmocka_unit_test(a_worker_that_stands_in_for_ebpf_is_found),
		cmocka_unit_test(the_gateway_may_be_on_many_ports_and_on_other_machines),
		cmocka_unit_test(a_host_without_its_local_table_is_found),
		cmocka_unit_test(vrfs_want_the_local_table_behind_them),
		cmocka_unit_test(a_rule_behind_one_that_takes_all_is_found),
		cmocka_unit_test(a_rule_that_something_may_reach_is_no_finding),
		cmocka_unit_test(a_guard_behind_a_table_is_no_finding),
		cmocka_unit_test(tables_that_are_empty_or_unused_are_found),
		cmocka_unit_test(an_address_on_two_links_is_found),
		cmocka_unit_test(forwarding_with_one_link_is_found),
		cmocka_unit_test(a_large_network_of_two_routers_is_found),
		cmocka_unit_test(a_member_with_another_mtu_is_found),
		cmocka_unit_test(a_vlan_that_is_larger_than_its_link_is_found),
		cmocka_unit_test(a_bond_that_survives_no_loss_is_found),
		cmocka_unit_test(the_table_of_a_vrf_needs_no_rule),
		cmocka_unit_test(a_strict_filter_on_a_way_back_from_elsewhere_is_found),
		cmocka_unit_test(a_service_whose_answers_leave_elsewhere_is_found),
		cmocka_unit_test(a_wildcard_server_of_a_host_with_many_addresses_is_found),
		cmocka_unit_test(of_a_thousand_of_one_kind_a_few_are_told),
		cmocka_unit_test(the_worst_comes_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
