//! The `Link` header: where the next page is.
//!
//! Tolerant: what cannot be read is skipped. The address is not trusted here;
//! the client holds it against the origin before it asks.

/// Returns the address with `rel="next"`, as it stands in the header.
pub(super) fn next(header: &str) -> Option<String> {
    let mut rest = header;
    while let Some((_, after)) = rest.split_once('<') {
        let (target, after) = after.split_once('>')?;
        let (parameters, tail) = split_value(after);
        if parameters.split(';').any(is_next) {
            return Some(target.trim().to_owned());
        }
        rest = tail;
    }
    None
}

/// Splits the parameters of one link from the links that follow.
///
/// A comma within quotes does not end them.
fn split_value(text: &str) -> (&str, &str) {
    let mut quoted = false;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'"' => quoted = !quoted,
            b',' if !quoted => return text.split_at(at),
            _ => {}
        }
    }
    (text, "")
}

fn is_next(parameter: &str) -> bool {
    let Some((name, value)) = parameter.split_once('=') else {
        return false;
    };
    let value = value.trim().trim_matches('"');
    name.trim().eq_ignore_ascii_case("rel")
        && value
            .split_ascii_whitespace()
            .any(|word| word.eq_ignore_ascii_case("next"))
}

#[cfg(test)]
mod tests {
    use super::next;
    use proptest::prelude::*;

    #[track_caller]
    fn check(header: &str, expected: Option<&str>) {
        assert_eq!(next(header).as_deref(), expected, "{header}");
    }

    #[test]
    fn the_next_page_is_found_wherever_it_stands() {
        let one = "<https://a.example/x?page=2>; rel=\"next\"";
        check(one, Some("https://a.example/x?page=2"));
        check(
            "<https://a.example/x?page=9>; rel=\"last\", <https://a.example/x?page=2>; rel=\"next\"",
            Some("https://a.example/x?page=2"),
        );
        check("<b>; title=\"a, b\"; REL=next", Some("b"));
        check("<b>; rel=\"prev next\"", Some("b"));
        check("<a,b>;rel=next", Some("a,b"));
    }

    #[test]
    fn what_cannot_be_read_is_no_next_page() {
        check("", None);
        check("<https://a.example", None);
        check("<a>; rel=\"last\"", None);
        check("<a>; rel", None);
        check("next", None);
        check("<a>; rel=\"nextish\"", None);
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_harm(text in ".*") {
            prop_assert!(next(&text).is_none_or(|found| text.contains(&found)));
        }

        #[test]
        fn an_address_survives(address in "[a-z:/?=&,;0-9]{1,40}", before in "(<[a-z]{1,9}>; rel=\"last\", )?") {
            let header = format!("{before}<{address}>; rel=\"next\"");
            prop_assert_eq!(next(&header), Some(address));
        }
    }
}
