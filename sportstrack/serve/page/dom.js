/** Elements without markup: text goes in as text, so that no name from a file can become part of the page. */

/**
 * Make an element. Keys of `props`: `class`, `on` ({event: handler}), `data` ({key: value}), `style` ({"--x": value}); a
 * boolean sets or leaves out the attribute; everything else is an attribute. Children are nodes, text, or null.
 */
export function h(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [key, value] of Object.entries(props || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (key === "on") for (const [name, handler] of Object.entries(value)) node.addEventListener(name, handler);
    else if (key === "data") Object.assign(node.dataset, value);
    else if (key === "style") for (const [name, text] of Object.entries(value)) node.style.setProperty(name, text);
    else if (value === true) node.setAttribute(key, "");
    else if (key === "value") node.value = value;
    else node.setAttribute(key, String(value));
  }
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

/** Replace all children of a node. */
export function fill(node, ...children) {
  node.replaceChildren(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

const SHAPES = {
  play: "M7 4.5v15l12-7.5z",
  pause: "M7 4.5h3.6v15H7zM13.4 4.5H17v15h-3.6z",
  back: "M18 5v14L8 12zM5.2 5h2.2v14H5.2z",
  forward: "M6 5v14l10-7zM16.6 5h2.2v14h-2.2z",
  full: "M4 4h6v2H6v4H4zM14 4h6v6h-2V6h-4zM4 14h2v4h4v2H4zM18 14h2v6h-6v-2h4z",
  upload: "M11 15V7.8L8.4 10.4 7 9l5-5 5 5-1.4 1.4L13 7.8V15zM5 14h2v4h10v-4h2v6H5z",
  download: "M11 4h2v7.2l2.6-2.6L17 10l-5 5-5-5 1.4-1.4 2.6 2.6zM5 14h2v4h10v-4h2v6H5z",
  film: "M3 5h18v14H3zM5 7v2h2V7zm0 4v2h2v-2zm0 4v2h2v-2zm12-8v2h2V7zm0 4v2h2v-2zm0 4v2h2v-2zM9 7v10h6V7z",
  live: "M12 9.5a2.5 2.5 0 1 1 0 5 2.5 2.5 0 0 1 0-5zM6.3 6.3l1.5 1.5a6 6 0 0 0 0 8.4l-1.5 1.5a8 8 0 0 1 0-11.4zm11.4 0a8 8 0 0 1 0 11.4l-1.5-1.5a6 6 0 0 0 0-8.4z",
  bell: "M12 3a6 6 0 0 1 6 6v4l2 3v1H4v-1l2-3V9a6 6 0 0 1 6-6zm-2.5 15.5h5a2.5 2.5 0 0 1-5 0z",
  gauge: "M12 5a9 9 0 0 1 9 9c0 1.8-.5 3.4-1.4 4.800H4.400A9 9 0 0 1 12 5zm4.2 4.4-3.5 3.200a1.7 1.7 0 1 0 1 1l3.3-3.500z",
  plus: "M11 5h2v6h6v2h-6v6h-2v-6H5v-2h6z",
  minus: "M5 11h14v2H5z",
  fit: "M4 11h3.200L5.6 9.4 7 8l4 4-4 4-1.4-1.400L7.2 13H4zm16 0v2h-3.200l1.6 1.600L17 16l-4-4 4-4 1.4 1.400L16.8 11z",
  close: "m6.4 5 5.6 5.600L17.6 5 19 6.4 13.4 12l5.6 5.6-1.4 1.4-5.6-5.600L6.4 19 5 17.600l5.6-5.600L5 6.400z",
  bin: "M9 3h6l1 2h4v2H4V5h4zM6 8h12l-1 13H7z",
  stop: "M6 6h12v12H6z",
  sun: "M12 7.500a4.5 4.5 0 1 1 0 9 4.5 4.5 0 0 1 0-9zM11 2h2v3h-2zm0 17h2v3h-2zM2 11h3v2H2zm17 0h3v2h-3zM5.6 4.200l2.1 2.1-1.4 1.4-2.1-2.100zm12.1 12.1 2.1 2.1-1.4 1.4-2.1-2.100zM4.2 18.400l2.1-2.1 1.4 1.4-2.1 2.100zM16.3 6.300l2.1-2.1 1.4 1.4-2.1 2.100z",
  moon: "M20 14.500A8.5 8.5 0 0 1 9.5 4 8.5 8.5 0 1 0 20 14.500z",
  alert: "M12 3 1.5 21h21zM11 10h2v5h-2zm0 6.500h2v2h-2z",
  check: "m9.5 17.5-5-5L6 11l3.5 3.500L18 6l1.5 1.500z",
  search: "M10.5 4a6.5 6.5 0 0 1 5.1 10.500l4.4 4.4-1.4 1.4-4.4-4.400A6.5 6.5 0 1 1 10.5 4zm0 2a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9z",
  again: "M12 5V2L7 6.5 12 11V8a5 5 0 1 1-5 5H4.500A7.5 7.5 0 1 0 12 5z",
  arrow: "M13.5 5.5 20 12l-6.5 6.5-1.4-1.4 4.1-4.100H4v-2h12.200l-4.1-4.100z",
  undo: "M9 4 3.5 9.500 9 15v-4h5.500a3.5 3.5 0 0 1 0 7H9v2.500h5.500a6 6 0 0 0 0-12H9z",
  redo: "m15 4 5.5 5.500L15 15v-4H9.500a3.5 3.5 0 0 0 0 7H15v2.500H9.500a6 6 0 0 1 0-12H15z",
  list: "M4 5h3v3H4zm5 .5h11v2H9zM4 10.500h3v3H4zm5 .5h11v2H9zM4 16h3v3H4zm5 .5h11v2H9z",
  keys: "M3 6h18v12H3zm2 2v2h2V8zm3.500 0v2h2V8zM12 8v2h2V8zm3.500 0v2h3.500V8zM5 11.500v2h2v-2zm3.500 0v2h2v-2zm3.500 0v2h2v-2zm3.500 0v2h3.500v-2zM7.500 15v1.500h9V15z",
  target: "M11 2h2v2.600A7.5 7.5 0 0 1 19.400 11H22v2h-2.600A7.5 7.5 0 0 1 13 19.400V22h-2v-2.600A7.5 7.5 0 0 1 4.600 13H2v-2h2.600A7.5 7.5 0 0 1 11 4.600zm1 4.500a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11zm0 3a2.5 2.5 0 1 1 0 5 2.5 2.5 0 0 1 0-5z",
  left: "M10.5 5.5 4 12l6.5 6.5 1.4-1.4-4.1-4.100H20v-2H7.800l4.1-4.100z",
};

/** A small picture in the colour of the text around it; it says nothing to a screen reader. */
export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", SHAPES[name]);
  path.setAttribute("fill", "currentColor");
  path.setAttribute("fill-rule", "evenodd");
  svg.append(path);
  return svg;
}

/** The theme's colours as a canvas understands them: `themeColours().accent` is "rgb(…)". */
export function themeColours() {
  const probe = document.body.appendChild(h("span", { hidden: true }));
  const read = (name) => {
    probe.style.color = `var(--${name})`;
    return getComputedStyle(probe).color;
  };
  const names = ["bg", "surface", "raised", "sunken", "line", "line-strong", "text", "muted", "accent", "info", "warn", "danger", "grass"];
  const found = Object.fromEntries(names.map((name) => [name.replace("-s", "S"), read(name)]));
  probe.remove();
  return found;
}

/** Call back when dark turns to light or back. Returns what ends that. */
export function onThemeChange(callback) {
  const media = matchMedia("(prefers-color-scheme: dark)");
  const watch = new MutationObserver(callback);
  watch.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
  media.addEventListener("change", callback);
  return () => {
    watch.disconnect();
    media.removeEventListener("change", callback);
  };
}

/** Give a canvas the size of its place in device pixels; returns its context scaled to CSS pixels, width and height. */
export function sized(canvas, width = canvas.clientWidth, height = canvas.clientHeight) {
  const ratio = window.devicePixelRatio || 1;
  const [w, t] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== w || canvas.height !== t) Object.assign(canvas, { width: w, height: t });
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  return { context, width, height };
}
