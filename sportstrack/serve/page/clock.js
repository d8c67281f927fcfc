/** When each frame of a video is shown, also where the frame rate varies. Frames count from 1, times are seconds. */
export class FrameClock {
  /**
   * @param {{times?: number[] | null, frameRate?: number, frames: number}} video `times`: when each frame is shown, ascending;
   *   without it the frame rate is constant.
   */
  constructor({ times = null, frameRate = 25, frames }) {
    this.frames = Math.max(1, times?.length || frames || 1);
    this.rate = frameRate > 0 ? frameRate : 25;
    this.offset = 0; // of the browser's time to ours: what it shows first does not always stand at 0
    this.times = times?.length ? Float64Array.from(times, (time) => time - times[0]) : null;
  }

  /** Seconds from the first frame to frame `n`. */
  start(n) {
    return this.times ? this.times[n - 1] : (n - 1) / this.rate;
  }

  /** Seconds for which frame `n` stands; the last one's is that of the one before. */
  length(n) {
    if (!this.times) return 1 / this.rate;
    if (this.frames === 1) return 1 / this.rate;
    return n < this.frames ? this.times[n] - this.times[n - 1] : this.times[n - 1] - this.times[n - 2];
  }

  /** The time to seek to for frame `n`: its middle, so that rounding never shows a neighbour. */
  middle(n) {
    return this.start(n) + this.length(n) / 2 + this.offset;
  }

  /** The frame that is on the screen at a time of the browser's clock. */
  at(time) {
    const after = this._after(time - this.offset + 1e-6);
    return Math.min(this.frames, Math.max(1, after));
  }

  /** The frame whose own time is nearest: for the time that the browser gives with a picture. */
  nearest(time) {
    const ours = time - this.offset;
    const n = Math.min(this.frames, Math.max(1, this._after(ours)));
    return n < this.frames && Math.abs(this.start(n + 1) - ours) < Math.abs(this.start(n) - ours) ? n + 1 : n;
  }

  /** How many frames begin at or before a time. */
  _after(time) {
    if (!this.times) return Math.floor(time * this.rate + 1e-6) + 1;
    let [low, high] = [0, this.frames];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.times[middle] <= time) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  get seconds() {
    return this.start(this.frames) + this.length(this.frames);
  }
}

/** "1:02:03.4" or "2:03.40" of seconds. */
export function clockText(seconds, digits = 2) {
  const scale = 10 ** digits;
  const parts = Math.round(Math.max(0, seconds) * scale);
  const whole = Math.floor(parts / scale);
  const rest = digits ? `.${String(parts % scale).padStart(digits, "0")}` : "";
  const [hours, minutes, left] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60), whole % 60];
  const two = (value) => String(value).padStart(2, "0");
  return hours ? `${hours}:${two(minutes)}:${two(left)}${rest}` : `${minutes}:${two(left)}${rest}`;
}
