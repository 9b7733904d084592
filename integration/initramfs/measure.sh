# For `cargo xtask bench overhead`: how far the boot came, and what the kernel's services cost.

# The kernel's clock at this line, from its first instruction on: the time stamp of a message of our own.
echo "measure-init" >/dev/kmsg
say "boot $(dmesg | sed -n 's/^\[ *\([0-9.]*\)\] measure-init$/\1/p') s"
say "clocksource $(cat /sys/devices/system/clocksource/clocksource0/current_clocksource)"
/bin/measure
say "finished"
poweroff -f
