#!/bin/sh
# The beginning of every /init here: file systems, and words for what the judges look for.
export PATH=/bin
mount -t devtmpfs none /dev
mount -t proc none /proc
mount -t sysfs none /sys
# Kernel messages of informational levels would be mixed into our lines.
echo 4 >/proc/sys/kernel/printk

say() { echo "workload: $*"; }
# check NAME COMMAND...: one line about whether the command holds.
check() {
    name=$1
    shift
    if "$@"; then say "$name ok"; else say "$name FAILED"; fi
}
# The sum of the local timer's interrupts on processor $1.
timer_interrupts() { awk -v cpu="$1" '$1 == "LOC:" { print $(cpu + 2) }' /proc/interrupts; }
