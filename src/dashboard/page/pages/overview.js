// The answer at a glance: figures with their change, calls over time, hours, sources, landing pages, callers, pools, what needs
// attention. Every panel obeys the filters of the address.

import { html } from "../view.js";
import { Attention } from "./overview/attention.js";
import { Callers } from "./overview/callers.js";
import { Channels } from "./overview/channels.js";
import { Hours } from "./overview/hours.js";
import { LandingPages } from "./overview/landing_pages.js";
import { PoolHealth } from "./overview/pool_health.js";
import { Sources } from "./overview/sources.js";
import { Tiles } from "./overview/tiles.js";

export const Overview = () => html`
  <div class="panels">
    <${Tiles} />
    <${Channels} />
    <${Attention} />
    <${Hours} />
    <${Sources} />
    <${LandingPages} />
    <${Callers} />
    <${PoolHealth} />
  </div>`;
