-- Called by warehouse::write: what is staged replaces older versions of the same calls, and the
-- touches and the snapshot of a call go with it.
DELETE FROM staged_calls AS staged
    USING calls AS kept WHERE kept.id = staged.id AND kept.version > staged.version;
-- A number that was added over the API is in no configuration: the pool that granted it last is the tracker.
UPDATE staged_calls SET tracker = granted.pool
    FROM (SELECT site, number, arg_max(pool, granted_at) AS pool FROM leases
        WHERE number IN (SELECT tracking_number FROM staged_calls WHERE tracker = '')
        GROUP BY site, number) AS granted
    WHERE tracker = '' AND granted.site = staged_calls.site AND granted.number = tracking_number;
DELETE FROM touches WHERE call IN (SELECT id FROM staged_calls);
DELETE FROM calls WHERE id IN (SELECT id FROM staged_calls);
INSERT INTO calls SELECT * FROM staged_calls;
INSERT INTO touches SELECT * FROM staged_touches WHERE call IN (SELECT id FROM staged_calls);
DELETE FROM call_snapshots WHERE id IN (SELECT id FROM staged_calls);
INSERT INTO call_snapshots SELECT * FROM staged_call_snapshots WHERE id IN (SELECT id FROM staged_calls);
