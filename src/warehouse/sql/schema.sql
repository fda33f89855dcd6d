-- Version 1 of the warehouse. One row for each thing that happened, raw; local date, hour (0 to 23)
-- and ISO weekday (1 = Monday) are in the site's time zone and were resolved when the row was
-- written. Times are milliseconds since 1970 UTC. No keys and no indexes: rows are replaced by
-- deleting and inserting them, and the newest `version` of an id wins.

CREATE TABLE IF NOT EXISTS sessions (
    id              UUID     NOT NULL,
    version         BIGINT   NOT NULL,
    site            VARCHAR  NOT NULL,
    visitor         UUID,
    started_at      BIGINT   NOT NULL,
    local_date      DATE     NOT NULL,
    local_hour      TINYINT  NOT NULL,
    local_weekday   TINYINT  NOT NULL,
    source          VARCHAR  NOT NULL,
    medium          VARCHAR  NOT NULL,
    campaign        VARCHAR  NOT NULL,
    campaign_id     VARCHAR  NOT NULL,
    term            VARCHAR  NOT NULL,
    content         VARCHAR  NOT NULL,
    channel         VARCHAR  NOT NULL,
    click_platform  VARCHAR  NOT NULL,
    referrer_host   VARCHAR  NOT NULL,
    landing_host    VARCHAR  NOT NULL,
    landing_page    VARCHAR  NOT NULL,
    device          VARCHAR  NOT NULL
);

-- Numbers that were granted, or could not be (tier `original`, no number).
CREATE TABLE IF NOT EXISTS leases (
    id              VARCHAR  NOT NULL,
    version         BIGINT   NOT NULL,
    site            VARCHAR  NOT NULL,
    session         UUID     NOT NULL,
    pool            VARCHAR  NOT NULL,
    target          VARCHAR,
    number          VARCHAR,
    tier            VARCHAR  NOT NULL,
    granted_at      BIGINT   NOT NULL,
    local_date      DATE     NOT NULL,
    local_hour      TINYINT  NOT NULL,
    local_weekday   TINYINT  NOT NULL
);

-- `outcome`: answered, missed, rejected, or open while the call lasts. `caller`: the first 64 bits
-- of the keyed hash of the caller's number; the number itself is not kept here.
CREATE TABLE IF NOT EXISTS calls (
    id                  UUID     NOT NULL,
    version             BIGINT   NOT NULL,
    site                VARCHAR  NOT NULL,
    provider            VARCHAR  NOT NULL,
    provider_call_id    VARCHAR  NOT NULL,
    tracking_number     VARCHAR,
    destination         VARCHAR,
    caller              UBIGINT,
    caller_country      VARCHAR  NOT NULL,
    caller_region       VARCHAR  NOT NULL,
    caller_city         VARCHAR  NOT NULL,
    first_time          BOOLEAN,
    status              VARCHAR  NOT NULL,
    outcome             VARCHAR  NOT NULL,
    started_at          BIGINT   NOT NULL,
    ringing_at          BIGINT,
    answered_at         BIGINT,
    ended_at            BIGINT,
    wait_s              BIGINT,
    talk_s              BIGINT,
    local_date          DATE     NOT NULL,
    local_hour          TINYINT  NOT NULL,
    local_weekday       TINYINT  NOT NULL,
    attributed          BOOLEAN  NOT NULL,
    basis               VARCHAR  NOT NULL,
    confidence          DOUBLE,
    tier                VARCHAR  NOT NULL,
    session             UUID,
    visitor             UUID,
    session_started_at  BIGINT,
    source              VARCHAR  NOT NULL,
    medium              VARCHAR  NOT NULL,
    campaign            VARCHAR  NOT NULL,
    campaign_id         VARCHAR  NOT NULL,
    term                VARCHAR  NOT NULL,
    content             VARCHAR  NOT NULL,
    channel             VARCHAR  NOT NULL,
    click_platform      VARCHAR  NOT NULL,
    referrer_host       VARCHAR  NOT NULL,
    landing_host        VARCHAR  NOT NULL,
    landing_page        VARCHAR  NOT NULL,
    device              VARCHAR  NOT NULL
);

-- The touches of a call's winner, oldest first from position 0, with their share of the call.
CREATE TABLE IF NOT EXISTS touches (
    call            UUID      NOT NULL,
    site            VARCHAR   NOT NULL,
    position        SMALLINT  NOT NULL,
    session         UUID      NOT NULL,
    touched_at      BIGINT    NOT NULL,
    source          VARCHAR   NOT NULL,
    medium          VARCHAR   NOT NULL,
    campaign        VARCHAR   NOT NULL,
    campaign_id     VARCHAR   NOT NULL,
    term            VARCHAR   NOT NULL,
    content         VARCHAR   NOT NULL,
    channel         VARCHAR   NOT NULL,
    click_platform  VARCHAR   NOT NULL,
    landing_page    VARCHAR   NOT NULL,
    credit_first    DOUBLE    NOT NULL,
    credit_last     DOUBLE    NOT NULL
);

-- Verdicts of postback attempts.
CREATE TABLE IF NOT EXISTS postbacks (
    id              VARCHAR  NOT NULL,
    version         BIGINT   NOT NULL,
    site            VARCHAR  NOT NULL,
    postback        VARCHAR  NOT NULL,
    destination     VARCHAR  NOT NULL,
    call            UUID     NOT NULL,
    conversion      VARCHAR  NOT NULL,
    attempts        BIGINT   NOT NULL,
    verdict         VARCHAR  NOT NULL,
    why             VARCHAR  NOT NULL,
    retry_at        BIGINT,
    settled_at      BIGINT   NOT NULL,
    local_date      DATE     NOT NULL,
    local_hour      TINYINT  NOT NULL,
    local_weekday   TINYINT  NOT NULL
);

-- Up to which entry of each ledger stream everything is in the tables above.
CREATE TABLE IF NOT EXISTS offsets (
    shard  USMALLINT  NOT NULL,
    ms     UBIGINT    NOT NULL,
    seq    UBIGINT    NOT NULL
);
