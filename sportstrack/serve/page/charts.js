import { h, onThemeChange, sized, themeColours } from "./dom.js";
import { numberText } from "./format.js";

const FONT = "Inter, system-ui, sans-serif";
const [LEFT, BOTTOM, TOP] = [54, 22, 8]; // CSS pixels

/** A line over time or frames on a canvas: shows its value under the pointer and goes to a place when that is clicked. */
export class LineChart {
  /**
   * @param {HTMLElement} root
   * @param {{title: string, unit?: string, digits?: number, x: (value: number) => string, onPick?: (x: number) => void,
   *   read?: (value: number) => string}} how `x`: words of a place on the axis; `read`: words of a value
   */
  constructor(root, how) {
    Object.assign(this, { how, points: [], range: null, mark: null, at: null });
    this.latest = h("span", { class: "latest" });
    this.canvas = h("canvas", { class: "chart line", role: "img" });
    this.node = h("figure", { class: "figure" }, h("figcaption", {}, h("span", { class: "grow" }, how.title), this.latest), this.canvas);
    root.append(this.node);
    this.watch = new ResizeObserver(() => this.redraw());
    this.watch.observe(this.canvas);
    this.stopTheme = onThemeChange(() => this.redraw());
    this.canvas.addEventListener("pointermove", (event) => this._look(event));
    this.canvas.addEventListener("pointerleave", () => this._look(null));
    if (how.onPick) this.canvas.addEventListener("click", (event) => how.onPick(this._place(event)));
  }

  /** Show these points, [x, value] in order; values that are not numbers are gaps. */
  set(points, range = null) {
    this.points = points;
    this.range = range;
    const values = points.map((point) => point[1]).filter(Number.isFinite);
    const last = values.at(-1);
    this.latest.textContent = last === undefined ? "" : this._words(last);
    const said = values.length ? `last ${this._words(last)}, least ${this._words(Math.min(...values))}, most ${this._words(Math.max(...values))}` : "no values yet";
    this.canvas.setAttribute("aria-label", `${this.how.title}: ${said}`);
    this.redraw();
  }

  /** Put a line at a place. */
  setMark(x) {
    this.mark = x;
    this.redraw();
  }

  end() {
    this.watch.disconnect();
    this.stopTheme();
  }

  redraw() {
    this.dirty ||= requestAnimationFrame(() => {
      this.dirty = 0;
      this._draw();
    });
  }

  _words(value) {
    return this.how.read ? this.how.read(value) : `${numberText(value, this.how.digits ?? 1)}${this.how.unit ? ` ${this.how.unit}` : ""}`;
  }

  _place(event) {
    const box = this.canvas.getBoundingClientRect();
    const [from, to] = this._range();
    return from + ((event.clientX - box.left - LEFT) / Math.max(1, box.width - LEFT)) * (to - from);
  }

  _range() {
    return this.range || [this.points[0]?.[0] ?? 0, this.points.at(-1)?.[0] ?? 1];
  }

  _look(event) {
    this.at = event && this.points.length ? this._place(event) : null;
    this.redraw();
  }

  _draw() {
    const colours = themeColours();
    const { context, width, height } = sized(this.canvas);
    const [from, to] = this._range();
    const top = niceTop(this.points.reduce((most, point) => (Number.isFinite(point[1]) ? Math.max(most, point[1]) : most), 0));
    const x = (value) => LEFT + ((value - from) / Math.max(1e-9, to - from)) * (width - LEFT);
    const y = (value) => height - BOTTOM - (value / top) * (height - BOTTOM - TOP);
    this._axes(context, { colours, width, height, top, from, to, y });
    if (!this.points.length) {
      context.fillStyle = colours.muted;
      context.fillText("No values yet", LEFT + 12, height / 2);
      return;
    }
    this._line(context, x, y, colours.accent, height);
    if (this.mark !== null) {
      context.strokeStyle = colours.danger;
      vertical(context, x(this.mark), TOP, height - BOTTOM);
    }
    if (this.at !== null) this._value(context, x, y, colours, width, height);
  }

  _axes(context, { colours, width, height, top, from, to, y }) {
    context.font = `500 10.5px ${FONT}`;
    context.textBaseline = "middle";
    context.lineWidth = 1;
    for (const value of [0, top / 2, top]) {
      context.strokeStyle = colours.line;
      context.beginPath();
      context.moveTo(LEFT, Math.round(y(value)) + 0.5);
      context.lineTo(width, Math.round(y(value)) + 0.5);
      context.stroke();
      context.fillStyle = colours.muted;
      context.textAlign = "right";
      const text = this.how.read ? this.how.read(value) : numberText(value, top < 2 ? 1 : 0);
      context.fillText(text, LEFT - 6, y(value));
    }
    context.textAlign = "left";
    context.fillText(this.how.x(from), LEFT, height - 8);
    context.textAlign = "right";
    context.fillText(this.how.x(to), width - 2, height - 8);
    context.textAlign = "left";
  }

  _line(context, x, y, colour, height) {
    context.strokeStyle = context.fillStyle = colour;
    context.lineWidth = 1.8;
    context.lineJoin = context.lineCap = "round";
    for (const run of runs(decimated(this.points, x))) {
      context.beginPath();
      for (const [px, least, most] of run) {
        context.lineTo(px, y(least));
        context.lineTo(px, y(most));
      }
      context.stroke();
      context.globalAlpha = 0.12;
      context.lineTo(run.at(-1)[0], height - BOTTOM);
      context.lineTo(run[0][0], height - BOTTOM);
      context.fill();
      context.globalAlpha = 1;
    }
  }

  _value(context, x, y, colours, width, height) {
    const near = this.points.reduce((best, point) => (Math.abs(point[0] - this.at) < Math.abs(best[0] - this.at) ? point : best), this.points[0]);
    if (!Number.isFinite(near[1])) return;
    const px = x(near[0]);
    context.strokeStyle = colours.lineStrong;
    vertical(context, px, TOP, height - BOTTOM);
    context.fillStyle = colours.accent;
    context.beginPath();
    context.arc(px, y(near[1]), 4, 0, 7);
    context.fill();
    const text = `${this._words(near[1])} · ${this.how.x(near[0])}`;
    context.font = `600 11px ${FONT}`;
    const wide = context.measureText(text).width + 14;
    const left = Math.min(width - wide, Math.max(LEFT, px + 8));
    context.fillStyle = colours.text;
    context.beginPath();
    context.roundRect(left, TOP, wide, 20, 5);
    context.fill();
    context.fillStyle = colours.bg;
    context.fillText(text, left + 7, TOP + 10.5);
  }
}

/** One column of pixels each: least and most of its points, so that no peak is lost. */
function decimated(points, x) {
  const columns = [];
  for (const [at, value] of points) {
    const px = Math.round(x(at));
    const last = columns.at(-1);
    if (last && last[0] === px && Number.isFinite(value) && Number.isFinite(last[1])) {
      last[1] = Math.min(last[1], value);
      last[2] = Math.max(last[2], value);
    } else columns.push([px, value, value]);
  }
  return columns;
}

/** The columns between gaps, as one list for each unbroken line. */
function runs(columns) {
  const found = [[]];
  for (const column of columns) {
    if (Number.isFinite(column[1])) found.at(-1).push(column);
    else if (found.at(-1).length) found.push([]);
  }
  return found.filter((run) => run.length);
}

/** The next of 1, 2, 4, 6, 8 times a power of ten at or above a value: its half is a round number, too. */
export function niceTop(value) {
  if (!(value > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return power * [1, 2, 4, 6, 8, 10].find((one) => one * power >= value * 0.999);
}

function vertical(context, x, top, bottom) {
  context.lineWidth = 1;
  context.beginPath();
  context.moveTo(Math.round(x) + 0.5, top);
  context.lineTo(Math.round(x) + 0.5, bottom);
  context.stroke();
}

/** What the service calls the series of a job or stream, and how they are shown. */
const SERIES = {
  frames_per_s: { title: "Frames per second", digits: 1 },
  ids_created: { title: "Ids created", digits: 0 },
  latency_s: { title: "Latency, capture to result", read: (value) => `${numberText(value * 1000)} ms` },
  cpu_cores: { title: "CPU cores in use", digits: 2 },
  memory_bytes: { title: "Memory", read: (value) => `${numberText(value / 1e9, 1)} GB` },
};

/** How a series is shown; one that is not in the list above has its name as words. */
export const seriesAbout = (name) => SERIES[name] ?? { title: name.replaceAll("_", " ").replace(/^./, (letter) => letter.toUpperCase()), digits: 2 };
