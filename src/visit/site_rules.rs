//! What one site says about reading its page views, compiled from its configuration.

use crate::config::model::Site;

/// The rules of one site, compiled once when its configuration is read.
#[derive(Debug, Default)]
pub struct SiteRules {
    /// Origins of the site's own pages: a referrer among them is none.
    pub origins: Vec<String>,
}

impl SiteRules {
    /// Compiles the rules of `site`, which the check of the configuration has let through.
    pub fn compile(site: &Site) -> Self {
        SiteRules { origins: site.origins.clone() }
    }
}
