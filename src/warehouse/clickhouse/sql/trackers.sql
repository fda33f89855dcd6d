-- Called by warehouse::clickhouse: the pool that granted a number last before a call. {calls}: site, number and moment of each.
SELECT asked.site, asked.number, asked.started_at, granted.pool
FROM ({calls}) AS asked
ASOF JOIN (
    SELECT site, assumeNotNull(number) AS number, granted_at, pool FROM leases
    WHERE number IN (SELECT number FROM ({calls}))
) AS granted
ON granted.site = asked.site AND granted.number = asked.number AND granted.granted_at <= asked.started_at
