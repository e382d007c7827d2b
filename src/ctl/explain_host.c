/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The host as it runs is read by mhctl itself, so that it can be explained without a daemon and
 * without rights. As it would be after an apply: what the file desires is applied to it on paper.
 */
#include "ctl/explain.h"

#include "base/fd.h"
#include "ctl/client.h"
#include "ctl/command.h"
#include "ctl/problems.h"
#include "host/paper.h"
#include "host/pins.h"
#include "host/sight.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#define DEFAULT_CONFIG "/etc/multihomed/multihomed.yaml"

/* The file that the daemon reads; where none answers, the one that it would read. */
static char *daemon_file(const struct call *call)
{
	json_t *request = json_pack("{s:s}", "command", "status"), *reply = NULL;
	AUTO_TEXT error = { 0 };
	AUTO_FD fd = -1;
	enum control_message type;
	const char *name = NULL;
	char *file;
	int r = client_connect(call->socket, &fd, &error);

	if (r == 0)
		r = client_send(fd, request, NULL);
	if (r == 0)
		r = client_receive(fd, &type, &reply);
	if (r == 0)
		name = json_string_value(json_object_get(reply, "config"));
	file = mem_strdup(name ? name : DEFAULT_CONFIG);
	json_decref(request);
	json_decref(reply);
	return file;
}

static int read_config(const struct call *call, struct subject *subject)
{
	AUTO_MEM char *asked = call->file ? NULL : daemon_file(call);
	const char *path = call->file ? call->file : asked;
	struct source *source = NULL;
	AUTO_DIAGS diags = { 0 };
	int status;

	if (feature_load(path, &source, &diags) < 0) {
		status = problems_tell(call, &diags, source, EXIT_MISTAKE);
		source_free(source);
		return status;
	}
	if (feature_read(source, &diags, &subject->config) < 0)
		return problems_tell(call, &diags, subject->config->source, EXIT_MISTAKE);
	return EXIT_FINE;
}

/* All that the model looks at, and all that the features of the file do. */
static void set_interest(struct subject *subject)
{
	struct interest interest = { 0 };

	feature_interest(subject->config, &interest);
	for (size_t i = 0; i < model_sysctl_count; i++)
		*VEC_PUSH(&interest.sysctls) = model_sysctls[i];
	*VEC_PUSH(&interest.sysctls) = "net/ipv4/conf/*/arp_ignore";
	*VEC_PUSH(&interest.sysctls) = "net/ipv4/conf/*/proxy_arp";
	host_set_interest(subject->host, &(struct host_interest){
						 .prefixes = interest.prefixes.items,
						 .prefix_count = interest.prefixes.count,
						 .sysctls = interest.sysctls.items,
						 .sysctl_count = interest.sysctls.count,
						 .cgroups = interest.cgroups.items,
						 .cgroup_count = interest.cgroups.count,
						 .local_routes = true,
						 .all_routes = true,
					 });
	interest_free(&interest);
}

static int read_host(const struct call *call, struct subject *subject)
{
	const struct host_options options = { .only_look = true, .bpffs = host_bpffs() };
	AUTO_TEXT error = { 0 }, others = { 0 };
	bool changed, resynced;
	int r = host_open(&options, &subject->host, &error);

	if (r < 0)
		return call_fail(call, "%s", text_string(&error));
	set_interest(subject);
	r = host_settle(subject->host, &changed, &resynced);
	if (r < 0)
		return call_fail(call, "the kernel's tables cannot be read: %s", strerror(-r));
	subject->state = host_observed(subject->host);
	host_other_filters(subject->host, &others);
	subject->others = others.length ? mem_strdup(text_string(&others)) : NULL;
	return EXIT_FINE;
}

static int apply_on_paper(const struct call *call, struct subject *subject)
{
	const struct facts facts = { .observed = subject->state, .now = time(NULL) };
	AUTO_DIAGS diags = { 0 };
	struct plan plan = { 0 };

	desired_init(&subject->desired, &diags);
	feature_desire(subject->config, &facts, &subject->desired);
	subject->desired.diags = NULL;
	if (diags.errors) {
		diags_sort(&diags);
		return problems_tell(call, &diags, subject->config->source, EXIT_MISTAKE);
	}
	plan_make(&subject->desired.state, subject->state, &plan);
	state_after(&subject->desired.state, subject->state, &plan, &subject->paper);
	plan_free(&plan);
	subject->state = &subject->paper;
	return EXIT_FINE;
}

int subject_read(const struct call *call, struct subject *subject)
{
	bool on_paper = call->file || call->plan;
	int status = on_paper ? read_config(call, subject) : EXIT_FINE;

	if (status == EXIT_FINE)
		status = read_host(call, subject);
	if (status == EXIT_FINE && on_paper)
		status = apply_on_paper(call, subject);
	if (status == EXIT_FINE) {
		subject->model = model_new(subject->state);
		subject->tables = subject_tables(call, subject);
	}
	return status;
}

void subject_free(struct subject *subject)
{
	if (subject->model)
		model_free(subject->model);
	json_decref(subject->tables);
	mem_freep(&subject->others);
	state_free(&subject->paper);
	desired_free(&subject->desired);
	config_free(subject->config);
	host_close(subject->host);
}
