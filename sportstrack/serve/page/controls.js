import { clockText } from "./clock.js";
import { fill, h, icon } from "./dom.js";

const RATES = [0.1, 0.25, 0.5, 1, 2, 4];

/** The bar under a player: play, step, seek, speed, frame number, full screen; and its keys on the whole player. */
export class Controls {
  /** @param {import("./player.js").Player} player */
  constructor(player) {
    this.player = player;
    const button = (name, label, act) =>
      h("button", { class: "button icon small", type: "button", "aria-label": label, title: label, on: { click: act } }, icon(name));
    this.playing = button("play", "Play (space)", () => player.toggle());
    this.seek = h("input", {
      type: "range", min: 1, max: player.frames, step: 1, value: 1, "aria-label": "Frame", on: { input: () => player.seekToFrame(+this.seek.value) },
    });
    this.text = h("output", { class: "mono" });
    this.rate = h(
      "select",
      { "aria-label": "Speed", on: { change: () => player.setRate(+this.rate.value) } },
      RATES.map((rate) => h("option", { value: rate, selected: rate === 1 }, `${rate}×`)),
    );
    this.bar = h(
      "div",
      { class: "player-bar" },
      button("back", "One frame back (left arrow)", () => player.step(-1)),
      this.playing,
      button("forward", "One frame on (right arrow)", () => player.step(1)),
      this.seek,
      this.text,
      this.rate,
      button("full", "Full screen (F)", () => this._fullScreen()),
    );
    player.root.append(this.bar);
    player.root.tabIndex = 0;
    player.root.setAttribute("role", "group");
    player.root.setAttribute("aria-label", "Video player");
    player.root.addEventListener("keydown", (event) => this._key(event));
    player.onFrame((frame) => this._show(frame));
    player.onState(() => this._state());
    this._show(player.frame);
  }

  _show(frame) {
    const { clock, frames } = this.player;
    this.seek.max = frames;
    this.seek.value = frame;
    this.seek.setAttribute("aria-valuetext", `frame ${frame} of ${frames}`);
    this.text.textContent = `${clockText(clock.start(frame))} · ${frame}/${frames}`;
  }

  _state() {
    const paused = this.player.paused;
    const label = paused ? "Play (space)" : "Pause (space)";
    fill(this.playing, icon(paused ? "play" : "pause"));
    this.playing.setAttribute("aria-label", label);
    this.playing.title = label;
  }

  _fullScreen() {
    if (document.fullscreenElement) document.exitFullscreen();
    else this.player.root.requestFullscreen?.();
  }

  _key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("select, textarea, input:not([type=range])")) return;
    const far = event.shiftKey ? 10 : 1;
    const acts = {
      " ": () => this.player.toggle(),
      ArrowLeft: () => this.player.step(-far),
      ArrowRight: () => this.player.step(far),
      ",": () => this.player.step(-1),
      ".": () => this.player.step(1),
      Home: () => this.player.seekToFrame(1),
      End: () => this.player.seekToFrame(this.player.frames),
      f: () => this._fullScreen(),
    };
    if (event.key === " " && event.target.closest("button")) return; // the button's own
    if (!acts[event.key]) return;
    event.preventDefault();
    acts[event.key]();
  }
}
