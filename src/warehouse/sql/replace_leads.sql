-- Called by warehouse::write: what is staged replaces older versions of the same ids.
DELETE FROM staged_leads AS staged
    USING leads AS kept WHERE kept.id = staged.id AND kept.version > staged.version;
DELETE FROM leads WHERE id IN (SELECT id FROM staged_leads);
INSERT INTO leads SELECT * FROM staged_leads;
