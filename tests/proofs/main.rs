//! What is searched, proved and checked of composites: oracles, properties, mutations, shipped files.

mod as_coded;
mod beyond;
mod chains;
mod enclosures;
mod families;
mod golden;
mod import;
mod import_beside;
mod import_program;
mod import_smooth;
mod import_written;
mod interchange;
mod mutation;
mod oracle_figures;
mod oracle_remez;
mod property_enclosure;
mod property_parts;
mod published_tables;
mod search;
mod smooth;

/// What these tests use of the shared parts.
#[path = "../support"]
mod support {
    pub mod effort;
    pub mod oracle;
    pub mod program;
    pub mod shared;
}
