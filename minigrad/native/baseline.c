/* Two lanes: SSE2 on x86-64, where fma() of libm is slow but has the right bits; NEON on Arm, which
   has everything; and any other processor whose compiler knows vector types. */
#define LANES 2
#define MACHINE machine_baseline
#ifdef __aarch64__
#define MACHINE_NAME "neon"
#else
#define MACHINE_NAME "baseline"
#endif
#define SUPPORTED 1
#include "machine.c"
