/* What one thread computes in, and how an instruction finds its operands there.

   A machine runs one replica whose samples are the lanes of vectors, so that a parameter is one
   double for all of them; or LANES replicas side by side, one a lane, each with its own parameters,
   and a sample is a whole vector. `single` tells which. Sample c adds to partial sum c mod 8, in
   either case and at any LANES, and sums of eight partial sums are always taken as
   ((0 + 1) + (2 + 3)) + ((4 + 5) + (6 + 7)): that is why the bits are the same. */
#ifndef MINIGRAD_MEMORY_H
#define MINIGRAD_MEMORY_H

#include "instruction.h"
#include "vector.h"

enum { PARTIALS = 8, GROUPS = PARTIALS / LANES };

typedef double Unaligned __attribute__((vector_size(8 * LANES), aligned(8), may_alias));

/* An instruction, its operands found: pointers, and steps from row to row in vectors. A row of one
   column serves all columns: its column step is 0. An operand by table has its numbers of rows. */
typedef struct Memory Memory;
typedef struct Call Call;
struct Call {
    void (*run)(Memory *, const Call *);
    int64_t adds, rows, columns;
    Vector *y, *a, *b, *c;
    int64_t y_step, a_step, b_step, c_step, y_column, a_column, b_column, c_column;
    const int32_t *y_table, *a_table, *b_table, *c_table; /* NULL if no operand is by table */
    const Instruction *source;
};

struct Memory {
    const Program *program;
    int single;
    int64_t columns;         /* vectors in a row of samples */
    Vector *samples, *once;  /* the rows */
    Vector *ones;            /* a row of ones, `times` as long, which a bias is the weight of */
    double *weights, *gradient; /* slots: doubles if single, else vectors */
    Vector doubt;            /* nan in a lane where an operation had no finite answer */
    Call *calls;
    int32_t *in_order; /* 0, 1, 2, ...: the rows of an operand that needs no table beside one that does */
};

INLINE int64_t slot_size(const Memory *m) { return m->single ? 1 : LANES; }

INLINE Vector read_slot(int single, const double *slots, int64_t slot) {
    return single ? splat(slots[slot]) : *(const Vector *)(slots + slot * LANES);
}

/* `total` has the sum in every lane if single, else a sum a lane. */
INLINE void add_to_slot(int single, double *slots, int64_t slot, Vector total) {
    if (single) slots[slot] += total[0];
    else *(Vector *)(slots + slot * LANES) += total;
}

static Vector *find_row(const Memory *m, int once, int64_t row) {
    return once ? m->once + row : m->samples + row * m->columns;
}

/* Finds an operand of an instruction of which one is by table. */
static void read_table(const Memory *m, const Instruction *i, int flag, int once, int64_t start,
                       Vector **first, int64_t *step, const int32_t **table) {
    *table = m->in_order;
    if (!(i->flags & flag) || i->rows == 0) return;
    *table = m->program->table + start;
    *first = find_row(m, once, 0);
    *step = once ? 1 : m->columns;
}

static int is_by_table(const Instruction *i) {
    return (i->flags & (Y_BY_TABLE | A_BY_TABLE | B_BY_TABLE | C_BY_TABLE)) != 0;
}

static Call find_operands(const Memory *m, const Instruction *i) {
    int y_once = (i->flags & Y_ONCE) != 0, a_once = (i->flags & A_ONCE) != 0,
        b_once = (i->flags & B_ONCE) != 0, c_once = (i->flags & C_ONCE) != 0;
    int uses = operand_uses[i->op];
    int64_t row = m->columns * i->times, once_row = i->times;
    Call call = {
        .adds = (i->flags & ADDS) != 0, .rows = i->rows, .source = i,
        .columns = (uses & USES_Y ? y_once : a_once) ? once_row : row,
        .y = find_row(m, y_once, i->y), .y_step = i->y_step * (y_once ? once_row : row),
        .a = find_row(m, a_once, i->a), .a_step = i->a_step * (a_once ? once_row : row),
        .b = find_row(m, b_once, i->b), .b_step = i->b_step * (b_once ? once_row : row),
        .c = find_row(m, c_once, i->c), .c_step = i->c_step * (c_once ? once_row : row),
        .y_column = (uses & USES_Y) != 0, .a_column = uses & USES_A && !a_once,
        .b_column = uses & USES_B && !b_once, .c_column = uses & USES_C && !c_once,
    };
    if (!is_by_table(i)) return call;
    read_table(m, i, Y_BY_TABLE, y_once, i->y, &call.y, &call.y_step, &call.y_table);
    read_table(m, i, A_BY_TABLE, a_once, i->a, &call.a, &call.a_step, &call.a_table);
    read_table(m, i, B_BY_TABLE, b_once, i->b, &call.b, &call.b_step, &call.b_table);
    read_table(m, i, C_BY_TABLE, c_once, i->c, &call.c, &call.c_step, &call.c_table);
    return call;
}

/* Whether a rule for each number reads and writes one row after the other, without a gap. */
static int is_contiguous(const Memory *m, const Call *call, int uses) {
    const struct { int used; int64_t step, column; } operands[] = {
        {uses & USES_Y, call->y_step, 1}, {uses & USES_A, call->a_step, call->a_column},
        {uses & USES_B, call->b_step, call->b_column},
        {uses & USES_C, call->c_step, call->c_column},
    };
    for (int n = 0; n < 4; n++)
        if (operands[n].used && operands[n].step != operands[n].column * m->columns) return 0;
    return 1;
}

/* Makes one row of all rows where it can: a loop is shorter than a loop of loops. */
static Call with_long_rows(const Memory *m, Call call) {
    int uses = operand_uses[call.source->op];
    if (!IS_ELEMENTWISE(uses) || call.y_table) return call;
    if (call.columns == 1) {
        call.columns = call.rows, call.y_column = call.y_step, call.a_column = call.a_step;
        call.b_column = call.b_step, call.c_column = call.c_step, call.rows = 1;
    } else if (is_contiguous(m, &call, uses)) {
        call.columns *= call.rows, call.rows = 1;
    }
    return call;
}

/* Sums over lanes */

#ifdef __clang__
#define SHUFFLE(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#else
#define SHUFFLE(a, b, ...) __builtin_shuffle(a, b, (Bits){__VA_ARGS__})
#endif

/* How many of the vectors of eight partial sums so many columns of samples reach. */
INLINE int64_t groups_of(int64_t columns) {
    return columns >= GROUPS ? GROUPS : columns > 1 ? columns : 1;
}

/* The totals of LANES sums, each given as its eight partial sums: those of sum i begin at
   parts[GROUPS * i]. Every step adds neighbours, of two vectors at once. Only the first `groups`
   vectors of each sum are not 0. */
INLINE Vector totals(const Vector *parts, int64_t groups) {
#if LANES == 8
    (void)groups;
    Vector pairs[4], fours[2];
    UNROLL for (int i = 0; i < 4; i++)
        pairs[i] = SHUFFLE(parts[2 * i], parts[2 * i + 1], 0, 8, 2, 10, 4, 12, 6, 14) +
                   SHUFFLE(parts[2 * i], parts[2 * i + 1], 1, 9, 3, 11, 5, 13, 7, 15);
    UNROLL for (int i = 0; i < 2; i++)
        fours[i] = SHUFFLE(pairs[2 * i], pairs[2 * i + 1], 0, 1, 8, 9, 4, 5, 12, 13) +
                   SHUFFLE(pairs[2 * i], pairs[2 * i + 1], 2, 3, 10, 11, 6, 7, 14, 15);
    return SHUFFLE(fours[0], fours[1], 0, 1, 2, 3, 8, 9, 10, 11) +
           SHUFFLE(fours[0], fours[1], 4, 5, 6, 7, 12, 13, 14, 15);
#elif LANES == 4
    Vector halves[2] = {{0}};
    for (int h = 0; h < groups; h++) {
        Vector first = SHUFFLE(parts[h], parts[2 + h], 0, 4, 2, 6) +
                       SHUFFLE(parts[h], parts[2 + h], 1, 5, 3, 7);
        Vector second = SHUFFLE(parts[4 + h], parts[6 + h], 0, 4, 2, 6) +
                        SHUFFLE(parts[4 + h], parts[6 + h], 1, 5, 3, 7);
        halves[h] = SHUFFLE(first, second, 0, 1, 4, 5) + SHUFFLE(first, second, 2, 3, 6, 7);
    }
    return halves[0] + halves[1];
#else
    Vector pairs[4] = {{0}};
    for (int q = 0; q < groups; q++)
        pairs[q] = SHUFFLE(parts[q], parts[4 + q], 0, 2) + SHUFFLE(parts[q], parts[4 + q], 1, 3);
    return (pairs[0] + pairs[1]) + (pairs[2] + pairs[3]);
#endif
}

/* The total of one sum, given as its eight partial sums, in every lane. */
INLINE Vector total_of(const Vector *parts) {
#if LANES == 8
    Vector pairs = parts[0] + SHUFFLE(parts[0], parts[0], 1, 0, 3, 2, 5, 4, 7, 6);
    Vector fours = pairs + SHUFFLE(pairs, pairs, 2, 3, 0, 1, 6, 7, 4, 5);
    return fours + SHUFFLE(fours, fours, 4, 5, 6, 7, 0, 1, 2, 3);
#elif LANES == 4
    Vector fours[2];
    UNROLL for (int h = 0; h < 2; h++) {
        Vector pairs = parts[h] + SHUFFLE(parts[h], parts[h], 1, 0, 3, 2);
        fours[h] = pairs + SHUFFLE(pairs, pairs, 2, 3, 0, 1);
    }
    return fours[0] + fours[1];
#else
    Vector pairs[4];
    UNROLL for (int q = 0; q < 4; q++) pairs[q] = parts[q] + SHUFFLE(parts[q], parts[q], 1, 0);
    return (pairs[0] + pairs[1]) + (pairs[2] + pairs[3]);
#endif
}

/* The total of eight partial sums of each lane's replica; only the first `count` are not 0. */
INLINE Vector tree(const Vector *sums, int64_t step, int64_t count) {
    Vector low = (sums[0] + sums[step]) + (sums[2 * step] + sums[3 * step]);
    if (count <= 4) return low;
    return low + ((sums[4 * step] + sums[5 * step]) + (sums[6 * step] + sums[7 * step]));
}

/* Sets `count` partial sums to 0; a loop, since the compiler would call memset for so few. */
INLINE void clear(Vector *sums, int64_t count) {
    for (int64_t n = 0; n < count; n++) sums[n] = (Vector){0};
}

/* The sum over the samples of a * b: in every lane if single, else of a lane's replica. */
INLINE Vector sum_of_products(int single, const Vector *a, const Vector *b, int64_t columns) {
    Vector sums[PARTIALS];
    int64_t parts = single ? GROUPS : PARTIALS;
    for (int64_t part = 0; part < parts; part++) {
        Vector sum = {0};
        for (int64_t c = part; c < columns; c += parts) sum = fused(a[c], b[c], sum);
        sums[part] = sum;
    }
    return single ? total_of(sums) : tree(sums, 1, columns);
}

INLINE Vector sum_of_row(int single, const Vector *row, int64_t columns) {
    Vector sums[PARTIALS];
    int64_t parts = single ? GROUPS : PARTIALS;
    for (int64_t part = 0; part < parts; part++) {
        Vector sum = {0};
        for (int64_t c = part; c < columns; c += parts) sum += row[c];
        sums[part] = sum;
    }
    return single ? total_of(sums) : tree(sums, 1, columns);
}

#endif
