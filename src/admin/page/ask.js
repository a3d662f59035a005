// Asking why, and giving orders: the explain box and the dialog of holds.

import { make, put, at, ask, read, bearer, token, keepToken, list } from "./parts.js";

/** Explains what a client gets, step by step. */
export async function explain(fields) {
  const query = new URLSearchParams({ name: fields.name.trim(), type: fields.type });
  if (fields.client?.trim()) query.set("client", fields.client.trim());
  try {
    const said = await read(`/api/v1/explain?${query}`);
    put("explained", make("ol", {}, ...steps(said).map((step) => make("li", {}, step))), pools(said));
  } catch (error) {
    put("explained", make("p", { class: "error" }, error.message));
  }
}

function steps(said) {
  const { decision: path } = said;
  const answer = said.answer.length ? said.answer.join(" · ") : "nothing";
  return [
    `${said.client}${said.subnet ? ` for ${said.subnet}` : ""} asks for ${said.name} ${said.type}.`,
    said.zone ? `The name lies in our zone ${said.zone}.` : `The name lies in none of our zones: ${said.beyond ?? "it is refused"}.`,
    said.view && `The client is in the view ${said.view}.`,
    said.file,
    path && `Service ${path.service}: the client is in ${path.country ?? "no known country"} (${path.place_from}), region ${path.region}.`,
    path && `The choice rests on: ${path.basis}.`,
    `Answer: ${said.rcode}, ${answer}; generation ${said.generation}.`,
    said.ecs_scope ? `Every client in the /${said.ecs_scope} around gets the same.` : "Every client gets the same.",
  ].filter(Boolean);
}

function pools({ decision: path }) {
  if (!path) return "";
  const line = (pool) =>
    make("li", {}, make("strong", {}, pool.pool), ` is ${pool.state}${pool.distance_km === null ? "" : `, ${pool.distance_km} km`}: ${pool.why}${pool.chosen ? " (chosen)" : ""}`);
  return make("div", {}, make("p", {}, "Pools in order of preference:"), make("ol", {}, ...path.pools.map(line)));
}

/** Opens the dialog for an order; `done` is called with what the server says of it, `preset` is what it begins with. */
export function order(release, subject, path, done, preset = {}) {
  const dialog = at("order");
  at("order-title").textContent = preset.title ?? (release ? `Release ${subject}` : `Hold ${subject}`);
  at("order-what").textContent = release
    ? "It is judged by its probes again, and preferred at once."
    : "A hold wins over what probes say, and survives restarts.";
  for (const id of ["order-state-label", "order-for-label"]) at(id).hidden = release;
  at("order-token").value = token();
  at("order-state").value = preset.state ?? "drain";
  at("order-for").value = preset.length ?? "2h";
  at("order-reason").value = preset.reason ?? "";
  at("order-force").checked = false;
  at("order-error").textContent = "";
  at("order-no").onclick = () => dialog.close();
  at("order-form").onsubmit = async (event) => {
    event.preventDefault();
    const given = at("order-token").value.trim();
    const said = { reason: at("order-reason").value, author: at("order-author").value, force: at("order-force").checked };
    if (!release) {
      said.state = at("order-state").value;
      if (at("order-for").value.trim()) said.for = at("order-for").value.trim();
    }
    const body = JSON.stringify(said);
    at("order-do").disabled = true;
    try {
      const answer = await ask(path, { method: release ? "DELETE" : "PUT", headers: { "content-type": "application/json", ...bearer(given) }, body });
      // A mistyped one would keep the page from reading.
      keepToken(given);
      dialog.close();
      done((await answer.json()).message);
    } catch (error) {
      at("order-error").textContent = error.message;
    } finally {
      at("order-do").disabled = false;
    }
  };
  dialog.showModal();
  at("order-reason").focus();
}

/** What is to be said of one event. */
export function sentence(kind, said) {
  const pools = list(said.pools ?? []);
  const names = (of) => list([said[of] ?? []].flat()) || "nobody";
  switch (kind) {
    case "verdict": return `${pools} (${said.address}) is ${said.state}: ${said.reason}`;
    case "move": if (names("from") === names("to")) return `${said.service}: ${names("to")} goes on serving ${names("regions")}: ${said.reason}`;
      return `${said.service}: clients of ${names("regions")} go to ${names("to")}, not ${names("from")}: ${said.reason}`;
    case "hold": return `${said.author} holds ${said.subject} ${said.state}: ${said.reason}`;
    case "release": return `${said.author} releases ${said.subject}: ${said.reason}`;
    case "hold-ended": return `The hold of ${said.subject} has ended by itself`;
    case "refused": return `${said.author} wanted to ${said.action}, and was refused: ${said.reason}`;
    default: return said.services ? `New answers for ${list(said.services)}` : said.reason ?? kind;
  }
}
