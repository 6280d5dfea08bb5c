/* A vector of LANES doubles, and the operations that give the same bits on every processor.

   LANES is 2, 4 or 8 and should be the processor's own width. All operations are IEEE 754's in
   binary64: sums, products, quotients, square roots and fused multiply-adds, each correctly
   rounded. Nothing may be contracted or reordered: compile with -ffp-contract=off, without
   -ffast-math, and link libm, whose fma() serves processors that have none.

   - and + - * / work on Vectors; comparisons only by equal, less and at_most, because a Mask is an
     integer on AVX-512 and a vector elsewhere. Masks know & | and not(); where(mask, yes, no).
   - minimum(a, b) and maximum(a, b) give b where one is nan or both are zeros.
   - A nan is a nan: its sign and payload are not the same everywhere. */
#ifndef MINIGRAD_VECTOR_H
#define MINIGRAD_VECTOR_H

#include <stdint.h>

#ifndef LANES
#define LANES 2
#endif
#ifdef __FAST_MATH__
#error "-ffast-math changes the bits of results: compile without it"
#endif
#if LANES != 2 && LANES != 4 && LANES != 8
#error "LANES must be 2, 4 or 8"
#endif
#ifdef __GNUC__
/* Compilers differ in how they hand over vectors wider than the processor's: ours stay inside. */
#pragma GCC diagnostic ignored "-Wpsabi"
#endif

typedef double Vector __attribute__((vector_size(8 * LANES)));
typedef uint64_t Bits __attribute__((vector_size(8 * LANES)));

#define INLINE static inline __attribute__((always_inline, unused))
#define RARE static __attribute__((noinline, cold, unused)) /* for what a few lanes need */
/* Hints for GCC, which alone needs them: UNROLL before a loop of few turns, so that what it fills
   stays in registers, and HOLD(x) so that x is loaded once and not wherever it is read. */
#if defined(__GNUC__) && !defined(__clang__)
#define UNROLL _Pragma("GCC unroll 32")
#else
#define UNROLL
#endif
#if defined(__GNUC__) && !defined(__clang__) && defined(__AVX512F__)
#define HOLD(x) __asm__("" : "+v"(x))
#else
#define HOLD(x) (void)0
#endif
#define EACH_LANE(i) for (int i = 0; i < LANES; i++)

/* X86(name) is the intrinsic of this width. */
#if LANES == 8 && defined(__AVX512F__) && defined(__AVX512DQ__)
#include <immintrin.h>
#define X86(name) _mm512_##name
#define X86_MASKS
#elif LANES == 4 && defined(__AVX__)
#include <immintrin.h>
#define X86(name) _mm256_##name
#elif LANES == 2 && defined(__SSE2__)
#include <immintrin.h>
#define X86(name) _mm_##name
#elif LANES == 2 && defined(__aarch64__) && defined(__ARM_NEON)
#include <arm_neon.h>
#endif

#ifdef X86_MASKS
typedef __mmask8 Mask;
#else
typedef int64_t Mask __attribute__((vector_size(8 * LANES)));
#endif

INLINE Vector splat(double x) {
#ifdef X86
    return (Vector)X86(set1_pd)(x);
#else
    return x - (Vector){0}; /* a sum would make +0 of -0 */
#endif
}

INLINE Bits splat_bits(uint64_t x) { return x + (Bits){0}; }

/* a * b + c, rounded once */
INLINE Vector fused(Vector a, Vector b, Vector c) {
#if defined(X86_MASKS) || (defined(X86) && defined(__FMA__))
    return (Vector)X86(fmadd_pd)(a, b, c);
#elif LANES == 2 && defined(__aarch64__) && defined(__ARM_NEON)
    return (Vector)vfmaq_f64((float64x2_t)c, (float64x2_t)a, (float64x2_t)b);
#else
    EACH_LANE(i) c[i] = __builtin_fma(a[i], b[i], c[i]);
    return c;
#endif
}

INLINE Vector vector_sqrt(Vector x) {
#ifdef X86
    return (Vector)X86(sqrt_pd)(x);
#elif LANES == 2 && defined(__aarch64__) && defined(__ARM_NEON)
    return (Vector)vsqrtq_f64((float64x2_t)x);
#else
    EACH_LANE(i) x[i] = __builtin_sqrt(x[i]);
    return x;
#endif
}

#ifdef X86_MASKS
INLINE Mask equal(Vector a, Vector b) { return _mm512_cmp_pd_mask(a, b, _CMP_EQ_OQ); }
INLINE Mask less(Vector a, Vector b) { return _mm512_cmp_pd_mask(a, b, _CMP_LT_OQ); }
INLINE Mask at_most(Vector a, Vector b) { return _mm512_cmp_pd_mask(a, b, _CMP_LE_OQ); }
INLINE Mask odd(Bits n) { return _mm512_test_epi64_mask((__m512i)n, _mm512_set1_epi64(1)); }
INLINE Mask not(Mask m) { return (Mask)~m; }
INLINE int all(Mask m) { return m == 0xff; }
INLINE Vector where(Mask m, Vector yes, Vector no) {
    return (Vector)_mm512_mask_blend_pd(m, no, yes);
}
#else
INLINE Mask equal(Vector a, Vector b) { return (Mask)(a == b); }
INLINE Mask less(Vector a, Vector b) { return (Mask)(a < b); }
INLINE Mask at_most(Vector a, Vector b) { return (Mask)(a <= b); }
INLINE Mask odd(Bits n) { return (Mask)((n & 1) == 1); }
INLINE Mask not(Mask m) { return ~m; }
INLINE int all(Mask m) {
#ifdef X86
    return X86(movemask_pd)((Vector)m) == (1 << LANES) - 1;
#else
    int64_t every = m[0];
    for (int i = 1; i < LANES; i++) every &= m[i];
    return every != 0;
#endif
}
INLINE Vector where(Mask m, Vector yes, Vector no) {
#if LANES == 4 && defined(X86)
    return (Vector)_mm256_blendv_pd(no, yes, (Vector)m);
#else
    return (Vector)(((Bits)m & (Bits)yes) | (~(Bits)m & (Bits)no));
#endif
}
#endif

INLINE Vector minimum(Vector a, Vector b) {
#ifdef X86
    return (Vector)X86(min_pd)(a, b);
#else
    return where(less(a, b), a, b);
#endif
}

INLINE Vector maximum(Vector a, Vector b) {
#ifdef X86
    return (Vector)X86(max_pd)(a, b);
#else
    return where(less(b, a), a, b);
#endif
}

#define SIGN_BIT 0x8000000000000000u

INLINE Vector absolute(Vector x) { return (Vector)((Bits)x & ~splat_bits(SIGN_BIT)); }
INLINE Vector with_sign(Vector size, Vector sign) {
    return (Vector)(((Bits)size & ~splat_bits(SIGN_BIT)) | ((Bits)sign & SIGN_BIT));
}

#endif
