// What happens in the page: language, the source panel, copying, leaving, saying a reply once.
// Asks nothing itself (Gradio's one event does), stores nothing, and contacts no one.
// What it wraps of `fetch` only gives a failure words.
"use strict";
(() => {
  const texts = JSON.parse(document.getElementById("ui-texts").textContent);
  const root = document.documentElement;
  const find = (selector, from = document) => from.querySelector(selector);
  const byId = (id) => document.getElementById(id);
  const calm = matchMedia("(prefers-reduced-motion: reduce)");
  const touch = matchMedia("(pointer: coarse)");
  let language = (navigator.languages?.[0] ?? navigator.language ?? "en").toLowerCase().startsWith("es") ? "es" : "en";
  let meant = language === "es"; // whether the language was chosen, or is only what any other browser gets
  let opener = null; // what the source panel goes back to when it closes
  let started = false;

  const make = (name, attributes, ...children) => {
    const element = document.createElement(name);
    Object.assign(element, attributes);
    element.append(...children);
    return element;
  };
  const past = make("div", { id: "past", className: "prose" }); // earlier turns; Gradio shows the latest one only
  const voice = make("div", { id: "voice", className: "unseen" }); // read aloud by screen readers, once
  voice.setAttribute("role", "status");
  const tip = make("div", { id: "tip", hidden: true });
  tip.setAttribute("role", "tooltip");
  const trouble = make("p", { id: "trouble", hidden: true }); // why a question was not answered
  trouble.setAttribute("role", "alert");
  const box = () => find("#box textarea");
  const say = (name) => texts[language][name];

  // Gradio's fields notice a change only when it comes like this.
  function write(field, words) {
    Object.getOwnPropertyDescriptor(Object.getPrototypeOf(field), "value").set.call(field, words);
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }

  // ---- language ------------------------------------------------------------------------------------------
  function speak(chosen) {
    language = chosen;
    root.dataset.language = root.lang = chosen;
    document.title = say("title");
    const label = find('#box [data-testid="block-info"]');
    if (label) label.textContent = say("box_label");
    box().placeholder = say("box_placeholder");
    byId("send").textContent = say("send");
    byId("clear").textContent = say("clear");
    byId("leave").title = say("exit_help");
    for (const button of document.querySelectorAll(".switch")) {
      button.setAttribute("aria-pressed", String(button.id === `speak-${chosen}`));
    }
    find(".switches").setAttribute("aria-label", say("language"));
    find(".views").setAttribute("aria-label", say("views"));
    byId("source").setAttribute("aria-label", say("source_panel"));
    dress(byId("source"));
    if (meant) write(find("#speaks :is(input, textarea)"), chosen); // the reply to "7" is in this language
    document.dispatchEvent(new Event("faqbot:language"));
  }

  // ---- the conversation ----------------------------------------------------------------------------------
  function ask(words) {
    write(box(), words);
    setTimeout(() => byId("send").click());
  }

  function onTurns(records) {
    const gone = [];
    for (const record of records) {
      for (const node of record.removedNodes) {
        if (node.nodeType !== Node.ELEMENT_NODE) continue;
        gone.push(...(node.matches(".turn") ? [node] : node.querySelectorAll(".turn")));
      }
    }
    const turn = find("#latest .turn");
    past.append(...gone.filter((one) => turn && one.id !== turn.id && !byId(one.id)));
    if (!turn) return clearAway();
    if (turn.classList.contains("seen")) return undefined;
    turn.classList.add("seen");
    root.dataset.talking = "";
    dress(turn);
    announce(reading(turn));
    if (touch.matches || !byId("composer").contains(document.activeElement)) turn.focus({ preventScroll: true });
    else box().focus({ preventScroll: true });
    turn.scrollIntoView(); // at once: an answer that glides in is seen a third of a second later
    return undefined;
  }

  // What is read aloud: what is said, the answering sentence with its place, and that there is another side.
  function reading(turn) {
    const parts = [".says", ".best .lead", ".best .cite", ".best ~ .tension h3"];
    return parts.map((selector) => find(selector, turn)?.textContent).filter(Boolean).join(" ");
  }

  // Gradio would tell of a failure in its own words and forget it. It is given an answer that changes nothing, so
  // that the box keeps the words; clearing is done without the server.
  const fetchAnything = window.fetch;
  window.fetch = async (address, options) => {
    if (options?.method !== "POST" || !String(address.url ?? address).endsWith("/run/predict")) {
      return fetchAnything(address, options);
    }
    let response = null;
    try {
      response = await fetchAnything(address, options);
    } catch { /* the server is not there */ }
    complain(response);
    if (response?.ok) return response;
    const clearing = JSON.parse(options.body).data.length === 0;
    const same = clearing ? "" : { __type__: "update" };
    return new Response(JSON.stringify({ data: [same, same, same] }), { headers: { "content-type": "application/json" } });
  };

  function complain(response) {
    const reasons = say("refused");
    const words = response?.ok ? "" : reasons[response?.status ?? 0] ?? reasons[500];
    trouble.textContent = words.replace("{seconds}", response?.headers.get("retry-after") ?? "10");
    trouble.hidden = !words;
  }

  function clearAway() {
    if (!("talking" in root.dataset)) return;
    past.replaceChildren();
    delete root.dataset.talking;
    close();
    announce(say("cleared"));
    box().focus();
    scrollTo(0, 0);
  }

  function announce(words) {
    voice.textContent = "";
    setTimeout(() => { voice.textContent = words; }, 50); // a change after a pause is read, even of equal words
  }

  function show(element, block = "start") {
    element.scrollIntoView({ block, behavior: calm.matches ? "auto" : "smooth" });
  }

  // Gradio drops aria-* from Markdown, so it is put on here.
  function dress(part) {
    for (const term of part.querySelectorAll(".term")) {
      const name = [...term.classList].find((one) => one.startsWith("term-")).slice(5);
      term.setAttribute("aria-describedby", `explain-${name}-${term.closest(".turn")?.lang ?? language}`);
    }
    for (const button of part.querySelectorAll(".both-texts")) {
      button.setAttribute("aria-pressed", String(button.closest(".question").classList.contains("both")));
    }
    for (const button of part.querySelectorAll(".copy")) {
      const label = find(".cite, .here", button.closest(".passage"))?.textContent;
      if (label) button.setAttribute("aria-label", `${button.textContent}: ${label}`);
    }
    for (const section of part.querySelectorAll(".tension")) {
      section.setAttribute("role", "note");
      section.setAttribute("aria-label", find("h3", section).textContent);
    }
  }

  // ---- the source beside the chat ------------------------------------------------------------------------
  function openFromAddress() {
    const name = location.hash.slice(1).toLowerCase();
    const passage = name ? byId(name) : null;
    const question = passage?.closest(".question") ?? (/^q\d/.test(name) ? byId(name.split(".")[0]) : null);
    if (!question) return close();
    for (const one of document.querySelectorAll("#source .open, #source .here-now")) {
      one.classList.remove("open", "here-now");
    }
    question.classList.add("open");
    root.dataset.source = "";
    const target = passage && passage !== question ? passage : find("h3", question);
    if (target === passage) target.classList.add("here-now");
    target.focus({ preventScroll: true });
    if (getComputedStyle(byId("source")).overflowY === "auto") { // a column of its own: the chat stays put
      const panel = byId("source");
      panel.scrollTop += target.getBoundingClientRect().top - panel.getBoundingClientRect().top - 180;
    } else show(target, "center");
    return undefined;
  }

  function close() {
    if (!("source" in root.dataset)) return;
    delete root.dataset.source;
    const home = "view" in root.dataset ? byId("search") : box();
    const back = opener?.getClientRects().length ? opener : home;
    opener = null;
    back.focus({ preventScroll: true });
    if (back !== home) show(back, "nearest");
  }

  function visit(link) {
    const inside = byId("source").contains(link);
    const address = link.getAttribute("href"); // a link in a drawing has no .hash
    if (!inside) opener = link;
    // One step back closes the panel, however many questions were read in it.
    if (inside || "source" in root.dataset) history.replaceState(history.state, "", address);
    else history.pushState({ opened: true, view: root.dataset.view }, "", address);
    openFromAddress();
  }

  function shut() {
    if (history.state?.opened) history.back();
    else {
      history.replaceState(null, "", location.pathname);
      close();
    }
  }

  // ---- copying -------------------------------------------------------------------------------------------
  async function copy(button) {
    const passage = button.closest(".passage");
    const lines = texts[button.closest("[lang]").lang] ?? texts[language];
    const source = find(".original", passage);
    const quote = [find(".quote", passage).textContent, find(".cite", passage).title];
    const original = source && [find(".quote", source).textContent, find(".from", source).textContent];
    await copyQuote(button, lines, quote, original, button.classList.contains("markdown"));
  }

  // A quote and its citation, those of the source where the quote is a translation, and where both come from.
  async function copyQuote(button, lines, quote, original, markdown = false) {
    const quotes = original ? [[lines.unofficial, ...quote], [lines.original, ...original]] : [["", ...quote]];
    const parts = quotes.map(([label, words, from]) => {
      const head = !label ? "" : markdown ? `**${label}:**\n\n` : `${label}:\n`;
      return head + (markdown ? `> ${words}\n>\n> — *${from}*\n` : `“${words}”\n— ${from}\n`);
    });
    const end = markdown ? lines.provenance.replaceAll("\n", "  \n") : lines.provenance;
    const done = await put([...parts, `${end}\n`].join("\n"));
    announce(say(done ? "copied" : "not_copied"));
    button.dataset.done = say(done ? "copied" : "not_copied");
    setTimeout(() => delete button.dataset.done, 4000);
  }

  async function put(words) {
    try {
      await navigator.clipboard.writeText(words);
      return true;
    } catch { // no permission, or a page that is not served securely
      const area = make("textarea", { value: words, className: "unseen" });
      const focused = document.activeElement;
      document.body.append(area);
      area.select();
      const done = document.execCommand("copy");
      area.remove();
      focused?.focus({ preventScroll: true });
      return done;
    }
  }

  // ---- leaving -------------------------------------------------------------------------------------------
  // To an empty page, because a page of someone else would be told that the reader comes from here. The entry
  // of this page in the history is replaced; pages are not kept (no-store), so going back shows a fresh one.
  function leave() {
    document.title = "";
    document.body.replaceChildren();
    location.replace("about:blank");
  }

  // ---- hard words ----------------------------------------------------------------------------------------
  function explain(term) {
    const words = byId(term.getAttribute("aria-describedby") ?? "");
    if (!words) return;
    tip.textContent = words.textContent;
    tip.hidden = false;
    const at = term.getBoundingClientRect();
    const left = Math.min(at.left, root.clientWidth - tip.offsetWidth - 8);
    tip.style.left = `${Math.max(8, left) + scrollX}px`;
    tip.style.top = `${at.bottom + scrollY + 6}px`;
  }
  const hideTip = () => { tip.hidden = true; };

  // ---- events --------------------------------------------------------------------------------------------
  document.addEventListener("click", (event) => {
    const target = event.target.closest("button, a[href*='#q'], .term");
    if (!target?.matches(".term")) hideTip();
    if (!target) return;
    if (target.id === "leave") leave();
    else if (target.id === "close-source") shut();
    else if (target.matches(".switch")) {
      meant = true;
      speak(target.id.slice(-2));
    } else if (target.matches(".both-texts")) {
      target.closest(".question").classList.toggle("both");
      dress(target.closest(".question"));
    }
    else if (target.matches(".ask")) ask(find(".say", target).textContent);
    else if (target.matches(".copy")) copy(target);
    else if (target.matches(".term")) explain(target);
    else if (target.matches("a")) {
      event.preventDefault();
      visit(target);
    }
  });
  let shifts = [];
  document.addEventListener("keydown", (event) => {
    shifts = event.key === "Shift" && !event.repeat ? [...shifts, event.timeStamp].slice(-3) : [];
    if (shifts.length === 3 && shifts[2] - shifts[0] < 1500) leave();
    else if (event.key === "Escape") {
      if (!tip.hidden) hideTip();
      else if ("source" in root.dataset) shut();
    } else if (event.target.matches(".term") && (event.key === "Enter" || event.key === " ")) {
      event.preventDefault();
      explain(event.target);
    }
  });
  for (const [enter, out] of [["mouseover", "mouseout"], ["focusin", "focusout"]]) {
    document.addEventListener(enter, (event) => { if (event.target.matches?.(".term")) explain(event.target); });
    document.addEventListener(out, (event) => { if (event.target.matches?.(".term")) hideTip(); });
  }
  addEventListener("popstate", openFromAddress);
  addEventListener("hashchange", openFromAddress);

  // Gradio builds the page by script: begin once its parts are there.
  function start() {
    const parts = ["#box textarea", "#speaks :is(input, textarea)", "#send", "#clear", "#latest", "#leave", "#to-look-up", "#source .source", "#card .card"];
    if (started || !parts.every((part) => find(part))) return;
    started = true;
    waiting.disconnect();
    byId("latest").before(past);
    byId("composer").append(trouble);
    document.body.append(voice, tip);
    byId("source").setAttribute("role", "complementary");
    speak(language);
    new MutationObserver(onTurns).observe(byId("latest"), { childList: true, subtree: true });
    root.dataset.ready = "";
    box().focus();
    if (location.hash) openFromAddress();
    document.dispatchEvent(new Event("faqbot:ready"));
  }
  // What ui.lookup.js, the other view of this page, needs of it.
  globalThis.faqbot = { announce, copyQuote, lines: texts };
  const waiting = new MutationObserver(start);
  waiting.observe(root, { childList: true, subtree: true });
  start();
})();
