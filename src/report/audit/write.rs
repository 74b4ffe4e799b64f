//! An audit written down: its JSON, its CSV and its words.

use crate::network::audit::clopper_pearson::clopper_pearson;
use crate::network::audit::level::Level;
use crate::network::audit::summary::Spread;
use crate::network::audit::{Layer, Record, Summary};
use crate::network::forward::compare::Against;
use crate::network::forward::twin::Twin;
use crate::network::model::words::{decimal, layer_name};
use crate::network::read::load::Loaded;
use crate::network::rows::{Noise, NoiseLevel, FAILURE_LOG2};
use crate::report::text::{line, plain};
use serde_json::{json, Value};
use std::fmt::Write as _;

/// The format tag.
pub const FORMAT: &str = "polycert-audit/3";
/// What the intervals take for granted.
const SAMPLING: &str = "samples drawn independently from one distribution";

/// A number of a layer.
type OfLayer = fn(&Layer) -> f64;

/// An audit that is done.
pub struct Told<'a> {
    /// The network.
    pub loaded: &'a Loaded,
    /// What is said of its inputs.
    pub input_said: &'a [String],
    /// Its twin.
    pub twin: &'a Twin,
    /// The levels of noise.
    pub levels: &'a [Level],
    /// The counts.
    pub summary: &'a Summary,
    /// Every sample.
    pub records: &'a [Record],
    /// What the twin is held against.
    pub against: Against,
    /// 1 - confidence of the intervals.
    pub risk: f64,
    /// The command that made it.
    pub command: &'a str,
}

/// An f64 of at most 7 digits on the safe side of a bound.
fn brief(x: f64, up: bool) -> f64 {
    let short = |x: f64| -> f64 { format!("{x:.6e}").parse().unwrap_or(x) };
    // Nearest, which is at most half a unit of the last digit off, or one unit further.
    let unit = 10f64.powf(x.abs().log10().floor() - 6.0);
    let near = short(x);
    let further = short(if up { near + unit } else { near - unit });
    let safe = |y: &f64| y.is_finite() && if up { *y >= x } else { *y <= x };
    [near, further].into_iter().find(safe).unwrap_or(x)
}

impl Told<'_> {
    /// Interval of the share of inputs that are certified at a level.
    fn bound_certified_share(&self, level: usize) -> (f64, f64) {
        let certified = self.summary.levels[level].certified;
        clopper_pearson(certified, self.summary.samples, self.risk)
    }

    fn interval(&self, (lo, hi): (f64, f64)) -> Value {
        json!({
            "confidence": 1.0 - self.risk,
            "bound_lo": lo,
            "bound_hi": hi,
            "assumes": SAMPLING,
        })
    }

    /// Everything but the samples.
    pub fn json(&self, from: usize, input_sha256: &str, labels_sha256: Option<&str>) -> Value {
        let (s, network, twin) = (self.summary, &self.loaded.network, self.twin);
        let layers = network
            .activations()
            .into_iter()
            .enumerate()
            .map(|(i, id)| {
                json!({
                    "layer": network.nodes[id].name,
                    "operation": network.nodes[id].op.name(),
                    "scale": twin.activations[i].place(),
                    "bound_network_reach": s.bound_network_reach.get(i),
                    "bound_twin_reach": s.bound_twin_reach.get(i),
                    "sensitivity": s.layers.get(i),
                })
            });
        let levels = self
            .levels
            .iter()
            .zip(&s.levels)
            .enumerate()
            .map(|(i, (level, found))| {
                json!({
                    "noise": level.name,
                    "worst": greatest(&level.noise, |n| n.worst),
                    "sigma": greatest(&level.noise, |n| n.sigma),
                    "rests_on": level.rests_on,
                    "found": found,
                    "certified_interval": self.interval(self.bound_certified_share(i)),
                })
            });
        let right = |right, wrong| {
            let share = || self.interval(s.bound_accuracy(right, wrong, self.risk));
            (s.labelled > 0).then(share)
        };
        let mut counts = json!(s);
        if let Some(counts) = counts.as_object_mut() {
            // Told layer by layer and level by level.
            for field in [
                "bound_network_reach",
                "bound_twin_reach",
                "levels",
                "layers",
            ] {
                counts.remove(field);
            }
        }
        json!({
            "format": FORMAT,
            "generator": format!("polycert {}", env!("CARGO_PKG_VERSION")),
            "command": self.command,
            "network": network.name,
            "network_sha256": self.loaded.sha256,
            "network_said": self.loaded.said,
            "input_sha256": input_sha256,
            "input_said": self.input_said,
            "labels_sha256": labels_sha256,
            "table_sha256": twin.digests,
            "coefficients": twin.coefficients.to_string(),
            "error_model": match self.against {
                Against::Network => "exact centre: the polynomials in exact arithmetic, and the noise of the levels at their outputs",
                Against::Itself => "exact centre: a network whose activations are polynomials, held against nothing (`same` is that its \
                    class is proved), and the noise of the levels at their outputs",
                Against::Reference => "exact centre: the polynomials in exact arithmetic, held against another network, and the noise of \
                    the levels at their outputs",
            },
            "failure_probability_log2": FAILURE_LOG2,
            "from": from,
            "summary": counts,
            "same_class_interval": self.interval(s.bound_same_share(self.risk)),
            "network_accuracy_interval": right(s.network_right, s.network_wrong),
            "twin_accuracy_interval": right(s.twin_right, s.twin_wrong),
            "levels": levels.collect::<Vec<_>>(),
            "activations": layers.collect::<Vec<_>>(),
        })
    }

    /// The whole file: `report`, and one line for each sample.
    pub fn whole(&self, report: &Value) -> String {
        let mut text = format!("{report:#}");
        // The last brace makes room for one more field.
        text.truncate(text.trim_end().trim_end_matches('}').trim_end().len());
        text.push_str(",\n  \"samples\": [\n");
        for (i, r) in self.records.iter().enumerate() {
            let low = |x: &Option<f64>| x.map(|x| brief(x, false));
            let margins: Vec<Option<f64>> = r.bound_noise_margins.iter().map(low).collect();
            let mut sample = json!({
                "sample": r.sample,
                "label": r.label,
                "verdict": r.verdict,
                "network_class": r.network_class,
                "twin_class": r.twin_class,
                "bound_network_margin": low(&r.bound_network_margin),
                "bound_twin_margin": low(&r.bound_twin_margin),
                "bound_change": r.bound_change.map(|x| brief(x, true)),
                "bound_noise_margins": margins,
            });
            if let Some(reason) = self.reason(r) {
                sample["reason"] = json!(reason);
            }
            let comma = if i + 1 < self.records.len() { "," } else { "" };
            let _ = writeln!(text, "    {sample}{comma}");
        }
        text.push_str("  ]\n}\n");
        text
    }

    /// One line for each sample.
    pub fn csv(&self) -> String {
        let network = &self.loaded.network;
        let names: Vec<String> = network
            .activations()
            .into_iter()
            .map(|id| network.nodes[id].name.clone())
            .collect();
        let fixed = "sample,label,verdict,network_class,twin_class,bound_network_margin,bound_twin_margin,bound_change,outside_neuron,error";
        let mut header: Vec<String> = fixed.split(',').map(str::to_owned).collect();
        for level in self.levels {
            header.push(format!("bound_margin under {}", level.name));
            header.push(format!("bound_deviation under {}", level.name));
        }
        const LAYER: [(&str, OfLayer); 4] = [
            ("estimate_worst", |l| l.estimate_worst),
            ("estimate_sigma", |l| l.estimate_sigma),
            ("estimate_worst_bits", |l| l.estimate_worst_bits),
            ("estimate_sigma_bits", |l| l.estimate_sigma_bits),
        ];
        for kind in ["bound_twin_reach"].into_iter().chain(LAYER.map(|l| l.0)) {
            header.extend(names.iter().map(|name| format!("{kind} {name}")));
        }
        let mut out = line(header.iter().map(|h| plain(h)).collect());
        fn shown<T: ToString>(x: Option<T>) -> String {
            x.map(|x| x.to_string()).unwrap_or_default()
        }
        for r in self.records {
            let mut cells = vec![
                r.sample.to_string(),
                shown(r.label),
                r.verdict.clone(),
                shown(r.network_class),
                shown(r.twin_class),
                shown(r.bound_network_margin),
                shown(r.bound_twin_margin),
                shown(r.bound_change),
                shown(r.outside_neuron),
                r.error.as_deref().map(plain).unwrap_or_default(),
            ];
            for i in 0..self.levels.len() {
                for list in [&r.bound_noise_margins, &r.bound_noise_deviations] {
                    cells.push(shown(list.get(i).copied().flatten()));
                }
            }
            cells.extend((0..names.len()).map(|i| shown(r.bound_twin_reach.get(i))));
            for (_, of) in LAYER {
                cells.extend((0..names.len()).map(|i| shown(r.layers.get(i).map(of))));
            }
            out.push_str(&line(cells));
        }
        out
    }

    /// For people.
    pub fn words(&self) -> String {
        let s = self.summary;
        let (lo, hi) = s.bound_same_share(self.risk);
        let confidence = 1.0 - self.risk;
        let (title, of, domain, share) = match self.against {
            Against::Itself => (
                "CLASS PROVED",
                "of the exact polynomial network, held against nothing",
                "a polynomial's domain",
                "a proved class",
            ),
            Against::Network => (
                "SAME CLASS",
                "of the exact networks",
                "a polynomial's domain",
                "the same class",
            ),
            Against::Reference => (
                "SAME CLASS",
                "of the exact network and the reference",
                "a polynomial's domain",
                "the same class",
            ),
        };
        let mut out = format!(
            "{title} on {} of {} samples: proved {of}, no noise\n\
             different {} (proved), undecided {}, precision exhausted {}, outside {domain} {} (proved), failed {}\n\
             share of inputs with {share} in [{lo:.4}, {hi:.4}] with confidence {confidence} (Clopper-Pearson; for samples drawn independently)\n",
            s.same, s.samples, s.different, s.undecided, s.exhausted, s.outside, s.failed
        );
        if s.labelled > 0 {
            let share = |n, wrong| {
                let (lo, hi) = s.bound_accuracy(n, wrong, self.risk);
                format!("{n} (accuracy in [{lo:.4}, {hi:.4}])")
            };
            let own = share(s.network_right, s.network_wrong);
            let both = match self.against {
                Against::Itself => own,
                _ => format!("network {own}, twin {}", share(s.twin_right, s.twin_wrong)),
            };
            let _ = writeln!(
                out,
                "right answers of {}: {both}: proved classes; an undecided one counts as right and as wrong",
                s.labelled
            );
        }
        let show = |x: Option<f64>, up: bool| x.map_or("-".to_owned(), |x| decimal(x, up));
        let least = show(s.bound_least_margin, false);
        let _ = match self.against {
            Against::Itself => writeln!(out, "least margin of the network {least}\n"),
            _ => writeln!(
                out,
                "least margin of the network {least}; greatest change of a logit {}\n",
                show(s.bound_greatest_change, true)
            ),
        };
        self.under_noise(&mut out);
        self.layers(&mut out);
        let told = self
            .records
            .iter()
            .filter_map(|r| Some((r, self.reason(r)?)));
        for (r, reason) in told.take(5) {
            let _ = writeln!(out, "sample {}: {reason}", r.sample);
        }
        out
    }

    /// Why a sample has no verdict on its class.
    fn reason(&self, r: &Record) -> Option<String> {
        let network = &self.loaded.network;
        let last = r.bound_twin_reach.len().checked_sub(1);
        let layer = |i: usize| layer_name(network, network.activations()[i]);
        let what = |i: usize| match self.twin.activations[i].is_own() {
            true => "polynomial",
            false => "table",
        };
        match r.verdict.as_str() {
            "failed" => r.error.clone(),
            "outside" => last.map(|i| {
                let neuron = r.outside_neuron.unwrap_or(0);
                match self.twin.activations[i].domain() {
                    None => {
                        let needed = decimal(r.bound_twin_reach[i], true);
                        format!("layer {} needs B >= {needed} (neuron {neuron})", layer(i))
                    }
                    Some((lo, hi)) => format!(
                        "layer {} asks its {} beyond its own domain [{lo}, {hi}] (neuron {neuron})",
                        layer(i),
                        what(i)
                    ),
                }
            }),
            "exhausted" if r.error.is_some() => r.error.clone(),
            "exhausted" => last.map(|i| {
                let bits = r.bits;
                let place = match self.twin.activations[i].domain() {
                    None => {
                        let b = self.twin.activations[i].scale();
                        format!("[-{b}, {b}]")
                    }
                    Some((lo, hi)) => format!("[{lo}, {hi}], the domain of its {}", what(i)),
                };
                format!("EXHAUSTED at layer {}: {bits} bits do not tell whether its input stays in {place}", layer(i))
            }),
            _ => None,
        }
    }

    fn under_noise(&self, out: &mut String) {
        if self.levels.is_empty() {
            return;
        }
        let s = self.summary;
        let _ = writeln!(
            out,
            "{:<24} {:>14} {:>20} {:>16} {:>14}",
            "noise at every activation",
            "CERTIFIED",
            "share of inputs",
            "a logit moves <=",
            "margin >="
        );
        let show = |x: Option<f64>, up: bool| x.map_or("-".to_owned(), |x| decimal(x, up));
        for (i, (level, found)) in self.levels.iter().zip(&s.levels).enumerate() {
            let (lo, hi) = self.bound_certified_share(i);
            let _ = writeln!(
                out,
                "{:<24} {:>14} {:>20} {:>16} {:>14}{}",
                level.name,
                format!("{} of {}", found.certified, s.samples),
                format!("[{lo:.4}, {hi:.4}]"),
                show(found.bound_greatest_deviation, true),
                show(found.bound_least_margin, false),
                match found.without_bound {
                    0 => String::new(),
                    n => format!("  no bound on {n}"),
                }
            );
        }
        let _ = writeln!(
            out,
            "CERTIFIED: proved that the twin under this noise answers as the plaintext network{}; margin: the least of the certified\n",
            if self.levels.iter().any(|l| l.noise.listed().iter().any(|n| n.sigma > 0.0)) {
                ", for sigma but for probability 2^-32 a sample"
            } else {
                ""
            }
        );
        for level in self.levels {
            if let Some(rests_on) = &level.rests_on {
                let _ = writeln!(out, "{}: {rests_on}\n", level.name);
            }
        }
    }

    fn layers(&self, out: &mut String) {
        let (s, network) = (self.summary, &self.loaded.network);
        let show = |x: Option<f64>| x.map_or("-".to_owned(), |x| decimal(x, true));
        let _ = writeln!(
            out,
            "{:<32} {:>14} {:>14} {:>8}{}",
            "greatest |input| of activation",
            "network",
            "twin",
            "B",
            if s.layers.is_empty() {
                ""
            } else {
                "   bits worst, median   bits sigma, median (estimates)"
            }
        );
        let spread = |s: Spread| format!("{:.1}, {:.1}", s.greatest, s.median);
        for (i, id) in network.activations().into_iter().enumerate() {
            let _ = write!(
                out,
                "{:<32} {:>14} {:>14} {:>8}",
                layer_name(network, id),
                show(s.bound_network_reach.get(i).copied()),
                show(s.bound_twin_reach.get(i).copied()),
                self.twin.activations[i].place()
            );
            if let Some(l) = s.layers.get(i) {
                let (worst, sigma) = (spread(l.estimate_worst_bits), spread(l.estimate_sigma_bits));
                let _ = write!(out, " {worst:>20} {sigma:>20}");
            }
            out.push('\n');
        }
        if !s.layers.is_empty() {
            let _ = writeln!(
                out,
                "bits: noise 2^-bits B at this layer alone moves every margin by at most margin/{}, to first order (greatest and \
                 median over samples); sigma: independent noise, but for 2^-32",
                s.layers.len()
            );
        }
    }
}

/// The greatest of all activations.
fn greatest(level: &NoiseLevel, of: fn(&Noise) -> f64) -> f64 {
    level.listed().iter().map(of).fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use super::brief;

    #[test]
    fn short_numbers_stay_on_the_safe_side() {
        let mut x = 1.0f64;
        for i in 0..5000 {
            x = (x * 1.37 + 1e-9 * f64::from(i)) % 1e9;
            for v in [x, -x, x * 1e-200, 1.0 / (x + 1e-3)] {
                let (down, up) = (brief(v, false), brief(v, true));
                assert!(down <= v && v <= up, "{v}: {down} {up}");
                assert!(up - down <= v.abs() * 3e-6, "{v}");
                let text = up.to_string();
                let digits = text.trim_start_matches(['-', '0', '.']).bytes();
                let digits = digits.filter(u8::is_ascii_digit).count();
                assert!(digits <= 7 || v.abs() < 1e-3 || v.abs() > 1e6, "{text}");
            }
        }
        assert_eq!((brief(0.0, true), brief(0.1, false)), (0.0, 0.1));
    }
}
