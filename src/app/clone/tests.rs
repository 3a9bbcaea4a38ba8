//! Clones, good and hostile, and the repository that is found in each.

use super::*;
use crate::config::SourceKind;
use crate::sources::usual::{FORGEJO, GITEA, GITHUB, GITLAB, Usual};

const fn kind(name: &'static str, repos: RepoNames) -> SourceKind {
    SourceKind {
        name,
        url: None,
        repos,
        paths: &[],
        tables: &[],
    }
}

/// Every kind of forge.
fn rows() -> Vec<Row> {
    static KINDS: [SourceKind; 4] = [
        kind("github", RepoNames::Flat),
        kind("gitlab", RepoNames::Nested),
        kind("gitea", RepoNames::Flat),
        kind("forgejo", RepoNames::Flat),
    ];
    const USUAL: [&Usual; 4] = [&GITHUB, &GITLAB, &GITEA, &FORGEJO];
    let both = KINDS.iter().zip(USUAL);
    both.map(|(kind, usual)| Row { kind, usual }).collect()
}

/// The surroundings of somebody who has never logged in.
fn nobody() -> Surroundings {
    Surroundings {
        rows: rows(),
        ..Surroundings::default()
    }
}

#[track_caller]
fn check(address: &str, expected: Option<(&str, &str)>) {
    let found = Address::parse(address, &nobody());
    let found = found
        .as_ref()
        .map(|found| (found.host.as_str(), found.path.as_str()));
    assert_eq!(found, expected, "{address}");
}

#[test]
fn addresses_in_every_form() {
    let api = Some(("github.com", "acme/api"));
    check("https://github.com/acme/api.git", api);
    check("https://github.com/acme/api", api);
    check("https://joe:pw@github.com/acme/api/", api);
    check("git@github.com:acme/api.git", api);
    check("github.com:acme/api", api);
    check("ssh://git@github.com/acme/api.git", api);
    check("ssh://git@ssh.github.com:443/acme/api.git", api);
    check("git://GitHub.com/acme/api.git", api);
    check(
        "https://git.example.org/acme/api",
        Some(("git.example.org", "acme/api")),
    );
}

#[test]
fn what_is_no_repository_on_a_forge_is_nothing() {
    for address in [
        "",
        "/srv/git/api.git",
        "../api",
        "file:///srv/api.git",
        "C:\\repos\\api",
        "https://github.com/acme",
        "ext::sh -c whoami% /x/y",
        "git@github.com:acme/../api",
        "git@github.com:ac me/api",
        "https:///acme/api",
    ] {
        check(address, None);
    }
}

fn found(dir: &Path) -> Option<Remote> {
    find(dir, &nobody())
}

fn shown(remote: Option<Remote>) -> String {
    remote.map_or_else(
        || "nothing".to_owned(),
        |remote| format!("{} {}", host_of(&remote.url), remote.path),
    )
}

/// The surroundings of a user whose directory this is, with the machine's own programs.
fn around(home: &Path) -> Surroundings {
    Surroundings {
        home: Some(home.to_owned()),
        config: Some(home.join(".config")),
        path: Some("/usr/local/bin:/usr/bin:/bin".to_owned()),
        ..nobody()
    }
}

fn write(file: &Path, text: &str) {
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(file, text).unwrap();
}

fn clone(config: &str) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join(".git")).unwrap();
    std::fs::write(dir.path().join(".git/config"), config).unwrap();
    dir
}

#[test]
fn upstream_comes_before_origin() {
    let dir = clone(
        "[core]\n\tbare = false\n[remote \"origin\"]\n\turl = git@github.com:me/api.git\n\
         [remote \"upstream\"]\n\turl = https://github.com/acme/api\n",
    );
    assert_eq!(found(dir.path()).unwrap().path, "acme/api");
}

#[test]
fn a_directory_below_and_a_worktree_find_the_same() {
    let dir = clone("[remote \"origin\"]\n\turl = git@github.com:acme/api.git\n");
    let below = dir.path().join("src/deep");
    std::fs::create_dir_all(&below).unwrap();
    assert_eq!(found(&below).unwrap().path, "acme/api");
    let linked = dir.path().join(".git/worktrees/w");
    std::fs::create_dir_all(&linked).unwrap();
    std::fs::write(linked.join("commondir"), "../..\n").unwrap();
    let tree = tempfile::tempdir().unwrap();
    std::fs::write(
        tree.path().join(".git"),
        format!("gitdir: {}\n", linked.display()),
    )
    .unwrap();
    assert_eq!(found(tree.path()).unwrap().path, "acme/api");
}

#[test]
fn short_forms_of_the_user_are_resolved() {
    let home = tempfile::tempdir().unwrap();
    std::fs::write(
        home.path().join(".gitconfig"),
        "[url \"git@github.com:\"]\n\tinsteadOf = gh:\n",
    )
    .unwrap();
    let dir = clone("[remote \"origin\"]\n\turl = gh:acme/api\n");
    assert_eq!(
        shown(find(dir.path(), &around(home.path()))),
        "github.com acme/api"
    );
}

#[test]
fn a_directory_outside_any_clone_is_none() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(found(dir.path()), None);
}

#[track_caller]
fn check_clone(config: &str, expected: &str) {
    let dir = clone(config);
    assert_eq!(shown(found(dir.path())), expected, "{config}");
}

#[test]
fn the_remote_that_counts_is_chosen_as_gh_does() {
    let remote = |name: &str, url: &str| format!("[remote \"{name}\"]\n\turl = {url}\n");
    let origin = remote("origin", "git@github.com:me/api");
    let other = remote("a", "git@github.com:a/api");
    check_clone(&format!("{other}{origin}"), "github.com me/api");
    let github = remote("github", "git@github.com:hub/api");
    check_clone(&format!("{origin}{github}"), "github.com hub/api");
    // A host that nobody knows is no board's, however the remote is called.
    let upstream = remote("upstream", "git@git.example.org:acme/api");
    check_clone(&format!("{upstream}{origin}"), "github.com me/api");
    check_clone(&upstream, "nothing");
    let upstream = remote("upstream", "git@gitlab.com:acme/api");
    check_clone(&format!("{upstream}{origin}"), "gitlab.com acme/api");
    // What `gh repo set-default` wrote.
    let base = format!("{origin}\tgh-resolved = base\n");
    let upstream = remote("upstream", "git@github.com:acme/api");
    check_clone(&format!("{base}{upstream}"), "github.com me/api");
    let named = format!("{origin}\tgh-resolved = acme/other\n");
    check_clone(&named, "github.com acme/other");
    let hostile = format!("{origin}\tgh-resolved = evil.example/a/b\n");
    check_clone(&hostile, "github.com me/api");
}

#[test]
fn a_place_to_push_to_is_not_the_repository() {
    check_clone(
        "[remote \"origin\"]\n\turl = https://github.com/acme/api\n\tpushurl = git@github.com:me/api\n\
         \turl = https://github.com/acme/mirror\n[url \"git@github.com:me/\"]\n\tpushInsteadOf = https://github.com/acme/\n",
        "github.com acme/api",
    );
}

#[test]
fn a_submodule_is_its_own_repository() {
    let dir = clone("[remote \"origin\"]\n\turl = git@github.com:acme/all.git\n");
    let sub = dir.path().join("libs/money");
    write(&sub.join(".git"), "gitdir: ../../.git/modules/libs/money\n");
    write(
        &dir.path().join(".git/modules/libs/money/config"),
        "[remote \"origin\"]\n\turl = git@github.com:acme/money.git\n",
    );
    assert_eq!(shown(found(&sub.join("."))), "github.com acme/money");
    assert_eq!(
        shown(found(&dir.path().join("libs"))),
        "github.com acme/all"
    );
}

#[test]
fn a_worktree_may_have_settings_of_its_own() {
    let dir = clone("[extensions]\n\tworktreeConfig = true\n");
    let own = dir.path().join(".git/worktrees/w");
    write(&own.join("commondir"), "../..\n");
    write(
        &own.join("config.worktree"),
        "[remote \"origin\"]\n\turl = git@github.com:acme/api\n",
    );
    let tree = tempfile::tempdir().unwrap();
    write(
        &tree.path().join(".git"),
        &format!("gitdir: {}\n", own.display()),
    );
    assert_eq!(shown(found(tree.path())), "github.com acme/api");
}

#[test]
fn a_bare_repository_and_a_named_directory_are_found() {
    let dir = clone("[remote \"origin\"]\n\turl = git@github.com:acme/api\n");
    let git = dir.path().join(".git");
    for name in ["objects", "refs"] {
        std::fs::create_dir(git.join(name)).unwrap();
    }
    write(&git.join("HEAD"), "ref: refs/heads/main\n");
    assert_eq!(shown(found(&git)), "github.com acme/api");
    let elsewhere = tempfile::tempdir().unwrap();
    let named = Surroundings {
        git_dir: Some(git),
        ..nobody()
    };
    assert_eq!(shown(find(elsewhere.path(), &named)), "github.com acme/api");
}

/// Returns where the host of a remote may be, if nobody knows it.
fn strangers_of(url: &str, around: &Surroundings) -> Vec<(String, Vec<String>)> {
    let dir = clone(&format!("[remote \"origin\"]\n\turl = {url}\n"));
    let found = strangers(dir.path(), around).into_iter();
    let shown = |url: &Url| url.as_str().to_owned();
    found
        .map(|one| (one.host, one.bases.iter().map(shown).collect()))
        .collect()
}

#[test]
fn a_host_that_nobody_knows_is_named_as_the_remote_names_it() {
    #[track_caller]
    fn check(url: &str, host: &str, bases: &[&str]) {
        let bases = bases.iter().map(|base| (*base).to_owned()).collect();
        assert_eq!(
            strangers_of(url, &nobody()),
            [(host.to_owned(), bases)],
            "{url}"
        );
    }
    check(
        "http://127.0.0.1:47101/acme/api.git",
        "127.0.0.1:47101",
        &["http://127.0.0.1:47101/"],
    );
    check(
        "https://git.example.org:8443/gitlab/acme/api.git",
        "git.example.org:8443",
        &[
            "https://git.example.org:8443/",
            "https://git.example.org:8443/gitlab",
        ],
    );
    // What is not this machine is asked in secret only, and ssh says nothing about a port.
    check(
        "http://git.example.org/acme/api",
        "git.example.org",
        &["https://git.example.org/"],
    );
    check(
        "ssh://git@git.example.org:2222/a/b/c",
        "git.example.org",
        &["https://git.example.org/"],
    );
    assert_eq!(strangers_of("https://github.com/acme/api", &nobody()), []);
    assert_eq!(strangers_of("/srv/git/api", &nobody()), []);
}

#[test]
fn the_host_of_origin_is_asked_though_another_remote_is_known() {
    let hosts = |origin: &str| {
        let dir = clone(&format!(
            "[remote \"mirror\"]\n\turl = https://github.com/acme/api\n\
             [remote \"backup\"]\n\turl = https://backup.example.org/acme/api\n\
             [remote \"{origin}\"]\n\turl = https://git.example.org/acme/api\n"
        ));
        let (asked, passed) = unknown_hosts(dir.path(), &nobody());
        [asked, passed].map(|all| all.into_iter().map(|one| one.host).collect::<Vec<_>>())
    };
    let asked = [vec!["git.example.org"], vec!["backup.example.org"]];
    assert_eq!(hosts("origin"), asked);
    assert_eq!(hosts("other")[0], Vec::<String>::new());
}

#[track_caller]
fn check_kind(around: &Surroundings, url: &str, expected: Option<(&str, &str, &str)>) {
    let dir = clone(&format!("[remote \"origin\"]\n\turl = {url}\n"));
    let found = find(dir.path(), around);
    let found = found
        .as_ref()
        .map(|found| (found.kind, found.url.as_str(), found.path.as_str()));
    assert_eq!(found, expected, "{url}");
}

#[test]
fn public_hosts_are_known_and_groups_may_lie_in_groups() {
    let lab = |path| Some(("gitlab", "https://gitlab.com/", path));
    let check = |url, expected| check_kind(&nobody(), url, expected);
    check("git@gitlab.com:acme/api.git", lab("acme/api"));
    check(
        "https://gitlab.com/acme/team/deep/api",
        lab("acme/team/deep/api"),
    );
    check(
        "ssh://git@altssh.gitlab.com:443/acme/api.git",
        lab("acme/api"),
    );
    let berg = Some(("forgejo", "https://codeberg.org/", "acme/api"));
    check("ssh://git@codeberg.org/acme/api.git", berg);
    check(
        "https://gitea.com/acme/api",
        Some(("gitea", "https://gitea.com/", "acme/api")),
    );
    check("https://codeberg.org/acme/team/api", None);
    check("https://github.com/acme/api/wiki/x", None);
    check("https://gitlab.com:8443/acme/api", None);
    check("https://gitlab.com/acme/../api", None);
}

fn login(kinds: &[&'static str], url: &str, ssh: Option<&str>) -> Login {
    Login {
        by: "a program",
        is_tool: true,
        kinds: kinds.to_vec(),
        name: "x".to_owned(),
        url: Url::parse(url).unwrap(),
        ssh: ssh.map(str::to_owned),
        lapses: false,
    }
}

#[test]
fn hosts_of_the_user_are_known_with_port_path_and_other_names() {
    let around = Surroundings {
        logins: vec![
            login(
                &["gitlab"],
                "https://git.example.org/gitlab",
                Some("ssh.example.org"),
            ),
            login(&["gitea", "forgejo"], "http://localhost:3000", None),
            login(&["gitea"], "https://two.example:1", None),
            login(&["gitea"], "https://two.example:2", None),
        ],
        ..nobody()
    };
    let check = |url, expected| check_kind(&around, url, expected);
    let lab = Some(("gitlab", "https://git.example.org/gitlab", "a/b/c"));
    check("https://git.example.org/gitlab/a/b/c.git", lab);
    check("git@git.example.org:a/b/c.git", lab);
    check("git@ssh.example.org:a/b/c.git", lab);
    check("https://ssh.example.org/a/b/c.git", None);
    check("https://git.example.org/gitlabs/a/b", None);
    let tea = Some(("gitea", "http://localhost:3000/", "a/b"));
    check("http://localhost:3000/a/b.git", tea);
    check("http://localhost:3001/a/b.git", None);
    check(
        "https://two.example:2/a/b",
        Some(("gitea", "https://two.example:2/", "a/b")),
    );
    check("git@two.example:a/b", None);
}

#[test]
fn what_a_host_showed_counts_more_than_what_a_program_may_be_for() {
    let around = Surroundings {
        logins: vec![login(&["gitea", "forgejo"], "https://f.example", None)],
        shown: vec![Shown {
            kind: "forgejo",
            url: Url::parse("https://f.example").unwrap(),
            version: None,
        }],
        ..nobody()
    };
    check_kind(
        &around,
        "git@f.example:a/b",
        Some(("forgejo", "https://f.example/", "a/b")),
    );
}

#[test]
fn all_repositories_of_a_clone_are_found_once() {
    let dir = clone(
        "[remote \"origin\"]\n\turl = git@github.com:me/api\n[remote \"lab\"]\n\t\
         url = https://gitlab.com/acme/team/api.git\n[remote \"again\"]\n\t\
         url = https://github.com/me/api\n[remote \"x\"]\n\turl = git@x.example:a/b\n",
    );
    let found = remotes(dir.path(), &nobody());
    let found: Vec<_> = found
        .iter()
        .map(|one| (&*one.name, one.kind, &*one.path))
        .collect();
    let expected = [
        ("origin", "github", "me/api"),
        ("lab", "gitlab", "acme/team/api"),
    ];
    assert_eq!(found, expected);
    let mirrored =
        clone("[remote \"origin\"]\n\turl = git@gitlab.com:acme/api\n\tglab-resolved = a/b/c\n");
    assert_eq!(found_path(mirrored.path()), "a/b/c");
}

fn found_path(dir: &Path) -> String {
    found(dir).map_or_else(String::new, |found| found.path)
}

#[test]
fn what_is_included_counts_where_its_condition_holds() {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path().join("work/api");
    write(
        &dir.join(".git/config"),
        "[remote \"origin\"]\n\turl = co:acme/api\n[include]\n\tpath = more\n",
    );
    write(&dir.join(".git/HEAD"), "ref: refs/heads/feature/x\n");
    let user = home.path().join(".gitconfig");
    let company = "[url \"git@github.com:\"]\n\tinsteadOf = co:\n";
    write(&home.path().join("company"), company);
    let around = around(home.path());
    for (condition, expected) in [
        ("gitdir:~/work/", "github.com acme/api"),
        ("gitdir/i:~/WORK/", "github.com acme/api"),
        ("gitdir:work/**", "github.com acme/api"),
        ("gitdir:./work/", "github.com acme/api"),
        ("onbranch:feature/", "github.com acme/api"),
        ("gitdir:~/play/", "nothing"),
        ("onbranch:main", "nothing"),
    ] {
        write(
            &user,
            &format!("[includeIf \"{condition}\"]\n\tpath = ~/company\n"),
        );
        assert_eq!(shown(find(&dir, &around)), expected, "{condition}");
    }
    std::fs::remove_file(&user).unwrap();
    write(&dir.join(".git/more"), company);
    assert_eq!(shown(find(&dir, &around)), "github.com acme/api");
    // A file that includes itself ends, too.
    write(&dir.join(".git/more"), "[include]\n\tpath = more\n");
    let alone = Surroundings {
        path: None,
        ..around
    };
    assert_eq!(shown(find(&dir, &alone)), "nothing");
}

#[test]
fn git_is_asked_where_files_cannot_tell() {
    let home = tempfile::tempdir().unwrap();
    let around = around(home.path());
    let git = |words: &[&str], dir: &Path| {
        let ran = std::process::Command::new("git")
            .args(words)
            .current_dir(dir)
            .env("HOME", home.path())
            .output();
        ran.is_ok_and(|output| output.status.success())
    };
    let dir = home.path().join("api");
    std::fs::create_dir(&dir).unwrap();
    if !git(&["init", "-q"], &dir) {
        // Without git there is nobody to ask.
        assert_eq!(found(&dir), None);
        return;
    }
    assert!(git(&["remote", "add", "origin", "co:acme/api"], &dir));
    write(
        &home.path().join(".gitconfig"),
        "[includeIf \"hasconfig:remote.*.url:co:*/**\"]\n\tpath = ~/company\n",
    );
    write(
        &home.path().join("company"),
        "[url \"git@github.com:\"]\n\tinsteadOf = co:\n",
    );
    assert_eq!(shown(find(&dir, &around)), "github.com acme/api");
}

#[test]
fn an_alias_of_ssh_is_the_host_that_it_stands_for() {
    let home = tempfile::tempdir().unwrap();
    write(
        &home.path().join(".ssh/config"),
        "Host work github.com-work\n  HostName github.com\nHost ghe\n  HostName evil.example\n",
    );
    for (url, expected) in [
        ("git@work:acme/api.git", "github.com acme/api"),
        ("git@github.com-work:acme/api", "github.com acme/api"),
        ("ssh://git@work/acme/api", "github.com acme/api"),
        ("git@ghe:acme/api", "nothing"),
        ("https://work/acme/api", "nothing"),
    ] {
        let dir = clone(&format!("[remote \"origin\"]\n\turl = {url}\n"));
        assert_eq!(
            shown(find(dir.path(), &around(home.path()))),
            expected,
            "{url}"
        );
    }
}

#[test]
fn a_host_of_github_enterprise_is_one_that_the_user_is_logged_in_to() {
    let around = Surroundings {
        logins: vec![login(&["github"], "https://ghe.example.org", None)],
        ..nobody()
    };
    let dir = clone("[remote \"origin\"]\n\turl = ssh://git@GHE.example.org:2222/acme/api.git\n");
    assert_eq!(shown(find(dir.path(), &around)), "ghe.example.org acme/api");
    check_clone(
        "[remote \"origin\"]\n\turl = https://ghe.example.org/acme/api\n",
        "nothing",
    );
}

#[test]
fn on_this_machine_the_remote_says_how_pages_are_asked() {
    let variable = |url| Login {
        by: "GITLAB_HOST",
        is_tool: false,
        ..login(&["gitlab"], url, None)
    };
    let check = |known: Login, remote, expected| {
        let around = Surroundings {
            logins: vec![known],
            ..nobody()
        };
        check_kind(&around, remote, Some(("gitlab", expected, "a/b")));
    };
    // The variable named a host and its port alone.
    let bare = || variable("https://localhost:8080");
    check(
        bare(),
        "http://localhost:8080/a/b",
        "http://localhost:8080/",
    );
    check(
        bare(),
        "https://localhost:8080/a/b",
        "https://localhost:8080/",
    );
    check(bare(), "git@localhost:a/b", "https://localhost:8080/");
    // Nothing leaves this machine in clear text because a remote does.
    let away = variable("https://git.example.org");
    check(
        away,
        "http://git.example.org/a/b",
        "https://git.example.org/",
    );
}

#[track_caller]
fn check_odd(text: &str, expected: &str) {
    let found = address::oddity(text);
    assert!(found.contains(expected), "{text}: {found}");
    assert!(!found.contains("secret"), "{found}");
}

#[test]
fn a_remote_on_no_host_is_told_for_what_it_is() {
    for path in [
        "/srv/git/api",
        "../api.git",
        "~/api",
        "api",
        "file:///srv/secret",
    ] {
        check_odd(path, "is a directory");
    }
    check_odd("/srv/all.bundle", "a bundle");
    check_odd("file:///srv/all.BUNDLE", "a bundle");
    check_odd("rsync://secret@host/a/b", "is reached by `rsync`");
    check_odd(
        "https://u:secret@git.example.org/",
        "`owner/name` after its host",
    );
    check_odd("ext::ssh secret", "no address that is understood");
}
