/** Text as a reader sees it: what stands in one line, over the borders of elements. Nothing here writes. */

import { BESIDE, type Index } from "./match.ts";

// Elements that do not interrupt a line of text.
const INLINE =
  /^(?:[abisu]|abbr|bd[io]|big|code|em|font|label|mark|nobr|small|span|strong|su[bp]|time|tspan|wbr)$/;

/** A part of a line: an attribute is one by itself. */
export interface Piece {
  node: Text | Attr;
  /** Where it begins in the line. */
  start: number;
}

/** The element or root in which the lines of `node` are, when it is text or inside a line. */
export function blockOf(node: Node): Node {
  let block = node;
  while (block.parentNode && (block.nodeType === 3 || INLINE.test((block as Element).localName))) block = block.parentNode;
  return block;
}

/** The text nodes below `root` where a number may begin, each with all that stands around it, in order. */
export function suspectsIn(root: Node, { pattern }: Index): Map<Text, Set<Text>> {
  const suspects = new Map<Text, Set<Text>>();
  const text = root.textContent!;
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT | NodeFilter.SHOW_CDATA_SECTION);
  let near: { node: Text; end: number }[] = [];
  let end = 0;
  pattern.lastIndex = 0;
  for (let found; (found = pattern.exec(text)); ) {
    const at = (pattern.lastIndex = found.index + 1);
    while (end < at + found[0].length + BESIDE && walker.nextNode()) {
      const node = walker.currentNode as Text;
      end += node.length;
      if (end + BESIDE >= at) near.push({ node, end });
    }
    near = near.filter(({ end }) => end + BESIDE >= at);
    const { node } = near.find(({ end }) => end >= at)!;
    const around = suspects.get(node) || new Set();
    for (const { node } of near) around.add(node);
    suspects.set(node, around);
  }
  return suspects;
}

/**
 * `nodes`, which follow each other, as a line. The border of an element sets words apart, as its margin does on the screen;
 * nothing goes over the border of a block.
 */
export function lineOf(nodes: Iterable<Text>): { text: string; pieces: Piece[] } {
  const pieces: Piece[] = [];
  let text = "";
  let last: Text | undefined;
  for (const node of nodes) {
    const areSiblings = last && last.parentNode === node.parentNode && last.nextElementSibling === node.nextElementSibling;
    if (last && blockOf(last) !== blockOf(node)) text += " | ";
    else if (!areSiblings && /[\p{L}\d)]$/u.test(text) && /^[\p{L}\d(+]/u.test(node.data)) text += " ";
    pieces.push({ node, start: text.length });
    text += node.data;
    last = node;
  }
  return { text, pieces };
}
