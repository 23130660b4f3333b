//! The key map: which keys the table has for what, on exactly which tabs, and how much each asks first.
//!
//! It differs from the map of the drawings where the program does. `z` is not on Logs, which is one pane; Tab is only where
//! more than one pane takes the keys that move. `n` and `N` are not on Agents and Stats, where only rows with the text stay
//! and `j` goes through them. $EDITOR opens with Ctrl-x, since in the editor `e` is a letter. `a` is on Stats too,
//! keys of an item are in the Tool view too, and `W` on Factory, for a move of the timeline.

use dev_factory::tui::action::{Care, TABLE};
use dev_factory::tui::tabs::Tab;

/// Keys, action, level (0 looks, 1 acts, 2 asks, 3 asks for the name), and tabs by their letters: Factory, Agents, Stats,
/// Logs, Tool view.
const MAP: &str = "
? F1          help          0 FASLT
q Ctrl-c      leave         0 FASLT
Esc           close         0 FASLT
Q             stop-engine   2 FASLT
Ctrl-z        suspend       0 FASLT
1             factory       0 FASLT
2             agents        0 FASLT
3             stats         0 FASLT
4             logs          0 FASLT
[             tab-back      0 FASL
]             tab-on        0 FASL
[             section-back  0 T
]             section-on    0 T
Tab           next-pane     0 FA
z             zoom          0 FAST
j Down        down          0 FASLT
k Up          up            0 FASLT
PgUp          page-up       0 FASLT
PgDn          page-down     0 FASLT
Ctrl-u        half-up       0 FASLT
Ctrl-d        half-down     0 FASLT
g             top           0 FASLT
G             bottom        0 FASLT
Enter         open          0 FASLT
!             needs         0 FASLT
/             filter        0 FASLT
n             next          0 FLT
N             previous      0 FLT
f             follow        0 FL
w             wrap          0 FL
t             time          0 FL
@             agent         0 L
l             level         0 L
o             pager         0 FASLT
y             clip          0 FASLT
Y             save          0 FALT
Y             export        0 S
s             sort          0 S
w             window        0 S
Space         read          0 S
d             doctor        1 A
:             palette       0 FASLT
O             reopen        2 ST
p             pause         1 FASLT
P             pause-with    1 FASLT
E             escalate      2 FT
r             retry         2 FT
r             probe         1 A
R             requeue       2 FT
X             abort         2 FT
x             park          2 FT
u             unpark        1 FT
i             hint          1 FT
v             verdict       2 FASLT
b             limit         2 FASLT
a             add           1 FS
e             edit          1 FT
+             raise         1 FT
-             lower         1 FT
D             drop          3 FT
,             earlier       0 T
.             later         0 T
<             phase-back    0 T
>             phase-on      0 T
c             compare       0 T
W             rewind        3 FT
m             mouse         0 FASLT
Ctrl-l        redraw        0 FASLT
";

const LETTERS: [(char, Tab); 5] = [
    ('F', Tab::Factory),
    ('A', Tab::Agents),
    ('S', Tab::Stats),
    ('L', Tab::Logs),
    ('T', Tab::Tool),
];

#[test]
fn the_table_has_the_keys_of_the_map() {
    let (mut named, mut elsewhere) = (Vec::new(), Vec::new());
    for line in MAP.lines().filter(|line| !line.is_empty()) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [keys @ .., action, level, tabs] = words.as_slice() else {
            panic!("{line}");
        };
        let row = TABLE.iter().find(|row| row.action.name() == *action);
        let row = row.unwrap_or_else(|| panic!("there is no {action}"));
        let has = |key: &&str| row.keys.contains(key);
        assert!(keys.iter().all(has), "{line}: {:?}", row.keys);
        let asks = ["0", "1", "2", "3"][row.care as usize];
        assert_eq!(asks, *level, "{line}");
        let of = |(letter, tab): (char, Tab)| row.place.holds(tab).then_some(letter);
        let there: String = LETTERS.into_iter().filter_map(of).collect();
        if there != *tabs {
            elsewhere.push(format!("{line}, but is on {there}"));
        }
        named.push(*action);
    }
    assert!(elsewhere.is_empty(), "{}", elsewhere.join("\n"));
    // What acts is on the map; of what only looks there may be more.
    for row in TABLE.iter().filter(|row| row.care != Care::Looks) {
        let name = row.action.name();
        assert!(named.contains(&name.as_str()), "{name} is not on the map");
    }
}
