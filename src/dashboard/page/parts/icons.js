// Small drawings of the navigation: strokes in the colour of the text.

import { html } from "../view.js";

const PATHS = {
  overview: "M4 13h6V4H4zM14 20h6V11h-6zM4 20h6v-3H4zM14 7h6V4h-6z",
  explore: "M4 19V5M4 19h16M8 15l4-5 3 3 5-7",
  calls: "M5 4h4l2 5-2.5 1.5a11 11 0 0 0 5 5L15 13l5 2v4a1 1 0 0 1-1 1A15 15 0 0 1 4 5a1 1 0 0 1 1-1z",
  pools: "M12 3l9 5-9 5-9-5zM3 12l9 5 9-5M3 16l9 5 9-5",
  postbacks: "M4 12h13M12 6l6 6-6 6M20 4v16",
  forecast: "M3 17l5-5 4 3 4-6M16 9l2-3M19.5 4.5l.5-.5M4 21h16",
  setup: "M9 6L3 12l6 6M15 6l6 6-6 6",
  close: "M6 6l12 12M18 6L6 18",
  out: "M14 4H6v16h8M10 12h11M17 8l4 4-4 4",
  refresh: "M20 11A8 8 0 0 0 5.5 7L4 9M4 4v5h5M4 13a8 8 0 0 0 14.5 4L20 15M20 20v-5h-5",
  menu: "M4 7h16M4 12h16M4 17h16",
};

/** The drawing with this name; it says nothing to screen readers. */
export const Icon = ({ name }) => html`
  <svg class="icon" viewBox="0 0 24 24" width="20" height="20" fill="none" stroke="currentColor" stroke-width="1.8"
    stroke-linecap="round" stroke-linejoin="round" aria-hidden="true"><path d=${PATHS[name]} /></svg>`;
