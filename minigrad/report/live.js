"use strict";
// The live parts: the table of runs, and charts that grow. The server is asked while the page is
// seen, again at once where it has more to say, and at rest where nothing can change.
(() => {
  const main = document.querySelector("main");
  const state = document.getElementById("state");
  const pause = 1500; // milliseconds, while nobody sees the page

  async function ask(url) {
    const answer = await fetch(url, { cache: "no-store", credentials: "omit" });
    const body = await answer.json();
    if (!answer.ok) throw new Error(body.error || "the server refused");
    return body;
  }

  function tell(text) {
    if (state && state.textContent !== text) state.textContent = text;
  }

  // Asks again and again; `step` answers how long to wait, or nothing to stop.
  function repeat(step) {
    let waiting = null;
    async function once() {
      waiting = null;
      let wait = 5000;
      try {
        wait = document.hidden ? pause : await step();
      } catch (error) {
        tell(error instanceof TypeError ? "The server does not answer." : error.message);
      }
      if (wait !== null && waiting === null) waiting = setTimeout(once, wait);
    }
    once();
    return () => { clearTimeout(waiting); once(); };
  }

  const curves = main.dataset.curves;
  if (curves) {
    let version = "";
    repeat(async () => {
      const fresh = await ask(`${curves}&version=${version}`);
      version = fresh.version;
      if (fresh.charts) {
        for (const name of Object.keys(fresh.charts)) if (!page.charts.has(name)) location.reload();
        page.update(fresh.charts);
        for (const [name, rows] of Object.entries(fresh.numbers)) renew(name, rows);
      }
      for (const [place, status] of Object.entries(fresh.statuses)) {
        const held = document.querySelector(`[data-status="${place}"]`);
        if (held && held.textContent !== status.word) {
          held.textContent = status.word;
          held.className = "status " + status.kind;
          if (status.kind !== "live") location.reload(); // its results are there now
        }
      }
      tell(fresh.running ? `live: ${fresh.lines.toLocaleString("en")} lines` : "");
      return fresh.wait;
    });
  }

  // The numbers under a chart.
  function renew(name, rows) {
    const chart = page.charts.get(name);
    if (!chart) return;
    const lines = chart.place.closest("figure").querySelectorAll("tbody tr");
    rows.forEach((numbers, i) => numbers.forEach((text, j) => {
      const held = lines[i] && lines[i].cells[j + 1];
      if (held && held.textContent !== text) held.textContent = text;
    }));
  }

  if (main.dataset.sweep) {
    let version = null;
    repeat(async () => {
      const fresh = await ask(main.dataset.sweep);
      if (version !== null && version !== fresh.version) await reload();
      version = fresh.version;
      tell(fresh.wait === null ? "" : "live");
      return fresh.wait;
    });
  }

  // The page as it is now, put in place of what is shown; sorted as it was.
  async function reload() {
    const answer = await fetch(location.href, { cache: "no-store", credentials: "omit" });
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    const sorted = new Map([...document.querySelectorAll("table.sortable [aria-sort]")]
      .map((head) => [head.textContent, head.getAttribute("aria-sort")])); // by name: columns may come
    for (const kind of [".subtitle", "main"]) {
      document.querySelector(kind).replaceChildren(...fresh.querySelector(kind).childNodes);
    }
    document.querySelectorAll("table.sortable").forEach(page.sortable);
    for (const head of document.querySelectorAll("table.sortable thead th")) {
      const order = sorted.get(head.textContent);
      for (let n = ["ascending", "descending"].indexOf(order); n >= 0; n--) head.firstChild.click();
    }
  }

  const table = document.getElementById("runs");
  if (!table) return;
  const form = document.getElementById("filters");
  const chosen = new Set();
  const order = { sort: "", reverse: false };
  let seen = 100, before = "";
  const again = repeat(async () => {
    const query = new URLSearchParams({
      search: form.elements.search.value, columns: form.elements.columns.value,
      sort: order.sort, reverse: order.reverse ? "1" : "", limit: String(seen),
    });
    const { wait, ...fresh } = await ask(`runs.json?${query}`);
    const text = JSON.stringify(fresh);
    if (text !== before) show(fresh);
    before = text;
    return wait;
  });

  function show(fresh) {
    const head = document.createElement("tr");
    head.append(cell("th", ""));
    for (const key of fresh.columns) head.append(heading(key, fresh.numeric.includes(key)));
    table.tHead.replaceChildren(head);
    const focused = document.activeElement && document.activeElement.value;
    table.tBodies[0].replaceChildren(...fresh.rows.map((row) => line(row, fresh)));
    if (focused) {
      const same = [...table.querySelectorAll("tbody input")].find((box) => box.value === focused);
      if (same) same.focus({ preventScroll: true });
    }
    tell(fresh.error || `${fresh.met.toLocaleString("en")} of ${fresh.total.toLocaleString("en")} runs`);
    document.getElementById("more").hidden = fresh.met <= fresh.rows.length;
  }

  function cell(kind, text) {
    const made = document.createElement(kind);
    made.textContent = text;
    return made;
  }

  function heading(key, numeric) {
    const head = cell("th", ""), button = cell("button", key);
    head.scope = "col";
    if (numeric) head.className = "number";
    if (order.sort === key) head.setAttribute("aria-sort", order.reverse ? "descending" : "ascending");
    button.type = "button";
    button.addEventListener("click", () => {
      order.reverse = order.sort === key && !order.reverse;
      order.sort = key;
      again();
    });
    head.append(button);
    return head;
  }

  function line(row, fresh) {
    const made = document.createElement("tr"), box = document.createElement("input");
    Object.assign(box, { type: "checkbox", value: row.href, checked: chosen.has(row.key) });
    box.setAttribute("aria-label", "compare " + row.id);
    box.addEventListener("change", () => {
      chosen[box.checked ? "add" : "delete"](row.key);
      offer();
    });
    const first = document.createElement("td");
    first.append(box);
    made.append(first);
    fresh.columns.forEach((key, i) => made.append(value(key, row.cells[i], row, fresh)));
    return made;
  }

  function value(key, text, row, fresh) {
    const made = cell("td", "");
    if (key === "id") {
      const link = cell("a", text);
      link.href = row.href;
      made.append(link);
    } else if (key === "status") {
      const word = cell("span", text);
      word.className = "status " + row.kind;
      made.append(word);
    } else if (key === "tags") {
      for (const tag of row.tags) {
        const word = cell("span", tag);
        word.className = "tag";
        made.append(word);
      }
    } else made.textContent = text;
    if (fresh.numeric.includes(key)) made.className = "number";
    return made;
  }

  function offer() {
    const link = document.getElementById("compare");
    link.hidden = chosen.size < 2;
    link.textContent = `Compare ${chosen.size} runs`;
    link.href = "compare?" + [...chosen].map((key) => "run=" + key).join("&");
  }

  form.addEventListener("submit", (event) => { event.preventDefault(); again(); });
  form.addEventListener("input", () => { seen = 100; again(); });
  document.getElementById("more").addEventListener("click", () => { seen += 400; again(); });
})();
