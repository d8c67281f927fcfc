import { h, icon } from "../dom.js";
import { bytesText } from "../format.js";

const ABOUT = [
  [/\.part\./, "Cut off: as far as the job came"],
  [/_tracked\.mp4$/, "Video with the tracks drawn in, H.264"],
  [/_heat\.png$/, "Heat map"],
  [/\.players\.csv$/, "One line a player"],
  [/\.players\.html$/, "Page of the players"],
  [/\.identities\.csv$/, "Team, role, number and name of each track"],
  [/\.summary\.json$/, "Summary of the run"],
  [/\.settings\.yaml$/, "The settings in force"],
  [/\.jsonl$/, "One JSON object a frame"],
  [/\.csv$/, "One row a box"],
  [/\.txt$/, "MOT text: one line a box"],
  [/\.npz$/, "Recording that replays through any tracker"],
  [/\.html$/, "Report"],
];

/** The files of a job, to download. */
export function filesCard(job) {
  const files = job.files || [];
  const line = (file) =>
    h("li", {}, h("div", { class: "grow" }, h("div", { class: "truncate" }, file.name), h("div", { class: "muted small" }, ABOUT.find(([shape]) => shape.test(file.name))?.[1] ?? file.type)),
      h("span", { class: "muted small" }, bytesText(file.bytes)),
      h("a", { class: "button small", href: file.href, download: file.name, "aria-label": `Download ${file.name}` }, icon("download"), h("span", {}, "Download")));
  return h("section", { class: "card", "aria-labelledby": "files-title" }, h("header", {}, h("h2", { id: "files-title" }, "Downloads")),
    files.length ? h("ul", { class: "files" }, files.map(line)) : h("p", { class: "muted small empty-line" }, "This job left no files."));
}
