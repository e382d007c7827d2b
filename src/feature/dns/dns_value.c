/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Values of `dns` that are more than their text. */
#include "feature/dns/dns_value.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <strings.h>

#define SECRET_SIZE 16

int dns_zone_name(const struct dns_zone *zone, struct dns_name *ret_name)
{
	return name_parse(zone->name, ret_name);
}

int dns_self_name_of(const struct dns_zone *zone, const char *relative, struct dns_name *ret_name)
{
	size_t length = strlen(relative);
	AUTO_MEM char *whole = NULL;

	if (length && relative[length - 1] == '.')
		return name_parse(relative, ret_name);
	whole = mem_printf("%s.%s", relative, strcmp(zone->name, ".") ? zone->name : "");
	return name_parse(whole, ret_name);
}

/* The six bits of a letter, or -1. */
static int base64_bits(char letter)
{
	static const char letters[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = letter ? strchr(letters, letter) : NULL;

	return at ? (int)(at - letters) : -1;
}

int dns_base64(const char *base64, uint8_t *ret_bytes, size_t room)
{
	size_t length = strlen(base64), count = 0;
	uint32_t bits = 0;
	unsigned have = 0;

	if (length % 4)
		return -EINVAL;
	while (length && base64[length - 1] == '=' && strlen(base64) - length < 2)
		length--;
	for (size_t i = 0; i < length; i++) {
		int six = base64_bits(base64[i]);

		if (six < 0)
			return -EINVAL;
		bits = bits << 6 | (uint32_t)six;
		have += 6;
		if (have < 8)
			continue;
		have -= 8;
		if (count == room)
			return -EINVAL;
		ret_bytes[count++] = (uint8_t)(bits >> have);
	}
	return (int)count;
}

static int hex_digit(char letter)
{
	return isdigit((unsigned char)letter)  ? letter - '0' :
	       isxdigit((unsigned char)letter) ? tolower((unsigned char)letter) - 'a' + 10 :
						 -1;
}

/* 32 hexadecimal digits. */
static bool secret_read(const char *line, size_t length, uint8_t ret_secret[SECRET_SIZE])
{
	for (size_t i = 0; i < SECRET_SIZE && length == (size_t)SECRET_SIZE * 2; i++) {
		int high = hex_digit(line[2 * i]), low = hex_digit(line[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		ret_secret[i] = (uint8_t)(high << 4 | low);
	}
	return length == (size_t)SECRET_SIZE * 2;
}

int dns_cookie_secrets(const struct config_file *file, uint8_t ret_secrets[][16], size_t room)
{
	const char *line = file->text;
	size_t count = 0, length;

	for (; *line; line += line[length] == '\n' ? length + 1 : length) {
		length = strcspn(line, "\n");
		if (!length)
			continue;
		if (count == room || !secret_read(line, length, ret_secrets[count]))
			return -EINVAL;
		count++;
	}
	return count ? (int)count : -EINVAL;
}

static void file_told(const char *word, size_t length, void (*told)(void *data, const char *name),
		      void *data)
{
	AUTO_MEM char *name = mem_alloc(length + 1);
	size_t out = 0;

	for (size_t i = 0; i < length; i++)
		if (word[i] != '\\' || i + 1 == length)
			name[out++] = word[i];
	if (out)
		told(data, name);
}

/*
 * The files that a zone file includes (RFC 1035, 5.1). Looked for at the beginning of every line, also of
 * those that are within a text or brackets: to attach one in vain is no harm, and whether it is
 * one is for the reader of the zone to say.
 */
void dns_zone_includes(const char *text, size_t length, void (*told)(void *data, const char *name),
		       void *data)
{
	static const char word[] = "$INCLUDE";
	const char *line = text, *end = text + length, *next, *name;
	size_t left;

	/* Sought by its '$', which is rare, instead of by the ends of lines, which are many. */
	for (; (line = memchr(line, '$', (size_t)(end - line))); line = next) {
		next = line + 1;
		if ((line != text && line[-1] != '\n') ||
		    strncasecmp(line, word, sizeof(word) - 1) != 0)
			continue;
		next = memchr(line, '\n', (size_t)(end - line));
		next = next ? next : end;
		name = line + sizeof(word) - 1;
		while (name < next && (*name == ' ' || *name == '\t'))
			name++;
		left = (size_t)(next - name);
		if (left && *name == '"') {
			const char *quote = memchr(name + 1, '"', left - 1);

			file_told(name + 1, quote ? (size_t)(quote - name - 1) : 0, told, data);
			continue;
		}
		for (left = 0; name + left < next && !strchr(" \t\r;", name[left]); left++)
			left += name[left] == '\\' && name + left + 1 < next;
		file_told(name, left, told, data);
	}
}
