// Draws every <div class="plot" data-figure="ID"> from the JSON in <script id="figure-ID"> or <script id="ID">, in the theme.
"use strict";
(function () {
  const colours = {
    light: { ink: "#1d2329", muted: "#5a6470", grid: "#e4e7eb", paper: "#ffffff" },
    dark: { ink: "#e8ebee", muted: "#a2abb6", grid: "#343b43", paper: "#1c2126" },
  };

  function themed(layout) {
    const c = colours[tw.dark() ? "dark" : "light"];
    const axis = { gridcolor: c.grid, zerolinecolor: c.grid, linecolor: c.grid, tickfont: { color: c.muted } };
    const made = { ...layout, paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)" };
    made.font = { family: "system-ui, sans-serif", size: 13, ...(layout.font || {}), color: c.ink };
    made.hoverlabel = { bgcolor: c.paper, bordercolor: c.grid, font: { color: c.ink } };
    made.margin = { ...(layout.margin || {}), t: 24 };
    for (const key of Object.keys(layout)) {
      if (/^[xy]axis\d*$/.test(key)) made[key] = { ...axis, automargin: true, ...layout[key] };
    }
    for (const key of ["xaxis", "yaxis"]) made[key] = made[key] || { ...axis, automargin: true };
    delete made.title;
    delete made.template;
    delete made.meta;
    return made;
  }

  // Draws or redraws a figure {data, layout} in an element; new points keep the reader's zoom.
  tw.draw = function (element, figure) {
    element.figure = figure;
    // No `transition`, not even one of no duration: with it Plotly keeps the axes of the first points.
    const layout = { uirevision: "keep", ...themed(figure.layout || {}) };
    return Plotly.react(element, figure.data, layout, { responsive: true, displayModeBar: false });
  };

  // Drawn when they come into view: a long page need not draw what nobody looks at.
  const watcher = new IntersectionObserver((entries) => {
    for (const { target } of entries.filter((entry) => entry.isIntersecting)) {
      watcher.unobserve(target);
      tw.draw(target, JSON.parse(source(target).textContent));
      target.dispatchEvent(new CustomEvent("drawn", { bubbles: true }));
    }
  }, { rootMargin: "300px" });
  const source = (element) => document.getElementById("figure-" + element.dataset.figure) || document.getElementById(element.dataset.figure);
  for (const element of document.querySelectorAll(".plot[data-figure]")) {
    element.style.minHeight = ((JSON.parse(source(element).textContent).layout || {}).height || 240) + "px";
    watcher.observe(element);
  }
  const redraw = () => {
    for (const element of document.querySelectorAll(".plot")) if (element.figure) tw.draw(element, element.figure);
  };
  document.addEventListener("theme", redraw);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
})();
