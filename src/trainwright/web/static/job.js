// A job live. The stream brings log lines and points after a cursor; what else changed is fetched as the page's own parts.
// When the stream breaks the browser takes it up where it was; where streams do not pass at all, the page asks now and then.
"use strict";
(function () {
  const page = document.getElementById("job");
  const run = page.dataset.run;
  const log = document.getElementById("log");
  const line = document.getElementById("line");
  const curves = new tw.Curves(
    document.getElementById("curves-figures"), document.getElementById("curves-trial"),
    document.getElementById("curves-fold"), document.getElementById("curves"));
  let cursor = page.dataset.cursor;
  let finished = page.dataset.finished === "yes";
  let source = null;
  let asking = null;
  let seen = Number(cursor.split(".")[0]);

  // Parts of the page that the server renders: only what differs is touched, so nothing loses the focus for nothing.
  let again = null, busy = false;
  function refresh() {
    if (busy) { again = again || setTimeout(() => { again = null; refresh(); }, 300); return; }
    busy = true;
    fetch(`/jobs/${run}/parts${location.search}`, { credentials: "same-origin" }).then(async (answer) => {
      if (!answer.ok) throw new Error(answer.statusText);
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
      for (const part of fresh.querySelectorAll("[data-part]")) {
        const old = document.getElementById(part.id);
        if (old && old.innerHTML !== part.innerHTML) put(old, part);
      }
      started = performance.now();
    }).catch(() => {}).finally(() => { setTimeout(() => { busy = false; }, 400); });
  }
  // What somebody has chosen and where they are survives; nothing is taken from under a list that is open.
  function put(old, part) {
    const select = old.querySelector("select");
    const focused = old.contains(document.activeElement) ? document.activeElement : null;
    if (select && select === focused) return;
    const picked = select && select.value, words = focused && focused.textContent;
    old.innerHTML = part.innerHTML;
    tw.localTimes(old);
    ask(old);
    for (const option of old.querySelectorAll("option")) if (option.value === picked) option.selected = true;
    if (focused) [...old.querySelectorAll("button,a,summary")].find((e) => e.textContent === words)?.focus();
  }
  function ask(root) {
    for (const form of root.querySelectorAll("form[data-confirm]")) form.addEventListener("submit", (event) => { if (!confirm(form.dataset.confirm)) event.preventDefault(); });
  }

  // The figure of the candidates: kept in the address, shown without loading the page again.
  page.addEventListener("submit", (event) => {
    if (!event.target.matches("[data-figure-choice]")) return;
    event.preventDefault();
    history.replaceState(null, "", "?" + new URLSearchParams(new FormData(event.target)));
    refresh();
  });
  page.addEventListener("focusout", (event) => { if (event.target.matches("select[name=metric]")) setTimeout(refresh, 500); });

  // Time that passes, between two looks at the server.
  let started = performance.now();
  const words = (s) => { s = Math.round(s); const h = Math.floor(s / 3600), m = Math.floor(s / 60) % 60; return h ? `${h} h ${m} min` : m ? `${m} min ${s % 60} s` : `${s} s`; };
  setInterval(() => {
    for (const place of document.querySelectorAll("[data-ticking]")) place.textContent = words(Number(place.dataset.ticking) + (performance.now() - started) / 1000);
  }, 1000);

  const clock = (moment) => new Date(moment).toLocaleTimeString(undefined, { timeStyle: "medium" });
  for (const time of log.querySelectorAll("time")) time.textContent = clock(time.dateTime);
  function addLines(lines) {
    const below = log.scrollHeight - log.scrollTop - log.clientHeight < 30;
    for (const one of lines) {
      if (one.seq <= seen) continue;
      seen = one.seq;
      const item = document.createElement("li");
      const when = Object.assign(document.createElement("span"), { className: "muted", textContent: clock(one.at * 1000) });
      item.append(when, " ", Object.assign(document.createElement("span"), { textContent: one.words }));
      log.append(item);
    }
    while (log.children.length > 2000) log.firstElementChild.remove();
    if (below) log.scrollTop = log.scrollHeight;
  }

  const handlers = {
    log: (lines) => { addLines(lines); refresh(); },
    points: (found) => curves.add(found),
    standings: refresh,
    job: (job) => { document.title = document.title.replace(/ · \w+ · /, ` · ${job.state} · `); page.dataset.state = job.state; refresh(); },
  };

  let errors = 0;
  function listen() {
    if (source || document.hidden) return;
    source = new EventSource(`/api/v1/jobs/${run}/stream?after=${cursor}`);
    source.addEventListener("open", () => { errors = 0; line.textContent = finished ? "" : "live"; });
    for (const [kind, handle] of Object.entries(handlers)) {
      source.addEventListener(kind, (event) => { handle(JSON.parse(event.data)); cursor = event.lastEventId || cursor; });
    }
    source.addEventListener("end", () => { finished = true; line.textContent = ""; hush(); refresh(); });
    source.addEventListener("error", () => {
      if (finished) return;
      line.textContent = "the connection is lost; trying again";
      errors += 1;
      if (errors >= 3 || source.readyState === EventSource.CLOSED) { hush(); startAsking(); }
    });
  }
  function hush() { if (source) source.close(); source = null; stopAsking(); }

  // Without a stream: asks for what came after the same cursor, and now and then tries the stream again.
  function startAsking() {
    let asked = 0;
    asking = setInterval(async () => {
      try {
        const [event, attempt, point] = cursor.split(".").map(Number);
        const { job } = await tw.call("GET", `/api/v1/jobs/${run}`);
        const events = await tw.call("GET", `/api/v1/jobs/${run}/events?after=${event}`);
        const found = await tw.call("GET", `/api/v1/jobs/${run}/points?after=${job.attempt === attempt ? point : 0}`);
        if (source || !asking) return;
        addLines(events.items);
        if (Object.keys(found.series).length) curves.add(found);
        cursor = `${events.next}.${found.attempt}.${found.next}`;
        line.textContent = "no live connection; asked every 3 seconds";
        refresh();
        asked += 1;
        if (asked % 5 === 0) { stopAsking(); errors = 2; listen(); }
      } catch (problem) {
        if (problem.status === 401 || problem.status === 403) { line.textContent = "signed out; load the page again"; hush(); }
        else line.textContent = "the server does not answer; asked again every 3 seconds";
      }
    }, 3000);
  }
  function stopAsking() { clearInterval(asking); asking = null; }

  // A hidden page keeps no connection: browsers have few for each server.
  document.addEventListener("visibilitychange", () => { if (document.hidden) hush(); else if (!finished) { listen(); refresh(); } });
  log.scrollTop = log.scrollHeight;
  listen();
})();
