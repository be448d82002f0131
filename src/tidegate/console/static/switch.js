// The switch between light, dark and whatever the system says.

const root = document.documentElement;
const ORDER = ["system", "light", "dark"];

function now() {
  return root.dataset.theme ?? "system";
}

function show(button) {
  const theme = now();
  button.dataset.shows = theme;
  button.setAttribute("aria-label", `Theme: ${theme}. Change it`);
  button.title = `Theme: ${theme}`;
}

export function startSwitch(button, changed) {
  show(button);
  button.hidden = false;
  button.addEventListener("click", () => {
    const next = ORDER[(ORDER.indexOf(now()) + 1) % ORDER.length];
    if (next === "system") delete root.dataset.theme;
    else root.dataset.theme = next;
    try {
      if (next === "system") localStorage.removeItem("tidegate-theme");
      else localStorage.setItem("tidegate-theme", next);
    } catch {
      // It lasts as long as this page, then.
    }
    show(button);
    changed();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", changed);
}
