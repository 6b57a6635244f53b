package io.dunlin.collectives.engine;

import io.dunlin.collectives.CollectiveException;
import io.dunlin.collectives.Communicator;
import io.dunlin.collectives.ReduceOp;
import io.dunlin.collectives.transport.AeronDirectory;
import io.dunlin.tensor.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.time.Duration;

/** A rank process of {@link RankProcessTest}: reduces until something goes wrong, says what, and cleans up. */
final class ChildRank {
    private ChildRank() {}

    public static void main(String[] arguments) {
        Path directory = Path.of(arguments[0]);
        int rank = Integer.parseInt(arguments[1]);
        int ranks = Integer.parseInt(arguments[2]);
        int generation = Integer.parseInt(arguments[3]);
        CommunicatorSettings settings = CommunicatorSettings.of(rank, ranks)
                .withGeneration(generation)
                .withTimeouts(Duration.ofSeconds(20), Duration.ofSeconds(20));
        try (Communicator communicator = AeronCommunicators.onOneHost(settings, directory)) {
            MemorySegment data = Arena.ofAuto().allocate(1 << 20, 64);
            for (int step = 0; ; step++) {
                communicator.allReduce(data, DType.F32, ReduceOp.SUM).await();
                if (step == 20) {
                    System.out.println("ready");
                }
            }
        } catch (CollectiveException e) {
            System.out.println(e.code() + " " + e.culprits() + " " + e.getMessage());
        }
        System.out.println("deleted " + AeronDirectory.deleteIfOrphaned(directory));
    }
}
