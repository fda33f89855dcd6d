-- Called by report::credits::effects: the ways of a site's visitors through channels, and how they ended.
-- $1 site; $2 to $3 milliseconds, half open. Whoever may not be known again has a way of one visit. Of
-- very long ways the end counts. {way}: the channels of a walker's last visits, joined by U+001F.
WITH callers AS (
    SELECT DISTINCT session FROM calls
    WHERE site = $1 AND started_at >= $2 AND session IS NOT NULL AND NOT unwanted
),
walked AS (
    SELECT
        coalesce(visitor, id) AS walker,
        {way} AS way,
        count(callers.session) > 0 AS has_called
    FROM sessions LEFT JOIN callers ON callers.session = sessions.id
    WHERE site = $1 AND started_at >= $2 AND started_at < $3
    GROUP BY walker
)
SELECT
    way,
    (count(*) FILTER (WHERE has_called))::DOUBLE,
    (count(*) FILTER (WHERE NOT has_called))::DOUBLE
FROM walked
GROUP BY way
ORDER BY count(*) DESC, way
LIMIT 50000
