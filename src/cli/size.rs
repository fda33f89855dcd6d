//! `ringtrace size`: how many numbers so many visitors need, without a server.

use clap::Args;
use jiff::SignedDuration;

use crate::lease::pools::sizing::{MOST_NUMBERS, erlang_b, numbers_for};

/// Options of `size`.
#[derive(Clone, Debug, Args)]
pub struct SizeArgs {
    /// Visitors an hour that ask for a number, in the busiest hour.
    #[arg(long, value_parser = positive)]
    pub arrivals_per_hour: f64,
    /// How long one keeps it, on average, with what it is held after the last page: 20m, 90s, 1h30m.
    #[arg(long)]
    pub hold: SignedDuration,
    /// Most of them that may get no number of their own: 0.01 or 1%.
    #[arg(long, default_value = "1%", value_parser = share)]
    pub target: f64,
    /// Also tell what a pool of this size would give; may be given several times.
    #[arg(long = "numbers", value_name = "NUMBERS", value_parser = clap::value_parser!(u32).range(0..=i64::from(MOST_NUMBERS)))]
    pub numbers: Vec<u32>,
}

/// Prints the number of numbers alone on standard output, and what it rests on beside it.
pub(super) fn run(args: &SizeArgs) {
    let offered = args.arrivals_per_hour * args.hold.as_secs_f64().max(0.0) / 3600.0;
    let needed = numbers_for(offered, args.target);
    eprintln!("offered load {offered:.2} erlangs; {}", gives(offered, needed));
    for numbers in &args.numbers {
        eprintln!("{}", gives(offered, *numbers));
    }
    println!("{needed}");
}

fn gives(offered: f64, numbers: u32) -> String {
    let without = erlang_b(offered, numbers) * 100.0;
    format!("with {numbers} numbers {without:.2} % of the visitors get none of their own")
}

fn positive(text: &str) -> Result<f64, String> {
    let number = text.parse::<f64>().ok().filter(|number| (0.0..=1e7).contains(number));
    number.ok_or_else(|| "expected a number from 0 to 10000000".to_owned())
}

/// `0.01` or `1%`.
fn share(text: &str) -> Result<f64, String> {
    let parsed = match text.strip_suffix('%') {
        Some(percent) => percent.trim().parse::<f64>().map(|percent| percent / 100.0),
        None => text.parse(),
    };
    let share = parsed.ok().filter(|share| (1e-6..1.0).contains(share));
    share.ok_or_else(|| "expected a share such as 0.01 or 1%".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_a_share_or_a_percentage() {
        assert_eq!((share("0.01"), share("1%"), share("0.5 %")), (Ok(0.01), Ok(0.01), Ok(0.005)));
        for wrong in ["0", "1", "100%", "-1%", "NaN", "some"] {
            assert!(share(wrong).is_err(), "{wrong}");
        }
        assert!(positive("NaN").is_err() && positive("-1").is_err());
    }
}
