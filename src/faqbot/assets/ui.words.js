// Finds texts by their words, and passages by number. Knows no element of the page and asks no one.

const WORD = /[\p{L}\p{N}]+(?:['’]\p{L}+)*/gu;
const SLIP = 4; // letters from which a word may hold one typing mistake; with twice as many, two
const HEADING = 0.5; // what a word counts that stands in the question above a passage only
const NEXT = 0.5; // what two words count more that follow each other as they were typed

// Lower case without accents: the form in which words are compared.
export function fold(word) {
  return word.normalize("NFKD").replace(/\p{M}/gu, "").replaceAll("’", "'").toLowerCase();
}

// The words of a text, folded, with the place of each in it.
export function wordsOf(text) {
  return [...text.matchAll(WORD)].map((found) => ({
    word: fold(found[0]), start: found.index, end: found.index + found[0].length,
  }));
}

// The fewest changes (a letter more, less, other, or two swapped) that make `typed` the beginning of `word`.
export function slips(typed, word, most) {
  let [before, last] = [null, Array.from({ length: word.length + 1 }, (_, column) => column)];
  for (let row = 1; row <= typed.length; row += 1) {
    const now = [row];
    for (let column = 1; column <= word.length; column += 1) {
      const same = typed[row - 1] === word[column - 1];
      now[column] = Math.min(last[column] + 1, now[column - 1] + 1, last[column - 1] + (same ? 0 : 1));
      if (before && column > 1 && typed[row - 1] === word[column - 2] && typed[row - 2] === word[column - 1]) {
        now[column] = Math.min(now[column], before[column - 2] + 1);
      }
    }
    if (Math.min(...now) > most) return Infinity;
    [before, last] = [last, now];
  }
  return Math.min(...last);
}

// Texts of one language. An entry: {id, text, sentences: [[start, end], …], heading?: the question above it}.
export class Words {
  #entries;
  #places = new Map(); // word -> [[entry, which word of it], …]; those of its heading have -1
  #matched = new Map(); // typed word -> Map of the words that it stands for -> how well, 0 to 1

  constructor(entries) {
    this.#entries = entries.map((entry) => ({ ...entry, words: wordsOf(entry.text) }));
    this.#entries.forEach((entry, number) => {
      entry.words.forEach(({ word }, place) => this.#add(word, number, place));
      for (const word of new Set(wordsOf(entry.heading ?? "").map((one) => one.word))) this.#add(word, number, -1);
    });
  }

  #add(word, entry, place) {
    if (!this.#places.has(word)) this.#places.set(word, []);
    this.#places.get(word).push([entry, place]);
  }

  // Whether a word is this one or begins with it.
  begins(typed) {
    return this.matches(typed, false).size > 0;
  }

  // The words that a typed one may stand for: itself, those that it begins, and only else those that it nearly begins.
  matches(typed, misspelled) {
    const key = `${typed} ${misspelled}`;
    if (!this.#matched.has(key)) this.#matched.set(key, misspelled ? this.#nearly(typed) : this.#exactly(typed));
    return this.#matched.get(key);
  }

  #exactly(typed) {
    const found = new Map();
    for (const word of this.#places.keys()) {
      if (word === typed) found.set(word, 1);
      else if (typed.length > 1 && word.startsWith(typed)) found.set(word, 0.6 + 0.3 * (typed.length / word.length));
    }
    return found;
  }

  #nearly(typed) {
    const found = new Map();
    const most = Math.min(Math.floor(typed.length / SLIP), 2);
    for (const word of most ? this.#places.keys() : []) {
      const count = word[0] === typed[0] ? slips(typed, word, most) : Infinity;
      if (count <= most) found.set(word, 0.75 - 0.2 * count);
    }
    return found;
  }

  // Every entry that holds a word typed, best first: {id, score, whole: whether it holds them all, sentence: the one
  // that fits best, marks: [[start, end], …] of the words found in the text}. A word is taken for misspelled when no
  // word begins with it; who searches in two languages says that of both.
  find(typed, misspelled = (word) => !this.begins(word)) {
    const wanted = [...new Set(wordsOf(typed).map((one) => one.word))];
    const found = new Map();
    wanted.forEach((word, which) => this.#collect(word, which, found, misspelled(word)));
    const hits = [...found].filter(([, seen]) => seen.spots.length);
    return hits.map(([number, seen]) => this.#hit(number, seen, wanted.length)).sort((a, b) => b.score - a.score);
  }

  #collect(typed, which, found, misspelled) {
    const places = [...this.matches(typed, misspelled)].flatMap(([word, quality]) =>
      this.#places.get(word).map(([entry, place]) => [entry, place, quality]));
    const rare = Math.log(1 + this.#entries.length / new Set(places.map(([entry]) => entry)).size);
    for (const [entry, place, quality] of places) {
      if (!found.has(entry)) found.set(entry, { worth: new Map(), spots: [] });
      const { worth, spots } = found.get(entry);
      const value = rare * quality * (place < 0 ? HEADING : 1);
      worth.set(which, Math.max(worth.get(which) ?? 0, value));
      if (place >= 0) spots.push({ which, place, value });
    }
  }

  #hit(number, { worth, spots }, wanted) {
    const { id, words, sentences } = this.#entries[number];
    const total = [...worth.values()].reduce((sum, one) => sum + one, 0);
    spots.sort((a, b) => a.place - b.place);
    const scores = sentences.map(([start, end]) => {
      const inside = spots.filter(({ place }) => words[place].start >= start && words[place].end <= end);
      const each = new Map();
      for (const { which, value } of inside) each.set(which, Math.max(each.get(which) ?? 0, value));
      const next = inside.filter((one, at) =>
        at > 0 && inside[at - 1].place === one.place - 1 && inside[at - 1].which === one.which - 1);
      return [...each.values()].reduce((sum, one) => sum + one, 0) + NEXT * next.length;
    });
    const score = Math.max(...scores);
    return {
      id, whole: worth.size === wanted, score: total + score, sentence: scores.indexOf(score),
      marks: [...new Set(spots.map(({ place }) => place))].map((place) => [words[place].start, words[place].end]),
    };
  }
}

// What "5", "5.3", "q20 risks 3" name: {question, item?, heading?}, all as typed so far; null for anything else.
export function numbered(typed, { questionWords, itemWords, headings }) {
  const parts = fold(typed).match(/\d+|\p{L}+|[#()]/gu) ?? [];
  const numbers = parts.filter((part) => /^\d/.test(part)).map(Number);
  if (numbers.length < 1 || numbers.length > 2) return null;
  let [heading, after] = [null, false];
  for (const part of parts) {
    if (/^\d/.test(part)) after = true;
    else if (questionWords.includes(part) || "()".includes(part)) continue;
    else if (after && headings.some((one) => one.startsWith(part))) heading = part;
    else if (!after || !itemWords.some((one) => one.startsWith(part))) return null;
  }
  return { question: numbers[0], item: numbers[1] ?? null, heading };
}
