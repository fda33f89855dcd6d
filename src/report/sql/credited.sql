-- What every question on credit stands on: calls shared out over their touches, one row for each touch. Called by
-- report::credits::sql, which puts a question behind it and replaces the names in braces: the calls by their table or by
-- rows that have all its columns, everything else by columns of closed lists and the words of the warehouse's dialect.
-- $1 sites with the bounds of their period in milliseconds, half open; $2 data-driven shares of channels: lists whose rows
-- are joined by U+001E and their cells by U+001F. $3 which calls count: exclude (those that are not unwanted), include or
-- only. $4 only calls that met this conversion, "" = all. $5 "touches", or "own": each call to its own source.
-- A call without touches (static, provided, imported, nobody's) goes whole to its own source. Touches share a call
-- by the data-driven shares of their channels, or alike where none has any.
WITH periods AS (
    {periods}
),
shares AS (
    {shares}
),
chosen AS (
    SELECT calls.*, since, until, {weight} AS weight
    FROM {calls} AS calls JOIN periods ON periods.of_site = calls.site
    WHERE ($3 = 'include' OR unwanted = ($3 = 'only'))
        AND ($4 = '' OR {met})
),
touched AS (
    SELECT touches.call, touches.session, touched_at, touches.source, touches.medium, touches.campaign,
        touches.campaign_id, touches.term, touches.content, touches.channel, touches.click_platform,
        NULL AS landing_host, touches.landing_page,
        credit_first, credit_last, credit_last_non_direct, credit_last_paid, credit_lead_creation, credit_linear,
        credit_position_based, credit_w_shaped, credit_time_decay
    FROM touches JOIN chosen ON chosen.id = touches.call
    WHERE $5 = 'touches'
    UNION ALL
    SELECT id, session, coalesce(session_started_at, started_at), source, medium, campaign,
        campaign_id, term, content, channel, click_platform, landing_host, landing_page,
        1, 1, 1, 1, 1, 1, 1, 1, 1
    FROM chosen
    WHERE $5 = 'own' OR id NOT IN (SELECT call FROM touches WHERE site IN (SELECT of_site FROM periods))
),
shared AS (
    SELECT touched.*,
        chosen.*,
        coalesce(shares.share, 0) AS share,
        sum(coalesce(shares.share, 0)) OVER (PARTITION BY call) AS all_shares,
        count(*) OVER (PARTITION BY call) AS all_touches
    FROM touched
    JOIN (SELECT {chosen} FROM chosen) AS chosen ON chosen.id = touched.call
    LEFT JOIN shares ON shares.of_site = chosen.site AND shares.of_channel = touched.channel
),
credited AS (
    SELECT {shared},
        coalesce(shared.landing_host, sessions.landing_host, '') AS landing_host,
        {date} AS local_date,
        {weekday} AS local_weekday,
        {hour} AS local_hour,
        {offset} AS local_offset,
        {shift} AS shift,
        CASE WHEN all_shares > 0 THEN share / all_shares ELSE 1.0 / all_touches END AS credit_data_driven
    FROM shared LEFT JOIN {sessions} AS sessions ON sessions.id = shared.session AND sessions.site = shared.site
    WHERE {moment} >= since AND {moment} < until
)
