//! scratch
use fsm_core::*;
use std::hint::black_box;
use std::time::Instant;

#[derive(Debug, Clone, Copy, PartialEq)]
enum S {
    Closed,
    Open,
    Locked,
    Broken,
}
#[derive(Debug, Clone, Copy)]
enum Ev {
    Push,
    Pull,
    Turn(u32),
    Kick(u32),
}
impl Event for Ev {}
#[derive(Default)]
struct Ctx {
    code: u32,
    kicks: u32,
    pushes: u64,
}

fn hand(s: &mut S, c: &mut Ctx, e: &Ev) -> bool {
    match (*s, e) {
        (S::Closed, Ev::Push) => {
            c.pushes += 1;
            *s = S::Open
        }
        (S::Open, Ev::Pull) => *s = S::Closed,
        (S::Closed, Ev::Turn(code)) if *code != 0 => {
            c.code = *code;
            *s = S::Locked
        }
        (S::Locked, Ev::Turn(code)) if *code == c.code => *s = S::Closed,
        (S::Locked, Ev::Turn(_)) => {}
        (S::Locked, Ev::Kick(n)) if *n > 5 => {
            c.kicks += 1;
            *s = S::Broken
        }
        (S::Locked, Ev::Kick(_)) => c.kicks += 1,
        (S::Broken, Ev::Push) => *s = S::Open,
        _ => return false,
    }
    true
}

fn machine() -> Machine<Ctx, Ev> {
    Machine::<Ctx, Ev>::builder("door")
        .on(S::Closed, Ev::Push)
        .then("count", |c, _| c.pushes += 1)
        .to(S::Open)
        .on(S::Open, Ev::Pull)
        .to(S::Closed)
        .on(S::Closed, Ev::Turn(0))
        .when("code given", |_, e| matches!(e, Ev::Turn(c) if *c != 0))
        .then("keep", |c, e| {
            if let Ev::Turn(n) = e {
                c.code = *n
            }
        })
        .to(S::Locked)
        .on(S::Locked, Ev::Turn(0))
        .when("code fits", |c, e| matches!(e, Ev::Turn(n) if *n == c.code))
        .to(S::Closed)
        .on(S::Locked, Ev::Turn(0))
        .to(S::Locked)
        .on(S::Locked, Ev::Kick(0))
        .when("hard", |_, e| matches!(e, Ev::Kick(n) if *n > 5))
        .then("kick", kick)
        .to(S::Broken)
        .on(S::Locked, Ev::Kick(0))
        .then("kick", kick)
        .to(S::Locked)
        .on(S::Broken, Ev::Push)
        .to(S::Open)
        .build(S::Closed)
        .unwrap()
}
fn kick(c: &mut Ctx, _: &Ev) {
    c.kicks += 1
}

fn main() {
    let n = 1 << 20;
    // random but always accepted stream: simulate hand
    let mut rng = 12345u64;
    let mut next = || {
        rng ^= rng << 13;
        rng ^= rng >> 7;
        rng ^= rng << 17;
        rng
    };
    let mut random = Vec::new();
    let (mut s, mut c) = (S::Closed, Ctx::default());
    while random.len() < n {
        let r = next();
        let e = match r % 4 {
            0 => Ev::Push,
            1 => Ev::Pull,
            2 => Ev::Turn((r >> 8) as u32 % 2 + 1),
            _ => Ev::Kick((r >> 8) as u32 % 10),
        };
        if hand(&mut s, &mut c, &e) {
            random.push(e);
        }
    }
    let predictable: Vec<Ev> =
        (0..n).map(|i| [Ev::Push, Ev::Pull, Ev::Turn(1), Ev::Turn(1)][i % 4]).collect();
    let m = machine();
    for (name, events) in [("predictable", &predictable), ("random", &random)] {
        for _ in 0..3 {
            let (mut s, mut c) = (S::Closed, Ctx::default());
            let t = Instant::now();
            for _ in 0..10 {
                s = S::Closed;
                for e in events {
                    black_box(hand(&mut s, &mut c, e));
                }
            }
            let h = t.elapsed().as_nanos() as f64 / (10 * n) as f64;
            black_box((s, c.pushes, c.kicks));
            let mut fx = Effects::new();
            let mut run = m.begin(Ctx::default());
            let mut total = 0.0;
            for _ in 0..10 {
                run = m.begin(Ctx::default());
                let t = Instant::now();
                for e in events {
                    black_box(m.dispatch(&mut run, Timestamp::ZERO, *e, &mut fx, &mut ()).is_ok());
                }
                total += t.elapsed().as_nanos() as f64;
            }
            let k = total / (10 * n) as f64;
            black_box(run.context().pushes);
            println!("{name}: hand {h:.2} kernel {k:.2} diff {:.2}", k - h);
        }
    }
}
