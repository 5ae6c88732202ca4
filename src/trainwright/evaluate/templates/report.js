// Draws the report's figures when they come into view; `examples.js` comes before it.
"use strict";
(() => {
  const read = (id) => JSON.parse(document.getElementById(id).textContent);
  const figures = read("tw-figures");
  const themes = read("tw-themes");
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
      place.on("plotly_click", (event) => twExamples.open(event.points[0].y + "," + event.points[0].x));
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
})();
