//! Memory and disk of the machine: what there is, what was taken at most, and whether it is enough.
//!
//! What the system does not say is not held against anybody.

use crate::error::{Error, ErrorKind, Result};
use std::path::Path;

/// A field of a file of /proc, in bytes.
fn proc_field(file: &str, field: &str) -> Option<u64> {
    let text = std::fs::read_to_string(file).ok()?;
    let line = text.lines().find_map(|l| l.strip_prefix(field))?;
    let kib = line.trim_start_matches(':').trim().strip_suffix("kB")?;
    kib.trim().parse::<u64>().ok()?.checked_mul(1024)
}

/// The most bytes of memory that this process ever had.
#[must_use]
pub fn measure_peak_bytes() -> Option<u64> {
    proc_field("/proc/self/status", "VmHWM")
}

/// Bytes of memory that can be had: what the machine has left, and what the process may still take.
fn memory_left() -> Option<u64> {
    let machine = proc_field("/proc/meminfo", "MemAvailable");
    #[cfg(unix)]
    let most = rustix::process::getrlimit(rustix::process::Resource::As).current;
    #[cfg(not(unix))]
    let most = None::<u64>;
    let has = proc_field("/proc/self/status", "VmSize").unwrap_or(0);
    let own = most.map(|most| most.saturating_sub(has));
    machine.into_iter().chain(own).min()
}

/// Bytes that can be written to a folder: what its file system has left, and what one file may have.
fn disk_left(folder: &Path) -> (Option<u64>, Option<u64>) {
    #[cfg(unix)]
    {
        let system = rustix::fs::statvfs(folder).ok();
        let left = system.and_then(|s| s.f_bavail.checked_mul(s.f_frsize));
        let most = rustix::process::getrlimit(rustix::process::Resource::Fsize).current;
        (left, most)
    }
    #[cfg(not(unix))]
    {
        let _ = folder;
        (None, None)
    }
}

fn gigabytes(bytes: u64) -> String {
    match bytes {
        0..1_000_000 => format!("{:.1} kB", bytes as f64 / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} MB", bytes as f64 / 1e6),
        _ => format!("{:.2} GB", bytes as f64 / 1e9),
    }
}

/// Refuses what takes more memory than can be had.
///
/// # Errors
/// Both numbers.
pub fn need_memory(what: &str, bytes: u64) -> Result<()> {
    enough_memory(what, bytes, memory_left())
}

fn enough_memory(what: &str, bytes: u64, left: Option<u64>) -> Result<()> {
    match left.filter(|&left| left < bytes) {
        None => Ok(()),
        Some(left) => Err(Error::unsupported(format!(
            "{what} takes {} of memory by its schedule, and {} can be had",
            gigabytes(bytes),
            gigabytes(left)
        ))),
    }
}

/// Refuses what takes more disk than a folder has left.
///
/// **Inputs** the bytes of all files, and of the largest.
///
/// # Errors
/// Both numbers, naming the folder.
pub fn need_disk(folder: &Path, what: &str, (all, largest): (u64, u64)) -> Result<()> {
    let (left, most) = disk_left(folder);
    enough_disk(what, (all, largest), (left, most)).map_err(|e| e.in_file(folder))
}

fn enough_disk(
    what: &str,
    (all, largest): (u64, u64),
    (left, most): (Option<u64>, Option<u64>),
) -> Result<()> {
    let refuse = |bytes: u64, said: String| {
        let detail = format!("{what} takes {} of disk, and {said}", gigabytes(bytes));
        Err(ErrorKind::Io(detail).into())
    };
    if let Some(left) = left.filter(|&left| left < all) {
        return refuse(all, format!("{} are left", gigabytes(left)));
    }
    match most.filter(|&most| most < largest) {
        Some(most) => refuse(
            largest,
            format!("a file may have {} (ulimit -f)", gigabytes(most)),
        ),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_little_is_said_with_both_numbers() {
        let words = |r: Result<()>| r.unwrap_err().to_string();
        let said = words(enough_memory(
            "the run",
            14_200_000_000,
            Some(9_100_000_000),
        ));
        assert_eq!(
            said,
            "the run takes 14.20 GB of memory by its schedule, and 9.10 GB can be had"
        );
        assert!(enough_memory("the run", 5, Some(5)).is_ok());
        assert!(enough_memory("the run", u64::MAX, None).is_ok());
        let said = words(enough_disk(
            "keys",
            (5_000_000, 5_000_000),
            (Some(4_000), None),
        ));
        assert_eq!(said, "keys takes 5.0 MB of disk, and 4.0 kB are left");
        let said = words(enough_disk("keys", (9, 5), (Some(9), Some(4))));
        assert!(said.contains("ulimit -f"), "{said}");
        assert!(enough_disk("keys", (9, 5), (Some(9), Some(5))).is_ok());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_system_says_what_there_is() {
        let peak = measure_peak_bytes().unwrap();
        assert!(peak > 1 << 20 && memory_left().unwrap() > 1 << 20);
        assert!(disk_left(Path::new("/")).0.unwrap() > 0);
        assert!(need_memory("all", u64::MAX).is_err());
        assert!(need_disk(Path::new("/"), "all", (u64::MAX, 0)).is_err());
    }
}
