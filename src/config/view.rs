//! `[[view]]`: a filter, columns, lanes and an order under a name.
//!
//! What they mean on the screen is the screen's matter, and whether a key is free the key map's.

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
        let Some(view) = check(checker, table) else {
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

fn check(checker: &mut Checker<'_>, table: Table<file::View>) -> Option<ViewConfig> {
    let view = table.value;
    let Some(name) = view.name else {
        let hint = "write what its tab says, e.g. `name = \"my reviews\"`";
        checker.missing(table.span, "name", TITLE, hint);
        return None;
    };
    let filter = view.filter.map(|text| (text.span(), text.into_inner()));
    let mut is_well = true;
    if name.get_ref().chars().any(char::is_control) {
        let message = "`name`: the name of a view holds a character that cannot be shown";
        checker.error(name.span(), message, None);
        return None;
    }
    let name = match SavedView::name_of(name.get_ref()) {
        Ok(name) => name,
        Err(why) => {
            checker.error(name.span(), &format!("`name`: {why}"), None);
            return None;
        }
    };
    if let Some((span, text)) = &filter
        && let Err(error) = Query::parse(text)
    {
        let message = format!("`filter` of the view `{name}`: {error}");
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
    is_well.then(|| ViewConfig {
        view: SavedView {
            name,
            shows: Arrangement {
                filter: filter.map(|(_, text)| text).unwrap_or_default(),
                columns,
                group,
                order,
            },
        },
        key: view.key.map(toml::Spanned::into_inner),
    })
}
