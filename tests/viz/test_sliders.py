"""Sliders: outside of a running notebook the picture is drawn once; inside, each control has its widget."""

import importlib
import sys
from types import SimpleNamespace

import pytest

from minidet import viz

module = importlib.import_module("minidet.viz.sliders")


@pytest.fixture(autouse=True)
def in_full(monkeypatch):
    monkeypatch.delenv("MINIDET_QUICK", raising=False)
    monkeypatch.delenv("MINIDET_SLIDERS", raising=False)


def drawn(monkeypatch, **controls):
    """Return the arguments of each call of a drawing."""
    calls = []

    def draw(kernel=3, name="max", cut=False, rate=0.5):
        calls.append((kernel, name, cut, rate))

    viz.sliders(draw, **controls)
    return calls


CONTROLS = {"kernel": (1, 7), "name": ["mean", "max"], "cut": True, "rate": (0.0, 1.0, 0.25)}


def test_without_a_notebook_it_is_drawn_once_from_its_defaults(monkeypatch):
    monkeypatch.setattr(module, "_in_kernel", lambda: False)
    assert drawn(monkeypatch, **CONTROLS) == [(3, "max", False, 0.5)]


def test_quick_mode_draws_both_ends_too(monkeypatch):
    monkeypatch.setattr(module, "_in_kernel", lambda: False)
    monkeypatch.setenv("MINIDET_QUICK", "1")
    assert drawn(monkeypatch, **CONTROLS) == [(1, "mean", False, 0.0), (7, "max", True, 1.0), (3, "max", False, 0.5)]


def test_where_nobody_moves_them_only_quick_mode_draws(monkeypatch):
    monkeypatch.setattr(module, "_in_kernel", lambda: True)
    monkeypatch.setenv("MINIDET_SLIDERS", "0")
    assert drawn(monkeypatch, **CONTROLS) == []
    monkeypatch.setenv("MINIDET_QUICK", "1")
    assert drawn(monkeypatch, **CONTROLS) == [(1, "mean", False, 0.0), (7, "max", True, 1.0)]
    with pytest.raises(ValueError, match="sliders: kernel is None"):
        drawn(monkeypatch, kernel=None)


def test_in_a_notebook_every_control_has_its_widget(monkeypatch):
    widgets = pytest.importorskip("ipywidgets")
    display = pytest.importorskip("IPython.display")
    shown = []
    monkeypatch.setattr(module, "_in_kernel", lambda: True)
    monkeypatch.setattr(display, "display", shown.append)
    drawn(monkeypatch, **CONTROLS)
    picture, row = shown[0].children
    assert isinstance(picture, widgets.Output)
    kernel, name, cut, rate = row.children
    assert (type(kernel), kernel.value, kernel.min, kernel.max, kernel.step) == (widgets.IntSlider, 3, 1, 7, 1)
    assert (type(name), name.value, tuple(name.options)) == (widgets.Dropdown, "max", ("mean", "max"))
    assert (type(cut), cut.value) == (widgets.Checkbox, False)
    assert (type(rate), rate.value, rate.step) == (widgets.FloatSlider, 0.5, 0.25)


def test_without_ipywidgets_it_is_drawn_and_says_what_to_install(monkeypatch, capsys):
    monkeypatch.setattr(module, "_in_kernel", lambda: True)
    monkeypatch.setitem(sys.modules, "ipywidgets", None)
    assert drawn(monkeypatch, **CONTROLS) == [(3, "max", False, 0.5)]
    assert "pip install ipywidgets" in capsys.readouterr().out


@pytest.mark.parametrize("control", [(1,), (3, 1), (1, 2, 0), [], "abc", 3, None, ("a", "b")])
def test_controls_that_are_none_are_named(control):
    with pytest.raises((TypeError, ValueError), match="sliders: kernel "):
        viz.sliders(lambda kernel: None, kernel=control)
    with pytest.raises(TypeError, match="sliders: draw is a SimpleNamespace"):
        viz.sliders(SimpleNamespace(), kernel=(1, 2))
