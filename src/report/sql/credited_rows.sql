-- Called by report::store, behind credited.sql: as rows.sql, with calls shared out. {dimensions} is replaced by
-- ReportKind::dimensions, {credit} by the column of a model.
-- A visit counts in `visits_with_call` when any call was ever attributed to it, whatever the model.
, callers AS (
    SELECT DISTINCT session FROM chosen WHERE session IS NOT NULL
),
visited AS (
    SELECT {dimensions}, count(*) AS visits, count(callers.session) AS visits_with_call
    FROM sessions
    JOIN periods ON periods.site = sessions.site
    LEFT JOIN callers ON callers.session = sessions.id
    WHERE started_at >= since AND started_at < until
    GROUP BY ALL
),
called AS (
    SELECT {dimensions},
        sum(weight * {credit}) AS calls,
        sum(weight * {credit}) FILTER (WHERE first_time) AS first_time,
        sum(weight * {credit}) FILTER (WHERE NOT first_time) AS repeated,
        sum(weight * {credit}) FILTER (WHERE outcome = 'answered') AS answered,
        sum(weight * {credit}) FILTER (WHERE outcome = 'missed') AS missed,
        sum(weight * {credit}) FILTER (WHERE outcome = 'answered' AND talk_s IS NOT NULL) AS timed,
        sum(weight * {credit} * talk_s) FILTER (WHERE outcome = 'answered') AS talk_s,
        sum(weight * {credit}) FILTER (WHERE attributed) AS attributed,
        sum(weight * {credit} * confidence) FILTER (WHERE attributed) AS confidence
    FROM credited
    GROUP BY ALL
),
unwanted_ones AS (
    SELECT {dimensions}, count(*) AS spam_calls
    FROM calls JOIN periods ON periods.site = calls.site
    WHERE unwanted AND started_at >= since AND started_at < until
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
