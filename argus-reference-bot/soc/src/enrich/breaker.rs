//! When a source is left alone: a circuit breaker as a state machine without a clock.
//!
//! | state | asked | next |
//! | --- | --- | --- |
//! | closed | yes | open after [`Rules::failures`] failures in a row |
//! | open | no, until the pause is over | trying |
//! | trying | one at a time | closed after a success, open for twice as long after a failure |
//!
//! A source that says when to come back (`Retry-After`) is left alone at once and until then.
//! What is not asked is not lost: the answer is "unavailable", and says why.

/// How patient we are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// Failures in a row that open it.
    pub failures: u32,
    /// The first pause, in milliseconds.
    pub pause_ms: i64,
    /// The longest pause of our own, in milliseconds.
    pub longest_ms: i64,
}

impl Default for Rules {
    fn default() -> Self {
        Self { failures: 5, pause_ms: 10_000, longest_ms: 300_000 }
    }
}

/// The longest pause that a source can ask for: an hour.
const LONGEST_ASKED_MS: i64 = 3_600_000;

/// Whether a source is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pass {
    /// It is.
    Ask,
    /// It is not, for about so long.
    Wait {
        /// Milliseconds until it may be asked again.
        ms: i64,
    },
}

/// One source's breaker. Times are milliseconds of any clock that all calls share.
///
/// ```
/// use argus_soc::enrich::breaker::{Breaker, Pass, Rules};
///
/// let mut breaker = Breaker::new(Rules { failures: 1, ..Rules::default() });
/// assert_eq!(breaker.ask(0), Pass::Ask);
/// breaker.failed(0, None);
/// assert_eq!(breaker.ask(1_000), Pass::Wait { ms: 9_000 });
/// assert_eq!(breaker.ask(10_000), Pass::Ask);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Breaker {
    rules: Rules,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Closed { failures: u32 },
    Open { since: i64, until: i64, pause: i64 },
    Trying { since: i64, pause: i64 },
}

/// The state's name, for people and metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Everything is asked.
    Closed,
    /// Nothing is asked.
    Open,
    /// One question is on its way, to see.
    Trying,
}

impl Breaker {
    /// A closed one.
    pub const fn new(rules: Rules) -> Self {
        Self { rules, state: State::Closed { failures: 0 } }
    }

    /// Where it stands.
    pub const fn stage(&self) -> Stage {
        match self.state {
            State::Closed { .. } => Stage::Closed,
            State::Open { .. } => Stage::Open,
            State::Trying { .. } => Stage::Trying,
        }
    }

    /// Whether the source may be asked now. Whoever was told [`Pass::Ask`] says how it ended.
    pub fn ask(&mut self, now: i64) -> Pass {
        match self.state {
            State::Closed { .. } => Pass::Ask,
            // A clock that went back must not keep it open for longer than was meant.
            State::Open { since, until, pause } if now >= until || now < since => {
                self.state = State::Trying { since: now, pause };
                Pass::Ask
            }
            State::Open { until, .. } => Pass::Wait { ms: until - now },
            // A trial whose end was never told is not waited for for ever.
            State::Trying { since, pause } if now >= since + pause || now < since => {
                self.state = State::Trying { since: now, pause };
                Pass::Ask
            }
            State::Trying { since, pause } => Pass::Wait { ms: since + pause - now },
        }
    }

    /// The source answered; that it knows nothing is an answer too.
    pub fn succeeded(&mut self) {
        // An answer to an old question does not end a pause that was asked for since.
        if !matches!(self.state, State::Open { .. }) {
            self.state = State::Closed { failures: 0 };
        }
    }

    /// The source failed, and may have said how long to leave it alone.
    pub fn failed(&mut self, now: i64, retry_after_ms: Option<i64>) {
        let asked = retry_after_ms.map(|ms| ms.clamp(0, LONGEST_ASKED_MS));
        let pause = match self.state {
            State::Closed { failures } => {
                let failures = failures.saturating_add(1);
                if failures < self.rules.failures && asked.is_none() {
                    self.state = State::Closed { failures };
                    return;
                }
                self.rules.pause_ms
            }
            State::Trying { pause, .. } => pause.saturating_mul(2).min(self.rules.longest_ms),
            // A late failure of a question from before; it may only ask for more time.
            State::Open { since, until, pause } => {
                let until = asked.map_or(until, |ms| until.max(now + ms));
                self.state = State::Open { since, until, pause };
                return;
            }
        };
        let until = now + asked.unwrap_or(pause);
        self.state = State::Open { since: now, until, pause };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: Rules = Rules { failures: 3, pause_ms: 100, longest_ms: 350 };

    /// `?` asks and is allowed, `-` asks and is not, `+` succeeds, `x` fails, `r` fails and wants
    /// 1000 ms. Each step is `TIMEsign`.
    fn check(steps: &str, ends: Stage) {
        let mut breaker = Breaker::new(RULES);
        for step in steps.split_whitespace() {
            let (time, sign) = step.split_at(step.len() - 1);
            let now: i64 = time.parse().expect("a time");
            match sign {
                "?" => assert_eq!(breaker.ask(now), Pass::Ask, "{steps}: {step}"),
                "-" => {
                    assert!(matches!(breaker.ask(now), Pass::Wait { ms: 1.. }), "{steps}: {step}");
                }
                "+" => breaker.succeeded(),
                "x" => breaker.failed(now, None),
                "r" => breaker.failed(now, Some(1_000)),
                other => panic!("{other}"),
            }
        }
        assert_eq!(breaker.stage(), ends, "{steps}");
    }

    #[test]
    fn the_table_of_states() {
        check("0? 0+ 1? 1x 2? 2x 3? 3+", Stage::Closed);
        check("0x 1x 2+ 3x 4x 5?", Stage::Closed);
        check("0x 1x 2x", Stage::Open);
        check("0x 1x 2x 3- 101-", Stage::Open);
        check("0x 1x 2x 102?", Stage::Trying);
        check("0x 1x 2x 102? 103-", Stage::Trying);
        check("0x 1x 2x 102? 104+ 105? 105?", Stage::Closed);
        // Twice as long each time, up to the longest.
        check("0x 1x 2x 102? 103x 104- 302- 303? 304x 653- 654? 655x 1004- 1005?", Stage::Trying);
        // A pause that was asked for begins at once and is kept.
        check("0r 1- 999- 1000?", Stage::Trying);
        check("0r 1+ 2-", Stage::Open);
        check("0x 1x 2x 3r 102- 1002- 1003?", Stage::Trying);
        // Failures of questions from before do not make the pause longer.
        check("0x 1x 2x 50x 60x 102?", Stage::Trying);
        // The clock goes back.
        check("5000x 5001x 5002x 1?", Stage::Trying);
        // A trial whose end nobody told.
        check("0x 1x 2x 102? 201- 202?", Stage::Trying);
    }

    #[test]
    fn an_absurd_pause_is_an_hour() {
        let mut breaker = Breaker::new(RULES);
        breaker.failed(0, Some(i64::MAX));
        assert_eq!(breaker.ask(LONGEST_ASKED_MS), Pass::Ask);
        breaker.failed(0, Some(-5));
    }
}
