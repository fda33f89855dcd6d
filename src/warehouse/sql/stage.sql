-- Called by warehouse::write: empty tables of the connection's own for one batch.
CREATE OR REPLACE TEMP TABLE staged_sessions AS FROM sessions LIMIT 0;
CREATE OR REPLACE TEMP TABLE staged_leases AS SELECT * EXCLUDE (alone) FROM leases LIMIT 0;
CREATE OR REPLACE TEMP TABLE staged_calls AS FROM calls LIMIT 0;
CREATE OR REPLACE TEMP TABLE staged_call_snapshots AS FROM call_snapshots LIMIT 0;
CREATE OR REPLACE TEMP TABLE staged_leads AS FROM leads LIMIT 0;
CREATE OR REPLACE TEMP TABLE staged_touches AS FROM touches LIMIT 0;
CREATE OR REPLACE TEMP TABLE staged_postbacks AS FROM postbacks LIMIT 0;
CREATE OR REPLACE TEMP TABLE staged_costs AS FROM costs LIMIT 0;
CREATE OR REPLACE TEMP TABLE staged_staffing AS FROM staffing LIMIT 0;
