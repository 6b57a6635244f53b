package io.dunlin.parallel.shard;

import io.dunlin.collectives.Communicator;
import io.dunlin.collectives.Work;
import io.dunlin.parallel.mesh.ShardPlan.Range;
import java.util.ArrayList;
import java.util.List;

/** Brings the new weights of a group of ranks to all of them: of each unit, each has a part. */
final class Refresh {
    private final Communicator communicator;
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
        this.communicator = communicator;
    }

    /** Adds the next unit; this rank's part is that of its number in the group. */
    void add(Passage memory, List<Long> lengthsBytes) {
        long before = lengthsBytes.subList(0, communicator.rank()).stream()
                .mapToLong(Long::longValue)
                .sum();
        pieces.add(new Piece(memory, new Range(before, lengthsBytes.get(communicator.rank())), lengthsBytes));
    }

    /** Exchanges all units; their weights are there for the work submitted from here on. */
    void run(long version) {
        if (communicator.size() == 1) {
            return;
        }
        started.clear();
        for (int unit = 0; unit < pieces.size(); unit++) {
            Piece piece = pieces.get(unit);
            Range own = piece.own;
            piece.memory.fetch(own.offset(), own.length());
            Work work = communicator
                    .label(unit, version)
                    .allGather(piece.memory.host(own.offset(), own.length()), piece.memory.host(), piece.lengthsBytes);
            if (piece.memory.direct()) {
                started.add(work);
            } else {
                work.await(); // the next unit passes through the same room
                piece.memory.store(0, piece.memory.host().byteSize());
            }
        }
        started.forEach(Work::await);
    }
}
