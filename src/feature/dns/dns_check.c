/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What is wrong in `dns` by itself; its zones are read in dns_check_zone.c, own addresses in
 * dns_check_self.c.
 */
#include "feature/dns/dns_check.h"
#include "feature/dns/dns_seen.h"

#include "feature/check.h"
#include "feature/listen.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SECRET_MAX 512
#define SECRET_WEAK 16 /* bytes: RFC 8945, 8 asks for as many as the hash gives */

static void check_listen(const struct dns_config *config, struct diags *diags)
{
	const struct prefix *listen = config->listen.items;
	char text[ADDRESS_TEXT_SIZE];

	for (unsigned i = 0; i < config->listen.count; i++) {
		const char *reason = listen_wrong(&listen[i]);

		if (reason)
			diag_at(diags, config->listen.places[i], -EINVAL,
				"nobody can be asked on %s: %s", listen_text(&listen[i], text),
				reason);
		for (unsigned j = 0; j < i; j++)
			if (prefix_compare(&listen[i], &listen[j]) == 0)
				diag_between(diags, config->listen.places[i],
					     config->listen.places[j], -EINVAL,
					     "%s is listed twice; leave one of them out",
					     listen_text(&listen[i], text));
	}
}

static const struct dns_key *key_find(const struct dns_config *config, const char *name)
{
	const struct dns_key *keys = config->keys.items;

	for (unsigned i = 0; i < config->keys.count; i++)
		if (!strcmp(keys[i].name, name))
			return &keys[i];
	return NULL;
}

static void check_keys(const struct dns_config *config, struct diags *diags)
{
	const struct dns_key *keys = config->keys.items;
	uint8_t secret[SECRET_MAX];
	struct dns_name name;

	for (unsigned i = 0; i < config->keys.count; i++) {
		struct place at = CONFIG_PLACE(&keys[i], dns_key_fields, struct dns_key, secret);
		int length = dns_base64(keys[i].secret, secret, sizeof(secret));

		if (name_parse(keys[i].name, &name) < 0)
			diag_at(diags, keys[i].record.place, -EINVAL,
				"'%s' is no domain name, as a key's must be (RFC 8945, 4.2)",
				keys[i].name);
		if (length < 0)
			diag_at(diags, at, -EINVAL,
				"the secret is not in base64; tsig-keygen (bind9-utils) or "
				"'openssl rand "
				"-base64 32' makes one");
		else if (length < SECRET_WEAK)
			diag_warn(diags, at, "a secret of %d bytes can be guessed; take 32", length);
	}
}

static void check_key_known(const struct dns_config *config, const char *name, struct place at,
			    struct diags *diags)
{
	const struct dns_key *keys = config->keys.items;
	const char **names, *meant;

	if (!name || key_find(config, name))
		return;
	names = mem_alloc((config->keys.count + 1) * sizeof(*names));
	for (unsigned i = 0; i < config->keys.count; i++)
		names[i] = keys[i].name;
	meant = text_nearest(name, names);
	if (meant)
		diag_at(diags, at, -EINVAL, "there is no key '%s'; did you mean '%s'?", name, meant);
	else
		diag_at(diags, at, -EINVAL, "there is no key '%s'; add it to `keys` of `dns`", name);
	mem_freep(&names);
}

static void check_transfers(const struct dns_config *config, const struct dns_zone *zone,
			    struct diags *diags)
{
	const struct dns_transfer *transfers = zone->transfers.items;

	for (unsigned i = 0; i < zone->transfers.count; i++) {
		check_key_known(
			config, transfers[i].key,
			CONFIG_PLACE(&transfers[i], dns_transfer_fields, struct dns_transfer, key),
			diags);
		if (!transfers[i].key && (!transfers[i].from.family || !transfers[i].from.length))
			diag_warn(diags, zone->transfers.places[i],
				  "everybody may have all of %s; name addresses (from) or a key",
				  zone->name);
	}
	check_key_known(config, zone->notify_key,
			CONFIG_PLACE(zone, dns_zone_fields, struct dns_zone, notify_key), diags);
	if (zone->notify_key && !zone->notify.count)
		diag_warn(diags, CONFIG_PLACE(zone, dns_zone_fields, struct dns_zone, notify_key),
			  "notify-key has no effect: there is nobody to notify");
}

struct named {
	struct dns_name name;
	const struct dns_zone *zone;
};

static int by_name(const void *a, const void *b)
{
	const struct named *const *first = a, *const *second = b;
	int r = name_compare((*first)->name.wire, (*second)->name.wire);

	return r ? r : ((*first)->zone > (*second)->zone) - ((*first)->zone < (*second)->zone);
}

/* Zones by their names, sorted, so that a hundred thousand are compared in no time. */
static void check_zone_names(const struct dns_config *config, struct diags *diags)
{
	const struct dns_zone *zones = config->zones.items;
	struct named *named = mem_alloc((config->zones.count + 1) * sizeof(*named));
	struct named **sorted = mem_alloc((config->zones.count + 1) * sizeof(*sorted));
	size_t count = 0;

	for (unsigned i = 0; i < config->zones.count; i++) {
		named[count].zone = &zones[i];
		sorted[count] = &named[count];
		if (dns_zone_name(&zones[i], &named[count].name) == 0)
			count++;
		else
			diag_at(diags,
				CONFIG_PLACE(&zones[i], dns_zone_fields, struct dns_zone, name),
				-EINVAL,
				"'%s' is no domain name: labels of 1 to 63 bytes, 255 in all, with "
				"a dot "
				"between two",
				zones[i].name);
	}
	qsort(sorted, count, sizeof(*sorted), by_name);
	for (size_t i = 1; i < count; i++)
		if (name_equal(sorted[i]->name.wire, sorted[i - 1]->name.wire))
			diag_between(diags, sorted[i]->zone->record.place,
				     sorted[i - 1]->zone->record.place, -EINVAL,
				     "the zone %s is listed twice; leave one of them out",
				     sorted[i]->zone->name);
	mem_freep(&sorted);
	mem_freep(&named);
}

static void check_files(const struct dns_config *config, struct diags *diags)
{
	uint8_t secrets[2][16];

	if (config->cookies.secrets.name &&
	    dns_cookie_secrets(&config->cookies.secrets, secrets, ARRAY_SIZE(secrets)) < 0)
		diag_at(diags,
			CONFIG_PLACE(&config->cookies, dns_cookies_fields, struct dns_cookies,
				     secrets),
			-EINVAL,
			"%s has something else than one or two lines of 32 hexadecimal digits; "
			"'openssl rand -hex 16' makes one",
			config->cookies.secrets.name);
	if (config->log.file && config->log.file[0] != '/')
		diag_at(diags, CONFIG_PLACE(&config->log, dns_log_fields, struct dns_log, file),
			-EINVAL, "'%s': the log of a daemon needs a whole path; write /var/log/multihomed/%s",
			config->log.file, config->log.file);
}

void dns_check(const void *config, struct diags *diags)
{
	const struct dns_config *dns = config;
	const struct dns_zone *zones = dns->zones.items;

	check_listen(dns, diags);
	check_keys(dns, diags);
	check_zone_names(dns, diags);
	check_files(dns, diags);
	for (unsigned i = 0; i < dns->zones.count; i++) {
		check_transfers(dns, &zones[i], diags);
		dns_check_selves(&zones[i], diags);
		dns_check_zone(&zones[i], diags);
	}
	dns_seen_round();
}

struct verifying {
	const struct check_list *list;
	struct diags *diags;
};

static void verify_check(void *data, const struct dns_zone *zone, const struct dns_self *self,
			 const char *name)
{
	const struct verifying *verifying = data;

	if (self->check)
		(void)check_verify_name(verifying->list, self->check,
					CONFIG_PLACE(self, dns_self_fields, struct dns_self, check),
					verifying->diags);
}

/* A check that has a mistake of its own is not called missing as well. */
void dns_check_together(const struct config *all, const void *config, struct diags *diags)
{
	struct verifying verifying = { .diags = diags };
	struct check_list list;

	if (diags->errors)
		return;
	feature_checks(all, &list);
	verifying.list = &list;
	dns_self_each(config, verify_check, &verifying);
	check_list_free(&list);
}
