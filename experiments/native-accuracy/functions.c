/* The functions of minigrad/native/functions.h on arrays, to be measured and tested. Each takes
   `count` numbers, a multiple of LANES. */
#include <string.h>

#include "functions.h"

#define ONE_ARGUMENT(name, function) \
    void each_##name(const double *x, double *y, long count) { \
        for (long i = 0; i < count; i += LANES) { \
            Vector a; \
            memcpy(&a, x + i, sizeof a); \
            a = function(a); \
            memcpy(y + i, &a, sizeof a); \
        } \
    }

#define TWO_ARGUMENTS(name, function) \
    void each_##name(const double *x1, const double *x2, double *y, long count) { \
        for (long i = 0; i < count; i += LANES) { \
            Vector a, b; \
            memcpy(&a, x1 + i, sizeof a); \
            memcpy(&b, x2 + i, sizeof b); \
            a = function(a, b); \
            memcpy(y + i, &a, sizeof a); \
        } \
    }

INLINE Vector softplus_beside_sigmoid(Vector x) {
    Vector slope;
    return vector_softplus_sigmoid(x, &slope);
}

INLINE Vector sigmoid_beside_softplus(Vector x) {
    Vector slope;
    vector_softplus_sigmoid(x, &slope);
    return slope;
}

ONE_ARGUMENT(exp, vector_exp)
ONE_ARGUMENT(expm1, vector_expm1)
ONE_ARGUMENT(log, vector_log)
ONE_ARGUMENT(log1p, vector_log1p)
ONE_ARGUMENT(tanh, vector_tanh)
ONE_ARGUMENT(sigmoid, vector_sigmoid)
ONE_ARGUMENT(softplus, vector_softplus)
ONE_ARGUMENT(softplus_beside_sigmoid, softplus_beside_sigmoid)
ONE_ARGUMENT(sigmoid_beside_softplus, sigmoid_beside_softplus)
ONE_ARGUMENT(erf, vector_erf)
ONE_ARGUMENT(sin, vector_sin)
ONE_ARGUMENT(cos, vector_cos)
ONE_ARGUMENT(sqrt, vector_sqrt)
TWO_ARGUMENTS(pow, vector_pow)
TWO_ARGUMENTS(minimum, minimum)
TWO_ARGUMENTS(maximum, maximum)
