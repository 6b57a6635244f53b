package io.dunlin.collectives.bench;

import static org.assertj.core.api.Assertions.assertThat;

import io.dunlin.collectives.Communicator;
import io.dunlin.collectives.ReduceOp;
import io.dunlin.collectives.Work;
import io.dunlin.collectives.algorithm.AlgorithmTable;
import io.dunlin.collectives.algorithm.Tuning;
import io.dunlin.collectives.algorithm.Way;
import io.dunlin.collectives.engine.AeronCommunicators;
import io.dunlin.collectives.engine.ChildJvm;
import io.dunlin.collectives.engine.CommunicatorSettings;
import io.dunlin.collectives.transport.AeronDirectory;
import io.dunlin.collectives.transport.AeronProfile;
import io.dunlin.collectives.transport.AeronSettings;
import io.dunlin.collectives.transport.MediaDriverHost;
import io.dunlin.collectives.transport.MediaDriverSettings;
import io.dunlin.collectives.transport.RankAddress;
import io.dunlin.collectives.wire.OperationKind;
import io.dunlin.tensor.DType;
import io.dunlin.train.SummationTree;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * All-reduce of F32 between processes of this host, 1 KiB to 64 MiB, in the columns of nccl-tests: bytes, microseconds
 * (median), algbw = bytes / time, busbw = algbw * 2(p-1)/p, both in GB/s.
 *
 * <p>Run it by name: {@code ./mvnw test -pl collectives -am -Dtest=AllReduceBenchmark
 * -Dsurefire.failIfNoSpecifiedTests=false -Dbench.ranks=2 -Dbench.algorithm=ring,doubling}: one way after the other;
 * {@code chosen} is the standard choice.
 */
class AllReduceBenchmark {
    private static final long LARGEST_BYTES = 64L << 20;
    private static final double SECONDS_PER_SIZE = 0.7;
    private static final String CHOSEN = "chosen";

    @Test
    void shouldPrintTheTable() throws IOException, InterruptedException {
        int ranks = Integer.getInteger("bench.ranks", 2);
        for (String algorithm : System.getProperty("bench.algorithm", CHOSEN).split(",")) {
            run(ranks, algorithm);
        }
    }

    private static void run(int ranks, String algorithm) throws IOException, InterruptedException {
        int termBytes = Integer.getInteger("bench.term", AeronProfile.STANDARD.termBytes());
        Path directory =
                AeronDirectory.standard("bench-" + ProcessHandle.current().pid());
        AeronProfile profile = AeronProfile.STANDARD.withTermBytes(termBytes);
        try (MediaDriverHost driver =
                MediaDriverHost.start(new MediaDriverSettings(directory, ranks, ranks, profile))) {
            List<Process> processes = new ArrayList<>();
            for (int rank = 0; rank < ranks; rank++) {
                processes.add(ChildJvm.start(
                        Rank.class,
                        List.of(
                                driver.directory().toString(),
                                String.valueOf(rank),
                                String.valueOf(ranks),
                                algorithm,
                                String.valueOf(termBytes))));
            }
            for (Process process : processes) {
                process.inputReader().lines().forEach(System.out::println);
                assertThat(process.waitFor()).isZero();
            }
        }
    }

    /** One process; rank 0 prints. */
    static final class Rank {
        public static void main(String[] arguments) {
            Path directory = Path.of(arguments[0]);
            int rank = Integer.parseInt(arguments[1]);
            int ranks = Integer.parseInt(arguments[2]);
            boolean tree = arguments[3].equals("tree");
            CommunicatorSettings settings =
                    CommunicatorSettings.of(rank, ranks).withTuning(tuning(ranks, arguments[3]));
            AeronProfile profile = AeronProfile.STANDARD.withTermBytes(Integer.parseInt(arguments[4]));
            AeronSettings aeron = new AeronSettings(directory, 1, rank, RankAddress.sameHost(ranks), profile);
            try (Communicator communicator = AeronCommunicators.connect(settings, aeron);
                    Arena arena = Arena.ofShared()) {
                MemorySegment data = arena.allocate(LARGEST_BYTES, 64);
                if (rank == 0) {
                    System.out.printf("%d processes, %s, Aeron IPC%n", ranks, arguments[3]);
                    System.out.printf("%12s %8s %12s %10s %10s%n", "bytes", "count", "us", "algbw", "busbw");
                }
                measure(communicator, data.asSlice(0, 1 << 16), tree, 2000);
                for (long bytes = 1024; bytes <= LARGEST_BYTES; bytes *= 4) {
                    MemorySegment part = data.asSlice(0, bytes);
                    double warm = measure(communicator, part, tree, (int) Math.max(3, (8 << 20) / bytes));
                    double count = Math.clamp(SECONDS_PER_SIZE / warm, 5, 5000);
                    double seconds = measure(communicator, part, tree, agreed(communicator, data, count));
                    if (rank == 0) {
                        double algbw = bytes / seconds / 1e9;
                        System.out.printf(
                                "%12d %8.0f %12.1f %10.3f %10.3f%n",
                                bytes, count, seconds * 1e6, algbw, algbw * 2 * (ranks - 1) / ranks);
                    }
                }
            }
        }

        private static Tuning tuning(int ranks, String algorithm) {
            Tuning standard = Tuning.standard(ranks);
            return algorithm.equals(CHOSEN) || algorithm.equals("tree")
                    ? standard
                    : standard.withTable(AlgorithmTable.forced(
                            OperationKind.ALL_REDUCE,
                            ranks,
                            Way.labelled(algorithm).orElseThrow()));
        }

        /** Everybody does what rank 0 measured. */
        private static int agreed(Communicator communicator, MemorySegment data, double count) {
            MemorySegment number = data.asSlice(0, 8);
            number.set(ValueLayout.JAVA_DOUBLE, 0, count);
            communicator.broadcast(number, 0).await();
            return (int) number.get(ValueLayout.JAVA_DOUBLE, 0);
        }

        /** Median seconds of one operation. */
        private static double measure(Communicator communicator, MemorySegment data, boolean tree, int count) {
            data.fill((byte) 0);
            int ranks = communicator.size();
            int rank = communicator.rank();
            List<SummationTree.Block> blocks = SummationTree.blocks(rank, rank + 1, ranks);
            double[] seconds = new double[count];
            for (int i = 0; i < count; i++) {
                long startNs = System.nanoTime();
                Work work = tree
                        ? communicator.allReduceTree(blocks, List.of(data), ranks, data)
                        : communicator.allReduce(data, DType.F32, ReduceOp.SUM);
                work.await();
                seconds[i] = (System.nanoTime() - startNs) / 1e9;
            }
            Arrays.sort(seconds);
            return seconds[count / 2];
        }
    }
}
