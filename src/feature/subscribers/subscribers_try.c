/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Whether a decision by hand can stand, asked before anything is changed: what stands already is put
 * together with it, and what is wrong then and has to do with it refuses it.
 */
#include "feature/subscribers/subscribers_roster.h"

#include <errno.h>
#include <string.h>

struct trial {
	const char *name;
	struct text *error;
};

/* The first one is told. */
static void note(void *data, const struct roster_problem *problem)
{
	const struct trial *trial = data;
	bool concerns = !strcmp(problem->one->name, trial->name) ||
			(problem->other && !strcmp(problem->other->name, trial->name));

	if (concerns && !trial->error->length)
		text_puts(trial->error, problem->text);
}

static bool is_in_file(const struct roster *filed, const char *name)
{
	return roster_find(filed, name);
}

/* As CONFIG_NAME has it, which the file would refuse otherwise; or it is there already, as a port is. */
static bool is_name(const char *name)
{
	size_t length = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "0123456789-_.");

	return length && length < 64 && !name[length];
}

/* What is wrong with the words of @one beside those who are there, @now. */
static void judge(const struct roster *now, const struct roster *filed,
		  const struct subscriber_hand *one, struct text *error)
{
	const struct subscriber *there = roster_find(now, one->name);
	const struct roster_port *port = one->port ? roster_port(filed, one->port) : NULL;
	bool lives = there && !there->left_out;

	if (one->what == SUBSCRIBER_ADD && lives)
		text_printf(error,
			    "subscriber '%s' is there already, on %s; move or remove it instead",
			    one->name, there->port);
	else if (one->what == SUBSCRIBER_ADD && !is_name(one->name))
		text_printf(error,
			    "'%s' cannot be a name: use 1 to 63 letters, digits, '-', '_', '.'",
			    one->name);
	else if (one->what != SUBSCRIBER_ADD && one->what != SUBSCRIBER_AUTO && !lives)
		text_printf(error,
			    "there is no subscriber '%s'; `mhctl status subscribers` lists them",
			    one->name);
	else if (!one->port && (one->what == SUBSCRIBER_ADD || one->what == SUBSCRIBER_MOVE))
		text_puts(error, "on which port? name one of `subscribers`");
	else if (one->port && !port)
		text_printf(
			error,
			"%s is no port of `subscribers`; name one of them, or add it to the file: "
			"'%s: []'",
			one->port, one->port);
	else if (one->what == SUBSCRIBER_MOVE && !strcmp(there->port, one->port))
		text_printf(error, "subscriber '%s' is on %s already", one->name, one->port);
}

/* Beside the others, as if it were decided. */
static void judge_together(const struct subscribers_config *config,
			   const struct subscriber_hands *hands, const struct subscriber_hand *one,
			   bool filed, struct text *error)
{
	struct trial trial = { one->name, error };
	struct subscriber_hands then;
	struct roster roster;

	subscriber_hands_copy(hands, &then);
	subscriber_hands_take(&then, one, filed);
	roster_build(config, &then, &roster);
	roster_blame(&roster, one->name);
	roster_problems(&roster, note, &trial);
	roster_free(&roster);
	subscriber_hands_free(&then);
}

int subscribers_try(const struct config *all, const struct subscriber_hands *hands,
		    const struct subscriber_hand *one, bool *ret_filed, struct text *ret_error)
{
	const struct subscribers_config *config = feature_value(all, &subscribers_feature);
	struct roster filed, now;
	AUTO_TEXT error = { 0 };
	bool known;

	if (!config) {
		text_puts(ret_error,
			  "there is no `subscribers` in the configuration; add it with its "
			  "gateway and its ports");
		return -EINVAL;
	}
	roster_build(config, NULL, &filed);
	roster_build(config, hands, &now);
	known = is_in_file(&filed, one->name);
	if (one->what == SUBSCRIBER_AUTO && !subscriber_hands_find(hands, one->name))
		text_printf(&error,
			    known ? "subscriber '%s' is as the file says already" :
				    "there is no subscriber '%s'; `mhctl status subscribers` "
				    "lists them",
			    one->name);
	else
		judge(&now, &filed, one, &error);
	roster_free(&now);
	roster_free(&filed);
	if (!error.length && one->what != SUBSCRIBER_REMOVE)
		judge_together(config, hands, one, known, &error);
	if (error.length) {
		text_puts(ret_error, text_string(&error));
		return -EINVAL;
	}
	*ret_filed = known;
	return 0;
}
