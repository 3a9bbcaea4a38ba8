//! The people of the simulated team: invented, every one; and its machines.

/// Somebody, or something, with an account.
#[derive(Debug)]
pub struct Person {
    /// The account.
    pub login: &'static str,
    /// The name that is shown.
    pub name: &'static str,
    /// Whether it is a machine.
    pub bot: bool,
}

const fn person(login: &'static str, name: &'static str) -> Person {
    Person {
        login,
        name,
        bot: false,
    }
}

const fn machine(login: &'static str, name: &'static str) -> Person {
    Person {
        login,
        name,
        bot: true,
    }
}

/// How many of [`PEOPLE`] are people; the rest are machines.
pub const HUMANS: usize = 30;

/// Everybody: thirty people, then the machines.
pub const PEOPLE: &[Person] = &[
    person("ada-k", "Ada Kestrel"),
    person("bram-o", "Bram Oakley"),
    person("cleo-m", "Cleo Marsh"),
    person("dov-p", "Dov Pine"),
    person("edda-w", "Edda Willow"),
    person("faro-q", "Faro Quill"),
    person("gwen-t", "Gwen Thistle"),
    person("hiro-s", "Hiro Sparrow"),
    person("ines-v", "Ines Vale"),
    person("jory-b", "Jory Birch"),
    person("kaia-f", "Kaia Fern"),
    person("levi-r", "Levi Rook"),
    person("mira-d", "Mira Dune"),
    person("nils-h", "Nils Heath"),
    person("oona-l", "Oona Lark"),
    person("pavo-c", "Pavo Clay"),
    person("qiu-y", "Qiu Yarrow"),
    person("rhea-n", "Rhea Nettle"),
    person("sten-g", "Sten Gale"),
    person("tova-e", "Tova Ember"),
    person("umar-j", "Umar Juniper"),
    person("vera-z", "Vera Zephyr"),
    person("wim-a", "Wim Alder"),
    person("xenia-u", "Xenia Umber"),
    person("yael-i", "Yael Iris"),
    person("zeno-x", "Zeno Flint"),
    person("arlo-w", "Arlo Wren"),
    person("bea-t", "Bea Tansy"),
    person("cyra-n", "Cyra North"),
    person("demo", "Demo Viewer"),
    machine("dependabot", "Dependabot"),
    machine("renovate", "Renovate"),
    machine("github-actions", "GitHub Actions"),
];

/// Index of the person who looks at the board.
pub const VIEWER: usize = 29;
/// Index of the machine that updates dependencies.
pub const DEPENDABOT: usize = 30;
/// Index of the other machine that updates dependencies.
pub const RENOVATE: usize = 31;
/// Index of the machine that runs workflows.
pub const ACTIONS: usize = 32;

const NOBODY: Person = machine("ghost", "Ghost");

/// Returns a person; the ghost of a deleted account where the index is none.
pub fn of(index: usize) -> &'static Person {
    PEOPLE.get(index).unwrap_or(&NOBODY)
}

/// Returns the index of an account.
pub fn find(login: &str) -> Option<usize> {
    let bare = login.strip_suffix("[bot]").unwrap_or(login);
    PEOPLE.iter().position(|person| person.login == bare)
}
