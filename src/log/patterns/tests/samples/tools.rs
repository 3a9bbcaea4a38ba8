//! Samples of what build tools say, and of lines that only call themselves errors.

use super::Sample;

/// The lines.
pub(super) const SAMPLES: &[Sample] = &[
    // Build tools.
    (
        "make: *** No rule to make target 'a.o', needed by 'all'.  Stop.",
        "make",
        "",
        "No rule to make target 'a.o', needed by 'all'.  Stop.",
    ),
    (
        "Makefile:12: *** missing separator.  Stop.",
        "make",
        "",
        "missing separator.  Stop.",
    ),
    (
        "make[1]: *** [Makefile:31: build/a.o] Error 1",
        "make",
        "",
        "build/a.o] Error 1",
    ),
    (
        "ninja: error: loading 'build.ninja': no",
        "ninja",
        "",
        "loading 'build.ninja': no",
    ),
    (
        "ninja: build stopped: subcommand failed.",
        "ninja",
        "",
        "build stopped: subcommand failed.",
    ),
    (
        "FAILED: [code=1] CMakeFiles/a.dir/a.cc.o",
        "ninja",
        "1",
        "FAILED: [code=1] CMakeFiles/a.dir/a.cc.o",
    ),
    (
        "CMake Error at CMakeLists.txt:3 (find_package):",
        "cmake",
        "find_package",
        "CMake Error at CMakeLists.txt:3 (find_package):",
    ),
    ("* What went wrong:", "gradle", "", "What went wrong"),
    (
        "FAILURE: Build failed with an exception.",
        "gradle",
        "",
        "Build failed with an exception",
    ),
    (
        "#9 ERROR: process \"/bin/sh -c make\" did not complete successfully: exit code: 2",
        "docker",
        "2",
        "process \"/bin/sh -c make\" did not complete successfully: exit code: 2",
    ),
    (
        "ERROR: failed to build: failed to solve: process \"/bin/sh -c make\" did not complete successfully: exit code: 2",
        "docker",
        "2",
        "failed to solve: process \"/bin/sh -c make\" did not complete successfully: exit code: 2",
    ),
    (
        "ERROR: failed to solve: dockerfile parse error on line 3: unknown instruction: RUNN",
        "docker",
        "",
        "failed to solve: dockerfile parse error on line 3: unknown instruction: RUNN",
    ),
    (
        "The command '/bin/sh -c make' returned a non-zero code: 2",
        "docker",
        "2",
        "The command '/bin/sh -c make' returned a non-zero code: 2",
    ),
    (
        "docker: Error response from daemon: Conflict. The container name \"/a\" is already in use",
        "docker",
        "",
        "Error response from daemon: Conflict. The container name \"/a\" is already in use",
    ),
    (
        "manifest for acme/ci:9 not found: manifest unknown",
        "docker",
        "",
        "manifest for acme/ci:9 not found: manifest unknown",
    ),
    (
        "\u{1b}[31m│\u{1b}[0m \u{1b}[1m\u{1b}[31mError: \u{1b}[0m\u{1b}[1mUnsupported argument\u{1b}[0m",
        "terraform",
        "",
        "Unsupported argument",
    ),
    (
        "npm ERR! code ELIFECYCLE",
        "npm",
        "ELIFECYCLE",
        "ELIFECYCLE",
    ),
    ("npm error code ERESOLVE", "npm", "ERESOLVE", "ERESOLVE"),
    (
        "npm error Missing script: \"biuld\"",
        "npm",
        "",
        "Missing script: \"biuld\"",
    ),
    (
        "npm ERR! Test failed.  See above for more details.",
        "npm",
        "",
        "Test failed.  See above for more details.",
    ),
    (
        "➤ YN0028: │ Usage Error: The lockfile would have been modified",
        "yarn",
        "YN0028",
        "The lockfile would have been modified",
    ),
    (
        "error Couldn't find any versions for \"acme\" that matches \"^9\"",
        "yarn",
        "",
        "Couldn't find any versions for \"acme\" that matches \"^9\"",
    ),
    (
        "error Command failed with exit code 2.",
        "yarn",
        "2",
        "Command failed with exit code 2",
    ),
    (
        "\u{2009}ERR_PNPM_RECURSIVE_RUN_FIRST_FAIL\u{2009} acme@1.0.0 test: `jest`",
        "pnpm",
        "ERR_PNPM_RECURSIVE_RUN_FIRST_FAIL",
        "acme@1.0.0 test: `jest`",
    ),
    (
        "\u{2009}ERR_PNPM_OUTDATED_LOCKFILE\u{2009} Cannot install with \"frozen-lockfile\"",
        "pnpm",
        "ERR_PNPM_OUTDATED_LOCKFILE",
        "Cannot install with \"frozen-lockfile\"",
    ),
    (
        "\u{2009}ELIFECYCLE\u{2009} Command failed with exit code 1.",
        "pnpm",
        "",
        "Command failed with exit code 1.",
    ),
    (
        "CONFLICT (content): Merge conflict in src/a.rs",
        "git",
        "content",
        "Merge conflict in src/a.rs",
    ),
    (
        "fatal: [web-1]: FAILED! => {\"msg\": \"no\"}",
        "ansible",
        "FAILED",
        "FAILED! => {\"msg\": \"no\"}",
    ),
    (
        "remote: Permission to acme/api.git denied to acme-bot.",
        "git",
        "",
        "Permission to acme/api.git denied to acme-bot.",
    ),
    (
        "fatal: No names found, cannot describe anything.",
        "git",
        "",
        "No names found, cannot describe anything.",
    ),
    (
        "fatal: couldn't find remote ref refs/heads/gone",
        "git",
        "",
        "couldn't find remote ref refs/heads/gone",
    ),
    (
        "error: pathspec 'v9' did not match any file(s) known to git",
        "git",
        "",
        "pathspec 'v9' did not match any file(s) known to git",
    ),
    (
        "Error from server (Forbidden): pods is forbidden",
        "kubectl",
        "Forbidden",
        "pods is forbidden",
    ),
    (
        "Error: INSTALLATION FAILED: cannot re-use a name that is still in use",
        "helm",
        "",
        "INSTALLATION FAILED: cannot re-use a name that is still in use",
    ),
    (
        "An error occurred (AccessDenied) when calling the PutObject operation: Access Denied",
        "aws",
        "AccessDenied",
        "An error occurred (AccessDenied) when calling the PutObject operation: Access Denied",
    ),
    (
        "  Your requirements could not be resolved to an installable set of packages.",
        "composer",
        "",
        "Your requirements could not be resolved to an installable set of packages",
    ),
    (
        "E: Unable to locate package libfoo-dev",
        "apt",
        "",
        "Unable to locate package libfoo-dev",
    ),
    // Anything that says so.
    (
        "error: unused import: `std::fmt`",
        "rustc",
        "",
        "unused import: `std::fmt`",
    ),
    (
        "ERROR: the migration is not reversible",
        "log",
        "",
        "the migration is not reversible",
    ),
    (
        "cat: out/report.txt: No such file or directory",
        "shell",
        "",
        "cat: out/report.txt: No such file or directory",
    ),
];
