/* Instructions are checked against the memory they touch before any of them runs. */
#ifndef MINIGRAD_CHECK_H
#define MINIGRAD_CHECK_H

#include "instruction.h"

#include <stddef.h>

/* Numbers below 2^31, so that products of two and sums of three such products cannot overflow. */
#define LARGEST (((int64_t)1 << 31) - 1)

static int is_small(int64_t x) { return x >= 0 && x <= LARGEST; }

/* Whether start, start + step, ... `count` times, lie below `limit`. */
static int is_inside(int64_t start, int64_t step, int64_t count, int64_t limit) {
    return count == 0 || start + step * (count - 1) < limit;
}

static int64_t rows_of(const Program *p, int once) { return once ? p->once_rows : p->sample_rows; }

static int is_entry_inside(const Program *p, const int32_t *entry, int64_t beyond) {
    int64_t place = entry[0], kind = entry[1];
    if (!is_small(place) || kind < IN_SAMPLES || kind > IN_PARAMETERS) return 0;
    return place < (kind == IN_PARAMETERS ? beyond : rows_of(p, kind == IN_ONCE));
}

/* Rows, of which the first columns are read where the reader has one column alone. */
static const char *row_table_error(const Program *p, const Instruction *i) {
    if (!is_inside(i->table, 2, i->rows, p->table_count - 1)) return "its table ends too early";
    for (int64_t r = 0; r < i->rows; r++)
        if (!is_entry_inside(p, p->table + i->table + 2 * r, p->slots))
            return "its table has a place outside memory";
    return NULL;
}

static const char *slot_table_error(const Program *p, const Instruction *i) {
    if (!is_inside(i->table, 1, i->rows, p->table_count)) return "its table ends too early";
    for (int64_t r = 0; r < i->rows; r++) {
        int64_t slot = p->table[i->table + r];
        if (slot < 0 || slot >= p->slots) return "its table has a slot outside memory";
    }
    return NULL;
}

/* A table of sums, each term of which is so many rows, or their blocks. */
static const char *terms_error(const Program *p, const Instruction *i, int64_t width) {
    int64_t at = i->table, terms = 0, rows = p->sample_rows;
    int64_t y_rows = rows - (i->times - 1) * i->down, b_rows = rows - (i->times - 1) * i->along;
    if (i->times != 1 && i->times != DOTS_BLOCK) return "it cannot be so many times";
    for (int64_t r = 0; r < i->rows; r++) {
        if (at > p->table_count - 2) return "its table ends too early";
        int64_t count = p->table[at + 1], end;
        if (count < 0 || count > (p->table_count - at - 2) / width)
            return "its table ends too early";
        terms += count, end = at + 2 + count * width;
        if (p->table[at] >= y_rows) return "its table has a place outside memory";
        for (int64_t n = at + 2; n < end; n++)
            if (p->table[n] >= (width == 2 && (n - at) % 2 ? b_rows : rows))
                return "its table has a place outside memory";
        at = end;
    }
    return terms == i->inner ? NULL : "its table has more or fewer terms";
}

/* Rows of an operand by table. */
static const char *rows_error(const Program *p, int64_t start, int64_t count, int64_t limit) {
    if (!is_inside(start, 1, count, p->table_count)) return "its table ends too early";
    for (int64_t r = 0; r < count; r++)
        if (p->table[start + r] < 0 || p->table[start + r] >= limit)
            return "its table has a place outside memory";
    return NULL;
}

static const char *slots_error(const Program *p, const Instruction *i, int uses) {
    int64_t last = i->weight;
    if (i->rows > 0) last += (i->rows - 1) * i->down;
    if (uses & WEIGHTS) {
        int64_t columns = i->inner + ((i->flags & HAS_BIAS) != 0);
        if (columns > 0) last += (columns - 1) * i->along;
    }
    return last < p->slots ? NULL : "its weights lie outside memory";
}

static const char *instruction_error(const Program *p, const Instruction *i) {
    const int64_t *fields = &i->op;
    for (size_t n = 0; n < sizeof *i / sizeof *fields; n++)
        if (!is_small(fields[n])) return "a field is not in [0, 2^31)";
    if (i->op >= OP_COUNT) return "there is no such operation";
    if (i->flags & ~ALL_FLAGS) return "there is no such flag";
    int uses = operand_uses[i->op];
    if (i->flags & ADDS && !(uses & SHARES)) return "it cannot add";
    if (i->flags & NEGATES && !(uses & MAY_NEGATE)) return "it cannot negate";
    if (i->times < 1 || (i->times > 1 && !(uses & TIMES))) return "it cannot be so many times";
    int64_t rows = i->rows * i->times, inner = i->inner * i->times;
    int64_t a_rows = uses & A_TERMS ? i->rows * i->inner : uses & A_INNER ? inner : rows;
    int64_t b_rows = uses & B_INNER ? inner : rows;
    if (!is_small(rows) || !is_small(inner) || !is_small(a_rows)) return "it has too many terms";
    struct { int used, once, by_table; int64_t start, step, count; } operands[] = {
        {uses & USES_Y, i->flags & Y_ONCE, i->flags & Y_BY_TABLE, i->y, i->y_step, rows},
        {uses & USES_A, i->flags & A_ONCE, i->flags & A_BY_TABLE, i->a, i->a_step, a_rows},
        {uses & USES_B, i->flags & B_ONCE, i->flags & B_BY_TABLE, i->b, i->b_step, b_rows},
        {uses & USES_C, i->flags & C_ONCE, i->flags & C_BY_TABLE, i->c, i->c_step, rows},
    };
    for (int n = 0; n < 4; n++) {
        int64_t limit = rows_of(p, operands[n].once);
        if (operands[n].by_table) {
            if (!operands[n].used || !IS_ELEMENTWISE(uses)) return "an operand is not by table";
            const char *error = rows_error(p, operands[n].start, operands[n].count, limit);
            if (error) return error;
            continue;
        }
        if (!operands[n].used && operands[n].start) return "an operand that is not used is not 0";
        if (operands[n].used &&
            !is_inside(operands[n].start, operands[n].step, operands[n].count, limit))
            return "an operand lies outside memory";
        if (operands[n].used && i->times > 1 && operands[n].step != 1)
            return "rows of several times do not follow one another";
    }
    int mixed = (i->flags & Y_ONCE ? USES_Y : 0) | (i->flags & A_ONCE ? USES_A : 0) |
                (i->flags & B_ONCE ? USES_B : 0);
    if (uses & ONE_KIND && (uses & mixed) && (uses & mixed) != (uses & BINARY))
        return "its operands are of two kinds";
    const char *error = uses & (WEIGHTS | SLOTS) ? slots_error(p, i, uses) : NULL;
    if (!error && uses & ROW_TABLE) error = row_table_error(p, i);
    if (!error && uses & SLOT_TABLE) error = slot_table_error(p, i);
    if (!error && uses & PAIR_TABLE) error = terms_error(p, i, 2);
    if (!error && uses & TERM_TABLE) error = terms_error(p, i, 1);
    return error;
}

/* What is wrong with the program as a whole, or NULL. */
static const char *sizes_error(const Program *p) {
    const int64_t sizes[] = {p->count, p->fixed, p->forward, p->table_count, p->constant_count,
                             p->sample_rows, p->once_rows, p->parameters, p->slots, p->loss_slot,
                             p->correct_slot, p->arguments, p->argument_rows, p->outputs,
                             p->output_table};
    for (size_t n = 0; n < sizeof sizes / sizeof *sizes; n++)
        if (!is_small(sizes[n])) return "a size is not in [0, 2^31)";
    if (p->fixed > p->forward || p->forward > p->count)
        return "it has fewer instructions than on the way forward";
    if (p->parameters > p->slots) return "it has fewer slots than parameters";
    if (p->loss_slot < p->parameters || p->loss_slot >= p->slots ||
        p->correct_slot < p->parameters || p->correct_slot >= p->slots)
        return "its results lie outside the slots for them";
    if (FIRST_ARGUMENT + p->argument_rows > p->sample_rows)
        return "its arguments lie outside memory";
    if (FIRST_CONSTANT + p->constant_count > p->once_rows)
        return "its constants lie outside memory";
    if (!is_inside(p->output_table, 2, p->outputs, p->table_count - 1))
        return "its table of outputs ends too early";
    for (int64_t n = 0; n < p->outputs; n++)
        if (!is_entry_inside(p, p->table + p->output_table + 2 * n, p->slots))
            return "an output lies outside memory";
    return NULL;
}

#endif
