-- Called by report::query::sql: a person's first contact that nobody answered, by call or form, with the seconds until the
-- first conversation with them. {sites}: parameters of the sites; {wanted}: which calls count. Of several contacts before
-- one conversation the first counts; a caller without a number cannot be known again.
(WITH contacts AS (
    SELECT site, caller, started_at, local_date, local_hour, local_weekday, local_offset, shift,
        source, medium, campaign, campaign_id, term, content, channel, click_platform, landing_host, landing_page
    FROM calls WHERE site IN ({sites}) AND outcome = 'missed' AND caller IS NOT NULL AND {wanted}
    UNION ALL
    SELECT site, caller, created_at, local_date, local_hour, local_weekday, local_offset, shift,
        source, medium, campaign, campaign_id, term, content, channel, click_platform, landing_host, landing_page
    FROM leads WHERE site IN ({sites}) AND caller IS NOT NULL
),
conversations AS (
    SELECT site, caller, coalesce(answered_at, started_at) AS moment FROM calls
    WHERE site IN ({sites}) AND outcome = 'answered' AND caller IS NOT NULL
    UNION ALL
    SELECT site, caller, coalesce(reached_at, 0) FROM calls
    WHERE site IN ({sites}) AND reached_at IS NOT NULL AND caller IS NOT NULL
),
followed AS (
    SELECT contacts.*, conversations.moment AS talked_at
    FROM contacts ASOF LEFT JOIN conversations
    ON conversations.site = contacts.site AND conversations.caller = contacts.caller
        AND contacts.started_at < conversations.moment
)
SELECT *, (talked_at - started_at) / 1000.0 AS response_s FROM followed
QUALIFY row_number() OVER (PARTITION BY site, caller, talked_at ORDER BY started_at) = 1)
