//! Answers that are none, refusals, limits and silence: what each becomes.

use super::*;
use crate::support::fault::Way;

/// What a poll must come to.
#[derive(Clone, Copy, Debug)]
enum Becomes {
    Auth,
    Forbidden,
    Limited(u64),
    Unreachable,
    Unreadable,
    Refused,
}

fn is(error: &SourceError, expected: Becomes) -> bool {
    match (error, expected) {
        (SourceError::RateLimited { retry_after, .. }, Becomes::Limited(secs)) => {
            retry_after.as_secs().abs_diff(secs) <= 1
        }
        (SourceError::Auth { .. }, Becomes::Auth)
        | (SourceError::Forbidden { .. }, Becomes::Forbidden)
        | (SourceError::Unreachable { .. }, Becomes::Unreachable)
        | (SourceError::Unreadable { .. }, Becomes::Unreadable)
        | (SourceError::Refused { .. }, Becomes::Refused) => true,
        _ => false,
    }
}

/// Holds an answer against every dialect: the poll fails, in these words, and tells nothing.
async fn check(reply: Reply, expected: Becomes, words: &str) {
    check_among(DIALECTS.iter(), reply, expected, words).await;
}

/// The same against some dialects.
async fn check_among(
    dialects: impl Iterator<Item = &'static Dialect>,
    reply: Reply,
    expected: Becomes,
    words: &str,
) {
    for dialect in dialects {
        let error = dialect.read_from(reply.clone()).await.unwrap_err();
        let fits = is(&error, expected) && error.to_string().contains(words);
        assert!(
            fits,
            "{} {}: {error:?}, not {expected:?} with `{words}`",
            dialect.kind, dialect.path
        );
    }
}

#[tokio::test]
async fn each_status_becomes_what_to_do_next() {
    let said =
        |status, body: &str| Reply::new(status, body).with("content-type", "application/json");
    check(said(401, ""), Becomes::Auth, "rejected the token").await;
    let refused = "does not let us read";
    check_among(
        under(Law::Refused),
        said(403, ""),
        Becomes::Forbidden,
        refused,
    )
    .await;
    check(said(400, r#""bad filter""#), Becomes::Refused, "bad filter").await;
    check(
        said(422, r#"{"status":"error","error":"too much"}"#),
        Becomes::Refused,
        "too much",
    )
    .await;
    check(said(500, "oh"), Becomes::Unreachable, "500").await;
    check(said(502, "<html>"), Becomes::Unreachable, "502").await;
    check(
        said(503, r#"{"message":"starting"}"#),
        Becomes::Unreachable,
        "503",
    )
    .await;
    check(said(407, ""), Becomes::Unreachable, "proxy").await;
}

#[tokio::test]
async fn a_limit_is_kept_as_long_as_the_host_asks() {
    let limited = Reply::new(429, "").with("retry-after", "7");
    check(limited, Becomes::Limited(7), "no more requests").await;
}

#[tokio::test]
async fn where_the_path_is_not_there_it_is_said_what_an_address_looks_like() {
    for dialect in DIALECTS {
        let missing = Reply::new(404, "404 page not found").with("content-type", "text/plain");
        let missing = dialect.keeps(Law::Refused).then_some(missing);
        let others = [
            Reply::new(200, "<html>hello").with("content-type", "text/html"),
            Reply::new(200, "hello").with("content-type", "text/plain"),
        ];
        for reply in missing.into_iter().chain(others) {
            let fault = dialect.serve(reply).await;
            let source = dialect.source(&fault.url);
            let error = dialect.read(&*source).await.unwrap_err().to_string();
            assert!(error.contains(dialect.path), "what was tried: {error}");
            assert!(error.contains(dialect.absent), "what is right: {error}");
            let here = fault.url.as_str().trim_end_matches('/');
            assert!(error.contains(here), "what it is now: {error}");
        }
    }
}

#[tokio::test]
async fn what_is_no_answer_tells_nothing() {
    let text = |body: &str| Reply::new(200, body).with("content-type", "application/json");
    check(text(""), Becomes::Unreadable, "").await;
    check(text("null"), Becomes::Unreadable, "").await;
    check(text("3"), Becomes::Unreadable, "").await;
    check(text("{}"), Becomes::Unreadable, "").await;
    check(
        text(r#"{"status":"error","errorType":"timeout","error":"too slow"}"#),
        Becomes::Unreadable,
        "",
    )
    .await;
    check(text(r#"{"status":"success"}"#), Becomes::Unreadable, "").await;
    check(
        text(r#"{"status":"success","data":{}}"#),
        Becomes::Unreadable,
        "",
    )
    .await;
    check(
        text(r#"{"status":"success","data":null}"#),
        Becomes::Unreadable,
        "",
    )
    .await;
    check(text(&"[".repeat(10_000)), Becomes::Unreadable, "").await;
    check(
        text(&"[]".repeat(200_000)),
        Becomes::Unreadable,
        "larger than",
    )
    .await;
    check(text("[{\"x\":1}]"), Becomes::Unreadable, "").await;
    check(Reply::new(204, ""), Becomes::Unreadable, "").await;
    check(
        Reply::new(304, ""),
        Becomes::Unreadable,
        "was not asked that",
    )
    .await;
}

#[tokio::test]
async fn what_a_project_may_do_without_is_no_error_and_tells_nothing() {
    let spared = |dialect: &&Dialect| !dialect.keeps(Law::Refused);
    for dialect in DIALECTS.iter().filter(spared) {
        for status in [403, 404] {
            let batch = dialect.read_from(Reply::new(status, "")).await.unwrap();
            assert!(batch.facts.is_empty() && dialect.lists(&batch).is_empty());
            assert!(batch.gone.is_empty() && batch.gone_repos.is_empty());
        }
    }
}

#[tokio::test]
async fn an_answer_that_is_cut_is_none() {
    for dialect in DIALECTS {
        let reply = dialect.good();
        let whole = dialect.form.write(&dialect.answer());
        for length in [0, 1, 100, whole.len() / 2] {
            let cut = dialect.read_from(reply.clone().by(Way::Cut(length))).await;
            let error = cut.unwrap_err();
            assert!(is(&error, Becomes::Unreadable), "{length}: {error:?}");
        }
    }
}

#[tokio::test]
async fn a_server_that_says_nothing_is_given_up() {
    let short = Limits {
        first_byte: Duration::from_millis(300),
        idle: Duration::from_millis(300),
        total: Duration::from_millis(900),
        ..limits()
    };
    for dialect in DIALECTS {
        for way in [
            Way::Silent,
            Way::HeadOnly,
            Way::Slow(Duration::from_millis(100)),
        ] {
            let fault = dialect.serve(dialect.good().by(way.clone())).await;
            let config = dialect.config(&fault.url);
            let source = (dialect.open)(&config, &ground(TOKEN), short.clone()).unwrap();
            let error = dialect.read(&*source).await.unwrap_err();
            let fits = is(&error, Becomes::Unreachable) || is(&error, Becomes::Unreadable);
            assert!(fits, "{way:?}: {error:?}");
        }
    }
}

#[tokio::test]
async fn a_circle_of_redirects_ends() {
    for dialect in DIALECTS {
        let reply = Reply::new(302, "").with("location", dialect.path);
        let fault = dialect.serve(reply).await;
        let error = dialect
            .read(&*dialect.source(&fault.url))
            .await
            .unwrap_err();
        assert!(is(&error, Becomes::Unreadable), "{error:?}");
        assert!(fault.seen().len() < 10);
    }
}

#[tokio::test]
async fn nobody_there_is_told_as_such() {
    for dialect in DIALECTS {
        let free = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let url = Url::parse(&format!("http://127.0.0.1:{port}")).unwrap();
        let error = dialect.read(&*dialect.source(&url)).await.unwrap_err();
        assert!(error.to_string().contains("connection refused"), "{error}");
    }
}
