import { get } from "../api.js";

const CHUNK = 3000; // frames per request
const PALETTE = [
  "#ffd200", "#00b8ff", "#ff5a4f", "#b98cff", "#ff8a1f", "#5b8cff", "#ff78d2", "#00d9cb", "#ff3d7f", "#d9c46a", "#a98bff", "#ffa79a",
  "#c98a55", "#8acbff", "#ff5ae8", "#1fb8b8", "#ffb27a", "#cdb2ff", "#f0734f", "#f2e38c", "#4fa3e0", "#ff9aa6", "#c97aa8", "#7ee081",
];
const UNKNOWN = "#8b96a5";

/**
 * The tracks of a job: boxes as flat arrays in the order of the frames, and a table of the tracks. Frames count from 1.
 * Boxes come in parts, so that a long match is seen before all of it is here.
 */
export class TrackData {
  constructor(answer) {
    this.frames = Math.max(1, answer.frames_total || 0);
    this.rate = answer.frame_rate || 25;
    this.names = answer.names || {};
    this.times = answer.times ? padded(answer.times, this.frames, this.rate) : null; // of all frames, where the rate varies
    this.looked = new Uint32Array(this.frames + 2); // the frame whose boxes stand at a frame: itself, or one before
    Object.assign(this, { width: answer.width, height: answer.height, pitch: answer.pitch ?? null, identities: new Map() });
    this.start = new Uint32Array(this.frames + 2); // boxes of frame n: from start[n] to start[n + 1]
    this.count = 0;
    this.columns = { id: new Float64Array(0), box: new Float32Array(0), score: new Float32Array(0), pitch: new Float32Array(0) };
    this.tracks = new Map();
    this.hasPitch = false;
    for (const row of answer.identities || []) {
      const id = row.id ?? row.track_id;
      this.identities.set(id, [...(this.identities.get(id) || []), row]);
    }
    this.kits = new Map(); // team → colour of its shirts
  }

  get teams() {
    return [...new Set([...this.tracks.values()].map((track) => track.team).filter(Boolean))].sort();
  }

  /** Add the boxes of an answer; frames must come in order. */
  add(answer, last) {
    this._addLooked(answer.frames || [], last);
    const at = Object.fromEntries(answer.columns.map((name, index) => [name, index]));
    const rows = answer.rows;
    this._grow(this.count + rows.length);
    const { id, box, score, pitch } = this.columns;
    let frame = this.loaded ?? 0;
    for (const row of rows) {
      while (frame < row[at.frame]) this.start[(frame += 1)] = this.count;
      const n = this.count;
      id[n] = row[at.id];
      box.set([row[at.x1], row[at.y1], row[at.x2], row[at.y2]], n * 4);
      score[n] = row[at.score] ?? NaN;
      const [x, y] = [row[at.pitch_x] ?? NaN, row[at.pitch_y] ?? NaN];
      pitch.set([x, y], n * 2);
      if (x === x) this.hasPitch = true;
      this._count(row[at.id], row[at.frame], n, String(this.names[row[at.class]] ?? row[at.class] ?? ""));
      this.count += 1;
    }
    const end = Math.min(last, this.frames);
    while (frame < end) this.start[(frame += 1)] = this.count;
    this.loaded = end;
    for (let n = end + 1; n < this.start.length; n += 1) this.start[n] = this.count;
  }

  /** The boxes [from, to) of a frame. */
  range(frame) {
    const shown = this.looked[Math.min(this.frames, Math.max(1, frame))] || frame;
    return [this.start[shown], this.start[shown + 1]];
  }

  /** What is known of a track in a frame: team, role, number, name. */
  identity(id, frame) {
    const spans = this.identities.get(id);
    return spans?.find((one) => (one.first_frame ?? 1) <= frame && frame <= (one.last_frame ?? Infinity)) ?? spans?.[0] ?? null;
  }

  /** The words for a track: its name, number or id. */
  label(track) {
    if (track.name) return track.number ? `${track.number} ${track.name}` : track.name;
    return track.number ? `No. ${track.number} (${track.id})` : track.role === "ball" ? `Ball ${track.id}` : `Track ${track.id}`;
  }

  /** The colour of a track; by its team's kit where that is wanted and somebody's team is known. */
  colour(id, byTeam, frame = null) {
    if (byTeam && this.identities.size) {
      const known = frame === null ? this.tracks.get(id) : this.identity(id, frame);
      if (known?.role === "referee") return "#f5f36b";
      if (known?.role === "ball") return "#ffffff";
      return this.kits.get(known?.team) || UNKNOWN;
    }
    return PALETTE[Math.abs(id) % PALETTE.length];
  }

  /** Take which frames were looked at: between two of them stand the boxes of the one before. */
  _addLooked(frames, last) {
    const steps = frames.slice(1).map((frame, at) => frame - frames[at]).sort((one, other) => one - other);
    this.stride = Math.max(1, steps[steps.length >> 1] ?? this.stride ?? 1);
    let shown = this.looked[this.loaded ?? 0] || 1;
    let next = 0;
    for (let frame = (this.loaded ?? 0) + 1; frame <= Math.min(last, this.frames); frame += 1) {
      if (frames[next] === frame) {
        shown = frame;
        next += 1;
      }
      this.looked[frame] = frames.length ? shown : frame;
    }
  }

  _grow(size) {
    for (const [name, wide] of [["id", 1], ["box", 4], ["score", 1], ["pitch", 2]]) {
      const old = this.columns[name];
      if (old.length >= size * wide) continue;
      this.columns[name] = new old.constructor(Math.max(size, Math.ceil((old.length / wide) * 1.6)) * wide);
      this.columns[name].set(old);
    }
  }

  /** Bring a track's line in the table up to date with one more box. */
  _count(id, frame, n, label) {
    let track = this.tracks.get(id);
    if (!track) {
      track = { id, first: frame, last: frame, boxes: 0, scored: 0, score: 0, path: 0, spans: [], class: label, ...this._known(id) };
      this.tracks.set(id, track);
    }
    const { box, score } = this.columns;
    const span = track.spans.at(-1);
    if (span && frame <= span[1] + this.stride) span[1] = frame;
    else track.spans.push([frame, frame]);
    if (track.boxes) track.path += Math.hypot((box[n * 4] + box[n * 4 + 2]) / 2 - track.x, box[n * 4 + 3] - track.y);
    Object.assign(track, { last: frame, x: (box[n * 4] + box[n * 4 + 2]) / 2, y: box[n * 4 + 3] });
    track.boxes += 1;
    if (score[n] === score[n]) {
      track.scored += 1;
      track.score += (score[n] - track.score) / track.scored;
    }
  }

  /** What is known of a track for most of the time. */
  _known(id) {
    const spans = this.identities.get(id) || [];
    const long = (one) => Math.min(this.frames, one.last_frame ?? this.frames) - (one.first_frame ?? 1);
    const best = [...spans].sort((one, other) => long(other) - long(one))[0] || {};
    return { team: best.team || "", role: best.role || "", number: String(best.number ?? ""), name: best.name || "" };
  }
}

/** Times for all frames: after the last one that is known they go on at the frame rate. */
function padded(times, frames, rate) {
  const more = Array.from({ length: Math.max(0, frames - times.length) }, (_, at) => times.at(-1) + (at + 1) / rate);
  return [...times, ...more].slice(0, frames);
}

/** Read the tracks of a job; `onPart(data)` is called whenever another part is here. */
export async function readTracks(job, onPart, signal) {
  let data = null;
  for (let first = 1; data === null || first <= data.frames; first += CHUNK) {
    const answer = await get(`/v1/jobs/${job.id}/tracks?first=${first}&last=${first + CHUNK - 1}`, { signal });
    data ||= new TrackData(answer);
    data.add(answer, first + CHUNK - 1);
    onPart(data);
  }
  return data;
}
