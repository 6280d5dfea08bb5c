/* sin and cos, for angles of any size. */
#ifndef MINIGRAD_ANGLES_H
#define MINIGRAD_ANGLES_H

#include "series.h"

/* In pieces, as LN2. */
#define HALF_PI_HIGH 1.5707963267948966
#define HALF_PI_LOW 6.123233995736766e-17
#define HALF_PI_LOWEST -1.4973849048591698e-33
#define TWO_OVER_PI 0.6366197723675814

/* x = n π/2 + r, |r| <= π/4 and a little; r is a pair, for it may be tiny. */
typedef struct {
    Vector shifted;
    Pair r;
} Angle;

#define NEAR_ANGLE 0x1p30

/* For |x| <= 2^30. x - n HALF_PI_HIGH is exact: a multiple of x's last place, or of 2^-52, that is
   less than 1. The three pieces leave less than 2^-163 of π/2, so 2^-133 in all, and no double
   comes nearer to a multiple of π/2 than 2^-60.9 (of all, 5.319372648326541e255; points.py in
   experiments/native-accuracy finds the nearest of every exponent). */
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

/* 64 bits of these from the bit `start` on */
INLINE uint64_t bits_from(int start) {
    const uint64_t *word = TWO_OVER_PI_BITS + start / 64;
    return (uint64_t)(((((Wide)word[0] << 64) | word[1]) << (start % 64)) >> 64);
}

/* The same for one finite x, |x| > 2^30, in integers (M. Payne and R. Hanek, 1983). x is an integer
   of 53 bits times a power of 2; times the bits of 2/π that come before `start` it is a multiple
   of 4, and those more than 192 bits behind add less than 2^-137. Gives SHIFT + n mod 4, n with
   x's sign, and r in *high and *low. */
static inline double far_angle(double x, double *high, double *low) {
    union { double number; uint64_t bits; } of = {fabs(x)};
    uint64_t integer = (of.bits & FRACTION_MASK) | ((uint64_t)1 << FRACTION_BITS);
    int exponent = (int)(of.bits >> FRACTION_BITS) - EXPONENT_BIAS - FRACTION_BITS;
    int start = 64 + exponent - 2;
    Wide third = (Wide)integer * bits_from(start + 128);
    Wide second = (Wide)integer * bits_from(start + 64) + (third >> 64);
    uint64_t first = integer * bits_from(start) + (uint64_t)(second >> 64);
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

#endif
