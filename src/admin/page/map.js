// The map: each country with the pool that its clients are sent to, told by colour and by pattern.

import { draw, make, put, at, list } from "./parts.js";

const COLOURS = 8;
// Lines over the colour, so that nobody needs to tell colours apart.
const MARKS = ["", "M0 10L10 0", "M0 0L10 10", "M5 0V10", "M0 5H10", "M0 10L10 0M0 0L10 10", "M5 0V10M0 5H10", "M4 4h2v2h-2z"];

let world;
let shapes = new Map();

/** Draws the outlines once. `chosen` is called with a country that somebody picks. */
export async function prepare(chosen) {
  world = await (await fetch("/page/world.json")).json();
  const defs = draw("defs");
  for (let i = 0; i < COLOURS * MARKS.length; i++) defs.append(pattern(`pool-${i}`, i));
  const svg = draw("svg", { viewBox: `0 0 ${world.width} ${world.height}`, role: "group", "aria-label": "World map; arrow keys go from country to country" }, defs);
  for (const path of world.unnamed) svg.append(draw("path", { class: "unnamed", d: path }));
  for (const [code, [name, shape]] of Object.entries(world.countries)) {
    const element = typeof shape === "string" ? draw("path", { d: shape }) : draw("circle", { cx: shape[0], cy: shape[1], r: 3.5 });
    element.setAttribute("role", "button");
    element.setAttribute("tabindex", "-1");
    element.append(draw("title", {}, name));
    element.addEventListener("click", () => chosen(code, name));
    element.addEventListener("focus", () => chosen(code, name));
    shapes.set(code, element);
    svg.append(element);
  }
  const order = Object.keys(world.countries).sort((a, b) => world.countries[a][0].localeCompare(world.countries[b][0]));
  shapes.get(order[0]).setAttribute("tabindex", "0");
  svg.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    const here = order.findIndex((code) => shapes.get(code) === document.activeElement);
    if (!step || here < 0) return;
    event.preventDefault();
    const next = shapes.get(order[(here + step + order.length) % order.length]);
    shapes.get(order[here]).setAttribute("tabindex", "-1");
    next.setAttribute("tabindex", "0");
    next.focus();
  });
  svg.append(draw("g", { id: "sites" }));
  put("map", svg);
}

function pattern(id, place) {
  const colour = `pc${place % COLOURS}`;
  // Eight pools have a colour and a pattern each of their own; beyond, the pairs differ.
  const mark = MARKS[(place + Math.floor(place / COLOURS)) % MARKS.length];
  return draw("pattern", { id, width: 10, height: 10, patternUnits: "userSpaceOnUse" },
    draw("rect", { width: 10, height: 10, class: colour, "stroke-width": 0 }), mark ? draw("path", { class: "mark", d: mark }) : "");
}

const fillOf = (place) => `url(#pool-${place % (COLOURS * MARKS.length)})`;

/** Colours the map. `pools` are the service's, in order; `regions` is what the server says of countries. */
export function colour(regions, pools, places) {
  const counts = new Map();
  const number = (pool) => Math.max(pools.indexOf(pool), 0);
  for (const shape of shapes.values()) shape.style.removeProperty("fill");
  for (const { pools: to, countries } of regions.choices) {
    const first = to[0];
    if (first) counts.set(first, (counts.get(first) ?? 0) + countries.length);
    for (const code of countries) {
      const shape = shapes.get(code);
      if (!first || !shape) continue;
      shape.style.fill = fillOf(number(first));
      const words = `${world.countries[code][0]}: ${list(to)}`;
      shape.setAttribute("aria-label", words);
      shape.querySelector("title").textContent = words;
    }
  }
  const used = pools.filter((pool) => counts.has(pool));
  put("legend", ...used.map((pool) => make("li", {}, swatch(number(pool)), `${pool}: ${plural(counts.get(pool))}`)));
  at("sites").replaceChildren(...places.filter((place) => place.location && pools.includes(place.pool)).slice(0, 40).flatMap(site));
  return used.map((pool) => [pool, counts.get(pool)]);
}

const plural = (count) => (count === 1 ? "1 country" : `${count} countries`);

function swatch(place) {
  const rect = draw("rect", { width: 26, height: 16 });
  rect.style.fill = fillOf(place);
  return draw("svg", { viewBox: "0 0 26 16", "aria-hidden": "true" }, rect);
}

function site({ pool, location: [latitude, longitude] }, _, all) {
  const [x, y] = [(longitude + 180) * 4, (84 - latitude) * 4];
  const dot = draw("circle", { class: "site", cx: x, cy: y, r: 5 });
  return all.length > 12 ? [dot] : [dot, draw("text", { x: x + 9, y: y + 6 }, pool)];
}

/** Marks the country that is spoken of. */
export function mark(code) {
  for (const [each, shape] of shapes) shape.classList.toggle("chosen", each === code);
}
