-- Called by warehouse::write: what is staged replaces older versions of the same calls, and the
-- touches and the snapshot of a call go with it.
DELETE FROM staged_calls AS staged
    USING calls AS kept WHERE kept.id = staged.id AND kept.version > staged.version;
-- A number that was added over the API is in no configuration: the pool that granted it last before the call is the
-- tracker. What came later does not count, so that a warehouse that is made anew says the same.
UPDATE staged_calls SET tracker = granted.pool
    FROM (SELECT staged.id, arg_max(leases.pool, granted_at) AS pool
        FROM staged_calls AS staged JOIN leases
        ON leases.site = staged.site AND leases.number = tracking_number AND granted_at <= started_at
        WHERE tracker = '' GROUP BY staged.id) AS granted
    WHERE tracker = '' AND granted.id = staged_calls.id;
DELETE FROM touches WHERE call IN (SELECT id FROM staged_calls);
DELETE FROM calls WHERE id IN (SELECT id FROM staged_calls);
INSERT INTO calls SELECT * FROM staged_calls;
INSERT INTO touches SELECT * FROM staged_touches WHERE call IN (SELECT id FROM staged_calls);
DELETE FROM call_snapshots WHERE id IN (SELECT id FROM staged_calls);
INSERT INTO call_snapshots SELECT * FROM staged_call_snapshots WHERE id IN (SELECT id FROM staged_calls);
