# For `cargo xtask run`: shows what this Linux is, and gives a shell to whoever is there.

say "init reached, Linux $(uname -r), $(nproc) processors, $(awk '/^MemTotal/ { print int($2 / 1024) }' /proc/meminfo) MiB"
say "hash $(sha256sum /data/sample | cut -d ' ' -f 1)"
say "interrupts cpu0 $(timer_interrupts 0) cpu1 $(timer_interrupts 1)"
echo "Press Enter for a shell. Without one, this Linux switches itself off in 20 seconds."
if read -r -t 20 _; then
    echo "A shell of busybox; \`poweroff -f\` ends this Linux."
    setsid sh -c 'exec sh </dev/ttyS0 >/dev/ttyS0 2>&1'
fi
say "finished"
poweroff -f
