/* The machine for one kind of processor. baseline.c, avx2.c and avx512.c each say for which one, by
   LANES, MACHINE, MACHINE_NAME and SUPPORTED, and include this file. */
#include "training.h"

static int supported(void) { return SUPPORTED; }

/* So many turns of multiply-adds or divisions that do not wait for each other, as fast as the
   processor can: what benchmarks measure its peak by. Gives how many numbers were computed. */
static int64_t repeat(int divide, int64_t turns) {
    enum { CHAINS = 12 };
    static volatile double kept;
    Vector chains[CHAINS], factor = splat(0.999), term = splat(0.001);
    UNROLL for (int i = 0; i < CHAINS; i++) chains[i] = splat(1 + i);
    if (divide)
        for (int64_t n = 0; n < turns; n++)
            UNROLL for (int i = 0; i < CHAINS; i++) chains[i] = factor / chains[i];
    else
        for (int64_t n = 0; n < turns; n++)
            UNROLL for (int i = 0; i < CHAINS; i++) chains[i] = fused(chains[i], factor, term);
    for (int i = 0; i < CHAINS; i++) kept = chains[i][0];
    (void)kept;
    return turns * CHAINS * LANES;
}

const Machine MACHINE = {MACHINE_NAME, LANES, supported, run, numbers, repeat};
