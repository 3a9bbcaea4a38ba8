//! `cycleboard flow`: how the work flows, in numbers with what is behind them.
//!
//! Asks sources once so that history is up to date, reads history and prints. What the numbers
//! mean is `domain::flow`'s.

use crate::app::cli::{FlowArgs, FlowBy, FlowFormat, Format};
use crate::app::exit::{Exit, Failure};
use crate::app::heard::Wait;
use crate::app::output::flow::{Document, Group, Past};
use crate::app::output::{self, Width};
use crate::app::recall::{Reach, Recalled, recall};
use crate::app::session::Session;
use crate::app::{clock, once, waiting};
use crate::config::ColumnConfig;
use crate::domain::flow::{Beside, Flow, Limit, Scope};
use crate::domain::status::Status;
use crate::domain::text::{Clean, nearest};
use crate::engine::snapshot::{Health, Snapshot};

/// Prints how the work flows.
pub fn run(mut session: Session, args: &FlowArgs) -> Result<Exit, Failure> {
    session.require_sources()?;
    let recalled = recall(&mut session, args.offline, Wait::of(args.wait), Reach::All)?;
    let Recalled { heard, ledger, .. } = &recalled;
    let now = (session.clock)();
    let flow = Flow::of_people(ledger, &session.settings.policy.people, now);
    let scopes = scopes(&flow, args)?;
    let day_of = clock::local_day;
    let group = |scope: Scope| {
        let window = flow.window_of(&scope, args.window);
        Group {
            metrics: flow.report(&scope, &window, &day_of),
            cumulative: flow.cumulative(&scope, &window, &day_of),
            window,
            scope,
        }
    };
    let groups: Vec<Group> = scopes.into_iter().map(group).collect();
    let views = &heard.snapshot.sources;
    let beside = Beside {
        // Of sources that were not asked, those are healthy that answered lately.
        sources_healthy: once::healthy(views, now, args.offline),
        ..beside(&session.settings.board.columns, &heard.snapshot)
    };
    let scope = groups.first().map_or(&Scope::All, |group| &group.scope);
    let window = flow.window_of(scope, args.window);
    let unread = (session.settings.history.days == 0).then_some(waiting::NO_PAST);
    let document = Document {
        calms: flow.calms(scope, &window, &day_of, &beside),
        groups: &groups,
        window: &window,
        past: Some(Past {
            read: waiting::past_of(views),
            is_whole: recalled.is_whole,
            unread,
        }),
        now,
    };
    let format = args.format.unwrap_or(FlowFormat::Table);
    let text = match format {
        FlowFormat::Json => output::flow::json(&document).map_err(anyhow::Error::from)?,
        FlowFormat::Csv => output::flow::csv(&document),
        FlowFormat::Table => {
            let width = Width::find(&session.env, session.settings.ui.ascii);
            output::flow_text::table(&document, width)
        }
        FlowFormat::Markdown => output::flow_text::markdown(&document),
    };
    output::print(&text)?;
    let verdict = once::source_verdict(&heard.snapshot.sources, now, args.offline);
    if let Some(line) = waiting::since(&window, &heard.snapshot.sources, unread) {
        waiting::say(&line);
    }
    Ok(recalled.ends(verdict, Some(as_format(format))))
}

fn as_format(format: FlowFormat) -> Format {
    match format {
        FlowFormat::Json | FlowFormat::Csv => Format::Json,
        FlowFormat::Table => Format::Table,
        FlowFormat::Markdown => Format::Markdown,
    }
}

/// Returns what is reported on: everything first, or the one that was named.
fn scopes(flow: &Flow, args: &FlowArgs) -> Result<Vec<Scope>, Failure> {
    let services = || flow.services().cloned().map(Scope::Service);
    let repos = || flow.repos().cloned().map(Scope::Repo);
    if let Some(name) = &args.only {
        let is_named = |scope: &Scope| scope.name().eq_ignore_ascii_case(name);
        let found = services().chain(repos()).find(is_named);
        return found.map(|scope| vec![scope]).ok_or_else(|| {
            let names: Vec<Scope> = services().chain(repos()).collect();
            let hint = nearest(name, names.iter().map(Scope::name));
            Failure::error(format!("history knows no service or repository `{name}`"))
                .maybe_hint(hint.map(|name| format!("did you mean `{name}`?")))
        });
    }
    let each: Vec<Scope> = match args.by {
        FlowBy::All => Vec::new(),
        FlowBy::Service => services().collect(),
        FlowBy::Repo => repos().collect(),
    };
    Ok(std::iter::once(Scope::All).chain(each).collect())
}

/// Returns what the board knows beside history.
pub(super) fn beside(columns: &[ColumnConfig], snapshot: &Snapshot) -> Beside {
    let limits = columns.iter().filter_map(|column| {
        let limit = usize::try_from(column.wip?).ok()?;
        Some(Limit {
            name: Clean::line(column.stage.as_str()),
            cards: snapshot.column(column.stage).map_or(0, |column| {
                column.rows.iter().map(|row| row.items().len()).sum()
            }),
            limit,
        })
    });
    let views = snapshot.sources.iter();
    let items = snapshot.items();
    let (all, unknown) = items.fold((0, 0), |(all, unknown), item| {
        let is_unknown = item.placement.status == Status::Unknown;
        (all + 1, unknown + usize::from(is_unknown))
    });
    Beside {
        sources_healthy: views.filter(|view| view.health == Health::Ok).count(),
        sources: snapshot.sources.len(),
        cards_complete: all - unknown,
        cards: all,
        limits: limits.collect(),
    }
}
