package io.dunlin.collectives.engine;

import io.dunlin.collectives.CollectiveException;
import io.dunlin.collectives.Communicator;
import io.dunlin.collectives.Priority;
import io.dunlin.collectives.ReduceOp;
import io.dunlin.collectives.transport.AeronDirectory;
import io.dunlin.collectives.transport.AeronProfile;
import io.dunlin.collectives.transport.AeronSettings;
import io.dunlin.collectives.transport.MediaDriverHost;
import io.dunlin.collectives.transport.MediaDriverSettings;
import io.dunlin.collectives.transport.RankAddress;
import io.dunlin.tensor.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * A rank process of {@link RankProcessTest}: reduces until something goes wrong, says what, and cleans up. Arguments: folder,
 * rank, ranks, generation, then {@code ipc}, {@code shared}, or the UDP ports of all ranks, which play hosts of
 * their own with a driver inside each process.
 */
final class ChildRank {
    private static final Duration LIMIT = Duration.ofSeconds(60);

    private ChildRank() {}

    public static void main(String[] arguments) {
        Path directory = Path.of(arguments[0]);
        int rank = Integer.parseInt(arguments[1]);
        int ranks = Integer.parseInt(arguments[2]);
        int generation = Integer.parseInt(arguments[3]);
        CommunicatorSettings settings =
                CommunicatorSettings.of(rank, ranks).withGeneration(generation).withTimeouts(LIMIT, LIMIT);
        switch (arguments[4]) {
            case "ipc" -> {
                try (Communicator communicator = AeronCommunicators.onOneHost(settings, directory)) {
                    reduce(communicator, Arena.ofAuto().allocate(1 << 20, 64));
                }
            }
            case "shared" -> shared(directory, settings);
            default -> overUdp(directory.resolveSibling(directory.getFileName() + "-" + rank), settings, arguments[4]);
        }
        System.out.println("deleted " + AeronDirectory.deleteIfOrphaned(directory));
    }

    private static void shared(Path directory, CommunicatorSettings settings) {
        RankCommunicators.World world = new RankCommunicators.World(
                settings.run(),
                settings.generation(),
                settings.rank(),
                settings.group().size(),
                LIMIT,
                LIMIT);
        try (RankCommunicators mine = RankCommunicators.overAeron(
                world, directory, RankAddress.sameHost(settings.group().size()), AeronProfile.STANDARD)) {
            reduce(
                    mine.open(settings.group(), Priority.GRADIENTS),
                    mine.memory().allocate(1 << 20));
        }
    }

    private static void overUdp(Path directory, CommunicatorSettings settings, String ports) {
        List<RankAddress> addresses = new ArrayList<>();
        for (String port : ports.split(",")) {
            addresses.add(new RankAddress("host-" + addresses.size(), "127.0.0.1:" + port));
        }
        try (MediaDriverHost driver = MediaDriverHost.start(
                        new MediaDriverSettings(directory, 1, addresses.size(), AeronProfile.STANDARD));
                Communicator communicator = AeronCommunicators.connect(
                        settings,
                        new AeronSettings(
                                driver.directory(),
                                settings.generation(),
                                settings.rank(),
                                addresses,
                                AeronProfile.STANDARD))) {
            reduce(communicator, Arena.ofAuto().allocate(1 << 20, 64));
        }
    }

    private static void reduce(Communicator communicator, MemorySegment data) {
        try {
            for (int step = 0; ; step++) {
                communicator.allReduce(data, DType.F32, ReduceOp.SUM).await();
                if (step == 20) {
                    System.out.println("ready");
                }
            }
        } catch (CollectiveException e) {
            System.out.println(e.code() + " " + e.culprits() + " " + e.getMessage());
        }
    }
}
