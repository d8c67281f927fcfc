import { h } from "/static/dom.js";

/** Open a dialogue with a title; Escape, a click beside it and its button close it. Resolves when it is closed. */
export function openDialog(title, content, { wide = false } = {}) {
  return new Promise((resolve) => {
    const close = () => dialog.close();
    const dialog = h(
      "dialog",
      { class: `dialog ${wide ? "wide" : ""}`, "aria-labelledby": "dialog-title", on: { close: () => { dialog.remove(); resolve(); } } },
      h("header", {}, h("h2", { id: "dialog-title", class: "grow" }, title),
        h("button", { class: "button small quiet", type: "button", on: { click: close } }, "Close", h("kbd", {}, "Esc"))),
      typeof content === "function" ? content(close) : content,
    );
    dialog.addEventListener("click", (event) => event.target === dialog && close());
    document.body.append(dialog);
    dialog.showModal();
  });
}

/** Ask for one value; resolves with its text, or null. `input`: attributes of the field. */
export function ask(title, input) {
  return new Promise((resolve) => {
    let answer = null;
    const field = h("input", { ...input, autofocus: true, "aria-label": title });
    const form = (close) =>
      h("form", { method: "dialog", class: "stack", on: { submit: () => { answer = field.value; close(); } } }, field,
        h("div", { class: "row end" }, h("button", { class: "button primary", type: "submit" }, "Set", h("kbd", {}, "Enter"))));
    openDialog(title, form).then(() => resolve(answer));
    field.select();
  });
}
