/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Characters, as far as a configuration needs them: to refuse what is no text, to count columns as
 * libyaml counts them, and to put a caret under the right one.
 *
 * wcwidth(3) is not used: its answer hangs on the locale, which a daemon has none of, and a
 * diagnostic should look the same for whoever renders it. The two short tables below hold the
 * ranges that people really put into comments and names.
 */
#include "config/utf8.h"

#include "base/mem.h"

struct range {
	uint32_t first, last;
};

/* Unicode 15, East_Asian_Width W and F, without the rare. */
static const struct range wide[] = {
	{ 0x1100, 0x115f },   { 0x2e80, 0x303e },   { 0x3041, 0x33ff }, { 0x3400, 0x4dbf },
	{ 0x4e00, 0x9fff },   { 0xa000, 0xa4cf },   { 0xac00, 0xd7a3 }, { 0xf900, 0xfaff },
	{ 0xfe30, 0xfe6f },   { 0xff00, 0xff60 },   { 0xffe0, 0xffe6 }, { 0x1f300, 0x1f64f },
	{ 0x1f900, 0x1f9ff }, { 0x20000, 0x3fffd },
};

/* Combining marks, joiners, variation selectors. */
static const struct range narrow[] = {
	{ 0x0300, 0x036f }, { 0x200b, 0x200d }, { 0x20d0, 0x20ff },
	{ 0xfe00, 0xfe0f }, { 0xfe20, 0xfe2f },
};

/* What turns or hides text: a line that shows other than it reads. */
static const struct range turning[] = {
	{ 0x200e, 0x200f },
	{ 0x2028, 0x202e },
	{ 0x2066, 0x2069 },
	{ 0xfeff, 0xfeff },
};

static bool within(uint32_t code, const struct range *ranges, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (code >= ranges[i].first && code <= ranges[i].last)
			return true;
	}
	return false;
}

/* How many bytes a character with this first byte has (RFC 3629, section 3); 0 = none begins so. */
static unsigned bytes_of(unsigned char first)
{
	if (first < 0x80)
		return 1;
	if (first < 0xc2)
		return 0;
	return first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
}

unsigned utf8_next(const char *text, size_t length, uint32_t *ret_code)
{
	static const uint32_t least[5] = { 0, 0, 0x80, 0x800, 0x10000 };
	static const unsigned char mask[5] = { 0, 0x7f, 0x1f, 0x0f, 0x07 };
	unsigned bytes = length ? bytes_of((unsigned char)text[0]) : 0;
	uint32_t code;

	if (!bytes || bytes > length)
		return 0;
	code = (unsigned char)text[0] & mask[bytes];
	for (unsigned i = 1; i < bytes; i++) {
		if (((unsigned char)text[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | ((unsigned char)text[i] & 0x3f);
	}
	if (code < least[bytes] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
		return 0;
	*ret_code = code;
	return bytes;
}

unsigned utf8_break(const char *text, size_t length)
{
	const unsigned char *bytes = (const unsigned char *)text;

	if (!length)
		return 0;
	if (bytes[0] == '\n')
		return 1;
	if (bytes[0] == '\r')
		return length > 1 && bytes[1] == '\n' ? 2 : 1;
	if (length > 1 && bytes[0] == 0xc2 && bytes[1] == 0x85)
		return 2;
	if (length > 2 && bytes[0] == 0xe2 && bytes[1] == 0x80 &&
	    (bytes[2] == 0xa8 || bytes[2] == 0xa9))
		return 3;
	return 0;
}

bool utf8_in_yaml(uint32_t code)
{
	if (code < 0x20)
		return code == '\t' || code == '\n' || code == '\r';
	if (code < 0xa0)
		return code < 0x7f || code == 0x85;
	return code != 0xfeff && code != 0xfffe && code != 0xffff;
}

bool utf8_shows(uint32_t code)
{
	return code >= 0x20 && code != 0x85 && utf8_in_yaml(code) &&
	       !within(code, turning, ARRAY_SIZE(turning));
}

unsigned utf8_width(uint32_t code)
{
	if (code < 0x300)
		return 1;
	if (within(code, narrow, ARRAY_SIZE(narrow)))
		return 0;
	return within(code, wide, ARRAY_SIZE(wide)) ? 2 : 1;
}

void utf8_append_shown(struct text *text, const char *bytes, size_t length, size_t most)
{
	uint32_t code = 0;
	unsigned step;

	for (; length && most; most--) {
		step = utf8_next(bytes, length, &code);
		if (step && utf8_shows(code))
			text_append(text, bytes, step);
		else
			text_puts(text, "?");
		bytes += step ? step : 1;
		length -= step ? step : 1;
	}
	if (length)
		text_puts(text, "...");
}
