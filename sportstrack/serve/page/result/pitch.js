import { get } from "../api.js";
import { h, sized } from "../dom.js";
import { isLight } from "./overlay.js";

const FONT = "Inter, system-ui, sans-serif";
const TRAIL = 3; // seconds

/** The lines of a pitch as the service knows them: `{lines: [[[x, y], …], …], reach: [x, y]}` in metres from the middle. */
export async function pitchShape(pitch) {
  const more = new URLSearchParams();
  for (const key of ["length", "width"]) if (pitch?.[key]) more.set(key, pitch[key]);
  return get(`/v1/pitches/${encodeURIComponent(pitch?.name || "football")}?${more}`).catch(() => null);
}

/** A pitch drawn to fit a canvas, and where its metres are there. */
export class PitchView {
  constructor(shape, width, height) {
    Object.assign(this, { shape, width, height, scale: Math.min(width / (2 * shape.reach[0]), height / (2 * shape.reach[1])) });
  }

  x(metres) {
    return this.width / 2 + metres * this.scale;
  }

  y(metres) {
    return this.height / 2 + metres * this.scale;
  }

  draw(context) {
    context.fillStyle = this.shape.surface;
    context.fillRect(0, 0, this.width, this.height);
    context.fillStyle = "#ffffff0d";
    const stripe = this.scale * 5.25;
    for (let x = this.width / 2 - stripe * 20; x < this.width; x += stripe * 2) context.fillRect(x, 0, stripe, this.height);
    context.strokeStyle = this.shape.paint;
    context.globalAlpha = 0.8;
    context.lineWidth = Math.max(1, this.scale * 0.2);
    for (const line of this.shape.lines) {
      context.beginPath();
      for (const [x, y] of line) context.lineTo(this.x(x), this.y(y));
      context.stroke();
    }
    context.globalAlpha = 1;
  }
}

/** The pitch from above with the players of the frame that the player shows. */
export class MiniMap {
  /** @param {HTMLElement} root @param {import("./model.js").TrackData} data @param {import("./overlay.js").Overlay} overlay */
  constructor(root, data, overlay, shape) {
    Object.assign(this, { data, overlay, shape, frame: 1 });
    this.canvas = h("canvas", { class: "chart", role: "img", "aria-label": "The players on the pitch, from above" });
    root.append(h("div", { class: "minimap" }, this.canvas));
    this.watch = new ResizeObserver(() => this.draw(this.frame));
    this.watch.observe(this.canvas.parentElement);
  }

  end() {
    this.watch.disconnect();
  }

  draw(frame) {
    this.frame = frame;
    const width = this.canvas.parentElement.clientWidth;
    if (!width) return;
    const height = (width * this.shape.reach[1]) / this.shape.reach[0];
    Object.assign(this.canvas.style, { width: `${width}px`, height: `${height}px` });
    const { context } = sized(this.canvas, width, height);
    const view = new PitchView(this.shape, width, height);
    view.draw(context);
    this._trails(context, view, frame);
    const [from, to] = this.data.range(frame);
    for (let n = from; n < to; n += 1) this._dot(context, view, n, frame);
  }

  _dot(context, view, n, frame) {
    const { data, overlay } = this;
    const id = data.columns.id[n];
    const [x, y] = data.columns.pitch.subarray(n * 2, n * 2 + 2);
    if (x !== x || (overlay.shown && !overlay.shown.has(id))) return;
    const known = data.identity(id, frame);
    const radius = known?.role === "ball" ? 4 : Math.max(6, Math.min(11, view.width / 60));
    const colour = data.colour(id, overlay.layers.teams, frame);
    context.globalAlpha = overlay.selected !== null && overlay.selected !== id ? 0.45 : 1;
    context.fillStyle = colour;
    context.strokeStyle = overlay.selected === id ? "#ffffff" : "#000b";
    context.lineWidth = overlay.selected === id ? 3 : 1.5;
    context.beginPath();
    context.arc(view.x(x), view.y(y), radius, 0, 7);
    context.fill();
    context.stroke();
    if (overlay.layers.ids && radius > 5) {
      context.fillStyle = isLight(colour) ? "#0a0e13" : "#ffffff";
      context.font = `600 ${Math.round(radius)}px ${FONT}`;
      context.textAlign = "center";
      context.textBaseline = "middle";
      context.fillText(known?.number || String(id), view.x(x), view.y(y) + 0.5);
      context.textAlign = "start";
    }
    context.globalAlpha = 1;
  }

  _trails(context, view, frame) {
    const { data, overlay } = this;
    if (!overlay.layers.trails) return;
    const [first, last] = [data.range(Math.max(1, frame - Math.round(TRAIL * data.rate)))[0], data.range(frame)[1]];
    const paths = new Map();
    for (let n = first; n < last; n += 1) {
      const id = data.columns.id[n];
      const [x, y] = data.columns.pitch.subarray(n * 2, n * 2 + 2);
      if (x !== x || (overlay.shown && !overlay.shown.has(id))) continue;
      if (!paths.has(id)) paths.set(id, []);
      paths.get(id).push([view.x(x), view.y(y)]);
    }
    context.lineWidth = 2;
    context.globalAlpha = 0.5;
    for (const [id, path] of paths) {
      context.strokeStyle = data.colour(id, overlay.layers.teams, frame);
      context.beginPath();
      for (const [x, y] of path) context.lineTo(x, y);
      context.stroke();
    }
    context.globalAlpha = 1;
  }
}
