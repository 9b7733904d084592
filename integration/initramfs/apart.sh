# One of two Linuxes that must not see each other: fills much of its memory with its own mark and looks whether it stays.

mark=$(sed 's/.*mark=\([a-z]*\).*/\1/' /proc/cmdline)
say "init reached as $mark"
say "memory $(awk '/^MemTotal/ { print $2 }' /proc/meminfo) KiB"
say "clock $(if [ -e /sys/class/rtc/rtc0 ]; then echo yes; else echo no; fi)"

mount -t tmpfs -o size=64m none /tmp
yes "this belongs to $mark" | head -c 2097152 >/tmp/fill
before=$(sha256sum </tmp/fill)
# The other one fills its memory in the meantime.
sleep 8
check unchanged test "$(sha256sum </tmp/fill)" = "$before"
check devices test "$(ls /sys/bus/pci/devices 2>/dev/null | wc -l)" = 0
say "finished"
poweroff -f
