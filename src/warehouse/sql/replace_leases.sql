-- Called by warehouse::write: what is staged replaces older versions of the same ids.
DELETE FROM staged_leases AS staged
    USING leases AS kept WHERE kept.id = staged.id AND kept.version > staged.version;
DELETE FROM leases WHERE id IN (SELECT id FROM staged_leases);
INSERT INTO leases SELECT * FROM staged_leases;
