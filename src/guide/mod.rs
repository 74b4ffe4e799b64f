//! The guide: one page a task, each with its commands. The files are `src/guide/*.md`, where links between pages and into the
//! repository lead; `tests/program/guide.rs` runs their commands, `guide_links.rs` follows their links.
//!
//! New here: [`first_table`], then [`first_network`]. To judge what others claim: [`certificates`], [`auditing`].

// What stands in brackets there is an interval, or a link for whoever reads the file in the repository.
#![allow(rustdoc::broken_intra_doc_links)]

macro_rules! pages {
    ($($name:ident)*) => { $(
        #[doc = include_str!(concat!(stringify!($name), ".md"))]
        ///
        /// [All pages](crate::guide) (links to files lead somewhere in the repository alone)
        pub mod $name {}
    )* };
}

pages! {
    first_table other_tables designs smooth_functions
    first_network network_kinds network_noise plan
    noise evaluator bootstrapping encrypted_networks
    reports certificates proved_checker auditing ci
    library python extending speed glossary
}
