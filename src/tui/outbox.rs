//! What goes to the engine, one after the other in the order of the keys: each waits for the answer to the one before.

use super::message::Message;
use crate::domain::command::{Answer, Seen, Verb};
use crate::factory::ports::operator::Operator;
use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::mpsc::UnboundedSender;

/// Something to be done, to which there is one answer.
#[derive(Debug)]
pub enum Order {
    /// A command for the engine.
    Send(Verb, Option<Seen>),
    /// A host's new address.
    Address(String, String),
    /// The engine is to start.
    Start,
}

impl Order {
    /// The item whose priority it sets: of several that wait only the last counts.
    fn prioritised(&self) -> Option<&str> {
        match self {
            Self::Send(Verb::Prioritise { item, .. }, _) => Some(item),
            _ => None,
        }
    }

    fn carry(self, operator: &dyn Operator) -> Answer {
        match self {
            Self::Send(verb, seen) => operator.send(verb, seen),
            Self::Address(host, url) => operator.address(&host, &url),
            Self::Start => {
                let (accepted, sentence) = match operator.start() {
                    Ok(sentence) => (true, sentence),
                    Err(sentence) => (false, sentence),
                };
                Answer { accepted, sentence }
            }
        }
    }
}

/// What waits, with how many orders each stands for.
#[derive(Default)]
struct Line {
    waiting: VecDeque<(Order, usize)>,
    /// Somebody carries.
    busy: bool,
}

/// The box.
#[derive(Clone)]
pub struct Outbox {
    line: Arc<(Mutex<Line>, Condvar)>,
    operator: Arc<dyn Operator>,
    back: UnboundedSender<Message>,
}

impl Outbox {
    /// An empty one whose answers go to `back`.
    #[must_use]
    pub fn new(operator: Arc<dyn Operator>, back: UnboundedSender<Message>) -> Self {
        Self {
            line: Arc::default(),
            operator,
            back,
        }
    }

    /// Puts an order behind the others. A priority that has not left yet is replaced by the next one of its item.
    pub fn put(&self, order: Order) {
        let mut line = self.lock();
        match line.waiting.back_mut() {
            Some((last, times))
                if last.prioritised().is_some() && last.prioritised() == order.prioritised() =>
            {
                *last = order;
                *times += 1;
            }
            _ => line.waiting.push_back((order, 1)),
        }
        if !std::mem::replace(&mut line.busy, true) {
            let here = self.clone();
            tokio::task::spawn_blocking(move || here.work());
        }
    }

    /// Waits until all has been carried, at most so long; whether it has.
    #[must_use]
    pub fn emptied(&self, limit: Duration) -> bool {
        let guard = self.lock();
        let waited = self
            .line
            .1
            .wait_timeout_while(guard, limit, |line| line.busy);
        let (line, _) = waited.unwrap_or_else(PoisonError::into_inner);
        !line.busy
    }

    fn work(&self) {
        while let Some((order, times)) = self.next() {
            let answer = order.carry(&*self.operator);
            for _ in 0..times {
                // Nobody waits for it when the screens have been left meanwhile.
                let _ = self.back.send(Message::Answer(answer.clone()));
            }
        }
    }

    fn next(&self) -> Option<(Order, usize)> {
        let mut line = self.lock();
        let next = line.waiting.pop_front();
        if next.is_none() {
            line.busy = false;
            self.line.1.notify_all();
        }
        next
    }

    fn lock(&self) -> MutexGuard<'_, Line> {
        self.line.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::factory::ports::operator::Usage;
    use std::path::PathBuf;
    use std::sync::mpsc::{Receiver, Sender, channel};
    use tokio::sync::mpsc::unbounded_channel;

    /// An engine that answers when it is let.
    struct Slow {
        began: Mutex<Sender<Verb>>,
        go_on: Mutex<Receiver<()>>,
    }

    impl Operator for Slow {
        fn commands(&self) -> Vec<Usage> {
            Vec::new()
        }

        fn read(&self, line: &str) -> Result<(Verb, bool), String> {
            Err(line.to_owned())
        }

        fn send(&self, verb: Verb, _seen: Option<Seen>) -> Answer {
            let sentence = verb.line();
            self.began.lock().unwrap().send(verb).unwrap();
            let go_on = self.go_on.lock().unwrap();
            go_on.recv_timeout(Duration::from_secs(20)).unwrap();
            let accepted = true;
            Answer { accepted, sentence }
        }

        fn save(&self, name: &str, _text: &str) -> Result<PathBuf, String> {
            Err(name.to_owned())
        }

        fn address(&self, host: &str, _url: &str) -> Answer {
            let (accepted, sentence) = (true, format!("address {host}"));
            Answer { accepted, sentence }
        }

        fn doctor(&self, _: &str) -> Result<String, String> {
            Ok(String::new())
        }

        fn start(&self) -> Result<String, String> {
            Ok("started".to_owned())
        }
    }

    fn priority(item: &str, priority: i64) -> Verb {
        let item = item.to_owned();
        Verb::Prioritise { item, priority }
    }

    #[tokio::test]
    async fn orders_go_one_by_one_as_given_and_of_waiting_priorities_only_the_last() {
        let (began, begun) = channel();
        let (go, go_on) = channel();
        let (back, mut answers) = unbounded_channel();
        let operator = Arc::new(Slow {
            began: Mutex::new(began),
            go_on: Mutex::new(go_on),
        });
        let outbox = Outbox::new(operator, back);
        let limit = Duration::from_secs(20);
        let next = || begun.recv_timeout(limit).unwrap();
        outbox.put(Order::Send(priority("x", 1), None));
        assert_eq!(next(), priority("x", 1), "the first leaves at once");
        let rest = [
            priority("x", 2),
            priority("x", 3),
            priority("y", 9),
            priority("x", 2),
            Verb::Retry {},
            Verb::Retry {},
        ];
        for verb in rest {
            outbox.put(Order::Send(verb, None));
        }
        outbox.put(Order::Address("gpu1".to_owned(), "http://x".to_owned()));
        assert!(begun.try_recv().is_err(), "one at a time");
        assert!(!outbox.emptied(Duration::ZERO));
        let left = [
            priority("x", 3),
            priority("y", 9),
            priority("x", 2),
            Verb::Retry {},
            Verb::Retry {},
        ];
        for verb in left {
            go.send(()).unwrap();
            assert_eq!(next(), verb);
        }
        go.send(()).unwrap();
        assert!(outbox.emptied(limit));
        let mut said = Vec::new();
        while let Ok(Message::Answer(answer)) = answers.try_recv() {
            said.push(answer.sentence);
        }
        let (three, one) = ("prioritise x 3", "prioritise x 1");
        let rest = [
            "prioritise y 9",
            "prioritise x 2",
            "retry",
            "retry",
            "address gpu1",
        ];
        let all: Vec<&str> = [one, three, three].into_iter().chain(rest).collect();
        assert_eq!(said, all, "each has its answer, also one that was replaced");
    }
}
