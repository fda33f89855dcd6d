-- Called by report::query::sql: visits, and whether a call was ever attributed to them. {sites}: parameters of the sites;
-- {wanted}: which calls count.
(SELECT sessions.*, callers.session IS NOT NULL AS called
FROM sessions LEFT JOIN (
    SELECT DISTINCT session FROM calls WHERE session IS NOT NULL AND site IN ({sites}) AND {wanted}
) AS callers ON callers.session = sessions.id)
