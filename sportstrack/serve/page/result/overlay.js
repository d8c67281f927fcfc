const TRAIL = 2.0; // seconds
const FONT = "Inter, system-ui, sans-serif";

/** Draws the tracks of one frame over the picture; `layers` says what, and may change at any time. */
export class Overlay {
  /** @param {import("./model.js").TrackData} data */
  constructor(data) {
    this.data = data;
    this.layers = { boxes: true, ids: true, teams: true, trails: true, names: true };
    this.selected = null;
    this.shown = null; // ids that the filter lets through; null is all
  }

  draw(context, frame, unit) {
    const { data, layers } = this;
    const [from, to] = data.range(frame);
    if (layers.trails) this._trails(context, frame, unit);
    for (let n = from; n < to; n += 1) {
      const id = data.columns.id[n];
      if (this.shown && !this.shown.has(id)) continue;
      const picked = id === this.selected;
      context.globalAlpha = this.selected !== null && !picked ? 0.4 : 1;
      const colour = data.colour(id, layers.teams, frame);
      const box = data.columns.box.subarray(n * 4, n * 4 + 4);
      if (layers.boxes) drawBox(context, box, colour, unit, picked);
      if (layers.ids) drawLabel(context, box, this._text(id, frame), colour, unit, picked);
    }
    context.globalAlpha = 1;
  }

  /** The id of the box under a pixel of the video: the smallest, where several lie there. */
  hit(frame, x, y) {
    const { data } = this;
    const [from, to] = data.range(frame);
    let [best, size] = [null, Infinity];
    for (let n = from; n < to; n += 1) {
      const [x1, y1, x2, y2] = data.columns.box.subarray(n * 4, n * 4 + 4);
      const area = (x2 - x1) * (y2 - y1);
      const id = data.columns.id[n];
      if (x >= x1 && x <= x2 && y >= y1 && y <= y2 && area < size && (!this.shown || this.shown.has(id))) [best, size] = [id, area];
    }
    return best;
  }

  _text(id, frame) {
    const known = this.layers.names ? this.data.identity(id, frame) : null;
    return known?.name || (known?.number ? `#${known.number}` : String(id));
  }

  /** Where each track stood in the last seconds. */
  _trails(context, frame, unit) {
    const { data, layers } = this;
    const first = Math.max(1, frame - Math.round(TRAIL * data.rate));
    const [now, end] = data.range(frame);
    const paths = new Map();
    for (let n = now; n < end; n += 1) {
      const id = data.columns.id[n];
      if (!this.shown || this.shown.has(id)) paths.set(id, []);
    }
    for (let n = data.range(first)[0]; n < end; n += 1) {
      const path = paths.get(data.columns.id[n]);
      if (path) path.push((data.columns.box[n * 4] + data.columns.box[n * 4 + 2]) / 2, data.columns.box[n * 4 + 3]);
    }
    context.lineJoin = context.lineCap = "round";
    for (const [id, path] of paths) {
      context.globalAlpha = this.selected !== null && id !== this.selected ? 0.2 : 0.75;
      context.strokeStyle = data.colour(id, layers.teams, frame);
      context.lineWidth = (id === this.selected ? 3 : 2) * unit;
      context.beginPath();
      for (let at = 0; at < path.length; at += 2) context.lineTo(path[at], path[at + 1]);
      context.stroke();
    }
    context.globalAlpha = 1;
  }
}

function drawBox(context, [x1, y1, x2, y2], colour, unit, picked) {
  const path = () => {
    context.beginPath();
    context.roundRect(x1, y1, x2 - x1, y2 - y1, 3 * unit);
    context.stroke();
  };
  context.strokeStyle = "#000a";
  context.lineWidth = (picked ? 5.5 : 3.5) * unit;
  path();
  context.strokeStyle = colour;
  context.lineWidth = (picked ? 3.2 : 1.8) * unit;
  path();
}

/** Write a word above a box, or inside where there is no room above; `gap` is in screen pixels. */
export function drawLabel(context, [x1, y1, x2], text, colour, unit, picked, gap = 2) {
  const size = (picked ? 12.5 : 11) * unit;
  context.font = `600 ${size}px ${FONT}`;
  const wide = context.measureText(text).width + 8 * unit;
  const tall = size + 5 * unit;
  const left = (x1 + x2) / 2 - wide / 2;
  const top = y1 > tall + gap * unit ? y1 - tall - gap * unit : y1 + gap * unit;
  context.fillStyle = colour;
  context.beginPath();
  context.roundRect(left, top, wide, tall, 4 * unit);
  context.fill();
  context.fillStyle = isLight(colour) ? "#0a0e13" : "#ffffff";
  context.textBaseline = "middle";
  context.fillText(text, left + 4 * unit, top + tall / 2 + 0.5 * unit);
}

/** Whether dark text can be read on a colour. */
export function isLight(colour) {
  const [r, g, b] = colour.startsWith("#")
    ? [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16))
    : colour.match(/[\d.]+/g).map(Number);
  return 0.299 * r + 0.587 * g + 0.114 * b > 130;
}
