// Draws the report's figures when they come into view, opens the examples behind a cell, opens a word when linked to.
"use strict";
(() => {
  const read = (id) => JSON.parse(document.getElementById(id).textContent);
  const figures = read("tw-figures");
  const themes = read("tw-themes");
  const examples = read("tw-examples");
  const places = [...document.querySelectorAll("[data-figure]")];
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const PAPER = 640; // px that fit between the margins of A4 and Letter, upright
  const config = { responsive: true, displayModeBar: false, displaylogo: false, showTips: false };

  let ready = null;
  // The script of the figures is stored compressed; the browser's own decompression unpacks it once.
  const plotly = () => (ready ??= (async () => {
    const packed = document.getElementById("tw-plotly").textContent;
    const bytes = Uint8Array.from(atob(packed), (c) => c.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    const script = document.createElement("script");
    script.textContent = await new Response(stream).text();
    document.head.append(script);
    document.documentElement.dataset.figures = "ready";
  })());

  const draw = (place, theme, width) => {
    const figure = figures[place.dataset.figure];
    const layout = { ...structuredClone(figure.layout), template: themes[theme], autosize: true };
    if (place.dataset.figure === "confusion" && place.clientWidth < 560) { // a phone: names come by touch
      layout.height = place.clientWidth + 40;
      layout.margin = { l: 30, r: 8, t: 10, b: 36 };
      for (const axis of [layout.xaxis, layout.yaxis]) axis.showticklabels = axis.tickvals.length <= 6;
    }
    if (width) Object.assign(layout, { autosize: false, width });
    place.style.minHeight = layout.height + "px";
    window.Plotly.react(place, structuredClone(figure.data), layout, config);
    if (place.dataset.state !== "drawn" && place.dataset.figure === "confusion") {
      place.on("plotly_click", (event) => openCell(event.points[0].y + "," + event.points[0].x));
    }
    place.dataset.state = "drawn";
  };
  const theme = () => (dark.matches ? "dark" : "light");

  const watcher = new IntersectionObserver((entries) => {
    for (const entry of entries.filter((e) => e.isIntersecting)) {
      watcher.unobserve(entry.target);
      plotly().then(() => draw(entry.target, theme()), () => { entry.target.dataset.state = "failed"; });
    }
  }, { rootMargin: "300px" });
  for (const place of places) {
    place.style.minHeight = figures[place.dataset.figure].layout.height + "px";
    watcher.observe(place);
  }
  const drawn = () => places.filter((place) => place.dataset.state === "drawn");
  dark.addEventListener("change", () => drawn().forEach((place) => draw(place, theme())));
  if (places.length) (window.requestIdleCallback || setTimeout)(() => plotly().catch(() => {}));
  // Paper shows every figure, in the light colours.
  window.addEventListener("beforeprint", () => {
    for (const d of document.querySelectorAll("details.more, details.word")) { // but not pages of rows
      if (d.querySelectorAll("tr").length <= 30) { d.dataset.was = d.open; d.open = true; }
    }
    if (window.Plotly) places.forEach((place) => { watcher.unobserve(place); draw(place, "light", PAPER); });
  });
  window.addEventListener("afterprint", () => {
    document.querySelectorAll("details[data-was]").forEach((d) => { d.open = d.dataset.was === "true"; });
    drawn().forEach((place) => draw(place, theme()));
  });

  const make = (name, text, parent, attributes = {}) => {
    const element = document.createElement(name);
    if (text !== null) element.textContent = text; // never markup: names and values come from the data
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    parent.append(element);
    return element;
  };

  const panel = document.getElementById("examples");
  let opener = null;
  function openCell(key) {
    const rows = examples.cells[key] || [];
    const [i, j] = key.split(",").map(Number);
    panel.replaceChildren();
    const head = make("div", null, panel, { class: "examples-head" });
    make("h3", "Actual " + examples.classes[i] + ", predicted " + examples.classes[j], head);
    const close = make("button", "Close", head, { type: "button", class: "link" });
    close.addEventListener("click", () => { panel.hidden = true; opener?.focus(); });
    const n = examples.matrix[i][j];
    make("p", rows.length
      ? (n > rows.length ? rows.length + " of " + n.toLocaleString("en") + " rows" : n.toLocaleString("en") + (n === 1 ? " row" : " rows"))
        + ". Row 0 is the first row of the data."
      : "No row of this cell is held in the report.", panel, { class: "muted" });
    if (rows.length) {
      const box = make("div", null, panel, { class: "scroller", tabindex: "0", role: "region", "aria-label": "Examples" });
      const table = make("table", null, box);
      const header = make("tr", null, make("thead", null, table));
      for (const name of ["Row", ...examples.columns]) make("th", name, header, { scope: "col", class: name === "Row" ? "num" : "" });
      const body = make("tbody", null, table);
      for (const row of rows) {
        const line = make("tr", null, body);
        make("th", String(row), line, { scope: "row", class: "num" });
        const values = examples.rows[String(row)] || [];
        examples.columns.forEach((_, at) => make("td", values[at] ?? "", line));
      }
    }
    panel.hidden = false;
    document.querySelectorAll("[data-cell]").forEach((b) => b.setAttribute("aria-pressed", String(b.dataset.cell === key)));
    panel.focus({ preventScroll: true });
    panel.scrollIntoView({ block: "nearest", behavior: "auto" });
  }
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-cell]");
    if (button) { opener = button; openCell(button.dataset.cell); }
  });

  const openWord = () => {
    const word = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (word && word.tagName === "DETAILS") { word.open = true; word.scrollIntoView({ block: "center" }); }
  };
  window.addEventListener("hashchange", openWord);
  openWord();
})();
