//! The XML of `cc.xml`, event by event: one element a project, its state in attributes.
//!
//! Types of documents are passed over and no entity is resolved beyond the five of
//! XML; depth, number and length of what is read are bounded.

use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

/// How deep elements may lie in one another.
const MOST_DEEP: usize = 16;

/// How many projects are read.
pub(super) const MOST_PROJECTS: usize = 5_000;

/// How many bytes of an attribute are looked at.
const MOST_TEXT: usize = 2 * 1024;

/// One project as it comes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Project {
    pub(super) name: String,
    pub(super) activity: String,
    pub(super) last_status: String,
    pub(super) last_label: String,
    pub(super) last_time: String,
    pub(super) url: String,
}

/// What a document holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Document {
    pub(super) projects: Vec<Project>,
    /// Projects without a name, and others that cannot be read.
    pub(super) bad: usize,
    /// Whether there were more than are read.
    pub(super) is_cut: bool,
}

/// Reads a document; says why where it is none.
pub(super) fn document(bytes: &[u8]) -> Result<Document, String> {
    let mut reader = Reader::from_reader(bytes);
    let mut read = Document::default();
    let (mut depth, mut is_ours) = (0_usize, false);
    loop {
        let (start, opens) = match reader.read_event() {
            Ok(Event::Start(start)) => (start, true),
            Ok(Event::Empty(start)) => (start, false),
            Ok(Event::End(_)) => {
                depth = depth.saturating_sub(1);
                continue;
            }
            Ok(Event::Eof) if depth > 0 => return Err("it was cut off".to_owned()),
            Ok(Event::Eof) if !is_ours => return Err("it holds no `Projects`".to_owned()),
            Ok(Event::Eof) => return Ok(read),
            Ok(
                Event::Text(_)
                | Event::CData(_)
                | Event::GeneralRef(_)
                | Event::Comment(_)
                | Event::Decl(_)
                | Event::PI(_)
                | Event::DocType(_),
            ) => continue,
            Err(error) => {
                let at = reader.error_position();
                return Err(format!("no XML at byte {at}: {}", kind_of(&error)));
            }
        };
        let name = start.local_name().into_inner();
        if depth == 0 {
            if !name.eq_ignore_ascii_case("projects") {
                return Err(format!(
                    "it begins with `{}`, not with `Projects`",
                    cut(name)
                ));
            }
            is_ours = true;
        } else if name.eq_ignore_ascii_case("project") {
            take(&start, &mut read);
        }
        if opens {
            depth += 1;
            if depth > MOST_DEEP {
                return Err("its elements lie too deep in one another".to_owned());
            }
        }
    }
}

fn take(start: &BytesStart<'_>, read: &mut Document) {
    if read.projects.len() >= MOST_PROJECTS {
        read.is_cut = true;
        return;
    }
    let text = |name: &str| attribute(start, name).unwrap_or_default();
    let project = Project {
        name: text("name"),
        activity: text("activity"),
        last_status: text("lastBuildStatus"),
        last_label: text("lastBuildLabel"),
        last_time: text("lastBuildTime"),
        url: text("webUrl"),
    };
    if project.name.trim().is_empty() {
        read.bad += 1;
    } else {
        read.projects.push(project);
    }
}

/// Returns an attribute; one with an unknown entity is left as it was written.
fn attribute(start: &BytesStart<'_>, name: &str) -> Option<String> {
    let found = start.try_get_attribute(name).ok().flatten()?;
    let value = found.normalized_value(XmlVersion::Implicit1_0);
    Some(match value {
        Ok(value) => cut(&value).to_owned(),
        Err(_unknown) => cut(&found.value).to_owned(),
    })
}

fn cut(text: &str) -> &str {
    let end = text.floor_char_boundary(MOST_TEXT.min(text.len()));
    text.get(..end).unwrap_or_default()
}

/// Says what is wrong without quoting the document.
fn kind_of(error: &quick_xml::Error) -> &'static str {
    if matches!(error, quick_xml::Error::Syntax(_)) {
        "a mark is not closed"
    } else if matches!(error, quick_xml::Error::IllFormed(_)) {
        "its elements do not fit"
    } else if matches!(error, quick_xml::Error::InvalidAttr(_)) {
        "an attribute cannot be read"
    } else {
        "it cannot be read"
    }
}

#[cfg(test)]
mod tests {
    use super::{Document, MOST_PROJECTS, Project, document};

    fn only(text: &str) -> Project {
        let mut read = document(text.as_bytes()).unwrap();
        assert_eq!((read.projects.len(), read.bad), (1, 0));
        read.projects.remove(0)
    }

    #[track_caller]
    fn refused(text: &str, words: &str) {
        let error = document(text.as_bytes()).unwrap_err();
        assert!(error.contains(words), "{error}");
    }

    #[test]
    fn a_project_is_read_with_its_entities() {
        let found = only(
            "<?xml version=\"1.0\"?>\n<!-- x --><Projects>\n <Project name=\"a &amp; b &#x2713;\" \
             activity='Sleeping' lastBuildStatus=\"Success\" lastBuildLabel=\"7\" \
             lastBuildTime=\"2026-11-20T10:00:00Z\" webUrl=\"http://ci.test/a\"/>\n</Projects>",
        );
        assert_eq!(found.name, "a & b ✓");
        assert_eq!((&*found.activity, &*found.last_label), ("Sleeping", "7"));
        let messages = "<Projects><Project name=\"a\"><messages><message text=\"x\"/></messages>\
                        </Project></Projects>";
        assert_eq!(only(messages).name, "a");
    }

    #[test]
    fn no_entity_is_resolved() {
        let bomb = "<!DOCTYPE p [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;\">\
                    <!ENTITY f SYSTEM \"file:///etc/passwd\">]>\
                    <Projects><Project name=\"&b;&f;\"/></Projects>";
        assert_eq!(only(bomb).name, "&b;&f;");
    }

    #[test]
    fn what_is_none_is_told() {
        refused("", "it holds no `Projects`");
        refused("<html><body/></html>", "it begins with `html`");
        refused("{\"a\": 1}", "it holds no `Projects`");
        refused("<Projects><Project name=\"a\"/>", "it was cut off");
        refused("<Projects><Project name=\"a\"></Projects>", "do not fit");
        refused("<Projects><Project name=\"a", "not closed");
        let deep = format!("<Projects>{}", "<x>".repeat(100));
        refused(&deep, "too deep");
    }

    #[test]
    fn a_project_without_a_name_costs_itself_and_too_many_are_cut() {
        let read = document(b"<Projects><Project/><Project name=\"a\"/></Projects>").unwrap();
        assert_eq!((read.projects.len(), read.bad), (1, 1));
        let many = "<Project name=\"a\"/>".repeat(MOST_PROJECTS + 1);
        let read = document(format!("<Projects>{many}</Projects>").as_bytes()).unwrap();
        assert!(read.is_cut && read.projects.len() == MOST_PROJECTS);
        assert_eq!(document(b"<Projects/>").unwrap(), Document::default());
    }
}
