/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_HOST_ANY_H
#define MH_HOST_ANY_H

#include "host/object.h"

/* Room for one object of any kind. */
union host_object {
	struct object object;
	struct host_link link;
	struct host_neighbour neighbour;
	struct host_sysctl sysctl;
	struct host_address address;
	struct host_nexthop nexthop;
	struct host_route route;
	struct host_rule rule;
	struct host_filter filter;
	struct host_cgroup cgroup;
	struct host_answer answer;
	struct host_responder responder;
	struct host_attachment attachment;
	struct host_listener listener;
};

#endif
