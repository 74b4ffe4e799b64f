//! Decrypt: encrypted outputs to numbers, by who has the secret key.

use crate::ckks::scheme::cipher::Ciphertext;
use crate::encrypted::store::{secret_key, short, Content, Made, Opened};
use crate::error::{Error, ErrorKind, Result};
use crate::files::hexadecimal;
use crate::jobs::network::compiled::{Chosen, Compiled};
use crate::jobs::network::model::Model;
use crate::jobs::network::twin::Polynomials;
use std::path::PathBuf;

/// A network, how it is run, the secret key, and encrypted outputs.
#[derive(Debug, Clone)]
pub struct Request {
    /// The network's file.
    pub model: Model,
    /// The polynomials.
    pub polynomials: Polynomials,
    /// The encryption parameters.
    pub parameters: Chosen,
    /// The file of the secret key.
    pub secret: PathBuf,
    /// The encrypted outputs.
    pub encrypted: Vec<PathBuf>,
}

/// An output that was decrypted.
#[derive(Debug, Clone)]
pub struct Decrypted {
    /// The file.
    pub file: PathBuf,
    /// The number of the sample.
    pub sample: usize,
    /// What it came of.
    pub made: Made,
    /// The outputs.
    pub measure_outputs: Vec<f64>,
    /// Their level.
    pub level: usize,
}

/// Outputs that were decrypted.
#[derive(Debug)]
pub struct Answer {
    /// The network compiled.
    pub compiled: Compiled,
    /// In the order of the files.
    pub decrypted: Vec<Decrypted>,
}

/// Decrypts outputs. Give them to nobody without flooding (ePrint 2020/1533).
///
/// **Guarantee** none is given here of the noise.
///
/// # Errors
/// Files that are damaged, or of other parameters, another program or another key.
pub fn decrypt(request: &Request) -> Result<Answer> {
    let compiled = Compiled::new(&request.model, &request.polynomials, &request.parameters)?;
    let client = compiled.client()?;
    let ring = client.encoder().ring();
    let binding = compiled.binding();
    let secret = secret_key(&request.secret, &binding, ring)?;
    let own = hexadecimal(&secret.id());
    let mut decrypted = Vec::new();
    for file in &request.encrypted {
        let opened = Opened::new(file, "an encrypted output", &binding)?;
        let header = opened.header.clone();
        let Content::Output { sample, made } = header.content else {
            return Err(Error::domain("no encrypted output").in_file(file));
        };
        if header.key != own {
            let detail = format!(
                "under the key {}, and the secret key is {}",
                short(&header.key),
                short(&own)
            );
            return Err(Error::from(ErrorKind::Mismatch(detail)).in_file(file));
        }
        let (cipher, _) = opened.bytes(|b| Ciphertext::from_bytes(ring, b))?;
        let outputs = client.decrypt(&secret, &cipher);
        decrypted.push(Decrypted {
            file: file.clone(),
            sample,
            made,
            measure_outputs: outputs.map_err(|e| e.in_file(file))?,
            level: cipher.level(),
        });
    }
    Ok(Answer {
        compiled,
        decrypted,
    })
}
