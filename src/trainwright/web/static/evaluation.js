// The evaluation: what the threshold under the slider costs, the contents beside it, cells of a drawn confusion matrix.
"use strict";
(() => {
  const contents = document.getElementById("contents");
  const wide = matchMedia("(min-width: 1100px)");
  const spread = () => { contents.open = wide.matches; };
  spread();
  wide.addEventListener("change", spread);

  document.addEventListener("drawn", (event) => {
    if (event.target.dataset.figure !== "confusion") return;
    event.target.on("plotly_click", (click) => twExamples.open(click.points[0].y + "," + click.points[0].x));
  });

  const form = document.querySelector("form[data-threshold]");
  if (!form) return;
  const given = JSON.parse(document.getElementById("thresholds").textContent);
  const slide = form.querySelector("[data-slide]");
  const typed = form.elements.threshold;
  const shown = form.querySelector("[data-now]");
  const number = (field) => { const value = parseFloat(field.value.replace(",", ".")); return Number.isFinite(value) && value >= 0 ? value : null; };
  const words = (value, digits = 0) => value.toLocaleString(undefined, { maximumFractionDigits: digits });
  const put = (name, text) => { shown.querySelector(`[data-of="${name}"]`).textContent = text; };

  function nearest(threshold) {
    const far = given.choices.map((choice) => Math.abs(choice.threshold - threshold));
    return far.indexOf(Math.min(...far));
  }

  function tell() {
    const choice = given.choices[Number(slide.value)];
    for (const name of ["flagged", "right", "false", "missed"]) put(name, words(choice[name]));
    slide.setAttribute("aria-valuetext", `${choice.threshold.toFixed(2)}: ${words(choice.false)} false alarms, ${words(choice.missed)} missed`);
    const fp = number(form.elements.fp), fn = number(form.elements.fn);
    if (fp === null || fn === null) { put("cost", "–"); put("cheapest", ""); return; }
    const costs = given.choices.map((one) => fp * one.false + fn * one.missed);
    const least = costs.indexOf(Math.min(...costs));
    put("cost", words(costs[Number(slide.value)], 1));
    put("cheapest", Number(slide.value) === least ? "the least" : `least at ${given.choices[least].threshold.toFixed(2)}: ${words(costs[least], 1)}`);
  }

  slide.addEventListener("input", () => { typed.value = given.choices[Number(slide.value)].threshold.toFixed(2); tell(); });
  typed.addEventListener("input", () => { const value = number(typed); if (value !== null) { slide.value = nearest(value); tell(); } });
  for (const name of ["fp", "fn"]) form.elements[name].addEventListener("input", tell);
  form.addEventListener("submit", (event) => {
    const by = event.submitter && event.submitter.value === "cost" ? `what costs least at ${form.elements.fp.value} to ${form.elements.fn.value}` : `the threshold ${typed.value}`;
    const now = form.elements.now && form.elements.now.checked ? ", and let the version answer by it from now on" : "";
    if (!confirm(`Keep ${by} as a decision${now}?`)) event.preventDefault();
    else tw.say("The decision is measured on held-out rows …");
  });
  slide.value = nearest(number(typed) ?? given.now);
  shown.hidden = false;
  tell();
})();
