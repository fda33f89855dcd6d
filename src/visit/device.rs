//! What kind of machine shows the page, by its user agent.

use crate::visit::model::{Device, Machine};

/// What the browser itself says of the machine, besides its user agent (`Sec-CH-UA…`).
#[derive(Clone, Copy, Debug, Default)]
pub struct ClientHints<'a> {
    /// `Sec-CH-UA`: brands and versions.
    pub brands: &'a str,
    /// `Sec-CH-UA-Mobile`: `?1` or `?0`.
    pub mobile: &'a str,
    /// `Sec-CH-UA-Platform`, quoted.
    pub platform: &'a str,
}

/// The machine that `user_agent` and `hints` tell of.
pub fn machine(user_agent: &str, _hints: ClientHints<'_>) -> Machine {
    Machine { device: device(user_agent), ..Machine::default() }
}

/// The device that `user_agent` names. An iPad that asks for desktop pages says that it is a Mac;
/// nothing in the header tells them apart.
pub fn device(user_agent: &str) -> Device {
    let has = |word: &str| user_agent.contains(word);
    let is_tv = has("SmartTV") || has("SMART-TV") || has("AppleTV") || has("BRAVIA") || has("AFT");
    if is_tv || has("PlayStation") || has("Xbox") {
        return Device::Other;
    }
    if has("iPad") || has("Tablet") || has("Kindle") || has("Silk/") && !has("Mobile") {
        return Device::Tablet;
    }
    if has("Android") {
        return if has("Mobile") { Device::Mobile } else { Device::Tablet };
    }
    if has("Mobi") || has("iPhone") || has("iPod") || has("Opera Mini") {
        return Device::Mobile;
    }
    if has("Windows") || has("Macintosh") || has("X11") || has("CrOS") || has("Linux") {
        return Device::Desktop;
    }
    Device::Other
}
