// One result of the look-up as a list item: where it stands, its best sentence, what stands against it, copying it. And
// copying a passage of the source panel.
// The words of the document are taken from the source panel, where the page holds them already.
import { all, data, find, make, root, say } from "./ui.parts.js";

const { announce, copyQuote, lines } = globalThis.faqbot;
export const entries = new Map(); // id -> question or passage, with its texts and sentences by language

export function read() {
  const texts = (element) => Object.fromEntries(all(":scope > span[lang]", element).map((one) => [one.lang, one.textContent]));
  for (const question of data.questions) {
    const own = texts(find(`[id="${question.id}"] h3`));
    const sentences = Object.fromEntries(Object.entries(own).map(([language, text]) => [language, [[0, text.length]]]));
    entries.set(question.id, { ...question, texts: own, sentences });
  }
  for (const passage of data.passages) {
    const question = entries.get(`q${passage.question}`);
    entries.set(passage.id, { ...passage, of: question, texts: texts(find(`[id="${passage.id}"] .quote`)) });
  }
}

const shownIn = (entry) => (root.lang in entry.texts ? root.lang : Object.keys(entry.texts).at(-1));

export function row(hit) {
  const entry = entries.get(hit.id);
  const question = entry.of ?? entry;
  const language = shownIn(entry);
  const item = make("li", { className: "hit" });
  item.dataset.id = hit.id;
  const link = make("a", { href: `#${hit.id}`, className: entry.of && Number.isInteger(hit.sentence) ? `marks-${hit.sentence + 1}` : "" },
    make("span", { className: "place", textContent: entry.label[root.lang] }),
    entry.of ? make("span", { className: "of", lang: language, textContent: question.texts[language] }) : null,
    sentenceOf(entry, language, hit),
    hit.marks?.length && hit.language !== language ? also(entry, hit) : null);
  const facts = make("p", { className: "facts" },
    make("span", { className: `scope ${question.general ? "general" : "local"}`, textContent: question.scope[root.lang] }));
  item.append(link, facts);
  if (entry.tensions) facts.append(opens(item, entry));
  if (entry.of) facts.append(make("span", { className: "tools" }, copier(entry)));
  return item;
}

function copier(entry) {
  const button = make("button", { type: "button", className: "copy-hit", textContent: say("copy") });
  button.setAttribute("aria-label", `${say("copy")}: ${entry.label[root.lang]}`);
  return button;
}

// A button to copy at every passage of the source panel, in the language of the page.
export function offerCopies() {
  for (const passage of all("#source .passage")) {
    find(".copy-hit", passage)?.remove();
    find(".tools", passage).prepend(copier(entries.get(passage.id)));
  }
}

// Where a sentence begins and ends in a text; null is the whole text.
function reach(entry, language, sentence) {
  return entry.sentences[language][sentence ?? -1] ?? [0, entry.texts[language].length];
}

// The sentence that fits best, marked, with the words that were found marked in it, and dots where more stands around.
function sentenceOf(entry, language, { sentence, marks, language: found }) {
  const text = entry.texts[language];
  const [start, end] = reach(entry, language, sentence);
  const words = make("span", { className: "words", lang: language });
  if (start > 0) words.append("… ");
  words.append(make("mark", { className: "sentence" }, ...marked(text, start, end, found === language ? marks ?? [] : [])));
  if (end < text.length) words.append(" …");
  return words;
}

// The same sentence in the language in which the words were found, where the page shows another.
function also(entry, { sentence, marks, language }) {
  const [start, end] = reach(entry, language, sentence);
  return make("span", { className: "also" }, `${say("search_source")} `,
    make("span", { lang: language }, ...marked(entry.texts[language], start, end, marks)));
}

function marked(text, start, end, marks) {
  const pieces = [];
  let done = start;
  for (const [from, to] of marks) {
    if (from < start || to > end) continue;
    pieces.push(text.slice(done, from), make("mark", { className: "found-word", textContent: text.slice(from, to) }));
    done = to;
  }
  return [...pieces, text.slice(done, end)];
}

// The button that shows what stands against a passage, and what it shows.
function opens(item, entry) {
  const id = `other-${entry.id}`;
  const button = make("button", { type: "button", className: "other", textContent: say("other_side") });
  button.setAttribute("aria-expanded", "false");
  button.setAttribute("aria-controls", id);
  const blocks = entry.tensions.map(({ note, others }) => make("div", {},
    make("p", { className: "note", textContent: note[root.lang] }),
    make("ul", {}, ...others.map(({ id: other, at }) => {
      const { label, texts } = entries.get(other);
      const language = shownIn({ texts });
      return make("li", {},
        make("p", { className: "quote", lang: language, textContent: texts[language].slice(...at[language]) }),
        make("a", { className: "cite", href: `#${other}`, textContent: label[root.lang] }));
    }))));
  const block = make("div", { id, className: "tension", hidden: true }, make("h3", { textContent: say("tension") }), ...blocks);
  block.setAttribute("role", "note");
  block.setAttribute("aria-label", say("tension"));
  item.append(block);
  return button;
}

export function turn(item) {
  const button = find(".other", item);
  if (!button) return;
  const block = find(".tension", item);
  block.hidden = !block.hidden;
  button.setAttribute("aria-expanded", String(!block.hidden));
  if (!block.hidden) announce(block.textContent);
}

export function copy(item) {
  const entry = entries.get(item.dataset.id ?? item.id);
  const button = find(".copy-hit", item);
  if (!button) return;
  const language = shownIn(entry);
  const source = Object.keys(entry.texts).at(-1); // the source panel holds the translations, then the source
  const quote = [entry.texts[language], `${entry.label[root.lang]}: ${entry.of.texts[language]}`];
  const original = language === source ? null : [entry.texts[source], `${entry.cited}: ${entry.of.texts[source]}`];
  copyQuote(button, lines[root.lang], quote, original);
}
