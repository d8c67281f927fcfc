import { get } from "/static/api.js";
import { toast } from "/static/toast.js";
import { ask } from "./dialogs.js";
import { pulled } from "./stage.js";

const NUDGE_AFTER = 450; // ms without a key after which a nudged box is saved

/** Everything that changes tracks. Each method says what is missing, or makes one edit. */
export class Actions {
  constructor(app) {
    this.app = app;
  }

  // --- edits ----------------------------------------------------------------------------------------------------------

  /** Apply one operation; tells what was done. Resolves with the change, or null. */
  async edit(operation, more = {}) {
    const { app } = this;
    app.player.pause();
    try {
      const change = await app.model.apply(operation, more);
      const follows = change.follows ? `, and ${change.follows} that follow${change.follows === 1 ? "s" : ""} from it` : "";
      toast(change.text + follows, "good");
      return change;
    } catch (error) {
      app.complain(error);
      return null;
    }
  }

  async undo() {
    await this._step("undo");
  }

  async redo() {
    await this._step("redo");
  }

  async _step(name) {
    const { app } = this;
    if (app.mode && app.mode.kind !== "moment") app.leave();
    try {
      const change = await app.model[name]();
      toast(change.text);
    } catch (error) {
      app.complain(error);
    }
  }

  /** Begin to swap or merge: offer the tracks that may be meant. */
  async partner(op) {
    const { app } = this;
    const track = this._chosen();
    if (track === null) return;
    app.player.pause();
    const frame = this._frame();
    try {
      const { partners } = await get(`/v1/edit/partners?kind=${op}&track=${track}&frame=${frame}`);
      const keys = new Map(partners.map((one, n) => [one.track, n + 1]));
      app.mode = { kind: "partner", op, frame, list: partners, partners: keys };
      app.refresh();
    } catch (error) {
      app.complain(error);
    }
  }

  /** The partner was chosen: swap or merge. */
  async withPartner(other) {
    const { app } = this;
    const { op, frame } = app.mode;
    const track = app.selected;
    app.leave();
    if (op === "swap") await this.edit({ op, a: track, b: other, frame });
    else await this.edit({ op, a: track, b: other });
  }

  async split() {
    const track = this._chosen();
    if (track !== null) await this.edit({ op: "split", track, frame: this._frame() });
  }

  async removeBox() {
    const track = this._chosen();
    if (track !== null) await this.edit({ op: "remove", track, frame: this._frame() });
  }

  async deleteTrack() {
    const track = this._chosen();
    if (track !== null) await this.edit({ op: "delete", track });
  }

  async deleteSpan() {
    const { first, last } = this.app.span;
    const track = this._chosen();
    if (track === null) return;
    if (first === null && last === null) this.app.complain("Say which frames: I for the first, O for the last one.");
    else if (await this.edit({ op: "delete", track, ...this._span() })) this.app.setSpan({ first: null, last: null });
  }

  async rename() {
    const track = this._chosen();
    if (track === null) return;
    const text = await ask(`New id of track ${track}`, { type: "number", min: 0, step: 1, value: track });
    if (text !== null && text !== String(track)) {
      const change = await this.edit({ op: "rename", track, new: Number(text) });
      if (change) this.app.select(Number(text));
    }
  }

  /** Team, role, number or name, in the chosen span or throughout. */
  async describe(attribute, value) {
    const track = this._chosen();
    if (track !== null) await this.edit({ op: attribute, track, value: value.trim(), ...this._span() });
  }

  async confirm() {
    const track = this._chosen();
    if (track !== null) await this.edit({ op: "confirm", tracks: [track], ...this._span() }, { follow: true });
  }

  /** Everybody in this frame is right for a second before and after, or in the chosen span. */
  async confirmAll() {
    const { app } = this;
    const tracks = app.model.boxes(app.frame).map((one) => one.id);
    const second = Math.round(app.model.video.frame_rate);
    const chosen = this._span();
    const around = { first: Math.max(1, app.frame - second), last: Math.min(app.model.frames, app.frame + second) };
    if (!tracks.length) app.complain("There is no box in this frame.");
    else await this.edit({ op: "confirm", tracks, ...(Object.keys(chosen).length ? chosen : around) }, { follow: true });
  }

  // --- boxes ----------------------------------------------------------------------------------------------------------

  /** Draw a box: of the chosen track, or of a new one. */
  draw(fresh) {
    const { app } = this;
    app.player.pause();
    const track = fresh ? null : app.selected;
    if (track !== null && app.model.box(track, app.frame)) {
      app.complain(`Track ${track} has a box here: move it, or add one of a new track with Shift A.`);
      return;
    }
    if (fresh) app.selected = null;
    app.mode = { kind: "draw", track };
    app.draft = this._guess(track);
    app.refresh();
  }

  /** Set a key box of the chosen track here; between two and more of them the track goes in straight lines. */
  key() {
    const { app } = this;
    app.player.pause();
    if (app.mode?.kind !== "keys") app.mode = { kind: "keys", track: app.selected, keys: new Map() };
    this.showKeyBox();
    app.mode.keys.set(app.frame, app.draft);
    app.refresh();
  }

  /** Show where the keys put the box in this frame. */
  showKeyBox() {
    const { app } = this;
    const { keys, track } = app.mode;
    const own = track === null ? null : app.model.box(track, app.frame);
    app.draft = between(keys, app.frame) ?? own ?? nearestKey(keys, app.frame) ?? this._guess(track);
    app.player.redraw();
  }

  /** Accept what was begun: the box that was drawn, or the key boxes. */
  async accept() {
    const { app } = this;
    const { mode, draft } = app;
    if (mode?.kind === "draw" && draft) {
      app.leave();
      const track = mode.track === null ? {} : { track: mode.track };
      const change = await this.edit({ op: "add", ...track, frame: app.frame, box: draft });
      if (change && mode.track === null) app.select(change.tracks[0]);
    } else if (mode?.kind === "keys") {
      if (mode.keys.size < 2) {
        app.complain("Set two key boxes or more: go to another frame and press K.");
        return;
      }
      const keys = [...mode.keys].sort(([a], [b]) => a - b).map(([frame, box]) => ({ frame, box }));
      app.leave();
      const track = mode.track === null ? {} : { track: mode.track };
      const change = await this.edit({ op: "interpolate", ...track, keys, every: app.model.every });
      if (change && mode.track === null) app.select(change.tracks[0]);
    }
  }

  /** A box was put somewhere: saved at once, unless more is to come in this mode. */
  place(box) {
    const { app } = this;
    app.draft = box;
    if (app.mode?.kind === "keys") {
      app.mode.keys.set(app.frame, box);
      app.refresh();
    } else if (app.mode?.kind === "draw") this.accept();
    else this._move(box);
  }

  /** Move or resize the box by keys; it is saved when the keys rest. */
  nudge(grip, dx, dy) {
    const { app } = this;
    const box = app.draft ?? (app.selected === null ? null : app.model.box(app.selected, app.frame));
    if (!box) return;
    app.player.pause();
    app.draft = pulled(box, grip, dx, dy);
    app.player.redraw();
    if (app.mode?.kind === "keys") app.mode.keys.set(app.frame, app.draft);
    if (app.mode?.kind === "keys" || app.mode?.kind === "draw") return;
    clearTimeout(this._resting);
    const [id, frame] = [app.selected, app.frame];
    this._resting = setTimeout(() => app.draft && app.selected === id && app.frame === frame && this._move(app.draft), NUDGE_AFTER);
  }

  async _move(box) {
    const { app } = this;
    await this.edit({ op: "move", track: app.selected, frame: this._frame(), box });
    await app.model.ready(app.frame);
    app.draft = null;
    app.player.redraw();
  }

  // --- what they share ------------------------------------------------------------------------------------------------

  _chosen() {
    if (this.app.selected === null) this.app.complain("Choose a player first: click one, or use the up and down arrows.");
    return this.app.selected;
  }

  /** The frame whose boxes are on the screen. */
  _frame() {
    return this.app.model.tracked(this.app.frame);
  }

  _span() {
    const { first, last } = this.app.span;
    return { ...(first !== null && { first }), ...(last !== null && { last }) };
  }

  /** A box to begin with: the track's nearest one that is loaded, else one in the middle. */
  _guess(track) {
    const { model, frame, player } = this.app;
    if (track !== null) {
      for (let away = 0; away < 250; away += 1) {
        for (const at of [frame - away, frame + away]) {
          const box = at >= 1 && at <= model.frames ? model.box(track, at) : null;
          if (box) return box;
        }
      }
    }
    const sizes = model.boxes(frame).map(({ box }) => [box[2] - box[0], box[3] - box[1]]).sort((a, b) => a[1] - b[1]);
    const [wide, tall] = sizes[sizes.length >> 1] ?? [player.width / 30, player.height / 9];
    const [x, y] = [(player.width - wide) / 2, (player.height - tall) / 2];
    return [x, y, x + wide, y + tall];
  }
}

/** The box that key boxes before and after a frame make in it; null outside of them. */
export function between(keys, frame) {
  const frames = [...keys.keys()].sort((a, b) => a - b);
  const after = frames.find((one) => one >= frame);
  const before = frames.findLast((one) => one <= frame);
  if (after === undefined || before === undefined) return null;
  if (after === before) return keys.get(after);
  const share = (frame - before) / (after - before);
  return keys.get(before).map((value, n) => value + share * (keys.get(after)[n] - value));
}

function nearestKey(keys, frame) {
  const [nearest] = [...keys.keys()].sort((a, b) => Math.abs(a - frame) - Math.abs(b - frame));
  return keys.get(nearest) ?? null;
}
