//! What came to each environment, where the newest deployments of its repository do not reach back.
//!
//! Nine environments, of whichever repositories, are asked by one query, which costs a point.
//! Where there are more environments than a refresh lists, it asks for the names at both ends of
//! the list. Without GraphQL it is one environment at a time, and its names are those of a page.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::api::{Data, Trouble};
use super::map::delivery;
use super::probe::{ATTEMPTS, fragments};
use super::refresh::warn;
use super::rest::Reader;
use super::state::{RepoState, State, Wanted};
use super::wire::{Connection, Environment, Named, RefreshRepo, Short};
use super::wire_rest::{RestDeployment, Statuses};
use super::{Ask, GitHub};
use crate::domain::deployment::Deployment;
use crate::domain::fact::Fact;
use crate::domain::key::RepoKey;
use crate::domain::text::Clean;
use crate::sources::arrivals::{ENOUGH, has_arrived};
use crate::sources::detail::absent;
use crate::sources::http::List;
use crate::sources::{Batch, SourceError, graphql};

/// How many environments one query asks for: a list each and one of each deployment in it, a
/// hundred lists a point.
pub(super) const PLACES_BATCH: usize = 9;

/// How many deployments of an environment are read, as some of them have failed.
const EACH: usize = 10;

/// How many deployments of an environment are asked how they went, without GraphQL.
const STATUSES: usize = 5;

/// What an environment costs without GraphQL: its list, and how its deployments went.
pub(super) const ONE_COST: u32 = 1 + 5;

/// How many deployments a full read takes, by GraphQL as by REST.
pub(super) const NEWEST: usize = 30;

/// How many environments a refresh lists.
const LISTED: usize = 20;

/// How many environments REST lists.
const PAGE: usize = 30;

const DOCUMENT: &str = concat!(
    include_str!("queries/places.graphql"),
    include_str!("queries/shared/records.graphql"),
);

/// How far the names of the environments of a repository are known.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) enum Names {
    /// By what deployments tell, too: none were listed, or not all.
    #[default]
    InPart,
    /// There are more than were listed: both ends of the list are to be read.
    Owed,
    /// Both ends were read.
    Ends,
    /// All of them.
    Whole,
}

/// One thing that is asked of a repository.
#[derive(Debug, PartialEq, Eq)]
struct Question {
    path: String,
    /// The environment; none where it is the names of environments.
    place: Option<String>,
}

/// What stands in the answer for one of them.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct OfRepo {
    name_with_owner: String,
    deployments: Option<Short<super::wire::Deployment>>,
    head: Option<Short<Named>>,
    tail: Option<Short<Named>>,
}

impl OfRepo {
    /// Returns whether what was asked for is there.
    fn answers(&self, question: &Question) -> bool {
        if question.place.is_some() {
            self.deployments.is_some()
        } else {
            self.head.is_some() || self.tail.is_some()
        }
    }
}

impl RepoState {
    /// Takes in what is stored of its environments, and how many deployments are.
    pub(super) fn restore_places(&mut self, facts: &[&Fact]) {
        let of = |is: fn(&Fact) -> bool| facts.iter().filter(|fact| is(fact)).count();
        if of(|fact| matches!(fact, Fact::Environment(_))) >= LISTED {
            self.names = Names::Owed;
        }
        self.see_all(facts.iter().copied());
        // Had there been more, more would have come with the first read.
        let count = of(|fact| matches!(fact, Fact::Deployment(_)));
        self.arrivals.reaches_back(count < NEWEST);
    }

    /// Takes in what a refresh told; `full` says whether it was a full read, and all of it is there.
    pub(super) fn see_places(&mut self, facts: &[Fact], wire: &RefreshRepo, full: bool) {
        if full {
            let more =
                |list: &Connection<Environment>| list.next().is_some() || list.nodes.bad_count > 0;
            match wire.environments.as_ref().map(more) {
                Some(false) => self.list(facts),
                Some(true) if self.names != Names::Ends => self.names = Names::Owed,
                Some(true) | None => {}
            }
            let newest = &wire.deployments.nodes;
            self.arrivals
                .reaches_back(newest.items.len() + newest.bad_count < NEWEST);
        }
        self.see_all(facts.iter());
    }

    /// The same of what REST told; `whole` says whether it is known of all deployments how they went.
    pub(super) fn see_rest_places(&mut self, facts: &[Fact], whole: bool) {
        let listed = facts.iter().filter(|it| matches!(it, Fact::Environment(_)));
        if (1..PAGE).contains(&listed.count()) {
            self.list(facts);
        }
        self.arrivals.reaches_back(whole);
        self.see_all(facts.iter());
    }

    fn list(&mut self, facts: &[Fact]) {
        self.names = Names::Whole;
        self.arrivals.list(facts.iter().filter_map(|fact| {
            if let Fact::Environment(it) = fact {
                Some(it.name.as_str())
            } else {
                None
            }
        }));
    }

    fn see_all<'f>(&mut self, facts: impl Iterator<Item = &'f Fact>) {
        for fact in facts {
            if let Fact::Environment(it) = fact {
                self.arrivals.mention(&it.name);
            } else if let Fact::Deployment(it) = fact {
                if self.names != Names::Whole {
                    self.arrivals.mention(&it.environment);
                }
                self.arrivals.see(it);
            }
        }
    }

    /// Returns whether something of its environments is to be asked.
    fn owes_places(&self, by_rest: bool) -> bool {
        let settled = self.seen.is_some() && self.misses == 0 && self.wanted == Wanted::Nothing;
        settled && (self.arrivals.has_unread() || (!by_rest && self.names == Names::Owed))
    }
}

impl State {
    /// Returns whether something of environments is to be asked.
    pub(super) fn owes_places(&self) -> bool {
        let by_rest = self.is_by_rest();
        self.repos.values().any(|repo| repo.owes_places(by_rest))
    }

    /// Returns whether it is known how a deployment went that got where it was to go.
    pub(super) fn has_arrived(&mut self, repo: &RepoKey, id: u64) -> bool {
        let repo = self.known(repo.path());
        repo.is_some_and(|repo| repo.arrivals.has(id))
    }

    /// Returns what is asked next, of the repositories that changed last.
    fn questions(&self, most: usize) -> Vec<Question> {
        let by_rest = self.is_by_rest();
        let mut questions = Vec::new();
        for repo in self.hottest(|repo| repo.owes_places(by_rest)) {
            let question = |place| Question {
                path: repo.path.clone(),
                place,
            };
            let names = !by_rest && repo.names == Names::Owed;
            questions.extend(names.then(|| question(None)));
            let room = most.saturating_sub(questions.len());
            let unread = repo.arrivals.unread(room).into_iter();
            questions.extend(unread.map(|name| question(Some(name))));
            if questions.len() >= most {
                break;
            }
        }
        questions
    }

    /// Notes that something was asked: what cannot be told keeps nothing else from its turn.
    fn asked(&mut self, question: &Question) {
        if let Some(repo) = self.known(&question.path) {
            match &question.place {
                Some(name) => repo.arrivals.ask(name),
                None => repo.names = Names::Ends,
            }
        }
    }
}

impl GitHub {
    /// Asks some environments for what came to them last.
    pub(super) async fn places(&self, ask: Ask) -> Result<Batch, SourceError> {
        if self.state().is_by_rest() {
            return self.places_by_rest(ask).await;
        }
        let mut last = None;
        for _ in 0..ATTEMPTS {
            let asked = {
                let state = self.state();
                state.questions(state.places_portion.size())
            };
            if asked.is_empty() {
                return Ok(Batch::default());
            }
            let (document, variables) = query(&asked);
            let sent = self
                .api
                .query(&document, "Board", &variables, ask.urgency)
                .await;
            let error = match sent {
                Ok(data) => return Ok(self.take_places(&asked, &data)),
                Err(Trouble::Heavy(_)) if asked.len() > 1 => {
                    self.state().places_portion.halve(asked.len());
                    continue;
                }
                Err(Trouble::Heavy(error) | Trouble::Failed(error)) => error,
                // Whether there is GraphQL is found out by what the board needs.
                Err(Trouble::Absent(cause)) => self.refused_places(cause),
                Err(Trouble::Lacks(features)) => {
                    self.state().refuse(&features);
                    self.refused_places("the token may not read it".to_owned())
                }
            };
            last = Some((asked, error));
            break;
        }
        match last {
            Some((asked, error)) => self.not_told(&asked, error),
            None => Ok(Batch::default()),
        }
    }

    fn refused_places(&self, cause: String) -> SourceError {
        SourceError::Refused {
            host: self.api.client.host().to_owned(),
            cause,
        }
    }

    /// Goes over what the host does not tell, and keeps it for later where the host has trouble.
    fn not_told(&self, asked: &[Question], error: SourceError) -> Result<Batch, SourceError> {
        let mut state = self.state();
        let at = ("places", state.turns.places);
        if !state.untold_places.is_lost(at, &error) {
            return Err(error);
        }
        state.turns.places += 1;
        for question in asked {
            state.asked(question);
        }
        let text = format!("what came to environments is not read: {error}");
        Ok(Batch {
            warnings: vec![Clean::line(&text)],
            ..Batch::default()
        })
    }

    /// Takes in an answer; what is not in it is not asked for again.
    fn take_places(&self, asked: &[Question], data: &Data) -> Batch {
        let mut batch = Batch::default();
        let mut warnings = BTreeSet::new();
        let mut state = self.state();
        state.turns.places += 1;
        let heavy = data.was_heavy() && asked.len() > 1;
        state.places_portion.answered(asked.len(), heavy);
        for (at, question) in asked.iter().enumerate() {
            let alias = format!("p{at}");
            let read = data.by_alias.read::<OfRepo>(&alias);
            let told = matches!(&read, Some(Ok(told)) if told.answers(question));
            // Given up for the server's own limits: it is asked again, with fewer.
            if heavy && !told {
                continue;
            }
            state.asked(question);
            if let Some(error) = data.errors_of(&alias).next() {
                let said = graphql::told(&self.api.client.shown(&error.message));
                warnings.insert(format!("{}: environments: {said}", question.path));
            }
            match read {
                Some(Ok(told)) => self.take_place(&mut state, &question.path, told, &mut batch),
                Some(Err(_unreadable)) => {
                    let text = format!("{}: its environments cannot be read", question.path);
                    warnings.insert(text);
                }
                None => {}
            }
        }
        let warnings = warnings.iter().map(|text| Clean::line(text));
        batch.warnings.extend(warnings);
        batch
    }

    fn take_place(&self, state: &mut State, path: &str, told: OfRepo, batch: &mut Batch) {
        let key = self.key(&told.name_with_owner);
        let names = [told.head, told.tail].into_iter().flatten();
        let names: Vec<Clean> = names
            .flat_map(|list| list.nodes.items)
            .map(|named| Clean::line(&named.name))
            .collect();
        let list = told.deployments.unwrap_or_default().nodes;
        warn(&key, "deployments", &list, batch);
        let items = list.items.iter().take(EACH);
        let found = items.filter_map(|item| delivery::deployment(&key, item));
        let found: Vec<Deployment> = found.collect();
        if let Some(repo) = state.known(path) {
            for name in &names {
                repo.arrivals.mention(name);
            }
            for deployment in &found {
                repo.arrivals.see(deployment);
            }
        }
        batch.facts.extend(found.into_iter().map(Fact::Deployment));
    }

    /// Asks one environment without GraphQL.
    async fn places_by_rest(&self, ask: Ask) -> Result<Batch, SourceError> {
        let asked = self.state().questions(1);
        let Some(Question {
            path,
            place: Some(name),
        }) = asked.first()
        else {
            return Ok(Batch::default());
        };
        let mut batch = Batch::default();
        let reader = Reader {
            github: self,
            key: self.key(path),
            ask,
        };
        match reader.place(name, &mut batch).await {
            Ok(found) => {
                let mut state = self.state();
                state.turns.places += 1;
                for question in &asked {
                    state.asked(question);
                }
                if let Some(repo) = state.known(path) {
                    for deployment in &found {
                        repo.arrivals.see(deployment);
                    }
                }
                batch.facts.extend(found.into_iter().map(Fact::Deployment));
                Ok(batch)
            }
            Err(error) => self.not_told(&asked, error),
        }
    }
}

impl Reader<'_> {
    /// Reads what came to an environment, as far back as it has to be known.
    async fn place(&self, name: &str, batch: &mut Batch) -> Result<Vec<Deployment>, SourceError> {
        let each = EACH.to_string();
        let query = [("environment", name), ("per_page", each.as_str())];
        let route = format!("repos/{}/deployments", self.key.path());
        let Some(list) = self
            .maybe_once::<List<RestDeployment>>(&route, &query, batch)
            .await?
        else {
            return Ok(Vec::new());
        };
        warn(&self.key, "deployments", &list, batch);
        let mut found: Vec<Deployment> = Vec::new();
        let mut arrived = 0;
        for wire in list.items.into_iter().take(STATUSES) {
            let route = format!("{route}/{}/statuses", wire.id);
            let statuses = self.maybe_once::<Statuses>(&route, &[], batch).await?;
            // One that is not for us says nothing.
            let Some(statuses) = statuses else { break };
            let Some(deployment) = delivery::rest_deployment(&self.key, wire, Some(statuses))
            else {
                continue;
            };
            arrived += usize::from(has_arrived(&deployment));
            found.push(deployment);
            if arrived >= ENOUGH {
                break;
            }
        }
        Ok(found)
    }

    /// Reads what is asked once: keeping its text would be waste.
    async fn maybe_once<T: DeserializeOwned>(
        &self,
        route: &str,
        query: &[(&str, &str)],
        batch: &mut Batch,
    ) -> Result<Option<T>, SourceError> {
        let request = self.github.once(route, query, self.ask);
        match self.github.api.client.get_as(&request).await {
            Ok((read, _)) => Ok(Some(read)),
            Err(failure) => absent(failure, batch).map(|()| None),
        }
    }
}

/// Returns the query over these questions, each under an alias by its place.
fn query(asked: &[Question]) -> (String, Value) {
    let (mut names, mut body) = (Vec::new(), String::new());
    let mut variables = Map::new();
    for (at, question) in asked.iter().enumerate() {
        let (owner, name) = question.path.split_once('/').unwrap_or_default();
        names.push(format!("$o{at}: String!, $n{at}: String!"));
        variables.insert(format!("o{at}"), json!(owner));
        variables.insert(format!("n{at}"), json!(name));
        // Writing to a text cannot fail.
        let _ = write!(body, "  p{at}: repository(owner: $o{at}, name: $n{at}) ");
        let Some(place) = &question.place else {
            body.push_str("{ ...PlaceNames }\n");
            continue;
        };
        names.push(format!("$e{at}: [String!]"));
        variables.insert(format!("e{at}"), json!([place]));
        let _ = writeln!(
            body,
            "{{ nameWithOwner deployments(environments: $e{at}, first: {EACH}, \
             orderBy: {{field: CREATED_AT, direction: DESC}}) {{ nodes {{ ...DeploymentRecord \
             statuses(first: 3) {{ nodes {{ state createdAt }} }} }} }} }}"
        );
    }
    let document = format!(
        "query Board({}) {{\n  rateLimit {{ cost limit remaining resetAt }}\n{body}}}\n{}",
        names.join(", "),
        needed(asked)
    );
    (document, Value::Object(variables))
}

/// Returns the fragments that these questions use: a server may refuse others.
fn needed(asked: &[Question]) -> String {
    let used = |fragment: &&str| {
        (fragment.starts_with("PlaceNames") && asked.iter().any(|it| it.place.is_none()))
            || (fragment.starts_with("DeploymentRecord")
                && asked.iter().any(|it| it.place.is_some()))
    };
    let all = fragments(DOCUMENT).split("\nfragment ");
    let used = all.filter(used).map(|text| format!("fragment {text}\n"));
    used.collect()
}

#[cfg(test)]
mod tests {
    use super::{Names, PLACES_BATCH, Question, query};
    use crate::sources::github::state::State;

    fn question(path: &str, place: Option<&str>) -> Question {
        Question {
            path: path.to_owned(),
            place: place.map(str::to_owned),
        }
    }

    #[test]
    fn names_travel_as_variables_and_only_fragments_that_are_used_are_sent() {
        let (document, variables) = query(&[question("acme/\"api", Some("prod } x"))]);
        assert!(!document.contains("acme") && !document.contains("prod }"));
        assert_eq!(variables["e0"][0], "prod } x");
        assert_eq!(document.matches("fragment ").count(), 1, "{document}");
        assert!(document.contains("fragment DeploymentRecord on Deployment"));
        let (document, variables) = query(&[
            question("acme/api", None),
            question("acme/web", Some("production")),
        ]);
        assert_eq!(document.matches("fragment ").count(), 2, "{document}");
        assert!(variables.get("e0").is_none() && variables["n1"] == "web");
    }

    #[test]
    fn several_repositories_share_a_query_and_only_what_was_read_is_asked() {
        let mut state = State::new();
        for path in ["acme/api", "acme/web", "acme/new", "acme/gone"] {
            let repo = state.repo(path);
            repo.seen = Some(1);
            for number in 0..7 {
                repo.arrivals.mention(&format!("place{number}"));
            }
        }
        state.repo("acme/new").seen = None;
        state.repo("acme/gone").misses = 1;
        state.repo("acme/web").names = Names::Owed;
        let first = state.questions(PLACES_BATCH);
        assert_eq!(first.len(), PLACES_BATCH);
        for question in &first {
            state.asked(question);
        }
        let second = state.questions(PLACES_BATCH);
        let all = || first.iter().chain(&second);
        assert_eq!(all().count(), 15, "seven of each, and the names of one");
        let names: Vec<&Question> = all().filter(|it| it.place.is_none()).collect();
        assert_eq!(names, [&question("acme/web", None)]);
        for question in &second {
            state.asked(question);
        }
        assert!(!state.owes_places() && state.questions(PLACES_BATCH).is_empty());
    }
}
