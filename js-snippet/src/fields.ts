/** Hidden form fields that take the session's id along, where the site asks for that. */

let name: string | undefined;
let session_id: string | undefined;

/** From now on, fields of this name get this id; true when there may be some to fill. */
export function fillFields(field: string | undefined, id: string | undefined): boolean {
  const isNews = field !== name;
  name = field;
  session_id = id;
  return isNews;
}

/** Fills those below `root`. */
export function fill(root: Element): void {
  if (!name || !session_id) return;
  for (const input of root.querySelectorAll<HTMLInputElement>(`input[type=hidden][name=${JSON.stringify(name)}]`)) input.value = session_id;
}
