import { get, listen, listOf, post, remove } from "../api.js";
import { fill, h, icon } from "../dom.js";
import { agoText, bytesText, countText, numberText, spanText, stateBadge } from "../format.js";
import { NewJob } from "../new_job.js";
import { confirmed, toast } from "../toast.js";
import { onUploads, uploads } from "../uploads.js";

const OFTEN = 3000; // milliseconds between looks at the whole list; running jobs are listened to
const LISTENED = 2; // jobs at a time: a browser keeps few connections to one server
const KINDS = { track: "Tracking", sot: "One object", refine: "Refinement", evaluate: "Scores", mine: "Hard examples" };
const FILTERS = [["", "All"], ["active", "Active"], ["done", "Done"], ["failed", "Failed"]];

/** Show the start of the page: a new job on top, all jobs below. */
export async function show(root) {
  const about = await get("/v1/about").catch(() => null);
  const list = new JobList();
  const card = h("section", { class: "card new", "aria-label": "New job" });
  fill(root, h("h1", { class: "visually-hidden" }, "Videos"), card, list.root);
  const job = new NewJob(card, about, () => list.refresh());
  const stopDrop = dropAnywhere(job);
  await list.refresh();
  return () => {
    stopDrop();
    list.end();
  };
}

class JobList {
  constructor() {
    Object.assign(this, { jobs: [], rows: new Map(), ears: new Map(), filter: "", text: "" });
    this.body = h("ul", { class: "jobs" });
    this.sending = h("ul", { class: "jobs" });
    this.none = h("p", { class: "muted small empty-line" });
    const search = h("input", { type: "search", placeholder: "Find a video", "aria-label": "Find a video", on: { input: () => this._narrow({ text: search.value }) } });
    this.filters = h("div", { class: "segments", role: "group", "aria-label": "Show" },
      FILTERS.map(([filter, text]) => h("button", { type: "button", "aria-pressed": String(filter === ""), data: { filter }, on: { click: () => this._narrow({ filter }) } }, text)));
    this.root = h("section", { class: "card", "aria-labelledby": "jobs-title" },
      h("header", {}, h("h2", { id: "jobs-title", class: "grow" }, "Jobs"), this.filters, h("div", { class: "search" }, search)),
      this.sending, this.body, this.none);
    this.stopUploads = onUploads(() => this._showUploads());
    this._showUploads();
    this.timer = setInterval(() => !document.hidden && this.refresh(), OFTEN);
  }

  async refresh() {
    const answer = await get("/v1/jobs?limit=200").catch((error) => ({ error }));
    if (answer.error) {
      this.none.textContent = answer.error.message;
      this.none.hidden = false;
      return;
    }
    this.jobs = listOf(answer, "jobs");
    this._show();
  }

  end() {
    clearInterval(this.timer);
    this.stopUploads();
    for (const stop of this.ears.values()) stop();
  }

  _narrow(change) {
    Object.assign(this, change);
    for (const button of this.filters.children) button.setAttribute("aria-pressed", String(button.dataset.filter === this.filter));
    this._show();
  }

  _show() {
    const wanted = this.text.trim().toLowerCase();
    const active = (job) => job.state === "running" || job.state === "queued";
    const shown = this.jobs.filter((job) =>
      (job.name || job.id).toLowerCase().includes(wanted) && (!this.filter || (this.filter === "active" ? active(job) : job.state === this.filter)));
    const rows = shown.map((job) => {
      const row = this.rows.get(job.id) || new JobRow(job.id, () => this.refresh());
      this.rows.set(job.id, row);
      row.update(job);
      return row.root;
    });
    if (rows.length !== this.body.children.length || rows.some((row, at) => this.body.children[at] !== row)) fill(this.body, rows);
    this.none.textContent = this.jobs.length ? "No job matches." : "No jobs yet. What you drop above appears here.";
    this.none.hidden = rows.length > 0;
    this._listen(this.jobs.filter((job) => job.state === "running").slice(0, LISTENED));
  }

  _listen(running) {
    for (const [id, stop] of this.ears) {
      if (running.some((job) => job.id === id)) continue;
      stop();
      this.ears.delete(id);
    }
    for (const job of running.filter((one) => !this.ears.has(one.id))) {
      const change = (more) => {
        const now = this.jobs.find((one) => one.id === job.id);
        if (now) this.rows.get(job.id)?.update(Object.assign(now, more));
      };
      const stop = listen(`/v1/jobs/${job.id}/events`, {
        progress: (progress) => change({ progress }),
        state: (state) => (state.state === "running" ? change({}) : this.refresh()),
      });
      this.ears.set(job.id, stop);
    }
  }

  _showUploads() {
    fill(this.sending, uploads.map((one) => {
      const share = one.total ? one.sent / one.total : 0;
      const eta = one.rate ? `${bytesText(one.rate)}/s · ${spanText((one.total - one.sent) / one.rate)} left` : "";
      return h("li", { class: "job" }, h("div", { class: "thumb" }, icon("upload")),
        h("div", { class: "grow" },
          h("div", { class: "row tight" }, h("strong", { class: "truncate" }, one.name), h("span", { class: one.error ? "badge bad" : "badge busy" }, one.error ? "Upload failed" : one.waiting ? "Waiting for the service" : "Uploading")),
          one.error ? h("p", { class: "problem" }, one.error) : bar(share, `Upload of ${one.name}`),
          h("p", { class: "muted small" }, `${bytesText(one.sent)} of ${bytesText(one.total)} ${eta && "·"} ${eta}`)),
        one.error && h("button", { class: "button small", type: "button", on: { click: one.again } }, icon("again"), "Try again"),
        h("button", { class: "button icon small quiet", type: "button", "aria-label": `Cancel the upload of ${one.name}`, title: "Cancel", on: { click: one.cancel } }, icon("close")));
    }));
  }
}

/** One job of the list; updated in place, so that focus and pictures stay. */
class JobRow {
  constructor(id, refresh) {
    Object.assign(this, { id, refresh, shown: "" });
    this.thumb = h("div", { class: "thumb" }, icon("film"));
    this.title = h("a", { class: "truncate", href: `#/jobs/${encodeURIComponent(id)}` });
    this.badge = h("span", { class: "badge" });
    this.progress = bar(0, "Progress");
    this.about = h("p", { class: "muted small" });
    this.act = h("div", { class: "row tight acts" });
    this.root = h("li", { class: "job" }, this.thumb, h("div", { class: "grow" }, h("div", { class: "row tight" }, this.title, this.badge), this.progress, this.about), this.act);
  }

  update(job) {
    this.title.textContent = job.name || job.id;
    const [text, badge] = stateBadge(job.state);
    this.badge.textContent = text;
    this.badge.className = badge;
    this.progress.hidden = job.state !== "running";
    const { frames_done: done = 0, frames_total: total } = job.progress || {};
    setBar(this.progress, total ? done / total : null, `Progress of ${job.name}`);
    this.about.textContent = aboutText(job);
    this.about.classList.toggle("problem", job.state === "failed");
    if (this.shown === job.state) return;
    this.shown = job.state;
    if (job.state === "done") this._picture(job);
    const active = job.state === "running" || job.state === "queued";
    const act = active
      ? ["stop", `Cancel ${job.name}`, () => post(`/v1/jobs/${this.id}/cancel`).then(() => toast(`${job.name} was cancelled`), (error) => toast(error.message, "bad"))]
      : ["bin", `Delete ${job.name}`, () => deleteJob(job)];
    fill(this.act, h("button", { class: "button icon small quiet", type: "button", "aria-label": act[1], title: act[1], on: { click: () => act[2]().then(this.refresh) } }, icon(act[0])));
  }

  _picture(job) {
    new IntersectionObserver((entries, watch) => {
      if (!entries.some((entry) => entry.isIntersecting)) return;
      watch.disconnect();
      const drawn = (job.files || []).find((file) => /\.mp4$/i.test(file.name));
      if (!drawn) return;
      const video = h("video", { muted: true, preload: "metadata", tabindex: "-1", "aria-hidden": "true", src: `${drawn.href}#t=1` });
      video.addEventListener("loadeddata", () => video.videoWidth && fill(this.thumb, video));
    }).observe(this.root);
  }
}

/** Ask, then delete a job and its files; resolves with whether it was done. */
export async function deleteJob(job) {
  if (!(await confirmed("Delete this job?", `${job.name || job.id} and all its files are removed for good.`, "Delete"))) return false;
  try {
    await remove(`/v1/jobs/${job.id}`);
    toast(`${job.name || job.id} was deleted`);
    return true;
  } catch (error) {
    toast(error.message, "bad");
    return false;
  }
}

function aboutText(job) {
  const kind = KINDS[job.kind] || job.kind;
  const { frames_done: done, frames_total: total, frames_per_s: rate, eta_s: eta, stage } = job.progress || {};
  if (job.state === "failed") return job.error?.message || "failed";
  if (job.state === "running") {
    const parts = [stage, total ? `${numberText(done)} of ${numberText(total)} frames` : done ? `${numberText(done)} frames` : "", rate ? `${numberText(rate, 1)} frames/s` : "", Number.isFinite(eta) && eta !== null ? `${spanText(eta)} left` : ""];
    return parts.filter(Boolean).join(" · ");
  }
  const tracks = job.summary?.tracks;
  const took = job.ended && job.started ? `took ${spanText(job.ended - job.started)}` : "";
  return [kind, job.settings?.quality, Number.isFinite(tracks) ? countText(tracks) : "", took, agoText(job.ended || job.created)].filter(Boolean).join(" · ");
}

/** A bar of progress; `share` of null is unknown. */
export function bar(share, label) {
  const made = h("div", { class: "bar", role: "progressbar", "aria-valuemin": 0, "aria-valuemax": 100, "aria-label": label }, h("i"));
  setBar(made, share, label);
  return made;
}

/** Move a bar. */
export function setBar(node, share, label) {
  node.setAttribute("aria-label", label);
  node.classList.toggle("unknown", share === null);
  if (share === null) node.removeAttribute("aria-valuenow");
  else node.setAttribute("aria-valuenow", Math.round(share * 100));
  node.firstChild.style.width = share === null ? "" : `${Math.min(100, share * 100)}%`;
}

/** Let files fall anywhere on the page. */
function dropAnywhere(job) {
  const ended = new AbortController();
  const on = (name, handler) => addEventListener(name, handler, { signal: ended.signal });
  let depth = 0;
  const mark = (change) => {
    depth = Math.max(0, depth + change);
    document.body.classList.toggle("dropping", depth > 0);
  };
  on("dragenter", () => mark(1));
  on("dragleave", () => mark(-1));
  on("dragover", (event) => event.preventDefault());
  on("drop", (event) => {
    event.preventDefault();
    mark(-depth);
    job.takeFiles(event.dataTransfer.files);
  });
  return () => ended.abort();
}
