// Sends the chosen or dropped file as it is, with its progress; without this script the form sends small files itself.
"use strict";
(function () {
  const form = document.getElementById("upload");
  const input = document.getElementById("file");
  const bar = document.getElementById("sent");
  const said = document.getElementById("upload-said");

  function send(file) {
    const request = new XMLHttpRequest();
    request.open("POST", "/api/v1/uploads?name=" + encodeURIComponent(file.name));
    request.setRequestHeader("X-CSRF-Token", tw.csrf);
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.responseType = "json";
    bar.hidden = false;
    said.textContent = `sending ${file.name}`;
    request.upload.addEventListener("progress", (event) => { if (event.lengthComputable) bar.value = event.loaded / event.total; });
    const failed = (words) => { bar.hidden = true; said.textContent = words; tw.say(words, true); };
    request.addEventListener("load", () => {
      const found = request.response || {};
      if (request.status === 201) { said.textContent = "sent"; location.assign(`/new?upload=${found.id}`); }
      else failed((found.detail || "the server refused the file") + (found.remedy ? "; " + found.remedy : ""));
    });
    request.addEventListener("error", () => failed("the connection broke; send the file again"));
    request.send(file);
  }

  form.addEventListener("submit", (event) => { if (input.files.length) { event.preventDefault(); send(input.files[0]); } });
  for (const kind of ["dragover", "dragleave", "drop"]) {
    form.addEventListener(kind, (event) => { event.preventDefault(); form.classList.toggle("over", kind === "dragover"); });
  }
  form.addEventListener("drop", (event) => { if (event.dataTransfer.files.length) send(event.dataTransfer.files[0]); });
})();
