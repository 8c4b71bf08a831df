//! Sees to it that there is a browser client to embed: a page that says how to build it, if nothing
//! else.

use std::path::Path;
use std::{env, fs, io};

const PAGE: &str = "<!doctype html>
<html lang=\"en\">
  <head>
    <meta charset=\"utf-8\">
    <title>Convoke</title>
    <!--boot-->
  </head>
  <body>
    <h1>Convoke</h1>
    <p>The browser client is not built yet. <code>cargo xtask run</code> builds and serves it.</p>
  </body>
</html>
";

fn main() -> io::Result<()> {
    let root = env::var_os("CARGO_MANIFEST_DIR").ok_or(io::ErrorKind::NotFound)?;
    let dist = Path::new(&root).join("../clients/browser/dist");
    let index = dist.join("index.html");
    if !index.exists() {
        fs::create_dir_all(&dist)?;
        fs::write(&index, PAGE)?;
    }
    let mut out = io::stdout().lock();
    // Rebuilding the client embeds it anew.
    io::Write::write_all(&mut out, b"cargo::rerun-if-changed=../clients/browser/dist\n")
}
