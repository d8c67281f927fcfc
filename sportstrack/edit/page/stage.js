import { drawLabel } from "/static/result/overlay.js";
import { colourOf, labelOf } from "./look.js";

const NEAR = 7; // screen pixels from a side within which the mouse takes it
const TRAIL = 2; // seconds before and after
const CURSORS = { n: "ns-resize", s: "ns-resize", w: "ew-resize", e: "ew-resize", nw: "nwse-resize", se: "nwse-resize", ne: "nesw-resize", sw: "nesw-resize", move: "move" };

/**
 * The boxes over the video, and the mouse: choose a player, move a box, pull its sides, draw a new one.
 *
 * `app` has `model`, `selected`, `mode`, `draft` (a box that is being drawn or moved, or null) and answers `pick(id)`,
 * `place(box)` (a box was moved, resized or drawn) and `show` ({boxes, labels}).
 */
export class Stage {
  /** @param {import("/static/player.js").Player} player */
  constructor(app, player) {
    Object.assign(this, { app, player, held: null, hovered: null });
    player.onDraw((context, frame, unit) => this._draw(context, frame, unit));
    const on = (name, handler) => player.canvas.addEventListener(name, handler);
    on("pointerdown", (event) => this._down(event));
    on("pointermove", (event) => this._move(event));
    on("pointerup", (event) => this._up(event));
    on("pointercancel", () => this._end());
    on("pointerleave", () => !this.held && this._hover(null));
    on("dblclick", () => player.setView({ scale: 1, x: 0, y: 0 }));
  }

  // --- drawing --------------------------------------------------------------------------------------------------------

  _draw(context, frame, unit) {
    const { app } = this;
    const { model, selected } = app;
    if (selected !== null && app.show.boxes) this._trail(context, frame, unit);
    const boxes = model.boxes(frame);
    for (const { id, box, filled } of app.show.boxes ? boxes : boxes.filter((one) => one.id === selected)) {
      if (id === selected && app.draft) continue;
      const picked = id === selected;
      context.globalAlpha = app.mode?.partners ? (picked || app.mode.partners.has(id) ? 1 : 0.3) : selected === null || picked ? 1 : 0.6;
      const colour = colourOf(model, id, frame);
      drawBox(context, box, colour, unit, { picked, dashed: filled, hovered: id === this.hovered });
      if (app.show.labels || picked) drawLabel(context, box, this._text(id, frame), colour, unit, picked, 3);
      if (picked) drawHandles(context, box, unit);
    }
    context.globalAlpha = 1;
    this._drawDraft(context, unit);
  }

  _text(id, frame) {
    const key = this.app.mode?.partners?.get(id);
    return key ? `${key}: ${labelOf(this.app.model, id, frame)}` : labelOf(this.app.model, id, frame);
  }

  _drawDraft(context, unit) {
    const { draft, selected, model } = this.app;
    if (!draft) return;
    const colour = selected === null ? "#ffffff" : colourOf(model, selected);
    drawBox(context, draft, colour, unit, { picked: true, dashed: true });
    drawHandles(context, draft, unit);
  }

  /** Where the chosen track was and will be, around this frame. */
  _trail(context, frame, unit) {
    const { model, selected } = this.app;
    const reach = Math.round(TRAIL * model.video.frame_rate);
    const colour = colourOf(model, selected, frame);
    context.lineJoin = context.lineCap = "round";
    for (const [from, to, alpha, dash] of [[frame - reach, frame, 0.9, []], [frame, frame + reach, 0.55, [3 * unit, 6 * unit]]]) {
      context.strokeStyle = colour;
      context.globalAlpha = alpha;
      context.lineWidth = 2 * unit;
      context.setLineDash(dash);
      context.beginPath();
      for (let at = Math.max(1, from); at <= Math.min(model.frames, to); at += 1) {
        const box = model.tracked(at) === at ? model.box(selected, at) : null;
        if (box) context.lineTo((box[0] + box[2]) / 2, box[3]);
      }
      context.stroke();
    }
    context.setLineDash([]);
    context.globalAlpha = 1;
  }

  // --- the mouse ------------------------------------------------------------------------------------------------------

  /** The id of the box under a place: the chosen one if it is there, else the smallest. */
  hit({ x, y }) {
    const { app, player } = this;
    let [best, size] = [null, Infinity];
    for (const { id, box: [x1, y1, x2, y2] } of app.model.boxes(player.frame)) {
      if (x < x1 || x > x2 || y < y1 || y > y2) continue;
      const area = id === app.selected ? 0 : (x2 - x1) * (y2 - y1);
      if (area < size) [best, size] = [id, area];
    }
    return best;
  }

  /** What of the chosen box is under a place: a side or corner such as "nw", "move", or null. */
  grip({ x, y }) {
    const box = this._own();
    if (!box) return null;
    const near = NEAR / Math.max(0.2, this._scale());
    const [x1, y1, x2, y2] = box;
    if (x < x1 - near || x > x2 + near || y < y1 - near || y > y2 + near) return null;
    const up = Math.abs(y - y1) <= near ? "n" : Math.abs(y - y2) <= near ? "s" : "";
    const side = Math.abs(x - x1) <= near ? "w" : Math.abs(x - x2) <= near ? "e" : "";
    return up + side || "move";
  }

  _own() {
    const { app, player } = this;
    if (app.draft) return app.draft;
    return app.selected === null ? null : app.model.box(app.selected, player.frame);
  }

  _scale() {
    const [one, other] = [this.player.toWindow(0, 0), this.player.toWindow(1, 0)];
    return other.x - one.x;
  }

  _down(event) {
    if (event.button !== 0) return;
    const { app, player } = this;
    const at = player.toVideo(event.clientX, event.clientY);
    player.root.focus({ preventScroll: true });
    const held = { at, x: event.clientX, y: event.clientY, moved: false, view: { ...player.view } };
    const grip = app.mode?.kind === "partner" ? null : this.grip(at);
    const id = this.hit(at);
    if (app.mode?.kind === "draw") this.held = { ...held, kind: "draw" };
    else if (grip && (id === app.selected || app.draft || grip !== "move")) this.held = { ...held, kind: "box", grip, box: this._own() };
    else this.held = { ...held, kind: "view", id };
    player.canvas.setPointerCapture(event.pointerId);
  }

  _move(event) {
    const { app, player, held } = this;
    const at = player.toVideo(event.clientX, event.clientY);
    if (!held) {
      this._hover(at);
      return;
    }
    held.moved ||= Math.hypot(event.clientX - held.x, event.clientY - held.y) > 3;
    if (!held.moved) return;
    if (held.kind === "draw") app.draft = this._inside([Math.min(at.x, held.at.x), Math.min(at.y, held.at.y), Math.max(at.x, held.at.x), Math.max(at.y, held.at.y)]);
    else if (held.kind === "box") {
      player.pause();
      app.draft = pulled(held.box, held.grip, at.x - held.at.x, at.y - held.at.y);
    } else if (player.view.scale > 1) {
      const { scale, x, y } = held.view;
      player.setView({ scale, x: x + event.clientX - held.x, y: y + event.clientY - held.y });
    }
    player.redraw();
  }

  _up() {
    const { app, held } = this;
    this._end();
    if (!held) return;
    if (held.kind === "view" && !held.moved) app.pick(held.id);
    else if (held.kind !== "view" && held.moved && app.draft) app.place(this._inside(app.draft));
  }

  _end() {
    this.held = null;
    this.player.redraw();
  }

  _hover(at) {
    const { app, player } = this;
    const id = at ? this.hit(at) : null;
    const grip = at && app.mode?.kind !== "partner" ? this.grip(at) : null;
    const drawing = app.mode?.kind === "draw";
    player.canvas.style.cursor = drawing ? "crosshair" : grip && (grip !== "move" || id === app.selected) ? CURSORS[grip] : id !== null ? "pointer" : "";
    if (id === this.hovered) return;
    this.hovered = id;
    player.redraw();
  }

  /** A box cut at the picture's border, never smaller than two pixels. */
  _inside([x1, y1, x2, y2]) {
    const { width, height } = this.player;
    const held = (value, most) => Math.min(most, Math.max(0, value));
    const [left, top] = [held(x1, width - 2), held(y1, height - 2)];
    return [left, top, Math.max(left + 2, held(x2, width)), Math.max(top + 2, held(y2, height))];
  }
}

/** A box after one of its grips was moved. */
export function pulled([x1, y1, x2, y2], grip, dx, dy) {
  if (grip === "move") return [x1 + dx, y1 + dy, x2 + dx, y2 + dy];
  if (grip.includes("n")) y1 = Math.min(y1 + dy, y2 - 2);
  if (grip.includes("s")) y2 = Math.max(y2 + dy, y1 + 2);
  if (grip.includes("w")) x1 = Math.min(x1 + dx, x2 - 2);
  if (grip.includes("e")) x2 = Math.max(x2 + dx, x1 + 2);
  return [x1, y1, x2, y2];
}

function drawBox(context, [x1, y1, x2, y2], colour, unit, { picked = false, dashed = false, hovered = false }) {
  context.setLineDash(dashed ? [5 * unit, 4 * unit] : []);
  for (const [style, width] of [["#000a", picked ? 5 : 3.4], [colour, picked || hovered ? 2.8 : 1.7]]) {
    context.strokeStyle = style;
    context.lineWidth = width * unit;
    context.beginPath();
    context.roundRect(x1, y1, x2 - x1, y2 - y1, 3 * unit);
    context.stroke();
  }
  context.setLineDash([]);
}

function drawHandles(context, [x1, y1, x2, y2], unit) {
  if ((x2 - x1) / unit < 18) return; // there would be no middle left
  context.fillStyle = "#ffffff";
  context.strokeStyle = "#0a0e13";
  context.lineWidth = unit;
  for (const [x, y] of [[x1, y1], [x2, y1], [x1, y2], [x2, y2]]) {
    context.beginPath();
    context.rect(x - 3 * unit, y - 3 * unit, 6 * unit, 6 * unit);
    context.fill();
    context.stroke();
  }
}
