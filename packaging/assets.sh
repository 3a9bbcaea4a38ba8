#!/bin/sh
# Makes what a package holds besides the program: manual page, completions, schema, changelogs.
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

# Debian's own changelog has one entry, that of this version; what changed in it stands in the other.
version=$(clean --version | cut -d' ' -f2)
cat >"$out/changelog" <<ENTRY
cycleboard ($version-1) unstable; urgency=low

  * What changed is in changelog.gz.

 -- The cycleboard authors <cycleboard@example.org>  $(LC_ALL=C date -R -u -d "@${SOURCE_DATE_EPOCH:-$(date +%s)}")
ENTRY
gzip -9nc "$(dirname "$0")/../CHANGELOG.md" >"$out/changelog.gz"
