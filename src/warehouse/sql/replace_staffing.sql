-- Called by warehouse::write: what is staged replaces older versions of the same ids.
DELETE FROM staged_staffing AS staged
    USING staffing AS kept WHERE kept.id = staged.id AND kept.version > staged.version;
DELETE FROM staffing WHERE id IN (SELECT id FROM staged_staffing);
INSERT INTO staffing SELECT * FROM staged_staffing;
