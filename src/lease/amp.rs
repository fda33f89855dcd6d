//! `GET /v1/amp`: the number for an AMP page (`amp-call-tracking`), where no script of ours may run.
//!
//! <https://amp.dev/documentation/components/amp-call-tracking>: the page asks once for each address in its
//! `config`, with credentials, and puts what it is told into its `tel:` link. It cannot beat, so each
//! request is a session of its own and its number is held for `hold` alone; it tells of no consent, so
//! nothing is stored and nobody is known.

use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, get, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::config::Installation;
use crate::config::model::{Site, Target};
use crate::http::problem::{Problem, ProblemBody};
use crate::lease::amp_origin::amp_origin_allowed;
use crate::lease::desk::Desk;
use crate::lease::gate::{live, turn_away};
use crate::lease::http::{count_view, unavailable};
use crate::lease::known::Known;
use crate::lease::model::{PageSign, SignKind};
use crate::lease::reply::{Identity, Outcome, reply};
use crate::lease::serve::{Wish, serve};
use crate::lease::view::View;
use crate::lease::wire::LeaseRequest;
use crate::platform::ids::TargetId;
use crate::visit::model::NoNumberReason;

/// What an AMP page says; `url=SOURCE_URL&referrer=DOCUMENT_REFERRER` is filled in by AMP itself.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct AmpQuery {
    /// The site's public key.
    key: String,
    /// The target whose number is in the link; without it, the site's first one.
    #[param(value_type = Option<String>)]
    target: Option<TargetId>,
    /// Address of the page.
    url: Option<String>,
    /// Where it was come from.
    referrer: Option<String>,
    /// Where the page comes from, as AMP itself says.
    #[serde(rename = "__amp_source_origin")]
    source_origin: Option<String>,
}

/// What an AMP page is told.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct AmpReply {
    /// The number to dial, E.164.
    phone_number: String,
    /// The number to show, in its national form.
    formatted_phone_number: String,
}

/// The number for an AMP page.
#[utoipa::path(
    tag = "snippet",
    params(AmpQuery),
    responses(
        (status = 200, description = "The number to show; the business' own where there is no other", body = AmpReply),
        (status = "4XX", description = "The page keeps its number", body = ProblemBody),
    )
)]
#[get("/v1/amp")]
pub(super) async fn get_amp(
    request: HttpRequest,
    asked: web::Query<AmpQuery>,
) -> Result<HttpResponse, Problem> {
    let live = live(&request)?.now_full();
    let desk = Desk::of(&request, &live)?;
    let AmpQuery { key, target, url, referrer, source_origin } = asked.into_inner();
    let site = live.site_by_key(&key).ok_or(Problem::NotFound { what: "site key" })?;
    let origins = Origins::of(&request, site, source_origin)?;
    let wanted =
        site.targets.iter().position(|known| target.as_ref().is_none_or(|t| *t == known.id));
    let wanted = wanted.ok_or(Problem::NotFound { what: "target" })?;

    let url = url.or_else(|| origins.page()).unwrap_or_default();
    let view = LeaseRequest::of_page(key, page_id()?, url, referrer)?;
    let outcome = match turn_away(&desk, &live, false) {
        Some(reason) => Outcome::Nothing(reason),
        None => serve_alone(&desk, &live, site, &view).await,
    };
    let reply = reply(&live, site, &outcome, Identity::nobody());
    count_view(&reply, view.seq);
    let told = match reply.targets.get(wanted).and_then(|target| target.tracking.as_ref()) {
        Some(tracking) => AmpReply {
            phone_number: tracking.number.to_string(),
            formatted_phone_number: tracking.national.to_string(),
        },
        None => own_number(&live, &site.targets[wanted]),
    };
    origins.answer(&told)
}

/// Opens a session and leases what it wishes for.
async fn serve_alone(
    desk: &Desk<'_>,
    live: &Installation,
    site: &Site,
    asked: &LeaseRequest,
) -> Outcome {
    if !desk.may_begin(live, site) {
        return Outcome::Nothing(NoNumberReason::RateLimited);
    }
    let mut view = View::decide(desk, site, live.rules(&site.id), asked, &Known::nobody());
    let sign = PageSign {
        page: asked.page.clone(),
        seq: 1,
        kind: SignKind::View,
        done: Vec::new(),
        path: None,
    };
    let keys = live.shards.keys(&site.id);
    let nearby = site.pools.iter().any(|pool| pool.match_area);
    let wish = Wish {
        sign: &sign,
        want: asked.want,
        shown: &asked.shown,
        url: &asked.url,
        place: nearby.then(|| &desk.located().place),
    };
    let clerk = desk.clerk(live, site);
    let served = serve(&clerk, &keys, site, &mut view, wish);
    match desk.store.redis().in_time(served).await {
        Ok((_, outcome)) => {
            metrics::counter!("ringtrace_sessions_total").increment(1);
            outcome
        }
        Err(error) => unavailable(&error),
    }
}

fn own_number(live: &Installation, target: &Target) -> AmpReply {
    let written = &live.known(&target.number).written;
    AmpReply {
        phone_number: written.e164.clone(),
        formatted_phone_number: written.national.clone(),
    }
}

fn page_id() -> Result<crate::platform::ids::PageId, Problem> {
    Uuid::new_v4().simple().to_string().parse().map_err(|_| Problem::Internal)
}

/// Where a page is shown, and where it comes from.
struct Origins {
    origin: Option<HeaderValue>,
    source: Option<String>,
}

impl Origins {
    /// Refuses pages that are not the site's, and copies of such.
    fn of(request: &HttpRequest, site: &Site, source: Option<String>) -> Result<Self, Problem> {
        let origin = request.headers().get(header::ORIGIN).cloned();
        let shown = match &origin {
            Some(origin) => Some(origin.to_str().map_err(|_| Problem::OriginNotAllowed)?),
            // Shown on the service's own host, or no browser asks; still, it says whose page it is.
            None => source.as_deref(),
        };
        let allowed = |shown| amp_origin_allowed(&site.origins, shown, source.as_deref());
        if shown.is_none_or(allowed) {
            Ok(Origins { origin, source })
        } else {
            Err(Problem::OriginNotAllowed)
        }
    }

    /// The site's front page, when the page does not say which one it is.
    fn page(&self) -> Option<String> {
        self.source.as_ref().map(|origin| format!("{origin}/"))
    }

    fn answer(self, told: &AmpReply) -> Result<HttpResponse, Problem> {
        const SOURCE_ORIGIN: &str = "amp-access-control-allow-source-origin";
        let mut response = HttpResponse::Ok();
        response
            .insert_header((header::CACHE_CONTROL, "no-store"))
            .insert_header((header::VARY, "Origin"));
        if let Some(origin) = self.origin {
            // AMP asks with credentials and takes no answer that does not allow it; none are read or set.
            response
                .insert_header((header::ACCESS_CONTROL_ALLOW_ORIGIN, origin))
                .insert_header((header::ACCESS_CONTROL_ALLOW_CREDENTIALS, "true"));
        }
        if let Some(source) = self.source {
            let value = HeaderValue::from_str(&source).map_err(|_| Problem::OriginNotAllowed)?;
            response
                .insert_header((HeaderName::from_static(SOURCE_ORIGIN), value))
                .insert_header((header::ACCESS_CONTROL_EXPOSE_HEADERS, SOURCE_ORIGIN));
        }
        Ok(response.json(told))
    }
}
