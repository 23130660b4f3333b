//! L0: what the harness puts right in a file by itself, and what it leaves alone.

use crate::word_count;
use dev_factory::agents::mend::{Mended, Place, mend};
use dev_factory::agents::{scaffold, scan};
use std::collections::BTreeMap;

fn mended(path: &str, previous: Option<&str>, text: &str) -> Mended {
    let spec = word_count();
    let leaf = spec.files[0].path.clone();
    let export = spec.exports[0].name.clone();
    let written =
        format!("'use strict';\n\nfunction {export}() {{}}\n\nmodule.exports = {{ {export} }};\n");
    let mut sources: BTreeMap<String, String> = BTreeMap::new();
    sources.insert(leaf, written);
    sources.insert("src/cli.js".to_owned(), scaffold::stub(&spec, "src/cli.js"));
    let place = Place {
        path,
        previous,
        spec: &spec,
        sources: &sources,
    };
    let found = mend(text, &place);
    assert!(scan::parses(&found.text).is_ok(), "{}", found.text);
    // Mending once is mending for good.
    assert_eq!(mend(&found.text, &place).text, found.text);
    found
}

#[test]
fn a_forgotten_module_of_node_is_required_and_a_name_of_its_own_is_not() {
    let text = "'use strict';\n\nfunction main(argv) {\n  return path.basename(argv[0]);\n}\n\nmodule.exports = { main };\n";
    let found = mended("src/cli.js", None, text);
    let require = "'use strict';\n\nconst path = require('node:path');\n";
    assert!(found.text.starts_with(require), "{}", found.text);
    assert_eq!(found.notes, ["requires path"]);
    for own in [
        "function main(path) {\n  return path.length;\n}\nmodule.exports = { main };\n",
        "function main() {\n  return path;\n}\nmodule.exports = { main };\n",
        "function main() {\n  return crypto.randomUUID();\n}\nmodule.exports = { main };\n",
    ] {
        assert_eq!(mended("src/cli.js", None, own).text, own);
    }
}

#[test]
fn forgotten_exports_and_requires_are_added() {
    let spec = word_count();
    let (export, leaf) = (&spec.exports[0].name, &spec.files[0].path);
    let base = leaf.trim_start_matches("src/");
    let text = format!(
        "'use strict';\n\nasync function main(argv, deps) {{\n  deps.out({export}(argv[0]));\n  return 0;\n}}\n"
    );
    let found = mended("src/cli.js", None, &text);
    assert!(
        found.text.contains("module.exports = { main };"),
        "{}",
        found.text
    );
    let require = format!("'use strict';\n\nconst {{ {export} }} = require('./{base}');\n");
    assert!(found.text.starts_with(&require), "{}", found.text);
    assert_eq!(found.notes.len(), 2);
    // What is there is left as it is, to the letter.
    assert_eq!(mended("src/cli.js", None, &found.text).notes, [""; 0]);
    // A name of its own is no name of another file.
    let own = format!(
        "function {export}() {{}}\nfunction main() {{ return {export}(); }}\nmodule.exports = {{ main }};\n"
    );
    assert_eq!(mended("src/cli.js", None, &own).text, own);
    // An export that is one thing cannot be added to.
    let one = "function main() {}\nmodule.exports = other();\n";
    assert_eq!(mended("src/cli.js", None, one).text, one);
    let test =
        format!("'use strict';\n\ntest('x', () => {{\n  expect({export}('a')).toBe(1);\n}});\n");
    let path = format!("test/dev/{}", base.replace(".js", ".test.js"));
    let found = mended(&path, None, &test);
    assert!(
        found.text.contains(&format!("require('../../{leaf}')")),
        "{}",
        found.text
    );
}

#[test]
fn modules_of_the_other_kind_become_ours() {
    let text = "import { a, b as c } from './x.js';\nimport * as y from \"./y.js\";\n\nexport async function main() {\n  return a + c + y;\n}\n";
    let found = mended("src/cli.js", None, text);
    assert_eq!(
        found.text,
        "const { a, b: c } = require('./x.js');\nconst y = require(\"./y.js\");\n\nasync function main() {\n  return a + c + y;\n}\n\nmodule.exports = { main };\n"
    );
    let listed = mended(
        "src/cli.js",
        None,
        "const main = () => 0;\nexport { main };\n",
    );
    assert!(
        listed.text.ends_with("module.exports = { main };\n"),
        "{}",
        listed.text
    );
}

#[test]
fn comments_that_stand_for_code_go_only_where_all_the_code_is_there() {
    let before = "function main() {\n  return 0;\n}\nfunction help() {\n  return 1;\n}\nmodule.exports = { main };\n";
    let whole = format!("// ... existing code ...\n{before}");
    let found = mended("src/cli.js", Some(before), &whole);
    assert_eq!(found.text, before);
    let part =
        "function main() {\n  return 0;\n}\n// ... existing code ...\nmodule.exports = { main };\n";
    assert_eq!(mended("src/cli.js", Some(before), part).text, part);
    // Without a text before it nobody can know.
    assert_eq!(mended("src/cli.js", None, &whole).text, whole);
}
