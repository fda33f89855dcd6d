-- Where a call was sent, and whether it is unwanted. `route_rule` is the rule that
-- decided, `route` the last route that was taken; both empty without routing. `menu_keys` are the keys that the
-- caller pressed, joined by commas. `unwanted`: reports leave the call out unless asked; people decide it, or else
-- the spam screen, whose findings are in `spam_reasons`, joined by commas.

ALTER TABLE calls ADD COLUMN IF NOT EXISTS route_rule VARCHAR DEFAULT '';
ALTER TABLE calls ADD COLUMN IF NOT EXISTS route VARCHAR DEFAULT '';
ALTER TABLE calls ADD COLUMN IF NOT EXISTS menu_keys VARCHAR DEFAULT '';
ALTER TABLE calls ADD COLUMN IF NOT EXISTS unwanted BOOLEAN DEFAULT false;
ALTER TABLE calls ADD COLUMN IF NOT EXISTS spam_reasons VARCHAR DEFAULT '';
UPDATE calls SET unwanted = true WHERE spam;
