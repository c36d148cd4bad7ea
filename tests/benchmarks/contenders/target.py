"""A target that takes its time: it decodes every line several times over."""

import json
import sys

TIMES = 10  # about 20,000 lines a second


def main(expected: int) -> None:
    records = 0
    for line in sys.stdin.buffer:
        for _ in range(TIMES):
            message = json.loads(line)
        records += message["type"] == "RECORD"
    if records != expected:
        sys.exit(f"{records} records came, not {expected}")


if __name__ == "__main__":
    main(int(sys.argv[1]))
