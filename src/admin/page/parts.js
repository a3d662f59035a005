// Small parts of the page: elements from text, times, words, the one way to ask the server. Text of others is only ever text.

const SVG = "http://www.w3.org/2000/svg";

/** An element with attributes and children; strings become text. */
export function make(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

/** The same for drawings. */
export function draw(tag, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "click") element.addEventListener("click", value);
    else if (value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== ""));
  return element;
}

export const at = (id) => document.getElementById(id);

/** Replaces what is in an element. */
export const put = (id, ...children) => at(id).replaceChildren(...children);

export const clock = (ms) => new Date(ms).toISOString().slice(11, 19);

export function when(ms) {
  const text = new Date(ms).toISOString();
  return make("time", { datetime: text, title: text }, `${text.slice(11, 19)} UTC, ${ago(ms)}`);
}

export function ago(ms, now = Date.now()) {
  const seconds = Math.round(Math.abs(now - ms) / 1000);
  const [count, unit] =
    seconds < 90 ? [seconds, "s"] : seconds < 5400 ? [Math.round(seconds / 60), "min"]
    : seconds < 129600 ? [Math.round(seconds / 3600), "h"] : [Math.round(seconds / 86400), "days"];
  return ms > now ? `in ${count} ${unit}` : `${count} ${unit} ago`;
}

export const list = (names, most = 4) =>
  names.length > most ? `${names.slice(0, most).join(", ")} and ${names.length - most} more` : names.join(", ");

const key = "edgesteer-token";
export const token = () => sessionStorage.getItem(key) ?? "";
export const keepToken = (value) => (value ? sessionStorage.setItem(key, value) : sessionStorage.removeItem(key));

export const bearer = (value) => (value ? { authorization: `Bearer ${value}` } : {});

/** What the server refused, in its own words. */
export class Refused extends Error {
  constructor(status, problem) {
    super([problem.detail, problem.next].filter(Boolean).join("; ") || `the server answered ${status}`);
    this.status = status;
  }
}

/** Asks the server; throws what it refuses. */
export async function ask(path, options = {}) {
  const headers = { ...bearer(token()), ...(options.headers ?? {}) };
  const answer = await fetch(path, { ...options, headers, cache: "no-store" });
  if (!answer.ok) {
    const problem = await answer.json().catch(() => ({}));
    throw new Refused(answer.status, problem);
  }
  return answer;
}

export const read = async (path) => (await ask(path)).json();

/** Follows the server's events; returns when the stream ends. */
export async function follow(after, opened, told) {
  const answer = await ask(`/api/v1/events${after ? `?after=${after}` : ""}`);
  opened();
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let kept = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    kept += value;
    const frames = kept.split("\n\n");
    kept = frames.pop();
    told(frames.map(parse).filter(Boolean));
  }
}

function parse(frame) {
  const fields = {};
  for (const line of frame.split("\n")) {
    const at = line.indexOf(": ");
    if (at > 0) fields[line.slice(0, at)] = line.slice(at + 2);
  }
  return fields.data ? { id: Number(fields.id), kind: fields.event, data: JSON.parse(fields.data) } : null;
}

/** Probe times as a line; what failed is a tick. */
export function sparkline(observations) {
  const seen = observations.slice(-40);
  if (seen.length < 2) return "";
  const most = Math.max(...seen.map((one) => one.took_ms), 0.1);
  const x = (i) => (i * 130) / (seen.length - 1);
  const y = (ms) => 22 - (ms / most) * 19;
  const last = seen[seen.length - 1];
  const failed = seen.filter((one) => one.outcome !== "pass").length;
  const label = `Probe times, ${seen.length} probes, ${failed} not passed, last ${last.took_ms.toFixed(1)} ms, longest ${most.toFixed(1)} ms`;
  const ticks = seen.flatMap((one, i) => (one.outcome === "pass" ? [] : [draw("line", { x1: x(i), x2: x(i), y1: 15, y2: 24 })]));
  const points = seen.map((one, i) => `${x(i).toFixed(1)},${y(one.took_ms).toFixed(1)}`).join(" ");
  return draw("svg", { class: "spark", viewBox: "0 0 130 24", role: "img", "aria-label": label }, draw("title", {}, label), draw("polyline", { points }), ...ticks);
}
