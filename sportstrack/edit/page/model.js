import { FrameClock } from "/static/clock.js";
import { ApiError, get, listen, post } from "/static/api.js";

const CHUNK = 256; // frames that are asked for together
const KEPT = 48; // chunks

/**
 * The tracks as the server has them. Boxes come in chunks of frames when they are needed; the rows of the timeline are all
 * here. Every change is made by the server, one after the other, and is saved when its promise resolves. Frames count from 1.
 */
export class EditModel {
  constructor(project, times) {
    const { video } = project;
    this.project = project;
    this.video = video;
    this.frames = video.frames;
    this.clock = new FrameClock({ times, frameRate: video.frame_rate, frames: video.frames });
    this.times = times;
    this.every = project.every;
    this.rows = new Map();
    this.kits = project.kits || {};
    this._chunks = new Map();
    this._listeners = { tracks: [], boxes: [], status: [], moments: [], copy: [] };
    this._queue = Promise.resolve();
    this._busy = 0;
    this._take(project);
  }

  static async open() {
    const project = await get("/v1/edit/project");
    let times = null;
    if (project.video.variable) {
      const answer = await fetch("/v1/edit/times");
      times = Array.from(new Float64Array(await answer.arrayBuffer()));
    }
    return new EditModel(project, times);
  }

  /** Call back on "tracks" (change or null), "boxes" (), "status" (text, kind), "moments" (state), "copy" (state). */
  on(kind, callback) {
    this._listeners[kind].push(callback);
  }

  /** Hear of what other windows do, and of what the server finds. */
  listen() {
    listen("/v1/edit/events", {
      tracks: ({ version }) => !this._busy && version !== this.version && this.reload(),
      moments: (state) => this._tell("moments", state),
      copy: (state) => this._tell("copy", state),
      kits: (kits) => {
        this.kits = kits;
        this._tell("tracks", null);
      },
    });
  }

  /** Get everything anew: another window, or another start of the server, was faster. */
  async reload() {
    const state = await get("/v1/edit/state");
    if (state.version === this.version) return;
    this._take(state);
    this._tell("tracks", null);
  }

  /** Apply an operation, as a line of a file of edits has it; resolves with the change, or null if it was refused. */
  apply(edit, { moment = "", follow = false } = {}) {
    return this._change("/v1/edit/edits", (version) => ({ version, edit, moment, follow }));
  }

  undo() {
    return this._change("/v1/edit/undo", (version) => ({ version }));
  }

  redo() {
    return this._change("/v1/edit/redo", (version) => ({ version }));
  }

  /** The boxes of a frame: `{id, box: [x1, y1, x2, y2], filled}`; empty until they are here. */
  boxes(frame) {
    const at = this.tracked(frame);
    const chunk = this._chunk(Math.floor((at - 1) / CHUNK));
    if (!chunk.data) return [];
    const { data, starts } = chunk;
    const inside = (at - 1) % CHUNK;
    const found = [];
    for (let n = starts[inside]; n < starts[inside + 1]; n += 1) {
      found.push({ id: data.ids[n], box: Array.from(data.boxes.subarray(n * 4, n * 4 + 4)), filled: data.filled[n] === 1 });
    }
    return found;
  }

  /** The box of a track in a frame, or null. */
  box(id, frame) {
    return this.boxes(frame).find((one) => one.id === id)?.box ?? null;
  }

  /** The frame whose boxes are shown in a frame: the same, where each was tracked. */
  tracked(frame) {
    const start = this.project.start + 1;
    return this.every === 1 || frame < start ? frame : frame - ((frame - start) % this.every);
  }

  /** Load what will be needed around a frame. */
  prepare(frame) {
    const index = Math.floor((frame - 1) / CHUNK);
    this._chunk(index);
    if (frame - index * CHUNK > CHUNK / 2 && (index + 1) * CHUNK < this.frames) this._chunk(index + 1);
  }

  /** Resolves when the boxes of a frame are here. */
  async ready(frame) {
    const chunk = this._chunk(Math.floor((this.tracked(frame) - 1) / CHUNK));
    await chunk.coming;
  }

  row(id) {
    return this.rows.get(id) ?? null;
  }

  /** What is known of a track in a frame: team, role, number, name. */
  person(id, frame) {
    const row = this.rows.get(id);
    return row?.people?.find((one) => one.first <= frame && frame <= one.last) ?? row;
  }

  get teams() {
    return [...new Set([...this.rows.values()].flatMap((row) => [row.team, ...(row.people || []).map((one) => one.team)]))].filter(Boolean).sort();
  }

  _take(state) {
    Object.assign(this, { version: state.version, undoText: state.undo, redoText: state.redo, edits: state.edits });
    this.rows = new Map(state.rows.map((row) => [row.id, row]));
    this._stale();
  }

  _change(path, body) {
    this._busy += 1;
    this._tell("status", "Saving…", "");
    const done = this._queue.then(() => this._send(path, body)).finally(() => (this._busy -= 1));
    this._queue = done.catch(() => {});
    return done;
  }

  async _send(path, body) {
    let change;
    try {
      change = await post(path, body(this.version));
    } catch (error) {
      if (error instanceof ApiError && error.body?.version) await this.reload().catch(() => {});
      this._tell("status", error.status ? "Saved" : "Not connected: nothing is saved", error.status ? "good" : "bad");
      throw error;
    }
    Object.assign(this, { version: change.version, undoText: change.undo, redoText: change.redo, edits: change.edits });
    for (const row of change.rows) this.rows.set(row.id, row);
    for (const id of change.gone) this.rows.delete(id);
    this._stale();
    this._tell("status", "Saved", "good");
    this._tell("tracks", change);
    return change;
  }

  /** What is here stays on the screen until the new boxes have come. */
  _stale() {
    for (const chunk of this._chunks.values()) chunk.version = null;
    this._tell("boxes");
  }

  _chunk(index) {
    let chunk = this._chunks.get(index);
    if (chunk) this._chunks.delete(index); // and in again, as the youngest
    else chunk = { data: null, starts: null, version: null, coming: null, asked: null };
    this._chunks.set(index, chunk);
    if (chunk.version !== this.version && chunk.asked !== this.version) {
      chunk.asked = this.version;
      chunk.coming = this._fetch(index, chunk);
      for (const oldest of this._chunks.keys()) {
        if (this._chunks.size <= KEPT) break;
        this._chunks.delete(oldest);
      }
    }
    return chunk;
  }

  async _fetch(index, chunk) {
    const first = index * CHUNK + 1;
    const last = Math.min(this.frames, first + CHUNK - 1);
    try {
      const answer = await fetch(`/v1/edit/boxes?first=${first}&last=${last}`);
      if (!answer.ok) throw new Error(`status ${answer.status}`);
      const data = columnsOf(await answer.arrayBuffer());
      const version = answer.headers.get("X-Version");
      Object.assign(chunk, { data, starts: startsOf(data.frames, first), version });
      if (version !== this.version) chunk.asked = null;
      this._tell("boxes");
    } catch {
      chunk.asked = null; // asked again with the next look
      this._tell("status", "Not connected: nothing is saved", "bad");
    }
  }

  _tell(kind, ...values) {
    for (const callback of this._listeners?.[kind] ?? []) callback(...values);
  }
}

/** The columns of an answer with boxes; typed arrays on its own memory. */
function columnsOf(buffer) {
  const [count] = new Int32Array(buffer, 0, 2);
  let at = 8;
  const column = (kind, wide) => {
    const made = new kind(buffer, at, count * wide);
    at += made.byteLength;
    return made;
  };
  return { ids: column(Float64Array, 1), boxes: column(Float32Array, 4), frames: column(Int32Array, 1), filled: column(Uint8Array, 1) };
}

/** Where the boxes of each frame begin. */
function startsOf(frames, first) {
  const starts = new Int32Array(CHUNK + 1);
  let n = 0;
  for (let inside = 0; inside <= CHUNK; inside += 1) {
    while (n < frames.length && frames[n] < first + inside) n += 1;
    starts[inside] = n;
  }
  return starts;
}
