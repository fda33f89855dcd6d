-- What reports ask for beside what was there: the site's UTC offset and shift of each moment, what a call's number and
-- length are, who sent it, and costs and staffing as people tell them. Bands, kinds and flags are decided when a row is
-- written. `local_offset` is as in `+02:00`; `shift` is the first of the site's business hours that was open; `tracker` is
-- the pool or the static number; `call_backs` counts calls of the business to the caller; `blocked`: the line was busy,
-- failed or full. `page` is where the number was seen last. Texts are empty where nothing is known.

ALTER TABLE sessions ADD COLUMN IF NOT EXISTS local_offset VARCHAR DEFAULT '';
ALTER TABLE sessions ADD COLUMN IF NOT EXISTS shift VARCHAR DEFAULT '';
ALTER TABLE sessions ADD COLUMN IF NOT EXISTS publisher VARCHAR DEFAULT '';
ALTER TABLE sessions ADD COLUMN IF NOT EXISTS variant VARCHAR DEFAULT '';

ALTER TABLE leases ADD COLUMN IF NOT EXISTS local_offset VARCHAR DEFAULT '';
ALTER TABLE leases ADD COLUMN IF NOT EXISTS shift VARCHAR DEFAULT '';
ALTER TABLE leases ADD COLUMN IF NOT EXISTS number_kind VARCHAR DEFAULT '';

ALTER TABLE leads ADD COLUMN IF NOT EXISTS local_offset VARCHAR DEFAULT '';
ALTER TABLE leads ADD COLUMN IF NOT EXISTS shift VARCHAR DEFAULT '';

ALTER TABLE calls ADD COLUMN IF NOT EXISTS local_offset VARCHAR DEFAULT '';
ALTER TABLE calls ADD COLUMN IF NOT EXISTS shift VARCHAR DEFAULT '';
ALTER TABLE calls ADD COLUMN IF NOT EXISTS publisher VARCHAR DEFAULT '';
ALTER TABLE calls ADD COLUMN IF NOT EXISTS variant VARCHAR DEFAULT '';
ALTER TABLE calls ADD COLUMN IF NOT EXISTS page VARCHAR DEFAULT '';
ALTER TABLE calls ADD COLUMN IF NOT EXISTS tracker VARCHAR DEFAULT '';
ALTER TABLE calls ADD COLUMN IF NOT EXISTS number_kind VARCHAR DEFAULT '';
ALTER TABLE calls ADD COLUMN IF NOT EXISTS caller_area_code VARCHAR DEFAULT '';
ALTER TABLE calls ADD COLUMN IF NOT EXISTS duration_band VARCHAR DEFAULT '';
ALTER TABLE calls ADD COLUMN IF NOT EXISTS confidence_band VARCHAR DEFAULT '';
ALTER TABLE calls ADD COLUMN IF NOT EXISTS forwarded BOOLEAN;
ALTER TABLE calls ADD COLUMN IF NOT EXISTS blocked BOOLEAN DEFAULT false;
ALTER TABLE calls ADD COLUMN IF NOT EXISTS converted_at BIGINT;
ALTER TABLE calls ADD COLUMN IF NOT EXISTS call_backs INTEGER DEFAULT 0;
ALTER TABLE calls ADD COLUMN IF NOT EXISTS call_backs_answered INTEGER DEFAULT 0;

-- One row for each thing that money was spent on on a day; `kind` is ad, fee, production or other.
CREATE TABLE IF NOT EXISTS costs (
    id           VARCHAR         NOT NULL,
    version      BIGINT          NOT NULL,
    site         VARCHAR         NOT NULL,
    local_date   DATE            NOT NULL,
    source       VARCHAR         NOT NULL,
    medium       VARCHAR         NOT NULL,
    campaign     VARCHAR         NOT NULL,
    campaign_id  VARCHAR         NOT NULL,
    channel      VARCHAR         NOT NULL,
    publisher    VARCHAR         NOT NULL,
    kind         VARCHAR         NOT NULL,
    amount       DECIMAL(18, 4)  NOT NULL,
    currency     VARCHAR         NOT NULL
);

-- How long who was there to take calls; `wage` is for an hour.
CREATE TABLE IF NOT EXISTS staffing (
    id          VARCHAR         NOT NULL,
    version     BIGINT          NOT NULL,
    site        VARCHAR         NOT NULL,
    local_date  DATE            NOT NULL,
    agent       VARCHAR         NOT NULL,
    shift       VARCHAR         NOT NULL,
    staffed_s   BIGINT          NOT NULL,
    wage        DECIMAL(18, 4),
    currency    VARCHAR         NOT NULL
);

-- What was written before has none of this: the projector reads the segments once more and writes it anew.
DELETE FROM offsets;
