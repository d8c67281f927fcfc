import { clockText } from "./clock.js";

const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600]; // seconds between ticks
const BLOCK = 64; // frames
const FONT = "Inter, system-ui, sans-serif";

/** Rows in sight: names on the left, bars on the right. */
export function drawRows(context, line, { colours, height, top, ruler, row }) {
  const { rows, labels, width } = line;
  const [from, to] = [Math.floor(top / row), Math.min(rows.length, Math.ceil((top + height - ruler) / row))];
  context.fillStyle = colours.surface;
  context.fillRect(0, 0, width, height);
  context.textBaseline = "middle";
  context.font = `500 12px ${FONT}`;
  for (let index = from; index < to; index += 1) {
    const one = rows[index];
    const y = ruler + index * row - top;
    const picked = one.id === line.selected;
    if (picked || one.id === line.hovered) {
      context.globalAlpha = picked ? 0.16 : 0.07;
      context.fillStyle = picked ? colours.accent : colours.text;
      context.fillRect(0, y, width, row);
      context.globalAlpha = 1;
    }
    drawSpans(context, line, one, y + 4, row - 8, { faint: line.selected !== null && !picked, edge: colours.lineStrong });
    drawSure(context, line, one, y + row - 4, colours.accent);
    drawMarks(context, line, one, y, row, colours);
    drawLabel(context, one, y, { labels, row, colours, picked, picture: line.picture?.(one) ?? null, pictures: Boolean(line.picture) });
  }
  drawSpan(context, line, colours, ruler, height);
  context.strokeStyle = colours.line;
  context.lineWidth = 1;
  stroke(context, labels - 0.5, 0, labels - 0.5, height);
}

/** A line under what is sure. */
function drawSure(context, line, row, y, colour) {
  context.fillStyle = colour;
  for (const [first, last] of row.sure || []) {
    const [left, right] = [Math.max(line.labels, line.xOf(first)), Math.min(line.width, line.xOf(last + 1))];
    if (right > line.labels && left < line.width) context.fillRect(left, y, Math.max(2, right - left), 2);
  }
}

/** The frames that were chosen: what is outside is shaded. */
function drawSpan(context, line, colours, ruler, height) {
  if (!line.span) return;
  const [left, right] = [line.xOf(line.span[0]), line.xOf(line.span[1] + 1)].map((x) => Math.min(line.width, Math.max(line.labels, x)));
  context.fillStyle = colours.surface;
  context.globalAlpha = 0.6;
  context.fillRect(line.labels, ruler, left - line.labels, height);
  context.fillRect(right, ruler, line.width - right, height);
  context.globalAlpha = 1;
  context.strokeStyle = colours.info;
  context.lineWidth = 1.5;
  if (left > line.labels) stroke(context, left, ruler - 8, left, height);
  if (right < line.width) stroke(context, right, ruler - 8, right, height);
}

/** Bars of one row; those narrower than a pixel become one, so that the cost follows the pixels and not the spans. */
function drawSpans(context, line, row, y, tall, { faint, edge }) {
  const { spans } = row;
  context.fillStyle = row.colour;
  context.strokeStyle = edge; // a white bar on a white page is seen by it
  context.lineWidth = 0.6;
  context.globalAlpha = faint ? 0.5 : 1;
  let index = firstEndingAfter(spans, line.first);
  while (index < spans.length && spans[index][0] < line.last) {
    const left = Math.max(line.labels, line.xOf(spans[index][0]));
    let right = line.xOf(spans[index][1] + 1);
    index += 1;
    while (index < spans.length && line.xOf(spans[index][0]) - right < 1 && right - left < 4) {
      right = line.xOf(spans[index][1] + 1);
      index += 1;
    }
    right = Math.min(line.width, Math.max(right, left + 1.5));
    if (right - left < 6) context.fillRect(left, y, right - left, tall);
    else {
      context.beginPath();
      context.roundRect(left, y, right - left, tall, 3);
      context.fill();
      context.stroke();
    }
  }
  context.globalAlpha = 1;
}

function drawMarks(context, line, row, y, tall, colours) {
  for (const mark of row.marks || []) {
    const x = line.xOf(mark.frame + 0.5);
    if (x < line.labels || x > line.width) continue;
    context.fillStyle = mark.colour || colours.danger;
    context.strokeStyle = colours.surface;
    context.beginPath();
    context.arc(x, y + tall / 2, 4.5, 0, 7);
    context.fill();
    context.stroke();
  }
}

function drawLabel(context, row, y, { labels, row: tall, colours, picked, picture, pictures }) {
  context.save();
  context.beginPath();
  context.rect(0, y, labels - 1, tall);
  context.clip();
  context.fillStyle = row.colour;
  context.beginPath();
  if (pictures) context.roundRect(6, y + 4, 3, tall - 8, 1.5);
  else context.roundRect(10, y + tall / 2 - 4, 8, 8, 2);
  context.fill();
  if (picture) drawPicture(context, picture, 14, y + 2, tall - 4);
  context.fillStyle = picked ? colours.text : colours.muted;
  context.fillText(row.label, pictures ? tall + 18 : 25, y + tall / 2 + 0.5);
  context.restore();
}

/** A picture in a square, its middle kept, its shape too. */
function drawPicture(context, picture, x, y, side) {
  const [wide, tall] = [picture.naturalWidth || picture.width, picture.naturalHeight || picture.height];
  if (!wide || !tall) return;
  const cut = Math.min(wide, tall);
  context.beginPath();
  context.roundRect(x, y, side, side, 3);
  context.save();
  context.clip();
  context.drawImage(picture, (wide - cut) / 2, tall > wide ? 0 : (tall - cut) / 2, cut, cut, x, y, side, side);
  context.restore();
}

function firstEndingAfter(spans, frame) {
  let [low, high] = [0, spans.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (spans[middle][1] + 1 <= frame) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Ticks of time, how many tracks live, and the playhead. */
export function drawRuler(context, line, { colours, height, ruler }) {
  const { labels, width } = line;
  context.fillStyle = colours.surface;
  context.fillRect(0, 0, width, ruler);
  drawAlive(context, line, colours, ruler);
  drawTicks(context, line, colours, ruler);
  context.font = `500 11px ${FONT}`;
  context.fillStyle = colours.muted;
  context.fillText(`${line.rows.length} ${line.rows.length === 1 ? "track" : "tracks"}`, 10, ruler / 2);
  context.strokeStyle = colours.line;
  stroke(context, 0, ruler - 0.5, width, ruler - 0.5);
  for (const tick of line.ticks) {
    const at = line.xOf(tick.frame + 0.5);
    if (at < labels || at > width) continue;
    context.fillStyle = tick.colour || colours.warn;
    context.fillRect(at - 1, ruler - 10, 2, 9);
  }
  const x = line.xOf(line.frame + 0.5);
  if (x < labels || x > width) return;
  context.strokeStyle = context.fillStyle = colours.danger;
  context.lineWidth = 1.5;
  stroke(context, x, 6, x, height);
  context.beginPath();
  context.moveTo(x - 5, 0);
  context.lineTo(x + 5, 0);
  context.lineTo(x, 8);
  context.fill();
  context.lineWidth = 1;
}

function drawAlive(context, line, colours, ruler) {
  const { alive, labels, width, first, last } = line;
  const peaks = peaksOf(line);
  const most = peaks.most;
  context.fillStyle = colours.accent;
  context.globalAlpha = 0.28;
  const perPixel = (last - first) / (width - labels);
  for (let x = labels; x < width; x += 1) {
    const from = Math.floor(first + (x - labels) * perPixel) - 1;
    const to = Math.max(from + 1, Math.floor(first + (x + 1 - labels) * perPixel) - 1);
    const count = mostAlive(alive, peaks, from, to);
    const tall = (count / most) * (ruler - 22);
    context.fillRect(x, ruler - 1 - tall, 1, tall);
  }
  context.globalAlpha = 1;
}

/** The most that live in each block of frames: a long video has more frames than can be looked at for each picture. */
function peaksOf(line) {
  if (line.peaks?.of === line.alive) return line.peaks;
  const { alive } = line;
  const blocks = new Int32Array(Math.ceil(alive.length / BLOCK));
  let most = 1;
  for (let index = 0; index < alive.length; index += 1) {
    blocks[Math.floor(index / BLOCK)] = Math.max(blocks[Math.floor(index / BLOCK)], alive[index]);
    most = Math.max(most, alive[index]);
  }
  line.peaks = { of: alive, blocks, most };
  return line.peaks;
}

/** The most that live in the frames [from, to); whole blocks at once. */
function mostAlive(alive, peaks, from, to) {
  let count = 0;
  for (let index = Math.max(0, from); index < to; index += 1) {
    if (index % BLOCK === 0 && index + BLOCK <= to) {
      count = Math.max(count, peaks.blocks[index / BLOCK] || 0);
      index += BLOCK - 1;
    } else count = Math.max(count, alive[index] || 0);
  }
  return count;
}

function drawTicks(context, line, colours, ruler) {
  const { clock, first, last, labels, width } = line;
  context.font = `500 10.5px ${FONT}`;
  context.textBaseline = "middle";
  const wide = width - labels;
  const start = (frame) => (clock ? clock.start(Math.min(line.frames, Math.max(1, Math.floor(frame)))) : frame);
  const span = clock ? start(last) - start(first) : last - first;
  const wanted = (span / wide) * 84;
  const step = STEPS.find((one) => one >= wanted) || Math.ceil(wanted / 3600) * 3600;
  for (let at = Math.ceil(start(first) / step) * step; at <= start(first) + span; at += step) {
    const x = line.xOf(clock ? clock.at(at + clock.offset) : at);
    if (x < labels) continue;
    context.strokeStyle = colours.line;
    stroke(context, x + 0.5, 20, x + 0.5, ruler);
    context.fillStyle = colours.muted;
    context.fillText(clock ? clockText(at, 0) : String(at), x + 4, 12);
  }
}

function stroke(context, x1, y1, x2, y2) {
  context.beginPath();
  context.moveTo(x1, y1);
  context.lineTo(x2, y2);
  context.stroke();
}
