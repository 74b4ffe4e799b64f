//! The `polycert` program; see [`polycert::cli`].

fn main() -> std::process::ExitCode {
    polycert::cli::run()
}
