// What would be otherwise if pools were lost now: asked of the server, which changes nothing for it.

import { make, put, at, read, list } from "./parts.js";

/** Offers the pools that there are, and keeps what is ticked. */
export function offer(pools) {
  const names = pools.map(({ pool }) => pool);
  const there = [...at("lost-pools").querySelectorAll("input")].map(({ value }) => value);
  if (there.join("\n") === names.join("\n")) return;
  const ticked = new Set(ticks());
  put("lost-pools", ...names.map((name) => {
    const box = make("input", { type: "checkbox", value: name });
    box.checked = ticked.has(name);
    return make("label", { class: "check" }, box, name);
  }));
}

const ticks = () => [...at("lost-pools").querySelectorAll("input:checked")].map(({ value }) => value);

/** Asks what would be without the pools that are ticked. */
export async function foretell() {
  const lost = ticks();
  if (!lost.length) return put("foretold", make("p", { class: "error" }, "Tick the pools that would be lost."));
  try {
    show(lost, await read(`/api/v1/what-if?lost=${encodeURIComponent(lost.join(","))}`));
  } catch (error) {
    put("foretold", make("p", { class: "error" }, error.message));
  }
}

function show(lost, said) {
  const objections = said.objections.map((line) => make("p", { class: "error" }, `✕ ${line}`));
  const calm = said.ok ? [make("p", {}, "● Everybody would still have a live pool.")] : [];
  const more = said.services_left_out ? [make("p", { class: "quiet" }, `and ${said.services_left_out} more services`)] : [];
  put("foretold", make("p", {}, "Without ", make("strong", {}, list(lost)), ":"), ...objections, ...calm, ...said.services.map(service), ...more);
}

const share = (of) => (of > 0 && of < 0.0005 ? "less than 0.1 %" : `${(of * 100).toFixed(1)} %`);

function service({ service: name, moved_ipv4: v4, moved_ipv6: v6, moves }) {
  const moved = moves.filter((one) => one.moved);
  const head = make("p", {}, make("strong", {}, name), moved.length ? `: ${share(v4)} of IPv4 and ${share(v6)} of IPv6 go elsewhere.` : ": nobody goes elsewhere.");
  return make("div", { class: "past" }, head, make("ul", {}, ...moved.map((one) => make("li", {}, way(one)))));
}

function way(move) {
  const fate = (of) => (!of ? "nothing" : of.served ? list(of.pools) : `nothing that lives${of.pools.length ? ` (${list(of.pools)})` : ""}`);
  const whom = move.name ? `${move.clients} ${move.name}` : move.clients === "elsewhere" ? "clients of no known place" : list(move.countries, 6) || "clients of a known place";
  const size = move.ipv4 ? `, ${share(move.ipv4)} of IPv4` : "";
  return `${whom}${size}: ${fate(move.from)} → ${fate(move.to)}`;
}
