// Times as ages, counted on while the page is open. The server's clock counts, not this machine's.

const UNITS = [
  [86400, "d"],
  [3600, "h"],
  [60, "min"],
];

let ahead = 0;

export function setClock(serverSeconds) {
  ahead = serverSeconds * 1000 - Date.now();
}

export function serverNow() {
  return (Date.now() + ahead) / 1000;
}

function age(seconds, isSpan) {
  const past = Math.abs(seconds);
  let text = `${Math.floor(past)} s`;
  for (const [size, unit] of UNITS) {
    if (past >= size) {
      text = `${Math.floor(past / size)} ${unit}`;
      break;
    }
  }
  if (isSpan) return `for ${text}`;
  return seconds < 0 ? `in ${text}` : `${text} ago`;
}

export function showAges(scope = document) {
  for (const time of scope.querySelectorAll("time[datetime]")) {
    const text = age(serverNow() - Date.parse(time.dateTime) / 1000, "span" in time.dataset);
    if (time.textContent !== text) time.textContent = text;
  }
}

export function startAges() {
  showAges();
  setInterval(showAges, 1000);
}
