// The hand-out: which passages the reader picked, the button beside each passage, and the bar that makes the page.
// The picks are in this script's memory alone: not stored, not in the address, gone when the page is left or cleared.
"use strict";
(() => {
  const texts = JSON.parse(document.getElementById("ui-texts").textContent);
  const root = document.documentElement;
  const picked = new Map(); // place, such as "q8.1" -> key, which names the marked sentences too: "q8.1:2"
  const byId = (id) => document.getElementById(id);
  const say = (language, name, count) => texts[language].handout[name].replace("{count}", count);
  const counted = () => say(root.lang, picked.size === 1 ? "one" : "many", picked.size);
  let talking = false;

  const make = (name, attributes, ...children) => {
    const element = document.createElement(name);
    Object.assign(element, attributes);
    element.append(...children);
    return element;
  };
  const set = (element, words) => { if (element.textContent !== words) element.textContent = words; };

  const count = make("span", { className: "count" });
  const submit = make("button", { type: "submit", className: "make" });
  const empty = make("button", { type: "button", className: "empty" });
  const fields = make("span", { hidden: true });
  const bar = make("form", { id: "hand-out", method: "post", target: "_blank", rel: "noopener", hidden: true }, count, submit, empty, fields);
  bar.setAttribute("action", "./hand-out");

  const PASSAGES = ".turn .passage, #source .passage, #found .hit:has(.copy-hit)"; // a hit that is a whole question has no copy
  const linkOf = (passage) => passage.querySelector(":scope > a, .cite, .here");
  const placeOf = (passage) => linkOf(passage).hash.slice(1);
  function keyOf(passage) {
    const marks = [...linkOf(passage).classList].find((one) => one.startsWith("marks-"));
    return placeOf(passage) + (marks ? `:${marks.slice(6)}` : "");
  }

  // A button at every passage that is shown, and everything in the state and the language of the moment.
  function refresh() {
    for (const passage of document.querySelectorAll(PASSAGES)) {
      let button = passage.querySelector(".pick");
      if (!button) {
        button = make("button", { type: "button", className: "pick" });
        (passage.querySelector(".tools") ?? passage.querySelector(".where") ?? passage).append(button);
      }
      const language = passage.closest(".turn")?.lang ?? root.lang;
      const isIn = picked.has(placeOf(passage));
      button.classList.toggle("in", isIn);
      set(button, say(language, isIn ? "added" : "add"));
      const link = linkOf(passage);
      button.setAttribute("aria-label", `${button.textContent}: ${(link.querySelector(".place") ?? link).textContent}`);
    }
    const home = byId(root.dataset.view ? "finder" : "composer");
    if (bar.parentElement !== home) home.append(bar);
    bar.hidden = picked.size === 0;
    root.toggleAttribute("data-picking", picked.size > 0);
    bar.setAttribute("aria-label", say(root.lang, "name"));
    set(count, counted());
    set(submit, say(root.lang, "make"));
    set(empty, say(root.lang, "empty"));
    const values = { language: root.lang, passage: [...picked.values()] };
    fields.replaceChildren(...Object.entries(values).flatMap(([name, all]) => [all].flat().map(
      (value) => make("input", { type: "hidden", name, value }))));
  }

  function announce(words) {
    byId("voice").textContent = "";
    setTimeout(() => { byId("voice").textContent = words; }, 50);
  }

  function toggle(passage) {
    const place = placeOf(passage);
    const added = !picked.delete(place);
    if (added) picked.set(place, keyOf(passage));
    refresh();
    announce(`${say(root.lang, added ? "added" : "removed")}. ${counted()}`);
  }

  function start() {
    const watch = new MutationObserver(() => {
      if (talking && !("talking" in root.dataset)) picked.clear(); // the conversation was cleared
      talking = "talking" in root.dataset;
      refresh();
    });
    watch.observe(byId("latest"), { childList: true, subtree: true });
    watch.observe(byId("found"), { childList: true });
    watch.observe(root, { attributeFilter: ["lang", "data-talking", "data-view"] });
    document.addEventListener("click", (event) => {
      const button = event.target.closest(".pick");
      if (button) toggle(button.closest(".passage, .hit"));
    });
    empty.addEventListener("click", () => {
      picked.clear();
      refresh();
      announce(say(root.lang, "emptied"));
      document.querySelector(root.dataset.view ? "#search" : "#box textarea").focus();
    });
    refresh();
  }
  if ("ready" in root.dataset) start();
  else new MutationObserver((_, waiting) => { waiting.disconnect(); start(); }).observe(root, { attributeFilter: ["data-ready"] });
})();
