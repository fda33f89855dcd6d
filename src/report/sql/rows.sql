-- Called by report::store::rows, with {dimensions} replaced by ReportKind::dimensions.
-- $1 sites joined by commas; $2 to $3 local dates, both included; $4 to $5 milliseconds, half open.
-- $6 which calls count: exclude (those that are not unwanted), include (all) or only (those that are).
-- $7 only calls that met this conversion, "" = all.
-- A visit counts in `visits_with_call` when any call was ever attributed to it.
WITH chosen AS (SELECT unnest(string_split($1, ',')) AS site),
callers AS (
    SELECT DISTINCT session FROM calls
    WHERE site IN (FROM chosen) AND session IS NOT NULL AND ($6 = 'include' OR unwanted = ($6 = 'only'))
        AND ($7 = '' OR list_contains(string_split(conversions, chr(31)), $7))
),
visited AS (
    SELECT {dimensions}, count(*) AS visits, count(callers.session) AS visits_with_call
    FROM sessions LEFT JOIN callers ON callers.session = sessions.id
    WHERE site IN (FROM chosen)
        AND local_date BETWEEN $2::DATE AND $3::DATE AND started_at >= $4 AND started_at < $5
    GROUP BY ALL
),
called AS (
    SELECT {dimensions},
        count(*) AS calls,
        count(*) FILTER (WHERE first_time) AS first_time,
        count(*) FILTER (WHERE NOT first_time) AS repeated,
        count(*) FILTER (WHERE outcome = 'answered') AS answered,
        count(*) FILTER (WHERE outcome = 'missed') AS missed,
        count(talk_s) FILTER (WHERE outcome = 'answered') AS timed,
        sum(talk_s) FILTER (WHERE outcome = 'answered') AS talk_s,
        count(*) FILTER (WHERE attributed) AS attributed,
        sum(confidence) FILTER (WHERE attributed) AS confidence
    FROM calls
    WHERE site IN (FROM chosen)
        AND local_date BETWEEN $2::DATE AND $3::DATE AND started_at >= $4 AND started_at < $5
        AND ($6 = 'include' OR unwanted = ($6 = 'only'))
        AND ($7 = '' OR list_contains(string_split(conversions, chr(31)), $7))
    GROUP BY ALL
),
unwanted_ones AS (
    SELECT {dimensions}, count(*) AS spam_calls FROM calls
    WHERE site IN (FROM chosen) AND unwanted
        AND local_date BETWEEN $2::DATE AND $3::DATE AND started_at >= $4 AND started_at < $5
    GROUP BY ALL
)
SELECT {dimensions},
    coalesce(sum(visits), 0)::DOUBLE,
    coalesce(sum(visits_with_call), 0)::DOUBLE,
    coalesce(sum(calls), 0)::DOUBLE,
    coalesce(sum(first_time), 0)::DOUBLE,
    coalesce(sum(repeated), 0)::DOUBLE,
    coalesce(sum(answered), 0)::DOUBLE,
    coalesce(sum(missed), 0)::DOUBLE,
    coalesce(sum(timed), 0)::DOUBLE,
    coalesce(sum(talk_s), 0)::DOUBLE,
    coalesce(sum(attributed), 0)::DOUBLE,
    coalesce(sum(confidence), 0)::DOUBLE,
    coalesce(sum(spam_calls), 0)::DOUBLE
FROM (FROM visited UNION ALL BY NAME FROM called UNION ALL BY NAME FROM unwanted_ones)
GROUP BY ALL
