// What every page needs: the theme switch, times in the reader's zone, and calls to the server. Pages work without it.
"use strict";
const tw = {
  csrf: document.querySelector('meta[name="csrf"]').content,

  dark() {
    const chosen = document.documentElement.dataset.theme;
    return chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  },

  // A message that screen readers hear too; stays until the next one.
  say(text, bad = false) {
    const place = document.getElementById("said");
    place.textContent = text;
    place.classList.toggle("bad", bad);
    place.hidden = !text;
  },

  // Calls the REST interface; throws an Error with the server's words and remedy.
  async call(method, address, body) {
    const options = { method, headers: { "X-CSRF-Token": tw.csrf, "X-Requested-With": "fetch" }, credentials: "same-origin" };
    if (body !== undefined) {
      options.body = body instanceof Blob ? body : JSON.stringify(body);
      options.headers["Content-Type"] = body instanceof Blob ? "application/octet-stream" : "application/json";
    }
    const answer = await fetch(address, options);
    const kind = answer.headers.get("content-type") || "";
    const found = kind.includes("json") ? await answer.json() : await answer.text();
    if (!answer.ok) {
      const words = found.detail ? found.detail + (found.remedy ? "; " + found.remedy : "") : answer.statusText;
      throw Object.assign(new Error(words), { status: answer.status, problem: found });
    }
    return found;
  },

  // Follows a stream of server-sent events from a cursor; the browser reconnects by itself and loses nothing.
  // handlers: {kind: function(data)}; returns a function that ends it.
  follow(address, handlers) {
    const source = new EventSource(address);
    for (const [kind, handle] of Object.entries(handlers)) {
      source.addEventListener(kind, (event) => handle(JSON.parse(event.data), event.lastEventId));
    }
    source.addEventListener("end", () => source.close());
    return () => source.close();
  },

  localTimes(root = document) {
    for (const element of root.querySelectorAll("time[datetime]")) {
      const when = new Date(element.dateTime);
      const words = when.toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
      element.title = words;
      if (!element.classList.contains("ago")) element.textContent = words;
    }
  },
};
window.tw = tw;

tw.localTimes();
document.querySelector("[data-theme-switch]").addEventListener("click", () => {
  const next = tw.dark() ? "light" : "dark";
  document.documentElement.dataset.theme = next;
  localStorage.setItem("theme", next);
  document.dispatchEvent(new CustomEvent("theme", { detail: next }));
});
// <form data-confirm="Delete v3?"> asks before it is sent.
for (const form of document.querySelectorAll("form[data-confirm]")) {
  form.addEventListener("submit", (event) => {
    if (!confirm(form.dataset.confirm)) event.preventDefault();
  });
}
