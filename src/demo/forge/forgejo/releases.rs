//! Releases and tags.

use serde_json::{Value, json};

use crate::demo::forge::answer::Answer;
use crate::demo::forge::forgejo::{Ask, Home, beyond, missing, page, time, user};
use crate::demo::scenario::model::Release;

/// Answers what is asked of releases.
pub(super) fn answer(ask: &Ask<'_>, home: &Home, rest: &[&str]) -> Answer {
    let all: Vec<&Release> = home.repo.releases.iter().collect();
    match rest {
        [] => page(ask, &all, |one| written(ask, home, one)),
        ["latest"] => {
            let mut all = all.iter();
            let newest = all.find(|one| !one.draft && !one.prerelease);
            newest.map_or_else(missing, |one| Answer::json(written(ask, home, one)))
        }
        ["tags", tag] => {
            let mut all = all.iter();
            let found = all.find(|one| one.tag == *tag && !one.draft);
            found.map_or_else(missing, |one| Answer::json(written(ask, home, one)))
        }
        _ => beyond(),
    }
}

fn written(ask: &Ask<'_>, home: &Home, one: &Release) -> Value {
    let (web, tag) = (home.page(ask), one.tag.as_str());
    let published = one.published_at.unwrap_or(one.created_at);
    json!({
        "id": one.id, "tag_name": tag, "target_commitish": home.repo.spec.base_branch(),
        "name": tag, "body": one.notes, "url": format!("{}/releases/{}", home.api(ask), one.id),
        "html_url": format!("{web}/releases/tag/{tag}"),
        "tarball_url": format!("{web}/archive/{tag}.tar.gz"),
        "zipball_url": format!("{web}/archive/{tag}.zip"), "hide_archive_links": false,
        "upload_url": format!("{}/releases/{}/assets", home.api(ask), one.id),
        "draft": one.draft, "prerelease": one.prerelease, "created_at": time(one.created_at),
        "published_at": time(published), "author": user(ask, one.author), "assets": [],
        "archive_download_count": {"zip": 0, "tar_gz": 0},
    })
}

/// Answers with all tags; a draft has none yet.
pub(super) fn tags(ask: &Ask<'_>, home: &Home) -> Answer {
    let all = home.repo.releases.iter();
    let all: Vec<&Release> = all.filter(|one| !one.draft).collect();
    page(ask, &all, |one| {
        let at = home
            .repo
            .commits
            .get(&one.sha)
            .map(|commit| time(commit.at));
        let (web, tag, sha) = (home.page(ask), one.tag.as_str(), one.sha.as_str());
        json!({
            "name": tag, "message": "", "id": sha,
            "commit": {"url": format!("{}/git/commits/{sha}", home.api(ask)), "sha": sha, "created": at},
            "zipball_url": format!("{web}/archive/{tag}.zip"),
            "tarball_url": format!("{web}/archive/{tag}.tar.gz"),
            "archive_download_count": {"zip": 0, "tar_gz": 0},
        })
    })
}
