//! The starter factory, compiled in: what `init` writes out.

/// Files of a new home: path and content.
pub const FILES: &[(&str, &str)] = &[
    (
        ".gitignore",
        include_str!("../../dev-factory/home/gitignore"),
    ),
    (
        "package.json",
        include_str!("../../dev-factory/home/package.json"),
    ),
    (
        "package-lock.json",
        include_str!("../../dev-factory/home/package-lock.json"),
    ),
    (
        "jest.config.cjs",
        include_str!("../../dev-factory/home/jest.config.cjs"),
    ),
    // git keeps no empty folders, and Jest stops when its roots are missing.
    ("tools/.gitkeep", ""),
    (
        "souls/developer.md",
        include_str!("../../souls/developer.md"),
    ),
    ("souls/qa.md", include_str!("../../souls/qa.md")),
    (
        "souls/supervisor.md",
        include_str!("../../souls/supervisor.md"),
    ),
    (
        "themes/default.toml",
        include_str!("../../themes/default.toml"),
    ),
    ("themes/light.toml", include_str!("../../themes/light.toml")),
    ("themes/dark.toml", include_str!("../../themes/dark.toml")),
    (
        "themes/high-contrast.toml",
        include_str!("../../themes/high-contrast.toml"),
    ),
    (
        "themes/colour-blind.toml",
        include_str!("../../themes/colour-blind.toml"),
    ),
    ("themes/plain.toml", include_str!("../../themes/plain.toml")),
];

/// Settings with every key commented.
pub const SETTINGS: &str = include_str!("../../dev-factory/factory.toml");

/// The ideas a new home begins with.
pub const WISHLIST: &str = include_str!("../../dev-factory/wishlist.json");

/// Soul files by role: developer, qa, supervisor.
pub const SOULS: [&str; 3] = ["developer.md", "qa.md", "supervisor.md"];
