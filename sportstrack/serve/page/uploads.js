import { post } from "./api.js";
import { upload } from "./upload.js";

/** Uploads under way, of the whole page: they go on while another view is on the screen. */
export const uploads = [];
const listeners = new Set();

/** Call back whenever an upload got on. Returns what ends that. */
export function onUploads(callback) {
  listeners.add(callback);
  return () => listeners.delete(callback);
}

const tell = () => listeners.forEach((callback) => callback());

/** Send a file and then start its job: `{kind, name, settings}`; `onRefused(id, error)` where the service refuses the job. */
export async function startUpload(file, job, { onStarted, onRefused }) {
  const aborter = new AbortController();
  const one = { name: job.name, sent: 0, total: file.size, rate: null, waiting: false, error: null, again: null, cancel: null };
  const drop = () => {
    const at = uploads.indexOf(one);
    if (at >= 0) uploads.splice(at, 1);
    tell();
  };
  one.cancel = () => {
    aborter.abort();
    drop();
  };
  one.again = () => {
    drop();
    startUpload(file, job, { onStarted, onRefused });
  };
  uploads.push(one);
  tell();
  try {
    const onProgress = (sent, total, rate, waiting) => {
      Object.assign(one, { sent, total, rate, waiting });
      tell();
    };
    const id = await upload(file, { onProgress, signal: aborter.signal });
    try {
      await post("/v1/jobs", { ...job, source: { upload: id } });
      drop();
      onStarted();
    } catch (error) {
      drop();
      onRefused(id, error);
    }
  } catch (error) {
    if (error.name === "AbortError") return;
    one.error = error.message;
    tell();
  }
}

addEventListener("beforeunload", (event) => {
  if (uploads.some((one) => !one.error)) event.preventDefault();
});
