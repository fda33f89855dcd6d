-- Called by warehouse::write: what is staged replaces older versions of the same ids.
DELETE FROM staged_costs AS staged
    USING costs AS kept WHERE kept.id = staged.id AND kept.version > staged.version;
DELETE FROM costs WHERE id IN (SELECT id FROM staged_costs);
INSERT INTO costs SELECT * FROM staged_costs;
