/** Numbers and times as people read them. */

/** "1.4 GB" of bytes. */
export function bytesText(bytes) {
  if (!Number.isFinite(bytes)) return "";
  const units = ["B", "kB", "MB", "GB", "TB"];
  const power = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(1, bytes)) / 3)));
  const value = bytes / 1000 ** power;
  return `${value.toFixed(power && value < 100 ? 1 : 0)} ${units[power]}`;
}

/** "20 GiB" of a limit, which is set in GiB. */
export const limitText = (bytes) => (Number.isFinite(bytes) ? `${numberText(bytes / 2 ** 30, bytes % 2 ** 30 ? 1 : 0)} GiB` : "");

/** "3 min 20 s" of seconds. */
export function spanText(seconds) {
  if (!Number.isFinite(seconds)) return "";
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  if (whole < 86400) return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
  return `${Math.floor(whole / 86400)} d ${Math.floor((whole % 86400) / 3600)} h`;
}

/** "5 min ago" of seconds since 1970. */
export function agoText(time) {
  if (!time) return "";
  const past = Date.now() / 1000 - time;
  if (past < 10) return "just now";
  if (past < 86400) return `${spanText(past).replace(/ \d+ s$/, "").replace(/ 0 min$/, "")} ago`;
  return new Date(time * 1000).toLocaleDateString(undefined, { day: "numeric", month: "short", year: "numeric" });
}

/** Date and time of day of seconds since 1970. */
export function timeText(time) {
  return time ? new Date(time * 1000).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "medium" }) : "";
}

/** A number with thousands apart and as many digits as it needs. */
export function numberText(value, digits = 0) {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  return value.toLocaleString(undefined, { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

/** "queued" → ["Queued", "the class of its badge"]. */
export function stateBadge(state) {
  const classes = {
    queued: "", running: "busy", done: "good", failed: "bad", cancelled: "warn", live: "good", starting: "busy", reconnecting: "warn",
    stalled: "warn", stopped: "", ended: "",
  };
  return [state.charAt(0).toUpperCase() + state.slice(1), `badge ${classes[state] ?? ""}`];
}

/** How many tracks, in words. */
export const countText = (count) => `${count} track${count === 1 ? "" : "s"}`;
