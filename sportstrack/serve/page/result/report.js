import { fill, h } from "../dom.js";
import { numberText } from "../format.js";
import { filesCard } from "./files.js";

const SHARES = ["HOTA", "DetA", "AssA", "LocA", "MOTA", "IDF1"]; // shown in per cent, as is usual
const COUNTS = { IDSW: "Id switches", Frag: "Breaks", CLR_FN: "Missed", CLR_FP: "False", IDs: "Ids", GT_IDs: "True ids" };

/** The result of a job without tracks: its scores, figures, pictures and files. */
export class Report {
  constructor(root, job) {
    const figures = Object.entries(job.summary || {}).filter(([, value]) => typeof value === "number" || typeof value === "string");
    const words = (value) => (typeof value === "number" ? numberText(value, Number.isInteger(value) ? 0 : 3) : value);
    const pictures = (job.files || []).filter((file) => file.type === "image/png");
    fill(root,
      scoresCard(job.summary?.scores),
      figures.length > 0 && h("section", { class: "card" }, h("header", {}, h("h2", {}, "Figures")),
        h("dl", { class: "figures body" }, figures.map(([name, value]) => h("div", {}, h("dt", {}, name.replaceAll("_", " ")), h("dd", {}, words(value)))))),
      pictures.length > 0 && h("section", { class: "card" }, h("header", {}, h("h2", {}, "Pictures")),
        h("div", { class: "body pictures" }, pictures.map((file) => h("img", { src: file.href, alt: file.name.replace(/\.png$/, "").replaceAll("-", " "), loading: "lazy" })))),
      filesCard(job));
  }

  end() {}
}

/** A table of scores, a line for each sequence; null where there are none. */
function scoresCard(scores) {
  const rows = Object.values(scores || {}).flatMap((one) => one.sequences || []);
  if (!rows.length) return null;
  const has = (name) => rows.some((row) => Number.isFinite(row[name]));
  const shares = SHARES.filter(has);
  const counts = Object.keys(COUNTS).filter(has);
  const cell = (text) => h("td", { class: "number" }, text);
  const line = (row) => h("tr", {}, h("th", { scope: "row" }, row.name),
    shares.map((name) => cell(Number.isFinite(row[name]) ? numberText(row[name] * 100, 1) : "–")),
    counts.map((name) => cell(Number.isFinite(row[name]) ? numberText(row[name]) : "–")));
  const head = (text) => h("th", { class: "number", scope: "col" }, text);
  return h("section", { class: "card", "aria-labelledby": "scores-title" },
    h("header", {}, h("h2", { id: "scores-title", class: "grow" }, "Scores"), h("span", { class: "muted small" }, "HOTA to IDF1 in per cent")),
    h("div", { class: "scores-scroll", tabindex: 0, role: "region", "aria-label": "Scores" },
      h("table", { class: "scores" }, h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "Sequence"), shares.map(head), counts.map((name) => head(COUNTS[name])))), h("tbody", {}, rows.map(line)))));
}
