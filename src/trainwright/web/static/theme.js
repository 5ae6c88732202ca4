// The reader's choice of light or dark, before the first paint; the system's where there is none.
"use strict";
(function () {
  const chosen = localStorage.getItem("theme");
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
})();
