/* The elementary functions of value.py's rules, so that they have the same bits in every browser.

   exp, expm1, tanh and log1p are computed step by step as in glibc 2.36 on a processor with a
   fused multiply-add, and so equal Python's math there; log, sin, cos, pow and erf are
   rounded correctly, which glibc does not always do. Browsers' own functions differ from these
   and from one another in the last bit. Only IEEE operations and whole numbers are used. */

const view = new DataView(new ArrayBuffer(8));
const bitsOf = (x) => { view.setFloat64(0, x); return view.getBigInt64(0); };
const fromBits = (bits) => { view.setBigInt64(0, bits); return view.getFloat64(0); };
const highWord = (x) => { view.setFloat64(0, x); return view.getInt32(0); };
const withHighWord = (x, word) => {
  view.setFloat64(0, x);
  view.setInt32(0, word);
  return view.getFloat64(0);
};

/* a * b + c, rounded once (Boldo, Melquiond 2008: what is left over is rounded to odd). */
const twoSum = (a, b) => {
  const sum = a + b, part = sum - a;
  return [sum, a - (sum - part) + (b - part)];
};
const halves = (x) => {
  const c = 134217729 * x, high = c - (c - x);
  return [high, x - high];
};
const fma = (a, b, c) => {
  const product = a * b, [ah, al] = halves(a), [bh, bl] = halves(b);
  const error = ah * bh - product + ah * bl + al * bh + al * bl;
  const [low, lower] = twoSum(c, error);
  const [top, middle] = twoSum(product, low);
  let [odd, lost] = twoSum(lower, middle);
  if (lost !== 0 && (bitsOf(odd) & 1n) === 0n) {
    odd = fromBits(bitsOf(odd) + (lost > 0 === odd > 0 ? 1n : -1n));
  }
  return top + odd;
};

/* Fixed-point numbers: whole numbers in units of 2^-400. */
const POINT = 400n, ONE = 1n << POINT;
const lengthOf = (n) => (n < 0n ? -n : n).toString(2).length;
const timesPower = (x, power) => {
  while (power > 900) [x, power] = [x * 2 ** 900, power - 900];
  while (power < -900) [x, power] = [x * 2 ** -900, power + 900];
  return x * 2 ** power;
};
/* The double nearest to n * 2^power, ties to even. */
const nearest = (n, power) => {
  const size = n < 0n ? -n : n;
  const drop = Math.max(lengthOf(size) - 53, -1074 - power);
  if (drop <= 0) return timesPower(Number(n), power);
  const shift = BigInt(drop), half = 1n << (shift - 1n), rest = size & ((1n << shift) - 1n);
  let whole = size >> shift;
  if (rest > half || (rest === half && (whole & 1n) === 1n)) whole += 1n;
  return timesPower(Number(n < 0n ? -whole : whole), drop + power);
};
const toDouble = (n) => nearest(n, -400);
/* [m, e]: x is m * 2^e with a whole m, for a finite x. */
const parts = (x) => {
  const bits = bitsOf(Math.abs(x)), exponent = Number(bits >> 52n);
  const digits = (bits & 0xfffffffffffffn) | (exponent ? 1n << 52n : 0n);
  return [x < 0 ? -digits : digits, (exponent || 1) - 1075];
};
const toFixed = (x) => {
  const [digits, exponent] = parts(x), shift = BigInt(exponent) + POINT;
  return shift >= 0n ? digits << shift : digits >> -shift;
};
const times = (a, b) => (a * b) >> POINT;
const over = (a, b) => (a << POINT) / b;
const squareRoot = (n) => {
  let x = 1n << BigInt(lengthOf(n) / 2 + 1 | 0);
  for (;;) {
    const next = (x + n / x) >> 1n;
    if (next >= x) return x;
    x = next;
  }
};
/* The sum of terms, each from the one before and its number, until they vanish. */
const series = (first, next) => {
  let sum = first;
  for (let term = first, n = 1n; term !== 0n && term !== -1n; n += 1n) {
    term = next(term, n);
    sum += term;
  }
  return sum;
};
/* 2 * atanh(x), the logarithm of (1 + x) / (1 - x), for a small x. */
const twoAtanh = (x) => {
  const square = times(x, x);
  let sum = 0n;
  for (let power = x, n = 1n; power !== 0n && power !== -1n; power = times(power, square), n += 2n)
    sum += power / n;
  return 2n * sum;
};
const LN2 = twoAtanh(ONE / 3n);
const arctanOfInverse = (n) => {
  let sum = 0n;
  for (let power = ONE / n, k = 1n, sign = 1n; power; power /= n * n, k += 2n, sign = -sign)
    sum += sign * (power / k);
  return sum;
};
const PI = 4n * (4n * arctanOfInverse(5n) - arctanOfInverse(239n));  // Machin 1706
const halfUp = (a, b) => (2n * a + b) / (2n * b) - ((2n * a + b) % (2n * b) < 0n ? 1n : 0n);

/* exp of a fixed-point number as [m, e], the fixed-point number m times 2^e. */
const bigExp = (x) => {
  const k = halfUp(x, LN2), r = x - k * LN2;
  return [series(ONE, (term, n) => times(term, r) / n), Number(k)];
};
const bigLog = (x) => {
  const [digits, exponent] = parts(x), length = lengthOf(digits);
  const m = digits << (POINT - BigInt(length));  // from 1/2 to 1
  const low = m * 3n < 2n * ONE, scaled = low ? 2n * m : m;  // from 2/3 to 4/3
  return BigInt(exponent + length - (low ? 1 : 0)) * LN2
    + twoAtanh(over(scaled - ONE, scaled + ONE));
};
const log = (x) => {
  if (!(x > 0) || x === Infinity) return x === 0 ? -Infinity : x > 0 ? x : NaN;
  return x === 1 ? 0 : toDouble(bigLog(x));
};
/* sin(x + turns * pi / 2) */
const sine = (x, turns) => {
  const quarter = PI / 2n, exact = toFixed(x), k = halfUp(exact, quarter);
  const r = exact - k * quarter, square = times(r, r), phase = Number((k + BigInt(turns)) & 3n);
  const value = phase % 2
    ? series(ONE, (term, n) => -times(term, square) / (2n * n * (2n * n - 1n)))
    : series(r, (term, n) => -times(term, square) / (2n * n * (2n * n + 1n)));
  return toDouble(phase > 1 ? -value : value);
};
const sin = (x) => (!Number.isFinite(x) ? NaN : Math.abs(x) < 1e-9 ? x : sine(x, 0));
const cos = (x) => (!Number.isFinite(x) ? NaN : sine(x, 1));
const erf = (x) => {
  if (x !== x || x === 0) return x;
  if (Math.abs(x) > 6) return Math.sign(x);
  const z = toFixed(x), square = times(z, z);
  let sum = 0n, n = 0n;
  for (let term = z; term !== 0n && term !== -1n; n += 1n, term = -times(term, square) / n)
    sum += term / (2n * n + 1n);
  return toDouble(over(2n * sum, squareRoot(PI << POINT)));
};
const pow = (x, y) => {
  if (y === 0 || x === 1) return 1;
  if (x === 0 || !Number.isFinite(x) || !Number.isFinite(y)) return x === -1 ? 1 : Math.pow(x, y);
  if (x < 0 && !Number.isInteger(y)) return NaN;
  const negative = x < 0 && Math.abs(y) % 2 === 1;
  const [digits, exponent] = parts(Math.abs(x));
  if (Number.isInteger(y) && y > 0 && y <= 64) {
    const power = digits ** BigInt(y);
    return nearest(negative ? -power : power, exponent * y);
  }
  const [m, e] = parts(y), product = bigLog(Math.abs(x)) * m;
  const size = Math.abs(y * Math.log(Math.abs(x)));
  if (size > 800) return (negative ? -1 : 1) * (y > 0 === Math.abs(x) > 1 ? Infinity : 0);
  const [mantissa, k] = bigExp(e >= 0 ? product << BigInt(e) : product >> BigInt(-e));
  return nearest(negative ? -mantissa : mantissa, k - 400);
};

/* 2^(k/128) as a double, and how much is missing in it, as a part of it. */
const powers = [];
{
  let step = 2n * ONE;
  for (let i = 0; i < 7; i++) step = squareRoot(step << POINT);
  for (let k = 0, power = ONE; k < 128; k++, power = times(power, step)) {
    const head = toDouble(power), exact = toFixed(head);
    powers.push([toDouble(over(power - exact, exact)), head]);
  }
}
/* 2^(k/128) times a polynomial; the method and its constants are those of Arm's optimized
   routines (Szabolcs Nagy, 2018), which glibc took over. */
const exp = (x) => {
  if (x !== x || Math.abs(x) < 2 ** -54) return 1 + x;
  if (x > 709.782712893384) return Infinity;
  if (x < -745.1332191019412) return 0;
  if (x < -708 || x > 709) {
    const [mantissa, k] = bigExp(toFixed(x));
    return nearest(mantissa, k - 400);
  }
  const shift = 6755399441055744;  // 1.5 * 2^52: adding it rounds to a whole number
  const k = fma(184.6649652337873, x, shift) - shift;
  const r = fma(k, -1.2864023111638346e-14, fma(k, -0.005415212348111709, x));
  const [tail, head] = powers[((k % 128) + 128) % 128];
  const square = r * r;
  const low = fma(square, fma(r, 0.16666666666665886, 0.49999999999996786), tail + r);
  const rest = fma(square * square, fma(r, 0.008333335853059549, 0.0416666808410674), low);
  const y = x > -512 ? fma(head, rest, head) : head + head * rest;
  return timesPower(y, Math.floor(k / 128));
};

/* The next three are Sun's of 1993 (fdlibm), their polynomials grouped as in glibc. */
const LN2_HIGH = 6.93147180369123816490e-01, LN2_LOW = 1.90821492927058770002e-10;
const shifted = (y, k) => withHighWord(y, highWord(y) + (k << 20));
const expm1 = (x) => {
  if (x !== x || x === Infinity) return x;
  if (x > 709.782712893384) return Infinity;
  if (x < -38.816242) return -1;  // 56 ln 2
  let k = 0, correction = 0;
  const word = highWord(x) & 0x7fffffff;
  if (word > 0x3fd62e42) {
    k = word < 0x3ff0a2b2 ? Math.sign(x)
      : Math.trunc(fma(1.44269504088896338700e+00, x, x > 0 ? 0.5 : -0.5));
    const high = fma(-k, LN2_HIGH, x), low = k * LN2_LOW;
    x = high - low;
    correction = high - x - low;
  } else if (word < 0x3c900000) return x;
  const half = 0.5 * x, h = x * half, h2 = h * h, h4 = h2 * h2;
  const r1 = fma(h, -3.33333333333331316428e-02, 1);
  const r2 = fma(h, -7.93650757867487942473e-05, 1.58730158725481460165e-03);
  const r3 = fma(h, -2.01099218183624371326e-07, 4.00821782732936239552e-06);
  const r = fma(h4, r3, fma(h2, r2, r1)), t = fma(-r, half, 3);
  let e = h * ((r - t) / fma(-x, t, 6));
  if (k === 0) return x - fma(x, e, -h);
  e = fma(x, e - correction, -correction) - h;
  if (k === -1) return 0.5 * (x - e) - 0.5;
  if (k === 1) return x < -0.25 ? -2 * (e - (x + 0.5)) : 1 + 2 * (x - e);
  if (k <= -2 || k > 56) return (k === 1024 ? (1 - (e - x)) * 2 * 2 ** 1023
    : shifted(1 - (e - x), k)) - 1;
  if (k < 20) return shifted(1 - 2 ** -k - (e - x), k);
  return shifted(x - (e + 2 ** -k) + 1, k);
};
const tanh = (x) => {
  const size = Math.abs(x);
  if (x !== x || size < 2 ** -55) return x;
  let y = 1;
  if (size < 22) {
    const t = expm1(size >= 1 ? 2 * size : -2 * size);
    y = size >= 1 ? 1 - 2 / (t + 2) : -t / (t + 2);
  }
  return x < 0 ? -y : y;
};
const log1p = (x) => {
  const word = highWord(x), size = word & 0x7fffffff;
  if (x !== x || x === Infinity || size < 0x3c900000) return x;
  if (x <= -1) return x === -1 ? -Infinity : NaN;
  if (size < 0x3e200000) return fma(x * x, -0.5, x);
  let k = 0, f = x, c = 0, digits = 1;
  if (word >= 0x3fda827a || (x < 0 && size >= 0x3fd2bec4)) {
    let u = word < 0x43400000 ? 1 + x : x;
    digits = highWord(u);
    k = (digits >> 20) - 1023;
    c = word >= 0x43400000 ? 0 : (k > 0 ? 1 - (u - x) : x - (u - 1)) / u;
    digits &= 0xfffff;
    if (digits < 0x6a09e) u = withHighWord(u, digits | 0x3ff00000);
    else {
      k += 1;
      u = withHighWord(u, digits | 0x3fe00000);
      digits = (0x100000 - digits) >> 2;
    }
    f = u - 1;
  }
  const half = 0.5 * f * f;
  if (digits === 0) {
    if (f === 0) return k === 0 ? 0 : fma(k, LN2_HIGH, fma(k, LN2_LOW, c));
    const r = half * fma(-0.66666666666666666, f, 1);
    return k === 0 ? f - r : fma(k, LN2_HIGH, -(r - fma(k, LN2_LOW, c) - f));
  }
  const s = f / (2 + f), z = s * s, z2 = z * z, z4 = z2 * z2, z6 = z4 * z2;
  const r2 = fma(z, 2.857142874366239149e-01, 3.999999999940941908e-01);
  const r3 = fma(z, 1.818357216161805012e-01, 2.222219843214978396e-01);
  const r4 = fma(z, 1.479819860511658591e-01, 1.531383769920937332e-01);
  const r = fma(z6, r4, fma(z4, r3, fma(z, 6.666666666666735130e-01, z2 * r2)));
  const rest = s * (half + r);
  return k === 0 ? f - (half - rest)
    : fma(k, LN2_HIGH, -(half - (rest + fma(k, LN2_LOW, c)) - f));
};
const elementary = { exp, expm1, tanh, log1p, log, sin, cos, erf, pow };
