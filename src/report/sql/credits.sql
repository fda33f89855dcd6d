-- Called by report::credits::store, behind credited.sql: what every source earned under every model.
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
    sum(weight * credit_data_driven)
FROM credited
GROUP BY ALL
