/* Matrix products: weights times rows, and the slopes of the weights.

   They work on blocks of sums that fit the processor's registers. Every sum is one chain of fused
   multiply-adds in the order of its terms, so the block's size changes no bit. */
#ifndef MINIGRAD_PRODUCTS_H
#define MINIGRAD_PRODUCTS_H

#include "memory.h"

/* Rows of a block of so many columns. AVX-512 and Arm have 32 registers, AVX2 and SSE2 have 16.
   BLOCK_CASES calls B(rows, columns) for the numbers that a block may have. */
#if LANES == 8 || defined(__aarch64__)
enum { BLOCK_COLUMNS = 4 };
static const int64_t block_rows[] = {0, 8, 8, 4, 6};
#define BLOCK_CASES(B) \
    B(1, 1) B(2, 1) B(3, 1) B(4, 1) B(5, 1) B(6, 1) B(7, 1) B(8, 1) \
    B(1, 2) B(2, 2) B(3, 2) B(4, 2) B(5, 2) B(6, 2) B(7, 2) B(8, 2) \
    B(1, 3) B(2, 3) B(3, 3) B(4, 3) B(1, 4) B(2, 4) B(3, 4) B(4, 4) \
    B(5, 4) B(6, 4)
#else
enum { BLOCK_COLUMNS = 3 };
static const int64_t block_rows[] = {0, 8, 4, 4};
#define BLOCK_CASES(B) \
    B(1, 1) B(2, 1) B(3, 1) B(4, 1) B(5, 1) B(6, 1) B(7, 1) B(8, 1) \
    B(1, 2) B(2, 2) B(3, 2) B(4, 2) B(1, 3) B(2, 3) B(3, 3) B(4, 3)
#endif

INLINE int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }

/* y[r] = the sum over k of weight[r, k] * x[k], and the bias, weight[r, inner], first. */
typedef struct {
    const double *weights;
    int64_t down, along, inner, has_bias, adds;
    const Vector *x;
    Vector *y;
    int64_t x_step, y_step;
} Matmul;

INLINE void matmul_block(int single, int rows, int columns, Matmul p) {
    Vector sums[8][4];
    UNROLL for (int r = 0; r < rows; r++) {
        Vector bias = {0};
        if (p.has_bias) bias = read_slot(single, p.weights, r * p.down + p.inner * p.along);
        UNROLL for (int c = 0; c < columns; c++) sums[r][c] = bias;
    }
    for (int64_t k = 0; k < p.inner; k++) {
        Vector x[4];
        UNROLL for (int c = 0; c < columns; c++) x[c] = p.x[k * p.x_step + c];
        UNROLL for (int r = 0; r < rows; r++) {
            Vector weight = read_slot(single, p.weights, r * p.down + k * p.along);
            UNROLL for (int c = 0; c < columns; c++) sums[r][c] = fused(weight, x[c], sums[r][c]);
        }
    }
    UNROLL for (int r = 0; r < rows; r++)
        UNROLL for (int c = 0; c < columns; c++) {
            Vector *y = p.y + r * p.y_step + c;
            *y = p.adds ? *y + sums[r][c] : sums[r][c];
        }
}

INLINE void matmul(int single, Matmul p, int64_t rows, int64_t columns) {
    for (int64_t c = 0; c < columns; c += BLOCK_COLUMNS) {
        int64_t width = least(columns - c, BLOCK_COLUMNS), height = block_rows[width];
        for (int64_t r = 0; r < rows; r += height) {
            Matmul block = p;
            block.weights += r * p.down * (single ? 1 : LANES);
            block.x += c;
            block.y += r * p.y_step + c;
            switch (least(rows - r, height) * 8 + width) {
#define B(ROWS, COLUMNS) case ROWS * 8 + COLUMNS: matmul_block(single, ROWS, COLUMNS, block); break;
                BLOCK_CASES(B)
#undef B
            }
        }
    }
}

INLINE void multiply(int single, const Memory *m, const Call *i) {
    const Instruction *source = i->source;
    Matmul product = {
        .weights = m->weights + source->weight * (single ? 1 : LANES), .down = source->down,
        .along = source->along, .inner = source->inner,
        .has_bias = (source->flags & HAS_BIAS) != 0, .adds = i->adds,
        .x = i->a, .x_step = i->a_step, .y = i->y, .y_step = i->y_step,
    };
    matmul(single, product, i->rows, i->columns);
}

static void matmul_of_samples(const Memory *m, const Call *i) { multiply(1, m, i); }

static void matmul_of_replicas(const Memory *m, const Call *i) { multiply(0, m, i); }

static void run_matmul(Memory *m, const Call *i) {
    (m->single ? matmul_of_samples : matmul_of_replicas)(m, i);
}

/* gradient[r, k] += the sum over samples of g[r] * x[k]; the bias is the weight of a row of ones.
   A row is `times` rows of `columns`, of which those of sample c add to partial sum c mod 8 too. */
typedef struct {
    const Vector *g, *x, *ones;
    int64_t g_step, x_step, columns, times;
    double *gradient;
    int64_t down, along;
} Outer;

/* Calls B(rows, width) for the numbers that a block may have. */
#if LANES == 8 || defined(__aarch64__)
enum { OUTER_WIDTH = 8 };
static const int64_t outer_rows[] = {0, 8, 8, 8, 4, 3, 3, 3, 3, 1, 1, 1, 1};
#define OUTER_CASES(B) \
    B(1, 9) B(1, 10) B(1, 11) B(1, 12) \
    B(1, 1) B(2, 1) B(3, 1) B(4, 1) B(8, 1) B(1, 2) B(2, 2) B(3, 2) B(4, 2) B(8, 2) \
    B(1, 3) B(2, 3) B(3, 3) B(4, 3) B(8, 3) B(1, 4) B(2, 4) B(3, 4) B(4, 4) \
    B(1, 5) B(2, 5) B(3, 5) B(1, 6) B(2, 6) B(3, 6) B(1, 7) B(2, 7) B(3, 7) \
    B(1, 8) B(2, 8) B(3, 8)
#else
enum { OUTER_WIDTH = 4 };
static const int64_t outer_rows[] = {0, 8, 4, 4, 3, 1, 1, 1, 1, 1, 1, 1, 1};
#define OUTER_CASES(B) \
    B(1, 5) B(1, 6) B(1, 7) B(1, 8) B(1, 9) B(1, 10) B(1, 11) B(1, 12) \
    B(1, 1) B(2, 1) B(3, 1) B(4, 1) B(8, 1) B(1, 2) B(2, 2) B(3, 2) B(4, 2) \
    B(1, 3) B(2, 3) B(3, 3) B(4, 3) B(1, 4) B(2, 4) B(3, 4)
#endif
enum { OUTER_BLOCK = 24, ONE_ROW_WIDTH = 12 };

/* Adds sums, row by row, to their slots. */
INLINE void add_sums(int rows, int width, const Outer *p, const double *sums) {
    if (p->along == 1 && (rows == 1 || p->down == width)) { /* one slot after the other */
        int whole = rows * width / LANES * LANES;
        UNROLL for (int i = 0; i < whole; i += LANES)
            *(Unaligned *)(p->gradient + i) += *(const Unaligned *)(sums + i);
        UNROLL for (int i = whole; i < rows * width; i++) p->gradient[i] += sums[i];
    } else if (p->along == 1 && width % LANES == 0) {
        UNROLL for (int r = 0; r < rows; r++)
            UNROLL for (int k = 0; k < width; k += LANES)
                *(Unaligned *)(p->gradient + r * p->down + k) +=
                    *(const Unaligned *)(sums + r * width + k);
    } else {
        UNROLL for (int r = 0; r < rows; r++)
            UNROLL for (int k = 0; k < width; k++)
                p->gradient[r * p->down + k * p->along] += sums[r * width + k];
    }
}

INLINE void add_products(int rows, int width, const Outer *p, const Vector *const *x, int64_t c,
                         Vector *sums) {
    Vector g[8];
    UNROLL for (int r = 0; r < rows; r++) g[r] = p->g[r * p->g_step + c];
    UNROLL for (int k = 0; k < width; k++) {
        Vector xk = x[k][c];
        HOLD(xk);
        UNROLL for (int r = 0; r < rows; r++) sums[r * width + k] = fused(g[r], xk, sums[r * width + k]);
    }
}

/* Lanes are samples: each sum ends as eight partial sums in lanes. */
INLINE void sum_over_samples(int rows, int width, int64_t columns, int64_t times, const Outer *p,
                             const Vector *const *x) {
    Vector parts[(OUTER_BLOCK + LANES) * GROUPS];
    double sums[OUTER_BLOCK + LANES];
    int count = rows * width, padded = (count + LANES - 1) / LANES * LANES;
    int64_t groups = groups_of(columns);
    UNROLL for (int i = count; i < padded; i++) clear(parts + i * GROUPS, groups);
    for (int64_t group = 0; group < groups; group++) {
        Vector s[OUTER_BLOCK];
        UNROLL for (int i = 0; i < count; i++) s[i] = (Vector){0};
        for (int64_t start = 0; start < columns * times; start += columns)
            for (int64_t c = group; c < columns; c += GROUPS)
                add_products(rows, width, p, x, start + c, s);
        UNROLL for (int i = 0; i < count; i++) parts[i * GROUPS + group] = s[i];
    }
    UNROLL for (int i = 0; i < padded; i += LANES)
        *(Unaligned *)(sums + i) = totals(parts + i * GROUPS, groups);
    add_sums(rows, width, p, sums);
}

/* One column, a batch of LANES samples or fewer, needs no loops. */
INLINE void outer_block_of_samples(int rows, int width, const Outer *p, const Vector *const *x) {
    if (p->columns == 1 && p->times == 1) sum_over_samples(rows, width, 1, 1, p, x);
    else sum_over_samples(rows, width, p->columns, p->times, p, x);
}

/* Lanes are replicas: sample c adds to partial sum c mod 8, as above. */
INLINE void outer_block_of_replicas(int rows, int width, const Outer *p, const Vector *const *x) {
    Vector sums[PARTIALS][OUTER_BLOCK];
    int64_t used = p->columns <= PARTIALS / 2 ? PARTIALS / 2 : PARTIALS; /* as tree() reads them */
    for (int64_t j = 0; j < used; j++) {
        Vector s[OUTER_BLOCK];
        UNROLL for (int i = 0; i < rows * width; i++) s[i] = (Vector){0};
        for (int64_t start = 0; start < p->columns * p->times; start += p->columns)
            for (int64_t c = j; c < p->columns; c += PARTIALS)
                add_products(rows, width, p, x, start + c, s);
        UNROLL for (int i = 0; i < rows * width; i++) sums[j][i] = s[i];
    }
    for (int r = 0; r < rows; r++)
        for (int k = 0; k < width; k++)
            *(Vector *)(p->gradient + (r * p->down + k * p->along) * LANES) +=
                tree(&sums[0][r * width + k], OUTER_BLOCK, used);
}

/* How many rows of those that are left a block of so many columns takes. */
INLINE int64_t block_height(int64_t left, int64_t width) {
    int64_t height = least(left, outer_rows[width]);
    return height > 4 && height < 8 ? 4 : height;
}

INLINE void outer(int single, Outer p, int64_t rows, int64_t inner, int64_t bias) {
    int64_t widest = rows == 1 ? ONE_ROW_WIDTH : OUTER_WIDTH;
    for (int64_t k = 0; k < inner + bias; k += widest) {
        const Vector *x[ONE_ROW_WIDTH];
        int64_t width = least(inner + bias - k, widest), height;
        for (int64_t n = 0; n < width; n++)
            x[n] = k + n < inner ? p.x + (k + n) * p.x_step : p.ones;
        for (int64_t r = 0; r < rows; r += height) {
            Outer block = p;
            height = block_height(rows - r, width);
            block.g += r * p.g_step;
            block.gradient += (r * p.down + k * p.along) * (single ? 1 : LANES);
            switch (height * 16 + width) {
#define B(ROWS, WIDTH) \
    case ROWS * 16 + WIDTH: \
        if (single) outer_block_of_samples(ROWS, WIDTH, &block, x); \
        else outer_block_of_replicas(ROWS, WIDTH, &block, x); \
        break;
                OUTER_CASES(B)
#undef B
            }
        }
    }
}

INLINE void add_slopes(int single, const Memory *m, const Call *i) {
    const Instruction *source = i->source;
    int64_t times = source->times, columns = i->columns / times;
    if (columns % (single ? GROUPS : PARTIALS) == 0) columns *= times, times = 1;
    Outer product = {
        .g = i->a, .g_step = i->a_step, .x = i->b, .x_step = i->b_step, .columns = columns,
        .times = times,
        .ones = m->ones, .gradient = m->gradient + source->weight * (single ? 1 : LANES),
        .down = source->down, .along = source->along,
    };
    outer(single, product, i->rows, source->inner, (source->flags & HAS_BIAS) != 0);
}

static void outer_of_samples(const Memory *m, const Call *i) { add_slopes(1, m, i); }

static void outer_of_replicas(const Memory *m, const Call *i) { add_slopes(0, m, i); }

static void run_outer(Memory *m, const Call *i) {
    (m->single ? outer_of_samples : outer_of_replicas)(m, i);
}

#endif
