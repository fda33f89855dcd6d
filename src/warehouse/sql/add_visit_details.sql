-- Version 2 of the warehouse: what showed the page and where, and the rarer UTM parameters. `carried`:
-- the visit came directly, its source is that of an earlier visit of the same visitor. The place is
-- the visitor's; the caller's is in `caller_country` and its like.

ALTER TABLE sessions ADD COLUMN source_platform VARCHAR DEFAULT '';
ALTER TABLE sessions ADD COLUMN creative_format VARCHAR DEFAULT '';
ALTER TABLE sessions ADD COLUMN marketing_tactic VARCHAR DEFAULT '';
ALTER TABLE sessions ADD COLUMN browser VARCHAR DEFAULT '';
ALTER TABLE sessions ADD COLUMN os VARCHAR DEFAULT '';
ALTER TABLE sessions ADD COLUMN country VARCHAR DEFAULT '';
ALTER TABLE sessions ADD COLUMN region VARCHAR DEFAULT '';
ALTER TABLE sessions ADD COLUMN city VARCHAR DEFAULT '';
ALTER TABLE sessions ADD COLUMN postal_code VARCHAR DEFAULT '';
ALTER TABLE sessions ADD COLUMN visitor_time_zone VARCHAR DEFAULT '';
ALTER TABLE sessions ADD COLUMN connection VARCHAR DEFAULT '';
ALTER TABLE sessions ADD COLUMN carried BOOLEAN DEFAULT false;

ALTER TABLE calls ADD COLUMN source_platform VARCHAR DEFAULT '';
ALTER TABLE calls ADD COLUMN creative_format VARCHAR DEFAULT '';
ALTER TABLE calls ADD COLUMN marketing_tactic VARCHAR DEFAULT '';
ALTER TABLE calls ADD COLUMN browser VARCHAR DEFAULT '';
ALTER TABLE calls ADD COLUMN os VARCHAR DEFAULT '';
ALTER TABLE calls ADD COLUMN country VARCHAR DEFAULT '';
ALTER TABLE calls ADD COLUMN region VARCHAR DEFAULT '';
ALTER TABLE calls ADD COLUMN city VARCHAR DEFAULT '';
ALTER TABLE calls ADD COLUMN postal_code VARCHAR DEFAULT '';
ALTER TABLE calls ADD COLUMN visitor_time_zone VARCHAR DEFAULT '';
ALTER TABLE calls ADD COLUMN connection VARCHAR DEFAULT '';

ALTER TABLE touches ADD COLUMN source_platform VARCHAR DEFAULT '';
ALTER TABLE touches ADD COLUMN creative_format VARCHAR DEFAULT '';
ALTER TABLE touches ADD COLUMN marketing_tactic VARCHAR DEFAULT '';
