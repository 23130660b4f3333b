//! Themes: the list of them, and what each makes of the bad moment, by style.

use super::picture::{in_both_themes, same, styles};
use super::plant::{bad, pressed};
use dev_factory::tui::theme::{Depth, Shelf};

const SIZES: [(u16, u16); 3] = [(120, 36), (80, 24), (60, 16)];

#[test]
fn the_list_shows_each_with_its_own_look() {
    for size in SIZES {
        let name = format!("themes_{}x{}", size.0, size.1);
        in_both_themes(&name, &pressed(bad(size), "T"));
    }
}

#[test]
fn each_theme_has_its_styles() {
    for name in ["light", "dark", "high-contrast", "colour-blind"] {
        let mut model = bad((80, 24));
        model.theme = Shelf::default().theme(name).unwrap();
        same(&format!("factory_80x24_{name}"), &styles(&model));
    }
}

#[test]
fn the_colours_of_each_theme_at_each_depth() {
    let mut all = String::new();
    for depth in [Depth::None, Depth::Sixteen, Depth::Many, Depth::True] {
        let shelf = Shelf::new(&[], depth);
        for stored in shelf.all() {
            let theme = shelf.theme(&stored.name).unwrap();
            all += &format!("{depth:?} {}: {theme:?}\n", stored.name);
        }
    }
    same("themes_by_depth", &all);
}
