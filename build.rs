//! Lets the binary find the fetched DuckDB library: beside itself, or in the checkout.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-env-changed=DUCKDB_LIB_DIR");
    if std::env::var_os("CARGO_FEATURE_BUNDLED").is_some() {
        return;
    }
    let folder = std::env::var("DUCKDB_LIB_DIR").unwrap_or_default();
    for path in ["$ORIGIN", "$ORIGIN/..", folder.as_str()] {
        if !path.is_empty() {
            println!("cargo:rustc-link-arg=-Wl,-rpath,{path}");
        }
    }
}
