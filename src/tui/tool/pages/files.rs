//! The files of the tool's newest tree at the moment, and one of them with numbered lines.

use super::{Eye, Item, Page, Row, ToolView};
use crate::factory::ports::reader::{Ask, Piece, TreeFile};
use crate::text::reveal::reveal;
use crate::text::width::columns;
use crate::tui::theme::Part;
use crate::tui::tool::{code, markdown};

/// The tree, and the content of the file that is open.
pub fn wants(view: &ToolView) -> Vec<Ask> {
    let opened = view.opened().and_then(|item| item.ask);
    tree(view).into_iter().chain(opened).collect()
}

fn tree(view: &ToolView) -> Option<Ask> {
    let tree = view.moment.tree.as_ref()?;
    Some(Ask::Files(tree.tree.clone()))
}

fn files(view: &ToolView) -> Vec<TreeFile> {
    match tree(view).and_then(|ask| view.known(&ask)) {
        Some(Ok(Some(piece))) => match piece.as_ref() {
            Piece::Files(files) => files.clone(),
            _ => Vec::new(),
        },
        _ => Vec::new(),
    }
}

/// The files of the moment's tree are known; true where there is no tree.
pub fn known(view: &ToolView) -> bool {
    tree(view).is_none_or(|ask| view.known(&ask).is_some())
}

/// `Files 9 ── as committed 7504f8bd10`
pub fn title(view: &ToolView) -> String {
    match &view.moment.tree {
        Some(tree) => {
            let commit = tree.commit.get(..10).unwrap_or(&tree.commit);
            format!("Files {}, as committed in {commit}", files(view).len())
        }
        None => "Files".to_owned(),
    }
}

/// Why there are none.
pub fn empty(view: &ToolView) -> Page {
    let Some(ask) = tree(view) else {
        return Page::empty(
            "Files",
            "nothing was committed until this moment",
            "the Developer's files are committed at the end of coding and of each repair",
        );
    };
    let gone = "this tree is not in the repository any more: its branch was deleted";
    match view.piece(Some(&ask), gone) {
        Err(rows) => Page::text("Files", rows),
        Ok(_) => Page::empty("Files", "the tree is empty", "nothing was built in it"),
    }
}

/// A row for each file.
pub fn items(view: &ToolView) -> Vec<Item> {
    let files = files(view);
    let widest = files.iter().map(|file| columns(&file.path)).max();
    let widest = widest.unwrap_or(0).min(48);
    let item = |(at, file): (usize, TreeFile)| {
        let shown = reveal(&file.path).replace('\n', " ");
        let row = Row::plain(format!("{shown:<widest$}"))
            .and(Some(Part::Dim), format!("  {:>9}", bytes(file.bytes)));
        Item {
            row: match file.kind() {
                "" => row,
                kind => row.and(Some(Part::Need), format!("  {kind}")),
            },
            key: file.path,
            title: shown,
            // Of a submodule there is nothing but its commit.
            ask: (file.mode != 0o160_000).then_some(Ask::File(file.id)),
            at,
        }
    };
    files.into_iter().enumerate().map(item).collect()
}

fn bytes(bytes: u64) -> String {
    match bytes {
        0..10_000 => format!("{bytes} B"),
        _ => format!("{:.1} KiB", bytes as f64 / 1024.0),
    }
}

/// One file.
pub fn page(view: &ToolView, item: &Item, eye: &Eye<'_>) -> Page {
    let gone = "this content is not in the repository any more";
    if item.ask.is_none() {
        let words = " a submodule: another repository's commit, of which nothing is here";
        return Page::text(&item.title, vec![Row::dim(words)]);
    }
    match view.piece(item.ask.as_ref(), gone) {
        Ok(Piece::Text(text)) if item.title.ends_with(".md") => {
            Page::text(&item.title, markdown::rows(text, eye.width))
        }
        Ok(Piece::Text(text)) => Page::code(&item.title, code::rows(&item.title, text, true)),
        Ok(_) => Page::text(&item.title, Vec::new()),
        Err(rows) => Page::text(&item.title, rows),
    }
}
