// The form of a new training while it is filled: the YAML it amounts to, messages beside fields, and what is in the table.
"use strict";
(function () {
  const form = document.getElementById("new");
  const statistics = document.getElementById("statistics");
  const yaml = document.getElementById("as-yaml");
  const start = document.getElementById("start");
  const fields = () => [...form.elements].filter((e) => e.name && e.name !== "csrf");
  const typed = () => new URLSearchParams([...new FormData(form)].filter(([name, value]) => name !== "csrf" && value !== ""));

  function show(problems, values) {
    for (const place of form.querySelectorAll(".wrong")) {
      const key = place.id.slice(0, -"-problem".length);
      place.textContent = problems[key] || "";
      place.hidden = !problems[key];
      const field = document.getElementById(key);
      if (problems[key]) field.setAttribute("aria-invalid", "true"); else field.removeAttribute("aria-invalid");
      if (problems[key]) place.closest("details")?.setAttribute("open", "");
    }
    const general = document.getElementById("problem");
    general.textContent = problems[""] || "";
    general.hidden = !problems[""];
    for (const field of fields()) if (field.dataset.shown !== undefined) field.placeholder = values[field.name] || field.dataset.shown;
  }

  let turn = 0;
  async function check() {
    const mine = ++turn;
    try {
      const answer = await fetch("/new/check", { method: "POST", body: typed(), headers: { "X-CSRF-Token": tw.csrf }, credentials: "same-origin" });
      const found = await answer.json();
      if (mine !== turn || !answer.ok) return;
      if (!Object.keys(found.problems).length) yaml.textContent = found.yaml;
      show(found.problems, found.values);
      if (!Object.keys(found.problems).length) look();
    } catch (problem) { /* the server checks again at the start */ }
  }

  // What is seen depends on the target, the split, the plan and the project's earlier trainings: fetched when one changes.
  let seen = null, looking = null;
  async function look() {
    const asked = typed();
    for (const name of [...asked.keys()]) if (name.startsWith("requirements.") || ["name", "priority", "training.comments", "training.base", "training.incremental"].includes(name)) asked.delete(name);
    if (String(asked) === seen) return;
    seen = String(asked);
    if (looking) looking.abort();
    looking = new AbortController();
    statistics.setAttribute("aria-busy", "true");
    const note = document.getElementById("looking");
    if (note) note.textContent = "Reading the table and looking for what stands against training on it …";
    try {
      const address = "/new/statistics" + (form.dataset.upload ? "?upload=" + form.dataset.upload : "");
      const answer = await fetch(address, { method: "POST", body: asked, headers: { "X-CSRF-Token": tw.csrf }, signal: looking.signal, credentials: "same-origin" });
      if (!answer.ok) throw new Error(answer.statusText);
      statistics.innerHTML = await answer.text();
      statistics.setAttribute("aria-busy", "false");
    } catch (problem) {
      if (problem.name === "AbortError") return;
      seen = null;
      statistics.setAttribute("aria-busy", "false");
      tw.say("the table could not be looked at: " + problem.message, true);
    }
  }

  let waiting = null;
  form.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(check, 350); });
  form.addEventListener("submit", () => { document.getElementById("starting").textContent = "Reading, splitting and checking the rows …"; setTimeout(() => { start.disabled = true; }); });
  addEventListener("pageshow", () => { start.disabled = false; document.getElementById("starting").textContent = ""; });
  const copy = document.getElementById("copy");
  if (navigator.clipboard) {
    copy.hidden = false;
    copy.addEventListener("click", async () => { await navigator.clipboard.writeText(yaml.textContent); tw.say("The YAML is copied."); });
  }
  if (!document.querySelector(".wrong:not([hidden])") && document.getElementById("problem").hidden) check();
})();
