//! How each family of models wants to be sampled, as one table; no model is ever asked for its likeliest words only.

use super::prompt::Mode;

/// Numbers of one way to sample.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sampling {
    /// Temperature.
    pub temperature: f32,
    /// Nucleus sampling.
    pub top_p: f32,
    /// Words looked at; 0 = all.
    pub top_k: u32,
    /// Least share of the likeliest word's chance.
    pub min_p: f32,
}

/// Models that are sampled alike.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Family {
    /// For people.
    pub name: &'static str,
    /// Beginnings of model names, lower case, behind the last slash.
    pub begins: &'static [&'static str],
    /// Text and code, without thinking.
    pub write: Sampling,
    /// With thinking.
    pub think: Sampling,
    /// Temperature for a small JSON object: nearly the same each time where its makers allow that, never the likeliest words only.
    pub decide: f32,
}

/// No model is sampled hotter, whatever a new try adds.
const HOTTEST: f32 = 1.2;

const fn sampling(temperature: f32, top_p: f32, top_k: u32) -> Sampling {
    Sampling {
        temperature,
        top_p,
        top_k,
        min_p: 0.0,
    }
}

/// Families that are known; the first is what is taken for models of no known family. Sources: the model cards of Qwen3 (of
/// its successors those for exact coding, which have no penalty), QwQ-32B (top_k 20 to 40), Qwen2.5-Coder and
/// Magistral-Small, the READMEs of openai/gpt-oss and DeepSeek-R1 (0.5 to 0.7, 0.6 recommended), the defaults of mistral-vibe.
pub const FAMILIES: [Family; 7] = [
    Family {
        name: "qwen3",
        begins: &["qwen3"],
        write: sampling(0.7, 0.8, 20),
        think: sampling(0.6, 0.95, 20),
        decide: 0.2,
    },
    Family {
        name: "qwq",
        begins: &["qwq"],
        write: sampling(0.6, 0.95, 40),
        think: sampling(0.6, 0.95, 40),
        decide: 0.6,
    },
    Family {
        name: "qwen2.5",
        begins: &["qwen2"],
        write: sampling(0.7, 0.8, 20),
        think: sampling(0.7, 0.8, 20),
        decide: 0.2,
    },
    Family {
        name: "devstral",
        begins: &["devstral", "mistral", "codestral"],
        write: sampling(0.2, 0.95, 0),
        think: sampling(0.2, 0.95, 0),
        decide: 0.2,
    },
    Family {
        name: "magistral",
        begins: &["magistral"],
        write: sampling(0.7, 0.95, 0),
        think: sampling(0.7, 0.95, 0),
        decide: 0.7,
    },
    Family {
        name: "gpt-oss",
        begins: &["gpt-oss"],
        write: sampling(1.0, 1.0, 0),
        think: sampling(1.0, 1.0, 0),
        decide: 1.0,
    },
    Family {
        name: "deepseek-r1",
        begins: &["deepseek-r1"],
        write: sampling(0.6, 0.95, 0),
        think: sampling(0.6, 0.95, 0),
        decide: 0.6,
    },
];

/// The family of a model.
#[must_use]
pub fn family(model: &str) -> &'static Family {
    let name = model.rsplit('/').next().unwrap_or(model).to_lowercase();
    let known = FAMILIES
        .iter()
        .find(|family| family.begins.iter().any(|begin| name.starts_with(begin)));
    let [usual, ..] = &FAMILIES;
    known.unwrap_or(usual)
}

/// How a model is sampled in a mode; `warmer` is what another try of the same prompt adds to the temperature.
#[must_use]
pub fn of(model: &str, mode: Mode, warmer: f32) -> Sampling {
    let family = family(model);
    let mut sampling = match mode {
        Mode::Think => family.think,
        Mode::Write | Mode::Decide => family.write,
    };
    if mode == Mode::Decide {
        sampling.temperature = family.decide;
    }
    sampling.temperature = (sampling.temperature + warmer).min(HOTTEST);
    sampling
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_family_is_told_by_the_beginning_of_the_name() {
        for (model, name) in [
            ("qwen3:14b", "qwen3"),
            ("Qwen/Qwen3-14B-GGUF", "qwen3"),
            ("qwen2.5-coder:14b", "qwen2.5"),
            ("devstral-small:24b", "devstral"),
            ("openai/gpt-oss-20b", "gpt-oss"),
            ("deepseek-r1:14b", "deepseek-r1"),
            ("qwq:32b", "qwq"),
            ("magistral:24b", "magistral"),
            ("something-else", "qwen3"),
            ("", "qwen3"),
        ] {
            assert_eq!(family(model).name, name, "{model}");
        }
    }

    #[test]
    fn modes_differ_and_another_try_is_warmer_than_the_first() {
        assert_eq!(of("qwen3:14b", Mode::Think, 0.0), sampling(0.6, 0.95, 20));
        assert_eq!(of("qwen3:14b", Mode::Write, 0.0), sampling(0.7, 0.8, 20));
        assert_eq!(of("devstral", Mode::Decide, 0.0).temperature, 0.2);
        assert_eq!(of("devstral", Mode::Write, 0.2).temperature, 0.4);
        assert_eq!(of("gpt-oss", Mode::Write, 0.9).temperature, HOTTEST);
        for (model, decides) in [
            ("qwen3:14b", 0.2),
            ("deepseek-r1:14b", 0.6),
            ("qwq:32b", 0.6),
            ("magistral", 0.7),
            ("gpt-oss:20b", 1.0),
        ] {
            assert_eq!(of(model, Mode::Decide, 0.0).temperature, decides, "{model}");
        }
        for family in FAMILIES {
            assert!(family.write.temperature > 0.0 && family.think.temperature > 0.0);
        }
    }

    #[test]
    fn the_guide_has_the_table() {
        let guide = include_str!("../../docs/harness.md");
        let drawn = |way: &Sampling| match way.top_k {
            0 => format!("{:?}, {:?}", way.temperature, way.top_p),
            top_k => format!("{:?}, {:?}, top_k {top_k}", way.temperature, way.top_p),
        };
        for (at, family) in FAMILIES.iter().enumerate() {
            let others = if at == 0 {
                ", and all that are not known"
            } else {
                ""
            };
            let row = format!(
                "| {}{others} | {} | {} | {} | {:?} |\n",
                family.name,
                family.begins.join(", "),
                drawn(&family.write),
                drawn(&family.think),
                family.decide
            );
            assert!(guide.contains(&row), "{row}");
        }
    }
}
