import { get } from "../api.js";
import { LineChart, seriesAbout } from "../charts.js";
import { clockText } from "../clock.js";
import { Controls } from "../controls.js";
import { fill, h, icon } from "../dom.js";
import { spanText } from "../format.js";
import { Player } from "../player.js";
import { Timeline } from "../timeline.js";
import { filesCard } from "./files.js";
import { HeatMap } from "./heat.js";
import { Kits } from "./kits.js";
import { readTracks } from "./model.js";
import { Overlay } from "./overlay.js";
import { MiniMap, pitchShape } from "./pitch.js";
import { TrackTable } from "./table.js";

const LAYERS = [["boxes", "Boxes", "B"], ["ids", "Labels", "L"], ["names", "Names", "N"], ["teams", "Kit colours", "K"], ["trails", "Trails", "T"]];
const STORED = "sportstrack.layers";

/** The result of a tracking job: player, timeline, table, maps, charts and files, which move together. */
export class Result {
  constructor(root, job) {
    Object.assign(this, { root, job, selected: null, aborter: new AbortController(), parts: [] });
    this.wait = h("div", { class: "card empty" }, h("p", { class: "muted" }, "Reading the tracks …"));
    fill(root, this.wait);
    readTracks(job, (data) => this._part(data), this.aborter.signal).then((data) => this._complete(data), (error) => this._failed(error));
  }

  end() {
    this.aborter.abort();
    for (const part of this.parts) part.end?.();
    this.timeline?.destroy();
    this.player?.destroy();
  }

  _failed(error) {
    if (error.name === "AbortError") return;
    const files = filesCard(this.job);
    const problem = h("div", { class: "notice bad", role: "alert" }, icon("alert"), h("span", {}, `The tracks cannot be shown: ${error.message}`));
    if (this.data) this.root.prepend(problem);
    else fill(this.root, problem, files);
  }

  _part(data) {
    if (!this.data) this._build(data);
    const [from, to] = [data.loaded ?? 0, data.frames];
    this.loading.textContent = from < to ? `Reading frame ${from} of ${to} …` : "";
    this._refresh();
  }

  _complete(data) {
    if (this.aborter.signal.aborted) return;
    this.loading.textContent = "";
    this._charts();
    if (data.hasPitch) this._pitch();
    else this._heat(null);
  }

  _build(data) {
    this.data = data;
    const { job } = this;
    this.overlay = new Overlay(data);
    Object.assign(this.overlay.layers, storedLayers());
    const stage = h("div", { class: "result-player" });
    this.side = h("section", { class: "card side", "aria-label": "Tracks" });
    this.loading = h("span", { class: "muted small", role: "status" });
    const timelineHead = h("header", {}, h("h2", { class: "grow" }, "Timeline"), this.loading);
    const timelineCard = h("section", { class: "card", "aria-label": "Timeline" }, timelineHead);
    this.heatCard = h("section", { class: "card", "aria-labelledby": "heat-title" }, h("header", {}, h("h2", { id: "heat-title" }, "Heat map")));
    this.chartCard = h("section", { class: "card", "aria-labelledby": "chart-title" }, h("header", {}, h("h2", { id: "chart-title" }, "Over time")));
    this.maps = h("div", { class: "two" }, this.heatCard, this.chartCard);
    this.runCard = h("section", { class: "card", "aria-labelledby": "run-title", hidden: true }, h("header", {}, h("h2", { id: "run-title" }, "How it ran")));
    fill(this.root, h("div", { class: "result" }, h("div", { class: "stack" }, stage), this.side), timelineCard, this.maps, this.runCard, filesCard(job), this._about());
    this._player(stage, data);
    this.timeline = new Timeline(timelineCard, { frames: data.frames, clock: this.player.clock });
    timelineHead.append(...this.timeline.buttons());
    this.timeline.onSeek((frame) => this.player.seekToFrame(frame));
    this.timeline.onSelect((id) => this.select(id));
    this.table = new TrackTable(this.side, data, {
      time: (frame) => clockText(this.player.clock.start(frame), 1),
      colour: (track) => data.colour(track.id, this.overlay.layers.teams),
      onSelect: (id) => this.select(id === this.selected ? null : id, true),
      onFilter: (ids) => this._filter(ids),
    });
    this.parts.push(this.table);
    this.root.onkeydown = (event) => this._key(event);
  }

  _player(stage, data) {
    const { job } = this;
    const drawn = (job.files || []).find((file) => /_tracked\.mp4$/.test(file.name));
    this.player = new Player(stage, {
      source: `/v1/jobs/${job.id}/source`, fallback: drawn?.href, times: data.times, frameRate: data.rate, frames: data.frames, width: data.width, height: data.height,
      label: job.name,
    });
    new Controls(this.player);
    this.layerBar = h("div", { class: "layers", role: "group", "aria-label": "What is drawn" }, LAYERS.map(([key, text, letter]) =>
      h("button", { class: "button small", type: "button", title: `${text} (${letter})`, "aria-pressed": String(this.overlay.layers[key]), data: { layer: key }, on: { click: () => this._layer(key) } }, text)));
    stage.append(this.layerBar);
    this.kits = new Kits(data, this.player);
    this.player.onDraw((context, frame, unit) => !this._burnt() && this.overlay.draw(context, frame, unit));
    this.player.onFrame((frame) => this._frame(frame));
    this.player.onState((state) => state === "ready" && this._frame(this.player.frame));
    this.player.canvas.addEventListener("click", (event) => {
      const { x, y } = this.player.toVideo(event.clientX, event.clientY);
      this.select(this.overlay.hit(this.player.frame, x, y));
    });
  }

  /** Whether the picture on the screen has its boxes drawn in already. */
  _burnt() {
    return this.player?.usesFallback && this.player.state === "ready";
  }

  select(id, goThere = false) {
    this.selected = this.overlay.selected = id;
    this.timeline.select(id);
    this.table.select(id);
    this.player.redraw();
    this._mapsFollow();
    const track = this.data.tracks.get(id);
    if (goThere && track && !track.spans.some(([first, last]) => first <= this.player.frame && this.player.frame <= last)) this.player.seekToFrame(track.first);
  }

  _frame(frame) {
    this.timeline?.setFrame(frame);
    this.minimap?.draw(frame);
    for (const chart of this.chartsOfFrames || []) chart.setMark(frame);
    if (this.kits.look(frame)) {
      this.player.redraw();
      this._refresh();
    }
  }

  _filter(ids) {
    this.overlay.shown = ids;
    this._rows();
    this.player.redraw();
    this._mapsFollow();
  }

  _mapsFollow() {
    this.heat?.narrow(this.selected !== null ? new Set([this.selected]) : this.overlay.shown);
    this.minimap?.draw(this.player.frame);
  }

  /** Everything that is made of tracks, made again: more are here, or colours changed. */
  _refresh() {
    this.table.refresh();
    this._rows();
    this.player.redraw();
    this.minimap?.draw(this.player.frame);
  }

  _rows() {
    const { data, overlay } = this;
    const shown = [...data.tracks.values()].filter((track) => !overlay.shown || overlay.shown.has(track.id));
    this.timeline.setRows(shown.map((track) => ({ id: track.id, label: data.label(track), colour: data.colour(track.id, overlay.layers.teams), spans: track.spans, title: [track.team && `team ${track.team}`, track.role].filter(Boolean).join(", ") })));
  }

  _layer(key) {
    const { layers } = this.overlay;
    layers[key] = !layers[key];
    this.layerBar.querySelector(`[data-layer="${key}"]`).setAttribute("aria-pressed", String(layers[key]));
    try {
      localStorage.setItem(STORED, JSON.stringify(layers));
    } catch {
      // storage is off
    }
    this._refresh();
  }

  _key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input:not([type=range]), select, textarea")) return;
    const layer = LAYERS.find(([, , letter]) => letter.toLowerCase() === event.key.toLowerCase());
    if (layer) this._layer(layer[0]);
  }

  async _pitch() {
    const shape = await pitchShape(this.data.pitch);
    if (this.aborter.signal.aborted) return;
    if (shape) {
      const card = h("section", { class: "card", "aria-labelledby": "map-title" }, h("header", {}, h("h2", { id: "map-title" }, "Minimap")));
      this.maps.prepend(card);
      this.minimap = new MiniMap(card, this.data, this.overlay, shape);
      this.parts.push(this.minimap);
      this.minimap.draw(this.player.frame);
    }
    this._heat(shape);
  }

  _heat(shape) {
    this.heat = new HeatMap(this.heatCard, this.data, this.player, shape);
    this.parts.push(this.heat);
    this.player.onState((state) => state === "ready" && this.heat.draw());
  }

  async _charts() {
    const { data, player } = this;
    const body = this.chartCard.appendChild(h("div", { class: "charts" }));
    const words = (frame) => clockText(player.clock.start(Math.min(data.frames, Math.max(1, Math.round(frame)))), 0);
    const onPick = (frame) => player.seekToFrame(frame);
    const tracks = new LineChart(body, { title: "Tracks in the picture", digits: 0, x: words, onPick });
    const score = new LineChart(body, { title: "Mean score of the boxes", digits: 2, x: words, onPick });
    const [alive, scores] = perFrame(data);
    tracks.set(alive, [1, data.frames]);
    score.set(scores, [1, data.frames]);
    this.chartsOfFrames = [tracks, score];
    this.parts.push(tracks, score);
    const series = (await get(`/v1/jobs/${this.job.id}/series`, { signal: this.aborter.signal }).catch(() => null))?.series ?? {};
    const run = this.runCard.appendChild(h("div", { class: "charts wide" }));
    for (const [name, points] of Object.entries(series)) {
      if (["tracks_alive", "mean_score", "frames"].includes(name) || points.length < 2) continue;
      const first = points[0][0];
      const chart = new LineChart(run, { ...seriesAbout(name), x: (at) => `+${spanText(at - first)}` });
      chart.set(points);
      this.parts.push(chart);
      this.runCard.hidden = false;
    }
    const table = (ending, text) => h("a", { class: "button small", href: `/v1/jobs/${this.job.id}/series.${ending}`, download: "", "aria-label": `Series as ${text}` }, icon("download"), text);
    this.runCard.querySelector("header").append(h("span", { class: "grow" }), table("csv", "CSV"), table("parquet", "Parquet"));
  }

  _about() {
    const { job } = this;
    const { warnings = [] } = job.summary || {};
    const settings = Object.entries(job.settings || {});
    return h("details", { class: "card more" }, h("summary", {}, "About this job"),
      h("div", { class: "body stack" },
        warnings.map((text) => h("div", { class: "notice warn" }, icon("alert"), h("span", {}, text))),
        h("dl", { class: "figures" }, settings.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, typeof value === "object" ? JSON.stringify(value) : String(value)))),
          !settings.length && h("div", {}, h("dt", {}, "Settings"), h("dd", {}, "defaults")),
          h("div", {}, h("dt", {}, "Job"), h("dd", { class: "mono" }, job.id)))));
  }
}

function storedLayers() {
  try {
    return JSON.parse(localStorage.getItem(STORED)) || {};
  } catch {
    return {};
  }
}

/** Of each frame how many tracks there are, and their mean score. */
function perFrame(data) {
  const alive = [];
  const scores = [];
  for (let frame = 1; frame <= data.frames; frame += 1) {
    const [from, to] = data.range(frame);
    alive.push([frame, to - from]);
    let sum = 0;
    for (let n = from; n < to; n += 1) sum += data.columns.score[n];
    scores.push([frame, to > from ? sum / (to - from) : NaN]);
  }
  return [alive, scores];
}
