import { fill, h, icon } from "/static/dom.js";
import { clockText } from "/static/clock.js";
import { colourOf, crop, keyCap, labelOf } from "./look.js";

const FIELDS = [["team", "Team", "T"], ["role", "Role", "E"], ["number", "Number", "N"], ["name", "Name", "P"]];

/** Show what the page is about: a doubtful moment, a question, the chosen track, or what there is to do. */
export function showSide(app, { light = false } = {}) {
  const side = document.getElementById("side");
  if (light) {
    showHere(app);
    return;
  }
  const kept = keepField(side);
  const kind = app.mode?.kind;
  const shown = kind === "moment" ? moment(app) : kind === "partner" ? partner(app) : app.selected === null && !kind ? nothing(app) : track(app);
  fill(side, shown);
  giveBack(side, kept);
  showHere(app);
}

/** Bring the field of an attribute into use. */
export function focusField(name) {
  const field = document.getElementById(`field-${name}`);
  field?.focus();
  field?.select?.();
}

function keepField(side) {
  const field = document.activeElement;
  return side.contains(field) && field.id ? { id: field.id, value: field.value, changed: field.value !== field.dataset.was } : null;
}

function giveBack(side, kept) {
  const field = kept && document.getElementById(kept.id);
  if (!field || !side.contains(field)) return;
  if (kept.changed && "value" in field) field.value = kept.value;
  field.focus();
}

// --- the chosen track -------------------------------------------------------------------------------------------------

function track(app) {
  const { model, selected, mode } = app;
  const row = selected === null ? null : model.row(selected);
  return [
    mode?.kind === "draw" && note("Draw the box with the mouse, or move it with Alt and the arrows.", "Enter adds it."),
    mode?.kind === "keys" && note(`${mode.keys.size} key ${mode.keys.size === 1 ? "box" : "boxes"}. Go to another frame, put the box in its place, press K.`, "Enter fills the frames between."),
    row && head(app, row),
    row && form(app, row),
    row && scope(app),
    row && buttons(app),
    !row && mode && h("div", { class: "side-head" }, h("h2", {}, "A new track")),
  ];
}

function note(text, more) {
  return h("p", { class: "notice" }, icon("plus"), h("span", {}, text, " ", h("strong", {}, more)));
}

function head(app, row) {
  const { model } = app;
  const [first, last] = [row.spans[0]?.[0] ?? 0, row.spans.at(-1)?.[1] ?? 0];
  const gaps = row.spans.length - 1;
  return h("div", { class: "side-head" },
    h("span", { class: "swatch", style: { "--swatch": colourOf(model, row.id) } }),
    portrait(row),
    h("div", { class: "grow" },
      h("h2", { class: "truncate" }, `Track ${labelOf(model, row.id)}`),
      h("p", { class: "muted small" }, `${clockText(model.clock.start(first), 1)} to ${clockText(model.clock.start(last), 1)}`, gaps ? `, ${gaps} ${gaps === 1 ? "gap" : "gaps"}` : "", h("span", { id: "here" }))),
    row.confirmed.length ? h("span", { class: "badge good" }, "confirmed") : null,
  );
}

function showHere(app) {
  const here = document.getElementById("here");
  if (here && app.selected !== null) here.textContent = app.model.box(app.selected, app.frame) ? "" : " · not in this frame";
}

/** A good look at a track. */
function portrait(row) {
  const [frame, ...box] = row.picture;
  return h("div", { class: "portrait" }, crop(frame, box, `Track ${row.id} in frame ${frame}`, 144));
}

function form(app, row) {
  const { model } = app;
  const known = model.person(row.id, app.frame) ?? row;
  const field = (name) => {
    const value = known[name] ?? "";
    const common = { id: `field-${name}`, data: { was: value }, on: { change: (event) => app.actions.describe(name, event.target.value) } };
    if (name === "role") return h("select", common, ["", ...model.project.roles].map((role) => h("option", { value: role, selected: role === value }, role || "unknown")));
    return h("input", { ...common, type: "text", value, autocomplete: "off", spellcheck: "false", list: name === "team" ? "teams" : null, inputmode: name === "number" ? "numeric" : null, maxlength: name === "number" ? 3 : 200 });
  };
  return h("form", { class: "fields", on: { submit: (event) => event.preventDefault() } },
    FIELDS.map(([name, text, key]) => h("div", { class: `field ${name}` }, h("label", { for: `field-${name}` }, text, keyCap(key)), field(name))),
    h("datalist", { id: "teams" }, model.teams.map((team) => h("option", { value: team }))),
  );
}

/** Where an edit holds: the chosen span, if there is one. */
function scope(app) {
  const { first, last } = app.span;
  if (first === null && last === null) return null;
  return h("p", { class: "notice" }, icon("fit"), h("span", {}, `Span: frame ${first ?? 1} to ${last ?? app.model.frames}. Confirm, delete and who it is hold there alone.`));
}

function buttons(app) {
  const { actions } = app;
  const one = (text, key, act, kind = "") => h("button", { class: `button small ${kind}`, type: "button", on: { click: act } }, h("span", { class: "grow" }, text), keyCap(key));
  const groups = [
    [one("Swap from here", "S", () => actions.partner("swap")), one("Split here", "C", () => actions.split()), one("Merge with", "M", () => actions.partner("merge")), one("Confirm", "V", () => actions.confirm())],
    [one("Add a box", "A", () => actions.draw(false)), one("Key box", "K", () => actions.key()), one("Remove box", "Del", () => actions.removeBox()), one("Another id", "R", () => actions.rename())],
    [one("Delete span", "D", () => actions.deleteSpan(), "danger"), one("Delete track", "⇧ Del", () => actions.deleteTrack(), "danger")],
  ];
  return groups.map((group) => h("div", { class: "acts" }, group));
}

// --- a question: which partner? -----------------------------------------------------------------------------------------

function partner(app) {
  const { op, frame, list } = app.mode;
  const title = op === "swap" ? `Swap ${app.selected} from frame ${frame} on with` : `Merge ${app.selected} with`;
  return [
    h("div", { class: "side-head" }, h("h2", {}, title)),
    list.length
      ? h("ol", { class: "choices" }, list.map((one, n) => h("li", {}, h("button", { class: "choice", type: "button", on: { click: () => app.actions.withPartner(one.track) } },
          keyCap(n + 1), crop(one.frame, one.box, "", 72), h("span", { class: "grow" }, h("strong", {}, `Track ${labelOf(app.model, one.track)}`), h("span", { class: "muted small" }, `frame ${one.frame}`))))))
      : h("p", { class: "muted" }, "No track is near. Choose one in the timeline or in the video."),
    h("p", { class: "muted small" }, "Or click a player in the video, or a row of the timeline. ", keyCap("Esc"), " leaves."),
  ];
}

// --- a doubtful moment ----------------------------------------------------------------------------------------------------

function moment(app) {
  const { current, state, at, list } = app.moments;
  if (!current) return [];
  const share = state.total ? Math.round((100 * state.looked) / state.total) : 0;
  return [
    h("div", { class: "side-head" }, h("div", { class: "grow" }, h("h2", {}, current.title),
      h("p", { class: "muted small" }, `Moment ${at + 1} of ${list.length} · frame ${current.frame}`))),
    h("p", { class: "small muted" }, capital(current.reason), "."),
    h("ol", { class: "choices" }, (current.answers ?? []).map((answer, n) => h("li", {}, h("button", { class: "choice", type: "button", on: { click: () => app.moments.answer(n) } },
      keyCap(n + 1), h("span", { class: "grow" }, h("strong", {}, answer.title)), h("span", { class: "shots" }, answer.pictures.map(shots)))))),
    h("div", { class: "row ways" },
      h("button", { class: "button small", type: "button", on: { click: () => app.moments.play() } }, "Play again", keyCap("H")),
      h("button", { class: "button small", type: "button", on: { click: () => app.moments.next(1) } }, "Skip", keyCap("G")),
      h("button", { class: "button small quiet", type: "button", on: { click: () => app.moments.leave() } }, "Leave", keyCap("Esc"))),
    h("div", { class: "progress" }, h("div", { class: "bar", role: "progressbar", "aria-label": "Moments looked at", "aria-valuemin": 0, "aria-valuemax": state.total, "aria-valuenow": state.looked }, h("i", { style: { width: `${share}%` } })), h("span", { class: "muted small" }, `${state.looked} of ${state.total} looked at`)),
  ];
}

/** Who it is before and after, as an answer has it. */
function shots(pair) {
  return h("span", { class: "pair" }, pair.map((one, n) => [n ? icon("arrow") : null, crop(one.frame, one.box, `frame ${one.frame}`, 72)]));
}

const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);

// --- nothing chosen -------------------------------------------------------------------------------------------------------

function nothing(app) {
  const { model, moments } = app;
  const { state } = moments;
  return [
    h("div", { class: "side-head" }, h("h2", {}, "Choose a player")),
    h("p", { class: "muted" }, "Click one in the video or in the timeline, or use ", keyCap("↑"), " ", keyCap("↓"), "."),
    state.total
      ? h("div", { class: "stack" }, h("p", { class: "muted" }, state.looked < state.total ? `Or begin where the tracks are doubtful: ${state.total - state.looked} moments are left.` : "All doubtful moments were looked at."),
          state.looked < state.total ? h("button", { class: "button primary", type: "button", on: { click: () => moments.next(1) } }, "Next doubtful moment", keyCap("G")) : null)
      : null,
    h("dl", { class: "about" }, h("dt", {}, "Tracks"), h("dd", { class: "truncate", title: model.project.files.tracks }, h("bdi", {}, model.project.files.tracks)), h("dt", {}, "Edits"), h("dd", { class: "truncate", title: model.project.files.edits }, h("bdi", {}, model.project.files.edits))),
    h("p", { class: "muted small" }, "All keys: ", keyCap("?")),
  ];
}
