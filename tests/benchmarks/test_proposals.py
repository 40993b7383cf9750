from benchmarks import proposals


def test_the_table(capsys, monkeypatch):
    monkeypatch.delenv("MINIDET_DATA", raising=False)
    proposals.main(["--pictures", "1"])
    header, _, *rows = capsys.readouterr().out.splitlines()
    assert header.split(" | ")[1:3] == ["mode", "boxes"]
    assert len(rows) == 6
    for text in rows:
        cells = text.strip("| ").split(" | ")
        boxes, *shares, seconds = (float(cell.replace(",", "")) for cell in cells[2:])
        assert boxes > 1
        assert all(0 < share <= 1 for share in shares)
        assert seconds > 0
