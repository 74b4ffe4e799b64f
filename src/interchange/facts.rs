//! What was said of a file's numbers, and what was taken for granted.

use crate::interchange::hints::Hints;
use crate::poly::table::{Table, MAX_PROVENANCE};

/// Key of what was taken for granted, in a table's provenance.
pub const ASSUMPTIONS: &str = "assumptions";
/// What was said, by the file or an option, and what was not.
#[derive(Debug, Default)]
pub(super) struct Facts {
    assumed: Vec<String>,
    stated: Vec<String>,
}

impl Facts {
    pub fn say(&mut self, stated: bool, what: String, option: &str) {
        if stated {
            self.stated.push(what);
        } else {
            self.assumed.push(format!("{what} ({option})"));
        }
    }

    /// What is taken for granted, where no option says otherwise.
    pub fn assume(&mut self, what: String) {
        self.assumed.push(what);
    }

    fn words(list: &[String]) -> String {
        if list.is_empty() {
            "nothing".to_owned()
        } else {
            list.join("; ")
        }
    }

    /// Writes them into a table's provenance, and returns them as notes.
    pub fn publish(self, table: &mut Table, hints: &Hints, digest: &str) -> Vec<String> {
        let assumed = Self::words(&self.assumed);
        let file = hints.file.clone();
        let entries = [
            (ASSUMPTIONS, Some(assumed)),
            ("stated", Some(Self::words(&self.stated))),
            ("source sha256", Some(digest.to_owned())),
            ("source file", file),
        ];
        for (key, value) in entries {
            if let Some(value) = value.filter(|_| table.provenance.len() < MAX_PROVENANCE) {
                let short = value.chars().take(crate::poly::table::MAX_TEXT).collect();
                table.provenance.insert(key.to_owned(), short);
            }
        }
        self.notes().to_vec()
    }

    /// What was assumed and what stated, in words.
    pub fn notes(&self) -> [String; 2] {
        [
            format!("assumed: {}", Self::words(&self.assumed)),
            format!("stated: {}", Self::words(&self.stated)),
        ]
    }
}
