/* SPDX-License-Identifier: MIT */
/*
 * collect/suspect.c - objects with more references than they count.
 *
 * When all references among the candidates have been counted, a side byte
 * above zero belongs to an object whose count is too low: somebody dropped one
 * too many, or took one without counting.  Such an object is kept, being what
 * any other with a byte that is not zero is: a root.  A debug build says so.
 *
 * A count that is too high cannot be told from a reference that C code holds;
 * that object just lives.
 */
#include "collect/report.h"
#include "collect/round.h"

#include "object/children.h"
#include "object/site.h"

/* Looking for those that refer to one object. */
struct search {
    const weir_object *target;
    const weir_object *now;
    weir_gc_report *report;
};

static void
note_reference(weir_object *child, void *context)
{
    struct search *search = context;
    weir_gc_report *report = search->report;
    const char *type = wr_type_of(search->now)->name;

    if (child != search->target) {
        return;
    }
    report->seen++;
    for (unsigned i = 0; i < report->nreferrers; i++) {
        if (report->referrers[i] == type) {
            return;
        }
    }
    if (report->nreferrers < WEIR_GC_REFERRERS_MAX) {
        report->referrers[report->nreferrers++] = type;
    }
}

/* Count again, one reference at a time. */
static void
find_referrers(const struct wr_round *round, struct search *search)
{
    for (size_t i = 0; i < round->npools; i++) {
        size_t word = (size_t)round->pools[i].pool * WR_POOL_WORDS;

        for (size_t end = word + WR_POOL_WORDS; word < end; word++) {
            uint64_t bits = wr_side.cand[word];

            for (; bits != 0; bits &= bits - 1) {
                weir_object *o = wr_object_at(word, wr_bitmap_lowest(bits));

                search->now = o;
                wr_children_visit(o, note_reference, search);
            }
        }
    }
}

/* Nobody listens: the last words about it. */
static void
die(const weir_gc_report *report)
{
    char text[WR_SITE_TEXT];
    char site[WR_SITE_TEXT];

    (void)weir_gc_report_text(report, text, sizeof(text));
    wr_site_text(wr_site_of(report->object), site);
    wr_fatal("%s, allocated at %s", text, site);
}

static void
suspect(struct wr_round *round, weir_object *o)
{
    weir_gc_report report = {
        .event = WEIR_GC_CORRUPT,
        .generation = round->generation,
        .object = o,
        .type = wr_type_of(o)->name,
        .count = wr_ref_value(o),
    };
    struct search search = {.target = o, .report = &report};

    if (round->nsuspects == WR_SUSPECTS_MAX) {
        return;
    }
    find_referrers(round, &search);
    if (!wr_report_wanted()) {
        die(&report);
    }
    round->suspects[round->nsuspects++] = report;
}

void
wr_suspect_stw(struct wr_round *round)
{
    for (size_t i = 0; i < round->npools; i++) {
        size_t word = (size_t)round->pools[i].pool * WR_POOL_WORDS;

        for (size_t end = word + WR_POOL_WORDS; word < end; word++) {
            uint64_t bits = wr_side.cand[word];

            for (; bits != 0; bits &= bits - 1) {
                unsigned bit = wr_bitmap_lowest(bits);
                weir_object *o = wr_object_at(word, bit);
                /* A large count that is merely held from outside has 1. */
                int held = wr_ref_value(o) >= WR_BIG_COUNT ? 1 : 0;

                if (wr_side.count[word * 64 + bit] > held) {
                    suspect(round, o);
                }
            }
        }
    }
}

void
wr_suspect_report(struct wr_round *round)
{
    for (unsigned i = 0; i < round->nsuspects; i++) {
        wr_report(&round->suspects[i]);
    }
    round->nsuspects = 0;
}
