#!/bin/bash
# N "hosts" on this machine: network namespaces on one bridge, each of which may send no faster than RATE. They go when
# this script ends, however it ends.
#
#   hosts.sh N                 makes them and waits for a signal
#   hosts.sh N COMMAND...      runs COMMAND with them; its exit code is this script's
#
# COMMAND finds in its environment: HOSTS (N), HOSTS_SPACE (a host's namespace is $HOSTS_SPACE followed by 0, 1, ...),
# HOSTS_NET (addresses are ${HOSTS_NET}1, ${HOSTS_NET}2, ...). Inside a host the interface is eth0.
# Settings: RATE=200mbit (none: as fast as it goes), MTU=1500, BURST=256kb, LATENCY=50ms. Needs root.
set -u
N=${1:?usage: hosts.sh N [COMMAND...]}; shift
RATE=${RATE:-200mbit} MTU=${MTU:-1500} BURST=${BURST:-256kb} LATENCY=${LATENCY:-50ms}
export HOSTS=$N HOSTS_SPACE=fs$$h HOSTS_NET=10.77.0.
BRIDGE=fs$$b
child=

down() {
    trap - EXIT
    for i in $(seq 0 $((N - 1))); do ip netns del $HOSTS_SPACE$i; ip link del fs$$v$i; done 2>/dev/null
    ip link del $BRIDGE 2>/dev/null
}
stop() {
    [ -z "$child" ] || { kill -TERM "$child" 2>/dev/null; wait "$child"; }
    exit 143
}
trap down EXIT
trap stop INT TERM HUP

set -e
ip link add $BRIDGE mtu $MTU type bridge
ip link set $BRIDGE up
for i in $(seq 0 $((N - 1))); do
    ip netns add $HOSTS_SPACE$i
    ip link add fs$$v$i mtu $MTU type veth peer name eth0 mtu $MTU netns $HOSTS_SPACE$i
    ip link set fs$$v$i master $BRIDGE up
    ip -n $HOSTS_SPACE$i link set lo up
    ip -n $HOSTS_SPACE$i addr add $HOSTS_NET$((i + 1))/24 dev eth0
    ip -n $HOSTS_SPACE$i link set eth0 up
    [ $RATE = none ] || tc -n $HOSTS_SPACE$i qdisc add dev eth0 root tbf rate $RATE burst $BURST latency $LATENCY
done
set +e

if [ $# -eq 0 ]; then
    echo "hosts: $HOSTS_SPACE{0..$((N - 1))}, $RATE; end with Ctrl-C or kill $$"
    sleep infinity & child=$!
else
    "$@" & child=$!
fi
wait $child
