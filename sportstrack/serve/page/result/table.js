import { fill, h, icon } from "../dom.js";
import { countText, numberText } from "../format.js";

const ROW = 36; // CSS pixels
const SPARE = 8; // rows beyond those in sight

const COLUMNS = [
  { key: "id", title: "Track", read: (track) => track.id, number: true },
  { key: "name", title: "Name", read: (track) => track.name, hide: (tracks) => !tracks.some((one) => one.name) },
  { key: "number", title: "No.", read: (track) => (track.number === "" ? null : Number(track.number)), show: (track) => track.number, hide: (tracks) => !tracks.some((one) => one.number) },
  { key: "team", title: "Team", read: (track) => track.team, hide: (tracks) => !tracks.some((one) => one.team) },
  { key: "role", title: "Role", read: (track) => track.role, hide: (tracks) => !tracks.some((one) => one.role) },
  { key: "class", title: "Class", read: (track) => track.class, hide: (tracks) => new Set(tracks.map((one) => one.class)).size < 2 },
  { key: "first", title: "From", read: (track) => track.first, time: true },
  { key: "last", title: "To", read: (track) => track.last, time: true },
  { key: "boxes", title: "Boxes", read: (track) => track.boxes, show: (track) => numberText(track.boxes), number: true },
  { key: "score", title: "Score", read: (track) => (track.scored ? track.score : null), show: (track) => (track.scored ? numberText(track.score, 2) : "–"), number: true },
  { key: "path", title: "Path (px)", read: (track) => track.path, show: (track) => numberText(track.path), number: true },
];

/** The tracks as a table that sorts and filters; only the rows in sight exist, so that thousands are no burden. */
export class TrackTable {
  /**
   * @param {HTMLElement} root
   * @param {import("./model.js").TrackData} data
   * @param {{time: (frame: number) => string, colour: (track: object) => string, onSelect: (id: number) => void,
   *   onFilter: (ids: Set<number> | null) => void}} how
   */
  constructor(root, data, how) {
    Object.assign(this, { data, how, sort: "id", down: false, selected: null, text: "", team: "", role: "", least: 0, shown: [] });
    this.search = h("input", { type: "search", placeholder: "Find id, name, number …", "aria-label": "Find tracks", on: { input: () => this._narrow("text", this.search.value) } });
    this.teams = h("select", { "aria-label": "Team", on: { change: () => this._narrow("team", this.teams.value) } });
    this.roles = h("select", { "aria-label": "Role", on: { change: () => this._narrow("role", this.roles.value) } });
    this.leastBox = h("input", { type: "number", min: 0, step: 1, placeholder: "Min. boxes", "aria-label": "Least boxes of a track", on: { input: () => this._narrow("least", Number(this.leastBox.value) || 0) } });
    this.count = h("span", { class: "muted small", role: "status" });
    this.clear = h("button", { class: "button small quiet", type: "button", hidden: true, on: { click: () => this._clear() } }, icon("close"), "Clear");
    this.head = h("thead");
    this.body = h("tbody");
    this.table = h("table", { class: "tracks" }, h("caption", { class: "visually-hidden" }, "Tracks"), this.head, this.body);
    this.scroll = h("div", { class: "table-scroll", tabindex: 0, role: "region", "aria-label": "Tracks", on: { scroll: () => this._draw() } }, this.table);
    root.append(h("div", { class: "filters" }, this.search, this.teams, this.roles, this.leastBox, this.clear, this.count), this.scroll);
    this.watch = new ResizeObserver(() => this._draw());
    this.watch.observe(this.scroll);
    this.refresh();
  }

  /** Read the tracks again: more are here, or their colours changed. */
  refresh() {
    this.tracks = [...this.data.tracks.values()];
    this.columns = COLUMNS.filter((column) => !column.hide?.(this.tracks));
    const options = (select, word, values) => {
      const kept = select.value;
      fill(select, h("option", { value: "" }, word), values.map((one) => h("option", { value: one }, one)));
      select.value = values.includes(kept) ? kept : "";
      select.hidden = values.length === 0;
    };
    options(this.teams, "All teams", this.data.teams);
    options(this.roles, "All roles", [...new Set(this.tracks.map((one) => one.role).filter(Boolean))].sort());
    this._drawHead();
    this._apply();
  }

  select(id) {
    this.selected = id;
    const at = this.shown.findIndex((track) => track.id === id);
    const top = at * ROW;
    if (at >= 0 && (top < this.scroll.scrollTop || top + ROW * 2 > this.scroll.scrollTop + this.scroll.clientHeight)) {
      this.scroll.scrollTop = Math.max(0, top - this.scroll.clientHeight / 2);
    }
    this._draw();
  }

  end() {
    this.watch.disconnect();
  }

  _narrow(key, value) {
    this[key] = value;
    this._apply();
    const filtered = this.shown.length < this.tracks.length;
    this.how.onFilter(filtered ? new Set(this.shown.map((track) => track.id)) : null);
  }

  _clear() {
    Object.assign(this, { text: "", team: "", role: "", least: 0 });
    for (const input of [this.search, this.teams, this.roles, this.leastBox]) input.value = "";
    this._narrow("text", "");
  }

  _apply() {
    const wanted = this.text.trim().toLowerCase();
    this.shown = this.tracks.filter((track) =>
      (!wanted || [track.id, track.name, track.number, track.class, track.team, track.role].some((one) => String(one).toLowerCase().includes(wanted))) &&
      (!this.team || track.team === this.team) && (!this.role || track.role === this.role) && track.boxes >= this.least);
    const { read } = COLUMNS.find((column) => column.key === this.sort);
    const sign = this.down ? -1 : 1;
    const empty = (value) => value === null || value === "" || Number.isNaN(value);
    this.shown.sort((one, other) => {
      const [a, b] = [read(one), read(other)];
      if (empty(a) || empty(b)) return empty(a) - empty(b) || one.id - other.id; // the unknown last
      return sign * (typeof a === "string" ? a.localeCompare(b) : a - b) || one.id - other.id;
    });
    this.clear.hidden = !(wanted || this.team || this.role || this.least);
    this.count.textContent = this.shown.length === this.tracks.length ? countText(this.tracks.length) : `${this.shown.length} of ${countText(this.tracks.length)}`;
    this._draw();
  }

  _drawHead() {
    fill(this.head, h("tr", {}, this.columns.map((column) => {
      const by = column.key === this.sort;
      return h("th", { scope: "col", class: column.number || column.time ? "number" : "", "aria-sort": by ? (this.down ? "descending" : "ascending") : "none" },
        h("button", { type: "button", on: { click: () => this._sortBy(column.key) } }, column.title, h("span", { class: "order", "aria-hidden": "true" }, by ? (this.down ? "↓" : "↑") : "")));
    })));
  }

  _sortBy(key) {
    this.down = key === this.sort ? !this.down : false;
    this.sort = key;
    const focused = this.columns.findIndex((column) => column.key === key);
    this._drawHead();
    this.head.querySelectorAll("button")[focused]?.focus();
    this._apply();
  }

  _draw() {
    const first = Math.max(0, Math.floor(this.scroll.scrollTop / ROW) - SPARE);
    const last = Math.min(this.shown.length, Math.ceil((this.scroll.scrollTop + (this.scroll.clientHeight || 400)) / ROW) + SPARE);
    const gap = (rows) => rows > 0 && h("tr", { "aria-hidden": "true", class: "gap", style: { height: `${rows * ROW}px` } }, h("td", { colspan: this.columns.length }));
    const focused = this.body.contains(document.activeElement) ? document.activeElement.dataset.track : null;
    this.table.setAttribute("aria-rowcount", this.shown.length + 1);
    fill(this.body, gap(first), this.shown.slice(first, last).map((track, at) => this._row(track, first + at)), gap(this.shown.length - last),
      this.shown.length === 0 && h("tr", {}, h("td", { colspan: this.columns.length, class: "muted" }, "No track matches.")));
    if (focused) this.body.querySelector(`button[data-track="${focused}"]`)?.focus();
  }

  _row(track, index) {
    const cell = (column) => {
      const text = column.time ? this.how.time(column.read(track)) : (column.show?.(track) ?? column.read(track));
      if (column.key !== "id") return h("td", { class: column.number || column.time ? "number" : "" }, text === "" || text === null ? h("span", { class: "muted" }, "–") : String(text));
      return h("td", { class: "number" },
        h("button", { type: "button", class: "pick", data: { track: track.id }, "aria-pressed": String(track.id === this.selected) },
          h("span", { class: "swatch", style: { background: this.how.colour(track) } }), String(track.id)));
    };
    return h("tr", { "aria-rowindex": index + 2, class: track.id === this.selected ? "picked" : "", on: { click: () => this.how.onSelect(track.id) } }, this.columns.map(cell));
  }
}
