//! One interface below one address: what adapters of monitors share.
//!
//! Routes below the base path, the credential that the settings name, and words
//! for an address that leads elsewhere. It knows the name of no route.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::de::DeserializeOwned;
use url::Url;

use crate::config::SourceConfig;
use crate::domain::Timestamp;
use crate::domain::key::SourceName;
use crate::domain::text::Clean;
use crate::sources::action::ActError;
use crate::sources::http::{
    Answer, Client, Failure, Ground, Limits, List, Looks, Request, Scheme, Urgency, Writing,
    check_base, fixed_headers, host_of,
};
use crate::sources::{
    Account, Capability, CapabilityState, Check, CheckState, Fetch, Meter, SourceError, Trouble,
    UNNAMED, WANTED, token,
};

/// What people know a kind of server by.
#[derive(Clone, Copy, Debug)]
pub(super) struct Product {
    /// Its name, e.g. `Alertmanager`.
    pub(super) name: &'static str,
    /// What its address usually looks like, e.g. `https://am.example.org`.
    pub(super) example: &'static str,
    /// Paths that people copy along with the address, longest first.
    pub(super) copied: &'static [&'static str],
    /// What its address is.
    pub(super) address: Address,
    /// How its credential is written.
    pub(super) scheme: Scheme,
    /// Whether its routes name records, so that one may be missing where the address is right.
    pub(super) has_records: bool,
}

/// What the address of a kind of server is.
#[derive(Clone, Copy, Debug)]
pub(super) enum Address {
    /// Where its own page begins. A path follows the host in these cases, e.g.
    /// ``with `--web.route-prefix=/x` ``.
    Page(&'static str),
    /// That of the one document that is read.
    Document,
}

/// How something is asked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ask {
    /// Whether a person waits for it.
    pub(super) urgency: Urgency,
    /// Whether a credential that was refused is tried again.
    pub(super) forced: bool,
    /// Whether a stored answer is asked to be confirmed, and the answer stored.
    pub(super) conditional: bool,
}

impl Ask {
    /// Returns how a poll asks.
    pub(super) fn of(fetch: &Fetch) -> Self {
        let urgency = if fetch.forced {
            Urgency::Person
        } else {
            Urgency::Background
        };
        Self {
            urgency,
            forced: fetch.forced,
            conditional: true,
        }
    }

    /// Returns how something is asked that a person waits for, past every cache.
    pub(super) fn person() -> Self {
        Self {
            urgency: Urgency::Person,
            forced: true,
            conditional: false,
        }
    }
}

/// One server of a product, and one account there.
pub(super) struct Port {
    config: SourceConfig,
    ground: Ground,
    product: Product,
    pub(super) client: Client,
    base: Url,
    token: tokio::sync::Mutex<Token>,
    token_from: Mutex<String>,
    can: Mutex<BTreeMap<&'static str, CapabilityState>>,
}

/// How far the search for a credential has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Token {
    /// It comes with the first fetch: finding it may start a command.
    NotLookedFor,
    /// It is bound to the client, or there is none to bind.
    Bound,
    /// The host refused it: it is not tried again until a person asks.
    Rejected,
}

impl Port {
    /// Makes the client of a source, without asking the network.
    ///
    /// `can` are the names of its capabilities, none of which is known yet.
    pub(super) fn new(
        config: &SourceConfig,
        ground: &Ground,
        limits: Limits,
        product: Product,
        can: &[&'static str],
    ) -> Result<Self, SourceError> {
        let accept = "application/json";
        Self::accepting(config, ground, limits, product, (accept, can))
    }

    /// The same, of a server whose answers are of another kind than JSON.
    pub(super) fn accepting(
        config: &SourceConfig,
        ground: &Ground,
        limits: Limits,
        product: Product,
        (accept, can): (&'static str, &[&'static str]),
    ) -> Result<Self, SourceError> {
        let host = host_of(&config.url);
        check_base(&config.url, config.insecure_http)
            .map_err(|cause| SourceError::Refused { host, cause })?;
        let base = without_copied(&config.url, &product);
        let client = Client::new(
            config.name.clone(),
            &base,
            fixed_headers(&[("accept", accept)]),
            config.ca_file.as_deref(),
            limits,
            ground.clone(),
        )?;
        let can = can.iter().map(|name| (*name, CapabilityState::Unknown));
        Ok(Self {
            config: config.clone(),
            ground: ground.clone(),
            product,
            client,
            base,
            token: tokio::sync::Mutex::new(Token::NotLookedFor),
            token_from: Mutex::default(),
            can: Mutex::new(can.collect()),
        })
    }

    /// Returns the configured name of the source.
    pub(super) fn name(&self) -> &SourceName {
        &self.config.name
    }

    /// Returns the host that it talks to.
    pub(super) fn host(&self) -> &str {
        self.client.host()
    }

    /// Returns where it is: the host, and the path below which it is, if it is below one.
    pub(super) fn place(&self) -> String {
        match self.base.path().trim_matches('/') {
            "" => self.host().to_owned(),
            path => format!("{}/{path}", self.host()),
        }
    }

    /// Returns a fingerprint of the credential that it asks with.
    pub(super) fn credential(&self) -> String {
        self.client.account()
    }

    /// Returns the current time.
    pub(super) fn now(&self) -> Timestamp {
        self.client.now()
    }

    fn capability_states(&self) -> MutexGuard<'_, BTreeMap<&'static str, CapabilityState>> {
        self.can.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes whether something can be done.
    pub(super) fn can(&self, name: &'static str, state: CapabilityState) {
        self.capability_states().insert(name, state);
    }

    /// Returns whether something was done before.
    pub(super) fn did(&self, name: &'static str) -> bool {
        self.capability_states().get(name) == Some(&CapabilityState::Available)
    }

    /// Returns what can and cannot be done.
    pub(super) fn capabilities(&self) -> Vec<Capability> {
        let known = self.capability_states().clone();
        let told = known.into_iter();
        told.map(|(name, state)| Capability { name, state })
            .collect()
    }

    /// Returns what was spent.
    pub(super) fn meter(&self) -> Meter {
        let from = self.token_from.lock();
        Meter {
            token_from: from.unwrap_or_else(PoisonError::into_inner).clone(),
            ..self.client.meter()
        }
    }

    /// Finds out as whom it asks.
    pub(super) async fn account(&self) -> Account {
        drop(self.ensure_token(false).await);
        match *self.token.lock().await {
            Token::NotLookedFor => Account::Unknown,
            Token::Bound | Token::Rejected => Account::Known(self.client.account()),
        }
    }

    /// Finds the credential on first use, and again where a person asks after it was refused.
    async fn ensure_token(&self, forced: bool) -> Result<(), SourceError> {
        let mut state = self.token.lock().await;
        match *state {
            Token::Bound => return Ok(()),
            Token::Rejected if !forced => return Err(self.shut_out()),
            Token::Rejected | Token::NotLookedFor => {}
        }
        let found = token::resolve(&self.config, &self.ground.env)
            .await
            .map_err(|cause| SourceError::NoToken {
                host: self.host().to_owned(),
                cause,
            })?;
        *self
            .token_from
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = match found.secret {
            Some(_) => found.from,
            // Nothing is missed: whoever may see such a server is seldom asked who it is.
            None => UNNAMED.to_owned(),
        };
        match &found.secret {
            Some(secret) => self.client.bind_by(self.product.scheme, secret)?,
            None => self.client.unbind(),
        }
        *state = Token::Bound;
        Ok(())
    }

    /// Returns the address of a route below the base path.
    ///
    /// Each part is one segment: a slash in it is written `%2F`.
    pub(super) fn url(&self, parts: &[&str], query: &[(&str, &str)]) -> Url {
        let mut url = self.base.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(parts);
        }
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        url
    }

    /// Asks for an address and reads the answer.
    pub(super) async fn get<T: DeserializeOwned>(
        &self,
        url: Url,
        ask: Ask,
    ) -> Result<(T, Answer), Failure> {
        self.ensure_token(ask.forced).await.map_err(Failure::of)?;
        let request = request(url, ask);
        let asked = self.client.get_as(&request).await;
        self.heard(request.url.path(), asked).await
    }

    /// Asks for an address whose answer is no JSON.
    pub(super) async fn get_raw(&self, url: Url, ask: Ask) -> Result<Answer, Failure> {
        self.ensure_token(ask.forced).await.map_err(Failure::of)?;
        let request = request(url, ask);
        let asked = self.client.get(&request).await;
        self.heard(request.url.path(), asked).await
    }

    /// Sends the one request that changes something; `writes` is the caller's to keep.
    pub(super) async fn write(
        &self,
        url: &Url,
        body: Option<&serde_json::Value>,
    ) -> Result<(), ActError> {
        let writing = Writing {
            body: body.cloned(),
            ..Writing::default()
        };
        self.write_with(url, writing).await
    }

    /// The same, with more than a body of JSON.
    pub(super) async fn write_with(&self, url: &Url, writing: Writing) -> Result<(), ActError> {
        self.ensure_token(false).await?;
        if !writing.by_anybody && !self.client.has_credential() {
            return Err(ActError::NotSent(SourceError::NoToken {
                host: self.host().to_owned(),
                cause: "nothing is changed without one".to_owned(),
            }));
        }
        let done = self.client.write_with(url, writing).await;
        if matches!(done, Err(ActError::Refused { status: 401, .. })) {
            *self.token.lock().await = Token::Rejected;
        }
        done
    }

    /// Returns the client, for what is asked in another way; the credential is bound.
    pub(super) async fn client(&self, ask: Ask) -> Result<&Client, SourceError> {
        self.ensure_token(ask.forced).await?;
        Ok(&self.client)
    }

    /// Notes what a failure says of the credential, and what of the address.
    async fn heard<T>(&self, path: &str, asked: Result<T, Failure>) -> Result<T, Failure> {
        if let Err(failure) = &asked
            && matches!(failure.error, SourceError::Auth { .. })
        {
            *self.token.lock().await = Token::Rejected;
        }
        asked.map_err(|failure| self.misplaced(path, failure))
    }

    /// Returns why nobody is let in: the token is refused, or there is none.
    fn shut_out(&self) -> SourceError {
        let host = self.host().to_owned();
        if self.client.has_credential() {
            return SourceError::Auth { host };
        }
        SourceError::NoToken {
            host,
            cause: WANTED.to_owned(),
        }
    }

    /// Returns the address of its page for people; `rest` is what follows the base path.
    pub(super) fn page(&self, rest: &str) -> String {
        format!("{}/{rest}", self.base.as_str().trim_end_matches('/'))
    }

    /// Says what an address should be where it seems to lead elsewhere.
    fn misplaced(&self, path: &str, failure: Failure) -> Failure {
        let advice = self.advice();
        let host = self.host().to_owned();
        let error = match failure.error {
            // It may be back in a minute, behind a proxy that starts anew: it is asked again.
            SourceError::NotFound { .. } if !self.has_answered() => SourceError::Unreadable {
                host,
                cause: format!("{path} is not there; {advice}"),
            },
            SourceError::Unreadable { host, cause } if failure.looks == Looks::Elsewhere => {
                SourceError::Unreadable {
                    host,
                    cause: format!("{cause}; {advice}"),
                }
            }
            SourceError::Auth { .. } => self.shut_out(),
            same @ (SourceError::NoToken { .. }
            | SourceError::Forbidden { .. }
            | SourceError::RateLimited { .. }
            | SourceError::NotFound { .. }
            | SourceError::Unreachable { .. }
            | SourceError::Unreadable { .. }
            | SourceError::Refused { .. }) => same,
        };
        Failure { error, ..failure }
    }

    /// Returns whether the address was seen to be right: then what is not there is not there.
    /// Products of one route never say so: to them a route that is missing is always a wrong address.
    fn has_answered(&self) -> bool {
        self.product.has_records
            && self
                .capability_states()
                .values()
                .any(|state| *state == CapabilityState::Available)
    }

    /// Returns what `url` should be.
    fn advice(&self) -> String {
        let Product { name, example, .. } = self.product;
        let place = match self.product.address {
            Address::Page(below) => format!(
                "where {name}'s own page begins, e.g. `{example}`, or {below} `{example}/x`"
            ),
            Address::Document => format!("the address of the document itself, e.g. `{example}`"),
        };
        let now = self.base.as_str().trim_end_matches('/');
        format!("`url` is {place}; it is `{now}` now")
    }

    /// Returns the error of an answer that is not of this kind of server: the address is another's.
    pub(super) fn foreign(&self, path: &str, why: &str) -> SourceError {
        self.failed(&format!("{path}: {why}; {}", self.advice()))
    }

    /// Returns what was tried, and why it failed; of a refusal whether a token may be missing.
    pub(super) fn failed_check(&self, name: &'static str, error: &SourceError) -> Check {
        let is_refusal = matches!(error, SourceError::Forbidden { .. });
        let mut check = failed(name, error);
        if is_refusal && !self.client.has_credential() {
            check.trouble = Some(Trouble::Token);
            check.hint = Some(Clean::line(
                "the host wants a token and there is none: `token_env` or `token_command` names one",
            ));
        }
        check
    }

    /// Returns the error of an answer that is none, or says so itself, and counts it as failed.
    pub(super) fn failed(&self, cause: &str) -> SourceError {
        self.client.spoiled();
        SourceError::Unreadable {
            host: self.host().to_owned(),
            cause: self.client.shown(cause).to_string(),
        }
    }

    /// Says that an answer is not the list that was asked for, where none of its records fits.
    pub(super) fn fits<T>(&self, path: &str, list: &List<T>) -> Result<(), SourceError> {
        let base = self.base.path().trim_end_matches('/');
        let base = if path.starts_with('/') { base } else { "" };
        let told = |why| self.failed(&format!("{base}{path}: none of its records fits: {why}"));
        list.misfit().map_or(Ok(()), |why| Err(told(why)))
    }

    /// Returns a text of the server as it may be shown.
    pub(super) fn shown(&self, text: &str) -> Clean {
        self.client.shown(text)
    }
}

fn request(url: Url, ask: Ask) -> Request {
    Request {
        url,
        conditional: ask.conditional,
        urgency: ask.urgency,
    }
}

/// Returns an address without what people copy along with it: the end of its path, what it shows.
fn without_copied(url: &Url, product: &Product) -> Url {
    let mut url = url.clone();
    // Pages of one file keep where they are behind a `#`.
    url.set_fragment(None);
    if matches!(product.address, Address::Document) {
        return url;
    }
    url.set_query(None);
    let path = url.path().trim_end_matches('/').to_owned();
    let mut copied = product.copied.iter();
    if let Some(rest) = copied.find_map(|end| path.strip_suffix(end)) {
        url.set_path(rest);
    }
    url
}

/// Returns what was tried, and that it works.
pub(super) fn fine(name: &'static str, text: &str) -> Check {
    Check {
        name,
        state: CheckState::Fine,
        text: Clean::line(text),
        hint: None,
        trouble: None,
    }
}

/// Returns what was tried, and why it failed.
pub(super) fn failed(name: &'static str, error: &SourceError) -> Check {
    let refused = matches!(
        error,
        SourceError::Auth { .. } | SourceError::NoToken { .. }
    );
    Check {
        name,
        state: if refused {
            CheckState::Refused
        } else {
            CheckState::Failed
        },
        text: Clean::line(&error.to_string()),
        hint: error.advice().map(|hint| Clean::line(&hint)),
        trouble: error.trouble(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Address, Product, without_copied};
    use crate::sources::http::Scheme;
    use url::Url;

    const PRODUCT: Product = Product {
        name: "Alertmanager",
        example: "https://am.example.org",
        copied: &["/api/v2/alerts", "/api/v2"],
        address: Address::Page("behind a proxy"),
        scheme: Scheme::Bearer,
        has_records: false,
    };

    #[track_caller]
    fn check(given: &str, expected: &str) {
        let url = Url::parse(given).unwrap();
        assert_eq!(without_copied(&url, &PRODUCT).as_str(), expected);
    }

    #[test]
    fn what_a_page_shows_is_no_part_of_its_address_but_a_document_may_be_asked_for_so() {
        check("https://bb.test/#/builders/3", "https://bb.test/");
        check("https://am.test/am/?silenced=true#x", "https://am.test/am/");
        let document = Product {
            address: Address::Document,
            ..PRODUCT
        };
        let url = Url::parse("https://ci.test/cc.xml?recursive=true#x").unwrap();
        let found = without_copied(&url, &document);
        assert_eq!(found.as_str(), "https://ci.test/cc.xml?recursive=true");
    }

    #[test]
    fn what_is_copied_along_with_an_address_is_left_out() {
        check("https://am.test", "https://am.test/");
        check("https://am.test/am/", "https://am.test/am/");
        check("https://am.test/am/api/v2/", "https://am.test/am");
        check("https://am.test/api/v2/alerts", "https://am.test/");
        check("https://am.test/api/v22", "https://am.test/api/v22");
    }
}
