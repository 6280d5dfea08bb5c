/* One case an instruction, one line a rule. */
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
static void largest_is_target(const Call *i) {
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

static void sum_terms(const Call *i) {
    int64_t terms = i->source->inner;
    for (int64_t r = 0; r < i->rows; r++)
        for (int64_t c = 0; c < i->columns; c++) {
            const Vector *a = i->a + r * terms * i->a_step + c * i->a_column;
            Vector sum = {0};
            for (int64_t t = 0; t < terms; t++) sum += a[t * i->a_step];
            i->y[r * i->y_step + c] = sum;
        }
}

static void gather(const Memory *m, const Call *i) {
    const int64_t *entry = m->program->table + i->source->table;
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
static void scatter(const Memory *m, const Call *i) {
    const int64_t *entry = m->program->table + i->source->table;
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

static void gather_weights(const Memory *m, const Instruction *i) {
    for (int64_t r = 0; r < i->rows; r++) {
        Vector weight = read_slot(m->single, m->weights, m->program->table[i->table + r]);
        int64_t to = i->weight + r * i->down;
        if (m->single) m->weights[to] = weight[0];
        else *(Vector *)(m->weights + to * LANES) = weight;
    }
}

/* Moves the slopes of copied weights to where they belong. */
static void scatter_weights(const Memory *m, const Instruction *i) {
    Vector zero = {0};
    for (int64_t r = 0; r < i->rows; r++) {
        int64_t from = i->weight + r * i->down;
        Vector share = read_slot(m->single, m->gradient, from);
        add_to_slot(m->single, m->gradient, m->program->table[i->table + r], share);
        if (m->single) m->gradient[from] = 0.0;
        else *(Vector *)(m->gradient + from * LANES) = zero;
    }
}

static void sum_samples(const Memory *m, const Call *i) {
    int64_t slot = i->source->weight, down = i->source->down;
    if (!m->single) {
        for (int64_t r = 0; r < i->rows; r++)
            add_to_slot(0, m->gradient, slot + r * down,
                        sum_of_row(0, i->a + r * i->a_step, i->columns));
        return;
    }
    for (int64_t r = 0; r < i->rows; r += LANES) { /* the sums of LANES rows at once */
        Vector parts[LANES * GROUPS];
        int64_t rows = least(i->rows - r, LANES), groups = groups_of(i->columns);
        clear(parts, LANES * GROUPS);
        for (int64_t n = 0; n < rows; n++)
            for (int64_t group = 0; group < groups; group++) {
                Vector sum = {0};
                for (int64_t c = group; c < i->columns; c += GROUPS)
                    sum += i->a[(r + n) * i->a_step + c];
                parts[n * GROUPS + group] = sum;
            }
        Vector sums = totals(parts, groups);
        for (int64_t n = 0; n < rows; n++) m->gradient[slot + (r + n) * down] += sums[n];
    }
}

/* For the loss and the count of right answers: the sums of two rows' products. */
static void sum_products(const Memory *m, const Call *i) {
    for (int64_t r = 0; r < i->rows; r++) {
        const Vector *a = i->a + r * i->a_step, *b = i->b + r * i->b_step;
        add_to_slot(m->single, m->gradient, i->source->weight + r * i->source->down,
                    m->single ? sum_of_products(1, a, b, i->columns)
                              : sum_of_products(0, a, b, i->columns));
    }
}

/* y = the rule, or y += the rule, for every row and column, with operands A, B and C. */
#define EACH(NAME, RULE) \
    case OP_##NAME: \
        for (int64_t r = 0; r < i->rows; r++) { \
            Vector *y = i->y + r * i->y_step, *a = i->a + r * i->a_step, \
                   *b = i->b + r * i->b_step, *c = i->c + r * i->c_step; \
            (void)a, (void)b, (void)c; \
            for (int64_t n = 0; n < i->columns; n++) { \
                Vector value = RULE; \
                Vector *to = y + n * i->y_column; \
                *to = i->adds ? *to + value : value; \
            } \
        } \
        break;
#define A a[n * i->a_column]
#define B b[n * i->b_column]
#define C c[n * i->c_column]

/* A value that must be finite: eager Values refuse these operations where it is not. */
INLINE Vector note_doubt(Vector *doubt, Vector value) {
    *doubt += value - value;
    return value;
}

#define F(VALUE) note_doubt(&doubt, VALUE)

static void execute_calls(Memory *m, const Call *first, const Call *end) {
    Vector doubt = m->doubt, zero = {0}, one = splat(1.0);
    for (const Call *i = first; i < end; i++) switch (i->op) {
        EACH(copy, A)
        EACH(zero, zero)
        EACH(add, A + B)
        EACH(subtract, A - B)
        EACH(multiply, A * B)
        EACH(divide, F(A / B))
        EACH(power, F(power(A, B)))
        EACH(maximum, larger(A, B))
        EACH(minimum, smaller(A, B))
        EACH(negative, -A)
        EACH(absolute, absolute(A))
        EACH(exp, F(vector_exp(A)))
        EACH(log, F(vector_log(A)))
        EACH(sqrt, F(vector_sqrt(A)))
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
        EACH(abs_share, where(less(zero, B), A, where(less(B, zero), -A, zero)))
        EACH(sqrt_share, A * (splat(0.5) / B))
        EACH(sin_share, A * vector_cos(B))
        EACH(cos_share, A * -vector_sin(B))
        EACH(tanh_share, A * fused(-B, B, one))
        EACH(sigmoid_share, A * (B * (one - B)))
        EACH(relu_share, where(less(zero, B), A, zero))
        EACH(leaky_relu_share, where(less(zero, B), A, A * C))
        EACH(elu_share, A * elu_slope(B, C))
        EACH(gelu_share, A * fused(B, normal_density(B), C))
        EACH(silu_share, A * fused(B, one - C, C))
        EACH(divisor_share, -(A * (B / C)))
        EACH(base_share, where(equal(C, zero), zero, A * (C * power(B, C - one))))
        EACH(exponent_share, where(equal(C, zero), zero, A * (B * vector_log(C))))
        EACH(winner_share, winner_share(A, B, C))
        EACH(same_side, same_side(A, B))
        case OP_largest_is_target: largest_is_target(i); break;
        case OP_sum_terms: sum_terms(i); break;
        case OP_gather: gather(m, i); break;
        case OP_scatter: scatter(m, i); break;
        case OP_gather_weights: gather_weights(m, i->source); break;
        case OP_scatter_weights: scatter_weights(m, i->source); break;
        case OP_matmul: (m->single ? matmul_of_samples : matmul_of_replicas)(m, i); break;
        case OP_outer: (m->single ? outer_of_samples : outer_of_replicas)(m, i); break;
        case OP_sum_samples: sum_samples(m, i); break;
        case OP_sum_products: sum_products(m, i); break;
    }
    m->doubt = doubt;
}

#undef EACH
#undef A
#undef B
#undef C
#undef F

#endif
