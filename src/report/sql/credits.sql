-- Called by report::credits::store, with {moment} and {weight} replaced by columns of closed lists.
-- $1 site; $2 to $3 milliseconds, half open; $4 channels and $5 their data-driven shares, joined by commas
-- (shares) and by the separator U+001F (channels).
-- Unwanted calls earn nothing. A call's touches share it by the shares of their channels, or alike where none has any.
WITH shares AS (
    SELECT unnest(string_split($4, chr(31))) AS channel, unnest(string_split($5, ','))::DOUBLE AS share
),
counted AS (
    SELECT touches.*, {weight} AS weight, {moment} AS moment,
        coalesce(shares.share, 0) AS share,
        sum(coalesce(shares.share, 0)) OVER (PARTITION BY call) AS all_shares,
        count(*) OVER (PARTITION BY call) AS all_touches
    FROM touches
    JOIN calls ON calls.id = touches.call
    LEFT JOIN shares ON shares.channel = touches.channel
    WHERE touches.site = $1 AND NOT calls.unwanted
)
SELECT source, medium, campaign, channel,
    sum(weight * credit_first),
    sum(weight * credit_last),
    sum(weight * credit_last_non_direct),
    sum(weight * credit_last_paid),
    sum(weight * credit_lead_creation),
    sum(weight * credit_linear),
    sum(weight * credit_position_based),
    sum(weight * credit_w_shaped),
    sum(weight * credit_time_decay),
    sum(weight * CASE WHEN all_shares > 0 THEN share / all_shares ELSE 1.0 / all_touches END)
FROM counted
WHERE moment >= $2 AND moment < $3
GROUP BY ALL
