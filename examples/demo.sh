#!/bin/sh
# The main job, on the built-in cloud: the reference platform planned, created, verified, drawn, changed,
# tampered with, mended and destroyed. Every command is shown as you would type it.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
cp "$here/payments.hcl" .

say() { printf '\n\033[1m# %s\033[0m\n' "$1"; }
run() { printf '\033[36m$ %s\033[0m\n' "$*"; "$@" 2>&1 || [ $? -eq "${expect:-0}" ]; }
quietly() { printf '\033[36m$ %s\033[0m\n' "$*"; "$@" > output.txt 2> /dev/null; tail -n 1 output.txt; }

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

say "Four web servers instead of three, and larger ones behind them, one at a time."
sed -i '/role "web" {/a\    count = 4' payments.hcl
sed -i '/role "cache" {/,/}/s/medium/large/' payments.hcl
run portinfra plan production $on
quietly portinfra apply production $on --yes

say "Somebody opens ssh to the world by hand, and stops a host ..."
fake="python -m portinfra.testing.fake 111122223333 us-east-1"
ssh_from_anywhere='rules=[{"protocol":"tcp","first":22,"last":22,"peer":"0.0.0.0/0"}]'
run sh -c "$fake AllowTraffic id=firewall/web direction=ingress '$ssh_from_anywhere' > /dev/null"
run sh -c "$fake StopInstance id=instance/queue2 > /dev/null"

say "... and status names both."
expect=2 run portinfra status production $on

say "The next apply mends them."
quietly portinfra apply production $on --yes

say "The same file, in another cloud's shape: the recovery environment."
run sh -c "portinfra plan recovery -f payments.hcl --on fake:gcp/europe-west1 | tail -n 1"

say "Destroy it. Volumes would stay, for the data that they hold, if we did not say otherwise."
quietly portinfra destroy production $on --yes --allow-data-loss all

say "Nothing is left."
run sh -c "portinfra status production $on | head -n 2"
