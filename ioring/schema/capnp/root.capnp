# The root ring: what the hypervisor tells each partition, and hands to it.
@0x9e187d71f5762cdf;

using VcpuStatistics = import "partition_control.capnp".VcpuStatistics;

struct WindowInfo @0xe824e2be41ace040 {
  # A ring window between this partition and a peer.

  index @0 :UInt32;
  # Its number in this partition, counted from 0; the root ring has none.
  name @1 :Text;
  # What the manifest calls it.
  peer @2 :Text;
  # Name of the partition at the other end.
  address @3 :UInt64;
  # Guest-physical address at which it starts, a multiple of 4 KiB.
  size @4 :UInt64;
  # Its bytes, a multiple of 4 KiB.
  lanes @5 :UInt16;
  # Its lanes, at least 1.
  peerReady @6 :Bool;
  # Whether the other end has it mapped and has not broken it.
}

struct ExitCount @0x9abff5f6209ca631 {
  # How often a partition left the guest for one reason.

  reason @0 :UInt32;
  # The processor's number for it: a basic exit reason (SDM, appendix C), or an exit code (APM, volume 2, appendix C).
  name @1 :Text;
  # What the manual calls it.
  count @2 :UInt64;
  # How often.
  cycles @3 :UInt64;
  # TSC cycles that the hypervisor spent on them.
}

interface Root @0xe22b9260e364071f {
  # What a partition can ask the hypervisor about itself, and where it gets the capabilities that its manifest grants.

  identity @0 () -> (name :Text, id :UInt32, starts :UInt64, memory :UInt64, vcpus :UInt32, version :UInt32);
  # Tells who the caller is.
  # - `name`: the partition's name.
  # - `id`: its number, which is used again only after the machine boots.
  # - `starts`: which life of the partition this is; the first is 1.
  # - `memory`: bytes of its memory.
  # - `vcpus`: number of its virtual processors.
  # - `version`: number of the schema release that the hypervisor serves, at least 1.

  windows @1 () -> (windows :List(WindowInfo));
  # Lists the ring windows of the partition.
  # - `windows`: all of them, by index.

  time @2 () -> (instant :UInt64, wall :Int64, counter :UInt64, frequency :UInt64);
  # Tells the time, and what the guest's time-stamp counter has to do with it.
  # - `instant`: nanoseconds since the machine booted.
  # - `wall`: nanoseconds since 1970-01-01T00:00:00 UTC without leap seconds; 0 if the machine does not know.
  # - `counter`: what the guest's TSC read at `instant`.
  # - `frequency`: ticks a second of that counter, in hertz, at least 1.

  statistics @3 () -> (vcpus :List(VcpuStatistics), exits :List(ExitCount), doorbellsSent :UInt64, doorbellsReceived :UInt64);
  # Tells what the partition has done since it was made.
  # - `vcpus`: its virtual processors, by index.
  # - `exits`: its exits by reason, those that have occurred.
  # - `doorbellsSent`: doorbells that it rang.
  # - `doorbellsReceived`: doorbells that were rung for it.

  granted @4 (name :Text) -> (capability :Capability, interface :UInt64);
  # Gives a capability that the manifest grants to the partition; each time the same object.
  # - `name`: what the manifest calls it.
  # - `capability`: the capability; none if there is no such grant.
  # - `interface`: Cap'n Proto id of its interface; 0 if there is none.

  grants @5 () -> (names :List(Text));
  # Lists what `granted` would give.
  # - `names`: the names, in the order of the manifest.
}
