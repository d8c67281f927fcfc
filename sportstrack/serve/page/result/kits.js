const CHEST = { left: 0.3, right: 0.7, top: 0.2, bottom: 0.45 }; // the part of a box that is shirt
const ENOUGH = 60; // looks at a team, after which its colour stays
const SMALLEST = 14; // pixels of a box's height
const GROUND = 75; // sum of a pixel's differences to the ground's colour, up to which it is ground
const APART = 110; // RGB distance of two teams' colours

/** Learns the colour of each team's shirts from the pictures that are shown. */
export class Kits {
  /** @param {import("./model.js").TrackData} data @param {import("../player.js").Player} player */
  constructor(data, player) {
    Object.assign(this, { data, player, looks: new Map(), seen: new Set() });
    this.canvas = document.createElement("canvas");
    this.context = this.canvas.getContext("2d", { willReadFrequently: true });
  }

  /** Learn from the frame on the screen; returns whether a colour changed. */
  look(frame) {
    const { data, player } = this;
    if (player.state !== "ready" || player.usesFallback || !data.teams.length || this.seen.has(frame)) return false;
    this.seen.add(frame);
    const [from, to] = data.range(frame);
    const wanted = [];
    for (let n = from; n < to; n += 1) {
      const known = data.identity(data.columns.id[n], frame);
      const team = known?.team;
      if (team && known.role !== "goalkeeper" && (this.looks.get(team)?.length ?? 0) < ENOUGH) wanted.push([team, n]);
    }
    if (!wanted.length) return false;
    Object.assign(this.canvas, { width: data.width, height: data.height });
    this.context.drawImage(player.video, 0, 0, data.width, data.height);
    for (const [team, n] of wanted) {
      const colour = this._shirt(data.columns.box.subarray(n * 4, n * 4 + 4));
      if (colour) this.looks.set(team, [...(this.looks.get(team) || []), colour]);
    }
    const shown = teamColours(this.looks);
    const changed = [...shown].some(([team, colour]) => data.kits.get(team) !== colour);
    data.kits = shown;
    return changed;
  }

  /** The mean colour of a box's chest, without the ground; null where nothing can be seen. */
  _shirt([x1, y1, x2, y2]) {
    const [w, t] = [x2 - x1, y2 - y1];
    if (t < SMALLEST) return null;
    const [top, tall] = [Math.round(y1 + t * CHEST.top), Math.max(1, Math.round(t * (CHEST.bottom - CHEST.top)))];
    const beside = Math.max(2, Math.round(w * 0.25));
    const ground = mean([...this._pixels(Math.round(x1) - beside, top, beside, tall), ...this._pixels(Math.round(x2), top, beside, tall)]);
    const chest = this._pixels(Math.round(x1 + w * CHEST.left), top, Math.max(1, Math.round(w * (CHEST.right - CHEST.left))), tall);
    const shirt = ground ? chest.filter((rgb) => rgb.reduce((sum, value, channel) => sum + Math.abs(value - ground[channel]), 0) > GROUND) : chest;
    return shirt.length > chest.length / 4 ? mean(shirt) : null;
  }

  /** The pixels of a rectangle that lie in the picture, as [red, green, blue] each. */
  _pixels(left, top, wide, tall) {
    const [x, y] = [Math.max(0, left), Math.max(0, top)];
    const [w, t] = [Math.min(this.canvas.width, left + wide) - x, Math.min(this.canvas.height, top + tall) - y];
    if (w < 1 || t < 1) return [];
    const { data } = this.context.getImageData(x, y, w, t);
    return Array.from({ length: w * t }, (_, at) => [data[at * 4], data[at * 4 + 1], data[at * 4 + 2]]);
  }
}

const mean = (pixels) => (pixels.length ? [0, 1, 2].map((channel) => pixels.reduce((sum, one) => sum + one[channel], 0) / pixels.length) : null);

/** The colours to draw with: those of the shirts, bright enough to be seen, those of two teams told apart. */
function teamColours(looks) {
  const teams = [...looks.keys()].sort();
  const found = teams.map((team) => vivid(median(looks.get(team))));
  for (let n = 1; n < found.length; n += 1) {
    for (let m = 0; m < n; m += 1) if (distance(found[n], found[m]) < APART) found[n] = apart(found[n], found[m]);
  }
  return new Map(teams.map((team, n) => [team, `rgb(${found[n].map(Math.round).join(" ")})`]));
}

const median = (colours) => [0, 1, 2].map((channel) => colours.map((one) => one[channel]).sort((a, b) => a - b)[colours.length >> 1]);
const distance = (one, other) => Math.hypot(...one.map((value, channel) => value - other[channel]));

/** A colour with its contrast stretched: pictures show shirts paler and darker than they are. */
function vivid(rgb) {
  const [most, least] = [Math.max(...rgb), Math.min(...rgb)];
  if (most - least < 0.3 * most) return most > 110 ? [245, 245, 245] : [120, 130, 145];
  const mean = (most + least) / 2;
  const stretched = rgb.map((value) => 150 + (value - mean) * Math.min(3, 200 / (most - least)));
  return stretched.map((value) => Math.min(255, Math.max(30, value)));
}

/** A colour like the first that differs from the second: lighter or darker, whichever way it already leans. */
function apart(rgb, other) {
  const lighter = rgb.reduce((sum, value) => sum + value, 0) >= other.reduce((sum, value) => sum + value, 0);
  const moved = rgb.map((value) => value + (lighter ? 1 : -1) * 80).map((value) => Math.min(255, Math.max(40, value)));
  return distance(moved, other) >= APART ? moved : [255, 122, 31];
}
