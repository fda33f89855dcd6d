// What metrics are called.

import { has, spoken, t } from "../../words.js";

/** The name of a metric on screen. */
export const metricName = (name) => (has(`metrics.${name}`) ? t(`metrics.${name}`) : spoken(name));
