-- `alone`: no other row has its session. Reports count sessions, and need not tell such rows apart. It is no fact but follows
-- from the other rows, and is set when a row is written; where rows were removed it may say less than it could.
ALTER TABLE leases ADD COLUMN IF NOT EXISTS alone BOOLEAN DEFAULT false;
UPDATE leases SET alone = true WHERE session NOT IN (SELECT session FROM leases GROUP BY session HAVING count(*) > 1);
