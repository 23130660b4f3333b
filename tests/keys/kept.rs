//! What a person wrote is never lost: not by No, not by a change under it, not by a refusal, not by one stray key.

use crate::orders::{answered, ready, rich, running, told};
use crate::screen::{press, tell};
use dev_factory::domain::command::{Answer, Decision, Seen, Verb};
use dev_factory::domain::item::ItemStatus;
use dev_factory::domain::phase::Phase;
use dev_factory::tui::effect::Effect;
use dev_factory::tui::layer::Layer;
use dev_factory::tui::message::Message;
use dev_factory::tui::model::Model;

fn answer(model: &mut Model, accepted: bool, sentence: &str) {
    let sentence = sentence.to_owned();
    tell(model, Message::Answer(Answer { accepted, sentence }));
}

/// The text that is being written.
fn writing(model: &Model) -> String {
    match model.layers.last() {
        Some(Layer::Editor(editor)) => editor.text(),
        Some(Layer::Form(form)) => form.text(""),
        other => panic!("{other:?}"),
    }
}

fn hint(text: &str, phase: Phase) -> [Effect; 1] {
    let text = text.to_owned();
    let tool = Some("github-issue-digest".to_owned());
    [Effect::Send(
        Verb::Hint { text },
        Some(Seen {
            tool,
            phase,
            ..rich().seen()
        }),
    )]
}

#[test]
fn no_leads_back_to_what_was_written() {
    for (keys, text) in [
        ("Eits tests loop", "its tests loop"),
        ("xtoo big", "too big"),
        ("v4use fs", "use fs"),
    ] {
        for no in ["n", "<Enter>", "<Esc>", "q"] {
            let mut model = ready();
            assert_eq!(press(&mut model, &format!("{keys}<Enter>{no}")), []);
            assert_eq!(writing(&model), text, "{keys} {no}");
            assert_eq!(press(&mut model, "<Enter>y").len(), 1, "{keys} {no}");
            assert_eq!(model.layers, [], "{keys} {no}");
        }
    }
    let mut model = ready();
    press(&mut model, "3");
    let rows = &model.table.rows;
    model.tools.cursor = rows.iter().position(|row| row.version.is_some()).unwrap();
    press(&mut model, "Oit breaks<Ctrl-d>n");
    assert_eq!(writing(&model), "it breaks");
}

#[test]
fn a_change_keeps_the_text_and_a_second_time_sends_it_about_what_is_there() {
    let mut later = rich();
    later.phase = Phase::Fixing;
    let mut model = ready();
    press(&mut model, "iuse fs");
    told(&mut model, &later);
    assert_eq!(press(&mut model, "<Enter>"), []);
    let text = running(&mut model);
    assert!(
        text.contains("Hint for github-issue-digest, in fixing"),
        "{text}"
    );
    assert!(text.contains("once more sends it all the same"), "{text}");
    assert_eq!(press(&mut model, "<Enter>"), hint("use fs", Phase::Fixing));
    // Also behind a question.
    let mut model = ready();
    press(&mut model, "Eits tests loop<Enter>");
    told(&mut model, &later);
    assert_eq!(press(&mut model, "y"), []);
    assert_eq!(writing(&model), "its tests loop");
    assert_eq!(press(&mut model, "<Enter>y").len(), 1);
    // The words of an idea are changed wherever the item stands.
    let mut model = ready();
    press(&mut model, "jje more");
    let mut picked = rich();
    picked.queue[1].status = ItemStatus::Building;
    told(&mut model, &picked);
    assert!(matches!(
        press(&mut model, "<Ctrl-d>").as_slice(),
        [Effect::Send(Verb::Edit { .. }, None)]
    ));
    // One that has gone is said, and the text stays.
    let mut model = ready();
    press(&mut model, "jje more");
    picked.queue.remove(1);
    told(&mut model, &picked);
    assert_eq!(press(&mut model, "<Ctrl-d>"), []);
    assert!(answered(&model).contains("no longer in the queue"));
    assert!(writing(&model).ends_with("more"));
}

#[test]
fn what_the_engine_refuses_comes_back() {
    let mut model = ready();
    press(&mut model, "aan idea<Ctrl-d>");
    assert_eq!(model.layers, []);
    answer(&mut model, false, "the name is taken");
    assert_eq!(writing(&model), "an idea");
    assert!(running(&mut model).contains("the name is taken"));
    press(&mut model, "<Ctrl-d>");
    answer(&mut model, true, "added");
    assert_eq!(model.layers, []);
    // Answers belong to commands in their order; what is being written now stays on top.
    press(&mut model, "jj+iuse fs<Enter>aanother");
    answer(&mut model, true, "done");
    answer(&mut model, false, "no turn runs");
    assert_eq!(writing(&model), "another");
    press(&mut model, "<Ctrl-d>");
    assert_eq!(writing(&model), "use fs");
    assert!(model.sending());
    answer(&mut model, true, "added");
    assert!(!model.sending());
    // After a yes, too; and the refusal of one is no matter to another's number.
    let mut model = ready();
    press(&mut model, "jj+");
    press(&mut model, "Eits tests loop<Enter>y");
    answer(&mut model, true, "done");
    answer(&mut model, false, "it is escalated already");
    assert_eq!(writing(&model), "its tests loop");
    assert_eq!(model.asked.len(), 1, "the number is still on its way");
}

#[test]
fn what_is_too_long_is_said_while_it_can_be_shortened() {
    let mut model = ready();
    press(&mut model, "a");
    tell(&mut model, Message::Paste("x".repeat(2001)));
    assert_eq!(press(&mut model, "<Ctrl-d>"), []);
    let text = running(&mut model);
    assert!(text.contains("at most 2000"), "{text}");
    assert_eq!(press(&mut model, "<Backspace><Ctrl-d>").len(), 1);
    for keys in ["i", "v4"] {
        let mut model = ready();
        press(&mut model, keys);
        tell(&mut model, Message::Paste("word ".repeat(151)));
        assert_eq!(press(&mut model, "<Enter>"), []);
        assert!(running(&mut model).contains("at most 150"), "{keys}");
        assert!(matches!(model.layers.last(), Some(Layer::Form(_))));
    }
}

#[test]
fn one_stray_esc_closes_no_form_in_which_something_was_written() {
    let mut model = ready();
    press(&mut model, "iuse fs<Esc>");
    assert!(running(&mut model).contains("Esc again throws it away"));
    press(&mut model, "!<Esc>");
    assert_eq!(writing(&model), "use fs!", "a key goes on");
    press(&mut model, "<Esc>");
    assert_eq!(model.layers, []);
    press(&mut model, "i<Esc>");
    assert_eq!(model.layers, [], "an empty one goes at once");
    // Nor q in a window in which it cannot be seen.
    press(&mut model, "iuse fs");
    tell(&mut model, Message::Resize(40, 10));
    assert_eq!(press(&mut model, "q"), []);
    assert_eq!(press(&mut model, "<Ctrl-c>"), [Effect::Leave]);
    tell(&mut model, Message::Resize(80, 24));
    assert_eq!(writing(&model), "use fs");
}

#[test]
fn an_idea_is_opened_whole_and_undo_never_empties_it() {
    let mut s = rich();
    s.queue[1].idea = "日".repeat(2000);
    let mut model = ready();
    told(&mut model, &s);
    press(&mut model, "jje");
    assert_eq!(writing(&model), s.queue[1].idea);
    press(&mut model, "<Ctrl-z>");
    assert_eq!(writing(&model), s.queue[1].idea);
    assert_eq!(press(&mut model, "<Ctrl-d>"), [], "nothing was changed");
    assert_eq!(model.layers, []);
    assert!(answered(&model).contains("nothing was changed"));
    press(&mut model, "e<Backspace><Ctrl-d>");
    // A hundred letters are a hundred steps back.
    press(&mut model, "a");
    for _ in 0..100 {
        press(&mut model, "x");
    }
    for _ in 0..100 {
        press(&mut model, "<Ctrl-z>");
    }
    assert_eq!(writing(&model), "");
    // What cannot be shown is said, not cut in silence.
    s.queue[2].idea = "one\u{202e}two".to_owned();
    let mut model = ready();
    told(&mut model, &s);
    press(&mut model, "jjje");
    assert!(running(&mut model).contains("written out"));
    // Backspace and Enter as old terminals send them.
    press(&mut model, "<Esc>aab<Ctrl-h><Ctrl-j>c");
    assert_eq!(writing(&model), "a\nc");
    press(&mut model, "<Esc><Esc>iab<Ctrl-h>");
    assert_eq!(writing(&model), "a");
}

#[test]
fn a_typed_decision_keeps_what_was_typed_of_it() {
    let mut model = ready();
    let verb = Verb::Decide {
        item: Some("port-scout".to_owned()),
        decision: Decision::TestDefect,
        text: Some("the clause is clear".to_owned()),
        case: None,
        file: None,
    };
    let s = dev_factory::domain::screen::Need {
        id: "a".to_owned(),
        why: "b".to_owned(),
        waiting: String::new(),
        ways: vec![dev_factory::domain::screen::Way::send(verb, "strike", "")],
        since: rich().at,
        blocking: false,
        ..dev_factory::domain::screen::Need::default()
    };
    let mut snapshot = rich();
    snapshot.needs = vec![s];
    told(&mut model, &snapshot);
    let sent = press(&mut model, "!1h4<Enter>y");
    let [Effect::Send(Verb::Decide { text, case, .. }, None)] = sent.as_slice() else {
        panic!("{sent:?}")
    };
    assert_eq!(text.as_deref(), Some("the clause is clear"));
    assert_eq!(case.as_deref(), Some("h4"));
}

#[test]
fn a_name_can_be_pasted_and_a_wrong_one_is_said() {
    let mut model = ready();
    press(&mut model, "jjD");
    tell(&mut model, Message::Paste("csv-diff".to_owned()));
    assert_eq!(press(&mut model, "<Enter>"), []);
    assert!(running(&mut model).contains("that is not webhook-relay"));
    press(&mut model, "<Ctrl-u>");
    tell(&mut model, Message::Paste("webhook-relay".to_owned()));
    assert_eq!(press(&mut model, "<Enter>").len(), 1);
}
