//! Clones, good and hostile, and the repository that is found in each.

use super::*;

#[track_caller]
fn check(address: &str, expected: Option<(&str, &str)>) {
    let found = parse(address, &Surroundings::default());
    let found = found
        .as_ref()
        .map(|remote| (remote.host.as_str(), remote.path.as_str()));
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
        "https://github.com/acme/api/wiki/x",
        "ext::sh -c whoami% /x/y",
        "git@github.com:acme/../api",
        "git@github.com:ac me/api",
        "https:///acme/api",
    ] {
        check(address, None);
    }
}

fn found(dir: &Path) -> Option<Remote> {
    find(dir, &Surroundings::default())
}

fn shown(remote: Option<Remote>) -> String {
    remote.map_or_else(
        || "nothing".to_owned(),
        |remote| format!("{} {}", remote.host, remote.path),
    )
}

/// The surroundings of a user whose directory this is, with the machine's own programs.
fn around(home: &Path) -> Surroundings {
    Surroundings {
        home: Some(home.to_owned()),
        config: Some(home.join(".config")),
        path: Some("/usr/local/bin:/usr/bin:/bin".to_owned()),
        ..Surroundings::default()
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
    // One on another forge is no GitHub repository, however it is called.
    let upstream = remote("upstream", "git@gitlab.com:acme/api");
    check_clone(&format!("{upstream}{origin}"), "github.com me/api");
    check_clone(&upstream, "nothing");
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
        ..Surroundings::default()
    };
    assert_eq!(shown(find(elsewhere.path(), &named)), "github.com acme/api");
}

#[test]
fn a_host_that_nobody_knows_is_named_as_the_remote_names_it() {
    let told = |address: &str| {
        let dir = clone(&format!("[remote \"origin\"]\n\turl = {address}\n"));
        let nowhere = |name| (name, "/nowhere".to_owned());
        let env = ["HOME", "XDG_CONFIG_HOME", "GH_CONFIG_DIR", "GIT_DIR"]
            .into_iter()
            .map(nowhere)
            .chain([("GH_HOST", String::new())])
            .fold(Env::process(), |env, (name, value)| env.with(name, value));
        elsewhere(dir.path(), &env).map(|found| (found.host, found.url))
    };
    let named = |host: &str, url: Option<&str>| Some((host.to_owned(), url.map(str::to_owned)));
    assert_eq!(
        told("http://127.0.0.1:47101/acme/api.git"),
        named("127.0.0.1:47101", Some("http://127.0.0.1:47101"))
    );
    assert_eq!(
        told("https://git.example.org/acme/api.git"),
        named("git.example.org", None)
    );
    assert_eq!(
        told("git@git.example.org:acme/api"),
        named("git.example.org", None)
    );
    assert_eq!(told("https://github.com/acme/api"), None);
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
    let yaml =
        "github.com:\n    user: me\n\"ghe.example.org\":\n    users:\n        me:\n# x.example:\n";
    assert_eq!(hosts_of(yaml), ["github.com", "ghe.example.org"]);
    let around = Surroundings {
        hosts: hosts_of(yaml),
        ..Surroundings::default()
    };
    let dir = clone("[remote \"origin\"]\n\turl = ssh://git@GHE.example.org:2222/acme/api.git\n");
    assert_eq!(shown(find(dir.path(), &around)), "ghe.example.org acme/api");
    check_clone(
        "[remote \"origin\"]\n\turl = https://ghe.example.org/acme/api\n",
        "nothing",
    );
}
