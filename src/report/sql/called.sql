-- Called by report::query::sql: visits, and whether a call was ever attributed to them. {sites}: parameters of the sites;
-- {wanted}: which calls count; {since}, {until}: milliseconds between which the visits lie, so that the calls of others
-- need not be looked at.
(SELECT sessions.*,
    sessions.id IN (
        SELECT session FROM calls WHERE session IS NOT NULL AND site IN ({sites}) AND {wanted}
            AND (session_started_at IS NULL OR session_started_at BETWEEN {since} AND {until})
    ) AS called
FROM sessions)
