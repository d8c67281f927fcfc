import { h } from "/static/dom.js";
import { openDialog } from "./dialogs.js";
import { showExport } from "./exports.js";
import { showHistory } from "./history.js";
import { focusField } from "./side.js";

const seconds = (app, count) => Math.round(count * app.model.video.frame_rate);

/**
 * Every key of the page, in groups. `key` is the browser's name of it in lower case with its modifiers in front, in the order
 * ctrl, alt, shift; `shown` is how it is written. Those without `run` are handled by the player.
 */
export const GROUPS = [
  ["Play", [
    { key: " ", shown: "Space", text: "Play, pause", run: (app) => app.player.toggle() },
    { key: "arrowleft", shown: "←  →", text: "One frame back, one on", run: (app) => app.player.step(-1) },
    { key: "arrowright", run: (app) => app.player.step(1) },
    { key: "shift arrowleft", shown: "Shift ←  →", text: "Ten frames", run: (app) => app.player.step(-10) },
    { key: "shift arrowright", run: (app) => app.player.step(10) },
    { key: "ctrl arrowleft", shown: "Ctrl ←  →", text: "Five seconds", run: (app) => app.player.step(-seconds(app, 5)) },
    { key: "ctrl arrowright", run: (app) => app.player.step(seconds(app, 5)) },
    { key: "home", shown: "Home  End", text: "First frame, last frame", run: (app) => app.go(1) },
    { key: "end", run: (app) => app.go(app.model.frames) },
    { key: "[", shown: "[  ]", text: "Where the chosen track begins or ends, before and after", run: (app) => toEdge(app, -1) },
    { key: "]", run: (app) => toEdge(app, 1) },
  ]],
  ["Look", [
    { key: "+", shown: "+  −  0", text: "Timeline: less time, more time, all", run: (app) => app.timeline.zoom(2) },
    { key: "-", run: (app) => app.timeline.zoom(0.5) },
    { key: "0", run: (app) => app.timeline.fit() },
    { key: "z", shown: "Z", text: "Zoom to the chosen player, and back", run: (app) => zoomTo(app) },
    { key: "b", shown: "B", text: "Boxes of all, or of the chosen one alone", run: (app) => turn(app, "boxes") },
    { key: "l", shown: "L", text: "Labels on and off", run: (app) => turn(app, "labels") },
    { key: "f", shown: "F", text: "Full screen", run: (app) => fullScreen(app) },
  ]],
  ["Choose", [
    { key: "arrowdown", shown: "↑  ↓", text: "Next player in this frame, from left to right", run: (app) => pickNext(app, 1) },
    { key: "arrowup", run: (app) => pickNext(app, -1) },
    { key: "i", shown: "I  O", text: "First and last frame of a span", run: (app) => app.setSpan({ first: app.frame }) },
    { key: "o", run: (app) => app.setSpan({ last: app.frame }) },
    { key: "escape", shown: "Esc", text: "Leave what was begun; then the span; then the choice", run: (app) => leave(app) },
  ]],
  ["Correct", [
    { key: "s", shown: "S", text: "Swap with another track from here on", run: (app) => app.actions.partner("swap") },
    { key: "c", shown: "C", text: "Split here: from this frame on it is another track", run: (app) => app.actions.split() },
    { key: "m", shown: "M", text: "Merge with another track", run: (app) => app.actions.partner("merge") },
    { key: "v", shown: "V", text: "Confirm the track, in the span or throughout", run: (app) => app.actions.confirm() },
    { key: "shift v", shown: "Shift V", text: "Confirm everybody in this frame", run: (app) => app.actions.confirmAll() },
    { key: "d", shown: "D", text: "Delete the track's boxes in the span", run: (app) => app.actions.deleteSpan() },
    { key: "shift delete", shown: "Shift Del", text: "Delete the track", run: (app) => app.actions.deleteTrack() },
    { key: "shift backspace", run: (app) => app.actions.deleteTrack() },
  ]],
  ["Boxes", [
    { key: "a", shown: "A", text: "Add a box of the chosen track", run: (app) => app.actions.draw(false) },
    { key: "shift a", shown: "Shift A", text: "Add a box of a new track", run: (app) => app.actions.draw(true) },
    { key: "delete", shown: "Del", text: "Remove the box in this frame", run: (app) => app.actions.removeBox() },
    { key: "backspace", run: (app) => app.actions.removeBox() },
    { key: "k", shown: "K", text: "Key box here; between key boxes the track is filled", run: (app) => app.actions.key() },
    { key: "enter", shown: "Enter", text: "Accept the box or the key boxes", run: (app) => app.actions.accept() },
    ...nudges(),
  ]],
  ["Who", [
    { key: "t", shown: "T", text: "Team", run: () => focusField("team") },
    { key: "e", shown: "E", text: "Role", run: () => focusField("role") },
    { key: "n", shown: "N", text: "Number", run: () => focusField("number") },
    { key: "p", shown: "P", text: "Name", run: () => focusField("name") },
    { key: "r", shown: "R", text: "Another id", run: (app) => app.actions.rename() },
  ]],
  ["Doubtful moments", [
    { key: "g", shown: "G", text: "Next doubtful moment", run: (app) => app.moments.next(1) },
    { key: "shift g", shown: "Shift G", text: "The one before", run: (app) => app.moments.next(-1) },
    { key: "h", shown: "H", text: "Play it again", run: (app) => app.moments.play() },
    { key: "1", shown: "1 … 9", text: "The answer, or the partner, of this number", run: (app) => choose(app, 1) },
    ...[2, 3, 4, 5, 6, 7, 8, 9].map((n) => ({ key: String(n), run: (app) => choose(app, n) })),
  ]],
  ["File", [
    { key: "ctrl z", shown: "Ctrl Z", text: "Undo", run: (app) => app.actions.undo() },
    { key: "ctrl shift z", shown: "Ctrl Shift Z", text: "Do again", run: (app) => app.actions.redo() },
    { key: "ctrl y", run: (app) => app.actions.redo() },
    { key: "y", shown: "Y", text: "What was done", run: (app) => showHistory(app) },
    { key: "x", shown: "X", text: "Export the corrected tracks", run: (app) => showExport(app) },
    { key: "?", shown: "?", text: "These keys", run: (app) => showKeys(app) },
  ]],
];

function nudges() {
  const ways = [["arrowleft", -1, 0, "e"], ["arrowright", 1, 0, "e"], ["arrowup", 0, -1, "s"], ["arrowdown", 0, 1, "s"]];
  const moved = ways.map(([key, dx, dy]) => ({ key: `alt ${key}`, run: (app) => app.actions.nudge("move", dx, dy) }));
  const pulledBy = ways.map(([key, dx, dy, side]) => ({ key: `alt shift ${key}`, run: (app) => app.actions.nudge(side, dx, dy) }));
  Object.assign(moved[0], { shown: "Alt ← → ↑ ↓", text: "Move the box by a pixel" });
  Object.assign(pulledBy[0], { shown: "Alt Shift ← → ↑ ↓", text: "Make it smaller or larger by a pixel" });
  return [...moved, ...pulledBy];
}

const BY_KEY = new Map(GROUPS.flatMap(([, keys]) => keys).map((one) => [one.key, one]));

/** Listen to the keys of the whole page. */
export function watchKeys(app) {
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.isComposing || document.querySelector("dialog[open]")) return;
    const field = event.target.closest("input:not([type=range]), textarea, select");
    if (field) {
      if (event.key === "Escape" || (event.key === "Enter" && field.closest("#side"))) field.blur(); // which takes its value
      return;
    }
    if ((event.key === " " || event.key === "Enter") && event.target.closest("button, a, summary")) return; // its own
    const found = BY_KEY.get(nameOf(event));
    if (!found) return;
    event.preventDefault();
    found.run(app);
  });
}

/** A key with its modifiers; Shift counts only where it makes no other character. */
function nameOf(event) {
  const key = event.key.toLowerCase();
  const plain = key.length > 1 || (key >= "a" && key <= "z");
  const parts = [(event.ctrlKey || event.metaKey) && "ctrl", event.altKey && "alt", event.shiftKey && plain && "shift", key];
  return parts.filter(Boolean).join(" ");
}

/** All keys in a dialogue. */
export function showKeys() {
  const groups = GROUPS.map(([title, keys]) =>
    h("section", {}, h("h3", {}, title),
      h("dl", {}, keys.filter((one) => one.shown).map(({ shown, text }) => [h("dt", {}, h("kbd", {}, shown)), h("dd", {}, text)]))),
  );
  openDialog("Keys", h("div", { class: "keys" }, groups), { wide: true });
}

function leave(app) {
  if (app.mode?.kind === "moment") app.moments.leave();
  else if (app.mode || app.draft) app.leave();
  else if (app.span.first !== null || app.span.last !== null) app.setSpan({ first: null, last: null });
  else app.select(null);
}

function choose(app, n) {
  if (app.mode?.kind === "partner" && app.mode.list[n - 1]) app.actions.withPartner(app.mode.list[n - 1].track);
  else if (app.mode?.kind === "moment") app.moments.answer(n - 1);
}

function pickNext(app, by) {
  const found = app.model.boxes(app.frame).sort((a, b) => a.box[0] - b.box[0]).map((one) => one.id);
  if (!found.length) return;
  const at = found.indexOf(app.selected);
  app.select(found[at < 0 ? (by > 0 ? 0 : found.length - 1) : (at + by + found.length) % found.length]);
}

function toEdge(app, by) {
  const row = app.model.row(app.selected);
  if (!row) return;
  const edges = row.spans.flat();
  const next = by > 0 ? edges.find((frame) => frame > app.frame) : edges.findLast((frame) => frame < app.frame);
  if (next !== undefined) app.go(next);
}

function turn(app, what) {
  app.show[what] = !app.show[what];
  app.player.redraw();
}

function fullScreen(app) {
  if (document.fullscreenElement) document.exitFullscreen();
  else app.player.root.requestFullscreen?.();
}

function zoomTo(app) {
  const { player } = app;
  const box = app.selected === null ? null : app.model.box(app.selected, app.frame);
  if (player.view.scale > 1 || !box) {
    player.setView({ scale: 1, x: 0, y: 0 });
    return;
  }
  const stage = player.stage.getBoundingClientRect();
  const { x, y } = player.toWindow((box[0] + box[2]) / 2, (box[1] + box[3]) / 2);
  const scale = 4;
  player.setView({ scale, x: stage.width / 2 - (x - stage.left) * scale, y: stage.height / 2 - (y - stage.top) * scale });
}
