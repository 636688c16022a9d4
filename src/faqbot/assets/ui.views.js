// The two views of the page, the chat and the look-up: which one is shown, and where the focus goes. The address and
// its history decide, so that Back, a permanent link and a reload all agree.
import { find, root, say, visible } from "./ui.parts.js";

const ADDRESS = "#look-up"; // no element has this id, since a browser would take the focus to it
const box = find("#search");
let back = null; // where the focus and the page were in the chat
let backTo = 0;

export const here = () => "view" in root.dataset;

export function enter() {
  if (here()) return focusBox();
  [back, backTo] = [document.activeElement, scrollY];
  history.pushState({ entered: true, view: "look-up" }, "", ADDRESS);
  return dispatchEvent(new PopStateEvent("popstate"));
}

function focusBox() {
  box.focus({ preventScroll: true });
  box.select();
}

export function leave() {
  if (history.state?.entered) return history.back();
  history.replaceState(null, "", location.pathname);
  return dispatchEvent(new PopStateEvent("popstate"));
}

export function toChat() {
  if (!here()) return find("#box textarea").focus();
  back = null;
  history.pushState(null, "", location.pathname);
  return dispatchEvent(new PopStateEvent("popstate"));
}

// The address and its history say which view is shown, so that Back, a link and a reload all agree.
export function sync() {
  const wanted = location.hash === ADDRESS || history.state?.view === "look-up";
  if (wanted === here()) return;
  if (wanted) {
    root.dataset.view = "look-up";
    scrollTo(0, 0);
    if (location.hash === ADDRESS) focusBox();
  } else {
    delete root.dataset.view;
    scrollTo(0, backTo);
    if (!("source" in root.dataset)) (visible(back) ? back : find("#box textarea")).focus({ preventScroll: true });
  }
  name();
}

export function name() {
  if (here()) document.title = `${say("look_up_title")} – ${say("title")}`;
  else document.title = say("title");
  for (const [id, current] of [["#to-chat", !here()], ["#to-look-up", here()]]) {
    if (current) find(id).setAttribute("aria-current", "page");
    else find(id).removeAttribute("aria-current");
  }
}
