# A day's work of a small Linux: processes, pipes, a hash, sleep, interrupts; then it switches itself off.

say "init reached, Linux $(uname -r)"
say "cpus $(nproc) online $(cat /sys/devices/system/cpu/online)"
say "memory $(awk '/^MemTotal/ { print $2 }' /proc/meminfo) KiB"

before0=$(timer_interrupts 0)
before1=$(timer_interrupts 1)

# Several processes at once, each with its own exit code.
spin() {
    n=0
    while [ $n -lt 300 ]; do n=$((n + 1)); done
    return "$1"
}
processes() {
    pids=
    for code in 1 2 3 4 5 6; do
        spin $code &
        pids="$pids $!"
    done
    want=1
    for pid in $pids; do
        wait "$pid"
        [ $? = $want ] || return 1
        want=$((want + 1))
    done
}
check processes processes

pipes() { [ "$(seq 1 300 | sort -rn | sed 's/^/n/' | tr n m | head -n 1)" = m300 ]; }
check pipes pipes

say "hash $(sha256sum /data/sample | cut -d ' ' -f 1)"

# Work for every processor, so that each takes timer interrupts.
for cpu in $(seq 0 $(($(nproc) - 1))); do
    taskset "$((1 << cpu))" sh -c 'n=0; while [ $n -lt 6000 ]; do n=$((n + 1)); done' &
done
wait

# From one tick of the real-time clock to another, with a sleep between: what the kernel's clock says of that time.
rtc=/sys/class/rtc/rtc0/since_epoch
edge() {
    first=$(cat $rtc)
    while [ "$(cat $rtc)" = "$first" ]; do usleep 5000; done
}
uptime_ms() { awk '{ printf "%d", $1 * 1000 + 0.5 }' /proc/uptime; }
edge
rtc_start=$(cat $rtc)
start=$(uptime_ms)
sleep 2
edge
say "slept by rtc $((($(cat $rtc) - rtc_start) * 1000)) ms by clock $(($(uptime_ms) - start)) ms"
say "clocksource $(cat /sys/devices/system/clocksource/clocksource0/current_clocksource)"

say "interrupts cpu0 $before0 to $(timer_interrupts 0) cpu1 $before1 to $(timer_interrupts 1)"
say "finished"
poweroff -f
