import { get, listOf, put } from "../api.js";
import { fill, h, icon } from "../dom.js";
import { agoText, timeText } from "../format.js";
import { toast } from "../toast.js";

const OFTEN = 5000; // milliseconds

/** Show the alerts with their pictures, and the rules that raise them. */
export async function show(root) {
  const list = h("ul", { class: "alerts" });
  const rules = h("section", { class: "card", "aria-labelledby": "rules-title" });
  fill(root, h("div", { class: "page-head" }, h("h1", {}, "Alerts")),
    h("div", { class: "result" }, h("section", { class: "card", "aria-label": "Alerts" }, h("header", {}, h("h2", {}, "Latest")), list), rules));
  const refresh = async () => {
    const answer = await get("/v1/alerts?limit=100").catch((error) => ({ error }));
    if (answer.error) fill(list, h("li", { class: "notice bad" }, icon("alert"), answer.error.message));
    else showAlerts(list, listOf(answer, "alerts"));
  };
  await Promise.all([refresh(), showRules(rules)]);
  const timer = setInterval(() => !document.hidden && refresh(), OFTEN);
  return () => clearInterval(timer);
}

function showAlerts(list, alerts) {
  const sorted = [...alerts].sort((one, other) => (other.time ?? other.created) - (one.time ?? one.created));
  const shown = sorted.map((alert) => alert.id + (alert.state ?? "")).join();
  if (shown === list.dataset.shown && shown) return;
  list.dataset.shown = shown;
  if (!sorted.length) {
    fill(list, h("li", { class: "empty" }, icon("bell"), h("p", { class: "muted" }, "No alerts. Rules say what is told here.")));
    return;
  }
  fill(list, sorted.map((alert) => {
    const time = alert.time ?? alert.created;
    const picture = alert.picture === undefined ? `/v1/alerts/${encodeURIComponent(alert.id)}/picture.jpg` : alert.picture;
    const image = picture && h("img", { class: "thumb", src: picture, alt: `Picture of the alert ${alert.rule}`, loading: "lazy", on: { error: () => image.replaceWith(h("div", { class: "thumb" }, icon("bell"))) } });
    return h("li", {}, image || h("div", { class: "thumb" }, icon("bell")),
      h("div", { class: "grow" }, h("div", { class: "row tight" }, h("strong", {}, alert.rule), alert.state && alert.state !== "raised" && h("span", { class: "badge good" }, alert.state)),
        h("p", {}, alert.message), h("p", { class: "muted small", title: timeText(time) }, [alert.stream ?? alert.work, agoText(time)].filter(Boolean).join(" · "))));
  }));
}

async function showRules(root) {
  const answer = await get("/v1/alerts/rules").catch((error) => ({ error }));
  const text = typeof answer === "string" ? answer : (answer.yaml ?? answer.text ?? "");
  const field = h("textarea", { id: "rules", rows: 18, spellcheck: "false", value: text, "aria-describedby": "rules-problem", disabled: Boolean(answer.error) });
  const problem = h("div", { class: "notice bad", id: "rules-problem", role: "alert", hidden: true });
  const say = (message) => {
    problem.hidden = !message;
    fill(problem, icon("alert"), h("span", {}, message));
    field.setAttribute("aria-invalid", String(Boolean(message)));
  };
  const save = async (event) => {
    event.preventDefault();
    try {
      await put("/v1/alerts/rules", field.value, { headers: { "Content-Type": "application/yaml" } });
      say("");
      toast("The rules are in force", "good");
    } catch (error) {
      say(error.message);
    }
  };
  fill(root, h("header", {}, h("h2", { id: "rules-title" }, "Rules")),
    h("form", { class: "body stack", on: { submit: save } }, h("label", { class: "muted small", for: "rules" }, "YAML: what raises an alert, for how long, how often"), field, problem,
      h("div", { class: "row" }, h("button", { class: "button primary", type: "submit", disabled: Boolean(answer.error) }, "Save the rules"))));
  if (answer.error) say(answer.error.message);
}
