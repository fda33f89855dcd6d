-- Called by warehouse::write: what is staged replaces older versions of the same ids, and no row of a session stays alone that
-- has several now.
DELETE FROM staged_leases AS staged
    USING leases AS kept WHERE kept.id = staged.id AND kept.version > staged.version;
DELETE FROM leases WHERE id IN (SELECT id FROM staged_leases);
CREATE OR REPLACE TEMP TABLE accompanied AS
    SELECT session FROM leases WHERE session IN (SELECT session FROM staged_leases);
UPDATE leases SET alone = false WHERE alone AND session IN (SELECT session FROM accompanied);
INSERT INTO leases
    SELECT *, count(*) OVER (PARTITION BY session) = 1 AND session NOT IN (SELECT session FROM accompanied)
    FROM staged_leases;
