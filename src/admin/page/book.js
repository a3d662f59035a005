// The run-book of a pool, as a list to work through: its Markdown becomes elements, its boxes can be ticked, and what is ticked
// is kept in this browser for as long as the loss is the same. Only the few forms that run-books have are read; anything else is
// shown as it stands.

import { make, put, at, ask } from "./parts.js";

const key = (pool) => `edgesteer-ticks ${pool}`;
/** Times of loss this close are one loss: the server's clocks are read to the second, and a restart reckons anew. Seconds. */
const SAME_LOSS = 60;

/** What is ticked already, and of which loss. With another loss everything is to be done anew. */
function remembered(pool, lost) {
  const kept = JSON.parse(localStorage.getItem(key(pool)) ?? "{}");
  const isAnother = lost !== null && Math.abs(lost - (kept.lost ?? 0)) > SAME_LOSS;
  return { lost: lost ?? kept.lost ?? null, ticks: new Set((!isAnother && kept.ticks) || []) };
}

/** Shows the run-book for losing a pool, as it is now. */
export async function book(pool) {
  at("book-title").textContent = `Run-book: ${pool} is lost`;
  put("book-text", "…");
  at("book-done").textContent = "";
  at("book-close").onclick = () => at("book").close();
  at("book").showModal();
  try {
    const answer = await ask(`/api/v1/runbooks/${encodeURIComponent(pool)}`);
    const lost = answer.headers.get("edgesteer-lost-at");
    show(pool, lost === null ? null : Number(lost), await answer.text());
  } catch (error) {
    put("book-text", make("p", { class: "error" }, error.message));
  }
}

function show(pool, at_loss, text) {
  const { lost, ticks } = remembered(pool, at_loss);
  const boxes = [];
  const box = (said) => {
    // The same step can stand in two parts.
    const same = boxes.filter(([, words]) => words === said || words.startsWith(`${said} #`)).length;
    const words = same ? `${said} #${same + 1}` : said;
    const input = make("input", { type: "checkbox", "aria-label": said });
    input.checked = ticks.has(words);
    input.addEventListener("change", () => {
      input.checked ? ticks.add(words) : ticks.delete(words);
      keep();
    });
    boxes.push([input, words]);
    return input;
  };
  const keep = () => {
    const known = boxes.map(([, words]) => words).filter((words) => ticks.has(words));
    localStorage.setItem(key(pool), JSON.stringify({ lost, ticks: known }));
    count();
  };
  const count = () => {
    const done = boxes.filter(([input]) => input.checked).length;
    at("book-done").textContent = `${done} of ${boxes.length} steps are ticked in this browser`;
  };
  at("book-clear").onclick = () => {
    for (const [input] of boxes) input.checked = false;
    ticks.clear();
    keep();
  };
  put("book-text", ...blocks(text.split("\n"), box));
  count();
}

/** The blocks of some lines: headings, steps with what is indented below them, code, warnings, lists, paragraphs. */
function blocks(lines, box) {
  const made = [];
  for (let i = 0; i < lines.length; ) {
    const line = lines[i];
    const heading = line.match(/^(#{1,4}) (.*)$/);
    const step = line.match(/^(\d+)\. (\[ \] )?(.*)$/);
    if (!line.trim()) {
      i += 1;
    } else if (heading) {
      // The dialog's own title stands for the first.
      if (heading[1].length > 1) made.push(make(`h${heading[1].length + 1}`, {}, ...inline(heading[2])));
      i += 1;
    } else if (line.startsWith("```")) {
      const end = lines.indexOf("```", i + 1);
      const last = end < 0 ? lines.length : end;
      made.push(make("pre", { tabindex: 0 }, lines.slice(i + 1, last).join("\n")));
      i = last + 1;
    } else if (step) {
      const below = taken(lines, i + 1, (next) => next.startsWith("   ") || !next.trim());
      const rest = blocks(below.map((next) => next.slice(3)), box);
      const words = make("span", {}, ...inline(step[3]));
      const head = step[2] ? make("label", { class: "check" }, box(words.textContent), words) : make("p", {}, `${step[1]}. `, words);
      made.push(make("div", { class: "step" }, head, ...rest));
      i += 1 + below.length;
    } else if (line.startsWith(">")) {
      const quoted = taken(lines, i, (next) => next.startsWith(">"));
      made.push(make("blockquote", {}, ...blocks(quoted.map((next) => next.replace(/^> ?/, "")), box)));
      i += quoted.length;
    } else if (line.startsWith("- ")) {
      const items = taken(lines, i, (next) => next.startsWith("- "));
      made.push(make("ul", {}, ...items.map((item) => make("li", {}, ...inline(item.slice(2))))));
      i += items.length;
    } else {
      const words = taken(lines, i, (next) => next.trim() && !/^(#|>|- |```|\d+\. )/.test(next));
      made.push(make("p", {}, ...inline(words.join(" ") || line)));
      i += Math.max(1, words.length);
    }
  }
  return made;
}

/** Lines from a place on, for as long as they fit. */
function taken(lines, from, fits) {
  let to = from;
  while (to < lines.length && fits(lines[to])) to += 1;
  return lines.slice(from, to);
}

/** `code` and **strong words**, within a line. */
function inline(text) {
  const parts = text.split(/(`[^`]+`|\*\*[^*]+\*\*)/);
  return parts.map((part) => {
    if (/^`[^`]+`$/.test(part)) return make("code", {}, part.slice(1, -1));
    if (/^\*\*[^*]+\*\*$/.test(part)) return make("strong", {}, part.slice(2, -2));
    return part;
  });
}
