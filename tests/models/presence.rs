//! Beside and between turns: a dead host is named, a loading one is told, others wait in line and see it, and a host that
//! was left in mid reply is given time.

use super::fakes::{Fake, Wire};
use super::*;

fn quick(kind: HostKind, url: &str) -> Host {
    Host {
        alive: Duration::from_millis(60),
        ..host(kind, url)
    }
}

#[tokio::test]
async fn a_host_that_dies_beside_a_turn_is_named_long_before_the_turn_is_given_up() {
    // The turn hangs; from the second question on, nobody answers any more.
    let questions = AtomicUsize::new(0);
    let server = Arc::new(ModelServer::answering(move |request| {
        if request.method == "POST" {
            return Answer::steps(vec![Step::Hold]);
        }
        match questions.fetch_add(1, Ordering::SeqCst) {
            0 => Answer::status(200, r#"{"models":[{"name":"qwen3:14b"}]}"#),
            _ => Answer::raw(""),
        }
    }));
    let models = hosts(quick(HostKind::Ollama, &server.url()));
    let error = take(&models, &request()).await.0.unwrap_err();
    assert_eq!(error.fault, Fault::Lost);
    assert!(
        error.detail.starts_with("it died beside a turn: "),
        "{error}"
    );
    assert_eq!(server.requests().len(), 4, "two questions in vain");
    dropped(&server, 1).await;
}

#[tokio::test]
async fn one_lost_answer_is_no_death_and_any_answer_is_life() {
    let (gate, questions) = (Gate::default(), Arc::new(AtomicUsize::new(0)));
    let (held, count) = (gate.clone(), Arc::clone(&questions));
    let server = Arc::new(ModelServer::answering(move |request| {
        if request.method == "POST" {
            let mut answer = Fake::new(Wire::LlamaCpp).answer(request);
            answer.steps.insert(0, Step::Wait(held.clone()));
            return answer;
        }
        let n = count.fetch_add(1, Ordering::SeqCst);
        if n == 7 {
            held.open();
        }
        match n % 2 {
            0 => Answer::raw(""),
            _ => Answer::status(503, r#"{"error":{"code":503,"message":"Loading model"}}"#),
        }
    }));
    let models = hosts(quick(HostKind::LlamaCpp, &server.url()));
    assert_eq!(take(&models, &request()).await.0.unwrap().text, "fine");
    assert!(questions.load(Ordering::SeqCst) >= 8);
}

#[tokio::test]
async fn a_host_that_speaks_lives_though_it_answers_no_question_meanwhile() {
    let words = "One thing at a time, word by word. ".repeat(80);
    let fake = Fake {
        gap: Duration::from_millis(20),
        ..Fake::new(Wire::Vllm).saying(fakes::Said::text(&words))
    };
    let questions = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&questions);
    let server = ModelServer::answering(move |request| match request.method.as_str() {
        "POST" => fake.answer(request),
        _ => {
            count.fetch_add(1, Ordering::SeqCst);
            Answer::raw("")
        }
    });
    let settings = Host {
        alive: Duration::from_millis(300),
        ..host(HostKind::Vllm, &server.url())
    };
    let reply = take(&hosts(settings), &request()).await.0.unwrap();
    assert_eq!(reply.text, words);
    assert!(questions.load(Ordering::SeqCst) > 2, "it was asked in vain");
}

#[tokio::test]
async fn what_llama_cpp_sends_in_its_silence_keeps_a_turn() {
    let fake = Fake::new(Wire::LlamaCpp);
    let server = ModelServer::answering(move |request| {
        let mut answer = fake.answer(request);
        let Step::Bytes(raw) = answer.steps.remove(0) else {
            panic!("a stream");
        };
        let begins = raw.windows(4).position(|part| part == b"\r\n\r\n").unwrap() + 4;
        // The head late, then pings for longer than a silence may last.
        let mut steps = vec![
            Step::Pause(Duration::from_millis(200)),
            Step::Bytes(raw[..begins].to_vec()),
        ];
        for _ in 0..20 {
            steps.extend([
                Step::Pause(Duration::from_millis(100)),
                Step::Bytes(chunk(b":\n\n")),
            ]);
        }
        steps.push(Step::Bytes(raw[begins..].to_vec()));
        Answer::steps(steps)
    });
    let settings = Host {
        idle: Duration::from_secs(1),
        ..host(HostKind::LlamaCpp, &server.url())
    };
    assert_eq!(
        take(&hosts(settings), &request()).await.0.unwrap().text,
        "fine"
    );
}

#[tokio::test(start_paused = true)]
async fn with_the_usual_settings_a_dead_host_is_named_within_30_s() {
    let usual = dev_factory::config::load(&dev_factory::config::Inputs::default(), &|_| {
        Err("no key is asked for".to_owned())
    });
    let alive = usual.unwrap().settings.hosts["ollama"].alive;
    // Its kernel still takes connections; nobody answers.
    let server = ModelServer::answering(|_| Answer::steps(vec![Step::Hold]));
    let settings = Host {
        alive,
        ..host(HostKind::Vllm, &server.url())
    };
    let begun = tokio::time::Instant::now();
    let error = take(&hosts(settings), &request()).await.0.unwrap_err();
    assert!(
        error.detail.starts_with("it died beside a turn: "),
        "{error}"
    );
    assert!(
        begun.elapsed() <= Duration::from_secs(30),
        "{:?}",
        begun.elapsed()
    );
}

#[tokio::test]
async fn a_model_that_is_being_loaded_is_told_once() {
    let gate = Gate::default();
    let held = gate.clone();
    let fake = Fake::new(Wire::Ollama);
    let questions = AtomicUsize::new(0);
    let server = ModelServer::answering(move |request| {
        let mut answer = fake.answer(request);
        if request.method == "POST" {
            answer.steps.insert(0, Step::Wait(held.clone()));
        } else if questions.fetch_add(1, Ordering::SeqCst) == 3 {
            held.open();
        }
        answer
    });
    let models = hosts(quick(HostKind::Ollama, &server.url()));
    let (reply, pieces) = take(&models, &request()).await;
    assert_eq!(reply.unwrap().text, "fine");
    let notes: Vec<&Delta> = pieces
        .iter()
        .filter(|piece| matches!(piece, Delta::Note(_)))
        .collect();
    assert_eq!(notes, [&Delta::Note("gpu is loading qwen3:14b".to_owned())]);
}

#[tokio::test]
async fn who_waits_in_line_sees_it() {
    let gate = Gate::default();
    let held = gate.clone();
    let fake = Fake::new(Wire::Vllm);
    let server = Arc::new(ModelServer::answering(move |request| {
        let mut answer = fake.answer(request);
        answer.steps.insert(0, Step::Wait(held.clone()));
        answer
    }));
    let models = Arc::new(hosts(host(HostKind::Vllm, &server.url())));
    let (first, _kept) = start(&models, request());
    asked(&server, 1).await;
    let (second, mut pieces) = start(&models, request());
    let words = |n: &str| Some(Delta::Note(format!("in line at gpu: {n} first")));
    assert_eq!(pieces.recv().await, words("1 turn comes"));
    let (third, mut pieces) = start(&models, request());
    assert_eq!(pieces.recv().await, words("2 turns come"));
    third.abort();
    assert!(third.await.unwrap_err().is_cancelled());
    let (fourth, mut pieces) = start(&models, request());
    assert_eq!(pieces.recv().await, words("2 turns come"), "one has left");
    gate.open();
    for turn in [first, second, fourth] {
        assert_eq!(turn.await.unwrap().unwrap().text, "fine");
    }
    assert_eq!((server.turns().len(), server.most_open()), (3, 1));
}

/// Gives up a turn in its midst and takes another: what the server was asked, in order.
async fn given_up(kind: HostKind, fake: Fake) -> Vec<String> {
    let turns = AtomicUsize::new(0);
    let server = Arc::new(ModelServer::answering(move |request| {
        let answer = fake.answer(request);
        if request.method == "POST" && turns.fetch_add(1, Ordering::SeqCst) == 0 {
            return fakes::broken_off(answer, 1, vec![Step::Hold]);
        }
        answer
    }));
    let models = Arc::new(hosts(host(kind, &server.url())));
    let (turn, _pieces) = start(&models, request());
    let waiting = Arc::clone(&server);
    let came = tokio::task::spawn_blocking(move || waiting.wait_turns(1));
    assert!(came.await.unwrap(), "no turn came");
    turn.abort();
    assert!(turn.await.unwrap_err().is_cancelled());
    dropped(&server, 1).await;
    let (next, mut pieces) = start(&models, request());
    assert_eq!(next.await.unwrap().unwrap().text, "fine");
    let waited = Delta::Note("gpu still works on a turn that was given up".to_owned());
    let mut notes = Vec::new();
    while let Ok(piece) = pieces.try_recv() {
        notes.push(piece);
    }
    let paths: Vec<String> = server.requests().into_iter().map(|r| r.path).collect();
    let looks = paths.iter().filter(|path| *path == "/slots").count();
    assert!(notes.contains(&waited) || looks == 0, "{paths:?}");
    paths
}

#[tokio::test]
async fn after_a_turn_that_was_given_up_the_next_waits_until_the_slots_are_idle() {
    let fake = Fake::new(Wire::LlamaCpp);
    fake.busy.store(2, Ordering::SeqCst);
    let chat = "/v1/chat/completions";
    let paths = given_up(HostKind::LlamaCpp, fake).await;
    assert_eq!(paths, [chat, "/slots", "/slots", "/slots", chat]);
}

#[tokio::test]
async fn ollama_is_idle_once_the_models_stay_is_counted_anew() {
    let fake = Fake::new(Wire::Ollama);
    let entry = |expires: &str| json!([{"name": "qwen3:14b", "size": 1, "size_vram": 1, "expires_at": expires}]);
    // The turn before this one ended ten minutes ago, by the server's clock.
    *fake.loaded.lock().unwrap() = entry("2026-11-01T12:20:00Z");
    let (loaded, asked) = (Arc::clone(&fake.loaded), Arc::clone(&fake.busy));
    asked.store(3, Ordering::SeqCst);
    let done = entry("2026-11-01T12:30:00.5Z");
    let later = tokio::task::spawn_blocking(move || {
        // The look before the turn, and two that find it at work; the second may already see the change.
        let begun = std::time::Instant::now();
        while asked.load(Ordering::SeqCst) > 0 && begun.elapsed() < Duration::from_secs(60) {
            std::thread::yield_now();
        }
        *loaded.lock().unwrap() = done;
    });
    let paths = given_up(HostKind::Ollama, fake).await;
    later.await.unwrap();
    let (ps, chat) = ("/api/ps", "/api/chat");
    assert_eq!(paths[..2], [ps, chat], "{paths:?}");
    let looks = &paths[2..paths.len() - 1];
    assert!(
        looks.len() >= 3 && looks.iter().all(|path| path == ps),
        "{paths:?}"
    );
    assert_eq!(paths.last().unwrap(), chat);
}

#[tokio::test]
async fn a_server_that_cannot_tell_is_not_waited_for() {
    let paths = given_up(HostKind::Vllm, Fake::new(Wire::Vllm)).await;
    assert_eq!(paths.len(), 2);
    let gone = Fake::new(Wire::Ollama);
    let paths = given_up(HostKind::Ollama, gone).await;
    let (ps, chat) = ("/api/ps", "/api/chat");
    // Before a turn, after it was given up (not loaded: nothing works), before the next, and how that has it loaded.
    assert_eq!(paths, [ps, chat, ps, ps, chat, ps]);
}

#[tokio::test]
async fn after_an_error_the_server_told_nobody_waits() {
    let server = ModelServer::answering(|request| match request.method.as_str() {
        "POST" => Answer::status(
            400,
            r#"{"error":"the prompt is longer than the context length"}"#,
        ),
        _ => Answer::status(404, "{}"),
    });
    let models = hosts(host(HostKind::Ollama, &server.url()));
    for _ in 0..2 {
        let (reply, pieces) = take(&models, &request()).await;
        assert_eq!(reply.unwrap_err().fault, Fault::Overflow);
        assert!(pieces.is_empty(), "{pieces:?}");
    }
    // Beside the two turns, one look before each.
    assert_eq!((server.requests().len(), server.turns().len()), (4, 2));
}

/// Two names, three spellings and a reload of the settings: one server, one line.
#[tokio::test]
async fn a_server_has_one_line_under_all_its_names_and_through_new_settings() {
    let gate = Gate::default();
    let (held, fake) = (gate.clone(), Fake::new(Wire::Vllm));
    let server = Arc::new(ModelServer::answering(move |request| {
        let mut answer = fake.answer(request);
        answer.steps.insert(0, Step::Wait(held.clone()));
        answer
    }));
    let url = server.url();
    let spelled = url.replace("127.0.0.1", "localhost");
    let settings = |more: &str| {
        let all = [
            ("gpu", url.clone()),
            ("again", format!("{spelled}/v1/{more}")),
        ];
        let host = |url: &str| host(HostKind::Vllm, url);
        all.map(|(name, url)| (name.to_owned(), host(&url)))
            .into_iter()
            .collect::<BTreeMap<_, _>>()
    };
    let queues = Queues::default();
    let made = |more: &str| {
        let (prices, clock) = (Prices::default(), Arc::new(SystemClock));
        let script = Box::new(|_: &str| None);
        Arc::new(ModelHosts::sharing(
            &queues,
            &settings(more),
            prices,
            clock,
            script,
        ))
    };
    let models = made("");
    let (first, _kept) = start(&models, request());
    asked(&server, 1).await;
    let waits = |host: &str| TurnRequest {
        host: host.to_owned(),
        label: format!("adder/{host}/0"),
        ..request()
    };
    let (second, mut pieces) = start(&models, waits("again"));
    let note = |words: &str| Some(Delta::Note(words.to_owned()));
    assert_eq!(
        pieces.recv().await,
        note("in line at again: 1 turn comes first")
    );
    let reloaded = made("chat/completions");
    let (third, mut pieces) = start(&reloaded, waits("gpu"));
    assert_eq!(
        pieces.recv().await,
        note("in line at gpu: 2 turns come first")
    );
    let [line] = reloaded.lines().try_into().unwrap();
    assert_eq!(line.hosts, ["again", "gpu"]);
    assert_eq!(line.working.unwrap().who, request().label);
    let who: Vec<&str> = line.waiting.iter().map(|w| w.who.as_str()).collect();
    assert_eq!(who, ["adder/again/0", "adder/gpu/0"]);
    assert!(line.waiting[0].since <= line.waiting[1].since);
    gate.open();
    for turn in [first, second, third] {
        assert_eq!(turn.await.unwrap().unwrap().text, "fine");
    }
    assert_eq!((server.turns().len(), server.most_open()), (3, 1));
    let [line] = models.lines().try_into().unwrap();
    assert!(line.working.is_none() && line.waiting.is_empty());
}
