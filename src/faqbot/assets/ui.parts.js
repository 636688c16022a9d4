// What the scripts of the look-up share: what the server told them, its texts, and how they get at the page.

export const data = JSON.parse(document.getElementById("look-up-data").textContent);
export const root = document.documentElement;
export const find = (selector, from = document) => from.querySelector(selector);
export const all = (selector, from = document) => [...from.querySelectorAll(selector)];
export const visible = (element) => element?.getClientRects().length > 0;
export const say = (name, number) => data.texts[root.lang][name].replace("{number}", number);

export function make(name, attributes = {}, ...children) {
  const element = Object.assign(document.createElement(name), attributes);
  element.append(...children.filter((child) => child !== null));
  return element;
}
