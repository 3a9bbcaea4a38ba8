//! Lists: which rows are asked for, in which order, and page by page.

use serde_json::Value;

use crate::demo::forge::answer::Answer;
use crate::demo::forge::gitlab::Ask;
use crate::domain::Timestamp;

/// The longest list of which the server says how long it is.
const COUNTED: usize = 10_000;

/// Returns one page of a list, with GitLab's headers about pages.
pub(super) fn page<T>(ask: &Ask<'_>, all: &[T], row: impl Fn(&T) -> Value) -> Answer {
    let (size, number) = ask.asked.page();
    let last = all.len().div_ceil(size).max(1);
    let near = |page: Option<usize>| page.map(|page| page.to_string()).unwrap_or_default();
    // First and last are always told, on the only page too.
    let around = [
        ((number > 1).then(|| number - 1), "prev"),
        ((number < last).then_some(number + 1), "next"),
        (Some(1), "first"),
        (Some(last), "last"),
    ];
    let links: Vec<String> = around
        .into_iter()
        .filter_map(|(page, rel)| Some(format!("<{}>; rel=\"{rel}\"", ask.asked.page_url(page?))))
        .collect();
    let mut answer = Answer::list(ask.asked, all, row)
        .header("link", links.join(", "))
        .header("x-page", number.to_string())
        .header("x-per-page", size.to_string())
        .header("x-next-page", near((number < last).then_some(number + 1)))
        .header("x-prev-page", near((number > 1).then(|| number - 1)));
    if all.len() <= COUNTED {
        answer = answer
            .header("x-total", all.len().to_string())
            .header("x-total-pages", last.to_string());
    }
    answer
}

/// Returns one page of a list that can also be read by identities, where that is asked for.
pub(super) fn by_id<T>(
    ask: &Ask<'_>,
    all: Vec<T>,
    id: impl Fn(&T) -> u64,
    row: impl Fn(&T) -> Value,
) -> Answer {
    let mut all: Vec<(u64, T)> = all.into_iter().map(|one| (id(&one), one)).collect();
    let descending = ask.param("sort") != Some("asc");
    all.sort_by_key(|(id, _)| *id);
    if descending {
        all.reverse();
    }
    if ask.param("pagination") != Some("keyset") {
        return page(ask, &all, |(_, one)| row(one));
    }
    let number = |name: &str| ask.param(name).and_then(|word| word.parse::<u64>().ok());
    let (after, before) = (number("id_after"), number("id_before"));
    all.retain(|(id, _)| {
        after.is_none_or(|after| *id > after) && before.is_none_or(|before| *id < before)
    });
    let (size, _) = ask.asked.page();
    let more = all.len() > size;
    all.truncate(size);
    let last = all.last().map_or(0, |(id, _)| *id);
    let rows = all.iter().map(|(_, one)| row(one)).collect();
    let answer = Answer::json(Value::Array(rows)).header("x-per-page", size.to_string());
    if !more {
        return answer;
    }
    let name = if descending { "id_before" } else { "id_after" };
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    let kept = ask.asked.query.iter();
    for (key, value) in kept.filter(|(key, _)| key != name && key != "page") {
        query.append_pair(key, value);
    }
    query.append_pair(name, &last.to_string());
    let next = format!(
        "<{}{}?{}>; rel=\"next\"",
        ask.host(),
        ask.asked.path,
        query.finish()
    );
    answer.header("link", next)
}

/// Returns whether a time lies in the span that `…_after` and `…_before` ask for.
pub(super) fn within(ask: &Ask<'_>, what: &str, at: Timestamp) -> bool {
    let bound = |end: &str| {
        let word = ask.param(&format!("{what}_{end}"))?;
        word.parse::<Timestamp>().ok()
    };
    bound("after").is_none_or(|from| at >= from) && bound("before").is_none_or(|to| at <= to)
}

/// Returns whether one of the words of a parameter is this, where the parameter is there; `All` of
/// a list in one parameter and `name[]` are understood.
pub(super) fn wants(ask: &Ask<'_>, name: &str, word: &str) -> bool {
    let many = format!("{name}[]");
    let mut asked = false;
    for (key, value) in &ask.asked.query {
        if key != name && *key != many || value.is_empty() {
            continue;
        }
        asked = true;
        if value.split(',').any(|one| one.eq_ignore_ascii_case(word)) {
            return true;
        }
    }
    !asked
}

/// Sorts rows by the time that is asked for.
pub(super) fn sort<T>(
    ask: &Ask<'_>,
    rows: &mut [T],
    descending: bool,
    times: impl Fn(&T) -> (Timestamp, Timestamp, u64),
) {
    let key = |row: &T| {
        let (created, updated, id) = times(row);
        match ask.param("order_by") {
            Some("updated_at") => (updated, id),
            Some("id" | "iid") => (Timestamp::UNIX_EPOCH, id),
            Some(_) | None => (created, id),
        }
    };
    rows.sort_by_key(key);
    let descending = ask.param("sort").map_or(descending, |word| word != "asc");
    if descending {
        rows.reverse();
    }
}
