-- Called by warehouse::write: what is staged replaces older versions of the same ids.
DELETE FROM staged_sessions AS staged
    USING sessions AS kept WHERE kept.id = staged.id AND kept.version > staged.version;
DELETE FROM sessions WHERE id IN (SELECT id FROM staged_sessions);
INSERT INTO sessions SELECT * FROM staged_sessions;
