# For `cargo xtask bench exits`: the guest that measures exits, under this Linux' own KVM.

for module in irqbypass kvm kvm-intel; do
    insmod "/data/$module.ko" || say "$module.ko FAILED"
done
/bin/kvm-host /data/guest bench=exits
say "verdict $?"
poweroff -f
