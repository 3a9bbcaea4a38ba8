//! Looking up the names of hosts, without letting a resolver hold anybody up.
//!
//! The system's look-up cannot be cancelled: each runs on a thread that nobody
//! waits for, one at a time for a name, and is given up after a while.

use std::collections::HashMap;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs as _};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::sync::watch;

/// How long a look-up may take.
pub(super) const PATIENCE: Duration = Duration::from_secs(3);

/// The words of the error when it takes longer.
pub(super) const TOO_LONG: &str = "the name server does not answer";

/// Asks the system, or whatever a test puts in its place.
type Lookup = dyn Fn(&str) -> io::Result<Vec<SocketAddr>> + Send + Sync;

/// What came of a look-up; nothing while it is under way.
type Found = Option<Result<Vec<SocketAddr>, String>>;

/// Looks names up.
#[derive(Clone)]
pub(super) struct Names(Arc<Inner>);

struct Inner {
    lookup: Box<Lookup>,
    patience: Duration,
    under_way: Mutex<HashMap<String, watch::Receiver<Found>>>,
}

impl Names {
    /// Returns the one that asks the system, shared by all clients.
    pub(super) fn system() -> Self {
        static SYSTEM: LazyLock<Names> = LazyLock::new(|| {
            let lookup = |name: &str| (name, 0).to_socket_addrs().map(Iterator::collect);
            Names::new(Box::new(lookup), PATIENCE)
        });
        SYSTEM.clone()
    }

    fn new(lookup: Box<Lookup>, patience: Duration) -> Self {
        Self(Arc::new(Inner {
            lookup,
            patience,
            under_way: Mutex::default(),
        }))
    }

    /// Joins the look-up that is under way for this name, or starts one.
    fn begin(&self, name: &str) -> io::Result<watch::Receiver<Found>> {
        let inner = &self.0;
        let mut under_way = inner
            .under_way
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = under_way.get(name) {
            return Ok(found.clone());
        }
        let (tell, found) = watch::channel(None);
        let (inner, key) = (Arc::clone(inner), name.to_owned());
        std::thread::Builder::new()
            .name("names".to_owned())
            .spawn(move || {
                let answer = (inner.lookup)(&key).map_err(|error| error.to_string());
                let mut under_way = inner
                    .under_way
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner);
                under_way.remove(&key);
                drop(under_way);
                tell.send_replace(Some(answer));
            })?;
        under_way.insert(name.to_owned(), found.clone());
        Ok(found)
    }

    async fn find(&self, name: &str) -> io::Result<Vec<SocketAddr>> {
        let mut found = self.begin(name)?;
        let answer = tokio::time::timeout(self.0.patience, found.wait_for(Option::is_some)).await;
        let answer = answer.map_err(|_elapsed| io::Error::other(TOO_LONG))?;
        let answer = answer.ok().and_then(|answer| answer.clone());
        answer
            .unwrap_or_else(|| Err("the look-up ended early".to_owned()))
            .map_err(io::Error::other)
    }
}

impl Resolve for Names {
    fn resolve(&self, name: Name) -> Resolving {
        let names = self.clone();
        Box::pin(async move {
            let found = names.find(name.as_str()).await?;
            let found: Addrs = Box::new(found.into_iter());
            Ok(found)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Names, TOO_LONG};
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::{Arc, Mutex, mpsc};
    use std::time::Duration;

    #[test]
    fn a_resolver_that_hangs_holds_up_neither_others_nor_the_end() {
        let (release, hold) = mpsc::channel::<()>();
        let hold = Mutex::new(hold);
        let asked = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&asked);
        let names = Names::new(
            Box::new(move |name| {
                if name == "hangs.test" {
                    count.fetch_add(1, Ordering::SeqCst);
                    let _released = hold.lock().unwrap().recv();
                }
                Ok(vec!["127.0.0.1:0".parse().unwrap()])
            }),
            Duration::from_millis(50),
        );
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            for _ in 0..3 {
                let error = names.find("hangs.test").await.unwrap_err();
                assert_eq!(error.to_string(), TOO_LONG);
            }
            assert_eq!(names.find("works.test").await.unwrap().len(), 1);
        });
        // Would never come back if the runtime waited for the look-up.
        drop(runtime);
        assert_eq!(asked.load(Ordering::SeqCst), 1, "one look-up for a name");
        drop(release);
    }

    #[tokio::test]
    async fn a_name_that_is_not_there_is_an_error() {
        let names = Names::new(
            Box::new(|_| Err(std::io::Error::other("no such host"))),
            Duration::from_secs(5),
        );
        let error = names.find("nowhere.test").await.unwrap_err();
        assert_eq!(error.to_string(), "no such host");
    }
}
