-- The other models' shares of a touch. Calls that were written before have none of them until they
-- change; `first` and `last` they have.
ALTER TABLE touches ADD COLUMN IF NOT EXISTS credit_last_non_direct DOUBLE DEFAULT 0;
ALTER TABLE touches ADD COLUMN IF NOT EXISTS credit_last_paid DOUBLE DEFAULT 0;
ALTER TABLE touches ADD COLUMN IF NOT EXISTS credit_lead_creation DOUBLE DEFAULT 0;
ALTER TABLE touches ADD COLUMN IF NOT EXISTS credit_linear DOUBLE DEFAULT 0;
ALTER TABLE touches ADD COLUMN IF NOT EXISTS credit_position_based DOUBLE DEFAULT 0;
ALTER TABLE touches ADD COLUMN IF NOT EXISTS credit_w_shaped DOUBLE DEFAULT 0;
ALTER TABLE touches ADD COLUMN IF NOT EXISTS credit_time_decay DOUBLE DEFAULT 0;
