// A chart as SVG text, for files: horizontal bars for groups, lines over time. It says what the page shows, in one drawing. Pure.

import { count } from "../format.js";

const escape = (text) => String(text).replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;").replace(/"/g, "&quot;");
const FONT = `font-family="system-ui, Segoe UI, Roboto, Helvetica, Arial, sans-serif"`;
const COLOURS = ["#1f6fb2", "#d9822b", "#16866a", "#b3589a", "#5aa9d6", "#a3441b", "#7a6a00", "#6b7280"];
const WIDTH = 960;

const frame = (height, title, parts) => `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-label="${escape(title)}">
<rect width="${WIDTH}" height="${height}" fill="#ffffff"/>
<text x="24" y="34" ${FONT} font-size="17" font-weight="600" fill="#1b2733">${escape(title)}</text>
${parts.join("\n")}
</svg>`;

/** Bars from left to right, one for each `{ name, value, low, high }`; intervals as whiskers. */
export function barsSvg({ title, rows, text = count }) {
  const [left, right, top, line] = [280, 120, 58, 30];
  const end = Math.max(...rows.map((row) => Math.max(row.value ?? 0, row.high ?? 0)), 1e-9);
  const x = (value) => left + (Math.max(0, value) / end) * (WIDTH - left - right);
  const parts = rows.map((row, n) => {
    const y = top + n * line;
    const middle = y + 11;
    const label = row.name.length > 38 ? `${row.name.slice(0, 37)}…` : row.name;
    const whisker = Number.isFinite(row.low)
      ? `<path d="M${x(row.low).toFixed(1)} ${middle - 5}v10M${x(row.low).toFixed(1)} ${middle}H${x(row.high).toFixed(1)}m0 -5v10" stroke="#1b2733" stroke-width="1.3" fill="none"/>` : "";
    return `<text x="${left - 12}" y="${middle + 5}" text-anchor="end" ${FONT} font-size="14" fill="#1b2733">${escape(label)}</text>
<rect x="${left}" y="${y}" width="${(x(row.value ?? 0) - left).toFixed(1)}" height="22" rx="2" fill="${COLOURS[0]}" fill-opacity="${whisker ? 0.55 : 0.9}"/>${whisker}
<text x="${WIDTH - 24}" y="${middle + 5}" text-anchor="end" ${FONT} font-size="14" font-weight="600" fill="#1b2733">${escape(text(row.value))}</text>`;
  });
  return frame(top + rows.length * line + 20, title, parts);
}

/** Lines over the labels of time; `series`: `{ name, values }`. */
export function linesSvg({ title, labels, series, text = count }) {
  const [left, right, top, height] = [70, 24, 64, 420];
  const bottom = height - 70;
  const end = Math.max(...series.flatMap((one) => one.values.filter(Number.isFinite)), 1e-9) * 1.08;
  const x = (n) => left + (n / Math.max(1, labels.length - 1)) * (WIDTH - left - right);
  const y = (value) => bottom - (value / end) * (bottom - top);
  const grid = [0, 0.25, 0.5, 0.75, 1].map((part) => {
    const value = (end / 1.08) * part;
    return `<path d="M${left} ${y(value).toFixed(1)}H${WIDTH - right}" stroke="#dfe4e6"/><text x="${left - 8}" y="${(y(value) + 4).toFixed(1)}" text-anchor="end" ${FONT} font-size="12" fill="#5b6773">${escape(text(value))}</text>`;
  });
  const every = Math.max(1, Math.ceil(labels.length / 10));
  const ticks = labels.map((label, n) => (n % every === 0 ? `<text x="${x(n).toFixed(1)}" y="${bottom + 20}" text-anchor="middle" ${FONT} font-size="12" fill="#5b6773">${escape(label)}</text>` : ""));
  const lines = series.map((one, index) => {
    let path = "";
    let broken = true;
    one.values.forEach((value, n) => {
      if (!Number.isFinite(value)) { broken = true; return; }
      path += `${broken ? "M" : "L"}${x(n).toFixed(1)} ${y(value).toFixed(1)}`;
      broken = false;
    });
    return `<path d="${path}" fill="none" stroke="${COLOURS[index % COLOURS.length]}" stroke-width="2" stroke-linejoin="round"/>`;
  });
  let at = left;
  const key = series.map((one, index) => {
    const drawn = `<rect x="${at}" y="${height - 28}" width="14" height="4" fill="${COLOURS[index % COLOURS.length]}"/><text x="${at + 20}" y="${height - 21}" ${FONT} font-size="13" fill="#1b2733">${escape(one.name)}</text>`;
    at += 36 + one.name.length * 7.5;
    return drawn;
  });
  return frame(height, title, [...grid, ...ticks, ...lines, ...key]);
}

/** An SVG as PNG, twice as fine as its size. */
export async function pngOf(svg) {
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`;
  await image.decode();
  const canvas = Object.assign(document.createElement("canvas"), { width: image.width * 2, height: image.height * 2 });
  const context = canvas.getContext("2d");
  context.scale(2, 2);
  context.drawImage(image, 0, 0);
  return new Promise((done) => canvas.toBlob(done, "image/png"));
}
