//! The table against the contract, written out a second time.

use dev_factory::domain::phase::{Decider, Outcome, Phase, Role, Target};
use dev_factory::domain::table::{TABLE, claim, destination, find, legal_next, legal_outcomes};
use std::str::FromStr;

const ACTIVE: [&str; 6] = ["spec", "spec-review", "coding", "qa", "fixing", "review"];

/// from, outcome, to ("kept"), decider, escalated (-, yes, no)
const CONTRACT: &str = "\
idle picked spec Engine -
idle resumed kept Engine -
spec drafted spec-review Developer -
spec undraftable review Engine -
spec-review approved coding Qa -
spec-review rejected spec Qa -
coding built qa Developer -
coding spec-defect spec Engine -
qa passed review Gates -
qa failed fixing Gates -
qa spec-defect spec Engine -
fixing fixed qa Developer -
fixing spec-defect spec Engine -
review ship shipped Reviewer -
review send-back fixing Reviewer -
review takeover qa Reviewer no
review respec spec Reviewer -
review shelved idle Engine -
idle unshelved review Engine -
shipped next idle Engine -
spec escalated review EngineOrOperator -
spec-review escalated review EngineOrOperator -
coding escalated review EngineOrOperator -
qa escalated review EngineOrOperator -
fixing escalated review EngineOrOperator -
review hint kept Reviewer yes
review test-defect qa Reviewer yes
review takeover qa Reviewer yes
review takeover spec-review Reviewer yes";

fn contract() -> Vec<String> {
    let mut rows: Vec<String> = CONTRACT.lines().map(str::to_owned).collect();
    for phase in ACTIVE {
        rows.push(format!("{phase} requeued idle Operator -"));
        rows.push(format!("{phase} rewound kept Operator -"));
        rows.push(format!("{phase} parked idle EngineOrOperator -"));
    }
    rows.sort();
    rows
}

#[test]
fn the_table_is_the_contract() {
    let mut rows: Vec<String> = TABLE
        .iter()
        .map(|row| {
            let to = match row.to {
                Target::To(phase) => phase.to_string(),
                Target::Kept => "kept".to_owned(),
            };
            let escalated = row
                .escalated
                .map_or("-", |yes| if yes { "yes" } else { "no" });
            format!("{} {} {to} {:?} {escalated}", row.from, row.outcome, row.by)
        })
        .collect();
    rows.sort();
    assert_eq!(rows, contract());
}

#[test]
fn names_are_those_on_disk_and_come_back() {
    for phase in Phase::ALL {
        assert_eq!(serde_json::to_value(phase).unwrap(), phase.name());
        assert_eq!(Phase::from_str(phase.name()), Ok(phase));
        assert_eq!(Phase::ALL[phase.order()], phase);
    }
    for role in Role::ALL {
        assert_eq!(serde_json::to_value(role).unwrap(), role.name());
        assert_eq!(Role::from_str(role.name()), Ok(role));
    }
    for outcome in Outcome::ALL {
        assert_eq!(serde_json::to_value(outcome).unwrap(), outcome.name());
        assert_eq!(Outcome::from_str(outcome.name()), Ok(outcome));
        assert!(TABLE.iter().any(|row| row.outcome == outcome), "{outcome}");
    }
    let wrong = Phase::from_str("codding").unwrap_err();
    assert!(
        wrong.contains("codding") && wrong.contains("spec-review"),
        "{wrong}"
    );
}

#[test]
fn active_phases_have_a_role_and_only_they() {
    for phase in Phase::ALL {
        assert_eq!(phase.active(), ACTIVE.contains(&phase.name()));
        assert_eq!(phase.role().is_some(), phase.active(), "{phase}");
    }
}

#[test]
fn escalation_tells_rows_apart() {
    assert!(find(Phase::Review, Outcome::Hint, false).is_none());
    assert!(find(Phase::Review, Outcome::TestDefect, false).is_none());
    assert!(find(Phase::Review, Outcome::Hint, true).is_some());
    assert!(legal_outcomes(Phase::Review, true).contains(&Outcome::Ship));
    let to = |from| destination(Phase::Review, Outcome::Takeover, true, Some(from));
    assert_eq!(to(Phase::Spec), Some(Phase::SpecReview));
    assert_eq!(to(Phase::SpecReview), Some(Phase::SpecReview));
    assert_eq!(to(Phase::Fixing), Some(Phase::Qa));
    let plain = destination(Phase::Review, Outcome::Takeover, false, None);
    assert_eq!(plain, Some(Phase::Qa));
    let hint = destination(Phase::Review, Outcome::Hint, true, Some(Phase::Coding));
    assert_eq!(hint, Some(Phase::Coding));
    assert_eq!(
        destination(Phase::Idle, Outcome::Resumed, false, Some(Phase::Shipped)),
        None
    );
}

#[test]
fn claims_name_one_row_and_never_the_engines() {
    let pairs: [(Phase, Phase, Outcome); 11] = [
        (Phase::Spec, Phase::SpecReview, Outcome::Drafted),
        (Phase::SpecReview, Phase::Coding, Outcome::Approved),
        (Phase::SpecReview, Phase::Spec, Outcome::Rejected),
        (Phase::Coding, Phase::Qa, Outcome::Built),
        (Phase::Qa, Phase::Review, Outcome::Passed),
        (Phase::Qa, Phase::Fixing, Outcome::Failed),
        (Phase::Fixing, Phase::Qa, Outcome::Fixed),
        (Phase::Review, Phase::Shipped, Outcome::Ship),
        (Phase::Review, Phase::Fixing, Outcome::SendBack),
        (Phase::Review, Phase::Spec, Outcome::Respec),
        (Phase::Review, Phase::Qa, Outcome::Takeover),
    ];
    for from in Phase::ALL {
        for to in Phase::ALL {
            let named = claim(from, to, None).map(|row| row.outcome);
            let wanted = pairs.iter().find(|p| (p.0, p.1) == (from, to)).map(|p| p.2);
            assert_eq!(named, wanted, "{from} to {to}");
            if to == Phase::Review {
                assert_eq!(named.is_some(), from == Phase::Qa, "{from} to review");
            }
            for escalated in [None, Some(Phase::Coding), Some(Phase::Spec)] {
                if let Some(row) = claim(from, to, escalated) {
                    let by = row.by;
                    assert!(!matches!(
                        by,
                        Decider::Engine | Decider::Operator | Decider::EngineOrOperator
                    ));
                }
            }
        }
    }
    let hinted = claim(Phase::Review, Phase::Coding, Some(Phase::Coding));
    assert_eq!(hinted.map(|row| row.outcome), Some(Outcome::Hint));
    let taken = claim(Phase::Review, Phase::SpecReview, Some(Phase::Spec));
    assert_eq!(taken.map(|row| row.outcome), Some(Outcome::Takeover));
}

#[test]
fn next_phases_are_named_in_order() {
    assert_eq!(
        legal_next(Phase::Qa, None),
        [Phase::Idle, Phase::Spec, Phase::Fixing, Phase::Review]
    );
    assert_eq!(legal_next(Phase::Shipped, None), [Phase::Idle]);
}
