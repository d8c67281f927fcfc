import { get, listOf, post } from "../api.js";
import { fill, h, icon } from "../dom.js";
import { agoText, numberText, stateBadge } from "../format.js";
import { SettingsForm } from "../settings_form.js";

const OFTEN = 3000; // milliseconds

/** Show the live streams, and the form of a new one. */
export async function show(root) {
  const about = get("/v1/about").catch(() => null);
  const list = h("div", { class: "streams" });
  const panel = h("section", { class: "card new", hidden: true, "aria-label": "New stream" });
  const open = async (address = "") => {
    fill(panel, streamForm(await about, address, () => (panel.hidden = true)));
    panel.hidden = false;
    panel.querySelector("input").focus();
  };
  const add = h("button", { class: "button primary", type: "button", on: { click: () => open() } }, icon("plus"), "Add a stream");
  fill(root, h("div", { class: "page-head" }, h("h1", { class: "grow" }, "Live"), add), panel, list);
  const refresh = async () => {
    const answer = await get("/v1/streams").catch((error) => ({ error }));
    if (answer.error) fill(list, h("div", { class: "notice bad", role: "alert" }, icon("alert"), h("span", {}, answer.error.message)));
    else showStreams(list, listOf(answer, "streams"));
  };
  await refresh();
  const address = sessionStorage.getItem("sportstrack.address");
  sessionStorage.removeItem("sportstrack.address");
  if (address) await open(address);
  const timer = setInterval(() => !document.hidden && refresh(), OFTEN);
  return () => clearInterval(timer);
}

function showStreams(root, streams) {
  const shown = JSON.stringify(streams);
  if (root.dataset.shown === shown) return;
  root.dataset.shown = shown;
  if (!streams.length) {
    fill(root, h("div", { class: "card empty" }, icon("live"), h("h2", {}, "No streams"), h("p", { class: "muted" }, "Add a camera: RTSP, UDP (MPEG-TS), HTTP or a webcam. It is tracked at its newest frame.")));
    return;
  }
  const focused = document.activeElement?.getAttribute("href");
  fill(root, streams.map((stream) => {
    const [text, badge] = stateBadge(stream.state === "running" ? "live" : stream.state);
    const counters = stream.counters || {};
    return h("a", { class: "card stream", href: `#/live/${encodeURIComponent(stream.id)}` },
      h("div", { class: "row tight" }, h("strong", { class: "grow truncate" }, stream.name || stream.id), h("span", { class: badge }, text)),
      h("p", { class: "muted small truncate" }, stream.source?.url ?? ""),
      stream.error && h("p", { class: "problem small" }, stream.error.message ?? stream.error),
      h("dl", { class: "figures small" }, figures(counters).slice(0, 4).map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value)))),
      h("p", { class: "muted small" }, `since ${agoText(stream.created)}`));
  }));
  if (focused) root.querySelector(`a[href="${focused}"]`)?.focus();
}

/** A stream's counters as pairs of words. */
export function figures(counters) {
  const of = (...names) => names.map((name) => counters[name]).find((value) => value !== undefined);
  const latency = of("latency_s", "latency_seconds", "latency");
  return [
    ["Frames/s", numberText(of("frames_per_s", "fps"), 1)],
    ["Latency", Number.isFinite(latency) ? `${numberText(latency * 1000)} ms` : "–"],
    ["In the picture", numberText(of("tracks_alive", "alive"))],
    ["Dropped", numberText(of("frames_dropped", "dropped"))],
    ["Tracked", numberText(of("frames_tracked", "tracked", "frames"))],
    ["Ids so far", numberText(of("ids_created", "ids"))],
    ["Reconnections", numberText(of("reconnections"))],
    ["Mean score", numberText(of("mean_score"), 2)],
  ];
}

function streamForm(about, address, close) {
  const url = h("input", { id: "stream-url", required: true, value: address, placeholder: "rtsp://camera/stream", autocomplete: "off", spellcheck: "false" });
  const name = h("input", { id: "stream-name", placeholder: "Main camera", autocomplete: "off" });
  const record = h("input", { type: "checkbox", id: "stream-record" });
  const udp = h("input", { id: "stream-udp", placeholder: "udp://host:port", autocomplete: "off" });
  const webhook = h("input", { id: "stream-webhook", type: "text", inputmode: "url", placeholder: "https://…", autocomplete: "off" });
  const problem = h("div", { class: "notice bad", role: "alert", hidden: true });
  const settings = h("div", { class: "stack" });
  let form = null;
  get("/v1/settings/stream").then((answer) => (form = new SettingsForm(settings, "stream", answer)), () => {});
  const start = h("button", { class: "button primary", type: "submit" }, icon("play"), "Start");
  const submit = async (event) => {
    event.preventDefault();
    problem.hidden = true;
    start.disabled = true;
    const outputs = Object.fromEntries([["udp", udp.value.trim()], ["webhook", webhook.value.trim()], ["record", record.checked]].filter(([, value]) => value));
    try {
      const made = await post("/v1/streams", { name: name.value.trim() || url.value.trim(), source: { url: url.value.trim() }, settings: (await form?.value()) ?? {}, outputs });
      location.hash = `#/live/${made.id}`;
    } catch (error) {
      start.disabled = false;
      if (form?.show(error.message)) return;
      fill(problem, icon("alert"), h("span", {}, error.message));
      problem.hidden = false;
    }
  };
  const field = (label, input, hint) => h("div", { class: "field" }, h("label", { for: input.id }, label), input, hint && h("span", { class: "muted small hint" }, hint));
  const allowed = about?.allowed?.streams || [];
  return h("form", { class: "setup stack", on: { submit } }, h("h2", {}, "New stream"),
    h("div", { class: "fields" },
      field("Address", url, allowed.length ? `Allowed here: ${allowed.join(", ")}` : "None is allowed here yet: start the service with --streams."),
      field("Name", name), field("Send results to (UDP)", udp), field("Send results to (webhook)", webhook)),
    h("label", { class: "row" }, record, "Record to files, one an hour"),
    settings, problem, h("div", { class: "row" }, start, h("button", { class: "button", type: "button", on: { click: close } }, "Cancel")));
}
