//! Running the program with a time limit, folders for its files, and a small table.

use serde_json::Value;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// No request may take longer than this, on a slow machine and without optimisation.
pub const LIMIT: Duration = Duration::from_secs(60);

/// 1.5 y - 0.5 y^3 as a table.
pub const F1: &str = r#"{"format":"polycert-table/1","name":"f1","target":"relu",
"domain":{"lo":"-1","hi":"1","eps":"1/8"},
"components":[{"basis":"power","coefficients":["0","1.5","0","-0.5"]}]}"#;

/// What a run of the program gave.
#[derive(Debug)]
pub struct Run {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Run {
    /// The standard output as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|e| panic!("{e}: {self:?}"))
    }

    /// The same run, of which the exit code is as expected and nothing panicked.
    #[track_caller]
    pub fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{self:?}");
        assert!(!self.err.contains("panicked"), "{self:?}");
        self
    }
}

pub fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_polycert"));
    // No test reads or writes what the user keeps.
    command
        .env("POLYCERT_CACHE", env!("CARGO_TARGET_TMPDIR"))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// Runs `polycert` with arguments.
pub fn polycert<S: AsRef<str>>(arguments: &[S]) -> Run {
    let mut command = command();
    command.args(arguments.iter().map(AsRef::as_ref));
    finish(command.spawn().unwrap(), arguments)
}

/// Waits for a run that was started with the arguments, and collects what it gave.
pub fn finish<S: AsRef<str>>(mut child: Child, arguments: &[S]) -> Run {
    let collect = |stream: Option<Box<dyn Read + Send>>| {
        std::thread::spawn(move || {
            let mut bytes = Vec::new();
            if let Some(mut stream) = stream {
                stream.read_to_end(&mut bytes).unwrap();
            }
            String::from_utf8_lossy(&bytes).into_owned()
        })
    };
    let out = collect(child.stdout.take().map(|s| Box::new(s) as _));
    let err = collect(child.stderr.take().map(|s| Box::new(s) as _));
    let code = wait(&mut child).unwrap_or_else(|| {
        let words: Vec<&str> = arguments.iter().map(AsRef::as_ref).collect();
        panic!("still running after {LIMIT:?}: {words:?}")
    });
    Run {
        code,
        out: out.join().unwrap(),
        err: err.join().unwrap(),
    }
}

/// The exit code, or none after the time limit (or after a signal); the child is then ended.
pub fn wait(child: &mut Child) -> Option<i32> {
    let start = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status.code();
        }
        if start.elapsed() > LIMIT {
            child.kill().unwrap();
            child.wait().unwrap();
            return None;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// A folder for one test, with files in it.
pub struct Folder(tempfile::TempDir);

impl Folder {
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// The path as an argument.
    pub fn at(&self, name: &str) -> String {
        self.path(name).to_str().unwrap().to_owned()
    }

    /// Writes a file and returns its path as an argument.
    pub fn file(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        std::fs::write(self.path(name), content).unwrap();
        self.at(name)
    }

    /// Names of everything in the folder, sorted.
    pub fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = std::fs::read_dir(self.0.path())
            .unwrap()
            .map(|e| e.unwrap().file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }
}

/// The number in a field of a JSON answer.
pub fn number(answer: &Value, field: &str) -> rug::Rational {
    let text = answer[field]
        .as_str()
        .unwrap_or_else(|| panic!("{field}: {answer}"));
    polycert::arith::number::parse(text).unwrap()
}

pub fn read(path: impl AsRef<Path>) -> String {
    std::fs::read_to_string(path).unwrap()
}

/// Runs a command whose output goes to a file that exists; it must refuse, name every part, and
/// leave the file and the folder as they were.
#[track_caller]
pub fn refused(folder: &Folder, arguments: &[&str], parts: &[&str]) {
    let kept = folder.file("kept.json", "kept");
    let before = folder.names();
    let mut line = arguments.to_vec();
    if !matches!(arguments.first(), Some(&"check" | &"show")) {
        line.extend(["-o", &kept]);
    }
    let r = polycert(&line).exits(2);
    assert_eq!(r.out, "", "{arguments:?}");
    for part in parts {
        assert!(r.err.contains(part), "{part:?} not named: {r:?}");
    }
    assert!(r.err.len() < 2_000, "{} bytes of message", r.err.len());
    assert_eq!(read(&kept), "kept", "{arguments:?}");
    assert_eq!(folder.names(), before, "{arguments:?}");
}
