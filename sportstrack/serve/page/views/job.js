import { get, listen, post } from "../api.js";
import { fill, h, icon } from "../dom.js";
import { agoText, countText, numberText, spanText, stateBadge, timeText } from "../format.js";
import { followUp } from "../follow_up.js";
import { filesCard } from "../result/files.js";
import { toast } from "../toast.js";
import { bar, deleteJob, setBar } from "./videos.js";

const ENDED = ["done", "failed", "cancelled"];
const LINES = 200; // of the log
const LOOK = 2000; // ms between two looks at the newest frame

/** Show one job: its progress while it runs, its result when it is done. */
export async function show(root, id) {
  const view = new JobView(root, id);
  await view.refresh();
  return () => view.end();
}

class JobView {
  constructor(root, id) {
    Object.assign(this, { root, id, part: null, state: null });
    this.title = h("h1", { class: "truncate" });
    this.badge = h("span", { class: "badge" });
    this.about = h("p", { class: "muted small" });
    this.acts = h("div", { class: "row" });
    this.body = h("div", { class: "stack" });
    fill(root,
      h("div", { class: "page-head" },
        h("a", { class: "button icon quiet", href: "#/", "aria-label": "All videos", title: "All videos" }, icon("left")),
        h("div", { class: "grow" }, h("div", { class: "row tight" }, this.title, this.badge), this.about), this.acts),
      this.body);
  }

  async refresh() {
    this.job = await get(`/v1/jobs/${encodeURIComponent(this.id)}`);
    if (this.ended) return;
    this._head();
    if (this.state === this.job.state) return;
    this.state = this.job.state;
    await this._show();
  }

  end() {
    this.ended = true;
    this.part?.end();
    this.stopListening?.();
  }

  _head() {
    const { job } = this;
    const [text, badge] = stateBadge(job.state);
    this.title.textContent = document.title = job.name || job.id;
    document.title += " · sportstrack";
    this.badge.textContent = text;
    this.badge.className = badge;
    const tracks = job.summary?.tracks;
    this.about.textContent = [
      job.settings?.quality && `quality ${job.settings.quality}`,
      Number.isFinite(tracks) && countText(tracks),
      job.progress?.frames_done > 0 && job.state === "done" && `${numberText(job.progress.frames_done)} frames`,
      job.started && job.ended && `took ${spanText(job.ended - job.started)}`,
      agoText(job.created),
    ].filter(Boolean).join(" · ");
    const act = (name, words, handler, kind = "") => h("button", { class: `button ${kind}`, type: "button", on: { click: handler } }, icon(name), h("span", {}, words));
    const active = !ENDED.includes(job.state);
    const hasTracks = ["track", "refine"].includes(job.kind) && job.state === "done";
    fill(this.acts,
      hasTracks && act("check", "Score", () => followUp("evaluate", job)),
      hasTracks && act("again", "Refine", () => followUp("refine", job)),
      active && act("stop", "Cancel", () => this._cancel(), "danger"),
      !active && job.state !== "done" && act("again", "Start again", () => this._again()),
      !active && act("bin", "Delete", () => this._delete(), "danger"));
  }

  async _show() {
    this.part?.end();
    this.part = null;
    const { job } = this;
    if (!ENDED.includes(job.state)) {
      this.part = new Running(this.body, job);
      this.stopListening ||= listen(`/v1/jobs/${job.id}/events`, {
        progress: (progress) => this.part?.progress?.(progress),
        log: (line) => this.part?.log?.(line),
        state: (state) => (state.state ?? state) !== this.state && this.refresh(),
      });
      return;
    }
    this.stopListening?.();
    if (job.state !== "done") return void fill(this.body, this._notDone(job));
    if (job.kind !== "track" && job.kind !== "refine" && job.kind !== "sot") {
      const { Report } = await import("../result/report.js");
      this.part = new Report(this.body, job);
      return;
    }
    await this._result();
  }

  _notDone(job) {
    const failed = job.state === "failed";
    const done = job.progress?.frames_done ?? 0;
    const look = job.kind === "track" && done > 0 && h("button", { class: "button", type: "button", on: { click: () => this._result() } }, icon("play"), h("span", {}, "Show what was tracked"));
    return [h("div", { class: "card empty" }, icon(failed ? "alert" : "stop"),
      h("h2", {}, failed ? "This job failed" : "This job was cancelled"),
      failed && h("p", { class: "problem" }, job.error?.message || "The service gave no reason; its log has more."),
      h("p", { class: "muted small" }, `${numberText(done)} frames were done. Ended ${timeText(job.ended)}.`), look),
    job.files?.length ? filesCard(job) : null];
  }

  async _result() {
    const { Result } = await import("../result/result.js");
    if (!this.ended) this.part = new Result(this.body, this.job);
  }

  async _cancel() {
    await post(`/v1/jobs/${this.id}/cancel`).catch((error) => toast(error.message, "bad"));
    await this.refresh();
  }

  async _again() {
    const { kind, name, source, settings } = this.job;
    const made = await post("/v1/jobs", { kind, name, source, settings });
    location.hash = `#/jobs/${made.id}`;
  }

  async _delete() {
    if (await deleteJob(this.job)) location.hash = "#/";
  }
}

/** A job that waits or runs: how far it is, how fast, how long it takes, and what it says. */
class Running {
  constructor(root, job) {
    this.share = h("div", { class: "share" }, "0 %");
    this.bar = bar(null, "Progress");
    this.figures = h("dl", { class: "figures" });
    this.picture = h("img", { class: "preview", alt: "The newest frame with its tracks", hidden: true });
    this.picture.addEventListener("load", () => (this.picture.hidden = false));
    this.source = `/v1/jobs/${encodeURIComponent(job.id)}/preview.jpg`;
    this.looked = 0;
    this.lines = h("pre", { class: "log", tabindex: 0, "aria-label": "Log" });
    this.logCard = h("section", { class: "card", hidden: true }, h("header", {}, h("h2", {}, "Log")), this.lines);
    this.words = h("p", { class: "muted" });
    fill(root, h("section", { class: "card running", "aria-label": "Progress" }, this.share, this.words, this.bar, this.figures, this.picture), this.logCard);
    this.queued = job.state === "queued";
    this.progress(job.progress || {});
  }

  progress({ frames_done: done = 0, frames_total: total, frames_per_s: rate, eta_s: eta, stage, preview }) {
    const share = total ? done / total : null;
    this.share.textContent = this.queued ? "Waiting" : share === null ? numberText(done) : `${Math.floor(share * 100)} %`;
    this.words.textContent = this.queued ? "Other jobs are before this one. It starts by itself; this page may be closed." : "It goes on when this page is closed.";
    setBar(this.bar, this.queued ? null : share, "Progress");
    if (preview) this.look();
    const figure = (name, value) => value && h("div", {}, h("dt", {}, name), h("dd", {}, value));
    fill(this.figures, this.queued ? null : [
      figure("Frames", total ? `${numberText(done)} of ${numberText(total)}` : numberText(done)),
      figure("Frames/s", rate ? numberText(rate, 1) : ""),
      figure("Time left", Number.isFinite(eta) && eta !== null ? spanText(eta) : ""),
      figure("Stage", stage),
    ]);
  }

  /** Load the newest frame, not more often than it is made. */
  look() {
    const now = performance.now();
    if (now - this.looked < LOOK) return;
    this.looked = now;
    this.picture.src = `${this.source}?at=${Math.round(now)}`;
  }

  log(line) {
    this.logCard.hidden = false;
    this.lines.append(`${line.message}\n`);
    while (this.lines.childNodes.length > LINES) this.lines.firstChild.remove();
    this.lines.scrollTop = this.lines.scrollHeight;
  }

  end() {}
}
