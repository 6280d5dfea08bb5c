/* erf, the error function. */
#ifndef MINIGRAD_ERF_H
#define MINIGRAD_ERF_H

#include "exponentials.h"

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

#endif
