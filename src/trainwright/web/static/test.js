// Sends a file of any size with its progress; without it the form sends small ones by itself.
"use strict";
(() => {
  const answer = document.getElementById("answer");
  if (answer) answer.scrollIntoView({ block: "nearest" });
  const form = document.querySelector("form[data-send]");
  if (!form) return;
  form.addEventListener("submit", (event) => {
    const file = form.elements.file.files[0];
    if (!file) return;
    event.preventDefault();
    const bar = form.querySelector("progress");
    const button = form.querySelector("button");
    const request = new XMLHttpRequest();
    request.open("POST", "/api/v1/uploads?name=" + encodeURIComponent(file.name));
    request.setRequestHeader("X-CSRF-Token", tw.csrf);
    request.setRequestHeader("X-Requested-With", "fetch");
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.upload.addEventListener("progress", (step) => { if (step.lengthComputable) bar.value = step.loaded / step.total; });
    const failed = (words) => { tw.say(words, true); bar.hidden = true; button.disabled = false; };
    request.addEventListener("error", () => failed("The connection was lost; send it again."));
    request.addEventListener("load", () => {
      let found = {};
      try { found = JSON.parse(request.responseText); } catch { /* told below */ }
      if (request.status >= 300 || !found.id) { failed(found.detail ? found.detail + (found.remedy ? "; " + found.remedy : "") : "It was not taken."); return; }
      location.assign(location.pathname + "?way=upload&upload=" + found.id);
    });
    bar.hidden = false;
    button.disabled = true;
    request.send(file);
  });
})();
