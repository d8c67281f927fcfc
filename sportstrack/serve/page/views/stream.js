import { get, listen, listOf, remove } from "../api.js";
import { LineChart } from "../charts.js";
import { fill, h, icon } from "../dom.js";
import { bytesText, numberText, stateBadge } from "../format.js";
import { confirmed, toast } from "../toast.js";
import { figures } from "./live.js";

const OFTEN = 2000; // milliseconds between looks at the counters
const OVER = ["stopped", "ended", "failed"];
const KEPT = 600; // frames in the charts
const EVERY = 250; // milliseconds between two drawings of the charts

/** Show one live stream: its picture, its figures, and how they change. */
export async function show(root, id) {
  const view = new StreamView(root, id);
  await view.refresh();
  view.begin();
  return () => view.end();
}

class StreamView {
  constructor(root, id) {
    Object.assign(this, { root, id, path: `/v1/streams/${encodeURIComponent(id)}`, alive: [], latency: [], drawn: 0 });
    this.title = h("h1", { class: "truncate" });
    this.badge = h("span", { class: "badge" });
    this.about = h("p", { class: "muted small truncate" });
    this.problem = h("div", { class: "notice warn", role: "status", hidden: true });
    this.picture = h("img", { class: "live-picture", alt: "Live picture with the tracks drawn in" });
    this.lost = h("div", { class: "player-message", hidden: true }, h("p", {}, "No picture at the moment. It comes back by itself."));
    this.figures = h("dl", { class: "figures" });
    this.files = h("div");
    this.stop = h("button", { class: "button danger", type: "button", on: { click: () => this._stop() } });
    const full = h("button", { class: "button icon", type: "button", "aria-label": "Full screen", title: "Full screen", on: { click: () => this.stage.requestFullscreen?.() } }, icon("full"));
    this.stage = h("div", { class: "live-stage" }, this.picture, this.lost);
    this.charts = h("div", { class: "charts" });
    fill(root,
      h("div", { class: "page-head" }, h("a", { class: "button icon quiet", href: "#/live", "aria-label": "All streams", title: "All streams" }, icon("left")),
        h("div", { class: "grow" }, h("div", { class: "row tight" }, this.title, this.badge), this.about), full, this.stop),
      this.problem,
      h("div", { class: "result" }, this.stage,
        h("section", { class: "card", "aria-label": "Figures" }, h("header", {}, h("h2", {}, "Now")), h("div", { class: "body" }, this.figures), this.charts)),
      this.files);
    const x = (time) => new Date(time * 1000).toLocaleTimeString();
    this.aliveChart = new LineChart(this.charts, { title: "Tracks in the picture", digits: 0, x });
    this.latencyChart = new LineChart(this.charts, { title: "Latency, capture to result", read: (value) => `${numberText(value * 1000)} ms`, x });
  }

  async refresh() {
    const stream = await get(this.path);
    const [text, badge] = stateBadge(stream.state === "running" ? "live" : stream.state);
    this.over = OVER.includes(stream.state);
    fill(this.stop, icon(this.over ? "bin" : "stop"), h("span", {}, this.over ? "Remove" : "Stop"));
    this.title.textContent = stream.name || stream.id;
    document.title = `${stream.name || stream.id} · sportstrack`;
    this.badge.textContent = text;
    this.badge.className = badge;
    this.about.textContent = stream.source?.url ?? "";
    const problem = stream.error?.message ?? stream.error;
    this.problem.hidden = !problem;
    if (problem) fill(this.problem, icon("alert"), h("span", {}, problem));
    fill(this.figures, figures(stream.counters || {}).map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value))));
    await this._showFiles();
  }

  begin() {
    this.picture.addEventListener("error", () => this._again());
    this.picture.addEventListener("load", () => (this.lost.hidden = true));
    this.picture.src = `${this.path}/picture.mjpeg`;
    this.stopListening = listen(`${this.path}/events`, { frame: (frame) => this._frame(frame) });
    this.timer = setInterval(() => !document.hidden && this.refresh().catch((error) => toast(error.message, "bad")), OFTEN);
  }

  end() {
    this.ended = true;
    clearInterval(this.timer);
    this.stopListening?.();
    this.picture.removeAttribute("src"); // else the browser reads on
    this.aliveChart.end();
    this.latencyChart.end();
  }

  _again() {
    if (this.ended) return;
    this.lost.hidden = false;
    setTimeout(() => !this.ended && (this.picture.src = `${this.path}/picture.mjpeg?again=${Date.now()}`), 2000);
  }

  _frame(frame) {
    const time = frame.time ?? Date.now() / 1000;
    const count = (frame.tracks ?? frame.rows ?? []).length;
    this.alive.push([time, count]);
    const latency = frame.latency_s ?? frame.latency;
    if (Number.isFinite(latency)) this.latency.push([time, latency]);
    for (const points of [this.alive, this.latency]) if (points.length > KEPT) points.splice(0, points.length - KEPT);
    const now = performance.now();
    if (now - this.drawn < EVERY) return;
    this.drawn = now;
    this.aliveChart.set(this.alive);
    this.latencyChart.set(this.latency);
  }

  async _showFiles() {
    const files = listOf(await get(`${this.path}/files`).catch(() => []), "files");
    const shown = files.map((file) => file.name + file.bytes).join();
    if (shown === this.shownFiles) return;
    this.shownFiles = shown;
    fill(this.files, files.length > 0 && h("section", { class: "card", "aria-label": "Recordings" }, h("header", {}, h("h2", {}, "Recordings")),
      h("ul", { class: "files" }, files.map((file) => h("li", {}, h("span", { class: "grow truncate" }, file.name), h("span", { class: "muted small" }, bytesText(file.bytes)),
        file.href && h("a", { class: "button small", href: file.href, download: file.name, "aria-label": `Download ${file.name}` }, icon("download"), h("span", {}, "Download")))))));
  }

  async _stop() {
    const question = this.over
      ? ["Remove this stream?", "Its recorded files go with it.", "Remove"]
      : ["Stop this stream?", "Its tracking and recording end. Recorded files stay until it is removed.", "Stop"];
    if (!(await confirmed(...question))) return;
    await remove(this.path).catch((error) => toast(error.message, "bad"));
    if (this.over) location.hash = "#/live";
    else await this.refresh();
  }
}
