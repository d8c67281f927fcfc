import { get } from "/static/api.js";
import { h } from "/static/dom.js";
import { openDialog } from "./dialogs.js";

const MOST = 500; // of the latest edits that are listed

/** What was done, the latest first; each can be looked at. */
export async function showHistory(app) {
  let edits = [];
  try {
    ({ edits } = await get("/v1/edit/history"));
  } catch (error) {
    app.complain(error);
    return;
  }
  const latest = edits.map((one, n) => ({ ...one, n: n + 1 })).reverse().slice(0, MOST);
  const list = (close) =>
    edits.length
      ? h("ol", { class: "history", reversed: true, start: edits.length }, latest.map((one) => h("li", {}, line(app, one, close))))
      : h("p", { class: "muted" }, "Nothing yet. Each edit is saved at once, and can be undone without end.");
  openDialog(`What was done: ${edits.length} edits`, list, { wide: true });
}

function line(app, { text, follows, status, reason, frame, track }, close) {
  const look = () => {
    close();
    if (track !== null && app.model.row(track)) app.select(track);
    if (frame !== null) app.go(frame);
  };
  return [
    h("button", { class: "button small quiet grow", type: "button", on: { click: look } }, text, follows ? ` and ${follows} that follow` : null),
    status === "refused" ? h("span", { class: "badge bad" }, "does not fit") : status === "refitted" ? h("span", { class: "badge warn" }, "refitted") : null,
    reason ? h("p", { class: "small muted" }, reason) : null,
  ];
}
