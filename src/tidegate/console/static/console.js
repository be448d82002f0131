// The console's page. It can be read without this script; with it, it keeps itself up to date.

import { setClock, startAges } from "./ages.js";
import { startCharts } from "./charts.js";
import { startLive } from "./live.js";
import { startSwitch } from "./switch.js";

setClock(Number(document.body.dataset.now));
startAges();
const theme = document.getElementById("theme");
if (document.getElementById("live")) {
  const charts = startCharts();
  startLive({ figures: charts.refresh });
  startSwitch(theme, charts.redraw);
} else {
  startSwitch(theme, () => {});
}
