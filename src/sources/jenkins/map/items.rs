//! Folders in folders to jobs, each with what its place says of it. Pure.

use super::Subject;
use crate::domain::key::RepoKey;
use crate::domain::text::Clean;
use crate::sources::http::List;
use crate::sources::jenkins::tree::{DEPTH, MOST_ITEMS};
use crate::sources::jenkins::wire::Item;

/// Parts of an address at which that of the repository ends.
const ENDS: &[&str] = &[
    "/-/",
    "/tree/",
    "/pull/",
    "/pulls/",
    "/src/branch/",
    "/merge_requests/",
    "/pull-requests/",
    "/branch/",
];

/// A job that was found.
#[derive(Debug)]
pub(in crate::sources::jenkins) struct Found<'a> {
    pub(in crate::sources::jenkins) subject: Subject,
    pub(in crate::sources::jenkins) item: &'a Item,
}

/// All that was found below one folder.
#[derive(Default, Debug)]
pub(in crate::sources::jenkins) struct Flat<'a> {
    pub(in crate::sources::jenkins) jobs: Vec<Found<'a>>,
    /// Paths of folders that were seen.
    pub(in crate::sources::jenkins) folders: Vec<String>,
    /// How many records could not be read, and why the first could not.
    pub(in crate::sources::jenkins) bad: usize,
    pub(in crate::sources::jenkins) why: Option<String>,
    /// Folders of which not all could be read.
    pub(in crate::sources::jenkins) cut: Vec<String>,
    /// Folders that lie too deep.
    pub(in crate::sources::jenkins) deep: Vec<String>,
}

/// What the project of branches around a job says.
#[derive(Clone, Default)]
struct Around {
    is_project: bool,
    source: Option<RepoKey>,
}

/// Finds the jobs of a folder and of those in it.
pub(in crate::sources::jenkins) fn flat<'a>(folder: &str, items: &'a List<Item>) -> Flat<'a> {
    let mut flat = Flat::default();
    walk(&mut flat, folder, items, &Around::default(), DEPTH);
    flat
}

fn walk<'a>(
    flat: &mut Flat<'a>,
    folder: &str,
    items: &'a List<Item>,
    around: &Around,
    levels: usize,
) {
    note_bad(flat, items.bad_count, items.bad.first());
    if items.items.len() + items.bad_count > MOST_ITEMS {
        flat.cut.push(folder.to_owned());
    }
    for item in items.items.iter().take(MOST_ITEMS) {
        let path = if folder.is_empty() {
            item.name.clone()
        } else {
            format!("{folder}/{}", item.name)
        };
        if let Some(builds) = &item.builds {
            note_bad(flat, builds.bad_count, builds.bad.first());
        }
        if let Some(inner) = &item.jobs {
            let around = Around {
                is_project: is_project(item),
                source: repository(item),
            };
            flat.folders.push(path.clone());
            walk(flat, &path, inner, &around, levels.saturating_sub(1));
        } else if item.builds.is_some() {
            let subject = subject(path, folder, item, around);
            flat.jobs.push(Found { subject, item });
        } else if levels <= 1 && is_folder(item) {
            flat.deep.push(path);
        }
    }
}

fn note_bad(flat: &mut Flat<'_>, count: usize, why: Option<&String>) {
    flat.bad += count;
    if flat.why.is_none() {
        flat.why = why.cloned();
    }
}

fn class(item: &Item) -> &str {
    item.class.as_deref().unwrap_or_default()
}

fn is_project(item: &Item) -> bool {
    class(item).to_ascii_lowercase().contains("multibranch")
}

fn is_folder(item: &Item) -> bool {
    is_project(item) || class(item).contains("Folder")
}

fn subject(path: String, folder: &str, item: &Item, around: &Around) -> Subject {
    let of_branch = around.is_project;
    let branch = of_branch.then(|| Clean::line(&decoded(&item.name)));
    let change = of_branch.then(|| change(&item.name)).flatten();
    let told = item.actions.items.iter();
    let mut titles = told.filter_map(|action| action.object_display_name.as_deref());
    // Of a branch it is its name once more.
    let title = titles.next().filter(|_| change.is_some());
    Subject {
        project: if of_branch {
            folder.to_owned()
        } else {
            path.clone()
        },
        path,
        branch,
        change,
        title: Clean::line(title.unwrap_or_default()),
        source: around
            .source
            .clone()
            .or_else(|| repository(item).filter(|_| of_branch)),
        is_pipeline: class(item).is_empty() || class(item).contains("workflow"),
    }
}

/// Returns the repository whose page a branch source names.
fn repository(item: &Item) -> Option<RepoKey> {
    let told = item.actions.items.iter();
    let mut urls = told.filter_map(|action| action.object_url.as_deref());
    let url = urls.next()?;
    let end = ENDS.iter().filter_map(|end| url.find(end)).min();
    let key = RepoKey::of_url(url.get(..end.unwrap_or(url.len()))?)?;
    // Pages of Bitbucket's own server are not where its repositories are.
    (!key.path().starts_with("projects/")).then_some(key)
}

/// Returns the number of the change request that a job of a branch stands for: `PR-12`,
/// `MR-12-merge`.
fn change(name: &str) -> Option<u64> {
    let rest = name
        .strip_prefix("PR-")
        .or_else(|| name.strip_prefix("MR-"))?;
    let number = rest
        .strip_suffix("-head")
        .or_else(|| rest.strip_suffix("-merge"))
        .unwrap_or(rest);
    number.parse().ok()
}

/// Returns a name without the percents that stand for what a name of a job may not hold.
pub(in crate::sources::jenkins) fn decoded(name: &str) -> String {
    let mut bytes = Vec::with_capacity(name.len());
    let mut rest = name.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let coded = after.get(..2).filter(|_| *first == b'%');
        let coded = coded.and_then(|two| std::str::from_utf8(two).ok());
        if let Some(byte) = coded.and_then(|two| u8::from_str_radix(two, 16).ok()) {
            bytes.push(byte);
            rest = after.get(2..).unwrap_or_default();
        } else {
            bytes.push(*first);
            rest = after;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::{change, decoded, flat};
    use crate::sources::http::List;
    use crate::sources::jenkins::wire::Item;
    use serde_json::{Value, json};

    fn items(value: Value) -> List<Item> {
        serde_json::from_value(value).unwrap()
    }

    fn project(url: &str, jobs: &Value) -> Value {
        json!({
            "_class": "org.jenkinsci.plugins.workflow.multibranch.WorkflowMultiBranchProject",
            "name": "api", "actions": [{}, {"objectUrl": url}], "jobs": jobs,
        })
    }

    #[test]
    fn jobs_of_branches_belong_to_the_project_around_them() {
        let jobs = json!([
            {"name": "feature%2Flogin", "actions": [{}], "builds": []},
            {"name": "PR-12", "builds": [], "actions": [{
                "objectUrl": "https://git.test/acme/api/pull/12",
                "objectDisplayName": "Log in by mail"}]},
        ]);
        let list = items(json!([
            {"name": "team", "jobs": [project("https://git.test/acme/api", &jobs)]},
            {"name": "nightly", "_class": "hudson.model.FreeStyleProject", "builds": null},
            {"name": "nightly 2", "_class": "hudson.model.FreeStyleProject", "builds": []},
        ]));
        let flat = flat("", &list);
        let paths: Vec<&str> = flat.jobs.iter().map(|it| &*it.subject.path).collect();
        assert_eq!(
            paths,
            ["team/api/feature%2Flogin", "team/api/PR-12", "nightly 2"]
        );
        let branch = &flat.jobs[0].subject;
        assert_eq!(branch.branch.as_deref(), Some("feature/login"));
        assert_eq!(branch.project, "team/api");
        let change = &flat.jobs[1].subject;
        assert_eq!(
            (change.change, &*change.title),
            (Some(12), "Log in by mail")
        );
        let source = change.source.as_ref().unwrap();
        assert_eq!(source.as_str(), "git.test/acme/api");
        let free = &flat.jobs[2].subject;
        assert!(free.branch.is_none() && free.source.is_none() && !free.is_pipeline);
        assert_eq!(flat.folders, ["team", "team/api"]);
    }

    #[test]
    fn what_lies_too_deep_or_is_too_much_is_told() {
        let mut list =
            json!([{"name": "e", "_class": "com.cloudbees.hudson.plugins.folder.Folder"}]);
        for name in ["d", "c", "b"] {
            list = json!([{"name": name, "jobs": list}]);
        }
        let list = items(list);
        assert_eq!(flat("a", &list).deep, ["a/b/c/d/e"]);
        let many: Vec<Value> = (0..501)
            .map(|number| json!({"name": format!("j{number}"), "builds": []}))
            .collect();
        let many = items(json!(many));
        let flat = flat("a", &many);
        assert_eq!((flat.jobs.len(), flat.cut), (500, vec!["a".to_owned()]));
    }

    #[test]
    fn names_of_jobs_tell_branches_and_change_requests() {
        assert_eq!(change("PR-12"), Some(12));
        assert_eq!(change("PR-12-merge"), Some(12));
        assert_eq!(change("MR-3-head"), Some(3));
        assert_eq!(change("PR-12-fix"), None);
        assert_eq!(change("PRE-12"), None);
        assert_eq!(decoded("a%2Fb%C3%BC"), "a/bü");
        assert_eq!(decoded("100%"), "100%");
        assert_eq!(decoded("100%zz"), "100%zz");
    }
}
