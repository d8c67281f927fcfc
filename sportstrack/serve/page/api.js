/** Requests to the service. Every refusal becomes an `ApiError` with the service's own words. */

export class ApiError extends Error {
  constructor(message, status, kind, body) {
    super(message);
    Object.assign(this, { status, kind, body });
  }
}

let askForToken = async () => false;

/** Say what asks the user for a token; it resolves with whether a right one was given. */
export function onTokenNeeded(callback) {
  askForToken = callback;
}

/** Ask the service. `body` is sent as JSON unless it is a Blob, a string or a form. Resolves with JSON, or text. */
export async function request(method, path, { body, headers = {}, signal, quiet = false } = {}) {
  const raw = body instanceof Blob || body instanceof FormData || typeof body === "string";
  let answer;
  try {
    answer = await fetch(path, {
      method,
      signal,
      headers: body === undefined || raw ? headers : { "Content-Type": "application/json", ...headers },
      body: raw || body === undefined ? body : JSON.stringify(body),
    });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError("The service does not answer. Is it running?", 0, "network");
  }
  if (answer.status === 401 && !quiet && (await askForToken())) return request(method, path, { body, headers, signal });
  const text = await answer.text();
  const json = (answer.headers.get("content-type") || "").includes("json") && text ? JSON.parse(text) : null;
  if (!answer.ok) {
    const error = json?.error || {};
    throw new ApiError(error.message || `the service answered ${answer.status}`, answer.status, error.kind || "", json);
  }
  return json ?? text;
}

export const get = (path, more) => request("GET", path, more);
export const post = (path, body, more) => request("POST", path, { body, ...more });
export const put = (path, body, more) => request("PUT", path, { body, ...more });
export const remove = (path, more) => request("DELETE", path, more);

/** The list in an answer that is a list or holds one under its name. */
export const listOf = (answer, name) => (Array.isArray(answer) ? answer : (answer?.[name] ?? []));

/**
 * Listen to server-sent events; `handlers` maps names to functions of the JSON. The browser reconnects by itself; where the
 * service refuses, the token is asked for and listening begins again. Returns what ends it.
 */
export function listen(path, handlers) {
  let source;
  let ended = false;
  let pause = 1000;
  const open = () => {
    source = new EventSource(path);
    source.onopen = () => (pause = 1000);
    for (const [name, handler] of Object.entries(handlers)) {
      source.addEventListener(name, (event) => !ended && event.data && handler(JSON.parse(event.data)));
    }
    source.addEventListener("error", async () => {
      if (ended || source.readyState !== EventSource.CLOSED) return;
      await get(path.replace(/\/events$/, "")).catch(() => {}); // asks for a token if that is why
      if (!ended) setTimeout(() => !ended && open(), pause);
      pause = Math.min(30_000, pause * 2);
    });
  };
  open();
  return () => {
    ended = true;
    source.close();
  };
}
