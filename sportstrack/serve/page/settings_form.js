import { fill, h } from "./dom.js";

/** What most people set, in this order; everything else is under "All settings". */
const COMMON = {
  track: ["quality", "weights", "tracker", "teams", "numbers", "offline"],
  sot: ["box", "weights", "tracker", "frame"],
  refine: ["quality"],
  evaluate: ["truth"],
  mine: ["weights", "limit"],
};
const WORDS = { imgsz: "Input size", iou: "Overlap limit", mot_classes: "Classes in MOT text", numbers: "Shirt numbers", offline: "Refine afterwards" };

/**
 * The form of a kind of job, made from what `GET /v1/settings/{kind}` tells.
 * `value()` has only what differs from the defaults; `show(message)` marks the field that a refusal names.
 */
export class SettingsForm {
  /** @param {HTMLElement} root @param {string} kind @param {object[]} settings @param {{weights?: string[]}} known choices */
  constructor(root, kind, settings, known = {}) {
    this.fields = new Map();
    const common = (COMMON[kind] || []).filter((name) => settings.some((one) => one.name === name));
    const first = common.map((name) => this._field(settings.find((one) => one.name === name), known));
    const others = settings.filter((one) => !common.includes(one.name)).map((one) => this._field(one, known));
    const find = h("input", { type: "search", placeholder: "Find a setting", "aria-label": "Find a setting", on: { input: () => this._find(find.value, others) } });
    this.more = h(
      "details",
      { class: "more" },
      h("summary", {}, "All settings", h("span", { class: "muted small" }, ` ${others.length} more`)),
      h("div", { class: "stack" }, others.length > 8 && find, h("div", { class: "fields" }, others)),
    );
    fill(root, first.length > 0 && h("div", { class: "fields" }, first), others.length > 0 && this.more);
  }

  /** The settings that were changed, as the service takes them. */
  value() {
    const found = {};
    for (const [name, { about, input }] of this.fields) {
      const value = read(about, input);
      if (value !== undefined) found[name] = value;
    }
    return found;
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

  _find(text, nodes) {
    const wanted = text.trim().toLowerCase();
    for (const node of nodes) node.hidden = wanted !== "" && !node.textContent.toLowerCase().includes(wanted);
  }

  _field(about, known) {
    const id = `setting-${about.name}`;
    const input = control(about, id, known);
    const problem = h("span", { class: "problem", id: `${id}-problem`, role: "alert", hidden: true });
    this.fields.set(about.name, { about, input, problem });
    return h(
      "div",
      { class: "field" },
      h("label", { for: id }, WORDS[about.name] || about.name.replaceAll("_", " ").replace(/^./, (letter) => letter.toUpperCase())),
      input,
      h("span", { class: "muted small hint", id: `${id}-help` }, about.help),
      problem,
    );
  }
}

const isSwitch = (about) => /true or false|^bool/.test(about.type);
const isNumber = (about) => /^(a (whole )?number|int|float)/.test(about.type);
const isList = (about) => /^(a list|list|tuple)/.test(about.type);
const plain = (value) => (Array.isArray(value) ? value.join(", ") : String(value));

function control(about, id, known) {
  const more = { id, "aria-describedby": `${id}-help ${id}-problem` };
  const unset = about.default === null || about.default === undefined ? "Automatic" : `${plain(about.default)} (default)`;
  const choices = isSwitch(about) ? ["yes", "no"] : about.choices?.length && !isList(about) ? about.choices : null;
  if (choices) {
    const shown = isSwitch(about) && typeof about.default === "boolean" ? `${about.default ? "yes" : "no"} (default)` : unset;
    const others = choices.filter((one) => one !== about.default && !(isSwitch(about) && one === (about.default === true ? "yes" : about.default === false ? "no" : "")));
    return h("select", more, h("option", { value: "" }, shown), others.map((one) => h("option", { value: one }, one)));
  }
  if (about.name === "weights" && known.weights?.length) {
    return h("select", more, known.weights.map((one) => h("option", { value: one === about.default ? "" : one }, one === about.default ? `${one} (default)` : one)));
  }
  const number = isNumber(about);
  return h("input", {
    ...more,
    type: number ? "number" : "text",
    step: number ? (/whole|int/.test(about.type) ? 1 : "any") : null,
    min: number ? about.low : null,
    max: number ? about.high : null,
    placeholder: unset === "Automatic" ? (about.metavar ? `Automatic, or ${about.metavar}` : unset) : unset,
    autocomplete: "off",
    spellcheck: "false",
  });
}

function read(about, input) {
  const text = input.value.trim();
  if (text === "") return input.validity?.badInput ? NaN : undefined;
  if (isSwitch(about)) return text === "yes";
  if (isNumber(about)) return Number(text);
  if (isList(about)) return text.split(",").map((part) => part.trim()).map((part) => (/^-?\d+(\.\d+)?$/.test(part) && !about.choices?.length ? Number(part) : part));
  return text;
}
