/* exp, expm1, tanh and sigmoid. */
#ifndef MINIGRAD_EXPONENTIALS_H
#define MINIGRAD_EXPONENTIALS_H

#include "series.h"

#define LOG2_E 1.4426950408889634

/* 2^n, where shifted is n + SHIFT and 2^n a normal number */
INLINE Vector power_of_two(Vector shifted) {
    return (Vector)(((Bits)shifted + EXPONENT_BIAS) << FRACTION_BITS);
}

/* x = n ln 2 + r, |r| <= ln 2 / 2, in two steps of which the first, exact = x - n LN2_HIGH, is
   exact (after W. Cody and W. Waite, 1980). shifted is n + SHIFT. */
typedef struct {
    Vector shifted, n, exact, r;
} Reduced;

INLINE Reduced reduce(Vector x) {
    Vector shifted = fused(x, splat(LOG2_E), splat(SHIFT)), n = shifted - SHIFT;
    Vector exact = fused(n, splat(-LN2_HIGH), x);
    return (Reduced){shifted, n, exact, fused(n, splat(-LN2_LOW), exact)};
}

/* (e^r - 1 - r) / r² for |r| <= ln 2 / 2. Minimax; error of e^r - 1: 2^-59.7 of it. */
static const double EXP_SERIES[11] = {
    0.5, 0.1666666666666667, 0.041666666666666685, 0.008333333333326141, 0.001388888888887441,
    0.0001984126987480156, 2.4801587347304682e-05, 2.7557255424602403e-06, 2.7557252948390213e-07,
    2.510520677165828e-08, 2.092157694809698e-09,
};
INLINE Vector exp_series(Vector r, Vector r2) {
    Vector r4 = r2 * r2;
    Vector last = series3(EXP_SERIES + 8, r, r2);
    return fused(last, r4 * r4, series8(EXP_SERIES, r, r2, r4));
}

/* e^r - 1 */
INLINE Vector exp_less_1(Vector r) {
    Vector r2 = r * r;
    return fused(r2, exp_series(r, r2), r);
}

/* e^x, where that is a normal number and x no nan */
INLINE Vector exp_normal(Vector x) {
    Reduced to = reduce(x);
    Vector scale = power_of_two(to.shifted);
    return fused(scale, exp_less_1(to.r), scale);
}

/* e^(x + low), rounded, where |low| is less than a unit in the last place of x. Scaled twice, by
   2^(n/2): once would not reach subnormal results, nor those above 2^1023. */
INLINE Vector exp_anywhere(Vector x, Vector low) {
    Reduced to = reduce(maximum(splat(-746), minimum(splat(710), x)));
    Vector half = fused(to.n, splat(0.5), splat(SHIFT)), rest = to.n - (half - SHIFT);
    Vector scale = power_of_two(half);
    return fused(scale, exp_less_1(to.r + low), scale) * power_of_two(rest + SHIFT);
}

RARE void exp_rare(Vector *x) { *x = exp_anywhere(*x, splat(0)); }

#define EXP_IS_NORMAL 708.0
INLINE int exp_is_normal(Vector x) { return all(at_most(absolute(x), splat(EXP_IS_NORMAL))); }

INLINE Vector vector_exp(Vector x) {
    if (LIKELY(exp_is_normal(x))) return exp_normal(x);
    return in_place(exp_rare, x);
}

/* e^x - 1 for |x| <= 708, without the sign of a zero. Where 2^n - 1 and the rest cancel, start is
   exact: LN2_LOW joins the small terms. */
INLINE Vector expm1_normal(Vector x) {
    Reduced to = reduce(x);
    Vector scale = power_of_two(to.shifted), r2 = to.r * to.r;
    Vector start = fused(scale, to.exact, scale - 1);
    Vector small = fused(to.n, splat(-LN2_LOW), r2 * exp_series(to.r, r2));
    return fused(scale, small, start);
}

RARE void expm1_rare(Vector *x) {
    Vector inside = maximum(splat(-EXP_IS_NORMAL), minimum(splat(EXP_IS_NORMAL), *x));
    Vector above = exp_anywhere(*x, splat(0));
    Vector y = where(less(splat(EXP_IS_NORMAL), *x), above, expm1_normal(inside));
    *x = with_sign(y, *x);
}

INLINE Vector vector_expm1(Vector x) {
    if (LIKELY(exp_is_normal(x))) return with_sign(expm1_normal(x), x);
    return in_place(expm1_rare, x);
}

/* (e^2|x| - 1) / (e^2|x| + 1); 1 above 20. Just below a power of 2 the roundings of e and e + 2 count
   for a unit each and the quotient's for a half: the bound of 2.5, for this and for sigmoid. */
INLINE Vector vector_tanh(Vector x) {
    Vector size = minimum(splat(20), absolute(x));
    Vector e = expm1_normal(size + size);
    return with_sign(e / (e + 2), x);
}

/* 1 / (1 + e^-x), where e is e^-|x| */
INLINE Vector sigmoid_from(Vector x, Vector e) {
    return where(less(x, splat(0)), e, splat(1)) / (e + 1);
}

INLINE Vector vector_sigmoid(Vector x) { return sigmoid_from(x, vector_exp(-absolute(x))); }

#endif
