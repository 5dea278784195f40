#!/usr/bin/env bash
# Starts a SLURM of two nodes on this machine, without systemd; needs root and the Debian packages
# slurm-wlm and munge. It is for tests: each node claims 4 CPUs and one GPU, whatever there is, and
# the GPUs are copies of /dev/null. Started twice, it does nothing the second time.
set -euo pipefail

readonly state=${TOK2COT_SLURM:-/var/lib/tok2cot-slurm}
readonly host=$(hostname -s)
readonly nodes=(n1 n2)

start_munge() {
    install -d -o munge -g munge /etc/munge /run/munge /var/log/munge /var/lib/munge
    chmod 755 /run/munge
    if [ ! -s /etc/munge/munge.key ]; then
        head -c 1024 /dev/urandom > /etc/munge/munge.key
    fi
    chown munge:munge /etc/munge/munge.key
    chmod 400 /etc/munge/munge.key
    if ! munge -n > /dev/null 2>&1; then
        runuser -u munge -- /usr/sbin/munged
        touch "$state/munged.ours"
    fi
    munge -n | unmunge > /dev/null
}

write_configuration() {
    cat > /etc/slurm/slurm.conf << CONF
ClusterName=tok2cot
SlurmctldHost=$host
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
StateSaveLocation=$state/state
SlurmdSpoolDir=$state/spool.%n
SlurmctldPidFile=$state/run/slurmctld.pid
SlurmdPidFile=$state/run/slurmd.%n.pid
SlurmctldLogFile=$state/log/slurmctld.log
SlurmdLogFile=$state/log/slurmd.%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
ReturnToService=2
SlurmctldTimeout=30
SlurmdTimeout=30
KillWait=3
# squeue must show a job for a while after its end: Snakemake reads its state there.
MinJobAge=300
SchedulerParameters=batch_sched_delay=0,sched_interval=5,bf_interval=5
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
# A job over its memory is killed, as on a real cluster; without control groups by polling.
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=2
JobAcctGatherParams=OverMemoryKill
GresTypes=gpu
SlurmdParameters=config_overrides
NodeName=n[1-2] NodeHostname=$host NodeAddr=127.0.0.1 Port=[17001-17002] CPUs=4 Sockets=1 CoresPerSocket=4 ThreadsPerCore=1 RealMemory=8000 Gres=gpu:1 State=UNKNOWN
PartitionName=main Nodes=n[1-2] Default=YES MaxTime=INFINITE State=UP
CONF
    : > /etc/slurm/gres.conf
    for node in "${nodes[@]}"; do
        # A GPU must be a character device.
        [ -c "$state/gpu.$node" ] || mknod "$state/gpu.$node" c 1 3
        echo "NodeName=$node Name=gpu File=$state/gpu.$node" >> /etc/slurm/gres.conf
    done
}

runs() {
    [ -f "$state/run/$1.pid" ] && kill -0 "$(cat "$state/run/$1.pid")" 2> /dev/null
}

wait_for_nodes() {
    for _ in $(seq 60); do
        if [ "$(sinfo -h -N -t idle,mixed,allocated -o %N 2> /dev/null | wc -l)" = "${#nodes[@]}" ]; then
            return
        fi
        sleep 0.5
    done
    echo "slurm: the nodes do not come up; see $state/log" >&2
    tail -n 5 "$state"/log/*.log >&2
    exit 1
}

if [ -f /etc/slurm/slurm.conf ] && ! grep -q '^ClusterName=tok2cot$' /etc/slurm/slurm.conf; then
    echo "slurm: /etc/slurm/slurm.conf is another cluster's; this machine has one already" >&2
    exit 1
fi
mkdir -p "$state"/{run,log,state} /etc/slurm
start_munge
if ! runs slurmctld; then
    write_configuration
    slurmctld
fi
for node in "${nodes[@]}"; do
    runs "slurmd.$node" || slurmd -N "$node"
done
wait_for_nodes
sinfo -N -o '%N %T %c %m %G'
