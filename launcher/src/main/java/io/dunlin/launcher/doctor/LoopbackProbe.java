package io.dunlin.launcher.doctor;

import io.dunlin.collectives.Communicator;
import io.dunlin.collectives.Group;
import io.dunlin.collectives.ReduceOp;
import io.dunlin.collectives.engine.AeronCommunicators;
import io.dunlin.collectives.engine.CommunicatorSettings;
import io.dunlin.collectives.transport.MediaDriverHost;
import io.dunlin.collectives.transport.MediaDriverSettings;
import io.dunlin.error.DunlinException;
import io.dunlin.launcher.place.SharedFolder;
import io.dunlin.tensor.DType;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;

/** Two members in one process add numbers through a media driver, the way ranks do. */
final class LoopbackProbe {
    private static final int SMALL_BYTES = 16;
    private static final int LARGE_BYTES = 4 << 20;
    private static final int WARM_UP = 20;
    private static final int ROUNDS = 100;
    private static final int LARGE_ROUNDS = 10;
    private static final Duration LIMIT = Duration.ofSeconds(10);

    private LoopbackProbe() {}

    /**
     * What was measured.
     *
     * @param problem empty if it works
     * @param remedy for the problem
     * @param smallUs microseconds of an all-reduce of 16 bytes, the median
     * @param largeBytesPerSecond of an all-reduce of 4 MiB, its bytes by its time
     */
    record Facts(String problem, String remedy, double smallUs, double largeBytesPerSecond) {}

    static Facts measure(Path parent) throws IOException, InterruptedException, ExecutionException {
        String run = "doctor-" + ProcessHandle.current().pid();
        try (SharedFolder folder = SharedFolder.create(parent, run);
                MediaDriverHost driver = MediaDriverHost.start(MediaDriverSettings.onOneHost(folder.aeronDir(), 2))) {
            CompletableFuture<Facts> other = CompletableFuture.supplyAsync(() -> member(1, run, driver.directory()));
            Facts facts = member(0, run, driver.directory());
            other.get();
            return facts;
        } catch (DunlinException e) {
            return new Facts(e.code() + "  " + e.getMessage(), e.remedy(), 0, 0);
        }
    }

    private static Facts member(int rank, String run, Path directory) {
        CommunicatorSettings settings = new CommunicatorSettings(run, 1, Group.world(2), rank, LIMIT, LIMIT);
        try (Communicator communicator = AeronCommunicators.onOneHost(settings, directory);
                Arena arena = Arena.ofConfined()) {
            MemorySegment large = arena.allocate(LARGE_BYTES, 64);
            MemorySegment small = large.asSlice(0, SMALL_BYTES);
            time(communicator, small, WARM_UP);
            long smallNs = time(communicator, small, ROUNDS);
            time(communicator, large, 2);
            long largeNs = time(communicator, large, LARGE_ROUNDS);
            large.fill((byte) 0);
            large.setAtIndex(ValueLayout.JAVA_FLOAT, 0, rank + 1);
            communicator.allReduce(large, DType.F32, ReduceOp.SUM).await();
            boolean right = large.getAtIndex(ValueLayout.JAVA_FLOAT, 0) == 1 + 2;
            return new Facts(
                    right ? "" : "the sum of 1 and 2 was " + large.getAtIndex(ValueLayout.JAVA_FLOAT, 0),
                    right ? "" : "please report this: it is a bug in dunlin",
                    smallNs / 1e3,
                    LARGE_BYTES * 1e9 / largeNs);
        }
    }

    /** The median time of an all-reduce. */
    private static long time(Communicator communicator, MemorySegment data, int rounds) {
        long[] times = new long[rounds];
        for (int i = 0; i < rounds; i++) {
            long beginNs = System.nanoTime();
            communicator.allReduce(data, DType.F32, ReduceOp.SUM).await();
            times[i] = System.nanoTime() - beginNs;
        }
        Arrays.sort(times);
        return times[rounds / 2];
    }
}
