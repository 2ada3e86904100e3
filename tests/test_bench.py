"""The bench: its tables print, its arithmetic is counted right, and its separate trainings are the sweep's own."""

import numpy as np
import pytest
import torch
from conftest import SMALL

from distill import bench, exact
from distill.bench import exact as against_embo
from distill.bench import maps as mapping
from distill.bench import training as race
from distill.config import SweepConfig
from distill.training import build

TINY = ["--epochs", "1", "--betas", "3"]


@pytest.mark.parametrize(
    ("part", "said"),
    [("training", ("trainings alone", "final loss", "GFLOP/s")), ("measuring", ("I(X;Z)", "checkpoints", "snapshots"))],
)
def test_a_part_prints_its_tables(part, said, capsys):
    before = torch.get_num_threads()
    try:
        assert bench.main([part, *TINY]) == 0
    finally:
        torch.set_num_threads(before)
    printed = capsys.readouterr().out
    assert all(each in printed for each in (*said, "cores"))
    assert "nan" not in printed


def test_useful_arithmetic_of_a_network_counted_by_hand():
    config = SweepConfig(betas=(0.0, 0.1), latent_dim=3, **SMALL)
    forwards = 64 * config.hidden[0] + config.hidden[0] * 6 + 3 * 10
    wanted = 2 * 2 * config.batch_size * (3 * forwards - 64 * config.hidden[0])
    assert race.useful_flops(config, build(config)) == wanted


def test_a_model_taken_out_of_the_sweep_has_its_loss():
    config = SweepConfig(betas=(0.0, 0.1), latent_dim=3, **SMALL)
    trainer = build(config)
    separate = race.Separate(trainer)
    with torch.no_grad():
        trainer.model.decoder.bias[1] += 1.0
        noise = torch.randn(len(separate.inputs), 3, generator=torch.Generator().manual_seed(0))
        wanted = trainer.loss(separate.inputs, separate.labels, noise)[1]
        found = race._taken(trainer, 1).loss(separate.inputs, separate.labels, noise, 0.1)
    assert found.item() == pytest.approx(wanted.item(), rel=1e-5)


def test_the_curve_of_a_short_training_falls_with_compression():
    config = SweepConfig(betas=(0.0, 2.0), latent_dim=3, epochs=4, **SMALL)
    before = torch.get_num_threads()
    try:
        (weak, strong), seconds = race._curve(config)
    finally:
        torch.set_num_threads(before)
    assert weak > strong + 0.5
    assert seconds > 0


def test_without_embo_the_table_has_our_times_and_how_far_from_the_best(monkeypatch, capsys):
    p_xy = np.array([[0.30, 0.05, 0.02], [0.04, 0.20, 0.03], [0.02, 0.04, 0.18], [0.05, 0.03, 0.04]])
    monkeypatch.setattr(against_embo, "find_spec", lambda name: None)
    monkeypatch.setattr(against_embo, "joint", lambda concentration: p_xy)
    assert bench.main(["exact"]) == 0
    printed = capsys.readouterr().out
    assert "embo==1.1.0" in printed and "nan" not in printed
    assert all(f"{name}, {grid}" in printed for name in against_embo.JOINTS for grid in against_embo.GRIDS)


def test_the_race_is_won_by_bits_in_the_unit_of_the_other_side(monkeypatch):
    """I(X;T) − I(T;Y)/β of both at the same βs: at the golden joint, with a rival that stays at the trivial code."""
    p_xy, betas = np.array([[0.30, 0.05, 0.02], [0.04, 0.20, 0.03], [0.02, 0.04, 0.18], [0.05, 0.03, 0.04]]), [0.2, 0.1]
    monkeypatch.setattr(against_embo, "find_spec", lambda name: True)
    monkeypatch.setattr(against_embo, "_embo", lambda p_xy, betas: np.zeros((len(betas), 2)))
    found = against_embo.race(p_xy, np.array(betas))
    assert found.cost == pytest.approx([1.281508 - 0.429547 / 0.2, 1.804716 - 0.507905 / 0.1], abs=1e-5)
    assert found.their_cost.tolist() == [0, 0] and len(found.ours) == len(found.theirs) == against_embo.TURNS
    assert exact.critical_beta(against_embo.joint(1.0)).local < 1 and against_embo.joint(1.0).shape == (256, 10)


def test_maps_are_held_to_what_they_promise(monkeypatch, capsys):
    """Stand-ins: alone every β is turned and new, chained it stays; what stays is calm, and what is drawn at random is
    not faithful."""
    codes = np.tile(np.random.default_rng(0).standard_normal((60, 2)), (3, 1, 1))
    fresh = np.random.default_rng(1).standard_normal((3, 60, 2))
    monkeypatch.setattr(mapping, "sweep_codes", lambda *_: codes)
    monkeypatch.setattr(mapping, "_warm", lambda _: None)
    kept, missed = (f"trustworthiness {word}, motion {word}" for word in ("kept", "MISSED"))
    for chained, promised in ((codes, kept), (fresh, missed)):
        turns = [np.array([[np.cos(a), -np.sin(a)], [np.sin(a), np.cos(a)]]) for a in (0, 1, 2)]
        noise = 0.05 * np.random.default_rng(2).standard_normal((3, 60, 2))
        alone = np.stack([(each + extra) @ turn for each, extra, turn in zip(codes, noise, turns, strict=True)])
        monkeypatch.setattr(mapping, "independent", lambda _, alone=alone: alone)
        monkeypatch.setattr(mapping, "chained", lambda _, chained=chained: chained)
        monkeypatch.setattr(mapping, "rerun", lambda _, maps: maps)
        assert bench.main(["maps", "--quick"]) == 0
        assert promised in capsys.readouterr().out


def test_a_part_that_is_not_there_is_refused_with_those_that_are(capsys):
    with pytest.raises(SystemExit):
        bench.main(["driving"])
    assert "browser" in capsys.readouterr().err
