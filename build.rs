//! Compiles the protos with `protox`: a clone builds with cargo alone, without `protoc`.

use std::fs;
use std::path::PathBuf;

const FILES: [&str; 6] = [
    "recado/v1/error.proto",
    "recado/v1/filter.proto",
    "recado/v1/user_service.proto",
    "recado/v1/segment_service.proto",
    "recado/v1/campaign_service.proto",
    "recado/v1/delivery_service.proto",
];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo:rerun-if-changed=proto");
    let out = PathBuf::from(std::env::var_os("OUT_DIR").ok_or("cargo sets OUT_DIR")?);
    let mut compiler = protox::Compiler::new(["proto"])?;
    compiler
        .include_imports(true)
        .include_source_info(false)
        .open_files(FILES)?;
    // Not `encode_to_vec` of the set: that would drop custom options, which reflection should show.
    fs::write(
        out.join("recado_descriptor.bin"),
        compiler.encode_file_descriptor_set(),
    )?;
    tonic_prost_build::configure().compile_fds(compiler.file_descriptor_set())?;
    Ok(())
}
