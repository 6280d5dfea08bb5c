"use strict";
// Charts over the data of the page, and tables that can be sorted. Everything is in this file's
// `page`, which the live page uses too.
const page = (() => {
  const data = JSON.parse(document.getElementById("data").textContent) || {};
  const settings = { log: null, smoothing: 0, hidden: new Set() };
  const charts = new Map();

  const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const shown = (value) => value === null || value === undefined ? "–" : String(+value.toPrecision(4));

  // The mean of what came before and the new value, weighted; a gap stays a gap.
  function smooth(values, weight) {
    if (!weight) return values;
    let mean = 0, sum = 0;
    return values.map((value) => {
      if (value === null) return null;
      mean = mean * weight + value * (1 - weight);
      sum = sum * weight + (1 - weight);
      return mean / sum;
    });
  }

  // A log axis where all is above 0 and spans more than a factor of 20.
  function suitsLog(chart) {
    let low = Infinity, high = 0;
    for (const one of chart.series) for (const y of one.y) if (y !== null) {
      if (y <= 0) return false;
      low = Math.min(low, y);
      high = Math.max(high, y);
    }
    return high > 20 * low;
  }

  const isLog = (chart) => settings.log === null ? suitsLog(chart) : settings.log;

  function table(chart) {
    const log = isLog(chart);
    const tables = chart.series.map((one) => [one.x, smooth(one.y, settings.smoothing)
      .map((y) => y === null || (log && y <= 0) ? null : y)]);
    return tables.length ? uPlot.join(tables) : [[0], [null]];
  }

  function series(one) {
    const thin = one.role === "thin", edge = one.role === "low" || one.role === "high";
    return {
      label: one.label, stroke: () => color("--c" + one.color), show: !settings.hidden.has(one.run),
      width: edge ? 0 : thin ? 0.8 : 1.8, dash: one.dash ? [7, 2 + 3 * one.dash] : undefined,
      points: { show: one.x.length === 1 },
    };
  }

  const axis = () => ({
    stroke: () => color("--pale"), grid: { stroke: () => color("--line"), width: 0.5 },
    ticks: { stroke: () => color("--line"), width: 1, size: 5 },
    font: "12px system-ui, sans-serif",
  });

  function options(name, chart, place) {
    const bands = [];
    chart.series.forEach((one, i) => {
      if (one.role === "high") {
        bands.push({ series: [i + 1, i], fill: () => color("--c" + one.color) + "33" });
      }
    });
    const values = (u, splits) => splits.map((v) => v === null ? "" : String(+v.toPrecision(6)));
    return {
      width: place.clientWidth || 600, height: 232, legend: { show: false },
      cursor: { sync: { key: "steps", setSeries: false }, drag: { x: true, y: false },
        points: { size: 7 } },
      scales: { x: { time: false }, y: { distr: isLog(chart) ? 3 : 1 } },
      axes: [{ ...axis(), values, size: 32 }, { ...axis(), values, size: 68 }],
      series: [{}, ...chart.series.map(series)], bands,
      hooks: { setCursor: [(u) => read(name, u)], draw: [(u) => mark(u, chart)] },
    };
  }

  // A line at the best step of each run that has one.
  function mark(u, chart) {
    const { ctx, bbox } = u, ratio = devicePixelRatio;
    const drawn = new Set();
    chart.series.forEach((one, i) => {
      if (!Number.isInteger(one.best) || !u.series[i + 1].show || drawn.has(one.run)) return;
      drawn.add(one.run);
      const x = u.valToPos(one.best, "x", true);
      if (x < bbox.left || x > bbox.left + bbox.width) return;
      ctx.save();
      ctx.strokeStyle = color("--c" + one.color);
      ctx.lineWidth = 1.2 * ratio;
      ctx.setLineDash([3 * ratio, 4 * ratio]);
      ctx.beginPath();
      ctx.moveTo(x, bbox.top);
      ctx.lineTo(x, bbox.top + bbox.height);
      ctx.stroke();
      ctx.restore();
    });
  }

  // What the cursor points to, in words: also for a screen reader.
  function read(name, u) {
    const held = charts.get(name), at = u.cursor.idx;
    if (!held) return;
    held.reading.replaceChildren();
    if (at === null || at === undefined) return;
    const step = document.createElement("b");
    step.textContent = "step " + u.data[0][at];
    held.reading.append(step);
    held.chart.series.forEach((one, i) => {
      const value = nearest(u.data[i + 1], at);
      if (!u.series[i + 1].show || value === undefined) return;
      const chip = document.createElement("span");
      chip.className = "chip run-" + one.color;
      const number = document.createElement("b");
      number.textContent = shown(value);
      held.reading.append(chip, one.label + ": ", number);
    });
  }

  // Runs have points at steps of their own: the last one up to here.
  function nearest(values, at) {
    for (let i = at; i >= 0; i--) if (values[i] !== undefined) return values[i];
    return undefined;
  }

  function draw(name) {
    const held = charts.get(name);
    const scale = held.plot && held.zoomed ? { ...held.plot.scales.x } : null;
    if (held.plot) held.plot.destroy();
    held.plot = new uPlot(options(name, held.chart, held.place), table(held.chart), held.place);
    if (scale) held.plot.setScale("x", { min: scale.min, max: scale.max });
    held.log = isLog(held.chart);
    held.place.dataset.log = held.log;
  }

  function zoom(name, factor) {
    const held = charts.get(name), u = held.plot, x = u.data[0];
    const { min, max } = u.scales.x;
    const at = u.cursor.idx === null || u.cursor.idx === undefined ? (min + max) / 2 : x[u.cursor.idx];
    reach(at - (at - min) * factor, at + (max - at) * factor);
  }

  // All charts show the same steps.
  function reach(min, max) {
    for (const held of charts.values()) {
      const x = held.plot.data[0], first = x[0], last = x[x.length - 1];
      held.zoomed = min > first || max < last;
      held.plot.setScale("x", { min: Math.max(min, first), max: Math.min(max, last) });
    }
  }

  function whole() {
    for (const held of charts.values()) {
      held.zoomed = false;
      held.plot.setData(held.plot.data, true);
    }
  }

  function press(name, event) {
    const u = charts.get(name).plot, x = u.data[0];
    const moves = { ArrowLeft: -1, ArrowRight: 1, PageUp: -20, PageDown: 20, Home: -Infinity, End: Infinity };
    if (event.key in moves) {
      const now = u.cursor.idx === null || u.cursor.idx === undefined ? 0 : u.cursor.idx + moves[event.key];
      const at = Math.max(0, Math.min(x.length - 1, now));
      u.setCursor({ left: u.valToPos(x[at], "x"), top: u.over.clientHeight / 2 });
    } else if (event.key === "+" || event.key === "=") zoom(name, 0.5);
    else if (event.key === "-") zoom(name, 2);
    else if (event.key === "0" || event.key === "Escape") whole();
    else return;
    event.preventDefault();
  }

  function add(place) {
    const name = place.dataset.metric, chart = (data.charts || {})[name];
    if (!chart || charts.has(name)) return;
    const reading = document.createElement("output");
    reading.className = "reading";
    place.after(reading);
    place.tabIndex = 0;
    place.setAttribute("role", "group");
    place.setAttribute("aria-label", "Chart of " + name + ". Arrow keys move the cursor.");
    charts.set(name, { place, chart, reading, plot: null, zoomed: false });
    draw(name);
    place.addEventListener("keydown", (event) => press(name, event));
    place.addEventListener("mouseup", () => setTimeout(() => {
      const { min, max } = charts.get(name).plot.scales.x;
      const x = charts.get(name).plot.data[0];
      if (min > x[0] || max < x[x.length - 1]) reach(min, max);
    }));
    place.addEventListener("dblclick", whole);
    new ResizeObserver(() => {
      const held = charts.get(name);
      if (place.clientWidth && place.clientWidth !== held.plot.width) {
        held.plot.setSize({ width: place.clientWidth, height: 232 });
      }
    }).observe(place);
  }

  // New data of a run that goes on; the zoom stays.
  function update(fresh) {
    for (const [name, chart] of Object.entries(fresh)) {
      const held = charts.get(name);
      if (!held) continue;
      const same = held.chart.series.length === chart.series.length;
      held.chart = chart;
      if (!same || isLog(chart) !== held.log) draw(name);
      else {
        const { min, max } = held.plot.scales.x;
        held.plot.setData(table(chart), !held.zoomed);
        if (held.zoomed) held.plot.setScale("x", { min, max });
      }
    }
  }

  function labelled(input, ...words) {
    const label = document.createElement("label");
    label.append(input, ...words);
    return label;
  }

  function controls(before) {
    const bar = document.createElement("div");
    bar.className = "controls";
    const log = document.createElement("select");
    for (const [value, word] of [["auto", "automatic"], ["log", "log"], ["linear", "linear"]]) {
      log.append(new Option(word, value));
    }
    log.id = "scale";
    log.addEventListener("change", () => {
      settings.log = log.value === "auto" ? null : log.value === "log";
      for (const name of charts.keys()) draw(name);
    });
    const smoothing = document.createElement("input");
    Object.assign(smoothing, { type: "range", id: "smoothing", min: 0, max: 0.99, step: 0.01, value: 0 });
    const weight = document.createElement("output");
    weight.textContent = "0";
    smoothing.addEventListener("input", () => {
      settings.smoothing = +smoothing.value;
      weight.textContent = smoothing.value;
      for (const held of charts.values()) held.plot.setData(table(held.chart), !held.zoomed);
    });
    const reset = document.createElement("button");
    reset.type = "button";
    reset.id = "whole";
    reset.textContent = "Show all steps";
    reset.addEventListener("click", whole);
    const scale = document.createElement("label");
    scale.append("Scale", log);
    const weighting = document.createElement("label");
    weighting.append("Smoothing", smoothing, weight);
    bar.append(scale, weighting, reset, toggles());
    before.before(bar);
  }

  function toggles() {
    const list = document.createElement("fieldset");
    list.className = "runs-toggle";
    const runs = new Map();
    for (const chart of Object.values(data.charts || {})) {
      for (const one of chart.series) if (one.run !== undefined) runs.set(one.run, one);
    }
    if (runs.size < 2) return list;
    list.setAttribute("aria-label", "Runs that are drawn");
    for (const [run, one] of [...runs].sort(([a], [b]) => a - b)) {
      const box = document.createElement("input");
      Object.assign(box, { type: "checkbox", checked: true });
      box.dataset.run = run;
      const chip = document.createElement("span");
      chip.className = "chip run-" + one.color;
      box.addEventListener("change", () => toggle(run, box.checked));
      list.append(labelled(box, chip, one.label));
    }
    return list;
  }

  function toggle(run, show) {
    settings.hidden[show ? "delete" : "add"](run);
    for (const held of charts.values()) {
      held.chart.series.forEach((one, i) => {
        if (one.run === run) held.plot.setSeries(i + 1, { show });
      });
    }
  }

  // A click on a column's head sorts by it, numbers by their value; then the other way round.
  function sortable(one) {
    one.querySelectorAll("thead th").forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = head.textContent;
      head.replaceChildren(button);
      button.addEventListener("click", () => {
        const down = head.getAttribute("aria-sort") === "ascending";
        one.querySelectorAll("thead th").forEach((other) => other.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", down ? "descending" : "ascending");
        const rows = [...one.tBodies[0].rows];
        rows.sort((a, b) => compare(a.cells[column], b.cells[column]) * (down ? -1 : 1));
        one.tBodies[0].append(...rows);
      });
    });
  }

  function number(cell) {
    const text = cell.dataset.value;
    if (text === undefined) return NaN;
    return text === "inf" ? Infinity : text === "-inf" ? -Infinity : Number(text);
  }

  function compare(a, b) {
    const x = number(a), y = number(b);
    if (Number.isNaN(x) && Number.isNaN(y)) return a.textContent.localeCompare(b.textContent);
    if (Number.isNaN(x) || Number.isNaN(y)) return Number.isNaN(x) ? 1 : -1;
    return x < y ? -1 : x > y ? 1 : 0;
  }

  const places = document.querySelectorAll(".chart");
  places.forEach(add);
  const first = document.querySelector(".charts");
  if (first && charts.size) controls(first);
  document.querySelectorAll("table.sortable").forEach(sortable);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    for (const held of charts.values()) held.plot.redraw();
  });
  return { charts, update, sortable, add, data };
})();
