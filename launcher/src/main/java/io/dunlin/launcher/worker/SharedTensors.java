package io.dunlin.launcher.worker;

import io.dunlin.collectives.transport.SharedMemory;
import io.dunlin.device.cpu.MemorySource;
import io.dunlin.launcher.report.Readable;
import io.dunlin.launcher.report.Report;
import java.lang.foreign.MemorySegment;
import java.util.Set;

/**
 * Gradients and sharded weights where the ranks of this host read them in place, if there is room for those of all of
 * them; else they are copied for each exchange, and a notice says so.
 *
 * <p>Room is looked at before any rank has taken some, so that all ranks of a host see the same.
 */
final class SharedTensors implements MemorySource {
    private static final Set<String> EXCHANGED = Set.of(
            "gradients", "gradients received", "sharded weights", "weights in use"); // see the parts that exchange
    private static final long SPARE_BYTES = 64L << 20;

    private final SharedMemory memory;
    private final long ranksHere;
    private final AgentLink link;
    private long leftBytes; // for all ranks of this host

    private SharedTensors(SharedMemory memory, long ranksHere, AgentLink link) {
        this.memory = memory;
        this.ranksHere = ranksHere;
        this.link = link;
        this.leftBytes = memory.usableBytes() - SPARE_BYTES;
    }

    /** Looks at the room; to be made before the agent lets any rank go on. */
    static MemorySource of(SharedMemory memory, long ranksHere, AgentLink link) {
        return ranksHere == 1 ? MemorySource.NONE : new SharedTensors(memory, ranksHere, link);
    }

    @Override
    public MemorySegment offer(String purpose, long lengthBytes) {
        if (!EXCHANGED.contains(purpose)) {
            return MemorySegment.NULL;
        }
        long neededBytes = lengthBytes * ranksHere;
        if (neededBytes > leftBytes) {
            link.report(new Report.Notice(
                    Report.Level.WARNING,
                    "",
                    "%s of %d ranks (%s) do not fit in shared memory (%s left): they are copied for each exchange; docker --shm-size, or launch.aeron_dir on a larger tmpfs"
                            .formatted(
                                    purpose,
                                    ranksHere,
                                    Readable.memory(neededBytes),
                                    Readable.memory(Math.max(0, leftBytes)))));
            return MemorySegment.NULL;
        }
        leftBytes -= neededBytes;
        return memory.allocate(lengthBytes);
    }
}
