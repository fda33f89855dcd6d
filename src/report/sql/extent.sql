-- Called by report::credits::effects: what the ways of a site's visitors are made of. $1 to $3 as in paths.sql. Whatever
-- changes a way, a visit more, another channel of one, a call that is attributed anew, changes one of these figures.
SELECT
    (SELECT count(*) FROM sessions WHERE site = $1 AND started_at >= $2 AND started_at < $3)::BIGINT,
    (SELECT coalesce(max(version), 0) FROM sessions WHERE site = $1 AND started_at >= $2 AND started_at < $3)::BIGINT,
    (SELECT count(*) FROM calls WHERE site = $1 AND started_at >= $2 AND session IS NOT NULL AND NOT unwanted)::BIGINT,
    (SELECT coalesce(sum(version), 0) FROM calls
        WHERE site = $1 AND started_at >= $2 AND session IS NOT NULL AND NOT unwanted)::BIGINT
