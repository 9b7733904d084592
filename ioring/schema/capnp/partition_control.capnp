# Partitions and their virtual processors, for those who may control them.
@0xf99c2d106d36e76e;

using ByteStream = import "byte_stream.capnp".ByteStream;

enum PartitionState @0x9f86d0cce15bd2f3 {
  # What a partition does. A state that a reader does not know is one in which it does not run.

  stopped @0;
  # It holds its memory and has not been started since it was made or stopped.
  running @1;
  # Its virtual processors may run.
  paused @2;
  # Its virtual processors keep their state and do not run.
  ended @3;
  # It turned itself off.
  crashed @4;
  # It ended by a fault; see `EndReason`.
}

enum EndReason @0xc3495b4769050574 {
  # Why a partition does not run any more.

  none @0;
  # It has not ended.
  poweredOff @1;
  # It turned itself off.
  reset @2;
  # It asked for a reset, and its configuration does not restart it.
  tripleFault @3;
  # A fault while handling a double fault.
  invalidState @4;
  # Its processor state cannot be run.
  stopped @5;
  # A holder of its control capability stopped it.
  internal @6;
  # The hypervisor could not go on with it.
}

enum RunEnd @0xdb10c8fa677b7c89 {
  # Why a virtual processor stopped running. One that a reader does not know means that it may be run again.

  budget @0;
  # The budget is used up.
  halted @1;
  # It waits for an interrupt, or for the instant in `wakeAt`.
  yielded @2;
  # It gave up the rest on its own.
  paused @3;
  # The partition was paused or stopped.
  ended @4;
  # The partition ended.
  cancelled @5;
  # The call was cancelled or its deadline passed.
}

struct VcpuConfig @0xe23c355f3aedc22c {
  # A virtual processor to be made.

  core @0 :UInt32;
  # The core on which it runs, counted from 0.
  budget @1 :UInt64;
  # Nanoseconds that it may run in each period; 0 if it runs only by `Vcpu.run`.
  period @2 :UInt64;
  # Nanoseconds of a period, at least `budget`; 0 if the budget is not bounded.
}

struct PartitionConfig @0x843b0aeb092bbca2 {
  # A partition to be made.

  name @0 :Text;
  # Its name: 1 to 32 bytes of `a` to `z`, `0` to `9` and `-`, not in use.
  memory @1 :UInt64;
  # Bytes of memory, a multiple of 2 MiB, at least 4 MiB.
  vcpus @2 :List(VcpuConfig);
  # Its virtual processors, 1 to 64.
  commandLine @3 :Text;
  # What its kernel is told, at most 2,047 bytes.
  restartOnReset @4 :Bool = true;
  # Whether a reset that it asks for starts it again.
  restartLimit @5 :UInt32;
  # How often it is restarted at most after a crash; 0 for never.
}

struct VcpuStatistics @0xe541c0eebd27d8e9 {
  # What a virtual processor has done since its partition was made.

  used @0 :UInt64;
  # Nanoseconds that it ran.
  exits @1 :UInt64;
  # How often it left the guest.
  hypervisor @2 :UInt64;
  # Nanoseconds that the hypervisor spent on those.
  preemptions @3 :UInt64;
  # How often its budget was used up.
  halts @4 :UInt64;
  # How often it waited for an interrupt.
}

struct PartitionStatus @0xff3b8ddb8a5f712f {
  # A partition as it was at one instant.

  name @0 :Text;
  # Its name.
  id @1 :UInt32;
  # Its number, which is used again only after the machine boots.
  state @2 :PartitionState;
  # What it does.
  end @3 :EndReason;
  # Why it does not run any more.
  starts @4 :UInt64;
  # How often it was started.
  memory @5 :UInt64;
  # Bytes of its memory.
  hypervisorMemory @6 :UInt64;
  # Bytes that the hypervisor needs for it.
  vcpus @7 :List(VcpuStatistics);
  # Its virtual processors, by index.
}

interface Vcpu @0xd74d1eb58f041134 {
  # The right to run one virtual processor. It may be handed on: a partition schedules its own children with it.

  run @0 (budget :UInt64) -> (used :UInt64, reason :RunEnd, wakeAt :UInt64);
  # Runs the virtual processor on the core of the caller, at most as long as the budget and the caller's own budget last. One run
  # at a time: a second one fails.
  # - `budget`: nanoseconds, at least 1.
  # - `used`: nanoseconds that it ran, which exceeds `budget` by no more than the timer's resolution.
  # - `reason`: why it stopped.
  # - `wakeAt`: when `reason` is `halted`, the instant at which its timer is due, in nanoseconds since the machine booted; 0 if it
  #   waits for an interrupt alone.

  statistics @1 () -> (statistics :VcpuStatistics);
  # Tells what the virtual processor has done.
  # - `statistics`: the numbers.
}

interface PartitionControl @0xa3367aa1a6779055 {
  # Control over one partition. Calls are done in order. Dropping the capability changes nothing about the partition.

  inspect @0 () -> (status :PartitionStatus);
  # Tells how the partition is.
  # - `status`: what it is and does.

  start @1 () -> ();
  # Starts a stopped, ended or crashed partition from its kernel's entry, with its memory cleared. Fails if it runs or is paused.

  stop @2 () -> ();
  # Stops the partition now; answers when none of its processors runs and nothing of it is left in a device. Its memory stays its own.

  restart @3 () -> ();
  # Stops and starts it.

  pause @4 () -> ();
  # Answers when none of its processors runs. Pausing one that does not run does nothing.

  resume @5 () -> ();
  # Lets a paused partition run on. Fails if it is not paused.

  awaitEnd @6 (starts :UInt64) -> (status :PartitionStatus);
  # Answers when the partition has stopped running for any other reason than a pause.
  # - `starts`: which life is meant, as in `PartitionStatus`; one that is over is answered at once. 0 for the present one.
  # - `status`: how it is then.

  vcpu @7 (index :UInt32) -> (vcpu :Vcpu);
  # Makes a capability to run one of its virtual processors. Fails unless its budget is 0.
  # - `index`: which, counted from 0.
  # - `vcpu`: the capability.

  destroy @8 () -> ();
  # Stops the partition and gives back all that it holds. Every later call fails.
}

interface PartitionManager @0xbc8699b35fb2f49a {
  # The right to make partitions out of the holder's memory and cores.

  create @0 (config :PartitionConfig, kernel :ByteStream) -> (partition :PartitionControl);
  # Makes a partition, stopped. What it needs is drawn from the holder's account, wholly or not at all.
  # - `config`: what it is to be.
  # - `kernel`: its kernel as a file, read to its end.
  # - `partition`: control over it.

  list @1 (after :Text, most :UInt32) -> (partitions :List(PartitionStatus), more :Bool);
  # Lists the partitions that were made through this capability, in the order of their names.
  # - `after`: only names behind this one; empty to start with the first.
  # - `most`: how many at most; fewer may be given, and what fits the buffer is.
  # - `partitions`: how they are.
  # - `more`: whether there are others behind the last one here.

  find @2 (name :Text) -> (partition :PartitionControl);
  # Gives control over a partition that was made through this capability.
  # - `name`: which.
  # - `partition`: control over it; none if there is no such partition.
}
