-- Leads, and the newest snapshot of every call, for lists and for calls that Redis has
-- forgotten. `searchable` is in lower case; `caller` as in calls; `origin`: webhook, reconciled or imported. Of a call
-- that the business tried to call back, `called_back_at` is the first try and `reached_at` the first that was answered.

ALTER TABLE calls ADD COLUMN IF NOT EXISTS origin VARCHAR DEFAULT 'webhook';
ALTER TABLE calls ADD COLUMN IF NOT EXISTS called_back_at BIGINT;
ALTER TABLE calls ADD COLUMN IF NOT EXISTS reached_at BIGINT;

CREATE TABLE IF NOT EXISTS call_snapshots (
    id          UUID     NOT NULL,
    version     BIGINT   NOT NULL,
    site        VARCHAR  NOT NULL,
    started_at  BIGINT   NOT NULL,
    searchable  VARCHAR  NOT NULL,
    snapshot    VARCHAR  NOT NULL
);

CREATE TABLE IF NOT EXISTS leads (
    id              UUID     NOT NULL,
    version         BIGINT   NOT NULL,
    site            VARCHAR  NOT NULL,
    kind            VARCHAR  NOT NULL,
    created_at      BIGINT   NOT NULL,
    local_date      DATE     NOT NULL,
    local_hour      TINYINT  NOT NULL,
    local_weekday   TINYINT  NOT NULL,
    session         UUID,
    visitor         UUID,
    caller          UBIGINT,
    source          VARCHAR  NOT NULL,
    medium          VARCHAR  NOT NULL,
    campaign        VARCHAR  NOT NULL,
    campaign_id     VARCHAR  NOT NULL,
    term            VARCHAR  NOT NULL,
    content         VARCHAR  NOT NULL,
    channel         VARCHAR  NOT NULL,
    click_platform  VARCHAR  NOT NULL,
    landing_host    VARCHAR  NOT NULL,
    landing_page    VARCHAR  NOT NULL
);

-- Calls of before have no snapshot: the projector reads the segments once more and writes them.
DELETE FROM offsets;
