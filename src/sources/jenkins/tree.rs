//! What is asked of Jenkins: fields by `tree=` with ranges, and which folders and jobs.
//!
//! Pure. Never asks by `depth=`: a server answers that with all that it has.

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

use crate::config::SourceConfig;

/// How many levels below a chosen folder are read: folders, a project of branches, its branches.
pub(super) const DEPTH: usize = 4;

/// How many items of one folder are read.
pub(super) const MOST_ITEMS: usize = 500;

/// What is asked of one build.
const BUILD: &str = "number,building,result,timestamp,duration,displayName,\
    actions[lastBuiltRevision[SHA1,branch[name]],remoteUrls,parameters[name,value],\
    causes[shortDescription,userId]]";

/// Returns what is asked of a folder: its items, those in its folders, the newest build of each.
pub(super) fn of_folder() -> String {
    let mut tree = String::new();
    for _ in 0..DEPTH {
        let inner = if tree.is_empty() {
            String::new()
        } else {
            format!(",{tree}")
        };
        // One more than is read tells whether there are more.
        tree = format!(
            "jobs[name,inQueue,actions[objectUrl,objectDisplayName],\
             builds[{BUILD}]{{0,1}}{inner}]{{0,{}}}",
            MOST_ITEMS + 1
        );
    }
    tree
}

/// Returns what is asked of one job: its newest builds.
pub(super) fn of_job(builds: u64) -> String {
    format!("builds[{BUILD}]{{0,{builds}}},lastBuild[number]")
}

/// Returns what is asked of one job: its builds from one place to another, those included that a
/// server does not keep in memory.
pub(super) fn of_past(from: usize, to: usize) -> String {
    format!("allBuilds[{BUILD}]{{{from},{to}}}")
}

/// Returns what is asked of a project of branches: what each branch was before it was merged.
pub(super) fn of_heads(jobs: usize) -> String {
    format!(
        "jobs[name,builds[number,timestamp,\
         actions[buildsByBranchName[*[buildNumber,marked[SHA1]]]]]{{0,1}}]{{0,{jobs}}}"
    )
}

/// What is asked of one build before something is done to it.
pub(super) fn of_build() -> String {
    BUILD.to_owned()
}

/// What is asked around a folder that is not there: what it could be.
pub(super) const NAMES: &str = "jobs[name]{0,501}";

/// What is asked of a test report.
pub(super) const TESTS: &str = "failCount,passCount,suites[name,enclosingBlocks,\
    cases[className,name,status,duration,errorDetails,errorStackTrace]{0,5000}]{0,1000},\
    childReports[result[failCount,passCount,suites[name,\
    cases[className,name,status,duration,errorDetails,errorStackTrace]{0,5000}]{0,200}]]{0,50}";

/// What is asked of the queue: one more than [`MOST_QUEUED`], to see whether there are more.
pub(super) const QUEUE: &str = "items[id,inQueueSince,why,task[url],\
    actions[parameters[name,value],causes[shortDescription,userId]]]{0,101}";

/// How much of the queue is read.
pub(super) const MOST_QUEUED: usize = 100;

/// Which folders and jobs are meant.
#[derive(Debug)]
pub(super) struct Choice {
    folders: Vec<String>,
    /// Jobs that are named in full.
    jobs: Vec<String>,
    patterns: Option<GlobSet>,
    roots: Vec<String>,
}

impl Choice {
    /// Returns what the settings choose.
    pub(super) fn of(config: &SourceConfig) -> Self {
        let plain = |text: &String| text.trim().trim_matches('/').to_owned();
        let folders: Vec<String> = config.orgs.iter().map(plain).collect();
        let named: Vec<String> = config.repos.iter().map(plain).collect();
        let (patterns, jobs): (Vec<_>, Vec<_>) =
            named.into_iter().partition(|text| is_pattern(text));
        let mut builder = GlobSetBuilder::new();
        for pattern in &patterns {
            // The settings were checked: each of them is a pattern.
            if let Ok(glob) = GlobBuilder::new(pattern).case_insensitive(true).build() {
                builder.add(glob);
            }
        }
        let of_jobs = jobs.iter().chain(&patterns).map(|path| before(path));
        let roots = outermost(folders.iter().cloned().chain(of_jobs).collect());
        Self {
            roots,
            folders,
            jobs,
            patterns: builder.build().ok().filter(|set| !set.is_empty()),
        }
    }

    /// Returns the folders to be read; empty text is the root.
    pub(super) fn roots(&self) -> &[String] {
        &self.roots
    }

    /// Returns the jobs and folders that are named in full.
    pub(super) fn named(&self) -> impl Iterator<Item = &String> {
        self.jobs.iter().chain(&self.folders)
    }

    /// Returns whether a job is meant: by its own path, or by that of a folder around it.
    pub(super) fn covers(&self, path: &str) -> bool {
        if self.folders.is_empty() && self.jobs.is_empty() && self.patterns.is_none() {
            return true;
        }
        prefixes(path).any(|part| {
            let named = |name: &String| name.eq_ignore_ascii_case(part);
            let fits = |set: &GlobSet| set.is_match(part);
            self.folders.iter().any(named)
                || self.jobs.iter().any(named)
                || self.patterns.as_ref().is_some_and(fits)
        })
    }
}

/// Returns a path and those of the folders around it.
pub(super) fn prefixes(path: &str) -> impl Iterator<Item = &str> {
    let ends = path.match_indices('/').map(|(at, _)| at);
    let ends = ends.chain(std::iter::once(path.len()));
    ends.filter_map(|end| path.get(..end))
}

fn is_pattern(text: &str) -> bool {
    text.contains(['*', '?', '[', '{'])
}

/// Returns the folder around a path, as far as it is named in full.
fn before(path: &str) -> String {
    let parts: Vec<&str> = path.split('/').collect();
    let (_, around) = parts.split_last().unwrap_or((&"", &[]));
    let plain = around
        .iter()
        .take_while(|part| !part.contains(['*', '?', '[', '{', '}', ']']));
    plain.copied().collect::<Vec<_>>().join("/")
}

/// Returns the folders that lie in none of the others; the root where there is none.
fn outermost(mut folders: Vec<String>) -> Vec<String> {
    folders.sort_by_key(|folder| folder.to_ascii_lowercase());
    let mut kept: Vec<String> = Vec::new();
    for folder in folders {
        let in_other = kept.iter().any(|other| {
            other.is_empty() || prefixes(&folder).any(|part| part.eq_ignore_ascii_case(other))
        });
        if !in_other {
            kept.push(folder);
        }
    }
    if kept.is_empty() {
        kept.push(String::new());
    }
    kept
}

/// Returns the parts of the address of an item: `job/team/job/api`.
pub(super) fn route(path: &str) -> Vec<&str> {
    let parts = path.split('/').filter(|part| !part.is_empty());
    parts.flat_map(|part| ["job", part]).collect()
}

#[cfg(test)]
mod tests {
    use super::{Choice, of_folder, route};
    use crate::config::SourceConfig;
    use url::Url;

    fn choice(repos: &[&str], orgs: &[&str]) -> Choice {
        let url = Url::parse("https://ci.test").unwrap();
        let mut config = SourceConfig::new("ci", "jenkins", url);
        config.repos = repos.iter().map(|text| (*text).to_owned()).collect();
        config.orgs = orgs.iter().map(|text| (*text).to_owned()).collect();
        Choice::of(&config)
    }

    #[track_caller]
    fn check(repos: &[&str], orgs: &[&str], roots: &[&str], yes: &[&str], no: &[&str]) {
        let choice = choice(repos, orgs);
        assert_eq!(choice.roots(), roots);
        for path in yes {
            assert!(choice.covers(path), "{path}");
        }
        for path in no {
            assert!(!choice.covers(path), "{path}");
        }
    }

    #[test]
    fn folders_jobs_and_patterns_choose_what_is_in_them() {
        check(&[], &[], &[""], &["api", "team/api/main"], &[]);
        check(&["api"], &[], &[""], &["api", "API/main"], &["web"]);
        check(
            &["team/api"],
            &["ops/deploy"],
            &["ops/deploy", "team"],
            &["team/api/PR-1", "ops/deploy/prod"],
            &["team/web", "ops/other", "team"],
        );
        check(
            &["team/*/build", "team/sub/x"],
            &["team"],
            &["team"],
            &["team/a"],
            &["other/a"],
        );
        check(&["*/api"], &[], &[""], &["a/api", "a/api/main"], &["api"]);
    }

    #[test]
    fn ranges_bound_what_is_asked_and_nothing_is_asked_by_depth() {
        let tree = of_folder();
        assert_eq!(tree.matches("jobs[").count(), super::DEPTH);
        assert_eq!(tree.matches("{0,501}").count(), super::DEPTH);
        assert_eq!(tree.matches("]{0,1}").count(), super::DEPTH);
        let open = tree.matches('[').count();
        assert_eq!(open, tree.matches(']').count());
        assert_eq!(route("a/b%2Fc"), ["job", "a", "job", "b%2Fc"]);
        let url: String = url::form_urlencoded::byte_serialize(tree.as_bytes()).collect();
        assert!(url.len() < 6_000, "headers end at 8 KiB: {}", url.len());
    }
}
