// The live series, drawn by uPlot (MIT, beside this file).

import { serverNow } from "./ages.js";

const HOUR = 3600;
const SHORTEST = 600;
const charts = [];

// A variable's own text can be light-dark(): only a property that takes a colour says which of the two it is.
const probe = document.body.appendChild(document.createElement("i"));
probe.hidden = true;

function colour(name) {
  probe.style.color = `var(${name})`;
  return getComputedStyle(probe).color;
}

function shown(value, unit) {
  if (value == null) return "–";
  if (unit === "s") return value < 1 ? `${Number((value * 1000).toPrecision(3))} ms` : `${Number(value.toPrecision(3))} s`;
  if (unit === "%") return `${Number((value * 100).toPrecision(3))} %`;
  return `${Number(value.toPrecision(3))}${unit ? ` ${unit}` : ""}`;
}

function clock(_, marks) {
  return marks.map((mark) => new Date(mark * 1000).toISOString().slice(11, 16));
}

// A value between two steps without one would be a line of no length.
function alone(values) {
  return values.flatMap((value, place) => (value != null && values[place - 1] == null && values[place + 1] == null ? [place] : []));
}

function options(figure, lines, width) {
  const unit = figure.dataset.unit;
  const axis = { stroke: () => colour("--muted"), grid: { stroke: () => colour("--grid"), width: 1 }, ticks: { show: false } };
  return {
    width,
    height: 150,
    padding: [10, 18, 0, 0],
    legend: { show: false },
    cursor: { y: false, points: { size: 6 }, drag: { x: false, y: false } },
    scales: { x: { time: true, range: (_, low, high) => [Math.min(low ?? serverNow(), serverNow() - SHORTEST), Math.max(high ?? 0, serverNow())] }, y: { range: (_, low, high) => [Math.min(0, low), high > 0 ? high * 1.15 : unit === "%" ? 0.01 : 1] } },
    axes: [
      { ...axis, space: 70, font: "11px system-ui", values: clock, incrs: [60, 120, 300, 600, 900, 1800], size: 26 },
      { ...axis, size: 58, font: "11px system-ui", space: 34, values: (_, marks) => marks.map((mark) => shown(mark, unit)) },
    ],
    series: [
      {},
      ...lines.map((_, place) => ({
        stroke: () => colour(`--line-${place + 1}`),
        width: 2,
        fill: place === 0 && lines.length === 1 ? () => colour("--line-1-soft") : undefined,
        dash: place === 0 ? undefined : [6, 2 + 2 * place],
        points: { show: true, size: 5, filter: (plot, index) => alone(plot.data[index]) },
        spanGaps: false,
      })),
    ],
    hooks: { setCursor: [(plot) => read(figure, plot.cursor.idx)] },
  };
}

function read(figure, place) {
  const chart = charts.find((one) => one.figure === figure);
  if (!chart) return;
  const last = chart.data[0].length - 1;
  const values = figure.querySelectorAll("[data-value]");
  chart.data.slice(1).forEach((line, index) => {
    const at = place ?? last;
    let value = line[at];
    for (let back = at; place == null && value == null && back >= 0 && back > at - 7; back -= 1) value = line[back];
    if (values[index]) values[index].textContent = shown(value, figure.dataset.unit);
  });
}

function legend(figure, lines) {
  const list = figure.querySelector("dl");
  list.replaceChildren(
    ...lines.map((line, place) => {
      const pair = document.createElement("div");
      const term = document.createElement("dt");
      const value = document.createElement("dd");
      term.dataset.line = String(place + 1);
      term.textContent = line.label;
      value.dataset.value = "";
      pair.append(term, value);
      return pair;
    }),
  );
}

function draw(figure, lines, data) {
  const place = figure.querySelector(".plot");
  let chart = charts.find((one) => one.figure === figure);
  const names = lines.map((line) => line.label).join("\n");
  if (chart && chart.names !== names) {
    chart.plot.destroy();
    charts.splice(charts.indexOf(chart), 1);
    chart = undefined;
  }
  if (!chart) {
    legend(figure, lines);
    chart = { figure, names, data, plot: new uPlot(options(figure, lines, place.clientWidth), data, place) };
    charts.push(chart);
  } else {
    chart.data = data;
    chart.plot.setData(data);
  }
  figure.dataset.empty = String(!data.slice(1).some((line) => line.some((value) => value != null)));
  read(figure, null);
}

async function refresh() {
  const answer = await fetch(`/console/figures?seconds=${HOUR}`, { headers: { Accept: "application/json" } });
  if (!answer.ok) return;
  const { figures } = await answer.json();
  for (const figure of document.querySelectorAll("figure[data-chart]")) {
    const given = figures[figure.dataset.chart];
    if (given) draw(figure, given.lines, [given.times, ...given.lines.map((line) => line.values)]);
  }
}

export function startCharts() {
  const sizes = new ResizeObserver((entries) => {
    for (const { target, contentRect } of entries) {
      const chart = charts.find((one) => one.figure.contains(target));
      if (chart && contentRect.width > 0) chart.plot.setSize({ width: contentRect.width, height: 150 });
    }
  });
  for (const place of document.querySelectorAll("figure[data-chart] .plot")) sizes.observe(place);
  refresh();
  return {
    refresh,
    redraw() {
      for (const { plot } of charts) plot.redraw(false);
    },
  };
}
