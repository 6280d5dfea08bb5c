/* The page: where it stands in the steps, and how everything on it follows from that. */

const page = JSON.parse(document.getElementById("data").textContent);
const graph = new Graph(page.nodes, page.order);
const original = page.nodes.map((node) => node.data);
const count = page.order.length;
const LAST = 2 * count + 1;  // 0: only leaves; count: all computed; count + 1: the root's 1
const FEW_EDGES = 44;  // with so many, shares stay in sight after their step
const MILLISECONDS = [2000, 900, 250];

const readers = navigator.language.startsWith("es") ? "es" : "en";
let language = page.language ?? readers, step = 0, timer = null;
let leaves = original.slice(), data = [], gradients = [], steps = [], checks = [];

const element = (id) => document.getElementById(id);
const say = (key, ...numbers) => {
  const text = words[language][key];
  return typeof text === "function" ? text(...numbers) : text;
};
const make = (tag, text = "", className = "") => {
  const made = document.createElement(tag);
  made.textContent = text;
  if (className) made.className = className;
  return made;
};

/* A number as Python's format(x, ".4g") writes it. */
const shown = (x, digits = 4) => {
  if (x === 0 || !Number.isFinite(x)) return String(x + 0).replace("NaN", "nan");
  const [mantissa, power] = x.toExponential(digits - 1).split("e");
  if (power < -4 || power >= digits) {
    const trimmed = mantissa.includes(".") ? mantissa.replace(/\.?0+$/, "") : mantissa;
    return `${trimmed}e${power[0]}${power.slice(1).padStart(2, "0")}`;
  }
  const text = x.toPrecision(digits);
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
};
const inBrackets = (text) => (text.startsWith("-") ? `(${text})` : text);

/* Names. */
const nameOf = (i) => {
  const { name, op } = page.nodes[i];
  return op === "const" && !page.nodes[i].label ? `${say("constant")} ${shown(data[i])}` : name;
};
const titleOf = (i) => {
  const { label, op, parents } = page.nodes[i];
  return label && parents.length ? `${nameOf(i)} = ${op}` : nameOf(i);
};
const callOf = (i, numbers) => {
  const { op, parents } = page.nodes[i], given = parents.map((p) => shown(numbers[p]));
  if (op === "dot") {
    const many = (given.length - 1) / 2;
    const terms = given.slice(0, many).map((w, k) => `${inBrackets(w)} * ${inBrackets(given[many + k])}`);
    return [given[2 * many], ...terms].join(" + ");
  }
  if (/^[a-z_]+$/.test(op)) return `${op}(${given.join(", ")})`;
  return given.map(inBrackets).join(` ${op} `);
};

/* Everything from the leaves: numbers, gradients, and the check of each leaf. */
const compute = (numbers) => {
  const computed = graph.forward(numbers), walk = graph.backward(computed);
  [leaves, data, gradients, steps] = [numbers, computed, walk.grad, walk.steps];
  checks = page.nodes.map((node, i) => (
    isLeaf(node) ? graph.check(data, i, gradients[i]) : null
  ));
};
const isLeaf = (node) => node.parents.length === 0 && node.op !== "const";

/* Where the page stands: how many operations are computed, and how many have sent back. */
const turns = new Map(page.order.map((node, turn) => [node, turn]));
const isComputed = (i) => (turns.get(i) ?? -1) < step;
const sent = () => Math.max(0, step - count - 1);
const gradientsNow = () => {
  const now = page.nodes.map(() => 0);
  if (step > count) now[graph.root] = 1;
  for (const { shares } of steps.slice(0, sent())) for (const { to, after } of shares) now[to] = after;
  return now;
};
const activeNode = () => {
  if (step === 0) return -1;
  if (step <= count) return page.order[step - 1];
  return step === count + 1 ? graph.root : steps[sent() - 1].node;
};

/* The drawing. */
const groups = new Map(), edges = [];
const gather = () => {
  const picture = document.querySelector("#graph svg"), width = picture.width.baseVal.value;
  picture.style.minWidth = `${Math.round(0.83 * width)}px`;  // smaller letters cannot be read
  picture.style.width = `${Math.round(1.25 * width)}px`;
  for (const group of document.querySelectorAll("[data-node]")) {
    const parts = {};
    for (const text of group.querySelectorAll("text")) parts[text.getAttribute("class")] = text;
    groups.set(Number(group.dataset.node), { group, parts });
    if (isLeaf(page.nodes[group.dataset.node])) {
      group.addEventListener("click", () => element(`number-${group.dataset.node}`)?.focus());
    }
  }
  for (const path of document.querySelectorAll("path.edge")) {
    const [from, to] = path.dataset.edge.split(" ").map(Number);
    const share = document.querySelector(`text.share[data-edge="${path.dataset.edge}"]`);
    edges.push({ from, to, path, share });
  }
};
const draw = () => {
  const now = gradientsNow(), active = activeNode(), backward = step > count + 1;
  const shares = backward ? steps[sent() - 1].shares : [];
  const receiving = new Set(shares.map((share) => share.to));
  const operands = step > 0 && step <= count ? new Set(page.nodes[active].parents) : new Set();
  for (const [i, { group, parts }] of groups) {
    const computed = isComputed(i);
    group.classList.toggle("waiting", !computed);
    group.classList.toggle("active", i === active);
    group.classList.toggle("receiving", receiving.has(i));
    group.classList.toggle("operand", operands.has(i));
    parts.data.textContent = computed ? shown(data[i]) : "?";
    if (parts.grad) parts.grad.textContent = step > count ? shown(now[i]) : "";
    if (parts.check) parts.check.textContent = step === LAST ? `≈ ${shown(checks[i].numeric)}` : "";
  }
  const past = new Map();
  const visible = edges.length <= FEW_EDGES ? steps.slice(0, sent()) : backward ? [steps[sent() - 1]] : [];
  for (const one of visible) {
    for (const { to, added } of one.shares) {
      const edge = `${to} ${one.node}`;
      past.set(edge, [...(past.get(edge) ?? []), added]);
    }
  }
  for (const { from, to, path, share } of edges) {
    const added = past.get(`${from} ${to}`), isActive = backward && to === active;
    path.classList.toggle("active", isActive);
    path.classList.toggle("operand", operands.has(from) && to === active);
    share.classList.toggle("active", isActive);
    share.textContent = added ? onEdge(added) : "";
  }
  bringIntoSight(active);
};
/* Shares of one operand; an operation may use it twice. */
const onEdge = (added) => {
  const same = added.length > 1 && added.every((x) => x === added[0]);
  return same ? `${added.length}×${shown(added[0], 3)}` : added.map((x) => shown(x, 3)).join("+");
};
/* Scrolls the drawing alone, never the page. */
const bringIntoSight = (active) => {
  const drawing = element("graph"), group = groups.get(active)?.group;
  if (!group) return;
  const view = drawing.getBoundingClientRect(), box = group.getBoundingClientRect();
  const margin = 40, move = { left: 0, top: 0 };
  if (box.left < view.left + margin) move.left = box.left - view.left - view.width / 3;
  if (box.right > view.right - margin) move.left = box.right - view.right + view.width / 3;
  if (box.top < view.top + margin) move.top = box.top - view.top - view.height / 3;
  if (box.bottom > view.bottom - margin) move.top = box.bottom - view.bottom + view.height / 3;
  if (move.left || move.top) drawing.scrollBy(move);
};

/* The words. */
const tell = () => {
  const active = activeNode(), name = active < 0 ? "" : nameOf(active);
  const rule = active < 0 ? null : words[language].rules[page.nodes[active].op];
  const lines = [];
  let title = say("start"), sentence = "";
  if (step === 0) lines.push(make("p", say("startText")));
  else if (step <= count) {
    title = `${say("forward")} ${say("part", step, count)}: ${titleOf(active)}`;
    sentence = rule[0];
    const sum = `${callOf(active, data)} = ${shown(data[active])}`;
    lines.push(make("p", say("forwardText", name, sum)));
  } else if (step === count + 1) {
    title = say("seed");
    lines.push(make("p", say("seedText", name)));
  } else {
    title = `${say("backward")} ${say("part", sent(), count)}: ${titleOf(active)}`;
    sentence = rule[1];
    lines.push(...backwardLines(active, name));
  }
  if (step === LAST) {
    const number = page.nodes.filter(isLeaf).length;
    lines.unshift(make("p", say("endText", number), "end"));
  }
  element("story-title").textContent = title;
  element("rule").textContent = sentence;
  element("story").replaceChildren(...lines);
};
const backwardLines = (active, name) => {
  const { incoming, shares } = steps[sent() - 1], list = make("ul");
  for (const { to, slope, added, before, after } of shares) {
    const text = say(
      "share", nameOf(to), shown(incoming), shown(slope), shown(added), shown(before), shown(after),
    );
    list.append(make("li", text, before !== 0 ? "meets" : ""));
  }
  const meeting = [...new Set(shares.filter((one) => one.before !== 0).map((one) => one.to))];
  const lines = [make("p", say("incoming", name, shown(incoming)))];
  lines.push(shares.length ? list : make("p", say("none")));
  if (meeting.length) lines.push(make("p", say("meet", meeting.map(nameOf).join(", ")), "meets"));
  return lines;
};

/* The lines of value.py. */
const showCode = () => {
  const active = activeNode(), walks = step === count + 1;
  const op = walks ? "backward" : active < 0 ? null : page.nodes[active].op;
  const pass = step > count ? "backward" : "forward";
  const blocks = (page.sources[op] ?? []).filter((one) => one[pass].length > 0).map((one) => {
    const block = make("pre"), code = make("code");
    one.lines.forEach(([number, line]) => {
      const row = make("span", "", "line");
      if (one[pass].includes(number)) row.classList.add("works");
      row.append(make("span", String(number), "at"), make("span", line || " "));
      code.append(row);
    });
    block.append(code);
    return block;
  });
  const panel = element("code");
  panel.replaceChildren(...blocks);
  const works = panel.querySelector(".works");
  panel.scrollTop = works ? Math.max(0, works.offsetTop - panel.offsetTop - 60) : 0;
};

/* The leaves, each with a number to change. */
const listLeaves = () => {
  const rows = page.nodes.flatMap((node, i) => (isLeaf(node) ? [leafRow(i)] : []));
  element("leaves").replaceChildren(...rows);
};
const leafRow = (i) => {
  const row = make("tr"), head = make("th", nameOf(i)), cell = make("td"), field = make("input");
  head.scope = "row";
  Object.assign(field, { id: `number-${i}`, type: "number", step: "any", value: String(leaves[i]) });
  field.setAttribute("aria-label", say("number_of", nameOf(i)));
  field.addEventListener("change", () => edit(i, field));
  cell.append(field);
  const gradient = make("td", "", "gradient"), check = make("td", "", "check");
  gradient.id = `gradient-${i}`;
  check.id = `check-${i}`;
  row.append(head, cell, gradient, check);
  return row;
};
const fillLeaves = () => {
  const now = gradientsNow();
  page.nodes.forEach((node, i) => {
    if (!isLeaf(node)) return;
    element(`gradient-${i}`).textContent = step > count ? shown(now[i]) : "";
    const check = element(`check-${i}`), { numeric, agrees } = checks[i];
    check.textContent = step === LAST ? `${shown(numeric)} ${agrees ? "✓" : "≠"}` : "";
    check.classList.toggle("differs", step === LAST && !agrees);
  });
};
const edit = (i, field) => {
  const number = field.value.trim() === "" ? NaN : Number(field.value);
  const problem = Number.isFinite(number) ? change(i, number) : say("refusedNumber");
  element("problem").textContent = problem;
  field.classList.toggle("refused", problem !== "");
  if (problem === "") render();
};
/* Gives one leaf another number; returns why not, or "". */
const change = (i, number) => {
  const numbers = leaves.slice();
  numbers[i] = number;
  try {
    compute(numbers);
    return "";
  } catch (error) {
    if (!(error instanceof NoAnswer)) throw error;
    const broken = partly(numbers);
    return say(error.isSlope ? "noSlope" : "noResult", callOf(error.node, broken));
  }
};
/* The numbers up to the first operation that has no answer. */
const partly = (numbers) => {
  const computed = numbers.slice();
  for (const i of page.order) {
    const { op, parents } = page.nodes[i];
    computed[i] = rules[op].forward(parents.map((p) => computed[p]));
    if (!Number.isFinite(computed[i])) break;
  }
  return computed;
};

/* Moving through the steps. */
const render = () => {
  draw();
  tell();
  showCode();
  fillLeaves();
  element("slider").value = step;
  element("slider").setAttribute("aria-valuetext", element("story-title").textContent);
  element("count").textContent = say("step", step, LAST);
  element("first").disabled = element("back").disabled = step === 0;
  element("next").disabled = element("last").disabled = step === LAST;
};
const go = (to) => {
  step = Math.min(LAST, Math.max(0, to));
  if (step === LAST) stop();
  render();
};
const stop = () => {
  clearInterval(timer);
  timer = null;
  showPlay();
};
const play = () => {
  if (step === LAST) go(0);
  clearInterval(timer);
  timer = setInterval(() => go(step + 1), MILLISECONDS[element("speed").value]);
  showPlay();
};
const showPlay = () => {
  const key = timer === null ? "play" : "pause";
  element("play").dataset.shows = key;
  element("play").setAttribute("aria-label", say(key));
  element("play").title = say(key);
};
const togglePlay = () => (timer === null ? play() : stop());

const speak = (chosen) => {
  language = chosen;
  document.documentElement.lang = chosen;
  for (const spoken of document.querySelectorAll("[data-words]")) {
    spoken.textContent = say(spoken.dataset.words);
  }
  for (const named of document.querySelectorAll("[data-name]")) {
    named.setAttribute("aria-label", say(named.dataset.name));
    named.title = say(named.dataset.name);
  }
  document.querySelectorAll("[data-legend]").forEach((part) => {
    part.textContent = words[language].legend[part.dataset.legend];
  });
  element("speed").replaceChildren(...say("speeds").map((name, i) => {
    const option = make("option", name);
    option.value = i;
    option.selected = i === Number(element("speed").dataset.chosen);
    return option;
  }));
  for (const button of document.querySelectorAll("[data-language]")) {
    button.setAttribute("aria-pressed", button.dataset.language === chosen);
  }
  element("problem").textContent = "";
  element("honest").textContent = compared();
  listLeaves();
  showPlay();
  render();
};
/* How the numbers at first compare with Python's. */
const compared = () => {
  const walk = graph.backward(graph.forward(original));
  const ours = [...graph.forward(original), ...walk.grad];
  const theirs = [...page.expected.data, ...page.expected.grad];
  const gaps = ours.map((x, i) => (Object.is(x + 0, theirs[i] + 0) ? 0
    : Math.abs(x - theirs[i]) / Math.max(Math.abs(x), Math.abs(theirs[i]))));
  const differing = gaps.filter((gap) => gap > 0).length;
  return differing === 0 ? say("same", ours.length)
    : say("differ", differing, ours.length, Math.max(...gaps).toExponential(0));
};

const pressed = {
  ArrowRight: () => go(step + 1), ArrowLeft: () => go(step - 1),
  Home: () => go(0), End: () => go(LAST), " ": togglePlay,
};
const listen = () => {
  const onClick = { first: () => go(0), back: () => go(step - 1), play: togglePlay,
    next: () => go(step + 1), last: () => go(LAST) };
  for (const [id, act] of Object.entries(onClick)) element(id).addEventListener("click", act);
  element("slider").max = LAST;
  element("slider").addEventListener("input", (event) => go(Number(event.target.value)));
  element("speed").addEventListener("change", (event) => {
    event.target.dataset.chosen = event.target.value;
    if (timer !== null) play();
  });
  element("reset").addEventListener("click", () => {
    compute(original.slice());
    speak(language);
  });
  for (const button of document.querySelectorAll("[data-language]")) {
    button.addEventListener("click", () => speak(button.dataset.language));
  }
  document.addEventListener("keydown", (event) => {
    const act = pressed[event.key], { tagName } = event.target;
    const own = /^(INPUT|SELECT|TEXTAREA)$/.test(tagName) || (tagName === "BUTTON" && event.key === " ");
    if (!act || own || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    act();
  });
};

compute(original.slice());
gather();
listen();
speak(language);

/* For those who drive the page from outside. */
globalThis.stepper = {
  go, change: (i, number) => { const problem = change(i, number); render(); return problem; },
  data: () => data, gradients: () => gradients, shownGradients: gradientsNow, step: () => step,
  last: LAST, elementary,
};
