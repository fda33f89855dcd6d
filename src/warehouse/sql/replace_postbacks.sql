-- Called by warehouse::write: what is staged replaces older versions of the same ids.
DELETE FROM staged_postbacks AS staged
    USING postbacks AS kept WHERE kept.id = staged.id AND kept.version > staged.version;
DELETE FROM postbacks WHERE id IN (SELECT id FROM staged_postbacks);
INSERT INTO postbacks SELECT * FROM staged_postbacks;
