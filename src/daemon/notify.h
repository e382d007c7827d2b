/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_DAEMON_NOTIFY_H
#define MH_DAEMON_NOTIFY_H

/* Tells the service manager @state ("READY=1") as sd_notify(3) does; nothing when there is none. */
void notify(const char *state);
/* RELOADING=1 with the time that Type=notify-reload wants. */
void notify_reloading(void);

#endif
