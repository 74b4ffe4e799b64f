//! The program end to end: standard output, exit codes, files, pages.

mod asked;
mod audits;
mod bad_files;
mod bad_requests;
mod bootstrap;
mod cases;
mod catalogue;
mod chains;
mod commands;
mod encrypted;
mod encrypted_steps;
mod folder;
mod guide;
mod guide_links;
mod inference;
mod layers_under_noise;
mod mistakes;
mod network;
mod network_bounds;
mod noise;
mod normalise;
mod options;
mod overwriting;
mod params;
mod plan;
mod polynomial;
mod preparation;
mod profile;
mod profile_forms;
mod ranges;
mod report;
mod report_browser;
mod shards;
mod shell;
mod smooth;
mod targets;
mod theorem;

/// What these tests use of the shared parts.
#[path = "../support"]
mod support {
    pub mod browser;
    pub mod piped;
    pub mod program;
    pub mod shared;
}
