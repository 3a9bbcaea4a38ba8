//! The themes that come with the program: the files in `themes/` at the root, by name.
//!
//! Nothing is read here; what a file says is `sheet`'s.

macro_rules! themes {
    ($($name:literal),* $(,)?) => {
        /// The themes that come with the program: name and file.
        pub const BUILTIN: &[(&str, &str)] = &[
            $(($name, include_str!(concat!("../../../themes/", $name, ".toml"))),)*
        ];
    };
}

themes! {
    "dark",
    "light",
    "high-contrast",
    "colour-blind",
    "greyscale",
    "terminal",
    "catppuccin-latte",
    "catppuccin-mocha",
    "dracula",
    "everforest",
    "gruvbox-dark",
    "gruvbox-light",
    "nord",
    "one-dark",
    "rose-pine",
    "solarized-dark",
    "solarized-light",
    "tokyo-night",
}

/// Returns the file of a theme that comes with the program.
pub fn builtin(name: &str) -> Option<&'static str> {
    let mut known = BUILTIN.iter();
    known
        .find(|(known, _)| *known == name)
        .map(|(_, text)| *text)
}
