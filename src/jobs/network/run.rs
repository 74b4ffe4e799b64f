//! Run: a network on encrypted inputs from files, with evaluation keys alone, step by step.

use crate::ckks::bootstrap::refresh::RefreshKeys;
use crate::ckks::evaluate::Evaluator;
use crate::ckks::ring::Ring;
use crate::ckks::scheme::cipher::{Ciphertext, KeyId};
use crate::ckks::scheme::keys::EvaluationKeys;
use crate::encrypted::binding::Binding;
use crate::encrypted::checkpoint::Checkpoint;
use crate::encrypted::client::Client;
use crate::encrypted::cost::Costs;
use crate::encrypted::resources::{need_disk, need_memory};
use crate::encrypted::run::{Keys, Runner};
use crate::encrypted::state::Spent;
use crate::encrypted::store::{short, Content, Header, Made, Opened};
use crate::error::{Error, ErrorKind, Result};
use crate::files::refuse_overwriting;
use crate::jobs::network::compiled::{Chosen, Compiled};
use crate::jobs::network::model::Model;
use crate::jobs::network::twin::Polynomials;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A network, how it is run, evaluation keys, and encrypted inputs.
#[derive(Debug, Clone)]
pub struct Request {
    /// The network's file.
    pub model: Model,
    /// The polynomials.
    pub polynomials: Polynomials,
    /// The encryption parameters.
    pub parameters: Chosen,
    /// The file of the evaluation keys.
    pub keys: PathBuf,
    /// The encrypted inputs.
    pub encrypted: Vec<PathBuf>,
    /// The folder of the encrypted outputs, each with the name of its input and `.output`; made if it is not there.
    pub output: PathBuf,
    /// The folder of the checkpoints, one for each input, with its name and `.steps`; that of the outputs if none.
    pub checkpoint: Option<PathBuf>,
}

/// What the work is at.
#[derive(Debug, Clone, Copy)]
pub enum Progress<'a> {
    /// The network is compiled.
    Compiled(&'a Compiled),
    /// The output of an input is there already, from the same keys.
    There(&'a Path),
    /// The evaluation keys are read.
    Keys,
    /// An input is begun, or gone on with behind so many steps.
    Input(&'a Path, usize),
    /// A step begins, the first is 0.
    Step(usize),
}

/// An input that was run.
#[derive(Debug, Clone)]
pub struct Done {
    /// The number of the sample.
    pub sample: usize,
    /// The encrypted input.
    pub input: PathBuf,
    /// The encrypted output.
    pub output: PathBuf,
    /// SHA-256 of the output.
    pub output_sha256: String,
    /// What each step took, those before an interruption too; nothing where the output was there already.
    pub spent: Vec<Spent>,
    /// How many steps were finished before.
    pub resumed: usize,
}

/// Inputs that were run.
#[derive(Debug)]
pub struct Answer {
    /// The network compiled.
    pub compiled: Compiled,
    /// In the order of the inputs.
    pub done: Vec<Done>,
    /// Bytes of the keys in memory; none where every output was there already.
    pub key_bytes: Option<u64>,
}

/// An input that is to be run.
struct Task {
    sample: usize,
    input: PathBuf,
    output: PathBuf,
    checkpoint: Checkpoint,
    made: Made,
}

/// What all inputs of a run have.
struct Common {
    compiled: Compiled,
    binding: Binding,
    client: Client,
    /// The name of the secret key.
    key: String,
}

/// Runs a network on encrypted inputs, one after the other; the secret key is nowhere.
///
/// **Guarantee** An output's bytes are those of the program on these keys and this input, whatever was interrupted: behind each
/// step a checkpoint is left, and the same request goes on behind the last one.
/// **Cost** by the schedule.
///
/// # Errors
/// Before any work: files that are damaged, of other parameters, another program or another key, a checkpoint or an output of
/// another run; missing keys; too little memory or disk.
pub fn run(request: &Request, progress: &mut dyn FnMut(Progress)) -> Result<Answer> {
    let names: Vec<[PathBuf; 2]> = (request.encrypted.iter())
        .map(|input| names(request, input))
        .collect::<Result<_>>()?;
    let mut inputs = request.model.files();
    inputs.extend(request.polynomials.tables.clone());
    inputs.extend(request.encrypted.clone());
    inputs.push(request.keys.clone());
    let outputs = names.iter().flatten().map(PathBuf::as_path);
    refuse_overwriting(outputs, inputs.iter().map(PathBuf::as_path))?;
    let compiled = Compiled::new(&request.model, &request.polynomials, &request.parameters)?;
    progress(Progress::Compiled(&compiled));
    let binding = compiled.binding();
    let keys = Opened::new(&request.keys, "a file of evaluation keys", &binding)?;
    complete(&keys, &compiled).map_err(|e| e.in_file(&request.keys))?;
    let common = Common {
        client: compiled.client()?,
        compiled,
        binding,
        key: keys.header.key.clone(),
    };
    for folder in std::iter::once(&request.output).chain(&request.checkpoint) {
        std::fs::create_dir_all(folder).map_err(|e| Error::io(folder, &e))?;
    }
    // Each input is found good, and what is left of it, before keys are read.
    let (mut done, mut tasks) = (Vec::new(), Vec::new());
    for (place, (input, [output, steps])) in request.encrypted.iter().zip(names).enumerate() {
        let (sample, cipher, input_sha256) = common.input(input)?;
        let made = Made {
            input_sha256,
            keys_sha256: keys.stated_sha256(),
        };
        let (binding, key) = (common.binding.clone(), common.key.clone());
        let mut checkpoint = Checkpoint::new(steps, binding, key, made.clone());
        if output.exists() {
            let output_sha256 = common.there(&output, &made)?;
            progress(Progress::There(&output));
            checkpoint.remove();
            let there = Done {
                sample,
                input: input.clone(),
                output,
                output_sha256,
                spent: Vec::new(),
                resumed: 0,
            };
            done.push((place, there));
            continue;
        }
        checkpoint.resume(&common.compiled.program, common.ring(), cipher)?;
        let task = Task {
            sample,
            input: input.clone(),
            output,
            checkpoint,
            made,
        };
        tasks.push((place, task));
    }
    let mut key_bytes = None;
    if !tasks.is_empty() {
        common.enough(request)?;
        progress(Progress::Keys);
        let keys = read_keys(keys, common.ring())?;
        key_bytes = Some(keys.bytes());
        let c = &common.compiled;
        let runner = Runner::new(c.program.clone(), &c.twin, &c.scheme)?;
        let evaluator = Evaluator::new(runner.ring(), keys.evaluation)?;
        let keys = (&evaluator, keys.refresh.as_ref());
        for (place, task) in tasks {
            done.push((place, common.run(task, &runner, keys, progress)?));
        }
    }
    done.sort_by_key(|(place, _)| *place);
    Ok(Answer {
        compiled: common.compiled,
        done: done.into_iter().map(|(_, d)| d).collect(),
        key_bytes,
    })
}

impl Common {
    fn ring(&self) -> &Arc<Ring> {
        self.client.encoder().ring()
    }

    /// An encrypted input: the number of its sample, the ciphertext, the file's SHA-256.
    fn input(&self, path: &Path) -> Result<(usize, Ciphertext, String)> {
        let opened = Opened::new(path, "an encrypted input", &self.binding)?;
        let header = opened.header.clone();
        let Content::Input { sample } = header.content else {
            return Err(Error::domain("no encrypted input").in_file(path));
        };
        if header.key != self.key {
            let detail = format!(
                "under the key {}, and the evaluation keys are of {}",
                short(&header.key),
                short(&self.key)
            );
            return Err(Error::from(ErrorKind::Mismatch(detail)).in_file(path));
        }
        let (cipher, sha256) = opened.bytes(|b| {
            let cipher = Ciphertext::from_bytes(self.ring(), b)?;
            self.client.takes(&cipher)?;
            Ok(cipher)
        })?;
        Ok((sample, cipher, sha256))
    }

    /// The SHA-256 of an output that is there; refuses one that came of something else.
    fn there(&self, path: &Path, made: &Made) -> Result<String> {
        let opened = Opened::new(path, "an encrypted output", &self.binding)?;
        let header = opened.header.clone();
        let same = matches!(&header.content, Content::Output { made: found, .. } if found == made);
        if header.key != self.key || !same {
            let detail =
                "the output of another input or of other keys: name another --output, or remove it";
            return Err(Error::from(ErrorKind::Mismatch(detail.into())).in_file(path));
        }
        Ok(opened.bytes(|_| Ok(()))?.1)
    }

    /// Refuses a machine that has too little memory or disk.
    fn enough(&self, request: &Request) -> Result<()> {
        let schedule = &self.compiled.schedule;
        need_memory("the run", schedule.bytes.to_come())?;
        let top = schedule.levels.values.iter().max();
        let one = Costs::new(&self.compiled.parameters).ciphertext_bytes(*top.unwrap_or(&0));
        let steps = request.checkpoint.as_ref().unwrap_or(&request.output);
        need_disk(
            steps,
            "a checkpoint",
            (schedule.bytes.ciphertexts + one, one),
        )
    }

    /// Runs what is left of an input.
    fn run(
        &self,
        mut task: Task,
        runner: &Runner,
        keys: (&Evaluator, Option<&RefreshKeys>),
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Done> {
        let (_, cipher, _) = self.input(&task.input)?;
        let program = runner.program();
        task.checkpoint.lock()?;
        let mut state = (task.checkpoint).resume(program, runner.ring(), cipher)?;
        let resumed = state.done();
        progress(Progress::Input(&task.input, resumed));
        while state.done() < program.steps.len() {
            progress(Progress::Step(state.done()));
            state.step(runner, keys)?;
            task.checkpoint.store(&state)?;
        }
        let spent = state.spent.clone();
        let body = state.output(runner)?.to_bytes();
        let content = Content::Output {
            sample: task.sample,
            made: task.made,
        };
        let header = Header::new(&self.binding, &self.key, content, body.len() as u64);
        let output_sha256 = header.write(&task.output, &body)?;
        task.checkpoint.remove();
        Ok(Done {
            sample: task.sample,
            input: task.input,
            output: task.output,
            output_sha256,
            spent,
            resumed,
        })
    }
}

/// The files of an input's output and checkpoint.
fn names(request: &Request, input: &Path) -> Result<[PathBuf; 2]> {
    let stem = input.file_stem().ok_or_else(|| {
        let detail = "is no file's name";
        Error::domain(detail).in_file(input)
    })?;
    let with = |folder: &Path, ending: &str| {
        let mut name = stem.to_owned();
        name.push(ending);
        folder.join(name)
    };
    let steps = request.checkpoint.as_ref().unwrap_or(&request.output);
    Ok([with(&request.output, ".output"), with(steps, ".steps")])
}

/// Refuses a file without the keys that the schedule needs.
fn complete(keys: &Opened, compiled: &Compiled) -> Result<()> {
    let Content::EvaluationKeys {
        keys,
        bootstrapping,
    } = &keys.header.content
    else {
        return Err(Error::domain("no evaluation keys"));
    };
    let schedule = &compiled.schedule;
    let missing = keys.lacks(&schedule.keys);
    let missing = missing.or_else(|| {
        (schedule.raises && !bootstrapping)
            .then(|| "the pair of keys of the bootstrapping".to_owned())
    });
    match missing {
        Some(what) => Err(ErrorKind::Mismatch(format!("{what} is missing")).into()),
        None => Ok(()),
    }
}

fn read_keys(keys: Opened, ring: &Ring) -> Result<Keys> {
    let header = keys.header.clone();
    let id = key_id(&header.key)?;
    let Content::EvaluationKeys {
        keys: list,
        bootstrapping,
    } = header.content
    else {
        return Err(Error::domain("no evaluation keys"));
    };
    let (keys, _) = keys.body(|input| {
        Ok(Keys {
            evaluation: EvaluationKeys::read(ring, id, &list, input)?,
            refresh: match bootstrapping {
                true => Some(RefreshKeys::read(ring, id, input)?),
                false => None,
            },
        })
    })?;
    Ok(keys)
}

/// The name of a key.
fn key_id(hex: &str) -> Result<KeyId> {
    let digits = (hex.len() == 32).then(|| u128::from_str_radix(hex, 16).ok());
    let bad = || Error::parse("key", format!("{hex:?} is not 32 hexadecimal digits"));
    Ok(digits.flatten().ok_or_else(bad)?.to_be_bytes())
}
