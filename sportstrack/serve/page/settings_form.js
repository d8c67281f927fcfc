import { fill, h } from "./dom.js";
import { upload } from "./upload.js";

/** What most people set, in this order; everything else is under "All settings". */
const COMMON = {
  track: ["quality", "weights", "tracker", "teams", "numbers", "offline"],
  stream: ["quality", "weights", "tracker", "teams", "numbers", "roster"],
  sot: ["init", "detect", "ball", "method", "redetect", "weights"],
  refine: ["preset", "steps", "detections"],
  evaluate: ["truth", "benchmark", "diagnose", "plots"],
  mine: ["weights", "split", "top"],
};
const WORDS = {
  imgsz: "Input size", iou: "Overlap limit", mot_classes: "Classes in MOT text", numbers: "Shirt numbers", offline: "Refine afterwards", init: "Box in the first frame",
  detect: "Or: the best of a class", ball: "Or: the ball", method: "Tracker", truth: "Ground truth", split: "Part of the data set",
};

/**
 * The form of a kind of job, made from what `GET /v1/settings/{kind}` tells.
 * `value()` has only what differs from the defaults; `show(message)` marks the field that a refusal names.
 */
export class SettingsForm {
  /** @param {HTMLElement} root @param {string} kind @param {object[]} settings */
  constructor(root, kind, settings) {
    this.fields = new Map();
    const common = (COMMON[kind] || []).filter((name) => settings.some((one) => one.name === name));
    const first = common.map((name) => this._field(settings.find((one) => one.name === name), kind));
    const others = settings.filter((one) => !common.includes(one.name)).map((one) => this._field(one, kind));
    const find = h("input", { type: "search", placeholder: "Find a setting", "aria-label": "Find a setting", on: { input: () => narrow(find.value, others) } });
    this.more = h(
      "details",
      { class: "more" },
      h("summary", {}, "All settings", h("span", { class: "muted small" }, ` ${others.length} more`)),
      h("div", { class: "stack" }, others.length > 8 && find, h("div", { class: "fields" }, others)),
    );
    fill(root, first.length > 0 && h("div", { class: "fields" }, first), others.length > 0 && this.more);
  }

  /** The settings that were changed, as the service takes them; files are sent first. */
  async value() {
    const found = {};
    for (const [name, { about, input }] of this.fields) {
      const value = await read(about, input);
      if (value !== undefined) found[name] = value;
    }
    return found;
  }

  /** Put values into the fields. */
  fill(values) {
    for (const [name, value] of Object.entries(values)) {
      const field = this.fields.get(name);
      if (field && field.about.type !== "file" && typeof value !== "object") field.input.value = plain(value);
      else if (field && Array.isArray(value)) field.input.value = plain(value);
    }
  }

  /** Mark the field that a message such as "imgsz: expected …" names; returns whether there is one. */
  show(message) {
    for (const { input, problem } of this.fields.values()) {
      input.removeAttribute("aria-invalid");
      problem.hidden = true;
    }
    const named = this.fields.get(message.split(":")[0].trim());
    if (!named) return false;
    named.problem.textContent = message;
    named.problem.hidden = false;
    named.input.setAttribute("aria-invalid", "true");
    if (this.more.contains(named.input)) this.more.open = true;
    named.input.focus();
    return true;
  }

  /** The control of a setting. */
  input(name) {
    return this.fields.get(name)?.input ?? null;
  }

  _field(about, kind) {
    const id = `setting-${kind}-${about.name}`;
    const input = control(about, id);
    const problem = h("span", { class: "problem", id: `${id}-problem`, role: "alert", hidden: true });
    this.fields.set(about.name, { about, input, problem });
    return h(
      "div",
      { class: "field" },
      h("label", { for: id }, (kind === "sot" || about.name !== "ball") && WORDS[about.name] ? WORDS[about.name] : words(about.name)),
      input,
      h("span", { class: "muted small hint", id: `${id}-help` }, about.help),
      problem,
    );
  }
}

function narrow(text, nodes) {
  const wanted = text.trim().toLowerCase();
  for (const node of nodes) node.hidden = wanted !== "" && !node.textContent.toLowerCase().includes(wanted);
}

const words = (name) => name.replaceAll("_", " ").replace(/^./, (letter) => letter.toUpperCase());
const isSwitch = (about) => about.type.startsWith("true or false");
const isNumber = (about) => /^a (whole )?number/.test(about.type);
const isList = (about) => about.type.startsWith("a list");
const plain = (value) => (Array.isArray(value) ? value.join(", ") : value === true ? "yes" : value === false ? "no" : String(value));

/** What stands in an empty field: what the service takes then. */
function unset({ default: value, shown, metavar, type }) {
  if (shown) return `${shown} (default)`;
  if (value !== null && value !== undefined && type !== "table") return `${plain(value)} (default)`;
  return metavar ? `Automatic, or ${metavar}` : "Automatic";
}

function control(about, id) {
  const more = { id, "aria-describedby": `${id}-help ${id}-problem` };
  if (about.type === "file") return h("input", { ...more, type: "file" });
  const choices = isSwitch(about) ? ["yes", "no"] : isList(about) ? null : about.choices;
  if (choices) {
    const others = choices.filter((one) => one !== plain(about.default));
    return h("select", more, h("option", { value: "" }, unset({ ...about, metavar: null })), others.map((one) => h("option", { value: one }, one)));
  }
  const number = isNumber(about);
  return h("input", {
    ...more,
    type: number ? "number" : "text",
    step: number ? (about.type.startsWith("a whole") ? 1 : "any") : null,
    min: number ? about.low : null,
    max: number ? about.high : null,
    placeholder: about.type === "table" ? "name=value, name=value" : unset(about),
    autocomplete: "off",
    spellcheck: "false",
  });
}

async function read(about, input) {
  if (about.type === "file") {
    if (!input.files.length) return undefined;
    return { upload: await upload(input.files[0], { onProgress: () => {}, signal: new AbortController().signal }) };
  }
  const text = input.value.trim();
  if (text === "") return input.validity?.badInput ? NaN : undefined;
  if (isSwitch(about)) return text === "yes";
  if (isNumber(about)) return Number(text);
  if (isList(about)) return text.split(/[,x]\s*(?=[\d-])|,/).map((part) => asNumber(part.trim(), !about.choices?.length));
  if (about.type === "table") return Object.fromEntries(text.split(",").map((part) => part.split("=")).map(([name, value = ""]) => [name.trim(), asNumber(value.trim(), true)]));
  return text;
}

const asNumber = (text, wanted) => (wanted && /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text);
