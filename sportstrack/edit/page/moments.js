import { get } from "/static/api.js";
import { toast } from "/static/toast.js";

const AROUND = 1; // seconds before and after a moment that are played

/** The doubtful moments, one after the other: play around it, answer by one key, go on. */
export class Moments {
  constructor(app) {
    this.app = app;
    this.state = { searching: true, total: 0, looked: 0, error: "" };
    this.list = [];
    this.at = -1;
    app.player.onFrame((frame) => this._frame(frame));
    app.model.on("tracks", () => this.current && !this._answering && this.ask()); // an undo, or another window
  }

  get current() {
    return this.app.mode?.kind === "moment" ? this.list[this.at] : null;
  }

  /** The server has found some, or somebody has looked at one. */
  async news(state) {
    this.state = state;
    if (!state.searching && state.total) await this._load();
    this.app.refresh();
  }

  async _load() {
    try {
      const answer = await get("/v1/edit/moments");
      const before = this.current;
      this.list = answer.moments;
      if (before && this.current?.key === before.key) Object.assign(this.current, { tracks: before.tracks, answers: before.answers });
      this.state = { ...this.state, looked: answer.looked, total: answer.total };
    } catch {
      return; // the next look asks again
    }
    const colour = getComputedStyle(document.documentElement).getPropertyValue("--warn") ? "#f4bb4a" : undefined;
    this.app.timeline.setTicks(this.list.filter((one) => !one.looked).map(({ frame }) => ({ frame, colour })));
  }

  /** Go to the next one that nobody has looked at (or the one before). */
  async next(by) {
    await this._load();
    const { app, list } = this;
    const open = list.map((one, n) => ({ ...one, n })).filter((one) => !one.looked);
    if (!open.length) {
      this.leave();
      toast(list.length ? "All doubtful moments were looked at." : "There are no doubtful moments.", "good");
      return;
    }
    const beyond = by > 0 ? open.find((one) => one.n > this.at) : open.findLast((one) => one.n < this.at);
    this.at = (beyond ?? (by > 0 ? open[0] : open.at(-1))).n;
    app.mode = { kind: "moment" };
    app.draft = null;
    await this.ask();
    await this.play();
  }

  /** Get the plausible corrections of the moment, for the tracks as they are now. */
  async ask() {
    const { app, current } = this;
    if (!current) return;
    try {
      Object.assign(current, await get(`/v1/edit/answers?moment=${encodeURIComponent(current.key)}`));
    } catch (error) {
      app.complain(error);
      return;
    }
    app.selected = current.tracks[0] ?? null;
    app.timeline.select(app.selected);
    app.refresh();
  }

  /** Play the two seconds around the moment, then stand at it. */
  async play() {
    const { app, current } = this;
    if (!current) return;
    const reach = Math.round(AROUND * app.model.video.frame_rate);
    const most = 3 * reach; // of a long moment its middle is shown
    this._until = Math.min(app.model.frames, Math.max(current.frame, Math.min(current.last, current.frame + most - reach)) + reach);
    app.player.pause();
    await app.go(Math.max(1, Math.min(current.frame, Math.max(current.first, current.frame - most + reach)) - reach));
    if (this.current === current) await app.player.play();
  }

  _frame(frame) {
    if (this._until === undefined || frame < this._until || !this.current) return;
    this._until = undefined;
    this.app.player.pause();
    this.app.go(this.current.frame);
  }

  /** Give the answer of this number, and go on to the next moment. */
  async answer(n) {
    const { app, current } = this;
    const answer = current?.answers?.[n];
    if (!answer) return;
    this._until = undefined;
    this._answering = true;
    const change = await app.actions.edit(answer.edit, { moment: current.key, follow: true });
    this._answering = false;
    if (change) await this.next(1);
  }

  leave() {
    this._until = undefined;
    this.app.player.pause();
    this.app.leave();
  }
}
