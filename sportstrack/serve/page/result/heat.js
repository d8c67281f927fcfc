import { h, sized, themeColours } from "../dom.js";
import { PitchView } from "./pitch.js";

const CELLS = 120; // along the longer side
const STOPS = [[0, 20, 40, 120, 0], [0.15, 40, 90, 200, 110], [0.4, 30, 190, 160, 170], [0.65, 240, 210, 60, 200], [1, 235, 60, 40, 225]];

/** Where people stood: over the picture, or on the pitch where places in metres are known. */
export class HeatMap {
  /**
   * @param {HTMLElement} root
   * @param {import("./model.js").TrackData} data
   * @param {import("../player.js").Player} player
   * @param {object | null} shape the pitch's lines
   */
  constructor(root, data, player, shape) {
    Object.assign(this, { data, player, shape, ids: null, onPitch: Boolean(shape) });
    this.canvas = h("canvas", { class: "chart", role: "img" });
    this.choice = h("select", { "aria-label": "Heat map of", on: { change: () => this._choose(this.choice.value) } },
      h("option", { value: "pitch" }, "On the pitch"), h("option", { value: "picture" }, "In the picture"));
    this.about = h("p", { class: "muted small grow" });
    root.append(h("div", { class: "filters" }, shape && this.choice, this.about), h("div", { class: "heat" }, this.canvas));
    this.watch = new ResizeObserver(() => this.draw());
    this.watch.observe(this.canvas.parentElement);
  }

  /** Show these tracks alone; null is all. */
  narrow(ids) {
    this.ids = ids;
    this.draw();
  }

  end() {
    this.watch.disconnect();
  }

  _choose(where) {
    this.onPitch = where === "pitch";
    this.draw();
  }

  draw() {
    const { data, onPitch } = this;
    const width = this.canvas.parentElement.clientWidth;
    if (!width) return;
    const [wide, tall] = onPitch ? [this.shape.reach[0] * 2, this.shape.reach[1] * 2] : [data.width, data.height];
    const shown = Math.min(width, (640 * wide) / tall);
    const height = (shown * tall) / wide;
    Object.assign(this.canvas.style, { width: `${shown}px`, height: `${height}px` });
    const { context } = sized(this.canvas, shown, height);
    const view = onPitch ? new PitchView(this.shape, shown, height) : null;
    if (view) view.draw(context);
    else this._picture(context, shown, height);
    const { grid, cols, rows, most, count } = this._grid(wide, tall);
    context.imageSmoothingEnabled = true;
    context.imageSmoothingQuality = "high";
    if (most > 0) context.drawImage(painted(grid, cols, rows, most), 0, 0, shown, height);
    const whose = this.ids === null ? "all tracks" : this.ids.size === 1 ? `track ${[...this.ids][0]}` : `${this.ids.size} tracks`;
    this.about.textContent = `Where ${whose} stood, ${count.toLocaleString()} boxes. A filter or a picked track narrows it.`;
    this.canvas.setAttribute("aria-label", `Heat map: ${this.about.textContent}`);
  }

  _picture(context, width, height) {
    context.fillStyle = themeColours().sunken;
    context.fillRect(0, 0, width, height);
    if (this.player.state !== "ready") return;
    context.globalAlpha = 0.55;
    context.drawImage(this.player.video, 0, 0, width, height);
    context.globalAlpha = 1;
  }

  _grid(wide, tall) {
    const { data, onPitch, ids } = this;
    const cell = Math.max(wide, tall) / CELLS;
    const [cols, rows] = [Math.ceil(wide / cell), Math.ceil(tall / cell)];
    const { id, box, pitch } = data.columns;
    let grid = new Float32Array(cols * rows);
    let count = 0;
    for (let n = 0; n < data.count; n += 1) {
      if (ids && !ids.has(id[n])) continue;
      const x = onPitch ? pitch[n * 2] + wide / 2 : (box[n * 4] + box[n * 4 + 2]) / 2;
      const y = onPitch ? pitch[n * 2 + 1] + tall / 2 : box[n * 4 + 3];
      const [col, row] = [Math.floor(x / cell), Math.floor(y / cell)];
      if (!(col >= 0 && col < cols && row >= 0 && row < rows)) continue;
      grid[row * cols + col] += 1;
      count += 1;
    }
    for (let turn = 0; turn < 3; turn += 1) grid = blurred(grid, cols, rows, 2);
    return { grid, cols, rows, most: grid.reduce((one, other) => Math.max(one, other), 0), count };
  }
}

/** A box filter over rows, then columns; three of them are nearly a bell. */
function blurred(grid, cols, rows, reach) {
  const pass = (from, length, lines, step, line) => {
    const to = new Float32Array(from.length);
    for (let at = 0; at < lines; at += 1) {
      for (let n = 0; n < length; n += 1) {
        let sum = 0;
        for (let k = Math.max(0, n - reach); k <= Math.min(length - 1, n + reach); k += 1) sum += from[at * line + k * step];
        to[at * line + n * step] = sum / (2 * reach + 1);
      }
    }
    return to;
  };
  return pass(pass(grid, cols, rows, 1, cols), rows, cols, cols, 1);
}

function painted(grid, cols, rows, most) {
  const image = new ImageData(cols, rows);
  for (let n = 0; n < grid.length; n += 1) image.data.set(heatColour(Math.sqrt(grid[n] / most)), n * 4);
  const canvas = new OffscreenCanvas(cols, rows);
  canvas.getContext("2d").putImageData(image, 0, 0);
  return canvas;
}

function heatColour(share) {
  const at = Math.max(1, STOPS.findIndex((stop) => share <= stop[0]));
  const [one, other] = [STOPS[at - 1], STOPS[at]];
  const part = (share - one[0]) / (other[0] - one[0]);
  return [1, 2, 3, 4].map((channel) => one[channel] + part * (other[channel] - one[channel]));
}
