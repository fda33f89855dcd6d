// Building elements. Text always enters as text nodes, so nothing a report carries can become markup.

const SVG = "http://www.w3.org/2000/svg";

/** The element with this id of the page. */
export const byId = (id) => document.getElementById(id);

/**
 * An element: `h("td", { class: "number" }, "12")`.
 * Functions become listeners of the name without `on`; `vars` become CSS custom properties (set through the
 * CSSOM, which a strict style policy allows); `true` is an empty attribute; `false`, `null`, `undefined` are none.
 */
export function h(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

/** The same for SVG elements. */
export function svg(tag, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) continue;
    if (typeof value === "function") element.addEventListener(name.slice(2), value);
    else if (name === "vars") setVars(element, value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined));
  return element;
}

function setVars(element, vars) {
  for (const [name, value] of Object.entries(vars)) element.style.setProperty(`--${name}`, value);
}

/** Words for screen readers only. */
export const unseen = (text) => h("span", { class: "unseen" }, text);
