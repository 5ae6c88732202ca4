// The curves of a run: points by series come in, figures grow. A figure also says in words and as a table what it shows.
"use strict";
(function () {
  const COLOURS = ["#2b7bba", "#d9822b", "#159a78", "#b0689a", "#58a9d9", "#c8553d", "#8b929c"];
  const SHARES = /^(accuracy|balanced accuracy|f1.*|precision.*|recall.*|.*auc)$/i;
  const ORDER = ["Loss", "Loss by round", "Figures on held-out rows", "F1 of each class", "Learning rate", "Gradient norm", "Loss of each step", "Machine"];

  // Words that the help explains; `words.py` has the same keys.
  const TERMS = { "Loss": "loss", "Loss by round": "loss", "Loss of each step": "loss", "Figures on held-out rows": "held_out", "Learning rate": "learning_rate", "Gradient norm": "gradient_norm" };

  // "net/fold2/F1/yes/validation" -> model, fold, panel, label, unit of the axis.
  function parse(name) {
    const [, trial, fold, rest] = name.match(/^([^/]*)\/(?:fold(\d+)\/)?(.*)$/) || [null, name, undefined, name];
    const found = (panel, label, axis = "epoch") => ({ trial, fold: fold || "", panel, label, axis });
    if (rest === "loss") return found("Loss by round", "loss", "round");
    if (rest === "Loss/step") return found("Loss of each step", "loss", "step");
    if (rest === "Learning rate" || rest === "Gradient norm") return found(rest, rest.toLowerCase(), "step");
    if (rest.startsWith("Loss/")) return found("Loss", { train: "training", validation: "validation" }[rest.slice(5)] || rest.slice(5));
    if (rest.startsWith("System/") || rest.startsWith("GPU")) return found("Machine", rest.replace(/^System\//, ""));
    const held = rest.replace(/\/validation$/, "");
    if (held.startsWith("F1/")) return found("F1 of each class", held.slice(3));
    // The mean F1 has a name of its own, too, where it chooses the best epoch.
    if (held.startsWith("Macro/") || held === "F1") return found("Figures on held-out rows", `Macro ${held.replace("Macro/", "").replace(/^f1$/i, "F1")}`);
    const words = held.replace(/_/g, " ");
    return found(SHARES.test(words) ? "Figures on held-out rows" : words, words);
  }

  const short = (value) => (value === null || value === undefined ? "–" : Number(value.toPrecision(4)).toString());

  class Curves {
    constructor(place, trials, folds, section) {
      Object.assign(this, { place, trials, folds, section, attempt: null, waiting: null });
      this.clear();
      for (const choice of [trials, folds]) choice.addEventListener("change", () => { this.chosen = choice === trials ? true : this.chosen; this.draw(); });
    }

    clear() {
      this.series = new Map();
      this.newest = null;
      this.panels = new Map();
      this.place.replaceChildren();
    }

    add({ attempt, series }) {
      if (this.attempt !== null && attempt !== this.attempt) this.clear(); // another attempt begins anew
      this.attempt = attempt;
      for (const [name, points] of Object.entries(series)) {
        if (!this.series.has(name)) this.series.set(name, { ...parse(name), x: [], y: [] });
        const one = this.series.get(name);
        for (const [step, value] of points) {
          if (one.x.length && step <= one.x[one.x.length - 1]) { one.x.push(step); one.y.push(null); } // the next fit begins
          one.x.push(step);
          one.y.push(value);
        }
        this.newest = one;
      }
      if (this.series.size) this.section.hidden = false;
      if (!this.waiting) this.waiting = setTimeout(() => { this.waiting = null; this.draw(); }, 150);
    }

    // Offers what there is; the newest is shown until the reader chooses another.
    offer(select, values, first, chosen) {
      const wanted = ["", ...values];
      if (wanted.join("\n") !== [...select.options].map((o) => o.value).join("\n")) {
        const kept = select.value;
        select.replaceChildren(...wanted.map((v) => new Option(v === "" ? first : v, v)));
        select.value = wanted.includes(kept) ? kept : "";
      }
      return select.value || chosen;
    }

    draw() {
      if (!this.series.size) return;
      const all = [...this.series.values()];
      const trial = this.offer(this.trials, [...new Set(all.map((s) => s.trial))], "the newest", this.newest.trial);
      const own = all.filter((s) => s.trial === trial);
      const folds = [...new Set(own.map((s) => s.fold))].filter(Boolean);
      this.folds.parentElement.hidden = folds.length < 2;
      const latest = this.newest.trial === trial ? this.newest.fold : folds[folds.length - 1] || "";
      const fold = this.offer(this.folds, folds, "the newest", latest);
      const here = own.filter((s) => !s.fold || s.fold === fold);
      const shown = here.filter((s, i) => here.findIndex((t) => t.panel === s.panel && t.fold === s.fold && t.label === s.label) === i);
      const rank = (name) => (ORDER.indexOf(name) + 1 || 3.5);
      const names = [...new Set(shown.map((s) => s.panel))].sort((a, b) => rank(a) - rank(b));
      for (const name of [...this.panels.keys()]) if (!names.includes(name)) { this.panels.get(name).figure.remove(); this.panels.delete(name); }
      // All places first, since a figure is as wide as its place; one that is there already is not moved.
      const places = names.map((name) => this.figure(name));
      if (places.some((place, i) => this.place.children[i] !== place)) this.place.replaceChildren(...places);
      for (const name of names) this.panel(name, shown.filter((s) => s.panel === name), `${trial}${fold ? `, fold ${fold}` : ""}`);
    }

    figure(name) {
      if (!this.panels.has(name)) {
        const figure = document.createElement("figure");
        figure.className = "figure curve";
        figure.innerHTML = '<figcaption><strong></strong> <span class="muted"></span></figcaption><div class="plot" role="img"></div><details><summary>The figure as a table</summary><div class="scroller" tabindex="0"><table><thead><tr><th scope="col">Curve</th><th scope="col" class="num">First</th><th scope="col" class="num">Lowest</th><th scope="col" class="num">Highest</th><th scope="col" class="num">Last</th></tr></thead><tbody></tbody></table></div></details>';
        const title = figure.querySelector("strong");
        if (TERMS[name]) title.append(Object.assign(document.createElement("a"), { className: "term", href: `/help#term-${TERMS[name]}`, textContent: name }));
        else title.textContent = name;
        this.panels.set(name, { figure, plot: figure.querySelector(".plot") });
      }
      return this.panels.get(name).figure;
    }

    panel(name, series, about) {
      const { figure, plot } = this.panels.get(name);
      const few = (s) => s.x.length < 40;
      // Copies: Plotly takes an array that it has seen for unchanged.
      const data = series.map((s, i) => ({
        type: "scatter", mode: few(s) ? "lines+markers" : "lines", name: s.label, x: [...s.x], y: [...s.y], connectgaps: false,
        line: { color: COLOURS[i % COLOURS.length], width: 2 }, hovertemplate: `%{y:.4g} at ${s.axis} %{x}`,
      }));
      const values = series.flatMap((s) => s.y.filter((v) => v !== null));
      // A curve that does not move would stand on an axis of whole numbers, however small it is.
      const still = values.length && values[0] !== 0 && values.every((v) => v === values[0]);
      const span = still ? { autorange: false, range: [0, 2 * values[0]].sort((a, b) => a - b) } : { autorange: true };
      const layout = {
        height: 260, showlegend: series.length > 1, legend: { orientation: "h", x: 0, y: 1.02, yanchor: "bottom" }, dragmode: false,
        margin: { l: 52, r: 12, b: 44 }, hovermode: "closest",
        xaxis: { title: { text: series[0].axis }, zeroline: false, rangemode: "tozero" }, yaxis: { zeroline: false, ...span },
      };
      const rows = series.map((s) => {
        const known = s.y.filter((v) => v !== null);
        return [s.label, ...[known[0], Math.min(...known), Math.max(...known), known[known.length - 1]].map((v) => (known.length ? short(v) : "–"))];
      });
      figure.querySelector("figcaption .muted").textContent = about;
      plot.setAttribute("aria-label", `${name}, ${about}: ` + rows.map((r) => `${r[0]} began at ${r[1]} and is at ${r[4]}, lowest ${r[2]}, highest ${r[3]}`).join("; "));
      figure.querySelector("tbody").replaceChildren(...rows.map((cells) => {
        const row = document.createElement("tr");
        row.append(...cells.map((words, i) => Object.assign(document.createElement(i ? "td" : "th"), { textContent: words, className: i ? "num" : "" })));
        return row;
      }));
      tw.draw(plot, { data, layout });
    }
  }
  tw.Curves = Curves;
})();
