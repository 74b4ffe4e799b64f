//! `polycert report`: certificates as a page for people.

use crate::cli::progress::Line;
use crate::cli::terminal::{guard, note, output, quoted};
use crate::error::{Error, Result};
use crate::files::replaced_in;
use crate::jobs::report::{report, Answer, Document, Origin, Request};
use std::path::PathBuf;
use std::process::ExitCode;

/// Make a page from certificates, or from an audit: statement, plots, digests, and how to check it again.
///
/// Has the independent checker verify every certificate first; one that is rejected or cannot be read is
/// named with the reason, and no page is written. The page is one HTML file that needs no network and
/// no script. With several certificates it compares them: a table, and cost against proved error.
/// Of an audit (the JSON of `polycert network audit`, alone) it shows what the file states. Of a plan (its folder, alone) it draws
/// levels and bootstraps over the network, error and noise by layer, costs, and what was stated on other inputs. Of an
/// encrypted network (the folder of `polycert network inference`, alone) it draws levels, noise and margins, and seconds where a run
/// of `network encrypt --json` lies beside them.
#[derive(clap::Args)]
#[command(
    after_help = "Exit code: 0 the page is written (whatever the verdicts on its claims), 1 a certificate \
    is rejected, 2 usage, input or output error."
)]
pub struct Arguments {
    /// Certificate files (NAME.cert.json), at most 64; or one audit; or the folder of one plan, or of one encrypted network.
    #[arg(required = true, value_name = "CERTIFICATE")]
    certificates: Vec<PathBuf>,
    /// HTML file to write (standard output if left out).
    #[arg(short, long)]
    output: Option<PathBuf>,
    /// Also write the data of every plot to DIR/PLOT.csv (units are in the header).
    #[arg(long, value_name = "DIR")]
    csv: Option<PathBuf>,
}

/// Runs the subcommand.
pub fn run(a: &Arguments) -> Result<ExitCode> {
    let folder = a.csv.iter();
    let replaced: Vec<PathBuf> = folder
        .flat_map(|folder| replaced_in(folder, |name| name.ends_with(".csv")))
        .collect();
    guard(
        replaced.iter().map(Some).chain([a.output.as_ref()]),
        a.certificates.iter().map(Some),
    )?;
    let files = a.certificates.iter();
    let quoted: Vec<String> = files.map(|p| quoted(&p.display().to_string())).collect();
    let request = Request {
        files: a.certificates.clone(),
        origin: Origin {
            command: command(a, &quoted),
            quoted,
        },
    };
    let line = std::cell::RefCell::new(Line::new());
    match report(&request, &mut |step| line.borrow_mut().show(step, false))? {
        Answer::Page(page) => write(a, &page),
        Answer::Refused(refused) => {
            for refusal in &refused {
                note(&format!("polycert: {}", refusal.error));
            }
            note("polycert: no page is made of certificates that do not verify");
            let code = if refused.iter().all(|r| r.rejected) {
                1
            } else {
                2
            };
            Ok(ExitCode::from(code))
        }
    }
}

fn write(a: &Arguments, made: &Document) -> Result<ExitCode> {
    if let Some(folder) = &a.csv {
        std::fs::create_dir_all(folder).map_err(|e| Error::io(folder, &e))?;
        for (name, content) in &made.data {
            output(Some(&folder.join(name)), content)?;
        }
    }
    output(a.output.as_ref(), &made.html)?;
    Ok(ExitCode::SUCCESS)
}

fn command(a: &Arguments, certificates: &[String]) -> String {
    let mut words = vec!["polycert report".to_owned()];
    words.extend(certificates.iter().cloned());
    for (option, path) in [("--csv", &a.csv), ("-o", &a.output)] {
        if let Some(path) = path {
            words.push(option.to_owned());
            words.push(quoted(&path.display().to_string()));
        }
    }
    words.join(" ")
}
