import { Controls } from "/static/controls.js";
import { fill, h, icon } from "/static/dom.js";
import { Player } from "/static/player.js";
import { Timeline } from "/static/timeline.js";
import { toast } from "/static/toast.js";
import { Actions } from "./actions.js";
import { watchKeys } from "./keys.js";
import { TrackPictures, colourOf, labelOf } from "./look.js";
import { EditModel } from "./model.js";
import { Moments } from "./moments.js";
import { showSide } from "./side.js";
import { Stage } from "./stage.js";
import { buildTools } from "./tools.js";

/** The editor: one video, one chosen track, one mode at a time. */
class Editor {
  constructor(model) {
    this.model = model;
    this.selected = null;
    this.draft = null; // a box that is being drawn or moved
    this.mode = null; // {kind: "partner" | "draw" | "keys" | "moment", …}
    this.span = { first: null, last: null };
    this.show = { boxes: true, labels: true };
    this.player = this._player();
    this.stage = new Stage(this, this.player);
    this.timeline = this._timeline();
    this.actions = new Actions(this);
    this.moments = new Moments(this);
    this.tools = buildTools(this);
    watchKeys(this);
    this._wire();
    this.refresh();
  }

  get frame() {
    return this.player.frame;
  }

  /** Choose a track, or none; in some modes that answers the mode's question. */
  pick(id) {
    if (this.mode?.kind === "partner" && id !== null && id !== this.selected) {
      this.actions.withPartner(id);
      return;
    }
    if (this.mode?.kind === "draw") return;
    this.select(id);
  }

  select(id) {
    if (this.mode && this.mode.kind !== "moment") this.leave();
    this.draft = null;
    this.selected = id;
    this.timeline.select(id);
    this.refresh();
  }

  /** End what was begun: the choice of a partner, drawing, key boxes. */
  leave() {
    this.mode = null;
    this.draft = null;
    this.refresh();
  }

  /** A box was moved, resized or drawn by mouse. */
  place(box) {
    this.actions.place(box);
  }

  async go(frame) {
    await this.player.seekToFrame(frame);
  }

  /** Draw everything again that shows the tracks. */
  refresh() {
    this.player.redraw();
    showSide(this);
    this.tools.show();
  }

  setSpan(span) {
    this.span = { ...this.span, ...span };
    const { first, last } = this.span;
    if (first !== null && last !== null && first > last) this.span = { first: last, last: first };
    const any = this.span.first !== null || this.span.last !== null;
    this.timeline.setSpan(any ? [this.span.first ?? 1, this.span.last ?? this.model.frames] : null);
    this.refresh();
  }

  /** Tell that something could not be done. */
  complain(error) {
    toast(error.message ? capital(error.message) : String(error), "bad");
  }

  _player() {
    const { model } = this;
    const { video } = model;
    const view = document.getElementById("view");
    const player = new Player(view, {
      source: video.file && !video.unplayable ? "/v1/edit/video" : undefined,
      pictures: (frame) => `/v1/edit/frames/${frame}.jpg`,
      times: model.times,
      frameRate: video.frame_rate,
      frames: video.frames,
      width: video.width,
      height: video.height,
      label: model.project.name,
    });
    new Controls(player);
    return player;
  }

  _timeline() {
    const { model } = this;
    const pictures = new TrackPictures(() => this.timeline.redraw());
    const root = document.getElementById("tracks");
    const head = root.appendChild(h("header", { class: "tracks-head" }));
    const line = new Timeline(root, {
      frames: model.frames, clock: model.clock, tall: 30, names: 190, picture: (row) => pictures.of(row.of),
    });
    this.count = h("span", { class: "muted small grow" });
    fill(head, h("h2", {}, "Tracks"), this.count, line.buttons());
    const seconds = model.clock.seconds;
    if (seconds > 180) line.setRange(1, 1 + 120 * model.video.frame_rate); // two minutes at first
    return line;
  }

  _wire() {
    const { model, player, timeline } = this;
    player.onFrame((frame) => {
      model.prepare(frame);
      timeline.setFrame(frame);
      if (this.mode?.kind !== "keys") this.draft = null;
      else this.actions.showKeyBox();
      showSide(this, { light: true });
    });
    player.onState((state) => this.tools.showPlaying(state));
    timeline.onSeek((frame) => this.go(frame));
    timeline.onSelect((id) => this.pick(id));
    model.on("boxes", () => player.redraw());
    model.on("tracks", (change) => this._changed(change));
    model.on("status", (text, kind) => this.tools.showSaved(text, kind));
    model.on("moments", (state) => this.moments.news(state));
    model.on("copy", (state) => this.tools.showCopy(state));
    this._setRows();
    model.prepare(1);
    model.listen();
  }

  _changed(change) {
    if (this.selected !== null && !this.model.row(this.selected)) this.selected = change?.tracks.find((id) => this.model.row(id)) ?? null;
    this._setRows();
    this.timeline.select(this.selected);
    this.refresh();
  }

  _setRows() {
    const { model } = this;
    const rows = [...model.rows.values()].sort(
      (a, b) => (a.team || "~").localeCompare(b.team || "~") || (a.spans[0]?.[0] ?? 0) - (b.spans[0]?.[0] ?? 0) || a.id - b.id,
    );
    this.timeline.setRows(
      rows.map((row) => ({
        id: row.id, of: row, label: labelOf(model, row.id), colour: colourOf(model, row.id), spans: row.spans, sure: row.confirmed,
        title: [row.team && `team ${row.team}`, row.role].filter(Boolean).join(", "),
      })),
    );
    this.count.textContent = `${rows.length} tracks, ${model.frames.toLocaleString("en")} frames`;
  }
}

const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);

async function begin() {
  try {
    const model = await EditModel.open();
    document.title = `${model.project.name} · sportstrack edit`;
    document.getElementById("title").textContent = model.project.name;
    window.editor = new Editor(model);
    for (const text of model.project.warnings) toast(text, "warn");
  } catch (error) {
    fill(document.getElementById("view"), h("p", { class: "notice bad" }, icon("alert"), error.message));
    throw error;
  }
}

begin();
