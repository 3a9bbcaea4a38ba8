//! Writes: builds are made again or stopped, their questions answered.
//!
//! The world knows attempts of runs; each is a build of its own here.

use axum::http::StatusCode;

use crate::demo::forge::answer::Answer;
use crate::demo::forge::jenkins::Ask;
use crate::demo::forge::jenkins::items::{Build, Job};
use crate::demo::forge::jenkins::stages;
use crate::demo::forge::{Dialect, writes};
use crate::demo::scenario::Deed;

/// Returns why it may not be done, if it may not.
fn refused(ask: &Ask<'_>) -> Option<Answer> {
    if ask.asked.method != "POST" {
        let status = StatusCode::METHOD_NOT_ALLOWED;
        return Some(Dialect::Jenkins.error(status, "Method Not Allowed"));
    }
    // Without a login it is the anonymous user who lacks the permission.
    writes::refused(ask.asked).map(|_| Dialect::Jenkins.error(StatusCode::FORBIDDEN, "Forbidden"))
}

fn does(ask: &Ask<'_>, job: &Job<'_>, build: &Build<'_>, deed: Deed) {
    let index = job.project.place.index;
    let (world, now) = (&ask.ground.world, ask.asked.now);
    world.act(index, now, build.run.id, deed);
    ask.ground.writes.record(&ask.asked.path);
}

fn to_page(url: String) -> Answer {
    Answer::redirect(StatusCode::FOUND, url)
}

/// Stops a build; one that is over is left as it is, and nobody complains.
pub(super) fn stop(ask: &Ask<'_>, job: &Job<'_>, build: &Build<'_>) -> Answer {
    if let Some(answer) = refused(ask) {
        return answer;
    }
    if build.ended().is_none() {
        does(ask, job, build, Deed::Cancel);
    }
    to_page(build.url(ask, job))
}

/// Answers the question that a build waits at; one that nobody asked is not there.
pub(super) fn answer(
    ask: &Ask<'_>,
    (job, build): (&Job<'_>, &Build<'_>),
    id: &str,
    goes_on: bool,
) -> Answer {
    if let Some(answer) = refused(ask) {
        return answer;
    }
    if stages::question(build).as_deref() != Some(id) {
        return Dialect::Jenkins.error(StatusCode::NOT_FOUND, "Not Found");
    }
    let deed = if goes_on { Deed::Pass } else { Deed::Refuse };
    does(ask, job, build, deed);
    to_page(build.url(ask, job))
}

/// Makes a build again as it was.
pub(super) fn replay(ask: &Ask<'_>, job: &Job<'_>, build: &Build<'_>) -> Answer {
    if let Some(answer) = refused(ask) {
        return answer;
    }
    if build.run.status != "completed" {
        return Dialect::Jenkins.error(StatusCode::CONFLICT, "Conflict");
    }
    does(ask, job, build, Deed::Rerun);
    to_page(job.url(ask))
}

/// Makes the newest build of a job again.
pub(super) fn again(ask: &Ask<'_>, job: &Job<'_>) -> Answer {
    if let Some(answer) = refused(ask) {
        return answer;
    }
    match job.builds.last() {
        Some(build) if build.run.status == "completed" => {
            does(ask, job, build, Deed::Rerun);
            let item = format!("{}/queue/item/{}/", ask.host(), build.run.id);
            Answer::redirect(StatusCode::CREATED, item)
        }
        Some(_) | None => Dialect::Jenkins.error(StatusCode::CONFLICT, "Conflict"),
    }
}
