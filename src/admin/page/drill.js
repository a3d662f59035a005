// Drills: a pool that is held down for a while to see what becomes of its peers. A drill is a hold whose reason begins with
// "drill"; what it did is told by the events since.

import { make, put, at, when, clock, list } from "./parts.js";
import { order } from "./ask.js";

const is_drill = (reason) => /^drill\b/i.test(reason ?? "");
const OVER = ["release", "hold-ended"];
const PAST = 5;

/** Shows drills that are under way and those of late; events are the newest first. */
export function drills(holds, events, pools) {
  const names = pools.map(({ pool }) => pool);
  const select = at("drill-pool");
  if ([...select.options].map(({ value }) => value).join("\n") !== names.join("\n"))
    select.replaceChildren(...names.map((name) => make("option", { value: name }, name)));
  const now = holds.filter(({ reason }) => is_drill(reason)).map((hold) => running(hold, events));
  const past = events.map((event, i) => [event, events.slice(0, i).reverse()]).filter(([{ kind, data }]) => kind === "hold" && is_drill(data.reason));
  const over = past.map(([began, after]) => ended(began, after)).filter(Boolean).slice(0, PAST);
  put("drills", ...now, ...over, ...(now.length + over.length ? [] : [make("p", { class: "quiet" }, "No drill is under way, and there was none of late.")]));
}

function running(hold, events) {
  const until = hold.until ? ["ends by itself ", when(hold.until * 1000)] : ["has no end: release it"];
  // Times of holds are whole seconds, those of events are not.
  const since = events.filter(({ data }) => data.at >= hold.made * 1000 - 1000).reverse();
  return make("div", { class: "hold" }, make("p", {}, make("strong", {}, hold.subject), ` is held ${hold.state} as a drill, which `, ...until), make("p", { class: "quiet" }, `${hold.author}: “${hold.reason}”`), moves(hold.pool, hold.made * 1000, since));
}

function ended(began, after) {
  const { subject, author, at: from } = began.data;
  const end = after.findIndex(({ kind, data }) => OVER.includes(kind) && data.subject === subject);
  if (end < 0) return null;
  const during = after.slice(0, end);
  return make("div", { class: "past" }, make("p", {}, make("strong", {}, subject), ` was drilled from ${clock(from)} to ${clock(after[end].data.at)} UTC by ${author}.`), moves(subject.split("/")[0], from, during));
}

/** Who was sent elsewhere because of it, where to, and how soon. */
function moves(pool, from, events) {
  const moved = events.filter(({ kind, data }) => kind === "move" && [data.from ?? []].flat().includes(pool));
  if (!moved.length) return make("p", { class: "quiet" }, "Nobody was sent elsewhere.");
  const lines = new Map();
  for (const { data } of moved) {
    const key = JSON.stringify([data.service, data.to]);
    const line = lines.get(key) ?? { regions: new Set(), last: 0, data };
    [data.regions].flat().forEach((region) => line.regions.add(region));
    line.last = Math.max(line.last, data.at - from);
    lines.set(key, line);
  }
  const line = ({ data, regions, last }) => `${data.service}: clients of ${list([...regions], 3)} went to ${list([data.to].flat())}${soon(last)}`;
  return make("ul", {}, ...[...lines.values()].map((one) => make("li", {}, line(one))));
}

const soon = (ms) => (ms > 1500 ? ` after ${(ms / 1000).toFixed(1)} s` : " at once");

/** Asks for a drill of the pool that is chosen. */
export function ask_for(path, done) {
  const pool = at("drill-pool").value;
  if (pool) order(false, pool, path(pool), done, { title: `Drill: ${pool} is lost`, state: "down", length: "10m", reason: "drill: " });
}
