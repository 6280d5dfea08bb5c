/* Matrix products: weights times rows, and the slopes of the weights.

   They work on blocks of sums that fit the processor's registers. Every sum is one chain of fused
   multiply-adds in the order of its terms, so the block's size changes no bit. */
#ifndef MINIGRAD_PRODUCTS_H
#define MINIGRAD_PRODUCTS_H

#include "memory.h"

/* Calls B(rows, columns) for the numbers that a block may have. */
#define BLOCK_CASES(B) \
    B(1, 1) B(2, 1) B(3, 1) B(4, 1) B(5, 1) B(6, 1) B(7, 1) B(8, 1) \
    B(1, 2) B(2, 2) B(3, 2) B(4, 2) B(5, 2) B(6, 2) B(7, 2) B(8, 2) \
    B(1, 3) B(2, 3) B(3, 3) B(4, 3) B(1, 4) B(2, 4) B(3, 4) B(4, 4)

/* Rows of a block of so many columns. AVX-512 and Arm have 32 registers, AVX2 and SSE2 have 16. */
#if LANES == 8 || defined(__aarch64__)
enum { BLOCK_COLUMNS = 4 };
static const int64_t block_rows[] = {0, 8, 8, 4, 4};
#else
enum { BLOCK_COLUMNS = 3 };
static const int64_t block_rows[] = {0, 8, 4, 4};
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
    for (int r = 0; r < rows; r++) {
        Vector bias = {0};
        if (p.has_bias) bias = read_slot(single, p.weights, r * p.down + p.inner * p.along);
        for (int c = 0; c < columns; c++) sums[r][c] = bias;
    }
    for (int64_t k = 0; k < p.inner; k++) {
        Vector x[4];
        for (int c = 0; c < columns; c++) x[c] = p.x[k * p.x_step + c];
        for (int r = 0; r < rows; r++) {
            Vector weight = read_slot(single, p.weights, r * p.down + k * p.along);
            for (int c = 0; c < columns; c++) sums[r][c] = fused(weight, x[c], sums[r][c]);
        }
    }
    for (int r = 0; r < rows; r++)
        for (int c = 0; c < columns; c++) {
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

INLINE void run_matmul(int single, const Memory *m, const Call *i) {
    const Instruction *source = i->source;
    Matmul product = {
        .weights = m->weights + source->weight * (single ? 1 : LANES), .down = source->down,
        .along = source->along, .inner = source->inner,
        .has_bias = (source->flags & HAS_BIAS) != 0, .adds = i->adds,
        .x = i->a, .x_step = i->a_step, .y = i->y, .y_step = i->y_step,
    };
    matmul(single, product, i->rows, i->columns);
}

static void matmul_of_samples(const Memory *m, const Call *i) { run_matmul(1, m, i); }

static void matmul_of_replicas(const Memory *m, const Call *i) { run_matmul(0, m, i); }

/* gradient[r, k] += the sum over samples of g[r] * x[k] */
typedef struct {
    const Vector *g, *x;
    int64_t g_step, x_step, columns;
    double *gradient;
    int64_t down, along;
} Outer;

/* Lanes are samples: each sum ends as eight partial sums in lanes. */
INLINE void outer_block_of_samples(int rows, int inner, Outer p) {
    Vector parts[(16 + LANES) * GROUPS];
    double sums[16 + LANES];
    int count = rows * inner, padded = (count + LANES - 1) / LANES * LANES;
    int64_t groups = groups_of(p.columns);
    for (int i = count; i < padded; i++) clear(parts + i * GROUPS, groups);
    for (int64_t group = 0; group < groups; group++) {
        Vector s[16];
        clear(s, count);
        for (int64_t c = group; c < p.columns; c += GROUPS)
            for (int r = 0; r < rows; r++)
                for (int k = 0; k < inner; k++)
                    s[r * inner + k] = fused(p.g[r * p.g_step + c], p.x[k * p.x_step + c],
                                             s[r * inner + k]);
        for (int i = 0; i < count; i++) parts[i * GROUPS + group] = s[i];
    }
    for (int i = 0; i < padded; i += LANES)
        *(Unaligned *)(sums + i) = totals(parts + i * GROUPS, groups);
    for (int r = 0; r < rows; r++)
        for (int k = 0; k < inner; k++)
            p.gradient[r * p.down + k * p.along] += sums[r * inner + k];
}

/* Lanes are replicas: sample c adds to partial sum c mod 8, as above. */
INLINE void outer_block_of_replicas(int rows, int inner, Outer p) {
    Vector sums[PARTIALS][16];
    int64_t used = p.columns <= PARTIALS / 2 ? PARTIALS / 2 : PARTIALS; /* as tree() reads them */
    for (int64_t j = 0; j < used; j++) {
        Vector s[16];
        for (int i = 0; i < rows * inner; i++) s[i] = (Vector){0};
        for (int64_t c = j; c < p.columns; c += PARTIALS)
            for (int r = 0; r < rows; r++)
                for (int k = 0; k < inner; k++)
                    s[r * inner + k] = fused(p.g[r * p.g_step + c], p.x[k * p.x_step + c],
                                             s[r * inner + k]);
        for (int i = 0; i < rows * inner; i++) sums[j][i] = s[i];
    }
    for (int r = 0; r < rows; r++)
        for (int k = 0; k < inner; k++)
            *(Vector *)(p.gradient + (r * p.down + k * p.along) * LANES) +=
                tree(&sums[0][r * inner + k], 16, used);
}

INLINE void outer(int single, Outer p, int64_t rows, int64_t inner) {
    for (int64_t k = 0; k < inner; k += BLOCK_COLUMNS) {
        int64_t width = least(inner - k, BLOCK_COLUMNS), height = block_rows[width];
        for (int64_t r = 0; r < rows; r += height) {
            Outer block = p;
            block.g += r * p.g_step;
            block.x += k * p.x_step;
            block.gradient += (r * p.down + k * p.along) * (single ? 1 : LANES);
            switch (least(rows - r, height) * 8 + width) {
#define B(ROWS, INNER) \
    case ROWS * 8 + INNER: \
        if (single) outer_block_of_samples(ROWS, INNER, block); \
        else outer_block_of_replicas(ROWS, INNER, block); \
        break;
                BLOCK_CASES(B)
#undef B
            }
        }
    }
}

INLINE void run_outer(int single, const Memory *m, const Call *i) {
    const Instruction *source = i->source;
    Outer product = {
        .g = i->a, .g_step = i->a_step, .x = i->b, .x_step = i->b_step, .columns = i->columns,
        .gradient = m->gradient + source->weight * (single ? 1 : LANES), .down = source->down,
        .along = source->along,
    };
    outer(single, product, i->rows, source->inner);
}

static void outer_of_samples(const Memory *m, const Call *i) { run_outer(1, m, i); }

static void outer_of_replicas(const Memory *m, const Call *i) { run_outer(0, m, i); }

#endif
