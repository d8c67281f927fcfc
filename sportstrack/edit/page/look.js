import { h } from "/static/dom.js";

const PALETTE = [
  "#ffd200", "#00b8ff", "#ff5a4f", "#b98cff", "#ff9a3d", "#5f86ff", "#ff8fd8", "#2fe6d8", "#ff5d92", "#e1d287", "#a98aff", "#ffb3a7",
];
const TEAMS = ["#ff5a4f", "#38a8ff", "#ffd200", "#ff77c8"];
const REFEREE = "#f5f36b";

/** The colour of a track in a frame: its team's kit, else one of its own. */
export function colourOf(model, id, frame = null) {
  const known = frame === null ? model.row(id) : model.person(id, frame);
  if (known?.role === "ball") return "#ffffff";
  if (known?.role === "referee") return REFEREE;
  if (known?.team) return model.kits[known.team] || TEAMS[Math.max(0, model.teams.indexOf(known.team)) % TEAMS.length];
  return PALETTE[Math.abs(id) % PALETTE.length];
}

/** Words for a track: its id, and who it is as far as that is known. */
export function labelOf(model, id, frame = null) {
  const known = frame === null ? model.row(id) : model.person(id, frame);
  const who = [known?.number && `#${known.number}`, known?.name].filter(Boolean).join(" ");
  if (who) return `${id} · ${who}`;
  return known?.role === "ball" || known?.role === "referee" ? `${id} · ${known.role}` : String(id);
}

/** The address of a picture of what is in a box. */
export function cropAddress(frame, box, height = 96) {
  return `/v1/edit/crop.jpg?frame=${frame}&box=${box.map((value) => Math.round(value * 10) / 10).join(",")}&height=${height}`;
}

/** A picture of a box, with words for those who do not see it. */
export function crop(frame, box, text, height = 96) {
  return h("img", { class: "crop", src: cropAddress(frame, box, height), alt: text, loading: "lazy", decoding: "async" });
}

/** The key of an action as a small cap. */
export function keyCap(text) {
  return h("kbd", {}, text);
}

/** Pictures of tracks for the timeline: loaded when their rows come into sight, four at a time. */
export class TrackPictures {
  constructor(onLoad) {
    this._onLoad = onLoad;
    this._known = new Map();
    this._waiting = [];
    this._loading = 0;
  }

  of(row) {
    const [frame, ...box] = row.picture;
    const address = cropAddress(frame, box, 64);
    if (!this._known.has(address)) {
      this._known.set(address, null);
      this._waiting.push(address);
      this._next();
    }
    return this._known.get(address);
  }

  _next() {
    while (this._loading < 4 && this._waiting.length) {
      const address = this._waiting.pop(); // those asked for last are in sight
      this._loading += 1;
      const picture = new Image();
      picture.onload = () => this._done(address, picture);
      picture.onerror = () => this._done(address, null);
      picture.src = address;
    }
  }

  _done(address, picture) {
    this._loading -= 1;
    this._known.set(address, picture);
    this._onLoad();
    this._next();
  }
}
