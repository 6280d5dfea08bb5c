/* The operations of value.py: the number, and the shares of its operands in the order in which
   backward() adds them. A share is [the operand's place, the local slope, slope times gradient],
   the last computed as value.py computes it. */

const sigmoid = (x) => {
  const e = elementary.exp(-Math.abs(x));
  return x >= 0 ? 1 / (1 + e) : e / (1 + e);
};
const normalCdf = (x) => 0.5 * (1 + elementary.erf(x * Math.sqrt(0.5)));
const normalDensity = (x) => elementary.exp(-0.5 * x * x) / Math.sqrt(2 * Math.PI);

/* y = formula(x), whose slope at x is slope(x, y); k is a setting. */
const ofOne = (formula, slope) => ({
  forward: ([x, k]) => formula(x, k),
  backward: (grad, [x, k], y) => {
    const at = slope(x, y, k);
    return [[0, at, grad * at]];
  },
});
const extreme = (wins) => ({
  forward: ([a, b]) => (wins(a, b) || a === b ? a : b),
  backward: (grad, [a, b]) => {
    const part = (lost) => (lost ? 0 : a === b ? 0.5 : 1);
    const share = (lost) => (lost ? 0 : a === b ? grad / 2 : grad);
    const [ofA, ofB] = [wins(b, a), wins(a, b)];
    return [[0, part(ofA), share(ofA)], [1, part(ofB), share(ofB)]];
  },
});

const rules = {
  "+": {
    forward: ([a, b]) => a + b,
    backward: (grad) => [[0, 1, grad], [1, 1, grad]],
  },
  "-": {
    forward: ([a, b]) => a - b,
    backward: (grad) => [[0, 1, grad], [1, -1, -grad]],
  },
  "*": {
    forward: ([a, b]) => a * b,
    backward: (grad, [a, b]) => [[0, b, b * grad], [1, a, a * grad]],
  },
  "/": {
    forward: ([a, b]) => a / b,
    backward: (grad, [, b], y) => [[0, 1 / b, grad / b], [1, -(y / b), -(grad * (y / b))]],
  },
  "**": {
    forward: ([a, b]) => elementary.pow(a, b),
    backward: (grad, [a, b], y, isConstant) => {
      const shares = [];
      if (!isConstant[0] && b !== 0) {
        const slope = b * elementary.pow(a, b - 1);
        shares.push([0, slope, grad * slope]);
      }
      if (!isConstant[1] && !(a === 0 && b >= 0)) {
        const slope = y * elementary.log(a);
        shares.push([1, slope, grad * slope]);
      }
      return shares;
    },
  },
  dot: {
    forward: (numbers) => {
      const count = (numbers.length - 1) / 2;
      let total = numbers[2 * count];
      for (let i = 0; i < count; i++) total += numbers[i] * numbers[count + i];
      return total;
    },
    backward: (grad, numbers) => {
      const count = (numbers.length - 1) / 2, shares = [];
      for (let i = count - 1; i >= 0; i--) {
        const [weight, x] = [numbers[i], numbers[count + i]];
        shares.push([i, x, x * grad], [count + i, weight, weight * grad]);
      }
      shares.push([2 * count, 1, grad]);
      return shares;
    },
  },
  maximum: extreme((a, b) => a > b),
  minimum: extreme((a, b) => a < b),
  neg: ofOne((x) => -x, () => -1),
  abs: ofOne(Math.abs, Math.sign),
  exp: ofOne((x) => elementary.exp(x), (x, y) => y),
  log: ofOne((x) => elementary.log(x), (x) => 1 / x),
  sqrt: ofOne(Math.sqrt, (x, y) => 1 / (2 * y)),
  sin: ofOne((x) => elementary.sin(x), (x) => elementary.cos(x)),
  cos: ofOne((x) => elementary.cos(x), (x) => -elementary.sin(x)),
  tanh: {
    forward: ([x]) => elementary.tanh(x),
    backward: (grad, _, y) => [[0, 1 - y * y, grad * (1 - y * y)]],
  },
  sigmoid: ofOne(sigmoid, (x, y) => y * (1 - y)),
  softplus: ofOne(
    (x) => (x > 0 ? x : 0) + elementary.log1p(elementary.exp(-Math.abs(x))),
    (x) => sigmoid(x),
  ),
  silu: ofOne((x) => x * sigmoid(x), (x) => {
    const s = sigmoid(x);
    return s * (1 + x * (1 - s));
  }),
  gelu: ofOne((x) => x * normalCdf(x), (x) => normalCdf(x) + x * normalDensity(x)),
  relu: ofOne((x) => (x <= 0 ? 0 : x), (x) => (x <= 0 ? 0 : 1)),
  leaky_relu: ofOne((x, k) => (x > 0 ? x : k * x), (x, y, k) => (x > 0 ? 1 : k)),
  elu: ofOne(
    (x, a) => (x > 0 ? x : a * elementary.expm1(x)),
    (x, y, a) => (x > 0 ? 1 : a * elementary.exp(x)),
  ),
};

/* An operation that has no finite result or slope; `node` is its place in the graph. */
class NoAnswer extends Error {
  constructor(node, isSlope) {
    super();
    Object.assign(this, { node, isSlope });
  }
}

/* A graph of nodes {op, label, data, parents}, parents before children, the root last. */
class Graph {
  constructor(nodes, order) {
    this.nodes = nodes;
    this.order = order;  // the operations in the order of backward(), operands first
    this.root = nodes.length - 1;
  }

  /* The numbers of all nodes, for these numbers of the leaves. */
  forward(leaves) {
    const data = leaves.slice();
    for (const i of this.order) {
      const { op, parents } = this.nodes[i];
      data[i] = rules[op].forward(parents.map((p) => data[p]));
      if (!Number.isFinite(data[i])) throw new NoAnswer(i, false);
    }
    return data;
  }

  /* What backward() does at each operation, from the root on: the incoming gradient, and for each
     share the gradient of its operand before and after. */
  backward(data) {
    const grad = data.map(() => 0), isConstant = (p) => this.nodes[p].op === "const";
    grad[this.root] += 1;
    const steps = this.order.slice().reverse().map((i) => {
      const { op, parents } = this.nodes[i], incoming = grad[i];
      const numbers = parents.map((p) => data[p]);
      const shares = rules[op].backward(incoming, numbers, data[i], parents.map(isConstant));
      return {
        node: i,
        incoming,
        shares: shares.map(([place, slope, added]) => {
          const to = parents[place], before = grad[to];
          grad[to] += added;
          if (!Number.isFinite(grad[to])) throw new NoAnswer(i, true);
          return { to, slope, added, before, after: grad[to] };
        }),
      };
    });
    return { grad, steps };
  }

  /* The central difference of gradcheck in one leaf, NaN where the loss has no number there, and
     whether it agrees with the slope. */
  check(data, leaf, slope) {
    const h = 1e-5 * Math.max(1, Math.abs(data[leaf]));
    const at = (by) => {
      const moved = data.slice();
      moved[leaf] = data[leaf] + by;
      return this.forward(moved)[this.root];
    };
    try {
      const [low, high] = [at(-h), at(h)], numeric = (high - low) / (2 * h);
      const gap = Math.abs(slope - numeric), size = Math.max(Math.abs(slope), Math.abs(numeric));
      const noise = 8 * 2 ** -52 * Math.max(Math.abs(high), Math.abs(low)) / h;
      return { numeric, agrees: gap <= noise || gap / size <= 1e-6 };
    } catch (error) {
      if (error instanceof NoAnswer) return { numeric: NaN, agrees: false };
      throw error;
    }
  }
}
