"""Checks the JSON that `cycleboard demo board --once --format json` printed."""

import json
import sys

HEALTH = {"ok", "stale", "auth", "forbidden", "rate_limited", "unreachable", "unreadable", "starting"}
STAGES = ["plan", "code", "build", "test", "release", "deploy", "operate", "monitor"]
CARD = {
    "id", "key", "title", "stage", "status", "reason", "service", "repo", "holders", "labels", "url",
    "since", "age_secs", "fresh", "evidence",
}

with open(sys.argv[1], encoding="utf-8") as file:
    board = json.load(file)

assert board["schema"] == 1, board["schema"]
assert board["generated_at"].endswith("Z"), board["generated_at"]
for source in board["sources"]:
    assert source["health"] in HEALTH, source
    assert source["health"] == "ok", source
assert [stage["stage"] for stage in board["stages"]] == STAGES
for stage in board["stages"]:
    assert stage["cards"], f"no card in {stage['stage']}"
    for card in stage["cards"]:
        missing = CARD - card.keys()
        assert not missing, (card["key"], missing)
        assert card["stage"] == stage["stage"], card
        assert card["reason"], card
        assert card["fresh"] is True, card
counts = {stage["stage"]: len(stage["cards"]) for stage in board["stages"]}
print(f"{sum(counts.values())} cards: {counts}")
