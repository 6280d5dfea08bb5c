/* The machine for one kind of processor. baseline.c, avx2.c and avx512.c each say for which one, by
   LANES, MACHINE, MACHINE_NAME and SUPPORTED, and include this file. */
#include "training.h"

static int supported(void) { return SUPPORTED; }

const Machine MACHINE = {MACHINE_NAME, LANES, supported, run, numbers};
