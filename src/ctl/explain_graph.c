/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The ways as a picture: stations from left to right, the packet in a full line, its reply in a
 * broken one. As DOT for who has graphviz, as SVG for who has only a browser: columns of boxes are all
 * that a way through one host needs, so it is drawn here.
 */
#include "ctl/explain.h"

#include <string.h>

enum column {
	COLUMN_FROM,
	COLUMN_IN,
	COLUMN_RULE,
	COLUMN_TABLE,
	COLUMN_OUT,
	COLUMN_NEXT,
	COLUMN_TO,
	COLUMN_COUNT
};

struct station {
	enum column column;
	unsigned row; /* within its column */
	char *label;
	bool bad; /* the packet ends here */
};

struct lane {
	size_t from, to; /* stations */
	bool reply;
};

struct drawing {
	VEC(struct station) stations;
	VEC(struct lane) lanes;
	unsigned rows[COLUMN_COUNT];
};

/* The station of that name in that column; a new one if there is none. Takes over @label. */
static size_t station(struct drawing *drawing, enum column column, char *label)
{
	struct station *fresh;

	for (size_t i = 0; i < drawing->stations.count; i++)
		if (drawing->stations.items[i].column == column &&
		    !strcmp(drawing->stations.items[i].label, label)) {
			mem_freep(&label);
			return i;
		}
	fresh = VEC_PUSH(&drawing->stations);
	fresh->column = column;
	fresh->row = drawing->rows[column]++;
	fresh->label = label;
	return drawing->stations.count - 1;
}

static size_t lead(struct drawing *drawing, size_t from, size_t to, bool reply)
{
	struct lane *lane = VEC_PUSH(&drawing->lanes);

	*lane = (struct lane){ from, to, reply };
	return to;
}

static char *rule_label(const struct host_rule *rule)
{
	AUTO_TEXT words = { 0 };

	words_rule(rule, &words);
	return mem_printf("rule %u\n%s", rule->preference, text_string(&words));
}

static char *table_label(const struct subject *subject, const struct verdict *verdict)
{
	AUTO_TEXT words = { 0 };

	words_table(subject, verdict->table, &words);
	if (verdict->route) {
		text_puts(&words, "\n");
		words_route(verdict->route, &words);
	}
	return mem_strdup(text_string(&words));
}

static char *address_label(const struct address *address, const char *otherwise)
{
	char text[ADDRESS_TEXT_SIZE];

	return mem_strdup(address->family ? address_text(address, text) : otherwise);
}

/* From the host's inside, at the station @at, to the far end, by one hop. */
static void draw_hop(struct drawing *drawing, const struct subject *subject,
		     const struct verdict_hop *hop, const struct lane *way, const struct address *to)
{
	size_t at = way->from;
	bool reply = way->reply;
	char via[ADDRESS_TEXT_SIZE];
	bool dropped = hop->end != END_LEAVES;
	size_t out = station(drawing, COLUMN_OUT,
			     mem_printf("%s%s", words_link(subject->state, hop->link),
					hop->end == END_FILTERED ? "\ndropped by our filter" :
					dropped			 ? "\ndropped on arrival" :
					hop->nat		 ? "\nNAT" :
								   ""));

	at = lead(drawing, at, out, reply);
	drawing->stations.items[out].bad |= dropped;
	if (dropped)
		return;
	if (hop->via.family)
		at = lead(drawing, at,
			  station(drawing, COLUMN_NEXT,
				  mem_printf("gateway\n%s", address_text(&hop->via, via))),
			  reply);
	lead(drawing, at, station(drawing, COLUMN_TO, address_label(to, "")), reply);
}

static void draw_way(struct drawing *drawing, const struct subject *subject,
		     const struct flow *flow, const struct verdict *verdict, bool reply)
{
	size_t at = station(
		drawing, COLUMN_FROM,
		address_label(flow->from.family ? &flow->from : &verdict->source, "this host"));

	at = lead(drawing, at,
		  station(drawing, COLUMN_IN,
			  flow->in ? mem_printf("in by %s", words_link(subject->state, flow->in)) :
				     mem_strdup("sent by this host")),
		  reply);
	if (verdict->rule)
		at = lead(drawing, at, station(drawing, COLUMN_RULE, rule_label(verdict->rule)),
			  reply);
	if (verdict->table)
		at = lead(drawing, at,
			  station(drawing, COLUMN_TABLE, table_label(subject, verdict)), reply);
	if (verdict->end != END_LEAVES && verdict->end != END_FILTERED) {
		size_t end = station(drawing, COLUMN_OUT, mem_strdup(verdict_end_name(verdict->end)));

		drawing->stations.items[end].bad = verdict->end != END_LOCAL &&
						   verdict->end != END_BROADCAST &&
						   verdict->end != END_MULTICAST;
		lead(drawing, at, end, reply);
		return;
	}
	for (unsigned i = 0; i < verdict->hop_count && i < NEXTHOP_MEMBERS; i++)
		draw_hop(drawing, subject, &verdict->hops[i],
			 &(struct lane){ .from = at, .reply = reply }, &flow->to);
}

static void draw(struct drawing *drawing, const struct subject *subject, const struct story *story)
{
	draw_way(drawing, subject, &story->question.flow, &story->there, false);
	if (story->replied)
		draw_way(drawing, subject, &story->reply, &story->back, true);
}

static void drawing_free(struct drawing *drawing)
{
	for (size_t i = 0; i < drawing->stations.count; i++)
		mem_freep(&drawing->stations.items[i].label);
	VEC_FREE(&drawing->stations);
	VEC_FREE(&drawing->lanes);
}

/* What would end a quoted string of DOT, or steer whoever reads it. */
static void put_quoted(const char *label, struct text *text)
{
	text_puts(text, "\"");
	for (; *label; label++) {
		if (*label == '\n')
			text_puts(text, "\\n");
		else if (*label == '"' || *label == '\\')
			text_printf(text, "\\%c", *label);
		else if ((unsigned char)*label >= 0x20)
			text_append(text, label, 1);
	}
	text_puts(text, "\"");
}

void story_draw_dot(const struct subject *subject, const struct story *story, struct text *text)
{
	struct drawing drawing = { 0 };

	draw(&drawing, subject, story);
	text_puts(text,
		  "digraph ways {\n\trankdir=LR;\n\tnode [shape=box, fontname=\"sans-serif\"];\n");
	for (size_t i = 0; i < drawing.stations.count; i++) {
		text_printf(text, "\tn%zu [label=", i);
		put_quoted(drawing.stations.items[i].label, text);
		text_puts(text, drawing.stations.items[i].bad ? ", color=red];\n" : "];\n");
	}
	for (size_t i = 0; i < drawing.lanes.count; i++)
		text_printf(text, "\tn%zu -> n%zu%s;\n", drawing.lanes.items[i].from,
			    drawing.lanes.items[i].to,
			    drawing.lanes.items[i].reply ? " [style=dashed]" : "");
	text_puts(text, "}\n");
	drawing_free(&drawing);
}

#define BOX_WIDTH 170u
#define BOX_HEIGHT 50u
#define GAP_ACROSS 50u
#define GAP_DOWN 30u
#define MARGIN 20u

static unsigned left_of(const struct station *station)
{
	return MARGIN + (unsigned)station->column * (BOX_WIDTH + GAP_ACROSS);
}

static unsigned top_of(const struct station *station)
{
	return MARGIN + station->row * (BOX_HEIGHT + GAP_DOWN);
}

static void put_escaped(const char *label, size_t length, struct text *text)
{
	for (size_t i = 0; i < length; i++) {
		if (label[i] == '<')
			text_puts(text, "&lt;");
		else if (label[i] == '&')
			text_puts(text, "&amp;");
		else if ((unsigned char)label[i] >= 0x20)
			text_append(text, &label[i], 1);
	}
}

static void put_box(const struct station *station, struct text *text)
{
	unsigned left = left_of(station), top = top_of(station), line = 0;

	text_printf(text,
		    "<rect x=\"%u\" y=\"%u\" width=\"%u\" height=\"%u\" rx=\"6\" class=\"%s\"/>\n",
		    left, top, BOX_WIDTH, BOX_HEIGHT, station->bad ? "bad" : "box");
	for (const char *at = station->label; *at; line++) {
		size_t length = strcspn(at, "\n");

		text_printf(text, "<text x=\"%u\" y=\"%u\"%s>", left + BOX_WIDTH / 2,
			    top + 20 + 18 * line,
			    length > 24 ? " textLength=\"160\" lengthAdjust=\"spacingAndGlyphs\"" :
					  "");
		put_escaped(at, length, text);
		text_puts(text, "</text>\n");
		at += length + (at[length] == '\n');
	}
}

/* A curve from the right side of one box to the left side of another. */
static void put_lane(const struct drawing *drawing, const struct lane *lane, struct text *text)
{
	const struct station *from = &drawing->stations.items[lane->from];
	const struct station *to = &drawing->stations.items[lane->to];
	unsigned x = left_of(from) + BOX_WIDTH, end = left_of(to);
	unsigned y = top_of(from) + BOX_HEIGHT / 2 + (lane->reply ? 8 : 0);
	unsigned down = top_of(to) + BOX_HEIGHT / 2 + (lane->reply ? 8 : 0);

	text_printf(
		text,
		"<path d=\"M%u %u C%u %u %u %u %u %u\" class=\"%s\" marker-end=\"url(#tip)\"/>\n",
		x, y, x + GAP_ACROSS / 2, y, end - GAP_ACROSS / 2, down, end - 2, down,
		lane->reply ? "reply" : "packet");
}

static void put_head(const struct drawing *drawing, struct text *text)
{
	unsigned rows = 1, columns = 0;

	for (unsigned i = 0; i < COLUMN_COUNT; i++) {
		rows = drawing->rows[i] > rows ? drawing->rows[i] : rows;
		columns = drawing->rows[i] ? i + 1 : columns;
	}
	text_printf(text,
		    "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%u\" height=\"%u\" "
		    "font-family=\"sans-serif\" font-size=\"13\">\n",
		    2 * MARGIN + columns * (BOX_WIDTH + GAP_ACROSS) - GAP_ACROSS,
		    2 * MARGIN + rows * (BOX_HEIGHT + GAP_DOWN) - GAP_DOWN + 24);
	text_puts(text, "<style>.box{fill:#f4f7fb;stroke:#345}.bad{fill:#fdeaea;stroke:#b00}"
			"path{fill:none;stroke-width:2}.packet{stroke:#1565c0}"
			".reply{stroke:#2e7d32;stroke-dasharray:6 "
			"4}text{text-anchor:middle;fill:#111}</style>\n"
			"<defs><marker id=\"tip\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" "
			"markerWidth=\"7\" "
			"markerHeight=\"7\" orient=\"auto\"><path d=\"M0 0L8 4L0 8z\" "
			"style=\"fill:#345;stroke:none\"/></marker></defs>\n");
	text_printf(text,
		    "<text x=\"%u\" y=\"%u\" style=\"text-anchor:start\">the packet: full line; "
		    "its reply: "
		    "broken line</text>\n",
		    MARGIN, MARGIN + rows * (BOX_HEIGHT + GAP_DOWN));
}

void story_draw_svg(const struct subject *subject, const struct story *story, struct text *text)
{
	struct drawing drawing = { 0 };

	draw(&drawing, subject, story);
	put_head(&drawing, text);
	for (size_t i = 0; i < drawing.lanes.count; i++)
		put_lane(&drawing, &drawing.lanes.items[i], text);
	for (size_t i = 0; i < drawing.stations.count; i++)
		put_box(&drawing.stations.items[i], text);
	text_puts(text, "</svg>\n");
	drawing_free(&drawing);
}
