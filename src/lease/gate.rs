//! Who may ask, and who is turned away: the first steps of every request of a page.

use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpRequest, web};

use crate::config::model::Site;
use crate::config::{Installation, Live};
use crate::http::problem::Problem;
use crate::lease::desk::Desk;
use crate::lease::rules::origin_allowed;
use crate::visit::bot::{Evidence, judge};
use crate::visit::model::NoNumberReason;

pub(super) fn live(request: &HttpRequest) -> Result<&Live, Problem> {
    request.app_data::<web::Data<Live>>().map(|live| live.as_ref()).ok_or(Problem::Internal)
}

/// The site of a key, and the origin to allow; a request without `Origin` is no browser's
/// cross-origin one, and there is nothing to allow.
pub(super) fn site<'a>(
    request: &HttpRequest,
    installation: &'a Installation,
    key: &str,
) -> Result<(&'a Site, Option<HeaderValue>), Problem> {
    let site = installation.site_by_key(key).ok_or(Problem::NotFound { what: "site key" })?;
    let Some(origin) = request.headers().get(header::ORIGIN) else { return Ok((site, None)) };
    let allowed = origin.to_str().is_ok_and(|origin| origin_allowed(&site.origins, origin));
    if allowed { Ok((site, Some(origin.clone()))) } else { Err(Problem::OriginNotAllowed) }
}

/// Why this request gets no number and leaves no trace, if so. A program that loads a page ahead of
/// time is a program all the same.
pub(super) fn turn_away(
    desk: &Desk<'_>,
    installation: &Installation,
    prerender: bool,
) -> Option<NoNumberReason> {
    let config = &installation.config;
    if !desk.limiter.allows(&config.limits, desk.address) {
        return Some(NoNumberReason::RateLimited);
    }
    let evidence = Evidence {
        user_agent: desk.user_agent(),
        hints: desk.hints(),
        network: config.bots.data_centres.then(|| &desk.located().network),
    };
    if let Some(bot) = judge(desk.tables, &evidence) {
        metrics::counter!("ringtrace_bots_total", "kind" => bot.kind.word()).increment(1);
        return Some(NoNumberReason::Bot);
    }
    (prerender || desk.is_ahead()).then_some(NoNumberReason::Prerender)
}
