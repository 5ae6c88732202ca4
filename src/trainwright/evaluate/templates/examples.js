// Opens the rows behind a cell of the confusion matrix, and a word when it is linked to; for the report and the web page.
"use strict";
const twExamples = (() => {
  const examples = JSON.parse(document.getElementById("tw-examples").textContent);

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
  return { open: openCell };
})();
