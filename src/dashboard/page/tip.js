// One tooltip for the whole page: what carries `data-tip` shows it on hover and on focus. A tip only repeats or
// details what screen readers hear anyway, so it stays out of their way.

const GAP = 8;

/** Starts showing tips; call once. */
export function startTips() {
  const bubble = document.createElement("div");
  bubble.className = "tip";
  bubble.hidden = true;
  bubble.setAttribute("aria-hidden", "true");
  document.body.append(bubble);

  let owner = null;
  const hide = () => {
    owner = null;
    bubble.hidden = true;
  };
  const show = (event) => {
    const next = event.target.closest?.("[data-tip]") ?? null;
    if (next === owner) return;
    if (!next) return hide();
    owner = next;
    bubble.textContent = next.dataset.tip;
    bubble.hidden = false;
    place(bubble, next.getBoundingClientRect());
  };
  document.addEventListener("pointerover", show);
  document.addEventListener("focusin", show);
  document.addEventListener("focusout", hide);
  document.addEventListener("scroll", hide, { capture: true, passive: true });
  document.addEventListener("keydown", (event) => event.key === "Escape" && hide());
}

function place(bubble, anchor) {
  const { width, height } = bubble.getBoundingClientRect();
  const left = anchor.left + anchor.width / 2 - width / 2;
  const above = anchor.top - height - GAP;
  bubble.style.left = `${Math.max(GAP, Math.min(left, innerWidth - width - GAP))}px`;
  bubble.style.top = `${above >= GAP ? above : anchor.bottom + GAP}px`;
}
