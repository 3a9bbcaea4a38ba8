//! What each tool says when it fails, as it says it: the words that readers of logs look for.

use crate::demo::scenario::dice::Dice;
use crate::demo::scenario::log::{CASES, MODULES, Writer, compile};
use crate::demo::scenario::model::{RepoState, Run};
use crate::demo::scenario::team::Lang;
use crate::demo::scenario::trouble::{Fault, Test, Tool, Trouble};

/// Returns the command that builds a repository.
pub(super) fn build_command(lang: Lang) -> &'static str {
    match lang {
        Lang::Rust => "cargo build --locked --all-targets",
        Lang::Node => "npx tsc --noEmit",
        Lang::Python => "docker build --progress=plain .",
        Lang::Go => "go build ./...",
        Lang::C => "make -j4",
        Lang::Terraform => "terraform plan -input=false",
    }
}

fn test_command(lang: Lang) -> &'static str {
    match lang {
        Lang::Rust => "cargo test --locked",
        Lang::Node => "npx jest --ci",
        Lang::Python => "pytest -ra",
        Lang::Go => "go test -race ./...",
        Lang::C => "ctest --output-on-failure",
        Lang::Terraform => "terraform validate",
    }
}

/// Writes a job that fails.
pub(super) fn fail(
    out: &mut Writer,
    dice: &mut Dice,
    repo: &RepoState,
    run: &Run,
    why: &Trouble,
    lines: usize,
) {
    match why.tool {
        Tool::CargoTest | Tool::Jest | Tool::Pytest | Tool::GoTest | Tool::Ctest => {
            services(out);
            out.work(lines);
            out.run(test_command(repo.spec.lang));
        }
        Tool::Docker => {
            restore(out, dice);
            out.work(lines);
            out.run(build_command(Lang::Python));
        }
        Tool::Rustc | Tool::Tsc | Tool::GoBuild | Tool::Make | Tool::Terraform => {
            restore(out, dice);
            out.work(lines);
            out.run(build_command(repo.spec.lang));
        }
        Tool::Ship | Tool::Curl | Tool::Killer | Tool::Secret => {}
    }
    match (why.tool, &why.test, &why.fault) {
        (Tool::CargoTest, Some(test), _) => cargo_test(out, dice, test, lines),
        (Tool::Jest, Some(test), _) => jest(out, dice, test),
        (Tool::Pytest, Some(test), _) => pytest(out, dice, test),
        (Tool::GoTest, Some(test), _) => go_test(out, dice, test),
        (_, Some(test), _) => ctest(out, dice, test),
        (Tool::Rustc, _, Some(fault)) => rustc(out, dice, &repo.spec.name, fault),
        (Tool::Tsc, _, Some(fault)) => tsc(out, fault),
        (Tool::Docker, _, Some(fault)) => docker(out, fault),
        (Tool::GoBuild, _, Some(fault)) => go_build(out, fault),
        (Tool::Make, _, Some(fault)) => make(out, fault),
        (_, _, Some(fault)) => terraform(out, fault),
        _ => bare(out, dice, repo, run, why),
    }
    let exit = why.exit;
    out.line(&format!(
        "##[error]Process completed with exit code {exit}."
    ));
}

/// Writes failures that have neither a test nor a place in the code.
fn bare(out: &mut Writer, dice: &mut Dice, repo: &RepoState, run: &Run, why: &Trouble) {
    if why.tool == Tool::Curl {
        out.enter(2, 20);
        out.run("./ci/packages restore");
        out.line("Resolving packages.example.org... 203.0.113.17");
        for _ in 0..3 {
            out.line("  % Total    % Received % Xferd  Average Speed   Time    Time     Time");
            out.line("  0     0    0     0    0     0      0      0 --:--:--  0:02:14 --:--:--");
        }
        out.line(why.line);
    } else if why.tool == Tool::Killer {
        services(out);
        out.work(80);
        out.run(test_command(repo.spec.lang));
        compile(out, dice, 60);
        out.line("[  812.113004] Out of memory: Killed process 4711 (worker) total-vm:15728640kB, anon-rss:14680064kB");
        out.line("/home/runner/work/_temp/step.sh: line 3:  4711 Killed                  ./ci/e2e");
        out.line("##[warning]The runner has received a shutdown signal.");
    } else if why.tool == Tool::Secret {
        out.work(20);
        out.run("./ci/login");
        out.line("env:");
        out.line("  REGISTRY_TOKEN: ");
        out.line(why.line);
    } else {
        ship(out, run);
        out.work(20);
        out.line("Waiting for health of 3 instances: 0 of 3 healthy after 300 s");
        out.line("##[error]Health check failed after 3 tries");
    }
}

pub(super) fn restore(out: &mut Writer, dice: &mut Dice) {
    out.enter(2, 40);
    out.run("./ci/packages restore");
    out.line("Resolving packages.example.org... 203.0.113.17");
    for _ in 0..30 {
        let size = dice.below(900) + 3;
        out.line(&format!("{}: {size} kB, cached", dice.pick(super::CRATES)));
    }
}

pub(super) fn services(out: &mut Writer) {
    out.enter(2, 10);
    out.line("##[group]Start services");
    out.line("postgres: listening on port 5432");
    out.line("valkey: ready to accept connections");
    out.line("##[endgroup]");
}

pub(super) fn ship(out: &mut Writer, run: &Run) {
    out.enter(2, 50);
    out.line(&format!("##[group]Run ./ci/ship {}", run.branch));
    out.line("##[endgroup]");
    for nth in 1..=40 {
        out.line(&format!("Uploading layer {nth} of 40"));
    }
}

/// Writes tests that pass.
pub(super) fn pass_tests(out: &mut Writer, dice: &mut Dice, lang: Lang, lines: usize) {
    out.work(lines);
    out.run(test_command(lang));
    let count = lines.saturating_sub(out.lines + 10);
    for nth in 0..count {
        let (module, case) = (dice.pick(MODULES), dice.pick(CASES));
        out.line(&match lang {
            Lang::Rust => format!("test {module}::{case}_{nth:04} ... \u{1b}[32mok\u{1b}[0m"),
            Lang::Node => format!(
                "  \u{1b}[32m✓\u{1b}[39m {module} {case} {nth} ({} ms)",
                nth % 40
            ),
            Lang::Python => format!("tests/test_{module}.py::test_{case}_{nth} PASSED"),
            Lang::Go => format!("--- PASS: Test_{module}_{case}_{nth} (0.0{}s)", nth % 9),
            Lang::C | Lang::Terraform => {
                format!("{nth:3}/{count} Test #{nth}: {module}_{case} ....   Passed    0.02 sec")
            }
        });
    }
    out.line(&match lang {
        Lang::Rust => format!("test result: \u{1b}[32mok\u{1b}[0m. {count} passed; 0 failed"),
        Lang::Node => format!("Tests:       {count} passed, {count} total"),
        Lang::Python => format!("===== {count} passed in 41.02s ====="),
        Lang::Go => "PASS".to_owned(),
        Lang::C | Lang::Terraform => format!("100% tests passed, 0 tests failed out of {count}"),
    });
}

fn cargo_test(out: &mut Writer, dice: &mut Dice, test: &Test, lines: usize) {
    compile(out, dice, 90);
    out.line("     Running tests/it/main.rs (target/debug/deps/it-0c9f41de21f1cc54)");
    out.line("");
    let count = lines.saturating_sub(out.lines + 70);
    let name = format!("{}::{}", test.suite, test.name);
    out.line(&format!("running {count} tests"));
    for nth in 0..count {
        let (module, case) = (dice.pick(MODULES), dice.pick(CASES));
        let word = if nth == count / 2 {
            out.line(&format!("test {name} ... \u{1b}[31mFAILED\u{1b}[0m"));
            continue;
        } else if nth % 97 == 96 {
            "\u{1b}[33mignored\u{1b}[0m"
        } else {
            "\u{1b}[32mok\u{1b}[0m"
        };
        out.line(&format!("test {module}::{case}_{nth:04} ... {word}"));
    }
    let passed = count.saturating_sub(1 + count / 97);
    out.block(&format!(
        "\nfailures:\n\n---- {name} stdout ----\n\nthread '{name}' panicked at {}:{}:5:\n{}\n  left: [\"A-1\", \"B-1\", \"A-2\"]\n right: [\"A-1\", \"A-2\", \"B-1\"]\nstack backtrace:",
        test.file, test.line, test.message
    ));
    let own = format!("it::{name}");
    let frames = [
        "__rustc::rust_begin_unwind",
        "core::panicking::panic_fmt",
        "core::panicking::assert_failed_inner",
        own.as_str(),
        "core::ops::function::FnOnce::call_once",
    ];
    for (nth, frame) in frames.iter().enumerate() {
        let line = 70 + nth;
        out.line(&format!("  {nth:2}: {frame}"));
        out.line(&format!(
            "             at /rustc/e408947bfd/library/core/src/part{nth}.rs:{line}:5"
        ));
    }
    out.block(&format!(
        "note: run with `RUST_BACKTRACE=full` for a verbose backtrace\n\n\nfailures:\n    {name}\n\ntest result: \u{1b}[31mFAILED\u{1b}[0m. {passed} passed; 1 failed; {} ignored; 0 measured; 0 filtered out; finished in 182.44s\n\n\u{1b}[1m\u{1b}[91merror\u{1b}[0m: test failed, to rerun pass `--test it`",
        count / 97
    ));
}

fn jest(out: &mut Writer, dice: &mut Dice, test: &Test) {
    for nth in 0..90 {
        let module = dice.pick(MODULES);
        out.line(&format!(
            "\u{1b}[32mPASS\u{1b}[39m src/{module}/{module}{nth}.test.ts"
        ));
    }
    let (suite, name, file, line) = (test.suite, test.name, test.file, test.line);
    out.block(&format!(
        "\u{1b}[31mFAIL\u{1b}[39m {file}\n  {suite}\n    \u{1b}[32m✓\u{1b}[39m starts empty (3 ms)\n    \u{1b}[31m✕\u{1b}[39m {name} (41 ms)\n\n  \u{1b}[31m●\u{1b}[39m {suite} › {name}\n\n    {}\n\n    Expected: 30\n    Received: 20\n\n      {:3} |   const total = add(lines);\n    > {line:3} |   expect(total).toBe(30);\n          |                 ^\n      {:3} | }});\n\n      at Object.toBe ({file}:{line}:17)\n\nTest Suites: 1 failed, 90 passed, 91 total\nTests:       1 failed, 412 passed, 413 total\nSnapshots:   0 total\nTime:        38.912 s\nRan all test suites.",
        test.message,
        line.saturating_sub(1),
        line + 1
    ));
}

fn pytest(out: &mut Writer, dice: &mut Dice, test: &Test) {
    out.block("============================= test session starts ==============================\nplatform linux -- Python 3.14.0, pytest-9.0.1, pluggy-1.6.0\nrootdir: /home/runner/work/app\ncollected 412 items\n");
    for nth in 0..80 {
        let (module, percent) = (dice.pick(MODULES), nth + 20);
        out.line(&format!(
            "tests/test_{module}{nth}.py .....                  [{percent:3}%]"
        ));
    }
    let (name, file, line, message) = (test.name, test.file, test.line, test.message);
    let kind = message.split(':').next().unwrap_or("AssertionError");
    out.block(&format!(
        "\n=================================== FAILURES ===================================\n_____________________ {name} _____________________\n\n    def {name}(ledger):\n        order = ledger.order(lines=3)\n>       assert order.refund(1).left == order.total\nE       {message}\n\n{file}:{line}: {kind}\n----------------------------- Captured stdout call -----------------------------\nopened the ledger\n=========================== short test summary info ============================\nFAILED {file}::{name} - {message}\n================== \u{1b}[31m1 failed\u{1b}[0m, 411 passed, 3 skipped in 97.31s ==================="
    ));
}

fn go_test(out: &mut Writer, dice: &mut Dice, test: &Test) {
    for nth in 0..70 {
        let module = dice.pick(MODULES);
        out.line(&format!(
            "ok  \texample.org/acme/{module}{nth}\t0.{}s",
            100 + nth
        ));
    }
    if test.message.starts_with("race") {
        out.block("==================\nWARNING: DATA RACE\nWrite at 0x00c0000b4010 by goroutine 9:\n  example.org/acme/auth/store.(*Store).Put()\n      /home/runner/work/auth/store/store.go:91 +0x6c\n==================");
    }
    out.block(&format!(
        "--- FAIL: {name} (0.41s)\n    {file}:{line}: {message}\nFAIL\nFAIL\t{suite}\t0.512s\nok  \texample.org/acme/version\t0.011s\nFAIL",
        name = test.name,
        file = test.file,
        line = test.line,
        message = test.message,
        suite = test.suite
    ));
}

fn ctest(out: &mut Writer, dice: &mut Dice, test: &Test) {
    for nth in 1..=60 {
        let (module, case) = (dice.pick(MODULES), dice.pick(CASES));
        out.line(&format!(
            "{nth:3}/61 Test #{nth}: {module}_{case} ....   Passed    0.02 sec"
        ));
    }
    let (suite, name, file, line) = (test.suite, test.name, test.file, test.line);
    let word = if test.message == "Timeout" {
        "***Timeout"
    } else {
        "***Failed"
    };
    out.block(&format!(
        " 61/61 Test #61: {name} ....{word}  1.31 sec\n{suite}: {file}:{line}: {name}: {}\n\n98% tests passed, 1 tests failed out of 61\n\nTotal Test time (real) =  14.02 sec\n\nThe following tests FAILED:\n\t 61 - {name} (Failed)\nErrors while running CTest",
        test.message
    ));
}

fn rustc(out: &mut Writer, dice: &mut Dice, name: &str, fault: &Fault) {
    compile(out, dice, 160);
    let Fault {
        file,
        line,
        column,
        code,
        message,
        source,
    } = *fault;
    out.block(&format!(
        "\u{1b}[1m\u{1b}[91merror[{code}]\u{1b}[0m\u{1b}[1m: {message}\u{1b}[0m\n   \u{1b}[94m-->\u{1b}[0m {file}:{line}:{column}\n    \u{1b}[94m|\u{1b}[0m\n{line:3} \u{1b}[94m|\u{1b}[0m {source}\n    \u{1b}[94m|\u{1b}[0m                \u{1b}[91m^^^^^^^^^^^^^^\u{1b}[0m\n\nFor more information about this error, try `rustc --explain {code}`.\n\u{1b}[1m\u{1b}[91merror\u{1b}[0m: could not compile `acme-{name}` (lib) due to 1 previous error"
    ));
}

fn tsc(out: &mut Writer, fault: &Fault) {
    let Fault {
        file,
        line,
        column,
        code,
        message,
        source,
    } = *fault;
    for nth in 0..14 {
        let line = line + nth * 7;
        out.line(&format!(
            "\u{1b}[96m{file}\u{1b}[0m:\u{1b}[93m{line}\u{1b}[0m:\u{1b}[93m{column}\u{1b}[0m - \u{1b}[91merror\u{1b}[0m \u{1b}[90m{code}: \u{1b}[0m{message}"
        ));
        out.line("");
        out.line(&format!("\u{1b}[7m{line}\u{1b}[0m {source}"));
        out.line("");
    }
    out.line(&format!(
        "Found 14 errors in the same file, starting at: {file}:{line}"
    ));
}

fn docker(out: &mut Writer, fault: &Fault) {
    let Fault {
        file,
        line,
        message,
        source,
        ..
    } = *fault;
    out.block("#0 building with \"default\" instance using docker driver\n\n#1 [internal] load build definition from Dockerfile\n#1 transferring dockerfile: 1.02kB done\n#1 DONE 0.0s\n\n#4 [1/9] FROM docker.io/library/python:3.14-slim\n#4 DONE 3.1s");
    for nth in 5..9 {
        out.line(&format!(
            "#{nth} [{}/9] COPY layer{nth} /app/layer{nth}",
            nth - 3
        ));
        out.line(&format!("#{nth} DONE 0.{nth}s"));
    }
    out.line(&format!("#9 [7/9] {source}"));
    for nth in 0..12 {
        out.line(&format!("#9 {nth}.104 Collecting package{nth}==1.{nth}"));
    }
    out.line("#9 12.92 ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.");
    out.block(&format!(
        "#9 ERROR: {message}\n------\n > [7/9] {source}:\n12.92 ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.\n------\n{file}:{line}\n--------------------\n  {line} | >>> {source}\n--------------------\nERROR: failed to build: failed to solve: {message}"
    ));
}

fn go_build(out: &mut Writer, fault: &Fault) {
    out.block("go: downloading golang.org/x/sync v0.18.0\n# example.org/acme/auth");
    let Fault {
        file,
        line,
        column,
        message,
        ..
    } = *fault;
    out.line(&format!("{file}:{line}:{column}: {message}"));
}

fn make(out: &mut Writer, fault: &Fault) {
    for nth in 0..40 {
        out.line(&format!(
            "cc -std=c17 -Wall -O2 -c -o build/part{nth}.o src/part{nth}.c"
        ));
    }
    let Fault {
        file,
        line,
        column,
        code,
        message,
        source,
    } = *fault;
    let flag = if code.is_empty() {
        String::new()
    } else {
        format!(" [{code}]")
    };
    let object = file.replace("src/", "build/").replace(".c", ".o");
    out.block(&format!(
        "{file}: In function 'main':\n{file}:{line}:{column}: \u{1b}[01;31m\u{1b}[Kerror: \u{1b}[m\u{1b}[K{message}{flag}\n{source}\n      |         ^\nmake: *** [Makefile:31: {object}] Error 1\nmake: *** Waiting for unfinished jobs...."
    ));
}

fn terraform(out: &mut Writer, fault: &Fault) {
    for nth in 0..30 {
        out.line(&format!(
            "acme_network.part[{nth}]: Refreshing state... [id=net-{nth}]"
        ));
    }
    let Fault {
        file,
        line,
        message,
        source,
        ..
    } = *fault;
    out.block(&format!(
        "\u{1b}[31m╷\u{1b}[0m\n\u{1b}[31m│\u{1b}[0m \u{1b}[1m\u{1b}[31mError: \u{1b}[0m\u{1b}[1m{message}\u{1b}[0m\n\u{1b}[31m│\u{1b}[0m \n\u{1b}[31m│\u{1b}[0m   on {file} line {line}:\n\u{1b}[31m│\u{1b}[0m {source}\n\u{1b}[31m│\u{1b}[0m \n\u{1b}[31m╵\u{1b}[0m"
    ));
}
