//! Documents that are checked with other files: those that are given, or those beside them.

use crate::answer::{shown, Found};
use crate::check::{kind, Kind};
use crate::folder::read_file;
use crate::format::json::MAX_BYTES;
use crate::inference::report::{InferenceOutcome, ProgramOutcome};
use crate::inference::{check_inference, check_program};
use crate::network::boxes::check_box;
use crate::network::boxes::report::BoxOutcome;
use crate::network::check_network_with;
use crate::network::model::lines::MAX_FILE_BYTES;
use crate::network::report::NetworkOutcome;
use crate::request::{Request, Streams, PATIENCE};
use std::path::{Path, PathBuf};
use std::time::Instant;

/// The program of a folder of inferences.
const PROGRAM: &str = "program.json";

/// A document of a network, and where its files are.
struct Beside<'a> {
    path: &'a Path,
    request: &'a Request,
}

impl Beside<'_> {
    /// Reads the file that is given, or else the one beside the document.
    fn read(
        &self,
        given: &Option<PathBuf>,
        (suffix, limit): (&str, usize),
        streams: &mut Streams<'_>,
    ) -> Result<Vec<u8>, String> {
        let mut name = self.path.as_os_str().to_owned();
        name.push(suffix);
        let file = given.clone().unwrap_or_else(|| PathBuf::from(name));
        read_file(&file, limit, Some(&mut *streams.input))
            .map_err(|error| format!("cannot read {}: {error}", shown(&file)))
    }

    fn network(&self, streams: &mut Streams<'_>) -> Result<Vec<u8>, String> {
        self.read(&self.request.network, (".network", MAX_FILE_BYTES), streams)
    }

    fn input(&self, streams: &mut Streams<'_>) -> Result<Vec<u8>, String> {
        self.read(&self.request.input, (".input", MAX_FILE_BYTES), streams)
    }

    fn program(&self, streams: &mut Streams<'_>) -> Result<Vec<u8>, String> {
        let given = &self.request.encrypted_program;
        self.read(
            &self.of_folder(given, ".program", PROGRAM),
            (".program", MAX_BYTES),
            streams,
        )
    }

    /// The network of an inference.
    fn its_network(&self, streams: &mut Streams<'_>) -> Result<Vec<u8>, String> {
        let shared = format!("{PROGRAM}.network");
        let file = self.of_folder(&self.request.network, ".network", &shared);
        self.read(&file, (".network", MAX_FILE_BYTES), streams)
    }

    /// The file that is given, or that of the folder if the document has none of its own.
    fn of_folder(&self, given: &Option<PathBuf>, suffix: &str, name: &str) -> Option<PathBuf> {
        let mut own = self.path.as_os_str().to_owned();
        own.push(suffix);
        if given.is_some() || Path::new(&own).exists() {
            return given.clone();
        }
        self.path.parent().map(|folder| folder.join(name))
    }
}

/// Checks a document of a network against the files given, or those beside it.
pub(crate) fn check_beside(
    path: &Path,
    document: &[u8],
    request: &Request,
    streams: &mut Streams<'_>,
) -> Found {
    let files = Beside { path, request };
    let kind = kind(document);
    let network = match kind {
        Kind::Inference => files.its_network(streams),
        _ => files.network(streams),
    };
    let begin = Instant::now();
    match kind {
        Kind::NetworkBox => Found::Box(match network {
            Ok(network) => check_box(document, &network, &mut |layer, layers| {
                tell_progress(request, streams, begin, layer, layers);
            }),
            Err(detail) => BoxOutcome::Unreadable(detail),
        }),
        Kind::Program => Found::Program(match network {
            Ok(network) => check_program(document, &network),
            Err(detail) => ProgramOutcome::Unreadable(detail),
        }),
        Kind::Inference => {
            let all = network.and_then(|network| {
                let input = files.input(streams)?;
                Ok((network, input, files.program(streams)?))
            });
            Found::Inference(match all {
                Ok((network, input, program)) => {
                    let told =
                        &mut |layer, layers| tell_progress(request, streams, begin, layer, layers);
                    check_inference(document, &program, (&network, &input), told)
                }
                Err(detail) => InferenceOutcome::Unreadable(detail),
            })
        }
        _ => {
            let both = network.and_then(|network| Ok((network, files.input(streams)?)));
            Found::Network(match both {
                Ok((network, input)) => {
                    check_network_with(document, &network, &input, &mut |layer, layers| {
                        tell_progress(request, streams, begin, layer, layers);
                    })
                }
                Err(detail) => NetworkOutcome::Unreadable(detail),
            })
        }
    }
}

/// How far a long check is.
fn tell_progress(
    request: &Request,
    streams: &mut Streams<'_>,
    begin: Instant,
    layer: usize,
    layers: usize,
) {
    if !request.quiet && begin.elapsed() > PATIENCE {
        let seconds = begin.elapsed().as_secs();
        let _ = writeln!(
            streams.err,
            "{}: {layer} of {layers} activations, {seconds} s",
            request.program
        );
    }
}
