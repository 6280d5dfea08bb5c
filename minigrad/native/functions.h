/* The functions of the machine, on Vectors: made of IEEE operations and fused multiply-adds in a
   fixed order, so that they give the same bits at every vector width and on every processor.

       Vector vector_exp(Vector x)        Vector vector_expm1(Vector x)
       Vector vector_log(Vector x)        Vector vector_log1p(Vector x)
       Vector vector_tanh(Vector x)       Vector vector_erf(Vector x)
       Vector vector_sigmoid(Vector x)    1 / (1 + e^-x)
       Vector vector_softplus(Vector x)   log(1 + e^x)
       Vector vector_softplus_sigmoid(Vector x, Vector *slope)    both for little more than one
       Vector vector_sin(Vector x)        Vector vector_cos(Vector x)
       Vector vector_pow(Vector x, Vector y)
       Vector vector_sqrt(Vector x)       in vector.h

   Any double is allowed, and the special cases are those of annex F of the C standard: a domain
   error gives nan, a pole an infinity, and log1p, expm1, tanh, erf and sin keep the sign of a zero.
   The lanes of a vector never influence each other's bits; where one of them needs a longer way
   (a subnormal result, an infinity, a huge angle), the vector takes it as a whole.

   Errors are at most 2.5 units in the last place, everywhere; experiments/native-accuracy measures
   them against mpmath, and its minimax.py makes the coefficients of the polynomials. */
#ifndef MINIGRAD_FUNCTIONS_H
#define MINIGRAD_FUNCTIONS_H

#include <float.h>
#include <math.h>

#include "vector.h"

/* Constants in two pieces: the nearest double, and the double nearest to what that leaves. */
#define LN2_HIGH 0.6931471805599453
#define LN2_LOW 2.3190468138462996e-17
#define HALF_PI_HIGH 1.5707963267948966
#define HALF_PI_LOW 6.123233995736766e-17
#define HALF_PI_LOWEST -1.4973849048591698e-33
#define TWO_THIRDS_HIGH 0.6666666666666666
#define TWO_THIRDS_LOW 3.700743415417188e-17
#define LOG2_E 1.4426950408889634
#define TWO_OVER_PI 0.6366197723675814

/* n + SHIFT, with |n| < 2^51, is rounded to an integer and has it in its lowest bits. */
#define SHIFT 6755399441055744.0 /* 1.5 * 2^52 */
#define EXPONENT_BIAS 1023
#define FRACTION_BITS 52

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

/* --- exp and what is made of it --- */

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

/* (e^2|x| - 1) / (e^2|x| + 1); 1 above 20. Just below a power of 2 the roundings of e and of e + 2
   count for a unit each and the quotient's for a half: the bound of 2.5 for this and for sigmoid. */
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

/* --- log and what is made of it --- */

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
#define FRACTION_MASK 0x000fffffffffffff

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

/* --- erf --- */

/* (erf x - x) / x for z = x² <= 1. Minimax; error of erf: 2^-56.3 of it. */
static const double ERF_SERIES[13] = {
    0.1283791670955126, -0.3761263890318375, 0.11283791670954857, -0.026866170645072896,
    0.005223977624780878, -0.0008548326978742835, 0.00012055331036919498, -1.4925593507269706e-05,
    1.6460972821383026e-06, -1.635002525043636e-07, 1.4657879910627581e-08,
    -1.136566580151185e-09, 5.945260824914696e-11,
};
INLINE Vector erf_near_0(Vector x) {
    Vector z = x * x, z2 = z * z, z4 = z2 * z2, z8 = z4 * z4;
    Vector last = fused(splat(ERF_SERIES[12]), z4, series4(ERF_SERIES + 8, z, z2));
    return fused(x, fused(last, z8, series8(ERF_SERIES, z, z2, z4)), x);
}

/* log(1 - erf x) + x² for t = x - 1 in [0, 5]. Minimax; error of erf: 2^-58.6 of it. */
static const double LOG_ERFC_SERIES[20] = {
    -0.8496055099332482, -0.6389675142347909, 0.15689274364148806, -0.04156109804582741,
    0.010033825424905617, -0.001977902945822661, 0.00023732431725810381, 2.62717546236396e-05,
    -2.714456822535362e-05, 9.58361913137839e-06, -2.027062866273161e-06, 1.1104372557259613e-07,
    1.2095050313812694e-07, -6.501434332333348e-08, 2.0290366785685738e-08, -4.50107422340488e-09,
    7.225124410425118e-10, -8.031524640562588e-11, 5.539684190780197e-12, -1.7839538899372258e-13,
};
/* erf x for 1 <= x <= 6: from 5.93 on it rounds to 1. */
INLINE Vector erf_above_1(Vector x) {
    Vector t = x - 1, t2 = t * t, t4 = t2 * t2, t8 = t4 * t4;
    Vector last = series4(LOG_ERFC_SERIES + 16, t, t2);
    Vector middle = fused(last, t8, series8(LOG_ERFC_SERIES + 8, t, t2, t4));
    Vector p = fused(middle, t8, series8(LOG_ERFC_SERIES, t, t2, t4));
    return splat(1) - exp_normal(fused(-x, x, p));
}

INLINE Vector vector_erf(Vector x) {
    Vector size = minimum(splat(6), absolute(x));
    Mask low = less(size, splat(1));
    if (all(low)) return erf_near_0(x);
    Vector above = erf_above_1(maximum(splat(1), size));
    return with_sign(where(low, erf_near_0(size), above), x);
}

/* --- sin and cos --- */

/* x = n π/2 + r, |r| <= π/4 and a little; r is a pair, for it may be tiny. */
typedef struct {
    Vector shifted;
    Pair r;
} Angle;

#define NEAR_ANGLE 0x1p30

/* For |x| <= 2^30. x - n HALF_PI_HIGH is exact: a multiple of x's last place, or of 2^-52, that is
   less than 1. What HALF_PI_LOWEST leaves is below 2^-130, and no double comes nearer to a multiple
   of π/2 than 2^-62 (J.-M. Muller, Elementary Functions, table of worst cases). */
INLINE Angle near_angle(Vector x) {
    Vector shifted = fused(x, splat(TWO_OVER_PI), splat(SHIFT)), n = shifted - SHIFT;
    Pair low = product_of(n, splat(HALF_PI_LOW));
    Pair r = sum_of(fused(n, splat(-HALF_PI_HIGH), x), -low.high);
    r.low = fused(n, splat(-HALF_PI_LOWEST), r.low - low.low);
    return (Angle){shifted, r};
}

/* The bits of 2/π behind the point, after 64 zeros. */
static const uint64_t TWO_OVER_PI_BITS[21] = {
    0, 0xa2f9836e4e441529, 0xfc2757d1f534ddc0, 0xdb6295993c439041, 0xfe5163abdebbc561,
    0xb7246e3a424dd2e0, 0x06492eea09d1921c, 0xfe1deb1cb129a73e, 0xe88235f52ebb4484,
    0xe99c7026b45f7e41, 0x3991d639835339f4, 0x9c845f8bbdf9283b, 0x1ff897ffde05980f,
    0xef2f118b5a0a6d1f, 0x6d367ecf27cb09b7, 0x4f463f669e5fea2d, 0x7527bac7ebe5f17b,
    0x3d0739f78a5292ea, 0x6bfb5fb11f8d5d08, 0x56033046fc7b6bab, 0xf0cfbc209af4361d,
};

__extension__ typedef unsigned __int128 Wide;
__extension__ typedef __int128 SignedWide;

/* 64 bits of 0.2/π from `start`, a count of bits, on */
INLINE uint64_t bits_from(int start) {
    const uint64_t *word = TWO_OVER_PI_BITS + start / 64;
    return (uint64_t)(((((Wide)word[0] << 64) | word[1]) << (start % 64)) >> 64);
}

/* x · 2/π mod 4 for one finite x, |x| >= 2^30, in integers (M. Payne and R. Hanek, 1983): the
   fraction of x times those 192 bits of 2/π whose product is less than 4 and not lost. Gives
   the integer n nearest to it plus SHIFT, and the rest, times π/2, in *high and *low. */
static inline double far_angle(double x, double *high, double *low) {
    union { double number; uint64_t bits; } of = {fabs(x)};
    uint64_t fraction = (of.bits & FRACTION_MASK) | ((uint64_t)1 << FRACTION_BITS);
    int exponent = (int)(of.bits >> FRACTION_BITS) - EXPONENT_BIAS - FRACTION_BITS;
    int start = 64 + exponent - 2;
    Wide third = (Wide)fraction * bits_from(start + 128);
    Wide second = (Wide)fraction * bits_from(start + 64) + (third >> 64);
    uint64_t first = fraction * bits_from(start) + (uint64_t)(second >> 64);
    Wide rest = ((((Wide)first << 64) | (uint64_t)second) << 2) | ((uint64_t)third >> 62);
    int above = (int)(rest >> 127); /* the rest is above a half: the next n is nearer */
    double n = (double)((first >> 62) + (uint64_t)above);
    Wide size = above ? -rest : rest;
    double size_high = (double)size, size_low = (double)(SignedWide)(size - (Wide)size_high);
    double sign = (x < 0) != (above != 0) ? -0x1p-128 : 0x1p-128;
    size_high *= sign, size_low *= sign;
    *high = size_high * HALF_PI_HIGH;
    *low = __builtin_fma(size_high, HALF_PI_HIGH, -*high) +
           __builtin_fma(size_high, HALF_PI_LOW, size_low * HALF_PI_HIGH);
    return (x < 0 ? -n : n) + SHIFT;
}

/* (sin r - r) / (r z) and (cos r - 1 + z/2) / z² for z = r², |r| <= π/4. Minimax; errors of sine
   and cosine: 2^-56.4 and 2^-59.7 of them. */
static const double SIN_SERIES[6] = {
    -0.1666666666666663, 0.008333333333322118, -0.00019841269829589832, 2.75573136215174e-06,
    -2.5050747786624668e-08, 1.5896231651722288e-10,
};
static const double COS_SERIES[6] = {
    0.041666666666666595, -0.0013888888888873058, 2.480158728885209e-05, -2.755731417940127e-07,
    2.0875700855839096e-09, -1.1358537237952277e-11,
};
/* the sine of the angle turned by `quarters` right angles */
INLINE Vector sine(Angle of, uint64_t quarters) {
    Vector r = of.r.high, low = of.r.low, z = r * r, z2 = z * z, half = z * 0.5;
    Vector s = fused(series2(SIN_SERIES + 4, z), z2 * z2, series4(SIN_SERIES, z, z2));
    Vector c = fused(series2(COS_SERIES + 4, z), z2 * z2, series4(COS_SERIES, z, z2));
    Vector sin = r + fused(r * z, s, fused(-half, low, low));
    Vector top = splat(1) - half, lost = (splat(1) - top) - half;
    Vector cos = top + (lost + fused(z2, c, -r * low));
    Bits n = (Bits)of.shifted + quarters;
    return (Vector)((Bits)where(odd(n), cos, sin) ^ ((n & 2) << 62));
}

INLINE Vector sine_anywhere(Vector x, uint64_t quarters) {
    Angle of = near_angle(where(at_most(absolute(x), splat(NEAR_ANGLE)), x, x - x)); /* or nan */
    EACH_LANE(i) {
        if (!(fabs(x[i]) > NEAR_ANGLE && fabs(x[i]) <= DBL_MAX)) continue;
        double high, low;
        of.shifted[i] = far_angle(x[i], &high, &low);
        of.r.high[i] = high, of.r.low[i] = low;
    }
    return sine(of, quarters);
}

RARE void sin_rare(Vector *x) { *x = sine_anywhere(*x, 0); }
RARE void cos_rare(Vector *x) { *x = sine_anywhere(*x, 1); }

INLINE int is_near(Vector x) { return all(at_most(absolute(x), splat(NEAR_ANGLE))); }

INLINE Vector vector_sin(Vector x) {
    Vector y = LIKELY(is_near(x)) ? sine(near_angle(x), 0) : in_place(sin_rare, x);
    return where(equal(x, splat(0)), x, y); /* -0 stays */
}

INLINE Vector vector_cos(Vector x) {
    return LIKELY(is_near(x)) ? sine(near_angle(x), 1) : in_place(cos_rare, x);
}

/* --- pow --- */

/* (log((1 + s) / (1 - s)) - 2 s - 2/3 s z) / (s z²) with z = s², s as in LOG_SERIES. Minimax;
   error of the logarithm: 2^-66.4 of it. */
static const double LOG_LONG_SERIES[8] = {
    0.3999999999999998, 0.28571428571445057, 0.2222222221754936, 0.18181818868820182,
    0.15384556967754096, 0.13336313871458738, 0.11674887396900584, 0.11988462460671565,
};
/* f / (2 + f), rounded to 106 bits */
INLINE Pair log_argument(Vector f) {
    Vector s, below = f + 2, below_low = f - (below - 2);
    s = f / below;
    return (Pair){s, fused(-s, below_low, fused(-s, below, f)) / below};
}

/* log(2^k m) to some 65 bits: k ln 2 + 2 s + s z (2/3 + z P(z)). y log x may reach 745 in pow, and
   an error there is one of the power in units relative to it. */
INLINE Pair log_long(Scaled of) {
    Pair s = log_argument(of.m - 1), z = pair_times(s, s);
    Vector z2 = z.high * z.high;
    Vector p = series8(LOG_LONG_SERIES, z.high, z2, z2 * z2);
    Pair zp = product_of(z.high, p), inner = sum_of_ordered(splat(TWO_THIRDS_HIGH), zp.high);
    inner.low += fused(z.low, p, zp.low) + TWO_THIRDS_LOW;
    Pair cubic = pair_times(pair_times(s, z), inner);
    Pair whole = product_of(of.k, splat(LN2_HIGH));
    Pair linear = sum_of_ordered(whole.high, s.high + s.high);
    Pair sum = sum_of_ordered(linear.high, cubic.high);
    Vector low = fused(of.k, splat(LN2_LOW), whole.low) + (s.low + s.low) + cubic.low;
    return sum_of_ordered(sum.high, sum.low + (linear.low + low));
}

/* x^y for positive, finite x, and any y but nan */
INLINE Vector pow_positive(Vector x, Vector y) {
    Mask subnormal = less(x, splat(DBL_MIN));
    Scaled of = scale(where(subnormal, x * 0x1p54, x));
    of.k -= where(subnormal, splat(54), splat(0));
    y = maximum(splat(-0x1p65), minimum(splat(0x1p65), y)); /* enough for 0, infinity or 1 */
    Pair log = log_long(of), power = product_of(y, log.high);
    Mask small = less(absolute(power.high), splat(1000));
    return exp_anywhere(power.high, where(small, fused(y, log.low, power.low), splat(0)));
}

/* all integers from 2^52 on */
INLINE Mask is_integer(Vector x) {
    Vector size = absolute(x);
    return equal((size + 0x1p52) - 0x1p52, size) | at_most(splat(0x1p52), size);
}

INLINE Vector vector_pow(Vector x, Vector y) {
    Vector size = absolute(x), zero = splat(0), infinity = splat(INFINITY);
    Mask empty = equal(size, zero), endless = equal(size, infinity), below = less(y, zero);
    Vector p = pow_positive(where(empty | endless, splat(1), size), y);
    Vector end = where((empty & below) | (endless & not(below)), infinity, zero);
    p = where(empty | endless, end, p);
    Mask integer = is_integer(y), odd_y = integer & not(is_integer(y * 0.5));
    p = where(odd_y, with_sign(p, x), p);
    p = where(less(x, zero) & not(integer) & not(endless), splat(NAN), p);
    p = where(equal(x, x) & equal(y, y), p, x + y);
    return where(equal(y, zero) | equal(x, splat(1)), splat(1), p);
}

#endif
