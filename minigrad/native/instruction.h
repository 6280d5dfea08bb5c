/* The machine's instructions, and what each of them reads and writes.

   A row is one scalar of the graph for every sample: a register of the array program is some rows
   that follow one another. There are two kinds of memory: rows of samples, and rows of one column
   ("once") for numbers that no sample changes, such as constants. Parameters, and the gradient with
   respect to them, are addressed by slot. Slots beyond the parameters hold copies of weights that
   do not lie at equal distances and, in the gradient, the step's loss and number of right answers.
*/
#ifndef MINIGRAD_INSTRUCTION_H
#define MINIGRAD_INSTRUCTION_H

#include <stdint.h>

/* y, a, b and c are the first rows of the operands, and row r of an operand is at start + r * step
   or, by table, at the place that entry start + r of the table names.
   `weight`, `down` and `along` address slots: row r and column k at weight + r * down + k * along.
   `inner` is the number of columns, or of terms; `table` the first of the entries that are used.
   `times` is 1, or how often a layer is applied at once, as to each token of a text: row r is then
   `times` rows that follow one another, one for each. */
typedef struct {
    int64_t op, flags, rows;
    int64_t y, y_step, a, a_step, b, b_step, c, c_step;
    int64_t weight, down, along, inner, times, table;
} Instruction;

enum {
    Y_ONCE = 1, A_ONCE = 2, B_ONCE = 4, C_ONCE = 8, /* an operand's rows have one column */
    Y_BY_TABLE = 16, A_BY_TABLE = 32, B_BY_TABLE = 64, C_BY_TABLE = 128,
    ADDS = 256, NEGATES = 512, HAS_BIAS = 1024, ALL_FLAGS = 2047
};

/* An entry of the table is a place and its kind. */
enum { IN_SAMPLES, IN_ONCE, IN_PARAMETERS };

/* Of dots and sums all rows stand in the table, and are rows of samples. For each row written: the
   row, how many terms it is the sum of, and the terms: two rows, whose product is one, or one row.
   `inner` is the number of all terms. Sums may negate theirs.

   `times` of dots is 1 or DOTS_BLOCK: then an entry stands for a block of so many rows, `down` apart,
   of whose terms the first factors are the same and the second ones `along` apart. */
enum { DOTS_BLOCK = 4 };

/* Operands. TERMS and INNER: a, or a and b, have rows * inner or inner rows instead of rows. */
enum {
    USES_Y = 1, USES_A = 2, USES_B = 4, USES_C = 8, A_TERMS = 16, A_INNER = 32, B_INNER = 64,
    WEIGHTS = 128, /* rows x inner slots, and the bias after the last column */
    SLOTS = 256,   /* rows slots, `down` apart */
    ROW_TABLE = 512, SLOT_TABLE = 1024,
    ONE_KIND = 2048, /* all operands are samples, or all are once */
    SHARES = 4096,   /* it may add to y */
    TIMES = 8192,    /* `times` may be more than 1 */
    PAIR_TABLE = 16384, TERM_TABLE = 32768, /* see above */
    MAY_NEGATE = 65536,
};

#define UNARY (USES_Y | USES_A)
#define BINARY (USES_Y | USES_A | USES_B)
#define TERNARY (USES_Y | USES_A | USES_B | USES_C)
#define WITH_KEPT (USES_Y | USES_A | USES_C) /* c is written: it lasts till the way back */

/* Whether it computes each number by itself: then its operands may be by table. */
#define IS_ELEMENTWISE(uses) (!((uses) & ~(TERNARY | SHARES)))

/* Those that compute each number by itself, and the others. */
#define ELEMENTWISE(OP) \
    OP(copy, UNARY | SHARES) OP(zero, USES_Y) OP(add, BINARY) OP(subtract, BINARY) \
    OP(multiply, BINARY | SHARES) OP(divide, BINARY | SHARES) OP(power, BINARY) \
    OP(maximum, BINARY) OP(minimum, BINARY) OP(negative, UNARY | SHARES) OP(absolute, UNARY) \
    OP(exp, UNARY) OP(log, UNARY) OP(sqrt, UNARY) OP(sin, UNARY) OP(cos, UNARY) \
    OP(tanh, UNARY) OP(sigmoid, UNARY) OP(relu, UNARY) \
    OP(softplus, WITH_KEPT) OP(gelu, WITH_KEPT) OP(silu, WITH_KEPT) \
    OP(leaky_relu, BINARY) OP(elu, BINARY) \
    OP(abs_share, BINARY | SHARES) OP(sqrt_share, BINARY | SHARES) \
    OP(sin_share, BINARY | SHARES) OP(cos_share, BINARY | SHARES) \
    OP(tanh_share, BINARY | SHARES) OP(sigmoid_share, BINARY | SHARES) \
    OP(relu_share, BINARY | SHARES) OP(leaky_relu_share, TERNARY | SHARES) \
    OP(elu_share, TERNARY | SHARES) OP(gelu_share, TERNARY | SHARES) \
    OP(silu_share, TERNARY | SHARES) OP(divisor_share, TERNARY | SHARES) \
    OP(base_share, TERNARY | SHARES) OP(exponent_share, TERNARY | SHARES) \
    OP(winner_share, TERNARY | SHARES) OP(same_side, BINARY)
#define INSTRUCTIONS(OP) \
    ELEMENTWISE(OP) \
    OP(largest_is_target, USES_Y | USES_A | USES_B | A_INNER | B_INNER) \
    OP(sum_terms, USES_Y | USES_A | A_TERMS) \
    OP(gather, USES_Y | ROW_TABLE) OP(scatter, USES_A | ROW_TABLE) \
    OP(dots, PAIR_TABLE | SHARES | TIMES) OP(sums, TERM_TABLE | SHARES | MAY_NEGATE) \
    OP(gather_weights, SLOTS | SLOT_TABLE) OP(scatter_weights, SLOTS | SLOT_TABLE) \
    OP(matmul, USES_Y | USES_A | A_INNER | WEIGHTS | ONE_KIND | SHARES | TIMES) \
    OP(outer, USES_A | USES_B | B_INNER | WEIGHTS | ONE_KIND | TIMES) \
    OP(sum_products, USES_A | USES_B | SLOTS | ONE_KIND)

#define OP(name, uses) OP_##name,
enum { INSTRUCTIONS(OP) OP_COUNT };
#undef OP

static const int operand_uses[] = {
#define OP(name, uses) uses,
    INSTRUCTIONS(OP)
#undef OP
};

/* A checked program. The first `fixed` instructions depend on the samples alone: they run when a
   batch is put into memory. `forward` instructions, those included, come before the way back. */
typedef struct {
    int64_t count, fixed, forward, table_count, constant_count;
    int64_t sample_rows, once_rows; /* rows of each memory */
    int64_t parameters, slots, loss_slot, correct_slot;
    int64_t arguments, argument_rows; /* they begin at sample row FIRST_ARGUMENT */
    int64_t outputs, output_table;
    Instruction *instructions;
    int32_t *table;
    double *constants; /* they begin at once row FIRST_CONSTANT */
} Program;

/* Rows with a meaning of their own. A sample's weight is 1 / batch, its mask 1, and both are 0
   where there is no sample; the first chunk of a batch has a 1 in the row FIRST_CHUNK, others a 0. */
enum { WEIGHT_ROW, MASK_ROW, FIRST_ARGUMENT };
enum { FIRST_CHUNK, FIRST_CONSTANT };

#endif
