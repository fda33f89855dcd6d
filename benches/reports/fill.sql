-- A year of {calls} calls and {visits} visits of four sites up to today, in the order in which they would have come, with
-- the skew of real traffic: few sites, sources, pages and callers have most of it, and business hours most calls. Put into
-- the tables of the service by their names, so that columns that were added since keep their defaults.
SET preserve_insertion_order = true;
CREATE TEMP MACRO draw(n, salt) AS (hash(n * 31 + salt) % 1000003) / 1000003.0;
-- Of `kinds` things the first is had most often: about as many calls from 1 to 10 as from 10 to 100.
CREATE TEMP MACRO skewed(n, salt, kinds) AS floor(exp(draw(n, salt) * ln(kinds + 1)) - 1)::INTEGER % kinds;
CREATE TEMP MACRO day_of(n, all_of_them) AS current_date - 364 + (n * 365 // all_of_them)::INTEGER;
CREATE TEMP MACRO hour_of(n) AS CASE WHEN draw(n, 1) < 0.9 THEN 8 + floor(draw(n, 2) * 10) ELSE floor(draw(n, 3) * 24) END::TINYINT;
CREATE TEMP MACRO moment_of(n, all_of_them) AS
    epoch_ms(day_of(n, all_of_them)::TIMESTAMP) + hour_of(n)::BIGINT * 3600000 + floor(draw(n, 4) * 3600000)::BIGINT;
CREATE TEMP MACRO site_of(n) AS CASE WHEN draw(n, 5) < 0.6 THEN 'bench-0' WHEN draw(n, 5) < 0.85 THEN 'bench-1'
    WHEN draw(n, 5) < 0.95 THEN 'bench-2' ELSE 'bench-3' END;
-- As ids of version 7: the time first.
CREATE TEMP MACRO id_of(at_ms, n, salt) AS
    (lpad(to_hex(at_ms), 12, '0') || '7' || substr(md5(concat(n, '.', salt)), 1, 19))::UUID;
-- A campaign runs with one source and has its own keywords.
CREATE TEMP MACRO campaign_of(n) AS skewed(n, 7, 300);
CREATE TEMP MACRO channel_of(source_n) AS ['Paid Search', 'Organic Search', 'Direct', 'Paid Social', 'Referral', 'Email'][1 + source_n % 6];

INSERT INTO sessions BY NAME SELECT
    id_of(moment_of(n, {visits}), n, 'visit') AS id, moment_of(n, {visits}) AS version, site_of(n) AS site,
    id_of(moment_of(n, {visits}), n * 2 // 3, 'visitor') AS visitor, moment_of(n, {visits}) AS started_at,
    day_of(n, {visits}) AS local_date, hour_of(n) AS local_hour, isodow(day_of(n, {visits}))::TINYINT AS local_weekday,
    'source-' || (campaign_of(n) % 40) AS source, ['cpc', 'organic', '(none)', 'social', 'referral'][1 + campaign_of(n) % 5] AS medium,
    'campaign-' || campaign_of(n) AS campaign, '' AS campaign_id, concat('term ', campaign_of(n), '-', skewed(n, 8, 30)) AS term, '' AS content,
    channel_of(campaign_of(n) % 40) AS channel, 'google' AS click_platform, 'www.google.com' AS referrer_host,
    'shop.example' AS landing_host, '/services/page-' || skewed(n, 9, 400) AS landing_page, ['mobile', 'desktop', 'tablet'][1 + skewed(n, 10, 3)] AS device,
    'Chrome' AS browser, 'Android' AS os, 'US' AS country, 'CA' AS region, 'city-' || skewed(n, 11, 500) AS city,
    '-08:00' AS local_offset, 'office' AS shift, CASE WHEN draw(n, 12) < 0.1 THEN 'partner-' || skewed(n, 13, 30) ELSE '' END AS publisher
    FROM range({visits}) visits(n);

INSERT INTO leases BY NAME SELECT
    concat(n, '.main.own') AS id, moment_of(n, {visits}) AS version, site_of(n) AS site,
    id_of(moment_of(n, {visits}), n, 'visit') AS session, 'main' AS pool, '+1415555' || lpad((n % 40)::VARCHAR, 4, '0') AS number,
    CASE WHEN draw(n, 14) < 0.9 THEN 'own' WHEN draw(n, 14) < 0.96 THEN 'unrested' ELSE 'shared' END AS tier,
    moment_of(n, {visits}) AS granted_at, day_of(n, {visits}) AS local_date, hour_of(n) AS local_hour,
    isodow(day_of(n, {visits}))::TINYINT AS local_weekday, '-08:00' AS local_offset, 'office' AS shift, 'local' AS number_kind
    FROM range({visits}) visits(n);

-- A tenth of the visits sees a second number, at the foot of the page.
INSERT INTO leases SELECT * REPLACE (replace(id, 'main', 'foot') AS id, 'foot' AS pool, '+1415556' || right(number, 4) AS number)
    FROM leases WHERE hash(session) % 10 = 0;
UPDATE leases SET alone = session NOT IN (SELECT session FROM leases GROUP BY session HAVING count(*) > 1);

-- The call of every so manyth visit; a fifth has none.
CREATE TEMP MACRO visit_of(n) AS n * ({visits} // {calls});
CREATE TEMP MACRO came_at(n) AS moment_of(visit_of(n), {visits}) + 60000;
CREATE TEMP MACRO is_known(n) AS draw(n, 15) >= 0.2;
CREATE TEMP MACRO outcome_of(n) AS CASE WHEN draw(n, 16) < 0.74 THEN 'answered' WHEN draw(n, 16) < 0.98 THEN 'missed' ELSE 'rejected' END;
INSERT INTO calls BY NAME SELECT
    id_of(came_at(n), n, 'call') AS id, 3 AS version, site_of(visit_of(n)) AS site, 'twilio' AS provider, 'CA' || n AS provider_call_id,
    '+1415555' || lpad((n % 40)::VARCHAR, 4, '0') AS tracking_number, '+14155550100' AS destination,
    hash(skewed(n, 17, {calls} // 2))::UBIGINT AS caller, 'US' AS caller_country, 'CA' AS caller_region, 'city-' || skewed(n, 18, 300) AS caller_city,
    draw(n, 19) < 0.6 AS first_time,
    CASE outcome_of(n) WHEN 'missed' THEN ['no_answer', 'canceled', 'busy', 'voicemail'][1 + skewed(n, 20, 4)] ELSE outcome_of(n) END AS status,
    outcome_of(n) AS outcome, came_at(n) AS started_at, CASE WHEN outcome_of(n) = 'answered' THEN came_at(n) + 12000 END AS answered_at,
    came_at(n) + 12000 + floor(draw(n, 21) * 600000)::BIGINT AS ended_at, floor(draw(n, 22) * 40)::BIGINT AS wait_s,
    CASE WHEN outcome_of(n) = 'answered' THEN floor(draw(n, 21) * 600)::BIGINT END AS talk_s,
    day_of(visit_of(n), {visits}) AS local_date, hour_of(visit_of(n)) AS local_hour, isodow(day_of(visit_of(n), {visits}))::TINYINT AS local_weekday,
    is_known(n) AS attributed, CASE WHEN is_known(n) THEN 'holder' ELSE 'none' END AS basis,
    CASE WHEN is_known(n) THEN 0.5 + draw(n, 23) / 2 END AS confidence, 'own' AS tier,
    CASE WHEN is_known(n) THEN id_of(moment_of(visit_of(n), {visits}), visit_of(n), 'visit') END AS session,
    CASE WHEN is_known(n) THEN moment_of(visit_of(n), {visits}) END AS session_started_at,
    CASE WHEN is_known(n) THEN 'source-' || (campaign_of(visit_of(n)) % 40) ELSE '(unknown)' END AS source,
    CASE WHEN is_known(n) THEN ['cpc', 'organic', '(none)', 'social', 'referral'][1 + campaign_of(visit_of(n)) % 5] ELSE '(unknown)' END AS medium,
    CASE WHEN is_known(n) THEN 'campaign-' || campaign_of(visit_of(n)) ELSE '' END AS campaign, '' AS campaign_id,
    CASE WHEN is_known(n) THEN concat('term ', campaign_of(visit_of(n)), '-', skewed(visit_of(n), 8, 30)) ELSE '' END AS term, '' AS content,
    CASE WHEN is_known(n) THEN channel_of(campaign_of(visit_of(n)) % 40) ELSE 'Unknown' END AS channel, 'google' AS click_platform,
    'www.google.com' AS referrer_host, 'shop.example' AS landing_host,
    CASE WHEN is_known(n) THEN '/services/page-' || skewed(visit_of(n), 9, 400) ELSE '(unknown)' END AS landing_page, 'mobile' AS device,
    ['booked', 'info', 'wrong number', '', ''][1 + skewed(n, 24, 5)] AS disposition, 'agent-' || skewed(n, 25, 25) AS agent,
    draw(n, 26) < 0.5 AS qualified, draw(n, 27) < 0.2 AS converted, CASE WHEN draw(n, 27) < 0.2 THEN floor(draw(n, 28) * 50000) / 100 END::DECIMAL(18, 4) AS value,
    (draw(n, 29) * 100)::INTEGER AS lead_score, draw(n, 30) < 0.03 AS unwanted, '-08:00' AS local_offset, 'office' AS shift,
    CASE WHEN draw(visit_of(n), 12) < 0.1 THEN 'partner-' || skewed(visit_of(n), 13, 30) ELSE '' END AS publisher, 'main' AS tracker, 'local' AS number_kind,
    CASE WHEN outcome_of(n) = 'missed' AND draw(n, 31) < 0.5 THEN came_at(n) + 1800000 END AS called_back_at
    FROM range({calls}) calls(n);

INSERT INTO leads BY NAME SELECT
    id_of(came_at(n), n, 'lead') AS id, came_at(n) AS version, site_of(visit_of(n)) AS site, 'form' AS kind, came_at(n) AS created_at,
    day_of(visit_of(n), {visits}) AS local_date, hour_of(visit_of(n)) AS local_hour, isodow(day_of(visit_of(n), {visits}))::TINYINT AS local_weekday,
    hash(skewed(n, 17, {calls} // 2))::UBIGINT AS caller, 'source-' || (campaign_of(visit_of(n)) % 40) AS source, 'cpc' AS medium,
    'campaign-' || campaign_of(visit_of(n)) AS campaign, '' AS campaign_id, '' AS term, '' AS content, 'Paid Search' AS channel,
    'google' AS click_platform, 'shop.example' AS landing_host, '/' AS landing_page
    FROM range(0, {calls}, 20) calls(n);

INSERT INTO costs BY NAME SELECT
    concat(site, '.', day, '.', n) AS id, 1 AS version, 'bench-' || site AS site, current_date - 364 + day::INTEGER AS local_date,
    'source-' || n % 40 AS source, 'cpc' AS medium, 'campaign-' || n AS campaign, '' AS campaign_id, 'Paid Search' AS channel,
    '' AS publisher, 'ad' AS kind, 12.5 AS amount, 'USD' AS currency
    FROM range(4) sites(site), range(365) days(day), range(30) campaigns(n);
CHECKPOINT;
