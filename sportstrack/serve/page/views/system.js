import { get } from "../api.js";
import { LineChart } from "../charts.js";
import { fill, h, icon } from "../dom.js";
import { agoText, limitText, numberText } from "../format.js";

const OFTEN = 5000; // milliseconds
const LEAST = 120; // seconds that a chart shows
const milliseconds = (value) => `${numberText(value * 1000)} ms`;

/** What is shown: a figure as it is, its rate (`per`: of how many seconds), or the growth of one by that of another. */
const SHOWN = [
  { title: "Frames tracked per second", of: "frames_total_tracked", per: 1 },
  { title: "Frames dropped per second", of: "frames_total_dropped", per: 1 },
  { title: "Latency of live streams, mean", of: "latency_seconds_sum", by: "latency_seconds_count", read: milliseconds },
  { title: "Mean score of the boxes", of: "mean_score_sum", by: "mean_score_count", digits: 2 },
  { title: "Tracks in the pictures", of: "tracks_alive", digits: 0 },
  { title: "Ids created per minute", of: "ids_created_total", per: 60 },
  { title: "CPU cores in use", of: "cpu_cores", digits: 2 },
  { title: "Memory", of: "memory_bytes", read: (value) => `${numberText(value / 1e9, 1)} GB` },
  { title: "Jobs running", of: "jobs_running", digits: 0 },
  { title: "Jobs that wait", of: "queue_length", digits: 0 },
  { title: "Streams running", of: "streams_running", digits: 0 },
  { title: "Open sessions", of: "sessions", digits: 0 },
  { title: "Answers per second", of: "request_seconds_count", per: 1 },
  { title: "Time to answer, mean", of: "request_seconds_sum", by: "request_seconds_count", read: milliseconds },
  { title: "Alerts", of: "alerts_total", digits: 0 },
];

/** The points of a chart from the service's series. */
function pointsOf({ of, by, per }, series) {
  const points = series[of] ?? [];
  if (!by && !per) return points;
  const below = by && new Map(series[by] ?? []);
  const found = [];
  for (let at = 1; at < points.length; at += 1) {
    const [[t0, v0], [t1, v1]] = [points[at - 1], points[at]];
    if (v1 < v0) continue; // the service was started anew
    if (per) found.push([t1, (per * (v1 - v0)) / Math.max(1e-9, t1 - t0)]);
    else found.push([t1, below.get(t1) > below.get(t0) ? (v1 - v0) / (below.get(t1) - below.get(t0)) : NaN]); // a gap while nothing happens
  }
  return found;
}

const SPANS = [[900, "15 min"], [3600, "1 h"], [6 * 3600, "6 h"], [86400, "24 h"], [7 * 86400, "7 d"]];

/** Show how the service runs: figures over time, its limits, and what is installed. */
export async function show(root) {
  const charts = new Map();
  const body = h("div", { class: "charts wide" });
  const note = h("p", { class: "muted small empty-line", hidden: true }, "No figures yet. They are kept from the first job on.");
  let span = 3600;
  const buttons = h("div", { class: "segments", role: "group", "aria-label": "Time shown" }, SPANS.map(([seconds, text]) =>
    h("button", { type: "button", "aria-pressed": String(seconds === span), data: { seconds }, on: { click: () => choose(seconds) } }, text)));
  const about = h("section", { class: "card", "aria-labelledby": "about-title" });
  fill(root, h("div", { class: "page-head" }, h("h1", { class: "grow" }, "System"), buttons),
    h("section", { class: "card", "aria-label": "Figures over time" }, body, note), about);
  const refresh = async () => {
    const now = Date.now() / 1000;
    const series = (await get(`/v1/series?since=${Math.round(now - span)}`).catch(() => null))?.series ?? {};
    const found = SHOWN.map((shown) => [shown, pointsOf(shown, series)]).filter(([, points]) => points.some(([, value]) => Number.isFinite(value)));
    const first = Math.min(now - LEAST, Math.max(now - span, Math.min(...found.map(([, points]) => points[0][0]))));
    for (const [shown, points] of found) {
      if (!charts.has(shown)) charts.set(shown, new LineChart(body, { ...shown, x: (time) => new Date(time * 1000).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" }) }));
      charts.get(shown).set(points, [first, now]);
    }
    note.hidden = found.length > 0;
  };
  const choose = (seconds) => {
    span = seconds;
    for (const button of buttons.children) button.setAttribute("aria-pressed", String(Number(button.dataset.seconds) === span));
    refresh();
  };
  await Promise.all([refresh(), showAbout(about)]);
  const timer = setInterval(() => !document.hidden && refresh(), OFTEN);
  return () => {
    clearInterval(timer);
    for (const chart of charts.values()) chart.end();
  };
}

async function showAbout(root) {
  const about = await get("/v1/about");
  const { limits = {}, allowed = {}, extras = {} } = about;
  const rows = [
    ["Version", about.version],
    ["Started", agoText(about.started)],
    ["Token", about.needs_token ? "needed" : "not needed: this machine alone"],
    ["Largest upload", limitText(limits.upload_bytes)],
    ["Room for files", limitText(limits.quota_bytes)],
    ["Jobs side by side", numberText(limits.workers)],
    ["Jobs kept for", limits.keep_days ? `${limits.keep_days} days` : "ever"],
    ["Streams", numberText(limits.streams)],
    ["Sessions", numberText(limits.sessions)],
    ["Stream addresses", (allowed.streams || []).join(", ") || "none"],
    ["Weights", (allowed.weights || []).map((one) => one.split(/[\\/]/).pop()).join(", ") || "none"],
    ...Object.entries(extras).map(([name, there]) => [`Extra ${name}`, there ? "installed" : "not installed"]),
  ];
  const link = (href, text) => h("a", { class: "button small", href, target: "_blank", rel: "noopener" }, icon("arrow"), text);
  fill(root, h("header", {}, h("h2", { id: "about-title", class: "grow" }, "About this service"), link("/v1/series.csv", "CSV"), link("/metrics", "Prometheus"), link("/v1/openapi.json", "OpenAPI")),
    h("dl", { class: "figures body" }, rows.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value)))));
}
