// What the server sends while the page is open: parts of the page that changed, and that there are new figures.

import { setClock, showAges } from "./ages.js";

// The server escapes what it puts into parts; the policy says that they are taken from nowhere else.
const policy = globalThis.trustedTypes?.createPolicy("tidegate-console", { createHTML: (html) => html });

function put(part, html) {
  const held = part.contains(document.activeElement) ? document.activeElement.id : "";
  const open = new Set([...part.querySelectorAll("details[open][id]")].map((one) => one.id));
  part.innerHTML = policy ? policy.createHTML(html) : html;
  for (const id of open) document.getElementById(id)?.setAttribute("open", "");
  if (held) document.getElementById(held)?.focus({ preventScroll: true });
  showAges(part);
}

function say(state, text) {
  const light = document.getElementById("live-light");
  light.dataset.state = state;
  document.getElementById("live-word").textContent = text;
}

export function startLive({ figures }) {
  const source = new EventSource("/console/live");
  source.addEventListener("open", () => say("on", "Live"));
  source.addEventListener("error", () => {
    if (source.readyState === EventSource.CLOSED) say("off", "Not live: load the page anew");
    else say("wait", "Connecting");
  });
  source.addEventListener("clock", (event) => setClock(Number(event.data)));
  source.addEventListener("part", (event) => {
    const { id, html } = JSON.parse(event.data);
    const part = document.getElementById(id);
    if (part) put(part, html);
  });
  source.addEventListener("word", (event) => {
    document.title = JSON.parse(event.data);
  });
  source.addEventListener("figures", figures);
  source.addEventListener("over", () => {
    source.close();
    say("off", "Signed out");
    location.assign("/console/login");
  });
  source.addEventListener("aside", () => {
    source.close();
    say("off", "Not live: open in other windows");
  });
  addEventListener("pagehide", () => source.close());
}
