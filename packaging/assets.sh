#!/bin/sh
# Makes what a package holds besides the program: manual page, completions, schema.
# Usage: sh packaging/assets.sh PROGRAM [DIRECTORY]; the directory is `target/deb`, where
# `[package.metadata.deb]` of Cargo.toml looks for it.
set -eu

program=${1:?which program?}
out=${2:-target/deb}
mkdir -p "$out"

# Only what is built in: no configuration of this machine gets into a package.
clean() {
    env -i HOME="$out" PATH="$PATH" LANG=C.UTF-8 "$program" "$@"
}

clean man >"$out/cycleboard.1"
clean completions bash >"$out/cycleboard.bash"
clean completions zsh >"$out/_cycleboard"
clean completions fish >"$out/cycleboard.fish"
clean config schema >"$out/config.schema.json"
clean config default >"$out/config.toml"
