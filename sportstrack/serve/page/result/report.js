import { fill, h } from "../dom.js";
import { numberText } from "../format.js";
import { filesCard } from "./files.js";

/** The result of a job without tracks: its figures and its files. */
export class Report {
  constructor(root, job) {
    const figures = Object.entries(job.summary || {}).filter(([, value]) => typeof value === "number" || typeof value === "string");
    const words = (value) => (typeof value === "number" ? numberText(value, Number.isInteger(value) ? 0 : 3) : value);
    fill(root,
      figures.length > 0 && h("section", { class: "card" }, h("header", {}, h("h2", {}, "Figures")),
        h("dl", { class: "figures body" }, figures.map(([name, value]) => h("div", {}, h("dt", {}, name.replaceAll("_", " ")), h("dd", {}, words(value)))))),
      filesCard(job));
  }

  end() {}
}
