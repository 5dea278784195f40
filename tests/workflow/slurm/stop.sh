#!/usr/bin/env bash
# Stops the SLURM that start.sh started, and removes its state and configuration.
set -euo pipefail

readonly state=${TOK2COT_SLURM:-/var/lib/tok2cot-slurm}

stop() {
    [ -f "$1" ] || return 0
    local id
    id=$(cat "$1")
    kill "$id" 2> /dev/null || return 0
    for _ in $(seq 40); do
        kill -0 "$id" 2> /dev/null || return 0
        sleep 0.25
    done
    kill -9 "$id" 2> /dev/null || true
}

[ -d "$state" ] || exit 0
scancel --user "$(id -un)" 2> /dev/null || true
sleep 4 # longer than KillWait
for node in n1 n2; do
    stop "$state/run/slurmd.$node.pid"
done
stop "$state/run/slurmctld.pid"
if [ -f "$state/munged.ours" ]; then
    stop /run/munge/munged.pid
fi
# With a configuration but no controller, every SLURM command, and so every snakemake, waits for seconds.
if grep -qs '^ClusterName=tok2cot$' /etc/slurm/slurm.conf; then
    rm -f /etc/slurm/slurm.conf /etc/slurm/gres.conf
fi
rm -rf "$state"
