//! The doorway to [`relaymeter::cli`].

fn main() -> std::process::ExitCode {
    relaymeter::cli::run()
}
