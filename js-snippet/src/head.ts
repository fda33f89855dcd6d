/**
 * The optional snippet for a page's <head>: shows the number of the page before while this one is parsed, so that nobody
 * sees it change. It knows far less than the script that follows it: only plain numbers in text and `tel:` links.
 */

import type { Reply } from "./wire.ts";

try {
  const reply = JSON.parse(sessionStorage.rt_reply) as Reply & { at: number };
  const age_s = (Date.now() - reply.at) / 1000;
  if (age_s >= 0 && age_s < reply.hold_s && document.referrer.startsWith(location.origin + "/")) swapWhileParsing(reply);
} catch {
  // Nothing is remembered, or storage is blocked: the page shows its own number until the script comes.
}

function swapWhileParsing({ targets }: Reply): void {
  const rules: [RegExp, string][] = [];
  for (const { forms, tracking } of targets) {
    for (const { digits, form } of forms) {
      const shown = tracking && tracking.digits[form];
      if (!shown || shown.length !== digits.length) continue;
      const written = digits.split("").join("[\\s().-]{0,3}");
      rules.push([new RegExp(`(^|[\\s(:+>])(${written})(?![\\w%-]|[.,]\\d)`, "g"), shown]);
    }
  }
  const swapped = (text: string) => {
    for (const [rule, shown] of rules) {
      text = text.replace(rule, (_, before: string, number: string) => {
        let nth = 0;
        return before + number.replace(/\d/g, () => shown[nth++]!);
      });
    }
    return text;
  };
  const isOurs = (element: Element | null) =>
    element &&
    !element.closest(
      "head,script,style,noscript,template,textarea,select,datalist,[contenteditable],[data-ringtrace=ignore],[itemprop~=telephone],[itemprop~=faxNumber]",
    );
  const look = (node: Node) => {
    const element = node as HTMLAnchorElement;
    if (node.nodeType === 3) {
      const text = swapped(node.nodeValue!);
      if (text !== node.nodeValue && isOurs(node.parentElement)) node.nodeValue = text;
    } else if (/^tel:/i.test(element.href) && isOurs(element)) {
      const href = element.getAttribute("href")!;
      if (swapped(href) !== href) element.setAttribute("href", swapped(href));
    }
  };
  const observer = new MutationObserver(records => {
    for (const { addedNodes } of records) addedNodes.forEach(look);
  });
  observer.observe(document, { childList: true, subtree: true });
  addEventListener("DOMContentLoaded", () => observer.disconnect());
}
