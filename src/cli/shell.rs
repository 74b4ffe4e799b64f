//! `polycert completions` and `polycert man`: what a shell and a reader of manuals know of the commands.

use crate::cli::terminal::output;
use crate::error::{Error, Result};
use crate::files::write_atomically;
use clap::Command;
use clap_complete::Shell;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Print the completions of commands and options for a shell.
///
/// bash: polycert completions bash > ~/.local/share/bash-completion/completions/polycert. zsh: > DIR/_polycert, DIR a folder of
/// $fpath. fish: > ~/.config/fish/completions/polycert.fish.
#[derive(clap::Args)]
pub struct Completions {
    /// bash, zsh or fish.
    #[arg(value_parser = ["bash", "zsh", "fish"])]
    shell: String,
}

/// Write the manual: a page for each command, polycert.1, polycert-certify.1, polycert-network-audit.1 and so on.
#[derive(clap::Args)]
pub struct Man {
    /// Folder to write, made if there is none; pages that are there already are replaced.
    #[arg(short, long, value_name = "DIR")]
    output: PathBuf,
}

/// Runs `completions`.
pub fn completions(a: &Completions, mut all: Command) -> Result<ExitCode> {
    let shell = match a.shell.as_str() {
        "zsh" => Shell::Zsh,
        "fish" => Shell::Fish,
        _ => Shell::Bash,
    };
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut all, "polycert", &mut script);
    output(None, &String::from_utf8_lossy(&script))?;
    Ok(ExitCode::SUCCESS)
}

/// Runs `man`.
pub fn man(a: &Man, all: Command) -> Result<ExitCode> {
    std::fs::create_dir_all(&a.output).map_err(|e| Error::io(&a.output, &e))?;
    let mut all = all.disable_help_subcommand(true);
    // Names, usage and options as the help of each command has them.
    all.build();
    page(&all, &a.output)?;
    Ok(ExitCode::SUCCESS)
}

/// The page of a command, and those of the commands below it.
fn page(command: &Command, folder: &Path) -> Result<()> {
    let man = clap_mangen::Man::new(command.clone());
    let path = folder.join(man.get_filename());
    let mut text = Vec::new();
    man.render(&mut text).map_err(|e| Error::io(&path, &e))?;
    write_atomically(&path, &String::from_utf8_lossy(&text))?;
    let mut below = command.get_subcommands();
    below.try_for_each(|command| page(command, folder))
}
