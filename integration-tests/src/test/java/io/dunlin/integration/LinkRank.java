package io.dunlin.integration;

import io.dunlin.collectives.Communicator;
import io.dunlin.collectives.Group;
import io.dunlin.collectives.Priority;
import io.dunlin.collectives.ReduceOp;
import io.dunlin.collectives.Topology;
import io.dunlin.collectives.engine.RankCommunicators;
import io.dunlin.collectives.transport.AeronProfile;
import io.dunlin.collectives.transport.MediaDriverHost;
import io.dunlin.collectives.transport.MediaDriverSettings;
import io.dunlin.collectives.transport.RankAddress;
import io.dunlin.tensor.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.awaitility.Awaitility;

/**
 * One rank that adds numbers with others on other hosts, in a process of its own. The first rank of a host runs its media
 * driver. Rank 0 prints the median seconds of an all-reduce; every rank ends with 1 if a sum is wrong.
 */
final class LinkRank {
    private LinkRank() {}

    /**
     * Adds.
     *
     * @param arguments folder of the host's driver, rank, {@code host@address:port} of each rank joined by commas, bytes,
     *     how often
     */
    public static void main(String[] arguments) {
        Path directory = Path.of(arguments[0]);
        int rank = Integer.parseInt(arguments[1]);
        List<RankAddress> addresses = Arrays.stream(arguments[2].split(","))
                .map(one -> one.split("@"))
                .map(parts -> new RankAddress(parts[0], parts[1]))
                .toList();
        String host = addresses.get(rank).host();
        List<RankAddress> here =
                addresses.stream().filter(one -> one.host().equals(host)).toList();
        boolean first = addresses.indexOf(here.getFirst()) == rank;
        if (first) {
            try (MediaDriverHost _ = MediaDriverHost.start(
                    new MediaDriverSettings(directory, here.size(), addresses.size(), AeronProfile.STANDARD))) {
                add(directory, rank, addresses, arguments);
            }
        } else {
            Awaitility.await().atMost(DunlinProcess.PATIENCE).until(() -> Files.exists(directory.resolve("cnc.dat")));
            add(directory, rank, addresses, arguments);
        }
    }

    private static void add(Path directory, int rank, List<RankAddress> addresses, String[] arguments) {
        RankCommunicators.World world = new RankCommunicators.World(
                "links", 1, rank, addresses.size(), DunlinProcess.PATIENCE, DunlinProcess.PATIENCE);
        try (RankCommunicators mine = RankCommunicators.overAeron(world, directory, addresses, AeronProfile.STANDARD);
                Communicator communicator = mine.open(Group.world(addresses.size()), Priority.GRADIENTS)) {
            measure(communicator, Long.parseLong(arguments[3]), Integer.parseInt(arguments[4]));
            System.out.println("sent " + communicator.sentBytes(Topology.Scale.CLUSTER));
        }
    }

    private static void measure(Communicator communicator, long bytes, int times) {
        int ranks = communicator.size();
        double[] seconds = new double[times];
        try (Arena arena = Arena.ofShared()) {
            MemorySegment data = arena.allocate(bytes, 64);
            for (int i = 0; i < times; i++) {
                fill(data, communicator.rank());
                communicator.barrier().await();
                long startNs = System.nanoTime();
                communicator.allReduce(data, DType.F32, ReduceOp.SUM).await();
                seconds[i] = (System.nanoTime() - startNs) / 1e9;
                check(data, ranks);
            }
            // Nobody leaves before all have arrived.
            communicator.barrier().await();
        }
        if (communicator.rank() == 0) {
            double[] sorted = seconds.clone();
            Arrays.sort(sorted);
            System.out.println("seconds " + sorted[times / 2] + " of " + Arrays.toString(seconds));
        }
    }

    /** Small whole numbers: their sums are exact in any order. */
    private static void fill(MemorySegment data, int rank) {
        long elements = data.byteSize() / Float.BYTES;
        for (long i = 0; i < elements; i++) {
            data.setAtIndex(ValueLayout.JAVA_FLOAT, i, (i * 31 + rank * 7L) % 1021);
        }
    }

    private static void check(MemorySegment data, int ranks) {
        long elements = data.byteSize() / Float.BYTES;
        for (long i = 0; i < elements; i++) {
            float sum = 0;
            for (int rank = 0; rank < ranks; rank++) {
                sum += (i * 31 + rank * 7L) % 1021;
            }
            if (data.getAtIndex(ValueLayout.JAVA_FLOAT, i) != sum) {
                System.err.printf("element %d is %f, not %f%n", i, data.getAtIndex(ValueLayout.JAVA_FLOAT, i), sum);
                Runtime.getRuntime().halt(1);
            }
        }
    }
}
