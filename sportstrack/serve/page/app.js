import { get, onTokenNeeded } from "./api.js";
import { fill, h, icon } from "./dom.js";
import { askToken } from "./login.js";
import { toast } from "./toast.js";

const VIEWS = [
  { path: /^\/?$/, load: () => import("./views/videos.js"), tab: "videos" },
  { path: /^\/jobs\/([^/]+)$/, load: () => import("./views/job.js"), tab: "videos" },
  { path: /^\/live$/, load: () => import("./views/live.js"), tab: "live" },
  { path: /^\/live\/([^/]+)$/, load: () => import("./views/stream.js"), tab: "live" },
  { path: /^\/alerts$/, load: () => import("./views/alerts.js"), tab: "alerts" },
  { path: /^\/system$/, load: () => import("./views/system.js"), tab: "system" },
];
const NOWHERE = { path: /^$/, load: () => Promise.reject(new Error("There is no such page; the address may be old or mistyped.")) };
const TABS = [
  ["videos", "#/", "Videos", "film"],
  ["live", "#/live", "Live", "live"],
  ["alerts", "#/alerts", "Alerts", "bell"],
  ["system", "#/system", "System", "gauge"],
];

const main = document.getElementById("main");
let leave = null; // what the view on the screen wants done when it goes
let turn = 0;

/** Show the view of the address; a view is `show(root, ...parts)` and returns what ends it. */
async function route() {
  const mine = (turn += 1);
  const path = location.hash.replace(/^#/, "") || "/";
  if (!path.startsWith("/")) return; // a link inside the page
  const view = VIEWS.find((one) => one.path.test(path)) || NOWHERE;
  for (const link of document.querySelectorAll("#nav a")) {
    if (link.dataset.tab === view.tab) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  leave?.();
  leave = null;
  document.title = `${TABS.find(([tab]) => tab === view.tab)?.[2] ?? "Not found"} · sportstrack`;
  const root = h("div", { class: "view" });
  fill(main, root);
  scrollTo(0, 0);
  try {
    const module = await view.load();
    const parts = path.match(view.path)?.slice(1).map(decodeURIComponent) ?? [];
    const end = await module.show(root, ...parts);
    if (mine === turn) leave = end;
    else end?.();
  } catch (error) {
    if (mine !== turn) return;
    fill(root, h("div", { class: "empty card" }, icon("alert"), h("h1", {}, "This cannot be shown"), h("p", {}, error.message), h("a", { class: "button", href: "#/" }, "To the videos")));
  }
}

function buildTop() {
  fill(
    document.getElementById("nav"),
    TABS.map(([tab, href, text, picture]) => h("a", { href, data: { tab } }, icon(picture), h("span", {}, text))),
  );
  const theme = h("button", { class: "button icon quiet", type: "button", on: { click: switchTheme } });
  fill(document.getElementById("tools"), theme);
  showTheme(theme);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => showTheme(theme));
}

const isDark = () => (document.documentElement.dataset.theme || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";

function showTheme(button) {
  const label = isDark() ? "Light colours" : "Dark colours";
  fill(button, icon(isDark() ? "sun" : "moon"));
  button.setAttribute("aria-label", label);
  button.title = label;
}

function switchTheme(event) {
  const theme = isDark() ? "light" : "dark";
  document.documentElement.dataset.theme = theme;
  try {
    localStorage.setItem("sportstrack.theme", theme);
  } catch {
    // storage is off: for this visit only
  }
  showTheme(event.currentTarget);
}

onTokenNeeded(askToken);
buildTop();
addEventListener("hashchange", route);
addEventListener("unhandledrejection", (event) => {
  if (event.reason?.name !== "AbortError") toast(event.reason?.message || String(event.reason), "bad");
});
await get("/v1/about").catch(() => {}); // asks for the token once, before any view
route();
