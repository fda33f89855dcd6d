-- Version 3 of the warehouse: what came of a call, and what the telephone system tells beside its
-- times. What nobody told is NULL, texts are empty. `tags` are joined by commas; `value` is in the site's
-- currency; `follow_up_at` is in milliseconds.

ALTER TABLE calls ADD COLUMN queue_s INTEGER;
ALTER TABLE calls ADD COLUMN hold_s INTEGER;
ALTER TABLE calls ADD COLUMN transferred BOOLEAN;
ALTER TABLE calls ADD COLUMN disposition VARCHAR DEFAULT '';
ALTER TABLE calls ADD COLUMN tags VARCHAR DEFAULT '';
ALTER TABLE calls ADD COLUMN agent VARCHAR DEFAULT '';
ALTER TABLE calls ADD COLUMN qualified BOOLEAN;
ALTER TABLE calls ADD COLUMN converted BOOLEAN;
ALTER TABLE calls ADD COLUMN appointment BOOLEAN;
ALTER TABLE calls ADD COLUMN resolved BOOLEAN;
ALTER TABLE calls ADD COLUMN first_contact_resolution BOOLEAN;
ALTER TABLE calls ADD COLUMN escalated BOOLEAN;
ALTER TABLE calls ADD COLUMN spam BOOLEAN;
ALTER TABLE calls ADD COLUMN value DECIMAL(18, 4);
ALTER TABLE calls ADD COLUMN lead_score INTEGER;
ALTER TABLE calls ADD COLUMN csat INTEGER;
ALTER TABLE calls ADD COLUMN nps INTEGER;
ALTER TABLE calls ADD COLUMN wrap_up_s INTEGER;
ALTER TABLE calls ADD COLUMN follow_up_at BIGINT;
