//! Embeds the console anew whenever it was built anew.

fn main() {
    let built = "../../web/desk/dist";
    // Cargo runs this every time when a watched path is missing, so watch the parent then.
    let watched = if std::path::Path::new(built).exists() { built } else { "../../web/desk" };
    println!("cargo:rerun-if-changed={watched}");
}
