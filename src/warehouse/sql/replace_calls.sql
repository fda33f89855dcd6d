-- Called by warehouse::write: what is staged replaces older versions of the same calls, and the
-- touches and the snapshot of a call go with it.
DELETE FROM staged_calls AS staged
    USING calls AS kept WHERE kept.id = staged.id AND kept.version > staged.version;
DELETE FROM touches WHERE call IN (SELECT id FROM staged_calls);
DELETE FROM calls WHERE id IN (SELECT id FROM staged_calls);
INSERT INTO calls SELECT * FROM staged_calls;
INSERT INTO touches SELECT * FROM staged_touches WHERE call IN (SELECT id FROM staged_calls);
DELETE FROM call_snapshots WHERE id IN (SELECT id FROM staged_calls);
INSERT INTO call_snapshots SELECT * FROM staged_call_snapshots WHERE id IN (SELECT id FROM staged_calls);
