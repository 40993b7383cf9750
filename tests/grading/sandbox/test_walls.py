"""The filter of system calls, as a program."""

import pytest

from minidet.grading.sandbox import walls


@pytest.mark.parametrize("machine", walls.MACHINES)
@pytest.mark.parametrize("alone", [True, False])
def test_the_filter_decides_as_its_table_says(machine, alone):
    """The filter's instructions, run one by one here, for every number of a system call."""
    column, audit, seccomp, call = walls.MACHINES[machine]
    program = walls.filter_program(machine, alone)

    def decide(number, argument=0, second=0, audit=audit):
        words, at, value = {0: number, 4: audit, 16: argument, 24: second}, 0, 0
        for _ in range(len(program)):
            operation, yes, no, constant = program[at]
            if operation == walls.LOAD:
                value, step = words[constant], 0
            elif operation == walls.RETURN:
                return constant
            else:
                true = {walls.EQUAL: value == constant, walls.AT_LEAST: value >= constant,
                        walls.ANY_BIT: bool(value & constant)}[operation]  # fmt: skip
                step = yes if true else no
            at += 1 + step
        raise AssertionError("the filter does not end")

    forbidden = {numbers[column] for numbers in walls.FORBIDDEN.values()}
    if alone:
        forbidden |= {call["clone"], call["futex"]} | {numbers[column] for numbers in walls.FORKS.values()}
    for number in range(walls.LAST_KNOWN + 1):
        if number != walls.CLONE3:
            assert (decide(number) == walls.ALLOW) == (number not in forbidden), number
    for number in (walls.CLONE3, walls.LAST_KNOWN + 1, 1000):
        assert decide(number) >> 16 == walls.ERROR >> 16
    assert decide(call["clone"], 0x10000000) != walls.ALLOW
    assert decide(call["prctl"], 1) != walls.ALLOW
    assert decide(call["prctl"], 15) == walls.ALLOW
    allowed = [command for command in range(2000) if decide(call["fcntl"], 3, command) == walls.ALLOW]
    assert allowed == [0, 1, 2, 3, 4, 1030]  # copies of a file's number, and its flags: no lock, lease or notice
    for operation in range(14):
        assert (decide(call["futex"], 9, operation) == walls.ALLOW) != alone
        assert decide(call["futex"], 9, operation | 128) == walls.ALLOW
    assert decide(0, audit=0x40000003) == walls.KILL
    assert decide(seccomp) == walls.ALLOW  # it can only forbid more
