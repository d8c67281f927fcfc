import { get } from "../api.js";
import { LineChart, seriesAbout, seriesOf } from "../charts.js";
import { fill, h, icon } from "../dom.js";
import { agoText, limitText, numberText } from "../format.js";

const OFTEN = 5000; // milliseconds
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
    const series = seriesOf(await get(`/v1/series?since=${Math.round(now - span)}`).catch(() => null));
    const named = Object.entries(series).filter(([, points]) => Array.isArray(points) && points.length);
    note.hidden = named.length > 0;
    for (const [name, points] of named) {
      if (!charts.has(name)) charts.set(name, new LineChart(body, { ...seriesAbout(name), x: (time) => new Date(time * 1000).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" }) }));
      charts.get(name).set(points, [now - span, now]);
    }
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
    ["Weights", (allowed.weights || []).join(", ") || "none"],
    ...Object.entries(extras).map(([name, there]) => [`Extra ${name}`, there ? "installed" : "not installed"]),
  ];
  const link = (href, text) => h("a", { class: "button small", href, target: "_blank", rel: "noopener" }, icon("arrow"), text);
  fill(root, h("header", {}, h("h2", { id: "about-title", class: "grow" }, "About this service"), link("/metrics", "Prometheus"), link("/v1/openapi.json", "OpenAPI")),
    h("dl", { class: "figures body" }, rows.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value)))));
}
