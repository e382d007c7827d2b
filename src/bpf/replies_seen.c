/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the programs have counted. */
#include "bpf/replies_seen.h"
#include "bpf/replies_internal.h"

#include "base/mem.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>

enum { PORTS = 65536 };

int replies_counters(struct replies *replies, struct replies_counters *ret_counters)
{
	int processors = libbpf_num_possible_cpus();
	AUTO_MEM struct replies_counts *counts = NULL;
	uint64_t sum[COUNTS] = { 0 };
	uint32_t zero = 0;
	int code;

	if (processors < 0)
		return processors;
	counts = mem_alloc((size_t)processors * sizeof(*counts));
	code = bpf_map_lookup_elem(replies->maps[MAP_COUNTS], &zero, counts);
	if (code)
		return code;
	for (int i = 0; i < processors; i++)
		for (int which = 0; which < COUNTS; which++)
			sum[which] += counts[i].count[which];
	*ret_counters = (struct replies_counters){
		.recorded = sum[COUNT_RECORDED],
		.rewritten = sum[COUNT_REWRITTEN],
		.refused = sum[COUNT_REFUSED],
		.chosen = sum[COUNT_CHOSEN],
		.unknown = sum[COUNT_UNKNOWN],
		/* Those that came and cannot be there any more. */
		.evicted = sum[COUNT_PEERS] > replies->peers ? sum[COUNT_PEERS] - replies->peers : 0,
		.overflowed = sum[COUNT_OVERFLOWED],
		.resynced = sum[COUNT_RESYNCED],
		.guessed = sum[COUNT_GUESSED],
	};
	return 0;
}

int replies_evidences(struct replies *replies, struct replies_evidences *ret_evidences)
{
	size_t size = PORTS * sizeof(struct replies_port);
	const struct replies_port *ports = mmap(NULL, size, PROT_READ, MAP_SHARED,
						replies->maps[MAP_PORTS], 0);

	if (ports == MAP_FAILED)
		return -errno;
	ret_evidences->count = 0;
	for (unsigned port = 0; port < PORTS; port++)
		for (int ipv6 = 0; ipv6 < 2; ipv6++) {
			struct replies_evidence evidence = {
				.port = (uint16_t)port,
				.family = ipv6 ? AF_INET6 : AF_INET,
				.rewritten = ports[port].rewritten[ipv6],
				.chosen = ports[port].chosen[ipv6],
				.connects = ports[port].connects[ipv6],
			};

			if (evidence.rewritten || evidence.chosen || evidence.connects)
				*VEC_PUSH(ret_evidences) = evidence;
		}
	munmap((void *)ports, size);
	return 0;
}

int replies_runs(struct replies *replies, struct replies_runs *ret_runs)
{
	ret_runs->count = 0;
	for (int i = 0; i < REPLIES_PROGRAMS; i++) {
		struct bpf_prog_info info = { 0 };
		uint32_t size = sizeof(info);
		int code = bpf_obj_get_info_by_fd(replies->programs[i], &info, &size);

		if (code)
			return code;
		*VEC_PUSH(ret_runs) = (struct replies_run){ replies_program_names[i], info.run_cnt,
							    info.run_time_ns };
	}
	return 0;
}
