/* pow, by a logarithm of more bits than a double has. */
#ifndef MINIGRAD_POWERS_H
#define MINIGRAD_POWERS_H

#include "exponentials.h"
#include "logarithms.h"

#define TWO_THIRDS_HIGH 0.6666666666666666
#define TWO_THIRDS_LOW 3.700743415417188e-17

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

/* log(2^k m) to some 65 bits: k ln 2 + 2 s + s z (2/3 + z P(z)). y log x may reach 745, and its
   absolute error is the power's relative one. */
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
