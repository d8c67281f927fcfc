import { ApiError, get, post, remove, request } from "./api.js";

const KEY = "sportstrack.uploads";
const LONGEST_WAIT = 30_000; // milliseconds between two tries

/**
 * Send a file in chunks. What broke off goes on where it stopped, also after a reload when the same file is chosen again.
 *
 * @param {File} file
 * @param {{onProgress: (sent: number, total: number, rate: number | null, waiting: boolean) => void, signal: AbortSignal}} how
 * @returns {Promise<string>} the upload's id
 */
export async function upload(file, { onProgress, signal }) {
  const name = [file.name, file.size, file.lastModified].join("|");
  const state = (await resumed(name)) || (await post("/v1/uploads", { name: file.name, bytes: file.size }, { signal }));
  remember(name, state.id);
  const began = { at: performance.now(), offset: state.offset };
  let { offset } = state;
  let wait = 1000;
  const rate = () => ((offset - began.offset) * 1000) / Math.max(200, performance.now() - began.at);
  while (offset < file.size) {
    onProgress(offset, file.size, offset > began.offset ? rate() : null, false);
    try {
      const chunk = file.slice(offset, offset + (state.chunk_bytes || 8 << 20), "application/octet-stream");
      const headers = { "Upload-Offset": String(offset), "Content-Type": "application/octet-stream" };
      ({ offset } = await request("PATCH", `/v1/uploads/${state.id}`, { body: chunk, headers, signal }));
      wait = 1000;
    } catch (error) {
      if (error.name === "AbortError") {
        forget(name);
        remove(`/v1/uploads/${state.id}`).catch(() => {});
        throw error;
      }
      if (error.status === 409 && Number.isInteger(error.body?.offset)) {
        offset = error.body.offset;
      } else if (error instanceof ApiError && (error.status === 0 || error.status >= 500 || error.status === 429)) {
        onProgress(offset, file.size, null, true);
        await new Promise((resolve) => setTimeout(resolve, wait));
        wait = Math.min(LONGEST_WAIT, wait * 2);
        offset = (await get(`/v1/uploads/${state.id}`, { signal }).catch(() => ({ offset }))).offset;
      } else {
        forget(name);
        throw error;
      }
    }
  }
  onProgress(file.size, file.size, rate(), false);
  forget(name);
  return state.id;
}

async function resumed(name) {
  const id = known()[name];
  if (!id) return null;
  const state = await get(`/v1/uploads/${id}`).catch(() => null);
  return state && Number.isInteger(state.offset) ? { ...state, id } : null;
}

function known() {
  try {
    return JSON.parse(localStorage.getItem(KEY)) || {};
  } catch {
    return {};
  }
}

function remember(name, id) {
  store({ ...known(), [name]: id });
}

function forget(name) {
  const { [name]: _, ...others } = known();
  store(others);
}

function store(uploads) {
  try {
    localStorage.setItem(KEY, JSON.stringify(uploads));
  } catch {
    // storage is off or full: an upload that breaks off begins again
  }
}
