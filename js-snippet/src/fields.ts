/** Hidden form fields that take the session's id along, where the site asks for that. */

import { reply } from "./identity.ts";

/** Fills those below `root`. */
export function fill(root: Element): void {
  const { session_id, field } = reply;
  if (!field || !session_id) return;
  // The service lets no quotes into a name.
  for (const input of root.querySelectorAll<HTMLInputElement>(`[type=hidden][name="${field}"]`)) input.value = session_id;
}
