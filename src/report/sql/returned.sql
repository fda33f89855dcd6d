-- Called by report::query::sql: missed calls with the seconds from their end until somebody first called the caller back,
-- or spoke to them. {sites}: parameters of the sites; {since}: milliseconds before which no call lies that is asked about.
-- Callers without a number can only be called back.
(SELECT missed.*,
    CASE WHEN least(missed.called_back_at, back.moment) IS NOT NULL THEN
        greatest(least(missed.called_back_at, back.moment) - coalesce(missed.ended_at, missed.started_at), 0) / 1000.0
    END AS returned_s
FROM (SELECT * FROM calls WHERE site IN ({sites}) AND outcome = 'missed') AS missed
ASOF LEFT JOIN (
    SELECT site, caller, coalesce(answered_at, started_at) AS moment FROM calls
    WHERE site IN ({sites}) AND outcome = 'answered' AND caller IS NOT NULL
        AND coalesce(answered_at, started_at) >= {since}
    UNION ALL
    SELECT site, caller, coalesce(called_back_at, 0) FROM calls
    WHERE site IN ({sites}) AND called_back_at >= {since} AND caller IS NOT NULL
) AS back ON back.site = missed.site AND back.caller = missed.caller AND missed.started_at < back.moment)
