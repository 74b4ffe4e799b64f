//! Encrypt inputs: samples to ciphertexts in files, by who has the secret key.

use crate::ckks::parameters::rng::Rng;
use crate::encrypted::resources::need_disk;
use crate::encrypted::store::{secret_key, Content, Header};
use crate::error::{Error, Result};
use crate::files::{hexadecimal, refuse_overwriting};
use crate::jobs::network::compiled::Compiled;
use crate::jobs::network::encrypt::{Request, Sample};
use std::path::{Path, PathBuf};

/// Inputs that were encrypted.
#[derive(Debug)]
pub struct Answer {
    /// The network compiled.
    pub compiled: Compiled,
    /// SHA-256 of the file of samples.
    pub input_sha256: String,
    /// How its numbers became inputs.
    pub input_said: Vec<String>,
    /// The samples and the files.
    pub files: Vec<(usize, PathBuf)>,
}

/// The file of a sample in a folder.
fn file_of(folder: &Path, sample: usize) -> PathBuf {
    folder.join(format!("sample{sample:06}.input"))
}

/// Encrypts samples under a secret key, a file each: `sample000061.input` in a folder, which is made if it is not there.
///
/// # Errors
/// As [`encrypt`](fn@crate::jobs::network::encrypt::encrypt); a secret key of other parameters or another program; too little
/// disk.
pub fn encrypt_inputs(
    request: &Request,
    (secret, folder): (&Path, &Path),
    progress: &mut dyn FnMut(&Compiled),
) -> Result<Answer> {
    let files: Vec<PathBuf> = (request.samples.iter())
        .map(|&sample| file_of(folder, sample))
        .collect();
    let mut inputs = request.files();
    inputs.push(secret.to_owned());
    let paths = files.iter().map(PathBuf::as_path);
    refuse_overwriting(paths, inputs.iter().map(PathBuf::as_path))?;
    let compiled = Compiled::new(&request.model, &request.polynomials, &request.parameters)?;
    let client = compiled.client()?;
    let binding = compiled.binding();
    let key = secret_key(secret, &binding, client.encoder().ring())?;
    progress(&compiled);
    let samples = Sample::all(&compiled, request)?;
    std::fs::create_dir_all(folder).map_err(|e| Error::io(folder, &e))?;
    for (number, (sample, file)) in samples.all.iter().zip(&files).enumerate() {
        // A generator for each sample: numbers that were drawn once are never drawn again.
        let mut rng = match request.seed {
            Some(seed) => Rng::numbered(seed, 1 + sample.number as u64),
            None => Rng::from_system()?,
        };
        let body = (client.encrypt(&key, &sample.input, &mut rng)?).to_bytes();
        let bytes = body.len() as u64;
        let left = (files.len() - number) as u64;
        need_disk(folder, "what is encrypted", (left * bytes, bytes))?;
        let content = Content::Input {
            sample: sample.number,
        };
        Header::new(&binding, &hexadecimal(&key.id()), content, bytes).write(file, &body)?;
    }
    Ok(Answer {
        compiled,
        input_sha256: samples.sha256,
        input_said: samples.said,
        files: request.samples.iter().copied().zip(files).collect(),
    })
}
