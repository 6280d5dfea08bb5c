/* Four lanes: x86-64 processors with AVX2 and FMA. Compile with -mavx2 -mfma. */
#define LANES 4
#define MACHINE machine_avx2
#define MACHINE_NAME "avx2"
#define SUPPORTED (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
#include "machine.c"
