/* The update rules of the optimizers. The formulas, with their sources, are in optim/.

   A rule moves a vector of parameters x by their gradient g. `s` are its states, `c` numbers of the
   step, made by rule_numbers() beforehand, and `lr` the rates of the lanes. */
#ifndef MINIGRAD_RULES_H
#define MINIGRAD_RULES_H

#include "functions.h"
#include "job.h"

#define N(i) splat(c[i])
#define STATES Vector x, Vector g, Vector lr, Vector *const *s, int64_t i, const double *c

/* The square root again, for loops: AVX-512 takes 25 cycles for eight of them, and does nothing
   but the next division meanwhile, while these multiply-adds take ten. The result is the same to the
   bit. Goldschmidt's iteration (P. Markstein, Software division and square root using Goldschmidt's
   algorithms, 2004) gives y, off by about a unit in the last place, and h, near 1 / (2 sqrt(x)) to
   2^-26. So sqrt(x) is between y + rest * h * (1 - 2^-25) and y + rest * h * (1 + 2^-25), and if both
   are rounded to the same number, it is (A. Ziv's test). One vector in a million is not decided so,
   nor those with numbers whose rest may be too small for a double. */
INLINE Vector root(Vector x) {
#ifdef X86_MASKS
    Vector half = splat(0.5), start = (Vector)_mm512_rsqrt14_pd(x); /* to 2^-14 */
    Vector y = x * start, h = half * start, error = fused(-y, h, half);
    y = fused(y, error, y), h = fused(h, error, h);
    y = fused(y, fused(-y, h, half), y);
    Vector rest = fused(-y, y, x);
    Vector low = fused(rest, h * splat(1 - 0x1p-25), y), high = fused(rest, h * splat(1 + 0x1p-25), y);
    Mask is_usual = less(splat(0x1p-500), x) & less(x, splat(0x1p500));
    if (LIKELY(all(is_usual & equal(low, high)))) return low;
#endif
    return vector_sqrt(x);
}

/* a * b + (1 - a) * d, the moving average that most rules are made of; `rest` is 1 - a */
INLINE Vector average(Vector a, Vector b, Vector rest, Vector d) { return fused(a, b, rest * d); }

/* x less its share lr * decay, for weight decay that bypasses the moments */
INLINE Vector shrunk(Vector x, Vector lr, Vector decay) { return x * (splat(1.0) - lr * decay); }

/* c: weight_decay, momentum, 1 - dampening (1 at first), whether nesterov, whether any momentum */
INLINE Vector sgd(STATES) {
    g = fused(N(0), x, g);
    if (c[4] == 0) return fused(-lr, g, x);
    Vector v = s[0][i] = fused(N(1), s[0][i], N(2) * g);
    return fused(-lr, c[3] != 0 ? fused(N(1), v, g) : v, x);
}

/* c: weight_decay, the same but decoupled, beta1, beta2, 1 / (1 - beta1^t), 1 / (1 - beta2^t),
   eps, whether amsgrad */
INLINE Vector adam(STATES) {
    x = shrunk(x, lr, N(1));
    g = fused(N(0), x, g);
    Vector m = s[0][i] = average(N(2), s[0][i], splat(1 - c[2]), g);
    Vector v = s[1][i] = average(N(3), s[1][i], splat(1 - c[3]), g * g);
    if (c[7] != 0) v = s[2][i] = maximum(s[2][i], v);
    return x - lr * N(4) * (m / (root(v * N(5)) + N(6)));
}

/* c: weight_decay, alpha, eps, momentum, whether centered */
INLINE Vector rmsprop(STATES) {
    Vector zero = {0};
    g = fused(N(0), x, g);
    Vector v = s[0][i] = average(N(1), s[0][i], splat(1 - c[1]), g * g);
    if (c[4] != 0) {
        Vector m = s[1][i] = average(N(1), s[1][i], splat(1 - c[1]), g);
        v = maximum(zero, v - m * m);
    }
    Vector d = g / (root(v) + N(2));
    if (c[3] != 0) d = s[2][i] = fused(N(3), s[2][i], d);
    return fused(-lr, d, x);
}

/* c: weight_decay, 1 + (t - 1) * lr_decay, eps */
INLINE Vector adagrad(STATES) {
    g = fused(N(0), x, g);
    Vector sum = s[0][i] = fused(g, g, s[0][i]);
    return x - lr / N(1) * (g / (root(sum) + N(2)));
}

/* c: weight_decay, rho, eps */
INLINE Vector adadelta(STATES) {
    g = fused(N(0), x, g);
    Vector u = s[1][i], v = s[0][i] = average(N(1), s[0][i], splat(1 - c[1]), g * g);
    Vector d = root((u + N(2)) / (v + N(2))) * g;
    s[1][i] = average(N(1), u, splat(1 - c[1]), d * d);
    return fused(-lr, d, x);
}

/* c: weight_decay, beta1, beta2, 1 / (1 - beta1^t), eps */
INLINE Vector adamax(STATES) {
    g = fused(N(0), x, g);
    Vector m = s[0][i] = average(N(1), s[0][i], splat(1 - c[1]), g);
    Vector u = s[1][i] = maximum(N(2) * s[1][i], absolute(g) + N(4));
    return x - lr * N(3) * (m / u);
}

/* c: weight_decay, decoupled, beta1, beta2, g's share, m's share, 1 / (1 - beta2^t), eps */
INLINE Vector nadam(STATES) {
    x = shrunk(x, lr, N(1));
    g = fused(N(0), x, g);
    Vector m = s[0][i] = average(N(2), s[0][i], splat(1 - c[2]), g);
    Vector v = s[1][i] = average(N(3), s[1][i], splat(1 - c[3]), g * g);
    Vector d = fused(N(4), g, N(5) * m);
    return x - lr * (d / (root(v * N(6)) + N(7)));
}

/* c: weight_decay, decoupled, beta1, beta2, 1 / (1 - beta1^t), rectification (0: none), eps */
INLINE Vector radam(STATES) {
    x = shrunk(x, lr, N(1));
    g = fused(N(0), x, g);
    Vector m = s[0][i] = average(N(2), s[0][i], splat(1 - c[2]), g);
    Vector v = s[1][i] = average(N(3), s[1][i], splat(1 - c[3]), g * g);
    Vector d = m * N(4);
    if (c[5] != 0) d = d * (N(5) / (root(v) + N(6)));
    return fused(-lr, d, x);
}

#undef N
#undef STATES

#define EACH_PARAMETER(RULE) \
    for (int64_t i = 0; i < count; i++) x[i] = RULE(x[i], g[i], lr, s, i, c); \
    break

/* Moves `count` vectors of parameters. Numbers and addresses are copied first: what is written in the
   loop cannot be one of the copies, so that they stay in registers. */
static void move(int rule, int64_t count, Vector *x, const Vector *g, Vector lr,
                 Vector *const *states, const double *numbers) {
    double c[NUMBERS];
    Vector *s[MAX_STATES];
    for (int n = 0; n < NUMBERS; n++) c[n] = numbers[n];
    for (int n = 0; n < MAX_STATES; n++) s[n] = states[n];
    switch (rule) {
        case SGD: EACH_PARAMETER(sgd);
        case ADAM: EACH_PARAMETER(adam);
        case RMSPROP: EACH_PARAMETER(rmsprop);
        case ADAGRAD: EACH_PARAMETER(adagrad);
        case ADADELTA: EACH_PARAMETER(adadelta);
        case ADAMAX: EACH_PARAMETER(adamax);
        case NADAM: EACH_PARAMETER(nadam);
        case RADAM: EACH_PARAMETER(radam);
    }
}

#undef EACH_PARAMETER

/* The powers that a rule needs at the steps t, of which each lane has another. */
static void rule_powers(int rule, const double *set, Vector t, Vector *powers) {
    switch (rule) {
        case ADAM:
        case RADAM:
            powers[0] = vector_pow(splat(set[2]), t), powers[1] = vector_pow(splat(set[3]), t);
            break;
        case ADAMAX: powers[0] = vector_pow(splat(set[1]), t); break;
        case NADAM:
            powers[0] = vector_pow(splat(0.96), t * splat(set[5]));
            powers[1] = vector_pow(splat(0.96), (t + splat(1.0)) * splat(set[5]));
            powers[2] = vector_pow(splat(set[3]), t);
            break;
    }
}

/* 1 / (1 - beta^t): what a moving average that starts at 0 is divided by, inverted */
static double correction(double power) { return 1 / (1 - power); }

/* 0 while the average stands for too few gradients; see optim/radam.py for r and h */
static double rectification(double beta2, double power, double t) {
    double h = 2 / (1 - beta2) - 1, r = h - 2 * t * power / (1 - power);
    if (!(r > 5)) return 0;
    double square = (1 - power) * ((r - 4) * (r - 2) * h / ((h - 4) * (h - 2) * r));
    return vector_sqrt(splat(square))[0];
}

/* The numbers c of step t = 1, 2, ... from the rule's settings, in the order of rules.py, and its
   powers; `carried` is what NAdam hands on, the product of its mu(1) ... mu(t). */
static void rule_numbers(int rule, const double *set, double t, const double *powers,
                         double *carried, double *c) {
    switch (rule) {
        case SGD: /* weight_decay, momentum, dampening, nesterov */
            c[0] = set[0], c[1] = set[1], c[2] = t > 1 ? 1 - set[2] : 1, c[3] = set[3];
            c[4] = set[1] != 0;
            break;
        case ADAM: /* weight_decay, decoupled, beta1, beta2, eps, amsgrad */
            for (int n = 0; n < 4; n++) c[n] = set[n];
            c[4] = correction(powers[0]), c[5] = correction(powers[1]), c[6] = set[4];
            c[7] = set[5];
            break;
        case RMSPROP: /* weight_decay, alpha, eps, momentum, centered */
            for (int n = 0; n < 5; n++) c[n] = set[n];
            break;
        case ADAGRAD: /* weight_decay, lr_decay, eps */
            c[0] = set[0], c[1] = 1 + (t - 1) * set[1], c[2] = set[2];
            break;
        case ADADELTA: /* weight_decay, rho, eps */
            for (int n = 0; n < 3; n++) c[n] = set[n];
            break;
        case ADAMAX: /* weight_decay, beta1, beta2, eps */
            for (int n = 0; n < 3; n++) c[n] = set[n];
            c[3] = correction(powers[0]), c[4] = set[3];
            break;
        case NADAM: { /* weight_decay, decoupled, beta1, beta2, eps, momentum_decay */
            double mu = set[2] * (1 - powers[0] / 2), next = set[2] * (1 - powers[1] / 2);
            *carried *= mu;
            if (*carried < DBL_MIN) *carried = 0; /* 1 - it is 1, and subnormals are slow */
            for (int n = 0; n < 4; n++) c[n] = set[n];
            c[4] = (1 - mu) / (1 - *carried), c[5] = next / (1 - *carried * next);
            c[6] = correction(powers[2]), c[7] = set[4];
            break;
        }
        case RADAM: /* weight_decay, decoupled, beta1, beta2, eps */
            for (int n = 0; n < 4; n++) c[n] = set[n];
            c[4] = correction(powers[0]), c[5] = rectification(set[3], powers[1], t);
            c[6] = set[4];
            break;
    }
}

/* Fills the numbers of the steps t, t + 1, ..., and what is carried after each of them; carried[0]
   is what is carried before. */
static void numbers(int rule, const double *set, int64_t t, int64_t steps, double *carried,
                    double *out) {
    for (int64_t n = 0; n < steps; n += LANES) {
        Vector at, powers[3] = {{0}};
        EACH_LANE(i) at[i] = (double)(t + n + i);
        rule_powers(rule, set, at, powers);
        for (int64_t i = 0; i < LANES && n + i < steps; i++) {
            const double own[3] = {powers[0][i], powers[1][i], powers[2][i]};
            carried[n + i + 1] = carried[n + i];
            double *own_numbers = out + (n + i) * NUMBERS;
            for (int k = 0; k < NUMBERS; k++) own_numbers[k] = 0; /* no call of memset for so few */
            rule_numbers(rule, set, at[i], own, carried + n + i + 1, own_numbers);
        }
    }
}

#endif
