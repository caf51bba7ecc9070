#!/bin/sh
# The main job, on the built-in cloud: the reference platform planned, created, verified, drawn, its services
# called, changed, tampered with, repaired and destroyed. Every command is shown as you would type it.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' HUP TERM
export TMPDIR="$work"
cd "$work"
cp "$here/payments.hcl" .

if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
    strong=$(printf '\033[1m') command=$(printf '\033[36m') plain=$(printf '\033[0m')
else
    strong='' command='' plain=''
fi

say() { printf '\n%s# %s%s\n' "$strong" "$1" "$plain"; }
# Show a command and what it says; stop unless it ends with the exit code expected.
run() { run_expecting 0 "$@"; }
run_expecting() {
    expected=$1
    shift
    printf '%s$ %s%s\n' "$command" "$*" "$plain"
    code=0
    eval "$*" 2>&1 || code=$?
    [ "$code" -eq "$expected" ] || stop "$code"
}
# The same without its progress, which is shown where it fails.
without_progress() {
    printf '%s$ %s%s\n' "$command" "$*" "$plain"
    "$@" 2> progress.txt || { code=$?; cat progress.txt >&2; stop "$code"; }
}
# The same, of which only the last line is shown.
quietly() {
    printf '%s$ %s%s\n' "$command" "$*" "$plain"
    "$@" > output.txt 2>&1 || { code=$?; cat output.txt; stop "$code"; }
    tail -n 1 output.txt
}
stop() {
    echo "The demo stops here: that command ended with exit code $1, which it should not." >&2
    exit 1
}

on="-f payments.hcl --on fake:us-east-1"

say "The reference platform: 17 roles, 48 hosts, three zones, declared in payments.hcl. What would it take?"
run portinfra plan production $on

say "Create it. (The cloud is simulated, and so is its time: nothing here waits.)"
quietly portinfra apply production $on --yes

say "Is it as declared? A second plan is empty."
run portinfra plan production $on

say "Draw it, as for a design review."
run portinfra graph production $on --format svg -o payments.svg
cp payments.svg "${DEMO_PICTURE:-$here/../payments.svg}" && echo "(kept as payments.svg)"

say "Each host has files of its own: a firewall, and HAProxy for the services that it calls and offers."
run portinfra hosts files production $on --into files
run "(cd files && find web1 -type f | sort)"
run "grep -A 9 '^listen payments' files/web1/etc/haproxy/haproxy.cfg | cut -c 1-110"

say "web1 calls the payment service, by real firewalls and proxies in network namespaces of this machine."
run python "$here/zones.py" payments.hcl production web1 payments

say "Four web servers instead of three, and larger ones behind them, one at a time."
sed -i '/role "web" {/a\    count = 4' payments.hcl
sed -i '/role "cache" {/,/}/s/medium/large/' payments.hcl
run portinfra plan production $on
quietly portinfra apply production $on --yes

say "A person opens ssh to the world by hand, and stops a host ..."
fake="python -m portinfra.testing.fake 111122223333 us-east-1"
ssh_from_anywhere='rules=[{"protocol":"tcp","first":22,"last":22,"peer":"0.0.0.0/0"}]'
run "$fake AllowTraffic id=firewall/web direction=ingress '$ssh_from_anywhere' > /dev/null"
run "$fake StopInstance id=instance/queue2 > /dev/null"

say "... and status names both."
run_expecting 2 portinfra status production $on

say "The next apply repairs them."
quietly portinfra apply production $on --yes

say "Its hosts run nothing here, so this writes on their volumes in their place."
run "python -m portinfra.testing.fake.volumes write 111122223333 us-east-1 'payments of Monday'"

say "Carry its data to another region and account, and drill the whole recovery there, apart from all else."
places="--source-on fake:us-east-1 --target-on fake:eu-west-1"
without_progress portinfra dr replicate $places
without_progress portinfra dr drill $places

say "It passed, as its probes read what the volumes hold. Its evidence is signed, and the ledger has its digest."
without_progress portinfra dr drills $places

say "The same file, in another cloud's shape: the recovery environment."
run "portinfra plan recovery -f payments.hcl --on fake:gcp/europe-west1 | grep '^Plan:'"

say "Destroy it. Volumes would stay, for the data that they hold, if we did not say otherwise."
quietly portinfra destroy production $places --yes --allow-data-loss all

say "Nothing is left."
run "portinfra status production $on | head -n 2"
