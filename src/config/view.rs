//! `[[view]]`: a filter, columns, lanes and an order under a name.
//!
//! What they mean on the screen is the screen's matter, and whether a key is free the key map's.

use std::ops::Range;

use toml::Spanned;
use toml::de::DeValue;

use crate::config::board::stage_words;
use crate::config::check::{Checker, Table};
use crate::config::{Settings, file};
use crate::domain::arrange::{Arrangement, Group, Order, SavedView};
use crate::domain::query::Query;
use crate::domain::stage::Stage;

/// The title in messages.
pub(super) const TITLE: &str = "[[view]]";

/// How many views there may be.
const MOST: usize = 50;

/// One `[[view]]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ViewConfig {
    /// Its name, and what it shows.
    pub view: SavedView,
    /// The key that goes to it, as it is written in `[keys]`.
    pub key: Option<String>,
}

/// Puts the views of one file into the settings; one of the same name takes the place of that of
/// an earlier file.
pub(super) fn apply(
    checker: &mut Checker<'_>,
    tables: Vec<Table<file::View>>,
    settings: &mut Settings,
) {
    let mut views: Vec<ViewConfig> = Vec::new();
    for table in tables {
        let span = table.span.clone();
        let Some(view) = check(checker, table).filter(|_| !checker.is_partial(&span)) else {
            // Without the filter that was misspelt it would show something else than was wanted.
            continue;
        };
        let known = views.iter().map(|known| &known.view);
        if SavedView::find(known, &view.view.name).is_some() {
            let message = format!("there are two views named `{}`", view.view.name);
            checker.error(span, &message, Some("give one another `name`"));
        } else if views.len() == MOST {
            let message = format!("there are more than {MOST} views");
            checker.error(span, &message, Some("leave out those that nobody opens"));
            break;
        } else {
            views.push(view);
        }
    }
    let is_new = |old: &ViewConfig| {
        let names = views.iter().map(|view| &view.view);
        SavedView::find(names, &old.view.name).is_none()
    };
    settings.views.retain(is_new);
    settings.views.extend(views);
}

/// Returns where those views are that have keys which nobody knows.
pub(super) fn odd(value: &Spanned<DeValue<'_>>) -> Vec<Range<usize>> {
    let known = file::names::<file::View>();
    let DeValue::Array(list) = value.get_ref() else {
        return Vec::new();
    };
    let is_odd = |value: &&Spanned<DeValue<'_>>| match value.get_ref() {
        DeValue::Table(table) => {
            let mut keys = table.keys();
            keys.any(|key| !known.contains(&key.get_ref().as_ref()))
        }
        DeValue::String(_)
        | DeValue::Integer(_)
        | DeValue::Float(_)
        | DeValue::Boolean(_)
        | DeValue::Datetime(_)
        | DeValue::Array(_) => false,
    };
    list.iter().filter(is_odd).map(Spanned::span).collect()
}

fn check(checker: &mut Checker<'_>, table: Table<file::View>) -> Option<ViewConfig> {
    let view = table.value;
    let filter = view.filter.map(|text| (text.span(), text.into_inner()));
    let mut is_well = true;
    let name = name(checker, view.name.as_ref(), &table.span);
    if let Some((span, text)) = &filter
        && let Err(error) = Query::parse(text)
    {
        let of = name.as_ref().map(|name| format!(" of the view `{name}`"));
        let message = format!("`filter`{}: {error}", of.unwrap_or_default());
        checker.error(span.clone(), &message, error.hint().as_deref());
        is_well = false;
    }
    let mut columns = Vec::new();
    if let Some(list) = view.columns {
        let span = list.span();
        let list = list.into_inner();
        if list.is_empty() {
            let hint = "leave it out for all columns";
            checker.error(span, "`columns` names no column", Some(hint));
            is_well = false;
        }
        for word in list {
            match checker.word("columns", &word, &stage_words(), Stage::parse) {
                Some(stage) if !columns.contains(&stage) => columns.push(stage),
                Some(_) => {}
                None => is_well = false,
            }
        }
    }
    let mut group = Group::None;
    if let Some(word) = view.group {
        match checker.word("group", &word, &Group::WORDS, Group::parse) {
            Some(found) => group = found,
            None => is_well = false,
        }
    }
    let mut order = Order::default();
    if let Some(word) = view.sort {
        let words = Order::ALL.map(Order::as_str);
        match checker.word("sort", &word, &words, Order::parse) {
            Some(found) => order = found,
            None => is_well = false,
        }
    }
    let name = name.filter(|_| is_well)?;
    Some(ViewConfig {
        view: SavedView {
            name,
            shows: Arrangement {
                filter: filter.map(|(_, text)| text).unwrap_or_default(),
                columns,
                group,
                order,
            },
        },
        key: view.key.map(Spanned::into_inner),
    })
}

/// Returns the name of a view, or tells what is wrong with it.
fn name(
    checker: &mut Checker<'_>,
    name: Option<&file::Text>,
    span: &Range<usize>,
) -> Option<String> {
    let Some(text) = name else {
        let hint = "write what its tab says, e.g. `name = \"my reviews\"`";
        checker.missing(span.clone(), "name", TITLE, hint);
        return None;
    };
    if text.get_ref().chars().any(char::is_control) {
        let message = "`name`: the name of a view holds a character that cannot be shown";
        checker.error(text.span(), message, None);
        return None;
    }
    let found = SavedView::name_of(text.get_ref());
    found
        .map_err(|why| checker.error(text.span(), &format!("`name`: {why}"), None))
        .ok()
}
