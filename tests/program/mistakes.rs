//! Typical mistakes on the command line, and a word that the answer must have to help.

use crate::support::program::{polycert, Folder};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// A command line, and what its answer says. `TABLE`, `CERT`, `NET`, `IMAGES`, `LABELS` are shipped files, `DIR` a folder that
/// is empty; `AUDIT` and `EVALUATE` lines that lack what follows.
const MISTAKES: &[(&str, &str)] = &[
    // A table positional where it is an option, and the other way round.
    (
        "network audit NET TABLE --bound 20 --input IMAGES -o DIR/o",
        "--table FILE",
    ),
    (
        "network evaluate NET TABLE --bound 20 --input IMAGES",
        "--table FILE",
    ),
    (
        "network audit NET IMAGES --table TABLE --bound 20 -o DIR/o",
        "--input FILE",
    ),
    (
        "certify --table TABLE",
        "the table's file is a word of its own",
    ),
    (
        "evaluate --table TABLE --preset A",
        "the table's file is a word of its own",
    ),
    (
        "network audit --model NET --table TABLE --bound 20 --input IMAGES -o DIR/o",
        "the network's file is a word of its own",
    ),
    (
        "plan --network NET --input IMAGES -o DIR/p",
        "the network's file is a word of its own",
    ),
    // Options under another name.
    (
        "network audit NET --table TABLE --bound 20 --images IMAGES -o DIR/o",
        "--input FILE",
    ),
    ("plan NET --data IMAGES -o DIR/p", "--input FILE"),
    ("AUDIT --bound 20 -o DIR/o --sample 3", "--from I --count 1"),
    ("EVALUATE --bound 20 --count 4", "--sample I"),
    ("EVALUATE --bound 20 --from 4", "--sample I"),
    (
        "network certify NET --table TABLE --bound 20 --input IMAGES --certificate DIR/c",
        "-o FILE",
    ),
    ("AUDIT --bound 20 --out DIR/o", "-o FILE"),
    ("AUDIT --range 20 -o DIR/o", "--bound B"),
    ("AUDIT --bound 20 -o DIR/o --noise 2^-20", "--worst 2^-20"),
    ("AUDIT --bound 20 -o DIR/o --jobs 2", "--threads N"),
    ("AUDIT --bound 20 -o DIR/o --shards 1/2", "--shard"),
    ("AUDIT --bound 20 -o DIR/o --label LABELS", "--labels"),
    ("check CERT --claim 2^-13", "--require"),
    ("search --bits 13", "--alpha BITS"),
    ("generate --degree 15", "--degrees"),
    // Commands by half their name.
    ("audit NET", "polycert network audit"),
    ("deviate NET", "polycert network deviate"),
    ("encrypt NET", "polycert network encrypt"),
    ("minimax --function gelu", "polycert family minimax"),
    ("network audi NET", "'audit'"),
    ("verify CERT", "unrecognized subcommand"),
    // B.
    ("AUDIT -o DIR/o", "--bound B is needed"),
    ("AUDIT --bound 1/40 --count 1 -o DIR/o", "needs B >= 6"),
    ("AUDIT --bound 20% -o DIR/o", "expected a decimal"),
    ("AUDIT --bound 2^40 -o DIR/o", "--log-scale 40"),
    ("AUDIT --bound -20 -o DIR/o", "above 0"),
    ("certify TABLE --bound -20", "above 0"),
    ("EVALUATE --bound 20,20", "--bound"),
    // Units: bits and bounds, percent and shares.
    ("search --alpha 2^-13", "--alpha counts bits"),
    ("search --alpha 1e-4", "--alpha counts bits"),
    ("certify TABLE --claim 13", "did you mean 2^-13?"),
    ("certify TABLE --claim 0.01%", "0.01/100"),
    ("AUDIT --bound 20 -o DIR/o --risk 5%", "5/100"),
    ("AUDIT --bound 20 -o DIR/o --risk 95", "--risk is from"),
    (
        "AUDIT --bound 20 -o DIR/o --worst 20",
        "did you mean 2^-20?",
    ),
    (
        "AUDIT --bound 20 -o DIR/o --worst -20",
        "from 0 to 1 in units of B",
    ),
    (
        "AUDIT --bound 20 -o DIR/o --count 1000",
        "the file has 40 samples",
    ),
    ("EVALUATE --bound 20 --sample 40", "the file has 40, from 0"),
    ("AUDIT --bound 20 -o DIR/o --threads 0", "1..=1024"),
    ("AUDIT --bound 20 -o DIR/o --shard 1", "I/N"),
    ("AUDIT --bound 20 -o DIR/o --shard 0/4", "1 to 4"),
    ("generate --degrees 15 27 29", "joined by commas"),
    ("generate --degrees 15x27", "joined by commas"),
    ("generate --degrees 14,27", "14 is not an odd degree"),
    // Targets.
    (
        "certify TABLE --target ReLU",
        "small letters: --target relu",
    ),
    ("certify TABLE --target silu", "--function \"silu(x)\""),
    (
        "search --alpha 13 --target sigmoid",
        "--function \"sigmoid(x)\"",
    ),
    ("certify TABLE --range 20", "LO,HI"),
    // Files of another kind, labels swapped with images.
    (
        "network audit NET --table CERT --bound 20 --input IMAGES -o DIR/o",
        "is no table",
    ),
    ("certify CERT", "is no table"),
    ("export CERT --format csv", "is no table"),
    (
        "network audit TABLE --table TABLE --bound 20 --input IMAGES -o DIR/o",
        "--table FILE",
    ),
    (
        "network audit IMAGES --table TABLE --bound 20 --input IMAGES -o DIR/o",
        "--input FILE",
    ),
    (
        "network audit NET --table NET --bound 20 --input IMAGES -o DIR/o",
        "safetensors",
    ),
    (
        "network audit NET --table TABLE --bound 20 --input TABLE -o DIR/o",
        "neither .npy nor PNG nor JPEG",
    ),
    (
        "network audit NET --table TABLE --bound 20 --input LABELS --labels IMAGES -o DIR/o",
        "the network takes 1x28x28",
    ),
    (
        "AUDIT --bound 20 --labels IMAGES -o DIR/o",
        "labels for 40 samples",
    ),
    ("check TABLE", "polycert certify"),
    ("report NET", "safetensors"),
    // Layout and preparation, encryption, what is missing.
    ("AUDIT --bound 20 --mean 0.5,0.5,0.5 -o DIR/o", "1 channels"),
    (
        "AUDIT --bound 20 -o DIR/no/such/o",
        "does not exist: make it first",
    ),
    ("AUDIT --bound 20", "--output <FILE>"),
    ("certify missing.json", "missing.json: No such file"),
    ("noise --preset C", "A or B"),
    ("noise", "--preset A"),
];

#[test]
fn the_answer_to_a_typical_mistake_helps() {
    assert!(MISTAKES.len() >= 68);
    let f = Folder::new();
    let dir = f.at("");
    let mut wrong = Vec::new();
    for (line, words) in MISTAKES {
        let line = line
            .replace("AUDIT ", "network audit NET --table TABLE --input IMAGES ")
            .replace(
                "EVALUATE ",
                "network evaluate NET --table TABLE --input IMAGES ",
            );
        let files = [
            ("TABLE", "certificates/relu13.json"),
            ("CERT", "certificates/relu13.cert.json"),
            ("NET", "certificates/networks/fashion/network.safetensors"),
            ("IMAGES", "certificates/networks/fashion/images.npy"),
            ("LABELS", "certificates/networks/fashion/labels.npy"),
        ];
        let word = |word: &str| match files.iter().find(|(name, _)| *name == word) {
            Some((_, file)) => format!("{ROOT}/{file}"),
            None => word.replace("DIR/", &dir),
        };
        let all: Vec<String> = line.split(' ').map(word).collect();
        let run = polycert(&all);
        let said = run.out + &run.err;
        // What was found of a network is no wrong usage.
        let refused = run.code == 2 || run.code == 1 && said.contains("needs B");
        let helps = words.split('|').any(|part| said.contains(part));
        if !refused || !helps || said.contains("panicked") {
            wrong.push(format!(
                "{line}\n  {words:?} is not in (exit code {}):\n{said}",
                run.code
            ));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {}:\n{}",
        wrong.len(),
        MISTAKES.len(),
        wrong.join("\n")
    );
}
