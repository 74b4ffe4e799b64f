//! Profiles that ship with the program. Each file says where every figure of it is from; what is modelled, interpolated
//! or taken from another operation is marked assumed.

use crate::error::{Error, Result};
use crate::plan::profile::cost::Profile;
use std::path::Path;

/// Name and text.
const ALL: [(&str, &str); 6] = [
    ("own", include_str!("built_in/own.json")),
    ("heaan-gpu", include_str!("built_in/heaan-gpu.json")),
    ("heaan-cpu", include_str!("built_in/heaan-cpu.json")),
    ("lattigo-n16", include_str!("built_in/lattigo-n16.json")),
    ("cheddar-h100", include_str!("built_in/cheddar-h100.json")),
    ("fhe-mp-cnn", include_str!("built_in/fhe-mp-cnn.json")),
];

impl Profile {
    /// The names of the profiles that ship.
    #[must_use]
    pub fn built_in() -> Vec<&'static str> {
        ALL.iter().map(|(name, _)| *name).collect()
    }

    /// A profile that ships, by its name.
    ///
    /// # Errors
    /// Another name; the known ones are listed.
    ///
    /// ```
    /// use polycert::plan::profile::{Operation, Profile};
    /// let heaan = Profile::named("heaan-gpu")?;
    /// assert_eq!(heaan.estimate_ms(Operation::Mul, 16)?, 2.62);
    /// assert_eq!((heaan.bootstrap_from(), heaan.estimate_bootstrap_ms(16)), (3, Some(463.171)));
    /// # Ok::<(), polycert::error::Error>(())
    /// ```
    pub fn named(name: &str) -> Result<Self> {
        let Some((_, text)) = ALL.iter().find(|(known, _)| *known == name) else {
            let shown: String = name.chars().take(100).collect();
            return Err(Error::domain(format!(
                "there is no profile {shown:?}: {}, or a file",
                Self::built_in().join(", ")
            )));
        };
        Self::from_json(text)
    }

    /// A profile as options name it: one that ships, or a `polycert-profile/1` file.
    ///
    /// # Errors
    /// As [`Self::named`] and [`Self::read`].
    pub fn of(name_or_file: &str) -> Result<Self> {
        let path = Path::new(name_or_file);
        let known = Self::built_in().contains(&name_or_file);
        if known || !(path.exists() || name_or_file == "-" || name_or_file.contains(['/', '.'])) {
            return Self::named(name_or_file);
        }
        Self::read(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::profile::cost::{Operation, Status, OPERATIONS};

    #[test]
    fn every_one_has_what_a_plan_asks_for() {
        for name in Profile::built_in() {
            let p = Profile::named(name).unwrap_or_else(|e| panic!("{name}: {e}"));
            assert_eq!(p.name, name);
            assert!(p.level_bits.is_some() && p.source.len() > 40, "{name}");
            for level in 0..=p.usable_levels {
                for operation in OPERATIONS {
                    let needs = matches!(operation, Operation::Rescale | Operation::MulRescale);
                    let ms = p.estimate_ms(operation, level).ok();
                    assert_eq!(
                        ms.is_some(),
                        level > 0 || !needs,
                        "{name}: {operation:?} {level}"
                    );
                    assert!(ms.is_none_or(|x| x >= 0.0), "{name}: {operation:?} {level}");
                }
                let boots = p.estimate_bootstrap_ms(level).is_some();
                assert_eq!(boots, level > 0, "{name}: bootstrap to {level}");
            }
        }
        let said = Profile::named("heaan").unwrap_err().to_string();
        assert!(
            said.contains("there is no profile \"heaan\": own, heaan-gpu"),
            "{said}"
        );
    }

    #[test]
    fn what_is_filled_in_is_assumed() {
        for name in Profile::built_in() {
            let p = Profile::named(name).unwrap();
            assert!(
                !p.assumed().is_empty(),
                "{name}: no published table has every figure"
            );
        }
        let gpu = Profile::named("heaan-gpu").unwrap();
        assert_eq!(gpu.operations[&Operation::Mul].status, Status::Published);
        assert_eq!(
            gpu.operations[&Operation::RotateHoisted].status,
            Status::Assumed
        );
    }

    #[test]
    fn every_one_is_written_as_it_ships() {
        for (name, text) in ALL {
            let p = Profile::named(name).unwrap();
            assert_eq!(p.to_json(), text, "{name}");
            assert_eq!(Profile::from_json(&p.to_json()), Ok(p));
        }
    }
}
