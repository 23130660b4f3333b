//! Real Jest over a real tool, behind every tier's walls.

use crate::place::tiers;
use crate::tool::Home;
use dev_factory::factory::gates::measure;

#[tokio::test(flavor = "multi_thread")]
async fn an_honest_tool_passes_every_gate() {
    for tier in tiers() {
        let home = Home::new();
        let tests = home.tests_behind(tier, 60);
        let evidence = measure(home.input(), &tests, &home.files(), |_| ())
            .await
            .unwrap();
        assert!(evidence.green(), "{tier:?}: {:?}", evidence.gates);
        assert_eq!(evidence.sandbox, tier.as_str());
        let jest = evidence.jest.unwrap();
        let report = jest.report.unwrap();
        assert_eq!((report.total, report.passed), (8, 8), "{tier:?}");
        assert_eq!(jest.coverage.len(), 2, "{tier:?}");
    }
}
