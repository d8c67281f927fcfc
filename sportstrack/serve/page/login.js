import { request } from "./api.js";
import { fill, h, icon } from "./dom.js";

let open = null;

/** Ask for the service's token until a right one is given; all who ask at a time share one dialogue. */
export function askToken() {
  open ||= dialogue().finally(() => (open = null));
  return open;
}

function dialogue() {
  return new Promise((resolve) => {
    const problem = h("div", { class: "notice bad", role: "alert", id: "token-problem", hidden: true });
    const field = h("input", {
      type: "password", id: "token", autocomplete: "current-password", required: true, "aria-describedby": "token-help token-problem", autofocus: true,
    });
    const button = h("button", { class: "button primary", type: "submit" }, "Sign in");
    const submit = async (event) => {
      event.preventDefault();
      button.disabled = true;
      try {
        await request("POST", "/v1/login", { body: { token: field.value.trim() }, quiet: true });
        dialog.close();
        dialog.remove();
        resolve(true);
      } catch (error) {
        const text = error.kind === "token" ? "This token is wrong. Check for missing characters, or ask who runs the service." : error.message;
        fill(problem, icon("alert"), h("span", {}, text));
        problem.hidden = false;
        field.setAttribute("aria-invalid", "true");
        field.select();
      } finally {
        button.disabled = false;
      }
    };
    const dialog = h(
      "dialog",
      { class: "dialog", "aria-labelledby": "token-title", on: { cancel: (event) => event.preventDefault() } },
      h(
        "form",
        { class: "stack", on: { submit } },
        h("img", { src: "/static/icon.svg", alt: "", width: 40, height: 40 }),
        h("h2", { id: "token-title" }, "Sign in to sportstrack"),
        h("p", { class: "muted small", id: "token-help" }, "This service needs the token that it was started with."),
        h("label", { class: "field" }, h("span", {}, "Token"), field),
        problem,
        button,
      ),
    );
    document.body.append(dialog);
    dialog.showModal();
  });
}
