// The look-up: a second view of the page, with a list that changes while one types. Words and numbers are found here;
// what is near in meaning comes from POST ./find. Stores nothing.
import { copy, entries, offerCopies, read, row, turn } from "./ui.hits.js";
import { all, data, find, make, root, say, visible } from "./ui.parts.js";
import * as picture from "./ui.picture.js";
import { enter, here, leave, name, sync, toChat } from "./ui.views.js";
import { Words, fold, numbered } from "./ui.words.js";

const { announce } = globalThis.faqbot;
const view = find("#finder");
const box = find("#search");
const list = find("#found");
const PAUSE = 60; // milliseconds without a key after which the server is asked
const SPOKEN = 900; // milliseconds without a key after which the number of results is read aloud
const MOST = { number: 40, all: 12, meaning: 6, some: 6 }; // results shown of each kind
const WHOLE = 1000; // more than any score: what holds every word comes before what holds some
const SOME = 0.5; // share of the best score that a text with only some of the words must have
const SAID = ["urgent", "personal_details", "out_of_range"]; // replies of the server that are shown above the list

let indexes = []; // [language, Words] of each language of the document
let meaning = null; // the last answer of the server, {query, outcome, message, hits}
let asking, waiting, speaking; // a request, and two timers

function makeIndexes() {
  const languages = Object.keys(entries.get(data.passages[0].id).texts);
  indexes = languages.map((language) => [language, new Words([...entries.values()].map((one) => ({
    id: one.id, text: one.texts[language], sentences: one.sentences[language], heading: one.of?.texts[language],
  })))]);
}

// ---- finding -------------------------------------------------------------------------------------------------
function byNumber(query) {
  const headings = [...new Set(data.passages.flatMap((one) => one.headings ?? []).map(fold))];
  const named = numbered(query, { ...data, headings });
  const question = named && entries.get(`q${named.question}`);
  if (!question) return [];
  const own = data.passages.filter((one) => one.question === named.question
    && (named.item === null || one.item === named.item)
    && (named.heading === null || one.headings?.some((heading) => fold(heading).startsWith(named.heading))));
  const hits = own.map(({ id }) => ({ id, sentence: null }));
  return named.item === null && named.heading === null ? [{ id: question.id, sentence: 0 }, ...hits] : hits;
}

// Both languages are searched; of an entry that is found in both, the better one counts, or that of the page.
function byWords(query) {
  const best = new Map();
  const misspelled = (word) => !indexes.some(([, words]) => words.begins(word));
  for (const [language, words] of indexes) {
    for (const found of words.find(query, misspelled)) {
      const hit = { ...found, language, rank: found.score + (found.whole ? WHOLE : 0) + (language === root.lang ? 0.01 : 0) };
      if (hit.rank > (best.get(hit.id)?.rank ?? 0)) best.set(hit.id, hit);
    }
  }
  return [...best.values()].sort((a, b) => b.rank - a.rank);
}

async function askMeaning(query) {
  asking = new AbortController();
  try {
    const answer = await fetch("./find", {
      method: "POST", headers: { "content-type": "application/json" }, signal: asking.signal,
      body: JSON.stringify({ q: query, language: root.lang }),
    });
    meaning = answer.ok ? { query, ...await answer.json() } : { query, outcome: "failed", hits: [] };
  } catch (error) {
    if (error.name === "AbortError") return;
    meaning = { query, outcome: "failed", hits: [] };
  }
  if (query === typed()) render();
}

// ---- the list ------------------------------------------------------------------------------------------------
const typed = () => box.value.trim();

function onInput() {
  clearTimeout(waiting);
  clearTimeout(speaking);
  asking?.abort();
  const query = typed();
  const named = render();
  if (!query || named) meaning = null;
  else waiting = setTimeout(() => askMeaning(query), PAUSE);
  if (view.getBoundingClientRect().top < 0) view.scrollIntoView();
  if (here()) speaking = setTimeout(speak, SPOKEN);
}

function speak() {
  announce([find(".message", list)?.textContent, find("#count").textContent].filter(Boolean).join(" "));
}

// Draws the list for what is typed, and says whether it was a number. Until the server has answered, what it found for
// the words before stays in its place.
function render() {
  const query = typed();
  const named = query ? byNumber(query) : [];
  const words = query ? byWords(query) : [];
  const whole = words.filter((hit) => hit.whole);
  const some = words.filter((hit) => !hit.whole && hit.score >= SOME * words[0].score);
  const found = query && meaning && !named.length ? meaning : { outcome: "", hits: [] };
  const near = found.hits.map(({ id, sentence }) => ({ id, sentence: sentence && sentence - 1 }));
  const groups = { number: named, all: whole, meaning: near, some: named.length || whole.length > MOST.all ? [] : some };
  const seen = new Set();
  const marks = new Map(words.map((hit) => [hit.id, hit]));
  const parts = [];
  if (SAID.includes(found.outcome)) parts.push(make("p", { className: `message ${found.outcome}`, textContent: found.message }));
  if (found.outcome === "failed") parts.push(make("p", { className: "message", textContent: say("search_failed") }));
  for (const [kind, hits] of Object.entries(found.outcome === "personal_details" ? {} : groups)) {
    const fresh = hits.filter(({ id }) => !seen.has(id));
    const shown = fresh.slice(0, MOST[kind]);
    if (!shown.length) continue;
    shown.forEach(({ id }) => seen.add(id));
    const unsure = kind === "meaning" && found.outcome !== "answered";
    parts.push(make("h2", { className: "kind", textContent: say(`search_${unsure ? "unsure" : kind}`) }));
    parts.push(make("ol", { className: "hits" }, ...shown.map((hit) => row({ ...marks.get(hit.id), ...hit }))));
    const more = fresh.length - shown.length;
    if (kind === "all" && more) parts.push(make("p", { className: "more", textContent: say("search_more", more) }));
  }
  swap(parts, query);
  return named.length > 0;
}

// Puts the new list in; whoever stood in the old one stays on the same link or button of the same result, or comes back
// to the box. The button that picks a passage is made in answer to the new list, so the focus is set after that.
function swap(parts, query) {
  const stood = list.contains(document.activeElement) ? document.activeElement : null;
  const result = stood && `.hit[data-id="${stood.closest(".hit")?.dataset.id}"]`;
  list.replaceChildren(...parts);
  list.dataset.query = query;
  list.dataset.meaning = meaning?.query ?? ""; // the words for which the server has answered
  const count = all(".hit", list).length;
  find("#count").textContent = !query ? "" : count === 1 ? say("search_found_one") : say(count ? "search_found" : "search_none", count);
  root.toggleAttribute("data-searching", Boolean(query));
  if (!stood) return;
  const part = stood.localName === "a" ? "> a" : `.${stood.classList[0]}`;
  queueMicrotask(() => (find(`${result} ${part}`, list) ?? find(`${result} > a`, list) ?? box).focus({ preventScroll: true }));
}

// ---- keys ----------------------------------------------------------------------------------------------------
const rows = () => all(".hit > a, .entry > a", view).filter(visible);

function move(event) {
  const order = rows();
  const at = order.indexOf(event.target.closest(".hit, .entry")?.firstElementChild);
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: order.length - 1 }[event.key];
  if (to === undefined || (event.target === box && event.key !== "ArrowDown") || (event.target !== box && at < 0)) return;
  event.preventDefault();
  const next = to < 0 ? box : order[Math.min(to, order.length - 1)];
  next?.focus({ preventScroll: true });
  next?.scrollIntoView({ block: "nearest" });
}

// Runs before the keys of ui.js, which closes the source panel on Esc.
function onKey(event) {
  const typing = event.target.matches("input:not([type=checkbox]), textarea, select, [contenteditable]");
  const plain = !event.ctrlKey && !event.metaKey && !event.altKey;
  const oneKey = plain && !typing && find("#one-keys").checked;
  if ((event.ctrlKey || event.metaKey) && !event.altKey && event.key.toLowerCase() === "k") {
    event.preventDefault();
    enter();
  } else if (event.key === "/" && oneKey) {
    event.preventDefault();
    enter();
  } else if (!here()) return;
  else if (event.key === "Escape" && !("source" in root.dataset) && find("#tip").hidden) {
    event.preventDefault();
    leave();
  } else if (event.key === "Escape" && event.target === box) event.preventDefault(); // it would empty the box
  else if (event.target.matches(".node")) picture.along(event);
  else if (event.key === "Enter" && event.target === box) {
    event.preventDefault();
    find(".hit > a", list)?.click();
  } else if (plain && view.contains(event.target)) {
    const item = event.target.closest(".hit");
    if (item && oneKey && event.key === "c") copy(item);
    else if (item && oneKey && event.key === "o") turn(item);
    else move(event);
  }
}

function onClick(event) {
  const target = event.target.closest("button, a");
  if (target?.id === "to-look-up" || target?.id === "to-chat") {
    event.preventDefault();
    (target.id === "to-chat" ? toChat : enter)();
  } else if (target?.matches(".other")) turn(target.closest(".hit"));
  else if (target?.matches(".copy-hit")) copy(target.closest(".hit, .passage"));
}

function begin() {
  find("#thread").before(view);
  view.hidden = false;
  read();
  makeIndexes();
  picture.label();
  offerCopies();
  document.addEventListener("keydown", onKey, true);
  document.addEventListener("click", onClick);
  document.addEventListener("faqbot:language", () => { name(); picture.label(); offerCopies(); if (typed()) onInput(); });
  box.addEventListener("input", onInput);
  addEventListener("popstate", sync);
  addEventListener("hashchange", sync);
  picture.listen();
  name();
  sync();
}

if ("ready" in root.dataset) begin();
else document.addEventListener("faqbot:ready", begin, { once: true });
