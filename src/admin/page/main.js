// The page: what is so, kept so by the server's events. Everything shown is read from the API; nothing is remembered but
// what the operator set in this browser.

import { make, put, at, when, clock, ago, list, read, follow, keepToken, sparkline } from "./parts.js";
import { prepare, colour, mark } from "./map.js";
import { explain, order, sentence } from "./ask.js";
import { book } from "./book.js";
import { drills, ask_for } from "./drill.js";
import { offer, foretell } from "./whatif.js";

const EVENTS_SHOWN = 100;
const EVERY = 15_000;
/** Pools beyond which their table scrolls by itself, so that what is below it stays near. */
const FEW = 8;
const state = { services: [], service: null, events: [], newest: 0, seen: 0, lost: false };

function theme() {
  const saved = localStorage.getItem("edgesteer-theme");
  const dark = saved ? saved === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  document.documentElement.dataset.theme = dark ? "dark" : "light";
  at("theme").textContent = dark ? "Light" : "Dark";
}

async function load() {
  const [status, services, pools, endpoints] = await Promise.all(
    ["status", "services?limit=100", "pools", "endpoints?limit=200"].map((path) => read(`/api/v1/${path}`)),
  );
  Object.assign(state, { status, services: services.services, pools: pools.pools, endpoints: endpoints.endpoints, total: endpoints.total });
  if (!state.services.some(({ service }) => service === state.service)) state.service = state.services[0]?.service ?? null;
  state.regions = state.service ? await read(`/api/v1/regions?service=${encodeURIComponent(state.service)}`) : null;
  state.seen = Date.now();
  render();
}

const chosen = () => state.services.find(({ service }) => service === state.service);

function render() {
  at("version").textContent = `${state.status.version} · generation ${state.status.generation}`;
  const service = chosen();
  const names = state.services.map(({ service: name }) => name);
  if ([...at("service").options].map((option) => option.value).join("\n") !== names.join("\n"))
    put("service", ...names.map((name) => make("option", { value: name }, name)));
  at("service").value = state.service ?? "";
  if (!service) return say("No service is configured.", "warn");
  const serving = colour(state.regions, service.pools.map(({ pool }) => pool), state.pools);
  at("map").classList.toggle("dark", is_dark(service));
  headline(service, serving);
  hands();
  poolTable(service, new Map(serving));
  holds();
  drills(state.status.holds, state.events, service.pools);
  offer(state.pools);
}

function say(text, how) {
  const sentence = at("sentence");
  // What did not change is not read out again.
  if (sentence.textContent !== text) sentence.textContent = text;
  sentence.dataset.state = how;
  document.title = how === "bad" ? "DOWN · edgesteer" : "edgesteer";
}

const countries = (count) => `${count} ${count === 1 ? "country" : "countries"}`;
const is_dark = ({ choices }) => choices.some(({ basis }) => basis.startsWith("every pool is down"));
const KINDS = { "sip-federation": "Inbound federation", xmpp: "XMPP federation", matrix: "Matrix federation" };

function called(service) {
  const same = state.services.filter(({ kind }) => kind === service.kind).length;
  return KINDS[service.kind] && same === 1 ? KINDS[service.kind] : service.service;
}

function headline(service, serving) {
  const name = called(service);
  const other = state.services.find((each) => each !== service && is_dark(each));
  if (is_dark(service)) {
    const since = state.endpoints.filter(({ services, state }) => state === "down" && services.includes(service.service)).map((one) => one.since ?? 0);
    const last = Math.max(0, ...since);
    return say(`${name}: every pool is down${last ? ` since ${clock(last * 1000)} UTC` : ""}.`, "bad");
  }
  const who = [...serving].sort((a, b) => b[1] - a[1]);
  const down = service.pools.filter(({ state }) => state === "down");
  const verb = ([name]) => (down.some(({ pool }) => pool === name) ? "is named to" : "serves");
  const told = who.slice(0, 3).map((one, i) => {
    const same = i && verb(one) === verb(who[i - 1]);
    return `${one[0]} ${same ? "" : `${verb(one)} `}${i ? one[1] : countries(one[1])}`;
  });
  const rest = who.length > 3 ? ` and ${who.length - 3} more pools the rest` : "";
  const unproven = service.choices.some(({ basis }) => basis === "not known to be down" || basis === "what was told before");
  const are = (pools, how) => (pools.length ? ` ${list(pools.map(({ pool }) => pool))} ${pools.length === 1 ? "is" : "are"} ${how}.` : "");
  const but = are(down.filter(({ held }) => held !== "down"), "down") + are(down.filter(({ held }) => held === "down"), "held down");
  say(`${name} is ${unproven ? "not proven up" : "up"}. ${told.join(", ")}${rest}.${but}${other ? ` ${called(other)} is down.` : ""}`, other ? "bad" : unproven || down.length ? "warn" : "good");
}

function hands() {
  const lines = [...state.status.remarks];
  const soon = state.endpoints.filter((one) => one.certificate_not_after && one.certificate_not_after * 1000 - Date.now() < 21 * 864e5);
  for (const one of soon.slice(0, 5)) lines.push(`The certificate of ${one.address} (${list(one.pools)}) ends ${ago(one.certificate_not_after * 1000)}.`);
  for (const { service, choices } of state.services) {
    const kept = [...new Set(choices.filter(({ kept }) => kept).flatMap(({ pools }) => pools))];
    if (kept.length) lines.push(`${service}: clients are kept at ${list(kept)} until a gate lets them go.`);
  }
  for (const pool of state.pools) {
    const sick = pool.services.find(({ state }) => state === "down" || state === "degraded");
    if (sick && !pool.holds.length) lines.push(`${pool.pool} is ${sick.state}: ${sick.up} of ${sick.endpoints} endpoint${sick.endpoints === 1 ? "" : "s"} pass${sick.up === 1 ? "es" : ""}, ${sick.min_healthy} must.`);
    const waits = pool.services.find((one) => one.waits_for_failback);
    const by_hand = waits && state.services.find(({ service }) => service === waits.service)?.failback === null;
    if (by_hand) lines.push(`${pool.pool} is up again and waits for you to release it.`);
  }
  for (const hold of state.status.holds) if (!hold.until) lines.push(`${hold.subject} is held without an end.`);
  const shown = lines.slice(0, 8).map((line) => make("li", {}, line));
  if (lines.length > 8) shown.push(make("li", {}, `and ${lines.length - 8} more`));
  put("hands", ...(shown.length ? shown : [make("li", { class: "calm" }, "Nothing needs hands.")]));
}

const SIGNS = { up: "●", down: "✕", unknown: "?", degraded: "◐" };
const word = (state, held) => make("span", { class: "state", "data-state": held ? "held" : state }, `${SIGNS[state] ?? "·"} ${state}${held ? `, held ${held}` : ""}`);
const path = (pool, endpoint) => `/api/v1/holds/${encodeURIComponent(pool)}${endpoint ? `/${encodeURIComponent(endpoint)}` : ""}`;
const cell = (...children) => make("td", {}, ...children);

function sent(service, pool, count) {
  const is_kept = service.choices.some(({ kept, pools }) => kept && pools.includes(pool.pool));
  if (pool.state === "down" && is_kept) return "still named until a gate lets its clients go";
  if (!count) return "serves nobody now";
  const told = pool.state === "down" ? "still named: nothing else lives" : `serves ${countries(count)}`;
  return is_kept ? `${told}, some of them until a gate lets them go` : told;
}

/** Among many, those that are not as they should be come first; the others stay in the order of the configuration. */
function in_turn(pools) {
  const is_well = ({ state, held, waits_for_failback, suspect }) => state === "up" && !held && !waits_for_failback && !suspect;
  return pools.length > FEW ? [...pools.filter((pool) => !is_well(pool)), ...pools.filter(is_well)] : pools;
}

function poolTable(service, serving) {
  at("pools-box").classList.toggle("long", service.pools.length > FEW);
  const rows = in_turn(service.pools).flatMap((pool) => {
    const place = state.pools.find((one) => one.pool === pool.pool);
    const held = pool.held || pool.waits_for_failback;
    const button = make("button", { type: "button", click: () => order(Boolean(held), pool.pool, path(pool.pool), told), "aria-label": `${held ? "Release" : "Hold"} ${pool.pool}` }, held ? "Release" : "Hold");
    const runbook = make("button", { type: "button", click: () => book(pool.pool), "aria-label": `Run-book of ${pool.pool}` }, "Run-book");
    const sends = sent(service, pool, serving.get(pool.pool));
    const why = pool.waits_for_failback ? (pool.canary ? "up again, tried by some of its clients" : "up again, waits for its failback") : pool.suspect ? `${sends}; failing probes are being confirmed` : sends;
    const head = make("tr", {}, cell(make("strong", {}, pool.pool), place?.country ? ` ${place.country}` : ""), cell(word(pool.state, pool.held)), cell(), cell(why), cell(), cell(button, runbook));
    return [head, ...pool.endpoints.map((endpoint) => endpointRow(service, pool, endpoint))];
  });
  put("pools", ...rows);
}

function endpointRow(service, pool, endpoint) {
  const all = state.endpoints.filter((one) => one.address === endpoint.address);
  const seen = all.find(({ services }) => services.includes(service.service)) ?? all[0];
  const held = endpoint.held;
  const button = make("button", { type: "button", click: () => order(Boolean(held), `${pool.pool}/${endpoint.address}`, path(pool.pool, endpoint.address), told), "aria-label": `${held ? "Release" : "Hold"} ${endpoint.address}` }, held ? "Release" : "Hold");
  const address = seen ? `${endpoint.address} ${seen.check}:${seen.port}` : endpoint.address;
  return make("tr", { class: "endpoint" }, cell(address), cell(word(endpoint.state, held)), cell(seen?.since ? when(seen.since * 1000) : ""), cell(seen?.why ?? (endpoint.state === "up" ? "probes pass" : "")), cell(seen ? sparkline(seen.observations) : ""), cell(button));
}

function holds() {
  const shown = state.status.holds.map((hold) => {
    const release = () => order(true, hold.subject, path(hold.pool, hold.endpoint), told);
    const expires = hold.named_until ? [["The last answer that named it expires ", when(hold.named_until * 1000), "."]] : [];
    const last = hold.named ? [["Answers still name it: nothing else is live."]] : expires;
    const until = hold.until ? [" until ", when(hold.until * 1000)] : [" until it is released"];
    return make("div", { class: "hold" }, make("p", {}, make("strong", {}, hold.subject), ` is held ${hold.state}`, ...until), make("p", {}, `“${hold.reason}”`), ...last.map((words) => make("p", {}, ...words)), make("p", { class: "quiet" }, `${hold.author}, `, when(hold.made * 1000)), make("button", { type: "button", click: release, "aria-label": `Release ${hold.subject}, held` }, "Release"));
  });
  put("holds", ...(shown.length ? shown : [make("p", { class: "quiet" }, "Nothing is held.")]));
}

function events() {
  const shown = state.events.filter(({ kind, data }) => kind !== "publish" || !data.services).slice(0, EVENTS_SHOWN);
  const rows = shown.map(({ kind, data }) => make("li", {}, when(data.at), make("span", {}, sentence(kind, data))));
  put("events", ...(rows.length ? rows : [make("li", { class: "quiet" }, "Nothing has changed since the server started.")]));
}

/** An event with its details beside what every event has. */
const flat = (data) => ({ kind: data.what, data: { ...data.detail, ...data } });

function told(message) {
  at("country").textContent = message;
  refresh();
}

let waiting;
/** Reads everything anew, once for a burst of events. */
function refresh() {
  waiting ??= setTimeout(async () => {
    waiting = undefined;
    await load().then(found, missed);
  }, 150);
}

function found() {
  if (state.lost) return;
  at("lost").hidden = true;
  at("live").textContent = "live";
  at("live").dataset.state = "live";
}

function missed(error) {
  at("login").hidden = error.status !== 401;
  at("live").textContent = "not connected";
  at("live").dataset.state = "lost";
  at("lost").hidden = false;
  at("lost").textContent = `Connection lost: ${error.message}. ${state.seen ? `What is shown is from ${clock(state.seen)} UTC` : "Nothing could be read yet"}; trying again.`;
}

async function listen() {
  for (;;) {
    try {
      if (!state.newest) {
        const recent = await read("/api/v1/events/recent?limit=100");
        state.newest = recent.newest;
        state.events = recent.events.map(flat).reverse();
        events();
      }
      await follow(state.newest, opened, heard);
      throw new Error("the server ended the stream of events");
    } catch (error) {
      state.lost = true;
      missed(error);
    }
    await new Promise((resolve) => setTimeout(resolve, 2000));
  }
}

function opened() {
  state.lost = false;
  at("login").hidden = true;
  refresh();
}

function heard(frames) {
  for (const frame of frames) {
    state.newest = frame.id;
    if (frame.kind !== "gap") state.events.unshift(flat(frame.data));
  }
  state.events.length = Math.min(state.events.length, 2 * EVENTS_SHOWN);
  if (frames.length) {
    events();
    refresh();
  }
}

async function country(code, name) {
  mark(code);
  const choice = state.regions?.choices.find(({ countries }) => countries.includes(code));
  const text = choice ? `${name} is sent to ${list(choice.pools) || "nobody"}; its order is ${choice.region}, and the choice rests on: ${choice.basis}.` : `${name}: no client is known there.`;
  at("country").textContent = text;
}

at("theme").addEventListener("click", () => {
  localStorage.setItem("edgesteer-theme", document.documentElement.dataset.theme === "dark" ? "light" : "dark");
  theme();
});
at("service").addEventListener("change", () => {
  state.service = at("service").value;
  refresh();
});
at("ask").addEventListener("submit", (event) => {
  event.preventDefault();
  explain(Object.fromEntries(new FormData(event.target)));
});
at("lost-form").addEventListener("submit", (event) => {
  event.preventDefault();
  foretell();
});
at("drill").addEventListener("submit", (event) => {
  event.preventDefault();
  ask_for(path, told);
});
at("login").addEventListener("submit", (event) => {
  event.preventDefault();
  keepToken(at("token").value.trim());
  at("token").value = "";
  refresh();
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", theme);
theme();
await prepare(country).catch(missed);
listen();
// Times grow old and probe times come in though nothing changes.
setInterval(() => {
  if (!state.lost && !document.hidden) refresh();
  if (state.events.length) events();
}, EVERY);
