-- Called by report::query::sql: calls with what else their callers did. {sites}: parameters of the sites. nullif() with
-- NULL makes a column that may be unknown: after the last call ClickHouse would answer 0 else.
(SELECT calls.*,
    CASE WHEN caller IS NOT NULL THEN lead(nullif(started_at, NULL)) OVER (PARTITION BY site, caller ORDER BY started_at, id) END
        AS next_call_at,
    CASE WHEN caller IS NOT NULL THEN min(started_at) OVER (PARTITION BY site, caller) END AS first_call_at
FROM calls WHERE site IN ({sites}))
