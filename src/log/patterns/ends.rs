//! Rows for how steps and jobs end, as CI servers put it: exit marks, and verdicts of the server.
//!
//! An exit mark says only that a step failed; a verdict says that the server ended
//! it, and why. What tools say is in the files beside this one.

use crate::log::errors::Confidence::{Certain, Exit as Low, Summary};
use crate::log::patterns::ErrorKind::{Exit, Memory, Runner, Timeout};
use crate::log::patterns::Shape::{Around, Line};
use crate::log::patterns::{BUILDBOT, CI, Pattern, row};

pub(super) const ROWS: &[Pattern] = &[
    // Exit marks. What 137 means is known without a word of it.
    row(
        CI,
        &[
            "Process completed with exit code 137",
            "Job failed: command terminated with exit code 137",
            "Job failed: exit code 137",
        ],
        r"^(?:Error: |ERROR: )?(?P<text>(?:Process completed with|Job failed:(?: command terminated with)?) exit code (?P<code>137))\b",
        Memory,
        Low,
        Around(3, 0),
    ),
    row(
        CI,
        &["Process completed with exit code"],
        r"^(?:Error: )?(?P<text>Process completed with exit code (?P<code>-?[1-9][0-9]*))",
        Exit,
        Low,
        Line,
    ),
    row(
        CI,
        &["The operation was canceled"],
        r"^(?P<text>The operation was canceled)",
        Timeout,
        Low,
        Around(3, 0),
    ),
    row(
        CI,
        &["failed with exit code", "exited with error code"],
        r"^(?:Error: )?(?P<text>(?:The process '[^']+' failed with exit|(?:.+ )?Child_process exited with error) code (?P<code>-?[0-9]+))",
        Exit,
        Low,
        Line,
    ),
    row(
        CI,
        &["exited with code"],
        r"^(?:[\w.]+ )?(?P<text>exited with code '(?P<code>-?[0-9]+)')",
        Exit,
        Low,
        Line,
    ),
    row(
        CI,
        &["ERROR: Job failed: ex", "ERROR: Job failed: command"],
        r"^ERROR: (?P<text>Job failed: (?:exit code|exit status|command terminated with exit code) (?P<code>[0-9]+))",
        Exit,
        Low,
        Line,
    ),
    row(
        BUILDBOT,
        &["program finished with exit code"],
        r"^(?P<text>program finished with exit code (?P<code>-?[1-9][0-9]*))",
        Exit,
        Low,
        Line,
    ),
    row(
        CI,
        &["': failure", "Job failed", "' failed"],
        r"^(?:🏁 +)?(?P<text>exitcode '(?P<code>-?[0-9]+)': failure|Job failed|Error: Job '[^']+' failed)$",
        Exit,
        Low,
        Line,
    ),
    row(
        CI,
        &[
            "script returned exit code",
            "Finished: FAILURE",
            "marked build as failure",
        ],
        r"^(?P<text>ERROR: script returned exit code (?P<code>-?[0-9]+)|Finished: FAILURE|Build step '.+' marked build as failure)$",
        Exit,
        Low,
        Line,
    ),
    row(
        CI,
        &["Exited with code exit status", " exited with "],
        r#"^(?P<text>Exited with code exit status (?P<code>[0-9]+)|(?:The command ".+"|Done\. Your build) exited with [1-9][0-9]*)\.?$"#,
        Exit,
        Low,
        Line,
    ),
    row(
        BUILDBOT,
        &["process killed by signal"],
        r"^(?P<text>process killed by signal (?P<code>[0-9]+))",
        Exit,
        Summary,
        Around(2, 0),
    ),
    // Verdicts: the server ended it.
    row(
        CI,
        &["ERROR: Job failed: execution took longer"],
        r"^ERROR: Job failed: (?P<text>execution took longer than .+)$",
        Timeout,
        Certain,
        Line,
    ),
    row(
        CI,
        &["exceeded the maximum execution time", "has timed out after"],
        r"^(?:Error: )?(?P<text>The (?:job|action|hosted runner).* has (?:exceeded the maximum execution time of|timed out after) .+)$",
        Timeout,
        Certain,
        Line,
    ),
    row(
        BUILDBOT,
        &["command timed out"],
        r"^(?P<text>command timed out: (?P<code>[0-9]+ seconds).*)$",
        Timeout,
        Certain,
        Around(5, 2),
    ),
    row(
        CI,
        &["ERROR: Job failed (system failure)"],
        r"^ERROR: Job failed \(system failure\): (?P<text>.+)$",
        Runner,
        Certain,
        Line,
    ),
    row(
        CI,
        &["ERROR: Job failed: "],
        r"^ERROR: Job failed: (?P<text>[^\s].+)$",
        Runner,
        Certain,
        Line,
    ),
    row(
        "runner",
        &[
            "shutdown signal",
            "lost communication with the server",
            "runner has lost",
        ],
        r"(?P<text>The (?:self-hosted )?(?:hosted )?runner.*(?:shutdown signal|lost communication).*)$",
        Runner,
        Certain,
        Line,
    ),
    row(
        "runner",
        &[
            "remote worker lost",
            "worker lost",
            "lost remote",
            "runner system failure",
            "other side was lost",
        ],
        r"^(?P<text>remote worker lost.*|worker lost.*|lost remote.*|runner system failure.*|.*Connection to the other side was lost.*)$",
        Runner,
        Certain,
        Line,
    ),
];
