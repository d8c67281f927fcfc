import { fill, h, icon, sized } from "./dom.js";

/** The first picture of a video on which a box is drawn with mouse, finger or pen: where the object is that is followed. */
export class BoxPicker {
  /** @param {File} file @param {HTMLInputElement} input gets "left, top, width, height" in pixels of the video */
  constructor(file, input) {
    Object.assign(this, { input, from: null, box: null });
    this.video = h("video", { muted: true, preload: "auto", playsinline: true, tabindex: "-1", "aria-hidden": "true" });
    this.canvas = h("canvas", { "aria-hidden": "true" });
    this.note = h("p", { class: "muted small" }, "Draw a box around what is to be followed, or type its place.");
    this.stage = h("div", { class: "picker" }, this.video, this.canvas);
    this.node = h("div", { class: "stack picker-card" }, this.note, this.stage);
    const address = URL.createObjectURL(file);
    this.video.addEventListener("loadeddata", () => this._ready());
    this.video.addEventListener("error", () => this._cannot());
    this.video.src = address;
    const on = (name, handler) => this.canvas.addEventListener(name, handler);
    on("pointerdown", (event) => this._down(event));
    on("pointermove", (event) => this._move(event));
    on("pointerup", () => this._up());
    input.addEventListener("input", () => this._typed());
    this.watch = new ResizeObserver(() => this._draw());
    this.watch.observe(this.stage);
  }

  _ready() {
    if (!this.video.videoWidth) return this._cannot();
    this.stage.style.aspectRatio = `${this.video.videoWidth} / ${this.video.videoHeight}`;
    return this._draw();
  }

  _cannot() {
    this.stage.hidden = true;
    fill(this.note, icon("alert"), " This browser cannot show the video. Type the box: left, top, width, height in pixels of the first frame.");
  }

  _place(event) {
    const box = this.canvas.getBoundingClientRect();
    const scale = this.video.videoWidth / box.width;
    const inside = (value, most) => Math.round(Math.min(most, Math.max(0, value * scale)));
    return [inside(event.clientX - box.left, this.video.videoWidth), inside(event.clientY - box.top, this.video.videoHeight)];
  }

  _down(event) {
    this.canvas.setPointerCapture(event.pointerId);
    this.from = this._place(event);
  }

  _move(event) {
    if (!this.from) return;
    const [[x1, y1], [x2, y2]] = [this.from, this._place(event)];
    this.box = [Math.min(x1, x2), Math.min(y1, y2), Math.abs(x2 - x1), Math.abs(y2 - y1)];
    this._draw();
  }

  _up() {
    this.from = null;
    if (!this.box || this.box[2] < 2 || this.box[3] < 2) return;
    this.input.value = this.box.join(", ");
  }

  _typed() {
    const numbers = this.input.value.split(",").map(Number);
    this.box = numbers.length === 4 && numbers.every(Number.isFinite) ? numbers : null;
    this._draw();
  }

  _draw() {
    const { context, width } = sized(this.canvas, this.stage.clientWidth, this.stage.clientHeight);
    if (!this.box || !this.video.videoWidth) return;
    const scale = width / this.video.videoWidth;
    const [x, y, w, t] = this.box.map((value) => value * scale);
    context.lineWidth = 4;
    context.strokeStyle = "#000a";
    context.strokeRect(x, y, w, t);
    context.lineWidth = 2;
    context.strokeStyle = "#38d284";
    context.strokeRect(x, y, w, t);
  }
}
