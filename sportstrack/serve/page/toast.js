import { h, icon } from "./dom.js";

/** Say something at the edge of the page for some seconds. `kind` is "", "good", "warn" or "bad". */
export function toast(text, kind = "") {
  const close = h("button", { class: "button icon small quiet", type: "button", "aria-label": "Close", on: { click: () => note.remove() } }, icon("close"));
  const note = h("div", { class: `notice ${kind}` }, icon(kind === "good" ? "check" : "alert"), h("span", { class: "grow" }, text), close);
  const toasts = document.getElementById("toasts");
  toasts.append(note);
  while (toasts.children.length > 3) toasts.firstChild.remove();
  setTimeout(() => note.remove(), kind === "bad" ? 12_000 : 5_000);
}

/** Ask yes or no in a dialogue; resolves with the answer. */
export function confirmed(title, text, action) {
  return new Promise((resolve) => {
    const answer = (value) => () => {
      dialog.close();
      dialog.remove();
      resolve(value);
    };
    const dialog = h(
      "dialog",
      { class: "dialog", "aria-labelledby": "confirm-title", on: { cancel: answer(false) } },
      h("div", { class: "stack" }, h("h2", { id: "confirm-title" }, title), h("p", { class: "muted" }, text),
        h("div", { class: "row end" },
          h("button", { class: "button", type: "button", autofocus: true, on: { click: answer(false) } }, "Keep"),
          h("button", { class: "button danger", type: "button", on: { click: answer(true) } }, action))),
    );
    document.body.append(dialog);
    dialog.showModal();
  });
}
