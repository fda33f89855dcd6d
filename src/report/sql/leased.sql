-- Called by report::query::sql: numbers that were given to sessions, with where the session came from. {columns}: what is
-- asked of sessions, from a closed list; {sessions}: the visits of the sites.
(SELECT leases.*, {columns}
FROM leases LEFT JOIN {sessions} AS sessions ON sessions.id = leases.session AND sessions.site = leases.site)
