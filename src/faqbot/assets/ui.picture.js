// The picture of the document: what a question is near to and stands against, by pointing and by key.
import { all, find } from "./ui.parts.js";

const about = (node) => find(`#about-${node.id.slice(5)}`);

function point(node) {
  for (const line of all(".graph line")) line.classList.toggle("meant", line.classList.contains(`of-${node?.id.slice(5)}`));
  find(".graph").classList.toggle("pointing", Boolean(node));
  find("#caption").textContent = node ? node.getAttribute("aria-label") : "";
}

// A circle is called what the list says of its question, in the language of the page.
export function label() {
  for (const node of all(".graph .node")) {
    const words = all("[lang], .to", about(node)).filter((one) => one.matches(".to") || getComputedStyle(one).display !== "none");
    node.setAttribute("aria-label", words.map((one) => one.textContent).join(" "));
  }
}

// One stop for the Tab key; arrows go from circle to circle.
export function along(event) {
  const nodes = all(".graph .node");
  const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
  if (!step) return;
  event.preventDefault();
  const next = nodes[(nodes.indexOf(event.target) + step + nodes.length) % nodes.length];
  for (const node of nodes) node.setAttribute("tabindex", node === next ? "0" : "-1");
  next.focus();
}

export function listen() {
  const graph = find(".graph");
  for (const name of ["mouseover", "focusin"]) graph.addEventListener(name, (event) => point(event.target.closest(".node")));
  for (const name of ["mouseleave", "focusout"]) graph.addEventListener(name, () => point(null));
}
