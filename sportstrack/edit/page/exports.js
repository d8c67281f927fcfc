import { post } from "/static/api.js";
import { fill, h, icon } from "/static/dom.js";
import { openDialog } from "./dialogs.js";

/** Write the corrected tracks in a format that somebody chooses. */
export function showExport(app) {
  const { formats, files } = app.model.project;
  const result = h("div", { role: "status" });
  const every = h("input", { type: "number", min: 1, step: 1, value: 1, id: "every" });
  const write = async (name, button) => {
    button.disabled = true;
    fill(result, h("p", { class: "muted" }, "Writing…"));
    try {
      const answer = await post("/v1/edit/export", { format: name, every: Number(every.value) || 1 });
      fill(result, h("p", { class: "notice good" }, icon("check"), h("span", {}, "Written: ", answer.files.map((file) => h("code", { class: "path" }, file)))));
    } catch (error) {
      fill(result, h("p", { class: "notice bad" }, icon("alert"), error.message));
    }
    button.disabled = false;
  };
  const rows = Object.entries(formats).map(([name, text]) =>
    h("li", {}, h("span", { class: "grow" }, text),
      h("button", { class: "button small", type: "button", "aria-label": `Write ${text}`, on: { click: (event) => write(name, event.currentTarget) } }, "Write")),
  );
  openDialog("Export the corrected tracks", h("div", { class: "stack" },
    h("p", { class: "muted small" }, "Files go to ", h("code", { class: "path" }, files.folder), ". The tracks that were opened stay as they are."),
    h("ul", { class: "formats" }, rows),
    h("div", { class: "row" }, h("label", { for: "every", class: "small" }, "Training formats: every Nth frame"), every),
    result,
  ));
}
