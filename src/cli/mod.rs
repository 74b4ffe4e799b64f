//! The command line: one file a subcommand, from arguments to the requests of [`crate::jobs`] and from their
//! answers to words. Data goes to standard output, progress and errors to standard error.
//!
//! Exit codes: 0 done (and verified, and the claim proved); 1 refuted, undecided or rejected;
//! 2 wrong usage, unreadable input, or an output that could not be written.

#[cfg(feature = "full")]
mod activation;
#[cfg(feature = "full")]
mod bootstrap;
#[cfg(feature = "full")]
mod catalogue;
mod certify;
mod chains;
mod check;
#[cfg(feature = "full")]
mod compose;
#[cfg(feature = "full")]
mod evaluate;
mod export;
mod family;
mod generate;
mod import;
mod meant;
#[cfg(feature = "full")]
mod network;
#[cfg(feature = "full")]
mod noise;
#[cfg(feature = "full")]
mod params;
#[cfg(feature = "full")]
mod plan;
#[cfg(feature = "full")]
mod profile;
mod progress;
#[cfg(feature = "full")]
mod refresh;
#[cfg(feature = "full")]
mod report;
mod search;
mod search_smooth;
#[cfg(feature = "full")]
mod shell;
mod show;
mod terminal;
mod values;

use crate::cli::terminal::{note, warn_of_old_names};
use crate::error::ErrorKind;
use clap::{CommandFactory, Parser, Subcommand};
use std::process::ExitCode;

/// Certified polynomial approximations of sign, ReLU and max for encrypted inference.
#[derive(Parser)]
#[command(name = "polycert", version = env!("POLYCERT_VERSION"), about, max_term_width = 100)]
#[command(
    after_help = "Numbers are exact: 0.001, 1/3, 2^-14, 5*2^-14, 0x1.8p-3.\n\
    Exit code: 0 done, 1 refuted, undecided or rejected, 2 usage, input or output error."
)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Generate(generate::Arguments),
    Family(family::Arguments),
    Search(search::Arguments),
    Import(import::Arguments),
    Export(export::Arguments),
    Certify(Box<certify::Arguments>),
    Check(check::Arguments),
    Show(show::Arguments),
    Values(values::Arguments),
    #[cfg(feature = "full")]
    Compose(compose::Arguments),
    #[cfg(feature = "full")]
    Catalogue(catalogue::Arguments),
    #[cfg(feature = "full")]
    Noise(noise::Arguments),
    #[cfg(feature = "full")]
    Evaluate(evaluate::Arguments),
    #[cfg(feature = "full")]
    Params(params::Arguments),
    #[cfg(feature = "full")]
    Bootstrap(bootstrap::Arguments),
    #[cfg(feature = "full")]
    Profile(profile::Arguments),
    #[cfg(feature = "full")]
    Network(network::Arguments),
    #[cfg(feature = "full")]
    Plan(Box<plan::Arguments>),
    #[cfg(feature = "full")]
    Report(report::Arguments),
    #[cfg(feature = "full")]
    Completions(shell::Completions),
    #[cfg(feature = "full")]
    Man(shell::Man),
}

/// The definitions of all commands and options.
pub fn command() -> clap::Command {
    Arguments::command()
}

/// Runs the program on the process's arguments.
pub fn run() -> ExitCode {
    let asked = match Arguments::try_parse() {
        Ok(arguments) => arguments.command,
        Err(error) => {
            let words = std::env::args_os().skip(1);
            let words: Vec<String> = words.filter_map(|word| word.into_string().ok()).collect();
            meant::exit(error, &command(), &words)
        }
    };
    warn_of_old_names(std::env::args_os().filter_map(|word| word.into_string().ok()));
    let result = match asked {
        Command::Generate(a) => generate::run(&a),
        Command::Family(a) => family::run(&a),
        Command::Search(a) => search::run(&a),
        Command::Import(a) => import::run(&a),
        Command::Export(a) => export::run(&a),
        Command::Certify(a) => certify::run(&a),
        Command::Check(a) => check::run(&a),
        Command::Show(a) => show::run(&a),
        Command::Values(a) => values::run(&a),
        #[cfg(feature = "full")]
        Command::Compose(a) => compose::run(&a),
        #[cfg(feature = "full")]
        Command::Catalogue(a) => catalogue::run(&a),
        #[cfg(feature = "full")]
        Command::Noise(a) => noise::run(&a),
        #[cfg(feature = "full")]
        Command::Evaluate(a) => evaluate::run(&a),
        #[cfg(feature = "full")]
        Command::Params(a) => params::run(&a),
        #[cfg(feature = "full")]
        Command::Bootstrap(a) => bootstrap::run(&a),
        #[cfg(feature = "full")]
        Command::Profile(a) => profile::run(&a),
        #[cfg(feature = "full")]
        Command::Network(a) => network::run(&a),
        #[cfg(feature = "full")]
        Command::Plan(a) => plan::run(&a),
        #[cfg(feature = "full")]
        Command::Report(a) => report::run(&a),
        #[cfg(feature = "full")]
        Command::Completions(a) => shell::completions(&a, command()),
        #[cfg(feature = "full")]
        Command::Man(a) => shell::man(&a, command()),
    };
    result.unwrap_or_else(|error| {
        note(&format!("polycert: {error}"));
        ExitCode::from(match &error.kind {
            ErrorKind::SelfCheck(words) if words.starts_with("REJECTED") => 1,
            _ => 2,
        })
    })
}
