import { fill, h, icon } from "/static/dom.js";
import { post } from "/static/api.js";
import { toast } from "/static/toast.js";
import { showExport } from "./exports.js";
import { showHistory } from "./history.js";
import { showKeys } from "./keys.js";

/** The tools in the header: undo and redo, where to look, what was done, export, colours, keys. */
export function buildTools(app) {
  const { model } = app;
  const button = (name, label, act, text = "") =>
    h("button", { class: `button small ${text ? "" : "icon"} quiet`, type: "button", "aria-label": label, title: label, on: { click: act } }, icon(name), text || null);
  const undo = button("undo", "Undo", () => app.actions.undo());
  const redo = button("redo", "Do again", () => app.actions.redo());
  const moments = h("button", { class: "button small", type: "button", on: { click: () => app.moments.next(1) } });
  const history = button("list", "What was done", () => showHistory(app));
  const theme = button("sun", "Light colours", () => switchTheme(theme));
  const notice = h("div", { class: "row small muted", role: "status" });
  const saved = document.getElementById("saved");
  fill(
    document.getElementById("tools"), notice, undo, redo, h("span", { class: "gap" }), moments, h("span", { class: "gap" }),
    history, button("download", "Export the corrected tracks (X)", () => showExport(app)), theme, button("keys", "Keys (?)", () => showKeys(app)),
  );
  showTheme(theme);
  const tools = {
    show() {
      label(undo, model.undoText ? `Undo: ${model.undoText} (Ctrl Z)` : "Nothing to undo", !model.undoText);
      label(redo, model.redoText ? `Do again: ${model.redoText} (Ctrl Shift Z)` : "Nothing to do again", !model.redoText);
      const { looked, total, searching, error } = app.moments.state;
      const text = searching ? "Looking for doubtful moments…" : error ? "No moments" : `${looked} of ${total} looked at`;
      fill(moments, icon("target"), h("span", {}, text), total ? h("kbd", {}, "G") : null);
      moments.hidden = !total && !searching && !error;
      moments.disabled = searching || !total;
      moments.title = error || (total ? "Next doubtful moment (G)" : "");
      history.setAttribute("aria-label", `What was done: ${model.edits} edits`);
      history.title = `What was done: ${model.edits} edits (Y)`;
    },
    showSaved(text, kind) {
      saved.textContent = text;
      saved.className = `badge plain ${kind}`;
    },
    /** Frames that come one by one are slower than a video: offer a copy. */
    showPlaying(state) {
      if (!model.video.file) return;
      const offer = (text, why, action) =>
        fill(notice, h("span", { title: why }, text), h("button", { class: "button small", type: "button", title: why, on: { click: () => makeCopy(tools) } }, action));
      const why = model.video.unplayable || "this browser does not play the video";
      if (state === "pictures") offer("Shown as pictures", `${why}. A copy in H.264 plays at full speed.`, "Make an H.264 copy");
      else if (state === "ready" && model.video.sparse) {
        offer("Seeks are slow", `Key frames are ${model.video.sparse} s apart. A copy with more of them seeks at once.`, "Make a copy");
        model.video.sparse = 0; // said once
      }
    },
    showCopy({ ready, running, percent, error }) {
      if (running) fill(notice, h("span", {}, `H.264 copy: ${percent} %`));
      else if (error) fill(notice, h("span", { class: "problem" }, error));
      else if (ready && notice.childElementCount) {
        fill(notice);
        app.player.setSource("/v1/edit/video?copy");
      }
    },
  };
  tools.showSaved(model.edits ? `Saved, ${model.edits} edits` : "No edits yet", model.edits ? "good" : "");
  if (app.player.state === "pictures") tools.showPlaying("pictures");
  return tools;
}

async function makeCopy(tools) {
  try {
    tools.showCopy(await post("/v1/edit/copy", {}));
  } catch (error) {
    toast(error.message, "bad");
  }
}

function label(button, text, disabled) {
  button.disabled = disabled;
  button.title = text;
  button.setAttribute("aria-label", text);
}

const isDark = () => document.documentElement.dataset.theme !== "light";

function showTheme(button) {
  fill(button, icon(isDark() ? "sun" : "moon"));
  label(button, isDark() ? "Light colours" : "Dark colours", false);
}

function switchTheme(button) {
  const theme = isDark() ? "light" : "dark";
  document.documentElement.dataset.theme = theme;
  try {
    localStorage.setItem("sportstrack.edit.theme", theme);
  } catch {
    // storage is off: for this visit only
  }
  showTheme(button);
}
