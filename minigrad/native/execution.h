/* A function an instruction, a line a rule. */
#ifndef MINIGRAD_EXECUTION_H
#define MINIGRAD_EXECUTION_H

#include "functions.h"
#include "products.h"

INLINE Vector larger(Vector a, Vector b) { return where(less(a, b) | not(equal(b, b)), b, a); }
INLINE Vector smaller(Vector a, Vector b) { return where(less(b, a) | not(equal(b, b)), b, a); }

/* pow, whose commonest exponents need no logarithm */
INLINE Vector power(Vector base, Vector exponent) {
    Mask is_one = equal(exponent, splat(1.0)), is_two = equal(exponent, splat(2.0));
    Vector easy = where(is_one, base, base * base);
    if (all(is_one | is_two)) return easy;
    return where(is_one | is_two, easy, vector_pow(base, exponent));
}

INLINE Vector winner_share(Vector g, Vector winner, Vector loser) {
    Vector zero = {0}, half = g * splat(0.5);
    return where(less(loser, winner), g, where(equal(winner, loser), half, zero));
}

INLINE Vector elu(Vector x, Vector alpha) {
    Vector zero = {0};
    return where(less(zero, x), x, alpha * vector_expm1(minimum(zero, x)));
}

INLINE Vector elu_slope(Vector x, Vector alpha) {
    Vector zero = {0};
    return where(less(zero, x), splat(1.0), alpha * vector_exp(minimum(zero, x)));
}

INLINE Vector normal_cdf(Vector x) {
    return splat(0.5) * (splat(1.0) + vector_erf(x * splat(0.70710678118654752440)));
}

INLINE Vector normal_density(Vector x) {
    return splat(0.39894228040143267794) * vector_exp(splat(-0.5) * x * x);
}

INLINE Vector same_side(Vector output, Vector target) {
    Vector zero = {0};
    return where(less(zero, output) ^ less(splat(0.5), target), zero, splat(1.0));
}

/* Whether the output of the target's class is the largest; the target has a 1 at its class. */
static void run_largest_is_target(Memory *m, const Call *i) {
    (void)m;
    Vector zero = {0};
    for (int64_t c = 0; c < i->columns; c++) {
        Vector largest = i->a[c * i->a_column], right = zero;
        for (int64_t k = 1; k < i->source->inner; k++)
            largest = larger(largest, i->a[k * i->a_step + c * i->a_column]);
        for (int64_t k = 0; k < i->source->inner; k++) {
            Mask is_class = less(splat(0.5), i->b[k * i->b_step + c * i->b_column]);
            Mask is_largest = equal(i->a[k * i->a_step + c * i->a_column], largest);
            right = where(is_class & is_largest, splat(1.0), right);
        }
        i->y[c] = right;
    }
}

static void run_sum_terms(Memory *m, const Call *i) {
    (void)m;
    int64_t terms = i->source->inner;
    for (int64_t r = 0; r < i->rows; r++)
        for (int64_t c = 0; c < i->columns; c++) {
            const Vector *a = i->a + r * terms * i->a_step + c * i->a_column;
            Vector sum = {0};
            for (int64_t t = 0; t < terms; t++) sum += a[t * i->a_step];
            i->y[r * i->y_step + c] = sum;
        }
}

static void run_gather(Memory *m, const Call *i) {
    const int32_t *entry = m->program->table + i->source->table;
    for (int64_t r = 0; r < i->rows; r++, entry += 2) {
        Vector *y = i->y + r * i->y_step;
        if (entry[1] == IN_SAMPLES) {
            const Vector *a = find_row(m, 0, entry[0]);
            for (int64_t c = 0; c < i->columns; c++) y[c] = a[c];
        } else {
            Vector a = entry[1] == IN_ONCE ? m->once[entry[0]]
                                           : read_slot(m->single, m->weights, entry[0]);
            for (int64_t c = 0; c < i->columns; c++) y[c] = a;
        }
    }
}

/* Adds rows of a share where they belong; to what no sample changes, summed over the samples. */
static void run_scatter(Memory *m, const Call *i) {
    const int32_t *entry = m->program->table + i->source->table;
    for (int64_t r = 0; r < i->rows; r++, entry += 2) {
        const Vector *a = i->a + r * i->a_step;
        if (entry[1] == IN_SAMPLES) {
            Vector *y = find_row(m, 0, entry[0]);
            for (int64_t c = 0; c < m->columns; c++) y[c] += a[c * i->a_column];
            continue;
        }
        Vector total = i->a_column ? sum_of_row(m->single, a, i->columns) : a[0];
        if (entry[1] == IN_ONCE) m->once[entry[0]] += total;
        else add_to_slot(m->single, m->gradient, entry[0], total);
    }
}

INLINE Vector *beyond(const Vector *place, int64_t bytes) {
    return (Vector *)((char *)(uintptr_t)place + bytes);
}

/* Some columns of the sums of a block of rows; a term is so many factors, and a row so many vectors
   long. */
INLINE void sum_of_terms(int factors, int sign, int block, int columns, int64_t length,
                         const Call *i, Vector *rows, const int32_t *entry) {
    int64_t row = length * (int64_t)sizeof(Vector); /* distances in bytes: addresses need no shift */
    int64_t y_step = i->source->down * row, b_step = i->source->along * row;
    Vector *y = beyond(rows, entry[0] * row), sums[DOTS_BLOCK][4];
    const int32_t *term = entry + 2, *end = term + entry[1] * factors;
    UNROLL for (int k = 0; k < block; k++)
        UNROLL for (int n = 0; n < columns; n++)
            sums[k][n] = i->adds ? beyond(y, k * y_step)[n] : (Vector){0};
    for (; term < end; term += factors) {
        const Vector *a = beyond(rows, term[0] * row);
        const Vector *b = beyond(rows, term[factors - 1] * row);
        UNROLL for (int k = 0; k < block; k++)
            UNROLL for (int n = 0; n < columns; n++)
                sums[k][n] = factors == 2 ? fused(a[n], beyond(b, k * b_step)[n], sums[k][n])
                           : sign > 0 ? sums[k][n] + a[n] : sums[k][n] - a[n];
    }
    UNROLL for (int k = 0; k < block; k++)
        UNROLL for (int n = 0; n < columns; n++) beyond(y, k * y_step)[n] = sums[k][n];
}

INLINE void sum_rows(int factors, int sign, int block, int64_t length, const Memory *m,
                     const Call *i) {
    const int32_t *entry = m->program->table + i->source->table;
    int wide = block == 1 || BLOCK_COLUMNS == 4 ? 4 : 2; /* so that the sums fit the registers */
    for (int64_t r = 0; r < i->rows; r++, entry += 2 + entry[1] * factors) {
        int64_t c = 0;
        for (; c + wide <= length; c += wide)
            sum_of_terms(factors, sign, block, wide, length, i, m->samples + c, entry);
        for (; c < length; c++)
            sum_of_terms(factors, sign, block, 1, length, i, m->samples + c, entry);
    }
}

/* The commonest lengths are constants of the compiler's, which then need not multiply by them. */
INLINE void sum_by_table(int factors, int sign, int block, const Memory *m, const Call *i) {
    if (m->columns == 1) sum_rows(factors, sign, block, 1, m, i);
    else if (m->columns == 4) sum_rows(factors, sign, block, 4, m, i);
    else sum_rows(factors, sign, block, m->columns, m, i);
}

static void run_dots(Memory *m, const Call *i) {
    if (i->source->times == DOTS_BLOCK) sum_by_table(2, 1, DOTS_BLOCK, m, i);
    else sum_by_table(2, 1, 1, m, i);
}

static void run_sums(Memory *m, const Call *i) {
    if (i->source->flags & NEGATES) sum_by_table(1, -1, 1, m, i);
    else sum_by_table(1, 1, 1, m, i);
}

static void run_gather_weights(Memory *m, const Call *call) {
    const Instruction *i = call->source;
    for (int64_t r = 0; r < i->rows; r++) {
        Vector weight = read_slot(m->single, m->weights, m->program->table[i->table + r]);
        int64_t to = i->weight + r * i->down;
        if (m->single) m->weights[to] = weight[0];
        else *(Vector *)(m->weights + to * LANES) = weight;
    }
}

/* Moves the slopes of copied weights to where they belong. */
static void run_scatter_weights(Memory *m, const Call *call) {
    const Instruction *i = call->source;
    Vector zero = {0};
    for (int64_t r = 0; r < i->rows; r++) {
        int64_t from = i->weight + r * i->down;
        Vector share = read_slot(m->single, m->gradient, from);
        add_to_slot(m->single, m->gradient, m->program->table[i->table + r], share);
        if (m->single) m->gradient[from] = 0.0;
        else *(Vector *)(m->gradient + from * LANES) = zero;
    }
}

/* For the loss and the count of right answers: the sums of two rows' products. */
static void run_sum_products(Memory *m, const Call *i) {
    for (int64_t r = 0; r < i->rows; r++) {
        const Vector *a = i->a + r * i->a_step, *b = i->b + r * i->b_step;
        add_to_slot(m->single, m->gradient, i->source->weight + r * i->source->down,
                    m->single ? sum_of_products(1, a, b, i->columns)
                              : sum_of_products(0, a, b, i->columns));
    }
}

/* A value that must be finite: eager Values refuse these operations where it is not. */
INLINE Vector note_doubt(Vector *doubt, Vector value) {
    *doubt += value - value;
    return value;
}

/* RULE for every row and column, with operands A, B and C; VALUE is what is written. A function for
   each instruction keeps the rule's constants in registers while it runs. */
#define EACH_NUMBER(RULE, VALUE) \
    { \
        Vector *y = i.y, *a = i.a, *b = i.b, *c = i.c; \
        for (int64_t r = 0; r < i.rows;) { \
            EACH_COLUMN(RULE, VALUE) \
            if (++r < i.rows) { \
                y = i.y + r * i.y_step, a = i.a + r * i.a_step; \
                b = i.b + r * i.b_step, c = i.c + r * i.c_step; \
            } \
        } \
    }
#define EACH_COLUMN(RULE, VALUE) \
    for (int64_t n = 0; n < i.columns; n++) { \
        Vector value = RULE; \
        *y = VALUE; \
        y += i.y_column, a += i.a_column, b += i.b_column, c += i.c_column; \
    }

/* The same where an operand is by table; a row of one column needs no loop of its own. */
#define EACH_OF_TABLE(RULE, VALUE) \
    if (i.columns == 1) \
        for (int64_t r = 0; r < i.rows; r++) { \
            Vector *y = ROW(y), *a = ROW(a), *b = ROW(b), *c = ROW(c), value = RULE; \
            (void)a, (void)b, (void)c; \
            *y = VALUE; \
        } \
    else \
        for (int64_t r = 0; r < i.rows; r++) { \
            Vector *y = ROW(y), *a = ROW(a), *b = ROW(b), *c = ROW(c); \
            EACH_COLUMN(RULE, VALUE) \
        }
#define ROW(x) (i.x + i.x##_table[r] * i.x##_step)

/* An instruction whose operands lie at equal distances, or by table. */
#define DEFINE(NAME, DIRECTLY, BY_TABLE) \
    static void run_##NAME(Memory *m, const Call *call) { \
        BEGIN \
        DIRECTLY \
    } \
    static void by_table_##NAME(Memory *m, const Call *call) { \
        BEGIN \
        BY_TABLE \
    }
#define BEGIN \
    const Call i = *call; \
    const Vector zero = {0}, one = splat(1.0); \
    (void)m, (void)zero, (void)one;

/* y = the rule */
#define EACH(NAME, RULE) DEFINE(NAME, EACH_NUMBER(RULE, value), EACH_OF_TABLE(RULE, value))
/* y = the rule, or y += the rule */
#define SHARE(NAME, RULE) \
    DEFINE(NAME, ADDING(EACH_NUMBER, RULE), ADDING(EACH_OF_TABLE, RULE))
#define ADDING(EACH_ONE, RULE) \
    if (i.adds) { EACH_ONE(RULE, *y + value) } \
    else { EACH_ONE(RULE, value) }
/* y = the rule, which must be finite */
#define FINITE(NAME, RULE) \
    DEFINE(NAME, NOTING(EACH_NUMBER(CHECKED(RULE), value)), \
           NOTING(EACH_OF_TABLE(CHECKED(RULE), value)))
#define CHECKED(RULE) note_doubt(&doubt, RULE)
#define NOTING(...) \
    Vector doubt = m->doubt; \
    __VA_ARGS__ \
    m->doubt = doubt;
#define A (*a)
#define B (*b)
#define C (*c)

SHARE(copy, A)
EACH(zero, zero)
EACH(add, A + B)
EACH(subtract, A - B)
SHARE(multiply, A * B)
DEFINE(divide, /* of the way forward, where it must be finite, or a share */
       NOTING(ADDING(EACH_NUMBER, CHECKED(A / B))), NOTING(ADDING(EACH_OF_TABLE, CHECKED(A / B))))
FINITE(power, power(A, B))
EACH(maximum, larger(A, B))
EACH(minimum, smaller(A, B))
SHARE(negative, -A)
EACH(absolute, absolute(A))
FINITE(exp, vector_exp(A))
FINITE(log, vector_log(A))
FINITE(sqrt, vector_sqrt(A))
EACH(sin, vector_sin(A))
EACH(cos, vector_cos(A))
EACH(tanh, vector_tanh(A))
EACH(sigmoid, vector_sigmoid(A))
EACH(relu, where(at_most(A, zero), zero, A))
EACH(softplus, vector_softplus_sigmoid(A, &C)) /* the sigmoid is its slope */
EACH(gelu, A * (C = normal_cdf(A)))
EACH(silu, A * (C = vector_sigmoid(A)))
EACH(leaky_relu, where(less(zero, A), A, A * B))
EACH(elu, elu(A, B))
/* shares: A is the slope of the result, B and C are what the rule reads */
SHARE(abs_share, where(less(zero, B), A, where(less(B, zero), -A, zero)))
SHARE(sqrt_share, A * (splat(0.5) / B))
SHARE(sin_share, A * vector_cos(B))
SHARE(cos_share, A * -vector_sin(B))
SHARE(tanh_share, A * fused(-B, B, one))
SHARE(sigmoid_share, A * (B * (one - B)))
SHARE(relu_share, where(less(zero, B), A, zero))
SHARE(leaky_relu_share, where(less(zero, B), A, A * C))
SHARE(elu_share, A * elu_slope(B, C))
SHARE(gelu_share, A * fused(B, normal_density(B), C))
SHARE(silu_share, A * fused(B, one - C, C))
SHARE(divisor_share, -(A * (B / C)))
SHARE(base_share, where(equal(C, zero), zero, A * (C * power(B, C - one))))
SHARE(exponent_share, where(equal(C, zero), zero, A * (B * vector_log(C))))
SHARE(winner_share, winner_share(A, B, C))
EACH(same_side, same_side(A, B))

#undef EACH_NUMBER
#undef EACH_COLUMN
#undef EACH_OF_TABLE
#undef ROW
#undef DEFINE
#undef BEGIN
#undef ADDING
#undef CHECKED
#undef NOTING
#undef EACH
#undef SHARE
#undef FINITE
#undef A
#undef B
#undef C

typedef void Operation(Memory *, const Call *);
#define OP(name, uses) run_##name,
static Operation *const operations[] = {INSTRUCTIONS(OP)};
#undef OP
#define OP(name, uses) by_table_##name,
static Operation *const by_table[] = {ELEMENTWISE(OP)};
#undef OP

static Operation *operation_of(const Instruction *i) {
    return (is_by_table(i) ? by_table : operations)[i->op];
}

static void execute_calls(Memory *m, const Call *first, const Call *end) {
    for (const Call *i = first; i < end; i++) i->run(m, i);
}

#endif
