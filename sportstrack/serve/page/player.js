import { FrameClock } from "./clock.js";
import { fill, h, icon, sized } from "./dom.js";

/**
 * A video with a canvas over it, both moved by frame number. Frames count from 1.
 *
 * What lies over the picture is drawn by callbacks (`onDraw`) in the pixels of the video, so that lines stay where the
 * objects are at every size, zoom and shape of the window. Where the browser cannot play the file it shows `pictures` of
 * single frames; without them it says so and offers `fallback` (an H.264 copy) or the boxes alone on black.
 */
export class Player {
  /**
   * @param {HTMLElement} root where it goes
   * @param {{source?: string, fallback?: string, pictures?: (frame: number) => string, times?: number[] | null, frameRate?: number, frames: number,
   *   width: number, height: number, label?: string}} video `width`, `height`: of the coordinates that callbacks draw in
   */
  constructor(root, video) {
    Object.assign(this, { width: video.width || 1280, height: video.height || 720, source: video.source, fallback: video.fallback });
    this.pictures = video.pictures || null;
    this.clock = new FrameClock(video);
    this.frame = 1;
    this.state = "loading"; // ready, unplayable, pictures (frames one by one), blank (boxes alone)
    this.usesFallback = false;
    this.view = { scale: 1, x: 0, y: 0 };
    this._listeners = { frame: [], draw: [], state: [] };
    this._ended = new AbortController();
    this._build(root, video.label || "Video");
    if (this.source) this._load(this.source);
    else if (this.pictures) this._byPictures();
    else this._blank();
  }

  /** Begin again with another file, such as a copy that has been made. */
  setSource(address) {
    this.pause();
    this._target ??= this.frame;
    this.source = address;
    this._load(address);
  }

  get frames() {
    return this.clock.frames;
  }

  /** Whether frames follow the clock of the screen, not a video. */
  get _ticks() {
    return this.state === "blank" || this.state === "pictures";
  }

  get paused() {
    return this._ticks ? !this._ticking : this.video.paused;
  }

  /** Call `callback(frame)` whenever another frame is on the screen. Returns what ends that. */
  onFrame(callback) {
    return this._listen("frame", callback);
  }

  /** Call `callback(context, frame, unit)` to draw over the picture in video pixels; `unit` is one screen pixel in them. */
  onDraw(callback) {
    return this._listen("draw", callback);
  }

  /** Call `callback(state)` on loading, ready, unplayable, blank, playing and paused. */
  onState(callback) {
    return this._listen("state", callback);
  }

  /** Show frame `n`; resolves with the frame when it is on the screen. Of many calls in a row the last one wins. */
  seekToFrame(n) {
    const target = Math.min(this.frames, Math.max(1, Math.round(n)));
    if (this.state === "pictures") return this._picture(target);
    if (this.state !== "ready") {
      this._target = target;
      if (this.state === "blank") this._shown(target);
      return Promise.resolve(target);
    }
    return new Promise((resolve) => {
      this._seeks.push(resolve);
      this._target = target;
      if (!this._seeking) this._seek();
    });
  }

  /** Go forwards or backwards by frames; stops the playing. */
  step(frames) {
    this.pause();
    return this.seekToFrame((this._target ?? this.frame) + frames);
  }

  async play() {
    if (this._ticks) this._tick();
    else if (this.state === "ready") await this.video.play().catch(() => {});
  }

  pause() {
    if (this._ticking) cancelAnimationFrame(this._ticking);
    this._ticking = 0;
    this.video.pause();
    this._tell("state", "paused");
  }

  toggle() {
    if (this.paused) this.play();
    else this.pause();
  }

  /** Speed of playing, 1 is that of the video. */
  setRate(rate) {
    this.video.playbackRate = rate;
  }

  /** Draw again what lies over the picture, at most once for each refresh of the screen. */
  redraw() {
    this._dirty ||= requestAnimationFrame(() => {
      this._dirty = 0;
      this._draw();
    });
  }

  /** The video's pixel under a place of the window (`event.clientX`, `event.clientY`). */
  toVideo(clientX, clientY) {
    const box = this.canvas.getBoundingClientRect();
    const { left, top, sx, sy } = this._placed();
    return { x: (clientX - box.left - left) / sx, y: (clientY - box.top - top) / sy };
  }

  /** The place in the window of a pixel of the video. */
  toWindow(x, y) {
    const box = this.canvas.getBoundingClientRect();
    const { left, top, sx, sy } = this._placed();
    return { x: x * sx + left + box.left, y: y * sy + top + box.top };
  }

  /** Zoom by a factor and keep what lies at (x, y) of the stage (CSS pixels; its middle by default) where it is. */
  zoom(factor, x = this.stage.clientWidth / 2, y = this.stage.clientHeight / 2) {
    const scale = Math.min(12, Math.max(1, this.view.scale * factor));
    const by = scale / this.view.scale;
    this.setView({ scale, x: x - (x - this.view.x) * by, y: y - (y - this.view.y) * by });
  }

  /** Set zoom and shift (CSS pixels of the stage); the picture never leaves the stage. */
  setView({ scale, x, y }) {
    const [w, t] = [this.stage.clientWidth, this.stage.clientHeight];
    const held = (value, size) => Math.min(0, Math.max(size - size * scale, value));
    this.view = { scale, x: held(x, w), y: held(y, t) };
    for (const one of [this.video, this.picture]) {
      one.style.transform = scale === 1 ? "" : `translate(${this.view.x}px, ${this.view.y}px) scale(${scale})`;
    }
    this._draw();
  }

  /** Free everything. */
  destroy() {
    this.pause();
    this._ended.abort();
    this._watch.disconnect();
    this.video.removeAttribute("src");
    this.video.load();
    this.root.remove();
  }

  _listen(kind, callback) {
    this._listeners[kind].push(callback);
    return () => (this._listeners[kind] = this._listeners[kind].filter((one) => one !== callback));
  }

  _tell(kind, ...values) {
    for (const callback of this._listeners[kind]) callback(...values);
  }

  _build(root, label) {
    this.video = h("video", { playsinline: true, preload: "auto", "aria-label": label, tabindex: "-1" });
    this.video.muted = true;
    this.canvas = h("canvas", { "aria-hidden": "true" });
    this.message = h("div", { class: "player-message", role: "status", hidden: true });
    this.picture = h("img", { alt: "", hidden: true });
    this.stage = h("div", { class: "player-stage", style: { "--aspect": `${this.width} / ${this.height}` } },
      this.video, this.picture, this.canvas, this.message);
    this.root = root.appendChild(h("div", { class: "player" }, this.stage));
    this._seeks = [];
    this._watch = new ResizeObserver(() => this.setView(this.view));
    this._watch.observe(this.stage);
    const on = (name, handler) => this.video.addEventListener(name, handler, { signal: this._ended.signal });
    on("loadeddata", () => this._ready());
    on("error", () => this._unplayable());
    on("seeked", () => this._seeked());
    on("play", () => this._tell("state", "playing"));
    on("pause", () => this._tell("state", "paused"));
    on("timeupdate", () => !this._counts && !this._seeking && this._shown(this.clock.at(this.video.currentTime)));
    this.canvas.addEventListener("wheel", (event) => this._wheel(event), { passive: false, signal: this._ended.signal });
  }

  _load(address) {
    this.state = "loading";
    this.message.hidden = this.picture.hidden = true;
    this._seeking = false;
    this._sought = this._firstTime = null;
    this.video.src = address;
    this._counts = "requestVideoFrameCallback" in this.video;
    if (this._counts) this.video.requestVideoFrameCallback((_, about) => this._presented(about));
    this._tell("state", "loading");
  }

  _ready() {
    if (!this.video.videoWidth) return this._unplayable(); // sound alone: the browser lacks the codec of the picture
    this.state = "ready";
    this.clock.offset = this._firstTime ?? this.video.currentTime; // not every file begins at 0
    this._tell("state", "ready");
    if (this._target && this._target !== 1) this.seekToFrame(this._target);
    return this._draw();
  }

  /** The browser gave a picture to the screen, with its own time: the one sure sign of which frame is seen. */
  _presented(about) {
    if (this._ended.signal.aborted) return;
    this.video.requestVideoFrameCallback((_, next) => this._presented(next));
    if (!this._sought) this.clock.offset = this._firstTime ??= about.mediaTime; // nothing was sought: this is frame 1
    this._shown(this.clock.nearest(about.mediaTime));
  }

  _seek() {
    this._seeking = true;
    this._sought = this._target;
    this.video.currentTime = this.clock.middle(this._sought);
  }

  _seeked() {
    if (!this._seeking) return;
    if (this._target !== this._sought) {
      this._seek(); // asked for another one in the meantime
      return;
    }
    this._seeking = false;
    this._target = null;
    this._shown(this._sought);
    for (const resolve of this._seeks.splice(0)) resolve(this._sought);
  }

  _shown(frame) {
    const changed = frame !== this.frame;
    this.frame = frame;
    this._draw();
    if (changed) this._tell("frame", frame);
  }

  _wheel(event) {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    const box = this.stage.getBoundingClientRect();
    this.zoom(Math.exp(-event.deltaY / 300), event.clientX - box.left, event.clientY - box.top);
  }

  /** Where the video's pixels lie on the stage: corner and scale, the shape kept. */
  _placed() {
    const [w, t] = [this.stage.clientWidth, this.stage.clientHeight];
    const [shapeX, shapeY] = this.video.videoWidth ? [this.video.videoWidth, this.video.videoHeight] : [this.width, this.height];
    const fit = Math.min(w / shapeX, t / shapeY);
    const { scale, x, y } = this.view;
    return {
      left: ((w - shapeX * fit) / 2) * scale + x,
      top: ((t - shapeY * fit) / 2) * scale + y,
      sx: (shapeX * fit * scale) / this.width,
      sy: (shapeY * fit * scale) / this.height,
    };
  }

  _draw() {
    const { context } = sized(this.canvas, this.stage.clientWidth, this.stage.clientHeight);
    const { left, top, sx, sy } = this._placed();
    if (!(sx > 0)) return;
    context.translate(left, top);
    context.scale(sx, sy);
    context.beginPath();
    context.rect(0, 0, this.width, this.height);
    context.clip();
    this._tell("draw", context, this.frame, 1 / sx);
  }

  _unplayable() {
    if (this.state === "unplayable" || !this.video.hasAttribute("src")) return;
    if (this.pictures) {
      this._byPictures();
      return;
    }
    this.state = "unplayable";
    const copy = this.fallback && !this.usesFallback;
    fill(
      this.message,
      h("p", {}, copy ? "This browser cannot play the original video." : "This browser cannot play the video."),
      h(
        "div",
        { class: "row" },
        copy && h("button", { class: "button primary", type: "button", on: { click: () => this._useFallback() } }, icon("film"), "Play the H.264 copy"),
        h("button", { class: "button", type: "button", on: { click: () => this._blank() } }, "Show the boxes alone"),
      ),
    );
    this.message.hidden = false;
    this._tell("state", "unplayable");
  }

  _useFallback() {
    this.usesFallback = true;
    this._load(this.fallback);
  }

  _blank() {
    this.state = "blank";
    this.message.hidden = true;
    this.video.removeAttribute("src");
    this._tell("state", "blank");
    this._shown(this._target || this.frame);
    this._target = null;
  }

  /** Show the frames one by one, as pictures. */
  _byPictures() {
    this.state = "pictures";
    this.message.hidden = true;
    this.video.removeAttribute("src");
    const first = this._target || this.frame;
    this._target = null;
    this._tell("state", "pictures");
    this._picture(first);
  }

  /** Load a frame's picture; of many calls in a row the last one wins. */
  _picture(n) {
    return new Promise((resolve) => {
      this._seeks.push(resolve);
      this._target = n;
      if (!this._loading) this._nextPicture();
    });
  }

  async _nextPicture() {
    const n = this._target;
    this._loading = true;
    const picture = h("img", { alt: "", src: this.pictures(n) });
    await picture.decode().catch(() => {});
    this._loading = false;
    if (this._ended.signal.aborted || this.state !== "pictures") return;
    if (this._target !== n) {
      this._nextPicture();
      return;
    }
    picture.style.transform = this.picture.style.transform;
    this.picture.replaceWith(picture);
    this.picture = picture;
    this._target = null;
    this._shown(n);
    for (const resolve of this._seeks.splice(0)) resolve(n);
  }

  /** Play without a video: frames by the clock of the screen. */
  _tick() {
    if (this._ticking) return;
    if (this.frame >= this.frames) this._shown(1);
    const [began, from] = [performance.now(), this.clock.middle(this.frame)];
    const next = (now) => {
      const frame = this.clock.at(from + ((now - began) / 1000) * this.video.playbackRate);
      if (this.state === "blank") this._shown(frame);
      else if (!this._loading && frame !== this.frame) this._picture(frame);
      if (this.frame < this.frames) this._ticking = requestAnimationFrame(next);
      else this.pause();
    };
    this._ticking = requestAnimationFrame(next);
    this._tell("state", "playing");
  }
}
