//! Random graphs, random worlds: the walk checks everything after every step.

use fsm_testkit::strategies::{Blueprint, Size, any_blueprint};
use proptest::prelude::*;

use crate::walk::Walk;

pub(crate) fn config() -> ProptestConfig {
    ProptestConfig { failure_persistence: None, ..ProptestConfig::default() }
}

fn walk(blueprint: &Blueprint, seed: u64, rolls: &[u64]) {
    let mut walk = Walk::begin(blueprint, seed);
    rolls.iter().for_each(|roll| walk.roll(*roll));
    walk.finish();
    walk.replays(seed);
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn whatever_the_world_does_no_token_is_lost_and_every_run_ends(
        blueprint in any_blueprint(Size::SMALL),
        seed in any::<u64>(),
        rolls in prop::collection::vec(any::<u64>(), 0..60),
    ) {
        walk(&blueprint, seed, &rolls);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: config().cases / 16, ..config() })]

    #[test]
    fn the_same_holds_for_large_graphs(
        blueprint in any_blueprint(Size::LARGE),
        seed in any::<u64>(),
        rolls in prop::collection::vec(any::<u64>(), 0..120),
    ) {
        walk(&blueprint, seed, &rolls);
    }
}
