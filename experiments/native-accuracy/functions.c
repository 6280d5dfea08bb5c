/* The functions of minigrad/native/functions.h on arrays, to be measured and tested. */
#include <string.h>

#include "functions.h"

#define LIST(F) \
    F(exp) F(expm1) F(log) F(log1p) F(tanh) F(sigmoid) F(softplus) F(erf) F(sin) F(cos) F(sqrt)

/* y[i] = f(x[i]) for count numbers, a multiple of LANES */
#define LOOP(f)                                         \
    void each_##f(const double *x, double *y, long count) \
    {                                                   \
        for (long i = 0; i < count; i += LANES) {       \
            Vector v;                                   \
            memcpy(&v, x + i, sizeof v);                \
            v = vector_##f(v);                          \
            memcpy(y + i, &v, sizeof v);                \
        }                                               \
    }
LIST(LOOP)

void each_pow(const double *x, const double *exponent, double *y, long count) {
    for (long i = 0; i < count; i += LANES) {
        Vector a, b;
        memcpy(&a, x + i, sizeof a);
        memcpy(&b, exponent + i, sizeof b);
        a = vector_pow(a, b);
        memcpy(y + i, &a, sizeof a);
    }
}
