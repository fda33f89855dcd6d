//! What shows the page: kind of machine, family of the browser and of the system, by user agent and
//! client hints. The words are data (`config/machines.toml`); a library that knows every model would
//! cost tens of microseconds a page view and megabytes, for four kinds of devices
//! (`docs/adr/0005-own-tables-for-agents.md`).
//!
//! What cannot be told: an iPad that asks for desktop pages (its default) says that it is a Mac, and
//! sends no hints. It counts as a desktop with Safari on macOS.

use crate::visit::bot::cut;
use crate::visit::model::{Device, Machine};
use crate::visit::tables::Tables;
use crate::visit::tables::machines::{MachineTable, Signs};

/// What the browser itself says of the machine, besides its user agent (`Sec-CH-UA…`,
/// <https://wicg.github.io/ua-client-hints/>). Empty where it says nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct ClientHints<'a> {
    /// `Sec-CH-UA`: brands and versions.
    pub brands: &'a str,
    /// `Sec-CH-UA-Mobile`: `?1` or `?0`.
    pub mobile: &'a str,
    /// `Sec-CH-UA-Platform`, quoted.
    pub platform: &'a str,
}

/// Longest part of a user agent or hint that is read, in bytes.
const READ: usize = 1024;

/// Most brands that are read of a hint; browsers send three or four.
const BRANDS: usize = 8;

/// The machine that `user_agent` and `hints` tell of. A hinted platform wins over the agent, which
/// browsers freeze; a browser is the most specific one that either names.
pub fn machine(tables: &Tables, user_agent: &str, hints: ClientHints<'_>) -> Machine {
    let table = tables.machines();
    let signs = table.read(cut(user_agent, READ));
    let hinted = brands(cut(hints.brands, READ)).filter_map(|brand| table.brand(brand));
    let browser = hinted.chain(signs.browser).min();
    let platform = hints.platform.trim().trim_matches('"');
    let system = table.platform(platform).or(signs.system);
    let system = system.map_or("", |family| table.system(family));
    Machine {
        device: device(&signs, system, hints),
        browser: browser_name(table, browser, system).to_owned(),
        os: system.to_owned(),
    }
}

fn device(signs: &Signs, system: &str, hints: ClientHints<'_>) -> Device {
    let hinted = match hints.mobile.trim() {
        "?1" => Some(true),
        "?0" => Some(false),
        _ => None,
    };
    if signs.other {
        return Device::Other;
    }
    // Windows agents say "Tablet PC" where a pen is supported.
    if signs.tablet && system != "Windows" {
        return Device::Tablet;
    }
    match (hinted.unwrap_or(signs.mobile), system) {
        (true, _) => Device::Mobile,
        // Chrome's rule for its agents: a phone says "Mobile", a tablet does not.
        (false, "Android" | "Fire OS" | "HarmonyOS") => Device::Tablet,
        (false, "Windows" | "macOS" | "Linux" | "ChromeOS" | "BSD" | "Solaris") => Device::Desktop,
        (false, "iOS" | "Windows Phone" | "Symbian" | "BlackBerry" | "KaiOS") => Device::Mobile,
        (false, _) => Device::Other,
    }
}

/// The words `Safari` and `Version/4.0` on Android are of the browser that was there before Chrome.
fn browser_name<'t>(table: &'t MachineTable, browser: Option<usize>, system: &str) -> &'t str {
    match browser.map_or("", |family| table.browser(family)) {
        "Safari" if system == "Android" => "Android Browser",
        name => name,
    }
}

/// The brands of `"Chromium";v="140", "Not\\"A;Brand";v="24", "Google Chrome";v="140"`: what is quoted
/// before each version. Brands that are there to be ignored are in no table.
fn brands(hint: &str) -> impl Iterator<Item = &str> {
    hint.split("v=\"").take(BRANDS).filter_map(|piece| {
        let quoted = piece.trim_end().strip_suffix(';')?.trim_end();
        quoted.strip_suffix('"')?.rsplit('"').next()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHROME_ANDROID: &str = "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, \
                                  like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36";

    fn tables() -> Tables {
        Tables::load().expect("the compiled-in tables are readable")
    }

    fn told(agent: &str, brands: &str, mobile: &str, platform: &str) -> (Device, String, String) {
        let machine = machine(&tables(), agent, ClientHints { brands, mobile, platform });
        (machine.device, machine.browser, machine.os)
    }

    #[test]
    fn hints_win_over_a_frozen_agent() {
        let brave = r#""Brave";v="140", "Not=A?Brand";v="24", "Chromium";v="140""#;
        let expected = |device, browser: &str, os: &str| (device, browser.into(), os.into());
        assert_eq!(
            told(CHROME_ANDROID, brave, "?1", "\"Android\""),
            expected(Device::Mobile, "Brave", "Android")
        );
        // A tablet in its desktop mode, and Chrome on a computer that names itself otherwise.
        let linux = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) \
                     Chrome/140.0.0.0 Safari/537.36";
        assert_eq!(
            told(linux, "", "?0", "\"Android\""),
            expected(Device::Tablet, "Chrome", "Android")
        );
        assert_eq!(
            told(linux, "", "?0", "\"Chrome OS\""),
            expected(Device::Desktop, "Chrome", "ChromeOS")
        );
        // What no table knows changes nothing.
        assert_eq!(
            told(CHROME_ANDROID, "\"Some\\\"Brand\";v=\"1\"", "?2", "\"Unknown\""),
            expected(Device::Mobile, "Chrome", "Android")
        );
    }

    #[test]
    fn brands_are_what_stands_before_a_version() {
        let read = |hint| brands(hint).collect::<Vec<_>>();
        let hint = r#""Chromium"; v="140", "Not;A=Brand";v="24", "Google Chrome";v="140""#;
        assert_eq!(read(hint), ["Chromium", "Not;A=Brand", "Google Chrome"]);
        assert_eq!(read("Chromium"), [""; 0]);
        assert_eq!(read(""), [""; 0]);
        assert!(read(&"\"A\";v=\"1\", ".repeat(100)).len() <= BRANDS);
    }

    #[test]
    fn nothing_known_is_nothing_said() {
        assert_eq!(told("", "", "", ""), (Device::Other, String::new(), String::new()));
    }
}
