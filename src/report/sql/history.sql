-- Called by report::query::sql: calls with what else their callers did. {sites}: parameters of the sites; {asking}: the
-- calls of which that is asked. Only their callers' calls are put in order, of whatever time they are. nullif() with NULL
-- makes a column that may be unknown: after the last call ClickHouse would answer 0 else.
(SELECT calls.*, history.next_call_at, history.first_call_at
FROM calls LEFT JOIN (
    SELECT id AS known,
        lead(nullif(started_at, NULL)) OVER (PARTITION BY site, caller ORDER BY started_at, id) AS next_call_at,
        min(started_at) OVER (PARTITION BY site, caller) AS first_call_at
    FROM calls WHERE site IN ({sites}) AND caller IN (SELECT caller FROM calls WHERE site IN ({sites}) AND {asking})
) AS history ON history.known = calls.id
WHERE site IN ({sites}))
