/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A filter of tc as kernels before 6.6 have it: in the qdisc clsact of a link, under a priority and
 * a handle of ours. Unlike a link of BPF it belongs to nobody, and so outlives its process by itself.
 */
#include "bpf/neighbours_internal.h"

#include "io/netlink.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <string.h>

/* 109 as everywhere; and "mh". */
enum { PRIORITY = 109, HANDLE = 0x6d68 };

static struct bpf_tc_hook hook_of(uint32_t link)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)link, .attach_point = BPF_TC_INGRESS);

	return hook;
}

int filter_attach(uint32_t link, int program, bool replace)
{
	LIBBPF_OPTS(bpf_tc_opts, options, .prog_fd = program, .handle = HANDLE,
		    .priority = PRIORITY, .flags = replace ? BPF_TC_F_REPLACE : 0);
	struct bpf_tc_hook hook = hook_of(link);

	return bpf_tc_attach(&hook, &options);
}

int filter_program(uint32_t link, uint32_t *ret_number)
{
	LIBBPF_OPTS(bpf_tc_opts, options, .handle = HANDLE, .priority = PRIORITY);
	struct bpf_tc_hook hook = hook_of(link);

	if (bpf_tc_query(&hook, &options))
		return -ENOENT;
	*ret_number = options.prog_id;
	return 0;
}

void filter_detach(uint32_t link)
{
	LIBBPF_OPTS(bpf_tc_opts, options, .handle = HANDLE, .priority = PRIORITY);
	struct bpf_tc_hook hook = hook_of(link);

	bpf_tc_detach(&hook, &options);
}

int filter_make_qdisc(uint32_t link)
{
	struct bpf_tc_hook hook = hook_of(link);

	return bpf_tc_hook_create(&hook);
}

static void see_filter(void *data, const struct nlmsghdr *message)
{
	if (message->nlmsg_type == RTM_NEWTFILTER)
		*(bool *)data = true;
}

/* True as well when it cannot be found out. */
static bool has_filters(struct netlink *netlink, uint32_t link, uint32_t where)
{
	struct {
		struct nlmsghdr header;
		struct tcmsg message;
	} request = {
		.header = { .nlmsg_len = sizeof(request),
			    .nlmsg_type = RTM_GETTFILTER,
			    .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP },
		.message = { .tcm_family = AF_UNSPEC,
			     .tcm_ifindex = (int)link,
			     .tcm_parent = TC_H_MAKE(TC_H_CLSACT, where) },
	};
	bool seen = false;

	return netlink_dump(netlink, &request.header, see_filter, &seen) || seen;
}

void filter_drop_qdisc(uint32_t link)
{
	struct netlink netlink = { 0 };
	struct bpf_tc_hook hook = hook_of(link);
	bool used;

	if (netlink_open(&netlink, NULL, 1 << 16))
		return;
	used = has_filters(&netlink, link, TC_H_MIN_INGRESS) ||
	       has_filters(&netlink, link, TC_H_MIN_EGRESS);
	netlink_close(&netlink);

	hook.attach_point = BPF_TC_INGRESS | BPF_TC_EGRESS;
	if (!used)
		bpf_tc_hook_destroy(&hook);
}
