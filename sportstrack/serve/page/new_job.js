import { get, post } from "./api.js";
import { BoxPicker } from "./box_picker.js";
import { fill, h, icon } from "./dom.js";
import { bytesText, limitText } from "./format.js";
import { SettingsForm } from "./settings_form.js";
import { toast } from "./toast.js";
import { startUpload } from "./uploads.js";

const KINDS = [
  ["track", "Track everybody", "Players and the ball, each with an id"],
  ["sot", "Follow one object", "One player or the ball, from a box that you draw"],
  ["mine", "Find hard examples", "In a data set: the pictures that a detector does worst on"],
];
const VIDEO_FILE = /\.(mp4|m4v|mov|mkv|avi|webm|ts|mts|m2ts|mpg|mpeg|wmv|flv)(\?|#|$)/i;

/** The card at the top of the videos: drop a file or give an address, then choose what to do with it. */
export class NewJob {
  /** @param {HTMLElement} root @param {object} about answer of `/v1/about` @param {() => void} onStarted */
  constructor(root, about, onStarted) {
    Object.assign(this, { root, about, onStarted, kind: "track", sources: [] });
    this._drop();
  }

  /** Take files, from wherever they were dropped. */
  takeFiles(files) {
    const found = [...files];
    if (found.length) this._setUp(found.map((file) => ({ file, name: file.name, bytes: file.size })));
  }

  _drop(problem = null) {
    const picker = h("input", { type: "file", id: "file", accept: "video/*,.mkv,.ts,.mts,.avi", multiple: true, class: "visually-hidden", on: { change: () => this.takeFiles(picker.files) } });
    const address = h("input", { type: "text", name: "address", id: "address", placeholder: "Address, or file on the server", autocomplete: "off", spellcheck: "false", required: true });
    const submit = (event) => {
      event.preventDefault();
      this._takeAddress(address.value.trim());
    };
    fill(
      this.root,
      h(
        "div",
        { class: "drop" },
        h("div", { class: "drop-icon" }, icon("upload")),
        h("div", {},
          h("h2", {}, "Drop a video here"),
          h("p", { class: "muted small" }, `Any format, up to ${limitText(this.about?.limits?.upload_bytes ?? 20 * 2 ** 30)}. An upload that breaks off goes on where it stopped.`)),
        picker,
        h("label", { class: "button primary", for: "file" }, "Choose videos"),
        h("form", { class: "address", on: { submit } },
          h("label", { class: "visually-hidden", for: "address" }, "Address of a stream or video"), address,
          h("button", { class: "button", type: "submit" }, "Add")),
        problem && h("div", { class: "notice bad", role: "alert" }, icon("alert"), h("span", {}, problem)),
      ),
    );
  }

  _takeAddress(address) {
    if (!address) return;
    const scheme = address.match(/^([a-z][a-z0-9+.-]*):\/\//i)?.[1].toLowerCase();
    if (scheme && !(scheme.startsWith("http") && VIDEO_FILE.test(address))) {
      sessionStorage.setItem("sportstrack.address", address);
      location.hash = "#/live";
      return;
    }
    const name = address.split(/[\\/]/).pop().replace(/[?#].*$/, "") || address;
    this._setUp([{ source: scheme ? { url: address } : { path: address }, name }]);
  }

  async _setUp(sources, values = {}) {
    this.sources = sources;
    this.problem = h("div", { class: "notice bad", role: "alert", hidden: true });
    this.picker = h("div");
    this.form = h("div", { class: "stack" }, h("p", { class: "muted" }, "Reading the settings …"));
    this.start = h("button", { class: "button primary", type: "submit" }, icon("play"), sources.length > 1 ? `Start ${sources.length} jobs` : "Start");
    const kinds = h(
      "fieldset",
      { class: "kinds" },
      h("legend", { class: "visually-hidden" }, "What to do"),
      KINDS.filter(([kind]) => kind !== "mine" || sources.some((one) => one.source?.path)).map(([kind, title, text]) =>
        h("label", { class: "kind" },
          h("input", { type: "radio", name: "kind", value: kind, checked: kind === this.kind, on: { change: () => this._loadSettings(kind) } }),
          h("span", {}, h("strong", {}, title), h("span", { class: "muted small" }, text)))),
    );
    fill(
      this.root,
      h(
        "form",
        { class: "setup stack", on: { submit: (event) => this._submit(event) } },
        h("div", { class: "row" }, preview(sources[0]), h("div", { class: "grow" },
          h("h2", { class: "truncate" }, sources.length > 1 ? `${sources.length} videos` : sources[0].name),
          h("p", { class: "muted small truncate" }, sources.length > 1 ? sources.map((one) => one.name).join(", ") : sources[0].bytes !== undefined ? bytesText(sources[0].bytes) : Object.values(sources[0].source)[0]))),
        kinds,
        this.picker,
        this.form,
        this.problem,
        h("div", { class: "row" }, this.start, h("button", { class: "button", type: "button", on: { click: () => this._drop() } }, "Cancel")),
      ),
    );
    await this._loadSettings(this.kind);
    this.settings?.fill(values);
    this.start.focus({ preventScroll: true });
  }

  async _loadSettings(kind) {
    this.kind = kind;
    try {
      const settings = await get(`/v1/settings/${kind}`);
      if (kind !== this.kind) return;
      this.settings = new SettingsForm(this.form, kind, settings);
      const { file } = this.sources[0];
      const drawn = kind === "sot" && file && this.sources.length === 1;
      fill(this.picker, drawn && new BoxPicker(file, this.settings.input("init")).node);
    } catch (error) {
      this._refused(error.message);
    }
  }

  async _submit(event) {
    event.preventDefault();
    this.start.disabled = true;
    this.problem.hidden = true;
    try {
      const settings = (await this.settings?.value()) ?? {};
      for (const { file, source, name } of this.sources) {
        const job = { kind: this.kind, name, settings };
        if (file) startUpload(file, job, { onStarted: this.onStarted, onRefused: (id, error) => this._refusedUpload(id, job, error) });
        else await post("/v1/jobs", { ...job, source });
      }
      this._drop();
      this.onStarted();
    } catch (error) {
      this.start.disabled = false;
      this._showRefusal(error);
    }
  }

  /** The file is there, but the job was refused: ask for other settings. */
  async _refusedUpload(id, job, error) {
    if (!this.root.isConnected) return toast(`${job.name}: ${error.message}`, "bad");
    await this._setUp([{ source: { upload: id }, name: job.name }], job.settings);
    return this._showRefusal(error);
  }

  _showRefusal(error) {
    if (!this.settings?.show(error.message)) this._refused(error.message);
  }

  _refused(message) {
    fill(this.problem, icon("alert"), h("span", {}, message));
    this.problem.hidden = false;
  }
}

function preview({ file }) {
  const frame = h("div", { class: "thumb" }, icon("film"));
  if (!file) return frame;
  const video = h("video", { muted: true, preload: "metadata", tabindex: "-1", "aria-hidden": "true" });
  const address = URL.createObjectURL(file);
  video.src = `${address}#t=0.5`;
  video.addEventListener("loadeddata", () => video.videoWidth && frame.replaceChildren(video));
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
  return frame;
}
