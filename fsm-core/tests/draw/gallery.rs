//! Graphs to draw: small ones, each about one kind of state, and one of everything with names
//! that are given.

use std::num::NonZeroU32;
use std::time::Duration;

use fsm_core::{Graph, GraphBuilder, JoinRule, RetryPolicy};

fn finish(mut builder: GraphBuilder, initial: &str) -> Graph {
    builder.initial(initial).build().unwrap_or_else(|faults| panic!("{faults}"))
}

/// Every small graph of the gallery, by the name of its snapshot.
pub(crate) fn all() -> Vec<(&'static str, Graph)> {
    vec![
        ("door", door()),
        ("pipeline", pipeline()),
        ("fan_out", fan_out()),
        ("choices", choices()),
        ("waits", waits()),
        ("player", player()),
        ("abort", abort()),
        ("quorum", quorum()),
        ("machines", machines()),
        ("keyboard", keyboard()),
        ("checkout", checkout()),
    ]
}

/// Simple states and events.
pub(crate) fn door() -> Graph {
    let mut door = Graph::builder("door");
    door.simple("closed").exit("creak");
    door.simple("open").entry("light on").entry("ring");
    door.simple("locked");
    door.transition("closed", "open").on("push").guard("unlocked");
    door.transition("closed", "locked").on("turn key").action("slide bolt").action("beep");
    door.transition("open", "closed").on("pull");
    door.transition("locked", "closed").on("turn key");
    finish(door, "closed")
}

/// Four endpoints one after another, with retries, timeouts, and ways to fail.
pub(crate) fn pipeline() -> Graph {
    let mut flow = Graph::builder("payment");
    flow.activity("validate").timeout(Duration::from_secs(5));
    flow.activity("fraud_check").retry(RetryPolicy::new(3)).timeout(Duration::from_secs(30));
    flow.activity("process").retry(RetryPolicy::new(1).max_wait(Duration::from_secs(60)));
    flow.activity("notify");
    flow.final_state("completed");
    flow.final_state("failed");
    flow.transition("validate", "fraud_check").done();
    flow.transition("validate", "failed").failed();
    flow.transition("fraud_check", "process").done();
    flow.transition("fraud_check", "failed").failed();
    flow.transition("process", "notify").done();
    flow.transition("process", "failed").failed();
    flow.transition("process", "failed").timed_out().action("refund");
    flow.transition("notify", "completed").done();
    flow.transition("notify", "completed").failed();
    finish(flow, "validate")
}

/// Five calls at once, and a join that waits for all of them.
pub(crate) fn fan_out() -> Graph {
    let mut flow = Graph::builder("health");
    flow.max_concurrent(NonZeroU32::new(3).expect("three is not zero"));
    flow.fork("services", "gathered");
    for name in ["auth", "inventory", "payment", "shipping", "user"] {
        flow.activity(name).within("services").retry(RetryPolicy::new(3));
        flow.transition("services", name);
        flow.transition(name, "gathered").done();
        flow.transition(name, "gathered").failed();
    }
    flow.join("gathered", JoinRule::All);
    flow.final_state("reported");
    flow.transition("gathered", "reported").action("merge");
    finish(flow, "services")
}

/// Choices whose order matters, and guards that are long expressions.
pub(crate) fn choices() -> Graph {
    let mut flow = Graph::builder("routing");
    flow.choice("size?");
    flow.activity_running("small", "handle");
    flow.activity_running("large", "handle");
    flow.activity("other");
    flow.final_state("end");
    flow.transition("size?", "small")
        .guard("$steps.quote.output.total < 100 && $inputs.user.type == 'premium' || $data.forced");
    flow.transition("size?", "large").guard(&"$data.amount > 1 && ".repeat(20));
    flow.transition("size?", "other").action("note");
    for name in ["small", "large", "other"] {
        flow.transition(name, "end").done();
    }
    finish(flow, "size?")
}

/// A delay, a wait for a signal, and times that run out.
pub(crate) fn waits() -> Graph {
    let mut flow = Graph::builder("approval");
    flow.delay("cool down", Duration::from_millis(1_500));
    flow.signal("approval");
    flow.final_state("approved");
    flow.final_state("expired");
    flow.transition("cool down", "approval").done();
    flow.transition("approval", "approved").on("approve");
    flow.transition("approval", "expired").after(Duration::from_secs(86_400)).action("tell user");
    finish(flow, "cool down")
}

/// Composite states within one another, left, entered, and turned inward.
pub(crate) fn player() -> Graph {
    let mut player = Graph::builder("player");
    player.simple("off");
    player.composite("on", "paused").entry("show logo").exit("save position");
    player.simple("paused").within("on");
    player.composite("running", "playing").within("on");
    player.simple("playing").within("running");
    player.simple("seeking").within("running");
    player.transition("off", "on").on("power");
    player.transition("on", "off").on("power");
    player.transition("on", "on").on("reset");
    player.transition("on", "playing").on("next");
    player.transition("paused", "running").on("play");
    player.transition("running", "paused").on("pause");
    player.transition("playing", "seeking").on("seek");
    player.transition("seeking", "running").after(Duration::from_secs(2));
    finish(player, "off")
}

/// Ways out of the scope of a fork: a deadline, and a failure that stops the others.
pub(crate) fn abort() -> Graph {
    let mut flow = Graph::builder("abort");
    flow.fork("both", "joined");
    flow.activity("left").within("both").retry(RetryPolicy::new(2));
    flow.activity("right").within("both");
    flow.activity("after right").within("both");
    flow.join("joined", JoinRule::All);
    flow.final_state("completed");
    flow.final_state("failed");
    flow.final_state("timed out");
    flow.transition("both", "left");
    flow.transition("both", "right");
    flow.transition("both", "timed out").after(Duration::from_secs(30));
    flow.transition("left", "joined").done();
    flow.transition("left", "failed").failed();
    flow.transition("right", "after right").done();
    flow.transition("right", "failed").failed();
    flow.transition("after right", "joined").done();
    flow.transition("joined", "completed");
    finish(flow, "both")
}

/// Joins that do not wait for all, a split, and a join within a scope.
pub(crate) fn quorum() -> Graph {
    let two = NonZeroU32::new(2).expect("two is not zero");
    let mut flow = Graph::builder("quorum");
    flow.fork("ask", "answered");
    flow.activity("first").within("ask");
    flow.split("second").within("ask");
    flow.activity("second a").within("ask");
    flow.activity("second b").within("ask");
    flow.join("second answered", JoinRule::AtLeast(two)).within("ask");
    flow.join("answered", JoinRule::Any);
    flow.final_state("end");
    flow.transition("ask", "first");
    flow.transition("ask", "second");
    flow.transition("first", "answered").done();
    flow.transition("second", "second a");
    flow.transition("second", "second b");
    flow.transition("second a", "second answered").done();
    flow.transition("second b", "second answered").done();
    flow.transition("second answered", "answered");
    flow.transition("answered", "end");
    finish(flow, "ask")
}

/// Regions side by side that turn on their own, and transitions that only act.
pub(crate) fn keyboard() -> Graph {
    let mut keyboard = Graph::builder("keyboard");
    keyboard.parallel("locks").entry("lamps on");
    for (region, off, on) in [("caps", "small", "capitals"), ("num", "arrows", "digits")] {
        keyboard.composite(region, off).within("locks");
        keyboard.simple(off).within(region);
        keyboard.simple(on).within(region);
        keyboard.transition(off, on).on(&format!("{region} lock"));
        keyboard.transition(on, off).on(&format!("{region} lock"));
    }
    keyboard.internal("locks").on("key").guard("held down").action("repeat");
    keyboard.internal("capitals").on("key").action("send capital");
    keyboard.simple("asleep");
    keyboard.transition("locks", "asleep").after(Duration::from_secs(300));
    keyboard.transition("asleep", "locks").on("key");
    keyboard.transition("asleep", "capitals").on("shift").also("digits");
    finish(keyboard, "locks")
}

/// Regions that end, within one another.
pub(crate) fn checkout() -> Graph {
    let mut checkout = Graph::builder("checkout");
    checkout.simple("cart");
    checkout.parallel("settle");
    checkout.composite("pay", "charge").within("settle");
    checkout.activity("charge").within("pay").retry(RetryPolicy::new(2));
    checkout.final_state("paid").within("pay");
    checkout.parallel("prepare").within("settle");
    checkout.composite("parcel", "pack").within("prepare");
    checkout.activity("pack").within("parcel");
    checkout.final_state("packed").within("parcel");
    checkout.composite("papers", "print").within("prepare");
    checkout.activity("print").within("papers");
    checkout.final_state("printed").within("papers");
    checkout.final_state("sent");
    checkout.final_state("refused");
    checkout.transition("cart", "settle").on("order");
    checkout.transition("charge", "paid").done();
    checkout.transition("charge", "refused").failed();
    checkout.transition("pack", "packed").done();
    checkout.transition("print", "printed").done();
    checkout.transition("settle", "sent").done();
    checkout.transition("settle", "cart").on("change");
    checkout.transition("pay", "settle").on("start over");
    finish(checkout, "cart")
}

/// A machine within a machine within the graph.
pub(crate) fn machines() -> Graph {
    let mut count = Graph::builder("count");
    count.activity("add").retry(RetryPolicy::new(2));
    count.final_state("counted");
    count.transition("add", "counted").done();
    let mut till = Graph::builder("till");
    till.max_concurrent(NonZeroU32::MIN);
    till.machine("counting", finish(count, "add"));
    till.final_state("empty");
    till.transition("counting", "empty").done();
    let mut shop = Graph::builder("shop");
    shop.machine("evening", finish(till, "counting"));
    shop.final_state("closed");
    shop.simple("alarm");
    shop.transition("evening", "closed").done();
    shop.transition("evening", "alarm").failed();
    shop.transition("alarm", "evening").on("again");
    finish(shop, "evening")
}

/// How many names [`everything`] takes.
pub(crate) const NAMES: usize = 16;

/// A graph with every kind of state, trigger, and nesting, in which nothing is called otherwise
/// than `names` say, which must differ from one another.
pub(crate) fn everything(names: &[String]) -> Graph {
    let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = names else {
        panic!("{} names instead of {NAMES}", names.len());
    };
    let mut inner = Graph::builder(a.as_str());
    inner.activity(b);
    inner.final_state(c);
    inner.transition(b, c).done();

    let mut flow = Graph::builder(p.as_str());
    flow.max_concurrent(NonZeroU32::MIN);
    flow.composite(a, b).entry(c).exit(d).entry(e);
    flow.activity_running(b, c)
        .within(a)
        .retry(RetryPolicy::new(3))
        .timeout(Duration::from_secs(5));
    flow.simple(c).within(a);
    flow.transition(b, c).done().guard(d).action(e).action(f);
    flow.transition(b, d).failed();
    flow.transition(b, d).timed_out().action(a);
    flow.transition(c, a).on(b).guard(c);
    flow.transition(c, b).on(b).guard(d);
    flow.transition(a, a).on(f);
    flow.transition(a, c).on(g);
    flow.transition(a, d).on(h);
    flow.choice(d);
    flow.transition(d, e).guard(a);
    flow.transition(d, f).guard(b).action(c);
    flow.transition(d, g);
    flow.delay(e, Duration::from_secs(1));
    flow.transition(e, f).done();
    flow.signal(f);
    flow.transition(f, g).on(f);
    flow.transition(f, n).after(Duration::from_millis(1));
    flow.fork(g, k);
    flow.activity(h).within(g);
    flow.machine(i, finish(inner, b)).within(g).retry(RetryPolicy::new(1));
    flow.split(j).within(g);
    flow.activity(l).within(g);
    flow.activity(m).within(g);
    flow.transition(g, h);
    flow.transition(g, i);
    flow.transition(g, j);
    flow.transition(g, n).after(Duration::from_secs(9));
    flow.transition(h, k).done();
    flow.transition(i, k).done();
    flow.transition(i, o).failed();
    flow.transition(j, l);
    flow.transition(j, m);
    flow.transition(l, k).done();
    flow.transition(m, k).done();
    flow.join(k, JoinRule::All);
    flow.transition(k, n);
    flow.final_state(n);
    flow.final_state(o);
    finish(flow, a)
}
