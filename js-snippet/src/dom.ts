/** Text as a reader sees it: what stands in one line, over the borders of elements. Nothing here writes. */

import { pattern } from "./match.ts";

// Elements that do not interrupt a line of text.
const INLINE =
  /^([abisu]|abbr|bd[io]|big|code|em|font|label|mark|nobr|small|span|strong|su[bp]|time|tspan|wbr)$/;
// How far beside a text node a number that begins or ends in it may go, and what spoils it.
const REACH = 250;
// SHOW_TEXT and SHOW_CDATA_SECTION.
const TEXTS = 12;

/** A part of a line, and where it is in that; an attribute is one by itself. */
export type Piece = [node: Text | Attr, start: number, end: number];

/** The element or root in which the lines of `node` are, when it is text or inside a line. */
export function blockOf(node: Node): Node {
  while (node.parentNode && (node.nodeType > 2 || INLINE.test((node as Element).localName))) node = node.parentNode;
  return node;
}

/** Tells of the text nodes below `root` where a number may begin. */
export function eachSuspect(root: Node, tell: (node: Text) => void): void {
  const text = root.textContent!;
  const walker = document.createTreeWalker(root, TEXTS);
  let end = 0;
  pattern.lastIndex = 0;
  for (let found; (found = pattern.exec(text)); pattern.lastIndex = end) {
    while (end <= found.index) end += (walker.nextNode() as Text).length;
    tell(walker.currentNode as Text);
  }
}

/**
 * The line in which `node` is. The border of an element sets words apart, as its margin does on the screen; nothing goes
 * over the border of a block.
 */
export function lineOf(node: Text): [text: string, pieces: Piece[]] {
  const block = blockOf(node);
  const walker = document.createTreeWalker(block, TEXTS);
  const nodes = [node];
  const go = (step: "previousNode" | "nextNode", add: "unshift" | "push") => {
    walker.currentNode = node;
    for (let room = REACH, next; room > 0 && (next = walker[step]() as Text) && blockOf(next) === block; room -= next.length) nodes[add](next);
  };
  // Most text is alone in its block.
  if (block.firstChild !== node || block.lastChild !== node) {
    go("previousNode", "unshift");
    go("nextNode", "push");
  }
  let text = "";
  let last: Text | undefined;
  const pieces = nodes.map((node): Piece => {
    const areSiblings = last && last.parentNode === node.parentNode && last.nextElementSibling === node.nextElementSibling;
    const { data } = node;
    if (!areSiblings && /[\p{L}\d)]$/u.test(text.slice(-2)) && /^[\p{L}\d(+]/u.test(data)) text += " ";
    const start = text.length;
    text += data;
    last = node;
    return [node, start, text.length];
  });
  return [text, pieces];
}
