/* What the functions are made of: polynomials, and numbers in two pieces. */
#ifndef MINIGRAD_SERIES_H
#define MINIGRAD_SERIES_H

#include <float.h>
#include <math.h>

#include "vector.h"

/* Constants in two pieces: the nearest double, and the double nearest to what that leaves. */
#define LN2_HIGH 0.6931471805599453
#define LN2_LOW 2.3190468138462996e-17

/* n + SHIFT, with |n| < 2^51, is rounded to an integer and has it in its lowest bits. */
#define SHIFT 6755399441055744.0 /* 1.5 * 2^52 */
#define EXPONENT_BIAS 1023
#define FRACTION_BITS 52
#define FRACTION_MASK 0x000fffffffffffff

#define LIKELY(condition) __builtin_expect((condition), 1)

/* f(x) where a lane needs the longer way; by address, since how compilers hand over vectors that
   are wider than the processor's is not settled. */
INLINE Vector in_place(void (*f)(Vector *), Vector x) {
    f(&x);
    return x;
}

/* Polynomials of 2, 4, ... coefficients, lowest first, in Estrin's order: short chains of
   dependent operations. x2 is x², x4 its square. */
INLINE Vector series2(const double *c, Vector x) { return fused(splat(c[1]), x, splat(c[0])); }
INLINE Vector series3(const double *c, Vector x, Vector x2) {
    return fused(splat(c[2]), x2, series2(c, x));
}
INLINE Vector series4(const double *c, Vector x, Vector x2) {
    return fused(series2(c + 2, x), x2, series2(c, x));
}
INLINE Vector series8(const double *c, Vector x, Vector x2, Vector x4) {
    return fused(series4(c + 4, x, x2), x4, series4(c, x, x2));
}

/* Two vectors that stand for their sum, high + low, with some 106 bits. */
typedef struct {
    Vector high, low;
} Pair;

/* a + b without error, where |a| >= |b| or a is 0 (T. Dekker, 1971) */
INLINE Pair sum_of_ordered(Vector a, Vector b) {
    Vector sum = a + b;
    return (Pair){sum, b - (sum - a)};
}

/* a + b without error (D. Knuth) */
INLINE Pair sum_of(Vector a, Vector b) {
    Vector sum = a + b, part = sum - a;
    return (Pair){sum, (a - (sum - part)) + (b - part)};
}

/* a * b without error */
INLINE Pair product_of(Vector a, Vector b) {
    Vector product = a * b;
    return (Pair){product, fused(a, b, -product)};
}

INLINE Pair pair_times(Pair a, Pair b) {
    Pair y = product_of(a.high, b.high); /* without low times low */
    y.low += fused(a.high, b.low, a.low * b.high);
    return y;
}

#endif
