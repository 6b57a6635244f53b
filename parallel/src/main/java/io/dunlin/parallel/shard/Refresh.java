package io.dunlin.parallel.shard;

import io.dunlin.collectives.Communicator;
import io.dunlin.collectives.Work;
import io.dunlin.parallel.mesh.ShardPlan.Range;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Brings the new weights of a group of ranks to all of them: of each unit, each has a part. */
final class Refresh {
    private final Communicator communicator;
    private final @Nullable QuantizedGather quantized;
    private final List<Piece> pieces = new ArrayList<>(); // [unit]
    private final List<Work> started = new ArrayList<>();

    /**
     * What the group has of a unit.
     *
     * @param memory of all parts, one after the other
     * @param own bytes that this rank has updated
     */
    private record Piece(Passage memory, Range own, List<Long> lengthsBytes) {}

    Refresh(Communicator communicator) {
        this(communicator, null);
    }

    /** New weights that cross quantised: all ranks, the one that made them too, end with what the messages say. */
    Refresh(Communicator communicator, @Nullable QuantizedGather quantized) {
        this.communicator = communicator;
        this.quantized = quantized;
    }

    /** Who has new weights. */
    List<Integer> members() {
        return communicator.group().ranks();
    }

    /**
     * Adds the next unit; this rank's part is that of its number in the group.
     *
     * @param padding in this rank's part
     * @param messages of all units, if they cross quantised
     */
    void add(Passage memory, List<Long> lengthsBytes, Padding padding, TurnsMemory messages) {
        if (quantized != null) {
            quantized.add(lengthsBytes, padding, messages);
        }
        long before = lengthsBytes.subList(0, communicator.rank()).stream()
                .mapToLong(Long::longValue)
                .sum();
        pieces.add(new Piece(memory, new Range(before, lengthsBytes.get(communicator.rank())), lengthsBytes));
    }

    /**
     * Exchanges all units; their weights are there for the work submitted from here on.
     *
     * @return nanoseconds waited
     */
    long run(long version) {
        if (communicator.size() == 1) {
            return 0;
        }
        long waitedNs = 0;
        started.clear();
        for (int unit = 0; unit < pieces.size(); unit++) {
            Piece piece = pieces.get(unit);
            Range own = piece.own;
            piece.memory.fetch(own.offset(), own.length());
            Work work = start(unit, piece, version);
            if (piece.memory.direct() && quantized == null) {
                started.add(work);
            } else {
                waitedNs += work.await(); // the next unit passes through the same room, or is in the same messages
                piece.memory.store(0, piece.memory.host().byteSize());
            }
        }
        for (Work work : started) {
            waitedNs += work.await();
        }
        return waitedNs;
    }

    private Work start(int unit, Piece piece, long version) {
        MemorySegment part = piece.memory.host(piece.own.offset(), piece.own.length());
        return quantized != null
                ? quantized.start(unit, part, piece.memory.host(), version)
                : communicator.label(unit + 1, version).allGather(part, piece.memory.host(), piece.lengthsBytes);
    }
}
