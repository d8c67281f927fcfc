import { clockText } from "./clock.js";
import { fill, h, icon, onThemeChange, sized, themeColours } from "./dom.js";
import { drawRuler, drawRows } from "./timeline_draw.js";

const RULER = 46; // CSS pixels: ticks, and how many tracks live

/**
 * Tracks over time: one row a track, drawn on one canvas that shows only the rows and frames in sight, so that thousands of
 * tracks scroll and zoom at the rate of the screen. Frames count from 1.
 *
 * A row is `{id, label, colour, spans: [[first, last], …], marks?: [{frame, colour, title}], sure?: [[first, last], …], title?}`
 * with its spans in order; what is `sure` is underlined.
 */
export class Timeline {
  /**
   * @param {HTMLElement} root
   * @param {{frames: number, clock?: import("./clock.js").FrameClock, label?: string, tall?: number, names?: number,
   *   picture?: (row: object) => CanvasImageSource | null}} video `tall`: CSS pixels of a row, `names`: of the names' column;
   *   `picture`: what stands before a row's name, null where it is not loaded (or is none)
   */
  constructor(root, { frames, clock = null, label = "Timeline of tracks", tall = 22, names = 132, picture = null }) {
    Object.assign(this, { frames: Math.max(1, frames), clock, tall, names, picture, rows: [], frame: 1 });
    Object.assign(this, { selected: null, hovered: null, alive: new Int32Array(1), span: null, ticks: [] });
    this.first = 1;
    this.last = this.frames + 1; // the view is [first, last) in frames and parts of them
    this._listeners = { seek: [], select: [], range: [] };
    this._pointers = new Map();
    this._build(root, label);
    this._stopTheme = onThemeChange(() => {
      this._colours = null;
      this.redraw();
    });
  }

  /** Call `callback(frame)` when somebody goes to a frame. */
  onSeek(callback) {
    this._listeners.seek.push(callback);
  }

  /** Call `callback(id or null, frame)` when somebody picks a track. */
  onSelect(callback) {
    this._listeners.select.push(callback);
  }

  /** Call `callback(first, last)` when another part of the time is in sight. */
  onRange(callback) {
    this._listeners.range.push(callback);
  }

  setRows(rows) {
    this.rows = rows;
    this.alive = aliveByFrame(rows, this.frames);
    this.peaks = null;
    this.spacer.style.height = `${RULER + rows.length * this.tall + 4}px`;
    this.redraw();
  }

  /** Show a span of frames as chosen: [first, last], or null for none. */
  setSpan(span) {
    this.span = span;
    this.redraw();
  }

  /** Mark frames on the ruler: `[{frame, colour}, …]`. */
  setTicks(ticks) {
    this.ticks = ticks;
    this.redraw();
  }

  /** Move the playhead. */
  setFrame(frame) {
    this.frame = frame;
    if (frame < this.first || frame >= this.last) {
      const span = this.last - this.first;
      this.setRange(frame - span * 0.1, frame + span * 0.9);
    }
    this._speak();
    this.redraw();
  }

  /** Show a row as picked and bring it into sight. */
  select(id) {
    this.selected = id;
    const index = this.rows.findIndex((row) => row.id === id);
    const [top, inside] = [index * this.tall, this.scroll.clientHeight - RULER];
    if (index >= 0 && (top < this.scroll.scrollTop || top + this.tall > this.scroll.scrollTop + inside)) {
      this.scroll.scrollTop = top - inside / 2;
    }
    this._speak();
    this.redraw();
  }

  /** Show the frames from `first` to `last`. */
  setRange(first, last) {
    const span = Math.min(this.frames, Math.max(8, last - first));
    this.first = Math.min(this.frames + 1 - span, Math.max(1, first));
    this.last = this.first + span;
    for (const callback of this._listeners.range) callback(this.first, this.last);
    this.redraw();
  }

  /** Zoom by a factor around a frame (the playhead by default). */
  zoom(factor, frame = this.frame) {
    const span = Math.min(this.frames, Math.max(8, (this.last - this.first) / factor));
    const share = (frame - this.first) / (this.last - this.first);
    this.setRange(frame - span * share, frame + span * (1 - share));
  }

  fit() {
    this.setRange(1, this.frames + 1);
  }

  redraw() {
    this._dirty ||= requestAnimationFrame(() => {
      this._dirty = 0;
      this._draw();
    });
  }

  /** CSS pixels from the left of the canvas to the beginning of a frame. */
  xOf(frame) {
    return this.labels + ((frame - this.first) / (this.last - this.first)) * (this.width - this.labels);
  }

  /** The frame (with its part) under a place of the window. */
  frameAt(clientX) {
    const x = clientX - this.canvas.getBoundingClientRect().left - this.labels;
    return this.first + (x / (this.width - this.labels)) * (this.last - this.first);
  }

  /** The row under a place of the window, or null. */
  rowAt(clientY) {
    const y = clientY - this.canvas.getBoundingClientRect().top;
    return y < RULER ? null : (this.rows[Math.floor((y - RULER + this.scroll.scrollTop) / this.tall)] ?? null);
  }

  destroy() {
    this._stopTheme();
    this._watch.disconnect();
    this.root.remove();
  }

  _build(root, label) {
    this.canvas = h("canvas", {
      tabindex: 0, role: "slider", "aria-label": label, "aria-valuemin": 1, "aria-valuemax": this.frames, "aria-valuenow": 1,
    });
    this.spacer = h("div", { "aria-hidden": "true" });
    this.tip = h("div", { class: "timeline-tip", hidden: true });
    this.scroll = h("div", { class: "timeline-scroll" }, this.canvas, this.spacer);
    this.root = root.appendChild(h("div", { class: "timeline" }, this.scroll, this.tip));
    this.width = this.labels = 0;
    this._watch = new ResizeObserver(() => this.redraw());
    this._watch.observe(this.scroll);
    this.scroll.addEventListener("scroll", () => this.redraw());
    const on = (name, handler, more) => this.canvas.addEventListener(name, handler, more);
    on("wheel", (event) => this._wheel(event), { passive: false });
    on("pointerdown", (event) => this._down(event));
    on("pointermove", (event) => this._move(event));
    on("pointerup", (event) => this._up(event));
    on("pointercancel", (event) => this._pointers.delete(event.pointerId));
    on("pointerleave", () => this._hover(null));
    on("keydown", (event) => this._key(event));
  }

  /** Buttons for zoom, for a header; keys and wheel do the same. */
  buttons() {
    const one = (name, label, act) =>
      h("button", { class: "button icon small quiet", type: "button", "aria-label": label, title: label, on: { click: act } }, icon(name));
    return [
      one("minus", "Show more time", () => this.zoom(0.5)),
      one("plus", "Show less time", () => this.zoom(2)),
      one("fit", "Show the whole video", () => this.fit()),
    ];
  }

  _draw() {
    const [width, height] = [this.scroll.clientWidth, this.scroll.clientHeight];
    if (!width || !height) return;
    this.width = width;
    this.labels = width < 560 ? Math.min(88, this.names) : this.names;
    this.canvas.style.width = `${width}px`;
    this.canvas.style.height = `${height}px`;
    this.canvas.style.marginBottom = `-${height}px`; // the spacer begins at the top, too
    this._colours ||= themeColours();
    const { context } = sized(this.canvas, width, height);
    drawRows(context, this, { colours: this._colours, height, top: this.scroll.scrollTop, ruler: RULER, row: this.tall });
    drawRuler(context, this, { colours: this._colours, height, ruler: RULER });
  }

  _speak() {
    const time = this.clock ? `, ${clockText(this.clock.start(this.frame))}` : "";
    const row = this.selected === null ? null : this.rows.find((one) => one.id === this.selected);
    this.canvas.setAttribute("aria-valuenow", this.frame);
    this.canvas.setAttribute("aria-valuetext", `frame ${this.frame}${time}${row ? `, ${row.label} picked` : ""}`);
  }

  _seekTo(frame) {
    const to = Math.min(this.frames, Math.max(1, Math.floor(frame)));
    for (const callback of this._listeners.seek) callback(to);
  }

  _pick(row, frame) {
    this.selected = row ? row.id : null;
    this._speak();
    this.redraw();
    for (const callback of this._listeners.select) callback(this.selected, Math.floor(frame));
  }

  _wheel(event) {
    const span = this.last - this.first;
    if (event.ctrlKey || event.metaKey) this.zoom(Math.exp(-event.deltaY / 250), this.frameAt(event.clientX));
    else if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
      const by = ((event.deltaX || event.deltaY) / (this.width - this.labels)) * span;
      this.setRange(this.first + by, this.last + by);
    } else return; // the browser scrolls the rows
    event.preventDefault();
  }

  _down(event) {
    this.canvas.setPointerCapture(event.pointerId);
    const inRuler = event.clientY - this.canvas.getBoundingClientRect().top < RULER;
    this._pointers.set(event.pointerId, { x: event.clientX, y: event.clientY, moved: false, inRuler });
    if (inRuler) this._seekTo(this.frameAt(event.clientX));
  }

  _move(event) {
    const held = this._pointers.get(event.pointerId);
    if (!held) return this._hover(event);
    const [other] = [...this._pointers.values()].filter((one) => one !== held);
    const dx = event.clientX - held.x;
    if (held.inRuler) this._seekTo(this.frameAt(event.clientX));
    else if (other) {
      const [before, now] = [Math.abs(held.x - other.x), Math.abs(event.clientX - other.x)];
      if (before > 8 && now > 8) this.zoom(now / before, this.frameAt((event.clientX + other.x) / 2));
    } else if (held.moved || Math.abs(dx) > 4) {
      const by = (-dx / (this.width - this.labels)) * (this.last - this.first);
      this.setRange(this.first + by, this.last + by);
    } else return undefined;
    Object.assign(held, { x: event.clientX, moved: true });
    return undefined;
  }

  _up(event) {
    const held = this._pointers.get(event.pointerId);
    this._pointers.delete(event.pointerId);
    if (!held || held.moved || held.inRuler) return;
    const frame = this.frameAt(event.clientX);
    this._pick(this.rowAt(event.clientY), frame);
    if (frame >= this.first) this._seekTo(frame);
  }

  _hover(event) {
    const row = event && this.rowAt(event.clientY);
    if (this.hovered !== (row?.id ?? null)) {
      this.hovered = row?.id ?? null;
      this.redraw();
    }
    this.tip.hidden = !row;
    if (!row) return;
    const box = this.root.getBoundingClientRect();
    const frame = this.frameAt(event.clientX);
    const span = row.spans.find(([first, last]) => frame >= first && frame < last + 1);
    fill(this.tip, [row.label, row.title, span && `frames ${span[0]}–${span[1]}`].filter(Boolean).join(" · "));
    const x = Math.min(event.clientX - box.left + 12, box.width - this.tip.offsetWidth - 8);
    this.tip.style.transform = `translate(${Math.max(4, x)}px, ${event.clientY - box.top + 14}px)`;
  }

  _key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const span = this.last - this.first;
    const far = event.shiftKey ? 10 : 1;
    const acts = {
      ArrowLeft: () => this._seekTo(this.frame - far),
      ArrowRight: () => this._seekTo(this.frame + far),
      ArrowUp: () => this._pickNext(-1),
      ArrowDown: () => this._pickNext(1),
      PageUp: () => this.setRange(this.first - span / 2, this.last - span / 2),
      PageDown: () => this.setRange(this.first + span / 2, this.last + span / 2),
      Home: () => this._seekTo(1),
      End: () => this._seekTo(this.frames),
      "+": () => this.zoom(2),
      "-": () => this.zoom(0.5),
      0: () => this.fit(),
      Enter: () => this._toSelected(),
      Escape: () => this._pick(null, this.frame),
    };
    if (!acts[event.key]) return;
    event.preventDefault();
    acts[event.key]();
  }

  _pickNext(by) {
    const at = this.rows.findIndex((row) => row.id === this.selected);
    const next = this.rows[at < 0 ? 0 : Math.min(this.rows.length - 1, Math.max(0, at + by))];
    if (!next) return;
    this.select(next.id);
    for (const callback of this._listeners.select) callback(next.id, this.frame);
  }

  _toSelected() {
    const row = this.rows.find((one) => one.id === this.selected);
    if (row) this._seekTo(row.spans[0][0]);
  }
}

/** How many tracks live in each frame; index 0 is frame 1. */
function aliveByFrame(rows, frames) {
  const change = new Int32Array(frames + 2);
  for (const row of rows) {
    for (const [first, last] of row.spans) {
      change[Math.max(1, first)] += 1;
      change[Math.min(frames, last) + 1] -= 1;
    }
  }
  const alive = new Int32Array(frames);
  for (let n = 1, count = 0; n <= frames; n += 1) alive[n - 1] = count += change[n];
  return alive;
}
