import { get, post } from "./api.js";
import { fill, h, icon } from "./dom.js";
import { SettingsForm } from "./settings_form.js";

const KINDS = {
  refine: ["Refine the tracks", "Links pieces of one track, fills gaps and smooths, with the whole video known."],
  evaluate: ["Score the tracks", "Against ground truth that you give: HOTA, MOTA, IDF1 and the causes of errors."],
};

/** Ask for the settings of a job that works on the result of another, and start it. */
export async function followUp(kind, job) {
  const [title, about] = KINDS[kind];
  const settings = await get(`/v1/settings/${kind}`);
  const problem = h("div", { class: "notice bad", role: "alert", hidden: true });
  const form = h("div", { class: "stack" });
  const fields = new SettingsForm(form, kind, settings);
  const start = h("button", { class: "button primary", type: "submit" }, icon("play"), "Start");
  const close = () => {
    dialog.close();
    dialog.remove();
  };
  const submit = async (event) => {
    event.preventDefault();
    start.disabled = true;
    try {
      const made = await post("/v1/jobs", { kind, name: job.name, source: { job: job.id }, settings: await fields.value() });
      close();
      location.hash = `#/jobs/${made.id}`;
    } catch (error) {
      start.disabled = false;
      if (fields.show(error.message)) return;
      fill(problem, icon("alert"), h("span", {}, error.message));
      problem.hidden = false;
    }
  };
  const dialog = h("dialog", { class: "dialog wide", "aria-labelledby": "follow-title", on: { close: () => dialog.remove() } },
    h("form", { class: "stack", on: { submit } }, h("h2", { id: "follow-title" }, title), h("p", { class: "muted" }, about), form, problem,
      h("div", { class: "row end" }, h("button", { class: "button", type: "button", on: { click: close } }, "Cancel"), start)));
  document.body.append(dialog);
  dialog.showModal();
}
