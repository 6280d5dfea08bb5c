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

#include "angles.h"
#include "erf.h"
#include "exponentials.h"
#include "logarithms.h"
#include "powers.h"

#endif
