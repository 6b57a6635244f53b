package io.dunlin.collectives.bench;

import static org.assertj.core.api.Assertions.assertThat;

import io.dunlin.collectives.Group;
import io.dunlin.collectives.ReduceOp;
import io.dunlin.collectives.algorithm.Call;
import io.dunlin.collectives.engine.OperationListener;
import io.dunlin.collectives.flight.FlightRecorder;
import io.dunlin.tensor.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.time.InstantSource;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What it costs to write down an operation of two frames, in the thread's own time.
 *
 * <p>Run it by name: {@code ./mvnw test -pl collectives -am -Dtest=FlightRecorderBenchmark
 * -Dsurefire.failIfNoSpecifiedTests=false}.
 */
class FlightRecorderBenchmark {
    private static final int OPERATIONS = 1_000_000;
    private static final int ROUNDS = 7;

    @Test
    void shouldPrintTheCost(@TempDir Path folder) {
        Call call = new Call();
        MemorySegment data = Arena.ofAuto().allocate(1024);
        call.allReduce(data, data, DType.F32, ReduceOp.SUM);
        try (FlightRecorder recorder = FlightRecorder.create(
                folder.resolve("flight"),
                new FlightRecorder.Identity(0, 2, 1, "host", 1),
                2048,
                System::nanoTime,
                InstantSource.system())) {
            OperationListener listener = recorder.follow(Group.world(2), 1, 1);
            long best = Long.MAX_VALUE;
            for (int round = 0; round < ROUNDS; round++) {
                best = Math.min(best, run(listener, call, (long) round * OPERATIONS));
            }
            System.out.printf("%d ns per operation%n", best / OPERATIONS);
            assertThat(best).isPositive();
        }
    }

    private static long run(OperationListener listener, Call call, long first) {
        long startNs = ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
        for (long number = first; number < first + OPERATIONS; number++) {
            listener.submitted(number);
            listener.entered(number, call, 1);
            listener.sent(number, 1, 1024);
            listener.starved(number, 1);
            listener.received(number, 1, 1024);
            listener.done(number);
            listener.awaited(number, 1);
        }
        return ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime() - startNs;
    }
}
