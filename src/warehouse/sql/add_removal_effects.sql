-- Which conversions a call met, joined by U+001F; calls that were written before have none until they change. And what
-- data-driven credit was computed from: for each site and period (milliseconds, half open) the data that it had, and each
-- channel's removal effect and share. `sessions_version` is the newest version among the visits, `calls_version` the
-- sum of those of the calls: together with the counts they tell whether anything changed since.

ALTER TABLE calls ADD COLUMN IF NOT EXISTS conversions VARCHAR DEFAULT '';

CREATE TABLE IF NOT EXISTS removal_periods (
    site              VARCHAR  NOT NULL,
    since             BIGINT   NOT NULL,
    until             BIGINT   NOT NULL,
    sessions          UBIGINT  NOT NULL,
    sessions_version  BIGINT   NOT NULL,
    calls             UBIGINT  NOT NULL,
    calls_version     BIGINT   NOT NULL,
    computed_at       BIGINT   NOT NULL
);

CREATE TABLE IF NOT EXISTS removal_effects (
    site     VARCHAR  NOT NULL,
    since    BIGINT   NOT NULL,
    until    BIGINT   NOT NULL,
    channel  VARCHAR  NOT NULL,
    effect   DOUBLE   NOT NULL,
    share    DOUBLE   NOT NULL
);
