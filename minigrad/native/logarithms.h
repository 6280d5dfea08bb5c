/* log, log1p and softplus. */
#ifndef MINIGRAD_LOGARITHMS_H
#define MINIGRAD_LOGARITHMS_H

#include "exponentials.h"

/* (log((1 + s) / (1 - s)) - 2 s) / (s z) with z = s², |s| <= (sqrt 2 - 1) / (sqrt 2 + 1). Minimax;
   error of the logarithm: 2^-59.3 of it. */
static const double LOG_SERIES[7] = {
    0.6666666666666734, 0.3999999999941641, 0.2857142874200636, 0.2222219861175548,
    0.1818356235345068, 0.15314100186750354, 0.14795461328051016,
};
/* k ln 2 + log(1 + f) for sqrt(1/2) <= 1 + f <= sqrt 2. With s = f / (2 + f),
   log(1 + f) = 2 s + s z P(z) = f - (f²/2 - s (f²/2 + z P(z))): what is rounded is small. */
INLINE Vector log_of(Vector k, Vector f) {
    Vector s = f / (f + 2), z = s * s, z2 = z * z, half_square = f * 0.5 * f;
    Vector last = series3(LOG_SERIES + 4, z, z2);
    Vector p = fused(last, z2 * z2, series4(LOG_SERIES, z, z2));
    Vector small = fused(s, fused(z, p, half_square), k * LN2_LOW);
    return fused(k, splat(LN2_HIGH), f - (half_square - small));
}

/* x = 2^k m, sqrt(1/2) <= m < sqrt 2, for positive normal x */
typedef struct {
    Vector k, m;
} Scaled;

#define SQRT_HALF_BITS 0x3fe6a09e667f3bcd
#define ONE_BITS 0x3ff0000000000000

INLINE Scaled scale(Vector x) {
    Bits bits = (Bits)x + (ONE_BITS - SQRT_HALF_BITS);
    Bits exponent = bits >> FRACTION_BITS, two_to_52 = splat_bits(0x4330000000000000);
    Vector k = (Vector)(exponent | two_to_52) - (0x1p52 + EXPONENT_BIAS);
    return (Scaled){k, (Vector)((bits & FRACTION_MASK) + SQRT_HALF_BITS)};
}

INLINE Vector log_normal(Vector x) {
    Scaled of = scale(x);
    return log_of(of.k, of.m - 1);
}

INLINE Vector log_anywhere(Vector x) {
    Mask subnormal = less(x, splat(DBL_MIN));
    Scaled of = scale(where(subnormal, x * 0x1p54, x));
    Vector y = log_of(of.k - where(subnormal, splat(54), splat(0)), of.m - 1);
    y = where(at_most(x, splat(DBL_MAX)), y, x); /* infinity, nan */
    y = where(equal(x, splat(0)), splat(-INFINITY), y);
    return where(less(x, splat(0)), splat(NAN), y);
}

RARE void log_rare(Vector *x) { *x = log_anywhere(*x); }

INLINE Vector vector_log(Vector x) {
    Mask normal = at_most(splat(DBL_MIN), x) & at_most(x, splat(DBL_MAX));
    if (LIKELY(all(normal))) return log_normal(x);
    return in_place(log_rare, x);
}

/* log(1 + x) for -1 < x <= 2^1000. The rounding error of 1 + x joins f = m - 1, scaled as m is:
   where k is 0 this gives f = x back. */
INLINE Vector log1p_normal(Vector x) {
    Pair sum = sum_of(splat(1), x);
    Scaled of = scale(sum.high);
    Vector down = power_of_two(splat(SHIFT) - of.k);
    return with_sign(log_of(of.k, fused(sum.low, down, of.m - 1)), x);
}

#define LOG1P_TOP 0x1p1000

RARE void log1p_rare(Vector *x) {
    Mask above = less(splat(LOG1P_TOP), *x), inside = less(splat(-1), *x) & not(above);
    Vector y = where(inside, log1p_normal(where(inside, *x, splat(0))), splat(NAN));
    y = where(above, log_anywhere(*x), y);
    *x = where(equal(*x, splat(-1)), splat(-INFINITY), y);
}

INLINE Vector vector_log1p(Vector x) {
    Mask normal = less(splat(-1), x) & at_most(x, splat(LOG1P_TOP));
    if (LIKELY(all(normal))) return log1p_normal(x);
    return in_place(log1p_rare, x);
}

/* log(1 + e^x) = max(0, x) + log(1 + e), where e = e^-|x| is in [0, 1]. Above sqrt 2 - 1 that is
   ln 2 + log(1 + (e - 1) / 2). */
INLINE Vector softplus_from(Vector x, Vector e) {
    Mask large = less(splat(0.41421356237309503), e);
    Vector f = where(large, fused(e, splat(0.5), splat(-0.5)), e);
    return maximum(splat(0), x) + log_of(where(large, splat(1), splat(0)), f);
}

INLINE Vector vector_softplus(Vector x) { return softplus_from(x, vector_exp(-absolute(x))); }

/* and in *slope its slope, sigmoid(x) */
INLINE Vector vector_softplus_sigmoid(Vector x, Vector *slope) {
    Vector e = vector_exp(-absolute(x));
    *slope = sigmoid_from(x, e);
    return softplus_from(x, e);
}

#endif
