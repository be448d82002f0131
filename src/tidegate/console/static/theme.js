// Before anything is painted: the theme that was chosen last time. Without a choice the system's own counts.
"use strict";
(() => {
  try {
    const chosen = localStorage.getItem("tidegate-theme");
    if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
  } catch {
    // Storage is closed to us: the system's theme it is.
  }
})();
