/** `?ringtrace_test=1`: what the snippet does and why, in the console and at the foot of the page. */

let panel: HTMLTextAreaElement | undefined;

/** Explains from now on. */
export function startExplaining(): void {
  // A field of a form: no number in it is the page's.
  panel = document.createElement("textarea");
  panel.style = "position:fixed;bottom:0;width:99%;height:9em;z-index:99";
}

/** Explains one thing, if anybody wants to know; gives false. */
export function explain(...what: unknown[]): false {
  if (panel) {
    console.info("ringtrace:", ...what);
    panel.value += what.map(part => (part as Node | undefined)?.nodeName || part).join(" ") + "\n";
    document.documentElement.append(panel);
  }
  return false;
}
