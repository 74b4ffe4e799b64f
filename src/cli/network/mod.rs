//! `polycert network`: networks and their polynomial twins.

mod audit;
mod certify;
mod decrypt;
mod deviate;
mod encrypt;
mod evaluate;
mod found;
mod inference;
mod input_box;
mod keys;
mod ranges;
mod run;
mod schedule;
pub(super) mod setup;
mod show;
mod spent;

use crate::error::Result;
use std::process::ExitCode;

/// Networks: show one, compare it with its polynomial twin on an input or a data set, certify.
#[derive(clap::Args)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    Show(show::Arguments),
    Evaluate(evaluate::Arguments),
    Certify(certify::Arguments),
    Audit(audit::Arguments),
    Deviate(deviate::Arguments),
    Box(input_box::Arguments),
    Ranges(ranges::Arguments),
    Schedule(schedule::Arguments),
    Encrypt(Box<encrypt::Arguments>),
    Inference(Box<inference::Arguments>),
    Keys(keys::Arguments),
    Run(run::Arguments),
    Decrypt(decrypt::Arguments),
}

/// Runs the subcommand.
pub fn run(a: &Arguments) -> Result<ExitCode> {
    match &a.command {
        Command::Show(a) => show::run(a),
        Command::Evaluate(a) => evaluate::run(a),
        Command::Certify(a) => certify::run(a),
        Command::Audit(a) => audit::run(a),
        Command::Deviate(a) => deviate::run(a),
        Command::Box(a) => input_box::run(a),
        Command::Ranges(a) => ranges::run(a),
        Command::Schedule(a) => schedule::run(a),
        Command::Encrypt(a) => encrypt::run(a),
        Command::Inference(a) => inference::run(a),
        Command::Keys(a) => keys::run(a),
        Command::Run(a) => run::run(a),
        Command::Decrypt(a) => decrypt::run(a),
    }
}
