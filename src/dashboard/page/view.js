// What every view is made of: Preact's elements, written as HTML in templates.

import { h, render } from "../vendor/preact.js";
import htm from "../vendor/htm.js";

export { render };
export { createContext, Fragment } from "../vendor/preact.js";
export { useCallback, useContext, useEffect, useId, useMemo, useRef, useState } from "../vendor/hooks.js";

export const html = htm.bind(h);
