package io.dunlin.collectives.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.dunlin.collectives.ReduceOp;
import io.dunlin.collectives.Work;
import io.dunlin.tensor.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Sends and receives between pairs, on whatever transport. */
abstract class MessagesContract extends OperationsContract {
    private static final int[] LENGTHS = {0, 1, 31, 1000, 40_000, 700_001};

    /** Everybody sends to its successor and to its predecessor, all at once, then asks for what comes in another order. */
    @ParameterizedTest
    @MethodSource("sizes")
    void shouldDeliverMessagesInOrderBesideCollectives(int size) {
        if (size == 1) {
            return; // nobody to talk to
        }
        Ranks.run(world(size), communicator -> {
            try (Arena arena = Arena.ofShared()) {
                int rank = communicator.rank();
                int next = (rank + 1) % size;
                int previous = (rank + size - 1) % size;
                List<Work> works = new ArrayList<>();
                for (int length : LENGTHS) {
                    works.add(communicator.send(filled(arena, length, rank), next));
                }
                MemorySegment sum = arena.allocate(4, 4);
                sum.set(ValueLayout.JAVA_FLOAT, 0, 1);
                for (int i = 0; i < 6; i++) { // more than may be under way: messages must not wait behind them
                    works.add(communicator.allReduce(arena.allocate(100_000, 64), DType.F32, ReduceOp.SUM));
                }
                works.add(communicator.allReduce(sum, DType.F32, ReduceOp.SUM));
                List<MemorySegment> received = new ArrayList<>();
                for (int length : LENGTHS) {
                    MemorySegment data = arena.allocate(length);
                    received.add(data);
                    works.add(communicator.receive(data, previous));
                }
                works.forEach(Work::await);
                for (MemorySegment data : received) {
                    assertThat(data.mismatch(filled(arena, data.byteSize(), previous)))
                            .isEqualTo(-1);
                }
                assertThat(sum.get(ValueLayout.JAVA_FLOAT, 0)).isEqualTo(size);
                communicator.barrier().await();
            }
            return true;
        });
    }

    private static MemorySegment filled(Arena arena, long length, int rank) {
        MemorySegment data = arena.allocate(length);
        for (long i = 0; i < length; i++) {
            data.set(ValueLayout.JAVA_BYTE, i, CollectivesContract.mark(rank, i));
        }
        return data;
    }
}
