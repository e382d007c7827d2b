/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_DAEMON_CONTROL_H
#define MH_DAEMON_CONTROL_H

/*
 * What mhctl and the engine say to each other over the control socket (SOCK_SEQPACKET, framed by
 * io/channel.h). All payloads but CONTROL_SOURCE are one JSON object.
 *
 * A request: {"command": "plan" | "apply" | "confirm" | "rollback" | "status" | "places" | "watch" |
 *	"metrics" | "upgrade" | "checks" | "subscriber"} and
 *	apply	"confirm_ms": N		go back by itself after N ms (1000 to 86400000) unless confirmed
 *	apply	"reload": true		the configuration in force, with the files that it names read again
 *	apply	"only": NAME		with "reload": only the files of this zone
 *	plan	"rollback": true	what a rollback would do
 *	confirm	"id": N		only if it is this one that waits
 *	confirm	"extend_ms": N		wait so long from now on, instead
 *	status	"feature": NAME		only that feature
 *	places	"objects": [TEXT]	who asks for each of these, in the words of a plan
 *		"links": TEXT		"link NAME index N", a line for each link that they name
 *	checks	"name": NAME, "order": "drain"|"force-up"|"force-down"|"auto"
 *	subscriber "name": NAME, "order": "add"|"move"|"remove"|"auto", "port": LINK (add, move), and of add
 *		"addresses": [ADDRESS], "prefixes": [PREFIX], "mac": MAC, "via": ADDRESS
 * For plan and apply of a FILE, a CONTROL_SOURCE of the same number goes before: the texts, by
 * source_pack(). Without it they mean the engine's own file. No path goes through the socket.
 *
 * The reply, for every command:
 *	"exit"		0 fine, 1 the answer is "no", 2 a usage or configuration mistake: mhctl's exit status
 *	"error"		one line, when something went wrong as a whole
 *	"diagnostics"	[{"level": "error"|"warning", "text", "file", "line", "column",
 *			"rendered"}]; "rendered" has the line and
 *			the caret, without colour; file, line, column are absent when the place is unknown
 * plan adds
 *	"operations"	[{"op": "add"|"change"|"delete", "kind": "route"..., "text": "+ route ...",
 *			"feature", "file", "line", "column"}]
 *	"pending"	[{"text", "feature", "file", "line", "column"}]
 *	"workers"	[NAME]: those that get another part of the configuration
 *	"losses"	[{"link", "text", "objects": ["route ..."]}]: what is not ours, and goes
 * apply and rollback add
 *	"generation"	N, the one now in force
 *	"operations"	how many were carried out (a number)
 *	"failed"	[{"text": "+ route ...", "error": "File exists: ...", "feature", "file",
 *			"line", "column", "rendered"}]
 *	"rolled_back"	true when a refusal of the kernel took everything back
 *	"pending", "losses", "workers" as above
 *	"missing"	[{"text", "error"}]: of what went so, that which Linux does not take back
 *	"confirm_ms"	when it waits for a confirm
 *	"timing"	{"read_us", "decide_us", "apply_us"}
 * subscriber adds "subscriber" {"name", "order", "port"}, and "operations", "failed", "pending" as above, of
 *	what it changed alone; it is kept, and tried again, when the kernel refused a part
 * confirm adds "generation", and "confirm_ms" when it was extended. It is taken only over a connection
 *	that was made after the apply was answered.
 * status adds
 *	"version", "pid", "generation", "config" (file name), "uptime_s", "confirm_ms" (left, when waiting)
 *	"transaction"	{"id": N, "what": FILE, "uid", "pid", "operations": N}: what waits to be confirmed
 *	"violated"	[as "diagnostics"]: what the configuration promises, and the host as it is does
 *			not keep; "exit" is 1 then
 *	"objects"	{"desired": N, "in_place": N, "pending": [...], "failing": [... as "failed"]}
 *	"drift"		{"repaired": N, "last": "text", "last_s_ago": N, "fights": [{"text", "by": "protocol
 *			bird"|"somebody", "left_s"}]}: what others remove again and again, and is let be
 *	"workers"	[{"name", "pid", "restarts", "listeners": N}]: those with something to do
 *	"features"	{NAME: {...}}
 *		prefixes: {"claims": [{"prefix", "state": "in place"|"waiting"|"refused",
 *			"exceptions": [{"prefix", "link", "via", "unreachable": true, "why":
 *				"file"|"gateway"|"neighbour"|"learned"}],
 *			"asked", "answered", "dropped", "failed"}],
 *			"warnings": ["what silences claims, a line each"], "nonlocal_bind": bool}
 *		services: {"services": [{"name", "kind", "listen": ["..."], "ports": ["7777"],
 *			"protocols": ["udp"],
 *			"asked", "answered", "dropped", "failed"}]}
 *		checks: {"checks": [{"name", "kind", "state": "unknown"|"up"|"down", "hand", "usable", "old",
 *			"weight", "flips", "reason", "since_s", "checked_s_ago", "took_us", "next_s"}]}
 *		replies: {"groups": [{"cgroup", "state": "in place"|"within another"|"waiting"|"refused"}],
 *			"counters": {NAME: N}, "servers": [{"address", "port", "class", "note", "uid",
 *			"inode", "rewritten", "chosen", "connects"}]}; also without the key, when asked for
 *		neighbours: {"responders": [{"link", "way": "xdp"|"tc"|"worker", "guard", "rules", "asked",
 *			"answered", "spoofed", "malformed", "warnings"}], "claimants": [{"address", "link",
 *			"mac", "since", "last", "count"}], "tables": [{"table", "entries", "limit",
 *			"refused", "here", "exempt"}]}; no feature: when asked for alone
 * places adds "places": [{"file", "line", "column", "feature"} or null], one for each object, and
 *	"tables"	{"NUMBER": NAME}, as the configuration calls them
 * metrics adds "text", in the text format of Prometheus
 * upgrade adds "version", of the program that answers; the next answer on this socket is of the one that
 *	took over, or of the same when it could not be executed
 * watch is answered by CONTROL_EVENT messages without end: {"event":
 * "apply"|"drift"|"link"|"worker"|"pending"|"failing"|..., "time": seconds
 *	since 1970 (real), "text": one line}; the first is {"event": "hello"}.
 *
 * While a long apply runs, CONTROL_PROGRESS {"done": N, "total": N} comes now and then.
 */
enum control_message {
	CONTROL_REQUEST = 1, /* mhctl */
	CONTROL_SOURCE,	     /* mhctl */
	CONTROL_PROGRESS,    /* engine */
	CONTROL_REPLY,	     /* engine */
	CONTROL_EVENT,	     /* engine */
};

#define CONTROL_DEFAULT_SOCKET "/run/multihomed/control.sock"

#endif
