/** `?ringtrace_test=1`: what the snippet does and why, in the console and at the foot of the page. */

let panel: HTMLElement | undefined;

/** Explains from now on. */
export function startExplaining(): void {
  panel = document.createElement("pre");
  panel.style.cssText = "position:fixed;bottom:0;z-index:1000000;max-height:30%;overflow:auto;background:#fff;color:#000";
  // No number in it is the page's.
  panel.contentEditable = "true";
}

/** Explains one thing, if anybody wants to know; gives false. */
export function explain(...what: unknown[]): false {
  if (panel) {
    console.info("ringtrace:", ...what);
    panel.append(what.map(part => (part instanceof Node ? `<${part.nodeName}>` : JSON.stringify(part))).join(" ") + "\n");
    document.documentElement.append(panel);
  }
  return false;
}
