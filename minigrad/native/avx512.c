/* Eight lanes: x86-64 processors with AVX-512. Compile with -mavx512f -mavx512dq -mavx512vl. */
#define LANES 8
#define MACHINE machine_avx512
#define MACHINE_NAME "avx512"
#define SUPPORTED \
    (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") && \
     __builtin_cpu_supports("avx512vl"))
#include "machine.c"
